"""Elements that are similar to all, and not to each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphrank import _core
from graphrank._objective import Objective
from graphrank._relation import Columns, Relation, read_square
from graphrank._run import QUIET
from graphrank._validate import finite_number
from graphrank.exceptions import InvalidArgumentError

__all__ = ["GraphCut"]


class GraphCut(Objective):
    """The similarity of the picks to all elements, ``trade_off`` times, less the similarity among the picks.

    The value of a set S is ``trade_off`` times the sum of s(e, u) over e in S and *all* elements u, less the sum of
    s(e, u) over e and u in S.

    Parameters
    ----------
    similarity
        A table with a row per pair of elements, either way round, as :func:`graphrank.knn` returns it (where a pair
        comes twice, the larger similarity counts); or a symmetric SciPy matrix or array. Similarities are finite and at
        least 0; pairs that are missing have similarity 0.
    trade_off
        What the similarity to all counts, at least 2: with less, an element could be worth less than nothing.
    element, other, score
        Names of columns of a table.
    elements
        As for :class:`FacilityLocation`.

    Raises
    ------
    InvalidArgumentError
        If ``trade_off`` is below 2, or a matrix is not symmetric.
    InvalidDataError
        If a similarity is null, NaN, infinite or negative.

    References
    ----------
    H. Lin, J. Bilmes: Multi-document Summarization via Budgeted Maximization of Submodular Functions. NAACL 2010.

    Examples
    --------
    >>> import polars as pl
    >>> from graphrank.submodular import GraphCut
    >>> near = pl.DataFrame({"query": ["a", "b"], "node": ["b", "c"], "score": [0.5, 1.0]})
    >>> GraphCut(near).value(["b"]), GraphCut(near).value(["b", "c"])
    (3.0, 3.0)
    """

    __slots__ = ()

    def __init__(
        self,
        similarity: Any,
        *,
        trade_off: float = 2.0,
        element: str = "query",
        other: str = "node",
        score: str = "score",
        elements: Any = None,
    ) -> None:
        factor = finite_number("trade_off", trade_off)
        if factor < 2:
            raise InvalidArgumentError(
                f"`trade_off` must be at least 2, or gains could be negative; got {trade_off!r}"
            )
        pairs = read_square(similarity, Columns(element, other, score, "similarity"), elements)
        entries = pairs.valued if pairs.is_matrix else _both_ways(pairs)
        make = _core.SubmodularObjective.graph_cut
        self._make(pairs.elements, make, entries, factor, QUIET, note=f"{len(entries[2]):,} similarities")


def _both_ways(pairs: Relation) -> Any:
    """Each pair once in either direction, with the larger of its similarities."""
    n = len(pairs.elements)
    values = pairs.valued[4]
    assert values is not None
    low, high = np.minimum(pairs.rows, pairs.others), np.maximum(pairs.rows, pairs.others)
    order = np.lexsort((-values, high, low))
    low, high, values = low[order], high[order], values[order]
    is_first = np.ones(len(low), dtype=bool)
    is_first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    low, high, values = low[is_first], high[is_first], values[is_first]
    is_pair = low != high
    return (
        n,
        n,
        np.concatenate([low, high[is_pair]]),
        np.concatenate([high, low[is_pair]]),
        np.concatenate([values, values[is_pair]]),
    )
