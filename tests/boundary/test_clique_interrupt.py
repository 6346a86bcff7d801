"""Ctrl-C ends a search for a clique with the best one so far; whatever else ends it is an error, as everywhere."""

from __future__ import annotations

import json

import pytest

ALLOWED = 1.0  # as in test_interrupt.py

PREPARE = """
rng = np.random.default_rng(0)
a, b = np.triu_indices(300, 1)
some = rng.random(len(a)) < 0.9
g = gr.Graph.from_edges((a[some], b[some]), directed=False)
groups = np.arange(300) % 2
gr.clique.max_clique([(1, 2)])  # has everything imported
"""

PRESSED = """
{prepare}
read, write = os.pipe()
if not os.fork():
    time.sleep(0.3)
    os.write(write, str(time.monotonic()).encode())
    os.kill(os.getppid(), signal.SIGINT)
    os._exit(0)
try:
    found = {work}
    ended = found.status, found.size, found.upper_bound
except BaseException as error:
    ended = type(error).__name__
late = time.monotonic() - float(os.read(read, 100))
usable = gr.max_clique([(1, 2), (2, 3), (3, 1)]).size == 3
import json
result = json.dumps([ended, late, usable])
"""


def pressed(probe, work, prepare=PREPARE):
    code = PRESSED.format(prepare=prepare, work=work)
    return json.loads(probe(code, limit=20).check_done().value.strip("'"))


@pytest.mark.parametrize("progress", ["None", "lambda done, total, label: None"])
def test_ctrl_c_gives_the_best_clique_so_far(probe, progress):
    ended, late, usable = pressed(probe, f"gr.max_fair_clique(g, groups, delta=1, progress={progress})")
    print(f"Ctrl-C during a search for a clique: {late:.3f} s")
    status, size, upper_bound = ended
    assert status == "interrupted"
    assert 10 < size < upper_bound <= 300
    assert late < ALLOWED
    assert usable


@pytest.mark.parametrize("what", ["price_of_fairness", "largest_k", "fair_clique_frontier"])
def test_ctrl_c_ends_a_series_of_searches_as_it_ends_any_call(probe, what):
    ended, late, usable = pressed(probe, f"gr.clique.{what}(g, groups)")
    assert ended == "KeyboardInterrupt"
    assert late < ALLOWED
    assert usable


def test_a_signal_handler_s_own_error_comes_out(probe):
    handler = """
class Stop(Exception):
    pass
def handle(*_):
    raise Stop
signal.signal(signal.SIGINT, handle)
"""
    ended, late, usable = pressed(probe, "gr.max_clique(g)", PREPARE + handler)
    assert (ended, usable) == ("Stop", True)
    assert late < ALLOWED


def test_an_error_in_the_callback_comes_out(probe):
    code = f"""
{PREPARE}
def callback(done, total, label):
    raise LookupError("mine")
try:
    gr.max_clique(g, progress=callback)
except LookupError as error:
    result = str(error)
"""
    assert probe(code, limit=20).check_done().value == "'mine'"


def test_a_time_limit_is_kept(probe):
    code = f"""
{PREPARE}
start = time.perf_counter()
found = gr.max_fair_clique(g, groups, timeout_s=0.2)
result = found.status, time.perf_counter() - start
"""
    status, took = eval(probe(code, limit=20).check_done().value)  # noqa: S307
    assert status == "time_limit"
    assert took < 0.2 + ALLOWED
