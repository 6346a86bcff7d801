"""A table of clicks as checked columns."""

from __future__ import annotations

import datetime as dt
import time
import warnings
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._click_ids import TEXT
from graphrank._edge_table import as_frame, pick
from graphrank._validate import int_from
from graphrank.exceptions import InvalidDataError, InvalidTypeError

__all__ = ["ClickRows", "click_rows", "milliseconds", "tell_of_rows", "time_of_receipt"]

_NEEDED = ["user", "query", "item"]
# Seconds from 1973 to 2286 are among these, and no clicks in milliseconds are.
_SECONDS = 10**8, 10**10
_OLD = 30
"""Half-lives after which a click counts for nothing."""


@dataclass(frozen=True)
class ClickRows:
    """Columns of one length; ids and queries are still to be checked."""

    users: pl.Series
    queries: pl.Series
    items: pl.Series
    seqs: NDArray[np.uint64] | None
    times: NDArray[np.int64] | None


def click_rows(table: Any) -> ClickRows:
    """The columns of a table of clicks; those that are neither needed nor ``ts`` nor ``seq`` are not read."""
    frame = as_frame(table, "clicks")
    existing = frame.collect_schema().names()
    names = _NEEDED + [name for name in ("ts", "seq") if name in existing]
    columns = {column.name: column for column in pick(frame, names)}
    queries = columns["query"]
    if queries.dtype == pl.Null and not len(queries):
        queries = queries.cast(pl.String)
    if not isinstance(queries.dtype, TEXT):
        raise InvalidTypeError(f"column 'query' is {queries.dtype}; queries are strings")
    seqs = _sequence_numbers(columns["seq"]) if "seq" in columns else None
    times = milliseconds(columns["ts"]) if "ts" in columns else None
    return ClickRows(columns["user"], queries, columns["item"], seqs, times)


def milliseconds(column: pl.Series) -> NDArray[np.int64]:
    """Times as milliseconds since 1970, UTC."""
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(
            f"column {column.name!r} is null in row {row}; leave the column out for times of receipt"
        )
    if isinstance(column.dtype, (pl.Datetime, pl.Date)):
        column = column.cast(pl.Datetime("ms")) if column.dtype == pl.Date else column
        column = column.dt.timestamp("ms")
    if not (column.dtype.is_integer() or (column.dtype == pl.Null and not len(column))):
        raise InvalidTypeError(
            f"column {column.name!r} is {column.dtype}; times are Datetime, or integers: milliseconds since 1970"
        )
    cast = column.cast(pl.Int64, strict=False)
    if cast.null_count():
        row = cast.is_null().arg_true()[0]
        raise InvalidDataError(
            f"column {column.name!r} is {column[row]} in row {row}, which is beyond 64 bits"
        )
    times = cast.rechunk().to_numpy()
    if len(times) and _SECONDS[0] <= times.min() and times.max() < _SECONDS[1]:
        warnings.warn(
            f"column {column.name!r} is all of the first months of 1970, in milliseconds; if these are seconds, "
            f"multiply them by 1,000",
            stacklevel=4,
        )
    return times


def time_of_receipt(now: dt.datetime | int | None) -> int:
    """``now`` in milliseconds since 1970; the clock's if None."""
    if now is None:
        return time.time_ns() // 1_000_000
    if isinstance(now, dt.datetime):
        aware = now if now.tzinfo else now.replace(tzinfo=dt.UTC)
        return (aware - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)
    if not isinstance(now, SupportsIndex):
        raise InvalidTypeError(f"`now` must be a datetime or milliseconds since 1970, got {now!r}")
    return int_from(-(2**63), "now", now)


def tell_of_rows(rows: ClickRows, now: int, half_life: float | None, n_doubtful: int, n_clamped: int) -> None:
    """Warn the caller's caller of what was counted otherwise than it may think."""
    if n_clamped:
        _warn(f"{n_clamped:,} clicks say that they are from the future; they count as of now")
    if n_doubtful:
        _warn(
            f"{n_doubtful:,} rows were known by their numbers, but there are rows that came without `seq` and got the "
            "next numbers of their users: they may stand where these belong. Give `seq` with all rows of a user, or "
            "with none"
        )
    if half_life is not None and rows.times is not None and now - int(rows.times.max()) > _OLD * half_life:
        _warn(
            "all these clicks are so old by `decay` that they count for nothing; for a log of the past, give the time "
            "of its end as `now`"
        )


def _warn(problem: str) -> None:
    warnings.warn(problem, stacklevel=4)


def _sequence_numbers(column: pl.Series) -> NDArray[np.uint64]:
    if not (column.dtype.is_integer() or (column.dtype == pl.Null and not len(column))):
        raise InvalidTypeError(f"column 'seq' is {column.dtype}; sequence numbers are integers")
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(
            f"column 'seq' is null in row {row}; leave the column out to number rows as they come"
        )
    cast = column.cast(pl.Int64, strict=False)
    bad = (cast.is_null() | (cast < 0)).arg_true()
    if len(bad):
        row = bad[0]
        raise InvalidDataError(
            f"column 'seq' is {column[row]} in row {row}; sequence numbers are from 0 to 2**63 - 1"
        )
    return cast.rechunk().to_numpy().view(np.uint64)
