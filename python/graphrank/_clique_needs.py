"""How many members of groups rules can ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphrank._clique_result import FairClique
from graphrank._clique_search import Question, fair_question, uninterrupted
from graphrank._run import run_opts, time_left
from graphrank._typing import GraphLike, How, IntoIds, Progress, Ungrouped
from graphrank.exceptions import TimedOutError

__all__ = ["largest_k", "largest_k_of_each"]


def largest_k(
    graph: GraphLike,
    groups: Any,
    *,
    delta: int | Mapping[tuple[Any, Any], int] | None = None,
    max_ratio: float | None = None,
    max_share: float | None = None,
    max_per_group: int | Mapping[Any, int] | None = None,
    must_include: IntoIds | None = None,
    exclude: IntoIds | None = None,
    ungrouped: Ungrouped = "error",
    progress: Progress = None,
    timeout_s: float | None = None,
) -> int:
    """The largest ``k`` for which a clique has at least ``k`` members of every group and keeps the other rules.

    Parameters
    ----------
    graph, groups, delta, max_ratio, max_share, max_per_group, must_include, exclude, ungrouped
        As in :func:`graphrank.max_fair_clique`.
    progress
        As there; every search, of about log2 of the answer, begins anew.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    int
        0 if no clique has a member of every group.

    Raises
    ------
    TimedOutError
        If the time did not suffice for a proof.

    See Also
    --------
    graphrank.max_fair_clique : raises the same errors.
    largest_k_of_each : one group at a time.

    Examples
    --------
    >>> import graphrank as gr
    >>> g = gr.Graph.from_edges([(1, 2), (1, 3), (2, 3), (3, 4)], directed=False)
    >>> gr.clique.largest_k(g, {1: "a", 2: "a", 3: "b", 4: "b"})
    1
    """
    left = time_left(run_opts(progress, timeout_s), is_anytime=True)
    question = fair_question(
        graph,
        groups,
        1,
        delta,
        max_ratio,
        max_share,
        max_per_group,
        must_include,
        exclude,
        "exact",
        ungrouped,
        False,
    )
    n_groups = len(question.groups.names)

    def between(found: FairClique) -> tuple[int, int]:
        return min(found.counts.values()), found.upper_bound // n_groups

    return _largest("k", question.with_least, between, (0, question.graph.n_nodes), left)


def largest_k_of_each(
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
    ungrouped: Ungrouped = "error",
    progress: Progress = None,
    timeout_s: float | None = None,
) -> dict[Any, int | None]:
    """The most members that each group can have if the others have what ``k`` asks for and all other rules are kept.

    Where no clique keeps the rules, groups with less than their ``k`` here are those that are short, and by how much.

    Parameters
    ----------
    graph, groups, k, delta, max_ratio, max_share, max_per_group, must_include, exclude, ungrouped
        As in :func:`graphrank.max_fair_clique`.
    progress
        As there; every search, of some per group, begins anew.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    dict
        ``{group: number}``; None where no clique keeps the rules even without that group's ``k``.

    Raises
    ------
    TimedOutError
        If the time did not suffice for a proof.

    See Also
    --------
    graphrank.max_fair_clique : raises the same errors.
    largest_k : all groups at a time.

    Examples
    --------
    >>> import graphrank as gr
    >>> g = gr.Graph.from_edges([(1, 2), (1, 3), (2, 3), (3, 4)], directed=False)
    >>> crafts = {1: "law", 2: "law", 3: "math", 4: "math"}
    >>> gr.max_fair_clique(g, crafts, k=2).status
    'infeasible'
    >>> gr.clique.largest_k_of_each(g, crafts, k=2)
    {'law': 0, 'math': 1}
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
        "exact",
        ungrouped,
        False,
    )
    return {name: _largest_of(question, name, left) for name in question.groups.names}


def _largest_of(question: Question, name: Any, left: Callable[[], How]) -> int | None:
    """One entry of :func:`largest_k_of_each`."""
    of_others = [
        least
        for other, least in zip(question.groups.names, question.rules.least, strict=True)
        if other != name
    ]

    def between(found: FairClique) -> tuple[int, int]:
        return found.counts[name], found.upper_bound - sum(of_others)

    def asking(k: int) -> Question:
        return question.with_least(k, name)

    # Nothing is known to be possible, not even 0.
    most = _largest(f"k[{name!r}]", asking, between, (-1, question.graph.n_nodes), left)
    return None if most < 0 else most


def _largest(
    what: str,
    asking: Callable[[int], Question],
    between: Callable[[FairClique], tuple[int, int]],
    known: tuple[int, int],
    left: Callable[[], How],
) -> int:
    """The largest k for which the question ``asking(k)`` has an answer.

    ``between`` tells of an answer which k it shows to be possible, and the largest that may be; ``known`` are such
    bounds at the start.
    """
    least, most = known
    k = least + 1
    while least < most:
        found = uninterrupted(asking(k), left())
        if found.size or found.optimal:
            possible, bound = between(found)
            least, most = max(k, possible), min(most, bound)
        elif found.status == "infeasible":
            most = k - 1
        else:
            raise TimedOutError(f"timed out: `{what}` can be {least}, and cannot be more than {most}")
        k = least + (most - least + 1) // 2
    return least
