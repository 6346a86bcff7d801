"""Rankings as frames: what the core scored, items that a query names first, candidates of the caller's."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._click_ids import ClickIds
from graphrank._edge_table import as_frame, pick
from graphrank._ids import as_id_column
from graphrank.exceptions import InvalidDataError

__all__ = ["among", "candidate_items", "explored", "ranking", "ranking_of"]

_SAME = 2.0**40
"""Scores are compared in multiples of one over this, as in the core: equal to 12 digits is equal."""


def ranking(items: pl.Series, scores: NDArray[np.float64]) -> pl.DataFrame:
    """Items in the order of their ranks."""
    ranks = pl.Series("rank", np.arange(1, len(items) + 1, dtype=np.uint32))
    return pl.DataFrame([ranks, items.alias("item"), pl.Series("score", scores)])


def among(
    ids: ClickIds,
    scores: tuple[NDArray[np.uint32], NDArray[np.float64]],
    named: pl.Series | None,
    candidates: Any,
    k: int | None,
    *,
    is_known: bool,
) -> pl.DataFrame:
    """The ranking of items that the query names, or that the caller lists, by scores of clicked items.

    If nobody asked the query (not ``is_known``), the items that it names are the answer, and no others.
    """
    listed = None if candidates is None else candidate_items(candidates)
    items = ids.decode(scores[0]).alias("item")
    if len(ids.ids):
        listed = None if listed is None else ids.check(listed)
        named = None if named is None else ids.check(named)
    else:
        items = items.cast(next(column.dtype for column in (named, listed) if column is not None))
    scored = pl.DataFrame([items, pl.Series("score", scores[1])])
    if named is not None:
        if not is_known and len(named):
            scored = scored.filter(pl.col("item").is_in(named.implode()))
        if listed is not None:
            named = named.filter(named.is_in(listed.implode()))
    return ranking_of(scored, named, listed, k)


def ranking_of(
    scored: pl.DataFrame, named: pl.Series | None, candidates: pl.Series | None, k: int | None
) -> pl.DataFrame:
    """The ranking of scored items (columns item and score), and of those that the query names, which come first.

    With ``candidates`` these are ranked and no others, whether anybody clicked them or not.
    """
    if named is None:
        table = scored.with_columns(is_named=pl.lit(False))
    else:
        first = pl.DataFrame({"item": named.cast(scored["item"].dtype)}).with_columns(is_named=pl.lit(True))
        table = scored.join(first, on="item", how="full", coalesce=True)
    if candidates is not None:
        wanted = pl.DataFrame({"item": candidates.cast(scored["item"].dtype)})
        table = wanted.join(table, on="item", how="left", maintain_order="left")
    table = table.with_columns(pl.col("score").fill_null(0.0), pl.col("is_named").fill_null(False))
    level = (pl.col("score") * _SAME).round()
    best = table.sort("is_named", level, "item", descending=[True, True, False])
    best = best if k is None else best.head(k)
    return ranking(best["item"], best["score"].to_numpy())


def candidate_items(candidates: Any) -> pl.Series:
    """The items to rank: ids, or a frame with a column ``item``; each once."""
    if isinstance(candidates, (pl.DataFrame, pl.LazyFrame, dict)):
        column = pick(as_frame(candidates, "candidates"), ["item"])[0]
    else:
        column = as_id_column(candidates, "candidates")
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"`candidates` has a null at position {row}; items cannot be null")
    return column.alias("item").unique(maintain_order=True)


def explored(table: pl.DataFrame, query: bytes, noise: float, seed: int) -> pl.DataFrame:
    """The ranking with two places swapped, in a share ``noise`` of all queries."""
    swap = _core.exploration_swap(query, table.height, noise, seed)
    if swap is None:
        return table
    order = np.arange(table.height)
    order[list(swap)] = order[list(swap)[::-1]]
    rest = table.select("item", "score")[order]
    return rest.insert_column(0, table["rank"])
