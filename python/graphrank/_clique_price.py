"""What rules cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrank._clique_result import FairClique
from graphrank._clique_search import fair_question, uninterrupted
from graphrank._run import run_opts, time_left
from graphrank._typing import CliqueMethod, GraphLike, IntoIds, Progress, Ungrouped

__all__ = ["PriceOfFairness", "price_of_fairness"]


@dataclass(frozen=True, eq=False)
class PriceOfFairness:
    """How much smaller a clique is for being fair.

    Attributes
    ----------
    fair
        The largest clique that was found that keeps the rules.
    largest
        The largest that was found among the same nodes, whatever their groups.
    """

    fair: FairClique
    largest: FairClique

    @property
    def price(self) -> float:
        """The share of members lost: 0 if the rules cost nothing, 1 if nothing keeps them."""
        return _share_lost(self.fair.size, self.largest.size)

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which numbers the price is proven to be; both are the price if both cliques are proven."""
        lower = _share_lost(self.fair.upper_bound, self.largest.size)
        return lower, _share_lost(self.fair.size, self.largest.upper_bound)

    def __repr__(self) -> str:
        return f"PriceOfFairness({self.price:.0%}: {self.fair.size:,} of {self.largest.size:,} nodes)"


def price_of_fairness(
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
) -> PriceOfFairness:
    """The largest fair clique beside the largest of all, and what share of members the rules cost.

    Parameters
    ----------
    graph, groups, k, delta, max_ratio, max_share, max_per_group
        As in :func:`graphrank.max_fair_clique`.
    must_include, exclude, method, ungrouped, deterministic
        As there, for both cliques.
    progress
        As there; each of the two searches begins anew.
    timeout_s
        Seconds for both searches: at most half of them for the first, that for the fair clique.

    Returns
    -------
    PriceOfFairness

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
    >>> g = gr.Graph.from_edges([(1, 2), (1, 3), (2, 3), (3, 4)], directed=False)
    >>> gr.clique.price_of_fairness(g, {1: "a", 2: "a", 3: "a", 4: "b"})
    PriceOfFairness(33%: 2 of 3 nodes)
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
    callback, limit = left()
    fair = uninterrupted(question, (callback, None if limit is None else limit / 2))
    largest = uninterrupted(question.without_rules(), left())
    return PriceOfFairness(fair, largest)


def _share_lost(fair: int, largest: int) -> float:
    # A fair clique is a clique, but a search that was cut short may have found a smaller one.
    return 1 - min(fair / largest, 1.0) if largest else 0.0
