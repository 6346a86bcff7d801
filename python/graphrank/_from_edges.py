"""Edges with the caller's ids to edges with node codes, and those to a core graph.

Without a node table a node's code is the rank of its id among the sorted distinct ids, so the order of the rows never
changes the graph. With one, the code is the row in that table. Integers, and what is stored as integers in the order
of its values (dates, times, enums, booleans), are ranked by the core; all other ids in ``_string_ids.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._edge_table import EdgeColumns
from graphrank._forked import pool_is_lost
from graphrank._ids import MISSING, NUMPY_INTEGERS, NodeIndex
from graphrank._string_ids import code_by_hash
from graphrank._suggest import did_you_mean
from graphrank._typing import How
from graphrank.exceptions import InvalidDataError, NodeNotFoundError

__all__ = ["EdgeRules", "build_graph"]

_STORED_AS_INTEGERS = (*NUMPY_INTEGERS, pl.Boolean, pl.Date, pl.Datetime, pl.Time, pl.Duration, pl.Enum)
"""Up to 64 bits, in the order of the values. (A categorical is too, but in order of appearance.)"""


class EdgeRules:
    """How the rows of an edge table become edges: the part of the arguments every path shares."""

    __slots__ = ("directed", "duplicates", "how", "keep_self_loops")

    def __init__(self, directed: bool, duplicates: str, keep_self_loops: bool, how: How) -> None:
        self.directed = directed
        self.duplicates = duplicates
        self.keep_self_loops = keep_self_loops
        self.how = how


def build_graph(
    table: EdgeColumns, index: NodeIndex | None, rules: EdgeRules
) -> tuple[_core.Graph, NodeIndex]:
    """The core graph and the ids of its nodes."""
    try:
        if index is not None:
            src, dst = _listed_codes(table.src, index), _listed_codes(table.dst, index)
            return _from_codes(len(index), src, dst, table.weight, rules), index
        if isinstance(table.src.dtype, _STORED_AS_INTEGERS):
            return _from_integers(table, rules)
        ids, src, dst = code_by_hash(table.src, table.dst, rules.how)
        return _from_codes(len(ids), src, dst, table.weight, rules), NodeIndex(ids)
    except InvalidDataError as error:
        if rules.duplicates == "error":
            _raise_repeated(table, rules, error)
        raise


def _from_codes(
    n_nodes: int,
    src: NDArray[np.uint32],
    dst: NDArray[np.uint32],
    weight: NDArray[np.float64] | None,
    rules: EdgeRules,
) -> _core.Graph:
    return _core.Graph.from_codes(
        n_nodes, src, dst, weight, rules.directed, rules.duplicates, rules.keep_self_loops, rules.how
    )


def _from_integers(table: EdgeColumns, rules: EdgeRules) -> tuple[_core.Graph, NodeIndex]:
    """The columns reach the core without a copy (8 and 16 bits are widened first)."""
    stored = _integers(table.src)
    inner, ids = _core.Graph.from_integers(
        _numpy(stored),
        _numpy(_integers(table.dst)),
        table.weight,
        rules.directed,
        rules.duplicates,
        rules.keep_self_loops,
        rules.how,
    )
    return inner, NodeIndex(_of_integers(pl.Series("id", ids).cast(stored.dtype), table.src.dtype))


def _integers(column: pl.Series) -> pl.Series:
    """The integers that Polars stores for ``column``."""
    if column.dtype in NUMPY_INTEGERS:  # to_physical() would take 0.2 ms to say the same
        return column
    return column.cast(pl.Int32) if column.dtype == pl.Boolean else column.to_physical()


def _of_integers(stored: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The reverse of :func:`_integers`."""
    return dtype.categories.gather(stored).cast(dtype) if isinstance(dtype, pl.Enum) else stored.cast(dtype)


def _numpy(column: pl.Series) -> NDArray[Any]:
    if column.dtype in (pl.Int8, pl.Int16, pl.UInt8, pl.UInt16):
        column = column.cast(pl.Int32)
    return column.rechunk().to_numpy(allow_copy=False)


def _listed_codes(column: pl.Series, index: NodeIndex) -> NDArray[np.uint32]:
    """Codes of the ends of edges; an end that the node table does not list is an error."""
    codes = index.find(index.cast(column, column.name))
    missing = np.flatnonzero(codes == MISSING)
    if missing.size:
        row = int(missing[0])
        hint = did_you_mean(column[row], index.ids)
        raise NodeNotFoundError(f"column {column.name!r}, row {row}: {column[row]!r} is not in `nodes`{hint}")
    return codes


def _raise_repeated(table: EdgeColumns, rules: EdgeRules, error: InvalidDataError) -> None:
    """Name the first row that repeats an edge, if that is what the core objected to (and Polars has threads)."""
    if pool_is_lost():
        return
    a, b = pl.col("a"), pl.col("b")
    pairs = pl.DataFrame([table.src.rename("a"), table.dst.rename("b")]).with_row_index("row")
    if not rules.keep_self_loops:
        pairs = pairs.filter(a != b)
    if not rules.directed:
        pairs = pairs.with_columns(pl.when(a <= b).then(a).otherwise(b), pl.when(a <= b).then(b).otherwise(a))
    repeats = pairs.filter(~pl.struct("a", "b").is_first_distinct())
    if repeats.height:
        row = repeats["row"][0]
        raise InvalidDataError(
            f'row {row} repeats the edge {table.src[row]!r} -> {table.dst[row]!r} and duplicates="error"; '
            f'"sum", "first" and "max" merge such rows'
        ) from error
