"""What an embedding will take: for planning, and to refuse what cannot fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphrank import _core
from graphrank._fastrp_params import FastRPParams, Preset, fastrp_params
from graphrank._free_memory import free_memory
from graphrank._typing import Direction, Float
from graphrank._validate import int_from, true_or_false
from graphrank.exceptions import OutOfMemoryError

__all__ = ["MemoryEstimate", "estimate_memory", "refuse_what_cannot_fit"]

_PER_NODE = 8 + 8 + 8
"""An offset of the graph, an integer id, and its key."""
_LANES = 16
"""Rows of kept powers are multiples of so many columns."""
_CHECKED_FROM = 1 << 28
"""Bytes from which to see whether they are free, which takes a millisecond."""


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes of an embedding; prints as a small table.

    Attributes
    ----------
    graph
        The edges, from both sides if both are needed, integer ids (other ids take more), and features.
    vectors
        The result.
    working
        What a run uses beside these without a limit.
    least_limit
        The least ``memory_limit`` there can be. At the least, the run takes up to twice the time.
    to_file
        Whether vectors go to a file: then the system holds as much of them in memory as it has room for.
    """

    graph: int
    vectors: int
    working: int
    least_limit: int
    to_file: bool = False

    @property
    def total(self) -> int:
        """Bytes of memory that a run without a limit needs."""
        return self._held + self.working

    @property
    def least(self) -> int:
        """Bytes of memory that a run with the least limit needs."""
        return self._held + self.least_limit

    @property
    def _held(self) -> int:
        return self.graph if self.to_file else self.graph + self.vectors

    def __str__(self) -> str:
        rows = {
            "graph": self.graph,
            "vectors, in a file" if self.to_file else "vectors": self.vectors,
            "working": self.working,
            "in memory": self.total,
            "least memory_limit": self.least_limit,
            "in memory with it": self.least,
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
    n_features: int = 0,
    direction: Direction = "both",
    preset: Preset | None = None,
    dtype: Float = "float32",
    state: Float = "float32",
    to_file: bool = False,
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
    n_features
        Columns of its ``features``.
    to_file
        Whether its vectors go to a file, ``out``.

    Returns
    -------
    MemoryEstimate
        Of the arrays, if all nodes have neighbours: others take next to nothing to work in. The interpreter and its
        libraries take some 100 MB more.

    Raises
    ------
    InvalidArgumentError
        If an argument is out of range.

    Examples
    --------
    >>> from graphrank.embedding import estimate_memory
    >>> estimate = estimate_memory(50_000_000, 500_000_000, dtype="float16", state="float16", to_file=True)
    >>> estimate.vectors, estimate.least < 24e9 < estimate.total
    (12800000000, True)
    """
    n, m = int_from(0, "n_nodes", n_nodes), int_from(0, "n_edges", n_edges)
    n_columns = int_from(0, "n_features", n_features)
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
    is_file = true_or_false("to_file", to_file)
    working, least = _beside(n, n_columns, weighted, params, is_file)
    n_lists = 2 if true_or_false("is_directed", is_directed) and params.direction != "out" else 1
    n_arcs = m * (n_lists if is_directed else 2)
    graph = n * (_PER_NODE + 8 * (n_lists - 1) + 4 * n_columns) + n_arcs * (12 if weighted else 4)
    return MemoryEstimate(graph, _vector_bytes(n, params), working, least, is_file)


def refuse_what_cannot_fit(
    n_nodes: int,
    is_weighted: bool,
    params: FastRPParams,
    memory_limit: int | None,
    to_file: bool,
    keep_powers: bool,
) -> None:
    """Raise :class:`OutOfMemoryError` for an embedding that needs more memory than is free."""
    working, least = _beside(n_nodes, 0, is_weighted, params, to_file)
    if keep_powers:
        working = least = _kept_bytes(n_nodes, params)
    elif memory_limit is not None:
        working = min(working, memory_limit)
    vectors = 0 if to_file else _vector_bytes(n_nodes, params)
    if vectors + working < _CHECKED_FROM:
        return
    free = free_memory()
    if free is None or vectors + working <= free:
        return
    less = {
        f"`memory_limit` (from {least:,})": least < working and vectors < free,
        "`out`, vectors in a file": not to_file,
        '`dtype` "float16"': params.dtype != "float16" and not to_file,
        '`state` "float16"': params.state != "float16" and not keep_powers,
        "no `keep_powers`": keep_powers,
    }
    held = f"{vectors:,} bytes for vectors and {working:,} to work in" if vectors else f"{working:,} bytes"
    raise OutOfMemoryError(
        f"out of memory: `dim` = {params.dim:,} for {n_nodes:,} nodes needs {held}, and {free:,} are free; "
        f"what takes less: {', '.join(way for way, helps in less.items() if helps)}, a smaller `dim`"
    )


def _kept_bytes(n_nodes: int, params: FastRPParams) -> int:
    """Bytes of the random rows and of all powers up to the last that has weight."""
    last = max((i + 1 for i, weight in enumerate(params.weights) if weight), default=0)
    row = 4 * _LANES * -(-params.dim // _LANES) + 8
    return n_nodes * row * (last + 1)


def _beside(
    n_nodes: int, n_features: int, is_weighted: bool, params: FastRPParams, to_file: bool
) -> tuple[int, int]:
    """Bytes beside graph and vectors: without a limit, and the least limit."""
    return _core.fastrp_memory(
        n_nodes,
        n_features,
        is_weighted,
        params.dtype == "float32" and not to_file,
        params.dim,
        list(params.weights),
        params.normalization_strength,
        params.self_influence,
        params.normalize,
        params.refine,
        params.state,
    )


def _vector_bytes(n_nodes: int, params: FastRPParams) -> int:
    return n_nodes * params.dim * np.dtype(params.dtype).itemsize
