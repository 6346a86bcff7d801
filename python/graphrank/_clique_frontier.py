"""How large a fair clique is for every strictness of the rules.

A stricter rule never allows a larger clique. So the cells of the table are filled from the least strict on: the bounds
of the cells next to it on the lenient side hold in a cell too, and if a clique that is known keeps the rules of the
cell and has as many members as they allow, nothing needs to be searched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from graphrank._clique_result import FairClique
from graphrank._clique_search import Question, fair_question, uninterrupted
from graphrank._run import run_opts, time_left
from graphrank._typing import CliqueMethod, GraphLike, How, IntoIds, Progress, Ungrouped
from graphrank._validate import int_from
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["fair_clique_frontier"]

_SCHEMA = {"k": pl.Int64, "delta": pl.Int64, "size": pl.Int64, "upper_bound": pl.Int64, "status": pl.String}


def fair_clique_frontier(
    graph: GraphLike,
    groups: Any,
    *,
    k: Iterable[int] = (1,),
    delta: Iterable[int | None] = (None,),
    max_ratio: float | None = None,
    max_share: float | None = None,
    max_per_group: int | Mapping[Any, int] | None = None,
    must_include: IntoIds | None = None,
    exclude: IntoIds | None = None,
    method: CliqueMethod = "exact",
    ungrouped: Ungrouped = "error",
    progress: Progress = None,
    timeout_s: float | None = None,
) -> pl.DataFrame:
    """How large a fair clique can be, for every pair of a ``k`` and a ``delta``.

    Parameters
    ----------
    graph, groups
        As in :func:`graphrank.max_fair_clique`.
    k
        Least numbers of members of every group, such as ``range(1, 5)``.
    delta
        By how many members a group may exceed another; None is no limit.
    max_ratio, max_share, max_per_group, must_include, exclude, method, ungrouped
        As there, for all pairs.
    progress
        As there; every search begins anew.
    timeout_s
        Seconds for all searches. Those that they do not suffice for have status ``"time_limit"``, with what the others
        tell about them.

    Returns
    -------
    polars.DataFrame
        Columns ``k``, ``delta``, ``size``, ``upper_bound`` and ``status``, as those of a
        :class:`~graphrank.clique.FairClique`; a row per pair, rising, with a ``delta`` of null last.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, unlike :func:`graphrank.max_fair_clique`, which returns what it has.

    See Also
    --------
    graphrank.max_fair_clique : raises the same errors.

    Examples
    --------
    >>> import graphrank as gr
    >>> import itertools
    >>> g = gr.Graph.from_edges(list(itertools.combinations(range(8), 2)), directed=False)
    >>> gr.clique.fair_clique_frontier(g, [0, 0, 0, 0, 0, 1, 1, 1], k=(1, 3, 4), delta=(0, 1)).rows()
    ... # doctest: +NORMALIZE_WHITESPACE
    [(1, 0, 6, 6, 'optimal'), (1, 1, 7, 7, 'optimal'), (3, 0, 6, 6, 'optimal'), (3, 1, 7, 7, 'optimal'),
     (4, 0, 0, 0, 'infeasible'), (4, 1, 0, 0, 'infeasible')]
    """
    left = time_left(run_opts(progress, timeout_s), is_anytime=True)
    ks, deltas = _numbers("k", k), _numbers("delta", delta)
    if None in ks:
        raise InvalidArgumentError("`k` must hold whole numbers of at least 0, got None")
    question = fair_question(
        graph,
        groups,
        0,
        None,
        max_ratio,
        max_share,
        max_per_group,
        must_include,
        exclude,
        method,
        ungrouped,
        False,
    )
    cells: dict[tuple[int, int], FairClique] = {}
    for i, least in enumerate(ks):
        for j in reversed(range(len(deltas))):
            rules = replace(question.with_least(least or 0).rules, delta=deltas[j])
            lenient = [cells[at] for at in ((i - 1, j), (i, j + 1)) if at in cells]
            cells[i, j] = _fill(replace(question, rules=rules), lenient, list(cells.values()), left)
    rows = [
        (ks[i], deltas[j], cells[i, j].size, cells[i, j].upper_bound, cells[i, j].status)
        for i in range(len(ks))
        for j in range(len(deltas))
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _numbers(what: str, values: Any) -> list[int | None]:
    """The distinct numbers, rising, None last."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InvalidTypeError(f"`{what}` must be a range or a list of numbers, got {values!r}")
    given = list(values)
    numbers: list[int | None] = []
    numbers += sorted({int_from(0, what, value) for value in given if value is not None})
    return [*numbers, None] if None in given else numbers


def _fill(
    question: Question, lenient: list[FairClique], known: list[FairClique], left: Callable[[], How]
) -> FairClique:
    """The answer to ``question``, from cells with less strict rules if they tell it."""
    for cell in lenient:
        if cell.status == "infeasible":
            return cell
    bound = min((cell.upper_bound for cell in lenient), default=question.graph.n_nodes)
    fitting = max(
        (clique for clique in known if clique.size and _keeps(clique, question)),
        key=len,
        default=None,
    )
    if fitting is not None and fitting.size == bound:
        return replace(fitting, upper_bound=bound, status="optimal")
    found = uninterrupted(question, left())
    if found.status == "infeasible":
        return found
    bound = min(bound, found.upper_bound)
    best = found if fitting is None or found.size >= fitting.size else fitting
    status = "optimal" if best.size == bound and (best.size or found.optimal) else found.status
    return replace(best, upper_bound=bound, status=status)


def _keeps(clique: FairClique, question: Question) -> bool:
    """Whether a clique that keeps the other rules keeps those of ``k`` and ``delta``, too."""
    counts, rules = clique.counts.values(), question.rules
    is_even = rules.delta is None or max(counts) - min(counts) <= rules.delta
    return is_even and min(counts) >= rules.least[0]
