"""Largest fair cliques of real graphs, and largest cliques beside the libraries that have them, from edge arrays on."""

import os
from collections.abc import Callable
from dataclasses import dataclass
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


def make_cases(options: Options) -> list[Case]:
    folder = Path(os.environ.get("GRAPHRANK_DATA", "."))
    known = [question for question in QUESTIONS if (folder / f"{question.graph}_edges.parquet").exists()]
    if len(known) < len(QUESTIONS):
        print("GRAPHRANK_DATA lacks some graphs: their questions are left out")
    return [_case(question, folder, options) for question in known]


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


def _networkx(src: Ints, dst: Ints) -> Callable[[], Any]:
    import networkx as nx

    pairs = list(zip(src.tolist(), dst.tolist(), strict=True))
    return lambda: max(map(len, nx.find_cliques(nx.Graph(pairs))))


def make_targets(results: Results, options: Options) -> list[Target]:
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
