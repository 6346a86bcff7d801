"""FastRP: features from everywhere, and arguments that cannot be used."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank import _node_features
from graphrank._core import fastrp as core_fastrp
from graphrank.exceptions import (
    ColumnNotFoundError,
    FileError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    NodeNotFoundError,
)


@pytest.fixture(scope="module")
def g():
    """A random graph, its ids text, with two attributes, and a node without neighbours."""
    nodes = pl.DataFrame({"id": [f"{i:04}" for i in range(301)]}).with_columns(
        group=pl.int_range(301) % 3, x=pl.int_range(301) / 7
    )
    edges = gr.testing.random_edges(300, 2_000, seed=0).with_columns(pl.all().cast(pl.String).str.zfill(4))
    return gr.Graph.from_edges(edges, directed=False, nodes=nodes)


def test_features_come_from_attributes_arrays_and_frames(g):
    def of(features, **options):
        return gr.fastrp(g, 32, features=features, feature_ratio=0.5, **options).vectors

    named = of(["group", "x"])
    frame = g.nodes.rename({"id": "node"})
    assert np.array_equal(of(frame.sample(fraction=1, shuffle=True, seed=0)), named)
    assert np.array_equal(of(frame.lazy()), named)
    assert np.array_equal(of(frame.select("x", "node", "group")).round(5), named.round(5))
    assert np.array_equal(of("x"), of(["x"]))
    rows = g.nodes.select("group", "x").to_numpy()
    assert np.array_equal(of(rows), of(rows.astype(np.float32)))
    assert not np.array_equal(of(rows), named)  # columns without names have other random rows
    flags = pl.DataFrame({"node": g.nodes["id"], "flag": g.nodes["group"] == 1})
    assert of(flags).any()
    arrays = pl.DataFrame({"node": g.nodes["id"], "both": pl.Series(rows)})
    assert of(arrays).any()


def test_features_alone_carry_over_to_other_graphs(g):
    rows = g.nodes.select("group", "x").to_numpy()
    renamed = g.edges().with_columns(pl.all().str.replace("^", "n"))
    other = gr.Graph.from_edges(renamed, directed=False, nodes="n" + g.nodes["id"])
    a = gr.fastrp(g, 16, features=rows, feature_ratio=1.0)
    b = gr.fastrp(other, 16, features=rows, feature_ratio=1.0)
    assert np.array_equal(a.vectors, b.vectors)
    assert not np.array_equal(gr.fastrp(g, 16).vectors, gr.fastrp(other, 16).vectors)


def test_large_features_are_read_in_steps(g, monkeypatch):
    rows = np.random.default_rng(0).random((301, 3))
    whole = gr.fastrp(g, 8, features=rows, feature_ratio=1.0).vectors
    monkeypatch.setattr(_node_features, "_STEP", 100)
    assert np.array_equal(gr.fastrp(g, 8, features=rows, feature_ratio=1.0).vectors, whole)
    rows[200, 1] = np.inf
    with pytest.raises(InvalidDataError, match="column 1 is inf in row 200"):
        gr.fastrp(g, 8, features=rows, feature_ratio=1.0)


def feature_frame(g, **changes):
    return pl.DataFrame({"node": g.nodes["id"], "x": np.ones(g.n_nodes)} | changes)


BAD_FEATURES = {
    "too few rows": (
        lambda _: np.ones((5, 2)),
        InvalidArgumentError,
        r"\(301, n_features\), got shape \(5, 2\)",
    ),
    "one dimension": (lambda _: np.ones(301), InvalidArgumentError, r"shape \(301,\)"),
    "no columns": (lambda _: np.ones((301, 0)), InvalidArgumentError, r"shape \(301, 0\)"),
    "texts": (lambda _: np.full((301, 1), "a"), InvalidTypeError, "features are numbers"),
    "NaN": (lambda _: np.where(np.eye(301)[:, :2], np.nan, 1), InvalidDataError, "column 0 is nan in row 0"),
    "beyond float32": (lambda _: np.full((301, 1), 1e39), InvalidDataError, r"column 0 is 1e\+39 in row 0"),
    "an attribute that is missing": (
        lambda _: "grop",
        ColumnNotFoundError,
        "'group', 'x'; did you mean 'group'",
    ),
    "no features at all": (lambda _: [], InvalidTypeError, "got list"),
    "a frame without nodes": (
        lambda g: feature_frame(g).rename({"node": "id"}),
        ColumnNotFoundError,
        "column 'node'.*'id', 'x'",
    ),
    "a frame of nodes only": (
        lambda g: feature_frame(g).select("node"),
        ColumnNotFoundError,
        "at least one more",
    ),
    "nodes of another type": (
        lambda g: feature_frame(g, node=np.arange(301)),
        InvalidTypeError,
        "holds Int64 values but the ids of this graph are String",
    ),
    "unknown nodes": (
        lambda g: pl.concat([feature_frame(g), pl.DataFrame({"node": ["0o07", "q"], "x": [0.0, 0.0]})]),
        NodeNotFoundError,
        r"'0o07' in row 301 is not a node .*nor are those of 1 more rows; did you mean '0",
    ),
    "a node without a row": (
        lambda g: feature_frame(g).filter(pl.col("node") != "0005", pl.col("node") != "0004"),
        InvalidDataError,
        "node '0004' has no row, nor have 1 more nodes",
    ),
    "two rows of a node": (
        lambda g: feature_frame(g)[[0, 1, 2, 1, *range(3, 301)]],
        InvalidDataError,
        "'0001' has another row before row 3",
    ),
    "a null": (
        lambda g: feature_frame(g, x=[None] + [1.0] * 300),
        InvalidDataError,
        "column 'x' is None for the node with code 0",
    ),
    "a null in an array": (
        lambda g: feature_frame(
            g, x=pl.Series([[1.0, 1.0]] * 300 + [[None, 1.0]], dtype=pl.Array(pl.Float64, 2))
        ),
        InvalidDataError,
        "column 'x'.*code 300",
    ),
    "names": (
        lambda g: feature_frame(g, x=["a"] * 301),
        InvalidTypeError,
        "column 'x' is String.*to_dummies",
    ),
    "a number": (lambda _: 7, InvalidTypeError, "names of node attributes"),
}


@pytest.mark.parametrize("case", BAD_FEATURES)
def test_features_that_do_not_fit_are_named(g, case):
    make, error, message = BAD_FEATURES[case]
    with pytest.raises(error, match=message):
        gr.fastrp(g, 8, features=make(g), feature_ratio=0.5)


# --- arguments -----------------------------------------------------------------------------------------------------

BAD = {
    "no columns": ({"dim": 0}, InvalidArgumentError, "`dim` must be at least 1, got 0"),
    "columns beyond 64 bits": ({"dim": 2**64}, InvalidArgumentError, r"`dim` must be below 2\*\*63"),
    "more columns than there can be": (
        {"dim": 2**40},
        InvalidArgumentError,
        "`dim` must be at most 1,048,576",
    ),
    "a huge weight": ({"weights": [1e300]}, InvalidArgumentError, "1e-15 to 1e15, got 1e300"),
    "half a column": ({"dim": 2.5}, InvalidTypeError, "`dim` must be a whole number"),
    "no weights": ({"weights": []}, InvalidArgumentError, "`weights` is empty"),
    "one weight": (
        {"weights": 1.0},
        InvalidTypeError,
        r"`weights` must be a list.*\(0, 0, 1, 6.67\), got 1.0",
    ),
    "text as weights": ({"weights": "11"}, InvalidTypeError, "`weights` must be a list"),
    "weights of text": ({"weights": ["1"]}, InvalidTypeError, r"`weights\[0\]` must be a number"),
    "NaN weight": ({"weights": [1, np.nan]}, InvalidArgumentError, r"`weights\[1\]` must be a finite.*nan"),
    "all weights 0": ({"weights": [0, 0]}, InvalidArgumentError, "are all 0.*self_influence"),
    "fewer than no rounds": ({"refine": -1}, InvalidArgumentError, "`refine` must be at least 0, got -1"),
    "half a round": ({"refine": 1.5}, InvalidTypeError, "`refine` must be a whole number, got 1.5"),
    "too many rounds": ({"refine": 1001}, InvalidArgumentError, "`refine` must be at most 1000, got 1001"),
    "infinite strength": (
        {"normalization_strength": np.inf},
        InvalidArgumentError,
        "strength` must be a finite",
    ),
    "NaN influence": ({"self_influence": np.nan}, InvalidArgumentError, "`self_influence` must be a finite"),
    "sparsity below 1": ({"sparsity": 0.5}, InvalidArgumentError, "`sparsity` must be at least 1, got 0.5"),
    "NaN sparsity": ({"sparsity": np.nan}, InvalidArgumentError, "`sparsity` must be at least 1, got nan"),
    "infinite sparsity": ({"sparsity": np.inf}, InvalidArgumentError, "`sparsity` must be from 1 to"),
    "sparsity in words": ({"sparsity": "log"}, InvalidArgumentError, "`sparsity` must be one of 'sqrt'"),
    "normalize in words": ({"normalize": "no"}, InvalidTypeError, "`normalize` must be True or False"),
    "a ratio above 1": ({"feature_ratio": 1.5}, InvalidArgumentError, "from 0 to 1, got 1.5"),
    "NaN ratio": ({"feature_ratio": np.nan}, InvalidArgumentError, "from 0 to 1, got nan"),
    "a ratio without features": (
        {"feature_ratio": 0.5},
        InvalidArgumentError,
        "is 0.5 but there are no `features`",
    ),
    "features without a ratio": (
        {"features": "x"},
        InvalidArgumentError,
        "`feature_ratio` is 0: give the share",
    ),
    "direction": ({"direction": "up"}, InvalidArgumentError, "'both', 'out', 'in', got 'up'"),
    "preset": ({"preset": "papr"}, InvalidArgumentError, "'links' or None, got 'papr'; did you mean 'paper'"),
    "dtype": ({"dtype": "float64"}, InvalidArgumentError, "`dtype` must be one of 'float32', 'float16'"),
    "state": ({"state": "bfloat16"}, InvalidArgumentError, "`state` must be one of 'float32', 'float16'"),
    "seed": ({"seed": -1}, InvalidArgumentError, r"`seed` must be from 0 to 2\*\*64 - 1"),
    "no memory": ({"memory_limit": 0}, InvalidArgumentError, "`memory_limit` must be at least 1"),
    "little memory": (
        {"memory_limit": 1000},
        InvalidArgumentError,
        "1,000 bytes cannot be met.*at least [0-9,]+ b",
    ),
    "memory in words": ({"memory_limit": "4GB"}, InvalidTypeError, "`memory_limit` must be a whole number"),
    "a file of another kind": ({"out": "a.csv"}, InvalidArgumentError, r"`out` must end in .npy or .parquet"),
    "a folder": ({"out": "folder.npy"}, FileError, "'folder.npy': it is a folder"),
    "a null character": ({"out": "a\0.npy"}, InvalidArgumentError, "null character"),
    "a folder that is missing": ({"out": "no/such/a.npy"}, FileError, "there is no such folder"),
    "no path": ({"out": 7}, InvalidTypeError, "must be a string or a path"),
    "progress": ({"progress": 7}, InvalidTypeError, "`progress` must be"),
}


@pytest.mark.parametrize("case", BAD)
def test_arguments_out_of_range_are_named(g, case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.npy").mkdir()
    options, error, message = BAD[case]
    with pytest.raises(error, match=message):
        gr.fastrp(g, **options)


def test_a_limit_that_is_refused_says_which_one_would_do(g):
    with pytest.raises(InvalidArgumentError) as refused:
        gr.fastrp(g, 100, memory_limit=1)
    least = int(str(refused.value).split()[-2].replace(",", ""))
    assert gr.fastrp(g, 100, memory_limit=least).vectors.any()
    with pytest.raises(InvalidArgumentError, match="cannot be met"):
        gr.fastrp(g, 100, memory_limit=least - 1)


def test_the_core_trusts_no_array(g):
    keys, how = np.arange(301, dtype=np.uint64), (None, None)
    rest = [[1.0], 0.0, 0.0, 3.0, True, 0]

    def call(keys=keys, features=None, feature_keys=None, ratio=0.0, out=None):
        out = np.empty((301, 4), np.float32) if out is None else out
        core_fastrp(
            g._inner,
            (keys, features, feature_keys),
            4,
            *rest,
            ratio,
            "both",
            "float32",
            None,
            0,
            out,
            False,
            how,
        )

    call()
    rows, of_rows = np.ones((301, 2), np.float32), np.arange(2, dtype=np.uint64)
    call(features=rows, feature_keys=of_rows, ratio=0.5)
    for bad in (
        {"keys": keys[:-1]},
        {"keys": np.arange(602, dtype=np.uint64)[::2]},
        {"features": rows[:-1], "feature_keys": of_rows, "ratio": 0.5},
        {"features": rows, "feature_keys": of_rows[:1], "ratio": 0.5},
        {"features": np.asfortranarray(rows), "feature_keys": of_rows, "ratio": 0.5},
        {"out": np.empty((300, 4), np.float32)},
        {"out": np.empty((4, 301), np.float32).T},
        {"out": np.empty((4, 301), np.float32)},
    ):
        with pytest.raises(gr.exceptions.GraphRankError):
            call(**bad)
