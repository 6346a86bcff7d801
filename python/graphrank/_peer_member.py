"""What all peers can do, however their frames travel: publish, keep their log, tell their store."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from graphrank import _core
from graphrank._edge_table import as_frame, pick
from graphrank._peer_key import Key
from graphrank._run import QUIET, run_opts
from graphrank._typing import Progress
from graphrank._validate import file_path, int_from
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = ["Member", "default_limits", "now_ms"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_COUNTS = ("accepted", "published", "retracted", "clamped", "bytes_in", "bytes_out")


def default_limits() -> dict[str, int]:
    """What a peer keeps and gives at most, unless ``limits`` says otherwise.

    Examples
    --------
    >>> import graphrank as gr
    >>> gr.ranking.default_limits()["max_rows_per_author"]
    100000
    """
    return dict(_core.peer_limits())


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Member:
    """A peer apart from its links."""

    __slots__ = ("_inner", "_key", "_store", "_unforgotten", "_untold")

    def __init__(
        self,
        store: Any,
        key: Key,
        log: str | os.PathLike[str] | None,
        limits: Mapping[str, int] | None,
        progress: Progress = None,
    ) -> None:
        if not isinstance(key, Key):
            raise InvalidTypeError(f"`key` must be a graphrank.ranking.Key, got {type(key).__name__}")
        if store is not None:
            _check_store(store, key)
        if not isinstance(limits, Mapping | None):
            raise InvalidTypeError(
                f"`limits` must be a dict of names and numbers, got {type(limits).__name__}"
            )
        checked = {name: int_from(0, f"limits[{name!r}]", value) for name, value in (limits or {}).items()}
        self._store, self._key = store, key
        self._untold: list[pl.DataFrame] = []
        self._unforgotten: list[str] = []
        self._inner = _core.PeerReplica(key._inner, checked)
        if log is not None:
            self._inner.open_log(file_path(log), run_opts(progress, None))
            self._tell_store()

    @property
    def id(self) -> str:
        """The name of this peer: its public key as 64 hexadecimal digits."""
        return self._key.id

    @property
    def store(self) -> Any:
        """What is told every row that is accepted; None if there is nothing."""
        return self._store

    @property
    def authors(self) -> list[str]:
        """Whose rows are held, in order."""
        return self._inner.authors()

    @property
    def banned(self) -> list[str]:
        """Authors who were shown to have signed rows that contradict each other, in order; no row of theirs is held."""
        return self._inner.banned()

    @property
    def digest(self) -> str:
        """A name for the set of rows held and authors banned, the same for peers that hold the same."""
        return self._inner.digest().hex()

    @property
    def stats(self) -> dict[str, Any]:
        """What happened so far.

        ``rows``, ``authors`` and ``banned`` are what is held now; ``accepted`` (from others), ``published``,
        ``retracted`` (because their author was banned) and ``clamped`` (from the future) count rows, ``bytes_in``
        and ``bytes_out`` frames. ``dropped`` says how many rows and frames were not used, by reason.
        """
        counters = dict(self._inner.counters())
        counts = {name: counters.pop(name) for name in _COUNTS}
        held = {"rows": self._inner.n_rows(), "authors": len(self.authors), "banned": len(self.banned)}
        return held | counts | {"dropped": counters}

    def rows(self) -> pl.DataFrame:
        """All rows that are held, by author and number.

        Returns
        -------
        polars.DataFrame
            ``user``, ``query``, ``item``, ``ts`` (milliseconds since 1970) and ``seq``: what the store was told.
        """
        return _frame(self._inner.rows())

    def publish(
        self,
        query: str,
        item: str,
        results: Sequence[str] | None = None,
        ts: dt.datetime | int | None = None,
    ) -> int:
        """Sign a click and make it known: to the store at once, to other peers when they ask.

        Parameters
        ----------
        query
            What was asked: 1 to 256 bytes of UTF-8.
        item
            What was clicked: 1 to 64 bytes.
        results
            The items that were shown, the best first. Their digest is signed, and the first ten.
        ts
            When: a datetime (UTC if it names no zone), or milliseconds since 1970. None: now.

        Returns
        -------
        int
            The number of the row: how many of this peer came before.

        Raises
        ------
        InvalidArgumentError, InvalidTypeError
            If a text is too long, or this key cannot publish: it was used elsewhere.
        FileError
            If there is a log and it cannot be written. Nothing is published then.
        """
        shown = None if results is None else _items(results)
        with self._turn():
            return self._publish([_text("query", query)], [_text("item", item)], [self._when(ts)], [shown])

    def publish_table(self, clicks: Any) -> int:
        """Sign the clicks of a table, in its order; all of them or none.

        Parameters
        ----------
        clicks
            A frame with string columns ``query`` and ``item``; optional: ``ts``, Date, Datetime (UTC if it names no
            zone), or milliseconds since 1970.

        Returns
        -------
        int
            How many.

        Raises
        ------
        ColumnNotFoundError, InvalidDataError, InvalidArgumentError
            If a column is missing or a row cannot be published.
        """
        frame = as_frame(clicks, "clicks")
        has_ts = "ts" in frame.collect_schema().names()
        columns = pick(frame, ["query", "item", "ts"] if has_ts else ["query", "item"])
        for column in columns:
            if column.null_count():
                row = column.is_null().arg_true()[0]
                raise InvalidDataError(f"column {column.name!r} is null in row {row}")
        queries, items = (_texts(column) for column in columns[:2])
        if has_ts:
            when = [self._when(ts) for ts in _milliseconds(columns[2]).to_list()]
        else:
            when = [self._when(None)] * len(queries)
        with self._turn():
            if queries:
                self._publish(queries, items, when, [None] * len(queries))
        return len(queries)

    def prefer(self, authors: Sequence[str]) -> None:
        """Ask for rows of these authors first, the first one first: those most similar to this peer, for example.

        Raises
        ------
        InvalidArgumentError
            If one is not the id of a peer.
        """
        self._inner.prefer([_text("authors", author) for author in authors])

    # --- for drivers --------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return now_ms()

    def _accepted(self) -> int:
        return dict(self._inner.counters())["accepted"]

    def _when(self, ts: dt.datetime | int | None) -> int:
        if ts is None:
            return self._now()
        if isinstance(ts, dt.datetime):
            aware = ts if ts.tzinfo else ts.replace(tzinfo=dt.UTC)
            ts = (aware - _EPOCH) // dt.timedelta(milliseconds=1)
        return int_from(0, "ts", ts)

    def _publish(
        self, queries: list[str], items: list[str], ts: list[int], results: list[list[str] | None]
    ) -> int:
        number = self._inner.publish(queries, items, ts, results, self._now(), QUIET)
        self._tell_store()
        return number

    def _turn(self) -> contextlib.AbstractContextManager[object]:
        """Held while rows are published or told to the store."""
        return contextlib.nullcontext()

    def _tell_store(self) -> None:
        """Give the store what is new. What it does not take, because it fails or is interrupted, it is given again."""
        rows, banned = self._inner.news()
        self._untold.append(_frame(rows))
        # A store keeps the clicks of whose view it is, whatever others think of them.
        self._unforgotten += [author for author in banned if author != self.id]
        while self._untold:
            if self._untold[0].height and self._store is not None:
                self._store.ingest(self._untold[0])
            del self._untold[0]
        if self._unforgotten:
            self._forget(self._unforgotten)
            self._unforgotten = []
        if self.id in banned:
            warnings.warn(
                "this peer's own key has signed rows that contradict each other, so nobody accepts its rows any more: "
                "it was used in two places, or went on with an old copy of its log. Go on with a new key and a new log",
                stacklevel=5,
            )

    def _forget(self, banned: list[str]) -> None:
        if self._store is None:
            return
        forget = getattr(self._store, "forget", None)
        if callable(forget):
            forget(banned)
        else:
            warnings.warn(
                f"{len(banned)} authors signed rows that contradict each other, and the store cannot forget rows; "
                "make a new one and let it ingest peer.rows()",
                stacklevel=6,
            )

    def __repr__(self) -> str:
        rows, authors = self._inner.n_rows(), len(self.authors)
        return f"{type(self).__name__}({self.id[:8]}…, {rows:,} rows of {authors:,} authors)"


def _check_store(store: Any, key: Key) -> None:
    if not hasattr(store, "me") or not callable(getattr(store, "ingest", None)):
        raise InvalidTypeError(
            f"`store` must have `me` and `ingest(frame)`, as ClickStore does; got {type(store).__name__}"
        )
    if store.me != key.id:
        raise InvalidArgumentError(
            f"`store` must be that of the key, ClickStore(key.id); its `me` is {store.me!r}, the id {key.id!r}"
        )


def _frame(rows: _core._PeerRows) -> pl.DataFrame:
    authors, author, seq, query, item, ts = rows
    users = pl.Series("user", authors, dtype=pl.String).gather(author)
    return pl.DataFrame(
        [
            users,
            pl.Series("query", query, dtype=pl.String),
            pl.Series("item", item, dtype=pl.String),
            pl.Series("ts", ts),
            pl.Series("seq", seq),
        ]
    )


def _items(results: Any) -> list[str]:
    if isinstance(results, str) or not isinstance(results, Iterable):
        raise InvalidTypeError(
            f"`results` must be the items that were shown, a list of texts, got {results!r}"
        )
    return [_text("results", result) for result in results]


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidArgumentError(f"`{name}` must be text that UTF-8 can hold, got {value!r}")
        return value
    raise InvalidTypeError(
        f"`{name}` must be text in the peer protocol, got {value!r} ({type(value).__name__})"
    )


def _texts(column: pl.Series) -> list[str]:
    if not isinstance(column.dtype, (pl.String, pl.Categorical, pl.Enum)):
        raise InvalidTypeError(
            f"column {column.name!r} is {column.dtype}; the peer protocol knows texts only"
        )
    return column.cast(pl.String).to_list()


def _milliseconds(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.Datetime | pl.Date):
        return column.dt.epoch("ms")
    if not column.dtype.is_integer():
        raise InvalidTypeError(
            f"column {column.name!r} is {column.dtype}; it must be Datetime, Date or whole milliseconds since 1970"
        )
    return column
