"""Embeddings in files: computed into them, saved, loaded, damaged."""

from __future__ import annotations

import json
import pickle

import networkx as nx
import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank import _core, _embedding, _saved
from graphrank.exceptions import (
    CorruptFileError,
    FileError,
    FileMissingError,
    InvalidArgumentError,
    InvalidTypeError,
)


@pytest.fixture(scope="module")
def g():
    """A random graph, its ids text, with two attributes, and a node without neighbours."""
    nodes = pl.DataFrame({"id": [f"{i:04}" for i in range(301)]}).with_columns(
        group=pl.int_range(301) % 3, x=pl.int_range(301) / 7
    )
    edges = gr.testing.random_edges(300, 2_000, seed=0).with_columns(pl.all().cast(pl.String).str.zfill(4))
    return gr.Graph.from_edges(edges, directed=False, nodes=nodes)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_vectors_go_to_a_file_of_either_kind(g, tmp_path, dtype):
    expected = gr.fastrp(g, 24, dtype=dtype)
    mapped = gr.fastrp(g, 24, dtype=dtype, out=tmp_path / "v.npy")
    assert isinstance(mapped.vectors, np.memmap)
    assert np.array_equal(np.load(tmp_path / "v.npy"), expected.vectors)
    table = gr.fastrp(g, 24, dtype=dtype, out=str(tmp_path / "v.parquet"))
    assert np.array_equal(table.vectors, expected.vectors)
    assert pl.read_parquet(tmp_path / "v.parquet").equals(expected.to_polars())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v.npy", "v.parquet"]
    assert table.to_polars().equals(expected.to_polars())
    expected.to_parquet(tmp_path / "again.parquet")
    assert pl.read_parquet(tmp_path / "again.parquet").equals(expected.to_polars())
    with pytest.raises(FileError, match="cannot write"):
        expected.to_parquet(tmp_path / "no" / "v.parquet")


def test_names_may_be_as_long_as_the_system_allows(g, tmp_path):
    path = tmp_path / ("n" * 251 + ".npy")
    assert gr.fastrp(g, 4, out=path).vectors.any()
    with pytest.raises(FileError, match="cannot write"):
        gr.fastrp(g, 4, out=tmp_path / ("n" * 252 + ".npy"))
    assert list(tmp_path.iterdir()) == [path]


def test_an_embedding_that_fails_leaves_the_older_file(g, tmp_path):
    path = tmp_path / "v.npy"
    gr.fastrp(g, 8, out=path)
    before = path.read_bytes()
    for options in ({"memory_limit": 1}, {"sparsity": np.inf}):
        with pytest.raises(InvalidArgumentError):
            gr.fastrp(g, 16, out=path, **options)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_python_objects_go_to_npy_only(tmp_path):
    path = gr.Graph.from_networkx(nx.Graph([((1, 2), (3, 4))]))
    with pytest.raises(InvalidTypeError, match="Parquet"):
        gr.fastrp(path, 4, out=tmp_path / "v.parquet")
    emb = gr.fastrp(path, 4, out=tmp_path / "v.npy")
    with pytest.raises(InvalidTypeError, match="cannot be written"):
        emb.save(tmp_path / "v.embedding")


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_an_embedding_survives_a_file(g, tmp_path, dtype):
    emb = gr.fastrp(g, 24, dtype=dtype, weights=(1, 2.5), preset="paper", seed=2**64 - 1)
    path = tmp_path / "debian.embedding"
    emb.save(path)
    for same in (gr.Embedding.load(path), gr.Embedding.load(path, g), pickle.loads(pickle.dumps(emb))):  # noqa: S301
        assert np.array_equal(same.vectors, emb.vectors)
        assert same.vectors.dtype == dtype
        assert same.ids.equals(emb.ids)
        assert same.isolated.equals(emb.isolated)
        assert same.params == emb.params
        assert np.array_equal(same.vector("0100"), emb.vector("0100"))
    assert gr.Embedding.load(path).graph is None
    assert gr.Embedding.load(path, g).graph is g
    with pytest.raises(InvalidArgumentError, match="other nodes"):
        gr.Embedding.load(path, g.subgraph(g.nodes["id"].head(9)))


def test_files_that_are_no_embedding_are_refused(g, tmp_path):
    emb = gr.fastrp(g, 8)
    emb.save(tmp_path / "good")
    data = (tmp_path / "good").read_bytes()
    g.save(tmp_path / "graph")
    with pytest.raises(CorruptFileError, match="not an embedding"):
        gr.Embedding.load(tmp_path / "graph")
    with pytest.raises(CorruptFileError):
        gr.Graph.load(tmp_path / "good")
    with pytest.raises(FileMissingError):
        gr.Embedding.load(tmp_path / "none")
    rng = np.random.default_rng(5)
    for at in rng.integers(0, len(data), 200).tolist():
        changed = bytearray(data)
        changed[at] ^= 1 << int(rng.integers(8))
        (tmp_path / "bad").write_bytes(changed)
        with pytest.raises(CorruptFileError):
            gr.Embedding.load(tmp_path / "bad")
    for length in rng.integers(0, len(data), 50).tolist():
        (tmp_path / "bad").write_bytes(data[:length])
        with pytest.raises(CorruptFileError):
            gr.Embedding.load(tmp_path / "bad")


PARTS = {
    "too few ids": {"ids": "short"},
    "too many columns": {"params": {"dim": 7}},
    "another type": {"params": {"dtype": "O"}},
    "isolated nodes that do not exist": {"isolated": [999]},
    "no parameters": {"params": None},
}


@pytest.mark.parametrize("case", PARTS)
def test_parts_that_do_not_fit_each_other_are_refused(g, tmp_path, case, monkeypatch):
    """Checksums keep damage out; a file with sound checksums may still be somebody's invention."""
    emb, change = gr.fastrp(g, 8), PARTS[case]
    save = _core.save_archive

    def altered(kind, parts, path, how):
        parts = dict(parts)
        if "ids" in change:
            ids = emb.ids.head(5).alias("id").to_frame()
            parts["ids"] = np.frombuffer(_saved.table_to_bytes(ids), np.uint8)
        if "isolated" in change:
            parts["isolated"] = np.array(change["isolated"], np.uint32).view(np.uint8)
        if "params" in change and change["params"] is None:
            del parts["params"]
        elif "params" in change:
            params = json.dumps(dict(emb.params) | change["params"])
            parts["params"] = np.frombuffer(params.encode(), np.uint8)
        save(kind, list(parts.items()), path, how)

    class Altered:
        save_archive = staticmethod(altered)

    monkeypatch.setattr(_embedding, "_core", Altered)
    emb.save(tmp_path / "odd")
    monkeypatch.undo()
    with pytest.raises(CorruptFileError):
        gr.Embedding.load(tmp_path / "odd")
