"""Judgements, runs and features in the files of TREC and of SVMlight."""

from __future__ import annotations

import gzip

import polars as pl
import pytest
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from graphrank.exceptions import (
    CorruptFileError,
    FileError,
    FileMissingError,
    InvalidArgumentError,
    InvalidDataError,
    OutOfMemoryError,
)
from graphrank.metrics import (
    evaluate,
    read_qrels,
    read_run,
    read_svmlight,
    write_qrels,
    write_run,
    write_svmlight,
)

QRELS = pl.DataFrame({"query": ["7", "7", "8"], "item": ["a", "b", "Größe"], "label": [2, 0, 1]})
RUN = pl.DataFrame({"query": ["8", "7", "7"], "item": ["Größe", "a", "b"], "score": [0.1, 1e-17, -3.0]})


@pytest.mark.parametrize("ending", ["txt", "txt.gz"])
def test_what_is_written_is_read_again(tmp_path, ending):
    qrels, run = tmp_path / f"qrels.{ending}", tmp_path / f"run.{ending}"
    write_qrels(QRELS, qrels)
    write_run(RUN, run)
    assert read_qrels(qrels).equals(QRELS)
    assert read_run(run).equals(RUN)
    assert evaluate(read_qrels(qrels), read_run(run)).equals(evaluate(QRELS, RUN))
    assert (qrels.read_bytes()[:2] == b"\x1f\x8b") == ending.endswith("gz")


def test_a_run_is_written_best_first_with_ranks(tmp_path):
    path = tmp_path / "run"
    write_run(pl.DataFrame({"query": [2, 1, 2], "item": [5, 6, 7], "rank": [9, 1, 3]}), path, "tag")
    assert path.read_text() == "2 Q0 7 1 -3.0 tag\n2 Q0 5 2 -9.0 tag\n1 Q0 6 1 -1.0 tag\n"


def test_blanks_of_all_kinds_are_read(tmp_path):
    path = tmp_path / "qrels"
    path.write_bytes(b'\r\n  7\t0  a 2 \r\n\r\n7 0 "b 0.5\r\n')
    assert read_qrels(path).rows() == [("7", "a", 2.0), ("7", '"b', 0.5)]


def test_a_mark_of_the_order_of_bytes_is_no_part_of_a_file(tmp_path):
    path = tmp_path / "marked"
    path.write_bytes(b"\xef\xbb\xbf1 qid:7 1:2\n")
    assert read_svmlight(path)["label"].to_list() == [1.0]
    path.write_bytes(b"\xef\xbb\xbf7 0 a 2\n")
    assert read_qrels(path).rows() == [("7", "a", 2)]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("7 0 a 2\n\n7 0 b\n", "line 3: '7 0 b' is not written as 'query iteration item label'"),
        ("7 0 a 2\n7 0 b 1 9\n", "line 2: '7 0 b 1 9' is not written as"),
        ("7 0 a 2\n7 0 b x\n", "line 2: '7 0 b x' has the label 'x', which is not a finite number"),
        ("7 0 a 2\n7 0 b inf\n", "line 2: '7 0 b inf' has the label 'inf', which is not a finite number"),
        ("7 0 a -1e999\n", "line 1: '7 0 a -1e999' has the label '-1e999', which is not a finite number"),
        ("7 0 a nan\n", "line 1: '7 0 a nan' has the label 'nan'"),
        ("", "is empty"),
    ],
)
def test_bad_lines_of_judgements_are_named(tmp_path, text, part):
    path = tmp_path / "bad.qrels"
    path.write_text(text)
    with pytest.raises(InvalidDataError, match=part) as error:
        read_qrels(path)
    assert "bad.qrels" in str(error.value)


def test_infinite_scores_have_a_place(tmp_path):
    (tmp_path / "run").write_text("7 Q0 a 1 inf t\n7 Q0 b 2 -inf t\n")
    assert read_run(tmp_path / "run")["score"].to_list() == [float("inf"), float("-inf")]


def test_lines_of_other_encodings_are_named(tmp_path):
    path = tmp_path / "latin"
    path.write_bytes("7 Q0 a 1 2 t\n\n7 Q0 Größe 1 2 t\n".encode("latin1"))
    with pytest.raises(InvalidDataError, match=r"line 3: '7 Q0 Gr.*is not text in UTF-8.*iconv"):
        read_run(path)
    path.write_bytes("7 0 a 2é\n".encode("latin1"))
    with pytest.raises(InvalidDataError, match=r"line 1: .*is not text in UTF-8"):
        read_qrels(path)
    # A comment is of no interest but for its first word, the item.
    path.write_bytes("# café\n1 qid:1 1:2 # a café\n".encode("latin1"))
    assert read_svmlight(path)["item"].to_list() == ["a"]
    path.write_text("1 qid:1 1:2 # \ufffd\n")
    assert read_svmlight(path)["item"].to_list() == ["\ufffd"]
    for line, part in (("1 qid:1 1:2 # docid = café", "item 'caf"), ("1 qid:é 1:2 # a", "query '")):
        path.write_bytes(f"1 qid:1 1:2 # a\n\n{line}\n".encode("latin1"))
        with pytest.raises(InvalidDataError, match=f"line 3: {part}.*is not text in UTF-8"):
            read_svmlight(path)


@pytest.mark.parametrize("column", ["query", "item"])
def test_ids_of_bytes_are_written_as_text_or_refused(tmp_path, column):
    path = tmp_path / "out"
    table = {"query": [b"q", b"q"], "item": [b"a", b"b"]}
    good = pl.DataFrame(table | {"score": [2.0, 1.0]})
    write_run(good, path, "t")
    assert path.read_text() == "q Q0 a 1 2.0 t\nq Q0 b 2 1.0 t\n"
    bad = good.with_columns(pl.Series(column, [b"q", b"\xe9"]))
    message = f"column {column!r} is .* in row 1, which is not text in UTF-8"
    with pytest.raises(InvalidDataError, match=message):
        write_run(bad, path)
    with pytest.raises(InvalidDataError, match=message):
        write_qrels(bad.rename({"score": "label"}), path)
    with pytest.raises(InvalidDataError, match=message):
        write_svmlight(bad.with_columns(label=pl.lit(1)), path)


def test_tables_of_too_many_columns_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "wide"
    path.write_text("1 qid:1 1:2\n1 qid:1 4294967295:1\n")
    with pytest.raises(InvalidDataError, match=r"line 2: .*above 1000000"):
        read_svmlight(path)
    path.write_text("1 qid:1 1:2\n1 qid:1 1000:1\n")
    assert read_svmlight(path).width == 1003
    monkeypatch.setattr("graphrank._svmlight_files.free_memory", lambda: 2 * 15_999)
    with pytest.raises(OutOfMemoryError, match="features needs 16000 bytes"):
        read_svmlight(path)


def test_bad_files_and_bad_ids_are_named(tmp_path):
    with pytest.raises(FileMissingError):
        read_run(tmp_path / "none")
    (tmp_path / "run.gz").write_bytes(gzip.compress(b"7 Q0 a 1 2 t\n")[:-4])
    with pytest.raises(CorruptFileError, match="gzip"):
        read_run(tmp_path / "run.gz")
    (tmp_path / "nan").write_text("7 Q0 a 1 nan t\n")
    with pytest.raises(InvalidDataError, match=r"line 1.*'nan'"):
        read_run(tmp_path / "nan")
    with pytest.raises(InvalidDataError, match="row 1"):
        write_run(RUN.with_columns(item=pl.Series(["a", "b c", "d"])), tmp_path / "out")
    with pytest.raises(InvalidArgumentError, match="tag"):
        write_run(RUN, tmp_path / "out", "two words")
    with pytest.raises(FileError, match="cannot write"):
        write_qrels(QRELS, tmp_path / "none" / "out")


def test_features_are_those_that_scikit_learn_reads(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text(
        "2 qid:1 1:0.5 3:1e-3 # docid = GX-1 inc = 1\n0 qid:1 2:7 # docid = GX-2\n1 qid:2 3:1 # x\n"
    )
    found = read_svmlight(path)
    matrix, labels, queries = load_svmlight_file(str(path), query_id=True)
    assert found.select("f1", "f2", "f3").to_numpy().tolist() == matrix.toarray().tolist()
    assert found["label"].to_list() == labels.tolist()
    assert found["query"].cast(pl.Int64).to_list() == queries.tolist()
    assert found["item"].to_list() == ["GX-1", "GX-2", "x"]
    again = tmp_path / "again.txt.gz"
    write_svmlight(found, again)
    assert read_svmlight(again).equals(found)


def test_files_of_scikit_learn_are_read(tmp_path):
    path = tmp_path / "train.txt"
    dump_svmlight_file([[0.5, 0.0], [0.0, 2.0]], [1, 0], str(path), query_id=[3, 3], zero_based=True)
    found = read_svmlight(path)
    assert found.columns == ["query", "item", "label", "f0", "f1"]
    assert found.select("item", "f0", "f1").rows() == [(0, 0.5, 0.0), (1, 0.0, 2.0)]


def test_bad_lines_of_features_are_named(tmp_path):
    path = tmp_path / "bad.txt"
    for text, part in [
        ("1 qid:1 1:2\n\n1 qid:1 x:2\n", 'line 3: "x:2" does not begin with the number'),
        ("1 1:2\n", "line 1 has no query.*`query`"),
        ("1 qid:1 1:2\n# none\n \n1 1:2\n", "line 4 has no query"),
        ("1 qid:1 1:2 # a\n1 qid:1 1:2\n", "line 2 has no item"),
        ("# nothing\n", "has no rows"),
    ]:
        path.write_text(text)
        with pytest.raises(InvalidDataError, match=part):
            read_svmlight(path)


def test_bad_features_are_not_written(tmp_path):
    table = pl.DataFrame({"query": [1, 2], "item": [1, 2], "label": [1, 0], "f": [1.0, None]})
    with pytest.raises(InvalidDataError, match="'f' is null in row 1"):
        write_svmlight(table, tmp_path / "out")
    scattered = pl.DataFrame({"query": [1, 2, 1], "item": [1, 2, 3], "label": [1, 0, 1], "f": [1, 2, 3]})
    with pytest.raises(InvalidDataError, match="stand together"):
        write_svmlight(scattered, tmp_path / "out")
    with pytest.raises(InvalidArgumentError, match="at least one column"):
        write_svmlight(scattered.drop("f"), tmp_path / "out")


def test_sizes_of_queries_are_read_from_a_file_beside(tmp_path):
    rows, sizes = tmp_path / "rank.train", tmp_path / "rank.train.query"
    rows.write_text("1 0:2\n0 1:3\n2 0:1\n")
    sizes.write_text("2\n0\n1\n\n")
    found = read_svmlight(rows, query=sizes)
    assert found["query"].to_list() == [0, 0, 2]
    assert found.drop("query").rows() == [(0, 1.0, 2.0, 0.0), (1, 0.0, 0.0, 3.0), (2, 2.0, 1.0, 0.0)]
    for text, part in [
        ("2\n", "of 2 rows together, .* has 3 rows"),
        ("1\nx\n", "line 2: 'x' is not a number"),
    ]:
        sizes.write_text(text)
        with pytest.raises(InvalidDataError, match=part):
            read_svmlight(rows, query=sizes)
    sizes.write_text("1\n")
    rows.write_text("1 qid:3 0:2\n")
    with pytest.raises(InvalidDataError, match="line 1 has a query; `query` is for files without"):
        read_svmlight(rows, query=sizes)


def test_whole_labels_are_written_without_a_point(tmp_path):
    path = tmp_path / "qrels"
    write_qrels(QRELS.with_columns(label=pl.Series([1.0, 0.5, 0.0])), path)
    assert [line.split()[-1] for line in path.read_text().splitlines()] == ["1", "0.5", "0"]
    assert read_qrels(path)["label"].to_list() == [1.0, 0.5, 0.0]
