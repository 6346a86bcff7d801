"""Ways to turn an edge table into a graph: ours, and those of the peers, each by its fastest documented path.

The nodes of most peers are 0 .. n - 1, so other ids have to be coded first (``+ numpy.unique``). Where the ids
happen to be such numbers, these peers also run without coding (``ids as codes``): less work than ours, which never
trusts ids to be codes. igraph, rustworkx and NetworKit keep parallel edges; we, SciPy, scikit-network and NetworkX
merge them. The table says which.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import polars as pl

from common.graphs import Ints
from common.timing import Contender, NotRun, Quality

SLOW_PEER_MAX_EDGES = 2_000_000

Build = Callable[[Ints, Ints], Any]


def integer_contenders(src: Ints, dst: Ints, ids_are_codes: bool) -> list[Contender]:
    """From two integer columns to a directed graph."""
    frame = pl.DataFrame({"src": src, "dst": dst})
    check = _Check(frame)
    found = [
        Contender("graphrank", lambda: _graphrank(frame), check.graphrank),
        Contender("SciPy + numpy.unique", lambda: _scipy(src, dst, coded=True), check.scipy),
        Contender(
            "igraph + numpy.unique",
            lambda: _igraph(src, dst, coded=True),
            check.igraph,
            note="pairs from zip",
        ),
        Contender("rustworkx + numpy.unique", lambda: _rustworkx(src, dst, coded=True), check.rustworkx),
        Contender("NetworKit + numpy.unique", lambda: _networkit(src, dst, coded=True), check.networkit),
        Contender("scikit-network, reindex", lambda: _scikit_network(src, dst), check.scikit_network),
        Contender("NetworkX", lambda: _networkx(src, dst), check.networkx, note="any hashable is an id"),
    ]
    return found + (_uncoded(src, dst, check) if ids_are_codes else [])


def _uncoded(src: Ints, dst: Ints, check: "_Check") -> list[Contender]:
    note = "ids as codes"
    return [
        Contender("SciPy", lambda: _scipy(src, dst, coded=False), check.scipy, note=note),
        Contender(
            "igraph", lambda: _igraph(src, dst, coded=False), check.igraph, note=f"{note}, pairs from zip"
        ),
        Contender("igraph, array", lambda: _igraph_array(src, dst), check.igraph, note=note),
        Contender("rustworkx", lambda: _rustworkx(src, dst, coded=False), check.rustworkx, note=note),
        Contender("NetworKit", lambda: _networkit(src, dst, coded=False), check.networkit, note=note),
    ]


class _Check:
    """Counts nodes and edges of a finished graph and compares them with the table's."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._expected = cache(self._count)

    def _count(self) -> tuple[int, int, int]:
        nodes = pl.concat([self._frame["src"], self._frame["dst"]]).n_unique()
        return nodes, self._frame.select(pl.struct("src", "dst").n_unique()).item(), self._frame.height

    def _judge(self, nodes: int, edges: int) -> Quality:
        right_nodes, merged, rows = self._expected()
        edges_seen = {merged: "merged", rows: "parallel kept"}.get(edges, "WRONG")
        return {"nodes": nodes, "edges": edges, "counts": edges_seen if nodes == right_nodes else "WRONG"}

    def graphrank(self, graph: Any) -> Quality:
        return self._judge(graph.n_nodes, graph.n_edges)

    def scipy(self, matrix: Any) -> Quality:
        return self._judge(matrix.shape[0], matrix.nnz)

    def scikit_network(self, dataset: Any) -> Quality:
        return self.scipy(dataset.adjacency)

    def igraph(self, graph: Any) -> Quality:
        return self._judge(graph.vcount(), graph.ecount())

    def rustworkx(self, graph: Any) -> Quality:
        return self._judge(graph.num_nodes(), graph.num_edges())

    def networkit(self, graph: Any) -> Quality:
        return self._judge(graph.numberOfNodes(), graph.numberOfEdges())

    def networkx(self, graph: Any) -> Quality:
        return self._judge(graph.number_of_nodes(), graph.number_of_edges())


def _graphrank(frame: pl.DataFrame) -> Callable[[], Any]:
    import graphrank

    return lambda: graphrank.Graph.from_edges(frame)


def _with_codes(
    src: Ints, dst: Ints, coded: bool, build: Callable[[Ints, Ints, int], Any]
) -> Callable[[], Any]:
    """The call that builds from the columns as they are, or codes them with ``numpy.unique`` first."""
    if not coded:
        n_nodes = int(max(src.max(), dst.max())) + 1
        return lambda: build(src, dst, n_nodes)

    def call() -> Any:
        ids, codes = np.unique(np.concatenate([src, dst]), return_inverse=True)
        return build(codes[: len(src)], codes[len(src) :], len(ids))

    return call


def _scipy(src: Ints, dst: Ints, coded: bool) -> Callable[[], Any]:
    from scipy.sparse import coo_array

    def build(rows: Ints, columns: Ints, n: int) -> Any:
        return coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n)).tocsr()

    return _with_codes(src, dst, coded, build)


def _igraph(src: Ints, dst: Ints, coded: bool) -> Callable[[], Any]:
    import igraph

    # An iterator over pairs of Python integers is igraph's fastest input, several times faster than an array.
    def build(rows: Ints, columns: Ints, n: int) -> Any:
        return igraph.Graph(n=n, edges=zip(rows.tolist(), columns.tolist(), strict=True), directed=True)

    return _with_codes(src, dst, coded, build)


def _igraph_array(src: Ints, dst: Ints) -> Callable[[], Any]:
    import igraph

    def build(rows: Ints, columns: Ints, n: int) -> Any:
        return igraph.Graph(n=n, edges=np.column_stack([rows, columns]), directed=True)

    return _with_codes(src, dst, False, build)


def _rustworkx(src: Ints, dst: Ints, coded: bool) -> Callable[[], Any]:
    import rustworkx

    def build(rows: Ints, columns: Ints, _: int) -> Any:
        graph = rustworkx.PyDiGraph()
        graph.extend_from_edge_list(list(zip(rows.tolist(), columns.tolist(), strict=True)))
        return graph

    return _with_codes(src, dst, coded, build)


def _networkit(src: Ints, dst: Ints, coded: bool) -> Callable[[], Any]:
    import networkit

    def build(rows: Ints, columns: Ints, n: int) -> Any:
        return networkit.GraphFromCoo((rows, columns), n=n, directed=True)

    return _with_codes(src, dst, coded, build)


def _scikit_network(src: Ints, dst: Ints) -> Callable[[], Any]:
    from sknetwork.data.parse import from_edge_array

    return lambda: from_edge_array(np.column_stack([src, dst]), directed=True, reindex=True)


def _networkx(src: Ints, dst: Ints) -> Callable[[], Any]:
    import networkx

    if len(src) > SLOW_PEER_MAX_EDGES:
        raise NotRun(f"a dictionary per node; too slow and too large beyond {SLOW_PEER_MAX_EDGES:,} edges")

    def call() -> Any:
        graph = networkx.DiGraph()
        graph.add_edges_from(zip(src.tolist(), dst.tolist(), strict=True))
        return graph

    return call


def string_contenders(frame: pl.DataFrame) -> list[Contender]:
    """From two string columns to a graph, beside what Polars alone needs to number the strings."""
    polars_ways = {
        "unique, join": partial(_join_codes, frame, sort=False),
        "unique, sort, join": partial(_join_codes, frame, sort=True),
        "cast to Categorical": partial(_categorical_codes, frame),
        "cast to Enum": partial(_enum_codes, frame),
        "rank": partial(_rank_codes, frame),
    }
    ours = Contender("graphrank", lambda: _graphrank(frame), _Check(frame).graphrank, note="the whole graph")
    return [ours] + [
        Contender(f"{POLARS}{way}", _already(call), _count_codes, note="only the codes")
        for way, call in polars_ways.items()
    ]


POLARS = "Polars: "


def _already(call: Callable[[], Any]) -> Callable[[], Callable[[], Any]]:
    """What ``Contender.prepare`` is when there is nothing to prepare."""
    return lambda: call


def _endpoints(frame: pl.DataFrame) -> pl.Series:
    return pl.concat([frame["src"], frame["dst"]])


def _join_codes(frame: pl.DataFrame, sort: bool) -> list[pl.Series]:
    ids = _endpoints(frame).unique()
    nodes = (ids.sort() if sort else ids).to_frame("id").with_row_index("code")
    joins = (
        frame.select(c).join(nodes, left_on=c, right_on="id", how="left", maintain_order="left")
        for c in ("src", "dst")
    )
    return [joined["code"] for joined in joins]


def _categorical_codes(frame: pl.DataFrame) -> list[pl.Series]:
    # Fresh categories each time: the global ones would remember the strings of the last round.
    fresh = pl.Categorical(pl.Categories.random())
    return [_endpoints(frame).cast(fresh).to_physical()]


def _enum_codes(frame: pl.DataFrame) -> list[pl.Series]:
    known = pl.Enum(_endpoints(frame).unique())
    return [frame[c].cast(known).to_physical() for c in ("src", "dst")]


def _rank_codes(frame: pl.DataFrame) -> list[pl.Series]:
    return [_endpoints(frame).rank("dense")]


def _count_codes(codes: list[pl.Series]) -> Quality:
    return {"nodes": pl.concat(codes).n_unique()}


def networkx_contenders(graph: Any) -> list[Contender]:
    """From a weighted NetworkX graph to a matrix or a graph."""
    n_nodes, n_edges = graph.number_of_nodes(), graph.number_of_edges()
    arcs_per_edge = 1 if graph.is_directed() else 2

    def judge(nodes: int, edges: int) -> Quality:
        agree = (nodes, edges) == (n_nodes, n_edges)
        return {"nodes": nodes, "edges": edges, "counts": "agree" if agree else "WRONG"}

    def from_networkx() -> Callable[[], Any]:
        import graphrank

        return lambda: graphrank.Graph.from_networkx(graph)

    def to_scipy() -> Callable[[], Any]:
        import networkx

        return lambda: networkx.to_scipy_sparse_array(graph)

    return [
        Contender("graphrank", from_networkx, lambda g: judge(g.n_nodes, g.n_edges)),
        Contender(
            "networkx.to_scipy_sparse_array", to_scipy, lambda a: judge(a.shape[0], a.nnz // arcs_per_edge)
        ),
    ]
