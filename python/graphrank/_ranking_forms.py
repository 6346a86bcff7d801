"""What callers hold rankings in, as one frame."""

from __future__ import annotations

from collections.abc import Mapping, Set
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl

from graphrank._edge_table import as_frame
from graphrank._forked import refuse_without_pool
from graphrank._nested_dicts import is_nested, nested_frame
from graphrank.exceptions import ColumnNotFoundError, InvalidArgumentError, InvalidTypeError

__all__ = ["ranking_frame"]

_Kind: TypeAlias = Literal["list", "scores", "table"]
_REMEDY = (
    "each ranking is a list of items, the best first, a dict {item: score}, or a table with the columns item and "
    "rank or score"
)


def ranking_frame(
    rankings: Any, by: str | None, *, likes_scores: bool
) -> tuple[pl.DataFrame, list[Any] | None]:
    """Columns ``ranking``, ``item``, ``rank`` or ``score``, ``weight`` if there is one, and ``by``.

    Also the names of rankings that come one by one, in their order, those of empty ones as well. Of columns with ranks
    and with scores the second is taken if ``likes_scores``.
    """
    names: list[Any] | None = None
    frame: pl.DataFrame | pl.LazyFrame
    if isinstance(rankings, Mapping) and not {"ranking", "item"} & rankings.keys():
        names = list(rankings)
        frame = _from_parts(names, list(rankings.values()), by)
    elif isinstance(rankings, (list, tuple)):
        names = list(range(len(rankings)))
        frame = _from_parts(names, list(rankings), by)
    else:
        frame = as_frame(rankings, "rankings")
    columns = frame.collect_schema().names()
    if by is None and "query" in columns:
        raise InvalidArgumentError(
            "`rankings` has a column 'query': give by=\"query\" for one ranking per query, or drop the column"
        )
    values = [name for name in ("rank", "score") if name in columns]
    if not {"ranking", "item"} <= set(columns) or not values:
        listed = ", ".join(map(repr, columns)) or "none"
        raise ColumnNotFoundError(
            "`rankings` must have the columns 'ranking', 'item', 'rank' (1 is best) or 'score' (more is better) and, "
            f"if rankings count differently, 'weight'; it has {listed}"
        )
    if by is not None and by not in columns:
        raise ColumnNotFoundError(
            f"`by`: there is no column {by!r}; `rankings` has {', '.join(map(repr, columns))}"
        )
    value = values[-1] if likes_scores else values[0]
    kept = ["ranking", "item", value] + ["weight"] * ("weight" in columns) + [by] * (by is not None)
    return _computed(frame.select(list(dict.fromkeys(kept)))), names


def _computed(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame):
        return frame
    refuse_without_pool("computing a LazyFrame")
    return frame.collect(engine="streaming")


def _from_parts(names: list[Any], parts: list[Any], by: str | None) -> pl.DataFrame:
    """Rankings one by one, with their names."""
    if by is not None:
        parts = [nested_frame(part, "rankings", by, "score") if is_nested(part) else part for part in parts]
    kinds = {_kind(name, part) for name, part in zip(names, parts, strict=True)}
    if len(kinds) > 1:
        raise InvalidTypeError(f"`rankings` must all be of one form: {_REMEDY}")
    if kinds == {"table"}:
        return _from_tables(names, parts, ["item"] if by is None else ["item", by])
    if by is not None:
        raise InvalidArgumentError(
            f"`by`: lists and dicts of items have no column {by!r}; give a table for each ranking"
        )
    return _from_scores(names, parts) if kinds == {"scores"} else _from_lists(names, parts)


def _kind(name: Any, part: Any) -> _Kind:
    if isinstance(part, (pl.DataFrame, pl.LazyFrame)) or hasattr(part, "columns"):
        return "table"
    if isinstance(part, Mapping):
        if "item" in part and not isinstance(part["item"], Real):
            return "table"
        if all(isinstance(score, Real) for score in part.values()):
            return "scores"
    elif not isinstance(part, (str, bytes)) and hasattr(part, "__len__") and hasattr(part, "__getitem__"):
        return "list"
    problem = "has no order" if isinstance(part, Set) else f"is of type {type(part).__name__}"
    raise InvalidTypeError(f"`rankings`: ranking {name!r} {problem}; {_REMEDY}")


def _from_lists(names: list[Any], lists: list[Any]) -> pl.DataFrame:
    lengths = [len(each) for each in lists]
    item = _column("item", [item for each in lists for item in each])
    rank = pl.Series("rank", np.concatenate([np.arange(1, n + 1) for n in lengths] or [np.arange(0)]))
    return pl.DataFrame([_names(names, lengths), item, rank])


def _from_scores(names: list[Any], scores: list[Any]) -> pl.DataFrame:
    lengths = [len(each) for each in scores]
    item = _column("item", [item for each in scores for item in each])
    score = pl.Series("score", [float(score) for each in scores for score in each.values()], dtype=pl.Float64)
    return pl.DataFrame([_names(names, lengths), item, score])


def _from_tables(names: list[Any], tables: list[Any], ids: list[str]) -> pl.DataFrame:
    frames = [
        _computed(as_frame(table, f"rankings[{name!r}]")) for name, table in zip(names, tables, strict=True)
    ]
    shared = [name for name in frames[0].columns if all(name in frame.columns for frame in frames)]
    for column in ids:
        dtypes = {frame[column].dtype for frame in frames if column in shared}
        # Integers of any width go together; nothing else becomes something else without a word.
        if len(dtypes) > 1 and not all(dtype.is_integer() for dtype in dtypes):
            listed = " and ".join(sorted(map(str, dtypes)))
            raise InvalidTypeError(f"`rankings`: column {column!r} is {listed}; cast them to one type")
    rows = pl.concat([frame.select(shared) for frame in frames], how="vertical_relaxed")
    return rows.with_columns(_names(names, [len(frame) for frame in frames]))


def _names(names: list[Any], lengths: list[int]) -> pl.Series:
    """Of each row the ranking that it is of."""
    column = _column("ranking", names)
    return column.gather(np.repeat(np.arange(len(names)), lengths)) if names else column


def _column(name: str, values: list[Any]) -> pl.Series:
    try:
        return pl.Series(name, values)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise InvalidTypeError(
            f"the {name}s of `rankings` must be ids of one type, such as all strings: {reason}"
        ) from error
