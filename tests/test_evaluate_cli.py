"""``graphrank evaluate``: judgements and runs out of tables and files of TREC."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import graphrank as gr
from graphrank import cli
from graphrank.metrics import write_qrels, write_run

QRELS = pl.DataFrame({"query": [1, 1, 2], "item": ["a", "b", "c"], "label": [2, 1, 1]})
RUN = pl.DataFrame({"query": [1, 1, 2], "item": ["b", "a", "x"], "score": [0.5, 0.5, 1.0]})


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, frame in (("qrels", QRELS), ("run", RUN)):
        frame.write_csv(f"{name}.csv")
        frame.write_parquet(f"{name}.parquet")
    write_qrels(QRELS, "judged.qrels")
    write_run(RUN, "mine.run.gz")


def run(capsys, *argv):
    code = cli.main(["evaluate", *argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("qrels", ["qrels.csv", "qrels.parquet", "judged.qrels"])
@pytest.mark.parametrize("ranked", ["run.csv", "run.parquet", "mine.run.gz"])
def test_all_kinds_of_files_give_the_same(capsys, qrels, ranked):
    code, _, _ = run(capsys, qrels, ranked, "-o", "out.parquet")
    assert code == 0
    assert_frame_equal(pl.read_parquet("out.parquet"), gr.evaluate(QRELS, RUN))


def test_options_mean_what_they_mean_in_python(capsys):
    options = [
        "--gain",
        "exp",
        "--ties",
        "expected",
        "--empty",
        "skip",
        "--missing",
        "skip",
        "--confidence",
        "0.9",
    ]
    code, out, _ = run(
        capsys, "qrels.csv", "run.csv", *options, "--metrics", "ndcg", "mrr", "--format", "csv"
    )
    expected = gr.evaluate(
        QRELS, RUN, ["ndcg", "mrr"], gain="exp", ties="expected", empty="skip", missing="skip", confidence=0.9
    )
    assert (code, out) == (0, expected.write_csv())
    code, out, _ = run(capsys, "qrels.csv", "run.csv", "--per-query", "--metrics", "hit@1")
    assert code == 0
    assert out.splitlines()[2:] == ["1      hit@1   1.000000", "2      hit@1   0.000000"]


@pytest.mark.parametrize(
    ("argv", "expected", "part"),
    [
        (["qrels.csv", "none.csv"], 1, "no file"),
        (["qrels.csv", "qrels.csv"], 1, "'score' or 'rank'"),
        (["qrels.csv", "run.csv", "--metrics", "ndgc"], 2, "did you mean 'ndcg'"),
        (["qrels.csv", "words.csv"], 1, "row 0: score 'high' is not a number"),
        (["judged.qrels", "judged.qrels"], 1, "line 1"),
        (["qrels.csv", "run.csv", "-o", "run.csv"], 2, "would overwrite"),
    ],
)
def test_what_goes_wrong_is_said(capsys, argv, expected, part):
    RUN.with_columns(score=pl.lit("high")).write_csv("words.csv")
    code, _, err = run(capsys, *argv)
    assert code == expected
    assert part in err


WORSE = RUN.with_columns(item=pl.Series(["x", "b", "x"]))


def test_several_runs_are_columns_and_are_compared(capsys):
    WORSE.write_csv("worse.csv")
    write_run(WORSE, "third.run.gz")
    code, out, _ = run(
        capsys, "qrels.csv", "run.csv", "worse.csv", "third.run.gz", "--metrics", "map", "hit@1"
    )
    assert code == 0
    assert out.splitlines() == [
        "metric       run     worse     third",
        "------------------------------------",
        "map     0.500000  0.125000  0.125000",
        "hit@1   0.500000  0.000000  0.000000",
        "",
        "first less second, 95 % interval, p by paired t test, p_holm corrected for all pairs:",
        "",
        *out.splitlines()[7:],
    ]
    first = out.splitlines()[9].split()
    runs = {"run": RUN, "worse": WORSE, "third": WORSE}
    expected = gr.metrics.compare(QRELS, runs, ["map", "hit@1"])
    assert first == [*expected.row(0)[:3], *(f"{number:.6f}" for number in expected.row(0)[3:])]


def test_several_runs_in_one_table_for_programs(capsys):
    WORSE.write_csv("worse.csv")
    argv = ["qrels.csv", "run.csv", "worse.csv", "--metrics", "map", "mrr"]
    options = ["--baseline", "worse", "--test", "randomisation", "--confidence", "0.8", "--seed", "3"]
    code, _, _ = run(capsys, *argv, *options, "-o", "out.parquet")
    assert code == 0
    found = pl.read_parquet("out.parquet")
    runs = {"run": RUN, "worse": WORSE}
    expected = gr.metrics.compare(
        QRELS, runs, ["map", "mrr"], baseline="worse", test="randomisation", confidence=0.8, seed=3
    )
    assert_frame_equal(found.select(expected.columns), expected)
    for name, frame in runs.items():
        assert found[name].equals(gr.evaluate(QRELS, frame, ["map", "mrr"])["value"])
    code, out, _ = run(capsys, *argv, "--baseline", "worse.csv", "--format", "csv")
    assert code == 0
    assert out.splitlines()[0] == "metric,run,worse,first,second,difference,low,high,p,p_holm"


def test_several_runs_query_by_query(capsys):
    WORSE.filter(query=1).write_csv("worse.csv")
    argv = ["qrels.csv", "run.csv", "worse.csv", "--metrics", "map", "--missing", "skip", "--per-query"]
    code, out, _ = run(capsys, *argv)
    assert code == 0
    assert out.splitlines() == [
        "query  metric       run     worse",
        "---------------------------------",
        "1      map     1.000000  0.250000",
        "2      map     0.000000         -",
    ]


def test_ids_of_two_kinds_are_told_once_per_run(capsys):
    for name, prefix in (("near", ""), ("odd", "doc")):
        RUN.with_columns(item=prefix + pl.col("item")).write_csv(f"{name}.csv")
    for files, options in (
        (["odd.csv"], []),
        (["near.csv", "odd.csv"], []),
        (["near.csv", "odd.csv"], ["--per-query"]),
    ):
        code, _, err = run(capsys, "qrels.csv", *files, *options)
        assert code == 0
        assert len(err.splitlines()) == 1
        assert err.startswith("graphrank: odd: no item of `run` is judged")


def test_runs_of_one_name_are_called_as_they_are_given(capsys, tmp_path):
    (tmp_path / "other").mkdir()
    WORSE.write_csv("other/run.csv")
    code, out, _ = run(capsys, "qrels.csv", "run.csv", "other/run.csv", "--metrics", "map")
    assert code == 0
    assert out.splitlines()[0].split() == ["metric", "run.csv", "other/run.csv"]
    WORSE.write_csv("p.csv")
    code, out, _ = run(capsys, "qrels.csv", "run.csv", "p.csv", "--metrics", "map")
    assert code == 0
    assert out.splitlines()[0].split() == ["metric", "run", str(tmp_path / "p.csv")]


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["run.csv", "--baseline", "run"], "--baseline and --test are for several runs"),
        (["run.csv", "run.parquet", "--test", "t", "--per-query"], "without --per-query"),
        (["run.csv", "run.csv"], "the run 'run.csv' is given twice"),
        (["run.csv", "mine.run.gz", "--baseline", "bm25"], "--baseline must be one of run, mine, got 'bm25'"),
        (["mine.run.gz", "run.csv", "-o", "run.csv"], "would overwrite"),
        (["run.csv", "mine.run.gz", "--confidence", "2"], "confidence"),
    ],
)
def test_what_several_runs_cannot_be_asked(capsys, argv, part):
    code, _, err = run(capsys, "qrels.csv", *argv)
    assert code == 2
    assert part in err
