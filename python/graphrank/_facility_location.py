"""Elements that stand for clients: each client counts by the most similar element that is picked."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._knn import knn
from graphrank._objective import Objective
from graphrank._relation import Columns, Relation, gathered, read_relation, read_square, row_ids
from graphrank._run import QUIET
from graphrank._validate import finite_number
from graphrank.exceptions import InvalidArgumentError

__all__ = ["FacilityLocation", "QueryFacilityLocation", "similarities"]


class FacilityLocation(Objective):
    """The sum over all clients of the similarity to the most similar element that is picked.

    Clients are fixed, whichever elements are candidates: they are what is to be represented.

    Parameters
    ----------
    similarity
        A table with a row per pair of an element and a client, as :func:`graphrank.knn` returns it; a SciPy matrix with
        a row per element and a column per client; a 2-D array of the same shape, which is read as 32-bit floats; or
        an ``Embedding``, of which every node is an element and a client. Similarities are finite and at least 0; pairs
        that are missing have similarity 0.
    element, client, score
        Names of columns of a table: the defaults are those of :func:`graphrank.knn`, whose neighbours are elements and
        whose queries are clients.
    self_similarity
        What every id is to itself, if a table leaves that out, as :func:`graphrank.knn` does: 1.0 for cosines. All
        clients are then elements too. None takes the table as it is.
    neighbors
        Of an ``Embedding``, how many of the nearest neighbours of each node by cosine are similar to it, besides
        itself; those of a negative cosine are not.
    elements
        The ids of all elements, if some are similar to nothing or their order matters: elements that add the same are
        picked in this order. None takes those in the table, sorted; of a matrix, the row numbers.

    Raises
    ------
    ColumnNotFoundError, ElementNotFoundError
        If a column does not exist; if an id of the table is not among ``elements``.
    InvalidDataError
        If a similarity is null, NaN, infinite or negative; the message names column and row. Distances, such as those
        of ``metric="l2"``, are no similarities.

    Notes
    -----
    A table or SciPy matrix takes 12 bytes per pair, and a gain as long as the element has clients. An array takes
    4 bytes per pair of *any* element and client: for more than some 20,000 elements, give the neighbours instead.

    Examples
    --------
    >>> import graphrank as gr
    >>> import numpy as np
    >>> from graphrank.submodular import FacilityLocation
    >>> points = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
    >>> near = gr.knn(points, k=1)
    >>> gr.maximize(FacilityLocation(near, self_similarity=1.0), 2).elements.to_list()
    [0, 2]
    """

    __slots__ = ()

    def __init__(
        self,
        similarity: Any,
        *,
        element: str = "node",
        client: str = "query",
        score: str = "score",
        self_similarity: float | None = None,
        neighbors: int = 32,
        elements: Any = None,
    ) -> None:
        if isinstance(similarity, np.ndarray):
            self._read_array(similarity, elements)
            return
        if hasattr(similarity, "vectors") and hasattr(similarity, "ids"):
            elements = similarity.ids if elements is None else elements
            similarity, self_similarity = _near(similarity, neighbors), 1.0
            element, client, score = "node", "query", "score"
        relation = similarities(similarity, Columns(element, client, score), self_similarity, elements)
        make = _core.SubmodularObjective.facility_location
        note = f"{relation.n_others:,} clients"
        self._make(relation.elements, make, relation.entries, None, QUIET, note=note)

    def _read_array(self, similarity: NDArray[Any], elements: Any) -> None:
        if similarity.ndim != 2 or similarity.dtype.kind not in "fiub":
            raise InvalidArgumentError(
                f"an array must hold real numbers in 2 dimensions, got {similarity.dtype} in {similarity.ndim}"
            )
        with np.errstate(over="ignore"):  # what becomes infinite is refused by its row
            matrix = np.ascontiguousarray(similarity, dtype=np.float32)
        make = _core.SubmodularObjective.dense_facility_location
        self._make(row_ids(len(matrix), elements), make, matrix, QUIET, note=f"{matrix.shape[1]:,} clients")


class QueryFacilityLocation(Objective):
    """What represents a set of queries: each query by its most similar pick, and each pick by its most similar query.

    The value is the sum over the queries of the similarity to the most similar pick, plus ``eta`` times the sum over
    the picks of the similarity to the most similar query: facility location focused on queries, as a measure of mutual
    information.

    Parameters
    ----------
    similarity
        A table with a row per pair of an element and a query, or a SciPy matrix or array with a row per element and a
        column per query. Similarities are finite and at least 0; pairs that are missing have similarity 0.
    element, query, score
        Names of columns of a table.
    eta
        What the similarity of a pick to its query counts, at least 0. With 0 no more is picked once every query has
        its best; the larger, the closer the picks are to the queries, and the more alike.
    elements
        As for :class:`FacilityLocation`.

    Raises
    ------
    InvalidDataError
        If a similarity is null, NaN, infinite or negative.

    References
    ----------
    R. Iyer, N. Khargoankar, J. Bilmes, H. Asnani: Submodular Combinatorial Information Measures with Applications in
    Machine Learning. ALT 2021.

    Examples
    --------
    >>> import polars as pl
    >>> from graphrank.submodular import QueryFacilityLocation
    >>> near = pl.DataFrame({"query": ["q", "q"], "node": ["a", "b"], "score": [0.9, 0.5]})
    >>> QueryFacilityLocation(near).value(["a", "b"])
    2.3
    """

    __slots__ = ()

    def __init__(
        self,
        similarity: Any,
        *,
        element: str = "node",
        query: str = "query",
        score: str = "score",
        eta: float = 1.0,
        elements: Any = None,
    ) -> None:
        relation = read_relation(similarity, Columns(element, query, score, "similarity"), elements)
        make = _core.SubmodularObjective.query_facility_location
        note = f"{relation.n_others:,} queries"
        self._make(relation.elements, make, relation.entries, finite_number("eta", eta), QUIET, note=note)


def similarities(given: Any, columns: Columns, self_similarity: float | None, elements: Any) -> Relation:
    """Similarities of elements and clients; with ``self_similarity`` both are the same."""
    columns = Columns(columns.element, columns.other, columns.value, "similarity")
    if self_similarity is None:
        return read_relation(given, columns, elements)
    itself = finite_number("self_similarity", self_similarity)
    if itself < 0:
        raise InvalidArgumentError(f"`self_similarity` must be at least 0, got {self_similarity!r}")
    pairs = read_square(given, columns, elements)
    n = len(pairs.elements)
    everyone = np.arange(n, dtype=np.uint32)
    values = pairs.valued[4]
    assert values is not None
    return Relation(
        pairs.elements,
        n,
        np.concatenate([pairs.rows, everyone]),
        np.concatenate([pairs.others, everyone]),
        np.concatenate([values, np.full(n, itself)]),
    )


def _near(embedding: Any, neighbors: int) -> pl.DataFrame:
    near = knn(embedding, neighbors, method="exact")
    return gathered(near, np.flatnonzero(near["score"].to_numpy() >= 0))
