"""What the machine's memory can do: reading from front to back, and reading rows of a table here and there.

A few lines of C, compiled when they are first needed: the fastest that sums rows, with nothing else to do.
"""

import ctypes
import hashlib
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.graphs import CACHE
from common.timing import NotRun

WIDTH = 128
_SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
#define WIDTH 128
#define AHEAD 8

void stream(const float *x, const uint32_t *unused, size_t n_rows, float *sums) {
    float sum[WIDTH] = {0};
    for (size_t i = 0; i < n_rows; i++)
        for (int c = 0; c < WIDTH; c++) sum[c] += x[i * WIDTH + c];
    for (int c = 0; c < WIDTH; c++) sums[c] = sum[c];
}

void gather(const float *x, const uint32_t *rows, size_t n_rows, float *sums) {
    float sum[WIDTH] = {0};
    for (size_t i = 0; i < n_rows; i++) {
        const float *coming = x + (size_t)rows[i + AHEAD < n_rows ? i + AHEAD : i] * WIDTH;
        for (int c = 0; c < WIDTH; c += 16) __builtin_prefetch(coming + c);
        const float *row = x + (size_t)rows[i] * WIDTH;
        for (int c = 0; c < WIDTH; c++) sum[c] += row[c];
    }
    for (int c = 0; c < WIDTH; c++) sums[c] = sum[c];
}
"""


def reader(rows: NDArray[np.uint32] | None, n_rows: int, threads: int) -> Callable[[], float]:
    """A call that reads rows of an (n_rows, 128) float32 table, or all of it in order; returns the gigabytes read."""
    library = _compiled()
    table = np.ones((n_rows, WIDTH), np.float32)
    n_read = n_rows if rows is None else len(rows)
    edges = np.linspace(0, n_read, threads + 1).astype(int)
    pool = ThreadPoolExecutor(threads)

    def part(i: int) -> None:
        start, n = int(edges[i]), int(edges[i + 1] - edges[i])
        sums = np.empty(WIDTH, np.float32)
        if rows is None:
            library.stream(_at(table, start * WIDTH), None, ctypes.c_size_t(n), _at(sums, 0))
        else:
            library.gather(_at(table, 0), _at(rows, start), ctypes.c_size_t(n), _at(sums, 0))

    def call() -> float:
        list(pool.map(part, range(threads)))
        return n_read * WIDTH * 4 / 1e9

    return call


def _at(array: NDArray[Any], i: int) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data + i * array.itemsize)


def _compiled() -> ctypes.CDLL:
    path = CACHE / f"bandwidth-{hashlib.sha256(_SOURCE.encode()).hexdigest()[:12]}.so"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        source = path.with_suffix(".c")
        source.write_text(_SOURCE)
        command = [
            "cc",
            "-O3",
            "-march=native",
            "-ffast-math",
            "-shared",
            "-fPIC",
            "-o",
            str(path),
            str(source),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotRun("the C compiler cc is missing or fails") from error
    return ctypes.CDLL(str(path))
