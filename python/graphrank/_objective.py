"""What all objectives have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from graphrank import _core
from graphrank._element_ids import ElementIndex
from graphrank._run import QUIET
from graphrank._typing import IntoIds
from graphrank.exceptions import InvalidDataError, InvalidTypeError

__all__ = ["Objective", "as_objective"]


class Objective:
    """A monotone submodular function of sets of elements: what more elements add only falls, and is never negative.

    Make one of its kinds, such as :class:`Coverage`. It never changes: its elements become candidates and cease to be,
    its items, clients and features stay as they are.

    Examples
    --------
    >>> from graphrank.submodular import Coverage
    >>> objective = Coverage({"ann": ["tea", "pie"], "bob": ["pie"]})
    >>> objective
    Coverage(2 elements, 2 items)
    >>> len(objective), "ann" in objective, objective.value(["ann", "bob"])
    (2, True, 2.0)
    """

    __slots__ = ("_index", "_inner", "_note", "_recipe")

    _index: ElementIndex
    _inner: _core.SubmodularObjective

    def __init__(self, *_: object, **__: object) -> None:
        raise InvalidTypeError("make an objective of one kind, such as graphrank.submodular.Coverage")

    def _make(
        self, index: ElementIndex, make: Callable[..., _core.SubmodularObjective], *args: Any, note: str
    ) -> None:
        """Ask the core for it; what it is asked is kept, to make it again in another process."""
        self._index = index
        self._note = note
        self._recipe = (make.__name__, args)
        self._inner = make(*map(_to_core, args))

    @property
    def ids(self) -> pl.Series:
        """The ids of the elements."""
        return self._index.ids.alias("element")

    @property
    def n_elements(self) -> int:
        """Number of elements."""
        return len(self._index)

    def value(self, ids: IntoIds) -> float:
        """What some elements are worth together.

        Parameters
        ----------
        ids
            One id or many; one that comes twice counts once.

        Raises
        ------
        ElementNotFoundError
            If an id is not an element.

        Examples
        --------
        >>> from graphrank.submodular import Coverage
        >>> Coverage({"ann": ["tea", "pie"], "bob": ["pie"]}).value("bob")
        1.0
        """
        codes = self._index.encode(ids, "ids")
        _, first = np.unique(codes, return_index=True)
        return self._inner.evaluate(codes[np.sort(first)], QUIET)

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, id: object) -> bool:
        return id in self._index

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} elements, {self._note})"

    def __reduce__(self) -> tuple[Any, ...]:
        name, args = self._recipe
        # The arguments first: a graph whose ids cannot be pickled says so.
        return _remade, (type(self), name, args, self._index.ids, self._note, self._inner.fingerprint)


def as_objective(objective: Any) -> Objective:
    """``objective`` if it is one."""
    if isinstance(objective, Objective):
        return objective
    raise InvalidTypeError(
        "`objective` must be one of graphrank.submodular, such as Coverage or FacilityLocation; wrap a function in "
        f"Callable; got {type(objective).__name__}"
    )


def _to_core(argument: Any) -> Any:
    """Graphs and objectives, and lists of them, as the compiled module knows them."""
    if isinstance(argument, list):
        return [_to_core(part) for part in argument]
    return getattr(argument, "_inner", argument)


def _remade(
    kind: type[Objective], name: str, args: tuple[Any, ...], ids: pl.Series, note: str, fingerprint: int
) -> Objective:
    """The objective that was pickled."""
    objective = object.__new__(kind)
    objective._make(ElementIndex(ids), getattr(_core.SubmodularObjective, name), *args, note=note)
    if objective._inner.fingerprint != fingerprint:
        raise InvalidDataError(
            "the array that this objective was made of was written to before it was pickled; give it a copy"
        )
    return objective
