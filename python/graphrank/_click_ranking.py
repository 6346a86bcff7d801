"""Rankings as frames: what the core scored, items that a query names first, candidates of the caller's."""

from __future__ import annotations

import math
import sys
from typing import Any, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._click_file import Parts
from graphrank._click_ids import ClickIds
from graphrank._click_items import LocalItems
from graphrank._click_options import ClickOptions
from graphrank._click_trust import raw_trust
from graphrank._edge_table import as_frame, check_id_dtype, pick
from graphrank._forked import refuse_without_pool
from graphrank._ids import as_id_column
from graphrank._run import run_opts
from graphrank._typing import ClickMode
from graphrank._validate import number_between, one_of, positive_int, seed_number
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = ["rank_clicks"]

_SAME = 2.0**40
"""Scores are compared in so many steps up to the largest, as in the core: equal to 12 digits is equal."""


def rank_clicks(
    parts: Parts,
    options: ClickOptions,
    query: Any,
    *,
    candidates: Any,
    local: LocalItems | None,
    k: Any,
    mode: Any,
    isolation: Any,
    trust: tuple[Any, Any],
    noise: tuple[Any, Any],
    timeout_s: float | None,
) -> pl.DataFrame:
    """The items for a query, the best first: as :meth:`ClickStore.rank`, with its seeds beside trust and noise."""
    inner, ids = parts
    asked = _query_bytes(query)
    most = None if k is None else positive_int("k", k)
    share, seed = number_between(0, 1, "noise", noise[0]), seed_number("seed", noise[1])
    word, weighting = one_of("mode", mode, get_args(ClickMode)), options.weighting(isolation)
    trusted = raw_trust(inner, ids[0], *trust)
    is_plain = candidates is None and local is None
    if not is_plain:
        refuse_without_pool("ranking candidates, or with metadata,")
    how = run_opts(None, timeout_s)
    found = inner.rank(asked, most if is_plain else None, word, weighting, trusted, how)
    if is_plain:
        codes, scores = found if found is not None else inner.popular(most)
        table = ranking(ids[2].decode(codes), scores)
    else:
        scored = found if found is not None else inner.popular(None)
        named = None if local is None else local.named(query)
        table = among(ids[2], scored, named, candidates, most, is_known=found is not None)
    return explored(table, asked, share, seed)


def _query_bytes(query: Any) -> bytes:
    if not isinstance(query, str):
        raise InvalidTypeError(f"`query` must be a string, got {query!r}")
    try:
        return query.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"`query` must be text that UTF-8 can hold, got {query!r}") from error


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
    items = ids.plain(scores[0]).alias("item")
    if len(ids.ids):
        listed = None if listed is None else ids.check(listed)
        named = None if named is None else ids.check(named)
    else:
        items = items.cast(next(column.dtype for column in (named, listed) if column is not None))
    scored = pl.DataFrame([items, pl.Series("score", scores[1])])
    unit = _unit(scores[1])
    if named is not None:
        if not is_known and len(named):
            scored = scored.filter(pl.col("item").is_in(named.implode()))
        if listed is not None:
            named = named.filter(named.is_in(listed.implode()))
    table = _ranking_of(scored, named, listed, k, unit)
    return table.with_columns(ids.as_given(table["item"]))


def _unit(scores: NDArray[np.float64]) -> float:
    """The power of two at or below the largest score."""
    largest = max(float(scores.max(initial=0.0)), sys.float_info.min)
    return math.ldexp(1.0, math.frexp(largest)[1] - 1)


def _ranking_of(
    scored: pl.DataFrame, named: pl.Series | None, candidates: pl.Series | None, k: int | None, unit: float
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
    level = (pl.col("score") / unit * _SAME).round()
    best = table.sort("is_named", level, "item", descending=[True, True, False])
    best = best if k is None else best.head(k)
    return ranking(best["item"], best["score"].to_numpy())


def candidate_items(candidates: Any) -> pl.Series:
    """The items to rank: ids, or a frame with a column ``item``; each once."""
    if isinstance(candidates, (pl.DataFrame, pl.LazyFrame, dict)):
        column = pick(as_frame(candidates, "candidates"), ["item"])[0]
    else:
        column = as_id_column(candidates, "candidates").alias("candidates")
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"`candidates` has a null at position {row}; items cannot be null")
    if len(column):
        check_id_dtype(column)
    return column.unique(maintain_order=True)


def explored(table: pl.DataFrame, query: bytes, noise: float, seed: int) -> pl.DataFrame:
    """The ranking with two places swapped, in a share ``noise`` of all queries."""
    swap = _core.exploration_swap(query, table.height, noise, seed)
    if swap is None:
        return table
    order = np.arange(table.height)
    order[list(swap)] = order[list(swap)[::-1]]
    return ranking(table["item"].gather(order), table["score"].to_numpy()[order])
