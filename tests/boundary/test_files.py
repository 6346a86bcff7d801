"""Files that are truncated, altered, of another kind or hostile, and saves that are killed half-way."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import zipfile

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import CorruptFileError
from graphrank.testing import assert_same_graph, random_edges

HEADER = struct.Struct("<8sIIQQ")
ENTRY = struct.Struct("<8sQQQ")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A graph and the bytes of its file."""
    nodes = pl.DataFrame({"id": list(range(40)), "name": [f"n{i}" for i in range(40)]})
    g = gr.Graph.from_edges(random_edges(40, 120, weighted=True, seed=1), weight="weight", nodes=nodes)
    path = tmp_path_factory.mktemp("saved") / "g.graph"
    g.save(path)
    return g, path.read_bytes()


def sections(data):
    """(start, end) of each part of a graph file: the header, its table, and every section."""
    _, _, n, _, _ = HEADER.unpack_from(data)
    table = [ENTRY.unpack_from(data, HEADER.size + i * ENTRY.size) for i in range(n)]
    parts = [(0, HEADER.size), (HEADER.size, HEADER.size + n * ENTRY.size)]
    return parts + sorted((start, start + length) for _, start, length, _ in table)


LOAD_MANY = """
import json
answers = []
for name in sorted(os.listdir(folder)):
    try:
        g = gr.Graph.load(os.path.join(folder, name))
        answers.append("same" if g.edges().equals(good.edges()) and g.nodes.equals(good.nodes) else "DIFFERENT")
    except gr.exceptions.CorruptFileError as error:
        answers.append("refused" if name in str(error) else "unnamed: " + str(error))
    except BaseException as error:
        answers.append(repr(error))
result = json.dumps(answers)
"""


def load_all(probe, files, good, tmp_path):
    """What loading each of ``files`` (bytes) gives."""
    folder = tmp_path / "files"
    folder.mkdir()
    for i, data in enumerate(files):
        (folder / f"{i:05}.graph").write_bytes(data)
    (tmp_path / "good.graph").write_bytes(good)
    code = "good = gr.Graph.load(str_good)\n" + LOAD_MANY
    done = probe(code, folder=str(folder), str_good=str(tmp_path / "good.graph"), limit=30).check_done()
    return json.loads(done.value.strip("'"))


def test_a_file_cut_anywhere_is_refused(probe, saved, tmp_path):
    _, data = saved
    edges = {at for part in sections(data) for end in part for at in (end - 1, end, end + 1)}
    lengths = sorted(at for at in edges | set(range(0, len(data), 97)) if 0 <= at < len(data))
    answers = load_all(probe, [data[:length] for length in lengths] + [data + b"\0"], data, tmp_path)
    assert set(answers) == {"refused"}


def test_a_thousand_flipped_bits_are_refused_unless_they_are_padding(probe, saved, tmp_path):
    _, data = saved
    rng = np.random.default_rng(7)
    positions = rng.integers(0, len(data), 1000)
    files = []
    for at, bit in zip(positions.tolist(), rng.integers(0, 8, 1000).tolist(), strict=True):
        flipped = bytearray(data)
        flipped[at] ^= 1 << bit
        files.append(bytes(flipped))
    in_use = [any(start <= at < end for start, end in sections(data)) for at in positions]
    assert 500 < sum(in_use) < 1000
    answers = load_all(probe, files, data, tmp_path)
    assert {answer for answer, used in zip(answers, in_use, strict=True) if used} == {"refused"}
    assert set(answers) <= {"refused", "same"}


def test_a_file_of_zeros_or_noise_behind_a_good_start_is_refused(probe, saved, tmp_path):
    _, data = saved
    rng = np.random.default_rng(3)
    starts = (0, 8, 12, 16, 24, 32, 64, 200)
    noise = [data[:at] + rng.bytes(len(data) - at) for at in starts]
    zeros = [data[:at] + bytes(len(data) - at) for at in starts]
    assert set(load_all(probe, noise + zeros, data, tmp_path)) == {"refused"}


class Bomb:
    """Unpickling it leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def other_kinds(bomb):
    """Bytes of files that are no graph."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps(Bomb(bomb)))
        archive.writestr("row.npy", b"\x93NUMPY")
    objects = io.BytesIO()
    np.savez(objects, format=np.array([Bomb(bomb)], dtype=object), data=np.array([Bomb(bomb)], dtype=object))
    table = io.BytesIO()
    pl.DataFrame({"src": [1], "dst": [2]}).write_parquet(table)
    return {
        "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "pickle": pickle.dumps(Bomb(bomb)),
        "zip": packed.getvalue(),
        "npz of objects": objects.getvalue(),
        "parquet": table.getvalue(),
        "gzip": gzip.compress(b"1 2\n"),
        "text": b"src,dst\n1,2\n",
        "empty": b"",
        "one byte": b"g",
        "the magic alone": b"grphrank",
    }


KINDS = list(other_kinds(""))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", [".graph", ".npz", ".parquet", ".ipc", ".csv.gz", ".mtx"])
def test_a_file_of_another_kind_is_refused_and_nothing_in_it_runs(probe, kind, ending, tmp_path):
    bomb, path = tmp_path / "boom", tmp_path / f"wrong{ending}"
    path.write_bytes(other_kinds(str(bomb))[kind])
    read = "gr.Graph.load(path)" if ending == ".graph" else "gr.read_edges(path)"
    ended = probe(f"result = {read}.n_edges", path=str(path)).check_alive()
    assert not bomb.exists(), "the file ran code"
    if (kind, ending) in {
        ("parquet", ".parquet"),
        ("gzip", ".csv.gz"),
    }:  # as its name says, or text of one column
        assert ended.error in (None, "ColumnNotFoundError")
    else:
        ended.check_refused("CorruptFileError", path.name)


@pytest.mark.parametrize("load", ["gr.Graph.load(path)", "gr.read_edges(path)"])
def test_a_missing_file_is_named(probe, load, tmp_path):
    ended = probe(load, path=str(tmp_path / "gone.csv")).check_refused("FileMissingError", "gone.csv")
    assert {"FileNotFoundError", "OSError"} <= set(ended.bases)


@pytest.mark.parametrize("ending", [".graph", ".csv", ".tsv", ".txt", ".parquet", ".ipc", ".npz", ".mtx"])
def test_a_folder_is_no_file(probe, ending, tmp_path):
    folder = tmp_path / f"folder{ending}"
    folder.mkdir()
    read = "gr.Graph.load(path)" if ending == ".graph" else "gr.read_edges(path)"
    probe(read, path=str(folder)).check_refused("CorruptFileError or FileError", folder.name)


def test_a_matrix_file_that_claims_a_trillion_rows_is_refused(probe, tmp_path):
    path = tmp_path / "big.mtx"
    path.write_text(f"%%MatrixMarket matrix coordinate pattern general\n{10**12} {10**12} 1\n1 2\n")
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
gr.read_edges(path)
"""
    probe(code, path=str(path)).check_refused("InvalidArgumentError or OutOfMemoryError", str(10**12))


def test_a_device_without_end_is_no_file(probe):
    probe("gr.Graph.load('/dev/zero')").check_refused("CorruptFileError", "/dev/zero")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("missing/g.graph", "FileError or FileMissingError"),
        ("", "FileError or FileMissingError"),
        ("g\0.graph", "InvalidArgumentError"),
        (".", "FileError or FileMissingError"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_by_name(probe, path, error, tmp_path):
    code = "os.chdir(folder); gr.Graph.from_edges(([1], [2])).save(path)"
    ended = probe(code, path=path, folder=str(tmp_path)).check_refused(error)
    assert ".part" not in ended.message, "the user gave no such name"
    assert list(tmp_path.iterdir()) == [], "something was left behind"


def test_a_full_disk_leaves_the_old_file_and_no_other(probe, saved, tmp_path):
    _, data = saved
    path = tmp_path / "g.graph"
    path.write_bytes(data)
    code = """
import resource
g = gr.Graph.from_edges((np.arange(100_000), np.arange(100_000)[::-1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
g.save(path)
"""
    probe(code, path=str(path)).check_refused("FileError", "g.graph")
    assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["g.graph"]


def test_a_save_that_is_killed_leaves_the_old_file_or_the_new_one(probe, tmp_path):
    path = tmp_path / "g.graph"
    code = """
import random, hashlib
rng = random.Random(5)
graphs = [gr.Graph.from_edges((np.arange(n), np.arange(n)[::-1])) for n in (300_000, 600_000)]
whole = set()
for g in graphs:
    g.save(path)
    whole.add(hashlib.sha256(open(path, "rb").read()).hexdigest())
seen, killed = set(), 0
for _ in range(20):
    child = os.fork()
    if not child:
        while True:
            for g in graphs:
                g.save(path)
    time.sleep(rng.uniform(0.02, 0.12))
    os.kill(child, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    seen.add(hashlib.sha256(open(path, "rb").read()).hexdigest())
parts = [name for name in os.listdir(os.path.dirname(path)) if name.endswith(".part")]
result = killed, seen <= whole, len(parts)
"""
    killed, whole, cut_short = eval(probe(code, path=str(path), limit=60).check_done().value)  # noqa: S307
    assert (killed, whole) == (20, True)
    assert cut_short > 0, "no kill came while a file was being written: the test shows nothing"
    assert gr.Graph.load(path).n_nodes in (300_000, 600_000)


def test_a_graph_that_is_loaded_outlives_its_file(saved, tmp_path):
    g, data = saved
    path = tmp_path / "g.graph"
    path.write_bytes(data)
    loaded = gr.Graph.load(path)
    gr.Graph.from_edges(([1], [2])).save(path)
    path.unlink()
    assert_same_graph(loaded, g)


def test_a_damaged_pickle_of_a_graph_is_refused(saved):
    packed = pickle.dumps(saved[0])
    at = packed.index(b"grphrank") + 100
    with pytest.raises(CorruptFileError):
        pickle.loads(packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :])  # noqa: S301 - made above
