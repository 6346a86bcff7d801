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
"""Vectors, or queries, between two looks at the clock: about a tenth of a second."""

_METRICS = {"cosine": "ip", "dot": "ip", "l2": "l2sq"}
"""Cosines are products of vectors of length 1; a vector of zeros stays one, and is like everything."""

_WHY = "approximate search"


class Hnsw:
    """A hierarchical navigable small world over the rows of a matrix.

    ``expansion`` is how many candidates a search keeps: more find more and take longer.
    """

    def __init__(self, inner: Any, metric: str) -> None:
        self._inner = inner
        self._metric = metric

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
        graph = cls(inner, metric)
        with ThreadPoolExecutor(1) as worker:
            for start, end in _batches(len(matrix), "building index", how):
                keys = np.arange(start, end, dtype=np.uint64)
                worker.submit(inner.add, keys, graph._prepared(matrix[start:end]), threads=1).result()
        return graph

    @classmethod
    def from_bytes(cls, saved: NDArray[np.uint8], metric: str, shape: tuple[int, ...], file: str) -> Hnsw:
        """What :meth:`to_bytes` wrote, used where it lies in ``file``; over a matrix of that shape."""
        usearch = import_optional("usearch.index", _WHY)
        try:
            inner = usearch.Index.restore(saved, view=True, enable_key_lookups=False)
        except (ValueError, RuntimeError) as error:
            raise CorruptFileError(f"{file!r}: usearch cannot read the graph: {error}") from error
        if inner is None or (inner.size, inner.ndim) != shape:
            raise CorruptFileError(f"{file!r}: the graph does not fit the vectors")
        return cls(inner, metric)

    def to_bytes(self) -> NDArray[np.uint8]:
        """The graph in the library's own format."""
        return np.frombuffer(self._inner.save(), dtype=np.uint8)

    def candidates(
        self, queries: NDArray[Any], n: int, how: How
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """About the ``n`` nearest rows of each query: offsets, and rows."""
        offsets = np.zeros(len(queries) + 1, dtype=np.uint64)
        rows = [np.empty(0, dtype=np.uint32)]
        with ThreadPoolExecutor(1) as worker:
            for start, end in _batches(len(queries), "nearest neighbours", how):
                asked = self._prepared(queries[start:end])
                found = worker.submit(self._inner.search, asked, n, threads=1).result()
                # One query is answered by another type.
                keys: NDArray[np.uint64] = np.atleast_2d(found.keys)
                counts: NDArray[np.uint64] = np.atleast_1d(getattr(found, "counts", len(found)))
                offsets[start + 1 : end + 1] = counts
                rows.append(keys[np.arange(keys.shape[1]) < counts[:, None]].astype(np.uint32))
        return np.cumsum(offsets, dtype=np.uint64), np.concatenate(rows)

    def _prepared(self, matrix: NDArray[Any]) -> NDArray[np.float32]:
        vectors = matrix.view(np.float16) if matrix.dtype == np.uint16 else matrix
        if self._metric != "cosine":
            return np.asarray(vectors, dtype=np.float32)
        wide: NDArray[np.float64] = vectors.astype(np.float64)
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        np.divide(wide, lengths, out=wide, where=lengths > 0)
        return wide.astype(np.float32)

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


def _batches(n: int, label: str, how: How) -> Iterator[tuple[int, int]]:
    """Ranges of ``0 .. n - 1``; time limit and progress are looked at before each."""
    left = time_left(how)
    for start in range(0, n, _BATCH):
        callback, _ = left()
        if callback is not None:
            callback(start, n, label)
        yield start, min(start + _BATCH, n)
    if how[0] is not None:
        how[0](n, n, label)
