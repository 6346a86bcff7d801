"""Largest cliques, and those in which every group has its part.

A clique is a set of nodes that are all linked with each other: people who all know each other, products that are all
bought together. A fair one has enough members of every group, and no group has too many.
"""

from __future__ import annotations

from graphrank._clique_frontier import fair_clique_frontier
from graphrank._clique_needs import largest_k, largest_k_of_each
from graphrank._clique_price import PriceOfFairness, price_of_fairness
from graphrank._clique_result import FairClique
from graphrank._fair_clique import max_clique, max_fair_clique

__all__ = [
    "FairClique",
    "PriceOfFairness",
    "fair_clique_frontier",
    "largest_k",
    "largest_k_of_each",
    "max_clique",
    "max_fair_clique",
    "price_of_fairness",
]
