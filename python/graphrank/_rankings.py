"""Many rankings of items, as a table of codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import as_frame, check_id_dtype, checked_weights, number_column
from graphrank._element_ids import ElementIndex, listed_elements
from graphrank._forked import refuse_without_pool
from graphrank._ids import NodeIndex
from graphrank._run import QUIET
from graphrank._string_ids import code_by_hash
from graphrank.exceptions import (
    ColumnNotFoundError,
    ElementNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
)

__all__ = ["CoreRankings", "RankingTable", "read_rankings"]

Codes = NDArray[np.uint32]
CoreRankings = tuple[int, int, Codes, Codes, NDArray[np.float64], NDArray[np.float64] | None]


@dataclass(frozen=True)
class RankingTable:
    """A row for each item that a ranking lists.

    Attributes
    ----------
    items
        The ids of all items; also those that no ranking lists, if the caller names them.
    n_rankings
        Number of rankings.
    core
        The form that the compiled module takes.
    """

    items: ElementIndex
    n_rankings: int
    core: CoreRankings


class _ItemIndex(ElementIndex):
    """The ids of ranked items."""

    def __init__(self, ids: pl.Series) -> None:
        NodeIndex.__init__(self, ids, "these rankings; `items` lists items that no ranking does")


def read_rankings(rankings: Any, items: Any = None, weights: Any = None) -> RankingTable:
    """Read a frame of rankings, or a list of lists of items, the best first.

    ``weights``: a dict ``{ranking: weight}`` or a list, instead of a column.
    """
    frame = _from_lists(rankings) if isinstance(rankings, list) else _frame(rankings)
    ranking, item = (_ids(frame, name) for name in ("ranking", "item"))
    ranking_ids, ranking_codes, _ = code_by_hash(ranking, ranking.head(0), QUIET)
    index, item_codes = _coded(item, items)
    ranks = _ranks(frame)
    _check_once(ranking, item, ranking_codes, item_codes)
    if weights is None:
        of_rankings = _weights(frame, ranking, ranking_codes, len(ranking_ids))
    else:
        of_rankings = _given_weights(weights, ranking_ids, "weight" in frame.columns)
    core = (len(index), len(ranking_ids), ranking_codes, item_codes, ranks, of_rankings)
    return RankingTable(index, len(ranking_ids), core)


def _from_lists(lists: list[Any]) -> pl.DataFrame:
    if any(isinstance(each, (str, bytes)) or not hasattr(each, "__len__") for each in lists):
        raise InvalidTypeError("`rankings` as a list holds a list of items per ranking, the best item first")
    lengths = [len(each) for each in lists]
    try:
        item = pl.Series("item", [item for each in lists for item in each])
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise InvalidTypeError(f"the items of `rankings` must be ids of one type: {reason}") from error
    ranking = pl.Series("ranking", np.repeat(np.arange(len(lists)), lengths))
    rank = pl.Series("rank", np.concatenate([np.arange(1, n + 1) for n in lengths] or [np.arange(0)]))
    return pl.DataFrame([ranking, item, rank])


def _frame(rankings: Any) -> pl.DataFrame:
    frame = as_frame(rankings, "rankings")
    names = frame.collect_schema().names()
    wanted = [name for name in ("ranking", "item", "rank", "score", "weight") if name in names]
    if not {"ranking", "item"} <= set(wanted) or ("rank" in wanted) == ("score" in wanted):
        listed = ", ".join(map(repr, names)) or "none"
        raise ColumnNotFoundError(
            "`rankings` must have the columns 'ranking', 'item', either 'rank' (1 is best) or 'score' (more is better) "
            f"and, if rankings count differently, 'weight'; it has {listed}"
        )
    if isinstance(frame, pl.LazyFrame):
        refuse_without_pool("computing a LazyFrame")
        frame = frame.select(wanted).collect(engine="streaming")
    return frame.select(wanted)


def _ids(frame: pl.DataFrame, name: str) -> pl.Series:
    column = frame[name]
    if not len(column):
        raise InvalidDataError("`rankings` has no rows: there is nothing to rank")
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"column {name!r} is null in row {row}; every row names its {name}")
    check_id_dtype(column)
    return column


def _coded(item: pl.Series, items: Any) -> tuple[ElementIndex, Codes]:
    if items is None:
        ids, codes, _ = code_by_hash(item, item.head(0), QUIET)
        return _ItemIndex(ids), codes
    index = _ItemIndex(listed_elements(items, "items").ids)
    try:
        return index, index.find_rows(item)
    except ElementNotFoundError as error:
        raise ElementNotFoundError(f"{error}") from error


def _ranks(frame: pl.DataFrame) -> NDArray[np.float64]:
    """Numbers of which the least is best."""
    name = "rank" if "rank" in frame.columns else "score"
    column = frame[name]
    if not column.dtype.is_numeric():
        raise InvalidTypeError(f"column {name!r} is {column.dtype}; {name}s must be numbers")
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"column {name!r} is null in row {row}; leave the row out if it has no {name}")
    values = column.cast(pl.Float64).rechunk().to_numpy()
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise InvalidDataError(f"column {name!r} is {values[bad[0]]} in row {bad[0]}; it must be finite")
    return values if name == "rank" else -values


def _check_once(ranking: pl.Series, item: pl.Series, ranking_codes: Codes, item_codes: Codes) -> None:
    """Refuse a ranking that lists an item twice."""
    pairs = ranking_codes.astype(np.uint64) << np.uint64(32) | item_codes
    ordered = np.sort(pairs)  # a tenth of the time of numpy.unique, which hashes
    if (ordered[1:] != ordered[:-1]).all():
        return
    is_first = np.zeros(len(pairs), dtype=np.bool_)
    is_first[np.unique(pairs, return_index=True)[1]] = True
    row = int(np.flatnonzero(~is_first)[0])
    raise InvalidDataError(
        f"row {row}: ranking {ranking[row]!r} lists item {item[row]!r} a second time; "
        "list each item once, and give the rankings of one query at a time"
    )


def _weights(frame: pl.DataFrame, ranking: pl.Series, codes: Codes, n: int) -> NDArray[np.float64] | None:
    """The weight of each ranking, which all its rows repeat."""
    if "weight" not in frame.columns:
        return None
    of_rows = checked_weights(frame["weight"])
    weights = np.zeros(n)
    weights[codes] = of_rows
    differs = np.flatnonzero(weights[codes] != of_rows)
    if differs.size:
        row = int(differs[0])
        raise InvalidDataError(
            f"column 'weight', row {row}: ranking {ranking[row]!r} has the weights {of_rows[row]} and "
            f"{weights[codes[row]]}; all its rows have one"
        )
    if not weights.any():
        raise InvalidArgumentError("column 'weight': at least one ranking must count more than 0")
    return weights


def _given_weights(weights: Any, rankings: pl.Series, has_column: bool) -> NDArray[np.float64]:
    """The weight of each ranking out of a dict, or of a list in the order of the rankings."""
    if has_column:
        raise InvalidArgumentError("`weights` and the column 'weight' say the same thing; give one of them")
    names = rankings.to_list()
    if isinstance(weights, Mapping):
        unknown = next((name for name in weights if name not in set(names)), None)
        missing = next((name for name in names if name not in weights), None)
        if unknown is not None or missing is not None:
            problem = (
                f"lacks ranking {missing!r}"
                if missing is not None
                else f"names {unknown!r}, which is no ranking"
            )
            raise InvalidArgumentError(f"`weights` {problem}")
        weights = [weights[name] for name in names]
    if isinstance(weights, str) or not hasattr(weights, "__len__") or len(weights) != len(names):
        raise InvalidArgumentError(f"`weights` must hold a number for each of the {len(names)} rankings")
    checked = checked_weights(number_column("weights", weights))
    if not checked.any():
        raise InvalidArgumentError("`weights`: at least one ranking must count more than 0")
    return checked
