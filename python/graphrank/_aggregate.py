"""One ranking out of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._kemeny_ranking import KemenyRanking
from graphrank._rankings import Queries, RankingTable, read_rankings
from graphrank._run import run_opts
from graphrank._string_ids import sorted_order
from graphrank._typing import AggregateMethod, How, IntoIds, Normalise, Progress, Unlisted
from graphrank._validate import one_of, real_number
from graphrank.exceptions import InvalidArgumentError

__all__ = ["aggregate", "kemeny"]

_K, _DAMPING = 60.0, 0.95


def aggregate(
    rankings: Any,
    method: AggregateMethod = "borda",
    *,
    by: str | None = None,
    weights: Mapping[Any, float] | Sequence[float] | None = None,
    normalise: Normalise = "min-max",
    unlisted: Unlisted = "last",
    trim: float = 0.0,
    k: float = _K,
    damping: float = _DAMPING,
    items: IntoIds | None = None,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> pl.DataFrame:
    """One ranking out of many.

    ==============  ===============================================================================================
    method          score of an item
    ==============  ===============================================================================================
    ``borda``       the number of items behind it, summed over the rankings
    ``rrf``         1 / (``k`` + rank), summed: reciprocal rank fusion
    ``isr``         1 / rank^2, summed, times the number of rankings that list it
    ``median``      the median of its ranks, negated
    ``combsum``     the sum of its scores, which ``normalise`` makes comparable
    ``combmnz``     that sum times the number of rankings that list it
    ``combanz``     the mean of its scores; ``combmed``, ``combmax``, ``combmin``: median, largest, smallest
    ``copeland``    the number of items that a majority ranks below it, and half of those it ties with
    ``mc4``         the share of its time that a walker spends at it who compares its item with a random one and goes
                    there if a majority prefers that
    ``kemeny``      by place in the order with the fewest disagreements; :func:`kemeny` says how sure that is
    ==============  ===============================================================================================

    Parameters
    ----------
    rankings
        A frame with a row for each item that a ranking lists: columns ``ranking``, ``item``, ``rank`` (less is better)
        or ``score`` (more is better; of both, ``comb...`` takes this), and ``weight``, if rankings count differently.
        Or a dict ``{name: ranking}`` or a list of rankings, each a list of items, the best first, a dict ``{item:
        score}``, or a frame with ``item`` and ``rank`` or ``score`` (rules by place take both kinds together). Ranks
        give the order only: ranks 10, 20, 30 count as 1, 2, 3. Items of equal rank share what their places are worth.
    method
        How: see above.
    by
        The column of queries, such as ``"query"``: one ranking for each, out of what rankings list for it. A ranking
        that lists nothing for a query does not count there.
    weights
        How much each ranking counts: a dict ``{ranking: weight}``, or a list for a list of lists. None: as the column
        ``weight`` says, or all the same.
    normalise
        For ``comb...``: ``"min-max"`` to 0 .. 1, ``"sum"`` to shares of the whole above the least, ``"z-score"`` to
        standard deviations from the mean, ``"rank"`` to 1 - place / length, or ``"none"``. Ranks without scores count
        as scores, negated.
    unlisted
        What a ranking says of items that it leaves out, where places are compared: they share the places behind
        (``"last"``), or nothing (``"ignore"``; for ``borda`` they get no points).
    trim
        For ``borda``: of each item the share of the rankings, by weight, that rank it best, and the same of those that
        rank it worst, does not count. Below 0.5.
    k
        For ``rrf``: the larger, the less first places stand out.
    damping
        For ``mc4``: the chance to go on rather than to begin anywhere.
    items
        All items; None takes those that some ranking lists.
    progress, timeout_s
        As for every long call: a bar or a callable, and the most seconds it may take.

    Returns
    -------
    polars.DataFrame
        Columns ``rank``, from 1, ``item`` and ``score``, the best first; equal scores by item. An item that
        ``comb...`` has no score for is last, with null. With ``by`` that column comes first, its values in the order in
        which they first appear: a run, which :func:`graphrank.evaluate` takes.

    Raises
    ------
    ColumnNotFoundError, InvalidDataError, InvalidTypeError, ElementNotFoundError
        For rankings that cannot be used; the message names column and row, of rankings that come one by one also the
        ranking.
    InvalidArgumentError
        For arguments out of range.

    Notes
    -----
    Of integers beyond 2^53, which floats do not tell apart, rules by place take the order as it is; ``comb...`` takes
    them as floats.

    ``borda`` is the vote of federated ranking learning (Mozaffari et al., "Every Vote Counts", USENIX Security 2023):
    invert every client's permutation, sum the ranks, sort the sums. ``trim`` bounds what a few hostile rankings can do.

    References
    ----------
    G. Cormack, C. Clarke and S. Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
    methods", SIGIR 2009. E. Fox and J. Shaw, "Combination of multiple searches", TREC-2, 1994. C. Dwork, R. Kumar,
    M. Naor and D. Sivakumar, "Rank aggregation methods for the web", WWW 2001.

    Examples
    --------
    >>> from graphrank.ranking import aggregate
    >>> aggregate([["ann", "bob", "cat"], ["bob", "ann"], ["bob", "cat", "ann"]])
    shape: (3, 3)
    ┌──────┬──────┬───────┐
    │ rank ┆ item ┆ score │
    │ ---  ┆ ---  ┆ ---   │
    │ u32  ┆ str  ┆ f64   │
    ╞══════╪══════╪═══════╡
    │ 1    ┆ bob  ┆ 5.0   │
    │ 2    ┆ ann  ┆ 3.0   │
    │ 3    ┆ cat  ┆ 1.0   │
    └──────┴──────┴───────┘

    Two searches, fused for each query:

    >>> words = {"query": [1, 1, 2], "item": ["a", "b", "c"], "score": [14.2, 13.9, 8.0]}
    >>> vectors = {"query": [1, 1, 2], "item": ["b", "d", "e"], "score": [0.83, 0.81, 0.7]}
    >>> aggregate({"words": words, "vectors": vectors}, "rrf", by="query").select("query", "rank", "item").rows()
    [(1, 1, 'b'), (1, 2, 'a'), (1, 3, 'd'), (2, 1, 'c'), (2, 2, 'e')]
    """
    one_of("method", method, get_args(AggregateMethod))
    one_of("normalise", normalise, get_args(Normalise))
    one_of("unlisted", unlisted, get_args(Unlisted))
    parameter = _parameter(method, trim, k, damping)
    how = run_opts(progress, timeout_s)
    if by is not None and items is not None:
        raise InvalidArgumentError("`items` are those of one ranking; with `by` each query has its own")
    table = read_rankings(rankings, items, weights, by=by, likes_scores=method.startswith("comb"))
    if table.queries is not None:
        return _by_query(table, table.queries, (method, parameter, normalise, unlisted), how)
    scores, _ = _core.aggregate_rankings(table.core, method, parameter, normalise, unlisted, how)
    order = _order(table, scores)
    rank = pl.Series("rank", np.arange(1, len(order) + 1, dtype=np.uint32))
    return pl.DataFrame([rank, table.items.ids.gather(pl.Series(order)).alias("item"), _score(scores[order])])


def _by_query(
    table: RankingTable, queries: Queries, rule: tuple[str, float, str, str], how: How
) -> pl.DataFrame:
    """The items of each query, whose codes are in the order of the ids."""
    names, of_rows = queries
    codes, items, scores = _core.aggregate_by_query(table.core, (len(names), of_rows), *rule, how)
    starts = np.searchsorted(codes, np.arange(len(names), dtype=np.uint32))
    rank = (np.arange(1, len(codes) + 1) - starts[codes]).astype(np.uint32)
    item = table.items.ids.gather(pl.Series(items)).alias("item")
    return pl.DataFrame([names.gather(pl.Series(codes)), pl.Series("rank", rank), item, _score(scores)])


def _score(scores: NDArray[np.float64]) -> pl.Series:
    return pl.Series("score", np.where(np.isneginf(scores), np.nan, scores), nan_to_null=True)


def kemeny(
    rankings: Any,
    *,
    weights: Mapping[Any, float] | Sequence[float] | None = None,
    unlisted: Unlisted = "last",
    items: IntoIds | None = None,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> KemenyRanking:
    """The ranking with the fewest disagreements, with a proof or a bound.

    Where majorities prefer some items to all others, these come first in any best ranking, so the items fall into
    parts. A part of at most 20 items is ordered exactly; of several best orders the one that comes first by item is
    taken. A larger one is searched, by moves of one item from two good starts, and the bound says how much that may
    have missed.

    Parameters
    ----------
    rankings, weights, items, progress, timeout_s
        As in :func:`aggregate`.
    unlisted
        Items that a ranking leaves out stand behind those that it lists (``"last"``), or it says nothing of them
        (``"ignore"``).

    Returns
    -------
    KemenyRanking

    Raises
    ------
    InvalidArgumentError
        For more than 20,000 items: all pairs are compared.
    ColumnNotFoundError, InvalidDataError, InvalidTypeError, ElementNotFoundError
        As in :func:`aggregate`.

    References
    ----------
    J. Kemeny, "Mathematics without numbers", Daedalus 1959. M. Truchon, "An extension of the Condorcet criterion and
    Kemeny orders", 1998.

    Examples
    --------
    >>> from graphrank.ranking import kemeny
    >>> found = kemeny([["ann", "bob", "cat"], ["cat", "ann", "bob"], ["ann", "cat", "bob"]])
    >>> found
    KemenyRanking(3 items, 2 disagreements, optimal)
    >>> found.to_polars()["item"].to_list()
    ['ann', 'cat', 'bob']
    """
    one_of("unlisted", unlisted, get_args(Unlisted))
    how = run_opts(progress, timeout_s)
    table = read_rankings(rankings, items, weights)
    scores, found = _ask_kemeny(table, unlisted, how)
    return KemenyRanking(table.items.ids.gather(pl.Series(_order(table, scores))).alias("item"), *found)


def _ask_kemeny(
    table: RankingTable, unlisted: str, how: How
) -> tuple[NDArray[np.float64], tuple[float, float, bool, int]]:
    scores, found = _core.aggregate_rankings(table.core, "kemeny", 0.0, "none", unlisted, how)
    assert found is not None
    return scores, found


def _parameter(method: str, trim: float, k: float, damping: float) -> float:
    """The number that the rule takes. One that it does not take is an error if it was changed."""
    given = {"trim": (trim, 0.0, "borda"), "k": (k, _K, "rrf"), "damping": (damping, _DAMPING, "mc4")}
    parameter = 0.0
    for name, (value, default, owner) in given.items():
        number = real_number(name, value)
        if method == owner:
            parameter = number
        elif number != default:
            raise InvalidArgumentError(f"`{name}` is for method={owner!r}, not for {method!r}")
    return parameter


def _order(table: RankingTable, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """The items by falling score, then by id."""
    ids = np.empty(len(scores), dtype=np.uint32)
    ids[sorted_order(table.items.ids)] = np.arange(len(scores), dtype=np.uint32)
    return np.lexsort((ids, -scores))
