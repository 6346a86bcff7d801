"""Vectors made ready to be searched again and again."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from html import escape
from typing import Any, get_args

import numpy as np
import polars as pl

from graphrank import _core
from graphrank._approximate import Recall, Wanted, approximate, is_walk_cheaper, measured
from graphrank._hnsw import Hnsw
from graphrank._ids import NodeIndex
from graphrank._optional import is_installed
from graphrank._run import run_opts, time_left
from graphrank._saved import table_from_bytes, table_to_bytes
from graphrank._typing import IntoIds, Metric, Progress, SearchMethod
from graphrank._validate import file_path, one_of, positive_int, real_number, seed_number, true_or_false
from graphrank._vector_table import VectorTable, allowed_rows, asked, neighbor_frame, vector_table
from graphrank.exceptions import CorruptFileError, InvalidArgumentError, InvalidTypeError

__all__ = ["NeighborIndex"]

_KIND = "an index of neighbours"
_VERSION = 1
_TOKEN = object()

_GRAPH_FROM = 500_000
"""Vectors from which "auto" makes a graph: reading them all for one query then takes about 20 ms (measured, 128 numbers
each); making the graph takes minutes."""


class NeighborIndex:
    """Nearest neighbours for searches that come one at a time, exact or approximate.

    Make one with :meth:`build` or :meth:`load`. An exact index holds the vectors and 12 bytes for each. An approximate
    one has a graph of near vectors too, made and walked by the library usearch (extra ``ann``), and has measured what
    it misses: :attr:`recall`. Scores are exact in both.

    References
    ----------
    Y. A. Malkov, D. A. Yashunin: Efficient and Robust Approximate Nearest Neighbor Search Using Hierarchical Navigable
    Small World Graphs. IEEE TPAMI 42 (4), 2020.

    Examples
    --------
    >>> import graphrank as gr
    >>> import numpy as np
    >>> points = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    >>> index = gr.embedding.NeighborIndex.build(points, metric="l2")
    >>> index
    NeighborIndex(3 vectors, dim=2, metric='l2', exact, 60 bytes)
    >>> index.query([0], 1).rows()
    [(0, 2, 1.0, 1)]
    """

    __slots__ = ("_graph", "_metric", "_recall", "_search", "_table")

    def __init__(
        self,
        search: _core.NeighborSearch,
        table: VectorTable,
        metric: str,
        token: object = None,
        graph: tuple[Hnsw, Recall] | None = None,
    ) -> None:
        if token is not _TOKEN:
            raise InvalidTypeError(
                "make an index with NeighborIndex.build(emb_or_array) or NeighborIndex.load(path)"
            )
        self._search = search
        self._table = table
        self._metric = metric
        self._graph = None if graph is None else graph[0]
        self._recall = None if graph is None else graph[1]

    @classmethod
    def build(
        cls,
        emb_or_array: Any,
        *,
        metric: Metric = "cosine",
        method: SearchMethod = "auto",
        min_recall: float = 0.95,
        seed: int = 0,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> NeighborIndex:
        """Copy the vectors and make them ready.

        Parameters
        ----------
        emb_or_array, metric
            As in :func:`graphrank.knn`.
        method
            ``"exact"``; ``"ann"``, which makes a graph for approximate search, about half a millisecond per vector and
            a second copy of it; or ``"auto"``: exact below 500,000 vectors, and where usearch is not installed or its
            graph does not reach ``min_recall``.
        min_recall
            Searches of the graph are made as wide as it takes to find this share of the exact answers of 200 of the
            vectors, or as wide as they get.
        seed
            Of the choice of those vectors.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Returns
        -------
        NeighborIndex
            The same for the same vectors: one thread makes the graph.

        Raises
        ------
        InvalidArgumentError
            If ``min_recall`` is not in (0, 1], or a word is none of the above.
        InvalidDataError
            If a number is NaN or infinite; the message names its row.
        MissingDependencyError
            If ``method`` is ``"ann"`` and usearch is not installed.

        Examples
        --------
        >>> import graphrank as gr
        >>> import numpy as np
        >>> points = np.random.default_rng(0).standard_normal((1000, 8))
        >>> index = gr.embedding.NeighborIndex.build(points, method="ann")
        >>> index.method, index.recall.value > 0.95
        ('ann', True)
        """
        left = time_left(run_opts(progress, timeout_s))
        kind = one_of("metric", metric, get_args(Metric))
        asked_for = one_of("method", method, get_args(SearchMethod))
        least, chosen = _share("min_recall", min_recall), seed_number("seed", seed)
        given = vector_table(emb_or_array)
        matrix = given.matrix.copy()
        matrix.flags.writeable = False
        table = VectorTable(given.index, matrix)
        search = _core.NeighborSearch.prepare(matrix, kind, left())
        is_worth_it = len(table) >= _GRAPH_FROM and is_installed("usearch")
        if asked_for == "exact" or (asked_for == "auto" and not is_worth_it):
            return cls(search, table, kind, _TOKEN)
        graph = Hnsw.build(matrix, kind, left())
        recall = measured(search, graph, table, least, chosen, left)
        if asked_for == "auto" and recall.value < least:
            return cls(search, table, kind, _TOKEN)
        return cls(search, table, kind, _TOKEN, (graph, recall))

    def query(
        self,
        queries: IntoIds | Any = None,
        k: int = 10,
        *,
        filter: Any = None,
        exclude_self: bool = True,
        method: SearchMethod = "auto",
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> pl.DataFrame:
        """The ``k`` nearest neighbours of some ids or vectors, or of every id.

        Parameters
        ----------
        queries, k, filter, exclude_self
            As in :func:`graphrank.knn`; a vector of zeros has cosine 0 to everything here too.
        method
            ``"exact"`` reads every vector that is allowed; ``"ann"`` walks the graph, and searches exactly where too
            few of those it finds are allowed; ``"auto"`` walks the graph, if there is one, unless reading is faster:
            for many queries at once, and where a filter allows few (5 % or so).
        progress, timeout_s
            As in :meth:`build`.

        Returns
        -------
        polars.DataFrame
            As of :func:`graphrank.knn`. Where the graph was walked, neighbours may be missing and later ones in their
            place; :attr:`recall` says how many to expect.

        Raises
        ------
        InvalidArgumentError
            If ``k`` is below 1, the columns of ``queries`` are not those of the vectors, or ``method`` is ``"ann"`` and
            there is no graph.
        InvalidDataError
            If a number is NaN or infinite; the message names its row.
        NodeNotFoundError
            If an id has no vector.
        """
        left = time_left(run_opts(progress, timeout_s))
        limit = min(positive_int("k", k), max(len(self), 1))
        way = one_of("method", method, get_args(SearchMethod))
        who, allowed = asked(self._table, queries), allowed_rows(self._table, filter)
        wanted = Wanted(who, limit, allowed, true_or_false("exclude_self", exclude_self))
        if self._graph is None or way == "exact":
            if way == "ann":
                raise InvalidArgumentError(
                    "this index is exact: build it with method='ann' to search approximately"
                )
            lists = wanted.exactly(self._search, left())
        elif way == "auto" and not is_walk_cheaper(self._graph, self._table, wanted):
            lists = wanted.exactly(self._search, left())
        else:
            lists = approximate(self._search, self._graph, self._table, wanted, left)
        return neighbor_frame(self._table, who, lists)

    def save(
        self, path: str | os.PathLike[str], *, progress: Progress = None, timeout_s: float | None = None
    ) -> None:
        """Write vectors, ids and graph to one checksummed file.

        The file appears under its name only once it is complete, so an interrupted save leaves an older file whole.

        Raises
        ------
        FileError
            If the file cannot be written.
        InvalidTypeError
            If ids are Python objects, which no file format holds.

        Examples
        --------
        >>> import graphrank as gr
        >>> import numpy as np
        >>> index = gr.embedding.NeighborIndex.build(np.eye(3), metric="dot")
        >>> index.save("eye.neighbors")
        >>> gr.embedding.NeighborIndex.load("eye.neighbors").query(np.array([[0, 0, 2]]), 1).rows()
        [(0, 2, 2.0, 1)]
        """
        about = {
            "version": _VERSION,
            "metric": self._metric,
            "dim": self.dim,
            "dtype": self._table.matrix.dtype.name,
            "expansion": None if self._graph is None else self._graph.expansion,
            "recall": None if self._recall is None else asdict(self._recall),
        }
        ids = table_to_bytes(self.ids.alias("id").to_frame())
        parts = [
            ("about", np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)),
            ("ids", np.frombuffer(ids, dtype=np.uint8)),
            ("vectors", self._table.matrix.reshape(-1).view(np.uint8)),
        ]
        if self._graph is not None:
            parts.append(("graph", self._graph.to_bytes()))
        _core.save_archive(_KIND, parts, file_path(path), run_opts(progress, timeout_s))

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, progress: Progress = None, timeout_s: float | None = None
    ) -> NeighborIndex:
        """Open a file written by :meth:`save`, where it lies: vectors and graph are memory-mapped, not copied.

        Parameters
        ----------
        path
            The file. It must not be changed in place while the index is in use; saving over it is fine.
        progress, timeout_s
            As in :meth:`build`.

        Raises
        ------
        CorruptFileError
            If the file is truncated, altered or no index of neighbours.
        FileMissingError
            If it does not exist.
        MissingDependencyError
            If it holds a graph and usearch is not installed.
        """
        left, file = time_left(run_opts(progress, timeout_s)), file_path(path)
        archive = _core.Archive.open(_KIND, file, left())
        try:
            about = json.loads(archive.part("about").tobytes())
            if about["version"] != _VERSION:
                raise CorruptFileError(
                    f"{file!r} has index version {about['version']}, this library reads version {_VERSION}"
                )
            matrix = archive.part("vectors").view(about["dtype"]).reshape(-1, about["dim"])
            recall = None if about["recall"] is None else Recall(**about["recall"])
        except (ValueError, LookupError, TypeError) as error:
            raise CorruptFileError(f"{file!r}: its parts do not fit each other: {error}") from error
        ids = table_from_bytes(archive.part("ids").tobytes(), len(matrix), file)["id"]
        table = VectorTable(NodeIndex(ids, "these vectors"), matrix)
        search = _core.NeighborSearch.prepare(matrix, about["metric"], left())
        if recall is None:
            return cls(search, table, about["metric"], _TOKEN)
        graph = Hnsw.from_bytes(archive.part("graph"), about["metric"], matrix, file)
        graph.expansion = about["expansion"]
        return cls(search, table, about["metric"], _TOKEN, (graph, recall))

    @property
    def ids(self) -> pl.Series:
        """Your id of every vector."""
        return self._table.index.ids

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return self._table.dim

    @property
    def metric(self) -> str:
        """``"cosine"``, ``"dot"`` or ``"l2"``."""
        return self._metric

    @property
    def method(self) -> str:
        """``"ann"`` if there is a graph for approximate search, else ``"exact"``."""
        return "exact" if self._graph is None else "ann"

    @property
    def recall(self) -> Recall:
        """What searches of the graph find of the exact answers.

        It was measured on vectors of the index without a filter: an estimate for other queries, which may be harder. An
        exact index has recall 1, of no queries.
        """
        return Recall(1.0, 0, 0) if self._recall is None else self._recall

    @property
    def n_bytes(self) -> int:
        """Bytes of vectors, their norms and the graph; ids are not counted."""
        graph = 0 if self._graph is None else self._graph.n_bytes
        return self._table.matrix.nbytes + self._search.n_bytes + graph

    def __len__(self) -> int:
        """Number of vectors."""
        return len(self._table)

    def __repr__(self) -> str:
        n = self.n_bytes
        size = f"{n:,} bytes" if n < 10_000 else f"{n / 1e3:,.0f} kB" if n < 1e6 else f"{n / 1e6:,.1f} MB"
        way = "exact" if self._graph is None else f"ann (recall {self.recall.value:.3f})"
        return f"NeighborIndex({len(self):,} vectors, dim={self.dim}, metric={self._metric!r}, {way}, {size})"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"


def _share(name: str, value: Any) -> float:
    share = real_number(name, value)
    if 0 < share <= 1:
        return share
    raise InvalidArgumentError(f"`{name}` must be above 0 and at most 1, got {value!r}")
