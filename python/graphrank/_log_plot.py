"""Value, bound and certificate over time: the picture of a log of :meth:`graphrank.DynamicMaximizer.apply`."""

from __future__ import annotations

from typing import Any

import polars as pl

from graphrank._optional import import_optional
from graphrank.exceptions import ColumnNotFoundError, InvalidTypeError

__all__ = ["plot_log"]

_NEEDED = ("step", "value", "upper_bound", "ratio")


def plot_log(log: pl.DataFrame, *, ax: Any = None) -> Any:
    """Draw what a solution was worth over time, what no other is worth more than, and the share that is certain.

    Needs matplotlib.

    Parameters
    ----------
    log
        What :meth:`graphrank.DynamicMaximizer.apply` returned, or several of them, one below the other.
    ax
        Axes to draw on; None makes new ones. The share is drawn on a second axis to the right.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of value and bound.

    Raises
    ------
    ColumnNotFoundError
        If a column of a log is missing.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import graphrank as gr
    >>> import polars as pl
    >>> from graphrank.submodular import Coverage, plot_log
    >>> best = gr.DynamicMaximizer(Coverage({"ann": [1, 2, 3], "bob": [3, 4]}), 1)
    >>> log = best.apply(pl.DataFrame({"op": [1, 1, -1], "element": ["ann", "bob", "ann"]}), every=1)
    >>> plot_log(log).get_xlabel()
    'operations'
    """
    if not isinstance(log, pl.DataFrame):
        raise InvalidTypeError(
            f"`log` must be the frame that DynamicMaximizer.apply returned, got {type(log).__name__}"
        )
    missing = [name for name in _NEEDED if name not in log.columns]
    if missing:
        raise ColumnNotFoundError(
            f"`log` has no column {missing[0]!r}; DynamicMaximizer.apply returns one that has"
        )
    is_own = ax is None
    if is_own:
        ax = import_optional("matplotlib.pyplot", "plot_log").subplots(figsize=(6.4, 3.6))[1]
    steps, value, bound = log["step"], log["value"], log["upper_bound"]
    ax.fill_between(steps, value, bound, color="C0", alpha=0.15, linewidth=0)
    ax.plot(steps, bound, color="C0", linewidth=0.8, linestyle="--", label="no solution is worth more")
    ax.plot(steps, value, color="C0", label="value")
    ax.set(xlabel="operations", ylabel="value", ylim=(0, None))
    share = ax.twinx()
    share.plot(steps, log["ratio"], color="C1", linewidth=0.8, label="share of the best, at least (right)")
    share.set(ylim=(0, 1.02))
    lines = [*ax.get_lines(), *share.get_lines()]
    ax.legend(lines, [line.get_label() for line in lines], fontsize="small", loc="lower right")
    if is_own:
        ax.figure.tight_layout()
    return ax
