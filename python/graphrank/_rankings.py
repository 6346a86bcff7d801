"""Many rankings of items, as a table of codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import check_id_dtype, checked_weights, number_column
from graphrank._element_ids import ElementIndex, listed_elements
from graphrank._ids import NodeIndex
from graphrank._ordered_floats import ordered_floats
from graphrank._ranking_forms import RankingFrame, ranking_frame
from graphrank._run import QUIET
from graphrank._string_ids import code_by_hash
from graphrank.exceptions import (
    ElementNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
)

__all__ = ["CoreRankings", "Queries", "RankingTable", "read_rankings"]

Codes = NDArray[np.uint32]
Queries = tuple[pl.Series, Codes]
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
    queries
        The queries, as they come, and the code of that of each row; None if all rows are of one.
    """

    items: ElementIndex
    n_rankings: int
    core: CoreRankings
    queries: Queries | None = None


class _ItemIndex(ElementIndex):
    """The ids of ranked items."""

    def __init__(self, ids: pl.Series) -> None:
        NodeIndex.__init__(self, ids, "these rankings; `items` lists items that no ranking does")


def read_rankings(
    rankings: Any,
    items: Any = None,
    weights: Any = None,
    *,
    by: str | None = None,
    likes_scores: bool = False,
) -> RankingTable:
    """Read rankings in any of the forms that callers hold them in.

    ``weights``: a dict ``{ranking: weight}`` or a list, instead of a column. ``by``: the column of queries, if there
    are many.
    """
    given = ranking_frame(rankings, by, likes_scores=likes_scores)
    ranking, item = (_ids(given, name) for name in ("ranking", "item"))
    ranking_ids, ranking_codes, _ = code_by_hash(ranking, ranking.head(0), QUIET)
    index, item_codes = _coded(item, items)
    ranks = _ranks(given, by_place=not likes_scores)
    queries = None if by is None else _queries(_ids(given, by))
    _check_once(given, queries, ranking_codes, item_codes, len(ranking_ids))
    if weights is None:
        of_rankings = _weights(given, ranking, ranking_codes, len(ranking_ids))
    else:
        of_rankings = _given_weights(weights, ranking_ids, given.names, "weight" in given.frame.columns)
    core = (len(index), len(ranking_ids), ranking_codes, item_codes, ranks, of_rankings)
    return RankingTable(index, len(ranking_ids), core, queries)


def _ids(given: RankingFrame, name: str) -> pl.Series:
    column = given.frame[name]
    if not len(column):
        raise InvalidDataError("`rankings` has no rows: there is nothing to rank")
    if column.null_count():
        where = given.where(column.is_null().arg_true()[0])
        raise InvalidDataError(f"column {name!r} is null {where}; every row names its {name}")
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


def _ranks(given: RankingFrame, *, by_place: bool) -> NDArray[np.float64]:
    """Numbers of which the least is best."""
    ranks = []
    for name, start, end in given.values:
        column = given.frame[name][start:end]
        if not column.dtype.is_numeric():
            raise InvalidTypeError(f"column {name!r} is {column.dtype}; {name}s must be numbers")
        if column.null_count():
            where = given.where(start + column.is_null().arg_true()[0])
            raise InvalidDataError(f"column {name!r} is null {where}; leave the row out if it has no {name}")
        values = ordered_floats(column) if by_place else column.cast(pl.Float64).rechunk().to_numpy()
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            where = given.where(start + int(bad[0]))
            raise InvalidDataError(f"column {name!r} is {values[bad[0]]} {where}; it must be finite")
        ranks.append(values if name == "rank" else -values)
    return np.concatenate(ranks) if len(ranks) > 1 else ranks[0]


def _queries(column: pl.Series) -> Queries:
    """In the order of their first rows."""
    ids, codes, _ = code_by_hash(column, column.head(0), QUIET)
    _, first = np.unique(codes, return_index=True)
    order = np.argsort(first)
    place = np.empty(len(order), dtype=np.uint32)
    place[order] = np.arange(len(order), dtype=np.uint32)
    return ids.gather(pl.Series(order)).alias(column.name), place[codes]


def _check_once(
    given: RankingFrame, queries: Queries | None, ranking_codes: Codes, item_codes: Codes, n_rankings: int
) -> None:
    """Refuse a ranking that lists an item twice."""
    lists = ranking_codes.astype(np.uint64)
    if queries is not None:
        lists += queries[1].astype(np.uint64) * np.uint64(n_rankings)
    pairs = lists << np.uint64(32) | item_codes
    ordered = np.sort(pairs)  # a tenth of the time of numpy.unique, which hashes
    if (ordered[1:] != ordered[:-1]).all():
        return
    is_first = np.zeros(len(pairs), dtype=np.bool_)
    is_first[np.unique(pairs, return_index=True)[1]] = True
    row = int(np.flatnonzero(~is_first)[0])
    where = "" if queries is None else f" for {queries[0].name} {queries[0][int(queries[1][row])]!r}"
    remedy = 'list each item once; of many queries, give their column as `by="query"`'
    ranking, item = (given.frame[name][row] for name in ("ranking", "item"))
    raise InvalidDataError(
        f"row {given.row(row)}: ranking {ranking!r} lists item {item!r} a second time{where}; "
        f"{remedy if queries is None else 'list each item once'}"
    )


def _weights(given: RankingFrame, ranking: pl.Series, codes: Codes, n: int) -> NDArray[np.float64] | None:
    """The weight of each ranking, which all its rows repeat."""
    if "weight" not in given.frame.columns:
        return None
    of_rows = _row_weights(given)
    weights = np.zeros(n)
    weights[codes] = of_rows
    differs = np.flatnonzero(weights[codes] != of_rows)
    if differs.size:
        row = int(differs[0])
        raise InvalidDataError(
            f"column 'weight', row {given.row(row)}: ranking {ranking[row]!r} has the weights {of_rows[row]} and "
            f"{weights[codes[row]]}; all its rows have one"
        )
    if not weights.any():
        raise InvalidArgumentError("column 'weight': at least one ranking must count more than 0")
    return weights


def _row_weights(given: RankingFrame) -> NDArray[np.float64]:
    column = given.frame["weight"]
    try:
        return checked_weights(column)
    except InvalidDataError:
        for name, start, end in given.parts():
            try:
                checked_weights(column[start:end])
            except InvalidDataError as error:
                raise InvalidDataError(f"{name}{error}") from None
        raise


def _given_weights(
    weights: Any, rankings: pl.Series, names: list[Any] | None, has_column: bool
) -> NDArray[np.float64]:
    """The weight of each ranking out of a dict, or of a list in the order of ``names``."""
    if has_column:
        raise InvalidArgumentError("`weights` and the column 'weight' say the same thing; give one of them")
    there = rankings.to_list()
    if not isinstance(weights, Mapping):
        if names is None:
            raise InvalidArgumentError("`weights` of a frame must be a dict {ranking: weight}")
        if isinstance(weights, str) or not hasattr(weights, "__len__") or len(weights) != len(names):
            raise InvalidArgumentError(f"`weights` must hold a number for each of the {len(names)} rankings")
        weights = dict(zip(names, weights, strict=True))
    known = set(there if names is None else names)
    unknown = next((name for name in weights if name not in known), None)
    missing = next((name for name in there if name not in weights), None)
    if missing is not None:
        raise InvalidArgumentError(f"`weights` lacks ranking {missing!r}")
    if unknown is not None:
        raise InvalidArgumentError(f"`weights` names {unknown!r}, which is no ranking")
    checked_weights(number_column("weights", list(weights.values())))
    checked = checked_weights(number_column("weights", [weights[name] for name in there]))
    if not checked.any():
        raise InvalidArgumentError("`weights`: at least one ranking must count more than 0")
    return checked
