"""The picture of a log."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import ColumnNotFoundError, InvalidTypeError
from graphrank.submodular import Coverage, plot_log

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture
def log():
    sets = {element: range(element, 2 * element + 1) for element in range(30)}
    moves = pl.DataFrame({"op": [1] * 30 + [-1] * 15, "element": [*range(30), *range(29, 14, -1)]})
    return gr.DynamicMaximizer(Coverage(sets), 3).apply(moves, every=1)


def test_value_bound_and_share_are_drawn(log):
    ax = plot_log(log)
    bound, value = ax.get_lines()
    np.testing.assert_array_equal(value.get_ydata(), log["value"].to_numpy())
    np.testing.assert_array_equal(bound.get_ydata(), log["upper_bound"].to_numpy())
    right = next(other for other in ax.figure.axes if other is not ax)
    np.testing.assert_array_equal(right.get_lines()[0].get_ydata(), log["ratio"].to_numpy())
    np.testing.assert_array_equal(value.get_xdata(), log["step"].to_numpy())
    assert len(ax.get_legend().get_texts()) == 3
    assert ax.get_ylim()[0] == 0


def test_axes_of_the_caller_are_used(log):
    from matplotlib import pyplot

    ax = pyplot.subplots()[1]
    assert plot_log(log, ax=ax) is ax


def test_other_things_are_refused(log):
    with pytest.raises(ColumnNotFoundError, match="'ratio'"):
        plot_log(log.drop("ratio"))
    with pytest.raises(InvalidTypeError, match="got list"):
        plot_log([1, 2])
