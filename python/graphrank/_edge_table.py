"""Whatever the caller calls edges, as three checked Polars columns."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._forked import refuse_without_pool
from graphrank._typing import EdgeTable
from graphrank.exceptions import ColumnNotFoundError, InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = [
    "TEXT",
    "EdgeColumns",
    "as_frame",
    "check_id_dtype",
    "checked_weights",
    "edge_columns",
    "number_column",
    "one_dtype",
    "pick",
]

TEXT = (pl.String, pl.Categorical, pl.Enum)
_OTHER_IDS = (pl.Boolean, pl.Date, pl.Datetime, pl.Time, pl.Duration, pl.Binary)
_REMEDY = "integers, strings, categoricals, enums, booleans, dates and times can be ids"


@dataclass(frozen=True)
class EdgeColumns:
    """The ends of every edge, of one dtype and without nulls, and the finite non-negative weights if there are any."""

    src: pl.Series
    dst: pl.Series
    weight: NDArray[np.float64] | None


def edge_columns(edges: EdgeTable, src: str, dst: str, weight: str | None) -> EdgeColumns:
    """Read the columns named ``src``, ``dst`` and ``weight`` out of any accepted kind of edge table."""
    given: list[tuple[str, Any]] = [("src", src), ("dst", dst), ("weight", weight)]
    for argument, name in given:
        if not isinstance(name, str) and (name is not None or argument != "weight"):
            raise InvalidTypeError(f"`{argument}` must be the name of a column, got {name!r}")
    if isinstance(edges, tuple):
        columns = _from_tuple(edges, src, dst, weight)
    else:
        if isinstance(edges, list):
            edges, weight = _from_rows(edges, src, dst, weight)
        names = [src, dst] if weight is None else [src, dst, weight]
        columns = pick(as_frame(edges, "edges"), names)
    ends = one_dtype(_checked_ids(columns[0]), _checked_ids(columns[1]))
    return EdgeColumns(*ends, checked_weights(columns[2]) if len(columns) > 2 else None)


def as_frame(table: Any, what: str) -> pl.DataFrame | pl.LazyFrame:
    """A table of any library as a Polars frame; a LazyFrame stays lazy."""
    if isinstance(table, (pl.DataFrame, pl.LazyFrame)):
        return table
    try:
        if isinstance(table, dict) or hasattr(table, "__arrow_c_stream__"):
            with suppress(ImportError):  # pandas has a stream, and no pyarrow to fill it
                return pl.DataFrame(table)
        if hasattr(table, "columns") and hasattr(table, "to_numpy"):  # pandas without pyarrow
            return pl.DataFrame({str(name): table[name].to_numpy() for name in table.columns})
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise InvalidTypeError(f"`{what}` could not be read as a table: {error}") from error
    arrays = "a tuple of arrays" if what == "edges" else "a dict of columns"
    raise InvalidTypeError(
        f"`{what}` must be a Polars frame, {arrays} or a table with an Arrow stream (pandas, pyarrow ...), "
        f"got {type(table).__name__}"
    )


def pick(frame: pl.DataFrame | pl.LazyFrame, names: list[str]) -> list[pl.Series]:
    """The columns ``names``; of a LazyFrame only those are computed."""
    existing = frame.collect_schema().names()
    for name in names:
        if name not in existing:
            listed = ", ".join(map(repr, existing)) or "none"
            raise ColumnNotFoundError(f"there is no column {name!r}; the columns are {listed}")
    if isinstance(frame, pl.LazyFrame):
        refuse_without_pool("computing a LazyFrame")
        frame = frame.select(pl.col(name) for name in dict.fromkeys(names)).collect(engine="streaming")
    return [frame[name] for name in names]


def check_id_dtype(column: pl.Series) -> None:
    """Refuse the dtypes that cannot name nodes."""
    dtype = column.dtype
    if dtype.is_integer() or isinstance(dtype, (*TEXT, *_OTHER_IDS)):
        return
    remedy = "cast it to an integer or a string" if dtype.is_float() else _REMEDY
    raise InvalidTypeError(f"column {column.name!r} is {dtype}, which cannot be ids: {remedy}")


def number_column(name: str, values: Any) -> pl.Series:
    """A list or array of numbers as a column; whole numbers and fractions may be mixed."""
    mixed = isinstance(values, list) and all(value is None or isinstance(value, Real) for value in values)
    return pl.Series(name, values, dtype=pl.Float64, strict=False) if mixed else _as_series(name, values)


def checked_weights(column: pl.Series, noun: str = "weight") -> NDArray[np.float64]:
    """A weight column as float64; the first row that is null, NaN, infinite or negative is an error."""
    if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
        raise InvalidTypeError(f"column {column.name!r} is {column.dtype}; weights must be numbers")
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(
            f"column {column.name!r} is null in row {row}; a {noun} is a number of at least 0"
        )
    values = column.cast(pl.Float64).rechunk().to_numpy()
    # NaN makes both comparisons false.
    if values.size and not (values.min() >= 0 and values.max() < np.inf):
        row = int(np.flatnonzero(~((values >= 0) & np.isfinite(values)))[0])
        raise InvalidDataError(
            f"column {column.name!r} is {values[row]} in row {row}; a {noun} is a finite number of at least 0"
        )
    return values


def _from_tuple(edges: tuple[Any, ...], src: str, dst: str, weight: str | None) -> list[pl.Series]:
    if edges and all(isinstance(member, tuple) and len(member) in (2, 3) for member in edges):
        raise InvalidTypeError(
            "`edges` as a tuple of tuples is ambiguous: give a list of pairs, or arrays (src, dst[, weight])"
        )
    if weight is not None:
        raise InvalidArgumentError("`weight` names a column; with arrays give edges=(src, dst, weight)")
    if len(edges) not in (2, 3):
        raise InvalidArgumentError(
            f"`edges` as a tuple is (src, dst) or (src, dst, weight), got {len(edges)} items"
        )
    columns = [_as_series(src, edges[0]), _as_series(dst, edges[1])]
    columns += [number_column("weight", values) for values in edges[2:]]
    for column in columns[1:]:
        if len(column) != len(columns[0]):
            raise InvalidArgumentError(
                f"the arrays in `edges` differ in length: {src!r} has {len(columns[0])}, "
                f"{column.name!r} has {len(column)}"
            )
    return columns


def _as_series(name: str, values: Any) -> pl.Series:
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise InvalidArgumentError(f"{name!r} must be a 1-D array, got shape {values.shape}")
    if isinstance(values, (str, bytes)) or not (
        hasattr(values, "__len__") or hasattr(values, "__arrow_c_stream__")
    ):
        raise InvalidTypeError(f"{name!r} must be an array or a list, got {type(values).__name__}")
    try:
        return pl.Series(name, values)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise InvalidTypeError(
            f"{name!r} must hold values of one type: {str(error).partition(chr(10))[0]}"
        ) from error


def _from_rows(edges: list[Any], src: str, dst: str, weight: str | None) -> tuple[pl.DataFrame, str | None]:
    """A list of (src, dst) tuples or of (src, dst, weight) tuples as a frame, and the name of its weights if any."""
    widths = {len(row) if isinstance(row, tuple) else 0 for row in edges}
    if len(widths) > 1 or not widths <= {2, 3} or (weight is not None and 2 in widths):
        wanted = "(src, dst) or (src, dst, weight)" if weight is None else "(src, dst, weight)"
        raise InvalidTypeError(
            f"`edges` as a list holds one tuple {wanted} per edge, all of one length; "
            "for arrays give a tuple (src, dst[, weight])"
        )
    if 3 in widths and weight is None:
        weight = "weight"
    names = [src, dst] if weight is None else [src, dst, weight]
    makers = (_as_series, _as_series, number_column)
    columns = [makers[i](name, [row[i] for row in edges]) for i, name in enumerate(names)]
    return pl.DataFrame(columns), weight


def _checked_ids(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Null and not len(column):
        return column.cast(pl.Int64)
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"column {column.name!r} is null in row {row}; an edge needs both its ends")
    check_id_dtype(column)
    return column


def one_dtype(src: pl.Series, dst: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Both columns in one dtype; integers of different widths in the first 64- or 128-bit type that holds them all."""
    a, b = src.dtype, dst.dtype
    if a == b:
        return src, dst
    if isinstance(a, TEXT) and isinstance(b, TEXT):
        return src.cast(pl.String), dst.cast(pl.String)
    if not len(src):
        return src.cast(b), dst
    if not (a.is_integer() and b.is_integer()):
        raise InvalidTypeError(
            f"columns {src.name!r} ({a}) and {dst.name!r} ({b}) must hold ids of one type; cast one"
        )
    for dtype in (pl.Int64, pl.UInt64, pl.Int128):
        cast = [column.cast(dtype, strict=False) for column in (src, dst)]
        if not any(column.null_count() for column in cast):
            return cast[0], cast[1]
    raise InvalidTypeError(f"no integer type holds both {src.name!r} ({a}) and {dst.name!r} ({b})")
