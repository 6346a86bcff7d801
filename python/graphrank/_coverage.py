"""Elements that cover items: for certain, or with a chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._convert import as_graph
from graphrank._edge_table import as_frame, checked_weights, number_column, pick
from graphrank._element_ids import ElementIndex
from graphrank._objective import Objective
from graphrank._relation import Columns, Relation, read_relation
from graphrank._run import QUIET
from graphrank._suggest import did_you_mean
from graphrank._typing import GraphLike
from graphrank.exceptions import ColumnNotFoundError, InvalidArgumentError, InvalidDataError

__all__ = ["Coverage", "ProbabilisticCoverage"]


class Coverage(Objective):
    """The number, or the weight, of the items that some element covers.

    Parameters
    ----------
    sets
        A table with a row per pair of an element and an item, in the columns ``element`` and ``item``; a dict
        ``{element: items}``; or a SciPy matrix or array with a row per element and a column per item, whose entries
        other than 0 are the pairs.
    element, item
        Names of columns of a table.
    weight
        What an item counts: the name of a column of the table, which must say the same for all rows of an item; or,
        of a matrix, an array with a weight per column. Finite and at least 0. None counts every item once.
    elements
        The ids of all elements, if some cover nothing or their order matters: elements that add the same are picked
        in this order. None takes those in the table, sorted; of a matrix, the row numbers.

    Raises
    ------
    ColumnNotFoundError
        If a column does not exist.
    ElementNotFoundError
        If an id of the table is not among ``elements``.
    InvalidDataError
        If an id is null, or a weight is null, NaN, infinite, negative or not the same for all rows of an item; the
        message names column and row.

    Notes
    -----
    A gain takes as long as the element has items; so do its gains with regard to all prefixes of a sequence of picks.

    Examples
    --------
    >>> import graphrank as gr
    >>> import polars as pl
    >>> from graphrank.submodular import Coverage
    >>> sets = pl.DataFrame({"element": ["a", "a", "b", "b", "c"], "item": [1, 2, 2, 3, 4]})
    >>> gr.maximize(Coverage(sets), 2).to_polars().rows()
    [(1, 'a', 2.0), (2, 'b', 1.0)]
    """

    __slots__ = ()

    def __init__(
        self,
        sets: Any,
        *,
        element: str = "element",
        item: str = "item",
        weight: str | NDArray[Any] | None = None,
        elements: Any = None,
    ) -> None:
        relation, weights = _weighted(sets, Columns(element, item), weight, elements)
        entries = (*relation.entries[:4], None)
        note = f"{relation.n_others:,} items"
        self._make(relation.elements, _core.SubmodularObjective.coverage, entries, weights, QUIET, note=note)

    @classmethod
    def from_edges(
        cls,
        frame: Any,
        element: str = "element",
        item: str = "item",
        weight: str | None = None,
        *,
        elements: Any = None,
    ) -> Coverage:
        """From a table with a row per pair of an element and an item: the same as ``Coverage(frame, ...)``.

        Examples
        --------
        >>> import polars as pl
        >>> from graphrank.submodular import Coverage
        >>> visits = pl.DataFrame({"user": [1, 1, 2], "page": ["a", "b", "b"], "worth": [2.0, 1.0, 1.0]})
        >>> Coverage.from_edges(visits, "user", "page", "worth").value([1])
        3.0
        """
        return cls(frame, element=element, item=item, weight=weight, elements=elements)

    @classmethod
    def from_graph(cls, graph: GraphLike, closed: bool = True, *, weight: str | None = None) -> Coverage:
        """The nodes that some chosen node links to.

        Parameters
        ----------
        graph
            Anything :func:`graphrank.as_graph` reads. Elements and items are its nodes; a node covers those that its
            edges go to.
        closed
            Whether a node covers itself as well.
        weight
            Name of a node attribute with what a node counts; None counts every node once.

        Examples
        --------
        >>> import graphrank as gr
        >>> from graphrank.submodular import Coverage
        >>> star = gr.Graph.from_edges((["hub", "hub", "far"], ["a", "b", "c"]))
        >>> gr.maximize(Coverage.from_graph(star), 2).elements.to_list()
        ['hub', 'far']
        """
        g = as_graph(graph)
        weights = None if weight is None else _attribute(g.nodes, weight)
        objective = object.__new__(cls)
        note = f"{g.n_nodes:,} items"
        make = _core.SubmodularObjective.neighbor_coverage
        objective._make(ElementIndex(g._index.ids), make, g, bool(closed), weights, QUIET, note=note)
        return objective


class ProbabilisticCoverage(Objective):
    """The expected number, or weight, of the items that are covered, by each element with a chance of its own.

    An item is covered with probability 1 - (1 - p_1)(1 - p_2) ..., over the elements that are picked.

    Parameters
    ----------
    chances
        A table with the columns ``element``, ``item`` and ``probability``, or a SciPy matrix or array of
        probabilities with a row per element. Several rows for one pair are independent chances.
    element, item, probability
        Names of columns of a table.
    weight, elements
        As for :class:`Coverage`.

    Raises
    ------
    InvalidDataError
        If a probability is not in [0, 1]; the message names column and row. As for :class:`Coverage`.

    Examples
    --------
    >>> import polars as pl
    >>> from graphrank.submodular import ProbabilisticCoverage
    >>> ads = pl.DataFrame({"element": ["a", "b"], "item": ["ann", "ann"], "probability": [0.5, 0.5]})
    >>> ProbabilisticCoverage(ads).value(["a", "b"])
    0.75
    """

    __slots__ = ()

    def __init__(
        self,
        chances: Any,
        *,
        element: str = "element",
        item: str = "item",
        probability: str = "probability",
        weight: str | NDArray[Any] | None = None,
        elements: Any = None,
    ) -> None:
        columns = Columns(element, item, probability, "probability")
        relation, weights = _weighted(chances, columns, weight, elements)
        entries = relation.valued
        values = entries[4]
        assert values is not None
        if values.size and values.max() > 1:
            row = int(np.flatnonzero(values > 1)[0])
            where = (
                f"entry {row} of the matrix" if relation.is_matrix else f"column {probability!r}, row {row}"
            )
            raise InvalidDataError(f"{where}: a probability is at most 1, got {values[row]}")
        make = _core.SubmodularObjective.probabilistic_coverage
        note = f"{relation.n_others:,} items"
        self._make(relation.elements, make, entries, weights, QUIET, note=note)


def _weighted(
    given: Any, columns: Columns, weight: Any, elements: Any
) -> tuple[Relation, NDArray[np.float64] | None]:
    """A relation and the weight of each of its items."""
    if not isinstance(weight, str):
        relation = read_relation(given, columns, elements)
        if weight is None:
            return relation, None
        weights = checked_weights(number_column("weight", weight))
        if len(weights) != relation.n_others or not relation.is_matrix:
            raise InvalidArgumentError(
                "`weight` is the name of a column of a table, or an array with a weight per column of a matrix "
                f"({relation.n_others:,}), got {len(weights):,} numbers"
            )
        return relation, weights
    frame = as_frame(given, "table")
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect(engine="streaming")
    relation = read_relation(frame, columns, elements)
    column = pick(frame, [weight])[0]
    given_weights = checked_weights(column)
    weights = np.zeros(relation.n_others)
    weights[relation.others] = given_weights
    differs = np.flatnonzero(weights[relation.others] != given_weights)
    if differs.size:
        row = int(differs[0])
        item = frame[columns.other][row]
        raise InvalidDataError(
            f"column {weight!r}, row {row}: item {item!r} weighs {given_weights[row]} here and "
            f"{weights[relation.others[row]]} in another row; an item has one weight"
        )
    return relation, weights


def _attribute(nodes: pl.DataFrame, name: str) -> NDArray[np.float64]:
    if name not in nodes.columns[1:]:
        listed = ", ".join(map(repr, nodes.columns[1:])) or "none"
        hint = did_you_mean(name, pl.Series(nodes.columns[1:], dtype=pl.String))
        raise ColumnNotFoundError(f"there is no node attribute {name!r}; the attributes are {listed}{hint}")
    return checked_weights(nodes[name])
