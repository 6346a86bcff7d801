"""The picture of an embedding."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank._embedding_plot import principal_plane
from graphrank.exceptions import ColumnNotFoundError, InvalidArgumentError


@pytest.fixture(autouse=True)
def no_windows():
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    yield plt
    plt.close("all")


def embedding(n=60, values=None):
    """Nodes on a cycle, every third of one kind; the last has no neighbours."""
    ring = np.arange(n)
    nodes = pl.DataFrame({"id": np.arange(n + 1)}).with_columns(
        kind=pl.Series(["abc"[i % 3] for i in range(n + 1)]),
        few=pl.col("id") % 4,
        many=pl.col("id"),
        size=pl.when(pl.col("id") > 3).then(pl.col("id") / 7),
        flag=pl.col("id") < 9,
        rare=pl.Series([f"v{i % 13}" if i < 50 else None for i in range(n + 1)]),
    )
    g = gr.Graph.from_edges((ring, np.roll(ring, 1)), directed=False, nodes=nodes)
    return gr.fastrp(g, 16)


def points(ax):
    """All coordinates that were drawn."""
    return np.vstack([dots.get_offsets() for dots in ax.collections if len(dots.get_offsets())])


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_points_are_the_first_two_principal_components():
    emb = embedding()
    ax = emb.plot()
    rows = emb.vectors[:-1].astype(float)
    rows -= rows.mean(axis=0)
    u, s, _ = np.linalg.svd(rows, full_matrices=False)
    expected = u[:, :2] * s[:2]
    drawn = points(ax)
    assert drawn.shape == (60, 2)  # not the node without neighbours
    for column in (0, 1):
        found = drawn[:, column]
        assert np.abs(np.abs(found) - np.abs(expected[:, column])).max() < 1e-6
    assert np.array_equal(points(emb.plot()), drawn)


def test_directions_have_one_sign():
    rows = np.random.default_rng(0).normal(size=(50, 5)) * [5, 3, 1, 1, 1]
    every = np.arange(50)
    plane = principal_plane(rows, every, every)
    # The first component runs along the first column, with its sign, also for the mirrored rows.
    assert np.corrcoef(plane[:, 0], rows[:, 0])[0, 1] > 0.9
    assert np.allclose(principal_plane(-rows, every, every), -plane)
    assert np.allclose(principal_plane(rows, every, every[:7]), plane[:7])
    line = principal_plane(rows[:, :1], every, every)
    assert np.allclose(line, np.c_[rows[:, 0] - rows[:, 0].mean(), np.zeros(50)])


@pytest.mark.parametrize(
    ("color", "names"),
    [
        ("kind", ["a", "b", "c"]),
        ("few", ["0", "1", "2", "3"]),
        ("flag", ["false", "true"]),
        ("rare", ["other", "v0", "v1", "v10", "v2", "v3", "v4", "v5", "v6", "v7"]),
    ],
)
def test_groups_have_colours_and_a_legend(color, names):
    ax = embedding().plot(color=color)
    assert sorted(legend(ax)) == names
    assert ax.get_legend().get_title().get_text() == color
    assert len(points(ax)) == 60


def test_groups_have_the_colour_of_their_nodes():
    emb = embedding()
    ax, plain = emb.plot(color="kind"), points(emb.plot())
    for dots in ax.collections:
        kind = dots.get_label()
        assert np.array_equal(dots.get_offsets(), plain["abc".index(kind) :: 3])


@pytest.mark.parametrize("color", ["many", "size"])
def test_numbers_have_a_scale(color):
    ax = embedding().plot(color=color)
    assert ax.get_legend() is None
    (bar,) = [axes for axes in ax.figure.axes if axes is not ax]
    assert bar.get_ylabel() == color
    assert len(points(ax)) == 60


def test_values_may_come_from_anywhere():
    emb = embedding()
    values = emb.graph.nodes["kind"]
    for color in (values, values.to_list(), values.to_numpy(), values.cast(pl.Categorical)):
        assert sorted(legend(emb.plot(color=color))) == ["a", "b", "c"]
    with pytest.raises(InvalidArgumentError, match="a value per node: 61, got 3"):
        emb.plot(color=["a", "b", "c"])
    with pytest.raises(ColumnNotFoundError, match="'knd'; the attributes are 'kind', 'few'"):
        emb.plot(color="knd")
    with pytest.raises(InvalidArgumentError, match="`method` must be one of 'pca', got 'tsne'"):
        emb.plot(method="tsne")


def test_an_embedding_without_a_graph_is_drawn(tmp_path):
    emb = embedding()
    emb.save(tmp_path / "e")
    loaded = gr.Embedding.load(tmp_path / "e")
    assert np.array_equal(points(loaded.plot()), points(emb.plot()))
    with pytest.raises(InvalidArgumentError, match="has no graph"):
        loaded.plot(color="kind")


def test_of_many_nodes_some_are_drawn_and_always_the_same(no_windows):
    n = 5_000
    emb = gr.fastrp(gr.Graph.from_edges((np.arange(n), np.roll(np.arange(n), 1)), directed=False), 8)
    ax = emb.plot(most_nodes=2_500)
    assert len(points(ax)) == 2_500
    assert ax.get_title() == "2,500 of 5,000 nodes"
    assert all(dots.get_rasterized() for dots in ax.collections)
    assert np.array_equal(points(emb.plot(most_nodes=2_500)), points(ax))
    assert not np.array_equal(points(emb.plot(most_nodes=2_500, seed=1)), points(ax))
    assert len(points(emb.plot(no_windows.subplots()[1]))) == 5_000


def test_nothing_is_drawn_of_nothing():
    emb = gr.fastrp(gr.Graph.from_edges(([], [])), 4)
    assert emb.plot().collections[0].get_offsets().shape[0] == 0
    lonely = gr.fastrp(gr.Graph.from_edges(([], []), nodes=["a"]), 4)
    lonely.plot(color=["x"])
