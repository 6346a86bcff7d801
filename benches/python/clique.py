"""Largest fair cliques of real and of dense random graphs, from edge arrays on.

Beside them stand largest cliques by the libraries that have them, and the fair problem itself as OR-tools solves it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.report import Target, cost
from common.runner import Options, Results, run
from common.timing import Case, Contender, NotRun

Ints = NDArray[np.int64]
OURS, PLAIN, IGRAPH = "graphrank", "graphrank, largest clique", "igraph, largest clique"
NETWORKIT, CLIQUEMATCH, NETWORKX = "NetworKit, largest clique", "cliquematch", "NetworkX"
ORTOOLS = "OR-tools CP-SAT"


@dataclass(frozen=True)
class Question:
    """A graph, a labelling of its nodes, at least ``k`` of each label, at most ``delta`` apart, and the answer."""

    graph: str
    group: str
    k: int
    delta: int
    size: int
    largest: int | None = None  # clique of any kind, where it is known


QUESTIONS = (
    Question("dblp", "group_ai", 5, 3, 20, 58),
    Question("dblp", "group_dm", 5, 3, 21, 58),
    Question("dblp", "group_yr", 5, 3, 30, 58),
    Question("github", "group", 3, 3, 13, 24),
    Question("twitch_de", "group", 1, 1, 13),
    Question("nba", "group", 2, 3, 12),
)
_FASTER = {"dblp": 50, "github": 15}  # than igraph's largest clique, by question


@dataclass(frozen=True)
class Dense:
    """A random graph, of which every ``period``-th node is in the second group; at least 2 of each, at most 2 apart.

    ``peers`` are those that take less than a minute. The most seconds and search nodes are targets.
    """

    name: str
    n: int
    p: float
    period: int = 2
    peers: tuple[str, ...] = ()
    most_s: float | None = None
    most_search_nodes: int | None = None


_DENSE = (
    Dense("gnp-60-0.8", 60, 0.8, peers=(IGRAPH, CLIQUEMATCH, ORTOOLS)),
    Dense("gnp-150-0.7", 150, 0.7, peers=(IGRAPH, CLIQUEMATCH)),
    Dense("gnp-200-0.7", 200, 0.7, peers=(CLIQUEMATCH,)),
    Dense("gnp-200-0.8", 200, 0.8, most_s=0.5),
    Dense("gnp-200-0.8-minority", 200, 0.8, period=10, most_search_nodes=1_000),
    Dense("gnp-300-0.7", 300, 0.7),
    Dense("gnp-500-0.5", 500, 0.5),
)


def make_cases(options: Options) -> list[Case]:
    folder = Path(os.environ.get("GRAPHRANK_DATA", "."))
    known = [question for question in QUESTIONS if (folder / f"{question.graph}_edges.parquet").exists()]
    if len(known) < len(QUESTIONS):
        print("GRAPHRANK_DATA lacks some graphs: their questions are left out")
    return [*map(_dense_case, _DENSE), *(_case(question, folder, options) for question in known)]


def _dense_case(dense: Dense) -> Case:
    title = (
        f"random graph of {dense.n} nodes, {dense.p:.0%} of the links, one node in {dense.period} of the second group, "
        "k = 2, delta = 2"
    )
    a, b = np.triu_indices(dense.n, 1)
    is_linked = np.random.default_rng(0).random(len(a)) < dense.p
    src, dst = a[is_linked], b[is_linked]
    nodes = pl.DataFrame({"id": np.arange(dense.n), "group": np.arange(dense.n) % dense.period == 0})
    question = Question(dense.name, "group", 2, 2, 0)

    def contenders() -> list[Contender]:
        peers = {
            IGRAPH: lambda: _igraph(src, dst),
            CLIQUEMATCH: lambda: _cliquematch(src, dst),
            ORTOOLS: lambda: _ortools(src, dst, nodes, question),
        }
        return [
            Contender(OURS, lambda: _fair(src, dst, nodes, question), _quality),
            *(Contender(name, peers[name], lambda size: {"size": size}) for name in dense.peers),
        ]

    return Case(dense.name, title, contenders)


def _case(question: Question, folder: Path, options: Options) -> Case:
    edges = pl.read_parquet(folder / f"{question.graph}_edges.parquet")
    nodes = pl.read_parquet(folder / f"{question.graph}_nodes.parquet")
    src, dst = (edges[end].cast(pl.Int64).to_numpy() for end in ("src", "dst"))
    title = (
        f"{question.graph} by {question.group}: {nodes.height:,} nodes, {edges.height:,} edges, "
        f"k = {question.k}, delta = {question.delta}"
    )

    def contenders() -> list[Contender]:
        fair = Contender(OURS, lambda: _fair(src, dst, nodes, question), _quality)
        plain = [
            Contender(PLAIN, lambda: _plain(src, dst), _quality),
            Contender(IGRAPH, lambda: _igraph(src, dst), lambda size: {"size": size}),
            Contender(NETWORKIT, lambda: _networkit(src, dst), lambda size: {"size": size}),
            Contender(CLIQUEMATCH, lambda: _cliquematch(src, dst), lambda size: {"size": size}),
        ]
        slow = [Contender(NETWORKX, lambda: _networkx(src, dst), lambda size: {"size": size})]
        # One labelling per graph is enough for the libraries, which know none.
        is_first = question == next(other for other in QUESTIONS if other.graph == question.graph)
        return [fair, *(plain if is_first else plain[1:2]), *(slow if is_first and options.long else [])]

    return Case(f"{question.graph}-{question.group}", title, contenders)


def _fair(src: Ints, dst: Ints, nodes: pl.DataFrame, question: Question) -> Callable[[], Any]:
    import graphrank as gr

    groups = nodes.select(node="id", group=question.group)

    def solve() -> Any:
        g = gr.Graph.from_edges((src, dst), directed=False, nodes=groups.select("node"))
        return gr.max_fair_clique(g, groups, k=question.k, delta=question.delta)

    return solve


def _plain(src: Ints, dst: Ints) -> Callable[[], Any]:
    import graphrank as gr

    return lambda: gr.max_clique(gr.Graph.from_edges((src, dst), directed=False))


def _quality(found: Any) -> dict[str, float | int | str]:
    return {"size": found.size, "status": found.status, "search nodes": found.stats["n_search_nodes"]}


def _igraph(src: Ints, dst: Ints) -> Callable[[], Any]:
    import igraph

    pairs = np.column_stack((src, dst))
    return lambda: igraph.Graph(edges=pairs, directed=False).simplify().clique_number()


def _networkit(src: Ints, dst: Ints) -> Callable[[], Any]:
    import networkit

    n = int(max(src.max(), dst.max())) + 1

    def solve() -> int:
        graph = networkit.GraphFromCoo((src, dst), n=n, directed=False, weighted=False)
        graph.removeMultiEdges()
        graph.removeSelfLoops()
        search = networkit.clique.MaximalCliques(graph, maximumOnly=True)
        search.run()
        return len(search.getCliques()[0])

    return solve


def _cliquematch(src: Ints, dst: Ints) -> Callable[[], Any]:
    try:
        import cliquematch
    except ImportError as error:
        raise NotRun("cliquematch is not installed") from error
    pairs = (np.column_stack((src, dst)) + 1).astype(np.uint32)
    n = int(pairs.max())
    return lambda: len(cliquematch.Graph.from_edgelist(pairs, n).get_max_clique())


def _ortools(src: Ints, dst: Ints, nodes: pl.DataFrame, question: Question) -> Callable[[], int]:
    """A variable per node; of two nodes that are not linked at most one is a member."""
    from ortools.sat.python import cp_model

    n, k, delta = nodes.height, question.k, question.delta
    is_linked = np.zeros((n, n), dtype=np.bool_)
    is_linked[src, dst] = is_linked[dst, src] = True
    apart = list(zip(*(ends.tolist() for ends in np.nonzero(np.triu(~is_linked, 1))), strict=True))
    groups = [ids.to_list() for ids in nodes.group_by("group").agg("id")["id"]]
    threads = int(os.environ["GRAPHRANK_NUM_THREADS"])

    def solve() -> int:
        model = cp_model.CpModel()
        is_member = [model.new_bool_var("") for _ in range(n)]
        for i, j in apart:
            model.add_at_most_one(is_member[i], is_member[j])
        counts = [sum(is_member[i] for i in ids) for ids in groups]
        for count, other in permutations(counts, 2):
            model.add(count >= k)
            model.add(count - other <= delta)
        model.maximize(sum(counts))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = threads
        if solver.solve(model) != cp_model.OPTIMAL:
            raise NotRun("it proved no optimum")
        return round(solver.objective_value)

    return solve


def _networkx(src: Ints, dst: Ints) -> Callable[[], Any]:
    import networkx as nx

    pairs = list(zip(src.tolist(), dst.tolist(), strict=True))
    return lambda: max(map(len, nx.find_cliques(nx.Graph(pairs))))


def make_targets(results: Results, options: Options) -> list[Target]:
    return _dense_targets(results, options) + _real_targets(results, options)


def _dense_targets(results: Results, options: Options) -> list[Target]:
    targets: list[Target] = []
    for dense in _DENSE:
        rows = results.get(dense.name, {})
        if OURS not in rows:
            continue
        ours = rows[OURS]
        if dense.most_s is not None:
            seconds = cost(ours, options.threads)
            targets.append(Target(f"{dense.name}: seconds", seconds, dense.most_s, at_most=True))
        if dense.most_search_nodes is not None:
            search_nodes = float(ours.quality["search nodes"])
            claim = f"{dense.name}: search nodes"
            targets.append(Target(claim, search_nodes, dense.most_search_nodes, at_most=True))
        if ORTOOLS in rows:
            # Both are proven, so they are one size.
            sizes = float(ours.quality["size"]), float(rows[ORTOOLS].quality["size"])
            targets.append(Target(f"{dense.name}: size less that of OR-tools", sizes[0] - sizes[1], 0))
    return targets


def _real_targets(results: Results, options: Options) -> list[Target]:
    targets: list[Target] = []
    for question in QUESTIONS:
        name = f"{question.graph}-{question.group}"
        rows = results.get(name)
        if rows is None or OURS not in rows:
            continue
        ours = rows[OURS]
        targets.append(Target(f"{name}: size", float(ours.quality["size"]), question.size))
        if question.graph in _FASTER and IGRAPH in rows:
            ratio = cost(rows[IGRAPH], options.threads) / cost(ours, options.threads)
            targets.append(Target(f"{name}: igraph / ours", ratio, _FASTER[question.graph]))
        if PLAIN not in rows:
            continue
        plain = cost(rows[PLAIN], options.threads)
        for peer, least in ((NETWORKIT, 1), (CLIQUEMATCH, 1), (IGRAPH, 20)):
            if peer in rows and question.graph in _FASTER:
                ratio = cost(rows[peer], options.threads) / plain
                targets.append(Target(f"{name}: {peer} / our largest clique", ratio, least))
    return targets


if __name__ == "__main__":
    run("clique", __doc__, make_cases, make_targets, isolated=True)
