"""PageRank against NetworkX, which stops when the L1 change of a sweep is below n * tol.

Its error is then at most alpha / (1 - alpha) * n * tol; the tolerance below asks for 1e-10 / 5.67 = 1.7e-11 in all.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import graphrank as gr

GRAPHS = {
    "karate": nx.karate_club_graph,
    "les miserables": nx.les_miserables_graph,
    "random with dangling nodes": lambda: nx.gnp_random_graph(200, 0.01, seed=3, directed=True),
    "scale-free multigraph": lambda: nx.scale_free_graph(300, seed=5),
    "undirected multigraph": lambda: nx.MultiGraph([(1, 2), (1, 2), (2, 2), (2, 3), (3, 1)]),
    "florentine families": nx.florentine_families_graph,
}


def networkx_scores(graph, **options):
    scores = nx.pagerank(graph, tol=1.7e-11 / len(graph), max_iter=10_000, **options)
    return np.array([scores[node] for node in graph])


@pytest.mark.parametrize("name", GRAPHS)
def test_pagerank_is_that_of_networkx(name):
    graph = GRAPHS[name]()
    ours = gr.pagerank(graph, tol=1e-12)
    assert np.abs(ours.scores[0] - networkx_scores(graph)).sum() < 2e-10


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("damping", [0.3, 0.85])
def test_personalized_pagerank_is_that_of_networkx(name, damping):
    graph = GRAPHS[name]()
    nodes = list(graph)
    restart = {nodes[0]: 2.0, nodes[-1]: 1.0}
    ours = gr.personalized_pagerank(graph, restart=restart, damping=damping, tol=1e-12)
    theirs = networkx_scores(graph, personalization=restart, alpha=damping)
    assert np.abs(ours.scores[0] - theirs).sum() < 2e-10


def test_uniform_dangling_is_networkx_with_uniform_dangling_weights():
    graph = GRAPHS["random with dangling nodes"]()
    ours = gr.personalized_pagerank(graph, 5, dangling="uniform", tol=1e-12)
    theirs = networkx_scores(graph, personalization={5: 1}, dangling=dict.fromkeys(graph, 1))
    assert np.abs(ours.scores[0] - theirs).sum() < 2e-10
