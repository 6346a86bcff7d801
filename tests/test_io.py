"""Reading edges from files of every format."""

from __future__ import annotations

import gzip
import os
import warnings

import numpy as np
import polars as pl
import pytest
import scipy.io
import scipy.sparse as sparse

import graphrank as gr
from graphrank.exceptions import (
    ColumnNotFoundError,
    CorruptFileError,
    GraphRankError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
)
from graphrank.testing import assert_same_graph, random_edges

TABLE = pl.DataFrame(
    {"note": ["p", "q", "r"], "w": [1.0, 2.0, 4.5], "to": [20, 30, 20], "from": [10, 20, 10]}
)
WRITE = {
    "e.csv": lambda f, path: f.write_csv(path),
    "e.tsv": lambda f, path: f.write_csv(path, separator="\t"),
    "e.csv.gz": lambda f, path: path.write_bytes(gzip.compress(f.write_csv().encode())),
    "e.tsv.gz": lambda f, path: path.write_bytes(gzip.compress(f.write_csv(separator="\t").encode())),
    "e.parquet": lambda f, path: f.write_parquet(path),
    "e.ipc": lambda f, path: f.write_ipc(path),
    "e.arrow": lambda f, path: f.write_ipc_stream(path),
    "e.feather": lambda f, path: f.write_ipc(path, compression="lz4"),
    "UPPER.CSV": lambda f, path: f.write_csv(path),
    "odd [name]*.csv": lambda f, path: f.write_csv(path),
    "odd [name]*.parquet": lambda f, path: f.write_parquet(path),
}


def read(tmp_path, name, text, *args, **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return gr.read_edges(path, *args, **options)


@pytest.mark.parametrize("name", WRITE)
def test_a_table_in_a_file_is_the_table(name, tmp_path):
    WRITE[name](TABLE, tmp_path / name)
    expected = gr.Graph.from_edges(TABLE, "from", "to", "w")
    assert_same_graph(gr.read_edges(tmp_path / name, "from", "to", "w"), expected)
    assert_same_graph(
        gr.read_edges(str(tmp_path / name), "from", "to"), gr.Graph.from_edges(TABLE, "from", "to")
    )
    with pytest.raises(ColumnNotFoundError, match=r"'src'.*'note', 'w', 'to', 'from'"):
        gr.read_edges(tmp_path / name)
    with pytest.raises(ColumnNotFoundError, match="'weight'"):
        gr.read_edges(tmp_path / name, "from", "to", "weight")


def test_every_option_of_from_edges_is_passed_on(tmp_path):
    TABLE.write_parquet(tmp_path / "e.parquet")
    seen = []
    g = gr.read_edges(
        tmp_path / "e.parquet",
        "from",
        "to",
        "w",
        directed=False,
        nodes=[30, 20, 10, 40],
        duplicates="max",
        self_loops="drop",
        progress=lambda *report: seen.append(report),
        timeout_s=60.0,
    )
    assert (g.n_nodes, g.edges().rows(), bool(seen)) == (4, [(30, 20, 2.0), (20, 10, 4.5)], True)
    with pytest.raises(InvalidDataError, match="repeats"):
        gr.read_edges(tmp_path / "e.parquet", "from", "to", duplicates="error")


LINES = {
    "spaces": "1 2\n2 3\n",
    "tabs": "1\t2\n2\t3\n",
    "commas": "1,2\n2,3\n",
    "commas and spaces": "1, 2\n2 ,3\n",
    "tabs and spaces": "1\t2\n2 3\n",
    "runs of blanks": " 1   2\n2 \t 3  \n",
    "comments": "# Directed graph\n# FromNodeId\tToNodeId\n1\t2\n2\t3\n",
    "percent comments": "% sym\n1 2\n2 3\n",
    "comments in between": "# one\n1 2\n# two\n2 3\n",
    "both comments": "# one\n1 2\n% two\n2 3\n",
    "both comments the other way": "% one\n1 2\n# two\n2 3\n",
    "empty lines": "\n1 2\n\n\n2 3\n\n",
    "Windows": "# c\r\n1 2\r\n2 3\r\n",
    "old Macintosh": "1 2\r2 3\r",
    "no last newline": "1 2\n2 3",
    "further columns": "1 2 100 x\n2 3 200 y\n",
}


@pytest.mark.parametrize("form", LINES)
@pytest.mark.parametrize("ending", [".txt", ".el.gz"])
def test_lines_of_edges_are_read_in_every_usual_form(form, ending, tmp_path):
    text = LINES[form].encode()
    assert read(tmp_path, "web.edges", "1 2\n").n_edges == 1
    g = read(tmp_path, f"web{ending}", gzip.compress(text) if ending.endswith(".gz") else text)
    assert g.edges().rows() == [(1, 2), (2, 3)]
    assert g.nodes["id"].dtype == pl.Int64


def test_the_third_column_of_lines_is_the_weight_if_asked_for(tmp_path):
    text = "# u v w\n1 2 0.5\n2 3 7\n"
    assert read(tmp_path, "w.txt", text, weight="w").edges().rows() == [(1, 2, 0.5), (2, 3, 7.0)]
    assert not read(tmp_path, "w.txt", text).is_weighted
    with pytest.raises(InvalidDataError, match="2 columns"):
        read(tmp_path, "w.txt", "1 2\n", weight="w")
    for bad in ("1 2 0.5\n2 3 -1\n", "1 2 0.5\n2 3 nan\n", "1 2 0.5\n2 3\n"):
        with pytest.raises(InvalidDataError, match="row 1"):
            read(tmp_path, "w.txt", bad, weight="w")
    with pytest.raises(CorruptFileError, match=r"w\.txt"):
        read(tmp_path, "w.txt", "1 2 heavy\n", weight="w")


@pytest.mark.parametrize("name", ["e.txt", "e.csv"])
def test_ids_are_integers_if_all_are_and_else_text(name, tmp_path):
    head = "src,dst\n" if name == "e.csv" else ""
    for rows, ids in (
        ("1,2\n", [1, 2]),
        (f"{2**63},1\n", [1, 2**63]),
        (f"{10**30},1\n", [1, 10**30]),
        ("-5,1\n", [-5, 1]),
        ("a,1\n", ["1", "a"]),
        ("1,a\n2,3\n", ["1", "2", "3", "a"]),
        ("1,2\n" * 12_000 + "x,y\n", ["1", "2", "x", "y"]),
        ("ä,🦀\n", ["ä", "🦀"]),
    ):
        assert read(tmp_path, name, head + rows).nodes["id"].to_list() == ids


@pytest.mark.parametrize("rows_before", [0, 12_000])
def test_fractional_ids_are_treated_alike_wherever_they_stand(rows_before, tmp_path):
    with pytest.raises(InvalidTypeError, match="Float64"):
        read(tmp_path, "e.csv", "src,dst\n" + "1,2\n" * rows_before + "1.5,2\n")


@pytest.mark.parametrize("rows_before", [0, 12_000])
def test_wide_integers_are_treated_alike_wherever_they_stand(rows_before, tmp_path):
    g = read(tmp_path, "e.csv", "src,dst\n" + "1,2\n" * rows_before + f"{10**30},2\n")
    assert g.nodes["id"].to_list() == [1, 2, 10**30][not rows_before :]


@pytest.mark.parametrize("name", ["e.txt", "e.csv", "e.tsv", "e.txt.gz"])
def test_a_file_without_edges_is_an_empty_graph(name, tmp_path):
    text = {"e.csv": b"src,dst\n", "e.tsv": b"src\tdst\n", "e.txt": b"# nothing\n"}.get(
        name, gzip.compress(b"")
    )
    g = read(tmp_path, name, text)
    assert (g.n_nodes, g.n_edges) == (0, 0)


def test_quoted_text_and_a_byte_order_mark_are_understood(tmp_path):
    g = read(tmp_path, "e.csv", b'\xef\xbb\xbfsrc,dst\n"a, b","c ""d"""\n')
    assert g.edges().rows() == [("a, b", 'c "d"')]


RAGGED = {
    "one field": "1 2\n3\n",
    "a field more": "1 2\n3 4 5\n",
    "another separator late": "1 2\n" * 150 + "3\t4\n",
    "blanks late": "1 2\n" * 150 + "3  4\n",
    "a null byte": "1 2\n3 \x00\n",
    "words in between": "1 2\nfoo\n3 4\n",
}


@pytest.mark.parametrize("form", RAGGED)
def test_ragged_lines_are_refused_or_read_as_written_but_never_misread(form, tmp_path):
    try:
        g = read(tmp_path, "e.txt", RAGGED[form])
    except GraphRankError as error:
        assert "row" in str(error) or "e.txt" in str(error)  # noqa: PT017 - a refusal is one good end of two
    else:
        wanted = {tuple(map(str, line.split()[:2])) for line in RAGGED[form].splitlines()}
        assert {tuple(map(str, row)) for row in g.edges().rows()} == wanted


def test_a_matrix_market_file_is_its_matrix(tmp_path):
    matrix = sparse.random_array((20, 20), density=0.1, rng=np.random.default_rng(1))
    scipy.io.mmwrite(tmp_path / "m.mtx", matrix)
    assert_same_graph(gr.read_edges(tmp_path / "m.mtx"), gr.Graph.from_scipy(matrix), rtol=1e-14)
    g = read(tmp_path, "s.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 3\n")
    assert (g.is_directed, g.is_weighted, g.edges().rows()) == (False, False, [(0, 1), (2, 2)])
    text = "%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 2 5\n"
    g = read(tmp_path, "i.mtx", text, nodes=["x", "y"], directed=True)
    assert g.edges().rows() == [("x", "y", 5.0)]


def test_an_npz_file_is_its_matrix_in_every_format(tmp_path):
    matrix = sparse.random_array((20, 20), density=0.1, rng=np.random.default_rng(2))
    for form in ("csr", "csc", "coo", "bsr", "dia"):
        sparse.save_npz(tmp_path / "m.npz", matrix.asformat(form))
        assert_same_graph(gr.read_edges(tmp_path / "m.npz"), gr.Graph.from_scipy(matrix))


@pytest.mark.parametrize("options", [{"duplicates": "max"}, {"self_loops": "drop"}])
def test_a_matrix_takes_no_rules_for_rows(options, tmp_path):
    sparse.save_npz(tmp_path / "m.npz", sparse.eye_array(3, format="csr"))
    with pytest.raises(InvalidArgumentError, match="`duplicates` or `self_loops`"):
        gr.read_edges(tmp_path / "m.npz", **options)


def test_a_dense_matrix_is_refused_by_the_name_of_its_file(tmp_path):
    with pytest.raises(InvalidDataError, match=r"d\.mtx.*dense"):
        read(tmp_path, "d.mtx", "%%MatrixMarket matrix array real general\n1 1\n5\n")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", b"no matrix"])
def test_a_bad_npz_file_is_closed_and_not_called_gzip(content, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a file left open is one
        with pytest.raises(CorruptFileError, match=r"m\.npz") as caught:
            read(tmp_path, "m.npz", content)
    assert "gzip" not in str(caught.value)
    assert not [fd for fd in os.listdir("/proc/self/fd") if target(fd).endswith("m.npz")]


def target(fd):
    """The file that is open as ``fd``, if it still is."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


@pytest.mark.parametrize("path", [5, None, ["e.csv"], 1.5])
def test_a_path_that_is_none_is_refused(path):
    g = gr.Graph.from_edges(([1], [2]))
    for use in (gr.read_edges, gr.Graph.load, g.save):
        with pytest.raises(InvalidTypeError, match="`path`"):
            use(path)


@pytest.mark.parametrize("name", ["e", "e.xlsx", "e.graph", "e.gz", ".csv.gz.zip"])
def test_an_unknown_ending_is_refused_with_the_known_ones(name, tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"\.csv.*\.parquet.*\.npz"):
        read(tmp_path, name, "1 2\n")


def test_only_text_is_read_compressed(tmp_path):
    with pytest.raises(InvalidArgumentError, match="gzip"):
        read(tmp_path, "e.parquet.gz", b"")


def test_a_large_file_is_read_like_the_frame_it_was(tmp_path):
    frame = random_edges(5_000, 50_000, weighted=True)
    frame.write_csv(tmp_path / "e.csv")
    frame.write_csv(tmp_path / "e.txt", include_header=False, separator=" ")
    expected = gr.Graph.from_edges(frame, weight="weight")
    for name in ("e.csv", "e.txt"):
        assert_same_graph(gr.read_edges(tmp_path / name, weight="weight"), expected)
