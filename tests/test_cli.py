"""The command line: what it prints, where, and how it exits."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank import cli

SCRIPT = Path(sys.executable).with_name("graphrank")


@pytest.fixture
def web(tmp_path):
    """A small table of links."""
    path = tmp_path / "web.csv"
    path.write_text("src,dst,w\na,b,1\nb,c,2\nc,a,1\nd,a,1\n")
    return str(path)


def run(capsys, *argv):
    code = cli.main(argv)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_info_says_what_a_file_holds(capsys, web):
    code, out, err = run(capsys, "info", web)
    facts = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith("most"))
    assert (code, err) == (0, "")
    assert (facts["nodes"], facts["edges"], facts["directed"], facts["weighted"]) == ("4", "4", "yes", "no")
    assert facts["ids"] == "String"
    assert "2 edges at 'a'" in out
    assert "undirected" not in out
    assert "directed    no" in run(capsys, "info", web, "--undirected", "--weight", "w")[1]


def test_a_saved_graph_is_read_as_it_is(capsys, web, tmp_path):
    saved = str(tmp_path / "web.graph")
    gr.read_edges(web, weight="w").save(saved)
    assert run(capsys, "info", saved) == run(capsys, "info", web, "--weight", "w")
    assert run(capsys, "ppr", saved, "-s", "a")[1] == run(capsys, "ppr", web, "-s", "a", "--weight", "w")[1]
    assert "--weight names a column of a table" in run(capsys, "info", saved, "--weight", "w")[2]
    assert "are directed; save the graph" in run(capsys, "info", saved, "--undirected")[2]
    gr.read_edges(web, directed=False).save(saved)
    assert run(capsys, "info", saved, "--undirected") == run(capsys, "info", web, "--undirected")
    gr.ranking.ClickStore("ann").save(saved)
    code, _, err = run(capsys, "info", saved)
    assert code == 1
    assert "is a graphrank file, but not a graph" in err


def test_pagerank_prints_a_table_and_how_sure_it_is(capsys, web):
    code, out, err = run(capsys, "pagerank", web, "--top", "2")
    expected = gr.pagerank(gr.read_edges(web)).to_polars()
    lines = out.splitlines()
    assert (code, lines[0].split(), len(lines)) == (0, ["node", "score"], 4)
    assert [line.split() for line in lines[2:]] == [
        [node, f"{score:.6f}"] for _, node, score in expected.head(2).rows()
    ]
    assert "sweeps, error at most" in err
    assert "error at most" in err


def test_ppr_prints_csv_that_reads_back(capsys, web):
    code, out, _ = run(capsys, "ppr", web, "-s", "a", "--source", "d", "--format", "csv", "--weight", "w")
    table = pl.read_csv(out.encode())
    expected = gr.personalized_pagerank(gr.read_edges(web, weight="w"), ["a", "d"]).to_polars()
    assert code == 0
    assert table.equals(expected)


def test_ppr_says_how_it_solved(capsys, web):
    solve = ("ppr", web, "-s", "a", "--format", "csv")
    err = run(capsys, *solve, "--method", "power")[2]
    assert re.fullmatch(r"power: \d+ sweeps, error at most \d\.\de-\d\d \(asked for\)\n", err)
    assert run(capsys, *solve, "--undirected", "--method", "cg")[2].startswith("cg: ")
    code, out, err = run(capsys, *solve, "--method", "cg")
    assert (code, out) == (2, "")
    assert "needs an undirected graph" in err


def test_ppr_takes_every_rule_for_dangling_nodes(capsys, tmp_path):
    path = tmp_path / "chain.csv"
    path.write_text("src,dst\na,b\nb,c\n")
    for dangling in ("restart", "uniform", "self", "absorb"):
        for command in (("ppr", str(path), "-s", "a"), ("pagerank", str(path))):
            code, out, _ = run(capsys, *command, "--dangling", dangling, "--format", "csv")
            total = pl.read_csv(out.encode())["score"].sum()
            assert code == 0
            assert (total < 0.9) if dangling == "absorb" else total == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".arrow"])
@pytest.mark.parametrize("ids", [pl.String, pl.Int64])
def test_restarts_come_from_a_file(capsys, tmp_path, ending, ids):
    edges = pl.DataFrame({"src": ["007", "8", "9"], "dst": ["8", "9", "007"]}).cast(ids)
    table, starts = tmp_path / "edges.parquet", tmp_path / f"starts{ending}"
    edges.write_parquet(table)
    rows = pl.DataFrame(
        {"query": ["y", "y", "x"], "node": edges["src"], "weight": [1.0, 2.5, 1.0], "note": "-"}
    )
    write = {".csv": rows.write_csv, ".parquet": rows.write_parquet, ".arrow": rows.write_ipc}
    write.get(ending, partial(rows.write_csv, separator="\t"))(starts)
    code, out, err = run(
        capsys, "ppr", str(table), "--restart", str(starts), "-o", str(tmp_path / "out.parquet")
    )
    assert (code, out) == (0, ""), err
    expected = gr.personalized_pagerank(gr.Graph.from_edges(edges), restart=rows.drop("note"))
    assert pl.read_parquet(tmp_path / "out.parquet").equals(expected.to_polars())


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".ipc", ".arrow", ".feather", ".jsonl", ".ndjson"])
def test_an_answer_is_written_to_a_file_of_each_format(capsys, web, ending, tmp_path):
    path = tmp_path / f"answer{ending}"
    code, out, _ = run(capsys, "ppr", web, "-s", "a", "-o", str(path), "--top", "3")
    readers = {
        ".csv": pl.read_csv,
        ".parquet": pl.read_parquet,
        ".jsonl": pl.read_ndjson,
        ".ndjson": pl.read_ndjson,
    }
    table = readers.get(ending, pl.read_ipc)(path)
    assert (code, out) == (0, "")
    assert table.equals(gr.personalized_pagerank(gr.read_edges(web), "a", top_k=3).to_polars())


def test_integer_and_categorical_ids_are_found_by_their_text(capsys, tmp_path):
    frame = pl.DataFrame({"src": [7, 8], "dst": [8, 9]})
    for i, dtype in enumerate((pl.Int64, pl.UInt8, pl.Int128, pl.Categorical, pl.String)):
        path = tmp_path / f"{i}.parquet"
        frame.with_columns(pl.all().cast(pl.String).cast(dtype)).write_parquet(path)
        code, out, _ = run(capsys, "ppr", str(path), "-s", "8", "--format", "csv")
        assert (code, out.splitlines()[1].split(",")[0]) == (0, "8")


NAMED = {
    "true": pl.Series([True, False]),
    "False": pl.Series([False, True]),
    "2024-05-17": pl.Series([dt.date(2024, 5, 17), dt.date(2024, 5, 18)]),
    "2024-05-17T09:30": pl.Series([dt.datetime(2024, 5, 17, 9, 30), dt.datetime(2025, 1, 1)]),
    "2024-05-17 09:30:00": pl.Series([dt.datetime(2024, 5, 17, 9, 30), dt.datetime(2025, 1, 1)]),
    "2024-05-17T11:30+04:00": pl.Series(
        [dt.datetime(2024, 5, 17, 7, 30), dt.datetime(2025, 1, 1)], dtype=pl.Datetime("ms", "UTC")
    ),
    "09:30": pl.Series([dt.time(9, 30), dt.time(10)]),
    "abc": pl.Series([b"abc", b"x"]),
}


@pytest.mark.parametrize("text", NAMED)
def test_ids_of_every_dtype_that_has_a_spelling_can_be_named(capsys, text, tmp_path):
    ids = NAMED[text].rename("src")
    path = tmp_path / "e.parquet"
    pl.DataFrame([ids, ids.reverse().rename("dst")]).write_parquet(path)
    code, _, err = run(capsys, "ppr", str(path), "-s", text, "-o", str(tmp_path / "answer.parquet"))
    assert code == 0, err
    assert pl.read_parquet(tmp_path / "answer.parquet")["query"].unique().to_list() == ids.head(1).to_list()


def test_a_time_without_a_zone_is_in_the_zone_of_the_ids(capsys, tmp_path):
    ids = pl.Series("src", [dt.datetime(2024, 5, 17, 9, 30)]).dt.replace_time_zone("Europe/Berlin")
    path = tmp_path / "e.parquet"
    pl.DataFrame([ids, ids.rename("dst")]).write_parquet(path)
    assert run(capsys, "ppr", str(path), "-s", "2024-05-17T09:30")[0] == 0
    assert run(capsys, "ppr", str(path), "-s", "2024-05-17T07:30Z")[0] == 0
    assert run(capsys, "ppr", str(path), "-s", "2024-05-17T09:30Z")[0] == 1


@pytest.mark.parametrize("dtype", [pl.Boolean, pl.Date, pl.Datetime, pl.Time, pl.Duration, pl.Binary])
def test_a_source_that_cannot_be_such_an_id_is_a_data_error(capsys, dtype, tmp_path):
    """Whatever the ids are, text that names none of them is no crash."""
    values = {
        pl.Boolean: [True, False],
        pl.Date: [dt.date(2024, 1, 1), dt.date(2024, 1, 2)],
        pl.Datetime: [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2)],
        pl.Time: [dt.time(1), dt.time(2)],
        pl.Duration: [dt.timedelta(1), dt.timedelta(2)],
        pl.Binary: [b"x", b"y"],
    }[dtype]
    path = tmp_path / "e.parquet"
    ids = pl.Series(values, dtype=dtype)
    pl.DataFrame({"src": ids, "dst": ids.reverse()}).write_parquet(path)
    code, out, err = run(capsys, "ppr", str(path), "-s", "no such id")
    assert (code, out) == (1, "")
    assert err.startswith("graphrank: ")


DATA_ERRORS = {
    "a missing file": ("info", "gone.csv"),
    "a missing column": ("pagerank", "{web}", "--src", "from"),
    "a missing weight": ("pagerank", "{web}", "--weight", "kg"),
    "an unknown source": ("ppr", "{web}", "-s", "zz"),
    "a file of another kind": ("info", "{png}"),
    "a missing file of restarts": ("ppr", "{web}", "--restart", "gone.csv"),
    "a file of restarts that is none": ("ppr", "{web}", "--restart", "{png}"),
    "restarts without a column": ("ppr", "{web}", "--restart", "{web}"),
    "a restart of no weight": ("ppr", "{web}", "--restart", "{words}"),
    "a folder that does not exist": ("pagerank", "{web}", "-o", "no/such/folder.csv"),
}
USAGE_ERRORS = {
    "damping of 1": ("pagerank", "{web}", "--damping", "1"),
    "damping NaN": ("pagerank", "{web}", "--damping", "nan"),
    "tolerance 0": ("pagerank", "{web}", "--tol", "0"),
    "top 0": ("pagerank", "{web}", "--top", "0"),
    "an unknown ending": ("info", "web.xlsx"),
    "restarts of an unknown ending": ("ppr", "{web}", "--restart", "starts.xlsx"),
    "an output of no format": ("ppr", "{web}", "-s", "a", "-o", "out.txt"),
}
PARSE_ERRORS = {
    "no command": (),
    "an unknown command": ("rank",),
    "no file": ("pagerank",),
    "no source": ("ppr", "{web}"),
    "a source and restarts": ("ppr", "{web}", "-s", "a", "--restart", "{web}"),
    "an unknown method": ("ppr", "{web}", "-s", "a", "--method", "magic"),
    "a word for a number": ("pagerank", "{web}", "--damping", "high"),
    "an unknown format": ("pagerank", "{web}", "--format", "xml"),
    "an unknown option": ("info", "{web}", "--fast"),
}


def fill(argv, web, tmp_path):
    png = tmp_path / "image.parquet"
    png.write_bytes(b"\x89PNG\r\n\x1a\n")
    words = tmp_path / "words.csv"
    words.write_text("node,weight\na,much\n")
    return [word.format(web=web, png=png, words=words) for word in argv]


@pytest.mark.parametrize("case", DATA_ERRORS)
def test_data_that_cannot_be_used_exits_1_with_one_line(capsys, case, web, tmp_path):
    code, out, err = run(capsys, *fill(DATA_ERRORS[case], web, tmp_path))
    assert (code, out) == (1, "")
    assert err.startswith("graphrank: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("case", USAGE_ERRORS)
def test_an_argument_out_of_range_exits_2_with_one_line(capsys, case, web, tmp_path):
    code, out, err = run(capsys, *fill(USAGE_ERRORS[case], web, tmp_path))
    assert (code, out) == (2, "")
    assert err.startswith("graphrank: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("case", PARSE_ERRORS)
def test_a_command_that_cannot_be_understood_exits_2_with_usage(capsys, case, web, tmp_path):
    with pytest.raises(SystemExit) as caught:
        cli.main(fill(PARSE_ERRORS[case], web, tmp_path))
    assert caught.value.code == 2
    assert "usage: graphrank" in capsys.readouterr().err


def test_the_demo_answers_its_questions(capsys):
    code, out, _ = run(capsys, "demo")
    assert code == 0
    assert "belong with python3-numpy?" in out
    assert "python3-scipy" in out
    assert "libc6" in out
    assert re.search(r"off by at most \d\.\de-\d\d, proven; \d+ sweeps of cg", out)
    assert re.search(r"most like python3-numpy.*\n.*\n.*\npython3-scipy +python +0\.9", out)
    assert "No such set has more than 9 packages, proven." in out
    # Greedy, and what `maximize` finds.
    assert re.search(
        r"python3 +4794\nlibc6 +3302\nperl +309\njavascript-common +75\nphp-common +65\nThey serve 8,545;",
        out,
    )
    assert " ms" in out


def test_progress_goes_to_stderr(capsys, web):
    code, out, err = run(capsys, "pagerank", web, "--progress", "--format", "csv")
    assert (code, pl.read_csv(out.encode()).height) == (0, 4)
    assert "building graph" in err


def shell(*argv, **options):
    return subprocess.run([*argv], capture_output=True, text=True, timeout=60, **options)


def test_the_installed_command_and_the_module_are_the_same(web):
    for command in ([str(SCRIPT)], [sys.executable, "-m", "graphrank"]):
        assert shell(*command, "--version").stdout == f"graphrank {gr.__version__}\n"
        assert shell(*command, "info", web).returncode == 0
        assert shell(*command, "info", "gone.csv").returncode == 1
        assert shell(*command, "info").returncode == 2


def test_a_reader_that_stops_early_causes_no_complaint(tmp_path):
    path = tmp_path / "big.csv"
    pl.DataFrame({"src": range(50_000), "dst": range(1, 50_001)}).write_csv(path)
    command = f'"{SCRIPT}" pagerank "{path}" --format csv | head -n 2'
    done = shell("/bin/sh", "-c", command, env=os.environ | {"PYTHONWARNINGS": "error"})
    assert done.stdout.startswith("node,score\n")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


# --- embed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".parquet", ".npy", ".embedding"])
def test_embed_writes_every_kind_of_file(capsys, web, tmp_path, ending):
    path = tmp_path / f"vectors{ending}"
    options = ("--dim", "12", "--weights", "1,0,-2.5", "--seed", "3", "--direction", "out", "--weight", "w")
    code, out, err = run(capsys, "embed", web, "-o", str(path), *options)
    assert (code, out) == (0, "")
    assert err == f"Embedding(4 nodes, dim=12, float32) in {path}\n"
    expected = gr.fastrp(gr.read_edges(web, weight="w"), 12, weights=(1, 0, -2.5), seed=3, direction="out")
    if ending == ".embedding":
        found = gr.Embedding.load(path).to_polars()
    elif ending == ".npy":
        found = expected.to_polars().with_columns(embedding=np.load(path))
    else:
        found = pl.read_parquet(path)
    assert found.equals(expected.to_polars())


def test_embed_takes_presets_rounds_and_limits(capsys, web, tmp_path):
    g = gr.read_edges(web, directed=False)
    for option, expected in (
        (("--preset", "links"), gr.fastrp(g, 8, preset="links")),
        (("--refine", "1"), gr.fastrp(g, 8, refine=1)),
        (("--memory-limit", "1000000", "--preset", "paper"), gr.fastrp(g, 8, preset="paper")),
    ):
        path = str(tmp_path / "v.npy")
        assert run(capsys, "embed", web, "--undirected", "--dim", "8", "-o", path, *option)[0] == 0
        assert np.array_equal(np.load(path), expected.vectors)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("-o", "v.csv"), 2, "--output must end in .parquet, .npy or .embedding, got 'v.csv'"),
        (("-o", "no/v.npy"), 1, "there is no such folder"),
        (("-o", "v.npy", "--weights", "1;2"), 2, "--weights must be numbers with commas between them"),
        (("-o", "v.npy", "--weights", "0,0"), 2, "are all 0"),
        (("-o", "v.npy", "--dim", "0"), 2, "`dim` must be at least 1"),
        (("-o", "v.npy", "--memory-limit", "10"), 2, "cannot be met"),
    ],
)
def test_embed_refuses_before_it_writes(capsys, web, tmp_path, monkeypatch, options, code, message):
    monkeypatch.chdir(tmp_path)
    found, out, err = run(capsys, "embed", web, *options)
    assert (found, out) == (code, "")
    assert message in err
    assert [path.name for path in tmp_path.iterdir()] == ["web.csv"]


def test_embed_does_not_overwrite_its_edges(capsys, tmp_path):
    path = tmp_path / "edges.parquet"
    pl.DataFrame({"src": [1], "dst": [2]}).write_parquet(path)
    before = path.read_bytes()
    code, _, err = run(capsys, "embed", str(path), "-o", str(path))
    assert (code, path.read_bytes()) == (2, before)
    assert "would overwrite the edges" in err


# --- knn -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".parquet", ".npy", ".embedding", ".arrow"])
def test_knn_reads_what_embed_writes(capsys, web, tmp_path, ending):
    emb = gr.fastrp(gr.read_edges(web), 8)
    path = tmp_path / f"vectors{ending}"
    if ending == ".embedding":
        emb.save(path)
    elif ending == ".npy":
        np.save(path, emb.vectors)
    elif ending == ".arrow":
        emb.to_polars().write_ipc(path)
    else:
        emb.to_parquet(path)
    vectors = emb.vectors if ending == ".npy" else emb
    code, out, err = run(capsys, "knn", str(path), "-k", "2", "--metric", "l2", "--format", "csv")
    assert (code, err) == (0, "")
    assert out == gr.knn(vectors, 2, metric="l2").write_csv()
    query = "3" if ending == ".npy" else emb.ids[3]
    output = str(tmp_path / "out.parquet")
    assert run(capsys, "knn", str(path), "-q", query, "-o", output)[0] == 0
    assert pl.read_parquet(output).equals(gr.knn(vectors, queries=[3] if ending == ".npy" else [query]))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none.npy"], 1, "there is no file 'none.npy'"),
        (["web.csv"], 2, "vectors are read from .parquet"),
        (["broken.npy"], 1, "is not a readable .npy file"),
        (["broken.embedding"], 1, "is not a graphrank file"),
        (["vectors.npy", "-k", "0"], 2, "`k` must be at least 1"),
        (["vectors.npy", "-q", "9"], 1, "9 is not a node"),
        (["vectors.npy", "-o", "vectors.npy"], 2, "would overwrite the vectors"),
        (["vectors.npy", "-o", "out.xyz"], 2, "out.xyz"),
    ],
)
def test_knn_says_what_is_wrong(capsys, web, tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    np.save("vectors.npy", np.eye(3))
    for name in ("broken.npy", "broken.embedding"):
        (tmp_path / name).write_bytes(b"no vectors at all")
    found, out, err = run(capsys, "knn", *arguments)
    assert (found, out) == (code, "")
    assert message in err
