"""Rows of a matrix that stand for all, in the style of scikit-learn and apricot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from graphrank._concave_sums import FeatureBased, SaturatedCoverage
from graphrank._coverage import Coverage
from graphrank._facility_location import FacilityLocation
from graphrank._graph_cut import GraphCut
from graphrank._knn import knn
from graphrank._objective import Objective, as_objective
from graphrank._relation import gathered
from graphrank._scipy import is_scipy
from graphrank._select import maximize
from graphrank._selection import Selection
from graphrank._typing import SelectionMethod
from graphrank._validate import one_of, positive_int
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["SubmodularSelector"]

_Function = Literal["facility_location", "saturated_coverage", "graph_cut", "feature_based", "max_coverage"]
_OF_SIMILARITIES: dict[str, Callable[..., Objective]] = {
    "facility_location": FacilityLocation,
    "saturated_coverage": SaturatedCoverage,
    "graph_cut": GraphCut,
}
_OF_FEATURES: dict[str, Callable[..., Objective]] = {"feature_based": FeatureBased, "max_coverage": Coverage}


class SubmodularSelector:
    """Selects rows of a matrix: ``fit`` ranks them, ``transform`` returns them.

    It selects *rows* (samples), as apricot does, and not columns: it belongs before a pipeline of scikit-learn rather
    than in one. It does not need scikit-learn.

    Parameters
    ----------
    n_samples
        How many rows at most.
    function
        What is maximised. Of how similar rows are: ``"facility_location"``, ``"saturated_coverage"`` or
        ``"graph_cut"``. Of the columns, which must not be negative: ``"feature_based"`` (square roots of sums) or
        ``"max_coverage"`` (how many columns have an entry other than 0). Or a function that makes an
        :class:`Objective` of the matrix.
    metric
        How similar rows are: ``"cosine"``, where it is not negative, or ``"precomputed"`` if the matrix holds
        similarities.
    neighbors
        How many of the most similar rows count for each row, by cosine; None counts all.
    method, eps, random_state
        ``method``, ``eps`` and ``seed`` of :func:`maximize`.

    Attributes
    ----------
    ranking
        The rows, the first pick first.
    gains
        What each adds to those before it.
    selection
        The same as a :class:`Selection`, with a bound that no choice exceeds.

    Examples
    --------
    >>> import numpy as np
    >>> from graphrank.submodular import SubmodularSelector
    >>> X = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    >>> selector = SubmodularSelector(2)
    >>> selector.fit_transform(X)
    array([[0.9, 0.1],
           [0. , 1. ]])
    >>> selector.ranking
    array([1, 2])
    """

    def __init__(
        self,
        n_samples: int = 10,
        function: _Function | Callable[[Any], Objective] = "facility_location",
        *,
        metric: Literal["cosine", "precomputed"] = "cosine",
        neighbors: int | None = None,
        method: SelectionMethod = "lazy",
        eps: float = 0.05,
        random_state: int = 0,
    ) -> None:
        self.n_samples = n_samples
        self.function = function
        self.metric = metric
        self.neighbors = neighbors
        self.method = method
        self.eps = eps
        self.random_state = random_state
        self._selection: Selection | None = None

    def fit(self, X: Any, y: object = None) -> SubmodularSelector:  # noqa: ARG002 - what others call fit with
        """Rank the rows of a matrix.

        Parameters
        ----------
        X
            A 2-D array or SciPy matrix with a row per sample; with ``metric="precomputed"`` a square one of
            similarities.
        y
            Ignored.

        Returns
        -------
        SubmodularSelector
            This selector.

        Raises
        ------
        InvalidArgumentError
            If a parameter is none of the words above or out of range.
        InvalidDataError
            If a number cannot be used: negative where it must not be, NaN or infinite.
        """
        matrix = X if is_scipy(X) else np.asarray(X)
        if len(matrix.shape) != 2:
            raise InvalidArgumentError(f"`X` must have 2 dimensions (rows, columns), got {len(matrix.shape)}")
        objective = self._objective(matrix)
        if len(objective) != matrix.shape[0]:
            raise InvalidArgumentError(
                f"`function` must make an objective with an element per row: {matrix.shape[0]}, got {len(objective)}"
            )
        n_samples = positive_int("n_samples", self.n_samples)
        self._selection = maximize(
            objective, n_samples, method=self.method, eps=self.eps, seed=self.random_state
        )
        return self

    def transform(self, X: Any, y: Any = None) -> Any:
        """The rows that were selected, in the order of the ranking.

        Parameters
        ----------
        X
            An array, matrix or frame with the rows that were fitted; other columns are fine.
        y
            Something with an entry per row; None for nothing.

        Returns
        -------
        array, or a pair of arrays if ``y`` is given
        """
        matrix = X if hasattr(X, "shape") else np.asarray(X)
        rows = matrix.iloc[self.ranking] if hasattr(matrix, "iloc") else matrix[self.ranking]
        return rows if y is None else (rows, np.asarray(y)[self.ranking])

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """What :meth:`transform` returns after :meth:`fit`."""
        return self.fit(X).transform(X, y)

    @property
    def selection(self) -> Selection:
        """The rows that were selected, with gains and bounds."""
        if self._selection is None:
            raise InvalidArgumentError("nothing is selected yet: call fit first")
        return self._selection

    @property
    def ranking(self) -> NDArray[np.int64]:
        """The rows that were selected, the first pick first."""
        return self.selection.elements.to_numpy().astype(np.int64)

    @property
    def gains(self) -> NDArray[np.float64]:
        """What each of :attr:`ranking` adds to those before it."""
        return self.selection.gains

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - what scikit-learn's clone asks
        """The parameters by name."""
        names = ("n_samples", "function", "metric", "neighbors", "method", "eps", "random_state")
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> SubmodularSelector:
        """Set some parameters by name."""
        unknown = sorted(set(params) - set(self.get_params()))
        if unknown:
            raise InvalidArgumentError(
                f"{unknown[0]!r} is no parameter; they are {', '.join(self.get_params())}"
            )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return f"SubmodularSelector({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"

    def _objective(self, matrix: Any) -> Objective:
        if callable(self.function):
            return as_objective(self.function(matrix))
        if matrix.dtype.kind not in "fiub":
            raise InvalidTypeError(f"`X` must hold real numbers, got {matrix.dtype}")
        word = one_of("function", self.function, get_args(_Function))
        if word in _OF_FEATURES:
            return _OF_FEATURES[word](matrix)
        if one_of("metric", self.metric, ("cosine", "precomputed")) == "precomputed":
            n_rows, n_columns = matrix.shape
            if n_rows != n_columns:
                raise InvalidArgumentError(
                    '`X` must have a row and a column per sample where `metric` is "precomputed", '
                    f"got {n_rows} x {n_columns}"
                )
            return _OF_SIMILARITIES[word](matrix)
        return _OF_SIMILARITIES[word](self._cosines(matrix), elements=range(matrix.shape[0]))

    def _cosines(self, matrix: Any) -> Any:
        """A table of neighbours, in which every row is its own."""
        n = matrix.shape[0]
        count = max(n, 1) if self.neighbors is None else positive_int("neighbors", self.neighbors) + 1
        dense = matrix.toarray() if is_scipy(matrix) else matrix
        near = knn(dense, min(count, max(n, 1)), method="exact", exclude_self=False)
        return gathered(near, np.flatnonzero(near["score"].to_numpy() > 0))
