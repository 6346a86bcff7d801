"""Graphs to try things on, without a download."""

from __future__ import annotations

from importlib.resources import as_file, files

import polars as pl

from graphrank._optional import import_optional
from graphrank.graph import Graph

__all__ = ["debian", "debian_frames", "karate", "les_miserables"]


def debian() -> Graph:
    """The packages of Debian's python, science, math and web sections and what they depend on.

    Returns
    -------
    Graph
        Debian 12, directed and unweighted: package -> package it depends on, recommends or suggests; also the packages
        these depend on. Node attributes ``section``, ``priority`` and ``size`` (KiB once installed).

    Examples
    --------
    >>> import graphrank as gr
    >>> g = gr.datasets.debian()
    >>> g.nodes.columns
    ['id', 'section', 'priority', 'size']
    """
    edges, packages = debian_frames()
    return Graph.from_edges(edges, nodes=packages)


def debian_frames() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables behind :func:`debian`.

    Returns
    -------
    edges : polars.DataFrame
        Columns ``src``, ``dst`` and ``kind`` (``Depends``, ``Pre-Depends``, ``Recommends`` or ``Suggests``).
    packages : polars.DataFrame
        Columns ``package``, ``section``, ``priority`` and ``size`` (KiB once installed).

    Examples
    --------
    >>> import graphrank as gr
    >>> edges, packages = gr.datasets.debian_frames()
    >>> edges.columns, packages.columns
    (['src', 'dst', 'kind'], ['package', 'section', 'priority', 'size'])
    """
    return _read("debian_edges.parquet"), _read("debian_packages.parquet")


def karate() -> Graph:
    """Zachary's karate club: 34 members, 78 weighted ties, attribute ``club``. Needs NetworkX.

    References
    ----------
    W. W. Zachary: An Information Flow Model for Conflict and Fission in Small Groups. Journal of Anthropological
    Research 33, 1977.

    Examples
    --------
    >>> import graphrank as gr
    >>> gr.datasets.karate()
    Graph(34 nodes, 78 edges, undirected, weighted, ids: Int64)
    """
    return Graph.from_networkx(import_optional("networkx", "datasets.karate()").karate_club_graph())


def les_miserables() -> Graph:
    """The characters of Les Misérables and how often two appear together. Needs NetworkX.

    References
    ----------
    D. E. Knuth: The Stanford GraphBase. ACM Press, 1993.

    Examples
    --------
    >>> import graphrank as gr
    >>> gr.datasets.les_miserables()
    Graph(77 nodes, 254 edges, undirected, weighted, ids: String)
    """
    return Graph.from_networkx(
        import_optional("networkx", "datasets.les_miserables()").les_miserables_graph()
    )


def _read(name: str) -> pl.DataFrame:
    with as_file(files("graphrank") / "data" / name) as path:
        return pl.read_parquet(path)
