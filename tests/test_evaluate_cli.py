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
