"""Fair cliques against an integer programme that SciPy's HiGHS solves.

A variable per node says whether it is a member. Of two nodes that are not linked at most one is, and every rule is
linear in the members of the groups. Ratios and shares are tenths, so that all coefficients are whole numbers.
"""

from __future__ import annotations

import os
from itertools import combinations, permutations

import networkx as nx
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

import graphrank as gr

N_GRAPHS = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 8
NAMES = "abcde"


def some(rng, names, low, high):
    """A number for most of ``names``."""
    return {name: int(rng.integers(low, high)) for name in names if rng.random() < 0.7}


def some_pairs(rng, names):
    """Tolerances of most pairs, one way or both."""
    pairs = [pair for pair in permutations(names, 2) if rng.random() < 0.6]
    return {pair: int(rng.integers(4)) for pair in pairs}


RULES = {
    "k": lambda rng, _: {"k": int(rng.integers(1, 4))},
    "k of groups": lambda rng, names: {"k": some(rng, names, 0, 4)},
    "delta": lambda rng, _: {"delta": int(rng.integers(4))},
    "delta of pairs": lambda rng, names: {"delta": some_pairs(rng, names)},
    "max_ratio": lambda rng, _: {"max_ratio": int(rng.integers(10, 31)) / 10},
    "max_share": lambda rng, _: {"max_share": int(rng.integers(2, 11)) / 10},
    "max_per_group": lambda rng, names: {"max_per_group": some(rng, names, 1, 5)},
}


# One at a time, any two of different arguments, and all arguments.
TWO = [(a, b) for a, b in combinations(RULES, 2) if a != b.partition(" of ")[0]]
ALL = ("k of groups", "delta of pairs", "max_ratio", "max_share", "max_per_group")
TOGETHER = [*combinations(RULES, 1), *TWO, ALL]


def draw(rng, kinds):
    """A random graph, groups, and rules of some kinds, with members given and excluded in some."""
    n, n_groups = int(rng.integers(12, 25)), int(rng.integers(2, 6))
    graph = nx.gnp_random_graph(n, rng.uniform(0.4, 0.95), seed=int(rng.integers(2**31)))
    groups = {node: NAMES[rng.integers(n_groups)] for node in graph}
    names = sorted(set(groups.values()))
    rules = {"k": int(rng.integers(2))}
    for kind in kinds:
        rules |= RULES[kind](rng, names)
    if rng.random() < 0.4:
        rules["exclude"] = [node for node in graph if rng.random() < 0.2]
    if rng.random() < 0.4:
        edges = [edge for edge in graph.edges if not set(edge) & set(rules.get("exclude", []))]
        rules["must_include"] = list(edges[rng.integers(len(edges))]) if edges else []
    return graph, groups, rules


def programme(graph, groups, rules):
    """Rows of coefficients with the most that each may come to, and the bounds of the variables."""
    n = len(graph)
    names = sorted(set(groups.values()))
    members = {name: np.array([groups[node] == name for node in graph], dtype=int) for name in names}
    rows = [(np.isin(np.arange(n), pair).astype(int), 1) for pair in nx.non_edges(graph)]

    k, most, delta = rules["k"], rules.get("max_per_group", {}), rules.get("delta", {})
    for name, number in (k if isinstance(k, dict) else dict.fromkeys(names, k)).items():
        rows.append((-members[name], -number))
    for name, number in most.items():
        rows.append((members[name], number))
    pairs = delta if isinstance(delta, dict) else dict.fromkeys(permutations(names, 2), delta)
    for (group, other), number in pairs.items():
        rows.append((members[group] - members[other], number))
    if "max_ratio" in rules:
        tenths = round(10 * rules["max_ratio"])
        rows += [
            (10 * members[group] - tenths * members[other], 0) for group, other in permutations(names, 2)
        ]
    if "max_share" in rules:
        tenths = round(10 * rules["max_share"])
        rows += [(10 * members[name] - tenths, 0) for name in names]
    coefficients, limits = map(np.array, zip(*rows, strict=True))

    least, largest = np.zeros(n), np.ones(n)
    least[rules.get("must_include", [])] = 1
    largest[rules.get("exclude", [])] = 0
    return coefficients, limits, least, largest


def optimum(coefficients, limits, least, largest):
    """The most members; None if no choice keeps the rules."""
    n = len(least)
    solved = milp(
        -np.ones(n),
        integrality=np.ones(n),
        bounds=Bounds(least, largest),
        constraints=LinearConstraint(coefficients, ub=limits),
    )
    assert solved.status in (0, 2), solved.message
    return None if solved.status == 2 else round(-solved.fun)


@pytest.mark.parametrize("kinds", TOGETHER, ids=" and ".join)
def test_the_largest_fair_clique_is_that_of_an_integer_programme(kinds):
    ends = set()
    for i in range(N_GRAPHS):
        graph, groups, rules = draw(np.random.default_rng((i, TOGETHER.index(kinds))), kinds)
        coefficients, limits, least, largest = programme(graph, groups, rules)
        best = optimum(coefficients, limits, least, largest)
        found = gr.max_fair_clique(graph, groups, **rules)
        ends.add(found.status)
        if best is None:
            assert (found.status, found.size, found.upper_bound) == ("infeasible", 0, 0)
            continue
        assert (found.status, found.size, found.upper_bound) == ("optimal", best, best)
        chosen = np.isin(list(graph), list(found))
        assert (coefficients @ chosen <= limits).all()
        assert ((least <= chosen) & (chosen <= largest)).all()
    assert "optimal" in ends
