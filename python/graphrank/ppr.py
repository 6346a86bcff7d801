"""PageRank and personalized PageRank.

A random surfer follows an edge, chosen in proportion to its weight, with probability ``damping`` and otherwise jumps
to a node drawn from the *restart distribution*. The score of a node is the share of time spent there. A restart
distribution over all nodes gives PageRank; one on a few nodes tells what is close to those: personalized PageRank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._convert import as_graph
from graphrank._dynamic_ppr import DynamicPpr
from graphrank._html import result_html
from graphrank._optional import import_optional
from graphrank._powerwalk import PowerWalkIndex
from graphrank._restart import Restart, from_restart, from_sources, uniform
from graphrank._run import run_opts
from graphrank._typing import Dangling, GraphLike, IntoIds, IntoRestart, Method, Progress, Stop
from graphrank._validate import one_of, positive_int, real_number
from graphrank.exceptions import InvalidArgumentError

if TYPE_CHECKING:
    from graphrank.graph import Graph

__all__ = ["DynamicPpr", "PowerWalkIndex", "PprResult", "pagerank", "personalized_pagerank"]


def pagerank(
    graph: GraphLike,
    *,
    damping: float = 0.85,
    restart: IntoRestart | None = None,
    tol: float = 1e-8,
    dangling: Dangling = "restart",
    progress: Progress = None,
    timeout_s: float | None = None,
) -> PprResult:
    """Importance of every node: PageRank.

    Parameters
    ----------
    graph
        Anything :func:`graphrank.as_graph` reads.
    damping
        Probability of following an edge, in [0, 1). 0.85 is the value of the paper and of other libraries.
    restart
        Where the surfer jumps to; None is every node alike. Else as in :func:`personalized_pagerank`.
    tol
        Largest error allowed, above 0: the sum over all nodes of the differences to the exact scores, proven and not
        estimated. Scores add up to 1, so 1e-8 is eight digits of the whole.
    dangling
        What the surfer does at a node that no edge of positive weight leaves: jump as at a ``"restart"`` (as NetworkX
        and igraph do), jump to any node (``"uniform"``), stay (``"self"``), or vanish (``"absorb"``; scores then add
        up to less than 1).
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    PprResult
        With one query, called 0, unless ``restart`` says otherwise.

    Raises
    ------
    InvalidArgumentError
        If ``damping`` or ``tol`` is out of range or ``dangling`` is none of the words above.

    Notes
    -----
    Every sweep costs O(n_nodes + n_edges); at most about
    log(tol * (1 - damping) / 2) / log(damping) sweeps are needed.

    References
    ----------
    L. Page, S. Brin, R. Motwani, T. Winograd: The PageRank Citation Ranking: Bringing Order to the Web. Stanford
    InfoLab, 1999.

    Examples
    --------
    >>> import graphrank as gr
    >>> import polars as pl
    >>> links = pl.DataFrame({"src": ["a", "b", "c", "d"], "dst": ["c", "c", "a", "c"]})
    >>> gr.pagerank(links).to_polars().select("node", pl.col("score").round(4)).rows()
    [('c', 0.4797), ('a', 0.4453), ('b', 0.0375), ('d', 0.0375)]
    """
    g = as_graph(graph)
    start = uniform(g) if restart is None else from_restart(g, restart)
    return _solve(g, start, damping, tol, None, dangling, "auto", "tolerance", None, progress, timeout_s)


def personalized_pagerank(
    graph: GraphLike,
    sources: IntoIds | None = None,
    *,
    restart: IntoRestart | None = None,
    damping: float = 0.85,
    tol: float = 1e-8,
    top_k: int | None = None,
    dangling: Dangling = "restart",
    method: Method = "auto",
    stop: Stop = "tolerance",
    memory_limit: int | None = None,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> PprResult:
    """Closeness of every node to a source, or to a weighted set of nodes: personalized PageRank.

    Give exactly one of ``sources`` and ``restart``.

    Parameters
    ----------
    graph
        Anything :func:`graphrank.as_graph` reads.
    sources
        One id, or a list or column of ids. Each is a query of its own, called by its id in the answer.
    restart
        A distribution to restart from; weights need not add up to 1 and those of an id given twice do.

        * a dict ``{id: weight}`` or a frame with columns ``node``, ``weight``: one query, called 0;
        * a frame with columns ``query``, ``node``, ``weight``: one query per value of ``query``, in order of
          appearance;
        * an array of shape (n_nodes,) or (n_queries, n_nodes) in the order of ``Graph.nodes``: queries 0, 1 ...
    damping
        Probability of following an edge, in [0, 1). 0.85 is the value of the paper and of other libraries.
    tol
        Largest error allowed, above 0: the sum over all nodes of the differences to the exact scores, proven and not
        estimated.
    top_k
        Keep the ``top_k`` nodes with the highest scores of each query, and of those only the positive ones. None
        keeps every node, 8 bytes per node and query.
    dangling
        What the surfer does at a node that no edge of positive weight leaves: jump as at a ``"restart"``, jump to any
        node (``"uniform"``), stay (``"self"``), or vanish (``"absorb"``).
    method
        How to solve. ``"auto"`` pushes from the source first, which ends at once where little can be reached, and
        else takes what suits the graph; the answer's ``method`` and ``reason`` say what it took.

        * ``"push"``: forward push; touches only what is near the source;
        * ``"cg"``: preconditioned conjugate gradients, for undirected graphs;
        * ``"gauss_seidel"``: accelerated Gauss-Seidel sweeps, component after component;
        * ``"power"``: power iteration; the only one that shares a single query among threads.
    stop
        With ``top_k``, when a query is done. Other than ``"tolerance"`` needs method ``"auto"``, ``"push"`` or
        ``"power"``, and falls back to ``tol``.

        * ``"tolerance"``: when the error is at most ``tol``;
        * ``"certified"``: as soon as the set of the ``top_k`` best nodes is proven; the scores are rougher then, and
          the answer's ``error_bound`` says so;
        * ``"rank_stable"``: as soon as the list no longer changes, the fastest. That proves nothing: the answer's
          ``top_k_certified`` tells whether the set happens to be proven all the same.
    memory_limit
        Bytes that scores and the vectors of the solver may take. What cannot fit is refused before anything is
        computed, with the bytes it would need; else fewer threads, then narrower blocks of queries keep within it.
        None allows scores of any size and 4 GiB for the solver.
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    PprResult

    Raises
    ------
    InvalidArgumentError
        If a number or word is out of range, or not exactly one of ``sources`` and ``restart`` is given.
    InvalidDataError
        If a weight in ``restart`` is null, NaN, infinite or negative, or all weights of a query are 0.
    NodeNotFoundError
        If an id is not a node of the graph.

    Notes
    -----
    Every sweep costs O(n_nodes + n_edges) per query; at most about
    log(tol * (1 - damping) / 2) / log(damping) sweeps are needed.

    References
    ----------
    G. Jeh, J. Widom: Scaling Personalized Web Search. WWW 2003. T. H. Haveliwala: Topic-Sensitive PageRank. WWW 2002.

    Examples
    --------
    >>> import graphrank as gr
    >>> edges = (["ann", "ann", "bob", "cat", "dan"], ["bob", "cat", "cat", "ann", "ann"])
    >>> answer = gr.personalized_pagerank(edges, "ann", top_k=2)
    >>> answer.to_polars().with_columns(pl.col("score").round(4)).rows()
    [('ann', 'ann', 0.4522), ('ann', 'cat', 0.3556)]
    >>> gr.personalized_pagerank(edges, restart={"ann": 1, "dan": 3}).scores.shape
    (1, 4)
    """
    if (sources is None) == (restart is None):
        given = "both" if sources is not None else "neither"
        raise InvalidArgumentError(f"give either `sources` or `restart`, got {given}")
    g = as_graph(graph)
    start = from_sources(g, sources) if restart is None else from_restart(g, restart)
    return _solve(g, start, damping, tol, top_k, dangling, method, stop, memory_limit, progress, timeout_s)


def _solve(
    graph: Graph,
    start: Restart,
    damping: float,
    tol: float,
    top_k: int | None,
    dangling: str,
    method: str,
    stop: str,
    memory_limit: int | None,
    progress: Progress,
    timeout_s: float | None,
) -> PprResult:
    offsets, nodes, scores, error_bound, iterations, certified, used, reason = _core.pagerank(
        graph._inner,
        start.offsets,
        start.nodes,
        start.weights,
        real_number("damping", damping),
        real_number("tol", tol),
        one_of("dangling", dangling, ("restart", "uniform", "self", "absorb")),
        one_of("method", method, get_args(Method)),
        None if top_k is None else min(positive_int("top_k", top_k), max(graph.n_nodes, 1)),
        one_of("stop", stop, get_args(Stop)),
        None if memory_limit is None else positive_int("memory_limit", memory_limit),
        run_opts(progress, timeout_s),
    )
    return PprResult(
        start.queries.alias("query"),
        scores,
        nodes,
        offsets,
        error_bound,
        iterations,
        used,
        graph,
        reason,
        top_k_certified=certified,
    )


@dataclass(frozen=True, eq=False, repr=False)
class PprResult:
    """Scores of one or more queries.

    Attributes
    ----------
    queries
        What each query is called: its source, the value of ``query`` in a restart frame, or 0, 1 ... (n_queries,).
    values
        Scores as float64. All of them, shape (n_queries, n_nodes), or with ``top_k`` those that were kept, query after
        query and the highest first, shape (n_kept,).
    nodes
        With ``top_k``, the node code of each of ``values``, uint32; None without.
    offsets
        With ``top_k``, query q owns ``values[offsets[q]:offsets[q + 1]]``, uint64 of shape (n_queries + 1,).
    error_bound
        Proven bound on the L1 distance of each query's scores to the exact ones, float64 of shape (n_queries,). With
        ``top_k`` it is that of the scores before the others were dropped.
    iterations
        Sweeps over the edges each query took, uint32 of shape (n_queries,).
    method
        The method that was used; several, with commas, if the queries of a batch were solved in different ways.
    graph
        The graph that was asked.
    reason
        Why that method, in words.
    top_k_certified
        With ``top_k``, whether each query's list is proven to hold the best nodes, as a set, bool of shape
        (n_queries,); None without, and where nothing is proven of any list. False where the last node kept and the
        next one tie, or may.
    estimated_error
        Of an answer from an index, what the L1 error is likely to be, float64 of shape (n_queries,): measured on other
        sources when the index was built, and no bound. None if the scores are exact to ``error_bound`` anyway.
    kept
        What :meth:`PowerWalkIndex.refine` goes on from, if that was asked for.
    """

    queries: pl.Series
    values: NDArray[np.float64]
    nodes: NDArray[np.uint32] | None
    offsets: NDArray[np.uint64] | None
    error_bound: NDArray[np.float64]
    iterations: NDArray[np.uint32]
    method: str
    graph: Graph
    reason: str = ""
    estimated_error: NDArray[np.float64] | None = None
    kept: _core.Decompositions | None = None
    top_k_certified: NDArray[np.bool_] | None = None

    @property
    def scores(self) -> Any:
        """Scores of shape (n_queries, n_nodes): an array, or with ``top_k`` a ``scipy.sparse.csr_array``.

        Columns are node codes, rows of ``graph.nodes``. Needs SciPy only with ``top_k``; :attr:`values`,
        :attr:`nodes` and :attr:`offsets` hold the same without it.
        """
        if self.nodes is None or self.offsets is None:
            return self.values
        sparse = import_optional("scipy.sparse", "PprResult.scores with top_k")
        parts = (self.values, self.nodes.astype(np.int64), self.offsets.astype(np.int64))
        return sparse.csr_array(parts, shape=(len(self), self.graph.n_nodes))

    def to_polars(self) -> pl.DataFrame:
        """Columns ``query``, ``node``, ``score``: query after query, the highest score first, ties in node order.

        Every node has a row, unless ``top_k`` was given. ``node`` holds your ids in their dtype.

        Examples
        --------
        >>> import graphrank as gr
        >>> gr.personalized_pagerank(([1, 2], [2, 1]), [1, 2], damping=0.5).to_polars().select("query", "node").rows()
        [(1, 1), (1, 2), (2, 2), (2, 1)]
        """
        if self.nodes is None or self.offsets is None:
            return self._rows(range(len(self)), None)
        counts = np.diff(self.offsets).astype(np.int64)
        return self._table(np.repeat(np.arange(len(self), dtype=np.uint32), counts), self.nodes, self.values)

    def _first_rows(self, limit: int) -> pl.DataFrame:
        """The first ``limit`` rows of the table, of the first query only."""
        return self._rows(range(min(len(self), 1)), limit)

    def _rows(self, queries: range, limit: int | None) -> pl.DataFrame:
        ranked = [self._ranked(query, limit) for query in queries]
        codes = [np.empty(0, dtype=np.uint32), *(nodes for nodes, _ in ranked)]
        scores = [np.empty(0), *(values for _, values in ranked)]
        number = np.repeat(np.array(queries, dtype=np.uint32), [len(nodes) for nodes, _ in ranked])
        return self._table(number, np.concatenate(codes), np.concatenate(scores))

    def _table(
        self, query: NDArray[np.uint32], codes: NDArray[np.uint32], scores: NDArray[np.float64]
    ) -> pl.DataFrame:
        if len(self) == 1:  # a fifth of the time of a gather, which matters for a small query
            queries = self.queries.new_from_index(0, len(codes))
        else:
            queries = self.queries.gather(pl.Series(query))
        columns = [queries.alias("query"), self.graph.decode(codes).alias("node"), pl.Series("score", scores)]
        return pl.DataFrame(columns)

    def _ranked(self, query: int, limit: int | None) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        """Node codes and scores of one query, the highest first."""
        if self.nodes is None or self.offsets is None:
            scores = self.values[query]
            order = np.argsort(-scores, kind="stable")[:limit].astype(np.uint32)
            return order, scores[order]
        begin, end = self.offsets[query : query + 2].tolist()
        return self.nodes[begin:end][:limit], self.values[begin:end][:limit]

    def plot(self, ax: Any = None, *, top: int = 20, query: Any = 0) -> Any:
        """Draw the ``top`` nodes of one query as bars.

        Parameters
        ----------
        ax
            Matplotlib axes to draw on; None makes new ones.
        top
            Number of nodes.
        query
            A whole number is a position, 0 for the first query; anything else what the query is called in
            :attr:`queries`.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InvalidArgumentError
            If there is no such query.
        MissingDependencyError
            If matplotlib is not installed.
        """
        position, limit = self._position(query), positive_int("top", top)
        is_own = ax is None
        if is_own:
            ax = import_optional("matplotlib.pyplot", "PprResult.plot()").subplots()[1]
        table = self._rows(range(position, position + 1), limit)
        ax.barh([str(node) for node in table["node"]], table["score"].to_numpy())
        ax.invert_yaxis()
        ax.set_xlabel("score")
        ax.set_title(f"query {self.queries[position]}")
        if is_own:
            ax.figure.tight_layout()  # long names need room
        return ax

    def _position(self, query: Any) -> int:
        """The position of a query given by that or by what it is called."""
        if not len(self):
            raise InvalidArgumentError("there is nothing to draw: the answer has no queries")
        if isinstance(query, (int, np.integer)) and not isinstance(query, bool):
            if 0 <= query < len(self):
                return int(query)
            raise InvalidArgumentError(f"`query` must be a position from 0 to {len(self) - 1}, got {query!r}")
        called = self.queries.to_list()
        if query in called:
            return called.index(query)
        raise InvalidArgumentError(f"`query`: no query of this answer is called {query!r}")

    def __len__(self) -> int:
        """Number of queries."""
        return len(self.queries)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table of :meth:`to_polars` for any library that reads Arrow streams."""
        return self.to_polars().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        count = "1 query" if len(self) == 1 else f"{len(self):,} queries"
        bound = f"{self.error_bound.max():.1e}" if len(self) else "0"
        likely = ""
        if self.estimated_error is not None and len(self):
            likely = f", estimated_error~{self.estimated_error.max():.1e}"
        return (
            f"PprResult({count}, {self.graph.n_nodes:,} nodes, method={self.method!r}, "
            f"error_bound<={bound}{likely})"
        )

    def _repr_html_(self) -> str:
        return result_html(self)
