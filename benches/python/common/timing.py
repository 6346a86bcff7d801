"""Time several contenders at the same job, interleaved, on the same input."""

import gc
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Quality = dict[str, float | int | str]

_THREAD_VARIABLES = (
    "GRAPHRANK_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)


class NotRun(Exception):  # noqa: N818 - an outcome that is printed, not an error
    """Raised when a contender is prepared or first called and has to sit the case out; the text says why."""


@dataclass(frozen=True)
class Contender:
    """One way of doing the job.

    ``prepare`` is not timed: it imports the library, converts the input to the form that library likes best
    and returns the call that is timed. ``check`` is not timed either: it measures how good the answer is.
    ``per`` says how many units of work one call did (queries, sweeps); times are given per unit.
    """

    name: str
    prepare: Callable[[], Callable[[], Any]]
    check: Callable[[Any], Quality]
    per: Callable[[Any], float] = lambda _: 1.0
    note: str = ""


@dataclass(frozen=True)
class Case:
    """One table: contenders at one job. ``load`` reads the input; ratios are to the contender ``ours``."""

    name: str
    title: str
    load: Callable[[], list[Contender]]
    ours: str = "graphrank"


@dataclass
class Row:
    """What was measured of one contender."""

    name: str
    note: str = ""
    not_run: str | None = None
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    quality: Quality = field(default_factory=dict)
    peak_bytes: int | None = None

    @property
    def fastest(self) -> float:
        return min(self.seconds)

    @property
    def middle(self) -> float:
        return median(self.seconds)

    @property
    def cpu(self) -> float:
        return min(self.cpu_seconds)


def pin_threads(n: int) -> None:
    """Start this program again with every library held to ``n`` threads, unless it already is.

    The libraries read these variables when they are imported, hence the restart.
    """
    wanted = dict.fromkeys(_THREAD_VARIABLES, str(n))
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, *sys.argv])


def time_interleaved(contenders: list[Contender], repeats: int, budget_s: float) -> list[Row]:
    """Warm up each contender once, then time them in turn (A B C A B C ...), ``repeats`` rounds.

    A contender that has used up ``budget_s`` leaves the later rounds; every contender is timed at least once.
    """
    rows = [Row(c.name, c.note) for c in contenders]
    calls = [_warmed_up(c, row) for c, row in zip(contenders, rows, strict=True)]
    for _ in range(repeats):
        for contender, row, call in zip(contenders, rows, calls, strict=True):
            if call is not None and sum(row.seconds) < budget_s:
                time_once(contender, row, call)
    return rows


def _warmed_up(contender: Contender, row: Row) -> Callable[[], Any] | None:
    try:
        call = contender.prepare()
        result = call()
    except ImportError as error:
        row.not_run = f"{error.name or contender.name} is not installed"
        return None
    except NotRun as reason:
        row.not_run = str(reason)
        return None
    row.quality = contender.check(result)
    return call


def time_once(contender: Contender, row: Row, call: Callable[[], Any]) -> Any:
    """Add one call to the row; returns what the call returned."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    result = call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    units = contender.per(result)
    row.seconds.append(wall / units)
    row.cpu_seconds.append(cpu / units)
    return result
