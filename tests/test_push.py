"""Queries that stay nearby, lists that are proven, and many threads that ask one graph."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import graphrank as gr
from graphrank.exceptions import InvalidArgumentError


@pytest.fixture(scope="module")
def sites():
    """2,000 sites of 10 pages that link among themselves, and a portal that links to all of them."""
    rng = np.random.default_rng(5)
    first = np.repeat(np.arange(2_000) * 10, 30)
    src, dst = first + rng.integers(0, 10, 60_000), first + rng.integers(0, 10, 60_000)
    portal = np.full(2_000, 20_000)
    edges = (np.r_[src, portal], np.r_[dst, np.arange(2_000) * 10])
    return gr.Graph.from_edges(edges, nodes=np.arange(20_001))


@pytest.fixture(scope="module")
def passages():
    """An undirected weighted graph as retrieval builds them, and restart vectors for 40 questions."""
    rng = np.random.default_rng(6)
    n = 800
    edges = (rng.integers(0, n, 4_000), rng.integers(0, n, 4_000), rng.random(4_000) + 0.1)
    g = gr.Graph.from_edges(edges, directed=False, nodes=np.arange(n))
    return g, rng.random((40, n)) * (rng.random((40, n)) < 0.05)


def test_a_page_of_a_small_site_is_answered_by_push(sites):
    answer = gr.personalized_pagerank(sites, 5, top_k=3)
    assert answer.method == "push"
    assert answer.error_bound[0] <= 1e-8
    assert (answer.nodes < 10).all()
    full = gr.personalized_pagerank(sites, 5, method="power").scores[0]
    assert np.abs(answer.values - full[answer.nodes]).sum() <= 2e-8
    assert not full[10:].any()


def test_the_portal_reaches_too_much_for_push_and_is_solved_all_the_same(sites):
    answer = gr.personalized_pagerank(sites, 20_000)
    assert answer.method != "push"
    power = gr.personalized_pagerank(sites, 20_000, method="power")
    assert np.abs(answer.scores - power.scores).sum() <= 2e-8


def test_no_query_sees_the_one_before(sites):
    first = gr.personalized_pagerank(sites, 5)
    gr.personalized_pagerank(sites, [20_000, 7, 19_990])
    again = gr.personalized_pagerank(sites, 5)
    assert (first.values == again.values).all()
    batch = gr.personalized_pagerank(sites, [20_000, 5])
    assert (batch.values[1] == first.values[0]).all()


def test_renumbered_nodes_keep_their_scores(sites):
    order = np.random.default_rng(1).permutation(20_001)
    edges = sites.edges()
    renamed = (order[edges["src"].to_numpy()], order[edges["dst"].to_numpy()])
    g = gr.Graph.from_edges(renamed, nodes=np.arange(20_001))
    for source in (5, 77, 19_995):
        here = gr.personalized_pagerank(sites, source, method="push").scores[0]
        there = gr.personalized_pagerank(g, order[source], method="push").scores[0]
        assert np.abs(here - there[order]).sum() <= 2e-8


def test_scores_balance_by_degree_where_edges_go_both_ways():
    rng = np.random.default_rng(2)
    g = gr.Graph.from_edges(tuple(rng.integers(0, 40, (2, 100))), directed=False, nodes=np.arange(40))
    degree = np.diff(np.asarray(g._inner.offsets()).astype(float))
    linked = np.flatnonzero(degree)
    scores = gr.personalized_pagerank(g, linked, method="push", tol=1e-10).scores[:, linked]
    flow = degree[linked][:, None] * scores
    assert np.abs(flow - flow.T).max() <= 1e-8  # degrees are below 20


@pytest.mark.parametrize("stop", ["tolerance", "certified", "rank_stable"])
def test_what_is_certified_is_the_set_of_the_full_answer(passages, sites, stop):
    g, restarts = passages
    full = gr.personalized_pagerank(g, restart=restarts, damping=0.5, tol=1e-12).scores
    answer = gr.personalized_pagerank(g, restart=restarts, damping=0.5, top_k=10, stop=stop)
    listed = answer.nodes.reshape(len(restarts), 10)
    for scores, nodes, proven in zip(full, listed, answer.top_k_certified, strict=True):
        others = np.delete(scores, nodes)
        assert scores[nodes].min() > others.max() or not proven
    if stop != "rank_stable":
        assert answer.top_k_certified.all()
    assert (answer.error_bound.max() > 1e-8) == (stop != "tolerance")


def test_an_early_stop_takes_fewer_sweeps_and_says_what_it_cost(passages):
    g, restarts = passages
    asked = {
        stop: gr.personalized_pagerank(g, restart=restarts[0], top_k=10, stop=stop, method="power")
        for stop in ("tolerance", "certified", "rank_stable")
    }
    sweeps = {stop: int(answer.iterations[0]) for stop, answer in asked.items()}
    assert max(sweeps["certified"], sweeps["rank_stable"]) < sweeps["tolerance"]
    assert asked["certified"].top_k_certified.tolist() == [True]
    full = gr.personalized_pagerank(g, restart=restarts[0], tol=1e-12).scores[0]
    for answer in asked.values():
        assert np.abs(answer.values - full[answer.nodes]).sum() <= answer.error_bound[0] + 1e-12


def test_a_tie_at_the_end_of_the_list_is_never_certified():
    star = gr.Graph.from_edges(([0] * 6, range(1, 7)), directed=False)
    for stop in ("tolerance", "certified"):
        ties = gr.personalized_pagerank(star, 0, top_k=3, stop=stop)
        assert ties.top_k_certified.tolist() == [False]
        assert ties.error_bound[0] <= 1e-8
    assert gr.personalized_pagerank(star, 0, top_k=1).top_k_certified.tolist() == [True]
    assert gr.personalized_pagerank(star, 0).top_k_certified is None


def test_stopping_early_is_refused_where_it_cannot_be_done(passages):
    g, _ = passages
    with pytest.raises(InvalidArgumentError, match=r"`stop` .* needs `top_k`"):
        gr.personalized_pagerank(g, 0, stop="certified")
    with pytest.raises(InvalidArgumentError, match='needs method "auto", "push" or "power"'):
        gr.personalized_pagerank(g, 0, top_k=3, stop="rank_stable", method="cg")
    with pytest.raises(InvalidArgumentError, match="`stop` must be one of 'tolerance'"):
        gr.personalized_pagerank(g, 0, top_k=3, stop="soon")


def test_eight_threads_that_ask_one_graph_get_what_one_thread_gets(sites, passages):
    g, restarts = passages
    sources = [5, 20_000, 77, 19_995]

    def ask(i):
        here = gr.personalized_pagerank(g, restart=restarts[i % 40], damping=0.5, top_k=20)
        there = gr.personalized_pagerank(sites, sources[i % 4], top_k=20)
        return [here.nodes.tolist(), here.values.tolist(), there.nodes.tolist(), there.values.tolist()]

    serial = [ask(i) for i in range(80)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(80))) == serial


def test_ids_of_other_kinds_are_found_without_a_table(sites):
    for one in (5, np.int64(5), np.uint8(5), [5], (5,), np.array([5])):
        answer = gr.personalized_pagerank(sites, one, top_k=1)
        assert answer.queries.to_list() == [5]
    for wrong, kind in itertools.product((-1, 20_001, 2**40), (int, np.int64)):
        with pytest.raises(gr.exceptions.NodeNotFoundError):
            gr.personalized_pagerank(sites, kind(wrong))
    with pytest.raises(gr.exceptions.GraphRankError):
        gr.personalized_pagerank(sites, True)
