"""Too little memory is an error of ours: Rust aborts the process where an allocation is not asked for politely."""

from __future__ import annotations

import pytest

LIMITED = """
import resource
n = 1_000_000
quiet = (None, None)
rest = ("tolerance", None, quiet)
first, second, every = np.zeros(1, np.uint32), np.ones(1, np.uint32), np.arange(n, dtype=np.uint32)
def graph(weight, directed=True):
    return core.Graph.from_codes(n, first, second, weight, directed, "sum", True, quiet)
def limited(extra, work):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    core._debug_spin(0.0, quiet)  # the pool of this process, before memory is short
    most = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + extra
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    try:
        work()
        os._exit(0)
    except gr.exceptions.OutOfMemoryError:
        os._exit(1)
    except MemoryError:
        os._exit(2)
weighted, plain = graph(np.ones(1)), graph(None)
undirected = graph(np.ones(1), directed=False)
start, one = np.array([0, 1], dtype=np.uint64), np.ones(1)
work = lambda: {work}
result = [limited(extra << 20, work) for extra in range(2, 400, 14)]
"""

WORK = {
    "a build": "graph(one)",
    "a weighted PageRank": 'core.pagerank(weighted, start, first, one, 0.5, 1e-3, "restart", "auto", None, *rest)',
    "a PageRank": 'core.pagerank(plain, start, first, one, 0.5, 1e-3, "absorb", "auto", None, *rest)',
    "the best of a PageRank": 'core.pagerank(undirected, start, first, one, 0.5, 1e-3, "uniform", "auto", 9, *rest)',
    "degrees": "weighted.degrees(quiet)",
    "a subgraph": "weighted.subgraph(every, quiet)",
    "reversing": "weighted.reverse(quiet)",
    "dropping directions": 'weighted.to_undirected("sum", quiet)',
}


@pytest.mark.parametrize("case", WORK)
def test_too_little_memory_is_an_error_and_not_an_abort(probe, case):
    """The limit rises in steps, so that most of the large allocations are the first to fail once."""
    code = LIMITED.replace("{work}", WORK[case])
    statuses = eval(probe(code, limit=60).check_done().value)  # noqa: S307
    assert 0 in statuses, "the limits are too low"
    assert set(statuses) - {0}, "memory never ran out: the test shows nothing"
    assert set(statuses) <= {0, 1 << 8}, (
        f"{statuses}: 1 << 8 is our error, 2 << 8 NumPy's, below 128 a signal"
    )


def test_an_answer_that_cannot_fit_says_how_large_it_would_be(probe):
    code = """
n = 300_000
g = gr.Graph.from_edges((np.arange(n), np.roll(np.arange(n), 1)))
import resource
resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
gr.personalized_pagerank(g, np.arange(n), damping=0.1, tol=0.1)
"""
    ended = probe(code).check_refused("OutOfMemoryError", str(300_000**2 * 8))
    assert "MemoryError" in ended.bases
