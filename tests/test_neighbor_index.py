"""Indexes of neighbours: exact ones answer as knn does, approximate ones say how far they do; both survive a file."""

from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import graphrank as gr
from graphrank import _approximate, _core, _ids, _knn, _neighbor_index, _vector_table
from graphrank.embedding import NeighborIndex, Recall
from graphrank.exceptions import (
    CorruptFileError,
    FileMissingError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    MissingDependencyError,
    NodeNotFoundError,
    TimedOutError,
)

METRICS = ["cosine", "dot", "l2"]
RNG = np.random.default_rng(1)
POINTS = RNG.standard_normal((1500, 12)).astype(np.float32)
TABLE = pl.DataFrame([pl.Series("node", [f"n{i}" for i in range(1500)]), pl.Series("embedding", POINTS)])


@pytest.mark.parametrize("metric", METRICS)
def test_an_exact_index_answers_as_knn_does(metric):
    index = NeighborIndex.build(TABLE, metric=metric)
    assert (index.method, index.metric, index.dim, len(index)) == ("exact", metric, 12, 1500)
    assert index.recall == Recall(1.0, 0, 0)
    assert_frame_equal(index.query(k=4), gr.knn(TABLE, 4, metric=metric))
    asked, allowed = ["n3", "n700"], [f"n{i}" for i in range(0, 1500, 7)]
    for arguments in (
        {"queries": asked},
        {"queries": asked, "filter": allowed, "exclude_self": False},
        {"queries": POINTS[:3] + 1},
        {"queries": asked, "filter": np.arange(1500) % 2 == 0},
    ):
        assert_frame_equal(index.query(k=4, **arguments), gr.knn(TABLE, 4, metric=metric, **arguments))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("metric", METRICS)
def test_an_approximate_index_finds_the_share_it_says(metric, dtype):
    points = POINTS.astype(dtype)
    index = NeighborIndex.build(points, metric=metric, method="ann")
    assert (index.method, index.recall.n_queries, index.recall.k) == ("ann", 200, 10)
    assert index.recall.value >= 0.95
    found = index.query(k=10, method="ann")
    truth = gr.knn(points, 10, metric=metric)
    assert found["query"].equals(truth["query"]), "lists are as long as exact ones"
    shared = found.join(truth, on=["query", "node", "score"], how="semi")
    # A sample of 2,000 neighbours of which at least 95 % are found errs by less than 4 %.
    assert abs(shared.height / truth.height - index.recall.value) < 0.04


@pytest.mark.parametrize("queries", [None, [5, 9, 5], POINTS[:40] * 0.9], ids=["all", "ids", "vectors"])
@pytest.mark.parametrize("share", [0.001, 0.03, 0.5])
def test_filtered_lists_of_an_approximate_index_are_whole(queries, share):
    index = NeighborIndex.build(POINTS, method="ann")
    mask = np.random.default_rng(2).random(1500) < share
    mask[5] = True
    found = index.query(queries, 8, filter=mask, method="ann")
    truth = gr.knn(POINTS, 8, queries=queries, filter=mask)
    assert found["query"].equals(truth["query"])
    assert found["rank"].equals(truth["rank"])
    assert mask[found["node"]].all()
    assert found.join(truth, on=["query", "node", "score"], how="semi").height > 0.9 * truth.height
    assert_frame_equal(index.query(queries, 8, filter=mask, method="exact"), truth)


def test_auto_reads_where_reading_is_faster():
    index = NeighborIndex.build(POINTS, method="ann")
    assert_frame_equal(index.query([1, 2], 10), gr.knn(POINTS, queries=[1, 2]))

    def is_walked(n_vectors, n_queries, n_allowed=None, expansion=64):
        table = _vector_table.VectorTable(
            _ids.NodeIndex(pl.int_range(n_vectors, eager=True)), np.empty((n_vectors, 0))
        )
        who = _vector_table.Asked(np.zeros(n_queries, np.uint32), pl.int_range(n_queries, eager=True))
        allowed = None if n_allowed is None else np.arange(n_allowed, dtype=np.uint32)
        graph = type("Graph", (), {"expansion": expansion})
        return _approximate.is_walk_cheaper(graph, table, _approximate.Wanted(who, 10, allowed, True))

    assert is_walked(1_000_000, 1)
    assert is_walked(1_000_000, 100)
    assert not is_walked(50_000, 100)
    assert is_walked(1_000_000, 1, n_allowed=100_000)
    assert not is_walked(1_000_000, 1, n_allowed=10_000)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1e-40, 5e37])
def test_no_unit_of_the_numbers_blinds_the_graph(tmp_path, metric, scale):
    points = (POINTS * scale).astype(np.float32)
    index = NeighborIndex.build(points, metric=metric, method="ann")
    assert index.recall.value > 0.9
    index.save(tmp_path / "index")
    again = NeighborIndex.load(tmp_path / "index")
    asked = points[:50] * np.float32(0.9)
    found, truth = again.query(asked, 8, method="ann"), gr.knn(points, 8, queries=asked, metric=metric)
    assert found.join(truth, on=["query", "node", "score"], how="semi").height > 0.9 * truth.height


def test_an_index_takes_one_vector_and_names_itself_in_messages():
    index = NeighborIndex.build(TABLE, method="ann")
    for method in ("exact", "ann"):
        one = index.query(POINTS[3], 1, method=method)
        assert one.rows() == [(0, "n3", 1.0, 1)]
    with pytest.raises(NodeNotFoundError, match="'x' is not a node of these vectors"):
        index.query("x")


def test_the_same_vectors_make_the_same_index():
    answers = [NeighborIndex.build(POINTS, method="ann", seed=3).query(k=5, method="ann") for _ in range(2)]
    assert_frame_equal(*answers)


def test_auto_makes_a_graph_of_many_vectors_if_it_finds_enough(monkeypatch):
    assert NeighborIndex.build(POINTS).method == "exact"
    monkeypatch.setattr(_neighbor_index, "_GRAPH_FROM", 1000)
    assert NeighborIndex.build(POINTS).method == "ann"
    monkeypatch.setattr(_approximate, "_EXPANSIONS", (1,))
    hard = RNG.standard_normal((2000, 150))
    assert NeighborIndex.build(hard, min_recall=1.0).method == "exact"
    poor = NeighborIndex.build(hard, method="ann", min_recall=1.0)
    assert poor.method == "ann"
    assert poor.recall.value < 1.0
    assert f"recall {poor.recall.value:.3f}" in repr(poor)


def test_without_usearch_only_the_graph_is_missing(monkeypatch):
    monkeypatch.setattr(_neighbor_index, "_GRAPH_FROM", 1)
    monkeypatch.setitem(sys.modules, "usearch", None)
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    assert NeighborIndex.build(POINTS).method == "exact"
    with pytest.raises(MissingDependencyError, match=r"needs usearch: pip install 'graphrank-engine\[ann\]'"):
        NeighborIndex.build(POINTS, method="ann")


def test_an_approximate_answer_of_knn_says_so(monkeypatch):
    with pytest.warns(
        UserWarning, match=r"approximate neighbours: \d+\.\d% of the 10 nearest of 200 vectors"
    ):
        answer = gr.knn(POINTS, 3, method="ann")
    assert answer.height == 4500
    monkeypatch.setattr(_approximate, "_MAKE", 1)
    assert_frame_equal(gr.knn(POINTS, 3), gr.knn(POINTS, 3, method="exact"))
    monkeypatch.setattr(_approximate, "_STEP", 1)
    with pytest.warns(UserWarning, match="method='exact' finds all"):
        gr.knn(POINTS, 3)


def test_auto_does_not_take_a_graph_that_finds_too_little(monkeypatch):
    monkeypatch.setattr(_approximate, "_MAKE", 1)
    monkeypatch.setattr(_approximate, "_STEP", 1)
    monkeypatch.setattr(_approximate, "_EXPANSIONS", (1,))
    monkeypatch.setattr(_knn, "_RECALL", 1.0)
    hard = RNG.standard_normal((3000, 150))
    assert_frame_equal(gr.knn(hard, 3), gr.knn(hard, 3, method="exact"))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("method", ["exact", "ann"])
def test_a_saved_index_answers_as_before(tmp_path, method, dtype):
    table = TABLE.with_columns(pl.Series("embedding", POINTS.astype(dtype).astype(np.float32)))
    index = NeighborIndex.build(
        table if dtype == np.float32 else POINTS.astype(dtype), metric="l2", method=method
    )
    path = tmp_path / "index"
    index.save(path)
    again = NeighborIndex.load(path)
    assert (again.method, again.metric, again.recall) == (index.method, index.metric, index.recall)
    assert again.ids.equals(index.ids)
    assert_frame_equal(again.query(k=6, method=method), index.query(k=6, method=method))
    again.save(path)
    assert_frame_equal(NeighborIndex.load(path).query(k=6), again.query(k=6))


@pytest.mark.parametrize("method", ["exact", "ann"])
def test_a_damaged_file_is_refused(tmp_path, method):
    path = tmp_path / "index"
    NeighborIndex.build(POINTS[:100], method=method).save(path)
    sound = path.read_bytes()
    for damaged in (b"", sound[:-1], sound[: len(sound) // 2], b"graphrank" + sound):
        path.write_bytes(damaged)
        with pytest.raises(CorruptFileError):
            NeighborIndex.load(path)
    for at in range(8, len(sound), len(sound) // 60):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        with pytest.raises(CorruptFileError):
            NeighborIndex.load(path)
    with pytest.raises(FileMissingError):
        NeighborIndex.load(tmp_path / "none")


def test_files_of_other_kinds_are_refused(tmp_path):
    gr.fastrp(([0, 1], [1, 2]), dim=4).save(tmp_path / "embedding")
    with pytest.raises(CorruptFileError, match="not an index of neighbours"):
        NeighborIndex.load(tmp_path / "embedding")


def test_parts_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "index"
    for method, name, part in [
        ("exact", "about", b"{}"),
        ("exact", "about", b'{"version": 2}'),
        ("exact", "about", b"no json"),
        ("exact", "vectors", bytes(10)),
        ("ann", "vectors", bytes(99 * 12 * 4)),
        ("ann", "graph", bytes(1000)),
    ]:
        NeighborIndex.build(POINTS[:100], method=method).save(path)
        archive = _core.Archive.open("an index of neighbours", str(path), (None, None))
        names = ["about", "ids", "vectors"] + ["graph"] * (method == "ann")
        parts = {known: archive.part(known).copy() for known in names}
        parts[name] = np.frombuffer(part, dtype=np.uint8)
        _core.save_archive("an index of neighbours", list(parts.items()), str(path), (None, None))
        with pytest.raises(CorruptFileError):
            NeighborIndex.load(path)


def test_an_index_keeps_the_vectors_it_was_made_of():
    points = POINTS.copy()
    index = NeighborIndex.build(points)
    before = index.query(k=2)
    points[:] = 0
    assert_frame_equal(index.query(k=2), before)
    assert index.n_bytes == 1500 * (12 * 4 + 12)
    assert repr(index) == "NeighborIndex(1,500 vectors, dim=12, metric='cosine', exact, 90 kB)"


def test_what_cannot_be_used_is_named():
    with pytest.raises(InvalidTypeError, match=r"NeighborIndex\.build"):
        NeighborIndex(None, None, None)
    with pytest.raises(InvalidArgumentError, match="`min_recall` must be above 0 and at most 1, got 0"):
        NeighborIndex.build(POINTS, min_recall=0)
    with pytest.raises(InvalidArgumentError, match="`method`"):
        NeighborIndex.build(POINTS, method="hnsw")
    index = NeighborIndex.build(POINTS)
    with pytest.raises(InvalidArgumentError, match="this index is exact"):
        index.query([1], method="ann")
    with pytest.raises(InvalidArgumentError, match="`k`"):
        index.query([1], 0)
    with pytest.raises(InvalidArgumentError, match="12, got 5"):
        index.query(np.ones((2, 5)))
    with pytest.raises(InvalidDataError, match="`queries`, row 1: got NaN"):
        index.query(np.array([[1.0] * 12, [np.nan] * 12]))
    with pytest.raises(TimedOutError):
        NeighborIndex.build(POINTS, method="ann", timeout_s=1e-6)
    graph = NeighborIndex.build(POINTS, method="ann")
    with pytest.raises(InvalidDataError, match="`queries`, row 0: got inf"):
        graph.query(np.full((1, 12), np.inf), method="ann")
    with pytest.raises(InvalidArgumentError, match="12, got 5"):
        graph.query(np.ones((2, 5)), method="ann")
    assert graph.query([], method="ann").height == 0
    assert NeighborIndex.build(POINTS[:0], method="ann").query().height == 0
    assert NeighborIndex.build(POINTS[:1], method="ann").query(method="ann").height == 0
