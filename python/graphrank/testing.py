"""For tests of code that uses graphrank."""

from __future__ import annotations

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from graphrank._validate import positive_int
from graphrank.graph import Graph

__all__ = ["assert_same_graph", "random_edges", "web_edges"]


def random_edges(n_nodes: int, n_edges: int, *, weighted: bool = False, seed: int = 0) -> pl.DataFrame:
    """A table of random edges: ends drawn alike from 0 .. n_nodes - 1, so there are self-loops and parallel edges.

    Parameters
    ----------
    n_nodes, n_edges
        At least 1 and at least 0.
    weighted
        Add a column ``weight``, drawn from (0, 1].
    seed
        The same seed gives the same table.

    Returns
    -------
    polars.DataFrame
        Columns ``src`` and ``dst`` (Int64) and perhaps ``weight`` (Float64).

    Examples
    --------
    >>> from graphrank.testing import random_edges
    >>> random_edges(100, 5, weighted=True).shape
    (5, 3)
    """
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, positive_int("n_nodes", n_nodes), size=(2, n_edges))
    columns = {"src": ends[0], "dst": ends[1]}
    return pl.DataFrame(columns | {"weight": 1.0 - rng.random(n_edges)} if weighted else columns)


def web_edges(n_pages: int, *, seed: int = 0) -> pl.DataFrame:
    """A table of links like those of the web: hosts of all sizes, few links between them, pages without links.

    Pages are numbered host after host. A page is a dead end with probability .24; each other one has some 20 links, a
    quarter of them to the first page of its host and the rest to pages of nearby numbers. One host in three also links
    to first pages of other hosts, mostly of a few popular ones. So most pages reach their own host and nothing else,
    and the others a large part of the graph.

    Parameters
    ----------
    n_pages
        At least 1.
    seed
        The same seed gives the same table.

    Returns
    -------
    polars.DataFrame
        Columns ``src`` and ``dst`` (Int64): distinct pairs, in order.

    Examples
    --------
    >>> from graphrank.testing import web_edges
    >>> links = web_edges(10_000)
    >>> 0.23 < 1 - links["src"].n_unique() / 10_000 < 0.26
    True
    """
    rng = np.random.default_rng(seed)
    n = positive_int("n_pages", n_pages)
    sizes = np.minimum(10 * (1 + rng.pareto(1.5, n // 10 + 1)), 10 + n / 50).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    starts = np.append(starts[starts < n], n)
    first, end = (np.repeat(bounds, np.diff(starts)) for bounds in (starts[:-1], starts[1:]))

    src = np.repeat(np.arange(n), np.where(rng.random(n) < 0.24, 0, rng.geometric(1 / 20, n)))
    near = src + np.rint(rng.laplace(0, 40, len(src))).astype(np.int64)
    inside = np.where(rng.random(len(src)) < 0.25, first[src], np.clip(near, first[src], end[src] - 1))
    popular = starts[(rng.random(len(src)) ** 3 * (len(starts) - 1)).astype(np.int64)]
    opens = (rng.random(n) < 1 / 3)[first]
    dst = np.where(opens[src] & (rng.random(len(src)) < 0.05), popular, inside)
    return pl.DataFrame({"src": src, "dst": dst}).unique().sort("src", "dst")


def assert_same_graph(left: Graph, right: Graph, *, rtol: float = 0.0) -> None:
    """Raise AssertionError unless both graphs have the same nodes in the same order, attributes, edges and weights.

    Parameters
    ----------
    left, right
        The graphs.
    rtol
        Relative difference allowed between weights; 0 wants them equal.

    Examples
    --------
    >>> import graphrank as gr
    >>> from graphrank.testing import assert_same_graph
    >>> g = gr.Graph.from_edges(([1, 2], [2, 3]))
    >>> assert_same_graph(g, g.reverse().reverse())
    """
    for name in ("is_directed", "is_weighted"):
        mine, theirs = getattr(left, name), getattr(right, name)
        assert mine == theirs, f"{name} is {mine} on the left and {theirs} on the right"
    assert_frame_equal(left.nodes, right.nodes)
    assert_frame_equal(left.edges(), right.edges(), rel_tol=rtol, abs_tol=0.0)
