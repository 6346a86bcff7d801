"""Ids of one kind in a store of clicks: the users, the queries or the items, in the order in which they first came.

The core numbers 64-bit keys, and is then told the names of those that are new. Whoever encodes holds the lock of the
store meanwhile; looking up and decoding need none, since ids are here before the core has rows of theirs.

Keys of integers are these themselves, of all else it is a hash. That two ids share a hash is next to
impossible, unless somebody wants it; so codes are checked against the ids, and if one differs all get other hashes.
What the core calls the name of an id is bytes that sort as the ids do: they break ties.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._edge_table import check_id_dtype
from graphrank._ids import MISSING, as_id_column
from graphrank._typing import How
from graphrank.exceptions import InvalidDataError, InvalidTypeError

__all__ = ["TEXT", "ClickIds"]

TEXT = (pl.String, pl.Categorical, pl.Enum)
"""Dtypes of queries."""
_SIGN = np.uint64(1 << 63)
_PIECES = 16
"""Ids in more pieces than these are copied into one: looking one up in many takes long."""


class ClickIds:
    """The ids of one kind.

    Parameters
    ----------
    kind
        Which, for the core: 0 users, 1 queries, 2 items.
    noun
        The same in words, for messages.
    """

    def __init__(self, kind: int, noun: str) -> None:
        self._kind = kind
        self._noun = noun
        self._seed = 0
        self._ids: pl.Series | None = None
        self._given: pl.DataType | None = None
        self._is_mixed = False

    @property
    def ids(self) -> pl.Series:
        """The ids in the order of their codes."""
        if self._ids is None:
            return pl.Series("id", [], dtype=pl.String)
        return self._ids

    def start(self, ids: pl.Series) -> tuple[int, bytes]:
        """Take the first id of all; its key and name."""
        self._ids = _plain(ids).rename("id")
        return int(self._keys(self._ids)[0]), _names(self._ids)[0].tobytes()

    def plain(self, codes: NDArray[np.uint32]) -> pl.Series:
        """The ids of ``codes``, in the dtype that they are kept in."""
        return self.ids.gather(pl.Series(codes))

    def decode(self, codes: NDArray[np.uint32]) -> pl.Series:
        """The ids of ``codes``, in the dtype in which they came."""
        return self.as_given(self.plain(codes))

    def came_as(self, dtype: pl.DataType) -> None:
        """Remember in which dtype the caller has these ids; of several, none."""
        if dtype != pl.Null:
            self._is_mixed |= self._given is not None and self._given != dtype
            self._given = dtype

    def as_given(self, column: pl.Series) -> pl.Series:
        """Ids in the dtype in which they came, if all came in one and it holds these."""
        if self._given is None or self._is_mixed or column.dtype == self._given:
            return column
        given = column.cast(self._given, strict=False)
        return column if given.null_count() > column.null_count() else given

    def check(self, column: pl.Series) -> pl.Series:
        """``column`` in the dtype of these ids; what cannot be among them is an error."""
        if column.null_count():
            row = column.is_null().arg_true()[0]
            raise InvalidDataError(
                f"column {column.name!r} is null in row {row}; a click needs all its parts"
            )
        column = _plain(column)
        if self._ids is None or column.dtype == self._ids.dtype:
            return column
        mine = self._ids.dtype
        if not _one_kind(column.dtype, mine):
            raise InvalidTypeError(
                f"column {column.name!r} is {column.dtype}, but the {self._noun} of this store are {mine}"
            )
        cast = column.cast(mine, strict=False)
        differs = (cast.cast(column.dtype, strict=False).ne_missing(column)).arg_true()
        if len(differs):
            row = differs[0]
            raise InvalidDataError(
                f"column {column.name!r} is {column[row]!r} in row {row}, which is no {mine} as are the "
                f"{self._noun} of this store"
            )
        return cast

    def encode(self, core: _core.ClickStore, column: pl.Series, how: How) -> NDArray[np.uint32]:
        """The codes of a column that :meth:`check` returned; ids that are new get the next ones."""
        column = column.rechunk()
        while True:
            codes, positions, n_named = core.intern(self._kind, self._keys(column), how)
            new = _copied(column.gather(pl.Series(positions)))
            known = self.ids if self._ids is not None else new.clear()
            # Ids beyond those with a name are of a call that was stopped between the two lines below.
            known = known if len(known) == n_named else known.head(n_named)
            ids = _joined(known, new)
            if _is_own_key(column.dtype) or bool((ids.gather(pl.Series(codes)) == column).all()):
                break
            self._hash_anew(core, known)
        self._ids = ids
        core.name(self._kind, *_names(new))
        return codes

    def find(self, core: _core.ClickStore, ids: Any, what: str) -> NDArray[np.uint32]:
        """The codes of ids; ``MISSING`` for those that no click has."""
        column = as_id_column(ids, what).alias(what)
        if self._ids is None or not len(column):
            return np.full(len(column), MISSING)
        try:
            column = self.check(column)
        except InvalidDataError:
            cast = _plain(column).cast(self._ids.dtype, strict=False)
            if column.null_count():
                raise
            codes = np.full(len(column), MISSING)
            fits = cast.is_not_null().to_numpy()
            codes[fits] = core.find(self._kind, *_names(cast.drop_nulls()))
            return codes
        return core.find(self._kind, *_names(column))

    def _keys(self, column: pl.Series) -> NDArray[np.uint64]:
        if _is_own_key(column.dtype):
            return _integers(column).view(np.uint64)
        return column.hash(seed=self._seed).rechunk().to_numpy()

    def _hash_anew(self, core: _core.ClickStore, named: pl.Series) -> None:
        is_done = False
        while not is_done:
            self._seed += 1
            is_done = core.rekey(self._kind, self._keys(named.rechunk()))


def _joined(known: pl.Series, new: pl.Series) -> pl.Series:
    if not len(known):
        return new
    if not len(new):
        return known
    ids = known.clone().append(new)
    return ids.rechunk() if ids.n_chunks() > _PIECES else ids


def _plain(column: pl.Series) -> pl.Series:
    """In one of the dtypes that ids are kept in."""
    dtype = column.dtype
    if dtype == pl.Null and not len(column):
        return column.cast(pl.String)
    check_id_dtype(column)
    if isinstance(dtype, TEXT):
        return column.cast(pl.String)
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128):
        wide = column.cast(pl.Int64, strict=False)
        return wide if wide.null_count() == column.null_count() else column.cast(pl.Int128)
    return column


def _one_kind(theirs: pl.DataType, mine: pl.DataType) -> bool:
    if mine.is_integer():
        return theirs.is_integer()
    return isinstance(mine, (pl.Datetime, pl.Duration)) and type(mine) is type(theirs)


def _is_own_key(dtype: pl.DataType) -> bool:
    return dtype in (pl.Int64, pl.UInt64, pl.Boolean) or dtype.is_temporal()


def _integers(column: pl.Series) -> NDArray[Any]:
    """The 64-bit integers that stand for ids which have such."""
    if column.dtype == pl.UInt64:
        return column.rechunk().to_numpy()
    return column.to_physical().cast(pl.Int64).rechunk().to_numpy()


def _copied(ids: pl.Series) -> pl.Series:
    """In memory of their own: what gather returns keeps every text of a batch alive."""
    return pl.Series("id", ids.to_list(), dtype=ids.dtype)


def _names(ids: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Bytes that sort as the ids do, and where each begins and ends."""
    dtype = ids.dtype
    if _is_own_key(dtype):
        numbers = _integers(ids)
        ordered = numbers if dtype == pl.UInt64 else numbers.view(np.uint64) ^ _SIGN
        offsets = np.arange(0, 8 * len(ids) + 8, 8, dtype=np.uint64)
        return ordered.astype(">u8").view(np.uint8), offsets
    if dtype == pl.Int128:
        texts = [(number + 2**127).to_bytes(16, "big") for number in ids.to_list()]
    elif dtype == pl.Binary:
        texts = ids.to_list()
    else:
        texts = [text.encode() for text in ids.to_list()]
    offsets = np.zeros(len(texts) + 1, dtype=np.uint64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    return np.frombuffer(b"".join(texts), dtype=np.uint8), offsets
