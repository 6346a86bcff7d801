"""Attacks on a simulated network of peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from graphrank._validate import int_from, number_between, positive_int, true_or_false

__all__ = ["Attack", "ClicklogInflation", "EpicSybil", "Equivocation", "Promotion", "TargetedSybil"]


@dataclass(frozen=True)
class Attack:
    """Made-up identities that join a network at one time and click at another, all at once: one of the classes below.

    Attributes
    ----------
    n
        How many identities.
    clicks
        Clicks of each.
    join, act
        When they join and when they click, as shares of all ticks; they do not click before they join.
    """

    n: int = 10
    clicks: int = 100
    join: float = 0.25
    act: float = 0.5

    _kind: ClassVar[str] = "bottom"

    def __post_init__(self) -> None:
        positive_int("n", self.n)
        int_from(0, "clicks", self.clicks)
        number_between(0, 1, "join", self.join)
        number_between(self.join, 1, "act", self.act)
        self._option()

    def _option(self) -> int:
        return 0

    def _raw(self) -> tuple[str, int, int, int, float, float]:
        return self._kind, self._option(), self.n, self.clicks, float(self.join), float(self.act)


@dataclass(frozen=True)
class TargetedSybil(Attack):
    """Each click is on what a query finds last for the attacker: a random query, or always the same.

    Attributes
    ----------
    n, clicks, join, act
        As of :class:`Attack`.
    one_query
        Whether each attacker has one query, as the text of the thesis says; its program draws one for each click.

    Examples
    --------
    >>> from graphrank.ranking import TargetedSybil
    >>> TargetedSybil(5)
    TargetedSybil(n=5, clicks=100, join=0.25, act=0.5, one_query=False)
    """

    one_query: bool = False

    def _option(self) -> int:
        return int(true_or_false("one_query", self.one_query))


@dataclass(frozen=True)
class ClicklogInflation(Attack):
    """Very many clicks on random items of what random queries find for the attacker.

    Attributes
    ----------
    n, clicks, join, act
        As of :class:`Attack`.

    Examples
    --------
    >>> from graphrank.ranking import ClicklogInflation
    >>> ClicklogInflation().clicks
    1000
    """

    clicks: int = 1000
    _kind: ClassVar[str] = "random"


@dataclass(frozen=True)
class EpicSybil(Attack):
    """:class:`TargetedSybil` by three times as many identities as there are honest peers.

    Attributes
    ----------
    n, clicks, join, act
        As of :class:`Attack`.

    Examples
    --------
    >>> from graphrank.ranking import EpicSybil
    >>> EpicSybil().n
    300
    """

    n: int = 300


@dataclass(frozen=True)
class Promotion(Attack):
    """All click one item that hardly anybody clicks; before that, each copies the most popular click of some queries.

    Attributes
    ----------
    n, clicks, join, act
        As of :class:`Attack`.
    camouflage
        Of how many queries the popular click is copied: then honest peers find the attackers similar.

    Examples
    --------
    >>> from graphrank.ranking import Promotion
    >>> Promotion(30, camouflage=39).camouflage
    39
    """

    n: int = 30
    camouflage: int = 10
    _kind: ClassVar[str] = "promotion"

    def _option(self) -> int:
        return int_from(0, "camouflage", self.camouflage)


@dataclass(frozen=True)
class Equivocation(Attack):
    """All click one item that hardly anybody clicks, but show every second peer another row of the same number.

    Attributes
    ----------
    n, clicks, join, act
        As of :class:`Attack`.
    detected
        Whether peers drop an author of whom they see two rows of one number, and pass on the proof. If not, what came
        first stays, and peers differ for good.

    Examples
    --------
    >>> from graphrank.ranking import Equivocation
    >>> Equivocation(detected=False).detected
    False
    """

    detected: bool = True
    _kind: ClassVar[str] = "equivocation"

    def _option(self) -> int:
        return int(true_or_false("detected", self.detected))
