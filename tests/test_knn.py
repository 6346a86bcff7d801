"""Nearest neighbours: every form of the arguments, and the answers of NumPy's own arithmetic."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import graphrank as gr
from graphrank.exceptions import (
    ColumnNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    NodeNotFoundError,
    TimedOutError,
)

METRICS = ["cosine", "dot", "l2"]
RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((500, 24)).astype(np.float32)
NAMES = pl.Series([f"n{i:03}" for i in range(500)])
TABLE = pl.DataFrame([NAMES.alias("node"), pl.Series("embedding", POINTS)])


def brute_force(points, queries, k, metric, is_allowed=None, *, exclude_self):
    """Rows and scores per query, in 64 bits, equal scores in the order of rows."""
    a, b = queries.astype(np.float64), points.astype(np.float64)
    score = -np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2)) if metric == "l2" else a @ b.T
    if metric == "cosine":
        lengths = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)
        score = np.divide(score, lengths, out=np.zeros_like(score), where=lengths > 0)
    if is_allowed is not None:
        score[:, ~is_allowed] = -np.inf
    if exclude_self:
        np.fill_diagonal(score, -np.inf)
    rows = np.argsort(-score, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(score, rows, axis=1)
    return rows, -found if metric == "l2" else found


def as_lists(answer, column):
    return [group[column].to_list() for group in answer.partition_by("query", maintain_order=True)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_all_against_all_is_what_numpy_says(metric, dtype):
    points = POINTS.astype(dtype)
    answer = gr.knn(points, k=7, metric=metric)
    rows, scores = brute_force(
        points.astype(np.float32), points.astype(np.float32), 7, metric, exclude_self=True
    )
    assert as_lists(answer, "node") == rows.tolist()
    np.testing.assert_allclose(answer["score"].to_numpy(), scores.ravel(), rtol=1e-12, atol=1e-13)
    assert answer["rank"].to_list() == list(range(1, 8)) * 500
    assert answer.schema == {"query": pl.Int64, "node": pl.Int64, "score": pl.Float64, "rank": pl.UInt32}


@pytest.mark.parametrize("metric", METRICS)
def test_vectors_as_queries_are_called_by_their_number_and_have_no_self(metric):
    queries = POINTS[100:160]
    answer = gr.knn(POINTS, k=3, queries=queries, metric=metric)
    rows, _ = brute_force(POINTS, queries, 3, metric, exclude_self=False)
    assert answer["query"].unique(maintain_order=True).to_list() == list(range(60))
    assert as_lists(answer, "node") == rows.tolist()


def test_every_kind_of_vectors_can_be_asked_with():
    queries = POINTS[100:104].copy()
    column = pl.Series("embedding", queries)
    wanted = gr.knn(TABLE, 3, queries=queries)
    for same in (queries.astype(np.float64), column, column.to_list(), column.arr.to_list()):
        assert_frame_equal(gr.knn(TABLE, 3, queries=same), wanted)
    named = wanted.with_columns(query=pl.Series(list("dbac")).gather(wanted["query"]))
    table = pl.DataFrame({"node": list("dbac"), "embedding": column})
    for same in (table, table.lazy(), SimpleNamespace(vectors=queries, ids=table["node"])):
        assert_frame_equal(gr.knn(TABLE, 3, queries=same), named)


def test_one_vector_of_fractions_is_one_query():
    wanted = gr.knn(TABLE, 3, queries=POINTS[100:101])
    one = POINTS[100]
    for same in (one, one.astype(np.float64), one.tolist(), tuple(one.tolist()), pl.Series(one)):
        assert_frame_equal(gr.knn(TABLE, 3, queries=same), wanted)
    half = POINTS[100].astype(np.float16)
    assert_frame_equal(
        gr.knn(TABLE, 3, queries=half), gr.knn(TABLE, 3, queries=half[None].astype(np.float32))
    )
    assert gr.knn(POINTS, 1, queries=np.array([5, 3]))["query"].to_list() == [5, 3], "integers are ids"
    objects = SimpleNamespace(vectors=POINTS, ids=pl.Series([(i, "x") for i in range(500)], dtype=pl.Object))
    assert gr.knn(objects, 1, queries=one, exclude_self=False)["score"].to_list() == [1.0]
    assert gr.knn(objects, 1, queries=[(3, "x")], exclude_self=False)["node"].to_list() == [(3, "x")]


def test_a_vector_is_nearest_to_itself_unless_it_is_left_out():
    answer = gr.knn(POINTS, k=1, queries=[3, 1], exclude_self=False)
    assert answer.rows() == [(3, 3, 1.0, 1), (1, 1, 1.0, 1)]
    assert gr.knn(POINTS, k=1, queries=[3, 1])["node"].is_in([3, 1]).sum() == 0


@pytest.mark.parametrize(
    "ids",
    [
        NAMES,
        NAMES.cast(pl.Categorical),
        pl.Series(np.arange(500)[::-1] * 10, dtype=pl.UInt16),
        pl.Series(np.arange(500), dtype=pl.Int64).cast(pl.Date),
    ],
    ids=lambda ids: str(ids.dtype),
)
def test_ids_come_back_as_they_are(ids):
    table = pl.DataFrame([ids.alias("node"), pl.Series("embedding", POINTS)])
    asked = ids.gather([4, 0, 4])
    answer = gr.knn(table, k=2, queries=asked, filter=ids.gather([7, 4, 9, 7]))
    plain = gr.knn(POINTS, k=2, queries=[4, 0, 4], filter=[4, 7, 9])
    assert answer.schema["query"] == answer.schema["node"] == ids.dtype
    assert answer["query"].to_list() == ids.gather([4, 4, 0, 0, 4, 4]).to_list()
    assert answer["node"].to_list() == ids.gather(plain["node"]).to_list()


def test_every_kind_of_table_is_the_same_table():
    array = pl.DataFrame([NAMES.alias("node"), pl.Series("embedding", POINTS)])
    lists = array.with_columns(pl.col("embedding").arr.to_list())
    wide = array.with_columns(pl.col("embedding").cast(pl.Array(pl.Float64, 24)))
    embedding = SimpleNamespace(vectors=POINTS, ids=NAMES)
    wanted = gr.knn(array, k=3)
    for table in (
        lists,
        wide,
        array.lazy(),
        embedding,
        pl.concat([array.head(9), array.tail(-9)], rechunk=False),
    ):
        assert_frame_equal(gr.knn(table, k=3), wanted)
    assert_frame_equal(gr.knn(np.asfortranarray(POINTS), k=3), gr.knn(POINTS, k=3))
    assert_frame_equal(gr.knn(POINTS[::2], k=3), gr.knn(POINTS[::2].copy(), k=3))


@pytest.mark.parametrize("share", [0.002, 0.1, 0.7])
def test_ids_and_masks_allow_the_same(share):
    mask = RNG.random(500) < share
    mask[3] = True
    rows, _ = brute_force(POINTS, POINTS, 4, "cosine", mask, exclude_self=False)
    answer = gr.knn(POINTS, k=4, filter=mask, exclude_self=False)
    assert as_lists(answer, "node") == rows[:, : mask.sum()].tolist()
    for same in (np.flatnonzero(mask), set(np.flatnonzero(mask).tolist()), pl.Series(mask), mask.tolist()):
        assert_frame_equal(gr.knn(POINTS, k=4, filter=same, exclude_self=False), answer)


def test_there_are_fewer_neighbours_where_fewer_are_allowed():
    assert gr.knn(POINTS, k=10**9, queries=[0]).height == 499
    answer = gr.knn(POINTS, k=5, queries=[0, 1], filter=[1, 2])
    assert sorted(answer.select("query", "node").rows()) == [(0, 1), (0, 2), (1, 2)]
    for none in ([], np.zeros(500, bool), pl.Series([], dtype=pl.Int64)):
        answer = gr.knn(POINTS, queries=[0], filter=none)
        assert (answer.height, answer.schema["node"]) == (0, pl.Int64)
    assert gr.knn(POINTS, queries=[]).height == 0
    assert gr.knn(POINTS[:0]).height == 0
    assert gr.knn(POINTS[:1]).height == 0


def test_zero_vectors_are_like_everything():
    points = np.array([[0, 0], [1, 0], [-1, 0], [0, 0]], dtype=np.float32)
    answer = gr.knn(points, k=3)
    assert as_lists(answer, "node") == [[1, 2, 3], [0, 3, 2], [0, 3, 1], [0, 1, 2]]
    assert as_lists(answer, "score") == [[0, 0, 0], [0, 0, -1], [0, 0, -1], [0, 0, 0]]


@pytest.mark.parametrize("metric", METRICS)
def test_the_answer_does_not_depend_on_threads(chosen_threads, metric):
    # Few distinct numbers make ties. Many queries are cut into units of 256, a few into units of 16,384 rows.
    many = np.round(RNG.standard_normal((3_000, 16)), 1)
    wide = np.tile(np.round(RNG.standard_normal((20_000, 16)), 0), (4, 1))
    answers = []
    for n_threads in (1, 2, 5):
        chosen_threads(n_threads)
        answers.append(
            (
                gr.knn(many, k=20, metric=metric),
                gr.knn(wide, k=20, metric=metric, queries=[7]),
                gr.knn(wide, k=20, metric=metric, queries=wide[:5] + 0.5, filter=np.arange(80_000) % 10 > 0),
            )
        )
    assert all(a.equals(b) for answer in answers for a, b in zip(answer, answers[0], strict=True))


def test_copies_far_apart_come_in_the_order_of_their_rows():
    few = RNG.standard_normal((10, 16)).astype(np.float32)
    rows = RNG.integers(10, size=70_000)
    for metric in ("cosine", "l2"):
        answer = gr.knn(few[rows], 100, queries=[69_999], metric=metric)
        copies = np.flatnonzero(rows == rows[69_999])
        assert answer["node"].to_list() == copies[copies != 69_999][:100].tolist()
        assert answer["score"].unique().to_list() == [0.0 if metric == "l2" else 1.0]


def test_an_id_that_is_not_allowed_can_be_asked_for():
    allowed = np.arange(500) > 250
    answer = gr.knn(POINTS, 3, queries=[3, 300], filter=allowed)
    rows, _ = brute_force(POINTS, POINTS, 3, "cosine", allowed, exclude_self=True)
    assert as_lists(answer, "node") == rows[[3, 300]].tolist()


def test_copies_of_a_vector_are_neighbours_of_it():
    points = np.repeat(POINTS[:3], 4, axis=0)
    answer = gr.knn(points, 3, queries=[4, 5])
    assert as_lists(answer, "node") == [[5, 6, 7], [4, 6, 7]]
    assert answer["score"].to_list() == [1.0] * 6


def test_vectors_on_disk_need_not_be_read_first(tmp_path):
    g = gr.Graph.from_edges((np.arange(40), (np.arange(40) * 7 + 1) % 40))
    wanted = gr.knn(gr.fastrp(g, 8), 3)
    gr.fastrp(g, 8, out=tmp_path / "vectors.npy")
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert_frame_equal(gr.knn(mapped, 3), wanted)
    gr.fastrp(g, 8, out=tmp_path / "vectors.parquet")
    for table in (
        pl.read_parquet(tmp_path / "vectors.parquet"),
        pl.scan_parquet(tmp_path / "vectors.parquet"),
    ):
        assert_frame_equal(gr.knn(table, 3), wanted)


NAN = POINTS.copy()
NAN[7, 3] = np.nan
BAD = {
    "k of 0": (InvalidArgumentError, "`k` must be at least 1", POINTS, {"k": 0}),
    "k in words": (InvalidTypeError, "`k`", POINTS, {"k": "ten"}),
    "another metric": (InvalidArgumentError, "`metric`", POINTS, {"metric": "hamming"}),
    "NaN": (InvalidDataError, "row 7: got NaN in column 3", NAN, {}),
    "NaN of 16 bits": (InvalidDataError, "row 7: got NaN in column 3", NAN.astype(np.float16), {}),
    "beyond 32 bits": (InvalidDataError, "row 1: got -inf in column 0", np.array([[1.0], [-1e300]]), {}),
    "infinite query": (
        InvalidDataError,
        "`queries`, row 0: got inf",
        POINTS,
        {"queries": np.full((1, 24), np.inf)},
    ),
    "one narrow query": (
        InvalidArgumentError,
        "one vector of 3 numbers, these",
        POINTS,
        {"queries": POINTS[0, :3]},
    ),
    "queries of three dimensions": (
        InvalidArgumentError,
        "2 dimensions",
        POINTS,
        {"queries": np.ones((1, 1, 24))},
    ),
    "a null in a query": (
        InvalidDataError,
        "`queries`, row 0: holds a null",
        POINTS[:, :2],
        {"queries": [0.5, None]},
    ),
    "a table of ids": (
        InvalidTypeError,
        "no column 'embedding'; the columns are 'node'; give the column of ids, as in queries=table['node']",
        TABLE,
        {"queries": TABLE.select("node")},
    ),
    "a table as a filter": (
        InvalidTypeError,
        "got a DataFrame; give the column of ids, as in filter=table['node']",
        TABLE,
        {"filter": TABLE.select("node")},
    ),
    "a lazy table as a filter": (
        InvalidTypeError,
        "got a LazyFrame; give the column of ids, as in filter=table.collect()['node']",
        TABLE,
        {"filter": TABLE.lazy()},
    ),
    "an expression as a filter": (
        InvalidTypeError,
        "got a Expr",
        TABLE,
        {"filter": pl.col("node") == "n001"},
    ),
    "narrow queries": (InvalidArgumentError, "24, got 3", POINTS, {"queries": np.ones((2, 3))}),
    "an unknown id": (
        NodeNotFoundError,
        "`queries`: 500 is not a node of these vectors",
        POINTS,
        {"queries": [3, 500]},
    ),
    "an unknown name": (NodeNotFoundError, "did you mean 'n", TABLE, {"queries": "n01"}),
    "an unknown id allowed": (NodeNotFoundError, "`filter`: -1", POINTS, {"filter": [-1]}),
    "ids of another kind": (InvalidTypeError, "ids of these vectors are Int64", POINTS, {"queries": ["a"]}),
    "a set of queries": (InvalidTypeError, "no order", POINTS, {"queries": {1, 2}}),
    "a short mask": (InvalidArgumentError, "500, got 2", POINTS, {"filter": [True, False]}),
    "a mask with a null": (InvalidDataError, "row 1: got null", POINTS[:2], {"filter": [True, None]}),
    "one dimension": (InvalidArgumentError, "2 dimensions", POINTS[0], {}),
    "no columns": (InvalidArgumentError, "columns, got 0", POINTS[:, :0], {}),
    "texts": (InvalidTypeError, "real numbers", np.array([["a"]]), {}),
    "complex numbers": (InvalidTypeError, "real numbers", np.ones((2, 2), complex), {}),
    "a list": (InvalidTypeError, "`emb_or_array`", [[1.0]], {}),
    "a frame without vectors": (ColumnNotFoundError, "'embedding'", pl.DataFrame({"node": [1]}), {}),
    "lists of two lengths": (
        InvalidDataError,
        "row 1: has 1 numbers",
        pl.DataFrame({"node": [1, 2], "embedding": [[1.0, 2.0], [3.0]]}),
        {},
    ),
    "a null vector": (
        InvalidDataError,
        "`embedding`, row 1: got null",
        pl.DataFrame({"node": [1, 2], "embedding": [[1.0], None]}),
        {},
    ),
    "a null in a vector": (
        InvalidDataError,
        "`embedding`, row 1: holds a null",
        pl.DataFrame({"node": [1, 2], "embedding": [[1.0, 2.0], [1.0, None]]}),
        {},
    ),
    "numbers for vectors": (
        InvalidTypeError,
        "arrays of numbers",
        pl.DataFrame({"node": [1], "embedding": [1.0]}),
        {},
    ),
    "ids that are fractions": (
        InvalidTypeError,
        "cannot be ids",
        pl.DataFrame({"node": [0.5], "embedding": [[1.0]]}),
        {},
    ),
    "an id twice": (
        InvalidDataError,
        "'a' has more than one vector",
        pl.DataFrame({"node": ["a", "b", "a"], "embedding": [[1.0]] * 3}),
        {},
    ),
    "a null id": (
        InvalidDataError,
        "`node`, row 1",
        pl.DataFrame({"node": ["a", None], "embedding": [[1.0]] * 2}),
        {},
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_named(case):
    error, message, table, arguments = BAD[case]
    with pytest.raises(error) as caught:
        gr.knn(table, **arguments)
    assert message in str(caught.value)


def test_a_time_limit_ends_a_search():
    with pytest.raises(TimedOutError):
        gr.knn(RNG.standard_normal((20_000, 64)), timeout_s=1e-3)


def test_zeros_and_ones_for_every_vector_are_no_ids():
    points = np.eye(4, dtype=np.float32)
    with pytest.raises(InvalidArgumentError, match="as a mask it must be of booleans"):
        gr.knn(points, 1, queries=0, filter=np.array([0, 1, 1, 0]))
    assert gr.knn(points, 1, queries=[2], filter=[0, 1]).height == 1
