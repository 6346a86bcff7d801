"""Exact personalized PageRank to a proven L1 error: graphrank, SciPy and the peers in one run."""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy.sparse.csgraph import breadth_first_order

from common.graphs import EdgeList, load_real, real_graphs, rmat, web
from common.report import Target, cost
from common.runner import Options, Results, run
from common.timing import Case, Contender
from ppr_batches import BATCH_TOL, MEDIAN, batch_contenders, local_contenders
from ppr_contenders import array_contenders, query_contenders, sweep_contenders
from ppr_reference import TOL, adjacency

N_SOURCES = 3
_QUERIES, _ARRAYS, _SWEEPS, _LOCAL, _BATCH = "queries", "from-arrays", "sweeps", "local", "batch"
_BATCHED = "slashdot0902_directed"
_COMPARED = ("slashdot0902_directed", "email_enron")
_AT_LEAST = {  # how many times as long the peer may take, per case
    _QUERIES: {"igraph PRPACK": 5, "SciPy power iteration": 4, "NetworkX": 100, "rustworkx": 10},
    _ARRAYS: {"igraph PRPACK": 5},
}


def make_cases(options: Options) -> list[Case]:
    scale, draws = (14, 2**18) if options.quick else (20, 2**24)
    names = real_graphs()[-1:] if options.quick else real_graphs()
    cases = [case for name in names for case in _cases_of(name, partial(load_real, name))]
    cases += _cases_of(f"rmat{scale}", lambda: rmat(scale, draws))
    cases.append(_local_case(30_000 if options.quick else 300_000, n_sources=20 if options.quick else 200))
    if _BATCHED in names:
        cases.append(_batch_case(10_000 if options.long else 1_000))
    return cases


def _local_case(n_pages: int, n_sources: int) -> Case:
    def contenders() -> list[Contender]:
        edges = web(n_pages)
        sources = np.random.default_rng(7).choice(edges.n_nodes, n_sources, replace=False).tolist()
        return local_contenders(edges, sources)

    title = f"web{n_pages}: prepared graph, {n_sources} random sources one by one, time per query"
    return Case(f"web{n_pages}-{_LOCAL}", title, contenders)


def _batch_case(n_sources: int) -> Case:
    def contenders() -> list[Contender]:
        edges = load_real(_BATCHED)
        sources = np.random.default_rng(7).choice(edges.n_nodes, n_sources, replace=False).tolist()
        return batch_contenders(edges, sources)

    title = f"{_BATCHED}: {n_sources:,} sources, top 100, L1 error {BATCH_TOL:g}, time per query"
    return Case(f"{_BATCHED}-{_BATCH}", title, contenders)


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
        name, _, kind = case.partition("-")
        at_least = _AT_LEAST.get(kind, {}) if name in _COMPARED else {}
        if kind == _SWEEPS:
            at_least = {"SciPy power iteration": 1, "SciPy product alone": 1}
        for peer, required in at_least.items():
            if peer in rows:
                ratio = cost(rows[peer], options.threads) / cost(ours, options.threads)
                targets.append(Target(f"{case}: {peer} / ours", ratio, required))
        if kind == _LOCAL and "igraph PRPACK" in rows and not options.quick:
            medians = [float(rows[row].quality[MEDIAN]) for row in ("igraph PRPACK", "graphrank")]
            targets.append(Target(f"{case}: igraph PRPACK / ours, medians", medians[0] / medians[1], 1_000))
        if kind == _BATCH and options.threads == 2:
            targets.append(Target(f"{case}: seconds for 10,000", 10_000 * ours.fastest, 90, at_most=True))
        error, tol = float(ours.quality["L1 error"]), BATCH_TOL if kind == _BATCH else TOL
        targets.append(Target(f"{case}: our L1 error / {tol:g}", error / tol, 1, at_most=True))
    return targets


if __name__ == "__main__":
    run("ppr", __doc__, make_cases, make_targets)
