"""The one place that imports libraries graphrank can work without."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from graphrank.exceptions import MissingDependencyError

__all__ = ["import_optional", "is_installed", "loaded"]

# Module -> the extra of graphrank-engine that brings it.
_EXTRA = {
    "matplotlib": "plot",
    "networkx": "networkx",
    "scipy": "scipy",
    "sklearn": "sklearn",
    "usearch": "ann",
    "zenoh": "p2p",
}


def import_optional(name: str, why: str) -> Any:
    """Import ``name`` (``"scipy.sparse"``), or say which command installs it and ``why`` it is needed."""
    try:
        return import_module(name)
    except ImportError as error:
        library = name.partition(".")[0]
        command = f"pip install 'graphrank-engine[{_EXTRA[library]}]'"
        raise MissingDependencyError(f"{why} needs {library}: {command}") from error


def is_installed(name: str) -> bool:
    """Whether :func:`import_optional` would find the library."""
    return find_spec(name) is not None


def loaded(name: str) -> Any | None:
    """The module ``name`` if something has imported it: an object of its types cannot exist otherwise."""
    return sys.modules.get(name)
