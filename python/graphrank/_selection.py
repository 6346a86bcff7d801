"""Elements that were selected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._element_ids import ElementIndex
from graphrank._html import result_html

__all__ = ["Selection"]


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """Elements, in the order in which they were picked, and how good they are known to be.

    It is a collection of ids: ``len``, ``in`` and ``for`` work on it.

    Attributes
    ----------
    elements
        The ids, the first pick first. There are fewer than were asked for if no other element adds anything.
    gains
        What each adds to those before it.
    value
        What they are worth together.
    upper_bound
        What no choice of as many elements is worth more than: proven for every kind of objective.
    oracle_calls
        How often the objective was asked.

    Examples
    --------
    >>> import graphrank as gr
    >>> from graphrank.submodular import Coverage
    >>> chosen = gr.maximize(Coverage({"ann": [1, 2, 3], "bob": [3, 4], "cat": [1]}), 2)
    >>> chosen
    Selection(2 elements, value 4, at least 80.0% of the best)
    >>> list(chosen), chosen.value, "cat" in chosen
    (['ann', 'bob'], 4.0, False)
    """

    elements: pl.Series
    gains: NDArray[np.float64]
    value: float
    upper_bound: float
    oracle_calls: int

    @classmethod
    def _of(
        cls,
        index: ElementIndex,
        found: tuple[NDArray[np.uint32], NDArray[np.float64], float, float, int],
    ) -> Selection:
        codes, gains, value, upper_bound, calls = found
        return cls(index.decode(codes).alias("element"), gains, value, upper_bound, calls)

    @property
    def certified_ratio(self) -> float:
        """The share of the best value that these elements have at least: :attr:`value` / :attr:`upper_bound`."""
        return self.value / self.upper_bound if self.upper_bound > 0 else 1.0

    def to_polars(self) -> pl.DataFrame:
        """Columns ``rank`` (1 is the first pick), ``element`` in your dtype, and ``gain``.

        Examples
        --------
        >>> import graphrank as gr
        >>> from graphrank.submodular import Coverage
        >>> gr.maximize(Coverage({"ann": [1, 2], "bob": [2]}), 1).to_polars().rows()
        [(1, 'ann', 2.0)]
        """
        rank = pl.Series("rank", np.arange(1, len(self) + 1, dtype=np.uint32))
        return pl.DataFrame([rank, self.elements, pl.Series("gain", self.gains)])

    def _first_rows(self, limit: int) -> pl.DataFrame:
        return self.to_polars().head(limit)

    def __len__(self) -> int:
        return len(self.elements)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.elements)

    def __contains__(self, id: object) -> bool:
        return id in self.elements.to_list()

    def __repr__(self) -> str:
        share = f"at least {np.floor(self.certified_ratio * 1000) / 10:.1f}% of the best"
        n = "1 element" if len(self) == 1 else f"{len(self):,} elements"
        return f"Selection({n}, value {self.value:,.6g}, {share})"

    def _repr_html_(self) -> str:
        return result_html(self)
