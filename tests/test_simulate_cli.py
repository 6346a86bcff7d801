"""``graphrank simulate``."""

from __future__ import annotations

import polars as pl
import pytest

from graphrank.cli import main


def test_a_run_is_a_table_of_some_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--peers", "20", "--ticks", "1000"]) == 0
    shown = capsys.readouterr()
    assert shown.out.split()[:4] == ["round", "footrule", "coverage", "bytes_suffix"]
    assert "20 peers, pull, no attack, 10 rounds" in shown.err


def test_all_rounds_are_written_to_a_file(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rounds.parquet"
    options = [
        "--tastes",
        "--mode",
        "robust",
        "--attack",
        "promotion",
        "--attackers",
        "3",
        "--camouflage",
        "2",
    ]
    assert main(["simulate", "--peers", "12", "--ticks", "600", *options, "-o", str(path)]) == 0
    rounds = pl.read_parquet(path)
    assert rounds.height == 7
    assert rounds["spam_rank"].null_count() == 3
    assert "Promotion by 3" in capsys.readouterr().err


def test_a_catalogue_of_pairs_is_read(tmp_path) -> None:
    path = tmp_path / "pairs.csv"
    pl.DataFrame({"query": ["a", "a", "b", "b"], "item": [1, 2, 2, 3]}).write_csv(path)
    assert main(["simulate", "--catalogue", str(path), "--peers", "4", "--ticks", "100"]) == 0


def test_options_that_do_not_fit_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--clicks", "5"]) == 2
    assert main(["simulate", "--attack", "epic", "--camouflage", "5"]) == 2
    assert main(["simulate", "--peers", "1"]) == 2
    assert "n_peers" in capsys.readouterr().err
