"""Anything that can be read as a graph, as a :class:`graphrank.Graph`."""

from __future__ import annotations

import os

from graphrank._edge_table import as_frame
from graphrank._networkx import is_networkx
from graphrank._scipy import is_scipy
from graphrank._typing import GraphLike
from graphrank.exceptions import InvalidTypeError
from graphrank.graph import Graph

__all__ = ["as_graph"]


def as_graph(graph: GraphLike) -> Graph:
    """Read ``graph`` as a :class:`Graph`; every function that takes a graph calls this on its argument.

    Parameters
    ----------
    graph
        A :class:`Graph` (returned as it is), a SciPy sparse array or matrix (:meth:`Graph.from_scipy`), a NetworkX
        graph (:meth:`Graph.from_networkx`), or directed edges (:meth:`Graph.from_edges`): a frame with columns
        ``src``, ``dst`` and, if the graph is weighted, ``weight``, a tuple of arrays ``(src, dst[, weight])`` or a
        list of such tuples, one per edge.

    Returns
    -------
    Graph

    Raises
    ------
    InvalidTypeError
        If it is none of these.

    Notes
    -----
    Converting costs time each call; make the :class:`Graph` once if you use it twice.

    Examples
    --------
    >>> import graphrank as gr
    >>> import polars as pl
    >>> gr.as_graph(pl.DataFrame({"src": [1, 2], "dst": [2, 3], "weight": [0.5, 2.0]}))
    Graph(3 nodes, 2 edges, directed, weighted, ids: Int64)
    """
    if isinstance(graph, Graph):
        return graph
    if is_scipy(graph):
        return Graph.from_scipy(graph)
    if is_networkx(graph):
        return Graph.from_networkx(graph)
    if isinstance(graph, (tuple, list)):
        return Graph.from_edges(graph)
    if isinstance(graph, (str, os.PathLike)):
        raise InvalidTypeError(f"to read the file {os.fspath(graph)!r} use graphrank.read_edges(path)")
    try:
        frame = as_frame(graph, "graph")
    except InvalidTypeError as error:
        raise InvalidTypeError(
            "a graph is a graphrank.Graph, a SciPy sparse matrix, a NetworkX graph, a frame with columns src and dst, "
            f"or a tuple of arrays (src, dst), got {type(graph).__name__}"
        ) from error
    weight = "weight" if "weight" in frame.collect_schema().names() else None
    return Graph.from_edges(frame, weight=weight)
