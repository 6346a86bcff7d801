"""Nodes as vectors.

An embedding gives every node a vector such that nodes with similar neighbourhoods have similar vectors. Vectors are
what classifiers, searches and pictures take.
"""

from __future__ import annotations

from graphrank._embedding import Embedding
from graphrank._fastrp import fastrp
from graphrank._fastrp_memory import MemoryEstimate, estimate_memory
from graphrank._knn import knn

__all__ = ["Embedding", "MemoryEstimate", "estimate_memory", "fastrp", "knn"]
