"""What a store of clicks was made with: checked when it is made, and when it is read from a file."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, get_args

from graphrank._typing import IsolationScale, Normaliser, Union
from graphrank._validate import number_between, one_of, positive_int, positive_number

__all__ = ["LARGEST", "ClickOptions", "half_life", "raw_weighting"]

LARGEST = 1e100
"""The largest isolation, as in the core: no score overflows."""


@dataclass(frozen=True)
class ClickOptions:
    """As the arguments of a store; the half-life is in milliseconds."""

    top_terms: int
    union: str
    normaliser: str
    isolation_scale: str
    half_life: float | None

    def __post_init__(self) -> None:
        positive_int("top_terms", self.top_terms)
        one_of("union", self.union, get_args(Union))
        one_of("normaliser", self.normaliser, get_args(Normaliser))
        one_of("isolation_scale", self.isolation_scale, get_args(IsolationScale))
        if self.half_life is not None:
            positive_number("decay", self.half_life)

    def weighting(self, isolation: Any) -> tuple[float, str, str, str]:
        """What the core calls a weighting."""
        return raw_weighting(isolation, self.isolation_scale, self.normaliser, self.union)

    def to_dict(self) -> dict[str, Any]:
        """All of them by name."""
        return asdict(self)


def raw_weighting(
    isolation: Any, scale: str = "mean", normaliser: str = "others", union: str = "items"
) -> tuple[float, str, str, str]:
    """How peers are weighed, in the form that the core takes."""
    return number_between(0, LARGEST, "isolation", isolation), scale, normaliser, union


def half_life(decay: dt.timedelta | float | None) -> float | None:
    """Milliseconds after which a click counts half."""
    if decay is None:
        return None
    seconds = decay.total_seconds() if isinstance(decay, dt.timedelta) else decay
    return positive_number("decay", seconds) * 1000
