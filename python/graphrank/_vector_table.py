"""Whatever the caller calls vectors, queries and filters, as the arrays the core takes; and its answer as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import as_frame, check_id_dtype, pick
from graphrank._ids import NodeIndex, as_id_column
from graphrank.exceptions import ColumnNotFoundError, InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = ["Asked", "Lists", "VectorTable", "allowed_rows", "asked", "neighbor_frame", "vector_table"]

Lists: TypeAlias = tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.float64]]
"""The rows ``rows[offsets[q]:offsets[q + 1]]`` of each query and their scores: (offsets, rows, scores)."""

_REAL = "fiub"
"""Kinds of NumPy dtype that are numbers on a line."""

_WHOSE = "these vectors"


@dataclass(frozen=True)
class VectorTable:
    """A vector per id.

    ``matrix`` is contiguous and of 32-bit floats, or of the bits of 16-bit ones as uint16.
    """

    index: NodeIndex
    matrix: NDArray[Any]

    def __len__(self) -> int:
        return len(self.matrix)

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return int(self.matrix.shape[1])


@dataclass(frozen=True)
class Asked:
    """Whose neighbours are asked for: row numbers, vectors or, where ``rows`` is None, all rows. And their ids."""

    rows: NDArray[Any] | None
    names: pl.Series


def vector_table(vectors: Any) -> VectorTable:
    """An embedding, a 2-D array or a frame (node, embedding)."""
    if isinstance(vectors, np.ndarray):
        return _numbered(_matrix(vectors, "emb_or_array"))
    if _has_vectors(vectors):
        return VectorTable(NodeIndex(vectors.ids, _WHOSE), _matrix(vectors.vectors, "emb_or_array"))
    if _is_table(vectors):
        return _from_frame(as_frame(vectors, "emb_or_array"))
    raise InvalidTypeError(
        "`emb_or_array` must be an Embedding, a 2-D array or a frame with the columns node and embedding, "
        f"got {type(vectors).__name__}"
    )


def asked(table: VectorTable, queries: Any) -> Asked:
    """None, ids, or vectors: one, a 2-D array or whatever else is a :func:`vector_table`."""
    if queries is None:
        return Asked(None, table.index.ids)
    if isinstance(queries, (set, frozenset)):
        raise InvalidTypeError(
            "`queries` is a set, which has no order: give a list, whose order the answer keeps"
        )
    given = _asked_vectors(table, queries)
    if given is not None:
        return Asked(given.matrix, given.index.ids)
    rows = table.index.encode(queries, "queries")
    return Asked(rows, table.index.decode(rows))


def _asked_vectors(table: VectorTable, queries: Any) -> VectorTable | None:
    """``queries`` as vectors, unless they are ids: fractions are no ids, so a column of them is a vector."""
    if isinstance(queries, np.ndarray) and queries.ndim > 1:
        return _numbered(_matrix(queries, "queries"))
    if _has_vectors(queries) or _is_table(queries):
        try:
            return vector_table(queries)
        except ColumnNotFoundError as error:
            raise InvalidTypeError(
                f"`queries` is a table, but {error}; {_remedy('queries', queries)}"
            ) from error
    if table.index.dtype == pl.Object and not isinstance(queries, (np.ndarray, pl.Series)):
        return None
    column = as_id_column(queries, "queries")
    if column.dtype.is_float():
        if len(column) != table.dim:
            raise InvalidArgumentError(
                f"`queries` is one vector of {len(column)} numbers, these vectors have {table.dim}"
            )
        return _numbered(_from_column(column.reshape((1, -1)), "queries"))
    if isinstance(column.dtype, (pl.Array, pl.List)):
        return _numbered(_from_column(column, "queries"))
    return None


def allowed_rows(table: VectorTable, filter: Any) -> NDArray[np.uint32] | None:
    """The rows that ids, or a mask over all rows, allow; rising."""
    if filter is None:
        return None
    if _is_table(filter) or isinstance(filter, pl.Expr):
        kind = type(filter).__name__
        raise InvalidTypeError(f"`filter` takes ids or a mask, got a {kind}; {_remedy('filter', filter)}")
    column = as_id_column(list(filter) if isinstance(filter, (set, frozenset)) else filter, "filter")
    if column.dtype != pl.Boolean or table.index.dtype == pl.Boolean:
        if len(column) == len(table) > 2 and column.dtype.is_integer() and column.is_in([0, 1]).all():
            raise InvalidArgumentError(
                "`filter` has a 0 or 1 per vector, which would be ids; as a mask it must be of booleans: "
                "filter.cast(pl.Boolean)"
            )
        return np.unique(table.index.encode(column, "filter"))
    if len(column) != len(table):
        raise InvalidArgumentError(
            f"`filter` as a mask must have a value per vector: {len(table)}, got {len(column)}"
        )
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"`filter`, row {row}: got null, a mask holds true and false")
    return np.flatnonzero(column.to_numpy()).astype(np.uint32)


def neighbor_frame(
    table: VectorTable,
    who: Asked,
    lists: Lists,
) -> pl.DataFrame:
    """Lists of rows as a table of ids."""
    offsets, rows, scores = lists
    lengths = np.diff(offsets).astype(np.int64)
    query = np.repeat(np.arange(len(who.names), dtype=np.uint32), lengths)
    rank = np.arange(len(rows)) - np.repeat(offsets[:-1].astype(np.int64), lengths) + 1
    return pl.DataFrame(
        [
            NodeIndex(who.names).decode(query).alias("query"),
            table.index.decode(rows).alias("node"),
            pl.Series("score", scores),
            pl.Series("rank", rank.astype(np.uint32)),
        ]
    )


def _remedy(argument: str, table: Any) -> str:
    column = "table['node']" if not isinstance(table, pl.LazyFrame) else "table.collect()['node']"
    return f"give the column of ids, as in {argument}={column}"


def _has_vectors(values: Any) -> bool:
    """Whether this is an embedding, of this library or one like it."""
    return hasattr(values, "vectors") and hasattr(values, "ids")


def _is_table(values: Any) -> bool:
    return isinstance(values, (pl.DataFrame, pl.LazyFrame)) or hasattr(values, "columns")


def _numbered(matrix: NDArray[Any]) -> VectorTable:
    """Vectors that are known by their row numbers."""
    return VectorTable(NodeIndex(pl.int_range(len(matrix), eager=True), _WHOSE), matrix)


def _matrix(values: Any, what: str) -> NDArray[Any]:
    """A matrix as the core takes it; 64-bit floats and integers are rounded to 32-bit floats."""
    matrix = np.asarray(values)
    if matrix.ndim != 2:
        raise InvalidArgumentError(f"`{what}` must have 2 dimensions (rows, columns), got {matrix.ndim}")
    if matrix.dtype.kind not in _REAL:
        raise InvalidTypeError(f"`{what}` must hold real numbers, got {matrix.dtype}")
    if matrix.dtype == np.float16:
        return np.ascontiguousarray(matrix).view(np.uint16)
    with np.errstate(
        over="ignore"
    ):  # what is beyond 32-bit floats becomes infinite, and is refused by its row
        return np.ascontiguousarray(matrix, dtype=np.float32)


def _from_frame(frame: pl.DataFrame | pl.LazyFrame) -> VectorTable:
    ids, vectors = pick(frame, ["node", "embedding"])
    if ids.null_count():
        raise InvalidDataError(f"`node`, row {ids.is_null().arg_true()[0]}: got null, ids cannot be null")
    if ids.is_duplicated().any():
        row = ids.is_duplicated().arg_true()[0]
        raise InvalidDataError(f"`node`, row {row}: {ids[row]!r} has more than one vector")
    check_id_dtype(ids)
    return VectorTable(NodeIndex(ids, _WHOSE), _from_column(vectors, "embedding"))


def _from_column(vectors: pl.Series, what: str) -> NDArray[Any]:
    """A column of arrays, or of lists that have the same length."""
    if not isinstance(vectors.dtype, (pl.Array, pl.List)) or not vectors.dtype.inner.is_numeric():
        raise InvalidTypeError(f"`{what}` must hold arrays of numbers, got {vectors.dtype}")
    if vectors.null_count():
        raise InvalidDataError(f"`{what}`, row {vectors.is_null().arg_true()[0]}: got null")
    if isinstance(vectors.dtype, pl.List):
        lengths = vectors.list.len()
        dim = lengths[0] if len(lengths) else 1
        if (lengths != dim).any():
            row = (lengths != dim).arg_true()[0]
            raise InvalidDataError(
                f"`{what}`, row {row}: has {lengths[row]} numbers, the rows before have {dim}"
            )
        vectors = vectors.list.to_array(dim)
    missing = vectors.arr.explode().null_count() if isinstance(vectors.dtype, pl.Array) else 0
    if missing:
        row = vectors.arr.to_list().list.eval(pl.element().is_null().any()).list.first().arg_true()[0]
        raise InvalidDataError(f"`{what}`, row {row}: holds a null")
    return _matrix(vectors.to_numpy(), what)
