"""Ways to embed the nodes of an undirected graph by random projection: graphrank and its peers.

Where a peer lets us, it computes what graphrank's defaults compute: powers 1..4 of the transition matrix, rows of
powers 3 and 4 scaled to length 1 and added with weights 1 and 6.67, as in Chen et al., CIKM 2019. Deviations:

- "authors' algorithm" is written here after the description and the behaviour of the code that came with the paper:
  float64, entries of the projection non-zero with probability 1/sqrt(n), and every power a product of two *sparse*
  matrices, which fill up. It scales the projection by degree^-0.64, as the authors do for BlogCatalog.
- package ``fastrp`` scales no rows; its weights start at power 0. By default it adds the transposed matrix (which
  doubles every weight of an undirected graph) and takes the powers 1 and 2 with weight 1.
- pycleora scales rows to length 1 after every step and returns the last step only: 4 steps cost what 4 powers cost.
- scikit-network's RandomProjection adds powers 0..4 of the adjacency matrix, from a dense Gaussian projection.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.node_classification import F1, Labels, evaluate
from common.stored import StoredGraph
from common.timing import Contender, NotRun, Quality

WEIGHTS = (0.0, 0.0, 1.0, 6.67)
STRENGTH = -0.64
Vectors = NDArray[Any]
Embed = Callable[[int], Any]
"""From a seed to whatever the library returns."""


@dataclass(frozen=True)
class Method:
    """``prepare`` puts the graph into the library's own form; ``in_order`` takes its answer apart, row by node."""

    name: str
    prepare: Callable[[StoredGraph, int], Embed]
    seeds: int = 1  # that its quality is the mean of
    in_order: Callable[[StoredGraph, Any], Vectors] = lambda _, answer: answer
    note: str = ""
    most_arcs: float = np.inf


def contender(method: Method, graph: StoredGraph, dim: int, labels: Labels | None) -> Contender:
    """The method at one job. Quality is F1 when there are labels, else the number of zero vectors."""
    embed: list[Embed] = []

    def prepare() -> Callable[[], Any]:
        if graph.n_arcs > method.most_arcs:
            raise NotRun(f"more than {method.most_arcs:g} arcs take it minutes, or more memory than there is")
        embed[:] = [method.prepare(graph, dim)]
        return partial(embed[0], 0)

    def check(answer: Any) -> Quality:
        if labels is None:
            return {"zero rows": int((~method.in_order(graph, answer).any(axis=1)).sum())}
        found = [evaluate(method.in_order(graph, answer), labels)]
        found += [evaluate(method.in_order(graph, embed[0](s)), labels) for s in range(1, method.seeds)]
        return _quality(found)

    return Contender(method.name, prepare, check, note=method.note)


def _quality(found: list[dict[float, F1]]) -> Quality:
    """Micro and macro F1 by share of labelled nodes, of known counts and by threshold, averaged over seeds."""
    quality: Quality = {}
    for share in found[0]:
        quality[f"{share:.0%}"] = _pair([(f[share].known_micro, f[share].known_macro) for f in found])
    for share in found[0]:
        quality[f"{share:.0%} thr."] = _pair(
            [(f[share].threshold_micro, f[share].threshold_macro) for f in found]
        )
    return quality


def _pair(scores: list[tuple[float, float]]) -> str:
    micro, macro = np.mean(scores, axis=0)
    return f"{micro:.2f}/{macro:.2f}"


# --- graphrank -------------------------------------------------------------------------------------------------------


def _ours(graph: StoredGraph, dim: int, **options: Any) -> Embed:
    import graphrank

    opened = graph.graph()
    return lambda seed: graphrank.fastrp(opened, dim, seed=seed, **options)


def ours(name: str, note: str = "", **options: Any) -> Method:
    return Method(name, partial(_ours, **options), 5, lambda _, answer: answer.vectors, note)


# --- SciPy -----------------------------------------------------------------------------------------------------------


def _transition(graph: StoredGraph, dtype: Any) -> tuple[Any, Vectors]:
    """The row-stochastic matrix, and the degrees, isolated nodes counted as 1."""
    matrix = graph.matrix(dtype)
    degrees = np.maximum(np.diff(matrix.indptr), 1).astype(dtype)
    matrix.data /= np.repeat(degrees, np.diff(matrix.indptr))
    return matrix, degrees


def _authors(graph: StoredGraph, dim: int) -> Embed:
    from scipy.sparse import csr_array, diags_array

    walk, degrees = _transition(graph, np.float64)
    walk, scale, n = csr_array(walk), diags_array(degrees**STRENGTH), graph.n_nodes

    def embed(seed: int) -> Vectors:
        rng = np.random.default_rng(seed)
        at = np.unique(rng.integers(n * dim, size=rng.binomial(n * dim, n**-0.5)))
        power = scale @ csr_array((rng.choice([-1.0, 1.0], len(at)), np.divmod(at, dim)), shape=(n, dim))
        total = np.zeros((n, dim))
        for weight in WEIGHTS:
            power = walk @ power
            if weight:
                norms = np.sqrt(power.multiply(power).sum(axis=1))
                total += weight * (diags_array(1 / np.where(norms > 0, norms, 1)) @ power).toarray()
        return total

    return embed


def _scipy(graph: StoredGraph, dim: int) -> Embed:
    walk, _ = _transition(graph, np.float32)

    def embed(seed: int) -> Vectors:
        rng = np.random.default_rng(seed)
        power = rng.choice(np.array([-1, 0, 0, 0, 0, 1], np.int8), (graph.n_nodes, dim)).astype(np.float32)
        total = np.zeros_like(power)
        for weight in WEIGHTS:
            power = walk @ power
            if weight:
                norms = np.sqrt(np.einsum("ij,ij->i", power, power))
                total += (weight / np.where(norms > 0, norms, 1))[:, None] * power
        return total

    return embed


# --- packages --------------------------------------------------------------------------------------------------------


def _fastrp(graph: StoredGraph, dim: int, **options: Any) -> Embed:
    package, matrix = _package_fastrp(), graph.matrix(np.float64)
    return lambda seed: package.FastRP(dim, seed=seed, **options).fit_transform(matrix)


def _package_fastrp() -> Any:
    """The package; the benchmark beside this file has the same name and comes first in the path."""
    here = str(Path(__file__).parent)
    spec = PathFinder.find_spec("fastrp", [folder for folder in sys.path if folder != here])
    if spec is None or spec.loader is None:
        raise ImportError("no package fastrp", name="fastrp")
    package = module_from_spec(spec)
    sys.modules["fastrp"] = package  # it imports its own parts by this name
    spec.loader.exec_module(package)
    return package


def _cleora(graph: StoredGraph, dim: int, **options: Any) -> Embed:
    import pycleora

    built = cleora_graph(cleora_lines(graph))
    workers = _threads()
    return lambda seed: (built, pycleora.embed(built, dim, seed=seed, num_workers=workers, **options))


def cleora_lines(graph: StoredGraph) -> list[str]:
    """What pycleora reads: one string per edge."""
    src, dst = graph.edges()
    return [f"{a} {b}" for a, b in zip(src.tolist(), dst.tolist(), strict=True)]


def cleora_graph(lines: list[str]) -> Any:
    import pycleora

    return pycleora.SparseMatrix.from_iterator(
        iter(lines), "complex::reflexive::node", num_workers=_threads()
    )


def _cleora_in_order(graph: StoredGraph, answer: Any) -> Vectors:
    built, vectors = answer
    rows = np.zeros((graph.n_nodes, vectors.shape[1]), vectors.dtype)
    rows[np.array(built.entity_ids).astype(np.int64)] = vectors
    return rows


def _random_projection(graph: StoredGraph, dim: int) -> Embed:
    from sknetwork.embedding import RandomProjection

    matrix = graph.matrix(np.float64)
    return lambda seed: RandomProjection(dim, n_iter=4, random_state=seed).fit_transform(matrix)


def _spectral(graph: StoredGraph, dim: int) -> Embed:
    from sknetwork.embedding import Spectral

    matrix = graph.matrix(np.float64)
    return lambda _: Spectral(dim).fit_transform(matrix)


def _threads() -> int:
    return int(os.environ.get("RAYON_NUM_THREADS", "1"))


OURS = "graphrank"
PLAIN = ours(OURS)
HALF = ours("graphrank, float16 state", state="float16")
REFINED = ours("graphrank, refine=2", refine=2)
PAPER = ours("graphrank, preset paper", "the authors' setting", preset="paper")
AUTHORS = Method("authors' algorithm", _authors, 5, most_arcs=1e7)
SCIPY = Method("SciPy float32", _scipy, 5)
FASTRP = Method(
    "fastrp, same powers", partial(_fastrp, weights=[0.0, *WEIGHTS], undirected=False), 5, note="no row norms"
)
FASTRP_DEFAULT = Method("fastrp, defaults", _fastrp, note="powers 1 and 2")
CLEORA = Method(
    "pycleora, 4 steps", partial(_cleora, num_iterations=4, whiten=False), 1, _cleora_in_order, most_arcs=1e7
)
CLEORA_DEFAULT = Method(
    "pycleora, defaults", _cleora, 1, _cleora_in_order, "40 steps, whitened", most_arcs=1e6
)
RANDOM_PROJECTION = Method("scikit-network RandomProjection", _random_projection, most_arcs=1e7)
SPECTRAL = Method("scikit-network Spectral", _spectral, most_arcs=1e6)
QUALITY = (
    PLAIN, HALF, REFINED, PAPER, AUTHORS, SCIPY, FASTRP, FASTRP_DEFAULT, CLEORA, CLEORA_DEFAULT,
    RANDOM_PROJECTION, SPECTRAL,
)  # fmt: skip
SPEED = (PLAIN, HALF, REFINED, AUTHORS, SCIPY, FASTRP, FASTRP_DEFAULT, CLEORA, RANDOM_PROJECTION)
