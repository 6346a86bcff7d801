"""A search for a clique that is stopped, wherever that is, keeps its promises: a fair clique and a bound that holds."""

from __future__ import annotations

import os
from itertools import combinations
from time import perf_counter

import numpy as np
import pytest

import graphrank as gr

N_STOPS = 160 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 15


def is_balanced(counts, k, delta):
    return min(counts) >= k and max(counts) - min(counts) <= delta


# Nodes, density, groups, arguments and whether counts keep them; each takes some 30 to 500 ms to the end.
QUESTIONS = {
    "dense": (140, 0.9, 2, {"k": 2, "delta": 2}, lambda c: is_balanced(c, 2, 2)),
    "large": (200, 0.8, 2, {"k": 2, "delta": 2}, lambda c: is_balanced(c, 2, 2)),
    "three groups": (180, 0.8, 3, {"delta": 0}, lambda c: is_balanced(c, 1, 0)),
    "shares": (150, 0.85, 4, {"max_share": 0.4}, lambda c: min(c) >= 1 and 5 * max(c) <= 2 * sum(c)),
    "ratios": (200, 0.7, 2, {"max_ratio": 1.5}, lambda c: min(c) >= 1 and 2 * max(c) <= 3 * min(c)),
    "pairs": (400, 0.5, 2, {"delta": {(0, 1): 1}}, lambda c: min(c) >= 1 and c[0] <= c[1] + 1),
    "wide": (500, 0.4, 3, {"k": 2}, lambda c: min(c) >= 2),
    "given": (
        200,
        0.8,
        2,
        {"must_include": 0, "exclude": [1, 2], "delta": 1},
        lambda c: is_balanced(c, 1, 1),
    ),
}


def random_graph(n, p):
    a, b = np.triu_indices(n, 1)
    is_linked = np.random.default_rng(n).random(len(a)) < p
    return gr.Graph.from_edges((a[is_linked], b[is_linked]), directed=False)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_search_that_is_stopped_has_a_fair_clique_and_a_bound_that_holds(name, chosen_threads):
    n, p, n_groups, rules, is_fair = QUESTIONS[name]
    g, groups = random_graph(n, p), np.arange(n) % n_groups
    links = set(g.edges().select("src", "dst").iter_rows())
    chosen_threads(2)
    gr.max_fair_clique(g, groups, method="heuristic", **rules)  # so that the threads are there
    start = perf_counter()
    best = gr.max_fair_clique(g, groups, **rules)
    whole_s = perf_counter() - start
    assert best.optimal
    ends = []
    # From stops before anything is known to stops near the end, as many in each order of magnitude.
    for timeout_s in np.geomspace(2e-5, whole_s, N_STOPS):
        found = gr.max_fair_clique(g, groups, timeout_s=timeout_s, **rules)
        ends.append(found.status)
        assert found.size <= best.size <= found.upper_bound <= n
        assert found.gap == found.upper_bound - found.size
        assert found.optimal == (found.gap == 0)
        assert found.status in ("optimal", "time_limit")
        if not found.size:
            continue
        members = found.nodes.to_list()
        assert links.issuperset(combinations(members, 2))
        counts = np.bincount(groups[members], minlength=n_groups).tolist()
        assert counts == list(found.counts.values())
        assert is_fair(counts)
        assert 0 in members or "must_include" not in rules
        assert not {1, 2} & set(members) or "exclude" not in rules
    assert ends.count("time_limit") >= N_STOPS // 4


@pytest.mark.parametrize("call", [1, 2, 3, 5])
def test_a_ctrl_c_in_a_callback_stops_it_in_the_same_way(call):
    # Seconds of search; a report comes every 50 ms.
    g, groups = random_graph(230, 0.8), np.arange(230) % 2
    calls = []

    def press(*report):
        calls.append(report)
        if len(calls) == call:
            raise KeyboardInterrupt

    found = gr.max_fair_clique(g, groups, delta=0, progress=press)
    assert (found.status, len(calls)) == ("interrupted", call)
    assert 0 < found.size < found.upper_bound <= 230
    assert found.counts[0] == found.counts[1]
