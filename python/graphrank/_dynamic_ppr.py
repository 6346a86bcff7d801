"""Personalized PageRank of a graph whose edges come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._convert import as_graph
from graphrank._edge_update import UpdateTables, apply_update
from graphrank._restart import from_restart, from_sources
from graphrank._run import QUIET, run_opts
from graphrank._typing import (
    Dangling,
    Duplicates,
    EdgeTable,
    GraphLike,
    IntoIds,
    IntoRestart,
    Progress,
)
from graphrank._validate import one_of, positive_int, real_number
from graphrank.exceptions import InvalidArgumentError
from graphrank.graph import Graph

if TYPE_CHECKING:
    from graphrank.ppr import PprResult

__all__ = ["DynamicPpr"]


class DynamicPpr:
    """Scores that stay correct, within a certified error, while edges of the graph come and go.

    Give exactly one of ``sources`` and ``restart``. The graph you pass is not changed; nodes are the ones it has.

    Parameters
    ----------
    graph
        Anything :func:`graphrank.as_graph` reads.
    sources
        One id, or a list or column of ids: one query each.
    restart
        A distribution to restart from, or several, as in :func:`graphrank.personalized_pagerank`.
    eps
        Largest error of a query's scores after every update, above 0: the sum over all nodes of the differences to
        the exact scores, proven and not estimated. An update takes longer the smaller it is.
    damping
        Probability of following an edge, in [0, 1).
    dangling
        What the surfer does at a node that no edge of positive weight leaves: jump as at a ``"restart"``, jump to any
        node (``"uniform"``), stay (``"self"``), or vanish (``"absorb"``).
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Raises
    ------
    DidNotConvergeError
        If 64-bit floats allow no error as small as ``eps``: that begins somewhere below 1e-11.
    InvalidArgumentError
        If a number or word is out of range, or not exactly one of ``sources`` and ``restart`` is given.
    InvalidDataError
        If a weight in ``restart`` is null, NaN, infinite or negative, or all weights of a query are 0.
    NodeNotFoundError
        If an id is not a node of the graph.

    Notes
    -----
    A vector and its residual are kept per query, 17 bytes per node, and a table of rows, 32 bytes per node (40 with
    weights) and the edges of changed rows. An update changes the residual where the edges are and pushes it down
    again; many edges in one table cost little more than a few, so hand them over in batches.

    A node that can no longer be reached may keep a score within the error. Updates of one object wait for each other;
    it may be used from several threads.

    References
    ----------
    H. Zhang, P. Lofgren, A. Goel: Approximate Personalized PageRank on Dynamic Graphs. KDD 2016.

    Examples
    --------
    >>> import graphrank as gr
    >>> import polars as pl
    >>> follows = pl.DataFrame({"src": ["ann", "bob", "cat"], "dst": ["bob", "cat", "ann"]})
    >>> ppr = gr.DynamicPpr(follows, "ann", eps=1e-8)
    >>> ppr.insert_edges(pl.DataFrame({"src": ["ann"], "dst": ["cat"]}))
    >>> ppr.to_polars().with_columns(pl.col("score").round(4)).rows()
    [('ann', 'ann', 0.4522), ('ann', 'cat', 0.3556), ('ann', 'bob', 0.1922)]
    >>> bool(ppr.error_bound.max() <= 1e-8)
    True
    """

    __slots__ = ("_base", "_eps", "_inner", "_queries")

    def __init__(
        self,
        graph: GraphLike,
        sources: IntoIds | None = None,
        *,
        restart: IntoRestart | None = None,
        eps: float = 1e-6,
        damping: float = 0.85,
        dangling: Dangling = "restart",
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> None:
        if (sources is None) == (restart is None):
            given = "both" if sources is not None else "neither"
            raise InvalidArgumentError(f"give either `sources` or `restart`, got {given}")
        self._base = as_graph(graph)
        start = from_sources(self._base, sources) if restart is None else from_restart(self._base, restart)
        self._queries = start.queries.alias("query")
        self._eps = real_number("eps", eps)
        self._inner = _core.DynamicPpr.solve(
            self._base._inner,
            start.offsets,
            start.nodes,
            start.weights,
            real_number("damping", damping),
            self._eps,
            one_of("dangling", dangling, ("restart", "uniform", "self", "absorb")),
            run_opts(progress, timeout_s),
        )

    # --- changing the graph -------------------------------------------------------------------------------------

    def insert_edges(
        self,
        edges: EdgeTable,
        src: str = "src",
        dst: str = "dst",
        weight: str | None = None,
        *,
        duplicates: Duplicates = "sum",
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> None:
        """Insert edges, all or none, and bring the scores up to date.

        The graph becomes what :meth:`Graph.from_edges` would make of its edges followed by these rows.

        Parameters
        ----------
        edges, src, dst, weight
            As in :meth:`Graph.from_edges`. A weighted graph needs ``weight`` (or a tuple of three arrays), any other
            refuses it. In an undirected graph a row is an edge both ways.
        duplicates
            What a row becomes whose edge exists, or is in an earlier row: one edge with the ``"sum"``, the ``"first"``
            (what is there stays) or the ``"max"`` of the weights, or an ``"error"``. Unweighted, it stays one edge. To
            set a weight, delete the edge in the same :meth:`update`.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Raises
        ------
        ColumnNotFoundError, InvalidDataError, InvalidTypeError, NodeNotFoundError
            If the table cannot be used; an end that is not a node, a weight that is null, NaN, infinite or negative.
            Nothing is changed then.
        TimedOutError, KeyboardInterrupt
            Before the edges were changed, nothing is; after, all are, :attr:`error_bound` says how good the scores
            are by now, and :meth:`refine` or the next update goes on from there.

        Examples
        --------
        >>> import graphrank as gr
        >>> ppr = gr.DynamicPpr(([0, 1, 2], [1, 2, 0]), 0)
        >>> ppr.insert_edges(([0, 1], [2, 0]))
        >>> ppr.n_edges
        5
        """
        self.update(
            insert=edges,
            src=src,
            dst=dst,
            weight=weight,
            duplicates=duplicates,
            progress=progress,
            timeout_s=timeout_s,
        )

    def delete_edges(
        self,
        edges: EdgeTable,
        src: str = "src",
        dst: str = "dst",
        *,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> None:
        """Delete edges, all or none, whatever their weights, and bring the scores up to date.

        In an undirected graph the ends of a row may come either way round. Nodes stay.

        Parameters
        ----------
        edges, src, dst
            As in :meth:`Graph.from_edges`.
        progress, timeout_s
            As in :meth:`insert_edges`.

        Raises
        ------
        ColumnNotFoundError, InvalidTypeError, NodeNotFoundError
            If the table cannot be used or an end is not a node. Nothing is changed then.
        InvalidDataError
            If an edge does not exist or an earlier row has deleted it; the message names the row and the edge. Nothing
            is changed then.
        TimedOutError, KeyboardInterrupt
            As in :meth:`insert_edges`.

        Examples
        --------
        >>> import graphrank as gr
        >>> ppr = gr.DynamicPpr(([0, 1, 2], [1, 2, 0]), 0)
        >>> ppr.delete_edges(([1], [2]))
        >>> ppr.n_edges
        2
        """
        self.update(delete=edges, src=src, dst=dst, progress=progress, timeout_s=timeout_s)

    def update(
        self,
        *,
        insert: EdgeTable | None = None,
        delete: EdgeTable | None = None,
        src: str = "src",
        dst: str = "dst",
        weight: str | None = None,
        duplicates: Duplicates = "sum",
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> None:
        """Delete the edges of one table and insert those of another as one step, all or none.

        The deletions come first, so an edge in both tables ends up with the weight it is inserted with. Parameters and
        errors are those of :meth:`insert_edges` and :meth:`delete_edges`.

        Examples
        --------
        >>> import graphrank as gr
        >>> import polars as pl
        >>> edges = pl.DataFrame({"src": [0, 0, 1], "dst": [1, 2, 0], "w": [1.0, 1.0, 1.0]})
        >>> ppr = gr.DynamicPpr(gr.Graph.from_edges(edges, weight="w"), 0)
        >>> heavier = pl.DataFrame({"src": [0], "dst": [2], "w": [5.0]})
        >>> ppr.update(delete=heavier, insert=heavier, weight="w")
        >>> ppr.to_graph().edges().rows()
        [(0, 1, 1.0), (0, 2, 5.0), (1, 0, 1.0)]
        """
        tables = UpdateTables(insert, delete, src, dst, weight, duplicates)
        apply_update(self._inner, self._base, tables, run_opts(progress, timeout_s))

    def refine(self, *, progress: Progress = None, timeout_s: float | None = None) -> None:
        """Bring the error down to :attr:`eps`, if an interrupted update has left it above."""
        self._inner.refine(run_opts(progress, timeout_s))

    # --- reading ------------------------------------------------------------------------------------------------

    @property
    def eps(self) -> float:
        """The error that updates keep below."""
        return self._eps

    @property
    def error_bound(self) -> NDArray[np.float64]:
        """Proven bound on the L1 distance of each query's scores to the exact ones on the graph as it is now.

        Float64 of shape (n_queries,); at most :attr:`eps`, unless an update was interrupted.
        """
        return self._inner.error_bounds(QUIET)

    @property
    def queries(self) -> pl.Series:
        """What each query is called: its source, the value of ``query`` in a restart frame, or 0, 1 ..."""
        return self._queries

    @property
    def n_edges(self) -> int:
        """Number of edges now; an undirected edge counts once."""
        return self._inner.sizes(QUIET)[0]

    @property
    def scores(self) -> NDArray[np.float64]:
        """Scores of every node, float64 of shape (n_queries, n_nodes): a copy."""
        return self._inner.scores(None, False, QUIET)[2]

    def to_polars(self) -> pl.DataFrame:
        """Columns ``query``, ``node``, ``score``: query after query, the highest score first, ties in node order."""
        return self._result(None, with_graph=False).to_polars()

    def top_k(self, k: int) -> PprResult:
        """The ``k`` nodes with the highest scores of each query, and of those only the positive ones."""
        return self._result(min(positive_int("k", k), max(self._base.n_nodes, 1)))

    def result(self) -> PprResult:
        """The scores as they are now, with the graph as it is now; later updates do not change them."""
        return self._result(None)

    def to_graph(self) -> Graph:
        """The graph as it is now: a copy, O(n_nodes + n_edges)."""
        return self._graph_of(self._inner.to_graph(QUIET))

    def _graph_of(self, inner: _core.Graph) -> Graph:
        return Graph._of(inner, self._base._index, self._base._nodes)

    def _result(self, limit: int | None, *, with_graph: bool = True) -> PprResult:
        """Scores, bounds and graph of one moment: an update may come between any two calls."""
        from graphrank.ppr import PprResult  # that module offers this class

        offsets, nodes, scores, bounds, inner = self._inner.scores(limit, with_graph, QUIET)
        graph = self._base if inner is None else self._graph_of(inner)
        iterations = np.zeros(len(self), dtype=np.uint32)
        return PprResult(self._queries, scores, nodes, offsets, bounds, iterations, "dynamic", graph)

    def __len__(self) -> int:
        """Number of queries."""
        return len(self._queries)

    def __repr__(self) -> str:
        count = "1 query" if len(self) == 1 else f"{len(self):,} queries"
        bound = self.error_bound.max() if len(self) else 0.0
        return (
            f"DynamicPpr({count}, {self._base.n_nodes:,} nodes, {self.n_edges:,} edges, "
            f"error_bound<={bound:.1e})"
        )
