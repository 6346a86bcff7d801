"""``graphrank peer``: a peer from the command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

from graphrank import cli
from graphrank.ranking import Key, Peer


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clicks = pl.DataFrame(
        {"query": ["jazz", "jazz", "rock"], "item": ["so what", "naima", "help"], "ts": [5, 6, 7]}
    )
    clicks.write_csv("clicks.csv")
    clicks.with_columns(pl.col("ts").cast(pl.Datetime("ms"))).write_parquet("clicks.parquet")


def run(capsys, *argv):
    code = cli.main(["peer", *argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("clicks", ["clicks.csv", "clicks.parquet"])
def test_clicks_are_signed_kept_and_ranked(capsys, clicks):
    options = ["--key", "my.key", "--log", "my.log", "--offline", "--seconds", "0"]
    code, out, err = run(capsys, *options, "--publish", clicks, "--rows", "rows.parquet")
    key = Key.load("my.key")
    assert (code, err) == (0, f"peer {key.id}\n")
    assert re.search(r"^rows +3$", out, re.MULTILINE)
    assert re.search(r"^published +3$", out, re.MULTILINE)
    rows = pl.read_parquet("rows.parquet")
    assert rows["user"].unique().to_list() == [key.id]
    assert rows["ts"].to_list() == [5, 6, 7]
    code, out, _ = run(capsys, *options, "--rank", "jazz", "--top", "1")
    assert code == 0
    assert re.search(r"^rows +3\n", out)
    assert out.splitlines()[-1].split(maxsplit=1) == ["1.", "naima"]


def test_a_key_goes_on_where_it_was_without_being_told_of_a_log(capsys):
    options = ["--key", "my.key", "--offline", "--seconds", "0", "--publish", "clicks.csv"]
    assert run(capsys, *options)[0] == 0
    code, out, _ = run(capsys, *options)
    assert code == 0
    assert re.search(r"^rows +6$", out, re.MULTILINE)
    assert os.path.exists("my.key.log")


def test_a_peer_serves_until_it_is_interrupted():
    command = [
        sys.executable,
        "-m",
        "graphrank",
        "peer",
        "--key",
        "a.key",
        "--publish",
        "clicks.csv",
        "--every",
        "0.1",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        name, address = (process.stderr.readline().split()[-1] for _ in range(2))
        key = Key.from_seed(b"b" * 32)
        with Peer(None, key, connect=address) as other:
            other.publish("jazz", "blue train")
            other.wait_for_peers(1, timeout_s=10)
            while other.stats["rows"] < 4:
                other.pull(name, timeout_s=10)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 0
    assert name == Key.load("a.key").id
    assert int(re.search(r"^published +(\d+)$", out, re.MULTILINE)[1]) == 3


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--key", "none/my.key"], 1, "No such file"),
        (["--key", "clicks.csv"], 1, "others than its owner|not a secret key"),
        (["--key", "my.key", "--listen", "here"], 2, "`listen` must be addresses"),
        (["--key", "my.key", "--offline", "--publish", "none.csv"], 1, "none.csv"),
        (["--key", "my.key", "--offline", "--publish", "bad.csv"], 1, "'ts', row 1: "),
        (["--key", "my.key", "--offline", "--rows", "rows.txt"], 2, "cannot tell how to write"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(capsys, options, code, words):
    pl.DataFrame({"query": ["q", "q"], "item": ["i", "j"], "ts": ["5", "soon"]}).write_csv("bad.csv")
    got, out, err = run(capsys, *options)
    assert (got, out) == (code, "")
    last = err.splitlines()[-1]
    assert last.startswith("graphrank: ")
    assert re.search(words, last)
    assert os.path.exists("clicks.csv")


def test_that_nobody_is_met_is_said(capsys):
    code, out, err = run(
        capsys, "--key", "a.key", "--connect", "tcp/127.0.0.1:9", "--network", "mine", "--seconds", "0.2"
    )
    assert code == 0
    assert "no peer of network 'mine' was met at tcp/127.0.0.1:9 in 0.2 s" in err
    assert re.search(r"^accepted +0$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--every", "0"), ("--every", "soon"), ("--seconds", "-1"), ("--seconds", "inf"), ("--top", "0")],
)
def test_numbers_that_cannot_be_are_refused_by_option(capsys, option, value):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["peer", "--key", "a.key", "--offline", option, value])
    assert f"argument {option}: must be" in capsys.readouterr().err
    assert not os.path.exists("a.key")


def test_no_network_and_an_address_contradict_each_other(capsys):
    code, _, err = run(capsys, "--key", "a.key", "--offline", "--connect", "tcp/127.0.0.1:9")
    assert code == 2
    assert "leave out --listen and --connect" in err


@pytest.mark.parametrize(
    ("text", "ts"),
    [("2026-01-01T00:00:01", 1_767_225_601_000), ("2026-01-01T01:00:01+01:00", 1_767_225_601_000), ("7", 7)],
)
def test_times_in_a_text_file_are_dates_or_milliseconds(capsys, text, ts):
    pl.DataFrame({"query": ["jazz"], "item": ["naima"], "ts": [text]}).write_csv("dated.csv")
    options = [
        "--key",
        "a.key",
        "--offline",
        "--seconds",
        "0",
        "--publish",
        "dated.csv",
        "--rows",
        "rows.csv",
    ]
    assert run(capsys, *options)[0] == 0
    assert pl.read_csv("rows.csv")["ts"].to_list() == [ts]


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("ts", ["5", "soon"], "column 'ts', row 1: 'soon' is neither milliseconds"),
        ("item", ["so what", "x" * 70], "`item`, row 1: must have from 1 to 64 bytes of UTF-8, got 70"),
    ],
)
def test_rows_that_cannot_be_published_are_named(capsys, column, values, said):
    clicks = {"query": ["jazz", "rock"], "item": ["so what", "help"]} | {column: values}
    pl.DataFrame(clicks).write_csv("bad.csv")
    code, _, err = run(
        capsys, "--key", "a.key", "--offline", "--seconds", "0", "--publish", "bad.csv", "--rows", "rows.csv"
    )
    assert code == 1
    assert said in err
    assert not os.path.exists("rows.csv")


def test_what_ends_a_service_gets_the_rows_written():
    command = [sys.executable, "-m", "graphrank", "peer", "--key", "a.key", "--publish", "clicks.csv"]
    process = subprocess.Popen(
        [*command, "--rows", "rows.csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        while not os.path.exists("a.key.log") or os.path.getsize("a.key.log") < 300:
            time.sleep(0.01)
        process.terminate()
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert b"published" in out
    assert pl.read_csv("rows.csv")["item"].to_list() == ["so what", "naima", "help"]


def test_no_time_at_all_is_time_enough_to_end(capsys):
    options = ["--key", "a.key", "--connect", "tcp/127.0.0.1:9", "--seconds", "1e-9"]
    assert run(capsys, *options)[0] == 0
