"""Sums that grow ever more slowly: of similarities up to a cap, and of features."""

from __future__ import annotations

from typing import Any, get_args

from graphrank import _core
from graphrank._facility_location import similarities
from graphrank._objective import Objective
from graphrank._relation import Columns, read_relation
from graphrank._run import QUIET
from graphrank._typing import Concave
from graphrank._validate import one_of, real_number
from graphrank.exceptions import InvalidArgumentError

__all__ = ["FeatureBased", "SaturatedCoverage"]


class SaturatedCoverage(Objective):
    """The sum over all clients of the similarities to the picks, of which a client takes no more than its fill.

    A client is full at the share ``saturation`` of its similarity to *all* elements.

    Parameters
    ----------
    similarity
        A table, SciPy matrix or array, as for :class:`FacilityLocation`.
    saturation
        The share at which a client is full, in (0, 1].
    element, client, score, self_similarity, elements
        As for :class:`FacilityLocation`.

    Raises
    ------
    InvalidArgumentError
        If ``saturation`` is out of range.
    InvalidDataError
        If a similarity is null, NaN, infinite or negative.

    References
    ----------
    H. Lin, J. Bilmes: A Class of Submodular Functions for Document Summarization. ACL 2011.

    Examples
    --------
    >>> import polars as pl
    >>> from graphrank.submodular import SaturatedCoverage
    >>> near = pl.DataFrame({"query": ["q"] * 3, "node": ["a", "b", "c"], "score": [1.0, 1.0, 2.0]})
    >>> SaturatedCoverage(near, saturation=0.5).value(["a", "c"])
    2.0
    """

    __slots__ = ()

    def __init__(
        self,
        similarity: Any,
        *,
        saturation: float = 0.25,
        element: str = "node",
        client: str = "query",
        score: str = "score",
        self_similarity: float | None = None,
        elements: Any = None,
    ) -> None:
        share = real_number("saturation", saturation)
        relation = similarities(similarity, Columns(element, client, score), self_similarity, elements)
        make = _core.SubmodularObjective.saturated_coverage
        note = f"{relation.n_others:,} clients"
        self._make(relation.elements, make, relation.valued, share, None, QUIET, note=note)


class FeatureBased(Objective):
    """The sum over features of a concave function of how much of the feature the picks have.

    Parameters
    ----------
    features
        A table with the columns ``element``, ``feature`` and ``amount``, or a SciPy matrix or array with a row per
        element and a column per feature. Amounts are finite and at least 0; several rows for one pair are added.
    concave
        What becomes of an amount: its ``"sqrt"``; ``"log1p"``, the logarithm of 1 more; or a number in (0, 1], the
        power it is raised to.
    element, feature, amount
        Names of columns of a table.
    elements
        As for :class:`Coverage`.

    Raises
    ------
    InvalidArgumentError
        If ``concave`` is none of these.
    InvalidDataError
        If an amount is null, NaN, infinite or negative.

    Examples
    --------
    >>> import numpy as np
    >>> from graphrank.submodular import FeatureBased
    >>> words = np.array([[4.0, 0.0], [5.0, 1.0]])
    >>> FeatureBased(words, concave="sqrt").value([0, 1])
    4.0
    """

    __slots__ = ()

    def __init__(
        self,
        features: Any,
        *,
        concave: Concave | float = "sqrt",
        element: str = "element",
        feature: str = "feature",
        amount: str = "amount",
        elements: Any = None,
    ) -> None:
        word, power = _shape(concave)
        relation = read_relation(features, Columns(element, feature, amount, "amount"), elements)
        make = _core.SubmodularObjective.feature_based
        note = f"{relation.n_others:,} features"
        self._make(relation.elements, make, relation.valued, None, word, power, QUIET, note=note)


def _shape(concave: Any) -> tuple[str, float]:
    """The word and the power that the core takes."""
    if isinstance(concave, str):
        return one_of("concave", concave, get_args(Concave)), 1.0
    power = real_number("concave", concave)
    if not 0 < power <= 1:
        raise InvalidArgumentError(f"`concave` as a power must be in (0, 1], got {concave!r}")
    return "power", power
