"""Runs and judgements as other libraries hold them: ``{query: {item: number}}``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any, TypeGuard

import numpy as np
import polars as pl

from graphrank.exceptions import InvalidTypeError

__all__ = ["is_nested", "nested_frame"]


def is_nested(table: Any) -> TypeGuard[Mapping[Any, Mapping[Any, Any]]]:
    """Whether it is a dict of dicts."""
    return (
        isinstance(table, Mapping) and bool(table) and all(isinstance(of, Mapping) for of in table.values())
    )


def nested_frame(table: Mapping[Any, Mapping[Any, Any]], what: str, query: str, value: str) -> pl.DataFrame:
    """A row for each item of each query."""
    lengths = [len(items) for items in table.values()]
    at = np.repeat(np.arange(len(lengths)), lengths)
    columns = {
        "item": chain.from_iterable(table.values()),
        value: chain.from_iterable(items.values() for items in table.values()),
    }
    try:
        queries = pl.Series(query, list(table)).gather(at)
        return pl.DataFrame([queries, *(pl.Series(name, list(values)) for name, values in columns.items())])
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise InvalidTypeError(
            f"`{what}` as a dict of dicts must have queries of one type, items of one type, and numbers: {reason}"
        ) from error
