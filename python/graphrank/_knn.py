"""Nearest neighbours in one call."""

from __future__ import annotations

import warnings
from typing import Any, get_args

import polars as pl

from graphrank import _core
from graphrank._approximate import Wanted, approximate, is_graph_worth_making, is_walk_cheaper, measured
from graphrank._hnsw import Hnsw
from graphrank._run import run_opts, time_left
from graphrank._typing import IntoIds, Metric, Progress, SearchMethod
from graphrank._validate import one_of, positive_int, true_or_false
from graphrank._vector_table import allowed_rows, asked, neighbor_frame, vector_table

__all__ = ["knn"]

_RECALL = 0.95
"""What approximate answers aim at."""


def knn(
    emb_or_array: Any,
    k: int = 10,
    *,
    queries: IntoIds | Any = None,
    metric: Metric = "cosine",
    filter: Any = None,
    method: SearchMethod = "auto",
    exclude_self: bool = True,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> pl.DataFrame:
    """The ``k`` nearest neighbours of some vectors, or of every vector.

    Parameters
    ----------
    emb_or_array
        An ``Embedding``, a 2-D array (its ids are the row numbers), or a frame with the columns ``node`` and
        ``embedding`` (arrays or lists of numbers, all of one length). Numbers are read as 32-bit floats; 16-bit ones
        stay as they are.
    k
        Neighbours per query; there are fewer where fewer are allowed.
    queries
        Whose neighbours to find: ids; or vectors, as a 2-D array, anything else that ``emb_or_array`` can be, or one
        vector of fractions. None asks for those of every id.
    metric
        ``"cosine"`` of the angle between two vectors, their ``"dot"`` product, or ``"l2"``, their Euclidean distance. A
        vector of zeros has cosine 0 to everything: to ask for its neighbours gives the first vectors there are, all
        of score 0.
    filter
        The ids that may be answers, or a mask: a boolean per vector. Only these vectors are read, so a narrow filter
        makes a search fast. None allows all.
    method
        ``"exact"``; ``"ann"``: approximate, by a graph that is made for this call (see
        :class:`graphrank.embedding.NeighborIndex`; needs the extra ``ann``); or ``"auto"``: exact, unless the graph is
        less work, which takes more than a million vectors of which most are asked for, usearch is installed, and the
        graph finds 95 % of the neighbours. An approximate answer comes with a warning that says what share of it is
        right.
    exclude_self
        Whether an id is left out of its own neighbours. No effect where vectors are asked with.
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    polars.DataFrame
        Columns ``query`` (your id, or the row number in an array of queries), ``node`` (your id), ``score`` (float64)
        and ``rank`` (1 is the nearest): the queries in their order, and of each its neighbours from the nearest on: the
        highest similarity, or the lowest distance. Equal scores are in the order of the vectors.

    Raises
    ------
    InvalidArgumentError
        If ``k`` is below 1, ``metric`` is none of the words above, or the numbers of columns differ.
    InvalidDataError
        If a number is NaN or infinite, as 32-bit float; the message names its row.
    NodeNotFoundError
        If an id has no vector.

    Notes
    -----
    O(n_queries * n * dim) time, and O(n + n_queries * k) memory beside the vectors, which are not copied if they are
    contiguous and of 16 or 32 bits. The answer is the one that scores in 64-bit arithmetic of all pairs give: the same
    on any number of threads and any processor.

    Examples
    --------
    >>> import graphrank as gr
    >>> import numpy as np
    >>> points = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    >>> gr.knn(points, k=1, metric="l2").rows()
    [(0, 2, 1.0, 1), (1, 2, 4.242640687119285, 1), (2, 0, 1.0, 1)]
    >>> gr.knn(points, queries=[1], metric="l2", filter=[0]).rows()
    [(1, 0, 5.0, 1)]
    >>> gr.knn(points, k=1, queries=[0.5, 1.0], metric="l2").rows()
    [(0, 2, 0.5, 1)]
    """
    left = time_left(run_opts(progress, timeout_s))
    limit = positive_int("k", k)
    kind = one_of("metric", metric, get_args(Metric))
    way = one_of("method", method, get_args(SearchMethod))
    is_excluded = true_or_false("exclude_self", exclude_self)
    table = vector_table(emb_or_array)
    who, allowed = asked(table, queries), allowed_rows(table, filter)
    wanted = Wanted(who, min(limit, max(len(table), 1)), allowed, is_excluded)
    search = _core.NeighborSearch.prepare(table.matrix, kind, left())
    if way == "exact" or (way == "auto" and not is_graph_worth_making(table, wanted)):
        return neighbor_frame(table, who, wanted.exactly(search, left()))
    graph = Hnsw.build(table.matrix, kind, left())
    recall = measured(search, graph, table, _RECALL, 0, left)
    if way == "auto" and (recall.value < _RECALL or not is_walk_cheaper(graph, table, wanted)):
        return neighbor_frame(table, who, wanted.exactly(search, left()))
    lists = approximate(search, graph, table, wanted, left)
    warnings.warn(
        f"approximate neighbours: {recall.value:.1%} of the {recall.k} nearest of {recall.n_queries} vectors were "
        "found; method='exact' finds all",
        stacklevel=2,
    )
    return neighbor_frame(table, who, lists)
