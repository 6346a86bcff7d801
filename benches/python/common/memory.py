"""Peak memory of one contender, measured in a process of its own."""

import gc
import json
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from common.timing import Case, Contender

_FLAG = "--memory-of"


def peak_in_fresh_process(case: Case, contender: Contender) -> int | None:
    """Bytes that one call of the contender adds, at its peak, to the process that holds the loaded input."""
    command = [sys.executable, *sys.argv, _FLAG, case.name, contender.name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"  memory of {contender.name}: the process ended with {done.returncode}", file=sys.stderr)
        return None
    return int(json.loads(done.stdout.splitlines()[-1]))


def print_peak_of(cases: list[Case], case_name: str, contender_name: str) -> None:
    """The other end of ``peak_in_fresh_process``: run that one contender once and print its peak."""
    case = next(case for case in cases if case.name == case_name)
    contender = next(c for c in case.load() if c.name == contender_name)
    call = contender.prepare()
    gc.collect()
    forget_earlier_peak()
    baseline = peak_bytes()
    result = call()
    print(json.dumps(peak_bytes() - baseline))
    del result


def peak_bytes() -> int:
    """The high-water mark of this process's memory.

    Read from ``/proc`` where there is one: on Linux ``ru_maxrss`` of a child starts from its parent's peak.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else used * 1024
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def forget_earlier_peak() -> None:
    """Restart the high-water mark (Linux only; elsewhere loading the input may hide a peak)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
