"""Several objectives at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphrank import _core
from graphrank._edge_table import checked_weights, number_column
from graphrank._objective import Objective, as_objective
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["Mixture"]


class Mixture(Objective):
    """A weighted sum of objectives over the same elements.

    Parameters
    ----------
    parts
        Pairs of a weight, finite and at least 0, and an objective. All have the same ids in the same order: give each
        the same ``elements=`` when you make it.

    Raises
    ------
    InvalidArgumentError
        If there is no part, or two have other ids.
    InvalidDataError
        If a weight is NaN, infinite or negative.

    Examples
    --------
    >>> from graphrank.submodular import Coverage, Mixture
    >>> reach = Coverage({"ann": [1, 2, 3], "bob": [3]})
    >>> topics = Coverage({"ann": ["art"], "bob": ["art", "law"]})
    >>> Mixture([(1.0, reach), (0.5, topics)]).value("bob")
    2.0
    """

    __slots__ = ()

    def __init__(self, parts: Iterable[tuple[float, Objective]]) -> None:
        pairs: list[Any] = list(parts)
        if not pairs:
            raise InvalidArgumentError("`parts` must hold at least one pair (weight, objective)")
        if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
            raise InvalidTypeError("`parts` must be pairs (weight, objective)")
        objectives = [as_objective(part) for _, part in pairs]
        weights = checked_weights(number_column("parts", [weight for weight, _ in pairs]))
        first = objectives[0]
        for i, other in enumerate(objectives):
            if not other._index.ids.equals(first._index.ids) or other._index.dtype != first._index.dtype:
                raise InvalidArgumentError(
                    f"part {i} has other ids than part 0, or another order of them: give all the same `elements`"
                )
        make = _core.SubmodularObjective.mixture
        self._make(first._index, make, weights.tolist(), objectives, note=f"{len(objectives)} parts")
