"""A table of restart distributions out of a file, with ids as text where the file has no types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from graphrank._edge_table import pick
from graphrank._named_ids import ids_from_text
from graphrank.exceptions import FileMissingError, InvalidArgumentError, InvalidDataError
from graphrank.io import guarded

__all__ = ["read_restart"]

_TEXT = {".csv": ",", ".tsv": "\t"}
_TYPED = {".parquet": pl.read_parquet, ".ipc": pl.read_ipc, ".arrow": pl.read_ipc, ".feather": pl.read_ipc}


def read_restart(path: str, id_dtype: pl.DataType) -> pl.DataFrame:
    """Columns ``node``, ``weight`` and, if the file has it, ``query``; nodes of a text file are in ``id_dtype``."""
    file = Path(path)
    ending = file.suffix.lower()
    if ending not in _TEXT and ending not in _TYPED:
        raise InvalidArgumentError(f"{path!r}: restarts are read from {', '.join([*_TEXT, *_TYPED])}")
    if not file.exists():
        raise FileMissingError(f"there is no file {path!r}")
    if ending in _TYPED:
        return _columns(guarded(file, ending, _TYPED[ending]))

    def read(file: Path) -> pl.DataFrame:
        return pl.read_csv(file, separator=_TEXT[ending], infer_schema=False, glob=False)

    frame = _columns(guarded(file, ending, read))
    weight = frame["weight"].str.strip_chars().cast(pl.Float64, strict=False)
    wrong = (weight.is_null() | frame["node"].is_null()).arg_true()
    if wrong.len():
        row = frame.row(wrong[0], named=True)
        raise InvalidDataError(f"{path!r}, row {wrong[0]}: {row} is no node with a number for a weight")
    node = ids_from_text(frame["node"].to_list(), id_dtype).alias("node")
    return frame.with_columns(node, weight)


def _columns(frame: Any) -> pl.DataFrame:
    names = ["query", "node", "weight"] if "query" in frame.columns else ["node", "weight"]
    return pl.DataFrame(dict(zip(names, pick(frame, names), strict=True)))
