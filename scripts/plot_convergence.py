"""Draw the pictures of docs/ppr.md on the shipped Debian graph: best scores of a query, and error against sweeps.

    python scripts/plot_convergence.py [FOLDER]

writes ``scores.svg`` and ``convergence.svg``, by default to docs/img. Needs matplotlib. The same versions of graphrank
and matplotlib give the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np

import graphrank as gr

FOLDER = Path(__file__).parent.parent / "docs" / "img"
SOURCE = "python3-django"
TOLERANCES = 10.0 ** np.arange(0, -12.25, -0.25)
STYLES: dict[Literal["power", "gauss_seidel", "cg"], str] = {"power": "o", "gauss_seidel": "s", "cg": "^"}


def main(folder: Path) -> None:
    """Write both pictures to ``folder``."""
    mpl.use("Agg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "graphrank", "font.size": 9}
    from matplotlib import pyplot as plt

    edges, packages = gr.datasets.debian_frames()
    graphs = {
        "directed": gr.Graph.from_edges(edges, nodes=packages),
        "undirected": gr.Graph.from_edges(edges, nodes=packages, directed=False),
    }
    folder.mkdir(parents=True, exist_ok=True)

    figure, ax = plt.subplots(figsize=(5.6, 2.8), layout="constrained")
    gr.personalized_pagerank(graphs["undirected"], SOURCE, top_k=10).plot(ax, top=10)
    figure.savefig(folder / "scores.svg", metadata={"Date": None})

    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.8), sharey=True, layout="constrained")
    for ax, (kind, graph) in zip(axes, graphs.items(), strict=True):
        draw_convergence(ax, graph)
        ax.set_title(f"{kind}: {graph.n_nodes:,} nodes, {graph.n_edges:,} edges")
    axes[0].set_ylabel("certified L1 error")
    figure.savefig(folder / "convergence.svg", metadata={"Date": None})


def draw_convergence(ax: Any, graph: gr.Graph) -> None:
    """For each method that suits the graph, the error bound reached after as many sweeps."""
    for method, marker in STYLES.items():
        if method == "cg" and graph.is_directed:
            continue
        answers = [gr.personalized_pagerank(graph, SOURCE, tol=tol, method=method) for tol in TOLERANCES]
        bounds = {int(answer.iterations[0]): float(answer.error_bound[0]) for answer in answers}
        ax.semilogy(
            list(bounds), list(bounds.values()), marker=marker, markersize=3, linewidth=1, label=method
        )
    ax.set_xlabel("sweeps over the edges")
    ax.set_xlim(left=0)
    ax.grid(alpha=0.3)
    ax.legend()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
