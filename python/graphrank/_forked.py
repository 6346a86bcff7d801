"""Whether a fork took the threads of Polars away from this process.

A fork copies memory but only the thread that forks. If the pool of Polars was running, the child waits without end
for threads it does not have: sort, join, search, filters and readers hang there. Element access, gather, casts,
comparisons, hashes and Arrow streams use no pool and work. If the pool was not running yet the child starts its own
and nothing is lost; so the question is put at the moment of the fork. The Rust core makes itself a new pool.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from graphrank.exceptions import InvalidArgumentError

__all__ = ["pool_is_lost", "refuse_without_pool"]

_THREADS = Path("/proc/self/task")


class _Pool:
    """What this process knows about the threads of Polars."""

    was_running = False
    is_lost = False

    @classmethod
    def before_fork(cls) -> None:
        cls.was_running = _is_running()

    @classmethod
    def after_fork(cls) -> None:
        cls.is_lost |= cls.was_running


def _is_running() -> bool:
    """True if this process has threads called ``polars-0``, ``polars-1`` ..."""
    try:
        names = [(thread / "comm").read_text().strip() for thread in _THREADS.iterdir()]
    except OSError:  # not Linux, or a thread that has just ended
        return "polars" in sys.modules
    return any(name.removeprefix("polars-").isdigit() for name in names)


os.register_at_fork(before=_Pool.before_fork, after_in_child=_Pool.after_fork)


def pool_is_lost() -> bool:
    """True in a child that was forked while the threads of Polars ran: its parallel operations would hang."""
    return _Pool.is_lost


def refuse_without_pool(what: str) -> None:
    """An error, rather than a wait without end, for what only the threads of Polars can do."""
    if pool_is_lost():
        raise InvalidArgumentError(
            f"{what} needs the threads of Polars, which do not survive a fork; do it before the fork, "
            'or start processes by the methods "spawn" or "forkserver"'
        )
