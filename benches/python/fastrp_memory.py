"""Embeddings that hardly fit: what `estimate_memory` says, and what the process takes.

    python fastrp_memory.py [--large [--nodes 50_000_000]] [--threads 2]

R-MAT 18 with all the memory there is, and with the least. ``--large`` adds a random graph of ten edges per node, every
neighbour far away (the worst case for any cache): as many nodes as this machine has memory for, 50 million at most. It
builds the graph on disk, in pieces, and writes the vectors to a file: some 430 bytes of disk per node.

Resident memory counts pages of the graph's and the vectors' files too, which the system takes back when it needs them;
``own`` is what it cannot take back, at its peak.
"""

import argparse
import json
import math
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from common.graphs import CACHE
from common.memory import peak_bytes
from common.report import RESULTS, machine, print_aligned, versions
from common.stored import rmat_undirected
from common.timing import pin_threads

DIM, EDGES_PER_NODE = 128, 10
MOST_NODES = 50_000_000
HALF = {"dtype": "float16", "state": "float16"}


def main() -> None:
    options = _options()
    pin_threads(options.threads)
    if options.build:
        build_far(options.nodes)
    elif options.embed:
        print(json.dumps(embed(**json.loads(options.embed))))
    else:
        rows = [measured(*case) for case in cases(options)]
        report(rows, options.threads)


def cases(options: argparse.Namespace) -> list[tuple[str, Path, int, int, dict[str, Any], bool]]:
    """Name, folder, nodes, edges, how to embed, and whether the vectors go to a file under the least limit."""
    graph = rmat_undirected(18)
    size = graph.folder, graph.n_nodes, graph.n_arcs // 2
    found = [
        ("R-MAT 18", *size, {}, False),
        ("R-MAT 18, least", *size, {}, True),
        ("R-MAT 18, 16 bits", *size, HALF, True),
    ]
    if options.large:
        n = options.nodes or most_nodes()
        if not (far_folder(n) / "graph").exists():
            subprocess.run([sys.executable, __file__, "--build", "--nodes", str(n)], check=True)
        found.append((f"{n / 1e6:g}M nodes, 16 bits", far_folder(n), n, n * EDGES_PER_NODE, HALF, True))
    return found


def most_nodes() -> int:
    """As many as four fifths of the free memory hold at the least, to the million."""
    from graphrank.embedding import estimate_memory

    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) * 1024
    per_node = estimate_memory(10**6, EDGES_PER_NODE * 10**6, DIM, **HALF).least / 1e6
    return min(MOST_NODES, int(0.8 * free / per_node / 1e6) * 10**6)


def measured(
    name: str, folder: Path, n_nodes: int, n_edges: int, kinds: dict[str, Any], least: bool
) -> dict[str, Any]:
    """The estimate, and the peaks of a process that embeds."""
    from graphrank.embedding import estimate_memory

    estimate = estimate_memory(n_nodes, n_edges, DIM, **kinds)
    how = {"folder": str(folder), "limit": estimate.least_limit if least else None, "options": kinds}
    command = [sys.executable, *sys.argv, "--embed", json.dumps(how)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {
        "name": name,
        "nodes": n_nodes,
        "edges": n_edges,
        "estimated": estimate.least if least else estimate.total,
        **json.loads(done.stdout.splitlines()[-1]),
    }


def embed(folder: str, limit: int | None, options: dict[str, Any]) -> dict[str, Any]:
    """The other end of ``measured``, in a process of its own."""
    import graphrank

    out = Path(folder) / "vectors.npy"
    graph = graphrank.Graph.load(Path(folder) / "graph")
    start, cpu = time.perf_counter(), time.process_time()
    with own_bytes() as own:
        if limit is None:
            graphrank.fastrp(graph, DIM, **options)
        else:
            graphrank.fastrp(graph, DIM, memory_limit=limit, out=out, **options)
    found = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    out.unlink(missing_ok=True)
    return {**found, "peak": peak_bytes(), "own": max(own)}


@contextmanager
def own_bytes() -> Any:
    """Samples, every 10 ms, of the memory of this process that is no page of a file."""
    samples, stop = [0], threading.Event()

    def sample() -> None:
        while not stop.wait(0.01):
            lines = Path("/proc/self/status").read_text().splitlines()
            samples.append(next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) * 1024)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield samples
    finally:
        stop.set()
        sampler.join()


# --- the large graph -------------------------------------------------------------------------------------------------


def far_folder(n: int) -> Path:
    return CACHE / f"far-{n}-nodes-{EDGES_PER_NODE}-edges-each"


def build_far(n: int) -> None:
    """Node v is linked to a v + b modulo n, for ten random a and b: a simple graph but for a handful of nodes."""
    from scipy.sparse import csr_matrix

    import graphrank

    folder = far_folder(n)
    folder.mkdir(parents=True, exist_ok=True)
    steps = list(_steps(n))
    targets = np.lib.format.open_memmap(folder / "targets.npy", "w+", np.int32, (n * len(steps),))
    for start in range(0, n, 2**20):
        nodes = np.arange(start, min(n, start + 2**20))
        rows = np.stack([(factor * nodes + shift) % n for factor, shift in steps], axis=1)
        rows.sort(axis=1)
        targets[start * len(steps) : (start + len(nodes)) * len(steps)] = rows.ravel()
    offsets = np.arange(n + 1, dtype=np.int32) * len(steps)
    matrix = csr_matrix((np.broadcast_to(np.True_, len(targets)), targets, offsets), shape=(n, n), copy=False)
    graphrank.Graph.from_scipy(matrix, directed=False).save(folder / "graph")
    (folder / "targets.npy").unlink()


def _steps(n: int) -> Any:
    """Ten bijections of 0 .. n - 1 and their inverses, each a factor and a shift."""
    rng = np.random.default_rng(n)
    for _ in range(EDGES_PER_NODE):
        factor, shift = 0, int(rng.integers(n))
        while math.gcd(factor, n) != 1:
            factor = int(rng.integers(1, n))
        inverse = pow(factor, -1, n)
        yield factor, shift
        yield inverse, -inverse * shift % n


# --- report ----------------------------------------------------------------------------------------------------------


def report(rows: list[dict[str, Any]], threads: int) -> None:
    head = ["", "nodes", "edges", "estimated", "own", "with pages of files", "own B/node", "wall", "cpu", ""]
    body = [
        [
            row["name"],
            f"{row['nodes']:,}",
            f"{row['edges']:,}",
            *(f"{row[key] / 1e6:,.0f} MB" for key in ("estimated", "own", "peak")),
            f"{row['own'] / row['nodes']:.0f}",
            *(f"{row[key]:.1f} s" for key in ("seconds", "cpu_seconds")),
            "",
        ]
        for row in rows
    ]
    print(f"fastrp_memory: {DIM} dimensions, {threads} thread(s); {versions()}")
    print_aligned([head, *body])
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{date.today().isoformat()}-fastrp-memory-{threads}-threads.json"
    content = {"bench": "fastrp_memory", "machine": machine(), "versions": versions(), "rows": rows}
    path.write_text(json.dumps(content, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="embed the largest graph that this machine can")
    parser.add_argument("--nodes", type=int, default=0, help="of the large graph")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--build", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--embed", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
