"""``graphrank select``: elements out of a table of pairs, once or while candidates come and go."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import graphrank as gr
from graphrank import cli
from graphrank.submodular import Coverage, FacilityLocation, SaturatedCoverage

PAIRS = pl.DataFrame(
    {
        "element": ["a", "a", "a", "b", "b", "c", "c"],
        "item": [1, 2, 3, 3, 4, 4, 5],
        "score": [9, 2, 5, 6, 1, 8, 4],
    }
)
UPDATES = pl.DataFrame({"op": [1, 1, -1, 1], "element": ["a", "b", "a", "c"]})


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PAIRS.write_csv("pairs.csv")
    PAIRS.write_csv("pairs.tsv", separator="\t")
    PAIRS.write_parquet("pairs.parquet")
    UPDATES.write_csv("updates.csv")
    UPDATES.write_parquet("updates.parquet")
    pl.DataFrame({"what": ["insert", "delete"], "element": ["b", "b"]}).write_csv("words.csv")


def run(capsys, *argv):
    code = cli.main(["select", *argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("file", ["pairs.csv", "pairs.tsv", "pairs.parquet"])
@pytest.mark.parametrize("method", ["lazy", "stochastic", "threshold"])
def test_files_of_each_format_and_all_methods(capsys, file, method):
    code, out, err = run(capsys, file, "-k", "2", "--method", method, "--format", "csv")
    wanted = gr.maximize(Coverage(PAIRS), 2, method=method)
    assert (code, out) == (0, wanted.to_polars().write_csv())
    assert err == f"{wanted}\n"


@pytest.mark.parametrize(("word", "kind"), [("facility", FacilityLocation), ("saturated", SaturatedCoverage)])
@pytest.mark.parametrize("file", ["pairs.csv", "pairs.parquet"])
def test_similarities(capsys, word, kind, file):
    _, out, _ = run(capsys, file, "-k", "2", "--objective", word, "--value", "score", "--format", "csv")
    objective = kind(PAIRS, element="element", client="item", score="score")
    assert out == gr.maximize(objective, 2).to_polars().write_csv()


def test_the_value_of_an_item_counts(capsys):
    PAIRS.with_columns(worth=pl.col("item") ** 2).write_csv("worth.csv")
    _, out, _ = run(capsys, "worth.csv", "-k", "1", "--value", "worth", "--format", "csv")
    assert out == "rank,element,gain\n1,c,41.0\n"  # 4² + 5²


@pytest.mark.parametrize("updates", ["updates.csv", "updates.parquet"])
@pytest.mark.parametrize("file", ["pairs.csv", "pairs.parquet"])
def test_updates_answer_with_the_log(capsys, file, updates):
    code, out, err = run(capsys, file, "-k", "1", "--updates", updates, "--every", "1", "-o", "log.csv")
    best = gr.DynamicMaximizer(Coverage(PAIRS), 1)
    wanted = best.apply(UPDATES, every=1)
    assert (code, out) == (0, "")
    # All but the time that it took.
    assert_frame_equal(pl.read_csv("log.csv").drop("micros"), wanted.drop("micros"), check_dtypes=False)
    assert err == f"Selection(1 element, value {best.value:g}, at least 100.0% of the best)\nb\n"


def test_operations_may_be_words_in_a_column_of_any_name(capsys):
    code, _, err = run(capsys, "pairs.csv", "-k", "1", "--updates", "words.csv", "--op", "what")
    assert (code, err) == (0, "Selection(0 elements, value 0, at least 100.0% of the best)\n\n")


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["pairs.csv", "-k", "0"], 2, "`k` must be at least 1, got 0"),
        (["none.csv", "-k", "1"], 1, "there is no file 'none.csv'"),
        (["pairs.csv", "-k", "1", "--item", "thing"], 1, "there is no column 'thing'"),
        (["pairs.csv", "-k", "1", "--value", "element"], 1, "row 0: 'a' in column 'element' is no number"),
        (["pairs.csv", "-k", "1", "--updates", "pairs.csv"], 1, "there is no column 'op'"),
        (["pairs.csv", "-k", "1", "-o", "pairs.csv"], 2, "would overwrite the pairs that it reads"),
        (
            ["pairs.csv", "-k", "1", "--updates", "updates.csv", "-o", "updates.csv"],
            2,
            "would overwrite the updates",
        ),
    ],
)
def test_what_cannot_be_done_is_said(capsys, argv, code, message):
    got, out, err = run(capsys, *argv)
    assert (got, out) == (code, "")
    assert message in err
