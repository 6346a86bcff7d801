"""NetworkX graphs in and out."""

from __future__ import annotations

import datetime as dt

import networkx as nx
import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import InvalidTypeError
from graphrank.testing import assert_same_graph

KINDS = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]
ROWS = [("b", "a", 2.0), ("a", "c", 3.0), ("c", "c", 4.0), ("b", "a", 0.5), ("a", "b", 8.0)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_of_graph_keeps_its_order_edges_and_weights(kind):
    graph = kind()
    graph.add_nodes_from(["b", "lonely"])
    graph.add_weighted_edges_from(ROWS)
    g = gr.Graph.from_networkx(graph)
    expected = {}
    position = {node: i for i, node in enumerate(graph)}
    for u, v, w in graph.edges(data="weight"):
        pair = (u, v) if graph.is_directed() else tuple(sorted((u, v), key=position.get))
        expected[pair] = expected.get(pair, 0.0) + w
    assert g.nodes["id"].to_list() == list(graph)
    assert {(u, v): w for u, v, w in g.edges().rows()} == expected
    assert g.is_directed == graph.is_directed()


@pytest.mark.parametrize("kind", KINDS)
def test_out_and_in_again_is_the_same_graph(kind):
    graph = kind(nx.karate_club_graph())
    g = gr.Graph.from_networkx(graph)
    assert_same_graph(gr.Graph.from_networkx(g.to_networkx()), g)


def test_missing_weights_are_1_and_no_weights_no_weight():
    graph = nx.DiGraph([(1, 2), (2, 3)])
    assert not gr.Graph.from_networkx(graph).is_weighted
    graph.add_edge(3, 1, weight=5)
    assert gr.Graph.from_networkx(graph).edges().rows() == [(1, 2, 1.0), (2, 3, 1.0), (3, 1, 5.0)]
    assert not gr.Graph.from_networkx(graph, weight=None).is_weighted
    graph[1][2]["kg"] = 7
    assert gr.Graph.from_networkx(graph, weight="kg").edges()["weight"].to_list() == [7.0, 1.0, 1.0]
    assert not gr.Graph.from_networkx(graph, "lb").is_weighted


def test_parallel_edges_without_weights_count():
    graph = nx.MultiDiGraph([(1, 2), (1, 2), (2, 1)])
    assert gr.Graph.from_networkx(graph).edges().rows() == [(1, 2, 2.0), (2, 1, 1.0)]
    assert gr.Graph.from_networkx(graph, weight=None).edges().rows() == [(1, 2), (2, 1)]


IDS = {
    "Int64": [3, 1, 2],
    "Int64 with equal hashes": [-1, -2, 2**61 - 1, 0],
    "String": ["c", "a", "b"],
    "Date": [dt.date(2024, 1, 3), dt.date(2024, 1, 1), dt.date(2024, 1, 2)],
    "Boolean": [True, False],
    "Object": [(1, 2), "a", 3.5, frozenset({1})],
    "Object for fractions": [0.5, 1.5],
    "Object for tuples": [(0, 1), (1, 0)],
}


@pytest.mark.parametrize("name", IDS)
def test_ids_of_one_kind_become_a_typed_column_and_others_stay_objects(name):
    graph = nx.cycle_graph(IDS[name], create_using=nx.DiGraph)
    g = gr.Graph.from_networkx(graph)
    assert str(g.nodes["id"].dtype) == name.split()[0]
    assert g.nodes["id"].to_list() == IDS[name]
    assert set(g.edges().rows()) == set(graph.edges)
    first = IDS[name][0]
    assert g.neighbors(first)["id"].to_list() == list(graph[first])
    answer = gr.personalized_pagerank(g, [first], top_k=1).to_polars()
    assert (answer["query"][0], answer["node"][0]) == (first, first)
    assert set(g.to_networkx().edges) == set(graph.edges)
    assert g.subgraph([first]).nodes["id"].to_list() == [first]
    assert gr.personalized_pagerank(g, restart={first: 1}).scores.shape == (1, len(IDS[name]))


def test_objects_cannot_be_saved(tmp_path):
    g = gr.Graph.from_networkx(nx.Graph([((1, 2), "a")]))
    with pytest.raises(InvalidTypeError, match="'id'"):
        g.save(tmp_path / "g.graph")
    assert not list(tmp_path.iterdir())


def test_node_attributes_become_columns_and_come_back():
    graph = nx.Graph()
    graph.add_node("x", size=1, colour="red", id="own", mixed=1, when=dt.date(2024, 1, 1), tags={1})
    graph.add_node("y", size=2.5, mixed="two", tags={2})
    graph.add_node("z")
    g = gr.Graph.from_networkx(graph)
    assert g.nodes.columns == ["id", "size", "colour", "id_", "mixed", "when", "tags"]
    assert g.nodes["size"].to_list() == [1.0, 2.5, None]
    assert g.nodes["colour"].dtype == pl.String
    assert g.nodes["when"].dtype == pl.Date
    assert g.nodes["mixed"].to_list() == [1, "two", None]
    back = g.to_networkx()
    own = dict(graph.nodes["x"])
    assert back.nodes["x"] == own | {"id_": own.pop("id")}
    assert back.nodes["z"] == {}


def test_the_graph_is_not_changed():
    graph = nx.MultiGraph(nx.karate_club_graph())
    before = nx.MultiGraph(graph)
    gr.Graph.from_networkx(graph)
    assert nx.utils.graphs_equal(graph, before)


def test_views_and_empty_graphs_are_graphs():
    graph = nx.path_graph(5)
    assert gr.Graph.from_networkx(graph.subgraph([1, 2, 3])).n_edges == 2
    assert gr.Graph.from_networkx(nx.DiGraph(graph).reverse(copy=False)).n_edges == 8
    assert gr.Graph.from_networkx(nx.Graph()).n_nodes == 0
    assert gr.Graph.from_networkx(nx.empty_graph(3)).n_edges == 0
    for other in ("graph", 3, {1: [2]}):
        with pytest.raises(InvalidTypeError, match="NetworkX"):
            gr.Graph.from_networkx(other)


def test_scores_of_a_graph_and_of_its_conversion_are_the_same():
    graph = nx.les_miserables_graph()
    g = gr.Graph.from_networkx(graph, progress=lambda *_: None, timeout_s=60)
    assert gr.pagerank(graph).scores.tobytes() == gr.pagerank(g).scores.tobytes()
