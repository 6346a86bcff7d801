"""``graphrank clique``: a clique out of two files."""

from __future__ import annotations

import polars as pl
import pytest

import graphrank as gr
from graphrank import cli

LINKS = [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4), (1, 5), (4, 5)]
GROUPS = {1: "law", 2: "law", 3: "law", 4: "math", 5: "math", 99: "math"}


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pl.DataFrame(LINKS, schema=["src", "dst"], orient="row").write_csv("links.csv")
    groups = pl.DataFrame({"node": list(GROUPS), "group": list(GROUPS.values())})
    groups.write_csv("groups.csv")
    groups.write_csv("groups.tsv", separator="\t")
    groups.write_parquet("groups.parquet")
    groups.write_ipc("groups.arrow")
    groups.select(who="node", craft=pl.col("group").cast(pl.Categorical)).write_parquet("crafts.parquet")
    pl.DataFrame({"node": [1, None], "group": ["a", "b"]}).write_csv("hole.csv")


def run(capsys, *argv):
    code = cli.main(["clique", "links.csv", "--undirected", *argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    "groups",
    [
        ["groups.csv"],
        ["groups.tsv"],
        ["groups.parquet"],
        ["groups.arrow"],
        ["crafts.parquet", "--node", "who", "--group", "craft"],
    ],
    ids=lambda words: words[0],
)
def test_groups_come_from_files_of_each_format(capsys, groups):
    code, out, err = run(capsys, "--groups", *groups, "-k", "math=2", "--format", "csv")
    assert (code, out) == (0, "node,group\n1,law\n4,math\n5,math\n")
    assert err == "FairClique(3 nodes, law 1, math 2, optimal)\n"


def test_without_groups_it_is_the_largest_clique(capsys):
    code, out, err = run(capsys)
    assert (code, out.split()[2:]) == (0, ["1", "2", "3", "4"])
    assert err == "FairClique(4 nodes, optimal)\n"
    assert run(capsys, "--exclude", "2", "--include", "5", "--format", "csv")[1] == "node\n1\n4\n5\n"


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        (["-k", "1"], "law 3, math 1"),
        (["-k", "law=1", "-k", "math=2"], "law 1, math 2"),
        (["--most", "2"], "law 2, math 1"),
        (["--most", "law=1", "--most", "math=1"], "law 1, math 1"),
        (["--delta", "0"], "law 1, math 1"),
        (["--max-ratio", "2"], "law 2, math 1"),
        (["--max-share", "0.5"], "law 1, math 1"),
        (["--heuristic"], "law 3, math 1"),
        (["--timeout", "60"], "law 3, math 1"),
    ],
)
def test_rules_are_those_of_the_library(capsys, options, counts):
    assert counts in run(capsys, "--groups", "groups.csv", *options)[2]


def test_nothing_fair_is_an_answer(capsys):
    code, out, err = run(capsys, "--groups", "groups.csv", "-k", "9", "--format", "csv")
    assert (code, out) == (0, "node,group\n")
    assert "infeasible: group 'law' is to have at least 9 members" in err


def test_an_answer_is_written_to_a_file(capsys):
    assert run(capsys, "--groups", "groups.csv", "-o", "team.parquet")[:2] == (0, "")
    g = gr.read_edges("links.csv", directed=False)
    groups = {node: group for node, group in GROUPS.items() if node != 99}
    assert pl.read_parquet("team.parquet").equals(gr.max_fair_clique(g, groups).to_polars())


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--groups", "none.csv"], 1, "there is no file 'none.csv'"),
        (["--groups", "groups.xlsx"], 2, "groups are read from .csv"),
        (["--groups", "groups.csv", "--group", "craft"], 1, "no column 'craft'"),
        (["--groups", "hole.csv"], 1, "row 1: there is no node in column 'node'"),
        (["--groups", "groups.csv", "-k", "many"], 2, "-k must be N, or GROUP=N"),
        (["--groups", "groups.csv", "-k", "1", "-k", "2"], 2, "-k must be N, or GROUP=N"),
        (["--groups", "groups.csv", "-k", "art=1"], 2, "`k`: there is no group 'art'"),
        (["--groups", "groups.csv", "--most", "law=-1"], 2, "--most must be N, or GROUP=N"),
        (["--groups", "groups.csv", "--include", "7"], 1, "7 is not a node"),
        (["--groups", "groups.csv", "-o", "groups.csv"], 2, "would overwrite"),
        (["-o", "links.csv"], 2, "would overwrite"),
        (["-o", "out.xyz"], 2, "out.xyz"),
        (["-k", "2"], 2, "give --groups as well"),
    ],
)
def test_it_says_what_is_wrong(capsys, options, code, message):
    found, out, err = run(capsys, *options)
    assert (found, out) == (code, "")
    assert err.startswith("graphrank: ")
    assert message in err
