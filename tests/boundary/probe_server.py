"""Runs every probe it reads from stdin in a forked child and reports on stdout how the child ended."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import tempfile
import threading
import time
import traceback
from typing import Any

import networkx as nx
import numpy as np
import polars as pl
import scipy.sparse as sparse

import graphrank as gr
import graphrank.embedding
import graphrank.graph
import graphrank.io
import graphrank.ppr
from graphrank import _core

NAMES = {
    "core": _core,
    "gr": gr,
    "nx": nx,
    "np": np,
    "os": os,
    "pl": pl,
    "signal": signal,
    "sparse": sparse,
    "sys": sys,
    "threading": threading,
    "time": time,
}


def child(code: str, names: dict[str, Any], report: int, stderr: int) -> None:
    """Run the probe and write how it ended."""
    os.setsid()
    os.dup2(stderr, 2)
    os.dup2(stderr, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end = {"error": None, "bases": [], "module": "", "message": "", "value": ""}
    scope = {**NAMES, **names, "result": None}
    try:
        exec(compile(code, "probe", "exec"), scope)  # noqa: S102 - the tests wrote it
        end["value"] = repr(scope["result"])
    except BaseException as error:
        traceback.print_exc()
        kind = type(error)
        end |= {"error": kind.__name__, "module": kind.__module__, "message": str(error)}
        end["bases"] = [base.__name__ for base in kind.__mro__]
    os.write(report, json.dumps(end).encode())
    sys.stderr.flush()
    os._exit(0)


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Fork, wait, kill if need be, and describe the end."""
    read, write = os.pipe()
    with tempfile.TemporaryFile() as stderr:
        process = os.fork()
        if not process:
            child(request["code"], request["names"], write, stderr.fileno())
        os.close(write)
        told, hung = listen(read, time.monotonic() + request["limit"])
        os.close(read)
        if hung:
            os.killpg(process, signal.SIGKILL)
        status = os.waitpid(process, 0)[1]
        stderr.seek(0)
        tail = stderr.read()[-3000:].decode(errors="replace")
    end = {"error": None, "bases": [], "module": "", "message": "", "value": ""} | json.loads(told or b"{}")
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) and not hung else 0
    return {"hung": hung, "signal": killed, "stderr": tail, **end}


def listen(pipe: int, deadline: float) -> tuple[bytes, bool]:
    """What the child says until it closes the pipe, and whether the deadline came first."""
    told = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return told, not told
        part = os.read(pipe, 65536)
        if not part:
            return told, False
        told += part


def thread_names() -> list[str]:
    """The threads of this process: the few that Polars starts on import survive a fork, pools would not."""
    folder = "/proc/self/task"
    return [open(f"{folder}/{task}/comm").read() for task in os.listdir(folder)]


def main() -> None:
    assert not any(name.startswith("graphrank") for name in thread_names()), "importing started threads"
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
