"""Probes: code that may crash or hang, run in a process of its own and watched from outside.

One helper process imports the libraries once and forks a child per probe before any pool of threads exists in it, so
a probe costs milliseconds where a fresh interpreter costs half a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVER = Path(__file__).with_name("probe_server.py")
# No threads of NumPy's before the fork; and every large array a mapping of its own, so that a limit on memory strikes
# at the array that exceeds it.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_ARENA_MAX": "1"}


@dataclass(frozen=True)
class Outcome:
    """How a probe ended."""

    hung: bool
    signal: int
    error: str | None
    """Name of the exception's class, ``None`` if the probe came to its end."""
    bases: list[str]
    module: str
    message: str
    value: str
    """What the probe left in ``result``, as text."""
    stderr: str

    def check_alive(self) -> Outcome:
        assert not self.hung, f"no end within the time limit; {self.stderr}"
        assert self.signal == 0, f"died of signal {self.signal}; {self.stderr}"
        return self

    def check_done(self) -> Outcome:
        self.check_alive()
        assert self.error is None, f"{self.error}: {self.message}"
        return self

    def check_refused(self, error: str, *words: str) -> Outcome:
        """The exception is ours, of the class ``error`` ("A or B"), and its message holds all ``words``."""
        self.check_alive()
        assert self.error is not None, f"accepted; the result is {self.value}"
        assert self.module == "graphrank.exceptions", f"{self.module}.{self.error}: {self.message}"
        assert "GraphRankError" in self.bases
        assert self.error in error.split(" or "), f"{self.error}: {self.message}"
        missing = [word for word in words if word not in self.message]
        assert not missing, f"the message does not say {missing}: {self.message}"
        return self


@pytest.fixture(scope="session")
def probe() -> Iterator[Callable[..., Outcome]]:
    """Run code (its answer in ``result``) in a process of its own, for at most ``limit`` seconds."""
    server = subprocess.Popen(
        [sys.executable, str(SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | ENVIRONMENT,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    stdin, stdout = server.stdin, server.stdout

    def run(code: str, *, limit: float = 10.0, **names: object) -> Outcome:
        stdin.write(json.dumps({"code": code, "limit": limit, "names": names}) + "\n")
        stdin.flush()
        return Outcome(**json.loads(stdout.readline()))

    yield run
    stdin.close()
    server.wait(timeout=10)
    stdout.close()
