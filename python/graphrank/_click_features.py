"""Columns for a learner: what the clicks in a store say of pairs of a query and an item."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._click_ids import TEXT, ClickIds
from graphrank._click_trust import OWN_WALK
from graphrank._edge_table import as_frame, pick
from graphrank._forked import refuse_without_pool
from graphrank._run import time_left
from graphrank._typing import How
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["FEATURES", "click_features"]

_MODES = ("popularity", "dinx", "panache", "maay", "cosine", "paper", "robust")
FEATURES = ("own_clicks", *_MODES, "ppr")
"""The columns that are added."""


def click_features(
    inner: _core.ClickStore,
    ids: tuple[ClickIds, ClickIds, ClickIds],
    pairs: Any,
    weighting: tuple[float, str, str, str],
    how: How,
) -> pl.DataFrame:
    """The rows of ``pairs`` with a column for each of :data:`FEATURES`."""
    refuse_without_pool("making features")
    frame = as_frame(pairs, "pairs")
    frame = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    queries, items = pick(frame, ["query", "item"])
    taken = [name for name in FEATURES if name in frame.columns]
    if taken:
        raise InvalidArgumentError(
            f"`pairs` has a column {taken[0]!r}, as one of the features is called: drop or rename it"
        )
    if not isinstance(queries.dtype, (*TEXT, pl.Null)):
        raise InvalidTypeError(f"column 'query' is {queries.dtype}; queries are strings")
    queries = queries.cast(pl.String)
    keys = pl.DataFrame([queries.rename("query"), pl.Series("code", ids[2].find(inner, items, "item"))])
    table = _scores(inner, queries.drop_nulls().unique(maintain_order=True), weighting, how)
    joined = keys.join(table, on=["query", "code"], how="left", maintain_order="left")
    return frame.with_columns(joined.select(pl.col(FEATURES).fill_null(0.0)).get_columns())


def _scores(
    inner: _core.ClickStore, queries: pl.Series, weighting: tuple[float, str, str, str], how: How
) -> pl.DataFrame:
    """Scores of all items of all queries in all modes."""
    left = time_left(how)
    # An empty one to begin with: also no queries have a type.
    parts: list[tuple[int, int, NDArray[np.uint32], NDArray[np.float64]]] = [(0, 0, *_NONE)]
    for at, query in enumerate(queries):
        asked = query.encode()
        found = [inner.own_clicks(asked)]
        found += [inner.rank(asked, None, mode, weighting, None, left()) or _NONE for mode in _MODES]
        found.append(inner.rank(asked, None, "popularity", weighting, OWN_WALK, left()) or _NONE)
        parts += [(at, feature, *scored) for feature, scored in enumerate(found)]
    # One frame in all: a frame for each query and feature would take ten times as long as their scores.
    ats, features, codes, scores = zip(*parts, strict=True)
    lengths = list(map(len, codes))
    long = pl.DataFrame(
        {
            "query": queries.gather(np.repeat(np.array(ats, np.uint32), lengths)),
            "feature": np.repeat(np.array(features, np.uint8), lengths),
            "code": np.concatenate(codes),
            "score": np.concatenate(scores),
        }
    )
    wide = [
        pl.col("score").filter(pl.col("feature") == feature).first().alias(name)
        for feature, name in enumerate(FEATURES)
    ]
    return long.group_by("query", "code").agg(wide)


_NONE = (np.empty(0, dtype=np.uint32), np.empty(0))
