"""Personalized PageRank in plain SciPy: a contender, and at a far smaller tolerance the reference for all."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from common.graphs import EdgeList

DAMPING = 0.85
TOL = 1e-8  # the L1 error asked of every contender
_REFERENCE_TOL = 1e-14
_MAX_SWEEPS = 2_000

Floats = NDArray[np.float64]
SparseMatrix = Any  # SciPy's own types need a type parameter only when their stubs are installed


def adjacency(edges: EdgeList) -> SparseMatrix:
    """Row u holds the arcs that leave u, each of weight 1."""
    src, dst = edges.arcs()
    return coo_array((np.ones(len(src)), (src, dst)), shape=(edges.n_nodes, edges.n_nodes)).tocsr()


def transition_transposed(edges: EdgeList) -> SparseMatrix:
    """Row v holds, for each arc u -> v, the chance to step from u to v: one product is one sweep."""
    src, dst = edges.arcs()
    chance = 1.0 / np.maximum(np.bincount(src, minlength=edges.n_nodes), 1)
    return coo_array((chance[src], (dst, src)), shape=(edges.n_nodes, edges.n_nodes)).tocsr()


def power_iteration(matrix: SparseMatrix, source: int, tol: float) -> tuple[Floats, int]:
    """Scores whose L1 error is at most ``tol``, and the sweeps made.

    Mass that did not flow along an arc (restarts, dangling nodes) returns to the source. A step shrinks the
    error by the damping at least, so the error is at most ``change * damping / (1 - damping)``.
    """
    scores = np.zeros(matrix.shape[0])
    scores[source] = 1.0
    for sweep in range(1, _MAX_SWEEPS + 1):
        following = matrix @ scores
        following *= DAMPING
        following[source] += 1.0 - following.sum()
        scores -= following
        change = np.abs(scores, out=scores).sum()
        scores = following
        if change * DAMPING / (1 - DAMPING) <= tol:
            return scores, sweep
    raise RuntimeError(f"no convergence to {tol} within {_MAX_SWEEPS} sweeps; the last step changed {change}")


class L1Error:
    """L1 distance to a reference solved to 1e-14; matrix and references are made when first needed."""

    def __init__(self, edges: EdgeList) -> None:
        self._matrix = cache(lambda: transition_transposed(edges))
        self.reference = cache(lambda source: power_iteration(self._matrix(), source, _REFERENCE_TOL)[0])

    def worst(self, sources: Sequence[int], scores: Iterable[Floats]) -> dict[str, float | int | str]:
        """The largest error among the answers, one per source."""
        pairs = zip(sources, scores, strict=True)
        error = max(float(np.abs(x - self.reference(source)).sum()) for source, x in pairs)
        return {"L1 error": error, f"<= {TOL:g}": "yes" if error <= TOL else "NO"}
