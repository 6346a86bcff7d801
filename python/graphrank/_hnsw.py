"""A graph of near vectors for approximate search: the library usearch, fed and asked in batches.

Between two batches the time limit and the progress are looked at, which the library does not do while it works. It
works on a thread of ours: on the main one it would turn Ctrl-C, and what a signal handler raises, into an error of its
own. Vectors are added one after the other, so the same vectors make the same graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrank._optional import import_optional
from graphrank._run import time_left
from graphrank._typing import How
from graphrank.exceptions import CorruptFileError

__all__ = ["Hnsw"]

_BATCH = 128
"""Vectors that are added between two looks at the clock: about a tenth of a second."""

_CANDIDATES = 1 << 14
"""Candidates that searches keep between two looks at the clock: as long."""

_METRICS = {"cosine": "ip", "dot": "ip", "l2": "l2sq"}
"""Cosines are products of vectors of length 1; a vector of zeros stays one, and is like everything."""

_WHY = "approximate search"


class Hnsw:
    """A hierarchical navigable small world over the rows of a matrix.

    ``expansion`` is how many candidates a search keeps: more find more and take longer.
    """

    def __init__(self, inner: Any, metric: str, matrix: NDArray[Any]) -> None:
        self._inner = inner
        self._metric = metric
        self._shift = 0 if metric == "cosine" else _shift(matrix)

    @classmethod
    def build(cls, matrix: NDArray[Any], metric: str, how: How) -> Hnsw:
        """Over all rows of a matrix, which is as in :class:`~graphrank._vector_table.VectorTable`."""
        inner = import_optional("usearch.index", _WHY).Index(
            ndim=matrix.shape[1],
            metric=_METRICS[metric],
            dtype="f16" if matrix.dtype == np.uint16 else "f32",
            connectivity=16,
            expansion_add=128,
            enable_key_lookups=False,
        )
        graph = cls(inner, metric, matrix)
        with ThreadPoolExecutor(1) as worker:
            for start, end in _batches(len(matrix), _BATCH, "building index", how):
                keys = np.arange(start, end, dtype=np.uint64)
                vectors = (
                    _unit(matrix[start:end]) if metric == "cosine" else graph._shifted(matrix[start:end])
                )
                worker.submit(inner.add, keys, vectors, threads=1).result()
        return graph

    @classmethod
    def from_bytes(cls, saved: NDArray[np.uint8], metric: str, matrix: NDArray[Any], file: str) -> Hnsw:
        """What :meth:`to_bytes` wrote, used where it lies in ``file``; over that matrix."""
        usearch = import_optional("usearch.index", _WHY)
        try:
            inner = usearch.Index.restore(saved, view=True, enable_key_lookups=False)
        except (ValueError, RuntimeError) as error:
            raise CorruptFileError(f"{file!r}: usearch cannot read the graph: {error}") from error
        if inner is None or (inner.size, inner.ndim) != matrix.shape:
            raise CorruptFileError(f"{file!r}: the graph does not fit the vectors")
        return cls(inner, metric, matrix)

    def to_bytes(self) -> NDArray[np.uint8]:
        """The graph in the library's own format."""
        return np.frombuffer(self._inner.save(), dtype=np.uint8)

    def candidates(
        self, queries: NDArray[Any], n: int, how: How
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """About the ``n`` nearest rows of each query: offsets, and rows."""
        offsets = np.zeros(len(queries) + 1, dtype=np.uint64)
        rows = [np.empty(0, dtype=np.uint32)]
        batch = max(_CANDIDATES // max(self.expansion, n), 1)
        prepared = self._shifted if self.is_distance else _unit
        with ThreadPoolExecutor(1) as worker:
            for start, end in _batches(len(queries), batch, "nearest neighbours", how):
                asked = prepared(queries[start:end])
                found = worker.submit(self._inner.search, asked, n, threads=1).result()
                # One query is answered by another type.
                keys: NDArray[np.uint64] = np.atleast_2d(found.keys)
                counts: NDArray[np.uint64] = np.atleast_1d(getattr(found, "counts", len(found)))
                offsets[start + 1 : end + 1] = counts
                rows.append(keys[np.arange(keys.shape[1]) < counts[:, None]].astype(np.uint32))
        return np.cumsum(offsets, dtype=np.uint64), np.concatenate(rows)

    def _shifted(self, matrix: NDArray[Any]) -> NDArray[np.float32]:
        shifted: NDArray[np.float32] = np.ldexp(_singles(matrix), self._shift)
        return shifted

    @property
    def expansion(self) -> int:
        """Candidates that a search keeps."""
        return int(self._inner.expansion_search)

    @expansion.setter
    def expansion(self, expansion: int) -> None:
        self._inner.expansion_search = expansion

    @property
    def is_distance(self) -> bool:
        """Whether smaller scores are nearer."""
        return self._metric == "l2"

    @property
    def n_bytes(self) -> int:
        """What the library takes, its copy of the vectors included."""
        return int(self._inner.memory_usage)


def _singles(matrix: NDArray[Any]) -> NDArray[np.float32]:
    return (matrix.view(np.float16) if matrix.dtype == np.uint16 else matrix).astype(np.float32, copy=False)


def _shift(matrix: NDArray[Any]) -> int:
    """The power of two that scales numbers to below 1: the library's 32-bit sums then neither overflow nor vanish."""
    if matrix.dtype == np.uint16 or not matrix.size:
        return 0  # sums of 16-bit floats do neither
    return -int(np.frexp(max(matrix.max(), -matrix.min()))[1])


def _unit(matrix: NDArray[Any]) -> NDArray[np.float32]:
    """Vectors of length 1, in the same directions; zeros stay zeros."""
    wide: NDArray[np.float64] = _singles(matrix).astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    np.divide(wide, lengths, out=wide, where=lengths > 0)
    return wide.astype(np.float32)


def _batches(n: int, size: int, label: str, how: How) -> Iterator[tuple[int, int]]:
    """Ranges of ``0 .. n - 1``; time limit and progress are looked at before each."""
    left = time_left(how)
    for start in range(0, n, size):
        callback, _ = left()
        if callback is not None:
            callback(start, n, label)
        yield start, min(start + size, n)
    if how[0] is not None:
        how[0](n, n, label)
