"""A committee that was selected from many rankings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._html import result_html
from graphrank._typing import CommitteeRule

__all__ = ["Committee"]

_MOST_SHOWN = 8


@dataclass(frozen=True, eq=False, repr=False)
class Committee:
    """Items that stand for many rankings, and what the quotas cost.

    It is a collection of ids: ``len``, ``in`` and ``for`` work on it.

    Attributes
    ----------
    members
        The ids, the one that adds most first.
    gains
        What each adds to those before it.
    groups
        The group of each of ``members``; null where items have no groups.
    counts
        How many members each group has: ``{group: number}``.
    rule
        What was maximised.
    value
        How content the rankings are with the committee, all together.
    upper_bound
        No committee of this size that keeps the quotas has a larger value: proven.
    unconstrained_value
        The value of the committee that the same method selects without quotas, or of this one if that is larger.

    Examples
    --------
    >>> from graphrank.submodular import fair_select
    >>> rankings = [["ann", "bob", "cat", "dan"], ["bob", "ann", "dan", "cat"]]
    >>> chosen = fair_select(rankings, 2, {"ann": "f", "bob": "f", "cat": "f", "dan": "m"}, lower=1)
    >>> chosen
    Committee(2 members, f 1, m 1, borda 6, optimal, price of fairness 40.0%)
    >>> list(chosen), chosen.counts, "dan" in chosen
    (['ann', 'dan'], {'f': 1, 'm': 1}, True)
    """

    members: pl.Series
    gains: NDArray[np.float64]
    groups: pl.Series
    counts: Mapping[Any, int]
    rule: CommitteeRule
    value: float
    upper_bound: float
    unconstrained_value: float

    @property
    def certified_ratio(self) -> float:
        """The share of the best value that this committee has at least: :attr:`value` / :attr:`upper_bound`."""
        return self.value / self.upper_bound if self.upper_bound > 0 else 1.0

    @property
    def optimal(self) -> bool:
        """Whether this is proven to be the best committee that keeps the quotas."""
        return self.certified_ratio >= 1 - 1e-12

    @property
    def price_of_fairness(self) -> float:
        """The share of the value that the quotas cost: 1 - :attr:`value` / :attr:`unconstrained_value`.

        Of two committees that a search found, not of the best two, unless both are optimal.
        """
        if self.unconstrained_value <= 0:
            return 0.0
        return max(0.0, 1 - self.value / self.unconstrained_value)

    def to_polars(self) -> pl.DataFrame:
        """Columns ``rank`` (1 adds most), ``item`` and ``group`` in your dtypes, and ``gain``.

        Examples
        --------
        >>> from graphrank.submodular import fair_select
        >>> fair_select([[1, 2, 3], [1, 3, 2]], 1).to_polars().rows()
        [(1, 1, None, 4.0)]
        """
        rank = pl.Series("rank", np.arange(1, len(self) + 1, dtype=np.uint32))
        return pl.DataFrame([rank, self.members, self.groups, pl.Series("gain", self.gains)])

    def _first_rows(self, limit: int) -> pl.DataFrame:
        return self.to_polars().head(limit)

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.members)

    def __contains__(self, id: object) -> bool:
        return id in self.members.to_list()

    def __repr__(self) -> str:
        parts = [f"{len(self):,} members"]
        counts = [
            (group, count) for group, count in self.counts.items() if count or len(self.counts) <= _MOST_SHOWN
        ]
        parts += [
            f"{'no group' if group is None else group} {count}" for group, count in counts[:_MOST_SHOWN]
        ]
        parts += [f"{len(counts) - _MOST_SHOWN} more groups"] if len(counts) > _MOST_SHOWN else []
        parts.append(f"{self.rule} {self.value:,.6g}")
        share = f"at least {np.floor(self.certified_ratio * 1000) / 10:.1f}% of the best"
        parts.append("optimal" if self.optimal else share)
        if self.counts:
            parts.append(f"price of fairness {self.price_of_fairness:.1%}")
        return f"Committee({', '.join(parts)})"

    def _repr_html_(self) -> str:
        return result_html(self)
