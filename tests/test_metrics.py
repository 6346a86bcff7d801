"""Measures of runs: frames in, frames out, and what is said of input that cannot be used."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from graphrank import _judged
from graphrank.exceptions import (
    ColumnNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
)
from graphrank.metrics import compare, evaluate

QRELS = pl.DataFrame(
    {"query": ["q1", "q1", "q2", "q3", "q4"], "item": ["a", "b", "c", "d", "e"], "label": [2, 1, 1, 0, 1]}
)
RUN = pl.DataFrame(
    {
        "query": ["q1", "q2", "q1", "q9", "q3", "q2"],
        "item": ["b", "x", "a", "a", "d", "c"],
        "score": [3.0, 2.0, 1.0, 1.0, 1.0, 1.0],
    }
)


def values(*args, **kwargs):
    return dict(evaluate(*args, **kwargs).select("metric", "value").iter_rows())


def test_names_of_other_libraries_are_known():
    qrels = {"q1": {"a": 2, "b": 1, "c": 0}, "q2": {"x": 1, "y": 1}}
    run = {"q1": {"c": 3.0, "a": 2.0, "z": 1.0, "b": 0.5}, "q2": {"y": 1.0, "w": 0.5, "x": 0.25}}
    for theirs, ours in {
        "ndcg_cut_2": "ndcg@2",
        "P_2": "precision@2",
        "recall_3": "recall@3",
        "map_cut_3": "map@3",
        "success_1": "hit@1",
        "recip_rank": "mrr",
        "mean_reciprocal_rank": "mrr",
        "average_precision@3": "map@3",
        "hit_rate@1": "hit@1",
    }.items():
        found = evaluate(qrels, run, [theirs, ours])
        assert found["metric"].to_list() == [theirs, ours]
        assert found["value"][0] == found["value"][1] > 0


def test_dicts_of_dicts_are_tables():
    qrels = {"q1": {"a": 2, "b": 1}, "q2": {"x": 1}}
    run = {"q1": {"b": 3.0, "a": 2.0}, "q2": {"x": 1}}
    judged = pl.DataFrame({"query": ["q1", "q1", "q2"], "item": ["a", "b", "x"], "label": [2, 1, 1]})
    ranked = pl.DataFrame({"query": ["q1", "q1", "q2"], "item": ["b", "a", "x"], "score": [3.0, 2.0, 1.0]})
    expected = evaluate(judged, ranked, per_query=True)
    assert evaluate(qrels, run, per_query=True).equals(expected)
    assert compare(qrels, {"one": run, "two": ranked})["difference"].to_list() == [0.0] * 5
    with pytest.raises(InvalidTypeError, match="`run` as a dict of dicts"):
        evaluate(qrels, {"q1": {"a": 1.0, 3: 1.0}})


def test_one_value_per_measure_in_the_order_asked_for():
    found = evaluate(QRELS, RUN, ["mrr", "nDCG@1", "R@100"])
    assert found.schema == {"metric": pl.String, "value": pl.Float64}
    assert found["metric"].to_list() == ["mrr", "nDCG@1", "R@100"]
    assert found["value"].to_list() == pytest.approx([(1 + 0.5 + 0 + 0) / 4, 0.5 / 4, 2 / 4])


def test_what_cannot_be_measured_counts_as_asked():
    # q3 has nothing relevant, q4 is not ranked.
    assert values(QRELS, RUN, ["mrr"], empty=1)["mrr"] == pytest.approx((1.5 + 1) / 4)
    assert values(QRELS, RUN, ["mrr"], empty="skip")["mrr"] == pytest.approx(1.5 / 3)
    assert values(QRELS, RUN, ["mrr"], missing="skip")["mrr"] == pytest.approx(1.5 / 3)
    found = evaluate(QRELS, RUN, ["mrr", "judged"], empty="skip", missing="skip", per_query=True)
    assert found.rows() == [
        ("q1", "mrr", 1.0),
        ("q1", "judged", 1.0),
        ("q2", "mrr", 0.5),
        ("q2", "judged", 0.5),
        ("q3", "judged", 1.0),
    ]
    assert evaluate(QRELS.filter(label=0), RUN, ["mrr"], empty="skip")["value"].to_list() == [None]


def test_ties_are_broken_as_asked():
    qrels = pl.DataFrame({"query": [1], "item": ["b"], "label": [1]})
    run = pl.DataFrame({"query": [1] * 3, "item": ["a", "b", "c"], "score": [0.0] * 3, "rank": [3, 1, 2]})
    assert values(qrels, run, ["mrr"])["mrr"] == 1
    assert values(qrels, run.drop("rank"), ["mrr"])["mrr"] == 1 / 2
    assert values(qrels, run, ["mrr"], ties="trec")["mrr"] == 1 / 2
    assert values(qrels, run, ["mrr"], ties="expected")["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert values(qrels, run.drop("score"), ["mrr"])["mrr"] == 1
    numbers = pl.DataFrame({"query": [1, 1], "item": [10, 9], "score": [0.0, 0.0]})
    assert values(qrels.with_columns(item=9), numbers, ["mrr"], ties="trec")["mrr"] == 1, "as text, 9 is last"


def test_ids_that_are_no_text_break_ties_by_their_bytes():
    items = pl.Series("item", [b"\xfe", b"\xff"])
    qrels = pl.DataFrame({"query": [1], "item": items[1:], "label": [1]})
    run = pl.DataFrame({"query": [1, 1], "item": items, "score": [0.0, 0.0]})
    assert values(qrels, run, ["mrr"], ties="trec")["mrr"] == 1


def test_gains_and_what_is_relevant():
    found = values(QRELS, RUN, ["ndcg", "ndcg(gain=exp)", "mrr(rel=2)", "err(max=2)@1"], missing="skip")
    assert found["ndcg"] == pytest.approx(
        ((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)) + 1 / math.log2(3)) / 3
    )
    assert found["ndcg(gain=exp)"] == values(QRELS, RUN, ["ndcg"], gain="exp", missing="skip")["ndcg"]
    assert found["mrr(rel=2)"] == pytest.approx(0.5 / 3)
    assert found["err(max=2)@1"] == pytest.approx(0.25 / 3)
    fractions = QRELS.with_columns(pl.col("label") / 4)
    assert values(fractions, RUN, ["mrr"]) == values(QRELS, RUN, ["mrr"]), "any label above 0 is relevant"


@pytest.mark.parametrize(
    "cast",
    [pl.Categorical, pl.Binary, pl.Enum(["q1", "q2", "q3", "q4", "q9"])],
    ids=["categorical", "binary", "enum"],
)
def test_ids_may_have_any_type(cast):
    qrels, run = (frame.with_columns(pl.col("query").cast(cast)) for frame in (QRELS, RUN))
    found = evaluate(qrels, run, ["map"], per_query=True)
    assert found["query"].dtype == cast
    assert found["value"].equals(evaluate(QRELS, RUN, ["map"], per_query=True)["value"])
    if cast != pl.Binary:
        assert values(qrels, RUN, ["map"]) == values(QRELS, RUN, ["map"]), "text on one side only"


def test_integers_of_any_width_and_lazy_frames():
    qrels = pl.DataFrame({"query": [-1, 5], "item": [7, 8], "label": [1, 1]})
    run = pl.DataFrame({"query": [5, -1], "item": [8, 7], "score": [1, 2]})
    narrow = run.with_columns(pl.col("query").cast(pl.Int8), pl.col("item").cast(pl.UInt64))
    assert values(qrels, narrow, ["mrr"])["mrr"] == 1
    assert values(qrels.lazy(), run.lazy(), ["mrr"])["mrr"] == 1
    wide = [frame.with_columns(pl.col("item").cast(pl.Int128) + 2**100) for frame in (qrels, run)]
    assert values(*wide, ["mrr"])["mrr"] == 1


def test_names_that_share_a_hash_are_told_apart(monkeypatch):
    expected = evaluate(QRELS, RUN, per_query=True)
    real = _judged.hash_keys
    for bits in (0, 1):
        monkeypatch.setattr(_judged, "hash_keys", lambda column, bits=bits: real(column) & np.uint64(bits))
        assert evaluate(QRELS, RUN, per_query=True).equals(expected)
        assert evaluate(QRELS, RUN, ties="trec", per_query=True).equals(expected)
    with pytest.raises(InvalidDataError, match="comes a second time"):
        evaluate(QRELS, pl.concat([RUN, RUN.head(1)]))


def test_intervals_hold_the_mean_and_repeat():
    rng = np.random.default_rng(1)
    n = 200
    qrels = pl.DataFrame({"query": range(n), "item": [0] * n, "label": [1] * n})
    run = pl.DataFrame({"query": range(n), "item": rng.integers(0, 2, n), "score": [1.0] * n})
    found = evaluate(qrels, run, ["mrr", "map"], confidence=0.95)
    assert found.columns == ["metric", "value", "low", "high"]
    mean, low, high = found.select("value", "low", "high").row(0)
    half = 1.96 * math.sqrt(mean * (1 - mean) / n)
    assert low == pytest.approx(mean - half, abs=0.015)
    assert high == pytest.approx(mean + half, abs=0.015)
    assert found.equals(evaluate(qrels, run, ["mrr", "map"], confidence=0.95))
    other = evaluate(qrels, run, ["mrr"], confidence=0.95, seed=1)
    assert other["value"][0] == mean
    assert other.row(0) != found.row(0)


def test_large_integers_are_no_ties():
    """Floats do not tell 2^60 from 2^60 + 1; nanoseconds since 1970 are of that size."""
    run = {"q": {"b": 2**60, "a": 2**60 + 1}}
    assert evaluate({"q": {"a": 1}}, run, ["mrr"]).row(0) == ("mrr", 1.0)
    assert evaluate({"q": {"a": 1}}, run, ["mrr"], ties="expected").row(0) == ("mrr", 1.0)
    ranks = pl.DataFrame({"query": "q", "item": ["b", "a"], "rank": [2**63, 2**63 - 1]}, strict=False)
    assert evaluate({"q": {"a": 1}}, ranks, ["mrr"]).row(0) == ("mrr", 1.0)


def test_one_query_has_no_interval():
    qrels = {"q": {"a": 1}, "nothing": {"b": 0}}
    run = {"q": {"b": 2, "a": 1}}
    found = evaluate(qrels, run, ["map", "judged"], confidence=0.95, empty="skip")
    assert found.row(0) == ("map", 0.5, None, None)
    assert None not in found.row(1)


def test_values_do_not_depend_on_threads(chosen_threads):
    rng = np.random.default_rng(3)
    n = 40_000
    run = pl.DataFrame({"query": rng.integers(0, 300, n), "item": range(n), "score": rng.integers(0, 9, n)})
    qrels = run.sample(4_000, seed=1).select("query", "item", label=pl.col("item") % 3)
    found = []
    for threads in (1, 3):
        chosen_threads(threads)
        found.append(evaluate(qrels, run, confidence=0.9, ties="expected"))
    assert found[0].equals(found[1])


@pytest.mark.parametrize(
    ("metrics", "part"),
    [
        (["ndgc@10"], "did you mean 'ndcg'\\? The measures are bpref, err, f1"),
        (["ndcg@0"], "cut-off"),
        (["ndcg@ten"], "cut-off"),
        (["bpref@5"], "no cut-off"),
        (["map(p=2)"], "no parameter of 'map'; it takes rel"),
        (["rbp(p=2)"], "p must be a number between 0 and 1"),
        (["err(max=1)"], "largest label"),
        (["map", "map"], "twice"),
        ([], "at least one"),
        (["10@ndcg(", "map"], "not written as"),
    ],
)
def test_unknown_measures_are_explained(metrics, part):
    with pytest.raises(InvalidArgumentError, match=part):
        evaluate(QRELS, RUN, metrics)


def with_null(frame, column):
    return frame.with_columns(pl.when(pl.int_range(pl.len()) != 2).then(pl.col(column)).alias(column))


BAD = {
    "no column": (QRELS.drop("label"), RUN, ColumnNotFoundError, "`qrels` must have the columns.*'label'"),
    "no score": (QRELS, RUN.drop("score"), ColumnNotFoundError, "'score' or 'rank'"),
    "null query": (with_null(QRELS, "query"), RUN, InvalidDataError, "'query' is null in row 2"),
    "null item": (QRELS, with_null(RUN, "item"), InvalidDataError, "`run`: column 'item' is null in row 2"),
    "null label": (with_null(QRELS, "label"), RUN, InvalidDataError, "'label' is null in row 2"),
    "null score": (QRELS, with_null(RUN, "score"), InvalidDataError, "'score' is null in row 2"),
    "NaN": (QRELS, RUN.with_columns(score=pl.lit(float("nan"))), InvalidDataError, "NaN in row 0"),
    "huge label": (QRELS.with_columns(label=pl.lit(1e200)), RUN, InvalidDataError, "`label`, row 0"),
    "NaN label": (QRELS.with_columns(label=pl.lit(float("nan"))), RUN, InvalidDataError, "must be finite"),
    "text": (QRELS.with_columns(label=pl.lit("high")), RUN, InvalidTypeError, "labels must be numbers"),
    "floats": (QRELS.with_columns(item=pl.lit(0.5)), RUN, InvalidTypeError, "cannot be ids"),
    "types": (
        QRELS.with_columns(item=1),
        RUN,
        InvalidTypeError,
        "Int32 in `qrels` and String in `run`.*cast",
    ),
    "empty": (QRELS, RUN.head(0), InvalidDataError, "`run` has no rows"),
    "twice": (QRELS, pl.concat([RUN, RUN.tail(1)]), InvalidDataError, "row 6: item 'c'.*'q2'.*row 5"),
    "judged twice": (pl.concat([QRELS, QRELS]), RUN, InvalidDataError, "`qrels`, row 5: item 'a'"),
    "strangers": (
        QRELS,
        RUN.with_columns(query="q" + pl.col("query")),
        InvalidDataError,
        "no query in common",
    ),
    "lists of items": (
        {"q1": {"a": 1}},
        {"q1": ["b", "a"]},
        InvalidTypeError,
        r"`run` as a dict is \{query: \{item: score\}\}.*'q1' has list.*such as \{'q1': \{'b': 2, 'a': 1\}\}",
    ),
    "sets of items": (
        {1: {"a"}},
        {1: {"b": 1}},
        InvalidTypeError,
        r"`qrels` as a dict is .*label.*1 has set",
    ),
    "no table": (QRELS, 5, InvalidTypeError, "`run` must be a Polars frame"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_named(case):
    qrels, run, error, part = BAD[case]
    with pytest.raises(error, match=part):
        evaluate(qrels, run)


@pytest.mark.parametrize(
    "arguments",
    [
        {"gain": "square"},
        {"ties": "random"},
        {"empty": 2},
        {"empty": True},
        {"missing": 1},
        {"confidence": 1.0},
        {"confidence": 0.9, "resamples": 0},
        {"confidence": 0.9, "seed": -1},
        {"confidence": 0.9, "per_query": True},
    ],
)
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(InvalidArgumentError):
        evaluate(QRELS, RUN, **arguments)


def two_runs(n=60):
    rng = np.random.default_rng(5)
    qrels = pl.DataFrame({"query": range(n), "item": [0] * n, "label": [1] * n})
    runs = {}
    for name, worst in (("near", 3), ("far", 8), ("same", 8)):
        place = rng.integers(0, worst, n)
        rows = [(q, 0 if i == p else 1 + i, -i) for q, p in enumerate(place) for i in range(8)]
        runs[name] = pl.DataFrame(rows, schema=["query", "item", "score"], orient="row")
    return qrels, runs


def test_runs_are_compared_in_pairs_as_scipy_does():
    from scipy import stats

    qrels, runs = two_runs()
    of = {
        name: evaluate(qrels, run, ["mrr"], per_query=True)["value"].to_numpy() for name, run in runs.items()
    }
    oracle = {"t": stats.ttest_rel, "wilcoxon": stats.wilcoxon}
    for test, theirs in oracle.items():
        found = compare(qrels, runs, ["mrr", "hit@1"], test=test)
        assert found.height == 6
        for row in found.filter(metric="mrr").iter_rows(named=True):
            a, b = of[row["first"]], of[row["second"]]
            assert row["p"] == pytest.approx(theirs(a, b).pvalue, rel=1e-9)
            assert row["difference"] == pytest.approx(a.mean() - b.mean(), abs=1e-12)
            assert row["low"] < row["difference"] < row["high"]


def test_a_comparison_is_printed_with_all_its_columns():
    qrels, runs = two_runs()
    found = compare(qrels, runs, ["mrr"])
    assert found.columns == ["metric", "first", "second", "difference", "low", "high", "p", "p_holm"]
    printed = str(found)
    assert "…" not in printed
    assert all(name in printed for name in found.columns)


def test_random_signs_agree_with_scipy():
    from scipy import stats

    qrels, runs = two_runs()
    a, b = (evaluate(qrels, runs[n], ["mrr"], per_query=True)["value"].to_numpy() for n in ("far", "same"))
    found = compare(qrels, {n: runs[n] for n in ("far", "same")}, ["mrr"], test="randomisation")
    assert found.equals(compare(qrels, {n: runs[n] for n in ("far", "same")}, ["mrr"], test="randomization"))
    oracle = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=20_000, rng=1
    )
    # Five standard errors of a share of 10,000 draws, twice over.
    p = oracle.pvalue
    assert found["p"].item() == pytest.approx(p, abs=10 * math.sqrt(p * (1 - p) / 10_000) + 1e-4)


def test_a_baseline_and_the_correction_of_holm():
    qrels, runs = two_runs()
    found = compare(qrels, runs, ["mrr"], baseline="near")
    assert found.select("first", "second").rows() == [("far", "near"), ("same", "near")]
    low, high = sorted(found["p"])
    assert sorted(found["p_holm"]) == pytest.approx(sorted([2 * low, max(2 * low, high)]))


def test_what_cannot_be_compared():
    qrels, runs = two_runs()
    with pytest.raises(InvalidArgumentError, match="at least 2 runs"):
        compare(qrels, {"one": runs["near"]})
    with pytest.raises(InvalidArgumentError, match="baseline"):
        compare(qrels, runs, baseline="none")
    with pytest.raises(InvalidTypeError, match="dict"):
        compare(qrels, list(runs.values()))
    with pytest.raises(InvalidDataError, match="`far`: column 'score' is NaN"):
        compare(qrels, runs | {"far": runs["far"].with_columns(score=pl.lit(float("nan")))})
    with pytest.raises(InvalidArgumentError, match="at least 2 queries"):
        compare(qrels.head(1), runs)


@pytest.mark.parametrize("text", ["map(,)", "map(rel=2,)", "map(,rel=2)", "rbp(rel=1,,p=0.5)"])
def test_parameters_are_not_empty(text):
    with pytest.raises(InvalidArgumentError, match="'' is no parameter"):
        evaluate(QRELS, RUN, [text])


def test_parameters_are_given_once():
    with pytest.raises(InvalidArgumentError, match="gives rel twice"):
        evaluate(QRELS, RUN, ["map(rel=1,rel=2)"])
    assert evaluate(QRELS, RUN, ["map()"])["value"].equals(evaluate(QRELS, RUN, ["map"])["value"])


def test_ids_of_two_kinds_are_warned_of():
    qrels = pl.DataFrame({"query": [1, 2, 2], "item": ["doc1", "doc2", "doc3"], "label": [1, 1, 0]})
    run = pl.DataFrame({"query": [9, 2, 1], "item": ["7", "2", "1"], "score": [1.0, 2.0, 3.0]})
    words = "for query 2 `qrels` has item 'doc2' and `run` has '2'"
    with pytest.warns(UserWarning, match=words) as caught:
        assert evaluate(qrels, run, ["mrr"])["value"].to_list() == [0.0]
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="`odd` has '2'"):
        compare(qrels, {"good": qrels.rename({"label": "score"}), "odd": run}, ["mrr"])
    # One item that is judged, though not relevant, is of the same kind.
    evaluate(qrels, run.with_columns(item=pl.Series(["7", "doc3", "1"])), ["mrr"])
