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
    ended = probe(code).check_refused("OutOfMemoryError", str(100_000 * 20_000 * 4), "`out`")
    assert "MemoryError" in ended.bases


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
