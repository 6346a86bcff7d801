"""How alike two rankings are."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._edge_table import as_frame, check_id_dtype, one_dtype
from graphrank._forked import refuse_without_pool
from graphrank._ids import as_id_column
from graphrank._ordered_floats import ordered_floats
from graphrank._ranking_forms import is_scores, score_column
from graphrank._run import QUIET
from graphrank._string_ids import code_by_hash
from graphrank._typing import Correlation
from graphrank._validate import one_of, real_number, true_or_false
from graphrank.exceptions import (
    ColumnNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
)

__all__ = ["correlation"]

Ranks = NDArray[np.float64]


def correlation(
    a: Any, b: Any, method: Correlation = "kendall", *, p: float = 0.9, normalise: bool = True
) -> float:
    """How alike two rankings are.

    ====================  ==================================================================================  =======
    method                what                                                                                range
    ====================  ==================================================================================  =======
    ``kendall``           tau-b: pairs in the same order less pairs in the other, over pairs not tied         -1 .. 1
    ``weighted-kendall``  the same of pairs that weigh 1 / place of both items: the top counts most           -1 .. 1
    ``spearman``          rho: the correlation of ranks                                                       -1 .. 1
    ``footrule``          a distance: differences of ranks, summed, over the largest sum there can be         0 .. 1
    ``rbo``               rank-biased overlap: of lists that may hold different items, the top counting most  0 .. 1
    ====================  ==================================================================================  =======

    Parameters
    ----------
    a, b
        Two rankings: lists of items, the best first; dicts ``{item: score}``; or frames with the columns ``item`` and
        ``rank`` (less is better) or ``score`` (more is better), of which ``rank`` counts where there are both. Equal
        ranks or scores are ties.
    method
        All but ``rbo`` are of rankings of the same items.
    p
        For ``rbo``: the chance that a reader goes on to the next place; .9 puts 86 % of the weight on the first ten.
    normalise
        For ``footrule``: False gives the sum itself.

    Returns
    -------
    float
        NaN for ``kendall``, ``weighted-kendall`` and ``spearman`` if one of the rankings ties all items.

    Raises
    ------
    InvalidDataError
        If the rankings hold different items (but for ``rbo``), one item twice, nulls or NaN.
    InvalidArgumentError, InvalidTypeError, ColumnNotFoundError
        For arguments that cannot be used.

    Notes
    -----
    A list is an order of items, never a vector of scores as :func:`scipy.stats.kendalltau` takes it. Of two vectors
    ``x`` and ``y`` of scores of the same things ``correlation(dict(enumerate(x)), dict(enumerate(y)))`` is SciPy's
    number.

    ``weighted-kendall`` is the mean of two values: with the places of ``a``, among its ties those of ``b``, and the
    other way round. It is what :func:`scipy.stats.weightedtau` makes of scores.

    ``rbo`` is extrapolated: what lies below the lists is taken to agree as the lists do (equation 32 of Webber, Moffat
    and Zobel). Tied items count as the mean over all their orders (RBO^a of Corsi and Urbano).

    References
    ----------
    W. Knight, "A computer method for calculating Kendall's tau with ungrouped data", JASA 1966. S. Vigna, "A
    weighted correlation index for rankings with ties", WWW 2015. P. Diaconis and R. Graham, "Spearman's footrule as a
    measure of disarray", 1977. W. Webber, A. Moffat and J. Zobel, "A similarity measure for indefinite rankings", TOIS
    2010. M. Corsi and J. Urbano, "The treatment of ties in rank-biased overlap", SIGIR 2024.

    Examples
    --------
    >>> from graphrank.ranking import correlation
    >>> correlation(["ann", "bob", "cat", "dan"], ["bob", "ann", "cat", "dan"])
    0.6666666666666666
    >>> round(correlation(["ann", "bob", "cat", "dan"], ["bob", "ann", "cat", "dan"], "weighted-kendall"), 3)
    0.52
    >>> correlation({"ann": 9.5, "bob": 7.0, "cat": 7.0}, {"ann": 3, "bob": 2, "cat": 1})
    0.8164965809277261
    >>> correlation(["ann", "bob"], ["bob", "ann"], "footrule")
    1.0
    >>> round(correlation(["ann", "bob", "cat"], ["ann", "dan"], "rbo", p=0.5), 3)
    0.75
    """
    one_of("method", method, get_args(Correlation))
    true_or_false("normalise", normalise)
    persistence = real_number("p", p)
    if not 0 < persistence < 1:
        raise InvalidArgumentError(f"`p` must be between 0 and 1, got {p!r}")
    x, y = _places(a, b, is_same=method != "rbo")
    value = _core.rank_correlation(x, y, method, persistence)
    if method == "footrule" and normalise:
        return value / max(len(x) ** 2 // 2, 1)
    return value


def _places(a: Any, b: Any, *, is_same: bool) -> tuple[Ranks, Ranks]:
    """The rank of each item in both; NaN where it is missing."""
    item_a, rank_a = _ranking(a, "a")
    item_b, rank_b = _ranking(b, "b")
    ids, codes_a, codes_b = code_by_hash(*one_dtype(item_a, item_b), QUIET)
    places = []
    for name, codes, ranks in (("a", codes_a, rank_a), ("b", codes_b, rank_b)):
        place = np.full(len(ids), np.nan)
        place[codes] = ranks
        counts = np.bincount(codes, minlength=len(ids))
        if counts.max() > 1:
            raise InvalidDataError(f"`{name}` ranks item {ids[int(counts.argmax())]!r} twice")
        if is_same and not counts.all():
            raise InvalidDataError(
                f"`{name}` does not rank item {ids[int(counts.argmin())]!r}; rankings of different items are compared "
                "by method='rbo'"
            )
        places.append(place)
    return places[0], places[1]


def _ranking(given: Any, name: str) -> tuple[pl.Series, Ranks]:
    if isinstance(given, (pl.Series, list, tuple, np.ndarray)):
        item = as_id_column(list(given) if isinstance(given, tuple) else given, name).alias("item")
        ranks = np.arange(len(item), dtype=np.float64)
    elif is_scores(given):
        item = as_id_column(list(given), name).alias("item")
        ranks = _numbers(score_column(given.values()), name, item)
    else:
        item, ranks = _from_frame(given, name)
    if not len(item):
        raise InvalidDataError(f"`{name}` ranks nothing")
    if item.null_count():
        raise InvalidDataError(
            f"`{name}` has a null in row {item.is_null().arg_true()[0]}; ids cannot be null"
        )
    check_id_dtype(item)
    return item, ranks


def _from_frame(given: Any, name: str) -> tuple[pl.Series, Ranks]:
    if isinstance(given, Mapping) and "item" not in given:
        item, score = next((item, score) for item, score in given.items() if not isinstance(score, Real))
        raise InvalidTypeError(
            f"`{name}` as a dict is {{item: score}}, with numbers, or has the columns 'item' and 'rank' or 'score'; "
            f"{item!r} has {score!r}"
        )
    frame = as_frame(given, name)
    names = frame.collect_schema().names()
    value = next((column for column in ("rank", "score") if column in names), None)
    if "item" not in names or value is None:
        listed = ", ".join(map(repr, names)) or "none"
        raise ColumnNotFoundError(
            f"`{name}` must have the columns 'item' and 'rank' or 'score'; it has {listed}"
        )
    if isinstance(frame, pl.LazyFrame):
        refuse_without_pool("computing a LazyFrame")
        frame = frame.select("item", value).collect(engine="streaming")
    return frame["item"], _numbers(frame[value], name)


def _numbers(column: pl.Series, name: str, items: pl.Series | None = None) -> Ranks:
    """Numbers of which the least is best; ``items`` says whose they are, where there are no rows."""
    if not column.dtype.is_numeric():
        raise InvalidTypeError(
            f"`{name}`: column {column.name!r} is {column.dtype}; {column.name}s must be numbers"
        )
    numbers = column.cast(pl.Float64)
    bad = (numbers.is_null() | numbers.is_nan()).arg_true()
    if len(bad):
        where = f"in row {bad[0]}" if items is None else f"for item {items[bad[0]]!r}"
        whose = f"column {column.name!r}" if items is None else "the score"
        raise InvalidDataError(f"`{name}`: {whose} is {column[bad[0]]} {where}; it must be a number")
    values = ordered_floats(column)
    return values if column.name == "rank" else -values
