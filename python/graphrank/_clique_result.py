"""The answer of a search for a clique."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from graphrank._clique_plot import draw
from graphrank._html import result_html
from graphrank._typing import CliqueStatus

__all__ = ["FairClique"]

_MOST_SHOWN = 8


@dataclass(frozen=True, eq=False, repr=False)
class FairClique:
    """A clique, and how good it is known to be.

    It is a collection of ids: ``len``, ``in`` and ``for`` work on it.

    Attributes
    ----------
    nodes
        The ids of the members, in the order of ``Graph.nodes``.
    groups
        The group of each of ``nodes``; null where nodes have no groups.
    counts
        How many members each group has: ``{group: number}``.
    upper_bound
        No clique that keeps the rules has more members: proven, however the search ended.
    status
        Why the search ended.

        * ``"optimal"``: no clique that keeps the rules is larger;
        * ``"infeasible"``: no clique keeps the rules, and :attr:`reason` says why;
        * ``"heuristic"``: the search was left out, and what was found may or may not be the largest;
        * ``"time_limit"`` or ``"interrupted"``: what was found until then.
    stats
        What it took: members found before the search (``heuristic_size``), the nodes and edges left for the search
        (``n_nodes_left``, ``n_edges_left``), nodes from which one was begun (``n_roots``) and its own nodes
        (``n_search_nodes``); and ``is_symmetrised``, whether the graph was directed, so that edges of either direction
        were taken for links.
    reason
        If there is no clique that keeps the rules, which group is short; else empty.

    Examples
    --------
    >>> import graphrank as gr
    >>> links = [(1, 2), (1, 3), (2, 3), (3, 4)]
    >>> found = gr.max_fair_clique(links, {1: "a", 2: "b", 3: "b", 4: "a"})
    >>> found
    FairClique(3 nodes, a 1, b 2, optimal; directions of edges ignored)
    >>> found.size, found.counts, 4 in found, sorted(found)
    (3, {'a': 1, 'b': 2}, False, [1, 2, 3])
    """

    nodes: pl.Series
    groups: pl.Series
    counts: Mapping[Any, int]
    upper_bound: int
    status: CliqueStatus
    stats: Mapping[str, int | bool]
    reason: str = ""

    @property
    def size(self) -> int:
        """Number of members."""
        return len(self.nodes)

    @property
    def gap(self) -> int:
        """By how many members a larger clique could exceed this one; 0 if none is larger."""
        return self.upper_bound - self.size

    @property
    def optimal(self) -> bool:
        """Whether this is a clique that keeps the rules, and none that does is larger."""
        return self.status == "optimal"

    def to_polars(self) -> pl.DataFrame:
        """Columns ``node`` and ``group``, both in your dtypes, a row per member.

        Examples
        --------
        >>> import graphrank as gr
        >>> gr.max_fair_clique([(1, 2), (2, 3)], {1: "a", 2: "b", 3: "b"}).to_polars().rows()
        [(1, 'a'), (2, 'b')]
        """
        return pl.DataFrame([self.nodes, self.groups])

    def plot(self, ax: Any = None) -> Any:
        """Draw the members as a ring, coloured by group and named up to 60 of them; needs matplotlib.

        Parameters
        ----------
        ax
            The matplotlib axes to draw into; None makes a figure.

        Returns
        -------
        matplotlib.axes.Axes

        Examples
        --------
        >>> import graphrank as gr
        >>> found = gr.max_fair_clique([(1, 2), (1, 3), (2, 3)], {1: "a", 2: "b", 3: "b"})
        >>> ax = found.plot()
        """
        return draw(self.nodes.to_list(), self.groups.to_list(), self.counts, ax)

    def _first_rows(self, limit: int) -> pl.DataFrame:
        return self.to_polars().head(limit)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Any]:
        return iter(self.nodes)

    def __contains__(self, id: object) -> bool:
        return id in self.nodes.to_list()

    def __repr__(self) -> str:
        parts = [f"{self.size:,} nodes"]
        if self.status != "infeasible" and list(self.counts) != [None]:
            is_short = len(self.counts) <= _MOST_SHOWN
            counts = [(group, count) for group, count in self.counts.items() if count or is_short]
            parts += [
                f"{'no group' if group is None else group} {count}" for group, count in counts[:_MOST_SHOWN]
            ]
            parts += [f"{len(counts) - _MOST_SHOWN} more groups"] if len(counts) > _MOST_SHOWN else []
        parts.append(self.status + (f": {self.reason}" if self.reason else ""))
        if self.gap:
            parts.append(f"at most {self.upper_bound:,}")
        note = "; directions of edges ignored" if self.stats.get("is_symmetrised") else ""
        return f"FairClique({', '.join(parts)}{note})"

    def _repr_html_(self) -> str:
        return result_html(self)
