"""What holds for scores that follow a graph through any sequence of updates.

The exact scores come from a dense solve of the definition after every batch; the solve is off by less than 2e-12.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphrank as gr
from graphrank.exceptions import InvalidDataError

N = 6
SOLVE_ERROR = 2e-12
NODE = st.integers(0, N - 1)
ROWS = st.lists(st.tuples(NODE, NODE, st.sampled_from([0.0, 0.5, 1.0, 3.0, 1e-3])), max_size=12)
PICKS = st.lists(st.integers(0, 100), max_size=3)
BATCHES = st.lists(st.tuples(PICKS, ROWS), min_size=1, max_size=5)
DANGLING = st.sampled_from(["restart", "uniform", "self", "absorb"])
DAMPING = st.sampled_from([0.0, 0.5, 0.85, 0.95])
EPS = st.sampled_from([1e-2, 1e-6, 1e-9])
RULE = st.sampled_from(["sum", "first", "max"])
SCHEMA = {"src": pl.Int64, "dst": pl.Int64, "w": pl.Float64}


def frame(rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def graph_of(rows, *, weighted, directed, rule="sum"):
    weight = "w" if weighted else None
    return gr.Graph.from_edges(frame(rows), weight=weight, nodes=range(N), directed=directed, duplicates=rule)


def exact(graph, restart, damping, dangling):
    adjacency = graph.to_scipy().toarray()
    largest = adjacency.max(axis=1)
    stuck = largest == 0
    scaled = adjacency / np.where(stuck, 1, largest)[:, None]
    steps = scaled / np.where(stuck, 1, scaled.sum(axis=1))[:, None]
    goes = {"restart": restart, "uniform": np.full(N, 1 / N), "absorb": np.zeros(N)}
    for v in np.flatnonzero(stuck):
        steps[v] = np.eye(N)[v] if dangling == "self" else goes[dangling]
    return np.linalg.solve((np.eye(N) - damping * steps).T, (1 - damping) * restart)


def check(ppr, restarts, damping, dangling):
    graph = ppr.to_graph()
    assert (ppr.error_bound <= ppr.eps).all()
    for scores, restart, bound in zip(ppr.scores, restarts, ppr.error_bound, strict=True):
        error = np.abs(scores - exact(graph, restart, damping, dangling)).sum()
        assert error <= bound + SOLVE_ERROR
        assert (scores >= 0).all()


@given(
    rows=ROWS,
    batches=BATCHES,
    weighted=st.booleans(),
    directed=st.booleans(),
    dangling=DANGLING,
    damping=DAMPING,
    eps=EPS,
    rule=RULE,
)
def test_scores_stay_within_their_bound_of_a_dense_solve(
    rows, batches, weighted, directed, dangling, damping, eps, rule
):
    g = graph_of(rows, weighted=weighted, directed=directed)
    restarts = np.vstack([np.eye(N)[0], np.arange(N) / np.arange(N).sum()])
    ppr = gr.DynamicPpr(g, restart=restarts, damping=damping, dangling=dangling, eps=eps)
    check(ppr, restarts, damping, dangling)
    for picks, added in batches:
        edges = ppr.to_graph().edges()
        gone = sorted({pick % edges.height for pick in picks}) if edges.height else []
        weight = "w" if weighted else None
        ppr.update(delete=edges[gone], insert=frame(added), weight=weight, duplicates=rule)
        kept = edges[[i for i in range(edges.height) if i not in gone]]
        kept = kept.rename({"weight": "w"}) if weighted else kept.with_columns(w=pl.lit(1.0))
        wanted = graph_of([*kept.rows(), *added], weighted=weighted, directed=directed, rule=rule)
        assert ppr.to_graph().edges().equals(wanted.edges()) or weighted_close(ppr.to_graph(), wanted)
        assert ppr.n_edges == wanted.n_edges
        check(ppr, restarts, damping, dangling)


def weighted_close(one, other):
    """The same edges with the same weights, up to the order in which sums were taken."""
    a, b = one.edges(), other.edges()
    if a.select("src", "dst").rows() != b.select("src", "dst").rows():
        return False
    return "weight" in a.columns and np.allclose(a["weight"], b["weight"], rtol=1e-15, atol=0)


@given(rows=ROWS, extra=ROWS, directed=st.booleans(), dangling=DANGLING)
def test_inserting_and_deleting_the_same_edges_leads_back(rows, extra, directed, dangling):
    g = graph_of(rows, weighted=False, directed=directed)
    ppr = gr.DynamicPpr(g, 0, dangling=dangling, eps=1e-9)
    before = ppr.scores
    new = graph_of([*rows, *extra], weighted=False, directed=directed).edges()
    new = new.join(g.edges(), on=["src", "dst"], how="anti")
    ppr.insert_edges(new)
    ppr.delete_edges(new)
    assert ppr.to_graph().edges().equals(g.edges())
    assert np.abs(ppr.scores - before).sum() <= 2e-9


@given(rows=ROWS, order=st.randoms(use_true_random=False))
def test_one_batch_and_its_rows_one_by_one_agree(rows, order):
    ones, whole = (gr.DynamicPpr(graph_of([], weighted=True, directed=True), 0, eps=1e-9) for _ in range(2))
    whole.insert_edges(frame(rows), weight="w")
    shuffled = list(rows)
    order.shuffle(shuffled)
    for row in shuffled:
        ones.insert_edges(frame([row]), weight="w")
    assert np.abs(ones.scores - whole.scores).sum() <= 2e-9


@given(rows=ROWS, added=ROWS, fault=st.integers(0, 3))
def test_a_batch_that_fails_changes_nothing(rows, added, fault):
    g = graph_of(rows, weighted=True, directed=True)
    ppr = gr.DynamicPpr(g, 0)
    before = (ppr.scores.tolist(), ppr.error_bound.tolist(), ppr.to_graph().edges().rows())
    absent = pl.DataFrame({"src": [0, 0], "dst": [1, 1]})
    faults = [
        lambda: ppr.update(delete=absent, insert=frame(added), weight="w"),
        lambda: ppr.insert_edges(frame([*added, (0, N, 1.0)]), weight="w"),
        lambda: ppr.insert_edges(frame([*added, (0, 1, -1.0)]), weight="w"),
        lambda: ppr.insert_edges(frame([(0, 1, 1.0), *added, (0, 1, 1.0)]), weight="w", duplicates="error"),
    ]
    with pytest.raises((InvalidDataError, KeyError)):
        faults[fault]()
    assert (ppr.scores.tolist(), ppr.error_bound.tolist(), ppr.to_graph().edges().rows()) == before


@given(rows=ROWS, batches=BATCHES, dangling=DANGLING)
def test_scores_do_not_depend_on_the_number_of_threads(rows, batches, dangling):
    def run():
        ppr = gr.DynamicPpr(graph_of(rows, weighted=True, directed=True), list(range(N)), dangling=dangling)
        for _, added in batches:
            ppr.insert_edges(frame(added), weight="w")
        return ppr.scores

    before = gr.num_threads()
    try:
        gr.set_num_threads(1)
        one = run()
        gr.set_num_threads(3)
        assert (run() == one).all()
    finally:
        gr.set_num_threads(before)
