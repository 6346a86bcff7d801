"""Whether rankings are enough for quotas to bring back what a bias takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._html import result_html
from graphrank._quotas import Quotas, read_quotas
from graphrank._rankings import RankingTable, read_rankings
from graphrank._run import run_opts, time_left
from graphrank._smoothness import Goal, of_groups
from graphrank._typing import How, IntoIds, Progress, Ungrouped, Unranked
from graphrank._validate import one_of, positive_int, real_number
from graphrank.exceptions import InvalidArgumentError

__all__ = ["Advice", "advise"]


@dataclass(frozen=True, eq=False, repr=False)
class Advice:
    """How much each rule learns from one ranking, and how many rankings it takes for quotas to help.

    Attributes
    ----------
    rules
        A row per rule: ``rule``; ``alpha``, its smoothness; ``low`` and ``high``, between which it lies with
        the confidence that was asked for; ``n_needed``, the rankings needed (null if ``alpha`` is 0); ``is_enough``,
        whether there are so many.
    groups
        A row per rule and group: ``rule``, ``group``, ``n_items``, ``mean``, the mean points of its items from one
        ranking as a share of the most there are, and ``alpha`` of its items alone. Empty without groups.
    n_items, n_rankings
        What the advice is based on; if rankings have weights, how many of equal weight tell as much.

    Examples
    --------
    >>> from graphrank.submodular import advise
    >>> advise([[1, 2, 3], [2, 3, 1], [3, 1, 2]] * 100)
    Advice(300 rankings of 3 items; borda: alpha 0.50, enough; sntv: alpha 0.33, needs 539 rankings)
    """

    rules: pl.DataFrame
    groups: pl.DataFrame
    n_items: int
    n_rankings: float

    def proportional(self, k: int) -> dict[Any, int]:
        """Lower quotas by which each group has its share of the items among ``k`` members, rounded down.

        Parameters
        ----------
        k
            The number of members.

        Examples
        --------
        >>> from graphrank.submodular import advise
        >>> advice = advise([[1, 2, 3], [2, 3, 1]], {1: "a", 2: "a", 3: "b"})
        >>> advice.proportional(2)
        {'a': 1, 'b': 0}
        """
        size = positive_int("k", k)
        rows = (
            self.groups.unique("group", keep="first", maintain_order=True).select("group", "n_items").rows()
        )
        n_items = sum(count for _, count in rows)
        return {group: size * count // n_items for group, count in rows}

    def to_polars(self) -> pl.DataFrame:
        """The attribute ``rules``.

        Examples
        --------
        >>> from graphrank.submodular import advise
        >>> advise([[1, 2], [2, 1]]).to_polars().columns
        ['rule', 'alpha', 'low', 'high', 'n_needed', 'is_enough']
        """
        return self.rules

    def _first_rows(self, limit: int) -> pl.DataFrame:
        return self.rules.head(limit)

    def __repr__(self) -> str:
        parts = [f"{self.n_rankings:,.4g} rankings of {self.n_items:,} items"]
        for rule, alpha, _, _, needed, is_enough in self.rules.rows():
            need = "no number is enough" if needed is None else f"needs {needed:,} rankings"
            parts.append(f"{rule}: alpha {alpha:.2f}, {'enough' if is_enough else need}")
        return f"Advice({'; '.join(parts)})"

    def _repr_html_(self) -> str:
        return result_html(self)


def advise(
    rankings: Any,
    groups: Any = None,
    *,
    top: int | None = None,
    unranked: Unranked = "average",
    error: float = 0.2,
    confidence: float = 0.95,
    items: IntoIds | None = None,
    ungrouped: Ungrouped = "error",
    progress: Progress = None,
    timeout_s: float | None = None,
) -> Advice:
    """Estimate how smooth each rule is on such rankings, which tells whether quotas help.

    The smoothness ``alpha`` of a rule is the least that an item is worth by itself in the mean of all rankings, as a
    share of the most that one ranking can give. Where it is large, every ranking says something about every item, a few
    are enough to tell items of one group apart even if all of them are ranked too low, and quotas then bring back
    nearly all of what the bias took. Where it is near 0 most rankings say nothing about some items, and exponentially
    many may be needed.

    Parameters
    ----------
    rankings, items
        As in :func:`fair_select`.
    groups
        As there; the answer then also tells the points of each group.
    top
        How many places count for the rule ``"bloc"``; None leaves it out.
    unranked
        As in :func:`fair_select`.
    error
        By which share of its expectation the mean of an item's points may be off, in (0, 1].
    confidence
        With which probability all items keep that, and ``alpha`` lies between ``low`` and ``high``; in (0, 1).
    ungrouped
        As in :func:`fair_select`; items that are excluded are not looked at.
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    Advice

    Raises
    ------
    InvalidArgumentError
        If there are fewer than two rankings that count, or ``error`` or ``confidence`` is out of range.

    See Also
    --------
    fair_select : raises the same errors for rankings and groups.

    Notes
    -----
    ``n_needed`` follows from the bounds of Hoeffding and Chernoff for independent rankings, whichever is lower: with
    probability ``confidence`` the mean points of all m items are off by at most ``error`` of what is expected if there
    are ``ln(2 m / (1 - confidence))`` times the lesser of ``1 / (2 error² alpha²)`` and ``3 / (error² alpha)``.

    ``low`` and ``high`` are Wilson's bounds, simultaneous for all items. They tell how much ``alpha`` varies with the
    sample of rankings; not what a bias does, which cannot be seen in the rankings alone. ``alpha`` itself is the least
    of several estimates, so with few rankings it is rather too low.

    Points of single items are the same for ``"chamberlin-courant"`` as for ``"borda"``, and nearly so for ``"pav"`` as
    for ``"bloc"``.

    References
    ----------
    N. Boehmer, L. E. Celis, L. Huang, A. Mehrotra, N. Vishnoi: Subset Selection Based On Multiple Rankings in the
    Presence of Bias. ICML 2023.

    Examples
    --------
    >>> from graphrank.submodular import advise
    >>> rankings = [["ann", "bob", "cat", "dan"], ["bob", "ann", "dan", "cat"]] * 200
    >>> advice = advise(rankings, {"ann": "law", "bob": "law", "cat": "math", "dan": "math"})
    >>> advice
    Advice(400 rankings of 4 items; borda: alpha 0.17, needs 2,284 rankings; sntv: alpha 0.00, no number is enough)
    >>> advice.groups.filter(rule="borda").select("group", "n_items").rows()
    [('law', 2), ('math', 2)]
    """
    left = time_left(run_opts(progress, timeout_s))
    missing = one_of("unranked", unranked, get_args(Unranked))
    goal = Goal(_share("error", error, 1.0), _share("confidence", confidence, np.nextafter(1.0, 0.0)))
    places = {"borda": None, "bloc": None if top is None else positive_int("top", top), "sntv": 1}
    table = read_rankings(rankings, items)
    quotas = read_quotas(table.items, groups, None, None, ungrouped, "item")
    rules: list[dict[str, Any]] = []
    of_each: list[dict[str, Any]] = []
    n_effective = 0.0
    for rule, n_places in places.items():
        if rule == "bloc" and n_places is None:
            continue
        means, errors, n_effective = _shares(table, n_places, missing, left())
        is_seen = slice(None) if quotas is None else quotas.has_group
        rules.append({"rule": rule, **goal.judge(means[is_seen], errors[is_seen], n_effective)})
        of_each += [
            {"rule": rule, **row} for row in ([] if quotas is None else of_groups(quotas.groups, means))
        ]
    frame = pl.DataFrame(rules, schema_overrides={"n_needed": pl.Int64})
    return Advice(frame, _of_each(of_each, quotas), len(table.items), n_effective)


def _shares(
    table: RankingTable, places: int | None, unranked: str, how: How
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """The mean points of each item as a share of the most there are, and its standard error."""
    top = None if places is None else min(places, len(table.items))
    means, errors, n_effective = _core.mean_points(table.core, top, unranked, how)
    most = max(1, len(table.items) - 1) if places is None else 1
    return means / most, errors / most, n_effective


def _of_each(rows: list[dict[str, Any]], quotas: Quotas | None) -> pl.DataFrame:
    column = None if quotas is None else quotas.groups.column
    schema = {
        "rule": pl.String(),
        "group": pl.Null() if column is None else column.dtype,
        "n_items": pl.Int64(),
        "mean": pl.Float64(),
        "alpha": pl.Float64(),
    }
    return pl.DataFrame(rows, schema=schema)


def _share(name: str, value: float, most: float) -> float:
    number = real_number(name, value)
    if 0 < number <= most:
        return number
    raise InvalidArgumentError(f"`{name}` must be in (0, 1{']' if most == 1 else ')'}, got {value!r}")
