"""Nearest neighbours in one call."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._ids import NodeIndex
from graphrank._run import run_opts
from graphrank._typing import IntoIds, Progress
from graphrank._validate import one_of, positive_int, true_or_false
from graphrank._vector_table import Asked, VectorTable, allowed_rows, asked, vector_table

__all__ = ["Metric", "knn", "neighbor_frame"]

Metric: TypeAlias = Literal["cosine", "dot", "l2"]


def knn(
    emb_or_array: Any,
    k: int = 10,
    *,
    queries: IntoIds | NDArray[Any] | None = None,
    metric: Metric = "cosine",
    filter: Any = None,
    exclude_self: bool = True,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> pl.DataFrame:
    """The ``k`` nearest neighbours of some vectors, or of every vector: exact.

    Parameters
    ----------
    emb_or_array
        An ``Embedding``, a 2-D array (its ids are the row numbers), or a frame with the columns ``node`` and
        ``embedding`` (arrays or lists of numbers, all of one length). Numbers are read as 32-bit floats; 16-bit ones
        stay as they are.
    k
        Neighbours per query; there are fewer where fewer are allowed.
    queries
        Ids whose neighbours to find, or vectors, as a 2-D array; None asks for those of every id.
    metric
        ``"cosine"`` of the angle between two vectors (0 if one of them is zero), their ``"dot"`` product, or ``"l2"``,
        their Euclidean distance.
    filter
        The ids that may be answers, or a mask: a boolean per vector. Only these vectors are read, so a narrow filter
        makes a search fast. None allows all.
    exclude_self
        Whether an id is left out of its own neighbours. Vectors that were given have no id and no effect here.
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    polars.DataFrame
        Columns ``query`` (your id, or the row number of a vector that was given), ``node`` (your id), ``score``
        (float64) and ``rank`` (1 is the nearest): the queries in their order, and of each its neighbours from the
        nearest on: the highest similarity, or the lowest distance. Equal scores are in the order of the vectors.

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
    """
    how = run_opts(progress, timeout_s)
    limit = positive_int("k", k)
    kind = one_of("metric", metric, get_args(Metric))
    is_excluded = true_or_false("exclude_self", exclude_self)
    table = vector_table(emb_or_array)
    who, allowed = asked(table, queries), allowed_rows(table, filter)
    search = _core.NeighborSearch.prepare(table.matrix, kind, how)
    return neighbor_frame(
        table, who, search.nearest(who.rows, min(limit, max(len(table), 1)), allowed, is_excluded, how)
    )


def neighbor_frame(
    table: VectorTable,
    who: Asked,
    lists: tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.float64]],
) -> pl.DataFrame:
    """Lists of rows as a table of ids."""
    offsets, rows, scores = lists
    lengths = np.diff(offsets).astype(np.int64)
    query = np.repeat(np.arange(len(who.names), dtype=np.uint32), lengths)
    rank = np.arange(len(rows)) - np.repeat(offsets[:-1].astype(np.int64), lengths) + 1
    return pl.DataFrame(
        [
            NodeIndex(who.names).decode(query).alias("query"),
            table.index.decode(rows).alias("node"),
            pl.Series("score", scores),
            pl.Series("rank", rank.astype(np.uint32)),
        ]
    )
