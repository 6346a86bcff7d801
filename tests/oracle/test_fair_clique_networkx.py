"""Fair cliques against NetworkX's maximal cliques and every vector of counts that their members allow.

Every fair clique lies in a maximal one, and any members of a clique are a clique; so the best is found by trying, for
every maximal clique, all numbers of members per group up to those it has. Fractions are exact here.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import networkx as nx
import numpy as np
import pytest

import graphrank as gr

N_GRAPHS = 120


def draw(rng):
    """A random graph, groups and rules."""
    n, n_groups = int(rng.integers(1, 26)), int(rng.integers(1, 5))
    graph = nx.gnp_random_graph(n, rng.uniform(0.2, 0.9), seed=int(rng.integers(2**31)))
    names = ["a", "b", "c", "d"][:n_groups]
    groups = {node: str(rng.choice(names)) for node in graph}
    names = sorted(set(groups.values()))

    def some(low, high):
        return {name: int(rng.integers(low, high)) for name in names if rng.random() < 0.7}

    rules = {"k": some(0, 4) if rng.random() < 0.5 else int(rng.integers(0, 3))}
    kind = rng.integers(6)
    if kind == 0:
        rules["delta"] = int(rng.integers(0, 4))
    elif kind == 1:
        pairs = [(a, b) for a in names for b in names if a != b]
        rules["delta"] = {pair: int(rng.integers(0, 4)) for pair in pairs if rng.random() < 0.6}
    elif kind == 2:
        rules["max_ratio"] = int(rng.integers(10, 31)) / 10
    elif kind == 3:
        rules["max_share"] = int(rng.integers(3, 11)) / 10
    elif kind == 4:
        rules["max_per_group"] = some(1, 5)
    if rng.random() < 0.3:
        rules["exclude"] = [node for node in graph if rng.random() < 0.2]
    if rng.random() < 0.3:
        edges = [edge for edge in graph.edges if not set(edge) & set(rules.get("exclude", []))]
        rules["must_include"] = list(edges[int(rng.integers(len(edges)))]) if edges else []
    return graph, groups, rules


def is_fair(counts, names, rules):
    """Whether members in these numbers keep the rules, word for word."""
    number = dict(zip(names, counts, strict=True))
    k, most, delta = rules["k"], rules.get("max_per_group", {}), rules.get("delta", {})
    least = k if isinstance(k, dict) else dict.fromkeys(names, k)
    pairs = delta if isinstance(delta, dict) else {(a, b): delta for a in names for b in names}
    tenths = {
        name: Fraction(round(10 * rules[name]), 10) for name in ("max_ratio", "max_share") if name in rules
    }
    return (
        all(number[name] >= each for name, each in least.items())
        and all(number[name] <= each for name, each in most.items())
        and all(number[a] <= number[b] + each for (a, b), each in pairs.items())
        and ("max_ratio" not in tenths or max(counts) <= tenths["max_ratio"] * min(counts))
        and ("max_share" not in tenths or max(counts) <= tenths["max_share"] * sum(counts))
    )


def best_size(graph, groups, rules):
    """The size of the largest fair clique, None if there is none."""
    names = sorted(set(groups.values()))
    given = rules.get("must_include", [])
    left = set(graph) - set(rules.get("exclude", []))
    for node in given:
        left &= {node, *graph[node]}
    least = [sum(groups[node] == name for node in given) for name in names]
    best = None
    for clique in [*nx.find_cliques(graph.subgraph(left)), []]:
        counts = [sum(groups[node] == name for node in clique) for name in names]
        ranges = [range(low, high + 1) for low, high in zip(least, counts, strict=True)]
        sizes = [sum(vector) for vector in product(*ranges) if is_fair(vector, names, rules)]
        best = max([*sizes, *([] if best is None else [best])], default=None)
    return best


def check(graph, groups, rules, found):
    """Assert that ``found`` is the largest fair clique."""
    best = best_size(graph, groups, rules)
    if best is None:
        assert (found.status, found.size, found.upper_bound) == ("infeasible", 0, 0)
        assert found.reason
        return
    assert (found.status, found.size, found.upper_bound, found.gap) == ("optimal", best, best, 0)
    members = list(found)
    assert all(graph.has_edge(u, v) for u, v in combinations(members, 2))
    names = sorted(set(groups.values()))
    counts = [sum(groups[node] == name for node in members) for name in names]
    assert found.counts == dict(zip(names, counts, strict=True))
    assert is_fair(counts, names, rules)
    assert not set(members) & set(rules.get("exclude", []))
    assert not members or set(members) >= set(rules.get("must_include", []))


@pytest.mark.parametrize("seed", range(4))
def test_the_largest_fair_clique_is_that_of_an_exhaustive_search(seed, chosen_threads):
    rng = np.random.default_rng(seed)
    ends = set()
    for _ in range(N_GRAPHS):
        graph, groups, rules = draw(rng)
        chosen_threads(1)
        found = gr.max_fair_clique(graph, groups, **rules)
        check(graph, groups, rules, found)
        ends.add(found.status)
        chosen_threads(2)
        again = gr.max_fair_clique(graph, groups, **rules)
        assert again.nodes.to_list() == found.nodes.to_list()
        quick = gr.max_fair_clique(graph, groups, method="heuristic", **rules)
        assert quick.size <= found.size <= quick.upper_bound
    assert ends == {"optimal", "infeasible"}


def test_the_largest_clique_is_that_of_networkx(chosen_threads):
    for seed in range(40):
        graph = nx.gnp_random_graph(40, 0.2 + 0.015 * seed, seed=seed)
        size = max(map(len, nx.find_cliques(graph)))
        chosen_threads(1 + seed % 2)
        found = gr.max_clique(graph)
        assert (found.size, found.upper_bound, found.status) == (size, size, "optimal")
        assert all(graph.has_edge(u, v) for u, v in combinations(found, 2))


@pytest.mark.parametrize("name", ["karate_club_graph", "les_miserables_graph", "florentine_families_graph"])
def test_the_largest_clique_of_known_graphs_is_that_of_networkx(name):
    graph = getattr(nx, name)()
    assert gr.max_clique(graph).size == max(map(len, nx.find_cliques(graph)))


def test_the_largest_k_is_the_last_that_is_possible():
    rng = np.random.default_rng(9)
    for _ in range(40):
        graph, groups, _ = draw(rng)
        k = gr.clique.largest_k(graph, groups, delta=1)
        assert best_size(graph, groups, {"k": k, "delta": 1}) is not None
        assert best_size(graph, groups, {"k": k + 1, "delta": 1}) is None


def test_the_largest_k_of_each_group_is_the_last_that_is_possible_beside_the_others():
    rng = np.random.default_rng(10)
    kinds = set()
    for _ in range(40):
        graph, groups, rules = draw(rng)
        names = sorted(set(groups.values()))
        k = rules["k"] if isinstance(rules["k"], dict) else dict.fromkeys(names, rules["k"])
        largest = gr.clique.largest_k_of_each(graph, groups, **rules)
        assert list(largest) == names
        for name, most in largest.items():
            kinds.add(most is None)
            for number in [0] if most is None else [most, most + 1]:
                is_possible = best_size(graph, groups, rules | {"k": k | {name: number}}) is not None
                assert is_possible == (number == most)
    assert kinds == {True, False}
