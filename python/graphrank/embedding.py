"""Nodes as vectors.

An embedding gives every node a vector such that nodes with similar neighbourhoods have similar vectors. Vectors are
what classifiers, searches and pictures take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphrank._approximate import Recall
from graphrank._embedding import Embedding
from graphrank._fastrp import fastrp
from graphrank._fastrp_memory import MemoryEstimate, estimate_memory
from graphrank._knn import knn
from graphrank._neighbor_index import NeighborIndex
from graphrank.exceptions import MissingDependencyError

if TYPE_CHECKING:
    from graphrank._fastrp_estimator import FastRP

__all__ = [
    "Embedding",
    "FastRP",
    "MemoryEstimate",
    "NeighborIndex",
    "Recall",
    "estimate_memory",
    "fastrp",
    "knn",
]


def __getattr__(name: str) -> object:
    """Load the estimator, and with it scikit-learn, on first use (PEP 562)."""
    if name != "FastRP":
        raise AttributeError(f"module 'graphrank.embedding' has no attribute {name!r}")
    try:
        from graphrank._fastrp_estimator import FastRP
    except MissingDependencyError as error:
        return _unavailable(error)
    return FastRP


def _unavailable(error: MissingDependencyError) -> type:
    """A class of the same name that says what is missing when it is made use of, and not when it is imported."""

    class FastRP:
        """Needs scikit-learn."""

        def __init__(self, *_: object, **__: object) -> None:
            raise error

    return FastRP
