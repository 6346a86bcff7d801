"""The command line that every benchmark has, and the loop over its cases."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch

from common.memory import peak_in_fresh_process, print_peak_of
from common.processes import print_row_of, time_in_processes
from common.report import Target, print_case, print_head, print_targets, save
from common.timing import Case, Row, pin_threads, time_interleaved


@dataclass(frozen=True)
class Options:
    quick: bool
    long: bool
    threads: int
    repeats: int
    budget_s: float
    memory: bool
    only: str
    memory_of: tuple[str, str] | None
    row_of: tuple[str, str, int] | None


Results = dict[str, dict[str, Row]]
"""Case name, then contender name (only those that ran)."""


def run(
    name: str,
    description: str,
    make_cases: Callable[[Options], list[Case]],
    make_targets: Callable[[Results, Options], list[Target]],
    *,
    isolated: bool = False,
) -> None:
    """Run the benchmark ``name``: print its tables and targets, keep a full run as JSON.

    ``isolated`` gives every contender processes of its own; its peak memory is then that of the whole process.
    """
    options = _parse(description)
    pin_threads(options.threads)
    cases = make_cases(options)
    if options.memory_of is not None:
        print_peak_of(cases, *options.memory_of)
        return
    if options.row_of is not None:
        print_row_of(cases, *options.row_of, options.repeats, options.budget_s)
        return
    print_head(name, options.threads)
    chosen = [case for case in cases if fnmatch(case.name, options.only)]
    measure = _run_isolated if isolated else _run_case
    rows = {case: measure(case, options) for case in chosen}
    targets = make_targets(_by_name(rows), options)
    print_targets(targets)
    if not options.quick and len(chosen) == len(cases):
        print(f"\nkept as results/{save(name, options.threads, rows, targets).name}")


def _run_case(case: Case, options: Options) -> list[Row]:
    contenders = case.load()
    rows = time_interleaved(contenders, options.repeats, options.budget_s)
    if options.memory:
        for contender, row in zip(contenders, rows, strict=True):
            if row.not_run is None:
                row.peak_bytes = peak_in_fresh_process(case, contender)
    print_case(case, rows, options.threads)
    return rows


def _run_isolated(case: Case, options: Options) -> list[Row]:
    rows = time_in_processes(case, case.load(), options.budget_s)
    print_case(case, rows, options.threads)
    return rows


def _by_name(rows: dict[Case, list[Row]]) -> Results:
    return {case.name: {r.name: r for r in found if r.not_run is None} for case, found in rows.items()}


def _parse(description: str) -> Options:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--quick", action="store_true", help="small inputs, two rounds, no memory; nothing is kept"
    )
    parser.add_argument("--long", action="store_true", help="all of what is else sampled; minutes per case")
    parser.add_argument("--threads", type=int, default=1, help="threads every library may use (default 1)")
    parser.add_argument("--repeats", type=int, default=7, help="timed rounds (default 7)")
    parser.add_argument(
        "--budget-s", type=float, default=15.0, help="a contender past this leaves later rounds"
    )
    parser.add_argument("--no-memory", dest="memory", action="store_false", help="do not measure peak memory")
    parser.add_argument("--only", default="*", help="run the cases whose name matches this pattern")
    parser.add_argument("--memory-of", nargs=2, metavar=("CASE", "CONTENDER"), help=argparse.SUPPRESS)
    parser.add_argument("--row-of", nargs=3, metavar=("CASE", "CONTENDER", "ROUND"), help=argparse.SUPPRESS)
    given = vars(parser.parse_args())
    memory_of, row_of = given.pop("memory_of"), given.pop("row_of")
    if given["quick"]:
        given |= {"memory": False, "repeats": 2, "budget_s": 1.0}
    return Options(
        **given,
        memory_of=None if memory_of is None else (memory_of[0], memory_of[1]),
        row_of=None if row_of is None else (row_of[0], row_of[1], int(row_of[2])),
    )
