"""What is fair, as the compiled module takes it: numbers per group instead of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrank._node_groups import NodeGroups
from graphrank._validate import int_from, real_number
from graphrank.exceptions import InvalidTypeError

__all__ = ["UNLIMITED", "FairRules", "fair_rules", "per_group"]

UNLIMITED = 2**32 - 1
"""More members than there can be."""


@dataclass(frozen=True)
class FairRules:
    """Rules for the numbers of members of each group.

    Attributes
    ----------
    least, most
        Numbers of members of each group.
    delta
        By how many members any group may exceed any other; None for no limit.
    tolerances
        By how many each group may exceed each, row after row; None if ``delta`` says it.
    max_ratio, max_share
        As in :func:`graphrank.max_fair_clique`.
    """

    least: list[int]
    most: list[int]
    delta: int | None = None
    tolerances: list[int] | None = None
    max_ratio: float | None = None
    max_share: float | None = None


def fair_rules(
    groups: NodeGroups, k: Any, delta: Any, max_ratio: Any, max_share: Any, max_per_group: Any
) -> FairRules:
    """Check the arguments of that name."""
    most = UNLIMITED if max_per_group is None else max_per_group
    is_paired = isinstance(delta, Mapping)
    return FairRules(
        least=per_group(groups, "k", k, 0),
        most=per_group(groups, "max_per_group", most, UNLIMITED),
        delta=None if delta is None or is_paired else _count("delta", delta),
        tolerances=_tolerances(groups, delta) if is_paired else None,
        max_ratio=None if max_ratio is None else real_number("max_ratio", max_ratio),
        max_share=None if max_share is None else real_number("max_share", max_share),
    )


def per_group(groups: NodeGroups, what: str, value: Any, otherwise: int) -> list[int]:
    """A number for each group: one for all, or those of a dict and ``otherwise`` for groups that it does not name."""
    if not isinstance(value, Mapping):
        return [_count(what, value)] * len(groups.names)
    numbers = [otherwise] * len(groups.names)
    for name, number in value.items():
        numbers[groups.index(name, what)] = _count(f"{what}[{name!r}]", number)
    return numbers


def _tolerances(groups: NodeGroups, delta: Mapping[Any, Any]) -> list[int]:
    n = len(groups.names)
    tolerances = [UNLIMITED] * (n * n)
    for group in range(n):
        tolerances[group * n + group] = 0
    for pair, number in delta.items():
        if not isinstance(pair, tuple) or len(pair) != 2 or pair[0] == pair[1]:
            raise InvalidTypeError(f"`delta` as a dict has pairs of two groups as its keys, got {pair!r}")
        i, j = (groups.index(name, "delta") for name in pair)
        tolerances[i * n + j] = _count(f"delta[{pair!r}]", number)
    return tolerances


def _count(what: str, value: Any) -> int:
    return min(int_from(0, what, value), UNLIMITED)
