"""Measures against trec_eval (by way of pytrec_eval) and ir-measures, on runs with ties and gaps."""

from __future__ import annotations

import ir_measures
import numpy as np
import polars as pl
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

import graphrank as gr

# Small runs may well find nothing.
pytestmark = pytest.mark.filterwarnings("ignore:no item of")

TREC = {
    "ndcg": "ndcg",
    "ndcg@1": "ndcg_cut_1",
    "ndcg@10": "ndcg_cut_10",
    "map": "map",
    "map@10": "map_cut_10",
    "mrr": "recip_rank",
    "precision": "set_P",
    "precision@5": "P_5",
    "recall": "set_recall",
    "recall@100": "recall_100",
    "f1": "set_F",
    "hit@5": "success_5",
    "bpref": "bpref",
    "rprec": "Rprec",
    "map(rel=2)": "map",
    "precision(rel=2)@5": "P_5",
}
EXACT = 1e-9


def random_frames(seed, n_queries=40, n_items=60, n_levels=12, scores=None):
    """Runs with ties, queries that are not judged, not ranked or without relevant items, items that are not judged."""
    rng = np.random.default_rng(seed)
    qrels, run = [], []
    for query in range(n_queries):
        names = [f"doc-{i}" for i in rng.choice(500, n_items, replace=False)]
        if query % 7 != 3:
            score = (
                rng.integers(0, n_levels, n_items).astype(float) if scores is None else scores(rng, n_items)
            )
            run += [(f"q{query}", name, float(s)) for name, s in zip(names, score, strict=True)]
        if query % 5 != 1:
            most = 1 if query % 9 == 2 else 4
            judged = [*rng.choice(names, n_items // 3, replace=False), "elsewhere-1", "elsewhere-2"]
            qrels += [(f"q{query}", name, int(rng.integers(0, most))) for name in judged]
    return (
        pl.DataFrame(qrels, schema=["query", "item", "label"], orient="row"),
        pl.DataFrame(run, schema=["query", "item", "score"], orient="row"),
    )


def nested(frame, value):
    found: dict[str, dict[str, float]] = {}
    for query, item, number in frame.select("query", "item", value).iter_rows():
        found.setdefault(query, {})[item] = number
    return found


def trec_values(qrels, run, level=1):
    names = {
        "ndcg",
        "ndcg_cut.1,10",
        "map",
        "map_cut.10",
        "recip_rank",
        "set_P",
        "P.5",
        "set_recall",
        "recall.100",
        "set_F",
        "success.5",
        "bpref",
        "Rprec",
    }
    evaluator = pytrec_eval.RelevanceEvaluator(nested(qrels, "label"), names, relevance_level=level)
    return evaluator.evaluate(nested(run, "score"))


@pytest.mark.parametrize("seed", range(5))
def test_every_query_has_the_values_of_trec_eval(seed):
    qrels, run = random_frames(seed)
    for level in (1, 2):
        names = [name for name in TREC if ("rel=2" in name) == (level == 2)]
        found = gr.evaluate(qrels, run, names, ties="trec", missing="skip", per_query=True)
        theirs = trec_values(qrels, run, level)
        assert set(found["query"]) == set(theirs)
        for query, metric, value in found.iter_rows():
            assert value == pytest.approx(theirs[query][TREC[metric]], abs=EXACT), (query, metric)


@pytest.mark.parametrize(
    "scores",
    [
        lambda rng, n: 1 + rng.integers(0, 4, n) * 1e-9,  # equal only as 32-bit floats
        lambda rng, n: rng.normal(size=n) * 1e30,
        lambda rng, n: rng.choice([-1e300, 0.0, -0.0, 1e300], n),
    ],
    ids=["rounding", "large", "infinite"],
)
def test_scores_tie_where_those_of_trec_eval_do(scores):
    qrels, run = random_frames(11, scores=scores)
    found = gr.evaluate(qrels, run, ["map", "ndcg@10"], ties="trec", missing="skip", per_query=True)
    theirs = trec_values(qrels, run)
    for query, metric, value in found.iter_rows():
        assert value == pytest.approx(theirs[query][TREC[metric]], abs=EXACT)


IR = {
    "ndcg@10": ir_measures.nDCG @ 10,
    "ndcg": ir_measures.nDCG,
    "map": ir_measures.AP,
    "map(rel=2)@20": ir_measures.AP(rel=2) @ 20,
    "mrr": ir_measures.RR,
    "precision@5": ir_measures.P @ 5,
    "recall@10": ir_measures.R @ 10,
    "hit@3": ir_measures.Success @ 3,
    "bpref": ir_measures.Bpref,
    "rprec": ir_measures.Rprec,
    "f1": ir_measures.SetF,
}


@pytest.mark.parametrize("seed", range(3))
def test_means_are_those_of_ir_measures(seed):
    qrels, run = random_frames(100 + seed)
    theirs = ir_measures.calc_aggregate(list(IR.values()), nested(qrels, "label"), nested(run, "score"))
    ours = dict(gr.evaluate(qrels, run, list(IR), ties="trec").iter_rows())
    for name, measure in IR.items():
        assert ours[name] == pytest.approx(theirs[measure], abs=EXACT), name


def test_the_share_of_judged_items_is_that_of_ir_measures():
    # Without ties: ir-measures breaks them in another way here than trec_eval.
    qrels, run = random_frames(7, scores=lambda rng, n: rng.permutation(n))
    theirs = ir_measures.calc_aggregate(
        [ir_measures.Judged @ 10], nested(qrels, "label"), nested(run, "score")
    )
    ours = gr.evaluate(qrels, run, ["judged@10"])["value"].item()
    assert ours == pytest.approx(theirs[ir_measures.Judged @ 10], abs=EXACT)
    # A run that is shorter than k.
    judged, short = {"q": {"a": 1, "b": 0}}, {"q": {"b": 3.0, "x": 2.0, "a": 1.0}}
    theirs = ir_measures.calc_aggregate([ir_measures.Judged @ 10], judged, short)
    assert list(theirs.values()) == gr.evaluate(judged, short, ["judged@10"])["value"].to_list()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 40), st.integers(1, 5))
def test_any_run_has_the_values_of_trec_eval(seed, n_queries, n_items, n_levels):
    qrels, run = random_frames(seed, n_queries, n_items, n_levels)
    if not len(run) or not len(qrels) or not set(qrels["query"]) & set(run["query"]):
        return
    names = [name for name in TREC if "rel=2" not in name]
    found = gr.evaluate(qrels, run, names, ties="trec", missing="skip", per_query=True)
    theirs = trec_values(qrels, run)
    for query, metric, value in found.iter_rows():
        assert value == pytest.approx(theirs[query][TREC[metric]], abs=EXACT)
