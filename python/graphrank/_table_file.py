"""A small table out of a file, for the command line."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from graphrank.exceptions import FileMissingError, InvalidArgumentError
from graphrank.io import guarded

__all__ = ["read_table"]

_TEXT = {".csv": ",", ".tsv": "\t"}
_TYPED = {".parquet": pl.read_parquet, ".ipc": pl.read_ipc, ".arrow": pl.read_ipc, ".feather": pl.read_ipc}


def read_table(path: str, what: str) -> tuple[pl.DataFrame, bool]:
    """All columns, and whether they are text, as those of a file without types; ``what`` names them in errors."""
    file = Path(path)
    ending = file.suffix.lower()
    if ending not in _TEXT and ending not in _TYPED:
        raise InvalidArgumentError(f"{path!r}: {what} are read from {', '.join([*_TEXT, *_TYPED])}")
    if not file.exists():
        raise FileMissingError(f"there is no file {path!r}")

    def read(file: Path) -> pl.DataFrame:
        if ending in _TYPED:
            return _TYPED[ending](file)
        return pl.read_csv(file, separator=_TEXT[ending], infer_schema=False, glob=False)

    return guarded(file, ending, read), ending in _TEXT
