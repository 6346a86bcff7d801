"""The ranking that disagrees least with many, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from graphrank._html import result_html

__all__ = ["KemenyRanking"]


@dataclass(frozen=True, eq=False, repr=False)
class KemenyRanking:
    """One ranking out of many, with a bound on how much better another could be.

    ``len`` and ``for`` work on it: the items, the best first.

    Attributes
    ----------
    items
        The items, the best first.
    disagreements
        Pairs of items that a ranking has the other way round, times its weight, summed over the rankings.
    lower_bound
        No ranking has fewer disagreements: proven.
    optimal
        Whether it is proven that there is no better ranking.
    largest_part
        Items of the largest part that had to be ordered at once: majorities agree on the order of parts.

    Examples
    --------
    >>> from graphrank.ranking import kemeny
    >>> found = kemeny([["ann", "bob", "cat"], ["bob", "cat", "ann"], ["cat", "ann", "bob"], ["ann", "bob", "cat"]])
    >>> found
    KemenyRanking(3 items, 4 disagreements, optimal)
    >>> list(found)
    ['ann', 'bob', 'cat']
    """

    items: pl.Series
    disagreements: float
    lower_bound: float
    optimal: bool
    largest_part: int

    def to_polars(self) -> pl.DataFrame:
        """Columns ``rank``, from 1, and ``item``.

        Examples
        --------
        >>> from graphrank.ranking import kemeny
        >>> kemeny([["a", "b"]]).to_polars().rows()
        [(1, 'a'), (2, 'b')]
        """
        rank = pl.int_range(1, len(self.items) + 1, dtype=pl.UInt32, eager=True)
        return pl.DataFrame([rank.alias("rank"), self.items.alias("item")])

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def _first_rows(self, limit: int) -> pl.DataFrame:
        return self.to_polars().head(limit)

    def _repr_html_(self) -> str:
        return result_html(self)

    def __repr__(self) -> str:
        bound = "optimal" if self.optimal else f"at least {self.lower_bound:,.6g} in any order"
        return f"KemenyRanking({len(self):,} items, {self.disagreements:,.6g} disagreements, {bound})"
