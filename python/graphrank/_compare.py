"""Whether one run is better than another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._evaluate import DEFAULT_METRICS, Choices, interval_params
from graphrank._judged import read_judgements, read_ranked
from graphrank._measures import read_measures
from graphrank._optional import import_optional
from graphrank._run import run_opts, time_left
from graphrank._typing import Empty, Gain, PairedTest, Progress, Table, Ties
from graphrank._validate import one_of
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["compare"]


def compare(
    qrels: Table,
    runs: Mapping[str, Table],
    metrics: Sequence[str] = DEFAULT_METRICS,
    *,
    baseline: str | None = None,
    test: PairedTest = "t",
    gain: Gain = "linear",
    ties: Ties = "stable",
    empty: Empty = 0,
    missing: Literal[0, "skip"] = 0,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> pl.DataFrame:
    """Whether runs differ by more than luck with the queries.

    Each pair of runs (or each run and ``baseline``) is compared query by query. p is the chance of a mean difference
    at least as large if it were chance which of the two did better; ``p_holm`` is p after the correction of Holm (1979)
    for all pairs that are compared by the same measure: the chance that any of the differences it calls real is none.

    Parameters
    ----------
    qrels
        Judgements, as in :func:`evaluate`.
    runs
        ``{name: run}``, at least two.
    metrics
        Names of measures, as in :func:`evaluate`.
    baseline
        The run that all others are compared with; None compares every pair.
    test
        ``"t"``: Student's t test of the differences. ``"randomisation"``, also ``"randomization"``: signs of the
        differences drawn at random, or all of them where those are no more than ``resamples``. ``"wilcoxon"``:
        SciPy's signed-rank test.
    gain, ties, empty, missing
        As in :func:`evaluate`. A query that does not count for one of two runs does not count for their comparison.
    confidence, resamples, seed
        Of the interval of the difference, and of random signs.
    progress, timeout_s
        As for every long call: a bar or a callable, and the most seconds it may take.

    Returns
    -------
    polars.DataFrame
        Columns ``metric``, ``first``, ``second``, ``difference`` (of the means, first less second), ``low``, ``high``,
        ``p``, ``p_holm``. :func:`evaluate` gives the means.

    Raises
    ------
    InvalidArgumentError
        For less than two runs, a ``baseline`` that is none of them, and less than two queries that count.
    MissingDependencyError
        For ``"wilcoxon"`` without SciPy.
    ColumnNotFoundError, InvalidTypeError, InvalidDataError
        As in :func:`evaluate`.

    References
    ----------
    M. Smucker, J. Allan and B. Carterette, "A comparison of statistical significance tests for information retrieval
    evaluation", CIKM 2007.

    Examples
    --------
    >>> import polars as pl
    >>> from graphrank.metrics import compare
    >>> qrels = pl.DataFrame({"query": range(8), "item": range(8), "label": [1] * 8})
    >>> good = pl.DataFrame({"query": range(8), "item": range(8), "score": [1.0] * 8})
    >>> lost = pl.DataFrame({"query": range(8), "item": [0, 1, 2, 9, 9, 9, 9, 9], "score": [1.0] * 8})
    >>> found = compare(qrels, {"good": good, "lost": lost}, ["mrr"], test="randomisation")
    >>> found.select("first", "second", "difference", "p").row(0)
    ('good', 'lost', 0.625, 0.0625)
    """
    measures = read_measures(metrics)
    choices = Choices(gain, ties, empty, missing)
    one_of("test", test, ("t", "randomisation", "randomization", "wilcoxon"))
    params = interval_params(confidence, resamples, seed)
    pairs = _pairs(runs, baseline)
    how = time_left(run_opts(progress, timeout_s))
    judged = read_judgements(qrels)
    values = {
        name: choices.measure(judged, read_ranked(run, ties, name), measures, how(), name).values
        for name, run in runs.items()
    }
    rows: list[tuple[Any, ...]] = []
    for column, measure in enumerate(measures):
        found = []
        for first, second in pairs:
            a, b = (np.ascontiguousarray(values[name][:, column]) for name in (first, second))
            word = {"wilcoxon": "t", "randomization": "randomisation"}.get(test, test)
            difference, low, high, p, _ = _core.compare_paired(a, b, word, *params, how())
            if test == "wilcoxon":
                p = _wilcoxon(a - b)
            found.append((measure.text, first, second, difference, low, high, p))
        holm = _holm(np.array([row[-1] for row in found]))
        rows += [(*row, float(p)) for row, p in zip(found, holm, strict=True)]
    text, number = pl.String(), pl.Float64()
    names = ("difference", "low", "high", "p", "p_holm")
    schema = {"metric": text, "first": text, "second": text, **dict.fromkeys(names, number)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _pairs(runs: Any, baseline: str | None) -> list[tuple[str, str]]:
    if not isinstance(runs, Mapping) or not all(isinstance(name, str) for name in runs):
        raise InvalidTypeError(f"`runs` must be a dict {{name: run}}, got {type(runs).__name__}")
    if len(runs) < 2:
        raise InvalidArgumentError(
            f"`runs` must hold at least 2 runs to compare, got {len(runs)}; `evaluate` judges one"
        )
    if baseline is None:
        return list(combinations(runs, 2))
    one_of("baseline", baseline, tuple(runs))
    return [(name, baseline) for name in runs if name != baseline]


def _wilcoxon(differences: NDArray[np.float64]) -> float:
    stats = import_optional("scipy.stats", 'test="wilcoxon"')
    counted = differences[~np.isnan(differences)]
    return float(stats.wilcoxon(counted).pvalue) if counted.any() else 1.0


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The smallest p times their number, the next times one less, and so on; never falling, at most 1."""
    order = np.argsort(p, kind="stable")
    scaled = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(scaled, 1.0)
    return adjusted
