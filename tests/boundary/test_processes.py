"""Forks, threads and environment: the same answer everywhere, and nobody waits for threads that do not exist."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import threading

import pytest

import graphrank as gr
from graphrank.testing import random_edges

GRAPH = """
a = np.random.default_rng(0).integers(0, 20_000, (2, 60_000))
g = gr.Graph.from_edges((a[0], a[1]))
def answer():
    return gr.personalized_pagerank(g, [1, 2, 3]).scores.tobytes()
expected = answer()
"""
IN_CHILD = """
child = os.fork()
if not child:
    try:
        os._exit(0 if work() else 3)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(4)
"""


@pytest.mark.parametrize(
    "work",
    [
        "answer() == expected",
        "gr.pagerank(g, dangling='uniform', restart={5: 1}).scores.sum() > 0.99",
        "g.reverse().n_edges == g.n_edges",
        "gr.personalized_pagerank(g, 7, top_k=3).to_polars().height == 3",
        "gr.pagerank(g).to_polars().height == g.n_nodes",
        "gr.Graph.from_edges((a[0], a[1])).n_edges == g.n_edges",
        "g.edges().height == g.degrees()['out_degree'].sum()",
        "(g.save(path), gr.Graph.load(path).n_edges)[1] == g.n_edges",
        "gr.set_num_threads(2) or answer() == expected",
        "pickle.loads(pickle.dumps(g)).n_edges == g.n_edges",
    ],
)
def test_a_forked_child_gets_the_same_answer(probe, work, tmp_path):
    code = f"""
import pickle
{GRAPH}
def work():
    return {work}
{IN_CHILD}
result = os.waitpid(child, 0)[1], answer() == expected
"""
    assert probe(code, path=str(tmp_path / "g.graph")).check_done().value == "(0, True)"


def test_a_child_of_a_child_and_several_children_at_once_get_the_same_answer(probe):
    code = f"""{GRAPH}
def work():
    child = os.fork()
    if not child:
        os._exit(0 if answer() == expected else 3)
    return answer() == expected and os.waitpid(child, 0)[1] == 0
children = []
for _ in range(4):
    {IN_CHILD.replace(chr(10), chr(10) + "    ")}
    children.append(child)
result = [os.waitpid(child, 0)[1] for child in children], answer() == expected
"""
    assert probe(code).check_done().value == "([0, 0, 0, 0], True)"


def test_a_fork_in_the_middle_of_a_call_of_another_thread_does_not_hang(probe):
    code = f"""{GRAPH}
work = lambda: answer() == expected
thread = threading.Thread(target=lambda: core._debug_spin(1.0, (None, None)))
thread.start()
time.sleep(0.2)
{IN_CHILD}
status = os.waitpid(child, 0)[1]
alive = thread.is_alive()
thread.join()
result = status, alive, answer() == expected
"""
    assert probe(code).check_done().value == "(0, True, True)"


def scores_of(graph):
    """A job for a pool of processes."""
    return gr.personalized_pagerank(graph, [1, 2]).scores.tobytes()


POOLS = """
import concurrent.futures, multiprocessing
def job(graph):
    return gr.personalized_pagerank(graph, [1, 2, 3]).scores.tobytes()
"""


def test_multiprocessing_by_fork_gives_the_same_answers(probe):
    code = f"""{GRAPH}{POOLS}
sys.modules["__main__"].job = job
job.__module__ = "__main__"
context = multiprocessing.get_context("fork")
with context.Pool(2) as pool:
    pooled = pool.map(job, [g] * 4)
with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
    executed = list(executor.map(job, [g] * 4))
result = set(pooled + executed) == {{expected}}
"""
    assert probe(code).check_done().value == "True"


def test_a_spawned_pool_gives_the_same_answers(tmp_path):
    graph = gr.Graph.from_edges(random_edges(2_000, 6_000))
    job = tmp_path / "spawned.py"
    job.write_text(
        "import concurrent.futures, multiprocessing, pickle, sys\n"
        "import graphrank as gr\n"
        "def job(graph):\n"
        "    return gr.personalized_pagerank(graph, [1, 2]).scores.tobytes()\n"
        "if __name__ == '__main__':\n"
        "    graph = gr.Graph.load(sys.argv[1])\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:\n"
        "        print({*pool.map(job, [graph] * 3)} == {job(graph)})\n"
    )
    graph.save(tmp_path / "g.graph")
    done = subprocess.run(
        [sys.executable, str(job), str(tmp_path / "g.graph")], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("n_threads", [2, 16])
def test_threads_that_share_a_graph_get_the_same_answers(n_threads):
    graph = gr.Graph.from_edges(random_edges(5_000, 30_000, weighted=True), weight="weight")
    expected = scores_of(gr.Graph.from_edges(random_edges(5_000, 30_000, weighted=True), weight="weight"))
    start = threading.Barrier(n_threads)

    def work(_):
        start.wait()  # all at once: what is built on first use is built by several
        return scores_of(graph), graph.reverse().n_edges, graph.degrees().height

    with concurrent.futures.ThreadPoolExecutor(n_threads) as pool:
        answers = list(pool.map(work, range(n_threads)))
    assert set(answers) == {(expected, graph.n_edges, graph.n_nodes)}


def test_the_number_of_threads_may_change_while_calls_run(chosen_threads):
    graph = gr.Graph.from_edges(random_edges(5_000, 30_000))
    expected = scores_of(graph)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(scores_of, graph) for _ in range(12)]
        for n in (1, 2, 5, 3, 8, None):
            chosen_threads(n)
        assert {job.result(timeout=60) for job in jobs} == {expected}


def test_other_threads_run_while_a_call_does(probe):
    code = """
ticks, stop = [0], threading.Event()
def tick():
    while not stop.is_set():
        ticks[0] += 1
        time.sleep(0.005)
threading.Thread(target=tick).start()
result = []
n = 400_000
a = np.random.default_rng(0).integers(0, n, (2, 4 * n))
for work in (
    lambda: core._debug_spin(0.5, (None, None)),
    lambda: gr.Graph.from_edges((a[0], a[1], np.ones(4 * n))),
    lambda: gr.pagerank(g, damping=0.99, tol=1e-10),
):
    g = gr.Graph.from_edges((a[0], a[1]))
    before, start = ticks[0], time.perf_counter()
    work()
    result.append((ticks[0] - before, time.perf_counter() - start))
stop.set()
"""
    for ticks, seconds in eval(probe(code, limit=30).check_done().value):  # noqa: S307
        # 200 wakes a second if nothing were in the way; a call that kept the interpreter would allow one or two.
        assert ticks >= max(3, 20 * seconds), f"{ticks} wakes in {seconds:.2f} s"


def test_the_environment_chooses_the_number_of_threads(probe):
    code = """
import json
result = []
for own, rayon in (("3", None), (None, "5"), ("3", "5"), ("", "5"), (" 7 ", None)):
    for name, value in (("GRAPHRANK_NUM_THREADS", own), ("RAYON_NUM_THREADS", rayon)):
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    result.append(gr.num_threads())
gr.set_num_threads(2)
result.append(gr.num_threads())
gr.set_num_threads(None)
result.append(gr.num_threads())
"""
    assert probe(code).check_done().value == "[3, 5, 3, 5, 7, 2, 7]"


@pytest.mark.parametrize("name", ["GRAPHRANK_NUM_THREADS", "RAYON_NUM_THREADS"])
@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "99999999999999999999", "1000000"])
def test_a_number_of_threads_that_is_none_is_refused_by_name(probe, name, value):
    for call in ("gr.num_threads()", "gr.pagerank((np.arange(20_000), np.arange(20_000)))"):
        ended = probe(f"os.environ['{name}'] = '{value}'; {call}")
        ended.check_refused("InvalidArgumentError", name, value)


@pytest.mark.parametrize("n_cores", [1, len(os.sched_getaffinity(0))])
def test_without_a_choice_there_is_a_thread_per_core_the_process_may_use(n_cores):
    """One core is what ``taskset -c 0`` leaves."""
    code = (
        f"import os; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:{n_cores}])\n"
        "import graphrank as gr, numpy as np\n"
        "gr.pagerank((np.arange(50_000), np.arange(50_000)[::-1])); print(gr.num_threads())"
    )
    clean = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, env=clean)
    assert (done.returncode, done.stdout) == (0, f"{n_cores}\n"), done.stderr


def test_importing_loads_no_heavy_library_and_asking_for_the_version_neither():
    code = (
        "import sys, graphrank; graphrank.__version__; graphrank.exceptions.GraphRankError; dir(graphrank)\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'polars', 'numpy', 'scipy', 'networkx', 'tqdm',"
        " 'matplotlib', 'pandas', 'pyarrow'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout == "[]\n", done.stderr
