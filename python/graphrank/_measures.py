"""The names of measures: ``ndcg@10``, ``rbp(p=0.9)``, ``map(rel=2)@100``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

from graphrank._typing import Gain
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["CoreMeasure", "Measure", "read_measures"]

CoreMeasure: TypeAlias = tuple[str, int | None, float | None, float | None]

_PARAMETERS: dict[str, tuple[str, ...]] = {
    "bpref": ("rel",),
    "err": ("rel", "max"),
    "f1": ("rel",),
    "hit": ("rel",),
    "judged": (),
    "map": ("rel",),
    "mrr": ("rel",),
    "ndcg": ("rel", "gain"),
    "precision": ("rel",),
    "rbp": ("rel", "p"),
    "recall": ("rel",),
    "rprec": ("rel",),
}
_ALIASES = {
    "ap": "map",
    "average_precision": "map",
    "mean_average_precision": "map",
    "p": "precision",
    "r": "recall",
    "r_precision": "rprec",
    "rr": "mrr",
    "recip_rank": "mrr",
    "reciprocal_rank": "mrr",
    "mean_reciprocal_rank": "mrr",
    "success": "hit",
    "hit_rate": "hit",
    "hits": "hit",
}
_SPELLING = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*(?:@\s*(\w+))?\s*")
# As trec_eval has it: ndcg_cut_10, P_10.
_TREC = re.compile(r"\s*([A-Za-z]+?)(?:_cut)?_(\d+)\s*")

_PERSISTENCE = 0.8


@dataclass(frozen=True)
class Measure:
    """A measure as it is asked for.

    Attributes
    ----------
    text
        As the caller spells it.
    name
        What it is called.
    cutoff
        Places that count; None for all.
    options
        Its parameters that are given.
    """

    text: str
    name: str
    cutoff: int | None
    options: dict[str, Any]

    def to_core(self, gain: Gain, most: float) -> CoreMeasure:
        """What the compiled module takes; ``most`` is the largest label."""
        name, parameter = self.name, None
        if name == "ndcg" and self.options.get("gain", gain) == "exp":
            name = "ndcg_exp"
        if name == "rbp":
            parameter = self.options.get("p", _PERSISTENCE)
        if name == "err":
            parameter = self.options.get("max", most)
        return name, self.cutoff, self.options.get("rel"), parameter


def read_measures(metrics: str | Iterable[str]) -> list[Measure]:
    """The measures that ``metrics`` names, each once."""
    if isinstance(metrics, str):
        metrics = [metrics]
    if not isinstance(metrics, Iterable):
        raise InvalidTypeError(f"`metrics` must be a list of names of measures, got {type(metrics).__name__}")
    read = [_read(text) for text in metrics]
    if not read:
        raise InvalidArgumentError("`metrics` must name at least one measure")
    texts = [measure.text for measure in read]
    twice = next((text for i, text in enumerate(texts) if text in texts[:i]), None)
    if twice is not None:
        raise InvalidArgumentError(f"`metrics` names {twice!r} twice")
    return read


def _read(text: Any) -> Measure:
    if not isinstance(text, str):
        raise InvalidTypeError(f"`metrics` must hold names of measures such as 'ndcg@10', got {text!r}")
    trec = _TREC.fullmatch(text)
    parts = _SPELLING.fullmatch(text if trec is None else f"{trec[1]}@{trec[2]}")
    if parts is None:
        raise InvalidArgumentError(
            f"`metrics`: {text!r} is not written as name, name@k or name(parameter=value)@k"
        )
    name = _known(parts[1], text)
    cutoff = None
    if parts[3] is not None:
        if not parts[3].isdecimal() or not 0 < int(parts[3]) < 2**32:
            raise InvalidArgumentError(f"`metrics`: the cut-off of {text!r} must be a whole number from 1 on")
        if name in ("bpref", "rprec"):
            raise InvalidArgumentError(
                f"`metrics`: {text!r}: {name} has no cut-off, it knows how far to look"
            )
        cutoff = int(parts[3])
    given = parts[2].split(",") if (parts[2] or "").strip() else []
    options = [_option(name, option, text) for option in given]
    keys = [key for key, _ in options]
    twice = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
    if twice is not None:
        raise InvalidArgumentError(f"`metrics`: {text!r} gives {twice} twice")
    return Measure(text, name, cutoff, dict(options))


def _known(word: str, text: str) -> str:
    name = word.lower()
    name = _ALIASES.get(name, name)
    if name in _PARAMETERS:
        return name
    close = get_close_matches(name, [*_PARAMETERS, *_ALIASES], n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    known = ", ".join(_PARAMETERS)
    raise InvalidArgumentError(
        f"`metrics`: there is no measure {word!r} ({text!r}){hint} The measures are {known}; @k is a cut-off: ndcg@10"
    )


def _option(name: str, option: str, text: str) -> tuple[str, Any]:
    key, is_given, value = (part.strip() for part in option.partition("="))
    if not is_given or key not in _PARAMETERS[name]:
        taken = ", ".join(_PARAMETERS[name]) or "none"
        raise InvalidArgumentError(
            f"`metrics`: {text!r}: {key!r} is no parameter of {name!r}; it takes {taken}, as in name(rel=2)"
        )
    try:
        return key, _READERS[key](value)
    except ValueError as error:
        raise InvalidArgumentError(f"`metrics`: {text!r}: {key} must be {error}, got {value!r}") from None


def _number(holds: Callable[[float], bool], allowed: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise ValueError(allowed) from None
        if not holds(number):
            raise ValueError(allowed)
        return number

    return read


def _gain(text: str) -> str:
    if text not in ("linear", "exp"):
        raise ValueError("linear or exp")
    return text


_READERS: dict[str, Callable[[str], Any]] = {
    "rel": _number(lambda x: 0 < x < float("inf"), "a label above 0"),
    "p": _number(lambda x: 0 < x < 1, "a number between 0 and 1"),
    "max": _number(lambda x: 0 < x <= 900, "a label above 0 and at most 900"),
    "gain": _gain,
}
