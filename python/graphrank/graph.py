"""The graph every engine works on."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._edge_table import edge_columns
from graphrank._from_edges import EdgeRules, build_graph
from graphrank._html import graph_html
from graphrank._ids import NodeIndex
from graphrank._networkx import core_from_networkx, networkx_from_graph
from graphrank._nodes import node_table
from graphrank._run import QUIET, run_opts
from graphrank._saved import from_bytes, load_graph, save_graph, to_bytes
from graphrank._scipy import core_from_scipy, scipy_from_graph
from graphrank._typing import Duplicates, EdgeTable, IntoIds, NodeTable, Progress, SelfLoops
from graphrank._validate import one_of, true_or_false
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["Graph"]


class Graph:
    """An immutable directed or undirected graph, weighted or not, whose nodes carry your ids and attributes.

    Make one with :meth:`from_edges`, :meth:`from_scipy`, :meth:`from_networkx`, :meth:`load`,
    :func:`graphrank.read_edges` or :func:`graphrank.as_graph`.

    Notes
    -----
    The edges are stored once, in Rust, as compressed sparse rows: 8 bytes per node, 4 bytes per arc and 8 more per
    arc if there are weights; an undirected edge is two arcs, a self-loop one. Parallel edges are merged when the graph
    is made. An edge of weight 0 is an edge, but a random walk never follows it. A graph may be used from several
    threads at once.

    Examples
    --------
    >>> import graphrank as gr
    >>> import polars as pl
    >>> edges = pl.DataFrame({"src": ["ann", "bob", "bob"], "dst": ["bob", "cat", "ann"], "n": [2, 1, 5]})
    >>> g = gr.Graph.from_edges(edges, weight="n")
    >>> g
    Graph(3 nodes, 3 edges, directed, weighted, ids: String)
    >>> g.neighbors("bob").rows()
    [('ann', 5.0), ('cat', 1.0)]
    """

    __slots__ = ("_index", "_inner", "_nodes")

    _inner: _core.Graph
    _index: NodeIndex
    _nodes: pl.DataFrame

    def __init__(self, *_: object, **__: object) -> None:
        raise InvalidTypeError("use Graph.from_edges, from_scipy, from_networkx or load to make a Graph")

    @classmethod
    def _of(cls, inner: _core.Graph, index: NodeIndex, nodes: pl.DataFrame | None = None) -> Graph:
        """Put the parts together; ``nodes`` is a frame whose first column is ``index.ids``."""
        graph = object.__new__(cls)
        graph._inner = inner
        graph._index = index
        graph._nodes = index.ids.to_frame() if nodes is None else nodes
        return graph

    # --- making one ---------------------------------------------------------------------------------------------

    @classmethod
    def from_edges(
        cls,
        edges: EdgeTable,
        src: str = "src",
        dst: str = "dst",
        weight: str | None = None,
        *,
        directed: bool = True,
        nodes: NodeTable | None = None,
        duplicates: Duplicates = "sum",
        self_loops: SelfLoops = "keep",
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> Graph:
        """Make a graph from a table with one row per edge.

        Parameters
        ----------
        edges
            A Polars DataFrame or LazyFrame (of which only the named columns are computed), a pandas, pyarrow or other
            table with an Arrow stream, a dict of columns, a tuple of arrays ``(src, dst)`` or ``(src, dst, weight)``
            each of shape (n_rows,), or a list of such tuples, one per edge, all of one length. A table without rows
            is an empty graph.
        src, dst
            Names of the columns with the two ends. Integers of any width, strings, categoricals, enums, booleans,
            dates and times can be ids; both columns must hold ids of one kind. Results come back in the same dtype.
        weight
            Name of the column with the weights, finite numbers of at least 0; None makes an unweighted graph. A tuple
            of three arrays and a list of tuples of three have weights without it.
        directed
            False if a row means an edge both ways.
        nodes
            Column or frame that lists every node once, isolated ones too: the ids are the column ``"id"`` or else the
            first, further columns become node attributes. Without it the nodes are the ids in ``edges``, sorted.
        duplicates
            What rows with the same ends become: one edge with the ``"sum"``, the ``"first"`` or the ``"max"`` of the
            weights, or an ``"error"``. Unweighted, they become one edge.
        self_loops
            ``"keep"`` edges from a node to itself or ``"drop"`` them.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Returns
        -------
        Graph

        Raises
        ------
        ColumnNotFoundError
            If a named column does not exist.
        InvalidDataError
            If an id or weight is null, a weight is NaN, infinite or negative, or ``nodes`` lists a node twice. The
            message names column and row.
        InvalidTypeError
            If a column cannot be ids (floats: cast them) or weights.
        NodeNotFoundError
            If an end of an edge is not in ``nodes``.

        Notes
        -----
        O(n_rows log n_rows) time at worst. Integer columns without nulls in one chunk are read in place. The order of
        the rows never changes the graph, save that ``"first"`` refers to it.

        Examples
        --------
        >>> import graphrank as gr
        >>> import polars as pl
        >>> edges = pl.DataFrame({"src": [10, 10, 20], "dst": [20, 20, 30], "w": [1.0, 2.0, 5.0]})
        >>> gr.Graph.from_edges(edges, weight="w", directed=False).edges().rows()
        [(10, 20, 3.0), (20, 30, 5.0)]
        >>> people = pl.DataFrame({"id": [30, 20, 10, 5], "name": ["cat", "bob", "ann", "dan"]})
        >>> gr.Graph.from_edges(edges, nodes=people).nodes.rows()
        [(30, 'cat'), (20, 'bob'), (10, 'ann'), (5, 'dan')]
        """
        rules = EdgeRules(
            true_or_false("directed", directed),
            one_of("duplicates", duplicates, ("sum", "first", "max", "error")),
            one_of("self_loops", self_loops, ("keep", "drop")) == "keep",
            run_opts(progress, timeout_s),
        )
        listed, index = (None, None) if nodes is None else node_table(nodes)
        inner, index = build_graph(edge_columns(edges, src, dst, weight), index, rules)
        return cls._of(inner, index, listed)

    @classmethod
    def from_scipy(
        cls,
        matrix: Any,
        *,
        directed: bool | None = None,
        nodes: NodeTable | None = None,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> Graph:
        """Make a graph from a square SciPy sparse array or matrix: the stored entry (i, j) is the edge i -> j.

        Parameters
        ----------
        matrix
            Any SciPy sparse format, shape (n_nodes, n_nodes), with int32 or int64 indices. Entries stored twice are
            added up, in a copy. A stored zero is an edge of weight 0. Booleans, or entries that are all 1, make an
            unweighted graph.
        directed
            None to find out: a symmetric matrix is an undirected graph. False demands a symmetric matrix.
        nodes
            Column or frame with the id of every row in order, and attributes, as in :meth:`from_edges`. Without it
            the ids are the integers 0 .. n_nodes - 1.
        progress, timeout_s
            As in :meth:`from_edges`.

        Returns
        -------
        Graph

        Raises
        ------
        InvalidArgumentError
            If the matrix is not square, ``nodes`` has another length, or ``directed=False`` and it is not symmetric.
        InvalidDataError
            If an index is out of range, the row pointers are not ascending or a weight is NaN, infinite or negative.

        Notes
        -----
        O(n_entries log n_entries) time at worst. Every index is checked: SciPy does not check them.

        Examples
        --------
        >>> import graphrank as gr
        >>> import scipy.sparse
        >>> gr.Graph.from_scipy(scipy.sparse.coo_array(([2.0, 3.0], ([0, 1], [1, 2])), shape=(3, 3)))
        Graph(3 nodes, 2 edges, directed, weighted, ids: Int64)
        """
        inner = core_from_scipy(matrix, directed, run_opts(progress, timeout_s))
        if nodes is None:
            return cls._of(inner, NodeIndex(pl.int_range(inner.n_nodes, dtype=pl.Int64, eager=True)))
        listed, index = node_table(nodes)
        if len(index) != inner.n_nodes:
            raise InvalidArgumentError(
                f"`nodes` lists {len(index)} ids but the matrix has {inner.n_nodes} rows"
            )
        return cls._of(inner, index, listed)

    @classmethod
    def from_networkx(
        cls,
        graph: Any,
        weight: str | None = "weight",
        *,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> Graph:
        """Make a graph from a NetworkX ``Graph``, ``DiGraph``, ``MultiGraph`` or ``MultiDiGraph``.

        Parameters
        ----------
        graph
            Its nodes keep their order and become ids: a typed column if all are of one type (ints, strings ...),
            Python objects otherwise. Node attributes become columns of :attr:`nodes` in the same way, null where a
            node lacks them; an attribute called ``"id"`` becomes ``"id_"``.
        weight
            Edge attribute to use as weight; an edge without it has weight 1. If no edge has it, or with None, the
            graph is unweighted. Weights of parallel edges are added up, so parallel edges without weights count as
            an edge of their number, as they do in NetworkX; with None they count once.
        progress, timeout_s
            As in :meth:`from_edges`.

        Returns
        -------
        Graph

        Raises
        ------
        InvalidDataError
            If a weight is not a finite number of at least 0; the message names the edge.

        Examples
        --------
        >>> import graphrank as gr
        >>> import networkx as nx
        >>> gr.Graph.from_networkx(nx.karate_club_graph())
        Graph(34 nodes, 78 edges, undirected, weighted, ids: Int64)
        """
        return cls._of(*core_from_networkx(graph, weight, run_opts(progress, timeout_s)))

    # --- what it is ---------------------------------------------------------------------------------------------

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self._inner.n_nodes

    @property
    def n_edges(self) -> int:
        """Number of edges after merging parallel ones; an undirected edge counts once."""
        return self._inner.n_edges

    @property
    def is_directed(self) -> bool:
        """True if an edge leads one way."""
        return self._inner.is_directed

    @property
    def is_weighted(self) -> bool:
        """True if edges have weights of their own; otherwise each weighs 1."""
        return self._inner.is_weighted

    @property
    def nodes(self) -> pl.DataFrame:
        """The nodes: column ``id``, then their attributes; row k is the node with code k."""
        return self._nodes.clone()

    def edges(self) -> pl.DataFrame:
        """The edges: columns ``src``, ``dst`` and, if weighted, ``weight``, sorted by the codes of the two ends.

        An undirected edge is listed once, from the end that comes first in :attr:`nodes`. O(n_edges) time and memory.
        """
        src, dst, weight = self._inner.edges(QUIET)
        columns = {"src": self.decode(src), "dst": self.decode(dst)}
        return pl.DataFrame(columns if weight is None else columns | {"weight": pl.Series(weight)})

    def degrees(self) -> pl.DataFrame:
        """Columns ``id``, ``out_degree``, ``in_degree`` and, if weighted, ``out_weight``, ``in_weight``.

        Degrees (UInt32) count edges, weights (Float64) add them up. A self-loop counts once in each; in an undirected
        graph out and in are the same. O(n_edges) time.

        Examples
        --------
        >>> import graphrank as gr
        >>> gr.Graph.from_edges((["a", "b"], ["b", "b"])).degrees().rows()
        [('a', 1, 0), ('b', 1, 2)]
        """
        out_degree, in_degree, out_weight, in_weight = self._inner.degrees(QUIET)
        columns = {"id": self._index.ids, "out_degree": out_degree, "in_degree": in_degree}
        if out_weight is not None and in_weight is not None:
            columns |= {"out_weight": out_weight, "in_weight": in_weight}
        return pl.DataFrame(columns)

    def neighbors(self, id: Any) -> pl.DataFrame:
        """The nodes that edges from ``id`` lead to: columns ``id`` and, if weighted, ``weight``, in code order.

        Raises
        ------
        NodeNotFoundError
            If ``id`` is not a node.

        Notes
        -----
        O(out-degree) time, and O(log n_nodes) to find the node after the first call.
        """
        codes = self._index.encode(id, "id")
        if len(codes) != 1:
            raise InvalidArgumentError(f"`id` must be one id, got {len(codes)}")
        begin, end = self._inner.offsets()[int(codes[0]) : int(codes[0]) + 2].tolist()
        columns = {"id": self.decode(self._inner.targets()[begin:end])}
        weights = self._inner.weights()
        return pl.DataFrame(
            columns if weights is None else columns | {"weight": pl.Series(weights[begin:end])}
        )

    def encode(self, ids: IntoIds) -> NDArray[np.uint32]:
        """Codes (row numbers in :attr:`nodes`) of one id or of many: uint32 of shape (n_ids,).

        Raises
        ------
        NodeNotFoundError
            If an id is not a node; for strings the message offers the closest ones.

        Examples
        --------
        >>> import graphrank as gr
        >>> g = gr.Graph.from_edges((["a", "b"], ["b", "c"]))
        >>> g.encode(["c", "a"])
        array([2, 0], dtype=uint32)
        """
        return self._index.encode(ids, "ids")

    def decode(self, codes: NDArray[np.unsignedinteger[Any]]) -> pl.Series:
        """Ids of an array of codes, the reverse of :meth:`encode`."""
        codes = np.asarray(codes)
        if codes.size and (codes.dtype.kind not in "iu" or codes.min() < 0 or codes.max() >= self.n_nodes):
            raise InvalidArgumentError(f"`codes` must be integers from 0 to {self.n_nodes - 1}")
        return self._index.decode(codes.astype(np.uint32, copy=False))

    # --- other graphs made from it ------------------------------------------------------------------------------

    def subgraph(self, ids: IntoIds) -> Graph:
        """The graph of the nodes ``ids``, in that order, and the edges among them; ids given twice count once.

        Raises
        ------
        NodeNotFoundError
            If an id is not a node.

        Examples
        --------
        >>> import graphrank as gr
        >>> g = gr.Graph.from_edges((["a", "b", "c"], ["b", "c", "a"]))
        >>> g.subgraph(["c", "b"]).edges().rows()
        [('b', 'c')]
        """
        codes = pl.Series(self.encode(ids)).unique(maintain_order=True)
        nodes = pl.DataFrame([column.gather(codes) for column in self._nodes])
        return Graph._of(self._inner.subgraph(codes.to_numpy(), QUIET), NodeIndex(nodes["id"]), nodes)

    def reverse(self) -> Graph:
        """The graph with every edge turned round; an undirected graph stays as it is. O(n_edges) time."""
        return self._with(self._inner.reverse)

    def to_undirected(self, duplicates: Duplicates = "sum") -> Graph:
        """The graph in which u -> v and v -> u are one edge, its weight the ``"sum"``, ``"first"`` or ``"max"``.

        ``"first"`` is the arc from the node that comes first in :attr:`nodes`. O(n_edges) time.
        """
        rule = one_of("duplicates", duplicates, ("sum", "first", "max"))
        return self._with(lambda how: self._inner.to_undirected(rule, how))

    def _with(self, change: Callable[[Any], _core.Graph]) -> Graph:
        """The graph with other edges among the same nodes."""
        return Graph._of(change(QUIET), self._index, self._nodes)

    # --- other forms --------------------------------------------------------------------------------------------

    def to_scipy(self) -> Any:
        """The adjacency matrix, a canonical ``scipy.sparse.csr_array`` of float64, shape (n_nodes, n_nodes).

        Entry (i, j) is the weight (1 if unweighted) of the edge from the node with code i to that with code j; an
        undirected graph gives a symmetric matrix. The matrix is a copy.

        Raises
        ------
        MissingDependencyError
            If SciPy is not installed.
        """
        return scipy_from_graph(self)

    def to_networkx(self) -> Any:
        """A ``networkx.Graph`` or ``networkx.DiGraph`` with the same nodes, attributes, edges and weights.

        Null attributes are left out; weights become the edge attribute ``"weight"``.

        Raises
        ------
        MissingDependencyError
            If NetworkX is not installed.
        """
        return networkx_from_graph(self)

    def save(
        self, path: str | os.PathLike[str], *, progress: Progress = None, timeout_s: float | None = None
    ) -> None:
        """Write the graph, its ids and attributes to one checksummed file.

        The file appears under its name only once it is complete, so an interrupted save leaves an older file whole.

        Raises
        ------
        FileError
            If the file cannot be written.
        InvalidTypeError
            If ids or attributes are Python objects, which no file format holds.

        Examples
        --------
        >>> import graphrank as gr, tempfile, pathlib
        >>> g = gr.Graph.from_edges((["a", "b"], ["b", "c"]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     g.save(pathlib.Path(folder, "abc.graph"))
        ...     gr.Graph.load(pathlib.Path(folder, "abc.graph"))
        Graph(3 nodes, 2 edges, directed, unweighted, ids: String)
        """
        save_graph(self._inner, self._nodes, path, run_opts(progress, timeout_s))

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, progress: Progress = None, timeout_s: float | None = None
    ) -> Graph:
        """Open a file written by :meth:`save`; the edges are mapped into memory rather than read into it.

        Raises
        ------
        CorruptFileError
            If the file is truncated, altered or not a graph.
        FileMissingError
            If it does not exist.
        """
        return cls._of(*load_graph(path, run_opts(progress, timeout_s)))

    # --- Python's own protocols ---------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[Callable[[bytes], Graph], tuple[bytes]]:
        return Graph._from_bytes, (to_bytes(self._inner, self._nodes),)

    @classmethod
    def _from_bytes(cls, data: bytes) -> Graph:
        return cls._of(*from_bytes(data))

    def __copy__(self) -> Graph:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Graph:
        return self

    def __repr__(self) -> str:
        return (
            f"Graph({_count(self.n_nodes, 'node')}, {_count(self.n_edges, 'edge')}, "
            f"{'directed' if self.is_directed else 'undirected'}, "
            f"{'weighted' if self.is_weighted else 'unweighted'}, ids: {self._index.dtype})"
        )

    def _repr_html_(self) -> str:
        return graph_html(self)


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
