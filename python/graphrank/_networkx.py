"""NetworkX graphs in and out.

Reading a NetworkX graph means walking dicts of dicts. Everything below that runs once per edge is an iterator
implemented in C (``map``, ``chain``, ``np.fromiter``); Python statements run once per node attribute at most. Only
after a bad weight has been seen does a plain loop look for the edge it belongs to.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import chain, compress, repeat
from operator import contains, itemgetter, methodcaller
from reprlib import repr as short_repr
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._edge_table import check_id_dtype
from graphrank._ids import NodeIndex
from graphrank._optional import import_optional, loaded
from graphrank._typing import How
from graphrank.exceptions import InvalidDataError, InvalidTypeError

if TYPE_CHECKING:
    from graphrank.graph import Graph

__all__ = ["core_from_networkx", "is_networkx", "networkx_from_graph"]

_values = methodcaller("values")


def is_networkx(graph: Any) -> bool:
    """True for a NetworkX graph of any class; does not import NetworkX."""
    networkx = loaded("networkx")
    return networkx is not None and isinstance(graph, networkx.Graph)


def core_from_networkx(
    graph: Any, weight: str | None, how: How
) -> tuple[_core.Graph, NodeIndex, pl.DataFrame]:
    """The core graph, the ids in the order of ``graph.nodes`` and the node table."""
    if not is_networkx(graph):
        raise InvalidTypeError(f"expected a NetworkX graph, got {type(graph).__name__}")
    edges = _Edges(graph)
    weights = edges.weights(weight)
    inner = _core.Graph.from_codes(
        len(graph), edges.src, edges.dst, weights, graph.is_directed(), "sum", keep_self_loops=True, how=how
    )
    index = NodeIndex(_id_column(list(graph)))
    return inner, index, pl.DataFrame([index.ids, *_attributes(graph)])


class _Edges:
    """Every edge of a NetworkX graph once, in the order of its adjacency."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        # The dicts themselves: the views of `graph.adj` cost a Python call per edge.
        self._adjacency = graph._adj
        self._kept: bytes | None = None
        degree = np.fromiter(map(len, self._adjacency.values()), dtype=np.int64, count=len(graph))
        self.src = np.repeat(np.arange(len(graph), dtype=np.uint32), degree)
        self.dst = self._neighbours()
        if not graph.is_directed():
            # Both ends list an edge, a self-loop is listed once.
            kept = self.src <= self.dst
            self.src, self.dst, self._kept = self.src[kept], self.dst[kept], kept.tobytes()
        self.has_parallel = False
        if graph.is_multigraph():
            times = np.fromiter(map(len, self._listed()), dtype=np.int64, count=len(self.src))
            self.has_parallel = bool((times > 1).any())
            if self.has_parallel:
                self.src, self.dst = np.repeat(self.src, times), np.repeat(self.dst, times)

    def _neighbours(self) -> NDArray[np.uint32]:
        """Codes of all neighbours, row after row.

        A neighbour is a node, so where no two nodes share a hash the hash tells which one it is, and all of them are
        matched in one go.
        """
        nodes, names = self._graph, chain.from_iterable(self._adjacency.values())
        hashes = pl.Series(np.fromiter(map(hash, nodes), dtype=np.int64, count=len(nodes)))
        if hashes.is_first_distinct().all():
            return NodeIndex(hashes).find(pl.Series(np.fromiter(map(hash, names), dtype=np.int64)))
        code_of = dict(zip(nodes, range(len(nodes)), strict=True))
        return np.fromiter(map(code_of.__getitem__, names), dtype=np.uint32)

    def _listed(self) -> Iterator[Any]:
        """For every pair (node, neighbour) that is kept: edge data, or in a multigraph a dict key -> edge data."""
        pairs = chain.from_iterable(map(_values, self._adjacency.values()))
        return pairs if self._kept is None else compress(pairs, self._kept)

    def _data(self) -> Iterator[dict[str, Any]]:
        """The data dict of every edge in ``src``, ``dst``."""
        if self._graph.is_multigraph():
            return chain.from_iterable(map(_values, self._listed()))
        return self._listed()

    def weights(self, name: str | None) -> NDArray[np.float64] | None:
        """The weights, 1 where missing; None if there is nothing to tell edges apart.

        Parallel edges without weights count: NetworkX sums them as edges of weight 1.
        """
        if name is None:
            return None
        if not any(map(contains, self._data(), repeat(name))):
            return np.ones(len(self.src)) if self.has_parallel else None
        try:
            values = self._floats(map(itemgetter(name), self._data()))
        except KeyError:
            values = self._floats(map(dict.get, self._data(), repeat(name), repeat(1.0)))
        except (TypeError, OverflowError):
            values = None
        if values is None or (values.size and not (values.min() >= 0 and values.max() < np.inf)):
            raise self._bad_weight(name)
        return values

    @staticmethod
    def _floats(values: Iterable[Any]) -> NDArray[np.float64] | None:
        """The numbers as float64, None if one is not a number. ``array`` takes numbers only; NumPy parses strings."""
        try:
            return np.frombuffer(array("d", values), dtype=np.float64)
        except (TypeError, OverflowError):
            return None

    def _bad_weight(self, name: str) -> InvalidDataError:
        for u, v, value in self._graph.edges(data=name, default=1):
            try:
                (number,) = array("d", [value])
                if 0 <= number < np.inf:
                    continue
            except (TypeError, OverflowError):
                pass
            return InvalidDataError(
                f"the edge ({u!r}, {v!r}) has {name}={short_repr(value)}; a weight is a finite number of at least 0"
            )
        return InvalidDataError(f"an edge has a {name!r} that is not a finite number of at least 0")


def _id_column(nodes: list[Any]) -> pl.Series:
    """The nodes as a typed column if they share one type Polars has, else as Python objects."""
    if len(set(map(type, nodes))) == 1:
        try:
            column = pl.Series("id", nodes, strict=True)
            check_id_dtype(column)
            return column
        except (TypeError, ValueError, OverflowError, InvalidTypeError, pl.exceptions.PolarsError):
            pass
    return pl.Series("id", nodes, dtype=pl.Object if nodes else pl.Int64)


def _attributes(graph: Any) -> list[pl.Series]:
    """One column per node attribute, null where a node lacks it."""
    data = list(graph._node.values())
    columns: dict[str, pl.Series] = {}
    for key in dict.fromkeys(chain.from_iterable(data)):
        name = str(key)
        while name == "id" or name in columns:  # the id column comes first; keys need not be strings
            name += "_"
        columns[name] = _attribute_column(name, [attributes.get(key) for attributes in data])
    return list(columns.values())


def _attribute_column(name: str, values: list[Any]) -> pl.Series:
    """Typed if all present values are of one kind (whole numbers and fractions are one kind), else Object."""
    kinds = set(map(type, values)) - {type(None)}
    try:
        if kinds == {int, float}:
            return pl.Series(name, values, dtype=pl.Float64, strict=False)
        if len(kinds) <= 1 and not kinds & {dict, set, tuple, frozenset}:
            return pl.Series(name, values, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        pass
    return pl.Series(name, values, dtype=pl.Object)


def networkx_from_graph(graph: Graph) -> Any:
    """A ``networkx.Graph`` or ``DiGraph`` with the same nodes, attributes, edges and weights."""
    networkx = import_optional("networkx", "Graph.to_networkx()")
    result = networkx.DiGraph() if graph.is_directed else networkx.Graph()
    nodes, edges = graph.nodes, graph.edges()
    ids = nodes["id"].to_list()
    names = nodes.columns[1:]
    rows = zip(*(nodes[name].to_list() for name in names), strict=True) if names else repeat((), len(ids))
    result.add_nodes_from(
        (id, {name: value for name, value in zip(names, row, strict=True) if value is not None})
        for id, row in zip(ids, rows, strict=True)
    )
    ends = (edges["src"].to_list(), edges["dst"].to_list())
    if graph.is_weighted:
        result.add_weighted_edges_from(zip(*ends, edges["weight"].to_list(), strict=True))
    else:
        result.add_edges_from(zip(*ends, strict=True))
    return result
