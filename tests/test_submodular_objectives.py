"""Objectives: what they are made from, and what they refuse."""

from __future__ import annotations

import copy
import datetime as dt
import math
import pickle

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse

import graphrank as gr
from graphrank import submodular as sm
from graphrank.exceptions import (
    ColumnNotFoundError,
    ElementNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
)

SETS = pl.DataFrame({"element": ["b", "a", "a", "c"], "item": [1, 1, 2, 3]})
SIMILAR = pl.DataFrame({"query": [1, 2, 2], "node": [7, 7, 8], "score": [0.5, 0.25, 1.0]})


def test_codes_follow_the_sorted_ids_and_not_the_rows():
    one, other = sm.Coverage(SETS), sm.Coverage(SETS.reverse())
    assert one.ids.to_list() == other.ids.to_list() == ["a", "b", "c"]
    assert one._inner.fingerprint == other._inner.fingerprint
    assert one.ids.name == "element"


def test_listed_elements_keep_their_order_and_may_cover_nothing():
    objective = sm.Coverage(SETS, elements=["z", "c", "b", "a"])
    assert objective.ids.to_list() == ["z", "c", "b", "a"]
    assert objective.value("z") == 0
    assert gr.maximize(objective, 9).elements.to_list() == ["a", "c"]


def test_tables_matrices_arrays_and_dicts_say_the_same():
    dense = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]])
    names = ["a", "b", "c"]
    same = [
        sm.Coverage(SETS),
        sm.Coverage(SETS.lazy()),
        sm.Coverage.from_edges(SETS),
        sm.Coverage({"a": [1, 2], "b": {1}, "c": (3,)}),
        sm.Coverage(dense, elements=names),
        sm.Coverage(dense.astype(bool), elements=names),
        sm.Coverage(sparse.csr_array(dense), elements=names),
        sm.Coverage(sparse.coo_array(dense), elements=names),
    ]
    assert len({objective._inner.fingerprint for objective in same}) == 1
    assert {repr(objective) for objective in same} == {"Coverage(3 elements, 3 items)"}
    assert sm.Coverage(dense).ids.to_list() == [0, 1, 2]


def test_an_explicit_zero_of_a_matrix_covers_nothing():
    matrix = sparse.csr_array((np.array([0.0, 1.0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 2))
    assert sm.Coverage(matrix).value(0) == 1


@pytest.mark.parametrize(
    "ids",
    [
        [3, 1, 2],
        ["x", "z", "y"],
        [dt.date(2024, 1, 3), dt.date(2024, 1, 1), dt.date(2024, 1, 2)],
        pl.Series(["x", "z", "y"], dtype=pl.Categorical),
        pl.Series(["x", "z", "y"], dtype=pl.Enum(["z", "y", "x"])),
        pl.Series([2**100, 1, 2], dtype=pl.Int128),
    ],
)
def test_ids_of_any_kind_come_back_as_they_were(ids):
    frame = pl.DataFrame({"element": ids, "item": [1, 2, 2]})
    objective = sm.Coverage(frame)
    found = gr.maximize(objective, 1, candidates=[frame["element"][1]])
    assert found.elements.dtype == frame["element"].dtype
    assert found.elements.to_list() == [frame["element"][1]]
    assert frame["element"][2] in objective
    assert found.elements[0] in found


def test_weights_of_items_are_read_with_the_rows():
    frame = SETS.with_columns(w=pl.Series([2.0, 2.0, 5.0, 0.0]))
    assert sm.Coverage(frame, weight="w").value("a") == 7
    assert sm.Coverage(np.eye(2), weight=np.array([3.0, 4.0])).value([0, 1]) == 7
    with pytest.raises(
        InvalidDataError, match=r"'w', row 0: item 1 weighs 1\.0 here and 2\.0 in another row"
    ):
        sm.Coverage(SETS.with_columns(w=pl.Series([1.0, 2.0, 5.0, 0.0])), weight="w")
    with pytest.raises(InvalidArgumentError, match="a weight per column of a matrix"):
        sm.Coverage(SETS, weight=np.ones(3))


def test_a_table_of_neighbours_is_used_as_it_is():
    points = np.random.default_rng(0).random((30, 4))
    near = gr.knn(points, k=4)
    assert sm.FacilityLocation(near).value(near["node"].unique()) > 0
    everyone = sm.FacilityLocation(near, self_similarity=1.0)
    assert len(everyone) == 30
    assert everyone.value(range(30)) == pytest.approx(30)


def test_an_embedding_is_its_neighbours_and_itself():
    rng = np.random.default_rng(0)
    g = gr.Graph.from_edges((rng.integers(0, 40, 200), rng.integers(0, 40, 200)))
    emb = gr.fastrp(g, dim=8)
    objective = sm.FacilityLocation(emb, neighbors=5)
    assert objective.ids.to_list() == emb.ids.to_list()
    near = gr.knn(emb, 5).filter(pl.col("score") >= 0)
    assert objective.value(0) == pytest.approx(1 + near.filter(pl.col("node") == 0)["score"].sum())
    assert len(sm.LogDet(emb)) == len(emb)


MADE = {
    "coverage": lambda: sm.Coverage(SETS),
    "neighbours": lambda: sm.Coverage.from_graph(([0, 1], [1, 2])),
    "chances": lambda: sm.ProbabilisticCoverage(np.full((2, 2), 0.5)),
    "facility": lambda: sm.FacilityLocation(SIMILAR),
    "dense": lambda: sm.FacilityLocation(np.eye(3)),
    "queries": lambda: sm.QueryFacilityLocation(SIMILAR),
    "saturated": lambda: sm.SaturatedCoverage(SIMILAR),
    "cut": lambda: sm.GraphCut(np.ones((3, 3))),
    "features": lambda: sm.FeatureBased(np.eye(3), concave=0.5),
    "kernel": lambda: sm.LogDet(np.eye(3)),
    "vectors": lambda: sm.LogDet.from_vectors(np.eye(3)),
    "mixture": lambda: sm.Mixture([(1.0, sm.LogDet(np.eye(3))), (2.0, sm.FacilityLocation(np.eye(3)))]),
    "python": lambda: sm.Callable(["x", "y"], value=len),
}


@pytest.mark.parametrize("kind", MADE)
def test_an_objective_can_be_pickled_and_copied(kind):
    objective = MADE[kind]()
    for again in (pickle.loads(pickle.dumps(objective)), copy.deepcopy(objective)):  # noqa: S301
        assert type(again) is type(objective)
        assert repr(again) == repr(objective)
        assert again.ids.equals(objective.ids)
        assert again._inner.fingerprint == objective._inner.fingerprint
        assert again.value(again.ids) == objective.value(objective.ids)


def test_an_array_that_was_written_to_cannot_be_pickled_by_mistake():
    similarity = np.eye(3, dtype=np.float32)
    objective = sm.FacilityLocation(similarity)
    similarity[0, 1] = 0.5
    with pytest.raises(InvalidDataError, match="written to"):
        copy.deepcopy(objective)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (sm.Objective, InvalidTypeError, "one kind"),
        (lambda: sm.Coverage(SETS, item="items"), ColumnNotFoundError, "'items'"),
        (lambda: sm.Coverage(SETS, element=3), InvalidTypeError, "name of a column"),
        (lambda: sm.Coverage(7), InvalidTypeError, "int"),
        (lambda: sm.Coverage(SETS, elements=["a", "b"]), ElementNotFoundError, "row 3: 'c' .* add it to"),
        (lambda: sm.Coverage(SETS, elements=["a", "b", "a", "c"]), InvalidDataError, "position 2: 'a'"),
        (lambda: sm.Coverage(SETS, elements=["a", None]), InvalidDataError, "null at position 1"),
        (lambda: sm.Coverage(SETS, elements=[0.5]), InvalidTypeError, "Float64"),
        (
            lambda: sm.Coverage(np.eye(3), elements=["a"]),
            InvalidArgumentError,
            "an id per row of the matrix: 3",
        ),
        (lambda: sm.Coverage({"a": [None]}), InvalidDataError, "'item' is null in row 0"),
        (lambda: sm.Coverage({"a": [1], 2: [3]}), InvalidTypeError, "one type"),
        (
            lambda: sm.Coverage({"a": [1, 2], "b": "xy"}),
            InvalidTypeError,
            "'b' of a dict of sets .* got 'xy'",
        ),
        (
            lambda: sm.Coverage({"a": [1, 2], "b": ["x"]}),
            InvalidTypeError,
            r"element 'a' has 1 \(int\), element 'b' has 'x' \(str\)$",
        ),
        (lambda: sm.Coverage({"a": [1], "b": None}), InvalidTypeError, "'b' of a dict of sets .* got None"),
        (lambda: sm.Coverage(np.zeros(3)), InvalidArgumentError, "2 dimensions"),
        (lambda: sm.Coverage(np.array([[1.0, -1.0]])), InvalidDataError, r"entry \(0, 1\)"),
        (lambda: sm.Coverage.from_graph(([0], [1]), weight="w"), ColumnNotFoundError, "attribute 'w'"),
        (
            lambda: sm.ProbabilisticCoverage(SETS.with_columns(probability=pl.lit(1.5))),
            InvalidDataError,
            "'probability', row 0: a probability is at most 1, got 1.5",
        ),
        (
            lambda: sm.FacilityLocation(SIMILAR.with_columns(score=-pl.col("score"))),
            InvalidDataError,
            "'score' is -0.5 in row 0; a similarity is",
        ),
        (
            lambda: sm.FacilityLocation(SIMILAR.with_columns(score=pl.lit(math.nan))),
            InvalidDataError,
            "'score' is nan in row 0",
        ),
        (lambda: sm.FacilityLocation(SIMILAR, self_similarity=-1), InvalidArgumentError, "at least 0"),
        (lambda: sm.FacilityLocation(np.array([[1.0], [np.inf]])), InvalidDataError, "row 1"),
        (lambda: sm.FacilityLocation(np.zeros(3)), InvalidArgumentError, "2 dimensions"),
        (lambda: sm.QueryFacilityLocation(SIMILAR, eta=-1), InvalidArgumentError, "`eta`"),
        (lambda: sm.SaturatedCoverage(SIMILAR, saturation=0), InvalidArgumentError, "`saturation`"),
        (lambda: sm.GraphCut(np.ones((2, 2)), trade_off=1.9), InvalidArgumentError, "`trade_off`"),
        (lambda: sm.GraphCut(np.ones((2, 3))), InvalidArgumentError, "2 x 3"),
        (lambda: sm.GraphCut(np.array([[0.0, 1.0], [0.5, 0.0]])), InvalidArgumentError, "symmetric"),
        (lambda: sm.FeatureBased(np.eye(2), concave="tanh"), InvalidArgumentError, "'tanh'"),
        (lambda: sm.FeatureBased(np.eye(2), concave=1.5), InvalidArgumentError, "1.5"),
        (lambda: sm.LogDet(np.ones((2, 3))), InvalidArgumentError, "from_vectors"),
        (
            lambda: sm.LogDet(np.array([[1.0, 2.0], [2.0, 1.0]])).value([0, 1]),
            InvalidDataError,
            "semidefinite",
        ),
        (lambda: sm.LogDet(np.eye(2), alpha=0), InvalidArgumentError, "`alpha`"),
        (lambda: sm.Mixture([]), InvalidArgumentError, "at least one"),
        (lambda: sm.Mixture([(1.0, 3)]), InvalidTypeError, "int"),
        (lambda: sm.Mixture([sm.Coverage(SETS)]), InvalidTypeError, "pairs"),
        (lambda: sm.Mixture([(-1.0, sm.Coverage(SETS))]), InvalidDataError, "-1.0 in row 0"),
        (
            lambda: sm.Mixture([(1.0, sm.Coverage(SETS)), (1.0, sm.Coverage({"a": [1]}))]),
            InvalidArgumentError,
            "part 1 has other ids",
        ),
        (lambda: sm.Callable(["a"]), InvalidArgumentError, "neither"),
        (lambda: sm.Callable(["a"], len, len), InvalidArgumentError, "both"),
        (lambda: sm.Callable(["a"], 3), InvalidTypeError, "int"),
        (lambda: sm.Callable(["a", "a"], len), InvalidDataError, "comes twice"),
        (lambda: sm.Callable(["a"], lambda _: math.nan), InvalidArgumentError, "finite"),
        (lambda: sm.Callable(["a"], lambda _: "much"), InvalidTypeError, "'much'"),
        (
            lambda: sm.Coverage(SETS).value("d"),
            ElementNotFoundError,
            "'d' is not an element of this objective",
        ),
        (lambda: sm.Coverage(SETS).value(["a", 3]), InvalidTypeError, "one type"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_objects_of_networkx_are_ids_that_cannot_be_pickled():
    grid = pytest.importorskip("networkx").grid_2d_graph(3, 3)
    objective = sm.Coverage.from_graph(grid)
    best = gr.DynamicMaximizer(objective, 2)
    best.insert((1, 1))
    best.extend([(0, 0), (2, 2)])
    assert ((1, 1) in best, (9, 9) in best, best.candidates.to_list()) == (
        True,
        False,
        [(0, 0), (1, 1), (2, 2)],
    )
    assert gr.DynamicMaximizer.from_bytes(best.to_bytes(), objective).value == best.value
    with pytest.raises(ElementNotFoundError, match=r"\(9, 9\)"):
        best.insert((9, 9))
    with pytest.raises(InvalidTypeError, match="Python objects"):
        pickle.dumps(best)


def test_an_objective_may_be_empty():
    empty = sm.Coverage(SETS.clear())
    assert (len(empty), empty.value([])) == (0, 0)
    assert len(gr.maximize(empty, 3)) == 0
