"""FastRP as a scikit-learn estimator.

The class inherits from scikit-learn's, so this module is imported on first use only: see ``embedding.__getattr__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrank._fastrp import embed, kept_powers
from graphrank._fastrp_params import FastRPParams, Preset, Sparsity, fastrp_params
from graphrank._kept_powers import KeptPowers
from graphrank._optional import import_optional
from graphrank._run import QUIET
from graphrank._typing import Direction, Float
from graphrank._validate import positive_int, seed_number
from graphrank.exceptions import InvalidDataError, InvalidTypeError
from graphrank.graph import Graph

__all__ = ["FastRP"]

import_optional("sklearn", "graphrank.embedding.FastRP")

import scipy.sparse as sparse  # noqa: E402 - scikit-learn brings it; the line above says so where it is missing
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin  # noqa: E402
from sklearn.utils import check_random_state  # noqa: E402
from sklearn.utils.metaestimators import available_if  # noqa: E402
from sklearn.utils.validation import check_is_fitted, validate_data  # noqa: E402


class FastRP(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Vectors for the nodes of an adjacency matrix, for pipelines of scikit-learn.

    The same as :func:`graphrank.fastrp` of the graph whose edge i -> j is the entry (i, j), with the row numbers as
    ids. A symmetric matrix is an undirected graph.

    Parameters
    ----------
    n_components
        Columns of the embedding.
    weights, normalization_strength, self_influence, sparsity, normalize, refine, direction, preset, dtype, state, \
    memory_limit
        As in :func:`graphrank.fastrp`.
    random_state
        Of the projection: a whole number is the ``seed`` of :func:`graphrank.fastrp`; None and a ``RandomState`` draw
        one.

    Attributes
    ----------
    embedding_
        Vectors of the nodes of the matrix that was fitted, of shape (n_nodes, n_components).
    isolated_
        Rows whose vector is zero because they have no neighbours.
    n_features_in_
        Number of nodes.

    Notes
    -----
    Needs scikit-learn: ``pip install 'graphrank-engine[sklearn]'``. The columns of the matrix are nodes, as are its
    rows: cross-validation splits both (the estimator is tagged ``pairwise``). To tune parameters for a classifier, put
    the labels of known nodes beside ``fit_transform`` of the whole matrix instead; the embedding never sees labels.

    Examples
    --------
    >>> from graphrank.embedding import FastRP
    >>> import scipy.sparse
    >>> path = scipy.sparse.diags_array([[1.0] * 9, [1.0] * 9], offsets=[-1, 1])
    >>> FastRP(n_components=4, random_state=0).fit_transform(path).shape
    (10, 4)
    """

    def __init__(
        self,
        n_components: int = 128,
        *,
        weights: Sequence[float] | None = None,
        normalization_strength: float | None = None,
        self_influence: float = 0.0,
        sparsity: Sparsity | None = None,
        normalize: bool = True,
        refine: int = 0,
        direction: Direction = "both",
        preset: Preset | None = None,
        dtype: Float = "float32",
        state: Float = "float32",
        memory_limit: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.weights = weights
        self.normalization_strength = normalization_strength
        self.self_influence = self_influence
        self.sparsity = sparsity
        self.normalize = normalize
        self.refine = refine
        self.direction = direction
        self.preset = preset
        self.dtype = dtype
        self.state = state
        self.memory_limit = memory_limit
        self.random_state = random_state

    def fit(self, X: Any, y: object = None) -> FastRP:  # noqa: ARG002 - every estimator takes it
        """Embed the nodes of an adjacency matrix.

        Parameters
        ----------
        X
            Square, SciPy sparse or an array: entry (i, j) is the weight of the edge i -> j, at least 0.
        y
            Ignored.

        Returns
        -------
        FastRP
            This estimator.

        Raises
        ------
        InvalidArgumentError
            If the matrix is not square or a parameter is out of range.
        InvalidDataError
            If a weight is negative.
        InvalidTypeError
            If it is a :class:`graphrank.Graph` instead of a matrix.
        """
        if isinstance(X, Graph):
            raise InvalidTypeError(
                "`X` must be an adjacency matrix: give graph.to_scipy(), or use graphrank.fastrp"
            )
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32])
        graph = Graph.from_scipy(_weights(X))
        limit = None if self.memory_limit is None else positive_int("memory_limit", self.memory_limit)
        params = fastrp_params(
            graph.n_nodes,
            dim=positive_int("n_components", self.n_components),
            weights=self.weights,
            normalization_strength=self.normalization_strength,
            self_influence=self.self_influence,
            sparsity=self.sparsity,
            normalize=self.normalize,
            refine=self.refine,
            feature_ratio=0.0,
            direction=self.direction,
            preset=self.preset,
            dtype=self.dtype,
            state=self.state,
            seed=_seed(self.random_state),
        )
        fitted = embed(graph, params, None, limit, None, False, QUIET)
        self.embedding_ = fitted.vectors
        self.isolated_ = fitted.isolated.to_numpy()
        self._fitted = _Fitted(graph, params)
        return self

    def fit_transform(self, X: Any, y: object = None, **_: object) -> NDArray[np.floating[Any]]:
        """Embed the nodes of an adjacency matrix and return their vectors, of shape (n_nodes, n_components).

        Parameters
        ----------
        X, y
            As in :meth:`fit`.
        """
        return self.fit(X, y).embedding_.copy()

    def transform(self, X: Any) -> NDArray[np.floating[Any]]:
        """Vectors of new nodes from their edges to the nodes that were fitted, of shape (n_new_nodes, n_components).

        Parameters
        ----------
        X
            Of shape (n_new_nodes, n_nodes): entry (i, j) is the weight of the edge of new node i to node j.

        Returns
        -------
        numpy.ndarray
            Of the rows that were fitted, what ``fit_transform`` returned, if they have no random rows of their own
            (``self_influence=0``) and edges are read the way they are stored: the matrix is symmetric, or
            ``direction="out"``. Nodes that were fitted never move.

        Raises
        ------
        InvalidDataError
            If a weight is negative.

        Notes
        -----
        There is no such method if the estimator refines: refined vectors depend on the whole graph. The first call
        computes the powers of the embedding, which takes as long as ``fit`` did, and keeps them: 4 * ``n_components``
        bytes per node and power.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        n, n_new = X.shape[1], X.shape[0]
        below = sparse.vstack([sparse.csr_array((n, n)), _weights(X)], format="csr")
        square = sparse.csr_array((below.data, below.indices, below.indptr), shape=(n + n_new, n + n_new))
        return self._fitted.rows_of(Graph.from_scipy(square, directed=True)).astype(self.dtype, copy=False)

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_.shape[1])

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "embedding_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = True
        tags.input_tags.positive_only = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _extends(estimator: FastRP) -> bool:
    return estimator.refine == 0


# After the class is made, because that wraps the method in the conversions of set_output, which would hide this.
FastRP.transform = available_if(_extends)(FastRP.transform)  # type: ignore[method-assign]


@dataclass(eq=False)
class _Fitted:
    """What new nodes are embedded from: the powers of the graph, computed when they are first needed."""

    graph: Graph
    params: FastRPParams

    @cached_property
    def _powers(self) -> KeptPowers:
        keys = np.arange(self.graph.n_nodes, dtype=np.uint64)
        return kept_powers(self.graph, (keys, None, None), self.params, None, QUIET)

    def rows_of(self, with_new: Graph) -> NDArray[np.float32]:
        """Vectors of the nodes that ``with_new`` has beyond the graph."""
        new_keys = np.arange(self.graph.n_nodes, with_new.n_nodes, dtype=np.uint64)
        return self._powers.rows_of(with_new._inner, (new_keys, None, None), QUIET)

    def __getstate__(self) -> dict[str, Any]:
        """Without the powers, which only a running process holds."""
        return {"graph": self.graph, "params": self.params}


def _weights(X: Any) -> Any:
    """A checked matrix as SciPy's, if no weight is negative."""
    matrix: Any = X if sparse.issparse(X) else sparse.csr_array(X)
    if matrix.data.size and matrix.data.min() < 0:
        k = int(np.flatnonzero(matrix.data < 0)[0])
        row = int(np.searchsorted(matrix.indptr, k, side="right")) - 1
        # Begins with the words that scikit-learn looks for.
        raise InvalidDataError(
            f"Negative values in data passed to FastRP: entry ({row}, {matrix.indices[k]}) of `X` is {matrix.data[k]}; "
            "a weight is at least 0"
        )
    return matrix


def _seed(random_state: Any) -> int:
    """A whole number as it is; else one that is drawn."""
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        return seed_number("random_state", random_state)
    return int(check_random_state(random_state).randint(0, 2**32, dtype=np.uint64))
