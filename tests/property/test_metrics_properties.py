"""Measures against their definitions, written out one item at a time."""

from __future__ import annotations

import math
from itertools import pairwise, permutations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphrank as gr

# Small runs may well find nothing.
pytestmark = pytest.mark.filterwarnings("ignore:no item of")

LABELS = st.integers(0, 3)
RUNS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(-2, 2)), min_size=1, max_size=8, unique_by=lambda r: r[0]
)
JUDGED = st.dictionaries(st.integers(0, 11), LABELS, min_size=1, max_size=8)


def by_definition(name, k, order, judged, p=0.7, most=4):
    """One measure of one order of items; ``k`` may be None."""
    relevant = [item for item, label in judged.items() if label > 0]
    top = order if k is None else order[:k]
    places = len(order) if k is None else k
    hits = [i for i, item in enumerate(top) if judged.get(item, 0) > 0]
    if not relevant and name != "judged":
        return 0.0

    def dcg(labels, gain):
        return sum(gain(label) / math.log2(i + 2) for i, label in enumerate(labels))

    def ndcg(gain):
        best = sorted(judged.values(), reverse=True)[: len(judged) if k is None else k]
        return dcg([judged.get(item, 0) for item in top], gain) / dcg(best, gain)

    if name == "precision":
        return len(hits) / places
    if name == "recall":
        return len(hits) / len(relevant)
    if name == "f1":
        precision, recall = len(hits) / places, len(hits) / len(relevant)
        return 2 * precision * recall / (precision + recall) if hits else 0.0
    if name == "hit":
        return float(bool(hits))
    if name == "mrr":
        return 1 / (hits[0] + 1) if hits else 0.0
    if name == "map":
        return sum((n + 1) / (i + 1) for n, i in enumerate(hits)) / len(relevant)
    if name == "ndcg":
        return ndcg(lambda label: label)
    if name == "ndcg(gain=exp)":
        return ndcg(lambda label: 2**label - 1)
    if name == "rbp(p=0.7)":
        return (1 - p) * sum(p**i for i in hits)
    if name == "err(max=4)":
        value, goes_on = 0.0, 1.0
        for i, item in enumerate(top):
            stop = (2 ** judged.get(item, 0) - 1) / 2**most
            value += goes_on * stop / (i + 1)
            goes_on *= 1 - stop
        return value
    if name == "bpref":
        irrelevant = [item for item in order if item in judged and judged[item] == 0]
        n_irrelevant = sum(label == 0 for label in judged.values())
        value = 0.0
        for item in order:
            if judged.get(item, 0) > 0:
                above = sum(order.index(other) < order.index(item) for other in irrelevant)
                value += 1 - min(above, len(relevant)) / min(n_irrelevant, len(relevant)) if above else 1
        return value / len(relevant)
    if name == "rprec":
        return sum(judged.get(item, 0) > 0 for item in order[: len(relevant)]) / len(relevant)
    assert name == "judged"
    return sum(item in judged for item in top) / len(top)


NAMES = [
    "precision",
    "recall",
    "f1",
    "hit",
    "mrr",
    "map",
    "ndcg",
    "ndcg(gain=exp)",
    "rbp(p=0.7)",
    "err(max=4)",
    "judged",
]
MEASURES = [(name, k) for name in NAMES for k in (None, 1, 3, 10)] + [("bpref", None), ("rprec", None)]
SPELLED = [name if k is None else f"{name}@{k}" for name, k in MEASURES]


def frames(ranked, judged):
    qrels = pl.DataFrame({"query": "q", "item": list(judged), "label": list(judged.values())})
    run = pl.DataFrame({"query": "q", "item": [i for i, _ in ranked], "score": [float(s) for _, s in ranked]})
    return qrels, run


@given(RUNS, JUDGED)
def test_measures_are_what_their_definitions_say(ranked, judged):
    qrels, run = frames(ranked, judged)
    found = gr.evaluate(qrels, run, SPELLED)["value"].to_list()
    order = [item for item, _ in sorted(ranked, key=lambda row: -row[1])]
    expected = [by_definition(name, k, order, judged) for name, k in MEASURES]
    assert found == pytest.approx(expected, abs=1e-12)


@given(RUNS.filter(lambda rows: len(rows) <= 5), JUDGED)
def test_an_open_order_is_the_mean_over_all_orders_of_equal_scores(ranked, judged):
    qrels, run = frames(ranked, judged)
    found = gr.evaluate(qrels, run, SPELLED, ties="expected")["value"].to_list()
    orders = [
        [item for item, _ in order]
        for order in permutations(ranked)
        if all(a[1] >= b[1] for a, b in pairwise(order))
    ]
    expected = [
        sum(by_definition(name, k, order, judged) for order in orders) / len(orders) for name, k in MEASURES
    ]
    assert found == pytest.approx(expected, abs=1e-12)


@given(RUNS, JUDGED, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing_where_scores_differ(ranked, judged, random):
    ranked = [(item, i) for i, (item, _) in enumerate(ranked)]
    qrels, run = frames(ranked, judged)
    shuffled = (
        run.with_row_index().sample(fraction=1.0, shuffle=True, seed=random.getrandbits(32)).drop("index")
    )
    assert gr.evaluate(qrels, run, SPELLED).equals(gr.evaluate(qrels, shuffled, SPELLED))


@given(RUNS, JUDGED)
def test_queries_do_not_change_each_other(ranked, judged):
    qrels, run = frames(ranked, judged)
    alone = gr.evaluate(qrels, run, SPELLED)["value"]
    others = [frame.with_columns(query=pl.lit(name)) for frame in (qrels,) for name in ("p", "r")]
    both = gr.evaluate(pl.concat([others[0], qrels, others[1]]), run, SPELLED, per_query=True)
    assert both.filter(query="q")["value"].equals(alone)
    assert gr.evaluate(pl.concat([qrels, others[0]]), run, SPELLED, missing="skip")["value"].equals(alone)
