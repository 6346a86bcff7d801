"""Exact personalized PageRank to an L1 error of 1e-8: graphrank, SciPy and the peers in one run."""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy.sparse.csgraph import breadth_first_order

from common.graphs import EdgeList, load_real, real_graphs, rmat
from common.report import Target, cost
from common.runner import Options, Results, run
from common.timing import Case, Contender
from ppr_contenders import array_contenders, query_contenders, sweep_contenders
from ppr_reference import TOL, adjacency

N_SOURCES = 3
_QUERIES, _ARRAYS, _SWEEPS = "queries", "from-arrays", "sweeps"


def make_cases(options: Options) -> list[Case]:
    scale, draws = (14, 2**18) if options.quick else (20, 2**24)
    names = real_graphs()[-1:] if options.quick else real_graphs()
    cases = [_cases_of(name, partial(load_real, name)) for name in names]
    return [case for three in cases for case in three] + _cases_of(f"rmat{scale}", lambda: rmat(scale, draws))


def _cases_of(name: str, load: Callable[[], EdgeList]) -> list[Case]:
    @cache
    def edges() -> EdgeList:
        return load()

    @cache
    def sources() -> list[int]:
        return wide_sources(edges())

    def queries() -> list[Contender]:
        return query_contenders(edges(), sources())

    return [
        Case(f"{name}-{_QUERIES}", f"{name}: prepared graph, {N_SOURCES} sources, time per query", queries),
        Case(
            f"{name}-{_ARRAYS}",
            f"{name}: from edge arrays, one source",
            lambda: array_contenders(edges(), sources()[0]),
        ),
        Case(f"{name}-{_SWEEPS}", f"{name}: time per sweep", lambda: sweep_contenders(edges(), sources()[0])),
    ]


def wide_sources(edges: EdgeList, n_candidates: int = 32) -> list[int]:
    """Of seeded random candidates, the first that reach at least half as many nodes as the widest of them."""
    matrix = adjacency(edges)
    leaving = np.flatnonzero(np.diff(matrix.indptr))
    candidates = np.random.default_rng(7).choice(leaving, n_candidates, replace=False).tolist()
    reach = [len(breadth_first_order(matrix, c, return_predecessors=False)) for c in candidates]
    return [c for c, r in zip(candidates, reach, strict=True) if 2 * r >= max(reach)][:N_SOURCES]


def make_targets(results: Results, options: Options) -> list[Target]:
    targets: list[Target] = []
    for case, rows in results.items():
        ours = rows.get("graphrank")
        if ours is None:
            continue
        if case.endswith(_SWEEPS):
            for peer in ("SciPy power iteration", "SciPy product alone"):
                ratio = cost(rows[peer], options.threads) / cost(ours, options.threads)
                targets.append(Target(f"{case}: {peer} / ours", ratio, 1))
        error = float(ours.quality["L1 error"])
        targets.append(Target(f"{case}: our L1 error / {TOL:g}", error / TOL, 1, at_most=True))
    return targets


if __name__ == "__main__":
    run("ppr", __doc__, make_cases, make_targets)
