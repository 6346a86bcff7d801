"""Names for the kinds of argument the public functions take."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = [
    "AggregateMethod",
    "ClickMode",
    "CliqueMethod",
    "CliqueStatus",
    "CommitteeMethod",
    "CommitteeRule",
    "Concave",
    "Conflict",
    "Correlation",
    "Dangling",
    "Direction",
    "Duplicates",
    "EdgeTable",
    "Empty",
    "Float",
    "Gain",
    "GossipKind",
    "GraphLike",
    "Guesses",
    "How",
    "IntoIds",
    "IntoRestart",
    "IsolationScale",
    "Matching",
    "Method",
    "Metric",
    "NodeTable",
    "Normalise",
    "Normaliser",
    "PairedTest",
    "Progress",
    "SearchMethod",
    "SelectionMethod",
    "SelfLoops",
    "Stop",
    "Strategy",
    "Table",
    "Ties",
    "Ungrouped",
    "Union",
    "Unlisted",
    "Unranked",
]

Duplicates: TypeAlias = Literal["sum", "first", "max", "error"]
SelfLoops: TypeAlias = Literal["keep", "drop"]
Dangling: TypeAlias = Literal["restart", "uniform", "self", "absorb"]
Method: TypeAlias = Literal["auto", "push", "power", "gauss_seidel", "cg"]
Direction: TypeAlias = Literal["both", "out", "in"]
Float: TypeAlias = Literal["float32", "float16"]
Stop: TypeAlias = Literal["tolerance", "certified", "rank_stable"]
Metric: TypeAlias = Literal["cosine", "dot", "l2"]
SearchMethod: TypeAlias = Literal["auto", "exact", "ann"]
CliqueMethod: TypeAlias = Literal["exact", "heuristic"]
CliqueStatus: TypeAlias = Literal["optimal", "infeasible", "heuristic", "time_limit", "interrupted"]
Ungrouped: TypeAlias = Literal["error", "exclude", "own"]
Concave: TypeAlias = Literal["sqrt", "log1p"]
SelectionMethod: TypeAlias = Literal["lazy", "stochastic", "threshold", "exact"]
CommitteeRule: TypeAlias = Literal["borda", "bloc", "sntv", "chamberlin-courant", "pav"]
CommitteeMethod: TypeAlias = Literal["auto", "exact"]
Unranked: TypeAlias = Literal["average", "zero"]
Strategy: TypeAlias = Literal["robust", "polylog", "sieve", "greedy"]
Guesses: TypeAlias = Literal["pair", "all"]
Conflict: TypeAlias = Literal["error", "ignore"]
Gain: TypeAlias = Literal["linear", "exp"]
AggregateMethod: TypeAlias = Literal[
    "borda",
    "rrf",
    "isr",
    "median",
    "combsum",
    "combmnz",
    "combanz",
    "combmed",
    "combmax",
    "combmin",
    "copeland",
    "mc4",
    "kemeny",
]
Normalise: TypeAlias = Literal["min-max", "sum", "z-score", "rank", "none"]
Unlisted: TypeAlias = Literal["last", "ignore"]
Correlation: TypeAlias = Literal["kendall", "weighted-kendall", "spearman", "footrule", "rbo"]
Ties: TypeAlias = Literal["stable", "trec", "expected"]
Empty: TypeAlias = Literal[0, 1, "skip"]
PairedTest: TypeAlias = Literal["t", "randomisation", "randomization", "wilcoxon"]
ClickMode: TypeAlias = Literal["paper", "robust", "popularity", "dinx", "panache", "maay", "cosine"]
Union: TypeAlias = Literal["items", "pairs"]
Normaliser: TypeAlias = Literal["others", "all"]
GossipKind: TypeAlias = Literal["pull", "push"]
Matching: TypeAlias = Literal["substring", "exact"]
IsolationScale: TypeAlias = Literal["mean", "absolute"]

Progress: TypeAlias = bool | Callable[[int, int, str], object] | None
"""None or False: silent. True: a bar on stderr. A callable gets (done, total, label)."""

How: TypeAlias = tuple[Callable[[int, int, str], object] | None, float | None]
"""What the compiled module takes last: (progress callback or None, seconds allowed or None)."""

# ``Any`` below stands for anything Polars reads through the Arrow C stream (pandas, pyarrow, DuckDB ...)
# and for the SciPy and NetworkX classes, which are not imported to name them.
EdgeTable: TypeAlias = pl.DataFrame | pl.LazyFrame | tuple[Any, ...] | list[tuple[Any, ...]] | Any
Table: TypeAlias = pl.DataFrame | pl.LazyFrame | Any
NodeTable: TypeAlias = pl.Series | pl.DataFrame | pl.LazyFrame | Sequence[Any] | Any
GraphLike: TypeAlias = Any
IntoIds: TypeAlias = Hashable | Sequence[Hashable] | pl.Series | NDArray[Any]
IntoRestart: TypeAlias = Mapping[Any, float] | pl.DataFrame | pl.LazyFrame | NDArray[np.float64] | Any
