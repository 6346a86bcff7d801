"""The three tables of every graph: prepared queries, from arrays, and time per sweep."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from common.graphs import EdgeList
from common.timing import Contender, Quality
from ppr_reference import TOL, Floats, L1Error, SparseMatrix, power_iteration, transition_transposed
from ppr_solvers import SOLVERS, Solver, first_row

_TINY = EdgeList("tiny", np.array([0, 1]), np.array([1, 0]), 2, True)
_BATCH = "graphrank, one call"


def query_contenders(edges: EdgeList, sources: Sequence[int]) -> list[Contender]:
    """Graphs are prepared; a call asks for one source after another. Times are per query."""
    error = L1Error(edges)
    return [
        *(_one_by_one(edges, sources, solver, error) for solver in SOLVERS),
        _batch(edges, sources, error),
    ]


def _one_by_one(edges: EdgeList, sources: Sequence[int], solver: Solver, error: L1Error) -> Contender:
    def prepare() -> Callable[[], list[Any]]:
        solve = solver.prepare(edges)
        return lambda: [solve(source) for source in sources]

    def check(answers: list[Any]) -> Quality:
        return error.worst(sources, [solver.scores(answer, edges.n_nodes) for answer in answers])

    return Contender(solver.name, prepare, check, lambda _: len(sources), solver.note)


def _batch(edges: EdgeList, sources: Sequence[int], error: L1Error) -> Contender:
    def prepare() -> Callable[[], Any]:
        import graphrank

        graph = graphrank.Graph.from_edges(edges.frame(), directed=edges.directed)
        return lambda: graphrank.personalized_pagerank(graph, sources=list(sources), tol=TOL)

    note = f"all {len(sources)} sources in one call"
    return Contender(_BATCH, prepare, lambda r: error.worst(sources, r.scores), lambda _: len(sources), note)


def array_contenders(edges: EdgeList, source: int) -> list[Contender]:
    """From edge arrays to one answer: the library's graph is built inside the timed call."""
    error = L1Error(edges)
    return [_from_arrays(edges, source, solver, error) for solver in SOLVERS]


def _from_arrays(edges: EdgeList, source: int, solver: Solver, error: L1Error) -> Contender:
    def prepare() -> Callable[[], Any]:
        if edges.directed:
            solver.prepare(_TINY)  # imports the library
        return lambda: solver.prepare(edges)(source)

    def check(answer: Any) -> Quality:
        return error.worst([source], [solver.scores(answer, edges.n_nodes)])

    return Contender(solver.name, prepare, check, note=solver.note)


def sweep_contenders(edges: EdgeList, source: int) -> list[Contender]:
    """Power iteration only. Times are per sweep: the whole call divided by the sweeps it reports."""
    error = L1Error(edges)
    return [
        _our_sweeps(edges, source, error),
        _scipy_sweeps(edges, source, error),
        Contender(
            "SciPy product alone",
            lambda: _products(transition_transposed(edges), n=20),
            lambda n: {"sweeps": n},
            float,
            "no restart, no stop test",
        ),
    ]


def _our_sweeps(edges: EdgeList, source: int, error: L1Error) -> Contender:
    def prepare() -> Callable[[], Any]:
        import graphrank

        graph = graphrank.Graph.from_edges(edges.frame(), directed=edges.directed)
        return lambda: graphrank.personalized_pagerank(graph, sources=[source], tol=TOL, method="power")

    def sweeps(result: Any) -> int:
        return int(np.asarray(result.iterations).flat[0])

    def check(result: Any) -> Quality:
        return {"sweeps": sweeps(result), **error.worst([source], [first_row(result, edges.n_nodes)])}

    return Contender("graphrank", prepare, check, sweeps, "with restart, stop test and certified bound")


def _scipy_sweeps(edges: EdgeList, source: int, error: L1Error) -> Contender:
    def prepare() -> Callable[[], tuple[Floats, int]]:
        matrix = transition_transposed(edges)
        return lambda: power_iteration(matrix, source, TOL)

    def check(answer: tuple[Floats, int]) -> Quality:
        scores, sweeps = answer
        return {"sweeps": sweeps, **error.worst([source], [scores])}

    return Contender(
        "SciPy power iteration", prepare, check, lambda answer: answer[1], "with restart and stop test"
    )


def _products(matrix: SparseMatrix, n: int) -> Callable[[], int]:
    scores = np.full(matrix.shape[0], 1.0 / matrix.shape[0])

    def call() -> int:
        for _ in range(n):
            matrix @ scores
        return n

    return call
