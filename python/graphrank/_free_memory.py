"""How much memory there is to take.

Linux gives out more than it has, and ends a process that then makes use of it: an array that is too large has to be
refused before it is asked for. What can be taken is what the machine has left, or the container if that is less: the
pages of files that either holds in memory give way, and so count as free.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["free_memory"]

_OF_FILES = ("inactive_file", "active_file")
"""Pages that hold what is on a disk, in the words of the kernel."""


def free_memory(root: Path = Path("/")) -> int | None:
    """Bytes that can be taken, None where the system does not say; ``root`` is where its files are looked for."""
    return min((*_of_machine(root), *_of_groups(root)), default=None)


def _of_machine(root: Path) -> Iterator[int]:
    sizes = _numbers(root / "proc/meminfo")
    if "MemAvailable:" in sizes:
        yield (sizes["MemAvailable:"] + sizes.get("SwapFree:", 0)) * 1024


def _of_groups(root: Path) -> Iterator[int]:
    """What is left in each control group that this process is in, of either version."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, group = line.split(":", 2)
        if not controllers:
            top, most, used = root / "sys/fs/cgroup", "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            top, most, used = (
                root / "sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
            )
        else:
            continue
        inner = top / group.lstrip("/")
        for folder in (inner, *inner.parents[: len(inner.parts) - len(top.parts)]):
            limit, taken = _lines(folder / most), _lines(folder / used)
            if limit and taken and limit[0] != "max":
                stat = _numbers(folder / "memory.stat")
                pages = (stat.get(f"total_{kind}", stat.get(kind, 0)) for kind in _OF_FILES)
                yield max(int(limit[0]) - int(taken[0]) + sum(pages), 0)


def _numbers(path: Path) -> dict[str, int]:
    """The first two words of each line."""
    words = (line.split() for line in _lines(path))
    return {line[0]: int(line[1]) for line in words if len(line) > 1}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
