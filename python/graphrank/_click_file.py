"""A store of clicks in a file, and made again from what a file holds, or from a part of it.

That is counts by user, query and item, runs of row numbers, and the ids.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._click_ids import TEXT, ClickIds
from graphrank._click_options import ClickOptions
from graphrank._run import run_opts, time_left
from graphrank._typing import How, Progress
from graphrank._validate import file_path
from graphrank.exceptions import CorruptFileError, GraphRankError, TimedOutError

__all__ = ["Parts", "load_clicks", "save_clicks", "without"]

Parts: TypeAlias = tuple[_core.ClickStore, tuple[ClickIds, ClickIds, ClickIds]]
"""What a store consists of: the counts, and the ids of users, queries and items."""

_KIND = "a click store"
_ARRAYS = {
    "c_user": "u4",
    "c_query": "u4",
    "c_item": "u4",
    "c_clicks": "u4",
    "c_mass": "f8",
    "r_user": "u4",
    "r_first": "u8",
    "r_last": "u8",
}
_IDS = ("users", "queries", "items")


def save_clicks(
    parts: Parts,
    options: ClickOptions,
    path: str | os.PathLike[str],
    left: Callable[[], How],
) -> None:
    """Write everything to ``path``; what was there is replaced when all is written."""
    inner, ids = parts
    arrays: list[NDArray[Any]] = [*inner.cells(left()), *inner.runs()]
    pieces = [(name, array.view(np.uint8)) for name, array in zip(_ARRAYS, arrays, strict=True)]
    header = json.dumps(options.to_dict() | {"tally": inner.tally}).encode()
    pieces.append(("options", np.frombuffer(header, dtype=np.uint8)))
    for name, column in zip(_IDS, ids, strict=True):
        stream = io.BytesIO()
        column.as_given(column.ids.rechunk()).to_frame().write_ipc_stream(stream, compression="zstd")
        pieces.append((name, np.frombuffer(stream.getvalue(), dtype=np.uint8)))
    _core.save_archive(_KIND, pieces, file_path(path), left())


def load_clicks(
    path: str | os.PathLike[str], progress: Progress, timeout_s: float | None
) -> tuple[Parts, ClickOptions]:
    """What :func:`save_clicks` wrote."""
    file = file_path(path)
    left = time_left(run_opts(progress, timeout_s))
    archive = _core.Archive.open(_KIND, file, left())
    try:
        options = json.loads(archive.part("options").tobytes())
        users, queries, items = (_ids(archive.part(name)) for name in _IDS)
        if not isinstance(queries.dtype, TEXT):
            raise ValueError("the queries are no texts")
        arrays: list[Any] = [
            np.frombuffer(archive.part(name), dtype=dtype) for name, dtype in _ARRAYS.items()
        ]
        *counts, newest = options.pop("tally")
        tally = (*counts, None if newest is None else tuple(newest))
        made_with = ClickOptions(**options)
        parts = _made_again((users, queries, items), made_with, (arrays[:5], arrays[5:], tally), left)
    except (CorruptFileError, TimedOutError):
        raise
    # Checksums keep out what was altered; what is left was made on purpose, and may hold anything.
    except (ArithmeticError, AttributeError, GraphRankError, LookupError, TypeError, ValueError) as error:
        raise CorruptFileError(f"{file!r}: is not what a store of clicks writes: {error}") from error
    return parts, made_with


def without(parts: Parts, options: ClickOptions, users: NDArray[np.uint32], left: Callable[[], How]) -> Parts:
    """The same less the clicks of some users, and less the queries and items that nobody else clicked.

    All ids of users stay, and which of their rows are known.
    """
    inner, ids = parts
    cells = inner.cells(left())
    kept = ~np.isin(cells[0], users)
    new, known, clamped, newest = inner.tally
    tally = (max(new - int(cells[3][~kept].sum(dtype=np.uint64)), 0), known, clamped, newest)
    queries, query_codes = _used(ids[1].ids, cells[1][kept])
    items, item_codes = _used(ids[2].ids, cells[2][kept])
    masses = cells[4][kept] if len(cells[4]) else cells[4]
    counts = ((cells[0][kept], query_codes, item_codes, cells[3][kept], masses), inner.runs(), tally)
    columns = (ids[0].ids.rechunk(), queries, items)
    given = tuple(kind.as_given(column) for kind, column in zip(ids, columns, strict=True))
    return _made_again(given, options, counts, left)


def _used(ids: pl.Series, codes: NDArray[np.uint32]) -> tuple[pl.Series, NDArray[np.uint32]]:
    """The ids that ``codes`` name, in their order, and their codes among these."""
    is_used = np.zeros(len(ids), dtype=bool)
    is_used[codes] = True
    renumbered = np.cumsum(is_used, dtype=np.uint32) - np.uint32(1)
    return ids.gather(pl.Series(np.flatnonzero(is_used))).rechunk(), renumbered[codes]


def _made_again(
    ids: tuple[pl.Series, ...],
    options: ClickOptions,
    counts: tuple[Any, Any, Any],
    left: Callable[[], How],
) -> Parts:
    """A store from its ids, and its cells, runs and tally."""
    kinds = ClickIds(0, "users"), ClickIds(1, "queries"), ClickIds(2, "items")
    inner = _core.ClickStore(*kinds[0].start(ids[0].head(1)), options.top_terms, options.half_life)
    for kind, column in zip(kinds, ids, strict=True):
        if kind is kinds[0] or len(column):
            kind.came_as(column.dtype)
            kind.encode(inner, kind.check(column), left())
    cells, runs, tally = counts
    inner.restore(
        (cells[0], cells[1], cells[2], cells[3], cells[4]), (runs[0], runs[1], runs[2]), tally, left()
    )
    return inner, kinds


def _ids(part: NDArray[np.uint8]) -> pl.Series:
    try:
        return pl.read_ipc_stream(io.BytesIO(part.tobytes())).to_series()
    except (Exception, pl.exceptions.PanicException) as error:
        raise ValueError(f"the ids cannot be read: {error}") from error
