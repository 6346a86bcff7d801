"""Edges in text files: tables with a header (csv, tsv), and one edge per line without, as SNAP publishes them.

Text has no types. Ids are integers if every id in the file is one, else strings; weights are numbers. A file in which
every id is a number but not a whole one is likelier a mistake than a list of names: its ids become floats, which
``Graph.from_edges`` refuses.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from graphrank._edge_table import pick
from graphrank.exceptions import InvalidDataError

__all__ = ["read_lines", "read_separated"]

_COMMENTS = (b"#", b"%")
_SAMPLE = 100
"""Rows looked at before a separator is trusted."""
_INFER = 10_000
"""Rows looked at before a column is taken for integers; a later string only costs a second reading."""

_NOT_EMPTY = ~pl.all_horizontal(pl.all().is_null())
"""Polars reads an empty line as a row of nulls."""

_NAME_OF_DIGITS = r"^\s*(\+|-?0[0-9])"
_MAYBE_NAMES = re.compile(rb"(?m)(?:^|[\s,;\"])(?:\+|-?0)[0-9]")

_Types: TypeAlias = dict[str, Any]


def read_separated(file: Path, names: list[str], separator: str) -> list[pl.Series]:
    """The columns ``names`` (src, dst and perhaps weight) of a table whose first line names the columns."""
    content = _content(file)
    source: Any = io.BytesIO(content) if _is_gzip(file) else file

    def scan(types: _Types) -> pl.LazyFrame:
        return pl.scan_csv(
            source, separator=separator, schema_overrides=types, infer_schema_length=_INFER, glob=False
        )

    pick(scan({}).head(0), names)  # a missing column is a better error than a type for it

    def read(types: _Types) -> list[pl.Series]:
        columns = pick(scan(types), names)
        if columns[0].null_count() and columns[1].null_count():
            columns = pick(scan(types).filter(_NOT_EMPTY), names)
        return columns

    return _typed(read, names, _MAYBE_NAMES.search(content) is not None)


def read_lines(file: Path, names: list[str]) -> list[pl.Series]:
    """The first ``len(names)`` columns, called ``names``. Lines that begin with ``#`` or ``%`` are comments."""
    body, separator = _regular(_without_comments(_line_feeds(_content(file))))
    if not body.strip():
        return [pl.Series(name, [], dtype=pl.Int64) for name in names]
    width = len(body.lstrip().split(b"\n", 1)[0].split(separator))
    if width < len(names):
        raise InvalidDataError(
            f"{str(file)!r} has {width} columns; {', '.join(map(repr, names))} need {len(names)}"
        )
    # With a header of our own, columns can be named whatever Polars would call them.
    headed = separator.join(b"%d" % i for i in range(width)) + b"\n" + body
    positions = [str(i) for i in range(len(names))]

    def read(types: _Types) -> list[pl.Series]:
        frame = pl.read_csv(
            io.BytesIO(headed),
            separator=separator.decode(),
            columns=positions,
            schema_overrides={positions[names.index(name)]: dtype for name, dtype in types.items()},
            infer_schema_length=_INFER,
            quote_char=None,
        )
        frame = frame.filter(_NOT_EMPTY)
        return [frame[position].rename(name) for position, name in zip(positions, names, strict=True)]

    columns = _typed(read, names, _MAYBE_NAMES.search(body) is not None)
    _refuse_header(file, columns)
    return columns


def _refuse_header(file: Path, columns: list[pl.Series]) -> None:
    """An error if the first line names the columns: its words would become nodes."""
    first = [column[0] for column in columns[:2] if column.dtype == pl.String and len(column) > 1]
    numbers = [
        column[1:].str.contains(r"^-?[0-9]+$").all() for column in columns[:2] if column.dtype == pl.String
    ]
    if len(first) == 2 and all(numbers) and not any(word.lstrip("-").isdigit() for word in first):
        raise InvalidDataError(
            f"{str(file)!r}: the first line, {' '.join(first)!r}, names the columns and the others hold integers; "
            "begin it with # or call the file .csv or .tsv"
        )


def _typed(
    read: Callable[[_Types], list[pl.Series]], names: list[str], may_be_names: bool
) -> list[pl.Series]:
    """The columns with both ends as numbers or, failing that, both as strings.

    Digits with a zero or a plus before them name something (an account, a postal code): as numbers, 007 and 7 would
    become one node. ``may_be_names`` says that the text has such digits somewhere.
    """
    weight = dict.fromkeys(names[2:], pl.Float64)
    try:
        columns = read(weight)
        if (columns[0].dtype == pl.String) == (columns[1].dtype == pl.String) and not may_be_names:
            return columns
    except pl.exceptions.ComputeError:
        pass  # an id beyond the rows that were looked at is not an integer; or the file is bad, which shows again
    texts = read(weight | dict.fromkeys(names[:2], pl.String))
    if any(column.str.contains(_NAME_OF_DIGITS).any() for column in texts[:2]):
        return texts
    numbers = [_as_numbers(column) for column in texts[:2]]
    return texts if any(column.dtype == pl.String for column in numbers) else [*numbers, *texts[2:]]


def _as_numbers(column: pl.Series) -> pl.Series:
    """A column of strings as what it would have been, had its first rows been its strangest."""
    for dtype in (pl.Int128, pl.Float64):
        numbers = column.cast(dtype, strict=False)
        if numbers.null_count() == column.null_count():
            return numbers
    return column


def _is_gzip(file: Path) -> bool:
    return file.name.lower().endswith(".gz")


def _content(file: Path) -> bytes:
    with gzip.open(file) if _is_gzip(file) else open(file, "rb") as stream:
        return stream.read()


def _line_feeds(text: bytes) -> bytes:
    """Every line ended by a line feed alone, whichever system wrote it."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def _without_comments(text: bytes) -> bytes:
    """The text without the lines that begin with ``#`` or ``%``."""
    at = 0
    while text.startswith((*_COMMENTS, b"\n"), at):
        end = text.find(b"\n", at)
        at = len(text) if end < 0 else end + 1
    body = text[at:]
    return re.sub(rb"\n[#%][^\n]*", b"", body) if b"\n#" in body or b"\n%" in body else body


def _regular(body: bytes) -> tuple[bytes, bytes]:
    """The lines with exactly one separator between columns, and that separator."""
    rows = [line for line in body.split(b"\n", _SAMPLE)[:_SAMPLE] if line.strip()]
    if rows and all(b"," in row for row in rows):
        if any(field != field.strip() for row in rows for field in row.split(b",")):
            body = re.sub(rb"[ \t]*,[ \t]*", b",", body)
        return body, b","
    for separator in (b"\t", b" "):
        # Neither runs of blanks, nor blanks at the ends of lines, nor tabs mixed with spaces.
        if all(row.split(separator) == row.split() and separator in row for row in rows):
            return body, separator
    body = re.sub(rb"[ \t]+", b" ", body)
    return re.sub(rb"(?m)^ | $", b"", body), b" "
