"""What elements have to do with items, clients, features or each other, as codes.

A relation comes as a table with a row per pair, as a SciPy matrix or a 2-D array with a row per element, or as a dict
of lists. A code is the rank of an id among the sorted ids, or its position in ``elements``; rows and columns of
matrices are numbered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import as_frame, check_id_dtype, checked_weights, pick
from graphrank._element_ids import ElementIndex, listed_elements
from graphrank._ids import as_id_column
from graphrank._run import QUIET
from graphrank._scipy import coordinates, is_scipy
from graphrank._string_ids import code_by_hash
from graphrank.exceptions import (
    ElementNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
)

__all__ = ["Columns", "Entries", "Relation", "gathered", "read_relation", "read_square", "row_ids"]

Codes: TypeAlias = NDArray[np.uint32]
Entries: TypeAlias = tuple[int, int, Codes, Codes, NDArray[np.float64] | None]
"""Number of elements and of columns; element, column and value of each pair."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns of a table, and what its values are called in messages."""

    element: str
    other: str
    value: str | None = None
    noun: str = "value"


@dataclass(frozen=True)
class Relation:
    """Pairs of elements and others, with values or without."""

    elements: ElementIndex
    n_others: int
    rows: Codes
    others: Codes
    values: NDArray[np.float64] | None
    is_matrix: bool = False

    @property
    def entries(self) -> Entries:
        """The form that the compiled module takes."""
        return (len(self.elements), self.n_others, self.rows, self.others, self.values)

    @property
    def valued(self) -> Entries:
        """The same with values, of 1 where there are none."""
        values = np.ones(len(self.rows)) if self.values is None else self.values
        return (len(self.elements), self.n_others, self.rows, self.others, values)


def read_relation(given: Any, columns: Columns, elements: Any = None) -> Relation:
    """A relation of elements and others."""
    matrix = _from_matrix(given)
    if matrix is not None:
        rows, others, values, (n, n_others) = matrix
        return Relation(row_ids(n, elements), n_others, rows, others, values, is_matrix=True)
    if isinstance(given, Mapping) and columns.value is None:
        elements = _sorted(given) if elements is None else elements
        given = _from_sets(given, columns)
    element, other, values = _pairs(given, columns, elements)
    other_ids, codes, _ = code_by_hash(other, other.head(0), QUIET)
    index, rows = _coded(element, elements)
    return Relation(index, len(other_ids), rows, codes, values)


def read_square(given: Any, columns: Columns, elements: Any = None) -> Relation:
    """A relation of elements and elements."""
    matrix = _from_matrix(given)
    if matrix is not None:
        rows, others, values, (n, n_others) = matrix
        if n != n_others:
            raise InvalidArgumentError(
                f"the matrix must have a row and a column per element, got {n} x {n_others}"
            )
        return Relation(row_ids(n, elements), n, rows, others, values, is_matrix=True)
    element, other, values = _pairs(given, columns, elements)
    if element.dtype != other.dtype:
        raise InvalidTypeError(
            f"columns {element.name!r} ({element.dtype}) and {other.name!r} ({other.dtype}) must hold ids of one "
            "type; cast one of them"
        )
    if elements is None:
        ids, rows, others = code_by_hash(element, other, QUIET)
        index = ElementIndex(ids)
    else:
        index = listed_elements(elements)
        rows, others = (_listed(column, index) for column in (element, other))
    return Relation(index, len(index), rows, others, values)


def _pairs(
    given: Any, columns: Columns, elements: Any
) -> tuple[pl.Series, pl.Series, NDArray[np.float64] | None]:
    named = [("element", columns.element), ("item", columns.other)]
    named += [] if columns.value is None else [("value", columns.value)]
    for argument, name in named:
        if not isinstance(name, str):
            raise InvalidTypeError(f"`{argument}` must be the name of a column, got {name!r}")
    element, other, *rest = pick(as_frame(given, "table"), [name for _, name in named])
    values = checked_weights(rest[0], columns.noun) if rest else None
    if elements is not None and not len(element):
        element = element.cast(listed_elements(elements).dtype)
    return _checked(element), _checked(other), values


def _sorted(ids: Iterable[Any]) -> pl.Series:
    """Ids in ascending order, without the threads of Polars; Python sorts as Polars does."""
    try:
        return as_id_column(sorted(ids), "sets")
    except TypeError as error:
        raise InvalidTypeError(f"the ids of a dict of sets must be of one type: {error}") from error


def _from_sets(sets: Mapping[Any, Any], columns: Columns) -> pl.DataFrame:
    """A table with a row per member of a dict of sets."""
    for name, items in sets.items():
        if not isinstance(items, Iterable) or isinstance(items, (str, bytes)):
            raise InvalidTypeError(
                f"element {name!r} of a dict of sets must have a set or list of items, got {items!r}"
            )
    lists = [list(items) for items in sets.values()]
    rows = np.repeat(np.arange(len(lists)), [len(items) for items in lists])
    try:
        element = pl.Series(columns.element, list(sets))
        item = pl.Series(columns.other, [item for items in lists for item in items])
    except (TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        first = str(error).partition("\n")[0]
        raise InvalidTypeError(
            f"the ids of a dict of sets must be of one type: {_two_types(sets) or first}"
        ) from error
    return pl.DataFrame([element.gather(pl.Series(rows)), item])


def _two_types(sets: Mapping[Any, Any]) -> str:
    """Which elements of a dict of sets have items of different types, if some have."""
    members = [(name, item, _kind(item)) for name, items in sets.items() for item in items]
    other = next((member for member in members if member[2] != members[0][2]), None)
    if other is None:
        return ""
    listed = [f"element {name!r} has {item!r} ({kind.__name__})" for name, item, kind in (members[0], other)]
    return ", ".join(listed)


def _kind(item: Any) -> type:
    return bool if isinstance(item, bool) else int if isinstance(item, Integral) else type(item)


def _checked(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Null and not len(column):
        return column.cast(pl.Int64)
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"column {column.name!r} is null in row {row}; ids cannot be null")
    check_id_dtype(column)
    return column


def _coded(column: pl.Series, elements: Any) -> tuple[ElementIndex, Codes]:
    if elements is None:
        ids, codes, _ = code_by_hash(column, column.head(0), QUIET)
        return ElementIndex(ids), codes
    index = listed_elements(elements)
    return index, _listed(column, index)


def _listed(column: pl.Series, index: ElementIndex) -> Codes:
    try:
        return index.find_rows(column)
    except ElementNotFoundError as error:
        raise ElementNotFoundError(f"{error}: add it to `elements`") from error


def gathered(table: pl.DataFrame, rows: NDArray[np.intp]) -> pl.DataFrame:
    """Some rows of a table; filtering would need the threads of Polars."""
    return pl.DataFrame([column.gather(pl.Series(rows)) for column in table])


def row_ids(n: int, elements: Any) -> ElementIndex:
    """The ids of the rows of a matrix."""
    if elements is None:
        return ElementIndex(pl.int_range(n, eager=True))
    index = listed_elements(elements)
    if len(index) != n:
        raise InvalidArgumentError(f"`elements` must have an id per row of the matrix: {n}, got {len(index)}")
    return index


def _from_matrix(
    given: Any,
) -> tuple[Codes, Codes, NDArray[np.float64] | None, tuple[int, int]] | None:
    """The entries of a matrix that are not 0, and its shape; None if this is no matrix."""
    if is_scipy(given):
        rows, others, values = coordinates(given)
    elif isinstance(given, np.ndarray):
        if given.ndim != 2 or given.dtype.kind not in "fiub":
            raise InvalidArgumentError(
                f"an array must hold real numbers in 2 dimensions, got {given.dtype} in {given.ndim}"
            )
        where = np.nonzero(given)
        rows, others = (codes.astype(np.uint32) for codes in where)
        values = None if given.dtype == np.bool_ else _positive(given[where], rows, others)
    else:
        return None
    if values is not None and not values.all():
        rows, others, values = (part[values != 0] for part in (rows, others, values))
    n, n_others = given.shape
    return rows, others, values, (n, n_others)


def _positive(values: NDArray[Any], rows: Codes, others: Codes) -> NDArray[np.float64]:
    values = values.astype(np.float64)
    if values.size and not (values.min() >= 0 and values.max() < np.inf):
        k = int(np.flatnonzero(~((values >= 0) & np.isfinite(values)))[0])
        raise InvalidDataError(
            f"entry ({rows[k]}, {others[k]}) of the array is {values[k]}; it must be a finite number of at least 0"
        )
    return values
