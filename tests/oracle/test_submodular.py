"""Objectives against their definitions in plain Python, greedy picks against greedy in plain Python, and what is
maintained against the best of all choices after every update."""

from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank import submodular as sm

N, M = 8, 6


def table(rng, *, high=1.0):
    """A sparse matrix of an element per row with some entries 0, and its rows as a table; ids are letters."""
    matrix = np.where(rng.random((N, M)) < 0.5, rng.random((N, M)) * high, 0.0)
    rows, columns = np.nonzero(matrix)
    names = [chr(ord("a") + i) for i in range(N)]
    frame = pl.DataFrame(
        {
            "element": [names[i] for i in rows],
            "item": columns,
            "value": matrix[rows, columns],
        }
    )
    return matrix, frame, names


def symmetric(rng):
    half = np.where(rng.random((N, N)) < 0.5, rng.random((N, N)), 0.0)
    return np.triu(half) + np.triu(half, 1).T


def coverage(rng):
    matrix, frame, names = table(rng)
    return sm.Coverage(frame, elements=names), lambda s: float((matrix[s] > 0).any(axis=0).sum())


def weighted_coverage(rng):
    matrix, frame, names = table(rng)
    weights = rng.random(M)
    frame = frame.with_columns(w=pl.Series(weights[frame["item"].to_numpy()]))
    return (
        sm.Coverage.from_edges(frame, weight="w", elements=names),
        lambda s: float(weights[(matrix[s] > 0).any(axis=0)].sum()),
    )


def neighbor_coverage(rng):
    links = rng.random((N, N)) < 0.25
    src, dst = np.nonzero(links)
    g = gr.Graph.from_edges((src, dst), nodes=range(N))
    return sm.Coverage.from_graph(g), lambda s: float((links | np.eye(N, dtype=bool))[s].any(axis=0).sum())


def open_neighbor_coverage(rng):
    links = rng.random((N, N)) < 0.25
    src, dst = np.nonzero(links)
    nodes = pl.DataFrame({"id": range(N), "people": rng.random(N)})
    g = gr.Graph.from_edges((src, dst), nodes=nodes)
    people = nodes["people"].to_numpy()
    return (
        sm.Coverage.from_graph(g, closed=False, weight="people"),
        lambda s: float(people[links[s].any(axis=0)].sum()),
    )


def probabilistic_coverage(rng):
    matrix, frame, names = table(rng)
    objective = sm.ProbabilisticCoverage(frame, probability="value", elements=names)
    return objective, lambda s: float((1 - np.prod(1 - matrix[s], axis=0)).sum())


def facility_location(rng):
    matrix, frame, names = table(rng)
    objective = sm.FacilityLocation(frame, element="element", client="item", score="value", elements=names)
    return objective, lambda s: float(matrix[s].max(axis=0).sum())


def knn_facility_location(rng):
    points = rng.random((N, 3))
    near = gr.knn(points, k=3)
    matrix = np.eye(N)
    for query, node, score in near.select("query", "node", "score").rows():
        matrix[node, query] = score
    return sm.FacilityLocation(near, self_similarity=1.0), lambda s: float(matrix[s].max(axis=0).sum())


def dense_facility_location(rng):
    matrix = rng.random((N, M)).astype(np.float32)
    return sm.FacilityLocation(matrix), lambda s: float(matrix[s].max(axis=0).astype(np.float64).sum())


def query_facility_location(rng):
    matrix, frame, names = table(rng)
    objective = sm.QueryFacilityLocation(
        frame, element="element", query="item", score="value", eta=0.5, elements=names
    )
    return objective, lambda s: float(matrix[s].max(axis=0).sum() + 0.5 * matrix[s].max(axis=1).sum())


def saturated_coverage(rng):
    matrix = np.where(rng.random((N, M)) < 0.7, rng.random((N, M)), 0.0)
    caps = 0.3 * matrix.sum(axis=0)
    return (
        sm.SaturatedCoverage(matrix, saturation=0.3),
        lambda s: float(np.minimum(matrix[s].sum(axis=0), caps).sum()),
    )


def graph_cut(rng):
    matrix = symmetric(rng)
    return (
        sm.GraphCut(matrix, trade_off=2.5),
        lambda s: float(2.5 * matrix[s].sum() - matrix[np.ix_(s, s)].sum()),
    )


def graph_cut_of_pairs(rng):
    matrix = symmetric(rng)
    rows, columns = np.nonzero(np.triu(matrix))
    pairs = pl.DataFrame({"query": columns, "node": rows, "score": matrix[rows, columns]})
    return (
        sm.GraphCut(pairs, elements=range(N)),
        lambda s: float(2 * matrix[s].sum() - matrix[np.ix_(s, s)].sum()),
    )


def feature_based(shape, function):
    def make(rng):
        matrix, frame, names = table(rng, high=4.0)
        objective = sm.FeatureBased(frame, concave=shape, feature="item", amount="value", elements=names)
        return objective, lambda s: float(function(matrix[s].sum(axis=0)).sum())

    return make


def log_det(rng):
    factor = rng.standard_normal((N, 4))
    kernel = factor @ factor.T
    kernel = (kernel + kernel.T) / 2
    return (
        sm.LogDet(kernel, alpha=0.5),
        lambda s: float(np.linalg.slogdet(np.eye(len(s)) + 0.5 * kernel[np.ix_(s, s)])[1]),
    )


def log_det_of_vectors(rng):
    vectors = rng.standard_normal((N, 4)).astype(np.float32)
    kernel = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    return (
        sm.LogDet.from_vectors(vectors),
        lambda s: float(np.linalg.slogdet(np.eye(len(s)) + kernel[np.ix_(s, s)])[1]),
    )


def mixture(rng):
    matrix = rng.random((N, M)).astype(np.float32)
    sets = rng.random((N, M)) < 0.4
    objective = sm.Mixture([(0.5, sm.FacilityLocation(matrix)), (2.0, sm.Coverage(sets))])
    return objective, lambda s: float(
        0.5 * matrix[s].max(axis=0).astype(np.float64).sum() + 2 * sets[s].any(axis=0).sum()
    )


def value_of_python(rng):
    sets = rng.random((N, M)) < 0.4
    worth = lambda chosen: 3.0 + sets[chosen].any(axis=0).sum()  # noqa: E731
    return sm.Callable(range(N), worth), lambda s: float(sets[s].any(axis=0).sum())


def gains_of_python(rng):
    sets = rng.random((N, M)) < 0.4

    def gains(chosen, candidates):
        rest = ~sets[chosen].any(axis=0)
        return (sets[candidates] & rest).sum(axis=1)

    return sm.Callable(range(N), gains=gains), lambda s: float(sets[s].any(axis=0).sum())


KINDS = {
    "coverage": coverage,
    "weighted coverage": weighted_coverage,
    "neighbor coverage": neighbor_coverage,
    "open neighbor coverage": open_neighbor_coverage,
    "probabilistic coverage": probabilistic_coverage,
    "facility location": facility_location,
    "facility location of neighbours": knn_facility_location,
    "dense facility location": dense_facility_location,
    "facility location for queries": query_facility_location,
    "saturated coverage": saturated_coverage,
    "graph cut": graph_cut,
    "graph cut of pairs": graph_cut_of_pairs,
    "square roots of features": feature_based("sqrt", np.sqrt),
    "logarithms of features": feature_based("log1p", np.log1p),
    "powers of features": feature_based(0.3, lambda y: y**0.3),
    "log det": log_det,
    "log det of vectors": log_det_of_vectors,
    "mixture": mixture,
    "a value of Python": value_of_python,
    "gains of Python": gains_of_python,
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_objective_is_what_its_definition_says(kind):
    for seed in range(3):
        objective, function = KINDS[kind](np.random.default_rng(seed))
        ids = objective.ids.to_list()
        assert len(ids) == N
        for size in range(N + 1):
            for chosen in itertools.islice(itertools.combinations(range(N), size), 12):
                wanted = function(list(chosen)) if chosen else 0.0
                # Sums of a few dozen numbers of size 1 to 30, in 64 bits, in another order; Cholesky on top of that.
                assert objective.value([ids[i] for i in chosen]) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def naive_greedy(function, k):
    """The first of the elements that add most, while any adds something; and whether two were too close to tell."""
    chosen, value, is_close = [], 0.0, False
    while len(chosen) < k:
        gains = {i: function([*chosen, i]) - value for i in range(N) if i not in chosen}
        best = max(gains.values(), default=0.0)
        if best <= 1e-9:
            break
        near = [gain for gain in gains.values() if gain > best - 1e-9]
        is_close |= len(set(near)) > 1
        chosen.append(min(i for i, gain in gains.items() if gain == best))
        value = function(chosen)
    return chosen, value, is_close


@pytest.mark.parametrize("kind", KINDS)
def test_lazy_greedy_is_greedy(kind):
    for seed in range(4):
        objective, function = KINDS[kind](np.random.default_rng(seed))
        ids = objective.ids.to_list()
        for k in (1, 3, N):
            wanted, value, is_close = naive_greedy(function, k)
            found = gr.maximize(objective, k)
            assert found.value == pytest.approx(value, rel=1e-9, abs=1e-9)
            assert is_close or list(found) == [ids[i] for i in wanted]
            assert found.value == pytest.approx(objective.value(found.elements), rel=1e-9, abs=1e-9)
            assert found.gains.sum() == pytest.approx(found.value, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["lazy", "stochastic", "threshold"])
def test_no_choice_exceeds_the_upper_bound_and_each_method_keeps_its_word(kind, method):
    eps = 0.05
    for seed in range(3):
        objective, function = KINDS[kind](np.random.default_rng(seed))
        for k in (1, 2, 3):
            best = max(function(list(chosen)) for chosen in itertools.combinations(range(N), k))
            found = gr.maximize(objective, k, method=method, eps=eps, seed=seed)
            assert len(found) <= k
            assert found.upper_bound >= best * (1 - 1e-9)
            assert found.certified_ratio <= found.value / best * (1 + 1e-9)
            share = {"lazy": 1 - 1 / math.e, "threshold": 1 - 1 / math.e - eps, "stochastic": 0.0}[method]
            assert found.value >= share * best * (1 - 1e-9)


WAYS = {
    "robust, pair": ({}, lambda eps: 1 / (2 + eps)),
    "robust, all": ({"guesses": "all"}, lambda eps: 1 / (2 * (1 + eps))),
    "robust, stable": ({"stability": 0.1}, lambda eps: 0.9 / (2 + eps)),
    "greedy": ({"strategy": "greedy"}, lambda _: 1 - 1 / math.e),
}


def small_sets():
    return [set_ for size in (1, 2, 3) for set_ in itertools.combinations(range(N), size)]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_update_keeps_the_bound_that_is_proven(kind, way, batch):
    options, share = WAYS[way]
    for seed, k in enumerate((1, 2, 3)):
        rng = np.random.default_rng([seed, batch])
        objective, function = KINDS[kind](rng)
        worth = {chosen: function(list(chosen)) for chosen in small_sets()}
        ids = objective.ids.to_list()
        eps = 0.05 if seed else 0.3
        best, live = gr.DynamicMaximizer(objective, k, eps=eps, seed=seed, **options), set()
        for _ in range(30 // batch):
            changed = rng.choice(N, size=batch, replace=False).tolist()
            ops = pl.DataFrame(
                {"op": [element not in live for element in changed], "element": objective.ids[changed]}
            )
            best.apply(ops, batch=batch)
            live ^= set(changed)
            wanted = max((worth[s] for s in worth if len(s) <= k and live.issuperset(s)), default=0.0)
            shown = [ids.index(id) for id in best.solution()["element"]]
            assert len(shown) <= k
            assert live.issuperset(shown)
            assert best.value == pytest.approx(worth.get(tuple(sorted(shown)), 0.0), rel=1e-9, abs=1e-9)
            assert best.value >= share(eps) * wanted * (1 - 1e-8)
            assert best.upper_bound >= wanted * (1 - 1e-8)
            refined = best.solution(refine=True)["gain"].sum()
            assert best.value * (1 - 1e-12) <= refined <= wanted * (1 + 1e-9) + 1e-9
