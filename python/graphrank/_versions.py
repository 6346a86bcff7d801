"""What to paste into a report of a defect."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from graphrank import _core

__all__ = ["show_versions"]

_LIBRARIES = ("numpy", "polars", "scipy", "networkx", "matplotlib", "tqdm", "pandas", "pyarrow")


def show_versions() -> None:
    """Print the versions of graphrank, Python, the system and the libraries graphrank can work with.

    Examples
    --------
    >>> import graphrank as gr
    >>> gr.show_versions()  # doctest: +ELLIPSIS
    graphrank   ...
    """
    rows = {
        "graphrank": _core.__version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "threads": str(_core.num_threads()),
    }
    rows |= {name: _version_of(name) for name in _LIBRARIES}
    for name, text in rows.items():
        print(f"{name:<11} {text}")


def _version_of(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
