"""A store of clicks in a file: counts by user, query and item, runs of row numbers, and the ids."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._click_ids import ClickIds
from graphrank._run import run_opts
from graphrank._typing import How, Progress
from graphrank._validate import file_path
from graphrank.exceptions import CorruptFileError, InvalidArgumentError, InvalidDataError

__all__ = ["load_clicks", "made_again", "save_clicks"]

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
    inner: _core.ClickStore,
    ids: tuple[ClickIds, ClickIds, ClickIds],
    options: dict[str, Any],
    path: str | os.PathLike[str],
    progress: Progress,
    timeout_s: float | None,
) -> None:
    """Write everything to ``path``; what was there is replaced when all is written."""
    how = run_opts(progress, timeout_s)
    arrays: list[NDArray[Any]] = [*inner.cells(how), *inner.runs()]
    parts = [(name, array.view(np.uint8)) for name, array in zip(_ARRAYS, arrays, strict=True)]
    header = json.dumps(options | {"tally": inner.tally}).encode()
    parts.append(("options", np.frombuffer(header, dtype=np.uint8)))
    for name, column in zip(_IDS, ids, strict=True):
        stream = io.BytesIO()
        column.ids.rechunk().to_frame().write_ipc_stream(stream, compression="zstd")
        parts.append((name, np.frombuffer(stream.getvalue(), dtype=np.uint8)))
    _core.save_archive(_KIND, parts, file_path(path), how)


def load_clicks(
    path: str | os.PathLike[str], progress: Progress, timeout_s: float | None
) -> tuple[_core.ClickStore, tuple[ClickIds, ClickIds, ClickIds], dict[str, Any]]:
    """The parts that :func:`save_clicks` wrote."""
    file = file_path(path)
    how = run_opts(progress, timeout_s)
    archive = _core.Archive.open(_KIND, file, how)
    try:
        options = json.loads(archive.part("options").tobytes())
        users, queries, items = (_ids(archive.part(name)) for name in _IDS)
        arrays: list[Any] = [
            np.frombuffer(archive.part(name), dtype=dtype) for name, dtype in _ARRAYS.items()
        ]
        *counts, newest = options.pop("tally")
        tally = (*counts, None if newest is None else tuple(newest))
        inner, kinds = made_again((users, queries, items), options, (arrays[:5], arrays[5:], tally), how)
    except (KeyError, ValueError, TypeError, InvalidArgumentError, InvalidDataError) as error:
        if isinstance(error, CorruptFileError):
            raise
        raise CorruptFileError(f"{file!r}: is not what a store of clicks writes: {error}") from error
    return inner, kinds, options


def made_again(
    ids: tuple[pl.Series, pl.Series, pl.Series],
    options: dict[str, Any],
    counts: tuple[Any, Any, Any],
    how: How,
) -> tuple[_core.ClickStore, tuple[ClickIds, ClickIds, ClickIds]]:
    """A store from its ids, and its cells, runs and tally."""
    kinds = ClickIds(0, "users"), ClickIds(1, "queries"), ClickIds(2, "items")
    inner = _core.ClickStore(*kinds[0].start(ids[0].head(1)), options["top_terms"], options["half_life"])
    for kind, column in zip(kinds, ids, strict=True):
        if kind is kinds[0] or len(column):
            kind.encode(inner, column, how)
    cells, runs, tally = counts
    inner.restore((cells[0], cells[1], cells[2], cells[3], cells[4]), (runs[0], runs[1], runs[2]), tally, how)
    return inner, kinds


def _ids(part: NDArray[np.uint8]) -> pl.Series:
    try:
        return pl.read_ipc_stream(io.BytesIO(part.tobytes())).to_series()
    except (Exception, pl.exceptions.PanicException) as error:
        raise ValueError(f"the ids cannot be read: {error}") from error
