"""What callers hold rankings in, as one frame."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import TEXT, as_frame
from graphrank._forked import refuse_without_pool
from graphrank._nested_dicts import is_nested, nested_frame
from graphrank._ordered_floats import EXACT
from graphrank.exceptions import ColumnNotFoundError, InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = ["RankingFrame", "is_scores", "ranking_frame", "score_column"]

_Kind: TypeAlias = Literal["list", "scores", "table"]
_REMEDY = (
    "each ranking is a list of items, the best first, a dict {item: score}, or a table with the columns item and "
    "rank or score"
)
_FORMS: dict[_Kind, str] = {
    "list": "a list of items",
    "scores": "a dict of scores",
    "table": "a table",
}


@dataclass(frozen=True)
class RankingFrame:
    """Rankings, one after another.

    Attributes
    ----------
    frame
        Columns ``ranking``, ``item``, ``rank`` or ``score`` (or both, where some rankings have the one and some the
        other), ``weight`` if there is one, and that of queries.
    values
        Which column ranks which rows: name, first row, row behind the last.
    names
        The names of rankings that come one by one, in their order, those of empty ones as well.
    starts
        The first row of each of those.
    by
        The column of queries.
    has_rows
        Whether callers know rows, as in tables, or only items, as in lists and dicts.
    """

    frame: pl.DataFrame
    values: list[tuple[str, int, int]]
    names: list[Any] | None = None
    starts: NDArray[np.intp] | None = None
    by: str | None = None
    has_rows: bool = True

    def row(self, row: int) -> int:
        """The row of the ranking that row ``row`` of all is."""
        return row if self.starts is None else row - int(self.starts[self._part(row)])

    def where(self, row: int) -> str:
        """What the caller calls row ``row``."""
        if self.names is None:
            return f"in row {row}"
        ranking, item = f"of ranking {self.names[self._part(row)]!r}", self.frame["item"][row]
        if self.has_rows or item is None:
            return f"in row {self.row(row)} {ranking}"
        query = "" if self.by is None else f"for {self.by} {self.frame[self.by][row]!r} "
        return f"for item {item!r} {query}{ranking}"

    def parts(self) -> list[tuple[str, int, int]]:
        """What messages call each ranking that came alone, its first row, and the row behind its last."""
        if self.names is None or self.starts is None:
            return [("", 0, len(self.frame))]
        ends = [*self.starts[1:].tolist(), len(self.frame)]
        return [
            (f"ranking {name!r}: ", start, end)
            for name, start, end in zip(self.names, self.starts.tolist(), ends, strict=True)
        ]

    def _part(self, row: int) -> int:
        assert self.starts is not None
        return int(np.searchsorted(self.starts, row, side="right")) - 1


def ranking_frame(rankings: Any, by: str | None, *, likes_scores: bool) -> RankingFrame:
    """Rankings in any form as one frame.

    Of columns with ranks and with scores the second is taken if ``likes_scores``.
    """
    if isinstance(rankings, Mapping) and not {"ranking", "item"} & rankings.keys():
        return _from_parts(list(rankings), list(rankings.values()), by, likes_scores=likes_scores)
    if isinstance(rankings, (list, tuple)):
        return _from_parts(list(range(len(rankings))), list(rankings), by, likes_scores=likes_scores)
    if not (_is_table(rankings) or isinstance(rankings, Mapping) or hasattr(rankings, "__arrow_c_stream__")):
        remedy = "; give array.tolist()" if isinstance(rankings, np.ndarray) else ""
        raise InvalidTypeError(
            '`rankings` must be a list of rankings, such as [["a", "b"], ["b", "c"]], a dict {name: ranking} or one '
            f"table of all, got {type(rankings).__name__}{remedy}"
        )
    table = as_frame(rankings, "rankings")
    columns = table.collect_schema().names()
    wanted = (
        "'ranking', 'item', 'rank' (1 is best) or 'score' (more is better) and, if rankings count differently, "
        "'weight'"
    )
    _check_columns(columns, "`rankings`", ["ranking", "item"], wanted, by)
    value = _first_of(columns, likes_scores=likes_scores)
    kept = ["ranking", "item", value] + ["weight"] * ("weight" in columns) + [by] * (by is not None)
    frame = _computed(table.select(list(dict.fromkeys(kept))))
    return RankingFrame(frame, [(value, 0, len(frame))])


def _check_columns(columns: list[str], whose: str, needed: list[str], wanted: str, by: str | None) -> None:
    if by is None and "query" in columns:
        raise InvalidArgumentError(
            f"{whose} has a column 'query': give by=\"query\" for one ranking per query, or drop the column"
        )
    listed = ", ".join(map(repr, columns)) or "none"
    if not set(needed) <= set(columns) or not {"rank", "score"} & set(columns):
        raise ColumnNotFoundError(f"{whose} must have the columns {wanted}; it has {listed}")
    if by is not None and by not in columns:
        raise ColumnNotFoundError(f"`by`: there is no column {by!r}; {whose} has {listed}")


def _first_of(columns: Collection[str], *, likes_scores: bool) -> str:
    first, second = ("score", "rank") if likes_scores else ("rank", "score")
    return first if first in columns else second


def _computed(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame):
        return frame
    refuse_without_pool("computing a LazyFrame")
    return frame.collect(engine="streaming")


def _from_parts(names: list[Any], parts: list[Any], by: str | None, *, likes_scores: bool) -> RankingFrame:
    """Rankings one by one, with their names."""
    has_rows = by is None or not all(map(is_nested, parts))
    if by is not None:
        parts = [nested_frame(part, "rankings", by, "score") if is_nested(part) else part for part in parts]
    kinds = [_kind(name, part) for name, part in zip(names, parts, strict=True)]
    if len(set(kinds)) > 1:
        other = next(i for i, kind in enumerate(kinds) if kind != kinds[0])
        raise InvalidTypeError(
            f"`rankings` must all be of one form: ranking {names[0]!r} is {_FORMS[kinds[0]]}, ranking {names[other]!r} "
            f"is {_FORMS[kinds[other]]}"
        )
    if kinds and kinds[0] == "table":
        frame, values, lengths = _from_tables(names, parts, by, likes_scores=likes_scores)
    elif by is not None:
        raise InvalidArgumentError(
            f"`by`: lists and dicts of items have no column {by!r}; give a table for each ranking"
        )
    else:
        has_rows = False
        frame, name = _from_scores(parts) if kinds and kinds[0] == "scores" else _from_lists(parts)
        values, lengths = [(name, 0, len(frame))], [len(part) for part in parts]
    starts = np.cumsum([0, *lengths])[:-1]
    return RankingFrame(frame.with_columns(_names(names, lengths)), values, names, starts, by, has_rows)


def _is_table(given: Any) -> bool:
    return isinstance(given, (pl.DataFrame, pl.LazyFrame)) or hasattr(given, "columns")


def is_scores(part: Any) -> bool:
    """Whether it is a dict ``{item: score}``."""
    return isinstance(part, Mapping) and all(isinstance(score, Real) for score in part.values())


def _kind(name: Any, part: Any) -> _Kind:
    if _is_table(part):
        return "table"
    if isinstance(part, Mapping):
        if "item" in part and not isinstance(part["item"], Real):
            return "table"
        if is_scores(part):
            return "scores"
    elif not isinstance(part, (str, bytes)) and hasattr(part, "__len__") and hasattr(part, "__getitem__"):
        return "list"
    problem = "has no order" if isinstance(part, Set) else f"is of type {type(part).__name__}"
    raise InvalidTypeError(f"`rankings`: ranking {name!r} {problem}; {_REMEDY}")


def _from_lists(lists: list[Any]) -> tuple[pl.DataFrame, str]:
    lengths = [len(each) for each in lists]
    item = _column("item", [item for each in lists for item in each])
    rank = pl.Series("rank", np.concatenate([np.arange(1, n + 1) for n in lengths] or [np.arange(0)]))
    return pl.DataFrame([item, rank]), "rank"


def _from_scores(dicts: list[Any]) -> tuple[pl.DataFrame, str]:
    item = _column("item", [item for each in dicts for item in each])
    return pl.DataFrame([item, score_column(score for each in dicts for score in each.values())]), "score"


def score_column(scores: Iterable[Any]) -> pl.Series:
    """Numbers out of a dict as a column: as floats, or as they are if they are integers that floats do not hold."""
    numbers = list(scores)
    try:
        floats = [float(number) for number in numbers]
    except (OverflowError, TypeError) as error:  # time spans of NumPy call themselves numbers
        raise InvalidDataError(f"a score cannot be used as a number: {error}") from error
    column = pl.Series("score", floats, dtype=pl.Float64)
    if (np.abs(column.to_numpy()) > EXACT).any() and all(isinstance(number, Integral) for number in numbers):
        with suppress(OverflowError, pl.exceptions.PolarsError):
            return pl.Series("score", [int(number) for number in numbers], dtype=pl.Int128)
    return column


def _from_tables(
    names: list[Any], tables: list[Any], by: str | None, *, likes_scores: bool
) -> tuple[pl.DataFrame, list[tuple[str, int, int]], list[int]]:
    """All rows, which column ranks which of them, and how many each table has."""
    frames = [
        _computed(as_frame(table, f"rankings[{name!r}]")) for name, table in zip(names, tables, strict=True)
    ]
    for name, frame in zip(names, frames, strict=True):
        wanted = "'item' and 'rank' (1 is best) or 'score' (more is better)"
        _check_columns(frame.columns, f"`rankings`: ranking {name!r}", ["item"], wanted, by)
    chosen = _values_of(names, frames, likes_scores=likes_scores)
    has_weight = _all_or_none(names, ["weight" in frame.columns for frame in frames], "weight")
    ids = ["item"] if by is None else ["item", by]
    kept = [
        frame.select([*ids, value] + ["weight"] * has_weight)
        for frame, value in zip(frames, chosen, strict=True)
    ]
    for column in ids:
        kept = _of_one_type(column, names, kept)
    lengths = [len(frame) for frame in frames]
    ends = np.cumsum(lengths).tolist()
    if len(set(chosen)) == 1:
        values = [(chosen[0], 0, ends[-1])]
    else:
        values = [
            (value, end - length, end) for value, end, length in zip(chosen, ends, lengths, strict=True)
        ]
    return (
        pl.concat(kept, how="diagonal_relaxed" if len(set(chosen)) > 1 else "vertical_relaxed"),
        values,
        lengths,
    )


def _values_of(names: list[Any], frames: list[pl.DataFrame], *, likes_scores: bool) -> list[str]:
    """The column of each table that ranks its items: one that all have, if there is one."""
    shared = {"rank", "score"}.intersection(*(frame.columns for frame in frames))
    if shared:
        return [_first_of(shared, likes_scores=likes_scores)] * len(frames)
    chosen = ["rank" if "rank" in frame.columns else "score" for frame in frames]
    if likes_scores:
        ranked, scored = (names[chosen.index(value)] for value in ("rank", "score"))
        raise InvalidArgumentError(
            f"`rankings`: ranking {ranked!r} has 'rank' and ranking {scored!r} has 'score', which cannot be added "
            "up: give all of them scores, or take a method that goes by places, such as 'rrf'"
        )
    return chosen


def _all_or_none(names: list[Any], has: list[bool], column: str) -> bool:
    if any(has) and not all(has):
        raise ColumnNotFoundError(
            f"`rankings`: ranking {names[has.index(True)]!r} has a column {column!r}, ranking "
            f"{names[has.index(False)]!r} has none; give it to all or to none"
        )
    return any(has)


def _of_one_type(column: str, names: list[Any], frames: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Integers of any width go together, and texts of any kind; nothing else becomes something else without a word."""
    dtypes = [frame[column].dtype for frame in frames]
    if len(set(dtypes)) == 1 or all(dtype.is_integer() for dtype in dtypes):
        return frames
    if all(isinstance(dtype, TEXT) for dtype in dtypes):
        return [frame.with_columns(frame[column].cast(pl.String)) for frame in frames]
    other = next(i for i, dtype in enumerate(dtypes) if dtype != dtypes[0])
    raise InvalidTypeError(
        f"`rankings`: column {column!r} is {dtypes[0]} in ranking {names[0]!r} and {dtypes[other]} in ranking "
        f"{names[other]!r}; cast them to one type"
    )


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
