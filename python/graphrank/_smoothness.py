"""How much a ranking tells about every item, from the mean points of items."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrank._node_groups import NodeGroups

__all__ = ["Goal", "of_groups"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Goal:
    """Which error the means of all items may have, as a share of what is expected, and with which probability."""

    error: float
    confidence: float

    def judge(self, means: Floats, errors: Floats, n_rankings: float) -> dict[str, Any]:
        """The smoothness, its bounds, and how many rankings are needed; means are shares of the most there is."""
        alpha = float(means.min())
        low, high = self._bounds(means, errors, n_rankings)
        needed = self._n_needed(alpha, len(means))
        is_enough = needed is not None and n_rankings >= needed
        return {"alpha": alpha, "low": low, "high": high, "n_needed": needed, "is_enough": is_enough}

    def _bounds(self, means: Floats, errors: Floats, n_rankings: float) -> tuple[float, float]:
        """Of the least expectation: from bounds of all expectations that hold together.

        They are Wilson's for shares of successes, among as many trials as have this error; so they are of use also
        where points are rare, or never varied.
        """
        z = NormalDist().inv_cdf(1 - (1 - self.confidence) / (2 * len(means)))
        spread = means * (1 - means)
        is_varied = (errors > 0) & (spread > 0)
        n = np.where(
            is_varied, np.divide(spread, errors**2, where=is_varied, out=np.ones_like(means)), n_rankings
        )
        middle = (means + z * z / (2 * n)) / (1 + z * z / n)
        slack = z / (1 + z * z / n) * np.sqrt(spread / n + z * z / (4 * n * n))
        low, high = (middle - slack).min(), (middle + slack).min()
        return max(0.0, float(low)), min(1.0, float(high))

    def _n_needed(self, alpha: float, n_items: int) -> int | None:
        if alpha <= 0:
            return None
        each = min(1 / (2 * self.error**2 * alpha**2), 3 / (self.error**2 * alpha))
        return ceil(log(2 * n_items / (1 - self.confidence)) * each)


def of_groups(groups: NodeGroups, means: Floats) -> list[dict[str, Any]]:
    """The number of items of each group, the mean of their means, and the least."""
    rows = []
    for number, name in enumerate(groups.names):
        own = means[groups.codes == number]
        rows.append(
            {"group": name, "n_items": len(own), "mean": float(own.mean()), "alpha": float(own.min())}
        )
    return rows
