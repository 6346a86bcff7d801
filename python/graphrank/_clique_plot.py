"""A clique as a ring of its members: the picture of :meth:`graphrank.FairClique.plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from graphrank._optional import import_optional

__all__ = ["draw"]

_COLOURS = ("C0", "C1", "C2", "C3", "C4", "C5", "C6", "C8", "C9")  # C7 is a grey
_GREY = "0.75"
_MOST_NAMED = 60
"""Members whose ids still fit around the ring."""


def draw(ids: Sequence[Any], groups: Sequence[Any], counts: Mapping[Any, int], ax: Any) -> Any:
    """Members by group on a ring, all linked; ``counts`` orders the groups."""
    is_own = ax is None
    if is_own:
        ax = import_optional("matplotlib.pyplot", "FairClique.plot()").subplots(figsize=(5.6, 4.8))[1]
    collections = import_optional("matplotlib.collections", "FairClique.plot()")
    ranks = {group: rank for rank, group in enumerate(counts)}
    order = sorted(range(len(ids)), key=lambda member: ranks[groups[member]])
    # Clockwise from the top.
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(ids)) / max(len(ids), 1)
    points = np.column_stack((np.cos(angles), np.sin(angles)))
    pairs = list(combinations(range(len(ids)), 2))
    lines = collections.LineCollection(
        points[np.array(pairs, int).reshape(-1, 2)], colors=_GREY, linewidths=0.5
    )
    ax.add_collection(lines)
    for group, rank in ranks.items():
        own = [place for place, member in enumerate(order) if groups[member] == group]
        if own:
            colour = _COLOURS[rank] if rank < len(_COLOURS) else _GREY
            name = "no group" if group is None else group
            ax.scatter(*points[own].T, color=colour, s=60.0, zorder=2, label=f"{name}: {len(own)}")
    if len(ids) <= _MOST_NAMED:
        for place, member in enumerate(order):
            _name(ax, str(ids[member]), float(angles[place]))
    ax.set(xticks=[], yticks=[], aspect="equal", xlim=(-1.7, 1.7), ylim=(-1.5, 1.5), frame_on=False)
    if list(counts) != [None] and len(ids):
        ax.legend(fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1), ncols=min(len(counts), 4))
    if is_own:
        ax.figure.tight_layout()
    return ax


def _name(ax: Any, text: str, angle: float) -> None:
    """An id outside of the ring, along the ray through its member, never upside down."""
    degrees = float(np.degrees(angle))
    is_left = np.cos(angle) < 0
    ax.text(
        1.08 * np.cos(angle),
        1.08 * np.sin(angle),
        text,
        rotation=degrees + 180 if is_left else degrees,
        rotation_mode="anchor",
        ha="right" if is_left else "left",
        va="center",
        fontsize="small",
    )
