"""Every contender in processes of its own: nothing a library leaves behind reaches another.

Its peak memory is that of the whole process while the call runs: interpreter, libraries and input included. Processes
take turns (A B C A B C) as the calls of ``common.timing`` do.
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from common.memory import forget_earlier_peak, peak_bytes
from common.timing import Case, Contender, NotRun, Row, time_once

ROUNDS = 3
_FLAG = "--row-of"


def time_in_processes(case: Case, contenders: list[Contender], budget_s: float) -> list[Row]:
    """``ROUNDS`` processes per contender; one that has used up ``budget_s`` leaves the later rounds."""
    rows = [Row(c.name, c.note) for c in contenders]
    for i in range(ROUNDS):
        for row in rows:
            if row.not_run is None and sum(row.seconds) < budget_s:
                _add(row, _ask(case.name, row.name, i))
    return rows


def _add(row: Row, found: Row) -> None:
    row.not_run = row.not_run or found.not_run
    row.seconds += found.seconds
    row.cpu_seconds += found.cpu_seconds
    row.quality = row.quality or found.quality
    row.peak_bytes = max(row.peak_bytes or 0, found.peak_bytes or 0)


def _ask(case: str, contender: str, i: int) -> Row:
    command = [sys.executable, *sys.argv, _FLAG, case, contender, str(i)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return Row(contender, not_run=f"its process ended with {done.returncode}: {last}")
    return Row(**json.loads(done.stdout.splitlines()[-1]))


def print_row_of(
    cases: list[Case], case_name: str, contender_name: str, i: int, repeats: int, budget_s: float
) -> None:
    """The other end: prepare and call one contender, in round 0 judge its answer too, and print the row.

    The first call is a warm-up, unless it alone takes longer than the budget.
    """
    case = next(case for case in cases if case.name == case_name)
    contender = next(c for c in case.load() if c.name == contender_name)
    row = Row(contender.name)
    try:
        call = contender.prepare()
        gc.collect()
        forget_earlier_peak()
        start = time.perf_counter()
        result = time_once(contender, row, call)
        took, row.peak_bytes = time.perf_counter() - start, peak_bytes()
        if took < budget_s:
            row.seconds, row.cpu_seconds = [], []
            _repeat(contender, row, call, -(-repeats // ROUNDS), budget_s / ROUNDS)
        row.quality = contender.check(result) if i == 0 else {}
    except ImportError as error:
        row.not_run = f"{error.name or contender.name} is not installed"
    except NotRun as reason:
        row.not_run = str(reason)
    print(json.dumps(asdict(row)))


def _repeat(contender: Contender, row: Row, call: Callable[[], Any], n: int, budget_s: float) -> None:
    while not row.seconds or (len(row.seconds) < n and sum(row.seconds) < budget_s):
        time_once(contender, row, call)
