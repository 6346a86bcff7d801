"""Insertions and deletions in a table, as codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import as_frame, pick
from graphrank._element_ids import ElementIndex
from graphrank.exceptions import InvalidDataError, InvalidTypeError

__all__ = ["LOG_COLUMNS", "Operations", "read_operations"]

LOG_COLUMNS = ("step", "n_live", "value", "upper_bound", "ratio", "calls", "changed", "micros")

_WORDS = 'an operation is 1 or -1, True or False, "insert" or "delete"'


@dataclass(frozen=True)
class Operations:
    """The column of ids, their codes, and whether each is inserted."""

    column: pl.Series
    codes: NDArray[np.uint32]
    is_insert: NDArray[np.bool_]


def read_operations(table: Any, op: str, element: str, index: ElementIndex) -> Operations:
    """The columns ``op`` and ``element``; the first row that cannot be an operation is an error."""
    for argument, name in (("op", op), ("element", element)):
        if not isinstance(name, str):
            raise InvalidTypeError(f"`{argument}` must be the name of a column, got {name!r}")
    ops, column = pick(as_frame(table, "table"), [op, element])
    if column.dtype == pl.Null and not len(column):
        column = column.cast(index.dtype)
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"column {element!r} is null in row {row}; ids cannot be null")
    return Operations(column, index.find_rows(column), _is_insert(ops))


def _is_insert(ops: pl.Series) -> NDArray[np.bool_]:
    """Without what needs the threads of Polars."""
    if ops.null_count():
        row = ops.is_null().arg_true()[0]
        raise InvalidDataError(f"column {ops.name!r}, row {row}: got None; {_WORDS}")
    dtype = ops.dtype
    if dtype == pl.Boolean:
        return ops.rechunk().to_numpy()
    if dtype.is_integer():
        is_insert, is_delete = ops == 1, ops == -1
    elif isinstance(dtype, (pl.String, pl.Categorical, pl.Enum)):
        words = ops.cast(pl.String)
        is_insert, is_delete = words == "insert", words == "delete"
    elif not len(ops):
        return np.zeros(0, dtype=bool)
    else:
        raise InvalidTypeError(f"column {ops.name!r} is {dtype}; {_WORDS}")
    is_known = is_insert | is_delete
    if not is_known.all():
        row = (~is_known).arg_true()[0]
        raise InvalidDataError(f"column {ops.name!r}, row {row}: got {ops[row]!r}; {_WORDS}")
    return is_insert.rechunk().to_numpy()
