"""Where vectors are computed into: memory, or a file that takes its name when it is whole.

A file is made beside its final name, and all of its disk space is taken at once: a process that writes to a mapped
file on a full disk is ended by the system.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._forked import refuse_without_pool
from graphrank.exceptions import FileError, InvalidArgumentError, InvalidTypeError, OutOfMemoryError

__all__ = ["Vectors", "check_vector_file", "fill_file", "fill_memory", "write_parquet"]

Vectors: TypeAlias = NDArray[np.floating[Any]]
"""float32 or float16, of shape (n_nodes, dim)."""

_NUMBER = count()
_GROUP = 8 << 20
"""Bytes that are written to a Parquet file at a time; between two groups Polars hears Ctrl-C."""
_LINE = 64
"""Bytes of a line of the caches. Arrays of NumPy begin at the 16th; computing in them takes up to a third longer."""
_Fill: TypeAlias = Callable[[Any], object]


def check_vector_file(path: str, ids: pl.Series) -> None:
    """Refuse, before hours of work, a file that :func:`fill_file` could not write."""
    if Path(path).suffix.lower() not in (".npy", ".parquet"):
        raise InvalidArgumentError(f"`out` must end in .npy or .parquet, got {path!r}")
    if not os.path.isdir(Path(path).absolute().parent):
        raise FileError(f"cannot write {path!r}: there is no such folder")
    if os.path.isdir(path):
        raise FileError(f"cannot write {path!r}: it is a folder")
    if Path(path).suffix.lower() == ".parquet":
        refuse_without_pool("writing a Parquet file")
        if ids.dtype == pl.Object:
            raise InvalidTypeError(
                "ids that are Python objects cannot be written to a Parquet file; write .npy"
            )


def fill_memory(shape: tuple[int, int], dtype: str, fill: _Fill) -> Vectors:
    """An array that ``fill`` has written all of."""
    n_bytes = shape[0] * shape[1] * np.dtype(dtype).itemsize
    try:
        room = np.empty(n_bytes + _LINE, np.uint8)
    except (MemoryError, ValueError) as error:
        raise OutOfMemoryError(
            f"out of memory: the vectors need {n_bytes:,} bytes; `out` writes them to a file instead"
        ) from error
    start = -room.ctypes.data % _LINE
    vectors: Vectors = room[start : start + n_bytes].view(dtype).reshape(shape)
    fill(vectors)
    vectors.flags.writeable = False
    return vectors


def fill_file(path: str, ids: pl.Series, shape: tuple[int, int], dtype: str, fill: _Fill) -> Vectors:
    """The same in the file ``path``, mapped into memory.

    A Parquet file cannot be mapped: then the array lies in a file without a name, which goes when the array does.
    """
    is_parquet = Path(path).suffix.lower() == ".parquet"
    with _beside(path) as part:
        vectors: Any = np.lib.format.open_memmap(part, mode="w+", dtype=np.dtype(dtype), shape=shape)
        with open(part, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
        fill(vectors)
        vectors.flush()
        vectors = np.load(part, mmap_mode="r")
        if is_parquet:
            write_parquet(path, ids, vectors)
        else:
            os.replace(part, path)
    return cast(Vectors, vectors)


def write_parquet(path: str, ids: pl.Series, vectors: Vectors) -> None:
    """The columns ``node`` and ``embedding`` (Float32), piece by piece."""
    refuse_without_pool("writing a Parquet file")
    wide = pl.col("embedding").cast(pl.Array(pl.Float32, vectors.shape[1]))
    table = pl.LazyFrame([ids.alias("node"), pl.Series("embedding", np.asarray(vectors))])
    with _beside(path) as part:
        table.with_columns(wide).sink_parquet(part, row_group_size=max(_GROUP // (4 * vectors.shape[1]), 1))
        os.replace(part, path)


@contextmanager
def _beside(path: str) -> Iterator[str]:
    """A name in the folder of ``path`` for a file in the making; none of that name is left behind."""
    # Without the name of the file itself, to which no letter may fit.
    part = Path(path).with_name(f".graphrank-{os.getpid()}-{next(_NUMBER)}.part")
    try:
        yield str(part)
    except (OSError, pl.exceptions.PolarsError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"cannot write {path!r}: {error}") from error
    finally:
        part.unlink(missing_ok=True)
