"""A maximizer that is stopped, asked from many threads, or made of a function that raises."""

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
from graphrank.exceptions import InvalidArgumentError, TimedOutError


def random_coverage(n=400, seed=0):
    rng = np.random.default_rng(seed)
    items = (rng.random(5 * n) ** 3 * n).astype(int)
    return sm.Coverage(pl.DataFrame({"element": rng.integers(0, n, 5 * n), "item": items}), elements=range(n))


def random_operations(n, length, seed=0):
    """A stream in which candidates come and go, so that half of the elements are candidates in the end."""
    rng, live, rows = np.random.default_rng(seed), set(), []
    for element in rng.integers(0, n, length).tolist():
        rows.append((-1 if element in live else 1, element))
        live ^= {element}
    return pl.DataFrame(rows, schema={"op": pl.Int64, "element": pl.Int64}, orient="row")


def state(best):
    found = best.solution()
    return best.candidates.to_list(), found.rows(), best.value, best.upper_bound, best.steps


SETS = {"a": {1, 2, 3}, "b": {3, 4}, "c": {5}, "d": {1}}


class Worth:
    """A function that raises when it is told to."""

    def __init__(self):
        self.broken = False

    def __call__(self, chosen):
        if self.broken:
            raise ZeroDivisionError("told to")
        return len(set().union(*(SETS[id] for id in chosen)))


@pytest.mark.parametrize("strategy", ["robust", "polylog", "sieve", "greedy"])
def test_a_function_that_raises_leaves_the_last_whole_update(strategy):
    worth = Worth()
    best = gr.DynamicMaximizer(sm.Callable(list(SETS), worth), 2, strategy=strategy)
    best.extend(["a", "b"])
    before = state(best)
    worth.broken = True
    for change in (
        lambda: best.insert("c"),
        lambda: best.delete(best.solution()["element"][0]),
        lambda: best.extend(["c", "d"]),
        lambda: best.apply(pl.DataFrame({"op": [1], "element": ["c"]})),
        lambda: best.set_k(1),
    ):
        with pytest.raises(ZeroDivisionError, match="told to") as caught:
            change()
        assert "asked by graphrank" in caught.value.__notes__[0]
        assert state(best) == before
        assert best.k == 2
    worth.broken = False
    best.insert("c")
    assert best.n_live == 3
    assert best.value >= 4 / 2.05


def test_a_function_cannot_ask_the_maximizer_that_asks_it():
    asked = []

    def worth(chosen):
        if asked:
            asked[0].insert("b")
        return len(chosen)

    best = gr.DynamicMaximizer(sm.Callable(["a", "b"], worth), 1)
    asked.append(best)
    with pytest.raises(InvalidArgumentError, match="must not ask the maximizer"):
        best.insert("a")
    asked.clear()
    best.insert("a")
    assert best.candidates.to_list() == ["a"]


def test_many_threads_may_use_one_maximizer():
    objective = random_coverage()
    best = gr.DynamicMaximizer(objective, 5)

    def work(start):
        for id in range(start, 400, 4):
            best.insert(id)
            _ = best.value

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (best.n_live, best.steps) == (400, 400)
    assert best.value >= gr.maximize(objective, 5).value / 2.05


def test_a_time_limit_leaves_whole_updates_and_the_rest_can_follow():
    n = 3000
    objective, operations = random_coverage(n), random_operations(n, 200_000)
    best = gr.DynamicMaximizer(objective, 20, strategy="greedy")
    with pytest.raises(TimedOutError):
        best.apply(operations, timeout_s=0.2)
    done = best.steps
    assert 0 < done < operations.height
    wanted = set()
    for op, element in operations.head(done).rows():
        (wanted.add if op == 1 else wanted.discard)(element)
    assert set(best.candidates) == wanted
    best.apply(operations.slice(done, 5))
    assert best.steps == done + 5


def test_progress_of_a_table_is_reported():
    reports = []
    best = gr.DynamicMaximizer(random_coverage(), 5)
    best.apply(random_operations(400, 2000), progress=lambda *report: reports.append(report))
    assert reports[-1][1:] == (2000, "updating")


def test_ctrl_c_ends_a_long_change_of_the_core():
    code = (
        "import os, signal, threading, time, numpy as np, graphrank as gr; from graphrank import submodular as sm\n"
        "x = np.random.default_rng(0).standard_normal((3000, 800)).astype(np.float32)\n"
        "best = gr.DynamicMaximizer(sm.LogDet.from_vectors(x), 1, strategy='greedy')\n"
        "best.extend(range(2000))\n"
        "threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "start = time.monotonic()\n"
        "try:\n    best.set_k(700)\n"
        "except KeyboardInterrupt:\n    print(time.monotonic() - start < 1.3, best.n_live, best.k)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "True 2000 1", done.stderr


def test_ctrl_c_ends_an_update_that_asks_a_slow_function():
    code = (
        "import os, signal, threading, time, graphrank as gr; from graphrank import submodular as sm\n"
        "slow = []\n"
        "def worth(chosen):\n    time.sleep(0.01 if slow else 0)\n    return float(len(chosen))\n"
        "best = gr.DynamicMaximizer(sm.Callable(range(3000), worth), 5, strategy='greedy')\n"
        "best.extend(range(2000))\n"
        "slow.append(1)\n"
        "threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "start = time.monotonic()\n"
        "try:\n    best.insert(2500)\n"
        "except KeyboardInterrupt:\n    print(time.monotonic() - start < 1.3, best.n_live, best.value)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "True 2000 5.0", done.stderr


def test_a_single_update_takes_microseconds():
    n = 20_000
    best = gr.DynamicMaximizer(random_coverage(n), 10)
    best.extend(range(n - 2000))
    start = time.process_time()
    for id in range(n - 2000, n):
        best.insert(id)
    # Some 3 us are usual; a hand-over to other threads would take 50.
    assert (time.process_time() - start) / 2000 < 40e-6
