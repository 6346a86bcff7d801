"""Exact personalized PageRank by graphrank, plain SciPy and the peers, each prepared once and asked often.

All solve the same problem: damping 0.85, one source, mass at dangling nodes returns to the source, a self-loop is
one arc to itself, an undirected edge is two arcs. igraph, NetworkX, rustworkx and fast-pagerank agree with that when
given directed arcs, so directed arcs are what they get. They differ in how they are told to stop:

- NetworkX and rustworkx multiply ``tol`` by the number of nodes, so they get it divided by that number. NetworkX
  returns the iterate after the step it tested, rustworkx the one before; the ``tol`` of each guarantees ours.
- igraph (PRPACK) has no tolerance and always solves to about 1e-12.
- fast-pagerank stops on the L2 change; 2e-11 reaches an L1 error of 1e-8 on these graphs.
- scikit-network's default solver treats dangling nodes in a way of its own, so its L1 error stays large on graphs
  that have them. Its RH solver is right and takes a number of iterations: 0.85**130 = 7e-10.
- NetworKit's PageRank takes no personalization. Its ApproximatePageRank is a push on the lazy walk (restarting with
  c / (2 - c) there is restarting with c here) over undirected graphs, so it runs on undirected input only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.graphs import EdgeList
from common.timing import NotRun
from ppr_reference import DAMPING, TOL, Floats, adjacency, power_iteration, transition_transposed

NETWORKX_MAX_EDGES = 1_000_000
_RESTART = 1 - DAMPING
_NEVER = 10_000  # iterations that no solver gets to

Solve = Callable[[int], Any]
"""From a source to the answer in the library's own form."""


@dataclass(frozen=True)
class Solver:
    """``prepare`` makes a ``Solve``; ``scores`` turns its answer into an array, outside the clock."""

    name: str
    prepare: Callable[[EdgeList], Solve]
    scores: Callable[[Any, int], Floats]
    note: str = ""


def _graphrank(edges: EdgeList) -> Solve:
    import graphrank

    graph = graphrank.Graph.from_edges(edges.frame(), directed=edges.directed)
    if graph.n_nodes != edges.n_nodes:
        raise RuntimeError("node codes must equal ids, or scores are compared with those of other nodes")
    return lambda source: graphrank.personalized_pagerank(graph, sources=[source], tol=TOL)


def _scipy(edges: EdgeList) -> Solve:
    matrix = transition_transposed(edges)
    return lambda source: power_iteration(matrix, source, TOL)[0]


def _igraph(edges: EdgeList) -> Solve:
    import igraph

    src, dst = edges.arcs()
    graph = igraph.Graph(n=edges.n_nodes, edges=zip(src.tolist(), dst.tolist(), strict=True), directed=True)
    return lambda source: graph.personalized_pagerank(reset_vertices=[source], damping=DAMPING)


def _rustworkx(edges: EdgeList) -> Solve:
    import rustworkx

    src, dst = edges.arcs()
    graph = rustworkx.PyDiGraph()
    graph.add_nodes_from(range(edges.n_nodes))
    graph.add_edges_from_no_data(list(zip(src.tolist(), dst.tolist(), strict=True)))
    tol = TOL * _RESTART / edges.n_nodes
    return lambda source: rustworkx.pagerank(
        graph, alpha=DAMPING, personalization={source: 1.0}, tol=tol, max_iter=_NEVER
    )


def _networkx(edges: EdgeList) -> Solve:
    import networkx

    if edges.n_edges > NETWORKX_MAX_EDGES:
        raise NotRun(f"too slow and too large beyond {NETWORKX_MAX_EDGES:,} edges")
    src, dst = edges.arcs()
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(edges.n_nodes))
    graph.add_edges_from(zip(src.tolist(), dst.tolist(), strict=True))
    tol = TOL * _RESTART / DAMPING / edges.n_nodes
    return lambda source: networkx.pagerank(
        graph, alpha=DAMPING, personalization={source: 1}, tol=tol, max_iter=_NEVER
    )


def _scikit_network(edges: EdgeList, solver: str, n_iter: int) -> Solve:
    from scipy.sparse import csr_matrix
    from sknetwork.ranking import PageRank

    matrix = csr_matrix(adjacency(edges))
    model = PageRank(damping_factor=DAMPING, solver=solver, n_iter=n_iter, tol=TOL * _RESTART)
    return lambda source: model.fit_predict(matrix, weights={source: 1})


def _fast_pagerank(edges: EdgeList) -> Solve:
    from fast_pagerank import pagerank_power
    from scipy.sparse import csr_matrix

    matrix = csr_matrix(adjacency(edges))

    def solve(source: int) -> Floats:
        restart = np.zeros(edges.n_nodes)
        restart[source] = 1.0
        scores: Floats = pagerank_power(matrix, p=DAMPING, personalize=restart, tol=2e-11, max_iter=_NEVER)
        return scores

    return solve


def _networkit(edges: EdgeList) -> Solve:
    import networkit

    if edges.directed:
        raise NotRun("its PageRank takes no personalization, its ApproximatePageRank no directed graph")
    graph = networkit.GraphFromCoo((edges.src, edges.dst), n=edges.n_nodes, directed=False)
    teleport = _RESTART / (2 - _RESTART)
    # The bound is epsilon times the degree per node; 3e-14 measures just under 1e-8 in L1 on email-Enron.
    return lambda source: networkit.scd.ApproximatePageRank(graph, teleport, 3e-14).run(source)


def first_row(result: Any, _: int) -> Floats:
    """The scores of the only query of a graphrank result."""
    scores: Floats = np.asarray(result.scores)[0]
    return scores


def _as_array(scores: Any, _: int) -> Floats:
    return np.asarray(scores)


def _from_mapping(scores: Any, n_nodes: int) -> Floats:
    return np.array([scores[node] for node in range(n_nodes)])


def _from_pairs(pairs: Any, n_nodes: int) -> Floats:
    scores = np.zeros(n_nodes)
    for node, score in pairs:
        scores[node] = score
    return scores


SOLVERS = [
    Solver("graphrank", _graphrank, first_row),
    Solver("SciPy power iteration", _scipy, _as_array),
    Solver("igraph PRPACK", _igraph, _as_array),
    Solver("rustworkx", _rustworkx, _from_mapping, "tol / n"),
    Solver("NetworkX", _networkx, _from_mapping, "tol / n; its matrix is rebuilt per query"),
    Solver("scikit-network RH", lambda e: _scikit_network(e, "RH", 130), _as_array, "130 iterations"),
    Solver("scikit-network default", lambda e: _scikit_network(e, "piteration", 300), _as_array),
    Solver("fast-pagerank", _fast_pagerank, _as_array, "its matrix is rebuilt per query"),
    Solver("NetworKit push", _networkit, _from_pairs, "ApproximatePageRank"),
]
