"""One peer's view of the clicks of all, and rankings from it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from html import escape
from threading import Lock
from typing import Any, NoReturn

import numpy as np
import polars as pl

from graphrank import _core
from graphrank._click_features import click_features
from graphrank._click_file import Parts, load_clicks, save_clicks, without
from graphrank._click_ids import ClickIds
from graphrank._click_items import LocalItems
from graphrank._click_options import ClickOptions, half_life
from graphrank._click_ranking import rank_clicks
from graphrank._click_rows import click_rows, tell_of_rows, time_of_receipt
from graphrank._ids import as_id_column
from graphrank._run import QUIET, alone, run_opts, time_left
from graphrank._typing import ClickMode, IntoIds, IsolationScale, Normaliser, Progress, Union
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["ClickStore"]

_NONE = np.empty(0, dtype=np.uint32)


class ClickStore:
    """What one peer knows of the clicks of all peers, and what it would click next.

    A row says that a user asked a query and clicked an item. The store of the peer ``me`` counts the rows that it is
    given, its own and those it heard of from others, each once; it keeps up to date how similar it is to every other
    peer, and ranks items by the clicks of similar peers. No server, no training, no network: whatever arrives counts
    from the next answer on.

    Parameters
    ----------
    me
        The user whose view it is. Users and items may be integers, strings, categoricals, dates ...; queries are
        strings.
    top_terms
        How many of the queries that two peers ask most are compared; at most 1000.
    union
        Similarity is measured against the ``"items"`` that one of both clicked, or the (query, item) ``"pairs"``.
    normaliser
        Similarities are divided by the largest among the ``"others"``, and my own clicks weigh 1; or, to the letter of
        the thesis, by the largest of ``"all"``, which is mostly mine with myself.
    isolation_scale
        Whether ``isolation`` is in units of the ``"mean"`` weight of other peers, or ``"absolute"``.
    decay
        The time after which a click counts half, as a timedelta or in seconds; None: clicks do not age. Ages are up to
        the latest ``now`` of :meth:`ingest`; what is more than some 30 of these times old decides nothing.
    metadata
        The items that this peer has: a frame with a column ``item``, and columns of texts or lists of texts (title,
        artist, tags). Items that a query names are ranked before those that only have clicks: those in whose texts all
        its words stand, upper or lower case.

    Raises
    ------
    InvalidArgumentError, InvalidTypeError
        If an argument cannot be used.

    Notes
    -----
    For a query, score(item) = sum over peers j of clicks_j(item) (S(j) + F), where S(j) = (κt + κm²) / κu: favourite
    queries and clicked (query, item) pairs that I share with j, over the items that one of us clicked. F is
    ``isolation``.

    Neither the order of rows nor batches, repeats or the way by which they came changes an answer (with ``decay`` but
    for the last digits). Rows are not kept, only counts and the numbers of the rows that are known: 20 to 70 bytes for
    each row of an author whose numbers have no gaps.

    Threads may share a store: one at a time changes or saves it, while others rank by what was counted before.

    A similarity proves nothing about a peer that knows my clicks and copies them: see the documentation on attacks.

    References
    ----------
    A. Gold: G-Rank: Unsupervised Continuous Learn-to-Rank for Edge Devices in a P2P Network. Delft, 2023.

    Examples
    --------
    >>> import graphrank as gr
    >>> store = gr.ranking.ClickStore("ann")
    >>> clicks = {
    ...     "user": ["ann", "bob", "bob", "cat", "cat"],
    ...     "query": ["jazz", "jazz", "rock", "rock", "rock"],
    ...     "item": ["blue train", "blue train", "help", "nevermind", "help"],
    ... }
    >>> store.ingest(clicks)
    {'new': 5, 'known': 0, 'clamped': 0}
    >>> store.rank("rock")["item"].to_list()
    ['help', 'nevermind']
    >>> store
    ClickStore('ann', 5 clicks of 3 peers: 2 queries, 3 items)
    """

    __slots__ = ("_local", "_lock", "_numbered", "_options", "_parts")
    _parts: Parts
    _options: ClickOptions

    def __init__(
        self,
        me: Any,
        *,
        top_terms: int = 10,
        union: Union = "items",
        normaliser: Normaliser = "others",
        isolation_scale: IsolationScale = "mean",
        decay: dt.timedelta | float | None = None,
        metadata: Any = None,
    ) -> None:
        self._options = ClickOptions(top_terms, union, normaliser, isolation_scale, half_life(decay))
        is_one = isinstance(me, str | bytes) or not isinstance(me, Iterable)
        column = as_id_column(me, "me").alias("me")
        if not is_one or len(column) != 1 or column.null_count():
            raise InvalidArgumentError(f"`me` must be one id, got {me!r}")
        ids = ClickIds(0, "users"), ClickIds(1, "queries"), ClickIds(2, "items")
        inner = _core.ClickStore(*ids[0].start(column), self._options.top_terms, self._options.half_life)
        self._parts, self._lock = (inner, ids), Lock()
        self._numbered: set[bool] = set()
        self._local = None if metadata is None else LocalItems(metadata)

    # --- rows in ------------------------------------------------------------------------------------------------

    def ingest(
        self,
        clicks: Any,
        *,
        now: dt.datetime | int | None = None,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> dict[str, int]:
        """Count the rows of a table that are not known yet.

        Parameters
        ----------
        clicks
            A frame with the columns ``user``, ``query`` and ``item``. Optional: ``seq``, the author's own number of
            the row, from 0 (without it every row gets the next number of its user: it is new, also if it came before);
            ``ts``, when it was, as Datetime (UTC if it names no time zone) or in milliseconds since 1970 UTC (without
            it: now). Other columns are not read.
        now
            When the rows were received, the same way; None asks the clock. Rows from later count as of then. ``decay``
            reckons ages from it: for a log of the past, give the time of its end.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Returns
        -------
        dict
            How many rows were ``new`` or ``known``, and how many of the new ones were ``clamped`` to ``now``.

        Raises
        ------
        ColumnNotFoundError, InvalidDataError, InvalidTypeError
            If a column is missing, or holds nulls, negative numbers or other types than before. Nothing is counted
            then.
        TimedOutError, KeyboardInterrupt
            If time is over, or on Ctrl-C. Rows before are counted then: with ``seq``, give the table again and only the
            rest is new.

        Warns
        -----
        UserWarning
            If rows were clamped, or all are too old by ``decay`` to count, or some were known by a ``seq`` that another
            without one may have.

        Examples
        --------
        >>> import graphrank as gr
        >>> store = gr.ranking.ClickStore(7)
        >>> row = {"user": [7], "query": ["jazz"], "item": [3], "seq": [0]}
        >>> store.ingest(row), store.ingest(row)
        ({'new': 1, 'known': 0, 'clamped': 0}, {'new': 0, 'known': 1, 'clamped': 0})
        """
        left = time_left(run_opts(progress, timeout_s))
        rows, at = click_rows(clicks), time_of_receipt(now)
        given = rows.users, rows.queries, rows.items
        with alone(self._lock, left):
            inner, kinds = self._parts
            columns = [ids.check(column) for ids, column in zip(kinds, given, strict=True)]
            if not len(columns[0]):
                # Time goes on without clicks, too.
                inner.ingest(_NONE, _NONE, _NONE, None, None, at, left())
                return {"new": 0, "known": 0, "clamped": 0}
            for ids, column in zip(kinds, given, strict=True):
                ids.came_as(column.dtype)
            users, queries, items = (
                ids.encode(inner, column, left()) for ids, column in zip(kinds, columns, strict=True)
            )
            new, known, clamped = inner.ingest(users, queries, items, rows.seqs, rows.times, at, left())
            self._numbered |= {rows.seqs is not None}
        tell_of_rows(rows, at, self._options.half_life, known if len(self._numbered) == 2 else 0, clamped)
        return {"new": new, "known": known, "clamped": clamped}

    def forget(self, users: IntoIds, *, progress: Progress = None, timeout_s: float | None = None) -> None:
        """Drop all clicks of some users, such as those who contradict themselves; the rest is counted anew.

        Queries and items that nobody else clicked are forgotten as well.

        Parameters
        ----------
        users
            Their ids; those without clicks are passed over. Rows of theirs that were known stay known.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Raises
        ------
        InvalidArgumentError
            If I am among them.
        TimedOutError, KeyboardInterrupt
            If time is over, or on Ctrl-C. Nothing is forgotten then.

        Examples
        --------
        >>> import graphrank as gr
        >>> store = gr.ranking.ClickStore("ann")
        >>> _ = store.ingest({"user": ["bob", "eve"], "query": ["jazz", "jazz"], "item": ["x", "y"]})
        >>> store.forget(["eve"])
        >>> store.rank("jazz")["item"].to_list()
        ['x']
        """
        left = time_left(run_opts(progress, timeout_s))
        with alone(self._lock, left):
            inner, ids = self._parts
            codes = ids[0].find(inner, users, "users")
            if (codes == 0).any():
                raise InvalidArgumentError(f"`users` must be others, got {self.me!r}")
            self._parts = without(self._parts, self._options, codes, left)

    # --- answers ------------------------------------------------------------------------------------------------

    def rank(
        self,
        query: str,
        *,
        candidates: Any = None,
        k: int | None = 10,
        mode: ClickMode = "paper",
        isolation: float = 0.01,
        trust: Any = None,
        seeds: IntoIds | None = None,
        noise: float = 0.0,
        seed: int = 0,
        metadata: Any = None,
        timeout_s: float | None = None,
    ) -> pl.DataFrame:
        """The items for a query, the best first.

        A query that somebody asked is answered from the clicks on its items. One of several words, none of which was
        asked together, is answered from the queries with these words, upper or lower case: their scores add up, rare
        words count more. Without any such word the answer is the items that the query names (see ``metadata``), else
        the most clicked items of all.

        Parameters
        ----------
        query
            What is asked.
        candidates
            Items to rank, all of them and no others: ids, or a frame with a column ``item``.
        k
            How many items at most; None for all.
        mode
            * ``"paper"``: clicks of similar peers count, S + F each.
            * ``"robust"``: peers have one vote per query and item; it weighs S times the lift, by how much the
              peer's clicks predict mine better than chance. Hard to fool for whoever does not know my clicks.
            * ``"cosine"``: clicks count by the squared cosine of the clicks of the peer and mine.
            * ``"popularity"``: clicks for the query; ``"dinx"``: clicks for any query; ``"panache"``: clicks for the
              words of the query; ``"maay"``: the same, by how much the item is about what I ask.
        isolation
            F, what every known peer weighs at least: in units of the mean weight, 0.01 breaks ties by popularity.
        trust
            How much other peers are trusted, which multiplies what they weigh: a frame with columns ``peer`` and
            ``score`` (those not in it are not trusted; I am, by 1), ``"ppr"`` for walks from me over clicks that peers
            share, or ``"min_ppr"`` for the least over walks from each of ``seeds``; where walks reach nobody, all are
            trusted. Not for ``"dinx"`` and ``"maay"``.
        seeds
            Peers that are known to be honest, for ``"min_ppr"``.
        noise
            Share of queries, in [0, 1], in whose ranking two places swap, so that what stands low is seen as well.
        seed
            Of the places.
        metadata
            As of the store, for this query.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Returns
        -------
        polars.DataFrame
            ``rank`` (from 1), ``item`` (in the dtype in which items came, if all came in one) and ``score``. Ties go by
            item; scores equal to 12 digits of the largest are ties.

        Raises
        ------
        InvalidArgumentError, InvalidTypeError
            If an argument cannot be used; the message names it.

        Examples
        --------
        >>> import graphrank as gr
        >>> store = gr.ranking.ClickStore("ann", metadata={"item": ["x", "y"], "title": ["Blue Train", "Help!"]})
        >>> rows = {"user": ["ann", "bob", "cat"], "query": ["jazz"] * 3, "item": ["x", "x", "z"]}
        >>> _ = store.ingest(rows)
        >>> store.rank("jazz")["item"].to_list(), store.rank("help")["item"].to_list()
        (['x', 'z'], ['y'])
        """
        return rank_clicks(
            self._parts,
            self._options,
            query,
            candidates=candidates,
            local=self._local if metadata is None else LocalItems(metadata),
            k=k,
            mode=mode,
            isolation=isolation,
            trust=(trust, seeds),
            noise=(noise, seed),
            timeout_s=timeout_s,
        )

    def similarity(self) -> pl.DataFrame:
        """How similar every other peer is to me.

        Returns
        -------
        polars.DataFrame
            ``peer``, ``score`` (S, the most similar first, ties by peer), ``kappa_terms`` (favourite queries of both),
            ``kappa_pairs`` (query-item pairs that both clicked) and ``kappa_union`` (items, or pairs, that one of both
            clicked).

        Examples
        --------
        >>> import graphrank as gr
        >>> store = gr.ranking.ClickStore("ann")
        >>> _ = store.ingest({"user": ["ann", "bob"], "query": ["jazz", "jazz"], "item": ["x", "x"]})
        >>> store.similarity().rows()
        [('bob', 1.0, 1, 1, 1)]
        """
        inner, ids = self._parts
        peers, scores, *kappas = inner.similarities(self._options.weighting(0.0))
        names = ("kappa_terms", "kappa_pairs", "kappa_union")
        columns = [pl.Series(name, kappa) for name, kappa in zip(names, kappas, strict=True)]
        return pl.DataFrame([ids[0].decode(peers).alias("peer"), pl.Series("score", scores), *columns])

    def features(
        self,
        pairs: Any,
        *,
        isolation: float = 0.01,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> pl.DataFrame:
        """What the clicks say of pairs of a query and an item, as columns for a learner.

        Parameters
        ----------
        pairs
            A frame with the columns ``query`` and ``item``; other columns are kept, and may not have names of features.
        isolation
            As in :meth:`rank`.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Returns
        -------
        polars.DataFrame
            The rows of ``pairs`` in their order, with ``own_clicks``, and the scores of the modes of :meth:`rank`:
            ``popularity``, ``dinx``, ``panache``, ``maay``, ``cosine``, ``paper``, ``robust``, and ``ppr``:
            popularity with the trust ``"ppr"``. 0 where the clicks say nothing.

        Examples
        --------
        >>> import graphrank as gr
        >>> store = gr.ranking.ClickStore("ann")
        >>> _ = store.ingest({"user": ["ann", "bob"], "query": ["jazz", "jazz"], "item": ["x", "x"]})
        >>> pairs = {"query": ["jazz", "jazz"], "item": ["x", "y"]}
        >>> store.features(pairs).select("item", "own_clicks", "popularity", "paper").rows()
        [('x', 1.0, 2.0, 2.01), ('y', 0.0, 0.0, 0.0)]
        """
        how = run_opts(progress, timeout_s)
        return click_features(*self._parts, pairs, self._options.weighting(isolation), how)

    def clicks(self) -> pl.DataFrame:
        """All clicks, counted by user, query and item.

        Returns
        -------
        polars.DataFrame
            ``user``, ``query``, ``item`` and ``clicks``, in no particular order.
        """
        inner, kinds = self._parts
        users, queries, items, clicks, _ = inner.cells(QUIET)
        names = zip(("user", "query", "item"), kinds, (users, queries, items), strict=True)
        columns = [ids.decode(codes).alias(name) for name, ids, codes in names]
        return pl.DataFrame([*columns, pl.Series("clicks", clicks)])

    # --- what it is ---------------------------------------------------------------------------------------------

    @property
    def me(self) -> Any:
        """The user whose view it is."""
        return self._parts[1][0].ids[0]

    @property
    def n_clamped(self) -> int:
        """How many clicks said that they were from the future."""
        return self._parts[0].tally[2]

    def __len__(self) -> int:
        """Number of clicks that count: those that were forgotten do not."""
        return self._parts[0].tally[0]

    def __repr__(self) -> str:
        peers, queries, items, _ = self._parts[0].counts
        return f"ClickStore({self.me!r}, {len(self):,} clicks of {peers:,} peers: {queries:,} queries, {items:,} items)"

    def _repr_html_(self) -> str:
        return f"<div><code>{escape(repr(self))}</code>{self.similarity().head(10)._repr_html_()}</div>"

    def save(
        self, path: str | os.PathLike[str], *, progress: Progress = None, timeout_s: float | None = None
    ) -> None:
        """Write the store to a file; what was there is replaced when all is written.

        Parameters
        ----------
        path
            Where to.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        left = time_left(run_opts(progress, timeout_s))
        with alone(self._lock, left):
            save_clicks(self._parts, self._options, path, left)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        metadata: Any = None,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> ClickStore:
        """The store that :meth:`save` wrote: it goes on as if it had never stopped.

        Parameters
        ----------
        path
            Where it is.
        metadata
            As for a new store; it is not part of the file.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Raises
        ------
        CorruptFileError, FileError
            If the file is truncated, altered or of another kind, or cannot be read.

        Examples
        --------
        >>> import graphrank as gr
        >>> store = gr.ranking.ClickStore("ann")
        >>> _ = store.ingest({"user": ["ann"], "query": ["jazz"], "item": ["x"]})
        >>> store.save("ann.clicks")
        >>> gr.ranking.ClickStore.load("ann.clicks")
        ClickStore('ann', 1 clicks of 1 peers: 1 queries, 1 items)
        """
        store = object.__new__(cls)
        store._parts, store._options = load_clicks(path, progress, timeout_s)
        store._lock, store._numbered = Lock(), set()
        store._local = None if metadata is None else LocalItems(metadata)
        return store

    def __reduce__(self) -> NoReturn:
        raise InvalidTypeError("a store of clicks is not copied or pickled; save() and load() it")
