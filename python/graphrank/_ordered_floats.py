"""Numbers of any type as floats in the same order."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._ids import NUMPY_INTEGERS

__all__ = ["EXACT", "ordered_floats"]

EXACT = 2**53
"""Integers up to this are floats; of larger ones several become the same."""


def ordered_floats(column: pl.Series) -> NDArray[np.float64]:
    """The numbers as floats; integers that floats do not hold as their places among all, so that none become equal."""
    if column.dtype.is_integer() and len(column):
        least, most = column.min(), column.max()
        if isinstance(least, int) and isinstance(most, int) and max(-least, most) > EXACT:
            return _places(column).astype(np.float64)
    return column.cast(pl.Float64).rechunk().to_numpy()


def _places(column: pl.Series) -> NDArray[np.intp]:
    """Of each integer how many smaller ones there are, equal ones counted once."""
    if column.dtype in NUMPY_INTEGERS:
        return np.unique(column.to_numpy(), return_inverse=True)[1]
    values = column.to_list()
    place = {value: i for i, value in enumerate(sorted(set(values)))}
    return np.array([place[value] for value in values], dtype=np.intp)
