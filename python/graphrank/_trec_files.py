"""Judgements and runs in the text formats of TREC: a row per line, words between blanks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrank._judged import read_judgements, read_ranked
from graphrank._text_file import as_words, not_utf8, number_words, read_text, write_text
from graphrank._typing import Table
from graphrank.exceptions import InvalidArgumentError, InvalidDataError

__all__ = ["read_qrels", "read_run", "write_qrels", "write_run"]

_QRELS = ("query", "iteration", "item", "label")
_RUN = ("query", "q0", "item", "rank", "score", "tag")
_BLANK = re.compile(rb"[ \t]+")
_UNEVEN = re.compile(rb"\t|  | \n|\n |^ | $|\n\n|^\n")


def read_qrels(path: str | os.PathLike[str]) -> pl.DataFrame:
    r"""Read judgements from a file of TREC: ``query iteration item label``, a line each; ``.gz`` as well.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    polars.DataFrame
        Columns ``query`` and ``item``, texts, and ``label``, integers, or floats if some are fractions.

    Raises
    ------
    FileMissingError, FileError, CorruptFileError
        If the file cannot be read.
    InvalidDataError
        For a line that is no judgement; the message names it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from graphrank.metrics import read_qrels
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "qrels.txt")
    ...     _ = path.write_text("301 0 FBIS3-10082 1\n301 0 FBIS3-10169 0\n")
    ...     read_qrels(path).rows()
    [('301', 'FBIS3-10082', 1), ('301', 'FBIS3-10169', 0)]
    """
    file, text = read_text(path, "qrels")
    table = _words(file, text, _QRELS, "query iteration item label")
    label = _numbers(file, text, table["label"])
    if (label == label.round()).all() and (label.abs() < 2**53).all():
        label = label.cast(pl.Int64)
    return pl.DataFrame([table["query"], table["item"], label])


def read_run(path: str | os.PathLike[str]) -> pl.DataFrame:
    r"""Read a run from a file of TREC: ``query Q0 item rank score tag``, a line each; ``.gz`` as well.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    polars.DataFrame
        Columns ``query``, ``item``, ``score``. Ranks are left out: trec_eval goes by scores, and so does
        :func:`evaluate`, whose ``ties`` says what becomes of equal ones.

    Raises
    ------
    FileMissingError, FileError, CorruptFileError
        If the file cannot be read.
    InvalidDataError
        For a line that is no row of a run; the message names it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from graphrank.metrics import read_run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "bm25.run")
    ...     _ = path.write_text("301 Q0 FBIS3-10082 1 14.5 bm25\n")
    ...     read_run(path).rows()
    [('301', 'FBIS3-10082', 14.5)]
    """
    file, text = read_text(path, "run")
    table = _words(file, text, _RUN, "query Q0 item rank score tag")
    return pl.DataFrame([table["query"], table["item"], _numbers(file, text, table["score"])])


def write_qrels(qrels: Table, path: str | os.PathLike[str]) -> None:
    r"""Write judgements in the format of TREC, with 0 as iteration; compressed if the name ends in ``.gz``.

    Parameters
    ----------
    qrels
        A frame with the columns ``query``, ``item`` and ``label``. Whole labels are written without a point; of
        others trec_eval reads what is before it, and :func:`read_qrels` all.
    path
        The file.

    Raises
    ------
    InvalidDataError
        For an id with a blank, which the format cannot hold.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import polars as pl
    >>> from graphrank.metrics import write_qrels
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "qrels.txt")
    ...     write_qrels(pl.DataFrame({"query": [7], "item": ["a"], "label": [1]}), path)
    ...     path.read_text()
    '7 0 a 1\n'
    """
    judged = read_judgements(qrels)
    labels = number_words(pl.Series("label", judged.labels))
    iteration = pl.Series("iteration", ["0"]).new_from_index(0, len(labels))
    _write(path, [_words_of(judged.query, "query"), iteration, _words_of(judged.item, "item"), labels])


def write_run(run: Table, path: str | os.PathLike[str], tag: str = "graphrank") -> None:
    r"""Write a run in the format of TREC, best first, queries as they come; compressed if the name ends in ``.gz``.

    Parameters
    ----------
    run
        A frame with the columns ``query``, ``item`` and ``score`` or ``rank``.
    path
        The file.
    tag
        What the run is called.

    Raises
    ------
    InvalidDataError
        For an id with a blank, which the format cannot hold.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import polars as pl
    >>> from graphrank.metrics import write_run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "mine.run")
    ...     write_run(pl.DataFrame({"query": [7, 7], "item": ["a", "b"], "score": [0.5, 2.0]}), path, "mine")
    ...     path.read_text()
    '7 Q0 b 1 2.0 mine\n7 Q0 a 2 0.5 mine\n'
    """
    word = _tag(tag)
    ranked = read_ranked(run, "stable", only_order=False)
    query, item = _words_of(ranked.query, "query"), _words_of(ranked.item, "item")
    order = np.zeros(len(ranked.scores)) if ranked.order is None else ranked.order
    first = query.to_frame().with_row_index("row").group_by("query").agg(pl.min("row"))
    place = query.to_frame().join(first, on="query", how="left", maintain_order="left")["row"].to_numpy()
    rows = np.lexsort((order, -ranked.scores, place))
    _, starts, lengths = np.unique(place[rows], return_index=True, return_counts=True)
    rank = np.arange(len(rows)) - np.repeat(starts, lengths) + 1
    words = {
        name: pl.Series(name, [word]).new_from_index(0, len(rows))
        for name, word in (("q0", "Q0"), ("tag", word))
    }
    at = pl.Series(rows)
    columns = [query.gather(at), words["q0"], item.gather(at), pl.Series("rank", rank)]
    _write(path, [*columns, pl.Series("score", ranked.scores[rows]), words["tag"]])


def _tag(tag: Any) -> str:
    if isinstance(tag, str) and re.fullmatch(r"\S+", tag):
        return tag
    raise InvalidArgumentError(f"`tag` must be one word, got {tag!r}")


def _words(file: Path, text: bytes, names: tuple[str, ...], line: str) -> pl.DataFrame:
    """The words of every line that is not empty, as columns of texts."""
    if not text.strip():
        raise InvalidDataError(f"{str(file)!r} is empty; its lines are written as {line!r}")
    body = text
    if _UNEVEN.search(text):
        body = b"\n".join(_BLANK.sub(b" ", words.strip()) for words in text.split(b"\n") if words.strip())
    try:
        table = pl.read_csv(
            BytesIO(body),
            has_header=False,
            separator=" ",
            quote_char=None,
            schema=dict.fromkeys(names, pl.String()),
        )
    except pl.exceptions.PolarsError:
        table = None
    if table is None or any(column.null_count() for column in table):
        _refuse_line(file, text, lambda words: len(words) == len(names), f"is not written as {line!r}")
        raise _other_encoding(file, text)
    return table


def _other_encoding(file: Path, text: bytes) -> InvalidDataError:
    for number, line in enumerate(text.split(b"\n"), start=1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return not_utf8(file, number, repr(line[:80].decode(errors="replace")))
    return InvalidDataError(f"{str(file)!r} cannot be read as a table of words")


def _numbers(file: Path, text: bytes, column: pl.Series) -> pl.Series:
    numbers = column.cast(pl.Float64, strict=False)
    is_bad = numbers.is_null() | numbers.is_nan()
    at, kind = 4, "number"
    if column.name == "label":
        # Nothing is infinitely relevant; what is infinitely good still has a place in a ranking.
        is_bad |= numbers.is_infinite()
        at, kind = 3, "finite number"
    bad = is_bad.arg_true()
    if len(bad):
        wanted = column[bad[0]]
        _refuse_line(
            file,
            text,
            lambda words: words[at].decode() != wanted,
            f"has the {column.name} {wanted!r}, which is not a {kind}",
        )
    return numbers


def _refuse_line(file: Path, text: bytes, is_good: Callable[[list[bytes]], bool], problem: str) -> None:
    """An error for the first line that is not good."""
    for number, words in _lines(text):
        if not is_good(words):
            line = b" ".join(words)[:80].decode(errors="replace")
            raise InvalidDataError(f"{str(file)!r}, line {number}: {line!r} {problem}")


def _lines(text: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """The words of every line that is not empty, and its number, from 1."""
    for number, line in enumerate(text.split(b"\n"), start=1):
        words = line.split()
        if words:
            yield number, words


def _words_of(ids: pl.Series, what: str) -> pl.Series:
    words = as_words(ids)
    bad = (words.str.contains(r"\s") | (words == "")).arg_true()
    if len(bad):
        raise InvalidDataError(
            f"column {what!r} is {words[bad[0]]!r} in row {bad[0]}; the format of TREC holds no empty ids and no blanks"
        )
    return words


def _write(path: Any, columns: list[pl.Series]) -> None:
    buffer = BytesIO()
    pl.DataFrame(columns).write_csv(buffer, include_header=False, separator=" ", quote_style="never")
    write_text(path, buffer.getvalue())
