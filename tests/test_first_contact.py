"""What goes wrong in the first hour: each case is a sentence, never a different graph."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import graphrank as gr
from graphrank.cli import main
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError


@pytest.mark.parametrize("name", ["accounts.csv", "accounts.txt"])
@pytest.mark.parametrize("other", ["7", "+7"])
def test_digits_with_a_zero_or_plus_before_them_stay_names(tmp_path: Path, name: str, other: str) -> None:
    separator = "," if name.endswith("csv") else " "
    rows = [["src", "dst"]] if name.endswith("csv") else []
    rows += [["007", "12"], [other, "13"]]
    (tmp_path / name).write_text("".join(separator.join(row) + "\n" for row in rows))
    assert set(gr.read_edges(tmp_path / name).nodes["id"]) == {"007", other, "12", "13"}


def test_zeros_before_a_weight_do_not_make_ids_strings(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("src,dst,w\n10,-2,0.5\n0,7,007\n")
    g = gr.read_edges(path, weight="w")
    assert g.edges().rows() == [(0, 7, 7.0), (10, -2, 0.5)]


def test_a_header_in_a_file_without_headers_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "web.txt"
    path.write_text("FromNodeId\tToNodeId\n0\t1\n1\t2\n")
    with pytest.raises(InvalidDataError, match="the first line, 'FromNodeId ToNodeId', names the columns"):
        gr.read_edges(path)


def test_a_word_for_directed_is_an_error() -> None:
    with pytest.raises(InvalidTypeError, match="`directed` must be True or False, got 'no'"):
        gr.Graph.from_edges(([1], [2]), directed="no")


def test_a_column_that_restart_does_not_know_is_an_error() -> None:
    restart = pl.DataFrame({"case": ["x", "y"], "node": ["a", "b"], "weight": [1, 1]})
    with pytest.raises(InvalidArgumentError, match="it also has 'case'"):
        gr.personalized_pagerank((["a"], ["b"]), restart=restart)


def test_an_expression_for_a_column_name_is_an_error() -> None:
    with pytest.raises(InvalidTypeError, match="`src` must be the name of a column"):
        gr.Graph.from_edges(pl.DataFrame({"x": [1], "y": [2]}), pl.col("x"), "y")


def test_the_command_line_does_not_overwrite_what_it_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "edges.csv"
    path.write_text("src,dst\n1,2\n")
    assert main(["pagerank", str(path), "-o", str(path)]) == 2
    assert "would overwrite the edges" in capsys.readouterr().err
    assert path.read_text() == "src,dst\n1,2\n"
