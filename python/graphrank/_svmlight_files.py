"""Tables of features in the text format of SVMlight, as the LETOR collections have them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._edge_table import as_frame, pick
from graphrank._free_memory import free_memory
from graphrank._run import QUIET
from graphrank._text_file import as_words, not_utf8, number_words, read_text, write_text
from graphrank._typing import Table
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = ["read_svmlight", "write_svmlight"]

_CORE_ROW = re.compile(r"`line`, row (\d+): ")
_DOCID = r"^(?:docid\s*=\s*)?(\S+)"


def read_svmlight(
    path: str | os.PathLike[str], *, query: str | os.PathLike[str] | None = None
) -> pl.DataFrame:
    r"""Read features from a file of SVMlight or LETOR, a line per item; ``.gz`` as well.

    Lines are written as ``label qid:query feature:value feature:value # docid``. What they leave out is 0. The item is
    the first word behind ``#`` (or that behind ``docid =``); in a file without, the number of the row.

    Parameters
    ----------
    path
        The file.
    query
        Of lines without ``qid:``: a file with the number of rows of each query, a line each, as LightGBM has it beside
        its files (``rank.train.query``). Queries are numbered from 0.

    Returns
    -------
    polars.DataFrame
        Columns ``query`` and ``item``, texts (or numbers from 0), ``label`` and the features ``f1``, ``f2`` ... as
        floats.

    Raises
    ------
    FileMissingError, FileError, CorruptFileError
        If the file cannot be read.
    InvalidDataError
        For a line that cannot be read, with a feature of a number above 1,000,000, or with a query or an item that is
        not UTF-8; the message names it. The rest of a comment may be of any encoding.
    OutOfMemoryError
        For a table, of as many columns as the largest number of a feature says, that is larger than the free memory.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from graphrank.metrics import read_svmlight
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "train.txt")
    ...     _ = path.write_text("2 qid:10 1:0.5 3:1 # GX-1\n0 qid:10 2:7 # GX-2\n")
    ...     read_svmlight(path)
    shape: (2, 6)
    ┌───────┬──────┬───────┬─────┬─────┬─────┐
    │ query ┆ item ┆ label ┆ f1  ┆ f2  ┆ f3  │
    │ ---   ┆ ---  ┆ ---   ┆ --- ┆ --- ┆ --- │
    │ str   ┆ str  ┆ f64   ┆ f64 ┆ f64 ┆ f64 │
    ╞═══════╪══════╪═══════╪═════╪═════╪═════╡
    │ 10    ┆ GX-1 ┆ 2.0   ┆ 0.5 ┆ 0.0 ┆ 1.0 │
    │ 10    ┆ GX-2 ┆ 0.0   ┆ 0.0 ┆ 7.0 ┆ 0.0 │
    └───────┴──────┴───────┴─────┴─────┴─────┘
    """
    file, text = read_text(path, "SVMlight")
    try:
        # The table, and its columns one by one.
        free = free_memory()
        found = _core.read_svmlight(np.frombuffer(text, dtype=np.uint8), free and free // 2, QUIET)
    except InvalidDataError as error:
        row = _CORE_ROW.match(str(error))
        if row is None:
            raise
        line = f"{str(file)!r}, line {int(row[1]) + 1}: {str(error)[row.end() :]}"
        raise InvalidDataError(line) from None
    labels, queries, comments, first, n, values = found
    if not labels.size:
        raise InvalidDataError(f"{str(file)!r} has no rows; its lines are written as 'label qid:1 1:0.5 2:3'")
    groups = None if query is None else _read_groups(query, len(labels), file)
    queries_of_lines = _parts("query", text, queries)
    item = _parts("item", text, comments).str.extract(_DOCID)
    for column, ranges in ((queries_of_lines, queries), (item, comments)):
        _refuse_other_encodings(file, text, column, ranges)
    if groups is None:
        groups = _every_query(queries_of_lines, file, text)
    elif (queries_of_lines != "").any():
        number = _line_of(text, int((queries_of_lines != "").arg_true()[0]))
        raise InvalidDataError(f"{str(file)!r}, line {number} has a query; `query` is for files without")
    if item.null_count() == len(item):
        item = pl.Series("item", np.arange(len(labels), dtype=np.uint32))
    elif item.null_count():
        number = _line_of(text, int(item.is_null().arg_true()[0]))
        raise InvalidDataError(f"{str(file)!r}, line {number} has no item behind #, and others have")
    features = values.reshape(len(labels), n)
    columns = [pl.Series(f"f{first + j}", np.ascontiguousarray(features[:, j])) for j in range(n)]
    return pl.DataFrame([groups, item, pl.Series("label", labels), *columns])


def write_svmlight(table: Table, path: str | os.PathLike[str], features: Sequence[str] | None = None) -> None:
    r"""Write features in the format of SVMlight; compressed if the name ends in ``.gz``.

    Parameters
    ----------
    table
        A frame with the columns ``query``, ``item``, ``label`` and those of the features. The rows of a query must
        stand together, as the programs that read this format want them; most of these, scikit-learn and XGBoost among
        them, also want queries that are whole numbers.
    path
        The file.
    features
        Names of columns of numbers, which are numbered from 1. None: all others.

    Raises
    ------
    ColumnNotFoundError, InvalidTypeError, InvalidDataError
        For a column that is missing, is not numbers, or has a null; for an id with a blank; for scattered queries.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import polars as pl
    >>> from graphrank.metrics import write_svmlight
    >>> table = pl.DataFrame({"query": [7], "item": ["a"], "label": [1], "bm25": [12.5], "clicks": [0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "train.txt")
    ...     write_svmlight(table, path)
    ...     path.read_text()
    '1 qid:7 1:12.5 # a\n'
    """
    frame = as_frame(table, "table")
    names = frame.collect_schema().names()
    if features is None:
        features = [name for name in names if name not in ("query", "item", "label")]
    elif isinstance(features, str) or not all(isinstance(name, str) for name in features):
        raise InvalidTypeError(f"`features` must be names of columns, got {features!r}")
    query, item, label, *values = pick(frame, ["query", "item", "label", *features])
    if not values:
        raise InvalidArgumentError("`features` must name at least one column")
    words = [_word(column) for column in (query, item)]
    starts = words[0].rle_id()
    if starts.n_unique() != words[0].n_unique():
        raise InvalidDataError(
            "column 'query': the rows of a query must stand together; sort the table by it"
        )
    parts = [number_words(_checked(label)), "qid:" + words[0]]
    parts += [_feature(number, column) for number, column in enumerate(values, start=1)]
    parts.append("# " + words[1])
    lines = pl.DataFrame([part.alias(f"{i}") for i, part in enumerate(parts)])
    text = lines.select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True))
    buffer = BytesIO()
    text.write_csv(buffer, include_header=False, quote_style="never")
    write_text(path, buffer.getvalue())


def _every_query(queries: pl.Series, file: Path, text: bytes) -> pl.Series:
    if (queries == "").any():
        line = _line_of(text, int((queries == "").arg_true()[0]))
        raise InvalidDataError(
            f"{str(file)!r}, line {line} has no query; it is written as qid:7 behind the label. If a file beside it "
            "has the number of rows of each query, as LightGBM writes them, give its name as `query`"
        )
    return queries


def _read_groups(path: str | os.PathLike[str], n_rows: int, table: Path) -> pl.Series:
    """The number of the query of each row, out of a file of how many rows each has."""
    file, text = read_text(path, "query sizes")
    sizes = []
    for number, line in enumerate(text.split(b"\n"), start=1):
        word = line.strip()
        if not word:
            continue
        if not word.isdigit() or len(word) > 18:
            shown = word[:80].decode(errors="replace")
            raise InvalidDataError(f"{str(file)!r}, line {number}: {shown!r} is not a number of rows")
        sizes.append(int(word))
    if sum(sizes) != n_rows:
        raise InvalidDataError(
            f"{str(file)!r} has queries of {sum(sizes):,} rows together, {str(table)!r} has {n_rows:,} rows"
        )
    return pl.Series("query", np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes))


def _line_of(text: bytes, row: int) -> int:
    """The line, from 1, that a row of the table stands in: lines of comments and empty ones are none."""
    lines = enumerate(text.split(b"\n"), start=1)
    rows = (number for number, line in lines if line.partition(b"#")[0].strip(b" \t\r\f"))
    return next(islice(rows, row, None))


def _parts(name: str, text: bytes, ranges: NDArray[np.uint64]) -> pl.Series:
    """Parts of a text, as a column."""
    bounds = ranges.reshape(-1, 2).tolist()
    return pl.Series(
        name, [text[start:end].decode(errors="replace") for start, end in bounds], dtype=pl.String
    )


def _refuse_other_encodings(file: Path, text: bytes, column: pl.Series, ranges: NDArray[np.uint64]) -> None:
    """Two ids that differ in bytes that are no text would look the same."""
    for row in column.str.contains("\ufffd", literal=True).fill_null(value=False).arg_true():
        start, end = (int(bound) for bound in ranges.reshape(-1, 2)[row])
        try:
            text[start:end].decode()  # The mark may stand in the file itself.
        except UnicodeDecodeError:
            number = text.count(b"\n", 0, start) + 1
            raise not_utf8(file, number, f"{column.name} {column[row]!r}") from None


def _word(column: pl.Series) -> pl.Series:
    words = as_words(column)
    bad = (words.is_null() | words.str.contains(r"[\s#]") | (words == "")).arg_true()
    if len(bad):
        row = bad[0]
        raise InvalidDataError(
            f"column {column.name!r} is {column[row]!r} in row {row}; the format holds ids without blanks and #"
        )
    return words


def _checked(column: pl.Series) -> pl.Series:
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        raise InvalidTypeError(
            f"column {column.name!r} is {column.dtype}; labels and features must be numbers"
        )
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"column {column.name!r} is null in row {row}")
    return column.cast(pl.Float64)


def _feature(number: int, column: pl.Series) -> pl.Series:
    """``number:value``; null where the value is 0."""
    texts = f"{number}:" + number_words(_checked(column))
    nothing = pl.Series([None], dtype=pl.String)
    return texts.zip_with(_checked(column) != 0, nothing)
