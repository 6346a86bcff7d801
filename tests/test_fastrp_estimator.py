"""FastRP in scikit-learn: its own checks, clones, pipelines, frames."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import graphrank as gr
from graphrank.embedding import FastRP
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError


def adjacency(n=120, groups=3, seed=0):
    """A symmetric matrix of three groups, the last node without neighbours, and the group of every node."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % groups
    chance = np.where(group[:, None] == group, 0.25, 0.02)
    upper = np.triu(rng.random((n, n)) < chance, 1)
    upper[:, -1] = False
    return sparse.csr_array((upper + upper.T).astype(float)), group


@pytest.mark.parametrize(
    "options", [{}, {"preset": "paper", "dtype": "float16"}, {"normalize": False}, {"refine": 2}]
)
def test_scikit_learn_finds_no_fault(options):
    outcomes = check_estimator(FastRP(n_components=4, random_state=0, **options), on_skip=None)
    assert len(outcomes) > 40
    assert {outcome["check_name"] for outcome in outcomes if outcome["status"] == "skipped"} <= {
        "check_array_api_input"
    }


def test_the_vectors_are_those_of_the_function():
    matrix, _ = adjacency()
    options = {"weights": (1, 1), "normalization_strength": -0.3, "sparsity": 2.0, "direction": "out"}
    estimator = FastRP(16, random_state=7, **options)
    vectors = estimator.fit_transform(matrix)
    expected = gr.fastrp(gr.Graph.from_scipy(matrix), 16, seed=7, **options)
    assert np.array_equal(vectors, expected.vectors)
    assert np.array_equal(estimator.embedding_, vectors)
    assert estimator.isolated_.tolist() == expected.isolated.to_list() == [119]
    assert estimator.n_features_in_ == 120
    vectors[0] = 0  # the caller's own
    assert estimator.embedding_[0].any()
    for same in (matrix.toarray(), matrix.tocoo(), sparse.csr_matrix(matrix), matrix.toarray().astype(int)):
        assert np.array_equal(FastRP(16, random_state=7, **options).fit_transform(same), expected.vectors)


def test_random_states_are_those_of_scikit_learn():
    matrix, _ = adjacency()

    def vectors(state):
        return FastRP(8, random_state=state).fit_transform(matrix)

    drawn = np.random.RandomState(3)
    first, second = vectors(drawn), vectors(drawn)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, vectors(np.random.RandomState(3)))
    assert not np.array_equal(vectors(None), vectors(None))
    assert np.array_equal(vectors(5), vectors(np.int64(5)))


def test_it_clones_pickles_and_names_its_columns():
    matrix, _ = adjacency()
    estimator = FastRP(5, weights=(0, 1), random_state=0)
    copy = clone(estimator)
    assert copy.get_params() == estimator.get_params()
    assert copy.weights is not None
    assert not hasattr(copy, "embedding_")
    estimator.fit(matrix)
    again = pickle.loads(pickle.dumps(estimator))  # noqa: S301
    assert np.array_equal(again.embedding_, estimator.embedding_)
    assert list(estimator.get_feature_names_out()) == [f"fastrp{i}" for i in range(5)]
    frame = clone(estimator).set_output(transform="polars").fit_transform(matrix)
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == list(estimator.get_feature_names_out())
    assert np.array_equal(frame.to_numpy(), estimator.embedding_)


def test_new_nodes_are_embedded_from_their_edges():
    matrix, _ = adjacency()
    estimator = FastRP(12, random_state=0).fit(matrix)
    before = estimator.embedding_.copy()
    new = sparse.random_array((7, 120), density=0.1, rng=np.random.default_rng(0), format="csr")
    vectors = estimator.transform(new)
    known = gr.fastrp(gr.Graph.from_scipy(matrix), 12, keep_powers=True)
    rows, columns = new.nonzero()
    names = np.unique(rows)
    expected = known.transform((rows + 1_000, columns, new[rows, columns]))
    assert np.array_equal(vectors[names], expected[names + 1_000])
    assert np.array_equal(estimator.embedding_, before)
    assert np.array_equal(estimator.transform(new.toarray()), vectors)
    again = pickle.loads(pickle.dumps(estimator))  # noqa: S301
    assert np.array_equal(again.transform(new), vectors)
    assert not estimator.transform(sparse.csr_array((2, 120))).any()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_rows_that_were_fitted_are_transformed_into_their_own_vectors(dtype):
    matrix, _ = adjacency()
    estimator = FastRP(12, random_state=0, dtype=dtype)
    assert np.array_equal(estimator.fit_transform(matrix), estimator.transform(matrix))
    one_way = sparse.csr_array(np.triu(matrix.toarray()))
    out = FastRP(12, random_state=0, direction="out")
    assert np.array_equal(out.fit_transform(one_way), out.transform(one_way))


def test_it_works_in_pipelines_and_grids():
    matrix, group = adjacency()
    known = np.arange(120) % 4 != 0
    seen = matrix[known][:, known]
    model = make_pipeline(FastRP(16, random_state=0), StandardScaler(), LogisticRegression())
    model.fit(seen, group[known])
    assert model.score(matrix[~known][:, known], group[~known]) > 0.8
    assert model[:-1].get_feature_names_out()[3] == "fastrp3"
    grid = GridSearchCV(
        Pipeline([("embed", FastRP(16, random_state=0)), ("label", LogisticRegression())]),
        {"embed__weights": [(1.0,), (0, 1, 1)], "embed__n_components": [2, 32]},
        cv=3,
    )
    grid.fit(matrix, group)
    assert grid.best_score_ > 0.8
    assert grid.best_params_["embed__n_components"] == 32
    assert np.ptp(grid.cv_results_["mean_test_score"]) > 0


def test_new_rows_that_do_not_fit_are_refused():
    matrix, _ = adjacency()
    estimator = FastRP(4, random_state=0)
    with pytest.raises(NotFittedError):
        estimator.transform(matrix)
    estimator.fit(matrix)
    with pytest.raises(ValueError, match="X has 119 features, but FastRP is expecting 120"):
        estimator.transform(np.ones((2, 119)))
    with pytest.raises(InvalidDataError, match=r"entry \(0, 1\) of `X` is -1"):
        estimator.transform(-np.eye(120)[1:2])
    assert not hasattr(FastRP(4, refine=1).fit(matrix), "transform")


BAD = {
    "not square": (np.ones((4, 3)), {}, InvalidArgumentError, r"square, got shape \(4, 3\)"),
    "negative": (np.array([[0, 1], [-2, 0]]), {}, InvalidDataError, r"Negative.*entry \(1, 0\) of `X` is -2"),
    "NaN": (np.array([[0, np.nan], [1, 0]]), {}, ValueError, "NaN"),
    "text": (np.array([["a", "b"], ["c", "d"]]), {}, ValueError, "could not convert"),
    "a graph": (gr.Graph.from_edges(([1], [2])), {}, InvalidTypeError, r"give graph.to_scipy\(\)"),
    "no columns": (
        np.ones((3, 3)),
        {"n_components": 0},
        InvalidArgumentError,
        "`n_components` must be at least 1",
    ),
    "weights": (np.ones((3, 3)), {"weights": []}, InvalidArgumentError, "`weights` is empty"),
    "preset": (np.ones((3, 3)), {"preset": "x"}, InvalidArgumentError, "`preset` must be one of"),
    "memory": (np.ones((3, 3)), {"memory_limit": 1}, InvalidArgumentError, "cannot be met"),
    "state": (np.ones((3, 3)), {"random_state": "x"}, ValueError, "cannot be used to seed"),
    "negative state": (np.ones((3, 3)), {"random_state": -1}, ValueError, "`random_state` must be from 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    matrix, options, error, message = BAD[case]
    with pytest.raises(error, match=message):
        FastRP(**({"n_components": 4} | options)).fit(matrix)


def test_without_scikit_learn_only_making_one_fails():
    code = """
import sys
sys.modules["sklearn"] = None
import graphrank as gr
from graphrank.embedding import *
print(gr.fastrp(([1], [2]), dim=2).dim, FastRP.__name__)
try:
    FastRP(5)
except gr.exceptions.MissingDependencyError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == "2 FastRP"
    assert "needs sklearn: pip install 'graphrank-engine[sklearn]'" in lines[1]


def test_the_module_loads_scikit_learn_only_for_the_estimator():
    code = """
import sys
import graphrank.embedding as e
e.fastrp, e.knn
assert "sklearn" not in sys.modules
e.FastRP
assert "sklearn" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'FastRp'"):
        _ = gr.embedding.FastRp
