"""Embeddings that are not made anew: other weights, changed graphs, new nodes."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphrank as gr
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError, NodeNotFoundError
from graphrank.testing import random_edges

OPTIONS = {
    "defaults": {},
    "features": {"features": ["x", "y"], "feature_ratio": 0.4, "self_influence": 0.5},
    "degrees": {"normalization_strength": -0.5, "self_influence": 1.0},
    "lengths as they are": {"normalize": False, "weights": (1, 0, 2.5)},
    "halves": {"dtype": "float16"},
    "against edges": {"direction": "in"},
    "very sparse": {"sparsity": 70.0, "dim": 40},
}


def graph(edges, n=80, directed=False, weight=None):
    nodes = pl.DataFrame({"id": np.arange(n)}).with_columns(x=pl.col("id") % 5, y=pl.col("id") / 3.0)
    return gr.Graph.from_edges(edges, weight=weight, directed=directed, nodes=nodes)


def same(a, b):
    """Equal to the last bit, in everything an embedding says."""
    assert np.array_equal(a.vectors.view(np.uint8), b.vectors.view(np.uint8))
    assert a.ids.equals(b.ids)
    assert a.isolated.equals(b.isolated)
    assert a.params == b.params
    return True


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("case", OPTIONS)
def test_kept_powers_change_nothing(case, directed):
    g = graph(random_edges(80, 200, seed=0), directed=directed)
    options = {"dim": 24} | OPTIONS[case]
    kept = gr.fastrp(g, keep_powers=True, **options)
    assert same(kept, gr.fastrp(g, **options))
    weights = (0.5, -2.0, 1.0)
    assert same(kept.recombine(weights), gr.fastrp(g, **(options | {"weights": weights})))
    other = kept.recombine((0, 1), self_influence=0.25)
    assert same(other, gr.fastrp(g, **(options | {"weights": (0, 1), "self_influence": 0.25})))
    assert same(other.recombine(kept.params["weights"], self_influence=kept.params["self_influence"]), kept)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("case", OPTIONS)
def test_an_update_is_a_new_embedding(case, directed):
    """Edges and nodes come and go: the same bytes, again and again."""
    edges = random_edges(80, 200, weighted=True, seed=1)
    options = {"dim": 24} | OPTIONS[case]
    emb = gr.fastrp(graph(edges, weight="weight", directed=directed), keep_powers=True, **options)
    first = emb.vectors.copy()
    updated = emb
    for step in range(3):
        fewer = edges.slice(step * 7 + 3)
        new = pl.DataFrame({"src": [80 + step, 3], "dst": [step, 79], "weight": [2.0, 0.5]})
        g = graph(pl.concat([fewer, new.cast(fewer.schema)]), n=81 + step, weight="weight", directed=directed)
        updated = updated.update(g)
        assert same(updated, gr.fastrp(g, **options))
        assert updated.graph is g
    assert np.array_equal(emb.vectors, first)
    assert same(updated.recombine((1, 1)), gr.fastrp(updated.graph, **(options | {"weights": (1, 1)})))


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40),
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=40),
    st.booleans(),
)
def test_any_graph_becomes_any_other(before, after, directed):
    old, new = (gr.Graph.from_edges(edges, directed=directed) for edges in (before, after))
    emb = gr.fastrp(old, 8, weights=(1, 1, 1), keep_powers=True)
    assert same(emb.update(new), gr.fastrp(new, 8, weights=(1, 1, 1)))


def test_only_what_a_change_reaches_is_computed_again():
    n = 1_000
    ring = pl.DataFrame({"src": np.arange(n), "dst": np.roll(np.arange(n), 1)})
    emb = gr.fastrp(graph(ring, n), 8, weights=(1, 1, 1), keep_powers=True)
    changed = graph(pl.concat([ring, pl.DataFrame({"src": [0], "dst": [500]})]), n)
    kept, there = emb._kept, np.arange(n, dtype=np.uint32)
    _, counts = kept.inner.update(
        emb.graph._inner, kept.nodes, changed._inner, kept.nodes, there, (None, None)
    )
    # The two ends; then what has one of them within a step, and within two: of the ring and over the new edge.
    assert counts == [2, 6, 10]


def test_new_nodes_average_the_known_ones():
    g = graph(random_edges(80, 200, seed=2))
    emb = gr.fastrp(g, 16, weights=(1, 2), normalize=False, keep_powers=True)
    new = emb.transform(([100, 101, 100], [3, 4, 5]))
    assert new.ids.to_list() == [100, 101]
    assert new.graph is None
    powers = [gr.fastrp(g, 16, weights=w, normalize=False).vectors for w in ((1,), (0, 1))]
    start = gr.fastrp(g, 16, weights=(0,), self_influence=1.0, normalize=False).vectors
    expected = start[[3, 5]].mean(axis=0) + 2 * powers[0][[3, 5]].mean(axis=0)
    assert new.vector(100) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    frame = pl.DataFrame({"who": [101, 100, 100], "whom": [4, 3, 5], "much": [1.0, 3.0, 1.0]})
    weighed = emb.transform(frame, "who", "whom", "much")
    assert weighed.ids.to_list() == [101, 100]
    share = np.array([[0.75], [0.25]])
    expected = (start[[3, 5]] * share).sum(axis=0) + 2 * (powers[0][[3, 5]] * share).sum(axis=0)
    assert weighed.vector(100) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert np.array_equal(weighed.vector(101), new.vector(101))


@pytest.mark.parametrize("case", ["defaults", "degrees", "halves", "very sparse", "lengths as they are"])
def test_a_known_node_with_its_own_edges_has_its_own_vector(case):
    g = graph(random_edges(80, 200, weighted=True, seed=3), weight="weight")
    options = {"dim": 24} | OPTIONS[case]
    emb = gr.fastrp(g, keep_powers=True, **options)
    node = g.edges()["src"][0]
    near = g.neighbors(node).select(src=pl.lit(node), dst="id", weight="weight")
    again = emb.transform(near, weight="weight")
    assert np.array_equal(again.vector(node), emb.vector(node))


def test_new_nodes_without_weight_are_isolated():
    emb = gr.fastrp(graph(random_edges(80, 200, seed=4)), 8, keep_powers=True)
    new = emb.transform(([200, 201], [1, 2], [0.0, 1.0]))
    assert new.isolated.to_list() == [200]
    assert not new.vector(200).any()
    assert emb.transform(([], [])).vectors.shape == (0, 8)


def test_features_of_other_nodes_are_those_of_the_embedding():
    g = graph(random_edges(80, 200, seed=5))
    rows = g.nodes.select("x", "y").to_numpy()
    from_array = gr.fastrp(g, 16, features=rows, feature_ratio=0.5, self_influence=1.0, keep_powers=True)
    wider = graph(random_edges(80, 220, seed=5), n=85)
    more = wider.nodes.select("x", "y").to_numpy()
    expected = gr.fastrp(wider, 16, features=more, feature_ratio=0.5, self_influence=1.0)
    assert same(from_array.update(wider, features=more), expected)
    with pytest.raises(InvalidArgumentError, match="no attributes of nodes: give those"):
        from_array.update(wider)
    with pytest.raises(InvalidArgumentError, match="the columns that the embedding was made with"):
        from_array.update(wider, features=more[:, :1])
    edges = ([100, 101], [3, 4])
    new = from_array.transform(edges, features=np.array([[1.0, 2.0], [0.0, 0.0]]))
    assert not np.array_equal(new.vectors, from_array.transform(edges, features=np.zeros((2, 2))).vectors)
    with pytest.raises(InvalidArgumentError, match="give those of these nodes"):
        from_array.transform(edges)
    named = gr.fastrp(g, 16, features=["y", "x"], feature_ratio=0.5, keep_powers=True)
    assert same(named.update(wider), gr.fastrp(wider, 16, features=["y", "x"], feature_ratio=0.5))
    assert named.transform(edges).vectors.any()  # its own features would weigh nothing
    plain = gr.fastrp(g, 16, keep_powers=True)
    with pytest.raises(InvalidArgumentError, match="made without `features`"):
        plain.update(wider, features="x")
    with pytest.raises(InvalidArgumentError, match="made without `features`"):
        plain.transform(edges, features=more)


def test_what_cannot_be_is_refused(tmp_path):
    g = graph(random_edges(80, 200, seed=6))
    plain = gr.fastrp(g, 8)
    for call in (lambda: plain.recombine((1,)), lambda: plain.update(g), lambda: plain.transform(([1], [2]))):
        with pytest.raises(InvalidArgumentError, match=r"\(\) needs the powers: .*keep_powers=True"):
            call()
    for other in ({"refine": 1}, {"memory_limit": 10**9}, {"state": "float16"}):
        with pytest.raises(InvalidArgumentError, match=r"`keep_powers` and `.*` exclude each other"):
            gr.fastrp(g, 8, keep_powers=True, **other)
    with pytest.raises(InvalidTypeError, match="`keep_powers` must be True or False"):
        gr.fastrp(g, 8, keep_powers="yes")
    emb = gr.fastrp(g, 8, weights=(0, 1), keep_powers=True)
    with pytest.raises(InvalidArgumentError, match="power 3, but only powers 1 to 2 were kept"):
        emb.recombine((0, 0, 1))
    with pytest.raises(InvalidArgumentError, match="`weights` is empty"):
        emb.recombine(())
    with pytest.raises(NodeNotFoundError, match="`dst`: 99 is not a node"):
        emb.transform(([1], [99]))
    with pytest.raises(InvalidDataError, match="'weight' is nan in row 0"):
        emb.transform(([1], [2], [np.nan]))
    with pytest.raises(InvalidTypeError, match="String"):
        emb.transform((["a"], ["b"]))
    with pytest.raises(InvalidArgumentError, match="ids of type String, the embedding's are Int64"):
        emb.update((["a"], ["b"]))
    emb.save(tmp_path / "e")
    for again in (gr.Embedding.load(tmp_path / "e", g), pickle.loads(pickle.dumps(emb))):  # noqa: S301
        with pytest.raises(InvalidArgumentError, match="needs the powers"):
            again.update(g)


def test_kept_powers_go_to_a_file_too(tmp_path):
    g = graph(random_edges(80, 200, seed=7))
    emb = gr.fastrp(g, 16, keep_powers=True, out=tmp_path / "v.npy")
    assert same(emb, gr.fastrp(g, 16))
    assert np.array_equal(np.load(tmp_path / "v.npy"), emb.vectors)
    assert same(emb.update(g.subgraph(g.nodes["id"])), emb)
