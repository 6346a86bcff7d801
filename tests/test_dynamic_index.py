"""An index that follows updates: its answers are those of an index on the changed graph."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, NodeNotFoundError, TimedOutError
from graphrank.testing import random_edges


def updated(n_batches=20, **options):
    """A graph of 200 nodes, and an index that has followed batches of 50 deleted and 50 inserted edges."""
    g = gr.Graph.from_edges(random_edges(200, 1_000, seed=1), nodes=range(200))
    index = gr.PowerWalkIndex.build(g, dynamic=True, **options)
    rng = np.random.default_rng(2)
    for _ in range(n_batches):
        edges = index.graph.edges()
        gone = edges[np.sort(rng.choice(edges.height, 50, replace=False))]
        new = pl.DataFrame({"src": rng.integers(0, 200, 50), "dst": rng.integers(0, 200, 50)})
        index.update(delete=gone, insert=new)
    return index


def errors(index, eps):
    """Mean L1 errors of the walks alone: push stops at once where ``eps`` is large."""
    exact = gr.personalized_pagerank(index.graph, list(range(200)), tol=1e-10).scores
    answer = index.query(list(range(200)), eps=eps)
    error = np.abs(answer.scores - exact).sum(axis=1)
    assert (error <= answer.error_bound + 1e-9).all()
    return error.mean()


def test_after_many_updates_answers_are_as_good_as_those_of_a_new_index():
    followed = updated(walks=64)
    fresh = gr.PowerWalkIndex.build(followed.graph, walks=64, closure="none", seed=5)
    # Over six seeds each, the errors of fresh indexes spread by 1 % at the first eps, where sources share no walks, and
    # by 15 % at the second.
    for eps, spread in ((1.0, 0.05), (1e-3, 0.3)):
        ours, theirs = errors(followed, eps), errors(fresh, eps)
        assert abs(ours - theirs) <= spread * theirs


def test_the_graph_is_the_changed_one_and_calibration_is_measured_on_it():
    index = updated(n_batches=3)
    before = index.graph
    edges = before.edges()
    index.update(delete=edges[:10])
    assert index.graph.edges().equals(edges[10:])
    assert before.edges().equals(edges)
    assert index.calibration["sources"].to_list() == [32] * index.calibration.height
    measured = index.query(0, eps=1e-3).estimated_error[0]
    index.update(insert=edges[:10])
    assert index.query(0, eps=1e-3).estimated_error[0] > measured, "nothing is known of the new graph yet"


def test_the_same_seed_and_updates_give_the_same_answers():
    one, other = (updated(n_batches=5, seed=7).query(3, eps=1e-2).scores for _ in range(2))
    assert (one == other).all()


def test_an_answer_of_before_an_update_cannot_be_refined():
    index = updated(n_batches=1)
    answer = index.query(0, keep=True, eps=1e-2)
    index.update(insert=([0], [1]))
    with pytest.raises(InvalidArgumentError, match="must come from this index"):
        index.refine(answer, eps=1e-4)


def test_a_saved_index_belongs_to_the_graph_it_was_saved_with(tmp_path):
    index = updated(n_batches=1)
    index.save(tmp_path / "a.index")
    loaded = gr.PowerWalkIndex.load(tmp_path / "a.index", index.graph)
    assert (loaded.query(0).scores == index.query(0).scores).all()
    assert (index.is_dynamic, loaded.is_dynamic) == (True, False)
    assert ("dynamic" in repr(index), "dynamic" in repr(loaded)) == (True, False)
    with pytest.raises(InvalidArgumentError, match="loaded from a file, which keeps no paths"):
        loaded.update(insert=([0], [1]))
    with pytest.raises(InvalidArgumentError, match="follow updates: build it with dynamic=True"):
        gr.PowerWalkIndex.build(index.graph, closure="single").update(insert=([0], [1]))
    graph = index.graph
    index.update(delete=graph.edges()[:1])
    with pytest.raises(InvalidArgumentError):
        gr.PowerWalkIndex.load(tmp_path / "a.index", index.graph)


def test_refused_updates_change_nothing():
    index = updated(n_batches=1)
    before = (index.graph.edges().rows(), index.query(0, eps=0.1).scores.tolist())
    edge = index.graph.edges()[:1]
    with pytest.raises(InvalidDataError, match="`delete`, row 1"):
        index.update(delete=pl.concat([edge, edge]))
    with pytest.raises(NodeNotFoundError):
        index.update(insert=([0], [200]))
    with pytest.raises(InvalidArgumentError, match="closure"):
        gr.PowerWalkIndex.build(([0], [1]), closure="single", dynamic=True)
    assert (index.graph.edges().rows(), index.query(0, eps=0.1).scores.tolist()) == before


def test_a_stopped_update_is_carried_out_whole_or_not_at_all():
    n = 3000
    rng = np.random.default_rng(0)
    edges = pl.DataFrame({"src": rng.integers(0, n, 6 * n), "dst": rng.integers(0, n, 6 * n)}).unique(
        maintain_order=True
    )
    first, second = edges[: 3 * n], edges[3 * n :]
    g = gr.Graph.from_edges(first, nodes=pl.Series("id", range(n)))
    index = gr.PowerWalkIndex.build(g, dynamic=True, walks=8)
    outcomes = set()
    for timeout_s in np.geomspace(1e-6, 1.0, 25):
        before = index.graph.n_edges
        insert, delete = (second, None) if before == first.height else (None, second)
        after = edges.height if insert is not None else first.height
        try:
            index.update(insert=insert, delete=delete, timeout_s=float(timeout_s))
            stopped = False
        except TimedOutError:
            stopped = True
        now = index.graph.n_edges
        assert now == after or (stopped and now == before)
        outcomes.add((stopped, now == after))
        answer = index.query(5, eps=1e-3)
        exact = gr.personalized_pagerank(index.graph, 5)
        assert np.abs(answer.values - exact.values).sum() <= answer.error_bound[0] + exact.error_bound[0]
    # Which limits fall in the middle of an update depends on the machine; the first always falls before it.
    assert (True, False) in outcomes
