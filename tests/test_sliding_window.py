"""The best of what came last: the window agrees with one that is computed anew each time."""

from __future__ import annotations

import copy
import datetime as dt
import pickle

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank import submodular as sm
from graphrank.exceptions import (
    ElementNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
)

REACH = sm.Coverage({"ann": [1, 2, 3], "bob": [3, 4], "cat": [4, 5], "dan": []})
N = 40


def objective():
    rng = np.random.default_rng(0)
    return sm.Coverage(rng.random((N, 30)) < 0.1)


def arrivals(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, N, n).tolist(), np.cumsum(rng.integers(0, 4, n)).tolist()


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_last_arrivals_are_candidates(size):
    ids, _ = arrivals(300)
    window = gr.SlidingWindow(objective(), 3, size=size)
    for i, id in enumerate(ids, start=1):
        window.insert(id)
        assert set(window.candidates) == set(ids[max(i - size, 0) : i])
        assert window.value >= gr.maximize(objective(), 3, candidates=window.candidates).value / 2.05
    assert window.steps == 300


@pytest.mark.parametrize("every", [1, 7, 10_000])
def test_arrivals_stay_for_a_while(every):
    ids, times = arrivals(300)
    window = gr.SlidingWindow(objective(), 3, every=every)
    for i, (id, now) in enumerate(zip(ids, times, strict=True), start=1):
        window.insert(id, now)
        assert set(window.candidates) == {ids[j] for j in range(i) if now - times[j] < every}
    window.advance(times[-1] + every)
    assert (len(window), window.value) == (0, 0.0)


@pytest.mark.parametrize("options", [{"size": 9}, {"every": 9}])
def test_a_table_is_the_same_as_its_rows(options):
    ids, times = arrivals(200)
    table = pl.DataFrame({"element": ids, "time": times})
    whole, single = gr.SlidingWindow(objective(), 3, **options), gr.SlidingWindow(objective(), 3, **options)
    log = whole.apply(table.lazy(), every=50)
    for id, now in zip(ids, times, strict=True):
        single.insert(id, None if "size" in options else now)
    assert log["step"].to_list() == [50, 100, 150, 200]
    assert log.columns == gr.DynamicMaximizer(objective(), 3).apply(table.head(0).with_columns(op=1)).columns
    assert log.row(-1, named=True)["value"] == single.value
    assert whole.solution()["element"].to_list() == single.solution()["element"].to_list()
    assert whole.candidates.equals(single.candidates)


@pytest.mark.parametrize(
    ("every", "minutes"),
    [("1h", 60), ("90m", 90), ("1h30m", 90), ("1d", 1440), ("1w", 10080), (dt.timedelta(minutes=5), 5)],
)
def test_durations_are_texts_or_timedeltas(every, minutes):
    start = dt.datetime(2024, 5, 1, 12, 0)
    window = gr.SlidingWindow(REACH, 2, every=every)
    window.insert("ann", start)
    window.insert("bob", start + dt.timedelta(minutes=minutes) - dt.timedelta(microseconds=1))
    assert window.candidates.to_list() == ["ann", "bob"]
    window.advance(start + dt.timedelta(minutes=minutes))
    assert window.candidates.to_list() == ["bob"]


def test_moments_of_numpy_are_times():
    window = gr.SlidingWindow(REACH, 2, every="1h")
    for name, minute in (("ann", "00"), ("bob", "30")):
        window.insert(name, np.datetime64(f"2024-05-01T12:{minute}"))
    window.advance(dt.datetime(2024, 5, 1, 13))
    assert window.candidates.to_list() == ["bob"]


def test_dates_are_times():
    visits = pl.DataFrame(
        {"element": ["ann", "bob", "cat"], "time": [dt.date(2024, 5, day) for day in (1, 7, 8)]}
    )
    window = gr.SlidingWindow(REACH, 2, every="7d")
    window.apply(visits)
    assert window.candidates.to_list() == ["bob", "cat"]


def test_an_arrival_in_the_window_stays_longer():
    window = gr.SlidingWindow(REACH, 2, size=3)
    for id in ("ann", "bob", "ann", "cat"):
        window.insert(id)
    assert window.candidates.to_list() == ["ann", "bob", "cat"]
    window.insert("dan")
    assert window.candidates.to_list() == ["ann", "cat", "dan"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "neither"),
        ({"size": 3, "every": "1d"}, "both"),
        ({"size": 0}, "`size`"),
        ({"every": 0}, "`every`"),
        ({"every": "0s"}, "longer than nothing"),
        ({"every": ""}, "longer than nothing"),
        ({"every": "7 days"}, "'7 days'"),
        ({"every": dt.timedelta(0)}, "longer than nothing"),
        ({"size": 3, "eps": 2.0}, "`eps`"),
    ],
)
def test_bad_parameters_are_named(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        gr.SlidingWindow(REACH, 2, **arguments)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda window: window.insert("eve", 9), ElementNotFoundError, "'eve'"),
        (lambda window: window.insert("cat"), InvalidArgumentError, "needs the time"),
        (lambda window: window.insert("cat", 4), InvalidArgumentError, "`time`: time goes back"),
        (lambda window: window.insert("cat", 9.5), InvalidTypeError, "Float64"),
        (
            lambda window: window.apply(pl.DataFrame({"element": ["cat", "dan"], "time": [9, 8]})),
            InvalidDataError,
            "'time', row 1: time goes back; sort",
        ),
        (
            lambda window: window.apply(pl.DataFrame({"element": ["cat", "dan"], "time": [9, None]})),
            InvalidDataError,
            "'time' is null in row 1",
        ),
        (
            lambda window: window.apply(pl.DataFrame({"element": ["cat", "dan"], "time": [4, 9]})),
            InvalidArgumentError,
            "'time', row 0: time goes back",
        ),
        (
            lambda window: window.apply(pl.DataFrame({"element": ["cat", "eve"], "time": [8, 9]})),
            ElementNotFoundError,
            "row 1: 'eve'",
        ),
    ],
)
def test_what_cannot_arrive_is_named_and_changes_nothing(change, kind, message):
    window = gr.SlidingWindow(REACH, 2, every=10)
    window.insert("ann", 5)
    with pytest.raises(kind, match=message):
        change(window)
    assert (window.candidates.to_list(), window.steps) == (["ann"], 1)


def test_a_window_of_a_size_has_no_times():
    window = gr.SlidingWindow(REACH, 2, size=2)
    with pytest.raises(InvalidArgumentError, match="has no times"):
        window.insert("ann", 5)
    with pytest.raises(InvalidArgumentError, match="has no times"):
        window.advance(5)


def test_a_function_that_raises_leaves_the_window_as_it_was():
    broken = []

    def worth(chosen):
        if broken:
            raise ZeroDivisionError
        return float(len(chosen))

    window = gr.SlidingWindow(sm.Callable(range(9), worth), 2, size=2)
    window.insert(0)
    window.insert(1)
    broken.append(True)
    with pytest.raises(ZeroDivisionError):
        window.insert(2)
    assert (window.candidates.to_list(), window.steps) == ([0, 1], 2)
    broken.clear()
    window.insert(3)
    assert window.candidates.to_list() == [1, 3]


def test_a_window_that_is_copied_goes_on_alone():
    ids, _ = arrivals(100)
    window = gr.SlidingWindow(objective(), 3, size=9)
    for id in ids[:50]:
        window.insert(id)
    for again in (copy.deepcopy(window), pickle.loads(pickle.dumps(window))):  # noqa: S301
        before = window.candidates.to_list()
        wanted = copy.copy(window)
        for id in ids[50:]:
            again.insert(id)
            wanted.insert(id)
        assert again.solution()["element"].to_list() == wanted.solution()["element"].to_list()
        assert again.candidates.equals(wanted.candidates)
        assert window.candidates.to_list() == before
