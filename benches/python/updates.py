"""Personalized PageRank after updates of the graph: kept up to date by graphrank, and solved again, in one run.

A batch deletes edges drawn at random and brings back those that the batch before has deleted; what is timed is one
batch, from frames to scores whose certified error is at most that of the case, per edge deleted or inserted. Those who
solve again get the changed graph in the form they like best, made outside the clock, but for the line that says
otherwise; power iteration starts from the scores before the batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.graphs import EdgeList, load_real, real_graphs, rmat
from common.report import Target, cost
from common.runner import Options, Results, run
from common.timing import Case, Contender
from ppr import wide_sources
from ppr_reference import DAMPING, Floats, SparseMatrix, power_iteration, transition_transposed

N_BATCHES = 4  # then the first comes again
GOAL = 100_000  # updates per second


@dataclass(frozen=True, eq=False)
class Stream:
    """A graph, and the positions of the edges that are missing after each batch."""

    edges: EdgeList
    source: int
    missing: tuple[NDArray[np.int64], ...]

    def rows(self, i: int) -> pl.DataFrame:
        at = self.missing[i % N_BATCHES]
        return pl.DataFrame({"src": self.edges.src[at], "dst": self.edges.dst[at]})

    @cache  # noqa: B019 - streams live as long as the program
    def state(self, i: int) -> EdgeList:
        """The graph after batch ``i``, below N_BATCHES."""
        kept = np.delete(np.arange(self.edges.n_edges), self.missing[i])
        edges = self.edges
        return EdgeList(edges.name, edges.src[kept], edges.dst[kept], edges.n_nodes, edges.directed)

    @cache  # noqa: B019
    def matrix(self, i: int) -> SparseMatrix:
        return transition_transposed(self.state(i))

    @cache  # noqa: B019
    def reference(self, i: int) -> Floats:
        return power_iteration(self.matrix(i), self.source, 1e-14)[0]


def make_cases(options: Options) -> list[Case]:
    scale, draws = (14, 2**18) if options.quick else (17, 2**21)
    graphs: list[tuple[str, Callable[[], EdgeList]]] = [(f"rmat{scale}", lambda: rmat(scale, draws))]
    graphs += [(name, partial(load_real, name)) for name in real_graphs()[:1]]
    sizes = (100, 1_000) if options.quick else (1, 10, 100, 1_000, 10_000, 50_000)
    errors = (1e-4, 1e-6) if options.quick else (1e-4, 1e-5, 1e-6, 1e-8)
    return [_case(name, cache(load), size, eps) for name, load in graphs for eps in errors for size in sizes]


def _case(name: str, load: Callable[[], EdgeList], size: int, eps: float) -> Case:
    def contenders() -> list[Contender]:
        stream = draw_stream(load(), size)
        return [
            _updating(stream, eps),
            _solving(stream, eps, build=False),
            _solving(stream, eps, build=True),
            _iterating(stream, eps),
        ]

    title = f"{name}: {size} deleted and {size} inserted a batch, L1 error <= {eps:g}, time per edge"
    return Case(f"{name}-{size}-{eps:g}", title, contenders)


def draw_stream(edges: EdgeList, size: int) -> Stream:
    order = np.random.default_rng(5).permutation(edges.n_edges)
    missing = tuple(order[i * size : (i + 1) * size] for i in range(N_BATCHES))
    return Stream(edges, wide_sources(edges)[0], missing)


def _contender(
    name: str, stream: Stream, eps: float, prepare: Callable[[], Callable[[int], Any]], note: str
) -> Contender:
    """``prepare`` gives the call that carries out batch i and returns the scores."""

    def prepared() -> Callable[[], tuple[int, Any]]:
        batches, call = count(1), prepare()
        for i in range(N_BATCHES):
            stream.reference(i)

        def one() -> tuple[int, Any]:
            i = next(batches)
            return i, call(i)

        return one

    def check(result: tuple[int, Any]) -> dict[str, float | int | str]:
        i, scores = result
        error = float(np.abs(np.asarray(scores).ravel() - stream.reference(i % N_BATCHES)).sum())
        return {"L1 error": error, "within": "yes" if error <= eps else "NO"}

    n_edges = 2 * len(stream.missing[0])
    return Contender(name, prepared, check, lambda _: n_edges, note)


def _updating(stream: Stream, eps: float) -> Contender:
    def prepare() -> Callable[[int], Any]:
        import graphrank as gr

        ppr = gr.DynamicPpr(_graph(stream.state(0)), stream.source, eps=eps)
        frames = [stream.rows(i) for i in range(N_BATCHES)]

        def call(i: int) -> Any:
            ppr.update(delete=frames[i % N_BATCHES], insert=frames[(i - 1) % N_BATCHES])
            return ppr.scores

        return call

    return _contender("graphrank", stream, eps, prepare, "DynamicPpr, frames in, scores out")


def _solving(stream: Stream, eps: float, *, build: bool) -> Contender:
    def prepare() -> Callable[[int], Any]:
        import graphrank as gr

        graphs = [_graph(stream.state(i)) for i in range(N_BATCHES)]
        frames = [stream.state(i).frame() for i in range(N_BATCHES)]

        def call(i: int) -> Any:
            if build:
                graph = gr.Graph.from_edges(
                    frames[i % N_BATCHES], directed=stream.edges.directed, nodes=graphs[0].nodes
                )
            else:
                graph = graphs[i % N_BATCHES]
            return gr.personalized_pagerank(graph, stream.source, tol=eps).scores

        return call

    name, note = ("from edges", "Graph built") if build else ("graph given", "graph prepared")
    return _contender(f"solved again, {name}", stream, eps, prepare, f"personalized_pagerank, {note}")


def _graph(edges: EdgeList) -> Any:
    import graphrank as gr

    nodes = pl.int_range(edges.n_nodes, eager=True)
    return gr.Graph.from_edges(edges.frame(), directed=edges.directed, nodes=nodes)


def _iterating(stream: Stream, eps: float) -> Contender:
    def prepare() -> Callable[[int], Any]:
        scores = stream.reference(0).copy()

        def call(i: int) -> Any:
            nonlocal scores
            scores = warm_power_iteration(stream.matrix(i % N_BATCHES), stream.source, eps, scores)
            return scores

        return call

    note = "matrix prepared, started from the scores before"
    return _contender("SciPy power iteration", stream, eps, prepare, note)


def warm_power_iteration(matrix: SparseMatrix, source: int, tol: float, scores: Floats) -> Floats:
    """As ``power_iteration``, from ``scores`` on."""
    while True:
        following = matrix @ scores
        following *= DAMPING
        following[source] += 1.0 - following.sum()
        change = np.abs(following - scores).sum()
        scores = following
        if change * DAMPING / (1 - DAMPING) <= tol:
            return scores


def make_targets(results: Results, options: Options) -> list[Target]:
    targets = []
    for case, rows in results.items():
        ours = rows["graphrank"]
        rate = 1 / cost(ours, options.threads)
        targets.append(Target(f"{case}: updates per second / {GOAL:,}", rate / GOAL, 1))
    return targets


if __name__ == "__main__":
    run("updates", __doc__, make_cases, make_targets)
