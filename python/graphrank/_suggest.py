"""The "did you mean" at the end of a message about an unknown name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import polars as pl

from graphrank._forked import pool_is_lost

__all__ = ["did_you_mean"]

_MOST_NAMES = 200_000
_MOST_COMPARED = 200
"""An error message should come at once: difflib, which is slow, sees only the names that share most letter pairs."""


def did_you_mean(wanted: Any, names: pl.Series) -> str:
    """``"; did you mean 'x', 'y'?"`` with the texts in ``names`` closest to ``wanted``, or nothing."""
    if not isinstance(wanted, str) or not isinstance(names.dtype, (pl.String, pl.Categorical, pl.Enum)):
        return ""
    if pool_is_lost():
        return ""  # the search below would hang
    name = pl.col("name")
    length = name.str.len_chars().cast(pl.Int64)
    pairs = sorted({wanted[i : i + 2] for i in range(min(len(wanted) - 1, 30))})
    shared = sum((name.str.contains(pair, literal=True).cast(pl.UInt32) for pair in pairs), start=pl.lit(0))
    candidates = (
        pl.DataFrame({"name": names.cast(pl.String)})
        .filter(length.is_between(len(wanted) - 3, len(wanted) + 3))
        .head(_MOST_NAMES)
        .with_columns(shared=shared)
        .sort("shared", descending=True, maintain_order=True)["name"]
        .head(_MOST_COMPARED)
    )
    close = get_close_matches(wanted, candidates.to_list(), n=3, cutoff=0.7)
    return f"; did you mean {', '.join(map(repr, close))}?" if close else ""
