"""How long an edge table takes to become a graph, and how much memory: graphrank and its peers in one run."""

import networkx
import numpy as np
import polars as pl

from common.graphs import hashed, named, uniform_ids
from common.report import Target, cost
from common.runner import Options, Results, run
from common.timing import Case, Contender
from ingest_contenders import POLARS, integer_contenders, networkx_contenders, string_contenders


def make_cases(options: Options) -> list[Case]:
    shrink = 50 if options.quick else 1
    return [
        _integers("integers-1m", 1_000_000 // shrink, sparse=False),
        _integers("integers-10m", 10_000_000 // shrink, sparse=False),
        _integers("hashed-10m", 10_000_000 // shrink, sparse=True),
        _strings("strings", 5_000_000 // shrink, "user{}"),
        _strings("long-strings", 5_000_000 // shrink, "https://example.org/people/{}"),
        _networkx("networkx-graph", 500_000 // shrink, networkx.Graph),
        _networkx("networkx-digraph", 500_000 // shrink, networkx.DiGraph),
    ]


def _integers(name: str, n_edges: int, sparse: bool) -> Case:
    kind = "hashed 63-bit ids" if sparse else "ids 0 .. n - 1"

    def load() -> list[Contender]:
        src, dst = uniform_ids(n_edges, n_edges // 10)
        if sparse:
            src, dst = hashed(src), hashed(dst)
        return integer_contenders(src, dst, ids_are_codes=not sparse)

    return Case(name, f"{name}: {n_edges:,} edges, {n_edges // 10:,} distinct, {kind}, int64 frame", load)


def _strings(name: str, n_edges: int, template: str) -> Case:
    def load() -> list[Contender]:
        src, dst = uniform_ids(n_edges, n_edges // 5)
        return string_contenders(named(pl.DataFrame({"src": src, "dst": dst}), template))

    example = template.format("0123456")
    title = f"{name}: {2 * n_edges:,} string endpoints, {n_edges // 5:,} distinct, such as {example!r}"
    return Case(name, title, load)


def _networkx(name: str, n_edges: int, kind: type[networkx.Graph]) -> Case:
    n_nodes = n_edges // 5

    def load() -> list[Contender]:
        rng = np.random.default_rng(1)
        src, dst = rng.integers(0, n_nodes, (2, n_edges)).tolist()
        graph = kind()
        graph.add_nodes_from(range(n_nodes))
        graph.add_weighted_edges_from(zip(src, dst, rng.random(n_edges).tolist(), strict=True))
        graph.remove_edges_from(list(networkx.selfloop_edges(graph)))
        return networkx_contenders(graph)

    title = f"{name}: a NetworkX {kind.__name__} of {n_nodes:,} nodes and about {n_edges:,} weighted edges"
    return Case(name, title, load)


def make_targets(results: Results, options: Options) -> list[Target]:
    targets: list[Target] = []
    for case, rows in results.items():
        ours = rows.get("graphrank")
        if ours is None:
            continue
        costs = {name: cost(row, options.threads) for name, row in rows.items()}
        if case == "integers-10m":
            igraph = min(t for name, t in costs.items() if name.startswith("igraph"))
            scipy = costs["SciPy + numpy.unique"]
            targets.append(Target(f"{case}: igraph's best / ours", igraph / costs["graphrank"], 5))
            targets.append(Target(f"{case}: SciPy + numpy.unique / ours", scipy / costs["graphrank"], 1.5))
        if "strings" in case:
            polars = min(t for name, t in costs.items() if name.startswith(POLARS))
            claim = f"{case}: ours / Polars' fastest factorisation"
            targets.append(Target(claim, costs["graphrank"] / polars, 1.3, at_most=True))
        if case.startswith("networkx"):
            ratio = costs["graphrank"] / costs["networkx.to_scipy_sparse_array"]
            targets.append(Target(f"{case}: ours / to_scipy_sparse_array", ratio, 0.5, at_most=True))
        elif ours.peak_bytes is not None:
            csr = 8 * (int(ours.quality["nodes"]) + 1) + 4 * int(ours.quality["edges"])
            claim = f"{case}: peak memory above the input / finished CSR"
            targets.append(Target(claim, ours.peak_bytes / csr, 3, at_most=True))
    return targets


if __name__ == "__main__":
    run("ingest", __doc__, make_cases, make_targets)
