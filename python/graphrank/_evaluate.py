"""Measures of a run, as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._judged import Found, Judgements, RunTable, measure_run, read_judgements, read_ranked
from graphrank._measures import Measure, read_measures
from graphrank._run import run_opts, time_left
from graphrank._typing import Empty, Gain, How, Progress, Table, Ties
from graphrank._validate import one_of, positive_int, real_number, seed_number, true_or_false
from graphrank.exceptions import InvalidArgumentError

__all__ = ["DEFAULT_METRICS", "Choices", "evaluate", "interval_params"]

DEFAULT_METRICS = ("ndcg@10", "map", "mrr", "recall@100", "precision@10")


def evaluate(
    qrels: Table,
    run: Table,
    metrics: Sequence[str] = DEFAULT_METRICS,
    *,
    gain: Gain = "linear",
    ties: Ties = "stable",
    empty: Empty = 0,
    missing: Literal[0, "skip"] = 0,
    per_query: bool = False,
    confidence: float | None = None,
    resamples: int = 1_000,
    seed: int = 0,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> pl.DataFrame:
    r"""How good a run is, as judged.

    ==================  ===========================================================================================
    measure             of a query with n items retrieved, R relevant ones, h of them in the first k
    ==================  ===========================================================================================
    ``precision``       h / k; h / n without k. Also ``p``
    ``recall``          h / R. Also ``r``
    ``rprec``           precision in the first R places. Also ``r_precision``
    ``f1``              2 h / (k + R), the harmonic mean of the two
    ``hit``             1 if h > 0, else 0. Also ``success``
    ``mrr``             1 / place of the first relevant item, 0 if it is not in the first k. Also ``rr``
    ``map``             the precision at the place of each relevant item in the first k, summed, over R. Also ``ap``
    ``ndcg``            sum of gain / log2(place + 1), over the same sum of the best order
    ``err``             the mean of 1 / place where a reader stops, who stops at each item with chance
                        (2^label - 1) / 2^max; ``err(max=4)``, by default the largest label there is
    ``rbp``             (1 - p) times the sum of p^(place - 1) over relevant items; ``rbp(p=0.8)``
    ``bpref``           over relevant items, the share of judged irrelevant ones (at most R) that they stand above
    ``judged``          the share of the first k items, or of all if there are fewer or no k, that are judged
    ==================  ===========================================================================================

    ``@k`` after a name, as in ``ndcg@10``, lets only the first k places count; ``ndcg_cut_10``, ``P_10``,
    ``recip_rank`` and other names of trec_eval, ranx and ir-measures are known as well. A label above 0 is relevant,
    unless ``rel=`` asks for more: ``map(rel=2)@100``. Items that are not judged are not relevant.

    Parameters
    ----------
    qrels
        Judgements: a frame with the columns ``query``, ``item`` and ``label``, or a dict ``{query: {item: label}}``.
    run
        Rankings: a frame with the columns ``query``, ``item`` and ``score`` (more is better) or ``rank`` (less is
        better), or a dict ``{query: {item: score}}``. With both, scores count, and ranks among equal scores if
        ``ties="stable"``.
    metrics
        Names of measures.
    gain
        What a label is worth to ``ndcg``: itself, or with ``"exp"`` 2^label - 1. ``ndcg(gain=exp)`` says it of one.
    ties
        The order of equal scores. ``"stable"``: as the rows come. ``"trec"``: the last item id first, compared as text,
        scores rounded to 32 bits, as ``trec_eval`` does. ``"expected"``: left open; the value is the mean over all
        orders.
    empty
        The value of a query without relevant items: 0 (``trec_eval``), 1 (LightGBM), or ``"skip"`` it. Not for
        ``judged``.
    missing
        The value of a judged query that ``run`` does not have: 0 (``trec_eval -c``), or ``"skip"`` it (``trec_eval``).
        Queries that nobody judged never count.
    per_query
        A row for each query and measure instead of means.
    confidence
        Adds the bounds ``low`` and ``high`` of each mean: percentiles of the means of queries that are drawn again.
        For instance 0.95. Of one query they are null: it says nothing of others.
    resamples, seed
        Of those draws.
    progress, timeout_s
        As for every long call: a bar or a callable, and the most seconds it may take.

    Returns
    -------
    polars.DataFrame
        Columns ``metric`` and ``value``, in the order of ``metrics``, and ``low`` and ``high`` if asked for; or
        ``query``, ``metric`` and ``value``, queries in the order of ``qrels``. A mean over no query is null, and so are
        bounds over less than two.

    Raises
    ------
    InvalidArgumentError
        For an unknown measure and arguments out of range.
    ColumnNotFoundError, InvalidTypeError
        If a column is missing or of a type that cannot be used.
    InvalidDataError
        For nulls, NaN, an item that comes twice for a query, and tables that have no query in common.

    Warns
    -----
    UserWarning
        If no item of ``run`` is judged for its query, which mostly means ids of two kinds.

    Notes
    -----
    The same input gives the same bits on any number of threads, intervals included.

    References
    ----------
    K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002. O. Chapelle et al.,
    "Expected reciprocal rank for graded relevance", CIKM 2009. A. Moffat and J. Zobel, "Rank-biased precision for
    measurement of retrieval effectiveness", TOIS 2008. C. Buckley and E. Voorhees, "Retrieval evaluation with
    incomplete information", SIGIR 2004. F. McSherry and M. Najork, "Computing information retrieval performance
    measures efficiently in the presence of tied scores", ECIR 2008.

    Examples
    --------
    >>> import graphrank as gr
    >>> import polars as pl
    >>> qrels = pl.DataFrame({"query": ["q", "q", "r"], "item": ["a", "b", "c"], "label": [2, 1, 1]})
    >>> run = pl.DataFrame(
    ...     {"query": ["q", "q", "r", "r"], "item": ["b", "a", "x", "c"], "score": [0.9, 0.8, 0.7, 0.2]}
    ... )
    >>> gr.evaluate(qrels, run, ["ndcg@10", "mrr", "precision@1"])
    shape: (3, 2)
    ┌─────────────┬──────────┐
    │ metric      ┆ value    │
    │ ---         ┆ ---      │
    │ str         ┆ f64      │
    ╞═════════════╪══════════╡
    │ ndcg@10     ┆ 0.745324 │
    │ mrr         ┆ 0.75     │
    │ precision@1 ┆ 0.5      │
    └─────────────┴──────────┘
    >>> gr.evaluate(qrels, run, ["mrr"], per_query=True).rows()
    [('q', 'mrr', 1.0), ('r', 'mrr', 0.5)]
    """
    measures = read_measures(metrics)
    choices = Choices(gain, ties, empty, missing)
    params = None if confidence is None else interval_params(confidence, resamples, seed)
    if true_or_false("per_query", per_query) and params is not None:
        raise InvalidArgumentError("`confidence` is of means; it cannot be had with `per_query`")
    how = time_left(run_opts(progress, timeout_s))
    found = choices.measure(read_judgements(qrels), read_ranked(run, ties), measures, how())
    if per_query:
        return _per_query(found, measures)
    return _means(found, measures, params, how())


class Choices:
    """What is a matter of convention.

    Parameters
    ----------
    gain, ties, empty, missing
        As in :func:`evaluate`.
    """

    def __init__(self, gain: Gain, ties: Ties, empty: Empty, missing: Literal[0, "skip"]) -> None:
        self.gain: Gain = "exp" if one_of("gain", gain, ("linear", "exp")) == "exp" else "linear"
        self.is_expected = one_of("ties", ties, ("stable", "trec", "expected")) == "expected"
        self.empty = _zero_or("empty", empty, (0, 1, "skip"))
        self.skips_missing = _zero_or("missing", missing, (0, "skip")) == "skip"

    def measure(
        self, judged: Judgements, run: RunTable, measures: list[Measure], how: How, what: str = "run"
    ) -> Found:
        """The value of each measure for each judged query."""
        return measure_run(
            judged,
            run,
            [measure.to_core(self.gain, judged.most) for measure in measures],
            is_expected=self.is_expected,
            empty=self.empty,
            skips_missing=self.skips_missing,
            how=how,
            what=what,
        )


def _zero_or(name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    if isinstance(value, (int, str)) and not isinstance(value, bool) and value in allowed:
        return value
    words = ", ".join(map(repr, allowed[:-1]))
    raise InvalidArgumentError(f"`{name}` must be {words} or {allowed[-1]!r}, got {value!r}")


def interval_params(confidence: Any, resamples: Any, seed: Any) -> tuple[float, int, int]:
    """The arguments of intervals, checked."""
    share = real_number("confidence", confidence)
    if not 0 < share < 1:
        raise InvalidArgumentError(f"`confidence` must be between 0 and 1, got {confidence!r}")
    number = positive_int("resamples", resamples)
    if number > 10_000_000:
        raise InvalidArgumentError(f"`resamples` must be at most 10,000,000, got {number}")
    return share, number, seed_number("seed", seed)


def _per_query(found: Found, measures: list[Measure]) -> pl.DataFrame:
    n = len(found.queries)
    counts = ~np.isnan(found.values.ravel())
    query = found.queries.gather(pl.Series(np.repeat(np.arange(n), len(measures))[counts]))
    metric = pl.Series([measure.text for measure in measures])
    metric = metric.gather(pl.Series(np.tile(np.arange(len(measures)), n)[counts]))
    value = pl.Series("value", found.values.ravel()[counts])
    return pl.DataFrame([query.alias("query"), metric.alias("metric"), value])


def _means(
    found: Found, measures: list[Measure], params: tuple[float, int, int] | None, how: How
) -> pl.DataFrame:
    metric = pl.Series("metric", [measure.text for measure in measures])
    confidence, resamples, seed = params or (0.5, 1, 0)
    columns = _core.mean_intervals(found.values.ravel(), len(measures), confidence, resamples, seed, how)
    names = ("value", "low", "high") if params else ("value",)
    return pl.DataFrame([metric, *(_column(name, of) for name, of in zip(names, columns, strict=False))])


def _column(name: str, values: NDArray[np.float64]) -> pl.Series:
    return pl.Series(name, values, nan_to_null=True)
