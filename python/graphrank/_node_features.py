"""Features of nodes, from wherever the caller keeps them, as a matrix whose rows are the nodes."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import as_frame
from graphrank._forked import refuse_without_pool
from graphrank._ids import MISSING, NodeIndex
from graphrank._node_keys import text_keys
from graphrank._suggest import did_you_mean
from graphrank.exceptions import (
    ColumnNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    NodeNotFoundError,
)

__all__ = ["Matrix", "node_features"]

_STEP = 1 << 20
"""Numbers that are narrowed and looked at at a time; between two steps Ctrl-C is heard."""

Matrix: TypeAlias = tuple[NDArray[np.float32], NDArray[np.uint64]]


def node_features(nodes: pl.DataFrame, index: NodeIndex, features: Any) -> Matrix:
    """A float32 row of features per node, and a key per feature: the hash of its name, or its number if it has none.

    ``nodes`` are the ids of ``index`` and the attributes beside them.
    """
    if isinstance(features, str):
        features = [features]
    if isinstance(features, (list, tuple)) and features and all(isinstance(name, str) for name in features):
        return _matrix(_attributes(nodes, list(features)))
    if isinstance(features, np.ndarray):
        return _from_array(len(index), features)
    try:
        frame = as_frame(features, "features")
    except InvalidTypeError as error:
        raise InvalidTypeError(
            "`features` must be names of node attributes, an array of shape (n_nodes, n_features) or a frame with a "
            f"column 'node' and the features, got {type(features).__name__}"
        ) from error
    if isinstance(frame, pl.LazyFrame):
        refuse_without_pool("computing a LazyFrame")
        frame = frame.collect(engine="streaming")
    return _matrix(_aligned(index, frame))


def _attributes(nodes: pl.DataFrame, names: list[str]) -> list[pl.Series]:
    known = nodes.columns[1:]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, pl.Series(known, dtype=pl.String))
            listed = ", ".join(map(repr, known)) or "none"
            raise ColumnNotFoundError(
                f"`features`: there is no node attribute {name!r}; the attributes are {listed}{hint}"
            )
    return [nodes[name] for name in names]


def _from_array(n_nodes: int, features: NDArray[Any]) -> Matrix:
    if features.ndim != 2 or features.shape[0] != n_nodes or not features.shape[1]:
        raise InvalidArgumentError(
            f"`features` as an array has a row per node, here ({n_nodes}, n_features), got shape {features.shape}"
        )
    if features.dtype.kind not in "biuf":
        raise InvalidTypeError(f"`features` holds {features.dtype} values; features are numbers")
    rows = np.empty(features.shape, dtype=np.float32)
    step = max(_STEP // features.shape[1], 1)
    for first in range(0, n_nodes, step):
        part = rows[first : first + step]
        with np.errstate(over="ignore"):
            part[:] = features[first : first + step]
        if not np.isfinite(part).all():
            row, column = np.argwhere(~np.isfinite(part))[0].tolist()
            raise InvalidDataError(
                f"`features`: column {column} is {features[first + row, column]} in row {first + row}; a feature is a "
                "finite number"
            )
    return rows, np.arange(features.shape[1], dtype=np.uint64)


def _aligned(index: NodeIndex, frame: pl.DataFrame) -> list[pl.Series]:
    """The columns of a frame beside ``node``, in the order of the nodes."""
    if "node" not in frame.columns or frame.width < 2:
        listed = ", ".join(map(repr, frame.columns)) or "none"
        raise ColumnNotFoundError(
            f"`features` as a frame has a column 'node' and at least one more; its columns are {listed}"
        )
    ids = frame["node"]
    codes = index.find(index.cast(ids, "features"))
    unknown = np.flatnonzero(codes == MISSING)
    if unknown.size:
        row = int(unknown[0])
        more = f", nor are those of {unknown.size - 1} more rows" if unknown.size > 1 else ""
        hint = did_you_mean(ids[row], index.ids)
        raise NodeNotFoundError(
            f"`features`: {ids[row]!r} in row {row} is not a node of this graph{more}{hint}"
        )
    position = np.full(len(index), -1, dtype=np.int64)
    position[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    if len(codes) > np.count_nonzero(position >= 0):
        row = int(np.flatnonzero(position[codes] != np.arange(len(codes)))[0])
        raise InvalidDataError(
            f"`features`: {ids[row]!r} has another row before row {row}; give each node one row"
        )
    absent = np.flatnonzero(position < 0)
    if absent.size:
        node = index.ids[int(absent[0])]
        more = f", nor have {absent.size - 1} more nodes" if absent.size > 1 else ""
        raise InvalidDataError(f"`features`: node {node!r} has no row{more}; give each node one row")
    rows = pl.Series(position)
    return [column.gather(rows) for column in frame if column.name != "node"]


def _matrix(columns: list[pl.Series]) -> Matrix:
    """The columns side by side; a column of arrays is as many features as those are long."""
    names: list[str] = []
    parts: list[NDArray[np.float32]] = []
    for column in columns:
        part = _numbers(column)
        is_many = isinstance(column.dtype, pl.Array)
        names += [f"{column.name}.{i}" for i in range(part.shape[1])] if is_many else [column.name]
        parts.append(part)
    return np.hstack(parts), text_keys([name.encode() for name in names])


def _numbers(column: pl.Series) -> NDArray[np.float32]:
    """A column of numbers, or of arrays of numbers, as a matrix of finite float32."""
    dtype = column.dtype
    flat = column.reshape((-1,)) if isinstance(dtype, pl.Array) else column
    if not (flat.dtype.is_numeric() or flat.dtype == pl.Boolean):
        raise InvalidTypeError(
            f"`features`: column {column.name!r} is {dtype}; features are numbers, booleans or arrays of numbers "
            "(for categories use to_dummies)"
        )
    with np.errstate(over="ignore"):
        values = flat.cast(pl.Float64).to_numpy().astype(np.float32)  # a null is NaN
    values = values.reshape(len(column), dtype.size if isinstance(dtype, pl.Array) else 1)
    if not np.isfinite(values).all():
        row, i = np.argwhere(~np.isfinite(values))[0].tolist()
        value = flat[row * values.shape[1] + i]
        raise InvalidDataError(
            f"`features`: column {column.name!r} is {value} for the node with code {row}; a feature is a finite number"
        )
    return values
