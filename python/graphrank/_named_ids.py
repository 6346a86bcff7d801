"""Ids as a person types them: ``42``, ``ann``, ``true``, ``2024-05-17``, ``2024-05-17T09:30``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from graphrank.exceptions import NodeNotFoundError

__all__ = ["ids_from_text"]


def ids_from_text(texts: list[str], dtype: pl.DataType) -> pl.Series:
    """``texts`` as ids of ``dtype``; times are in ISO 8601, in the zone of the ids where they name none."""
    if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum)):
        return pl.Series("source", texts)
    return pl.Series("source", [_parsed(text, dtype) for text in texts], dtype=dtype)


def _parsed(text: str, dtype: pl.DataType) -> Any:
    try:
        value = _value(text, dtype)
        pl.Series([value], dtype=dtype)
    except (KeyError, ValueError, TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        raise NodeNotFoundError(f"{text!r} is not a node: the ids are {dtype}") from error
    return value


def _value(text: str, dtype: pl.DataType) -> Any:
    """The Python value that ``text`` spells; KeyError or ValueError if it spells none."""
    if dtype.is_integer():
        return int(text)
    if not isinstance(dtype, pl.Datetime):
        return _PARSERS[type(dtype)](text)
    moment, zone = dt.datetime.fromisoformat(text), dtype.time_zone
    if zone is None:
        if moment.tzinfo is not None:
            raise ValueError("the ids are in no time zone")
        return moment
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(dt.UTC)


_PARSERS: dict[type[pl.DataType], Callable[[str], Any]] = {
    pl.Binary: str.encode,
    pl.Boolean: lambda text: {"true": True, "false": False}[text.lower()],
    pl.Date: dt.date.fromisoformat,
    pl.Time: dt.time.fromisoformat,
}
