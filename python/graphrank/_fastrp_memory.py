"""What an embedding will take, before there is a graph to try it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphrank import _core
from graphrank._fastrp_params import Preset, fastrp_params
from graphrank._typing import Direction, Float
from graphrank._validate import int_from, true_or_false

__all__ = ["MemoryEstimate", "estimate_memory"]

_PER_NODE = 8 + 8 + 8
"""An offset of the graph, an integer id, and its key."""


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes of an embedding; prints as a small table.

    Attributes
    ----------
    graph
        The edges, from both sides if both are needed, and integer ids (other ids take more).
    vectors
        The result. With ``out`` it lies in a file, and only what is being worked on in memory.
    working
        What a run uses beside these without a limit.
    least_limit
        The least ``memory_limit`` there can be. At the least, the run takes up to twice the time.
    """

    graph: int
    vectors: int
    working: int
    least_limit: int

    @property
    def total(self) -> int:
        """Bytes of a run in memory without a limit."""
        return self.graph + self.vectors + self.working

    @property
    def least(self) -> int:
        """Bytes of memory that a run with ``out`` and the least limit can do with."""
        return self.graph + self.least_limit

    def __str__(self) -> str:
        rows = {
            "graph": self.graph,
            "vectors": self.vectors,
            "working": self.working,
            "in memory": self.total,
            "least memory_limit": self.least_limit,
            "with it, and out": self.least,
        }
        return "\n".join(f"{name:<20}{n_bytes / 1e6:>12,.1f} MB" for name, n_bytes in rows.items())


def estimate_memory(
    n_nodes: int,
    n_edges: int,
    dim: int = 128,
    *,
    is_directed: bool = False,
    is_weighted: bool = False,
    weights: Sequence[float] | None = None,
    normalization_strength: float | None = None,
    self_influence: float = 0.0,
    normalize: bool = True,
    refine: int = 0,
    direction: Direction = "both",
    preset: Preset | None = None,
    dtype: Float = "float32",
    state: Float = "float32",
) -> MemoryEstimate:
    """What :func:`fastrp` takes for a graph of that size: in memory, and at the least.

    Parameters
    ----------
    n_nodes, n_edges
        Of the graph; an undirected edge counts once.
    is_directed, is_weighted
        What the graph is.
    dim, weights, normalization_strength, self_influence, normalize, refine, direction, preset, dtype, state
        As in :func:`fastrp`.

    Returns
    -------
    MemoryEstimate
        Of the arrays; the interpreter and its libraries take some 100 MB more.

    Raises
    ------
    InvalidArgumentError
        If an argument is out of range.

    Examples
    --------
    >>> from graphrank.embedding import estimate_memory
    >>> estimate = estimate_memory(50_000_000, 500_000_000, dtype="float16", state="float16")
    >>> estimate.vectors, estimate.least < 24e9 < estimate.total
    (12800000000, True)
    """
    n, m = int_from(0, "n_nodes", n_nodes), int_from(0, "n_edges", n_edges)
    params = fastrp_params(
        n,
        dim=dim,
        weights=weights,
        normalization_strength=normalization_strength,
        self_influence=self_influence,
        sparsity=None,
        normalize=normalize,
        refine=refine,
        feature_ratio=0.0,
        direction=direction,
        preset=preset,
        dtype=dtype,
        state=state,
        seed=0,
    )
    weighted = true_or_false("is_weighted", is_weighted)
    working, least = _core.fastrp_memory(
        n,
        0,
        weighted,
        params.dtype == "float32",
        params.dim,
        list(params.weights),
        params.normalization_strength,
        params.self_influence,
        params.normalize,
        params.refine,
        params.state,
    )
    n_lists = 2 if true_or_false("is_directed", is_directed) and params.direction != "out" else 1
    n_arcs = m * (n_lists if is_directed else 2)
    graph = n * (_PER_NODE + 8 * (n_lists - 1)) + n_arcs * (12 if weighted else 4)
    return MemoryEstimate(graph, n * params.dim * np.dtype(params.dtype).itemsize, working, least)
