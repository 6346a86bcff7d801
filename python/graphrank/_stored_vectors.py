"""Files of vectors for the command line: what `graphrank embed`, Polars and NumPy write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrank._edge_table import pick
from graphrank._forked import refuse_without_pool
from graphrank.exceptions import FileMissingError, InvalidArgumentError
from graphrank.io import guarded

__all__ = ["read_vectors"]

_FRAMES = {".parquet": pl.read_parquet, ".ipc": pl.read_ipc, ".arrow": pl.read_ipc, ".feather": pl.read_ipc}


def read_vectors(path: str) -> Any:
    """What :func:`graphrank.knn` takes: an embedding, a frame (node, embedding) or an array."""
    file = Path(path)
    ending = file.suffix.lower()
    if ending not in (*_FRAMES, ".npy", ".embedding"):
        endings = ", ".join([*_FRAMES, ".npy", ".embedding"])
        raise InvalidArgumentError(f"{path!r}: vectors are read from {endings}")
    if not file.exists():
        raise FileMissingError(f"there is no file {path!r}")
    if ending == ".embedding":
        from graphrank._embedding import Embedding

        return Embedding.load(file)
    if ending == ".npy":
        return guarded(file, ending, lambda f: np.load(f, mmap_mode="r", allow_pickle=False))
    refuse_without_pool("reading a table from a file")
    return guarded(file, ending, lambda f: pl.DataFrame(pick(_FRAMES[ending](f), ["node", "embedding"])))
