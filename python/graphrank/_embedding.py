"""The vectors of a graph's nodes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._convert import as_graph
from graphrank._edge_table import edge_columns
from graphrank._embedding_plot import draw
from graphrank._fastrp_params import power_weights
from graphrank._html import result_html
from graphrank._ids import NodeIndex
from graphrank._kept_powers import KeptPowers, without_neighbors
from graphrank._run import run_opts
from graphrank._saved import table_from_bytes, table_to_bytes
from graphrank._typing import EdgeTable, GraphLike, How, IntoIds, Progress
from graphrank._validate import file_path, finite_number, one_of, positive_int, seed_number
from graphrank._vector_file import Vectors, fill_memory, write_parquet
from graphrank.exceptions import ColumnNotFoundError, CorruptFileError, InvalidArgumentError
from graphrank.graph import Graph

__all__ = ["Embedding"]

_KIND = "an embedding"
_DTYPES = {"float32": np.float32, "float16": np.float16}


@dataclass(frozen=True, eq=False, repr=False)
class Embedding:
    """A vector for every node of a graph.

    ``len``, ``in`` and ``for`` are about ids, and brackets lead from ids to vectors. NumPy takes an embedding for the
    array of its vectors.

    Attributes
    ----------
    vectors
        Row k is the vector of the node with code k: float32 or float16 of shape (n_nodes, dim), read-only. Memory
        mapped if they were written to a file or come from one.
    ids
        Your id of every row.
    params
        What the embedding was made with, by the names of the arguments of :func:`graphrank.fastrp`.
    isolated
        The ids whose vector is zero because they have no neighbours, in the order of the rows. Others can be zero too:
        where ``direction`` lets every walk end before the first weighted power, or where the entries of few columns
        are 0 or cancel; ``~vectors.any(axis=1)`` is true for all of them.
    graph
        The graph they were made from; None if the embedding was loaded without it.

    Examples
    --------
    >>> import graphrank as gr
    >>> emb = gr.fastrp((["ann", "ann", "bob"], ["bob", "cat", "cat"]), dim=4)
    >>> emb.vectors.shape
    (3, 4)
    >>> emb["ann"].shape, emb[["cat", "ann"]].shape
    ((1, 4), (2, 4))
    >>> "bob" in emb, list(emb)
    (True, ['ann', 'bob', 'cat'])
    """

    vectors: Vectors
    ids: pl.Series
    params: Mapping[str, Any]
    isolated: pl.Series
    graph: Graph | None = None
    _kept: KeptPowers | None = None

    @classmethod
    def _of(
        cls, vectors: Vectors, graph: Graph, params: dict[str, Any], kept: KeptPowers | None = None
    ) -> Embedding:
        """The embedding of a whole graph."""
        alone = without_neighbors(graph._inner, params["direction"])
        isolated = graph.decode(alone[~vectors[alone].any(axis=1)])
        return cls(vectors, graph._index.ids, params, isolated, graph, kept)

    @property
    def dim(self) -> int:
        """Number of columns."""
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self.ids)

    def __iter__(self) -> Iterator[Any]:
        """The ids, in the order of the rows."""
        return iter(self.ids)

    def __contains__(self, id: object) -> bool:
        """Whether ``id`` has a vector."""
        return id in self._index

    @cached_property
    def _index(self) -> NodeIndex:
        return NodeIndex(self.ids) if self.graph is None else self.graph._index

    def vector(self, id: Any) -> Vectors:
        """The vector of one node, of shape (dim,).

        Raises
        ------
        NodeNotFoundError
            If ``id`` is not a node.
        """
        rows = self[id]
        if len(rows) != 1:
            raise InvalidArgumentError(f"`id` must be one id, got {len(rows)}; embedding[ids] takes many")
        return cast(Vectors, rows[0])

    def __getitem__(self, ids: IntoIds) -> Vectors:
        """The vectors of one id or of many, in the order given: an array of shape (n_ids, dim)."""
        return self.vectors[self._index.encode(ids, "ids")]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """:attr:`vectors`, for what takes arrays."""
        return np.array(self.vectors, dtype=dtype, copy=copy)

    def to_polars(self) -> pl.DataFrame:
        """Columns ``node`` (your ids in their dtype) and ``embedding`` (``Array(Float32, dim)``), a row per node.

        Vectors of float32 are not copied: the column lies where :attr:`vectors` does.

        Examples
        --------
        >>> import graphrank as gr
        >>> gr.fastrp(([1, 2], [2, 3]), dim=2).to_polars().schema
        Schema([('node', Int64), ('embedding', Array(Float32, shape=(2,)))])
        """
        return self._first_rows(len(self))

    def _first_rows(self, limit: int) -> pl.DataFrame:
        vectors = np.asarray(self.vectors[:limit]).astype(np.float32, copy=False)
        return pl.DataFrame([self.ids.head(limit).alias("node"), pl.Series("embedding", vectors)])

    # --- without starting over ----------------------------------------------------------------------------------

    def recombine(
        self,
        weights: Sequence[float],
        *,
        self_influence: float | None = None,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> Embedding:
        """The embedding with other weights of the powers, at the cost of adding them up: for choosing weights.

        Parameters
        ----------
        weights
            As in :func:`graphrank.fastrp`, of the powers that had places in the first weights.
        self_influence
            As there; None leaves it as it is.
        progress, timeout_s
            As there.

        Returns
        -------
        Embedding
            The same bytes as a new one with these arguments.

        Raises
        ------
        InvalidArgumentError
            If the embedding was not made with ``keep_powers=True``, or a power that was not kept gets weight.

        Examples
        --------
        >>> import graphrank as gr
        >>> emb = gr.fastrp(([1, 2, 3], [2, 3, 1]), dim=8, weights=(1, 1, 1), keep_powers=True)
        >>> other = emb.recombine((0, 1, 4))
        >>> bool((other.vectors == gr.fastrp(([1, 2, 3], [2, 3, 1]), dim=8, weights=(0, 1, 4)).vectors).all())
        True
        """
        own = self.params["self_influence"] if self_influence is None else self_influence
        own = finite_number("self_influence", own)
        changed = {"weights": power_weights(weights, own), "self_influence": own}
        return self._weighed(self._powers("recombine"), changed, run_opts(progress, timeout_s))

    def update(
        self,
        graph: GraphLike,
        *,
        features: Any = None,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> Embedding:
        """The embedding of a graph that is mostly the same: what no change reaches is not computed again.

        Parameters
        ----------
        graph
            The changed graph; nodes may come and go. A row is computed again if an edge changed within as many steps
            of its node as there are powers, and costs what it did at first.
        features
            Of all its nodes, as in :func:`graphrank.fastrp`, if there were any. None takes the attributes of the new
            graph, where they were attributes.
        progress, timeout_s
            As there.

        Returns
        -------
        Embedding
            The same bytes as a new one of ``graph`` with the same arguments (a sparsity of ``"sqrt"`` stays the number
            it was). It keeps its own powers, and this one does not change.

        Raises
        ------
        InvalidArgumentError
            If the embedding was not made with ``keep_powers=True``, the ids of ``graph`` are of another type, or
            ``features`` are not those of the embedding.

        Notes
        -----
        In a graph where everything is near, such as a social network, a few edges reach most nodes, and nothing is
        saved.

        Examples
        --------
        >>> import graphrank as gr
        >>> emb = gr.fastrp(([1, 2, 3], [2, 3, 1]), dim=8, keep_powers=True)
        >>> more = ([1, 2, 3, 4], [2, 3, 1, 1])
        >>> bool((emb.update(more).vectors == gr.fastrp(more, dim=8).vectors).all())
        True
        """
        how = run_opts(progress, timeout_s)
        return self._weighed(self._powers("update").update(as_graph(graph), features, how), {}, how)

    def transform(
        self,
        edges: EdgeTable,
        src: str = "src",
        dst: str = "dst",
        weight: str | None = None,
        *,
        features: Any = None,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> Embedding:
        """Vectors for new nodes, from their edges to known ones.

        Parameters
        ----------
        edges, src, dst, weight
            A table of edges as in :meth:`graphrank.Graph.from_edges`: new ids in ``src``, ids of this embedding in
            ``dst``. An id that is in the embedding may be new as well: it is embedded as if it had these edges.
        features
            Of the new nodes, in the order in which they first appear in ``edges``, if there were any and
            ``self_influence`` uses them.
        progress, timeout_s
            As in :func:`graphrank.fastrp`.

        Returns
        -------
        Embedding
            Of the new nodes, in the order in which they first appear. Known nodes do not move, and do not see the new
            ones: a new embedding of the whole graph differs as far as they would have.

        Raises
        ------
        InvalidArgumentError
            If the embedding was not made with ``keep_powers=True``.
        InvalidDataError
            If an id or weight is null, or a weight NaN, infinite or negative.
        NodeNotFoundError
            If an id in ``dst`` is not in the embedding.

        Examples
        --------
        >>> import graphrank as gr
        >>> emb = gr.fastrp((["ann", "bob", "cat"], ["bob", "cat", "ann"]), dim=8, keep_powers=True)
        >>> emb.transform((["dan", "eve", "dan"], ["ann", "cat", "bob"])).ids.to_list()
        ['dan', 'eve']
        """
        kept, columns = self._powers("transform"), edge_columns(edges, src, dst, weight)
        is_own_used = self.params["self_influence"] != 0
        ids, vectors, is_alone = kept.transform(columns, features, is_own_used, run_opts(progress, timeout_s))
        is_alone &= ~vectors.any(axis=1)
        isolated = ids.gather(pl.Series(np.flatnonzero(is_alone)))
        return Embedding(vectors.astype(self.params["dtype"], copy=False), ids, dict(self.params), isolated)

    def _weighed(self, kept: KeptPowers, changed: dict[str, Any], how: How) -> Embedding:
        params = {**self.params, **changed}
        vectors = fill_memory(
            (kept.graph.n_nodes, self.dim),
            params["dtype"],
            lambda out: kept.embed(params["weights"], params["self_influence"], out, how),
        )
        return Embedding._of(vectors, kept.graph, params, kept)

    def _powers(self, what: str) -> KeptPowers:
        if self._kept is None:
            raise InvalidArgumentError(
                f"{what}() needs the powers: make the embedding with keep_powers=True "
                "(files, pickles and copies are without them)"
            )
        return self._kept

    # --- files --------------------------------------------------------------------------------------------------

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the table of :meth:`to_polars` to a Parquet file, piece by piece.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        write_parquet(file_path(path), self.ids, self.vectors)

    def save(
        self, path: str | os.PathLike[str], *, progress: Progress = None, timeout_s: float | None = None
    ) -> None:
        """Write vectors, ids and parameters to one checksummed file; the graph is not in it.

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
        >>> emb = gr.fastrp((["a", "b"], ["b", "c"]), dim=4)
        >>> emb.save("abc.embedding")
        >>> bool((gr.Embedding.load("abc.embedding")["c"] == emb["c"]).all())
        True
        """
        isolated = self._index.encode(self.isolated, "isolated")
        parts = [
            ("params", np.frombuffer(json.dumps(dict(self.params)).encode(), dtype=np.uint8)),
            ("ids", np.frombuffer(table_to_bytes(self.ids.alias("id").to_frame()), dtype=np.uint8)),
            ("isolated", isolated.view(np.uint8)),
            ("vectors", np.ascontiguousarray(self.vectors).reshape(-1).view(np.uint8)),
        ]
        _core.save_archive(_KIND, parts, file_path(path), run_opts(progress, timeout_s))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        graph: Graph | None = None,
        *,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> Embedding:
        """Open a file written by :meth:`save`, where it lies: vectors are memory-mapped, not copied.

        Parameters
        ----------
        path
            The file. It must not be changed in place while the embedding is in use; saving over it is fine.
        graph
            The graph it was made from, for what needs it: colours by attribute in :meth:`plot`. Its ids must be those
            of the file.
        progress, timeout_s
            As in :func:`graphrank.fastrp`.

        Raises
        ------
        CorruptFileError
            If the file is truncated, altered or no embedding.
        FileMissingError
            If it does not exist.
        InvalidArgumentError
            If ``graph`` has other nodes.
        """
        file = file_path(path)
        archive = _core.Archive.open(_KIND, file, run_opts(progress, timeout_s))
        try:
            params = json.loads(archive.part("params").tobytes())
            params["weights"] = tuple(params["weights"])
            vectors = archive.part("vectors").view(_DTYPES[params["dtype"]]).reshape(-1, params["dim"])
            ids = table_from_bytes(archive.part("ids").tobytes(), len(vectors), file)["id"]
            isolated = ids.gather(pl.Series(archive.part("isolated").view(np.uint32)))
        except (ValueError, LookupError, TypeError, pl.exceptions.PolarsError) as error:
            raise CorruptFileError(f"{file!r}: its parts do not fit each other: {error}") from error
        if graph is not None and not _are_equal(graph._index.ids, ids):
            raise InvalidArgumentError(f"`graph` has other nodes than the embedding in {file!r}")
        return cls(vectors, ids, params, isolated, graph)

    # --- looks --------------------------------------------------------------------------------------------------

    def plot(
        self,
        ax: Any = None,
        *,
        color: str | Sequence[Any] | pl.Series | NDArray[Any] | None = None,
        method: str = "pca",
        most_nodes: int = 20_000,
        seed: int = 0,
    ) -> Any:
        """Draw the nodes as points in the plane: similar vectors close to each other.

        Parameters
        ----------
        ax
            Matplotlib axes to draw on; None makes new ones.
        color
            Name of a node attribute of :attr:`graph`, or one value per node in the order of the rows. Numbers get a
            colour bar; texts, booleans and integers of at most nine values a legend. Beyond nine values, the most
            frequent ones have colours.
        method
            ``"pca"``: the two directions in which all vectors vary most.
        most_nodes
            If there are more nodes, so many are drawn, chosen at random.
        seed
            Of that choice.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InvalidArgumentError
            If there is no such attribute, or values do not fit the nodes.
        MissingDependencyError
            If matplotlib is not installed.

        Notes
        -----
        Nodes whose vector is zero are left out: they would all be one point, and pull the picture towards it. The same
        vectors give the same picture. O(n_nodes * dim**2) time.
        """
        values = self._values(color)
        one_of("method", method, ("pca",))
        return draw(
            self.vectors, values, ax, positive_int("most_nodes", most_nodes), seed_number("seed", seed)
        )

    def _values(self, color: Any) -> pl.Series | None:
        """A value per node to colour by."""
        if color is None:
            return None
        if isinstance(color, str):
            if self.graph is None:
                raise InvalidArgumentError(
                    "`color` names an attribute, but this embedding has no graph: give load() the graph, or values"
                )
            attributes = self.graph._nodes
            if color not in attributes.columns:
                listed = ", ".join(map(repr, attributes.columns[1:])) or "none"
                raise ColumnNotFoundError(
                    f"`color`: there is no node attribute {color!r}; the attributes are {listed}"
                )
            return attributes[color]
        values = pl.Series("", color)
        if len(values) != len(self):
            raise InvalidArgumentError(f"`color` must have a value per node: {len(self)}, got {len(values)}")
        return values

    def __getstate__(self) -> dict[str, Any]:
        """Without the powers, which only a running process holds."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __repr__(self) -> str:
        isolated = f", {len(self.isolated):,} isolated" if len(self.isolated) else ""
        return f"Embedding({len(self):,} nodes, dim={self.dim}, {self.vectors.dtype.name}{isolated})"

    def _repr_html_(self) -> str:
        return result_html(self)


def _are_equal(a: pl.Series, b: pl.Series) -> bool:
    return a.dtype == b.dtype and len(a) == len(b) and bool((a == b).all())
