"""Calls side by side: none waits for another's work, and none reads memory another is using in a way that fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

import graphrank as gr
from graphrank import _core
from graphrank.exceptions import TimedOutError

QUIET = (None, None)
LONG_S = 3.0


@pytest.fixture
def busy() -> Callable[[], threading.Thread]:
    """Starts a call on another thread that keeps every worker busy for LONG_S."""

    def start() -> threading.Thread:
        thread = threading.Thread(target=lambda: _core._debug_spin(LONG_S, QUIET))
        thread.start()
        time.sleep(0.1)
        return thread

    return start


@pytest.fixture
def ring() -> gr.Graph:
    """A cycle: at high damping it takes far longer than any limit below."""
    n = 100_000
    return gr.Graph.from_edges((np.arange(n), np.roll(np.arange(n), -1)))


def test_a_timeout_is_kept_while_another_call_holds_every_worker(
    busy: Callable[[], threading.Thread], ring: gr.Graph
) -> None:
    other = busy()
    begin = time.monotonic()
    with pytest.raises(TimedOutError):
        gr.personalized_pagerank(ring, 0, damping=0.9999, method="power", timeout_s=0.2)
    took = time.monotonic() - begin
    other.join()
    assert took < LONG_S / 2


def test_two_calls_with_different_limits_each_keep_their_own(ring: gr.Graph) -> None:
    took = {}

    def call(limit: float) -> None:
        begin = time.monotonic()
        with pytest.raises(TimedOutError):
            gr.personalized_pagerank(ring, 0, damping=0.9999, method="power", timeout_s=limit)
        took[limit] = time.monotonic() - begin

    threads = [threading.Thread(target=call, args=(limit,)) for limit in (0.3, LONG_S)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert took[0.3] < LONG_S / 2


def test_a_call_from_a_progress_callback_does_not_wait_for_the_outer_one(ring: gr.Graph) -> None:
    took: list[float] = []

    def inner(done: int, total: int, label: str) -> None:
        if not took:
            begin = time.monotonic()
            gr.pagerank(ring, tol=1e-3)
            took.append(time.monotonic() - begin)

    _core._debug_spin(LONG_S, (inner, None))
    assert took
    assert took[0] < LONG_S / 2


def test_views_can_be_made_while_a_call_reads_one() -> None:
    g = gr.Graph.from_edges((np.arange(2_000), np.arange(2_000)[::-1].copy()))
    seen: list[int] = []

    def look(done: int, total: int, label: str) -> None:
        seen.append(len(g._inner.targets()))

    targets = g._inner.targets()
    _core.Graph.from_codes(g.n_nodes, targets, targets, None, True, "sum", True, (look, None))
    assert seen
    assert set(seen) == {2_000}
