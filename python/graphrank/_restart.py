"""Where random walks start: every form the caller may give, as the flat arrays the core takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from reprlib import repr as short_repr
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import as_frame, checked_weights, pick
from graphrank._ids import NodeIndex
from graphrank._typing import IntoIds, IntoRestart
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError
from graphrank.graph import Graph

__all__ = ["Restart", "from_restart", "from_sources", "uniform"]


@dataclass(frozen=True)
class Restart:
    """One restart distribution per query, not normalised.

    Query q restarts at ``nodes[offsets[q]:offsets[q + 1]]`` in proportion to the same slice of ``weights``, and is
    called ``queries[q]`` in the answer.
    """

    offsets: NDArray[np.uint64]
    nodes: NDArray[np.uint32]
    weights: NDArray[np.float64]
    queries: pl.Series


def uniform(graph: Graph) -> Restart:
    """One query that restarts at every node alike; none for a graph without nodes."""
    n = graph.n_nodes
    everywhere = _one_query(np.arange(n, dtype=np.uint32), np.ones(n))
    if n:
        return everywhere
    return Restart(everywhere.offsets[:1], everywhere.nodes, everywhere.weights, everywhere.queries.head(0))


def from_sources(graph: Graph, sources: IntoIds) -> Restart:
    """One query per source, which restarts there only; it is called by its id."""
    # Where ids are Python objects a frozenset may be one.
    if isinstance(sources, set) or (isinstance(sources, frozenset) and graph._index.dtype != pl.Object):
        raise InvalidTypeError(
            "`sources` is a set, which has no order: give a list, whose order the answer keeps"
        )
    nodes = graph._index.encode(sources, "sources")
    offsets = np.arange(len(nodes) + 1, dtype=np.uint64)
    return Restart(offsets, nodes, np.ones(len(nodes)), graph._index.decode(nodes))


def from_restart(graph: Graph, restart: IntoRestart) -> Restart:
    """The queries a dict, a frame or an array describes."""
    if isinstance(restart, Mapping):
        return _from_mapping(graph, restart)
    if isinstance(restart, np.ndarray):
        return _from_array(graph, restart)
    if isinstance(restart, (pl.DataFrame, pl.LazyFrame)) or hasattr(restart, "columns"):
        return _from_frame(graph, as_frame(restart, "restart"))
    raise InvalidTypeError(
        "`restart` is a dict {id: weight}, a frame (node, weight) or (query, node, weight), or an array of shape "
        f"(n_nodes,) or (n_queries, n_nodes), got {type(restart).__name__}"
    )


def _one_query(nodes: NDArray[np.uint32], weights: NDArray[np.float64]) -> Restart:
    offsets = np.array([0, len(nodes)], dtype=np.uint64)
    return Restart(offsets, nodes, weights, pl.Series("query", [0], dtype=pl.Int64))


def _from_mapping(graph: Graph, restart: Mapping[Any, Any]) -> Restart:
    ids, values = list(restart), list(restart.values())
    nodes = graph._index.encode(ids, "restart") if ids else np.empty(0, dtype=np.uint32)
    for id, value in zip(ids, values, strict=True):
        if value is not None and not isinstance(value, Real):
            raise InvalidTypeError(
                f"`restart` gives {id!r} the weight {short_repr(value)}, which is no number"
            )
    weights = np.fromiter(map(_as_float, values), dtype=np.float64, count=len(values))
    wrong = np.flatnonzero(~((weights >= 0) & np.isfinite(weights)))
    if wrong.size:
        at = int(wrong[0])
        raise InvalidDataError(
            f"`restart` gives {ids[at]!r} the weight {short_repr(values[at])}; "
            "a weight is a finite number of at least 0"
        )
    return _some_weight(_one_query(nodes, weights))


def _as_float(value: Any) -> float:
    """A weight, NaN if it is null and infinite if no float is as large."""
    try:
        return math.nan if value is None else float(value)
    except OverflowError:
        return math.inf


def _from_array(graph: Graph, restart: NDArray[Any]) -> Restart:
    rows = restart[np.newaxis] if restart.ndim == 1 else restart
    if rows.ndim != 2 or rows.shape[1] != graph.n_nodes:
        raise InvalidArgumentError(
            f"`restart` as an array has shape ({graph.n_nodes},) or (n_queries, {graph.n_nodes}), got {restart.shape}"
        )
    if rows.dtype.kind not in "biuf":
        raise InvalidTypeError(f"`restart` as an array holds real numbers, got {rows.dtype}")
    wrong = np.argwhere(~((rows >= 0) & np.isfinite(rows)))
    if wrong.size:
        query, node = wrong[0].tolist()
        raise InvalidDataError(
            f"`restart` is {rows[query, node]} at query {query}, node {graph._index.ids[node]!r}; "
            "a weight is a finite number of at least 0"
        )
    query, node = np.nonzero(rows)
    queries = pl.int_range(len(rows), dtype=pl.Int64, eager=True).alias("query")
    offsets = _offsets(query, len(rows))
    return _some_weight(
        Restart(offsets, node.astype(np.uint32), rows[query, node].astype(np.float64), queries)
    )


def _from_frame(graph: Graph, frame: pl.DataFrame | pl.LazyFrame) -> Restart:
    names = frame.collect_schema().names()
    unknown = [name for name in names if name not in ("query", "node", "weight")]
    if unknown and {"node", "weight"} <= set(names):
        raise InvalidArgumentError(
            f"`restart` has columns `node`, `weight` and, for several queries, `query`; it also has {unknown[0]!r}: "
            "rename or drop it"
        )
    if "query" not in names:
        node, weight = pick(frame, ["node", "weight"])
        return _some_weight(_one_query(graph._index.encode(node, "node"), checked_weights(weight)))
    query, node, weight = pick(frame, ["query", "node", "weight"])
    if query.null_count():
        raise InvalidDataError(f"column 'query' is null in row {query.is_null().arg_true()[0]}")
    nodes, weights = graph._index.encode(node, "node"), checked_weights(weight)
    queries = query.unique(maintain_order=True)
    number = NodeIndex(queries).find(query)
    order = np.argsort(number, kind="stable")
    return _some_weight(Restart(_offsets(number, len(queries)), nodes[order], weights[order], queries))


def _offsets(query: NDArray[Any], n_queries: int) -> NDArray[np.uint64]:
    counts = np.bincount(query, minlength=n_queries)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)


def _some_weight(restart: Restart) -> Restart:
    """``restart``, unless one of its queries has no weight anywhere to restart at."""
    totals = np.concatenate([[0.0], np.cumsum(restart.weights > 0)])[restart.offsets.astype(np.int64)]
    empty = np.flatnonzero(np.diff(totals) == 0)
    if empty.size:
        name = restart.queries[int(empty[0])]
        raise InvalidDataError(
            f"`restart`: all weights of query {name!r} are 0; at least one must be above 0"
        )
    return restart
