"""The arguments of FastRP that decide what vectors are: checked, presets resolved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import polars as pl

from graphrank._suggest import did_you_mean
from graphrank._typing import Direction, Float
from graphrank._validate import (
    finite_number,
    int_from,
    one_of,
    positive_int,
    real_number,
    seed_number,
    true_or_false,
)
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["FastRPParams", "Preset", "Sparsity", "fastrp_params", "power_weights"]

Preset: TypeAlias = Literal["paper", "gds", "links"]
Sparsity: TypeAlias = float | Literal["sqrt"]

# Weights, normalisation strength and sparsity; those of None are the defaults.
_PRESETS: dict[str | None, tuple[tuple[float, ...], float, Sparsity]] = {
    None: ((0.0, 0.0, 1.0, 6.67), 0.0, 3.0),
    "paper": ((0.0, 0.0, 1.0, 6.67), -0.64, "sqrt"),
    "gds": ((0.0, 1.0, 1.0), 0.0, 3.0),
    "links": ((1.0, 2.0, 2.0, 2.0), 0.0, 3.0),
}


@dataclass(frozen=True)
class FastRPParams:
    """As in :func:`graphrank.fastrp`."""

    dim: int
    weights: tuple[float, ...]
    normalization_strength: float
    self_influence: float
    sparsity: float
    normalize: bool
    refine: int
    feature_ratio: float
    direction: str
    dtype: str
    state: str
    seed: int


def fastrp_params(
    n_nodes: int,
    *,
    dim: int,
    weights: Sequence[float] | None,
    normalization_strength: float | None,
    self_influence: float,
    sparsity: Sparsity | None,
    normalize: bool,
    refine: int,
    feature_ratio: float,
    direction: str,
    preset: str | None,
    dtype: str,
    state: str,
    seed: int,
) -> FastRPParams:
    """Check the arguments of :func:`graphrank.fastrp`; what is None comes from the preset."""
    if preset is not None and preset not in get_args(Preset):
        hint = did_you_mean(preset, pl.Series(get_args(Preset)))
        one_of_presets = ", ".join(map(repr, get_args(Preset)))
        raise InvalidArgumentError(f"`preset` must be one of {one_of_presets} or None, got {preset!r}{hint}")
    usual = _PRESETS[preset]
    own_weight = finite_number("self_influence", self_influence)
    return FastRPParams(
        positive_int("dim", dim),
        power_weights(usual[0] if weights is None else weights, own_weight),
        finite_number(
            "normalization_strength", usual[1] if normalization_strength is None else normalization_strength
        ),
        own_weight,
        _sparsity(usual[2] if sparsity is None else sparsity, n_nodes),
        true_or_false("normalize", normalize),
        int_from(0, "refine", refine),
        real_number("feature_ratio", feature_ratio),
        one_of("direction", direction, get_args(Direction)),
        one_of("dtype", dtype, get_args(Float)),
        one_of("state", state, get_args(Float)),
        seed_number("seed", seed),
    )


def power_weights(weights: Any, self_influence: float) -> tuple[float, ...]:
    """A weight per power, not all of them 0 unless ``self_influence`` is not."""
    if isinstance(weights, (str, bytes)) or not isinstance(weights, (Sequence, np.ndarray, pl.Series)):
        raise InvalidTypeError(
            f"`weights` must be a list with a number for each power, such as (0, 0, 1, 6.67), got {weights!r}"
        )
    if not len(weights):
        raise InvalidArgumentError(
            "`weights` is empty; give a number for each power, such as (0, 0, 1, 6.67)"
        )
    numbers = tuple(finite_number(f"weights[{i}]", weight) for i, weight in enumerate(weights))
    if not any(numbers) and self_influence == 0:
        raise InvalidArgumentError(
            f"`weights` = {numbers} are all 0, so every vector would be; give a power, or `self_influence`, a weight"
        )
    return numbers


def _sparsity(sparsity: Any, n_nodes: int) -> float:
    if isinstance(sparsity, str):
        one_of("sparsity", sparsity, ("sqrt",))
        return max(math.sqrt(n_nodes), 1.0)
    number = real_number("sparsity", sparsity)
    if number >= 1:
        return number
    raise InvalidArgumentError(
        f"`sparsity` must be at least 1, got {sparsity!r}: an entry is 0 with probability 1 - 1 / sparsity"
    )
