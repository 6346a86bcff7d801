"""Simple undirected graphs as files, so that a process whose memory is measured holds only what its library needs."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.graphs import CACHE, rmat_quadrants

Ints = NDArray[np.int64]
_CHUNK = 2**22


@dataclass(frozen=True)
class StoredGraph:
    """A symmetric adjacency matrix of ones without a diagonal, nodes 0 .. n_nodes - 1."""

    name: str
    folder: Path

    @property
    def n_nodes(self) -> int:
        return len(np.load(self.folder / "offsets.npy", mmap_mode="r")) - 1

    @property
    def n_arcs(self) -> int:
        """Entries of the matrix: two per edge."""
        return len(np.load(self.folder / "targets.npy", mmap_mode="r"))

    def matrix(self, dtype: Any = np.float32) -> Any:
        """For SciPy: a ``csr_matrix`` with int32 indices."""
        from scipy.sparse import csr_matrix

        offsets, targets = self._arrays()
        return csr_matrix(
            (np.ones(len(targets), dtype), targets, offsets), shape=(self.n_nodes, self.n_nodes)
        )

    def graph(self) -> Any:
        """For graphrank: its own file, mapped."""
        import graphrank

        return graphrank.Graph.load(self.folder / "graph")

    def edges(self) -> tuple[Ints, Ints]:
        """Every edge once, in random order."""
        offsets, targets = self._arrays()
        src = np.repeat(np.arange(self.n_nodes), np.diff(offsets))
        once = np.random.default_rng(0).permutation(np.flatnonzero(src < targets))
        return src[once], targets[once].astype(np.int64)

    def targets(self) -> NDArray[np.int32]:
        """The nodes whose vectors one sweep reads, in the order of its reading."""
        return np.load(self.folder / "targets.npy")

    def _arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        return np.load(self.folder / "offsets.npy"), np.load(self.folder / "targets.npy")


def blogcatalog() -> StoredGraph | None:
    """BlogCatalog from ``GRAPHRANK_DATA/blogcatalog.mat``: 10,312 bloggers, 333,983 friendships."""
    path = Path(os.environ.get("GRAPHRANK_DATA", ".")) / "blogcatalog.mat"
    if not path.exists():
        print("GRAPHRANK_DATA/blogcatalog.mat is missing: BlogCatalog is left out")
        return None
    stored = StoredGraph("blogcatalog", CACHE / "blogcatalog")
    if not (stored.folder / "graph").exists():
        from scipy.io import loadmat

        matrix = loadmat(path)["network"].tocsr()
        matrix.sort_indices()
        _store(stored, matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32))
    return stored


def rmat_undirected(scale: int, edge_factor: int = 16, seed: int = 1) -> StoredGraph:
    """R-MAT (.57, .19, .19, .05) on all 2^scale nodes, labels shuffled; edges without direction, loops, repetitions.

    About a third of the nodes have no edge, as is usual with R-MAT.
    """
    stored = StoredGraph(
        f"rmat{scale}", CACHE / f"rmat-undirected-scale{scale}-factor{edge_factor}-seed{seed}"
    )
    if not (stored.folder / "graph").exists():
        _store(stored, *_draw_undirected(scale, edge_factor * 2**scale, seed))
    return stored


def _draw_undirected(scale: int, n_draws: int, seed: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(2**scale)
    parts = []
    for start in range(0, n_draws, _CHUNK):
        src, dst = rmat_quadrants(rng, scale, min(_CHUNK, n_draws - start))
        src, dst = labels[src], labels[dst]
        low, high = np.minimum(src, dst), np.maximum(src, dst)
        parts.append(np.unique(((low << scale) | high)[low < high]))
    edges = np.unique(np.concatenate(parts))
    del parts
    low, high = edges >> scale, edges & (2**scale - 1)
    arcs = np.concatenate([edges, (high << scale) | low])
    arcs.sort()
    offsets = np.searchsorted(arcs, np.arange(2**scale + 1) << scale)
    return offsets.astype(np.int32), (arcs & (2**scale - 1)).astype(np.int32)


def _store(stored: StoredGraph, offsets: NDArray[np.int32], targets: NDArray[np.int32]) -> None:
    import graphrank

    stored.folder.mkdir(parents=True, exist_ok=True)
    np.save(stored.folder / "offsets.npy", offsets)
    np.save(stored.folder / "targets.npy", targets)
    matrix = stored.matrix(np.bool_)
    graphrank.Graph.from_scipy(matrix, directed=False).save(stored.folder / "graph")
