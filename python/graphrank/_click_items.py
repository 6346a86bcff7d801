"""The items that a peer has, with what is known about them, and which of them a query names."""

from __future__ import annotations

from typing import Any

import polars as pl

from graphrank._click_ids import TEXT
from graphrank._edge_table import as_frame, check_id_dtype
from graphrank._forked import refuse_without_pool
from graphrank.exceptions import ColumnNotFoundError, InvalidDataError, InvalidTypeError

__all__ = ["LocalItems"]

_BETWEEN_WORDS = r"[\s,.;:!?()\[\]\"]+"


class LocalItems:
    """A frame with a column ``item``; all columns of texts and of lists of texts are searched.

    A query names an item if all its words are words of the item, upper or lower case.
    """

    def __init__(self, metadata: Any) -> None:
        refuse_without_pool("reading metadata")
        frame = as_frame(metadata, "metadata")
        frame = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
        if "item" not in frame.columns:
            listed = ", ".join(map(repr, frame.columns)) or "none"
            raise ColumnNotFoundError(f"`metadata` has no column 'item'; the columns are {listed}")
        if frame["item"].null_count():
            row = frame["item"].is_null().arg_true()[0]
            raise InvalidDataError(f"`metadata`: column 'item' is null in row {row}")
        check_id_dtype(frame["item"])
        texts = [_texts(name, dtype) for name, dtype in frame.drop("item").schema.items()]
        searched = [text for text in texts if text is not None]
        if not searched:
            raise InvalidTypeError("`metadata` has no column of texts or of lists of texts beside 'item'")
        words = _spaced(pl.concat_str(searched, separator=" ", ignore_nulls=True))
        self._frame = frame.select("item", words=words)

    def named(self, query: str) -> pl.Series:
        """The items that ``query`` names, each once."""
        words = pl.select(_spaced(pl.lit(query))).item().split()
        if not words:
            return self._frame["item"].head(0)
        has = [pl.col("words").str.contains(f" {word} ", literal=True) for word in words]
        return self._frame.filter(pl.all_horizontal(has))["item"].unique(maintain_order=True)


def _texts(name: str, dtype: pl.DataType) -> pl.Expr | None:
    if dtype == pl.List(pl.String):
        return pl.col(name).list.join(" ", ignore_nulls=True)
    return pl.col(name).cast(pl.String) if isinstance(dtype, TEXT) else None


def _spaced(text: pl.Expr) -> pl.Expr:
    """The words in lower case, a blank before and after each."""
    words = text.str.to_lowercase().str.replace_all(_BETWEEN_WORDS, " ").str.strip_chars(" ")
    return pl.concat_str(pl.lit(" "), words, pl.lit(" "), ignore_nulls=True)
