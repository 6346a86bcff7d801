"""The 20 best passages for a question: personalized PageRank on the small graphs of retrieval, graphrank and igraph.

Undirected weighted graphs, a restart vector over all nodes of which one in twenty has weight, damping 0.5. Edges are
distinct and no node has a loop, which igraph would count twice in a degree. ``wrong of 20`` compares the lists with a
dense solve. A timed call answers 20 questions in a row, as a service does: the first one after a pause takes longer.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.report import Target, cost
from common.runner import Options, Results, run
from common.timing import Case, Contender, Quality

DAMPING, TOP, THREADS = 0.5, 20, 8
QUESTIONS, CALLS = 100, 20  # in a batch, and one after the other
Floats = NDArray[np.float64]


class Passages:
    """A graph of ``n`` passages with about 5 edges each, and the restart vectors of some questions."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(n)
        ends = np.sort(rng.integers(0, n, (5 * n, 2)), axis=1)
        ring = np.sort(np.stack([np.arange(n), np.roll(np.arange(n), 1)], axis=1), axis=1)
        edges = np.unique(np.concatenate([ring, ends[ends[:, 0] != ends[:, 1]]]), axis=0)
        self.n = n
        self.src, self.dst = np.ascontiguousarray(edges.T)
        self.weight = rng.random(len(edges)) + 0.1
        self.restarts = rng.random((QUESTIONS, n)) * (rng.random((QUESTIONS, n)) < 0.05)

    @cache  # noqa: B019 - as long as the benchmark runs
    def right(self, question: int) -> set[int]:
        matrix = np.zeros((self.n, self.n))
        matrix[self.src, self.dst] = matrix[self.dst, self.src] = self.weight
        walk = matrix / matrix.sum(axis=1, keepdims=True)
        scores = np.linalg.solve((np.eye(self.n) - DAMPING * walk).T, self.restarts[question])
        return set(np.argsort(-scores)[:TOP].tolist())


def _ours(data: Passages) -> Any:
    import graphrank

    return graphrank.Graph.from_edges((data.src, data.dst, data.weight), directed=False)


def _ask_ours(graph: Any, restart: Floats) -> list[list[int]]:
    import graphrank

    answer = graphrank.personalized_pagerank(graph, restart=restart, damping=DAMPING, top_k=TOP)
    return np.split(answer.nodes, answer.offsets[1:-1].astype(int))


def _igraph(data: Passages) -> Any:
    import igraph

    pairs = zip(data.src.tolist(), data.dst.tolist(), strict=True)
    return igraph.Graph(n=data.n, edges=pairs, directed=False, edge_attrs={"weight": data.weight.tolist()})


def _ask_igraph(graph: Any, restart: Floats) -> list[list[int]]:
    scores = graph.personalized_pagerank(
        damping=DAMPING, directed=False, weights="weight", reset=restart.tolist(), implementation="prpack"
    )
    return [np.argsort(-np.asarray(scores))[:TOP].tolist()]


def _contender(
    name: str, data: Passages, prepare: Callable[[], Callable[[], Any]], n_questions: int
) -> Contender:
    def check(answers: Any) -> Quality:
        first = data.right(0) - set(np.asarray(answers[0]).tolist())
        return {"wrong of 20": len(first)}

    return Contender(name, prepare, check, lambda _: n_questions)


def _case(n: int) -> list[Case]:
    @cache
    def data() -> Passages:
        return Passages(n)

    def cold() -> list[Contender]:
        d = data()
        return [
            _contender("graphrank", d, lambda: _often(lambda i: _ask_ours(_ours(d), d.restarts[i])), CALLS),
            _contender("igraph", d, lambda: _often(lambda i: _ask_igraph(_igraph(d), d.restarts[i])), CALLS),
        ]

    def warm() -> list[Contender]:
        d = data()
        return [
            _contender("graphrank", d, lambda: _asking(_ask_ours, _ours(d), d), CALLS),
            _contender("igraph", d, lambda: _asking(_ask_igraph, _igraph(d), d), CALLS),
        ]

    def batch() -> list[Contender]:
        d = data()
        return [
            _contender("graphrank", d, lambda: _in_one_call(d), QUESTIONS),
            _contender(
                f"graphrank, {THREADS} threads", d, lambda: _in_threads(_ask_ours, _ours(d), d), QUESTIONS
            ),
            _contender("igraph", d, lambda: _asking(_ask_igraph, _igraph(d), d), CALLS),
        ]

    return [
        Case(f"{n}-cold", f"{n:,} nodes: from edge arrays to the best {TOP}, time per graph", cold),
        Case(f"{n}-warm", f"{n:,} nodes: prepared graph, one question after the other", warm),
        Case(f"{n}-batch", f"{n:,} nodes: prepared graph, {QUESTIONS} questions, time per question", batch),
    ]


def _often(call: Callable[[int], list[Any]]) -> Callable[[], Any]:
    return lambda: [call(i)[0] for i in range(CALLS)]


def _asking(ask: Callable[[Any, Floats], list[Any]], graph: Any, data: Passages) -> Callable[[], Any]:
    return _often(lambda i: ask(graph, data.restarts[i]))


def _in_one_call(data: Passages) -> Callable[[], Any]:
    graph = _ours(data)
    return lambda: _ask_ours(graph, data.restarts)


def _in_threads(ask: Callable[[Any, Floats], Any], graph: Any, data: Passages) -> Callable[[], Any]:
    threads = ThreadPoolExecutor(THREADS)
    return lambda: [nodes[0] for nodes in threads.map(lambda restart: ask(graph, restart), data.restarts)]


def make_cases(options: Options) -> list[Case]:
    return [case for n in ((200,) if options.quick else (200, 1_000, 2_000, 3_500)) for case in _case(n)]


def make_targets(results: Results, options: Options) -> list[Target]:
    targets = []
    for case, rows in results.items():
        ours, size = rows["graphrank"], int(case.split("-")[0])
        if case.endswith("-cold") and size <= 2_000:
            targets.append(Target(f"{case}: ms", ours.fastest * 1e3, 1, at_most=True))
        if case.endswith("-warm") and size <= 2_000:
            targets.append(Target(f"{case}: ms", ours.fastest * 1e3, 0.2, at_most=True))
        if "igraph" in rows:
            ratio = cost(rows["igraph"], options.threads) / cost(ours, options.threads)
            targets.append(Target(f"{case}: igraph / ours", ratio, 1))
        targets.append(Target(f"{case}: wrong of 20", float(ours.quality["wrong of 20"]), 0, at_most=True))
    return targets


if __name__ == "__main__":
    run("retrieval", __doc__.splitlines()[0], make_cases, make_targets)
