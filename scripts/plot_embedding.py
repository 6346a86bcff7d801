"""Draw the picture of docs/embedding.md: vectors of Debian packages in the plane, coloured by section.

    python scripts/plot_embedding.py [FOLDER]

writes ``embedding.svg``, by default to docs/img. Needs matplotlib. The same versions of graphrank, NumPy and matplotlib
give the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

import graphrank as gr

FOLDER = Path(__file__).parent.parent / "docs" / "img"


def main(folder: Path) -> None:
    """Write the picture to ``folder``."""
    mpl.use("Agg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "graphrank", "font.size": 9}
    from matplotlib import pyplot as plt

    graph = gr.datasets.debian().to_undirected()
    folder.mkdir(parents=True, exist_ok=True)
    figure, ax = plt.subplots(figsize=(5.6, 3.8), layout="constrained")
    gr.fastrp(graph).plot(ax, color="section")
    figure.savefig(folder / "embedding.svg", metadata={"Date": None}, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
