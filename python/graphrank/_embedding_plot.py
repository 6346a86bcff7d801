"""Vectors as points in the plane: the picture of :meth:`graphrank.Embedding.plot`."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._forked import refuse_without_pool
from graphrank._optional import import_optional

__all__ = ["draw", "principal_plane"]

_STEP = 1 << 14
"""Rows that are widened to 64 bits at a time."""
_COLOURS = ("C0", "C1", "C2", "C3", "C4", "C5", "C6", "C8", "C9")  # C7 is a grey
_GREY = "0.75"


def principal_plane(
    vectors: NDArray[np.floating[Any]], rows: NDArray[np.intp], shown: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Coordinates of the vectors ``shown`` along the two directions in which those of ``rows`` vary most.

    A direction and its opposite are equally good; the one whose largest component is positive is taken.
    """
    dim = vectors.shape[1]
    total, squares = np.zeros(dim), np.zeros((dim, dim))
    for start in range(0, len(rows), _STEP):
        part = vectors[rows[start : start + _STEP]].astype(np.float64)
        total += part.sum(axis=0)
        squares += part.T @ part
    mean = total / max(len(rows), 1)
    _, directions = np.linalg.eigh(squares / max(len(rows), 1) - np.outer(mean, mean))
    plane = np.zeros((dim, 2))
    plane[:, : min(dim, 2)] = directions[:, ::-1][:, :2]
    largest = plane[np.abs(plane).argmax(axis=0), [0, 1]]
    return (vectors[shown].astype(np.float64) - mean) @ (plane * np.where(largest < 0, -1, 1))


def draw(
    vectors: NDArray[np.floating[Any]], values: pl.Series | None, ax: Any, most_nodes: int, seed: int
) -> Any:
    """Scatter the vectors that are not zero, at most ``most_nodes`` of them, coloured by ``values``."""
    if values is not None:
        refuse_without_pool("drawing in colours")
    is_own = ax is None
    if is_own:
        ax = import_optional("matplotlib.pyplot", "Embedding.plot()").subplots(figsize=(6.4, 4.8))[1]
    rows = np.flatnonzero(vectors.any(axis=1))
    shown = rows
    if len(rows) > most_nodes:
        shown = np.sort(np.random.default_rng(seed).choice(rows, most_nodes, replace=False))
    points = principal_plane(vectors, rows, shown)
    style = {"s": 36.0 if len(shown) < 300 else 8.0 if len(shown) < 3_000 else 3.0, "linewidths": 0}
    style["rasterized"] = len(shown) > 2_000  # thousands of outlines make a file of megabytes
    if values is None:
        ax.scatter(points[:, 0], points[:, 1], **style)
    elif _is_scale(values):
        _scatter_numbers(ax, points, values.gather(pl.Series(shown)), style)
    else:
        _scatter_groups(ax, points, _names(values).gather(pl.Series(shown)), style, values.name)
    ax.set(xlabel="first principal component", ylabel="second", xticks=[], yticks=[])
    if len(shown) < len(rows):
        ax.set_title(f"{len(shown):,} of {len(rows):,} nodes", fontsize="medium")
    if is_own:
        ax.figure.tight_layout()
    return ax


def _is_scale(values: pl.Series) -> bool:
    """Whether values are numbers to be read off a scale rather than names of groups."""
    return values.dtype.is_numeric() and (
        values.dtype.is_float() or values.drop_nulls().n_unique() > len(_COLOURS)
    )


def _scatter_numbers(ax: Any, points: NDArray[np.float64], values: pl.Series, style: dict[str, Any]) -> None:
    numbers = values.cast(pl.Float64).to_numpy()
    is_known = np.isfinite(numbers)
    ax.scatter(*points[~is_known].T, color=_GREY, **style)
    dots = ax.scatter(*points[is_known].T, c=numbers[is_known], cmap="viridis", **style)
    ax.figure.colorbar(dots, ax=ax, label=values.name)


def _scatter_groups(
    ax: Any, points: NDArray[np.float64], names: pl.Series, style: dict[str, Any], title: str
) -> None:
    """The most frequent groups in colours of their own, all others in grey beneath them."""
    counts = (
        names.drop_nulls().value_counts(name="count").sort(["count", names.name], descending=[True, False])
    )
    coloured = counts[names.name].head(len(_COLOURS)).to_list()
    is_other = ~names.is_in(coloured).fill_null(False).to_numpy()
    if is_other.any():
        ax.scatter(*points[is_other].T, color=_GREY, label="other", **style)
    for i, name in enumerate(coloured):
        ax.scatter(
            *points[(names == name).fill_null(False).to_numpy()].T, color=_COLOURS[i], label=name, **style
        )
    if not len(points):
        return
    ax.legend(title=title or None, fontsize="small", markerscale=1 if style["s"] > 20 else 2)


def _names(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Object:
        return pl.Series("name", [None if value is None else str(value) for value in values], dtype=pl.String)
    return values.cast(pl.String).alias("name")
