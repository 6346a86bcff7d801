"""Checks of plain arguments; every message names the argument, its value and what is allowed."""

from __future__ import annotations

import math
import os
from numbers import Integral, Real
from typing import Any

from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = [
    "file_path",
    "finite_number",
    "int_from",
    "number_between",
    "one_of",
    "positive_int",
    "positive_number",
    "real_number",
    "seed_number",
    "true_or_false",
]


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """``value`` if it is one of the words ``allowed``."""
    if isinstance(value, str) and value in allowed:
        return value
    words = ", ".join(repr(word) for word in allowed)
    raise InvalidArgumentError(f"`{name}` must be one of {words}, got {value!r}")


def true_or_false(name: str, value: Any) -> bool:
    """``value`` if it is a boolean, Python's or NumPy's; a word such as ``"no"`` would count as true."""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise InvalidTypeError(f"`{name}` must be True or False, got {value!r}")


def file_path(path: Any) -> str:
    """``path`` as text, if it can be one."""
    try:
        text = os.fsdecode(path)
    except TypeError as error:
        raise InvalidTypeError(f"`path` must be a string or a path, got {path!r}") from error
    if "\0" in text:
        raise InvalidArgumentError(f"`path` must not hold a null character, got {text!r}")
    return text


def real_number(name: str, value: Any) -> float:
    """``value`` as a float; the range is checked where the number is used."""
    if not isinstance(value, bool) and isinstance(value, Real):
        try:
            return float(value)
        except OverflowError as error:
            raise InvalidArgumentError(f"`{name}` is beyond the largest float, 1.8e308") from error
        except TypeError:  # a time span of NumPy, which calls itself a number
            pass
    raise InvalidTypeError(f"`{name}` must be a number, got {value!r} ({type(value).__name__})")


def positive_number(name: str, value: Any) -> float:
    """``value`` as a finite float above zero."""
    number = real_number(name, value)
    if math.isfinite(number) and number > 0:
        return number
    raise InvalidArgumentError(f"`{name}` must be a finite number above 0, got {value!r}")


def finite_number(name: str, value: Any) -> float:
    """``value`` as a finite float."""
    number = real_number(name, value)
    if math.isfinite(number):
        return number
    raise InvalidArgumentError(f"`{name}` must be a finite number, got {value!r}")


def number_between(least: float, most: float, name: str, value: Any) -> float:
    """``value`` as a float from ``least`` to ``most``."""
    number = real_number(name, value)
    if least <= number <= most:
        return number
    raise InvalidArgumentError(f"`{name}` must be from {least:g} to {most:g}, got {value!r}")


def positive_int(name: str, value: Any) -> int:
    """``value`` as an int of at least 1."""
    return int_from(1, name, value)


def int_from(least: int, name: str, value: Any) -> int:
    """``value`` as an int of at least ``least`` that fits into 64 bits."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidTypeError(f"`{name}` must be a whole number, got {value!r} ({type(value).__name__})")
    if value < least:
        raise InvalidArgumentError(f"`{name}` must be at least {least}, got {value!r}")
    if int(value) >= 2**63:
        raise InvalidArgumentError(f"`{name}` must be below 2**63, got {value!r}")
    return int(value)


def seed_number(name: str, value: Any) -> int:
    """``value`` as an int of 64 bits."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidTypeError(f"`{name}` must be a whole number, got {value!r} ({type(value).__name__})")
    number = int(value)
    if not 0 <= number < 2**64:
        raise InvalidArgumentError(f"`{name}` must be from 0 to 2**64 - 1, got {value!r}")
    return number
