"""An index for personalized PageRank: built once, asked many times."""

from __future__ import annotations

import os
from html import escape
from threading import Lock
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
import polars as pl

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
    How,
    IntoIds,
    IntoRestart,
    Progress,
)
from graphrank._validate import file_path, one_of, positive_int, real_number, seed_number, true_or_false
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError
from graphrank.graph import Graph

if TYPE_CHECKING:
    from graphrank.ppr import PprResult

__all__ = ["PowerWalkIndex"]

Closure: TypeAlias = Literal["auto", "single", "clusters", "none"]

_MOST_WALKS = 4096
_SOURCES = 32
_TOKEN = object()


class PowerWalkIndex:
    """Approximate personalized PageRank in about a millisecond, with its error measured and bounded.

    Make one with :meth:`build` or :meth:`load`. A query pushes walkers away from its start until few are left at any
    node, and finishes those with what the index knows: where walks from each node went, or how walkers that are still
    under way spread on the whole. Which of the two, the index measures when it is built.

    References
    ----------
    Q. Liu, Z. Li, J. C. S. Lui, J. Cheng: PowerWalk: Scalable Personalized PageRank via Random Walks with
    Vertex-Centric Decomposition. CIKM 2016.

    Examples
    --------
    >>> import graphrank as gr
    >>> edges = (["ann", "ann", "bob", "cat", "dan"], ["bob", "cat", "cat", "ann", "ann"])
    >>> index = gr.PowerWalkIndex.build(edges)
    >>> answer = index.query("ann", top_k=2)
    >>> answer.to_polars().with_columns(pl.col("score").round(2)).rows()
    [('ann', 'ann', 0.45), ('ann', 'cat', 0.36)]
    """

    __slots__ = ("_graph", "_inner", "_is_loaded", "_is_measured", "_lock", "_walks")

    def __init__(
        self,
        inner: _core.PowerWalkIndex | None,
        graph: Graph,
        token: object = None,
        walks: _core.DynamicIndex | None = None,
    ) -> None:
        if token is not _TOKEN:
            raise InvalidTypeError(
                "make an index with PowerWalkIndex.build(graph) or PowerWalkIndex.load(path, graph)"
            )
        # Of an index that follows updates: None until asked for after an update.
        self._inner = inner
        self._graph = graph
        self._walks = walks
        self._is_measured = walks is None
        self._is_loaded = False
        self._lock = Lock()

    @classmethod
    def build(
        cls,
        graph: GraphLike,
        *,
        walks: int = 16,
        damping: float = 0.85,
        closure: Closure = "auto",
        seed: int = 0,
        dynamic: bool = False,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> PowerWalkIndex:
        """Build an index.

        Parameters
        ----------
        graph
            Anything :func:`graphrank.as_graph` reads.
        walks
            Random walks from every node, 1 to 4096. The error of what they tell falls with the root of their number,
            the index grows with it; a smaller ``eps`` in a query is the cheaper way to a smaller error.
        damping
            Probability of following an edge, in [0, 0.999].
        closure
            How the walkers that are left are finished: all spread as one vector says (``"single"``, 4 bytes per node),
            as the vector of their cluster of nodes says (``"clusters"``, 61 bytes per node), or they go where the
            ``walks`` from their node went (``"none"``, 4 bytes per distinct node of a fingerprint). ``"auto"`` keeps
            what errs least, at equal work, on 32 sources.
        seed
            Of the walks and of the choice of sources, from 0 to 2**64 - 1.
        dynamic
            Keep every walk as a path, so that :meth:`update` can reroute it: 16 to 20 bytes per step, about
            ``walks / (1 - damping)`` steps per node. ``closure`` must be ``"auto"`` or ``"none"``, and is ``"none"``.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Returns
        -------
        PowerWalkIndex
            The same bytes for the same graph and arguments, on any number of threads.

        Raises
        ------
        InvalidArgumentError
            If a number or word is out of range.

        Examples
        --------
        >>> import graphrank as gr
        >>> gr.PowerWalkIndex.build(([0, 1, 2], [1, 2, 0]), closure="single").closure
        'single'
        """
        g = as_graph(graph)
        n_walks = positive_int("walks", walks)
        if n_walks > _MOST_WALKS:
            raise InvalidArgumentError(f"`walks` must be from 1 to {_MOST_WALKS}, got {walks}")
        arguments = (
            g._inner,
            n_walks,
            real_number("damping", damping),
            one_of("closure", closure, get_args(Closure)),
            seed_number("seed", seed),
            run_opts(progress, timeout_s),
        )
        if true_or_false("dynamic", dynamic):
            return cls(None, g, _TOKEN, _core.DynamicIndex.build(*arguments))
        return cls(_core.PowerWalkIndex.build(*arguments), g, _TOKEN)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        graph: GraphLike,
        *,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> PowerWalkIndex:
        """Open an index that :meth:`save` wrote, where it lies: its arrays are memory-mapped, not copied.

        It answers, but does not follow updates, whether or not the one that was saved did.

        Parameters
        ----------
        path
            The file. It must not be changed in place while the index is in use; saving over it is fine.
        graph
            The graph it was built on. Ids and attributes of nodes may differ, the edges may not.
        progress, timeout_s
            As in :meth:`build`.

        Raises
        ------
        CorruptFileError
            If the file is truncated, altered or no index.
        FileMissingError
            If there is no such file.
        InvalidArgumentError
            If it was built on another graph.
        """
        g = as_graph(graph)
        inner = _core.PowerWalkIndex.load(file_path(path), g._inner, run_opts(progress, timeout_s))
        index = cls(inner, g, _TOKEN)
        index._is_loaded = True
        return index

    def save(
        self, path: str | os.PathLike[str], *, progress: Progress = None, timeout_s: float | None = None
    ) -> None:
        """Write the index to a file; the graph is not in it. What was there is replaced only when all is written.

        Of an index that follows updates it is written as of now, for the graph as it is now, without the paths of its
        walks: opened again, it does not follow updates.

        Examples
        --------
        >>> import graphrank as gr
        >>> cycle = gr.Graph.from_edges(([0, 1, 2], [1, 2, 0]))
        >>> gr.PowerWalkIndex.build(cycle, closure="single").save("cycle.index")
        >>> gr.PowerWalkIndex.load("cycle.index", cycle)
        PowerWalkIndex(3 nodes, closure='single', damping=0.85, 12 bytes)
        """
        inner, _ = self._current(run_opts(progress, timeout_s))
        inner.save(file_path(path), run_opts(progress, timeout_s))

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
        """Delete the edges of one table and insert those of another, and reroute the walks they concern.

        The walks are then distributed as those of an index built on the changed graph, which :attr:`graph` returns. The
        first query after an update collects them, one pass over all steps: update in batches.

        Parameters
        ----------
        insert, delete, src, dst, weight, duplicates
            As in :meth:`graphrank.DynamicPpr.update`, with the same errors; all rows are carried out or none.
        progress, timeout_s
            As in :meth:`build`. Stopped before all rows are read and checked, nothing is changed. Stopped later, the
            update stands: whatever is called next carries out the rest of it first, so :attr:`graph` has all rows or
            none, and tells which.

        Raises
        ------
        InvalidArgumentError
            If the index was not built with ``dynamic=True``, or was loaded from a file.

        Examples
        --------
        >>> import graphrank as gr
        >>> index = gr.PowerWalkIndex.build(([0, 1, 2], [1, 2, 0]), walks=500, dynamic=True)
        >>> index.update(insert=([0], [2]), delete=([1], [2]))
        >>> index.graph.edges().rows()
        [(0, 1), (0, 2), (2, 0)]
        >>> index.query(0, eps=0.1).to_polars().get_column("node").to_list()[0]
        0
        """
        if self._walks is None:
            if self._is_loaded:
                problem = "it was loaded from a file, which keeps no paths: build it again with dynamic=True"
            else:
                problem = "build it with dynamic=True"
            raise InvalidArgumentError(f"this index does not follow updates: {problem}")
        tables = UpdateTables(insert, delete, src, dst, weight, duplicates)
        with self._lock:
            self._inner = None
            self._is_measured = False
            apply_update(self._walks, self._graph, tables, run_opts(progress, timeout_s))

    def _current(self, how: How, *, measured: bool = False) -> tuple[_core.PowerWalkIndex, Graph]:
        """The index of the graph as it is now, and that graph; measured on held-out sources if need be."""
        with self._lock:
            if self._inner is None or (measured and not self._is_measured):
                assert self._walks is not None, "only an index that follows updates is made anew"
                inner_graph, self._inner = self._walks.index(_SOURCES if measured else 0, how)
                self._graph = Graph._of(inner_graph, self._graph._index, self._graph._nodes)
                self._is_measured = measured
            return self._inner, self._graph

    def query(
        self,
        sources: IntoIds | None = None,
        *,
        restart: IntoRestart | None = None,
        top_k: int | None = None,
        eps: float = 1e-5,
        dangling: Dangling = "restart",
        keep: bool = False,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> PprResult:
        """Approximate scores; give exactly one of ``sources`` and ``restart``.

        Parameters
        ----------
        sources, restart, top_k, dangling
            As in :func:`graphrank.personalized_pagerank`. With ``top_k``, a query looks at what it touched and at the
            best nodes of each vector, not at every node.
        eps
            Push goes on while a node holds more than this share of the walkers per edge, above 0. Smaller is more
            exact and slower; :attr:`calibration` shows by how much.
        keep
            Keep what :meth:`refine` goes on from: 24 bytes per touched node and query.
        progress, timeout_s
            As in :meth:`build`.

        Returns
        -------
        PprResult
            ``error_bound`` is proven, and large; ``estimated_error`` is what to expect, from the calibration.

        Raises
        ------
        InvalidArgumentError
            If a number or word is out of range, or not exactly one of ``sources`` and ``restart`` is given.
        InvalidDataError
            If a weight in ``restart`` is null, NaN, infinite or negative, or all weights of a query are 0.
        NodeNotFoundError
            If an id is not a node of the graph.
        """
        if (sources is None) == (restart is None):
            given = "both" if sources is not None else "neither"
            raise InvalidArgumentError(f"give either `sources` or `restart`, got {given}")
        how = run_opts(progress, timeout_s)
        inner, g = self._current(how)
        start = from_sources(g, sources) if restart is None else from_restart(g, restart)
        is_kept = true_or_false("keep", keep)
        raw = inner.query(
            g._inner,
            start.offsets,
            start.nodes,
            start.weights,
            real_number("eps", eps),
            one_of("dangling", dangling, get_args(Dangling)),
            _limit(g, top_k),
            is_kept,
            how,
        )
        return self._result(g, start.queries.alias("query"), raw, is_kept)

    def refine(
        self,
        answer: PprResult,
        *,
        eps: float,
        top_k: int | None = None,
        dangling: Dangling | None = None,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> PprResult:
        """Go on from an answer of ``query(..., keep=True)`` to a smaller ``eps``, instead of beginning again.

        Parameters
        ----------
        answer
            Of this index, or of another one of the same graph and damping.
        eps
            As in :meth:`query`. One that is not smaller than that of ``answer`` leaves the scores as exact as they are.
        top_k, dangling
            As in :meth:`query`; None is what ``answer`` was asked with.
        progress, timeout_s
            As in :meth:`build`.

        Raises
        ------
        InvalidArgumentError
            If ``answer`` comes from elsewhere, from before an update, or kept nothing, or a number or word is out of
            range.

        Examples
        --------
        >>> import graphrank as gr
        >>> index = gr.PowerWalkIndex.build(([0, 1, 2, 0], [1, 2, 0, 2]))
        >>> rough = index.query(0, eps=0.1, keep=True)
        >>> bool(index.refine(rough, eps=1e-9).error_bound < 1e-6 < rough.error_bound)
        True
        """
        how = run_opts(progress, timeout_s)
        inner, g = self._current(how)
        if answer.kept is None or answer.graph is not g:
            raise InvalidArgumentError("`answer` must come from this index, asked with keep=True")
        raw = inner.refine(
            g._inner,
            answer.kept,
            real_number("eps", eps),
            answer.kept.dangling if dangling is None else one_of("dangling", dangling, get_args(Dangling)),
            answer.kept.top_k if top_k is None else _limit(g, top_k),
            how,
        )
        return self._result(g, answer.queries, raw, True)

    def _result(self, graph: Graph, queries: pl.Series, raw: _core._IndexAnswer, is_kept: bool) -> PprResult:
        from graphrank.ppr import PprResult  # that module offers this class

        offsets, nodes, scores, bound, estimate, n_arcs, kept = raw
        all_arcs = max(len(graph._inner.targets()), 1)
        sweeps = np.ceil(n_arcs / all_arcs).astype(np.uint32)
        reason = f"index of damping {self.damping:g}, finished by closure {self.closure!r}"
        return PprResult(
            queries,
            scores,
            nodes,
            offsets,
            bound,
            sweeps,
            "powerwalk",
            graph,
            reason,
            estimate,
            kept if is_kept else None,
        )

    @property
    def graph(self) -> Graph:
        """The graph it answers for: after updates, the graph as it is now."""
        return self._current(QUIET)[1]

    @property
    def is_dynamic(self) -> bool:
        """Whether :meth:`update` can be called: it was built with ``dynamic=True``, and not loaded from a file."""
        return self._walks is not None

    @property
    def closure(self) -> str:
        """How walkers that are left are finished: ``"single"``, ``"clusters"`` or ``"none"``."""
        return self._current(QUIET)[0].closure

    @property
    def walks(self) -> int:
        """Random walks from every node, as given; stored if :attr:`closure` is ``"none"``."""
        return self._current(QUIET)[0].walks

    @property
    def damping(self) -> float:
        """Probability of following an edge."""
        return self._current(QUIET)[0].damping

    @property
    def seed(self) -> int:
        """Of the walks and of the choice of sources."""
        return self._current(QUIET)[0].seed

    @property
    def n_bytes(self) -> int:
        """Bytes beside the graph."""
        kept = 0 if self._walks is None else self._walks.sizes(QUIET)[1]
        return self._current(QUIET)[0].n_bytes + kept

    @property
    def n_entries(self) -> int | None:
        """Distinct nodes of all fingerprints; None if there are none."""
        return self._current(QUIET)[0].n_entries

    @property
    def calibration(self) -> pl.DataFrame:
        """What was measured on ``sources`` held-out sources, of every closure that was considered, at four ``eps``.

        Means of the L1 ``error``, of the shares ``precision_10``, ``precision_50`` and ``precision_100`` of the exact
        best nodes that are among as many best of the answer, of the ``residual`` left to the closure, and of the edges
        pushed over. Dangling nodes restart. Of an index that follows updates, it is measured when asked for, on the
        graph as it is then; until that, ``estimated_error`` of answers is what push has left.
        """
        rows = [(*row[:4], *row[4], *row[5:]) for row in self._current(QUIET, measured=True)[0].calibration()]
        schema = {
            "closure": pl.String,
            "eps": pl.Float64,
            "sources": pl.UInt32,
            "error": pl.Float64,
            "precision_10": pl.Float64,
            "precision_50": pl.Float64,
            "precision_100": pl.Float64,
            "residual": pl.Float64,
            "edges": pl.Float64,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def __repr__(self) -> str:
        n = self.n_bytes
        size = f"{n:,} bytes" if n < 10_000 else f"{n / 1e3:,.0f} kB" if n < 1e6 else f"{n / 1e6:,.1f} MB"
        kind = "dynamic" if self.is_dynamic else f"closure={self.closure!r}"
        return f"PowerWalkIndex({self._graph.n_nodes:,} nodes, {kind}, damping={self.damping:g}, {size})"

    def _repr_html_(self) -> str:
        own = self.calibration.filter(pl.col("closure") == self.closure).drop("closure")
        return f"<div><code>{escape(repr(self))}</code>{own._repr_html_()}</div>"


def _limit(graph: Graph, top_k: int | None) -> int | None:
    return None if top_k is None else min(positive_int("top_k", top_k), max(graph.n_nodes, 1))
