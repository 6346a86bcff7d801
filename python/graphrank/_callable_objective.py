"""A Python function as an objective."""

from __future__ import annotations

from collections.abc import Callable as Function
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graphrank import _core
from graphrank._element_ids import ElementIndex, listed_elements
from graphrank._objective import Objective
from graphrank._typing import IntoIds
from graphrank._validate import one_of
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = ["Callable"]


class Callable(Objective):
    """A function of your own: monotone, submodular, and the same whenever it is asked.

    Give exactly one of ``value`` and ``gains``.

    Parameters
    ----------
    ids
        The ids of all elements.
    value
        What a list of ids is worth together: a number. The order of the list must not matter. What an empty list is
        worth is asked once and subtracted from all values.
    gains
        What each of a list of candidates adds to a list of ids: ``gains(chosen, candidates)`` returns a number per
        candidate. One call asks for many, so this is the faster way if it can be computed for many at once.
    on_violation
        What happens when the function is seen not to be monotone (an element adds less than nothing) or not submodular
        (it adds more to more elements): an ``"error"`` that names the element, or ``"count"``, see :attr:`violations`.
        No guarantee holds then.

    Raises
    ------
    InvalidArgumentError
        If not exactly one function is given, or an empty list is worth no finite number.
    InvalidDataError
        If an id is null or comes twice.

    Notes
    -----
    The function is called on your thread, while no other Python code of that thread runs. What it raises is raised by
    the call that asked, which changes nothing then. It must not use the maximizer that is asking it.

    Examples
    --------
    >>> import graphrank as gr
    >>> from graphrank.submodular import Callable
    >>> skills = {"ann": {"sql", "go"}, "bob": {"go"}, "cat": {"law"}}
    >>> team = Callable(list(skills), value=lambda chosen: len(set().union(*(skills[i] for i in chosen))))
    >>> gr.maximize(team, 2).elements.to_list()
    ['ann', 'cat']
    """

    __slots__ = ()

    def __init__(
        self,
        ids: IntoIds,
        value: Function[[list[Any]], float] | None = None,
        gains: Function[[list[Any], list[Any]], Any] | None = None,
        *,
        on_violation: Literal["error", "count"] = "error",
    ) -> None:
        if (value is None) == (gains is None):
            given = "both" if value is not None else "neither"
            raise InvalidArgumentError(f"give either `value` or `gains`, got {given}")
        name, function = ("value", value) if gains is None else ("gains", gains)
        if not callable(function):
            raise InvalidTypeError(f"`{name}` must be a function, got {type(function).__name__}")
        is_counting = one_of("on_violation", on_violation, ("error", "count")) == "count"
        names = _Names(listed_elements(ids, "ids"))
        functions = (
            None if value is None else _Value(names, value),
            None if gains is None else _Gains(names, gains),
        )
        make = _core.SubmodularObjective.callable
        self._make(
            names.index,
            make,
            len(names.index),
            *functions,
            names.text,
            is_counting,
            note="a function of Python",
        )

    @property
    def violations(self) -> dict[str, int]:
        """How often the function was seen not to be ``"monotone"`` and not ``"submodular"``."""
        monotone, submodular = self._inner.violations
        return {"monotone": monotone, "submodular": submodular}


class _Names:
    """The ids as Python's values."""

    def __init__(self, index: ElementIndex) -> None:
        self.index = index
        self._names = index.ids.to_list()

    def of(self, codes: NDArray[np.uint32]) -> list[Any]:
        names = self._names
        return [names[code] for code in codes.tolist()]

    def text(self, code: int) -> str:
        return repr(self._names[code])


class _Value:
    """``value`` as a function of codes."""

    def __init__(self, names: _Names, function: Function[[list[Any]], Any]) -> None:
        self._names = names
        self._function = function

    def __call__(self, codes: NDArray[np.uint32]) -> float:
        worth = self._function(self._names.of(codes))
        if isinstance(worth, (Real, np.bool_)) or (isinstance(worth, np.ndarray) and worth.ndim == 0):
            return float(worth)
        raise InvalidTypeError(f"`value` must return a number, got {worth!r} ({type(worth).__name__})")


class _Gains:
    """``gains`` as a function of codes."""

    def __init__(self, names: _Names, function: Function[[list[Any], list[Any]], Any]) -> None:
        self._names = names
        self._function = function

    def __call__(self, codes: NDArray[np.uint32], candidates: NDArray[np.uint32]) -> NDArray[np.float64]:
        given = self._function(self._names.of(codes), self._names.of(candidates))
        try:
            added = np.ascontiguousarray(given, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidTypeError(
                f"`gains` must return a number per candidate, got {type(given).__name__}"
            ) from error
        if added.shape != candidates.shape:
            raise InvalidDataError(
                f"`gains` must return a number per candidate: {len(candidates)}, got an array of shape {added.shape}"
            )
        return added
