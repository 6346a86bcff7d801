"""Node ids to node codes and back.

The core knows nodes as codes 0 .. n - 1. A :class:`NodeIndex` is the column of the caller's ids in code order, with
the means to look ids up:

==============================  =====================================================================
ids                             lookup of k ids among n
==============================  =====================================================================
the integers 0 .. n - 1         arithmetic
any Polars dtype, small k       binary search in a sorted view, built once; O(k log n)
any Polars dtype, large k       one hash join in Polars; O(n + k)
Object (from NetworkX only)     a Python dict, built once; O(k)
any of them, threads lost       the same dict: searching and joining would hang (see ``_forked.py``)
==============================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import repeat
from numbers import Integral
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._forked import pool_is_lost
from graphrank._suggest import did_you_mean
from graphrank.exceptions import GraphRankError, InvalidDataError, InvalidTypeError, NodeNotFoundError

__all__ = ["MISSING", "NUMPY_INTEGERS", "NodeIndex", "as_id_column"]

MISSING = np.uint32(2**32 - 1)
"""Stands for "not a node" among codes; a graph has at most 2**32 - 2 nodes, so no code equals it."""

NUMPY_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
"""The integer dtypes NumPy has too; Polars goes on to 128 bits."""

_JOIN_FROM = 16
"""A join reads all n ids; searching pays below n / 16 wanted ids."""

_TEXT = (pl.String, pl.Categorical, pl.Enum)


class NodeIndex:
    """The ids of a graph in code order: distinct, never null, immutable.

    Parameters
    ----------
    ids
        Distinct ids without nulls; ``ids[code]`` is the id of node ``code``.
    whose
        What has these ids, for messages.
    """

    def __init__(self, ids: pl.Series, whose: str = "this graph") -> None:
        self.ids = ids.rename("id")
        self._whose = whose

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, id: object) -> bool:
        """Whether ``id`` is a node; what cannot be an id is none."""
        if type(id) is int and self._is_range:
            return 0 <= id < len(self)
        try:
            if self.dtype == pl.Object:
                return id in self._code_of
            code = self.find(self.cast(as_id_column([id], "id"), "id"))
        except (InvalidDataError, InvalidTypeError, TypeError):
            return False
        return bool(code[0] != MISSING)

    @property
    def dtype(self) -> pl.DataType:
        """The Polars dtype of the ids."""
        return self.ids.dtype

    def decode(self, codes: NDArray[np.unsignedinteger[Any]]) -> pl.Series:
        """The ids of ``codes``."""
        if self.dtype in NUMPY_INTEGERS:
            return pl.Series("id", self._array[codes])
        return self.ids.gather(pl.Series(codes))

    def encode(self, ids: Any, what: str) -> NDArray[np.uint32]:
        """The codes of one id or of many, in the order given.

        ``what`` is the name of the argument the ids came in, for the message.
        """
        if type(ids) is int and self._is_range and 0 <= ids < len(self):
            return np.array([ids], dtype=np.uint32)
        if self.dtype == pl.Object:
            wanted = pl.Series("id", _as_list(ids, tuple_is_id=True), dtype=pl.Object)
            try:
                codes = self.find(wanted)
            except TypeError as error:
                raise InvalidTypeError(f"`{what}`: {error}, so it cannot be an id") from error
        else:
            wanted = as_id_column(ids, what)
            codes = self.find(self.cast(wanted, what))
        missing = np.flatnonzero(codes == MISSING)
        if missing.size:
            raise self._not_found(wanted, missing, what)
        return codes

    def cast(self, column: pl.Series, what: str) -> pl.Series:
        """``column`` in the dtype of the ids, when the two are of one kind; null where a value does not fit."""
        mine, theirs = self.dtype, column.dtype
        if column.null_count():
            row = column.is_null().arg_true()[0]
            raise InvalidDataError(f"`{what}` has a null at position {row}; ids cannot be null")
        if mine == theirs:
            return column
        if not len(column) or _one_kind(mine, theirs):
            cast = column.cast(mine, strict=False)
            unchanged = cast.cast(theirs, strict=False) == column
            return cast.zip_with(unchanged, pl.Series([None], dtype=mine))
        raise InvalidTypeError(f"`{what}` holds {theirs} values but the ids of {self._whose} are {mine}")

    def find(self, wanted: pl.Series) -> NDArray[np.uint32]:
        """Code of every id in a column of this dtype; ``MISSING`` for nulls and for what is not a node."""
        if self._is_range and not wanted.null_count():
            return self._from_range(wanted.to_numpy())
        if self.dtype == pl.Object or pool_is_lost():
            return self._look_up(wanted)
        if wanted.null_count() or len(wanted) > len(self) // _JOIN_FROM > 0:
            return self._join(wanted)
        if not len(self):
            return np.full(len(wanted), MISSING)
        return self._search(wanted)

    def _from_range(self, wanted: NDArray[Any]) -> NDArray[np.uint32]:
        codes = wanted.astype(np.uint32)
        if wanted.size and not (wanted.min() >= 0 and wanted.max() < len(self)):
            codes[(wanted < 0) | (wanted >= len(self))] = MISSING
        return codes

    def _look_up(self, wanted: pl.Series) -> NDArray[np.uint32]:
        codes = map(self._code_of.get, _python_values(wanted), repeat(MISSING))
        return np.fromiter(codes, dtype=np.uint32, count=len(wanted))

    def _join(self, wanted: pl.Series) -> NDArray[np.uint32]:
        table = self.ids.to_frame().with_row_index("code")
        found = wanted.rename("id").to_frame().join(table, on="id", how="left", maintain_order="left")
        return found["code"].fill_null(int(MISSING)).cast(pl.UInt32).rechunk().to_numpy()

    def _search(self, wanted: pl.Series) -> NDArray[np.uint32]:
        ordered, order = self._sorted
        if self.dtype in NUMPY_INTEGERS:
            at = np.searchsorted(ordered.to_numpy(), wanted.to_numpy()).astype(np.uint32)
        else:
            at = ordered.search_sorted(wanted).to_numpy().astype(np.uint32)
        at = np.minimum(at, np.uint32(len(self) - 1))
        hit = (ordered.gather(pl.Series(at)) == wanted).to_numpy()
        codes = at if order is None else order[at]
        return np.where(hit, codes, MISSING)

    @cached_property
    def _array(self) -> NDArray[Any]:
        """Integer ids as an array; without a copy if they are in one piece."""
        return self.ids.to_numpy()

    @cached_property
    def _is_range(self) -> bool:
        ids = self.ids
        if ids.dtype not in NUMPY_INTEGERS or not len(ids) or ids[0] != 0 or ids[-1] != len(ids) - 1:
            return False
        return ids.is_sorted()

    @cached_property
    def _sorted(self) -> tuple[pl.Series, NDArray[np.uint32] | None]:
        """The ids in sorted order and the code of each; None when the codes already are in that order."""
        if self.ids.is_sorted():
            return self.ids.rechunk(), None
        order = self.ids.arg_sort()
        return self.ids.gather(order), order.cast(pl.UInt32).to_numpy()

    @cached_property
    def _code_of(self) -> dict[Any, int]:
        return dict(zip(_python_values(self.ids), range(len(self)), strict=True))

    def _not_found(self, wanted: pl.Series, missing: NDArray[np.intp], what: str) -> GraphRankError:
        value = wanted[int(missing[0])]
        more = f" (and {missing.size - 1} more are not)" if missing.size > 1 else ""
        hint = did_you_mean(value, self.ids)
        return NodeNotFoundError(f"`{what}`: {value!r} is not a node of {self._whose}{more}{hint}")


def as_id_column(ids: Any, what: str) -> pl.Series:
    """One id, or any collection of ids, as a Polars column."""
    if isinstance(ids, pl.Series):
        return ids
    if isinstance(ids, (pl.DataFrame, pl.LazyFrame, Mapping, slice)):
        raise InvalidTypeError(
            f"`{what}` takes one id or a list or column of ids, got a {type(ids).__name__}"
        )
    try:
        if hasattr(ids, "__arrow_c_stream__") or (isinstance(ids, np.ndarray) and ids.ndim == 1):
            return pl.Series(ids)
        return _list_column(_as_list(ids, tuple_is_id=False))
    except OverflowError as error:
        raise InvalidTypeError(
            f"`{what}` holds an integer of more than 128 bits, which cannot be an id"
        ) from error
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise InvalidTypeError(f"`{what}` must hold ids of one type: {_first_line(error)}") from error


def _as_list(ids: Any, *, tuple_is_id: bool) -> list[Any]:
    """A list of ids; a single id becomes a list of one. Strings and (where they may be ids) tuples are single."""
    if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable):
        return [ids]
    if isinstance(ids, np.ndarray):
        return list(np.atleast_1d(ids))
    if tuple_is_id and isinstance(ids, (tuple, frozenset)):
        return [ids]
    return list(ids)


def _list_column(ids: list[Any]) -> pl.Series:
    """A list of ids as a column. Polars goes by the first value: integers that are wider than that are tried again."""
    try:
        return pl.Series(ids)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        if not all(isinstance(id, Integral) for id in ids):
            raise
        return pl.Series([int(id) for id in ids], dtype=pl.Int128)


def _python_values(ids: pl.Series) -> list[Any]:
    """Hashable values that are equal where the ids are; Python's own times lack nanoseconds."""
    return (ids.to_physical() if ids.dtype.is_temporal() else ids).to_list()


def _one_kind(mine: pl.DataType, theirs: pl.DataType) -> bool:
    """True if values of one dtype can equal values of the other."""
    if mine.is_integer() or isinstance(mine, _TEXT):
        return theirs.is_integer() if mine.is_integer() else isinstance(theirs, _TEXT)
    return isinstance(mine, (pl.Datetime, pl.Duration)) and type(mine) is type(theirs)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
