"""What every method of solving must do alike: right answers where others are known to be wrong, the same bits for any
number of threads and any cut of a batch, refusals before anything is computed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import (
    DidNotConvergeError,
    GraphRankError,
    InvalidArgumentError,
    InvalidDataError,
    NodeNotFoundError,
)
from graphrank.testing import random_edges, web_edges

METHODS = ("auto", "push", "power", "gauss_seidel", "cg")
SWEEPING = ("power", "gauss_seidel", "cg")
DANGLING = ("restart", "uniform", "self", "absorb")
THREADS = (1, 2, 3, 8)


def methods_for(graph, dangling="restart"):
    """The methods that take this graph: ``cg`` wants it undirected, ``push`` cannot spread."""
    return [
        m for m in METHODS if not (m == "cg" and graph.is_directed) and (m, dangling) != ("push", "uniform")
    ]


# 0 -> 1, 0 -> 2, 1 -> 0; node 2 is dangling. scikit-network's default solver answers [.478 .261 .261], its push
# [.465 .267 .267]; tests/data/pagerank.toml holds the exact fractions.
THREE = {
    "restart": [20 / 37, 17 / 74, 17 / 74],
    "uniform": [43 / 94, 51 / 188, 51 / 188],
    "self": [0.2348337, 0.0998043, 0.665362],
    "absorb": [0.2348337, 0.0998043, 0.0998043],
}


@pytest.mark.parametrize("dangling", DANGLING)
@pytest.mark.parametrize("n_queries", [1, 20])
def test_the_three_nodes_that_other_libraries_get_wrong(dangling, n_queries):
    g = gr.Graph.from_edges(([0, 0, 1], [1, 2, 0]))
    for method in methods_for(g, dangling):
        answer = gr.personalized_pagerank(g, [0] * n_queries, dangling=dangling, method=method)
        assert np.abs(answer.scores - THREE[dangling]).max() < 1e-7, method


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_a_weight_that_is_none_is_an_error_and_never_a_score(weight):
    """Others return -8.4, -5.17 or 1e16 for a negative weight, and call a NaN a failure to converge."""
    with pytest.raises(InvalidDataError, match="row 1"):
        gr.Graph.from_edges(([0, 0, 1], [1, 2, 0], [1.0, weight, 1.0]))
    g = gr.Graph.from_edges(([0, 0, 1], [1, 2, 0]))
    for restart in ({0: -1, 1: weight}, {0: weight}, np.array([0.0, 1.0, weight])):
        for method in methods_for(g):
            with pytest.raises(InvalidDataError, match="finite number of at least 0"):
                gr.personalized_pagerank(g, restart=restart, method=method)


def test_a_restart_nowhere_is_named():
    """NetworkX divides by zero in both cases."""
    g = gr.Graph.from_edges(([0, 0, 1], [1, 2, 0]))
    for method in methods_for(g):
        with pytest.raises(InvalidDataError, match="all weights of query 0 are 0"):
            gr.personalized_pagerank(g, restart={0: 0, 1: 0.0}, method=method)
        with pytest.raises(NodeNotFoundError, match="9"):
            gr.personalized_pagerank(g, restart={9: 1.0}, method=method)


def test_no_score_is_below_zero():
    """Conjugate gradients left -3.6e-17 at a node that weights of 1e-310 lead to."""
    src, dst = [8, 7, 7, 8, 2, 9, 6, 1, 5, 8], [0, 7, 2, 10, 8, 1, 5, 8, 9, 8]
    weight = [1.0, 1e16, 1e16, 1.0, 0.0, 1.0, 1e16, 1e-310, 1e-310, 1e16]
    g = gr.Graph.from_edges((src, dst, weight), directed=False, nodes=range(11))
    restart = {4: 0.6206082709107837, 6: 0.21658068553568677, 7: 1.0, 10: 0.772681724256686}
    for method in METHODS:
        try:
            answer = gr.personalized_pagerank(g, restart=restart, method=method, tol=8.326937814792562e-06)
        except InvalidArgumentError:
            assert method == "cg"
        else:
            assert (answer.scores >= 0).all(), method


def test_methods_that_do_not_suit_the_graph_say_which_do():
    g = gr.Graph.from_edges(([0, 0, 1], [1, 2, 0]))
    with pytest.raises(
        InvalidArgumentError, match=r'`method` "cg" needs an undirected graph; use "gauss_seidel"'
    ):
        gr.personalized_pagerank(g, 0, method="cg")
    with pytest.raises(InvalidArgumentError, match=r'"push" cannot spread .*; use "auto"'):
        gr.personalized_pagerank(g, 0, method="push", dangling="uniform")
    ring = gr.Graph.from_edges(([0, 1, 2], [1, 2, 0]))
    assert gr.personalized_pagerank(ring, 0, method="push", dangling="uniform").method == "push"


def test_push_that_was_asked_for_says_so_and_names_its_own_limit():
    g = gr.Graph.from_edges(random_edges(500, 3_000, seed=4))
    source = g.nodes["id"][0]
    assert gr.personalized_pagerank(g, source, method="push").reason == "asked for"
    assert gr.personalized_pagerank(g, [source] * 3, method="push", top_k=5).reason == "asked for"
    with pytest.raises(DidNotConvergeError, match=r'the limit of "push": use method "auto"'):
        gr.personalized_pagerank(g, source, method="push", tol=1e-16)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_no_bit_depends_on_the_number_of_threads(directed, weight, chosen_threads):
    """A batch of 150 is cut into other groups on other numbers of threads; 9,000 nodes are two chunks."""
    rows = random_edges(9_000, 30_000, weighted=True, seed=6).with_columns(pl.col("src") // 3 * 3)
    sources = np.random.default_rng(1).integers(0, 9_000, 150)

    def answers(n_threads):
        chosen_threads(n_threads)
        g = gr.Graph.from_edges(rows, weight=weight, directed=directed, nodes=np.arange(9_000))
        found = []
        for method in methods_for(g):
            few = gr.personalized_pagerank(g, sources[:3], method=method, tol=1e-5)
            many = gr.personalized_pagerank(
                g, sources[: 150 if method != "push" else 20], method=method, tol=1e-4, top_k=20
            )
            found += [few.scores, few.error_bound, few.iterations]
            found += [many.values, many.nodes, many.offsets, many.error_bound, many.iterations]
        return [array.tobytes() for array in found]

    expected = answers(THREADS[0])
    for n_threads in THREADS[1:]:
        assert answers(n_threads) == expected, f"{n_threads} threads"


@pytest.mark.parametrize("method", SWEEPING)
def test_a_query_of_a_block_does_not_depend_on_its_neighbours(method):
    """However 40 queries are cut into blocks, in whatever order they come, each has the same bits."""
    g = gr.Graph.from_edges(
        random_edges(2_000, 9_000, seed=2), directed=method != "cg", nodes=np.arange(2_000)
    )
    rng = np.random.default_rng(3)
    restarts = rng.random((40, 2_000)) * (rng.random((40, 2_000)) < 0.01)
    restarts[:20] = np.eye(2_000)[rng.integers(0, 2_000, 20)]
    whole = gr.personalized_pagerank(g, restart=restarts, method=method)
    order = rng.permutation(40)
    shuffled = gr.personalized_pagerank(g, restart=restarts[order], method=method)
    cut = [
        gr.personalized_pagerank(g, restart=part, method=method) for part in (restarts[:17], restarts[17:])
    ]
    assert shuffled.scores.tobytes() == whole.scores[order].tobytes()
    assert np.concatenate([part.scores for part in cut]).tobytes() == whole.scores.tobytes()
    assert np.array_equal(np.concatenate([part.error_bound for part in cut]), whole.error_bound)
    # Solved alone a query takes other steps, in doubles all the way.
    alone = gr.personalized_pagerank(g, restart=restarts[7], method=method)
    distance = np.abs(alone.scores[0] - whole.scores[7]).sum()
    assert distance <= alone.error_bound[0] + whole.error_bound[7]


def test_an_allowance_of_memory_changes_no_answer_or_refuses_at_once():
    n = 20_000
    g = gr.Graph.from_edges(web_edges(n), nodes=np.arange(n))
    sources = np.random.default_rng(5).integers(0, n, 100)
    free = gr.personalized_pagerank(g, sources, top_k=5, method="gauss_seidel")
    enough = gr.personalized_pagerank(g, sources, top_k=5, method="gauss_seidel", memory_limit=2**30)
    assert free.values.tobytes() == enough.values.tobytes()
    # 14 vectors for one query and the lists: no room for a block, so each query is solved alone.
    tight = gr.personalized_pagerank(
        g, sources, top_k=5, method="gauss_seidel", memory_limit=14 * 8 * n + 6_000
    )
    assert np.abs(free.values - tight.values).max() <= free.error_bound.max() + tight.error_bound.max()
    needs = r"`memory_limit` of 1,000,000 bytes is too little: 100 queries on .* bytes; `top_k`"
    with pytest.raises(InvalidArgumentError, match=needs):
        gr.personalized_pagerank(g, sources, memory_limit=1_000_000)
    with pytest.raises(GraphRankError, match=r"1 query .* needs 2,240,060 bytes"):
        gr.personalized_pagerank(g, 3, top_k=5, memory_limit=1_000)
