"""Approximate search: what it costs, what it misses, and how its candidates become an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from graphrank import _core
from graphrank._hnsw import Hnsw
from graphrank._optional import is_installed
from graphrank._typing import How
from graphrank._vector_table import Asked, Lists, VectorTable

__all__ = ["Recall", "Wanted", "approximate", "is_graph_worth_making", "is_walk_cheaper", "measured"]

_EXPANSIONS = (64, 128, 256, 512, 1024)
"""Candidates that a search keeps: the first of these that reaches the recall asked for is taken."""

_SAMPLE, _SAMPLE_K = 200, 10
_STEP = 2_000
"""Keeping one candidate more costs what scanning so many rows does in a batch (measured: 650 of 47,000 rows of 128
numbers, 1,100 to 1,500 of 174,000, 1,600 of 200,000, and there 2,700 for a query alone: it grows as less of the graph
fits into the caches)."""
_ALONE, _FEW = 10, 16
"""Scanning for fewer than 16 queries waits for memory, and takes up to ten times as long per row (measured on 200,000
rows: 35 ns for a query alone, 18 ns for each of 8, 3.5 ns for each of 200)."""
_MAKE = 1_000_000
"""Adding a vector to a graph and asking for its neighbours costs what scanning so many rows does: 3.5 ms in a batch
(measured: 0.9 to 1.8 ms on 174,000 rows that a walk finds its way among, 6.6 ms on 200,000 that are harder; but one
thread makes the graph)."""
_SPARE = 1.5
"""Where a filter drops candidates, so many times as many are fetched as would do if it dropped them evenly ..."""
_MOST_FETCHED = 4_096
"""... but not more than this."""


@dataclass(frozen=True)
class Recall:
    """What approximate search finds of the exact answer, measured.

    Attributes
    ----------
    value
        Share of the answers that are as near as the exact ones; equal scores count alike.
    n_queries
        Vectors of the index that were asked for, drawn at random; none was its own answer.
    k
        Neighbours asked for.
    """

    value: float
    n_queries: int
    k: int


@dataclass(frozen=True)
class Wanted:
    """A search: whose neighbours, how many, and among which rows."""

    who: Asked
    k: int
    allowed: NDArray[np.uint32] | None
    exclude_self: bool

    def exactly(self, search: _core.NeighborSearch, how: How) -> Lists:
        """The exact answer."""
        return search.nearest(self.who.rows, self.k, self.allowed, self.exclude_self, how)


def is_graph_worth_making(table: VectorTable, wanted: Wanted) -> bool:
    """Whether making a graph for this search alone is less work than scanning, and can be done."""
    n_allowed = len(table) if wanted.allowed is None else len(wanted.allowed)
    return len(wanted.who.names) * n_allowed > len(table) * _MAKE and is_installed("usearch")


def is_walk_cheaper(graph: Hnsw, table: VectorTable, wanted: Wanted) -> bool:
    """Whether walking the graph takes less time than scanning the rows that are allowed."""
    n_allowed = len(table) if wanted.allowed is None else len(wanted.allowed)
    n_queries = len(wanted.who.names)
    scan = n_allowed * (_ALONE if n_queries < _FEW else 1)
    return max(graph.expansion, _n_fetched(table, wanted)) * _STEP < scan


def approximate(
    search: _core.NeighborSearch, graph: Hnsw, table: VectorTable, wanted: Wanted, left: Callable[[], How]
) -> Lists:
    """The best of what the graph finds, by exact scores; lists that a filter leaves too short are searched exactly."""
    # Ranking nothing refuses, with the message of exact search, what must not reach the graph.
    nothing = np.zeros(len(wanted.who.names) + 1, dtype=np.uint64), np.empty(0, dtype=np.uint32)
    search.rank(wanted.who.rows, wanted.k, wanted.allowed, wanted.exclude_self, *nothing, left())
    found = graph.candidates(_vectors(table, wanted.who), _n_fetched(table, wanted), left())
    lists = search.rank(wanted.who.rows, wanted.k, wanted.allowed, wanted.exclude_self, *found, left())
    short = np.flatnonzero(np.diff(lists[0]) < _lengths(table, wanted))
    if not len(short):
        return lists
    rows = wanted.who.rows
    some = short.astype(np.uint32) if rows is None else np.ascontiguousarray(rows[short])
    exact = search.nearest(some, wanted.k, wanted.allowed, wanted.exclude_self, left())
    return _replaced(lists, short, exact)


def measured(
    search: _core.NeighborSearch,
    graph: Hnsw,
    table: VectorTable,
    least: float,
    seed: int,
    left: Callable[[], How],
) -> Recall:
    """Widens the search until it finds the share ``least`` of the neighbours of some of the table's own vectors."""
    n_queries = min(_SAMPLE, len(table))
    rows = np.random.default_rng(seed).choice(len(table), n_queries, replace=False).astype(np.uint32)
    wanted = Wanted(Asked(rows, table.index.decode(rows)), min(_SAMPLE_K, max(len(table), 1)), None, True)
    truth = wanted.exactly(search, left())
    share = 1.0
    for expansion in _EXPANSIONS:
        graph.expansion = expansion
        found = approximate(search, graph, table, wanted, left)
        share = _share(truth, found, is_distance=graph.is_distance)
        if share >= least:
            break
    return Recall(share, n_queries, _SAMPLE_K)


def _share(truth: Lists, found: Lists, *, is_distance: bool) -> float:
    """How many of the neighbours found are as near as the last of the exact ones."""
    lengths = np.diff(truth[0]).astype(np.int64)
    if not lengths.sum():
        return 1.0
    ends = np.cumsum(lengths)
    lasts = np.repeat(truth[2][ends[lengths > 0] - 1], lengths[lengths > 0])
    is_near = found[2] <= lasts if is_distance else found[2] >= lasts
    return float(is_near.mean())


def _vectors(table: VectorTable, who: Asked) -> NDArray[np.generic]:
    if who.rows is None:
        return table.matrix
    return table.matrix[who.rows] if who.rows.ndim == 1 else who.rows


def _n_fetched(table: VectorTable, wanted: Wanted) -> int:
    """Candidates per query that most likely hold ``k`` allowed ones, the query itself not counted."""
    if wanted.allowed is None:
        return min(wanted.k + wanted.exclude_self, max(len(table), 1))
    share = len(wanted.allowed) / max(len(table), 1)
    enough = ceil(_SPARE * (wanted.k + wanted.exclude_self) / share) if share else 1
    return min(enough, max(wanted.k, _MOST_FETCHED), max(len(table), 1))


def _lengths(table: VectorTable, wanted: Wanted) -> NDArray[np.int64]:
    """How long the exact list of each query is."""
    n_queries = len(wanted.who.names)
    is_allowed = np.ones(len(table), dtype=np.int64)
    if wanted.allowed is not None:
        is_allowed[:] = 0
        is_allowed[wanted.allowed] = 1
    others = np.full(n_queries, is_allowed.sum())
    rows = wanted.who.rows
    if wanted.exclude_self and rows is None:
        others -= is_allowed
    elif wanted.exclude_self and rows is not None and rows.ndim == 1:
        others -= is_allowed[rows]
    others[others > wanted.k] = wanted.k
    return others


def _replaced(lists: Lists, some: NDArray[np.intp], by: Lists) -> Lists:
    """``lists`` with those of the queries ``some`` taken from ``by``."""
    lengths, new_lengths = np.diff(lists[0]).astype(np.int64), np.diff(by[0]).astype(np.int64)
    keep = np.ones(len(lengths), dtype=bool)
    keep[some] = False
    kept = np.repeat(keep, lengths)
    query = np.concatenate([np.repeat(np.arange(len(lengths)), lengths)[kept], np.repeat(some, new_lengths)])
    order = np.argsort(query, kind="stable")
    lengths[some] = new_lengths
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint64)
    rows = np.concatenate([lists[1][kept], by[1]])[order]
    return offsets, rows, np.concatenate([lists[2][kept], by[2]])[order]
