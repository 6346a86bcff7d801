"""Embeddings under stress: forks, memory that runs out, disks that are full."""

from __future__ import annotations

import pytest

IDS = {
    "String": "base.cast(pl.String)",
    "Int64": "base * 1_000_003",
    "Int128": "pl.Series('id', [i << 110 for i in range(300)], dtype=pl.Int128)",
    "Categorical": "base.cast(pl.String).cast(pl.Categorical)",
    "Date": "base.cast(pl.Int32).cast(pl.Date)",
    "Binary": "base.cast(pl.String).cast(pl.Binary)",
    "Boolean": "base % 2 == 0",
}

FORK = """
import tempfile
base = pl.Series("id", np.arange(300))
ids = {ids}
nodes = ids.unique(maintain_order=True)
table = pl.DataFrame({{"id": nodes, "x": np.arange(len(nodes)) / 3}})
g = gr.Graph.from_edges((ids.head(283), ids.tail(283)), nodes=table)
folder = tempfile.mkdtemp()
base.sort(), table.lazy().filter(pl.col("x") > 1).collect()  # the threads of Polars run
def answers(name):
    emb = gr.fastrp(g, 16, features="x", feature_ratio=0.25, out=os.path.join(folder, name + ".npy"))
    emb.save(os.path.join(folder, name))
    same = gr.Embedding.load(os.path.join(folder, name), g)
    frame = gr.fastrp(g, 16, features=table.rename({{"id": "node"}}), feature_ratio=0.25)
    return [emb.vectors.tobytes(), same.vectors.tobytes(), same[nodes.head(2)].tobytes(), frame.vectors.tobytes(),
            same.isolated.to_list(), same.to_polars().height]
expected = answers("parent")
read, write = os.pipe()
child = os.fork()
if not child:
    refused = ""
    try:
        gr.fastrp(g, 4, out=os.path.join(folder, "a.parquet"))
    except gr.exceptions.InvalidArgumentError as error:
        refused = str(error)
    os.write(write, b"same" if answers("child") == expected and "fork" in refused else b"DIFFERENT " + refused.encode())
    os._exit(0)
os.close(write)
result = os.read(read, 1000).decode()
"""


@pytest.mark.parametrize("case", IDS)
def test_a_forked_child_embeds_as_its_parent(probe, case):
    assert probe(FORK.format(ids=IDS[case])).check_done().value == "'same'"


LIMITED = """
import resource
n = 100_000
g = gr.Graph.from_edges((np.arange(n), np.roll(np.arange(n), 1), np.ones(n)), directed=False)
def limited(extra):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    core._debug_spin(0.0, (None, None))  # the pool of this process, before memory is short
    most = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + extra
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    try:
        gr.fastrp(g, 64, {options})
        os._exit(0)
    except gr.exceptions.OutOfMemoryError:
        os._exit(1)
    except MemoryError:
        os._exit(2)
result = [limited(extra << 20) for extra in range(2, 250, 12)]
"""


@pytest.mark.parametrize(
    "options",
    [
        "normalization_strength=-0.5",
        "memory_limit=40_000_000",
        "features=np.ones((n, 2), np.float32), feature_ratio=0.5, normalize=False",
        "state='float16', self_influence=1.0",
    ],
)
def test_too_little_memory_is_an_error_and_not_an_abort(probe, options):
    statuses = eval(probe(LIMITED.format(options=options), limit=60).check_done().value)  # noqa: S307
    assert 0 in statuses, "the limits are too low"
    assert 1 << 8 in statuses, "memory never ran out: the test shows nothing"
    assert set(statuses) <= {0, 1 << 8, 2 << 8}, f"{statuses}: below 128 a signal"


def test_vectors_that_cannot_fit_say_how_large_they_would_be(probe):
    code = """
import resource
n = 100_000
g = gr.Graph.from_edges((np.arange(n), np.roll(np.arange(n), 1)))
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
gr.fastrp(g, 20_000)
"""
    ended = probe(code).check_refused("OutOfMemoryError", f"{100_000 * 20_000 * 4:,}", "`out`")
    assert "MemoryError" in ended.bases


TOO_LARGE = {
    "alone": ("", "`out`", "`dtype`", "`state`"),
    "into a file": ("out='v.npy'", "`memory_limit` (from", "`state`"),
    "with powers": ("keep_powers=True", "no `keep_powers`"),
    "in half": ("dtype='float16', state='float16', memory_limit=30_000_000", "`out`"),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_what_is_larger_than_the_free_memory_is_refused_before_it_is_begun(probe, case):
    """Linux would give the arrays out, and end the process that writes to them."""
    options, *words = TOO_LARGE[case]
    code = f"""
from graphrank import _fastrp_memory
n = 400_000
g = gr.Graph.from_edges((np.arange(n), np.roll(np.arange(n), 1)))
_fastrp_memory.free_memory = lambda: 300 << 20
assert gr.fastrp(g, 64).vectors.any()
def never(*_):
    raise AssertionError("begun")
core.fastrp = core.EmbeddingPowers = np.empty = never
gr.fastrp(g, 512, {options})
"""
    probe(code).check_refused(
        "OutOfMemoryError", "`dim` = 512 for 400,000 nodes", "314,572,800 are free", *words
    )


@pytest.mark.parametrize("options", ["", "dtype='float16'", "memory_limit={least}", "refine=1"])
def test_an_estimate_is_what_the_process_takes(probe, options):
    code = """
def now(key):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(key))
n = 150_000
g = gr.Graph.from_edges((np.arange(n), np.roll(np.arange(n), 1)), directed=False)
gr.fastrp(([0], [1]), 2)
chosen = dict({options})
estimate = gr.embedding.estimate_memory(n, n, **chosen)
limit = estimate.least_limit if {is_least} else None
before = now("VmRSS")
emb = gr.fastrp(g, memory_limit=limit, **chosen)
result = now("VmHWM") - before, estimate.vectors + (limit or estimate.working)
"""
    is_least = "least" in options
    code = code.replace("{options}", "" if is_least else options).replace("{is_least}", str(is_least))
    taken, estimated = eval(probe(code, limit=30).check_done().value)  # noqa: S307
    assert taken < 1.05 * estimated
    assert taken > estimated / 1.4


def test_a_full_disk_is_an_error_and_not_a_signal(probe):
    """To write to a mapped file that cannot grow would end the process."""
    code = """
import resource, tempfile
n = 100_000
g = gr.Graph.from_edges((np.arange(n), np.roll(np.arange(n), 1)))
folder = tempfile.mkdtemp()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    gr.fastrp(g, 16, out=os.path.join(folder, "v.npy"))
finally:
    assert os.listdir(folder) == []
"""
    probe(code).check_refused("FileError", "cannot write", "v.npy")
