"""Selecting once, and functions of Python as objectives."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

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
    TimedOutError,
)

REACH = sm.Coverage({"ann": [1, 2, 3], "bob": [3, 4], "cat": [4, 5], "dan": []})


def random_coverage(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    return sm.Coverage(
        pl.DataFrame({"element": rng.integers(0, n, 5 * n), "item": (rng.random(5 * n) ** 3 * n).astype(int)})
    )


def test_a_selection_is_a_collection_with_a_table():
    found = gr.maximize(REACH, 2)
    assert (len(found), list(found), "cat" in found, "bob" in found) == (2, ["ann", "cat"], True, False)
    assert found.to_polars().schema == {"rank": pl.UInt32, "element": pl.String, "gain": pl.Float64}
    assert (found.value, found.certified_ratio) == (5.0, found.value / found.upper_bound)
    assert found.oracle_calls >= 4
    assert "Selection(2 elements, value 5" in found._repr_html_()


def test_fewer_are_selected_where_no_other_adds_anything():
    assert list(gr.maximize(REACH, 10)) == ["ann", "cat"]
    nothing = gr.maximize(REACH, 10, candidates=["dan"])
    assert repr(nothing) == "Selection(0 elements, value 0, at least 100.0% of the best)"


def test_only_candidates_are_selected():
    assert list(gr.maximize(REACH, 2, candidates=["bob", "dan", "cat"])) == ["bob", "cat"]
    assert list(gr.maximize(REACH, 2, candidates=[])) == []


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"k": 0}, InvalidArgumentError, "`k`"),
        ({"k": 1.5}, InvalidTypeError, "`k`"),
        ({"method": "eager"}, InvalidArgumentError, "'lazy', 'stochastic', 'threshold'"),
        ({"eps": 1.0}, InvalidArgumentError, "`eps`"),
        ({"seed": -1}, InvalidArgumentError, "`seed`"),
        ({"candidates": ["ann", "eve"]}, ElementNotFoundError, "'eve' is not an element"),
        ({"candidates": ["ann", "bob", "ann"]}, InvalidDataError, "position 2: 'ann' comes twice"),
        ({"objective": len}, InvalidTypeError, "wrap a function in Callable"),
    ],
)
def test_bad_arguments_are_named(arguments, kind, message):
    with pytest.raises(kind, match=message):
        gr.maximize(**({"objective": REACH, "k": 2} | arguments))


@pytest.mark.parametrize("method", ["lazy", "stochastic", "threshold"])
def test_threads_do_not_change_a_selection(method):
    objective = random_coverage()
    answers = []
    for n in (1, 4):
        gr.set_num_threads(n)
        answers.append(gr.maximize(objective, 60, method=method, seed=3).to_polars())
    gr.set_num_threads(None)
    assert answers[0].equals(answers[1])


def test_other_methods_ask_less_and_lose_little():
    objective = random_coverage()
    lazy = gr.maximize(objective, 60)
    sampled = gr.maximize(objective, 60, method="stochastic", eps=0.2)
    assert 0.8 * lazy.value < sampled.value <= lazy.upper_bound
    assert sampled.value != gr.maximize(objective, 60, method="stochastic", eps=0.2, seed=9).value


# --- functions of Python -----------------------------------------------------------------------------------------

SETS = {"a": {1, 2, 3}, "b": {3, 4}, "c": {5}}


def worth(chosen):
    return len(set().union(*(SETS[id] for id in chosen)))


def test_a_function_gets_lists_of_ids():
    seen = []

    def gains(chosen, candidates):
        seen.append((chosen, candidates))
        return [worth([*chosen, id]) - worth(chosen) for id in candidates]

    assert list(gr.maximize(sm.Callable(list(SETS), gains=gains), 2)) == ["a", "b"]
    assert seen[0] == ([], ["a", "b", "c"])
    assert all(type(part) is list for call in seen for part in call)


def test_what_the_empty_set_is_worth_is_subtracted():
    assert gr.maximize(sm.Callable(list(SETS), lambda chosen: 10 + worth(chosen)), 1).value == 3


def test_what_a_function_raises_is_raised_with_a_note():
    def broken(chosen):
        if len(chosen) == 2:
            raise ZeroDivisionError("two")
        return worth(chosen)

    with pytest.raises(ZeroDivisionError, match="two") as caught:
        gr.maximize(sm.Callable(list(SETS), broken), 2)
    assert caught.value.__notes__ == ["(asked by graphrank, for a set of 2 elements)"]


@pytest.mark.parametrize(
    ("gains", "kind", "message"),
    [
        (lambda *_: [1.0], InvalidDataError, r"a number per candidate: 3, got .* \(1,\)"),
        (lambda _, candidates: ["x"] * len(candidates), InvalidTypeError, "a number per candidate"),
        (lambda _, candidates: [float("nan")] * len(candidates), InvalidArgumentError, "'a'"),
        (
            lambda _, candidates: [-1.0] * len(candidates),
            InvalidArgumentError,
            "not monotone: element 'a'",
        ),
        (
            lambda chosen, candidates: [1.0 + len(chosen)] * len(candidates),
            InvalidArgumentError,
            "not submodular: element '[bc]' adds 2 to 1 others and 1 to 0 of them",
        ),
    ],
)
def test_a_function_that_is_not_what_it_must_be_is_named(gains, kind, message):
    with pytest.raises(kind, match=message):
        gr.maximize(sm.Callable(list(SETS), gains=gains), 3)


def test_violations_are_counted_if_asked_for():
    objective = sm.Callable(
        list(SETS),
        gains=lambda chosen, candidates: [1.0 + len(chosen)] * len(candidates),
        on_violation="count",
    )
    gr.maximize(objective, 3)
    assert objective.violations["submodular"] > 0
    assert objective.violations["monotone"] == 0


def test_a_slow_function_keeps_to_the_time_limit():
    def slow(chosen):
        time.sleep(0.02)
        return worth(chosen)

    objective = sm.Callable(range(1000), lambda chosen: len(chosen) if time.sleep(0.01) is None else 0)
    start = time.monotonic()
    with pytest.raises(TimedOutError):
        gr.maximize(objective, 5, timeout_s=0.2)
    assert time.monotonic() - start < 2
    assert gr.maximize(sm.Callable(list(SETS), slow), 1, timeout_s=60).value == 3


def test_a_function_may_select_on_its_own():
    def nested(chosen):
        return gr.maximize(REACH, 1).value * len(chosen)

    assert gr.maximize(sm.Callable(["x", "y"], nested), 2).value == 6


def test_functions_run_in_several_threads_at_once():
    answers = []
    objective = sm.Callable(list(SETS), worth)
    threads = [
        threading.Thread(target=lambda: answers.append(gr.maximize(objective, 2).value)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [4.0] * 4


def test_progress_is_reported_while_a_function_is_asked():
    reports = []
    objective = sm.Callable(range(300), lambda chosen: len(chosen) if time.sleep(0.001) is None else 0)
    gr.maximize(objective, 1, progress=lambda *report: reports.append(report))
    assert len(reports) > 1
    assert reports[-1][2] == "selecting"


def test_ctrl_c_ends_a_function_that_sleeps_in_small_steps():
    code = (
        "import signal, threading, time, os, graphrank as gr; from graphrank import submodular as sm\n"
        "o = sm.Callable(range(100000), gains=lambda s, c: [1.0 if time.sleep(0.001) is None else 0 for _ in c])\n"
        "threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "start = time.monotonic()\n"
        "try:\n    gr.maximize(o, 10)\n"
        "except KeyboardInterrupt:\n    print('stopped', time.monotonic() - start < 1.3)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "stopped True", done.stderr
