"""Graph: every constructor from tables, every accessor, and what it looks like."""

from __future__ import annotations

import copy
import datetime as dt
import pickle

import networkx as nx
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse

import graphrank as gr
from graphrank._run import run_opts
from graphrank.exceptions import (
    ColumnNotFoundError,
    InvalidArgumentError,
    InvalidTypeError,
    NodeNotFoundError,
)
from graphrank.testing import assert_same_graph, random_edges

TABLE = pl.DataFrame({"a": ["x", "y", "x"], "b": ["y", "z", "y"], "n": [1, 2, 4], "note": ["p", "q", "r"]})


@pytest.fixture
def g():
    return gr.Graph.from_edges(TABLE, "a", "b", "n")


class ArrowOnly:
    """A table of a library of its own: nothing but an Arrow stream."""

    def __init__(self, frame):
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema=None):
        return self._frame.__arrow_c_stream__(requested_schema)


class PandasLike:
    """A frame that only hands out NumPy arrays, as pandas does without pyarrow."""

    def __init__(self, frame):
        self.columns = frame.columns
        self._frame = frame

    def __getitem__(self, name):
        return self._frame[name]

    def to_numpy(self):
        return self._frame.to_numpy()


SAME_TABLE = {
    "frame": lambda: (TABLE, "a", "b", "n"),
    "lazy frame": lambda: (TABLE.lazy(), "a", "b", "n"),
    "dict": lambda: (TABLE.to_dict(as_series=False), "a", "b", "n"),
    "Arrow stream": lambda: (ArrowOnly(TABLE), "a", "b", "n"),
    "NumPy columns": lambda: (PandasLike(TABLE), "a", "b", "n"),
    "lists": lambda: ((["x", "y", "x"], ["y", "z", "y"], [1, 2, 4]),),
    "arrays": lambda: ((np.array(["x", "y", "x"]), np.array(["y", "z", "y"]), np.array([1.0, 2, 4])),),
    "series": lambda: (tuple(TABLE.select("a", "b", "n").get_columns()),),
    "rows": lambda: ([("x", "y", 1), ("y", "z", 2), ("x", "y", 4)], "s", "d", "w"),
    "two chunks": lambda: (pl.concat([TABLE.head(1), TABLE.tail(2)], rechunk=False), "a", "b", "n"),
}


@pytest.mark.parametrize("kind", SAME_TABLE)
def test_every_kind_of_table_gives_the_same_graph(kind, g):
    made = gr.Graph.from_edges(*SAME_TABLE[kind]())
    assert_same_graph(made, g)
    assert made.edges().rows() == [("x", "y", 5.0), ("y", "z", 2.0)]


def test_of_a_lazy_frame_only_the_named_columns_are_computed():
    def fail(_):
        raise AssertionError("computed")

    lazy = TABLE.lazy().with_columns(bad=pl.col("note").map_batches(fail, return_dtype=pl.String))
    assert gr.Graph.from_edges(lazy, "a", "b").n_edges == 2


def test_a_table_is_never_changed():
    frame = random_edges(50, 300, weighted=True)
    before = frame.clone()
    gr.Graph.from_edges(frame, weight="weight", directed=False, duplicates="max")
    assert frame.equals(before)
    arrays = (np.array([3, 1]), np.array([1, 3]), np.array([2.0, 1.0]))
    for array in arrays:
        array.flags.writeable = False
    assert gr.Graph.from_edges(arrays).edges().rows() == [(1, 3, 1.0), (3, 1, 2.0)]


def test_strided_and_sliced_columns_are_read_right():
    wide = np.arange(20).reshape(10, 2)
    g = gr.Graph.from_edges((wide[::2, 0], wide[::2, 1], np.arange(10.0)[::2]))
    assert g.edges().rows() == [(4 * i, 4 * i + 1, 2.0 * i) for i in range(5)]
    sliced = pl.DataFrame({"src": range(10), "dst": range(10, 20)}).slice(7)
    assert gr.Graph.from_edges(sliced).edges().rows() == [(7, 17), (8, 18), (9, 19)]


def test_what_the_graph_is(g):
    assert (g.n_nodes, g.n_edges, g.is_directed, g.is_weighted) == (3, 2, True, True)
    assert g.nodes.equals(pl.DataFrame({"id": ["x", "y", "z"]}))
    plain = gr.Graph.from_edges(TABLE, "a", "b", directed=False)
    assert (plain.n_nodes, plain.n_edges, plain.is_directed, plain.is_weighted) == (3, 2, False, False)
    assert plain.edges().columns == ["src", "dst"]


def test_an_undirected_edge_counts_once_and_a_self_loop_too():
    g = gr.Graph.from_edges(([1, 2, 2], [2, 1, 2]), directed=False)
    assert (g.n_edges, g.edges().rows()) == (2, [(1, 2), (2, 2)])
    assert g.degrees().rows() == [(1, 1, 1), (2, 2, 2)]
    assert gr.Graph.from_edges(([1, 2, 2], [2, 1, 2]), directed=False, self_loops="drop").n_edges == 1


def test_a_dropped_self_loop_leaves_its_node():
    g = gr.Graph.from_edges(([1, 5], [2, 5]), self_loops="drop")
    assert (g.nodes["id"].to_list(), g.edges().rows()) == ([1, 2, 5], [(1, 2)])


def test_degrees_have_their_columns_and_dtypes(g):
    degrees = g.degrees()
    assert dict(degrees.schema) == {
        "id": pl.String(),
        "out_degree": pl.UInt32(),
        "in_degree": pl.UInt32(),
        "out_weight": pl.Float64(),
        "in_weight": pl.Float64(),
    }
    assert degrees.rows() == [("x", 1, 0, 5.0, 0.0), ("y", 1, 1, 2.0, 5.0), ("z", 0, 1, 0.0, 2.0)]


def test_neighbours_are_those_that_edges_lead_to(g):
    assert g.neighbors("x").rows(named=True) == [{"id": "y", "weight": 5.0}]
    assert g.neighbors("z").height == 0
    assert gr.Graph.from_edges(TABLE, "a", "b").neighbors("x").columns == ["id"]


NODES = {
    "frame with id": pl.DataFrame({"size": [1, 2, 3, 4], "id": ["z", "w", "y", "x"]}),
    "frame without id": pl.DataFrame({"name": ["z", "w", "y", "x"], "size": [1, 2, 3, 4]}),
    "lazy frame": pl.LazyFrame({"id": ["z", "w", "y", "x"], "size": [1, 2, 3, 4]}),
    "dict": {"id": ["z", "w", "y", "x"], "size": [1, 2, 3, 4]},
}


@pytest.mark.parametrize("kind", NODES)
def test_a_node_table_sets_the_order_and_brings_attributes(kind):
    g = gr.Graph.from_edges(TABLE, "a", "b", nodes=NODES[kind])
    assert g.nodes.rows(named=True)[1] == {"id": "w", "size": 2}
    assert g.nodes["id"].to_list() == ["z", "w", "y", "x"]
    assert g.edges().rows() == [("y", "z"), ("x", "y")]
    assert g.degrees()["out_degree"].to_list() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "nodes", [["z", "y", "x"], ("z", "y", "x"), pl.Series(["z", "y", "x"]), np.array(["z", "y", "x"])]
)
def test_a_node_list_sets_the_order(nodes):
    g = gr.Graph.from_edges(TABLE, "a", "b", nodes=nodes)
    assert g.nodes.rows() == [("z",), ("y",), ("x",)]


def test_attributes_ride_along_everywhere(tmp_path):
    people = pl.DataFrame(
        {"id": [3, 1, 2], "born": [dt.date(1990, 1, 1), None, dt.date(2000, 2, 2)], "tags": [["a"], [], None]}
    )
    g = gr.Graph.from_edges(([1, 2], [2, 3]), nodes=people)
    for other in (g.reverse(), g.to_undirected(), copy.copy(g), pickle.loads(pickle.dumps(g))):  # noqa: S301
        assert other.nodes.equals(people)
    assert g.subgraph([2, 3]).nodes.equals(people[[2, 0]])
    g.save(tmp_path / "g.graph")
    assert gr.Graph.load(tmp_path / "g.graph").nodes.equals(people)
    assert gr.Graph.from_scipy(g.to_scipy(), nodes=people).nodes.equals(people)


def test_a_subgraph_has_the_nodes_in_the_order_asked_for_and_each_once(g):
    part = g.subgraph(["z", "x", "y", "z"])
    assert part.nodes["id"].to_list() == ["z", "x", "y"]
    assert part.edges().rows() == [("x", "y", 5.0), ("y", "z", 2.0)]
    assert g.subgraph("x").n_nodes == 1
    assert g.subgraph(pl.Series(["x", "z"])).n_edges == 0
    assert (g.subgraph([]).n_nodes, g.subgraph([]).nodes["id"].dtype) == (0, pl.String)


def test_both_directions_become_one_edge_by_the_rule_asked_for():
    g = gr.Graph.from_edges(([1, 2, 3], [2, 1, 3], [1.0, 10.0, 5.0]))
    expected = {"sum": 11.0, "max": 10.0, "first": 1.0}
    for rule, weight in expected.items():
        both = g.to_undirected(rule)
        assert (both.is_directed, both.edges().rows()) == (False, [(1, 2, weight), (3, 3, 5.0)])
    assert g.to_undirected().edges().rows()[0][2] == 11.0
    with pytest.raises(InvalidArgumentError, match="`duplicates`"):
        g.to_undirected("error")


def test_codes_and_ids_are_translated(g):
    assert g.encode(["z", "x"]).tolist() == [2, 0]
    assert g.encode("y").dtype == np.uint32
    assert g.decode(np.array([2, 0, 2])).to_list() == ["z", "x", "z"]
    for wrong in (np.array([3]), np.array([-1]), np.array([0.5])):
        with pytest.raises(InvalidArgumentError, match="`codes`"):
            g.decode(wrong)


def test_an_instant_between_two_microseconds_is_no_node_of_microseconds():
    ids = pl.Series([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2)], dtype=pl.Datetime("us"))
    g = gr.Graph.from_edges((ids, ids.reverse()))
    fine = ids.cast(pl.Datetime("ns"))
    assert g.encode(fine).tolist() == [0, 1]
    with pytest.raises(NodeNotFoundError, match="2024"):
        g.encode((fine.head(1).cast(pl.Int64) + 1).cast(pl.Datetime("ns")))


def test_what_it_hands_out_cannot_change_it(g):
    g.nodes.insert_column(0, pl.Series("q", [1, 2, 3]))
    assert g.nodes.columns == ["id"]
    for array in (g._inner.offsets(), g._inner.targets(), g._inner.weights()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True


def test_views_keep_the_graph_alive():
    offsets = gr.Graph.from_edges((np.arange(100_000), np.arange(100_000)))._inner.offsets()
    assert np.array_equal(offsets, np.arange(100_001))


def test_nothing_can_be_set_on_a_graph(g):
    for name in ("n_nodes", "nodes", "colour"):
        with pytest.raises(AttributeError):
            setattr(g, name, 1)


def test_it_says_what_it_is(g):
    assert repr(g) == "Graph(3 nodes, 2 edges, directed, weighted, ids: String)"
    assert (
        repr(gr.Graph.from_edges(([7], [7]), directed=False))
        == "Graph(1 node, 1 edge, undirected, unweighted, ids: Int64)"
    )
    html = gr.Graph.from_edges((["<b>"], ["x"]), nodes={"id": ["<b>", "x"], "<i>": [1, 2]})._repr_html_()
    assert "<table>" in html
    assert "&lt;i&gt;" in html


def test_a_copy_is_the_graph_itself_and_a_pickle_an_equal_one(g):
    assert copy.copy(g) is g
    assert copy.deepcopy(g) is g
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert_same_graph(pickle.loads(pickle.dumps(g, protocol)), g)  # noqa: S301


def test_as_graph_reads_whatever_looks_like_a_graph(g):
    assert gr.as_graph(g) is g
    frame = TABLE.rename({"a": "src", "b": "dst", "n": "weight"})
    for table in (frame, frame.lazy(), frame.to_dict(as_series=False), ArrowOnly(frame)):
        assert_same_graph(gr.as_graph(table), g)
    assert not gr.as_graph(frame.drop("weight")).is_weighted
    assert_same_graph(gr.as_graph(SAME_TABLE["rows"]()[0]), g)
    assert_same_graph(gr.as_graph((["x", "y", "x"], ["y", "z", "y"], [1, 2, 4])), g)
    assert gr.as_graph(nx.path_graph(4)).n_edges == 3
    assert gr.as_graph(sparse.csr_array(np.eye(3))).n_edges == 3
    with pytest.raises(ColumnNotFoundError, match="'src'"):
        gr.as_graph(TABLE)
    with pytest.raises(InvalidTypeError, match="list"):
        gr.Graph.from_edges(["x", "y"])


def test_assert_same_graph_sees_every_difference(g):
    others = {
        "directed": gr.Graph.from_edges(TABLE, "a", "b", "n", directed=False),
        "weighted": gr.Graph.from_edges(TABLE, "a", "b"),
        "nodes": gr.Graph.from_edges(TABLE, "a", "b", "n", nodes=["x", "y", "z", "w"]),
        "weights": gr.Graph.from_edges(TABLE, "a", "b", "n", duplicates="max"),
        "edges": g.reverse(),
    }
    for other in others.values():
        with pytest.raises(AssertionError):
            assert_same_graph(g, other)
    near = gr.Graph.from_edges(TABLE.with_columns(pl.col("n") * (1 + 1e-12)), "a", "b", "n")
    assert_same_graph(g, near, rtol=1e-9)


def test_random_edges_repeat_with_their_seed():
    assert random_edges(10, 50, seed=3).equals(random_edges(10, 50, seed=3))
    assert not random_edges(10, 50, seed=3).equals(random_edges(10, 50, seed=4))
    weights = random_edges(10, 500, weighted=True)["weight"]
    assert 0 < weights.min() <= weights.max() <= 1


def test_progress_true_draws_a_bar_on_stderr(capsys):
    gr.Graph.from_edges(([1], [2]), progress=True)
    captured = capsys.readouterr()
    assert (captured.out, "building graph" in captured.err) == ("", True)


@pytest.mark.parametrize("has_tqdm", [True, False])
def test_a_phase_with_nothing_to_count_shows_no_bar(capsys, monkeypatch, has_tqdm):
    if not has_tqdm:
        monkeypatch.setattr("graphrank._run.find_spec", lambda _: None)
    show, _ = run_opts(True, None)
    show(0, 0, "coding ids")
    show(3, 4, "building graph")
    del show
    err = capsys.readouterr().err
    assert "coding ids" not in err
    assert "building graph:  75%" in err


def test_progress_true_without_tqdm_writes_one_line(capsys, monkeypatch):
    monkeypatch.setattr("graphrank._run.find_spec", lambda _: None)
    gr.Graph.from_edges(([1], [2]), progress=True)
    err = capsys.readouterr().err
    assert "building graph: 100%" in err
    assert err.endswith("\n")
    assert err.count("\n") == 1


def test_a_list_of_triples_is_weighted_everywhere():
    rows = [("a", "b", 1.0), ("a", "c", 99)]
    expected = gr.Graph.from_edges((["a", "a"], ["b", "c"], [1.0, 99.0])).edges()
    assert expected["weight"].to_list() == [1.0, 99.0]
    for made in (
        gr.Graph.from_edges(rows),
        gr.Graph.from_edges(rows, weight="w"),
        gr.as_graph(rows),
    ):
        assert made.edges().equals(expected)
    assert not gr.Graph.from_edges([("a", "b"), ("a", "c")]).is_weighted


@pytest.mark.parametrize(
    ("edges", "weight"),
    [
        ([("a", "b"), ("a", "c", 2.0)], None),
        ([("a", "b")], "w"),
        ([("a", "b", 1.0, "x")], None),
        ([["a", "b"]], None),
    ],
)
def test_rows_of_a_list_are_pairs_or_triples(edges, weight):
    with pytest.raises(InvalidTypeError, match="one tuple"):
        gr.Graph.from_edges(edges, weight=weight)


@pytest.mark.parametrize(
    "edges",
    [(("a", "b"), ("c", "d")), ((1, 2), (3, 4), (5, 6)), ((1, 2), (3, 4), (5, 6), (7, 8)), ((1, 2, 0.5),)],
)
def test_a_tuple_of_tuples_is_ambiguous(edges):
    for make in (gr.Graph.from_edges, gr.as_graph):
        with pytest.raises(InvalidTypeError, match="ambiguous: give a list of pairs"):
            make(edges)
    assert gr.Graph.from_edges(([1, 3], (2, 4))).edges().rows() == [(1, 2), (3, 4)]
