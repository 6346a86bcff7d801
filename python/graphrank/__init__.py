"""Graph analytics over Polars frames: one :class:`Graph`, engines in Rust, answers in your own ids.

>>> import graphrank as gr
>>> import polars as pl
>>> edges = pl.DataFrame({"src": ["ann", "bob", "cat"], "dst": ["bob", "cat", "ann"]})
>>> g = gr.Graph.from_edges(edges)
>>> g
Graph(3 nodes, 3 edges, directed, unweighted, ids: String)

Importing this package loads neither NumPy nor Polars: every name below is looked up on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from graphrank import exceptions

if TYPE_CHECKING:
    from graphrank._convert import as_graph
    from graphrank._core import __version__
    from graphrank._threads import num_threads, set_num_threads
    from graphrank._versions import show_versions
    from graphrank.clique import FairClique, max_clique, max_fair_clique
    from graphrank.embedding import Embedding, fastrp, knn
    from graphrank.graph import Graph
    from graphrank.io import read_edges
    from graphrank.metrics import evaluate
    from graphrank.ppr import DynamicPpr, PowerWalkIndex, PprResult, pagerank, personalized_pagerank
    from graphrank.submodular import DynamicMaximizer, SlidingWindow, maximize

    from . import cli, clique, datasets, embedding, graph, io, metrics, ppr, ranking, submodular, testing

__all__ = [
    "DynamicMaximizer",
    "DynamicPpr",
    "Embedding",
    "FairClique",
    "Graph",
    "PowerWalkIndex",
    "PprResult",
    "SlidingWindow",
    "__version__",
    "as_graph",
    "cli",
    "clique",
    "datasets",
    "embedding",
    "evaluate",
    "exceptions",
    "fastrp",
    "graph",
    "io",
    "knn",
    "max_clique",
    "max_fair_clique",
    "maximize",
    "metrics",
    "num_threads",
    "pagerank",
    "personalized_pagerank",
    "ppr",
    "ranking",
    "read_edges",
    "set_num_threads",
    "show_versions",
    "submodular",
    "testing",
]

# Public name -> the module that defines it; a name that maps to itself is a module.
_HOME = {
    "DynamicMaximizer": "submodular",
    "DynamicPpr": "ppr",
    "Embedding": "embedding",
    "FairClique": "clique",
    "Graph": "graph",
    "PowerWalkIndex": "ppr",
    "PprResult": "ppr",
    "SlidingWindow": "submodular",
    "__version__": "_core",
    "as_graph": "_convert",
    "cli": "cli",
    "clique": "clique",
    "datasets": "datasets",
    "embedding": "embedding",
    "evaluate": "metrics",
    "fastrp": "embedding",
    "graph": "graph",
    "io": "io",
    "knn": "embedding",
    "max_clique": "clique",
    "max_fair_clique": "clique",
    "maximize": "submodular",
    "metrics": "metrics",
    "num_threads": "_threads",
    "pagerank": "ppr",
    "personalized_pagerank": "ppr",
    "ppr": "ppr",
    "ranking": "ranking",
    "read_edges": "io",
    "set_num_threads": "_threads",
    "show_versions": "_versions",
    "submodular": "submodular",
    "testing": "testing",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562) and remember it."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'graphrank' has no attribute {name!r}")
    module = import_module(f"graphrank.{home}")
    value = module if home == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
