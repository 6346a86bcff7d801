"""Print tables and keep the numbers as JSON, with the versions and the machine they were measured on."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from common.timing import Case, Row

RESULTS = Path(__file__).parent.parent / "results"
_PACKAGES = (
    "graphrank-engine",
    "polars",
    "numpy",
    "scipy",
    "networkx",
    "igraph",
    "rustworkx",
    "networkit",
    "scikit-network",
    "fast-pagerank",
    "fastrp",
    "pycleora",
    "scikit-learn",
    "faiss-cpu",
    "hnswlib",
    "usearch",
    "cliquematch",
    "ortools",
    "apricot-select",
    "submodlib-py",
    "pytrec_eval-terrier",
    "ir-measures",
    "ranx",
    "lightgbm",
    "eclipse-zenoh",
)


@dataclass(frozen=True)
class Target:
    """A figure the project set itself. ``measured`` must be at least (or at most) ``required``."""

    claim: str
    measured: float
    required: float
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        return self.measured <= self.required if self.at_most else self.measured >= self.required


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def machine() -> dict[str, str | int]:
    return {"cpu": _cpu_name(), "cpus": len(os.sched_getaffinity(0)), "system": platform.system()}


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())


def print_head(name: str, threads: int) -> None:
    here = machine()
    print(f"{name}: {threads} thread(s) on {here['cpu']}, {here['cpus']} CPUs, {here['system']}")
    print("  " + ", ".join(f"{package} {found}" for package, found in versions().items()))
    print(f"  'x ours' compares {_basis(threads)}; above 1 means slower than graphrank")


def _basis(threads: int) -> str:
    if threads == 1:
        return "the least CPU time of the repeats (a busy machine does not distort it)"
    return "the least wall time of the repeats"


def cost(row: Row, threads: int) -> float:
    """The figure that ratios are made of: see ``_basis``."""
    return row.cpu if threads == 1 else row.fastest


def print_case(case: Case, rows: Sequence[Row], threads: int) -> None:
    print(f"\n{case.title}")
    timed = [row for row in rows if row.not_run is None]
    ours = next((row for row in timed if row.name == case.ours), None)
    measures = list(dict.fromkeys(key for row in timed for key in row.quality))
    head = ["", "min", "median", "cpu", "x ours", "peak MiB", *measures, ""]
    body = [_cells(row, ours, measures, threads) for row in timed]
    print_aligned([head, *body])
    for row in rows:
        if row.not_run is not None:
            print(f"  {row.name}: not run: {row.not_run}")


def _cells(row: Row, ours: Row | None, measures: Iterable[str], threads: int) -> list[str]:
    ratio = "-" if ours is None else f"{cost(row, threads) / cost(ours, threads):.2f}"
    peak = "-" if row.peak_bytes is None else f"{row.peak_bytes / 2**20:.0f}"
    times = [_seconds(t) for t in (row.fastest, row.middle, row.cpu)]
    return [row.name, *times, ratio, peak, *(_plain(row.quality.get(m, "-")) for m in measures), row.note]


def _seconds(t: float) -> str:
    return f"{t:.3f} s" if t >= 1 else f"{t * 1e3:.3g} ms" if t >= 1e-3 else f"{t * 1e6:.3g} us"


def _plain(value: float | int | str) -> str:
    return f"{value:.1e}" if isinstance(value, float) else str(value)


def print_aligned(table: list[list[str]]) -> None:
    """The first and the last column to the left, the others to the right."""
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for first, *middle, last in table:
        cells = [text.rjust(width) for text, width in zip(middle, widths[1:-1], strict=True)]
        print("  ".join(["", first.ljust(widths[0]), *cells, last]).rstrip())


def print_targets(targets: Sequence[Target]) -> None:
    if not targets:
        return
    print("\nTargets")
    body = [
        [
            t.claim,
            f"{t.measured:.2f}",
            f"{'<=' if t.at_most else '>='} {t.required:g}",
            "met" if t.is_met else "MISSED",
        ]
        for t in targets
    ]
    print_aligned([["", "measured", "required", ""], *body])


def save(name: str, threads: int, cases: dict[Case, list[Row]], targets: Sequence[Target]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{date.today().isoformat()}-{name}-{threads}-threads.json"
    content = {
        "bench": name,
        "date": date.today().isoformat(),
        "threads": threads,
        "machine": machine(),
        "versions": versions(),
        "cases": [
            {"case": c.name, "title": c.title, "rows": [asdict(r) for r in rows]} for c, rows in cases.items()
        ],
        "targets": [asdict(t) | {"is_met": t.is_met} for t in targets],
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path
