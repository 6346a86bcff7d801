"""Selecting once, from candidates that do not change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from graphrank import _core
from graphrank._objective import Objective, as_objective
from graphrank._quotas import read_quotas
from graphrank._run import run_opts
from graphrank._selection import Selection
from graphrank._typing import IntoIds, Progress, SelectionMethod, Ungrouped
from graphrank._validate import one_of, positive_int, real_number, seed_number

__all__ = ["maximize"]


def maximize(
    objective: Objective,
    k: int,
    *,
    method: SelectionMethod = "lazy",
    candidates: IntoIds | None = None,
    groups: Any = None,
    lower: int | Mapping[Any, int] | None = None,
    upper: int | Mapping[Any, int] | None = None,
    ungrouped: Ungrouped = "error",
    eps: float = 0.05,
    seed: int = 0,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> Selection:
    """Select at most ``k`` elements that are worth the most together, nearly.

    Parameters
    ----------
    objective
        What is maximised: one of :mod:`graphrank.submodular`.
    k
        How many elements at most; there are fewer where no other adds anything.
    method
        ``"lazy"`` picks what adds most, again and again; its value is at least 1 - 1/e, 63 %, of the best. The others
        ask the objective less often, for at least 1 - 1/e - ``eps`` of the best: ``"stochastic"`` picks what adds most
        among a random sample (the bound is for the expected value), ``"threshold"`` whatever adds at least a threshold,
        which falls. ``"exact"`` finds the best by branch and bound, among some tens of candidates.
    candidates
        Ids among which to select; None takes all elements.
    groups
        The group of each element, for quotas: a dict ``{element: group}``, a frame with the columns ``element`` and
        ``group``, or a column in the order of ``objective.ids``. At most 250 groups.
    lower
        The fewest picks: of every group, or ``{group: number}`` with 0 for groups it does not name. They are made even
        if they add nothing.
    upper
        The most picks, in the same form; groups that are not named have no limit.
    ungrouped
        What becomes of elements without a group: an ``"error"``, they are no candidates (``"exclude"``), or they are a
        group of their ``"own"``, called None.
    eps
        What may be lost, in (0, 1): for the methods that are not lazy.
    seed
        Of the samples.
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    Selection
        With ``upper_bound``, which no choice exceeds, and so the share of the best that is certain here.

    Raises
    ------
    ElementNotFoundError
        If a candidate is not an element.
    InvalidArgumentError
        If ``k`` is below 1 or ``eps`` out of range; if a function of yours is not monotone or not submodular; if no
        selection keeps the quotas: the message says which group is short, or what adds up to more than ``k``.
    InvalidDataError
        If a candidate comes twice; if an element has no group, or two.

    Notes
    -----
    With quotas ``"lazy"`` has at least 1/2 of the best that keeps them, ``"threshold"`` 1/(2 + ``eps``), and
    ``"stochastic"`` has no bound of its own; ``upper_bound`` is always one on what keeps the quotas.

    Elements that add the same are picked in the order of ``objective.ids``. The answer does not depend on the number of
    threads.

    References
    ----------
    G. Nemhauser, L. Wolsey, M. Fisher: An analysis of approximations for maximizing submodular set functions. 1978.
    M. Minoux: Accelerated greedy algorithms for maximizing submodular set functions. 1978.
    B. Mirzasoleiman and others: Lazier than lazy greedy. AAAI 2015.
    A. Badanidiyuru, J. Vondrák: Fast algorithms for maximizing submodular functions. SODA 2014.
    M. El Halabi and others: Fairness in streaming submodular maximization. NeurIPS 2020.

    Examples
    --------
    >>> import graphrank as gr
    >>> from graphrank.submodular import Coverage
    >>> reach = Coverage({"ann": [1, 2, 3], "bob": [3, 4], "cat": [4, 5]})
    >>> gr.maximize(reach, 2).to_polars().rows()
    [(1, 'ann', 3.0), (2, 'cat', 2.0)]
    >>> gr.maximize(reach, 1, candidates=["bob", "cat"]).elements.to_list()
    ['bob']
    >>> craft = {"ann": "law", "bob": "math", "cat": "law"}
    >>> gr.maximize(reach, 2, groups=craft, upper={"law": 1}).elements.to_list()
    ['ann', 'bob']
    """
    function = as_objective(objective)
    codes = None if candidates is None else function._index.distinct(candidates, "candidates")
    size = positive_int("k", k)
    quotas = read_quotas(function._index, groups, lower, upper, ungrouped, "element")
    if quotas is not None:
        quotas.check(codes, size, is_exact=False)
    found = _core.submodular_maximize(
        function._inner,
        codes,
        None if quotas is None else quotas.core,
        size,
        one_of("method", method, get_args(SelectionMethod)),
        real_number("eps", eps),
        seed_number("seed", seed),
        run_opts(progress, timeout_s),
    )
    return Selection._of(function._index, found)
