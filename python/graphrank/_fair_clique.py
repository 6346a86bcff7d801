"""The largest cliques, with rules for groups and without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrank._clique_result import FairClique
from graphrank._clique_search import fair_question, plain_question
from graphrank._run import run_opts, time_left
from graphrank._typing import CliqueMethod, GraphLike, IntoIds, Progress, Ungrouped

__all__ = ["max_clique", "max_fair_clique"]


def max_fair_clique(
    graph: GraphLike,
    groups: Any,
    *,
    k: int | Mapping[Any, int] = 1,
    delta: int | Mapping[tuple[Any, Any], int] | None = None,
    max_ratio: float | None = None,
    max_share: float | None = None,
    max_per_group: int | Mapping[Any, int] | None = None,
    must_include: IntoIds | None = None,
    exclude: IntoIds | None = None,
    method: CliqueMethod = "exact",
    ungrouped: Ungrouped = "error",
    deterministic: bool = True,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> FairClique:
    """The largest set of nodes that are all linked with each other and in which every group has its part.

    Parameters
    ----------
    graph
        Anything :func:`graphrank.as_graph` reads. Two nodes are linked if there is an edge between them, whatever its
        direction and weight.
    groups
        The group of each node, of at most 64 groups:

        * the name of a node attribute of the graph;
        * a column or list in the order of ``Graph.nodes``;
        * a dict ``{id: group}``;
        * a frame with the columns ``node`` and ``group``, or ``node`` and one other.

        A null or absent value is no group; see ``ungrouped``.
    k
        The least number of members: of every group, or ``{group: number}`` with 0 for groups it does not name. The
        groups are those of the nodes of the graph.
    delta
        By how many members a group may exceed another: any group any other, or ``{(group, other): number}``, where
        ``group`` has at most so many members more than ``other``, and pairs it does not name are free. None is no
        limit.
    max_ratio
        The largest group has at most so many times the members of the smallest; at least 1.
    max_share
        No group has more than this share of all members; above 0, at most 1.
    max_per_group
        The largest number of members, as ``k`` gives the least. None is no limit.
    must_include
        Ids that have to be members.
    exclude
        Ids that may not be members.
    method
        ``"exact"`` to search until it is proven that no such clique is larger, which on dense graphs of hundreds of
        nodes takes long; ``"heuristic"`` for a good clique and a bound at once, which often is the proof as well.
    ungrouped
        What becomes of nodes without a group: an ``"error"``, they may not be members (``"exclude"``), or they are a
        group of their ``"own"``, called None.
    deterministic
        Whether a search that comes to its end finds the same members on any number of threads, at the cost of a second,
        shorter search. Their number is the same in any case.
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``. The label tells the size of the best clique so
        far and that of the largest there can be.
    timeout_s
        Seconds after which the best clique so far is returned, with status ``"time_limit"``.

    Returns
    -------
    FairClique
        Empty if no clique keeps the rules.

    Raises
    ------
    ColumnNotFoundError
        If there is no such attribute, or a frame lacks the columns.
    InvalidArgumentError
        If there are more than 64 groups, a rule names a group that is not there or a number out of range, or ids that
        must be members are excluded, have no group or are not linked.
    InvalidDataError
        If a node has no group, or two.
    NodeNotFoundError
        If an id is not a node of the graph.

    Notes
    -----
    Ctrl-C ends the search as a time limit does: the best clique so far is returned, with status ``"interrupted"``.

    The problem is NP-hard. Sparse graphs of many nodes are usually solved at once; dense ones of a few hundred may take
    longer than anyone waits.

    References
    ----------
    Q. Zhang, R.-H. Li, Z. Jin, Y. Yuan, G. Wang, X. Lin: Efficient Maximum Relative Fair Clique Search. ICDE 2025.

    Examples
    --------
    Who all know each other, and how many of them are of which craft:

    >>> import graphrank as gr
    >>> import polars as pl
    >>> people = pl.DataFrame({
    ...     "id": ["ann", "bob", "cat", "dan", "eve", "fay"],
    ...     "craft": ["law", "law", "law", "math", "math", "law"],
    ... })
    >>> known = [("ann", "bob"), ("ann", "cat"), ("bob", "cat"), ("ann", "dan"), ("bob", "dan"), ("cat", "dan")]
    >>> known += [("ann", "eve"), ("dan", "eve"), ("ann", "fay"), ("bob", "fay"), ("cat", "fay")]
    >>> g = gr.Graph.from_edges(known, nodes=people, directed=False)
    >>> gr.max_fair_clique(g, "craft")
    FairClique(4 nodes, law 3, math 1, optimal)
    >>> gr.max_fair_clique(g, "craft", delta=1).counts
    {'law': 2, 'math': 1}
    >>> gr.max_fair_clique(g, "craft", must_include="eve").nodes.to_list()
    ['ann', 'dan', 'eve']
    >>> gr.max_fair_clique(g, "craft", k=3)
    FairClique(0 nodes, infeasible: group 'math' is to have at least 3 members, but only 2 nodes may be members)
    """
    left = time_left(run_opts(progress, timeout_s), is_anytime=True)
    question = fair_question(
        graph,
        groups,
        k,
        delta,
        max_ratio,
        max_share,
        max_per_group,
        must_include,
        exclude,
        method,
        ungrouped,
        deterministic,
    )
    return question.answer(left())


def max_clique(
    graph: GraphLike,
    *,
    must_include: IntoIds | None = None,
    exclude: IntoIds | None = None,
    method: CliqueMethod = "exact",
    deterministic: bool = True,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> FairClique:
    """The largest set of nodes that are all linked with each other.

    Parameters
    ----------
    graph
        Anything :func:`graphrank.as_graph` reads. Two nodes are linked if there is an edge between them, whatever its
        direction and weight.
    must_include, exclude, method, deterministic, progress, timeout_s
        As in :func:`max_fair_clique`.

    Returns
    -------
    FairClique
        All its members are in one group, called None.

    Raises
    ------
    InvalidArgumentError
        If ids that must be members are excluded or not linked.
    NodeNotFoundError
        If an id is not a node of the graph.

    Examples
    --------
    >>> import graphrank as gr
    >>> g = gr.Graph.from_edges([(1, 2), (1, 3), (2, 3), (3, 4)], directed=False)
    >>> gr.max_clique(g)
    FairClique(3 nodes, optimal)
    >>> gr.max_clique(g, must_include=4).nodes.to_list()
    [3, 4]
    """
    left = time_left(run_opts(progress, timeout_s), is_anytime=True)
    question = plain_question(graph, must_include, exclude, method, deterministic)
    return question.answer(left())
