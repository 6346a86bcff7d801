"""The items that a peer has, with what is known about them, and which of them a query names."""

from __future__ import annotations

from typing import Any

import polars as pl

from graphrank._edge_table import as_frame, check_id_dtype
from graphrank.exceptions import ColumnNotFoundError, InvalidDataError, InvalidTypeError

__all__ = ["LocalItems"]


class LocalItems:
    """A frame with a column ``item``; all columns of texts and of lists of texts are searched.

    A query names an item if, upper or lower case, it is one of the texts of a list, or stands in a text as whole words.
    """

    def __init__(self, metadata: Any) -> None:
        frame = as_frame(metadata, "metadata")
        frame = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
        if "item" not in frame.columns:
            listed = ", ".join(map(repr, frame.columns)) or "none"
            raise ColumnNotFoundError(f"`metadata` has no column 'item'; the columns are {listed}")
        if frame["item"].null_count():
            row = frame["item"].is_null().arg_true()[0]
            raise InvalidDataError(f"`metadata`: column 'item' is null in row {row}")
        check_id_dtype(frame["item"])
        self._frame = frame
        rest = frame.drop("item").schema
        self._lists = [name for name, dtype in rest.items() if dtype == pl.List(pl.String)]
        self._texts = [
            name for name, dtype in rest.items() if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum))
        ]
        if not (self._lists or self._texts):
            raise InvalidTypeError("`metadata` has no column of texts or of lists of texts beside 'item'")

    def named(self, query: str) -> pl.Series:
        """The items that ``query`` names, each once."""
        words = " ".join(query.lower().split())
        if not words:
            return self._frame["item"].head(0)
        in_list = [
            pl.col(name).list.eval(pl.element().str.to_lowercase()).list.contains(words).fill_null(False)
            for name in self._lists
        ]
        in_text = [
            _spaced(name).str.contains(f" {words} ", literal=True).fill_null(False) for name in self._texts
        ]
        named = self._frame.filter(pl.any_horizontal(in_list + in_text))
        return named["item"].unique(maintain_order=True)


def _spaced(name: str) -> pl.Expr:
    """The words of a text in lower case, a blank before and after each."""
    words = pl.col(name).cast(pl.String).str.to_lowercase().str.replace_all(r"[\s,.;:!?()\[\]\"]+", " ")
    return pl.lit(" ") + words + pl.lit(" ")
