"""The smoothness of rules on rankings of known distributions.

The printed values are those of Boehmer, Celis, Huang, Mehrotra and Vishnoi (ICML 2023) for 10 items and elections of 10
rankings. An estimate varies with the sample, and is the lower the smaller it is: the least of 10 means. How many
elections theirs is from is not printed. Of impartial rankings 4 elections give 0.42 on average, as they print; so
many are taken for all, and the printed values have to be among the middle 98 % of the estimates.
"""

from __future__ import annotations

import numpy as np
import pytest

from graphrank.submodular import advise

N_ITEMS, N_RANKINGS, N_ELECTIONS, N_ESTIMATES = 10, 10, 4, 150


def impartial(rng, n):
    return [rng.permutation(N_ITEMS) for _ in range(n)]


def urn(rng, n, replacement=0.1):
    """Drawn from an urn of all rankings, to which each is returned with copies (Pólya and Eggenberger)."""
    rankings = []
    for i in range(n):
        is_copy = rng.random() < i * replacement / (1 + i * replacement)
        rankings.append(rankings[rng.integers(i)] if is_copy else rng.permutation(N_ITEMS))
    return rankings


def mallows(rng, n, dispersion=0.5):
    """Repeated insertion: an item that goes ahead of d others does so with weight dispersion^d."""
    rankings = []
    for _ in range(n):
        order = []
        for item in range(N_ITEMS):
            weights = dispersion ** np.arange(item, -1, -1.0)
            order.insert(rng.choice(item + 1, p=weights / weights.sum()), item)
        rankings.append(order)
    return rankings


def swaps(dispersion):
    """The expected number of pairs that Mallows rankings turn round."""
    j = np.arange(1, N_ITEMS + 1)
    tail = (j * dispersion**j / (1 - dispersion**j)).sum()
    return N_ITEMS * dispersion / (1 - dispersion) - tail


def normalised_mallows(rng, n, share=0.5):
    """Mallows with ``share`` of the pairs turned round that impartial rankings turn round (Boehmer and others 2021)."""
    low, high = 0.0, 1 - 1e-9
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if swaps(middle) < share * N_ITEMS * (N_ITEMS - 1) / 4 else (low, middle)
    return mallows(rng, n, low)


def conitzer(rng, n):
    """Single-peaked: a random peak, then the next item to its left or right, either with chance 1/2 (Conitzer 2009)."""
    rankings = []
    for _ in range(n):
        left = right = rng.integers(N_ITEMS)
        order = [left]
        while len(order) < N_ITEMS:
            if right == N_ITEMS - 1 or (left > 0 and rng.random() < 0.5):
                left -= 1
                order.append(left)
            else:
                right += 1
                order.append(right)
        rankings.append(order)
    return rankings


def advice(rankings):
    return advise([list(map(int, order)) for order in rankings], items=range(N_ITEMS))


def alphas(found):
    return dict(found.rules.select("rule", "alpha").rows())


@pytest.mark.parametrize(
    ("draw", "printed"),
    [(impartial, 0.42), (urn, 0.42), (mallows, 0.13), (normalised_mallows, 0.20), (conitzer, 0.29)],
)
def test_printed_values_are_within_the_sampling_error(draw, printed):
    found = []
    for seed in range(N_ESTIMATES):
        rng = np.random.default_rng(seed)
        found.append(alphas(advice([order for _ in range(N_ELECTIONS) for order in draw(rng, N_RANKINGS)])))
    low, high = np.quantile([each["borda"] for each in found], [0.01, 0.99])
    assert low <= printed <= high, f"{low:.3f} to {high:.3f}"
    # Printed for SNTV: 0.00 to 0.01.
    assert np.quantile([each["sntv"] for each in found], 0.01) <= 0.01


# The least expected points of an item, as a share of 9, and the least chance to be first. Impartial: by symmetry.
# Conitzer: each item is the peak as often. Mallows: the chance that the last of repeated insertions goes to place 1.
EXPECTED = {impartial: (0.5, 0.1), mallows: (None, 0.5**9 / (2 - 0.5**9)), conitzer: (None, 0.1)}


@pytest.mark.parametrize("draw", EXPECTED)
def test_estimates_approach_the_expectation_and_the_bounds_hold_it(draw):
    borda, sntv = EXPECTED[draw]
    found = advice(draw(np.random.default_rng(1), 4_000))
    bounds = {rule: (low, high) for rule, low, high in found.rules.select("rule", "low", "high").rows()}
    assert bounds["sntv"][0] <= sntv <= bounds["sntv"][1]
    assert bounds["borda"][1] - bounds["borda"][0] < 0.05
    if borda is not None:
        assert bounds["borda"][0] <= borda <= bounds["borda"][1]
        assert alphas(found)["borda"] == pytest.approx(borda, abs=0.02)


def test_bounds_hold_as_often_as_they_say():
    outside = 0
    for seed in range(200):
        low, high = advice(impartial(np.random.default_rng(seed), 60)).rules.select("low", "high").row(0)
        outside += not low <= 0.5 <= high
    # At most 5 % in expectation; 20 of 200 are exceeded once in some hundred tests.
    assert outside <= 20
