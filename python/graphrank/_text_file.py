"""Text files that may be compressed, and the errors of reading and writing them."""

from __future__ import annotations

import gzip
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import polars as pl

from graphrank._forked import refuse_without_pool
from graphrank._validate import file_path
from graphrank.exceptions import FileError, FileMissingError, InvalidDataError
from graphrank.io import guarded

__all__ = ["as_words", "not_utf8", "number_words", "read_text", "write_text"]


def read_text(path: Any, what: str) -> tuple[Path, bytes]:
    """The file and its content, decompressed if its name ends in ``.gz``, with line feeds alone between lines."""
    file = Path(file_path(path))
    if not file.exists():
        raise FileMissingError(f"there is no file {str(file)!r}")
    refuse_without_pool("reading a table from a file")

    def read(file: Path) -> bytes:
        with gzip.open(file) if _is_gzip(file) else open(file, "rb") as stream:
            text: bytes = stream.read().removeprefix(BOM_UTF8)
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text

    return file, guarded(file, what, read)


def write_text(path: Any, text: bytes) -> None:
    """Write a file, compressed if its name ends in ``.gz``."""
    file = Path(file_path(path))
    try:
        # Without a time, so that the same table gives the same bytes.
        file.write_bytes(gzip.compress(text, mtime=0) if _is_gzip(file) else text)
    except OSError as error:
        raise FileError(f"cannot write {str(file)!r}: {error.strerror}") from error


def not_utf8(file: Path, number: int, words: str) -> InvalidDataError:
    """The error for a line that holds ``words`` of another encoding."""
    return InvalidDataError(
        f"{str(file)!r}, line {number}: {words} is not text in UTF-8; convert the file, for instance with "
        "iconv -f latin1 -t utf-8"
    )


def as_words(ids: pl.Series) -> pl.Series:
    """Ids as texts can hold them."""
    try:
        return ids.cast(pl.String)
    except pl.exceptions.PolarsError:
        row, word = next((row, word) for row, word in enumerate(ids.to_list()) if not _is_text(word))
    raise InvalidDataError(
        f"column {ids.name!r} is {word!r} in row {row}, which is not text in UTF-8; give such ids as text, for "
        "instance by bin.encode('hex')"
    )


def number_words(numbers: pl.Series) -> pl.Series:
    """Floats as texts, whole ones without a point."""
    whole = (numbers == numbers.round()) & (numbers.abs() < 2**53)
    return numbers.cast(pl.String).zip_with(~whole, numbers.cast(pl.Int64, strict=False).cast(pl.String))


def _is_text(word: bytes | None) -> bool:
    try:
        return word is None or word.decode() is not None
    except UnicodeDecodeError:
        return False


def _is_gzip(file: Path) -> bool:
    return file.name.lower().endswith(".gz")
