"""Draw the picture of docs/ranking.md: how peers come to agree, in the thesis's figures and here.

    python scripts/plot_ranking.py [FOLDER]

writes ``ranking.svg``, by default to docs/img. Needs matplotlib. The same versions of graphrank and matplotlib give the
same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

from graphrank._typing import GossipKind
from graphrank.ranking import Attack, ClicklogInflation, EpicSybil, Network, TargetedSybil

FOLDER = Path(__file__).parent.parent / "docs" / "img"

# Read off the figures of the thesis, for F = 0 and F = 1: round, least and largest footrule.
_BASELINE = [(0, 143, 152), (20, 20, 55), (35, 0, 25), (39, 0, 0), (100, 0, 0)]
_ATTACKS: dict[str, tuple[Attack, GossipKind, tuple[int, int]]] = {
    "targeted": (TargetedSybil(), "pull", (49, 74)),
    "inflation": (ClicklogInflation(), "pull", (66, 67)),
    "epic": (EpicSybil(), "pull", (70, 98)),
    "targeted, push": (TargetedSybil(), "push", (48, 48)),
}


def main(folder: Path) -> None:
    """Write the picture to ``folder``."""
    mpl.use("Agg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "graphrank", "font.size": 9}
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained")
    rounds, low, high = zip(*_BASELINE, strict=True)
    left.fill_between(
        rounds, low, high, color="C1", alpha=0.35, linewidth=0, label="thesis, from its figures"
    )
    Network().run().plot(left)
    for i, (attack, gossip, theirs) in enumerate(_ATTACKS.values()):
        found = Network(attack=attack, gossip=gossip).run().to_polars().row(-1, named=True)
        right.vlines(i - 0.12, *_seen(*theirs), color="C1", linewidth=6, label="thesis" if i == 0 else None)
        spread = _seen(found["footrule_min"], found["footrule_max"])
        right.vlines(i + 0.12, *spread, color="C0", linewidth=6, label="here" if i == 0 else None)
    right.set(ylim=(0, None), ylabel="places off at the end")
    right.set_xticks(range(len(_ATTACKS)), list(_ATTACKS))
    right.legend(fontsize="small")
    figure.savefig(folder / "ranking.svg", metadata={"Date": None})
    plt.close(figure)


def _seen(low: float, high: float) -> tuple[float, float]:
    """A range wide enough to be seen."""
    return low - 1, high + 1


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
