"""Rules of aggregation against their definitions, written out one pair and one item at a time."""

from __future__ import annotations

import math
from itertools import combinations, permutations
from statistics import mean, median, pstdev

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from graphrank.ranking import aggregate, correlation, kemeny

ITEMS = "abcdef"
RANKING = st.dictionaries(st.sampled_from(ITEMS), st.integers(1, 4), min_size=1)
RANKINGS = st.lists(st.tuples(RANKING, st.integers(1, 3)), min_size=1, max_size=5)


def frame(rankings, value="rank"):
    rows = [
        (i, item, rank, float(weight))
        for i, (ranks, weight) in enumerate(rankings)
        for item, rank in ranks.items()
    ]
    return pl.DataFrame(rows, schema=["ranking", "item", value, "weight"], orient="row")


def all_items(rankings):
    return sorted({item for ranks, _ in rankings for item in ranks})


def places(ranks, items):
    """For each item the places from 1 that it may have; those that are not listed stand behind."""
    found = {}
    for item in items:
        key = ranks.get(item, math.inf)
        before = sum(ranks.get(other, math.inf) < key for other in items)
        same = sum(ranks.get(other, math.inf) == key for other in items)
        found[item] = range(before + 1, before + same + 1)
    return found


def scores(*args, **kwargs):
    found = aggregate(*args, **kwargs)
    return dict(found.select("item", "score").iter_rows())


@given(RANKINGS)
def test_borda_counts_the_items_behind(rankings):
    items = all_items(rankings)
    expected = {
        item: sum(w * mean(len(items) - p for p in places(ranks, items)[item]) for ranks, w in rankings)
        for item in items
    }
    assert scores(frame(rankings), "borda") == pytest.approx(expected)


@given(st.lists(RANKING, min_size=3, max_size=9), st.integers(1, 4))
def test_trimmed_borda_leaves_the_ends_out(rankings, n_out):
    assume(2 * n_out < len(rankings))
    rankings = [(ranks, 1) for ranks in rankings]
    items = all_items(rankings)
    expected = {}
    for item in items:
        points = sorted(mean(len(items) - p for p in places(ranks, items)[item]) for ranks, _ in rankings)
        expected[item] = len(rankings) * mean(points[n_out : len(points) - n_out])
    assert scores(frame(rankings), "borda", trim=n_out / len(rankings)) == pytest.approx(expected)


@given(RANKINGS)
def test_fusion_of_ranks(rankings):
    items = all_items(rankings)
    rrf, isr = dict.fromkeys(items, 0.0), dict.fromkeys(items, 0.0)
    for ranks, weight in rankings:
        for item in ranks:
            rrf[item] += weight * mean(1 / (10 + p) for p in places(ranks, items)[item])
            isr[item] += weight * mean(1 / p**2 for p in places(ranks, items)[item])
    counts = {item: sum(item in ranks for ranks, _ in rankings) for item in items}
    assert scores(frame(rankings), "rrf", k=10) == pytest.approx(rrf)
    assert scores(frame(rankings), "isr") == pytest.approx({i: isr[i] * counts[i] for i in items})


@given(RANKINGS, st.booleans())
def test_the_median_rank_counts_rankings_as_often_as_they_weigh(rankings, is_last):
    items = all_items(rankings)
    expected = {
        item: -median(
            mean(places(ranks, items)[item])
            for ranks, weight in rankings
            for _ in range(weight)
            if is_last or item in ranks
        )
        for item in items
    }
    unlisted = "last" if is_last else "ignore"
    assert scores(frame(rankings), "median", unlisted=unlisted) == pytest.approx(expected)


def normalised(ranks, way):
    values = {item: float(score) for item, score in ranks.items()}
    low, high = min(values.values()), max(values.values())
    total = sum(value - low for value in values.values())
    center, deviation = mean(values.values()), pstdev(values.values())
    n = len(values)
    order = {
        item: mean(
            sorted(-v for v in values.values()).index(-v) + i for i in range(list(values.values()).count(v))
        )
        for item, v in values.items()
    }
    return {
        item: {
            "none": value,
            "min-max": (value - low) / (high - low) if high > low else 1.0,
            "sum": (value - low) / total if total else 1 / n,
            "z-score": (value - center) / deviation if high > low else 0.0,
            "rank": 1 - order[item] / n,
        }[way]
        for item, value in values.items()
    }


@pytest.mark.parametrize("way", ["none", "min-max", "sum", "z-score", "rank"])
@settings(max_examples=40)
@given(rankings=RANKINGS)
def test_fusion_of_scores(way, rankings):
    of_item: dict[str, list[float]] = {item: [] for item in all_items(rankings)}
    for ranks, weight in rankings:
        for item, value in normalised(ranks, way).items():
            of_item[item].append(weight * value)
    rules = {
        "combsum": sum,
        "combmnz": lambda values: sum(values) * len(values),
        "combanz": mean,
        "combmed": median,
        "combmax": max,
        "combmin": min,
    }
    for rule, combine in rules.items():
        expected = {item: combine(values) for item, values in of_item.items()}
        found = scores(frame(rankings, "score"), rule, normalise=way)
        assert found == pytest.approx(expected, abs=1e-12), rule


def preferred(rankings, a, b, is_last=True):
    """By what weight a stands before b."""
    return sum(
        weight
        for ranks, weight in rankings
        if (is_last or (a in ranks and b in ranks)) and ranks.get(a, math.inf) < ranks.get(b, math.inf)
    )


@given(RANKINGS, st.booleans())
def test_copeland_counts_majorities(rankings, is_last):
    items = all_items(rankings)
    expected = {
        a: sum(
            (1 + np.sign(preferred(rankings, a, b, is_last) - preferred(rankings, b, a, is_last))) / 2
            for b in items
            if b != a
        )
        for a in items
    }
    unlisted = "last" if is_last else "ignore"
    assert scores(frame(rankings), "copeland", unlisted=unlisted) == pytest.approx(expected)


@given(RANKINGS)
def test_mc4_is_where_its_walk_stays(rankings):
    items = all_items(rankings)
    n = len(items)
    walk = np.zeros((n, n))
    for i, a in enumerate(items):
        for j, b in enumerate(items):
            if a != b and preferred(rankings, b, a) > preferred(rankings, a, b):
                walk[i, j] = 1 / n
        walk[i, i] = 1 - walk[i].sum()
    shares = np.linalg.solve((np.eye(n) - 0.9 * walk).T, np.full(n, 0.1 / n))
    found = scores(frame(rankings), "mc4", damping=0.9)
    assert found == pytest.approx(dict(zip(items, shares, strict=True)), abs=1e-9)


@given(RANKINGS, st.booleans())
def test_kemeny_is_the_best_of_all_orders_and_the_first_of_those(rankings, is_last):
    items = all_items(rankings)

    def cost(order):
        return sum(preferred(rankings, b, a, is_last) for a, b in combinations(order, 2))

    best = min(permutations(items), key=lambda order: (cost(order), order))
    found = kemeny(frame(rankings), unlisted="last" if is_last else "ignore")
    assert found.disagreements == cost(found) == cost(best)
    assert found.lower_bound == cost(best)
    assert found.optimal
    if found.largest_part == len(items):
        assert tuple(found) == best
    assert aggregate(frame(rankings), "kemeny", unlisted="last" if is_last else "ignore")[
        "item"
    ].to_list() == list(found)


@given(RANKINGS, st.sampled_from(["borda", "rrf", "median", "combmnz", "copeland", "kemeny"]), st.randoms())
def test_the_order_of_rows_changes_nothing(rankings, method, random):
    rows = frame(rankings)
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    assert aggregate(rows, method).equals(aggregate(rows[shuffled], method))


NUMBERS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=40)


def both(pairs):
    return [
        pl.DataFrame({"item": range(len(pairs)), "rank": list(side)}) for side in zip(*pairs, strict=True)
    ]


@given(NUMBERS)
def test_correlations_are_those_of_scipy(pairs):
    a, b = both(pairs)
    x, y = (side["rank"].to_numpy() for side in (a, b))
    assume(len(set(x)) > 1 and len(set(y)) > 1)
    assert correlation(a, b) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
    assert correlation(a, b, "weighted-kendall") == pytest.approx(
        stats.weightedtau(-x, -y).statistic, abs=1e-12
    )
    assert correlation(a, b, "spearman") == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    ranks = [stats.rankdata(side) for side in (x, y)]
    total = np.abs(ranks[0] - ranks[1]).sum()
    assert correlation(a, b, "footrule", normalise=False) == pytest.approx(total)
    assert correlation(a, b, "footrule") == pytest.approx(total / (len(x) ** 2 // 2))


def rbo_by_definition(a, b, p):
    """Equation 32 of Webber, Moffat and Zobel for two lists without ties."""
    short, long = sorted((a, b), key=len)
    s, n = len(short), len(long)
    overlap = [len(set(short[:d]) & set(long[:d])) for d in range(n + 1)]
    total = sum(overlap[d] / d * p**d for d in range(1, n + 1))
    total += sum(overlap[s] * (d - s) / (s * d) * p**d for d in range(s + 1, n + 1))
    return (1 - p) / p * total + ((overlap[n] - overlap[s]) / n + overlap[s] / s) * p**n


LISTS = st.lists(st.integers(0, 9), min_size=1, max_size=9, unique=True)


@given(LISTS, LISTS, st.floats(0.05, 0.95))
def test_overlap_is_what_its_definition_says(a, b, p):
    assert correlation(a, b, "rbo", p=p) == pytest.approx(rbo_by_definition(a, b, p), abs=1e-12)


def orders(ranks):
    """All orders of a ranking with ties."""
    return [
        order for order in permutations(ranks) if all(ranks[a] <= ranks[b] for a, b in combinations(order, 2))
    ]


TIED = st.dictionaries(st.integers(0, 5), st.integers(0, 2), min_size=1, max_size=4)


@settings(max_examples=50)
@given(TIED, TIED)
def test_overlap_of_ties_is_the_mean_over_their_orders(a, b):
    tables = [pl.DataFrame({"item": list(side), "rank": list(side.values())}) for side in (a, b)]
    values = [rbo_by_definition(x, y, 0.8) for x in orders(a) for y in orders(b)]
    assert correlation(*tables, "rbo", p=0.8) == pytest.approx(mean(values), abs=1e-12)
