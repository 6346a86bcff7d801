"""What vectors are worth with which arguments: the tables of docs/embedding.md, as Markdown.

    python embedding_quality.py [labels] [refine] [links] [--seeds 3] [--only 'Debian*']

labels: micro F1 at 10 % known labels (``common/node_classification.py``), by weights and by strength.
refine: the same at 10 and at 50 %, by rounds of refinement, and the least CPU time of an embedding.
links:  a tenth of the edges is hidden. The chance that a hidden pair has a larger cosine of centred vectors than a pair
        that is not linked: a hidden edge whose one end was exchanged for that of another one, so degrees are the same.

Figures are means over seeds (of the embedding, and of what is hidden); each F1 is a mean over three shuffles. Graphs
have no direction, no loops and no weights. They come from the folder ``GRAPHRANK_DATA``, and with graphrank.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.node_classification import Labels, evaluate, load_blogcatalog
from common.report import machine
from common.timing import pin_threads

DIM, SHUFFLES, HIDDEN = 128, 3, 0.1
LOW, HIGH = 0.1, 0.5
SHIPPED = "Debian, shipped"
FILES = {  # edges, nodes, the column of labels
    "Twitch": ("twitch_de_edges", "twitch_de_nodes", "group"),
    "GitHub": ("github_edges", "github_nodes", "group"),
    "Enron": ("email_enron", None, None),
    "citations": ("cit_hepph_directed", None, None),
    "Debian": ("debian_edges", "debian_packages", "section"),
    "basketball": ("nba_edges", "nba_nodes", "group"),
    "Slashdot": ("slashdot0902_directed", None, None),
    "DBLP": ("dblp_edges", None, None),
}

Vectors = NDArray[Any]
Embed = Callable[[Any, int], Vectors]
"""From a graph and a seed."""
Score = Callable[[Vectors], Vectors]
"""From two rows, the ends of pairs, to a number per pair: the larger, the more likely is an edge."""


@dataclass(frozen=True)
class Sample:
    name: str
    graph: Any  # graphrank.Graph
    labels: Labels | None


@dataclass(frozen=True)
class Table:
    """A row per way to embed, or to score pairs, and a column per graph."""

    rows: dict[str, Callable[[Any, int], Any]]
    cell: Callable[[Any, Sample, int], str]
    needs_labels: bool = True


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []], help="all if none is named")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="*", help="graphs whose names match this pattern")
    options = parser.parse_args()
    pin_threads(1)
    print(f"graphrank {version('graphrank-engine')}, one thread on {machine()['cpu']}")
    for name in options.tables or TABLES:
        print_table(TABLES[name], list(samples(options.only, TABLES[name].needs_labels)), options.seeds)


def print_table(table: Table, graphs: list[Sample], seeds: int) -> None:
    print("\n| | " + " | ".join(sample.name for sample in graphs) + " |")
    print("|---" * (len(graphs) + 1) + "|")
    for name, embed in table.rows.items():
        print(f"| {name} |", end="", flush=True)
        for sample in graphs:
            print(f" {table.cell(embed, sample, seeds)} |", end="", flush=True)
        print()


# --- graphs ----------------------------------------------------------------------------------------------------------


def samples(only: str, with_labels: bool) -> Iterator[Sample]:
    """The graphs at hand whose names match."""
    import graphrank

    blogs = load_blogcatalog() if fnmatch("BlogCatalog", only) else None
    if blogs is not None:
        yield Sample("BlogCatalog", _simple(blogs.adjacency), blogs.labels)
    folder = Path(os.environ.get("GRAPHRANK_DATA", "."))
    for name, (edges, nodes, column) in FILES.items():
        if fnmatch(name, only) and (column is not None or not with_labels):
            paths = [folder / f"{file}.parquet" for file in (edges, nodes) if file is not None]
            if all(path.exists() for path in paths):
                yield _from_frames(name, *(pl.read_parquet(path) for path in paths), column=column)
            else:
                print(f"{name} is not in GRAPHRANK_DATA: left out")
    if fnmatch(SHIPPED, only):
        yield _from_frames(SHIPPED, *graphrank.datasets.debian_frames(), column="section")


def _from_frames(
    name: str, edges: pl.DataFrame, nodes: pl.DataFrame | None = None, *, column: str | None
) -> Sample:
    import graphrank

    graph = graphrank.Graph.from_edges(edges.select("src", "dst"), directed=False, nodes=nodes)
    labels = None if nodes is None or column is None else nodes[column].to_dummies().to_numpy() > 0
    return Sample(name, _simple(graph.to_scipy()), labels)


def _simple(adjacency: Any) -> Any:
    """A graph without loops and weights, whose ids are row numbers."""
    import graphrank

    matrix = adjacency.astype(bool)
    matrix.setdiag(False)
    matrix.eliminate_zeros()
    return graphrank.Graph.from_scipy(matrix, directed=False)


# --- ways to embed ---------------------------------------------------------------------------------------------------


def _ours(graph: Any, seed: int, **options: Any) -> Vectors:
    import graphrank

    return graphrank.fastrp(graph, DIM, seed=seed, **options).vectors


def ours(**options: Any) -> Embed:
    return partial(_ours, **options)


def _spectral(graph: Any, _: int) -> Vectors:
    from scipy.sparse import csr_matrix
    from sknetwork.embedding import Spectral

    vectors: Vectors = Spectral(DIM).fit_transform(csr_matrix(graph.to_scipy()))
    return vectors


def _cosines(graph: Any, seed: int, is_centred: bool, **options: Any) -> Score:
    x = _ours(graph, seed, **options).astype(np.float64)
    if is_centred:
        x -= x.mean(axis=0)
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    x /= np.where(lengths > 0, lengths, 1)
    return lambda pairs: np.einsum("ij,ij->i", x[pairs[0]], x[pairs[1]])


def cosines(is_centred: bool = True, **options: Any) -> Callable[[Any, int], Score]:
    return partial(_cosines, is_centred=is_centred, **options)


def popularity(graph: Any, _: int) -> Score:
    degrees = np.diff(graph.to_scipy().indptr)
    return lambda pairs: degrees[pairs[0]] * degrees[pairs[1]]


# --- what is measured ------------------------------------------------------------------------------------------------


def low_f1(embed: Embed, sample: Sample, seeds: int) -> str:
    assert sample.labels is not None
    found = [_f1(embed(sample.graph, seed), sample.labels, (LOW,)) for seed in range(seeds)]
    return f"{np.mean(found):.1f}"


def f1_and_seconds(embed: Embed, sample: Sample, seeds: int) -> str:
    assert sample.labels is not None
    if embed is _spectral:
        seeds = 1
    found, seconds = [], []
    for seed in range(seeds):
        start = time.process_time()
        vectors = embed(sample.graph, seed)
        seconds.append(time.process_time() - start)
        found.append(_f1(vectors, sample.labels, (LOW, HIGH)))
    low, high = np.mean(found, axis=0)
    return f"{low:.1f} / {high:.1f} ({min(seconds):.2g} s)"


def _f1(vectors: Vectors, labels: Labels, shares: tuple[float, ...]) -> list[float]:
    found = evaluate(vectors, labels, shuffles=SHUFFLES, shares=shares)
    return [found[share].known_micro for share in shares]


def auc(way: Callable[[Any, int], Score], sample: Sample, seeds: int) -> str:
    found = [_auc_of_split(way, sample.graph.to_scipy(), seed) for seed in range(seeds)]
    return f"{np.mean(found):.3f}".lstrip("0")


def _auc_of_split(way: Callable[[Any, int], Score], adjacency: Any, seed: int) -> float:
    from scipy.sparse import triu

    import graphrank

    rng = np.random.default_rng(seed)
    edges = np.stack(triu(adjacency).nonzero())
    is_hidden = rng.random(edges.shape[1]) < HIDDEN
    hidden, seen = edges[:, is_hidden], edges[:, ~is_hidden]
    nodes = np.arange(adjacency.shape[0])
    score = way(graphrank.Graph.from_edges(tuple(seen), directed=False, nodes=nodes), seed)

    others = np.stack([hidden[0], rng.permutation(hidden[1])])
    is_linked = np.asarray(adjacency[others[0], others[1]]).ravel() > 0
    others = others[:, ~is_linked & (others[0] != others[1])]
    real, false = score(hidden), np.sort(score(others))
    below = np.searchsorted(false, real, "left") + np.searchsorted(false, real, "right")
    return float(below.mean() / 2 / len(false))


TABLES = {
    "labels": Table(
        {
            "default: `(0, 0, 1, 6.67)`": ours(),
            '`preset="gds"`: `(0, 1, 1)`': ours(preset="gds"),
            "`(0, 0, 1, 1)`": ours(weights=(0, 0, 1, 1)),
            '`preset="links"`: `(1, 2, 2, 2)`': ours(preset="links"),
            "default, `normalization_strength=0.3`": ours(normalization_strength=0.3),
            "default, `normalization_strength=-0.3`": ours(normalization_strength=-0.3),
            "default, `normalization_strength=-0.64`": ours(normalization_strength=-0.64),
        },
        low_f1,
    ),
    "refine": Table(
        {f"`refine={n}`": ours(refine=n) for n in range(4)} | {"scikit-network `Spectral`": _spectral},
        f1_and_seconds,
    ),
    "links": Table(
        {
            "product of degrees": popularity,
            '`preset="links"`: `(1, 2, 2, 2)`': cosines(preset="links"),
            '`preset="gds"`: `(0, 1, 1)`': cosines(preset="gds"),
            "default: `(0, 0, 1, 6.67)`": cosines(),
            "`(1, 1)`": cosines(weights=(1, 1)),
            "default, `refine=2`": cosines(refine=2),
            '`preset="links"`, not centred': cosines(is_centred=False, preset="links"),
        },
        auc,
        needs_labels=False,
    ),
}


if __name__ == "__main__":
    main()
