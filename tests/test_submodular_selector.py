"""Rows that stand for all, by fit and transform."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse

import graphrank as gr
from graphrank import submodular as sm
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError

X = np.random.default_rng(0).random((60, 5))
SIMILAR = (X @ X.T).astype(np.float32)


def cosines(n=60):
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    return unit @ unit.T


@pytest.mark.parametrize("metric", ["cosine", "precomputed"])
@pytest.mark.parametrize("function", ["facility_location", "saturated_coverage", "graph_cut"])
def test_similar_rows_are_ranked_as_the_objective_does(function, metric):
    made = {
        "facility_location": sm.FacilityLocation,
        "saturated_coverage": sm.SaturatedCoverage,
        "graph_cut": sm.GraphCut,
    }
    given = X if metric == "cosine" else SIMILAR
    selector = sm.SubmodularSelector(6, function, metric=metric).fit(given)
    wanted = gr.maximize(made[function](cosines() if metric == "cosine" else SIMILAR), 6)
    assert selector.selection.value == pytest.approx(wanted.value, rel=1e-6)
    assert selector.gains.sum() == pytest.approx(wanted.value, rel=1e-6)
    assert np.array_equal(selector.transform(given), given[selector.ranking])


@pytest.mark.parametrize(
    ("function", "kind"), [("feature_based", sm.FeatureBased), ("max_coverage", sm.Coverage)]
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_columns_are_features(function, kind, form):
    selector = sm.SubmodularSelector(4, function)
    rows = selector.fit_transform(form(X))
    wanted = gr.maximize(kind(X), 4)
    assert selector.ranking.tolist() == wanted.elements.to_list()
    assert rows.shape == (len(wanted), 5)


def test_a_function_of_the_callers_makes_the_objective():
    selector = sm.SubmodularSelector(3, sm.LogDet.from_vectors).fit(X)
    assert selector.ranking.tolist() == gr.maximize(sm.LogDet.from_vectors(X), 3).elements.to_list()


def test_few_neighbours_are_enough():
    near = sm.SubmodularSelector(6, neighbors=5).fit(X)
    assert len(near.ranking) == 6
    assert near.selection.value < sm.SubmodularSelector(6).fit(X).selection.value


def test_labels_come_along():
    labels = [f"row {i}" for i in range(60)]
    selector = sm.SubmodularSelector(5)
    rows, chosen = selector.fit_transform(X, labels)
    assert np.array_equal(rows, X[selector.ranking])
    assert chosen.tolist() == [labels[i] for i in selector.ranking]


def test_frames_keep_their_rows_and_columns():
    pandas = pytest.importorskip("pandas")
    chosen = sm.SubmodularSelector(5).fit(X).ranking
    names = [f"row {i}" for i in range(60)]
    frame = pandas.DataFrame(X, index=names)
    assert sm.SubmodularSelector(5).fit_transform(frame).equals(frame.iloc[chosen])
    frame = pl.DataFrame(X)
    assert sm.SubmodularSelector(5).fit_transform(frame).equals(frame[chosen])


def test_scikit_learn_can_clone_and_show_it():
    clone = pytest.importorskip("sklearn.base").clone
    selector = sm.SubmodularSelector(5, "graph_cut", neighbors=3)
    assert clone(selector).get_params() == selector.get_params()
    assert selector.set_params(n_samples=2).fit(X).ranking.shape == (2,)
    assert repr(selector).startswith("SubmodularSelector(n_samples=2, function='graph_cut'")


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda: sm.SubmodularSelector().ranking, InvalidArgumentError, "call fit first"),
        (lambda: sm.SubmodularSelector().fit([1.0, 2.0]), InvalidArgumentError, "2 dimensions"),
        (lambda: sm.SubmodularSelector(0).fit(X), InvalidArgumentError, "`n_samples`"),
        (lambda: sm.SubmodularSelector(2, "entropy").fit(X), InvalidArgumentError, "'entropy'"),
        (lambda: sm.SubmodularSelector(2, metric="l2").fit(X), InvalidArgumentError, "'l2'"),
        (lambda: sm.SubmodularSelector(2, neighbors=0).fit(X), InvalidArgumentError, "`neighbors`"),
        (lambda: sm.SubmodularSelector(2, "feature_based").fit(-X), InvalidDataError, r"entry \(0, 0\)"),
        (lambda: sm.SubmodularSelector(2, len).fit(X), InvalidTypeError, "int"),
        (lambda: sm.SubmodularSelector(2).fit([["a"]]), InvalidTypeError, "`X` must hold real numbers"),
        (lambda: sm.SubmodularSelector(2, metric="precomputed").fit(X), InvalidArgumentError, "60 x 5"),
        (
            lambda: sm.SubmodularSelector(2, lambda _: sm.Coverage(np.eye(3))).fit(X),
            InvalidArgumentError,
            "60, got 3",
        ),
        (lambda: sm.SubmodularSelector().set_params(k=3), InvalidArgumentError, "'k' is no parameter"),
    ],
)
def test_what_cannot_be_used_is_named(use, kind, message):
    with pytest.raises(kind, match=message):
        use()
