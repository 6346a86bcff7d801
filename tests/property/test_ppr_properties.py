"""What holds for personalized PageRank on any graph.

Every answer is within its certified error of the exact one, so two answers that are equal in theory differ by at most
the sum of their tolerances: that is where the bounds below come from.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphrank as gr
from graphrank.testing import random_edges

TOL = 1e-11
N = 8
NODE = st.integers(0, N - 1)
EDGES = st.lists(st.tuples(NODE, NODE, st.sampled_from([0.0, 0.5, 1.0, 3.0, 1e-3])), max_size=25)
DANGLING = st.sampled_from(["restart", "uniform", "self", "absorb"])
# On graphs of this size "auto" is push, wherever push can be certified.
METHOD = st.sampled_from(["auto", "power", "gauss_seidel", "cg"])
DAMPING = st.sampled_from([0.0, 0.3, 0.85, 0.95])
RESTART = st.dictionaries(NODE, st.floats(0.01, 10), min_size=1, max_size=4)
THREADS = (1, 2, 3, 8)


def graph_of(rows, *, directed=True, n=N):
    frame = pl.DataFrame(rows, schema={"src": pl.Int64, "dst": pl.Int64, "w": pl.Float64}, orient="row")
    return gr.Graph.from_edges(frame, weight="w", nodes=range(n), directed=directed)


def scores(graph, restart, *, method="auto", **options):
    """The scores of one query, node after node; conjugate gradients stand back where edges have a direction."""
    method = "gauss_seidel" if method == "cg" and graph.is_directed else method
    return gr.personalized_pagerank(graph, restart=restart, tol=TOL, method=method, **options).scores[0]


def distance(a, b):
    return np.abs(a - b).sum()


@given(rows=EDGES, restart=RESTART, directed=st.booleans(), damping=DAMPING, dangling=DANGLING, method=METHOD)
def test_scores_are_a_distribution_unless_the_walker_may_vanish(
    rows, restart, directed, damping, dangling, method
):
    g = graph_of(rows, directed=directed)
    x = scores(g, restart, damping=damping, dangling=dangling, method=method)
    assert (x >= 0).all()
    if dangling == "absorb":
        assert (1 - damping) - TOL <= x.sum() <= 1 + TOL
    else:
        assert abs(x.sum() - 1) <= TOL


@given(rows=EDGES, restart=RESTART, directed=st.booleans(), dangling=DANGLING, method=METHOD)
def test_without_damping_the_scores_are_the_restart(rows, restart, directed, dangling, method):
    x = scores(graph_of(rows, directed=directed), restart, damping=0.0, dangling=dangling, method=method)
    expected = np.zeros(N)
    expected[list(restart)] = list(restart.values())
    assert distance(x, expected / expected.sum()) <= TOL


@given(
    rows=EDGES,
    one=RESTART,
    other=RESTART,
    share=st.floats(0, 1),
    directed=st.booleans(),
    dangling=st.sampled_from(["uniform", "self", "absorb"]),
    method=METHOD,
)
def test_scores_are_linear_in_the_restart(rows, one, other, share, directed, dangling, method):
    g = graph_of(rows, directed=directed)
    how = {"dangling": dangling, "method": method}
    total_one, total_other = sum(one.values()), sum(other.values())
    mixed = dict.fromkeys((*one, *other), 0.0)
    for v, w in one.items():
        mixed[v] += share * w / total_one
    for v, w in other.items():
        mixed[v] += (1 - share) * w / total_other
    expected = share * scores(g, one, **how) + (1 - share) * scores(g, other, **how)
    assert distance(scores(g, mixed, **how), expected) <= 2.1 * TOL


@given(rows=EDGES, restart=RESTART, factor=st.sampled_from([1e-300, 0.25, 3.0, 1e300]), dangling=DANGLING)
def test_scaling_all_weights_changes_nothing(rows, restart, factor, dangling):
    scaled = [(u, v, w * factor) for u, v, w in rows]
    one, other = (scores(graph_of(r), restart, dangling=dangling) for r in (rows, scaled))
    assert distance(one, other) <= 2 * TOL
    assert (
        distance(one, scores(graph_of(rows), {v: w * 1e300 for v, w in restart.items()}, dangling=dangling))
        <= 2 * TOL
    )


@given(
    rows=EDGES,
    restart=RESTART,
    times=st.integers(2, 5),
    directed=st.booleans(),
    dangling=DANGLING,
    method=METHOD,
)
def test_repeating_every_edge_changes_nothing(rows, restart, times, directed, dangling, method):
    one, other = (
        scores(graph_of(r, directed=directed), restart, dangling=dangling, method=method)
        for r in (rows, rows * times)
    )
    assert distance(one, other) <= 2 * TOL


@given(
    rows=EDGES,
    restart=RESTART,
    order=st.permutations(range(N)),
    directed=st.booleans(),
    dangling=DANGLING,
    method=METHOD,
)
def test_renaming_the_nodes_renames_the_scores(rows, restart, order, directed, dangling, method):
    x = scores(graph_of(rows, directed=directed), restart, dangling=dangling, method=method)
    renamed = graph_of([(order[u], order[v], w) for u, v, w in rows], directed=directed)
    y = scores(renamed, {order[v]: w for v, w in restart.items()}, dangling=dangling, method=method)
    assert distance(x, y[list(order)]) <= 2 * TOL


@given(rows=EDGES, method=METHOD)
def test_in_an_undirected_graph_closeness_times_degree_is_symmetric(rows, method):
    """d(u) ppr(u, v) = d(v) ppr(v, u), with weighted degrees in which a self-loop counts once."""
    g = graph_of(rows, directed=False)
    degree = g.degrees()["out_weight"].to_numpy()
    walked = np.flatnonzero(degree > 0)
    if walked.size:
        x = gr.personalized_pagerank(g, walked, tol=TOL, method=method).scores[:, walked]
        flow = degree[walked][:, None] * x
        assert np.abs(flow - flow.T).max() <= 2 * TOL * degree.max()


@given(
    rows=EDGES,
    others=EDGES,
    restart=RESTART,
    directed=st.booleans(),
    dangling=st.sampled_from(["restart", "self", "absorb"]),
    method=METHOD,
)
def test_a_part_that_cannot_be_reached_changes_nothing(rows, others, restart, directed, dangling, method):
    apart = [(u + N, v + N, w) for u, v, w in others]
    how = {"dangling": dangling, "method": method}
    x = scores(graph_of(rows, directed=directed), restart, **how)
    y = scores(graph_of(rows + apart, n=2 * N, directed=directed), restart, **how)
    assert distance(x, y[:N]) <= 2 * TOL
    assert not y[N:].any()


@given(rows=EDGES, restart=RESTART, source=NODE)
def test_an_isolated_source_keeps_everything_unless_it_is_spread(rows, restart, source):
    g = graph_of([(u, v, w) for u, v, w in rows if source not in (u, v)])
    for dangling in ("restart", "self"):
        assert distance(scores(g, {source: 1.0}, dangling=dangling), np.eye(N)[source]) <= TOL
    assert scores(g, {source: 1.0}, dangling="uniform")[source] < 1 - 0.85 / 2


@given(rows=EDGES, k=st.integers(1, N + 2), dangling=DANGLING)
def test_the_best_nodes_are_the_first_rows_of_all_nodes(rows, k, dangling):
    g = graph_of(rows)
    options = {"dangling": dangling, "tol": 1e-6}
    every = gr.personalized_pagerank(g, range(N), **options)
    best = gr.personalized_pagerank(g, range(N), top_k=k, **options)
    expected = every.to_polars().filter(pl.col("score") > 0).group_by("query", maintain_order=True).head(k)
    assert best.to_polars().equals(expected)
    assert np.array_equal(best.error_bound, every.error_bound)
    dense = best.scores.toarray()
    assert np.array_equal(dense[dense > 0], every.scores[dense > 0])


@given(rows=EDGES, dangling=DANGLING)
def test_a_batch_has_the_bits_of_its_queries_one_by_one(rows, dangling):
    g = graph_of(rows)
    batch = gr.personalized_pagerank(g, [3, 0, 3], dangling=dangling)
    alone = [gr.personalized_pagerank(g, v, dangling=dangling) for v in (3, 0, 3)]
    assert batch.scores.tobytes() == b"".join(one.scores.tobytes() for one in alone)
    assert batch.iterations.tolist() == [int(one.iterations[0]) for one in alone]


@given(rows=EDGES)
def test_pagerank_is_the_uniform_restart(rows):
    g = graph_of(rows)
    assert distance(gr.pagerank(g, tol=TOL).scores[0], scores(g, dict.fromkeys(range(N), 1))) <= 2 * TOL
    assert distance(gr.pagerank(g, tol=TOL).scores[0], scores(g, np.ones(N))) <= 2 * TOL


def bytes_of(n_threads, rows, weight, directed, chosen_threads):
    """Everything that is computed in parallel on a graph of several chunks, as bytes."""
    chosen_threads(n_threads)
    g = gr.Graph.from_edges(rows, weight=weight, directed=directed)
    arrays = [g._inner.offsets(), g._inner.targets(), g._inner.weights()]
    for dangling in ("restart", "uniform", "self", "absorb"):
        answer = gr.personalized_pagerank(g, [0, 5, 9], dangling=dangling, tol=1e-6)
        arrays += [answer.scores, answer.error_bound, answer.iterations]
    one = gr.personalized_pagerank(g, 7, top_k=50, tol=1e-6)
    arrays += [one.values, one.nodes, gr.pagerank(g).scores, *g.reverse().edges().get_columns()]
    arrays += g.to_undirected().edges().get_columns() + g.degrees().get_columns()
    return [None if array is None else np.asarray(array).tobytes() for array in arrays]


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("directed", [True, False])
def test_no_bit_depends_on_the_number_of_threads(weight, directed, chosen_threads):
    """400,000 edges make several chunks of every kind of parallel work, 60,000 nodes leave some dangling."""
    rows = random_edges(60_000, 400_000, weighted=True, seed=4).with_columns(pl.col("src") // 3 * 3)
    answers = [bytes_of(n, rows, weight, directed, chosen_threads) for n in THREADS]
    assert all(answer == answers[0] for answer in answers[1:])


@pytest.mark.parametrize("ids", ["integers", "scattered", "text"])
@pytest.mark.parametrize("rule", ["sum", "max"])
def test_no_byte_of_a_large_graph_depends_on_the_order_of_its_rows(ids, rule):
    rows = random_edges(3_000, 400_000, weighted=True, seed=8)
    if ids == "scattered":
        rows = rows.with_columns(pl.col("src", "dst") * 2**40)
    if ids == "text":
        rows = rows.with_columns(pl.col("src", "dst").cast(pl.String))
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=1)
    graphs = [gr.Graph.from_edges(r, weight="weight", duplicates=rule) for r in (rows, shuffled)]
    one, other = ([g._inner.offsets(), g._inner.targets(), g._inner.weights()] for g in graphs)
    assert [a.tobytes() for a in one] == [a.tobytes() for a in other]
    assert graphs[0].nodes.equals(graphs[1].nodes)
