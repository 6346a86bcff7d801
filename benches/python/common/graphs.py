"""Inputs of the benchmarks: real graphs from the folder named by ``GRAPHRANK_DATA``, and generated ones."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]

CACHE = Path(__file__).parent.parent / "cache"
REAL = {  # file name: is it directed?
    "slashdot0902_directed": True,
    "cit_hepph_directed": True,
    "debian_edges": True,
    "email_enron": False,
}


@dataclass(frozen=True)
class EdgeList:
    """Distinct edges between the nodes 0 .. n_nodes - 1, every one of which has an edge.

    An undirected edge is listed once. Codes follow the sorted order of the ids in the file, as graphrank's do.
    """

    name: str
    src: Ints
    dst: Ints
    n_nodes: int
    directed: bool

    @property
    def n_edges(self) -> int:
        return len(self.src)

    def arcs(self) -> tuple[Ints, Ints]:
        """Every edge as arcs, an undirected one as two (none of the undirected inputs has self-loops)."""
        if self.directed:
            return self.src, self.dst
        return np.concatenate([self.src, self.dst]), np.concatenate([self.dst, self.src])

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame({"src": self.src, "dst": self.dst})


def real_graphs() -> list[str]:
    """Names of the real graphs at hand; says which are missing."""
    folder = os.environ.get("GRAPHRANK_DATA")
    if folder is None:
        print("GRAPHRANK_DATA is not set: real graphs are left out")
        return []
    missing = [name for name in REAL if not _real_path(name).exists()]
    for name in missing:
        print(f"{name}.parquet is not in GRAPHRANK_DATA: left out")
    return [name for name in REAL if name not in missing]


def load_real(name: str) -> EdgeList:
    frame = pl.read_parquet(_real_path(name), columns=["src", "dst"]).unique(maintain_order=True)
    codes = pl.concat([frame["src"], frame["dst"]]).rank("dense").to_numpy().astype(np.int64) - 1
    src, dst = codes[: frame.height], codes[frame.height :]
    return EdgeList(name, src, dst, int(codes.max()) + 1, REAL[name])


def _real_path(name: str) -> Path:
    return Path(os.environ["GRAPHRANK_DATA"]) / f"{name}.parquet"


def rmat(scale: int, n_draws: int, seed: int = 1) -> EdgeList:
    """R-MAT (.57, .19, .19, .05), labels shuffled, repeated edges and unused labels dropped; kept on disk."""
    path = CACHE / f"rmat-scale{scale}-draws{n_draws}-seed{seed}.npy"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        np.save(path, _draw_rmat(scale, n_draws, seed))
    src, dst = np.load(path).astype(np.int64)
    return EdgeList(f"R-MAT {scale}", src, dst, int(max(src.max(), dst.max())) + 1, True)


def web(n_pages: int, seed: int = 1) -> EdgeList:
    """Hosts of pages, a quarter of which lead nowhere: ``graphrank.testing.web_edges`` without unlinked pages."""
    from graphrank.testing import web_edges

    frame = web_edges(n_pages, seed=seed)
    _, codes = np.unique(np.concatenate([frame["src"], frame["dst"]]), return_inverse=True)
    src, dst = codes.reshape(2, -1)
    return EdgeList(f"web {n_pages}", src, dst, int(codes.max()) + 1, True)


def _draw_rmat(scale: int, n_draws: int, seed: int) -> NDArray[np.uint32]:
    rng = np.random.default_rng(seed)
    src, dst = rmat_quadrants(rng, scale, n_draws)
    labels = rng.permutation(2**scale)
    distinct = np.unique(labels[src] * 2**scale + labels[dst])
    rng.shuffle(distinct)  # edge tables seldom come sorted
    ends = np.concatenate([distinct >> scale, distinct & (2**scale - 1)])
    _, codes = np.unique(ends, return_inverse=True)
    return codes.reshape(2, -1).astype(np.uint32)


def rmat_quadrants(rng: np.random.Generator, scale: int, n_draws: int) -> tuple[Ints, Ints]:
    """Ends of ``n_draws`` edges of R-MAT (.57, .19, .19, .05): not distinct, and node 0 the best connected."""
    src, dst = np.zeros(n_draws, np.int64), np.zeros(n_draws, np.int64)
    for _ in range(scale):
        draw = rng.random(n_draws, np.float32)
        lower = draw >= 0.57 + 0.19  # quadrants c and d: the source's bit is 1
        right = ((draw >= 0.57) & ~lower) | (draw >= 0.57 + 0.19 + 0.19)  # b and d: the target's bit is 1
        src = src * 2 + lower
        dst = dst * 2 + right
    return src, dst


def uniform_ids(n_rows: int, n_ids: int, seed: int = 1) -> tuple[Ints, Ints]:
    """Two columns of ids drawn from 0 .. n_ids - 1."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, n_ids, n_rows), rng.integers(0, n_ids, n_rows)


def hashed(ids: Ints) -> Ints:
    """Ids spread over 63 bits by the mixer of splitmix64, as hashes of names would be."""
    z = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)


def named(frame: pl.DataFrame, template: str) -> pl.DataFrame:
    """The ids written into ``template``: one string per row, as a file reader would leave them."""
    return frame.select(
        pl.format(template, pl.col(c).cast(pl.String).str.zfill(7)).alias(c) for c in frame.columns
    )
