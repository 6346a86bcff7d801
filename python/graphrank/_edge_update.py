"""Tables of edges that come and go, as the codes the core takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrank import _core
from graphrank._edge_table import EdgeColumns, edge_columns
from graphrank._typing import EdgeTable, How
from graphrank._validate import one_of
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, NodeNotFoundError
from graphrank.graph import Graph

__all__ = ["UpdateTables", "apply_update"]

_NOTHING = (np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint32))


@dataclass(frozen=True)
class UpdateTables:
    """What an update was asked to do, as the caller gave it."""

    insert: EdgeTable | None
    delete: EdgeTable | None
    src: str
    dst: str
    weight: str | None
    duplicates: str


def apply_update(
    inner: _core.DynamicPpr | _core.DynamicIndex, graph: Graph, tables: UpdateTables, how: How
) -> None:
    """Carry out both tables as one step; a row that cannot be is named with its ids, and nothing is changed.

    ``graph`` has the nodes of what ``inner`` follows.
    """
    rule = one_of("duplicates", tables.duplicates, ("sum", "first", "max", "error"))
    deleted = _Edges.read(graph, tables.delete, tables.src, tables.dst, None)
    inserted = _Edges.read(graph, tables.insert, tables.src, tables.dst, tables.weight)
    weights = inserted.weights_for(graph)
    refused = inner.update(*deleted.codes, *inserted.codes, weights, rule, how)
    if refused is not None:
        table, row, problem = refused
        (deleted if table == "delete" else inserted).refuse(table, row, problem)


@dataclass(frozen=True)
class _Edges:
    """The rows of one table, as the caller gave them and as codes."""

    columns: EdgeColumns | None
    codes: tuple[NDArray[np.uint32], NDArray[np.uint32]]

    @classmethod
    def read(cls, graph: Graph, edges: EdgeTable | None, src: str, dst: str, weight: str | None) -> _Edges:
        if edges is None:
            return cls(None, _NOTHING)
        columns = edge_columns(edges, src, dst, weight)
        encode = graph._index.encode
        try:
            return cls(columns, (encode(columns.src, src), encode(columns.dst, dst)))
        except NodeNotFoundError as error:
            raise NodeNotFoundError(
                f"{error}; an update cannot add nodes: list them in a new graph"
            ) from error

    def weights_for(self, graph: Graph) -> NDArray[np.float64] | None:
        """The weights, which a weighted graph needs and another has no place for."""
        given = self.columns.weight if self.columns is not None else None
        if not graph.is_weighted:
            if given is not None:
                raise InvalidArgumentError("the graph is unweighted: leave out `weight`")
            return None
        if given is None and self.columns is not None:
            raise InvalidArgumentError("the graph is weighted: name the column of the weights, `weight=`")
        return given if given is not None else np.empty(0)

    def refuse(self, table: str, row: int, problem: str) -> None:
        assert self.columns is not None, "only rows of a table are refused"
        edge = f"{self.columns.src[row]!r} -> {self.columns.dst[row]!r}"
        raise InvalidDataError(f"`{table}`, row {row}, {edge}: {problem}")
