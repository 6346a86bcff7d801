"""A table of restart distributions out of a file, with ids as text where the file has no types."""

from __future__ import annotations

import polars as pl

from graphrank._edge_table import pick
from graphrank._named_ids import ids_from_text
from graphrank._table_file import read_table
from graphrank.exceptions import InvalidDataError

__all__ = ["read_restart"]


def read_restart(path: str, id_dtype: pl.DataType) -> pl.DataFrame:
    """Columns ``node``, ``weight`` and, if the file has it, ``query``; nodes of a text file are in ``id_dtype``."""
    table, is_text = read_table(path, "restarts")
    names = ["query", "node", "weight"] if "query" in table.columns else ["node", "weight"]
    frame = pl.DataFrame(dict(zip(names, pick(table, names), strict=True)))
    if not is_text:
        return frame
    weight = frame["weight"].str.strip_chars().cast(pl.Float64, strict=False)
    wrong = (weight.is_null() | frame["node"].is_null()).arg_true()
    if wrong.len():
        row = frame.row(wrong[0], named=True)
        raise InvalidDataError(f"{path!r}, row {wrong[0]}: {row} is no node with a number for a weight")
    node = ids_from_text(frame["node"].to_list(), id_dtype).alias("node")
    return frame.with_columns(node, weight)
