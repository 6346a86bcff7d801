"""The node table: one row per node in code order, the id first, attributes after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from graphrank._edge_table import as_frame, check_id_dtype
from graphrank._forked import refuse_without_pool
from graphrank._ids import NodeIndex
from graphrank._typing import NodeTable
from graphrank.exceptions import InvalidDataError, InvalidTypeError

__all__ = ["node_table"]


def node_table(nodes: NodeTable) -> tuple[pl.DataFrame, NodeIndex]:
    """The caller's list of nodes as a frame whose first column is ``id``, and the index of those ids.

    The ids are the column ``id`` if there is one, else the first column; they must be distinct and not null.
    """
    frame = _frame(nodes)
    if not frame.width:
        frame = pl.DataFrame({"id": pl.Series([], dtype=pl.Int64)})
    name = "id" if "id" in frame.columns else frame.columns[0]
    ids = frame[name]
    if ids.dtype == pl.Null and not len(ids):
        ids = ids.cast(pl.Int64)
    if ids.null_count():
        row = ids.is_null().arg_true()[0]
        raise InvalidDataError(f"`nodes`: column {name!r} is null in row {row}; every node needs an id")
    check_id_dtype(ids)
    is_new = ids.is_first_distinct()  # n_unique would want the threads of Polars
    if not is_new.all():
        row = (~is_new).arg_true()[0]
        raise InvalidDataError(f"`nodes`: {ids[row]!r} is listed again in row {row}; list every node once")
    index = NodeIndex(ids)
    return pl.DataFrame([index.ids, *(column for column in frame if column.name != name)]), index


def _frame(nodes: Any) -> pl.DataFrame:
    if isinstance(nodes, pl.LazyFrame):
        refuse_without_pool("computing a LazyFrame")
        return nodes.collect(engine="streaming")
    if isinstance(nodes, pl.Series):
        return nodes.rename("id").to_frame()
    if isinstance(nodes, pl.DataFrame) or hasattr(nodes, "columns") or isinstance(nodes, dict):
        frame = as_frame(nodes, "nodes")
        assert isinstance(frame, pl.DataFrame)
        return frame
    if isinstance(nodes, (str, bytes)) or not isinstance(nodes, Iterable):
        raise InvalidTypeError(f"`nodes` must be a column or a frame that lists every node, got {nodes!r}")
    try:
        if not hasattr(nodes, "__arrow_c_stream__") and not hasattr(nodes, "dtype"):
            nodes = list(nodes)
        return pl.DataFrame([pl.Series("id", nodes)])
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise InvalidTypeError(
            f"`nodes` must hold ids of one type: {str(error).partition(chr(10))[0]}"
        ) from error
