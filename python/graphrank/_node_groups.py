"""The group of every node, element or item, from wherever the caller keeps it, as a number from 0 on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import as_frame
from graphrank._forked import refuse_without_pool
from graphrank._ids import NodeIndex
from graphrank._suggest import did_you_mean
from graphrank._typing import Ungrouped
from graphrank.exceptions import ColumnNotFoundError, InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = ["NO_GROUP", "NodeGroups", "node_groups", "one_group"]

NO_GROUP = 255
"""The number of nodes that belong to no group."""

_MOST_GROUPS = 64
_OTHER_GROUPS = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Date)


@dataclass(frozen=True)
class NodeGroups:
    """Which node belongs to which group.

    Attributes
    ----------
    names
        What the groups are called, by their numbers; rising, and None, if it is one, last.
    codes
        The number of the group of every node, or ``NO_GROUP``: uint8 of shape (n_nodes,).
    column
        The group of every node as the caller calls it; None if nodes have no groups.
    """

    names: list[Any]
    codes: NDArray[np.uint8]
    column: pl.Series | None

    def of(self, members: NDArray[np.uint32]) -> pl.Series:
        """The groups of ``members``, as the caller calls them."""
        if self.column is None:
            return pl.Series("group", [None] * len(members), dtype=pl.Null)
        return self.column.gather(pl.Series(members)).alias("group")

    def count(self, members: NDArray[Any]) -> list[int]:
        """How many of ``members``, codes of nodes or a mask, each group has."""
        counts = np.bincount(self.codes[members], minlength=NO_GROUP + 1)
        return [int(count) for count in counts[: len(self.names)]]

    def index(self, name: Any, what: str) -> int:
        """The number of the group ``name``, that the argument ``what`` speaks of."""
        try:
            return self.names.index(name)
        except ValueError:
            listed = ", ".join(map(repr, self.names))
            known = pl.Series([each for each in self.names if isinstance(each, str)], dtype=pl.String)
            hint = did_you_mean(name, known)
            raise InvalidArgumentError(
                f"`{what}`: there is no group {name!r}; the groups are {listed}{hint}"
            ) from None


def one_group(n_nodes: int) -> NodeGroups:
    """All nodes in one group, which has no name."""
    return NodeGroups([None], np.zeros(n_nodes, dtype=np.uint8), None)


def node_groups(
    nodes: pl.DataFrame,
    index: NodeIndex,
    groups: Any,
    ungrouped: Ungrouped,
    *,
    noun: str = "node",
    most_groups: int = _MOST_GROUPS,
) -> NodeGroups:
    """Read ``groups``, in any of the accepted forms; ``nodes`` are the ids of ``index`` and the attributes.

    ``noun`` is what has these ids, for messages and as the name of their column.
    """
    column = _column(nodes, index, groups, noun)
    dtype = column.dtype
    if dtype.is_float():
        raise InvalidTypeError(f"`groups` holds {dtype} values; cast them to integers or strings")
    if not (dtype.is_integer() or isinstance(dtype, _OTHER_GROUPS) or dtype == pl.Null):
        raise InvalidTypeError(
            f"`groups` holds {dtype} values; groups are integers, strings, categoricals, booleans or dates, all "
            "of one type"
        )
    if not len(index):
        return one_group(0)
    is_null = column.is_null().to_numpy()
    if ungrouped != "own" and is_null.all():
        raise InvalidDataError(f"`groups`: no {noun} has a group")
    if ungrouped == "error" and is_null.any():
        node, more = index.ids[int(is_null.argmax())], int(is_null.sum()) - 1
        others = f" (nor have {more} more)" if more else ""
        raise InvalidDataError(
            f"`groups`: {noun} {node!r} has no group{others}; `ungrouped` may leave such {noun}s out ('exclude') or "
            "make them a group of their own ('own')"
        )
    names, codes = _numbered(column, most_groups)
    if ungrouped == "own" and is_null.any():
        codes[is_null] = len(names)
        names.append(None)
    if len(names) > most_groups:
        raise _too_many(len(names), most_groups)
    return NodeGroups(names, codes, column)


def _numbered(column: pl.Series, most: int) -> tuple[list[Any], NDArray[np.uint8]]:
    """The distinct values, rising, and the position of each row's value among them; without the pool of Polars."""
    codes = np.full(len(column), NO_GROUP, dtype=np.uint8)
    is_there = column.is_not_null()
    there = column.gather(is_there.arg_true())
    if not len(there):
        return [], codes
    distinct = there.gather(there.is_first_distinct().arg_true())
    if len(distinct) > most:
        raise _too_many(len(distinct), most)
    names = distinct.to_list()
    order = sorted(range(len(names)), key=names.__getitem__)
    texts = pl.Enum(_texts(distinct.gather(order)))
    codes[is_there.to_numpy()] = _texts(there).cast(texts).to_physical().to_numpy()
    return [names[i] for i in order], codes


def _texts(values: pl.Series) -> pl.Series:
    """A text for each value, another for every other value of the column."""
    return values.to_physical().cast(pl.String)


def _too_many(n_groups: int, most: int) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"`groups` has {n_groups} different values; at most {most} groups are possible"
    )


def _column(nodes: pl.DataFrame, index: NodeIndex, groups: Any, noun: str) -> pl.Series:
    """The group of every node, in the order of the nodes; null for those without."""
    if isinstance(groups, str) and noun == "node":
        return _attribute(nodes, groups)
    if isinstance(groups, Mapping):
        return _spread(index, list(groups), _series(list(groups.values()), noun), noun)
    if isinstance(groups, (pl.DataFrame, pl.LazyFrame)) or hasattr(groups, "columns"):
        return _from_frame(index, groups, noun)
    column = _series(groups, noun)
    if len(column) != len(index):
        raise InvalidArgumentError(
            f"`groups` as a column has a row per {noun}, here {len(index)}, got {len(column)}; a dict or a frame with "
            f"a column {noun!r} says whose each group is"
        )
    return column


def _attribute(nodes: pl.DataFrame, name: str) -> pl.Series:
    known = nodes.columns[1:]
    if name not in known:
        listed = ", ".join(map(repr, known)) or "none"
        hint = did_you_mean(name, pl.Series(known, dtype=pl.String))
        raise ColumnNotFoundError(
            f"`groups`: there is no node attribute {name!r}; the attributes are {listed}{hint}"
        )
    return nodes[name]


def _from_frame(index: NodeIndex, groups: Any, noun: str) -> pl.Series:
    frame = as_frame(groups, "groups")
    if isinstance(frame, pl.LazyFrame):
        refuse_without_pool("computing a LazyFrame")
        frame = frame.collect(engine="streaming")
    others = [name for name in frame.columns if name != noun]
    name = "group" if "group" in others else others[0] if len(others) == 1 else None
    if noun not in frame.columns or name is None:
        listed = ", ".join(map(repr, frame.columns)) or "none"
        raise ColumnNotFoundError(
            f"`groups` as a frame has the columns {noun!r} and 'group' (or one of another name); its columns are "
            f"{listed}"
        )
    return _spread(index, frame[noun], frame[name], noun)


def _spread(index: NodeIndex, ids: Any, values: pl.Series, noun: str) -> pl.Series:
    """The values of ``ids`` in the order of the nodes."""
    codes = index.encode(ids, "groups")
    position = np.full(len(index), -1, dtype=np.int64)
    position[codes] = np.arange(len(codes))
    again = np.flatnonzero(position[codes] != np.arange(len(codes)))
    if again.size:
        node = index.ids[int(codes[again[0]])]
        raise InvalidDataError(
            f"`groups`: {node!r} is listed again after row {again[0]}; each {noun} has one group"
        )
    rows = pl.Series(position)
    return values.gather(rows.set(rows < 0, None))


def _series(values: Any, noun: str) -> pl.Series:
    if isinstance(values, (str, bytes, int)) or not hasattr(values, "__len__"):
        name = "the name of a node attribute, " if noun == "node" else ""
        raise InvalidTypeError(
            f"`groups` must be {name}a column in the order of the {noun}s, a frame with the columns {noun!r} and "
            f"'group' or a dict, got {values!r}"
        )
    try:
        return pl.Series("group", values)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise InvalidTypeError(f"`groups` must hold values of one type: {reason}") from error
