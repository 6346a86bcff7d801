"""Selecting a committee from many rankings, with quotas for groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

import numpy as np
import polars as pl

from graphrank import _core
from graphrank._committee import Committee
from graphrank._quotas import Quotas, read_quotas
from graphrank._rankings import RankingTable, read_rankings
from graphrank._run import run_opts, time_left
from graphrank._typing import CommitteeMethod, CommitteeRule, How, IntoIds, Progress, Ungrouped, Unranked
from graphrank._validate import one_of, positive_int
from graphrank.exceptions import InvalidArgumentError

__all__ = ["fair_select"]

_WITH_TOP = ("bloc", "pav")
_MOST_PLACES = 2**32 - 1


def fair_select(
    rankings: Any,
    k: int,
    groups: Any = None,
    *,
    lower: int | Mapping[Any, int] | None = None,
    upper: int | Mapping[Any, int] | None = None,
    rule: CommitteeRule = "borda",
    top: int | None = None,
    unranked: Unranked = "average",
    method: CommitteeMethod = "auto",
    items: IntoIds | None = None,
    ungrouped: Ungrouped = "error",
    progress: Progress = None,
    timeout_s: float | None = None,
) -> Committee:
    """Select the ``k`` items that many rankings are most content with, with quotas for groups of items.

    Parameters
    ----------
    rankings
        A frame with a row for each item that a ranking lists: columns ``ranking``, ``item``, either ``rank`` (the least
        is best; only the order counts) or ``score`` (the most is best), and ``weight``, if rankings count differently.
        Or a list of lists of items, the best first. Rankings may be short, and items may have equal ranks: these share
        the points of their places.
    k
        The number of members.
    groups
        The group of each item: a dict ``{item: group}``, a frame with the columns ``item`` and ``group``, or a column
        in the order of ``items`` (else of the sorted items). At most 250 groups. None for no quotas.
    lower
        The fewest members: of every group, or ``{group: number}`` with 0 for groups it does not name.
    upper
        The most members, in the same form; groups that are not named have no limit.
    rule
        What a ranking of m items gives to a committee:

        * ``"borda"``: the sum over its members of the number of items behind each, m - 1 for the first;
        * ``"bloc"``: the number of members among its first ``top``;
        * ``"sntv"``: 1 if its first item is a member;
        * ``"chamberlin-courant"``: Borda's points of its best member;
        * ``"pav"``: 1 + 1/2 + ... + 1/j for the j members among its first ``top`` (proportional approval voting).
    top
        How many places of a ranking count for ``"bloc"`` and ``"pav"``; None for ``k``. Of items of equal rank across
        that border, ``"bloc"`` counts a share of each, ``"pav"`` each of them.
    unranked
        What items get that a ranking does not list, for ``"borda"`` and ``"chamberlin-courant"``: the points of the
        places that are left, shared equally (``"average"``), or none (``"zero"``). For the other rules they get none.
    method
        ``"borda"``, ``"bloc"`` and ``"sntv"`` are solved exactly in any case. For the others, ``"auto"`` takes greedy
        picks, improved by swaps of one member for another, with a proven bound; ``"exact"`` goes on by branch and
        bound, for some tens of items.
    items
        All items; None takes those that some ranking lists. How many there are sets the points of Borda.
    ungrouped
        What becomes of items without a group: an ``"error"``, they are no candidates (``"exclude"``), or they are a
        group of their ``"own"``, called None.
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    Committee
        With its value, what no committee exceeds, the counts of groups, and the price of fairness.

    Raises
    ------
    ColumnNotFoundError
        If a frame lacks columns.
    ElementNotFoundError
        If a group is given for what is no item, or a ranking lists what is not in ``items``.
    InvalidArgumentError
        If no committee keeps the quotas: the message says which group is short, or what adds up to more than ``k``.
    InvalidDataError
        If a ranking lists an item twice, or an item has no group, or two.

    Notes
    -----
    Greedy has at least half of the best value under quotas, and 1 - 1/e of it if they never bind; the bound that comes
    with the answer is usually far better.

    Quotas help where rankings put a group lower than it should be. :func:`advise` tells whether there are enough
    rankings for that.

    References
    ----------
    N. Boehmer, L. E. Celis, L. Huang, A. Mehrotra, N. Vishnoi: Subset Selection Based On Multiple Rankings in the
    Presence of Bias. ICML 2023.
    M. El Halabi, S. Mitrović, A. Norouzi-Fard, J. Tardos, J. Tarnawski: Fairness in Streaming Submodular Maximization.
    NeurIPS 2020.

    Examples
    --------
    >>> from graphrank.submodular import fair_select
    >>> rankings = [["ann", "bob", "cat", "dan"], ["bob", "ann", "dan", "cat"], ["ann", "dan"]]
    >>> craft = {"ann": "law", "bob": "law", "cat": "math", "dan": "math"}
    >>> fair_select(rankings, 2, craft, lower={"math": 1})
    Committee(2 members, law 1, math 1, borda 11, optimal, price of fairness 18.5%)
    >>> fair_select(rankings, 2, craft, lower={"math": 1}).members.to_list()
    ['ann', 'dan']
    >>> fair_select(rankings, 2, rule="chamberlin-courant").members.to_list()
    ['ann', 'bob']
    """
    left = time_left(run_opts(progress, timeout_s))
    size = positive_int("k", k)
    chosen = one_of("rule", rule, get_args(CommitteeRule))
    places = None if top is None else min(positive_int("top", top), _MOST_PLACES)
    if places is not None and chosen not in _WITH_TOP:
        raise InvalidArgumentError(f"`top` is for the rules 'bloc' and 'pav', not for {chosen!r}")
    is_exact = one_of("method", method, get_args(CommitteeMethod)) == "exact"
    table = read_rankings(rankings, items)
    if size > len(table.items):
        raise InvalidArgumentError(f"`k` must be at most the number of items, {len(table.items)}, got {size}")
    quotas = read_quotas(table.items, groups, lower, upper, ungrouped, "item")
    if quotas is not None:
        quotas.check(None, size, is_exact=True)

    def select(quotas: Quotas | None, how: How) -> Any:
        core = None if quotas is None else quotas.core
        missing = one_of("unranked", unranked, get_args(Unranked))
        return _core.select_committee(table.core, core, size, chosen, places, missing, is_exact, how)

    found = select(quotas, left())
    free_value = found[2] if quotas is None else select(quotas.without_limits(), left())[2]
    return _committee(table, quotas, found, free_value, cast(CommitteeRule, chosen))


def _committee(
    table: RankingTable, quotas: Quotas | None, found: Any, free_value: float, rule: CommitteeRule
) -> Committee:
    codes, gains, value, upper_bound, _ = found
    if quotas is None:
        groups, counts = pl.Series("group", [None] * len(codes), dtype=pl.Null), {}
    else:
        groups = quotas.groups.of(codes)
        counts = dict(zip(quotas.groups.names, quotas.groups.count(codes), strict=True))
    members = table.items.decode(np.asarray(codes)).alias("item")
    return Committee(members, gains, groups, counts, rule, value, upper_bound, max(value, free_value))
