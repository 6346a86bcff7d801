"""Ids of the elements of an objective, and their codes: many at a time, or one in less than a microsecond."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import check_id_dtype
from graphrank._ids import MISSING, NodeIndex, as_id_column
from graphrank._node_keys import node_keys
from graphrank._suggest import did_you_mean
from graphrank.exceptions import ElementNotFoundError, InvalidArgumentError, InvalidDataError

__all__ = ["ElementIndex", "listed_elements"]

_PLAIN = frozenset(
    (int, str, np.int64, np.int32, np.int16, np.int8, np.uint64, np.uint32, np.uint16, np.uint8)
)
"""Types whose values equal ids exactly where Python's ``==`` says so, if the ids are integers or texts."""


class ElementIndex(NodeIndex):
    """The ids of the elements of an objective in code order."""

    def __init__(self, ids: pl.Series) -> None:
        super().__init__(ids, "this objective")

    def __contains__(self, id: object) -> bool:
        """Whether ``id`` is an element."""
        return self._code_at_once(id) is not None or super().__contains__(id)

    def code(self, id: Any, what: str) -> int:
        """The code of one id. The first call makes a dict, unless the ids are 0, 1 ..."""
        code = self._code_at_once(id)
        if code is not None:
            return code
        codes = self.encode(id, what)
        if len(codes) != 1:
            raise InvalidArgumentError(f"`{what}` must be one id, got {len(codes)}")
        return int(codes[0])

    def distinct(self, ids: Any, what: str) -> NDArray[np.uint32]:
        """The codes of many ids; one that comes twice is an error."""
        codes = self.encode(ids, what)
        is_first = np.zeros(len(codes), dtype=bool)
        is_first[np.unique(codes, return_index=True)[1]] = True
        if not is_first.all():
            row = int(np.flatnonzero(~is_first)[0])
            raise InvalidDataError(
                f"`{what}`, position {row}: {self.name(codes[row])!r} comes twice; give each id once"
            )
        return codes

    def find_rows(self, column: pl.Series) -> NDArray[np.uint32]:
        """The codes of a column; the first row that is no element is an error."""
        codes = self.find(self.cast(column, column.name))
        missing = np.flatnonzero(codes == MISSING)
        if missing.size:
            row = int(missing[0])
            raise ElementNotFoundError(
                f"column {column.name!r}, row {row}: {column[row]!r} is not an element of {self._whose}"
                f"{did_you_mean(column[row], self.ids)}"
            )
        return codes

    def name(self, code: int) -> Any:
        """The id of one code."""
        return self.ids[int(code)]

    def _code_at_once(self, id: Any) -> int | None:
        """The code of an id that is a plain number or text; None if it is no element, or has to be looked at closer."""
        if type(id) not in _PLAIN:
            return None
        if self._is_range:
            return int(id) if type(id) is not str and 0 <= id < len(self) else None
        return self._code_of.get(id) if self._is_plain else None

    @cached_property
    def digest(self) -> bytes:
        """Eight bytes that other ids, or another order of them, do not have."""
        return blake2b(node_keys(self.ids).tobytes(), digest_size=8).digest()

    @cached_property
    def _is_plain(self) -> bool:
        return self.dtype.is_integer() or isinstance(self.dtype, (pl.String, pl.Categorical, pl.Enum))

    def _not_found(self, wanted: pl.Series, missing: NDArray[np.intp], what: str) -> ElementNotFoundError:
        value = wanted[int(missing[0])]
        more = f" (and {missing.size - 1} more are not)" if missing.size > 1 else ""
        hint = did_you_mean(value, self.ids)
        return ElementNotFoundError(f"`{what}`: {value!r} is not an element of {self._whose}{more}{hint}")


def listed_elements(elements: Any, what: str = "elements") -> ElementIndex:
    """Ids that the caller lists, in that order."""
    column = as_id_column(elements, what)
    if column.dtype == pl.Null and not len(column):
        column = column.cast(pl.Int64)
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"`{what}` has a null at position {row}; ids cannot be null")
    check_id_dtype(column.alias(what))
    if column.is_duplicated().any():
        row = int((~column.is_first_distinct()).arg_true()[0])
        raise InvalidDataError(f"`{what}`, position {row}: {column[row]!r} comes twice; give each id once")
    return ElementIndex(column)
