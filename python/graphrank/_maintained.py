"""What can be read of a solution that is kept up to date, and how many elements it has."""

from __future__ import annotations

import numpy as np
import polars as pl

from graphrank import _core
from graphrank._element_ids import ElementIndex
from graphrank._html import result_html
from graphrank._objective import Objective
from graphrank._run import QUIET, run_opts
from graphrank._selection import Selection
from graphrank._typing import Progress
from graphrank._validate import positive_int, true_or_false

__all__ = ["Maintained"]


class Maintained:
    """A solution among candidates that change, in whichever way."""

    __slots__ = ("_index", "_inner", "_objective")

    _index: ElementIndex
    _inner: _core.SubmodularMaximizer
    _objective: Objective

    def solution(self, *, refine: bool = False) -> pl.DataFrame:
        """The elements now: columns ``rank`` (1 is the first pick), ``element`` in your dtype, and ``gain``.

        ``gain`` is what each adds to those before it: they sum up to :attr:`value`, or to more if refined.

        Parameters
        ----------
        refine
            Whether to look for better ones by lazy greedy, among the picks of all guesses and the candidates that are
            worth something beside them, at most some thousand: mostly a few percent, and mostly all that greedy among
            all candidates would find. The solution that is maintained does not change.

        Examples
        --------
        >>> import graphrank as gr
        >>> from graphrank.submodular import Coverage
        >>> best = gr.DynamicMaximizer(Coverage({"ann": [1, 2], "bob": [3]}), 1)
        >>> best.extend(["ann", "bob"])
        >>> best.solution().rows()
        [(1, 'ann', 2.0)]
        """
        return self._selection(true_or_false("refine", refine)).to_polars()

    def _selection(self, refine: bool = False) -> Selection:
        return Selection._of(self._index, self._inner.solution(refine, QUIET))

    @property
    def objective(self) -> Objective:
        """What is maximised."""
        return self._objective

    @property
    def k(self) -> int:
        """How many elements at most."""
        return self._inner.k

    @property
    def value(self) -> float:
        """What the solution is worth."""
        return self._inner.value

    @property
    def upper_bound(self) -> float:
        """What no ``k`` candidates are worth more than: proven."""
        return self._inner.upper_bound

    @property
    def certified_ratio(self) -> float:
        """The share of the best value that the solution has at least: :attr:`value` / :attr:`upper_bound`."""
        return self._inner.certified_ratio

    @property
    def candidates(self) -> pl.Series:
        """The ids of the candidates, in the order of ``objective.ids``: a copy."""
        return self._index.decode(self._inner.live(QUIET)).alias("element")

    @property
    def n_live(self) -> int:
        """Number of candidates."""
        return self._inner.n_live

    @property
    def oracle_calls(self) -> int:
        """How often the objective was asked since the maximizer was made."""
        return self.stats["oracle_calls"]

    @property
    def stats(self) -> dict[str, int]:
        """What the updates took.

        ``oracle_calls`` is the sum of ``value_calls``, values and single gains, and ``scans``, gains with regard to all
        picks of a guess in one pass; ``rebuilds`` of a guess from some pick on, with ``rebuilt_elements`` asked
        again; ``bulk_builds`` of a guess from all candidates; and ``replayed``, changes that a resting guess caught
        up with.
        """
        return self._inner.counters

    def set_k(self, k: int, *, progress: Progress = None, timeout_s: float | None = None) -> None:
        """Ask for another number of elements; what is kept is built anew from all candidates.

        Examples
        --------
        >>> import graphrank as gr
        >>> from graphrank.submodular import Coverage
        >>> best = gr.DynamicMaximizer(Coverage({"ann": [1, 2], "bob": [3]}), 1)
        >>> best.extend(["ann", "bob"])
        >>> best.set_k(2)
        >>> best.value
        3.0
        """
        self._inner.set_k(positive_int("k", k), run_opts(progress, timeout_s))

    def _first_rows(self, limit: int) -> pl.DataFrame:
        return self.solution().head(limit)

    def __len__(self) -> int:
        """Number of candidates."""
        return self.n_live

    def __contains__(self, id: object) -> bool:
        """Whether ``id`` is a candidate."""
        return id in self._index and self._inner.is_live(self._index.code(id, "id"))

    def __repr__(self) -> str:
        share = f"at least {np.floor(self.certified_ratio * 1000) / 10:.1f}% of the best"
        return (
            f"{type(self).__name__}(k={self.k:,}, {len(self):,} candidates, value {self.value:,.6g}, {share})"
        )

    def _repr_html_(self) -> str:
        return result_html(self)
