"""The powers of an embedding, kept: other weights, new nodes and changed graphs without starting over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._edge_table import EdgeColumns
from graphrank._ids import NodeIndex
from graphrank._node_features import Matrix, node_features
from graphrank._node_keys import node_keys
from graphrank._run import QUIET
from graphrank._typing import How
from graphrank.exceptions import InvalidArgumentError
from graphrank.graph import Graph

__all__ = ["KeptPowers", "Nodes", "without_neighbors"]

Nodes: TypeAlias = tuple[NDArray[np.uint64], NDArray[np.float32] | None, NDArray[np.uint64] | None]
"""Keys of nodes, their features, keys of the features."""


@dataclass(frozen=True, eq=False)
class KeptPowers:
    """Powers of a graph's embedding, with what they were computed from.

    ``attributes`` are the names of the node attributes that were the features, None if those came from elsewhere.
    """

    inner: _core.EmbeddingPowers
    graph: Graph
    nodes: Nodes
    attributes: list[str] | None
    dim: int

    def embed(self, weights: tuple[float, ...], self_influence: float, out: NDArray[Any], how: How) -> None:
        """Write the embedding for these weights into ``out``."""
        wide = out if out.dtype == np.float32 else np.empty(out.shape, np.float32)
        self.inner.embed(self.graph._inner, self.nodes, list(weights), self_influence, wide, how)
        if wide is not out:
            out[:] = wide

    def update(self, graph: Graph, features: Any, how: How) -> KeptPowers:
        """The powers of a changed graph: rows that no change reaches are taken over."""
        new_ids, old = graph._index.ids, self.graph._index
        if len(new_ids) and new_ids.dtype != old.dtype:
            raise InvalidArgumentError(
                f"`graph` has ids of type {new_ids.dtype}, the embedding's are {old.dtype}: make them alike"
            )
        nodes = (node_keys(new_ids), *self._features(graph._nodes, graph._index, features))
        inner, _ = self.inner.update(
            self.graph._inner, self.nodes, graph._inner, nodes, old.find(new_ids), how
        )
        return replace(self, inner=inner, graph=graph, nodes=nodes)

    def transform(
        self, edges: EdgeColumns, features: Any, is_own_used: bool, how: How
    ) -> tuple[pl.Series, NDArray[np.float32], NDArray[np.bool_]]:
        """Ids and vectors of the nodes in ``edges.src``, and whether they are alone: no edge of theirs has weight.

        Their neighbours are the known nodes in ``edges.dst``.
        """
        known = self.graph._index.encode(edges.dst, edges.dst.name)
        index = NodeIndex(edges.src.gather(edges.src.is_first_distinct().arg_true()))
        n_new, n = len(index), self.graph.n_nodes
        src = index.find(edges.src) + np.uint32(n)
        with_new = _core.Graph.from_codes(n + n_new, src, known, edges.weight, True, "sum", True, how)
        nodes = (node_keys(index.ids), *self._features(index.ids.to_frame(), index, features, is_own_used))
        is_alone = np.zeros(n + n_new, dtype=np.bool_)
        is_alone[without_neighbors(with_new, "out")] = True
        return index.ids, self.rows_of(with_new, nodes, how), is_alone[n:]

    def rows_of(self, with_new: _core.Graph, nodes: Nodes, how: How) -> NDArray[np.float32]:
        """Vectors of the nodes that ``with_new`` has after those of the graph."""
        vectors = np.empty((len(nodes[0]), self.dim), np.float32)
        self.inner.transform(self.graph._inner, self.nodes, with_new, nodes, vectors, how)
        return vectors

    def _features(
        self, nodes: pl.DataFrame, index: NodeIndex, features: Any, is_used: bool = True
    ) -> Matrix | tuple[None, None]:
        """The features of other nodes, the same as those the powers were computed from."""
        keys = self.nodes[2]
        if keys is None:
            if features is not None:
                raise InvalidArgumentError(
                    "the embedding was made without `features`: leave them out, or make it with them"
                )
            return None, None
        if features is None and not is_used:
            return np.zeros((len(index), len(keys)), np.float32), keys
        if features is None and self.attributes is None:
            raise InvalidArgumentError(
                "the embedding was made with `features` that are no attributes of nodes: give those of these nodes"
            )
        rows, found = node_features(nodes, index, self.attributes if features is None else features)
        if not np.array_equal(found, keys):
            raise InvalidArgumentError(
                "`features` must be the columns that the embedding was made with, in the same order"
            )
        return rows, keys


def without_neighbors(graph: _core.Graph, direction: str) -> NDArray[np.uint32]:
    """Codes of the nodes that have no neighbour a walker would go to."""
    if not graph.is_weighted and (direction == "out" or not graph.is_directed):
        offsets = graph.offsets()
        return np.flatnonzero(offsets[1:] == offsets[:-1]).astype(np.uint32)
    out_degree, in_degree, out_weight, in_weight = graph.degrees(QUIET)
    out, into = (out_degree, in_degree) if out_weight is None else (out_weight, in_weight)
    is_alone = {"out": out == 0, "in": into == 0, "both": (out == 0) & (into == 0)}[direction]
    return np.flatnonzero(is_alone).astype(np.uint32)
