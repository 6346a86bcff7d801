"""Draw the picture of docs/clique.md: a fair clique of Debian packages.

    python scripts/plot_clique.py [FOLDER]

writes ``clique.svg``, by default to docs/img. Needs matplotlib. The same versions of graphrank and matplotlib give the
same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import polars as pl

import graphrank as gr

FOLDER = Path(__file__).parent.parent / "docs" / "img"


def main(folder: Path) -> None:
    """Write the picture to ``folder``."""
    mpl.use("Agg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "graphrank", "font.size": 9}
    from matplotlib import pyplot as plt

    edges, packages = gr.datasets.debian_frames()
    graph = gr.Graph.from_edges(edges, directed=False, nodes=packages)
    crafts = packages.select(node="package", group="section")
    crafts = crafts.filter(pl.col("group").is_in(["libs", "python", "science"]))
    folder.mkdir(parents=True, exist_ok=True)
    figure, ax = plt.subplots(figsize=(5.6, 4.8), layout="constrained")
    gr.max_fair_clique(graph, crafts, max_share=0.5, ungrouped="exclude").plot(ax)
    figure.savefig(folder / "clique.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
