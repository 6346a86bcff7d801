"""Scores that follow a graph: what the methods take, return and refuse, and long streams of updates."""

from __future__ import annotations

import threading
import time

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import (
    ColumnNotFoundError,
    DidNotConvergeError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    NodeNotFoundError,
    TimedOutError,
)
from graphrank.testing import random_edges


@pytest.fixture
def triangle() -> gr.DynamicPpr:
    return gr.DynamicPpr((["a", "b", "c"], ["b", "c", "a"]), ["a", "c"], eps=1e-8)


def table(*rows):
    return pl.DataFrame(rows, schema=["src", "dst"], orient="row")


def stream(g, n_batches, size, seed=0):
    """Batches that delete edges of the graph and bring them back a batch later: (delete, insert)."""
    edges = g.edges().sample(fraction=1.0, shuffle=True, seed=seed)
    gone = None
    for i in range(n_batches):
        rows = edges[(i * size) % (edges.height - size) :][:size]
        if gone is not None:
            rows = rows.join(gone, on=["src", "dst"], how="anti")
        yield rows, gone
        gone = rows


def test_answers_are_those_of_a_fresh_solve_in_the_same_shape(triangle):
    triangle.insert_edges(table(("a", "c")))
    fresh = gr.personalized_pagerank(triangle.to_graph(), ["a", "c"], tol=1e-10)
    assert triangle.scores.shape == (2, 3)
    assert np.abs(triangle.scores - fresh.scores).sum(axis=1).max() <= 1.1e-8
    ours, theirs = triangle.to_polars(), fresh.to_polars()
    assert ours.select("query", "node").equals(theirs.select("query", "node"))
    assert ours.schema == theirs.schema
    result = triangle.result()
    assert (result.method, len(result), result.queries.to_list()) == ("dynamic", 2, ["a", "c"])
    assert result.graph.n_edges == 4
    assert triangle.top_k(1).to_polars()["node"].to_list() == ["a", "c"]
    assert repr(triangle).startswith("DynamicPpr(2 queries, 3 nodes, 4 edges, error_bound<=")


def test_a_result_is_not_changed_by_later_updates(triangle):
    result = triangle.result()
    before = result.scores.tolist()
    triangle.insert_edges(table(("a", "c")))
    assert result.scores.tolist() == before
    assert result.graph.n_edges == 3


def test_the_graph_it_began_with_is_not_changed():
    g = gr.Graph.from_edges(([0, 1, 2], [1, 2, 0]))
    gr.DynamicPpr(g, 0).delete_edges(([0], [1]))
    assert g.n_edges == 3
    assert g.edges().rows() == [(0, 1), (1, 2), (2, 0)]


def test_an_undirected_edge_goes_whichever_way_round_it_is_named():
    g = gr.Graph.from_edges(([0, 1, 1], [1, 2, 1]), directed=False)
    ppr = gr.DynamicPpr(g, 0)
    ppr.delete_edges(([2, 1], [1, 1]))
    assert ppr.to_graph().edges().rows() == [(0, 1)]
    ppr.insert_edges(([2], [0]))
    assert ppr.to_graph().edges().rows() == [(0, 1), (0, 2)]
    assert ppr.n_edges == 2
    with pytest.raises(InvalidDataError, match="`delete`, row 1, 1 -> 0"):
        ppr.delete_edges(([0, 1], [1, 0]))


@pytest.mark.parametrize(
    ("rule", "weights"), [("sum", [6.0, 5.0]), ("first", [1.0, 2.0]), ("max", [3.0, 3.0])]
)
def test_an_edge_that_exists_is_merged_by_the_rule(rule, weights):
    edges = pl.DataFrame({"src": [0], "dst": [1], "w": [1.0]})
    ppr = gr.DynamicPpr(gr.Graph.from_edges(edges, weight="w"), 0)
    rows = pl.DataFrame({"src": [0, 1, 0, 1], "dst": [1, 0, 1, 0], "w": [2.0, 2.0, 3.0, 3.0]})
    ppr.insert_edges(rows, weight="w", duplicates=rule)
    assert ppr.to_graph().edges()["weight"].to_list() == weights


def test_refused_updates_name_row_and_edge_and_change_nothing(triangle):
    before = (triangle.scores.tolist(), triangle.n_edges, triangle.error_bound.tolist())
    cases = [
        (InvalidDataError, "row 1, 'a' -> 'c': there is no such edge", table(("a", "b"), ("a", "c"))),
        (
            InvalidDataError,
            "row 2, 'a' -> 'b': there is no such edge",
            table(("a", "b"), ("b", "c"), ("a", "b")),
        ),
        (NodeNotFoundError, "'d' is not a node.*an update cannot add nodes", table(("a", "d"))),
        (ColumnNotFoundError, "no column 'dst'", pl.DataFrame({"src": ["a"], "target": ["b"]})),
        (InvalidTypeError, "holds Int64 values", table((1, 2))),
        (InvalidDataError, "is null in row 0", table(("a", None))),
    ]
    for error, message, rows in cases:
        with pytest.raises(error, match=message):
            triangle.delete_edges(rows)
    for error, message, rows in cases[2:]:
        with pytest.raises(error, match=message):
            triangle.insert_edges(rows)
    with pytest.raises(InvalidDataError, match="`insert`, row 1, 'a' -> 'b': this edge exists already"):
        triangle.insert_edges(table(("a", "c"), ("a", "b")), duplicates="error")
    with pytest.raises(InvalidArgumentError, match="unweighted"):
        triangle.insert_edges((["a"], ["c"], [1.0]))
    assert (triangle.scores.tolist(), triangle.n_edges, triangle.error_bound.tolist()) == before


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), None])
def test_weights_out_of_range_are_refused(weight):
    edges = pl.DataFrame({"src": [0, 1], "dst": [1, 0], "w": [1.0, 1.0]})
    ppr = gr.DynamicPpr(gr.Graph.from_edges(edges, weight="w"), 0)
    with pytest.raises(InvalidDataError, match="in row 1"):
        ppr.insert_edges(pl.DataFrame({"src": [0, 1], "dst": [1, 0], "w": [1.0, weight]}), weight="w")
    with pytest.raises(InvalidArgumentError, match="name the column"):
        ppr.insert_edges(([0], [1]))
    assert ppr.to_graph().edges()["weight"].to_list() == [1.0, 1.0]


def test_arguments_out_of_range_are_refused():
    edges = ([0, 1], [1, 0])
    for options, name in [
        ({"eps": 0}, "eps"),
        ({"eps": float("nan")}, "eps"),
        ({"damping": 1.0}, "damping"),
        ({"dangling": "jump"}, "dangling"),
        ({"restart": {0: 1}}, "sources"),
    ]:
        with pytest.raises(InvalidArgumentError, match=name):
            gr.DynamicPpr(edges, 0, **options)
    with pytest.raises(NodeNotFoundError):
        gr.DynamicPpr(edges, 7)
    with pytest.raises(DidNotConvergeError):
        gr.DynamicPpr(edges, 0, eps=1e-18)
    with pytest.raises(InvalidArgumentError, match="duplicates"):
        gr.DynamicPpr(edges, 0).insert_edges(edges, duplicates="last")


def test_empty_updates_graphs_and_queries_are_fine():
    empty = gr.Graph.from_edges(
        pl.DataFrame({"src": [], "dst": []}, schema={"src": pl.Int64, "dst": pl.Int64})
    )
    ppr = gr.DynamicPpr(empty, restart=np.zeros((0, 0)))
    assert ppr.scores.shape == (0, 0)
    ppr.update()
    lonely = gr.DynamicPpr(gr.Graph.from_edges(empty.edges(), nodes=[3, 4]), 3, dangling="uniform")
    before = lonely.scores
    assert abs(before[0, 0] - 0.575) <= 1e-6
    lonely.insert_edges(empty.edges())
    assert (lonely.scores == before).all()
    lonely.insert_edges(([3], [4]))
    lonely.delete_edges(([3], [4]))
    assert np.abs(lonely.scores - before).sum() <= 2e-6


@pytest.mark.parametrize(
    ("dangling", "directed", "n_updates"),
    [
        ("restart", True, 1_000_000),
        ("restart", False, 200_000),
        ("uniform", True, 200_000),
        ("self", True, 200_000),
        ("absorb", True, 200_000),
    ],
)
def test_a_million_updates_later_scores_are_still_within_their_bound(dangling, directed, n_updates):
    """Rounding is accounted for: at 1e-11 it takes about an eighth of what is allowed every hundred rounds."""
    g = gr.Graph.from_edges(random_edges(10_000, 60_000, seed=3), directed=directed)
    sources = g.nodes["id"].to_list()[:2]
    ppr = gr.DynamicPpr(g, sources, eps=1e-11, dangling=dangling)
    done = 0
    for delete, insert in stream(g, n_updates // 10_000, 6_000):
        ppr.update(delete=delete, insert=insert)
        done += delete.height + (0 if insert is None else insert.height)
    assert done > 0.9 * n_updates
    fresh = gr.personalized_pagerank(ppr.to_graph(), sources, tol=1e-12, dangling=dangling)
    error = np.abs(ppr.scores - fresh.scores).sum(axis=1)
    assert (error <= ppr.error_bound + 1e-12).all()
    assert (ppr.error_bound <= 1e-11).all()


def test_a_time_limit_leaves_all_edges_changed_and_an_honest_bound():
    g = gr.Graph.from_edges(random_edges(100_000, 1_000_000, seed=5))
    source = g.nodes["id"][0]
    ppr = gr.DynamicPpr(g, source, eps=1e-9, damping=0.99)
    gone = g.edges().sample(50_000, seed=1)
    with pytest.raises(TimedOutError):
        ppr.delete_edges(gone, timeout_s=0.08)
    changed = ppr.n_edges
    assert changed in (g.n_edges, g.n_edges - gone.height)
    exact = gr.personalized_pagerank(ppr.to_graph(), source, damping=0.99, tol=1e-11).scores
    assert np.abs(ppr.scores - exact).sum() <= ppr.error_bound[0] + 1e-11
    ppr.refine()
    assert ppr.error_bound[0] <= 1e-9
    assert np.abs(ppr.scores - exact).sum() <= 1.1e-9


def test_a_result_is_of_one_moment_while_another_thread_updates():
    g = gr.Graph.from_edges(random_edges(40, 400, seed=7))
    ppr = gr.DynamicPpr(g, 0, eps=1e-9)
    rows = g.edges().head(200)
    stop = threading.Event()
    errors = []

    def work():
        try:
            while not stop.is_set():
                ppr.delete_edges(rows)
                ppr.insert_edges(rows)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(100):
            answer = ppr.result()
            exact = gr.personalized_pagerank(answer.graph, 0, tol=1e-11)
            error = np.abs(answer.scores - exact.scores).sum()
            assert error <= answer.error_bound[0] + 1e-11
    finally:
        stop.set()
        thread.join(60)
    assert not errors


def test_one_object_serves_several_threads():
    g = gr.Graph.from_edges(random_edges(2_000, 20_000, seed=9))
    source = g.nodes["id"][0]
    ppr = gr.DynamicPpr(g, source)
    parts = [g.edges()[i * 1_000 : (i + 1) * 1_000] for i in range(4)]
    errors = []

    def work(rows):
        try:
            for _ in range(10):
                ppr.delete_edges(rows)
                assert ppr.error_bound[0] <= ppr.eps
                assert ppr.scores.shape == (1, g.n_nodes)
                ppr.insert_edges(rows)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(part,)) for part in parts]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert time.monotonic() - begin < 60
    assert ppr.to_graph().edges().equals(g.edges())
    exact = gr.personalized_pagerank(g, source, tol=1e-10).scores
    assert np.abs(ppr.scores - exact).sum() <= ppr.error_bound[0] + 1e-10


def test_an_eps_beyond_rounding_is_called_by_its_name():
    with pytest.raises(DidNotConvergeError, match=r"^`eps` = 1e-20 is out of reach.*ask for a larger `eps`$"):
        gr.DynamicPpr(([0, 1, 2], [1, 2, 0]), 0, eps=1e-20)
