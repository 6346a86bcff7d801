"""Many queries: one by one from random pages of a web, and as one batch of best lists."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from common.graphs import EdgeList
from common.timing import Contender, Quality
from ppr_reference import TOL, Floats, L1Error, power_iteration, transition_transposed
from ppr_solvers import SOLVERS, Solver

BATCH_TOL = 1e-6
MEDIAN = "median query"
_TOP = 100
_CHECKED = 5  # sources whose answers are compared with the reference
_SLOW = 20  # sources asked of solvers that go over the whole graph for each
_PEERS = ("igraph PRPACK", "SciPy power iteration")


class Timed(NamedTuple):
    """Answers to the first sources, and the time each source took."""

    answers: list[Any]
    seconds: list[float]


def local_contenders(edges: EdgeList, sources: Sequence[int]) -> list[Contender]:
    """One query after another, timed one by one: the median is that of sources, not of repeats."""
    error = L1Error(edges)
    ours = Solver("graphrank", _reached, lambda answer, _: answer.scores.toarray()[0])
    peers = [solver for solver in SOLVERS if solver.name in _PEERS]
    return [
        _local(edges, sources, ours, error),
        *(_local(edges, sources[:_SLOW], peer, error) for peer in peers),
    ]


def _reached(edges: EdgeList) -> Callable[[int], Any]:
    """All nodes of positive score as a list: every score, and no zeros to write."""
    import graphrank

    graph = graphrank.Graph.from_edges(edges.frame(), directed=edges.directed)
    return lambda source: graphrank.personalized_pagerank(graph, source, tol=TOL, top_k=edges.n_nodes)


def _local(edges: EdgeList, sources: Sequence[int], solver: Solver, error: L1Error) -> Contender:
    def prepare() -> Callable[[], Timed]:
        solve = solver.prepare(edges)
        return lambda: _each_timed(solve, sources)

    def check(timed: Timed) -> Quality:
        scores = [solver.scores(answer, edges.n_nodes) for answer in timed.answers]
        return {MEDIAN: median(timed.seconds), **error.worst(sources[:_CHECKED], scores)}

    return Contender(solver.name, prepare, check, lambda _: len(sources), f"{len(sources)} sources")


def _each_timed(solve: Callable[[int], Any], sources: Sequence[int]) -> Timed:
    answers, seconds = [], []
    for source in sources:
        start = perf_counter()
        answer = solve(source)
        seconds.append(perf_counter() - start)
        if len(answers) < _CHECKED:
            answers.append(answer)
    return Timed(answers, seconds)


def batch_contenders(edges: EdgeList, sources: Sequence[int]) -> list[Contender]:
    """The best nodes of every source: one call of ours, one call after another of the others."""
    error = L1Error(edges)
    few = sources[:_SLOW]
    igraph = next(solver for solver in SOLVERS if solver.name == "igraph PRPACK")
    return [
        _batch(edges, sources, error),
        Contender(
            igraph.name,
            lambda: _best_of_each(igraph.prepare(edges), few),
            lambda best: _lists(error, few, best),
            lambda _: len(few),
            f"one by one, {len(few)} sources",
        ),
        Contender(
            "SciPy power iteration",
            lambda: _scipy_best_of_each(edges, few),
            lambda best: _lists(error, few, best),
            lambda _: len(few),
            f"one by one, {len(few)} sources",
        ),
    ]


def _batch(edges: EdgeList, sources: Sequence[int], error: L1Error) -> Contender:
    def prepare() -> Callable[[], Any]:
        import graphrank

        graph = graphrank.Graph.from_edges(edges.frame(), directed=edges.directed)
        return lambda: graphrank.personalized_pagerank(
            graph, sources=list(sources), tol=BATCH_TOL, top_k=_TOP
        )

    def check(result: Any) -> Quality:
        ends = result.offsets[: _CHECKED + 1].astype(int)
        rows = [slice(a, b) for a, b in pairwise(ends)]
        best = [(result.nodes[row], result.values[row]) for row in rows]
        return {**_lists(error, sources, best), "proven": float(result.error_bound.max())}

    return Contender(
        "graphrank", prepare, check, lambda _: len(sources), f"one call, {len(sources):,} sources"
    )


def _best_of_each(
    solve: Callable[[int], Any], sources: Sequence[int]
) -> Callable[[], list[tuple[Any, Floats]]]:
    return lambda: [_best(np.asarray(solve(source))) for source in sources]


def _scipy_best_of_each(edges: EdgeList, sources: Sequence[int]) -> Callable[[], list[tuple[Any, Floats]]]:
    matrix = transition_transposed(edges)
    return _best_of_each(lambda source: power_iteration(matrix, source, BATCH_TOL)[0], sources)


def _best(scores: Floats) -> tuple[Any, Floats]:
    nodes = np.argpartition(-scores, _TOP)[:_TOP]
    return nodes, scores[nodes]


def _lists(error: L1Error, sources: Sequence[int], best: Sequence[tuple[Any, Floats]]) -> Quality:
    """How far the listed scores are off together, and the share of the list that belongs there; the worst of some."""
    worst, least = 0.0, 1.0
    for source, (nodes, scores) in zip(sources[:_CHECKED], best, strict=False):
        exact = error.reference(source)
        worst = max(worst, float(np.abs(scores - exact[nodes]).sum()))
        threshold = np.partition(exact, -_TOP)[-_TOP]
        least = min(least, float((exact[nodes] >= threshold - 1e-12).sum() / min(_TOP, (exact > 0).sum())))
    return {"L1 error": worst, "P@100": f"{least:.2f}"}
