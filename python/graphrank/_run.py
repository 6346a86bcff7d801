"""How a long call runs: the ``progress`` and ``timeout_s`` every one of them ends with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from time import monotonic, sleep
from typing import Any

from graphrank._typing import How, Progress
from graphrank._validate import positive_number
from graphrank.exceptions import InvalidTypeError, TimedOutError

__all__ = ["QUIET", "alone", "run_opts", "time_left"]

QUIET: How = (None, None)
"""No progress and no time limit: for the short calls that take neither argument."""


def run_opts(progress: Progress, timeout_s: float | None) -> How:
    """Check ``progress`` and ``timeout_s`` and put them in the form the compiled module takes."""
    limit = None if timeout_s is None else positive_number("timeout_s", timeout_s)
    return _callback(progress), limit


def time_left(how: How, *, is_anytime: bool = False) -> Callable[[], How]:
    """``how`` for each of several steps that share one time limit, counted from now.

    Once the time is over a step does not begin, save an anytime one: it has no time left, and answers with what it has.
    """
    callback, limit = how
    if limit is None:
        return lambda: how
    end = monotonic() + limit

    def left() -> How:
        seconds = end - monotonic()
        if seconds <= 0 and not is_anytime:
            raise TimedOutError("timed out before the work was done")
        return callback, max(seconds, 0.0)

    return left


def alone(lock: Lock, left: Callable[[], How]) -> Lock:
    """``lock``, for a ``with``, once no other call holds it: whoever waits looks at its own time limit.

    The lock is left to the ``with`` to take, which no Ctrl-C comes between.
    """
    while lock.locked():
        left()
        sleep(0.001)
    return lock


def _callback(progress: Progress) -> Callable[[int, int, str], object] | None:
    if progress is None or progress is False:
        return None
    if progress is True:
        return _Bar() if find_spec("tqdm") else _StderrLine()
    if callable(progress):
        return progress
    raise InvalidTypeError(
        f"`progress` must be None, True or a callable (done, total, label), got {type(progress).__name__}"
    )


class _Bar:
    """A tqdm bar that begins again with each phase. A phase that has nothing to count has none.

    A label is the name of a phase or, as in ``searching cliques: 12 found, at most 15``, a name and what is known.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._phase: str | None = None

    def __call__(self, done: int, total: int, label: str) -> None:
        phase = label.partition(":")[0]
        if phase != self._phase:
            self._close()
            if not (done or total):
                return
            # tqdm.auto would warn in a notebook without widgets; the plain bar works in both.
            self._bar = import_module("tqdm").tqdm(total=total or None, file=sys.stderr)
            self._phase = phase
        self._bar.set_description(label, refresh=False)
        self._bar.total = total or None
        self._bar.update(done - self._bar.n)
        if total and done >= total:
            self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = self._phase = None

    def __del__(self) -> None:
        self._close()


class _StderrLine:
    """One line on stderr, rewritten in place."""

    def __init__(self) -> None:
        self._open = False

    def __call__(self, done: int, total: int, label: str) -> None:
        if not (done or total):
            return
        share = f"{done / total:4.0%}" if total else f"{done}"
        sys.stderr.write(f"\r{label}: {share}")
        sys.stderr.flush()
        self._open = True

    def __del__(self) -> None:
        if self._open:
            sys.stderr.write("\n")
