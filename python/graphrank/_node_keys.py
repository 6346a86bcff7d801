"""The 64-bit key of every node: what its random numbers are made from.

A key depends on the id alone, never on the position of the node or on other nodes, so that a node keeps its random
row from graph to graph.

==================================  ======================================================================
ids                                 key
==================================  ======================================================================
integers of any width, booleans     the integer itself, in two's complement: equal integers, equal keys
integers that 64 bits do not hold   the hash of their decimal digits
dates, times, durations             the integer they are stored as, in their own unit
strings, categoricals, enums        XXH3-64 of the UTF-8 text
binary                              XXH3-64 of the bytes
Python objects (from NetworkX)      XXH3-64 of a text of their value
==================================  ======================================================================

The hash is pinned: keys are the same on every machine and in every version. Nothing here needs the threads of Polars.

An object has such a text if its type is known to say all of its value: numbers and texts, tuples and frozen sets of
them, members of enums, dates, ``Decimal``, ``Fraction``, ``UUID``. Of any other type it is refused: the ``repr`` of an
object is, unless its class says otherwise, an address of this process.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._ids import NUMPY_INTEGERS
from graphrank._run import QUIET
from graphrank.exceptions import InvalidTypeError

__all__ = ["node_keys", "text_keys"]

_STEP = 1 << 16
"""Texts that are taken out of a column at a time: some megabytes."""

_LITERAL: dict[type, Callable[[Any], str]] = {
    str: str.__repr__,
    bytes: bytes.__repr__,
    int: int.__repr__,
    float: float.__repr__,
    complex: complex.__repr__,
    type(None): repr,
}
"""Values of these types, and of types derived from them, are written as Python writes them."""

_NAMED = (dt.date, dt.time, dt.datetime, dt.timedelta, Decimal, Fraction, UUID)
"""Values of exactly these types are written as text, with the name of the type."""


def node_keys(ids: pl.Series) -> NDArray[np.uint64]:
    """The key of every id, uint64 of shape (n_ids,); the ids have no nulls."""
    dtype = ids.dtype
    if dtype == pl.Object:
        return _by_steps(ids, lambda step: [_object_text(id).encode() for id in step.to_list()])
    if dtype == pl.Binary:
        return _by_steps(ids, pl.Series.to_list)
    if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum)):
        return _by_steps(ids, lambda step: [text.encode() for text in step.cast(pl.String).to_list()])
    if dtype == pl.Boolean or dtype.is_temporal():
        ids = ids.cast(pl.Int64)
    return ids.to_numpy().astype(np.uint64) if ids.dtype in NUMPY_INTEGERS else _wide_keys(ids.to_list())


def text_keys(texts: Sequence[bytes]) -> NDArray[np.uint64]:
    """XXH3-64 of every text."""
    ends = np.cumsum([0, *map(len, texts)], dtype=np.uint64)
    return _core.text_keys(np.frombuffer(b"".join(texts), dtype=np.uint8), ends, QUIET)


def _by_steps(ids: pl.Series, texts: Callable[[pl.Series], list[bytes]]) -> NDArray[np.uint64]:
    keys = np.empty(len(ids), dtype=np.uint64)
    for start in range(0, len(ids), _STEP):
        keys[start : start + _STEP] = text_keys(texts(ids.slice(start, _STEP)))
    return keys


def _object_text(id: Any) -> str:
    """A text that equal values share in every process; that of tuples of numbers and texts is their ``repr``."""
    if isinstance(id, (np.integer, np.bool_)):
        id = id.item()
    for kind, text in _LITERAL.items():
        if isinstance(id, kind):
            return text(id)
    if isinstance(id, tuple):
        return f"({', '.join(map(_object_text, id))}{',' * (len(id) == 1)})"
    if isinstance(id, frozenset):
        return f"frozenset({{{', '.join(sorted(map(_object_text, id)))}}})"
    if isinstance(id, Enum):
        return f"{type(id).__qualname__}.{id.name}"
    if type(id) in _NAMED:
        return f"{type(id).__name__}({id})"
    raise InvalidTypeError(
        f"ids hold objects of type {type(id).__name__}, from which an embedding cannot draw the same random numbers "
        "in every process; make the nodes strings, integers or tuples of them, for instance with "
        "networkx.relabel_nodes"
    )


def _wide_keys(numbers: list[int]) -> NDArray[np.uint64]:
    """Keys of integers that may need more than 64 bits."""
    keys = np.array([number % 2**64 for number in numbers], dtype=np.uint64)
    wide = [i for i, number in enumerate(numbers) if not -(2**63) <= number < 2**64]
    keys[wide] = text_keys([str(numbers[i]).encode() for i in wide])
    return keys
