"""How many of each group must and may be selected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrank._fair_rules import UNLIMITED, per_group
from graphrank._ids import NodeIndex
from graphrank._node_groups import NO_GROUP, NodeGroups, node_groups
from graphrank._typing import Ungrouped
from graphrank.exceptions import InvalidArgumentError

__all__ = ["CoreQuotas", "Quotas", "read_quotas"]

CoreQuotas = tuple[NDArray[np.uint32], list[int], list[int]]

_MOST_GROUPS = 250


@dataclass(frozen=True)
class Quotas:
    """The fewest and the most of each group.

    Attributes
    ----------
    groups
        Whose group is which.
    lower, upper
        Numbers by the numbers of the groups.
    noun
        What has a group, for messages.
    """

    groups: NodeGroups
    lower: list[int]
    upper: list[int]
    noun: str

    @property
    def core(self) -> CoreQuotas:
        """The form that the compiled module takes: what has no group is in one of which there may be none."""
        codes = self.groups.codes.astype(np.uint32)
        codes[self.groups.codes == NO_GROUP] = len(self.lower)
        return codes, [*self.lower, 0], [*self.upper, 0]

    @property
    def has_group(self) -> NDArray[np.bool_]:
        """Whether each has a group."""
        has_group: NDArray[np.bool_] = self.groups.codes != NO_GROUP
        return has_group

    def without_limits(self) -> Quotas:
        """The same where each group may have any number."""
        return replace(self, lower=[0] * len(self.lower), upper=[UNLIMITED] * len(self.upper))

    def check(self, candidates: NDArray[np.uint32] | None, k: int, *, is_exact: bool) -> None:
        """Say why, if no ``k`` of the candidates keep the quotas; or, unless ``is_exact``, no fewer."""
        there = self.groups.count(self.has_group if candidates is None else candidates)
        rows = list(zip(self.groups.names, self.lower, self.upper, there, strict=True))
        for name, lower, upper, count in rows:
            if lower > upper:
                raise InvalidArgumentError(
                    f"`lower` and `upper`: group {name!r} is to have at least {lower} and at most {upper} {self.noun}s"
                )
            if lower > count:
                raise InvalidArgumentError(
                    f"`lower`: group {name!r} is to have at least {lower}, but only {count} {self.noun}s are of it"
                )
        if sum(self.lower) > k:
            parts = " + ".join(f"{lower} {name!r}" for name, lower, *_ in rows if lower)
            raise InvalidArgumentError(f"`lower` asks for {sum(self.lower)} ({parts}), more than `k` = {k}")
        most = sum(min(upper, count) for *_, upper, count in rows)
        if is_exact and most < k:
            parts = ", ".join(f"{min(upper, count)} of {count} {name!r}" for name, _, upper, count in rows)
            raise InvalidArgumentError(f"`upper` allows {most} ({parts}), fewer than `k` = {k}")


def read_quotas(
    index: NodeIndex,
    groups: Any,
    lower: int | Mapping[Any, int] | None,
    upper: int | Mapping[Any, int] | None,
    ungrouped: Ungrouped,
    noun: str,
) -> Quotas | None:
    """Check the arguments of that name; None if there are no groups."""
    if groups is None:
        for name, given in (("lower", lower), ("upper", upper)):
            if given is not None:
                raise InvalidArgumentError(f"`{name}` needs `groups`: the group of every {noun}")
        return None
    read = node_groups(index.ids.to_frame(), index, groups, ungrouped, noun=noun, most_groups=_MOST_GROUPS)
    least = per_group(read, "lower", 0 if lower is None else lower, 0)
    most = per_group(read, "upper", UNLIMITED if upper is None else upper, UNLIMITED)
    return Quotas(read, least, most, noun)
