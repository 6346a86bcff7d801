"""FastRP: what an embedding is made of, and what does not change it."""

from __future__ import annotations

from datetime import date

import networkx as nx
import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError, NodeNotFoundError, TimedOutError


def blocks(n=300, groups=3, seed=0):
    """Edges of an undirected graph whose nodes mostly know those of their own group, ids as text."""
    rng = np.random.default_rng(seed)
    src = rng.integers(0, n, 8 * n)
    near = rng.integers(0, n // groups, 8 * n) * groups + src % groups
    dst = np.where(rng.random(8 * n) < 0.9, near, rng.integers(0, n, 8 * n))
    return pl.DataFrame({"src": src, "dst": dst}).with_columns(pl.all().cast(pl.String).str.zfill(4))


@pytest.fixture(scope="module")
def g():
    """Three groups of a hundred nodes, and one node without neighbours."""
    names = [f"{i:04}" for i in range(300)] + ["alone"]
    nodes = pl.DataFrame({"id": names, "group": [i % 3 for i in range(301)], "x": np.arange(301) / 7})
    return gr.Graph.from_edges(blocks(), directed=False, nodes=nodes)


def test_nodes_of_a_group_are_alike(g):
    emb = gr.fastrp(g, 64)
    assert (emb.vectors.shape, emb.vectors.dtype, emb.dim, len(emb)) == ((301, 64), np.float32, 64, 301)
    unit = emb.vectors[:300] / np.linalg.norm(emb.vectors[:300], axis=1, keepdims=True)
    unit -= unit.mean(axis=0)
    cosines = unit @ unit.T
    group = np.arange(300) % 3
    same = group[:, None] == group
    assert cosines[same].mean() > 0.3
    assert cosines[~same].mean() < 0
    best = np.argsort(-cosines, axis=1)[:, :20]
    assert (group[best] == group[:, None]).mean() > 0.95


def test_a_node_without_neighbours_is_listed_and_zero(g):
    emb = gr.fastrp(g, 16)
    assert emb.isolated.to_list() == ["alone"]
    assert not emb.vector("alone").any()
    itself = gr.fastrp(g, 16, self_influence=0.1)
    assert (itself.isolated.to_list(), bool(itself.vector("alone").any())) == ([], True)
    # An edge of weight 0 is none to a walker; direction says whose edges count.
    edges = gr.Graph.from_edges((["a", "b", "c"], ["b", "c", "d"], [1.0, 1.0, 0.0]))
    lists = {d: gr.fastrp(edges, 4, direction=d).isolated.to_list() for d in ("out", "in", "both")}
    assert lists == {"out": ["c", "d"], "in": ["a", "d"], "both": ["d"]}
    plain = gr.Graph.from_edges((["a"], ["b"]))
    lists = {d: gr.fastrp(plain, 4, direction=d).isolated.to_list() for d in ("out", "in", "both")}
    assert lists == {"out": ["b"], "in": ["a"], "both": []}


def test_ids_lead_to_vectors(g):
    emb = gr.fastrp(g, 8)
    assert np.array_equal(emb["0007"], emb.vectors[7:8])
    assert np.array_equal(emb.vector("0007"), emb.vectors[7])
    assert np.array_equal(emb[["0002", "0001", "0002"]], emb.vectors[[2, 1, 2]])
    assert np.array_equal(np.asarray(emb), emb.vectors)
    assert np.asarray(emb, dtype=float).dtype == float
    with pytest.raises(NodeNotFoundError, match="'007' is not a node"):
        emb.vector("007")
    with pytest.raises(InvalidTypeError, match="one id or a list or column of ids, got a slice"):
        emb[:2]
    with pytest.raises(InvalidArgumentError, match="one id, got 2"):
        emb.vector(["0001", "0002"])


def test_it_is_a_collection_of_ids(g):
    emb = gr.fastrp(g, 8)
    assert list(emb) == g.nodes["id"].to_list()
    assert "0007" in emb
    assert [id for id in ("007", 7, None, 0.5, ("0007",), ["0007"]) if id in emb] == []
    for ids in (pl.Series([5, 3, 2**40]), pl.Series([0, 1, 2], dtype=pl.UInt8)):
        numbered = gr.fastrp((ids, ids.reverse()), 2)
        assert all(id in numbered for id in [*ids, np.int64(ids[0])])
        assert [id in numbered for id in (4, -1, 2**70, "3", True, 3.5)] == [False] * 6
    pairs = gr.fastrp(gr.Graph.from_networkx(nx.Graph([((1, 2), "a")])), 2)
    assert [id in pairs for id in ((1, 2), "a", (2, 1), ["a"], 1)] == [True, True, False, False, False]
    days = pl.Series([date(2026, 1, 1), date(2026, 1, 2)])
    assert [id in gr.fastrp((days, days), 2) for id in (days[1], date(2025, 1, 1))] == [True, False]
    chosen = gr.fastrp((pl.Series(["a", "b"], dtype=pl.Enum(["b", "a", "c"])), ["b", "a"]), 2)
    assert [id in chosen for id in ("a", "c", "d")] == [True, False, False]


def test_the_table_holds_ids_and_the_very_vectors(g):
    emb = gr.fastrp(g, 8)
    table = emb.to_polars()
    assert table.schema == {"node": pl.String, "embedding": pl.Array(pl.Float32, 8)}
    assert table["node"].equals(g.nodes["id"].alias("node"))
    assert np.shares_memory(table["embedding"].to_numpy(), emb.vectors)
    half = gr.fastrp(g, 8, dtype="float16")
    assert half.to_polars().schema == table.schema
    assert np.array_equal(half.to_polars()["embedding"].to_numpy(), half.vectors.astype(np.float32))
    with pytest.raises(ValueError, match="read-only"):
        emb.vectors[0] = 1


def test_weights_of_edges_count_and_their_unit_does_not():
    frame = blocks().with_columns(weight=pl.int_range(pl.len()).mod(5) + 1.0)
    light, heavy, plain = (
        gr.fastrp(gr.Graph.from_edges(table, weight=weight, directed=False), 32)
        for table, weight in (
            (frame, "weight"),
            (frame.with_columns(pl.col("weight") * 16), "weight"),
            (frame, None),
        )
    )
    assert np.array_equal(light.vectors, heavy.vectors)
    assert not np.allclose(light.vectors, plain.vectors, atol=0.1)


def test_a_symmetric_graph_is_the_same_in_every_direction():
    pairs = blocks().select("src", "dst")
    both = pl.concat([pairs, pairs.select(src="dst", dst="src")])
    directed = gr.Graph.from_edges(both)
    expected = gr.fastrp(gr.Graph.from_edges(pairs, directed=False), 32).vectors
    for direction in ("both", "out", "in"):
        assert np.array_equal(gr.fastrp(directed, 32, direction=direction).vectors, expected)


def test_presets_give_way_to_arguments(g):
    def chosen(**options):
        params = gr.fastrp(g, 8, **options).params
        return params["weights"], params["normalization_strength"], params["sparsity"]

    assert chosen() == ((0, 0, 1, 6.67), 0, 3)
    assert chosen(preset="paper") == ((0, 0, 1, 6.67), -0.64, 301**0.5)
    assert chosen(preset="gds") == ((0, 1, 1), 0, 3)
    assert chosen(preset="links") == ((1, 2, 2, 2), 0, 3)
    assert chosen(preset="paper", normalization_strength=0.0, sparsity=5) == ((0, 0, 1, 6.67), 0, 5)
    assert chosen(preset="gds", weights=[2]) == ((2,), 0, 3)
    assert chosen(weights=pl.Series([1, 2])) == chosen(weights=np.array([1, 2])) == ((1, 2), 0, 3)


IDS = {
    "tuples": [(1, 2), (3, 4), (5, 6)],
    "mixed": [1, "one", (1,)],
}


@pytest.mark.parametrize("case", IDS)
def test_networkx_nodes_of_any_kind_have_vectors(case):
    a, b, c = IDS[case]
    path = gr.Graph.from_networkx(nx.Graph([(a, b), (b, c)]))
    again = gr.Graph.from_networkx(nx.Graph([(c, b), (b, a)]))
    emb, turned = gr.fastrp(path, 16), gr.fastrp(again, 16)
    for node in (a, b, c):
        assert np.array_equal(emb.vector(node), turned.vector(node))


def test_an_embedding_of_nothing_is_empty():
    empty = gr.Graph.from_edges(([], []))
    emb = gr.fastrp(empty, 8)
    assert (emb.vectors.shape, len(emb), emb.to_polars().height) == ((0, 8), 0, 0)
    lonely = gr.fastrp(gr.Graph.from_edges(([], []), nodes=["a", "b"]), 8)
    assert lonely.isolated.to_list() == ["a", "b"]
    assert not lonely.vectors.any()


def test_time_runs_out_and_progress_is_told(g):
    n = 200_000
    large = gr.Graph.from_edges((np.arange(n), np.roll(np.arange(n), 1)))
    told = []
    gr.fastrp(large, 16, progress=lambda *state: told.append(state))
    assert told[-1][0] == told[-1][1] > 0
    with pytest.raises(TimedOutError):
        gr.fastrp(large, 256, timeout_s=1e-4)


def test_it_says_what_it_is(g):
    emb = gr.fastrp(g, 8)
    assert repr(emb) == "Embedding(301 nodes, dim=8, float32, 1 isolated)"
    assert "isolated" not in repr(gr.fastrp(g, 32, self_influence=1.0))
    page = emb._repr_html_()
    assert "301 nodes" in page
    assert "0003" in page
    assert "0011" not in page


def test_memory_is_estimated_as_it_is_refused(g):
    """The estimate of the least limit is the one that the call itself names."""
    for options in (
        {},
        {"dim": 300, "weights": (1, 1, 1)},
        {"normalization_strength": -0.5, "self_influence": 1.0},
        {"normalize": False},
        {"preset": "paper", "state": "float16"},
        {"dtype": "float16"},
    ):
        estimate = gr.embedding.estimate_memory(g.n_nodes, g.n_edges, **options)
        with pytest.raises(InvalidArgumentError, match=f"at least {estimate.least_limit:,} bytes"):
            gr.fastrp(g, **options, memory_limit=estimate.least_limit - 1)
        limited = gr.fastrp(g, **options, memory_limit=estimate.least_limit)
        assert np.array_equal(limited.vectors, gr.fastrp(g, **options).vectors)
        assert estimate.vectors == limited.vectors.nbytes
        assert estimate.least_limit <= estimate.working


def test_an_estimate_counts_the_graph_and_prints():
    estimate = gr.embedding.estimate_memory
    plain = estimate(1000, 5000)
    assert plain.graph == 1000 * 24 + 2 * 5000 * 4
    assert estimate(1000, 5000, is_weighted=True).graph == 1000 * 24 + 2 * 5000 * 12
    assert estimate(1000, 5000, is_directed=True, direction="out").graph == 1000 * 24 + 5000 * 4
    assert estimate(1000, 5000, is_directed=True, direction="in").graph == 1000 * 32 + 2 * 5000 * 4
    assert estimate(1000, 5000, n_features=50).graph == plain.graph + 1000 * 50 * 4
    assert estimate(1000, 5000, n_features=50).working == plain.working + 50 * 128
    held = plain.graph + plain.vectors
    assert (plain.total, plain.least) == (held + plain.working, held + plain.least_limit)
    file = estimate(1000, 5000, to_file=True)
    assert (file.total, file.least) == (file.graph + file.working, file.graph + file.least_limit)
    assert file.working > plain.working  # vectors in a file serve as no room on the way
    lines = str(estimate(50_000_000, 500_000_000)).splitlines()
    assert lines[1] == "vectors                 25,600.0 MB"
    lines = str(estimate(50_000_000, 500_000_000, to_file=True)).splitlines()
    assert lines[1] == "vectors, in a file      25,600.0 MB"
    with pytest.raises(InvalidArgumentError, match="`n_edges` must be at least 0, got -1"):
        estimate(5, -1)
    with pytest.raises(InvalidArgumentError, match="`dim` must be at least 1"):
        estimate(5, 1, 0)


def test_the_estimate_for_a_file_is_that_of_a_run_into_one(g, tmp_path):
    for dim in (16, 100):
        least = gr.embedding.estimate_memory(g.n_nodes, g.n_edges, dim, to_file=True).least_limit
        with pytest.raises(InvalidArgumentError, match=f"at least {least:,} bytes"):
            gr.fastrp(g, dim, memory_limit=least - 1, out=tmp_path / "v.npy")
        assert len(gr.fastrp(g, dim, memory_limit=least, out=tmp_path / "v.npy")) == 301
