"""PageRank from Python: every argument, every form of restart, and the shape of the answer."""

from __future__ import annotations

import dataclasses
import sys

import matplotlib
import networkx as nx
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse

import graphrank as gr
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError, MissingDependencyError

EDGES = (["a", "a", "b", "c", "d"], ["b", "c", "a", "a", "a"])


@pytest.fixture
def g():
    return gr.Graph.from_edges(EDGES)


def test_one_source_is_one_query_called_by_its_id(g):
    answer = gr.personalized_pagerank(g, "b")
    table = answer.to_polars()
    assert dict(table.schema) == {"query": pl.String(), "node": pl.String(), "score": pl.Float64()}
    assert table["query"].unique().to_list() == ["b"]
    assert table["score"].is_sorted(descending=True)
    assert sorted(table["node"]) == ["a", "b", "c", "d"]
    assert len(answer) == 1


@pytest.mark.parametrize(
    "sources", [["c", "a", "c"], ("c", "a", "c"), pl.Series(["c", "a", "c"]), np.array(["c", "a", "c"])]
)
def test_sources_are_queries_in_the_order_asked(g, sources):
    answer = gr.personalized_pagerank(g, sources)
    assert answer.scores.shape == (3, 4)
    assert answer.queries.to_list() == ["c", "a", "c"]
    assert answer.scores[0].tobytes() == answer.scores[2].tobytes()
    assert answer.to_polars()["query"].to_list() == ["c"] * 4 + ["a"] * 4 + ["c"] * 4


@pytest.mark.parametrize("sources", [{"a", "b"}, frozenset({"a", "b"})])
def test_a_set_of_sources_has_no_order_to_keep(g, sources):
    with pytest.raises(InvalidTypeError, match="give a list"):
        gr.personalized_pagerank(g, sources)


def test_a_frozenset_may_itself_be_a_source():
    pair = frozenset({1, 2})
    answer = gr.personalized_pagerank(nx.DiGraph([(pair, "x"), ("x", pair)]), pair)
    assert answer.queries.to_list() == [pair]


def test_a_restart_weight_that_is_no_number_is_named(g):
    with pytest.raises(InvalidTypeError, match="'b' the weight '3'"):
        gr.personalized_pagerank(g, restart={"a": 1, "b": "3"})


def test_ties_come_in_node_order():
    star = gr.Graph.from_edges((["hub"] * 4, ["z", "m", "q", "a"]), nodes=["z", "hub", "m", "q", "a"])
    table = gr.personalized_pagerank(star, "hub").to_polars()
    assert table["node"].to_list() == ["hub", "z", "m", "q", "a"]
    best = gr.personalized_pagerank(star, "hub", top_k=3).to_polars()
    assert best["node"].to_list() == ["hub", "z", "m"]


def test_top_k_lists_only_positive_scores(g):
    answer = gr.personalized_pagerank(g, ["a", "d"], top_k=10)
    assert answer.to_polars()["query"].to_list() == ["a"] * 3 + ["d"] * 4
    assert answer.offsets.tolist() == [0, 3, 7]
    assert answer.scores.shape == (2, 4)
    assert (answer.values > 0).all()
    assert gr.personalized_pagerank(g, "a").nodes is None


RESTARTS = {
    "dict": {"a": 1, "d": 3},
    "frame": pl.DataFrame({"node": ["a", "d"], "weight": [2, 6]}),
    "lazy frame": pl.LazyFrame({"weight": [0.5, 1.5], "node": ["a", "d"]}),
    "frame with repeats": pl.DataFrame({"node": ["d", "a", "d"], "weight": [1.0, 1.0, 2.0]}),
    "frame with one query": pl.DataFrame({"query": [7, 7], "node": ["a", "d"], "weight": [1.0, 3.0]}),
    "array": np.array([1.0, 0.0, 0.0, 3.0]),
    "array of integers": np.array([[1, 0, 0, 3]]),
}


@pytest.mark.parametrize("form", RESTARTS)
def test_every_form_of_a_restart_gives_the_same_scores(g, form):
    expected = 0.25 * gr.personalized_pagerank(g, "a").scores + 0.75 * gr.personalized_pagerank(g, "d").scores
    answer = gr.personalized_pagerank(g, restart=RESTARTS[form])
    assert (
        np.abs(answer.scores - expected).sum() <= 2e-8
    )  # no node dangles, so scores are linear in the restart
    assert answer.queries.to_list() == ([7] if form == "frame with one query" else [0])
    assert np.abs(gr.pagerank(g, restart=RESTARTS[form]).scores - answer.scores).sum() == 0


def test_a_frame_of_queries_answers_them_in_order_of_appearance(g):
    frame = pl.DataFrame({"query": ["y", "x", "y"], "node": ["b", "c", "d"], "weight": [1.0, 5.0, 1.0]})
    answer = gr.personalized_pagerank(g, restart=frame)
    assert answer.queries.to_list() == ["y", "x"]
    halves = gr.personalized_pagerank(g, restart={"b": 1, "d": 1}).scores[0]
    assert answer.scores[0].tobytes() == halves.tobytes()
    assert answer.scores[1].tobytes() == gr.personalized_pagerank(g, "c").scores[0].tobytes()
    rows = gr.personalized_pagerank(g, restart=np.eye(4)[[1, 3]])
    assert rows.queries.to_list() == [0, 1]


def test_restarts_of_every_size_are_normalised(g):
    one = gr.personalized_pagerank(g, restart={"a": 1e-320, "d": 1e-320}).scores
    other = gr.personalized_pagerank(g, restart={"a": 1.7e308, "d": 1.7e308}).scores
    assert np.abs(one - other).sum() <= 2e-8
    assert abs(one.sum() - 1) <= 1e-8


def test_a_weight_of_zero_is_never_followed_and_such_a_node_dangles():
    g = gr.Graph.from_edges((["a", "a", "b"], ["b", "c", "c"], [1.0, 0.0, 0.0]))
    scores = gr.personalized_pagerank(g, "a", dangling="self", tol=1e-12).scores[0]
    # a keeps 0.15; all else walks to b, whose only edge weighs nothing, and stays.
    assert scores == pytest.approx([0.15, 0.85, 0.0], abs=1e-12)


def test_damping_and_tolerance_are_honoured(g):
    rough, fine = (gr.personalized_pagerank(g, "a", tol=tol, method="power") for tol in (1e-2, 1e-12))
    assert rough.iterations[0] < fine.iterations[0]
    assert fine.error_bound[0] <= 1e-12
    assert np.abs(rough.scores - fine.scores).sum() <= 1e-2 + 1e-12
    assert gr.pagerank(g, damping=0).scores.tolist() == [[0.25] * 4]
    assert gr.pagerank(g, damping=np.float32(0.5)).error_bound[0] <= 1e-8


def test_the_method_is_named_and_auto_chooses_one(g):
    assert gr.personalized_pagerank(g, "a", method="power").method == "power"
    assert gr.personalized_pagerank(g, "a", method="auto").method in {"power", "gauss_seidel", "cg", "push"}


@pytest.mark.parametrize("dangling", ["restart", "uniform", "self", "absorb"])
def test_pagerank_takes_every_rule_for_dangling_nodes(dangling):
    answer = gr.pagerank((["a"], ["b"]), dangling=dangling, tol=1e-12)
    # c = .15, s = (1/2, 1/2); the killed walk is a = (.075, .13875).
    killed = np.array([0.075, 0.13875])
    uniform = killed / killed.sum()
    expected = {"absorb": killed, "restart": uniform, "uniform": uniform, "self": np.array([0.075, 0.925])}
    assert np.abs(answer.scores[0] - expected[dangling]).sum() <= 2e-12


def test_the_answer_is_frozen_and_says_what_it_is(g):
    answer = gr.personalized_pagerank(g, ["a", "b"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.method = "other"
    assert repr(answer).startswith(f"PprResult(2 queries, 4 nodes, method={answer.method!r}, error_bound<=")
    assert repr(gr.pagerank(g)).startswith("PprResult(1 query, 4 nodes")
    assert "<table" in answer._repr_html_()
    assert answer.graph is g
    assert pl.DataFrame(answer).equals(answer.to_polars())


def test_an_answer_is_drawn(g):
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    answer = gr.personalized_pagerank(g, ["a", "b"])
    axes = answer.plot(top=3, query=1)
    assert [label.get_text() for label in axes.get_yticklabels()] == answer.to_polars()["node"][4:7].to_list()
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == answer.to_polars()["score"][4:7].to_list()
    assert answer.plot(axes) is axes
    plt.close("all")
    with pytest.raises(InvalidArgumentError, match="`query`"):
        answer.plot(query=2)


def test_a_query_is_drawn_by_its_name_too_and_long_names_have_room():
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    long = "a" * 40
    answer = gr.personalized_pagerank(([long, "b"], ["b", long]), [long, "b"])
    axes = answer.plot(query="b")
    assert axes.get_title() == "query b"
    axes.figure.canvas.draw()
    assert min(label.get_window_extent().x0 for label in axes.get_yticklabels()) >= 0
    with pytest.raises(InvalidArgumentError, match="no query of this answer is called 'c'"):
        answer.plot(query="c")
    with pytest.raises(InvalidArgumentError, match="has no queries"):
        gr.personalized_pagerank(EDGES, []).plot()
    plt.close("all")


def test_every_kind_of_graph_can_be_asked_directly(g):
    frame = pl.DataFrame({"src": EDGES[0], "dst": EDGES[1]})
    expected = gr.pagerank(g).scores
    for graph in (
        EDGES,
        frame,
        frame.lazy(),
        list(zip(*EDGES, strict=True)),
        nx.DiGraph(list(zip(*EDGES, strict=True))),
    ):
        assert np.abs(gr.pagerank(graph).scores - expected).sum() == 0
    assert np.abs(gr.pagerank(sparse.csr_matrix(g.to_scipy())).scores - expected).sum() == 0


def test_no_query_is_an_empty_answer(g):
    empty = gr.personalized_pagerank(g, [])
    assert (len(empty), empty.scores.shape, empty.to_polars().height) == (0, (0, 4), 0)
    assert repr(empty).startswith("PprResult(0 queries")
    assert "<code>" in empty._repr_html_()


def test_a_missing_library_is_named_with_the_command_that_installs_it(g, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    monkeypatch.setitem(sys.modules, "networkx", None)
    answer = gr.personalized_pagerank(g, "a", top_k=1)
    for call, extra in ((lambda: answer.scores, "scipy"), (g.to_scipy, "scipy"), (g.to_networkx, "networkx")):
        with pytest.raises(MissingDependencyError, match=rf"pip install 'graphrank-engine\[{extra}\]'"):
            call()
    assert answer.to_polars().height == 1
