"""Draw the picture of docs/submodular.md: what few Debian packages are worth while packages come.

    python scripts/plot_submodular.py [FOLDER]

writes ``submodular.svg``, by default to docs/img. Needs matplotlib. The same versions of graphrank and matplotlib
give the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import polars as pl

import graphrank as gr
from graphrank.submodular import Coverage, plot_log

FOLDER = Path(__file__).parent.parent / "docs" / "img"


def main(folder: Path) -> None:
    """Write the picture to ``folder``."""
    mpl.use("Agg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "graphrank", "font.size": 9}
    from matplotlib import pyplot as plt

    needs = Coverage(gr.datasets.debian_frames()[0], element="dst", item="src")
    came = pl.DataFrame({"op": "insert", "element": needs.ids})
    log = gr.DynamicMaximizer(needs, 20).apply(came, every=20)
    folder.mkdir(parents=True, exist_ok=True)
    figure, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    plot_log(log, ax=ax)
    figure.savefig(folder / "submodular.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
