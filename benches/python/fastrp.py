"""Node embeddings by random projection: F1 of the vectors, time, and memory of the whole process; 128 dimensions."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from common.bandwidth import WIDTH, reader
from common.node_classification import load_blogcatalog
from common.report import Target, cost
from common.runner import Options, Results, run
from common.stored import StoredGraph, blogcatalog, rmat_undirected
from common.timing import Case, Contender, Quality
from fastrp_contenders import (
    AUTHORS,
    CLEORA,
    FASTRP,
    FASTRP_DEFAULT,
    HALF,
    OURS,
    PAPER,
    PLAIN,
    QUALITY,
    RANDOM_PROJECTION,
    REFINED,
    SCIPY,
    SPECTRAL,
    SPEED,
    WEIGHTS,
    cleora_graph,
    cleora_lines,
    contender,
)

DIM = 128
FROM_EDGES, GATHER = "from-edges", "gather"
_SLOWER = {  # how many times as long the peer has to take, per graph
    FASTRP.name: {"rmat18": 5, "blogcatalog": 3},
    CLEORA.name: {"rmat18": 4, "blogcatalog": 4},
    RANDOM_PROJECTION.name: {"rmat18": 20, "blogcatalog": 20},
    SCIPY.name: {"rmat18": 4, "blogcatalog": 4},
}
_REFINED_AT_LEAST = {"10%": (36.1, 22.5), "50%": (41.2, 28.5)}


def make_cases(options: Options) -> list[Case]:
    cases = []
    blogs = blogcatalog()
    if blogs is not None:
        methods = (PLAIN, SCIPY, FASTRP) if options.quick else QUALITY
        title = "BlogCatalog: micro/macro F1 by share of labelled nodes, number of labels known or by threshold (thr.)"
        cases.append(Case("blogcatalog", title, lambda: _labelled(blogs, methods)))
    scale = 14 if options.quick else 18
    graph = rmat_undirected(scale)
    cases += [_speed_case(graph, SPEED), _from_edges_case(graph), _gather_case(graph)]
    if options.long:
        cases.append(_speed_case(rmat_undirected(22), (PLAIN, HALF, SCIPY, FASTRP, FASTRP_DEFAULT)))
    return cases


def _labelled(graph: StoredGraph, methods: tuple[Any, ...]) -> list[Contender]:
    content = load_blogcatalog()
    assert content is not None
    return [contender(method, graph, DIM, content.labels) for method in methods]


def _speed_case(graph: StoredGraph, methods: tuple[Any, ...]) -> Case:
    title = f"{graph.name}: {graph.n_nodes:,} nodes, {graph.n_arcs // 2:,} edges"
    return Case(graph.name, title, lambda: [contender(method, graph, DIM, None) for method in methods])


def _from_edges_case(graph: StoredGraph) -> Case:
    def ours() -> Callable[[], Any]:
        import graphrank

        edges = graph.edges()
        return lambda: graphrank.fastrp(graphrank.Graph.from_edges(edges, directed=False), DIM)

    def cleora() -> Callable[[], Any]:
        import pycleora

        lines = cleora_lines(graph)
        return lambda: pycleora.embed(cleora_graph(lines), DIM, num_iterations=4, whiten=False)

    def contenders() -> list[Contender]:
        return [Contender(OURS, ours, lambda _: {}), Contender(CLEORA.name, cleora, lambda _: {})]

    title = (
        f"{graph.name}: from an edge table (graphrank: two columns, pycleora: a list of strings) to vectors"
    )
    return Case(f"{graph.name}-{FROM_EDGES}", title, contenders)


def _gather_case(graph: StoredGraph) -> Case:
    """Time per gigabyte of neighbours' vectors; nothing else that graphrank does is subtracted from its time."""
    threads = int(os.environ["GRAPHRANK_NUM_THREADS"])

    def reading(rows: Any) -> Callable[[], Callable[[], Any]]:
        return lambda: reader(None if rows is None else rows().astype(np.uint32), graph.n_nodes, threads)

    def anywhere() -> Any:
        return np.random.default_rng(1).integers(graph.n_nodes, size=graph.n_arcs)

    def ours(**options: Any) -> Callable[[], Any]:
        import graphrank

        opened = graph.graph()
        return lambda: graphrank.fastrp(opened, DIM, **options)

    def nothing(_: Any) -> Quality:
        return {}

    gathered = len(WEIGHTS) * graph.n_arcs * DIM * 4 / 1e9
    assert DIM == WIDTH

    def contenders() -> list[Contender]:
        half = partial(ours, state="float16")
        return [
            Contender(OURS, ours, nothing, lambda _: gathered, "all of its time"),
            Contender(HALF.name, half, nothing, lambda _: gathered / 2, "all of its time"),
            Contender(
                "rows of this graph", reading(graph.targets), nothing, lambda read: read, "summed, prefetched"
            ),
            Contender("rows anywhere", reading(anywhere), nothing, lambda read: read, "summed, prefetched"),
            Contender("front to back", reading(None), nothing, lambda read: read),
        ]

    title = f"{graph.name}: time to read a gigabyte of vectors of {DIM} numbers"
    return Case(f"{graph.name}-{GATHER}", title, contenders)


def make_targets(results: Results, options: Options) -> list[Target]:
    targets: list[Target] = []
    for case, rows in results.items():
        ours = rows.get(OURS)
        if ours is None:
            continue
        ratio = {name: cost(row, options.threads) / cost(ours, options.threads) for name, row in rows.items()}
        for peer, required in _SLOWER.items():
            if peer in rows and case in required:
                targets.append(Target(f"{case}: {peer} / ours", ratio[peer], required[case]))
        if case == "rmat18" and ours.peak_bytes:
            targets.append(
                Target(f"{case}: peak MB of our process", ours.peak_bytes / 1e6, 450, at_most=True)
            )
        if case.endswith(FROM_EDGES) and CLEORA.name in rows:
            targets.append(Target(f"{case}: {CLEORA.name} / ours", ratio[CLEORA.name], 10))
        if case.endswith(GATHER):
            limit = "rows of this graph"
            targets.append(
                Target(f"{case}: ours / {limit}, nothing else done", 1 / ratio[limit], 1.3, at_most=True)
            )
        if case == "blogcatalog" and not options.quick:
            targets += _quality_targets(rows, options.threads)
    return targets


def _quality_targets(rows: dict[str, Any], threads: int) -> list[Target]:
    """How far the plain embedding at the authors' setting stays behind theirs; what two rounds of refining reach."""
    targets = []
    for share in ("1%", "10%", "50%"):
        for i, kind in enumerate(("micro", "macro")):
            behind = _f1(rows[AUTHORS.name], share, i) - _f1(rows[PAPER.name], share, i)
            targets.append(Target(f"{share} labels: {kind} F1, authors' - ours", behind, 0.3, at_most=True))
    refined = rows.get(REFINED.name)
    if refined is None:
        return targets
    for share, required in _REFINED_AT_LEAST.items():
        for i, kind in enumerate(("micro", "macro")):
            targets.append(
                Target(f"{share} labels: {kind} F1, refine=2", _f1(refined, share, i), required[i])
            )
    targets.append(Target("refine=2: seconds", cost(refined, threads), 0.1, at_most=True))
    if SPECTRAL.name in rows:
        ratio = cost(rows[SPECTRAL.name], threads) / cost(refined, threads)
        targets.append(Target(f"{SPECTRAL.name} / refine=2", ratio, 40))
    return targets


def _f1(row: Any, share: str, i: int) -> float:
    return float(str(row.quality[share]).split("/")[i])


if __name__ == "__main__":
    run("fastrp", __doc__, make_cases, make_targets, isolated=True)
