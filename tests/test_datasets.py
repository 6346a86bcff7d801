"""Data that ships with the package."""

from __future__ import annotations

import networkx as nx

import graphrank as gr


def test_debian_is_the_tables_it_is_made_of():
    edges, packages = gr.datasets.debian_frames()
    g = gr.datasets.debian()
    assert (g.is_directed, g.is_weighted) == (True, False)
    assert g.nodes.columns == ["id", "section", "priority", "size"]
    assert g.nodes["id"].to_list() == packages["package"].to_list()
    assert g.n_edges == edges.select("src", "dst").unique().height
    assert set(edges["kind"].unique()) <= {"Depends", "Pre-Depends", "Recommends", "Suggests"}
    assert packages["package"].is_unique().all()
    assert {"python", "science", "math", "web"} <= set(packages["section"].drop_nulls().cast(str))


def test_debian_knows_what_belongs_with_numpy():
    g = gr.datasets.debian()
    direct = g.neighbors("python3-numpy")["id"].to_list()
    assert "libblas3" in direct
    best = gr.personalized_pagerank(g, "python3-numpy", top_k=20).to_polars()["node"].to_list()
    assert best[0] == "python3-numpy"
    assert set(best) & set(direct)


def test_karate_and_les_miserables_are_those_of_networkx():
    for ours, theirs in (
        (gr.datasets.karate(), nx.karate_club_graph()),
        (gr.datasets.les_miserables(), nx.les_miserables_graph()),
    ):
        back = ours.to_networkx()
        assert nx.utils.graphs_equal(nx.Graph(back.edges), nx.Graph(theirs.edges))
        assert dict(back.nodes(data=True)) == dict(theirs.nodes(data=True))
        assert all(back[u][v]["weight"] == w for u, v, w in theirs.edges(data="weight"))
