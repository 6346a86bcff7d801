"""Graphs in files: the core writes the edges, Polars the node table that travels beside them.

The table is an Arrow stream, not an Arrow file: Polars reads and writes streams without its threads, so that graphs
can be saved, loaded and pickled in forked children too (see ``_forked.py``).
"""

from __future__ import annotations

import io
import os
import tempfile

import polars as pl

from graphrank import _core
from graphrank._ids import NodeIndex
from graphrank._run import QUIET
from graphrank._typing import How
from graphrank._validate import file_path
from graphrank.exceptions import CorruptFileError, InvalidTypeError

__all__ = ["from_bytes", "load_graph", "save_graph", "table_from_bytes", "table_to_bytes", "to_bytes"]


def save_graph(inner: _core.Graph, nodes: pl.DataFrame, path: str | os.PathLike[str], how: How) -> None:
    """Write the edges and the node table to ``path``."""
    inner.save(file_path(path), table_to_bytes(nodes), how)


def load_graph(path: str | os.PathLike[str], how: How) -> tuple[_core.Graph, NodeIndex, pl.DataFrame]:
    """The parts of the graph that :func:`save_graph` wrote."""
    file = file_path(path)
    inner, table = _core.Graph.load(file, how)
    nodes = table_from_bytes(table, inner.n_nodes, file)
    return inner, NodeIndex(nodes["id"]), nodes


def table_to_bytes(nodes: pl.DataFrame) -> bytes:
    """A table whose first column is ``id`` as an Arrow stream."""
    objects = [name for name, dtype in nodes.schema.items() if dtype == pl.Object]
    if objects:
        raise InvalidTypeError(
            f"the node columns {', '.join(map(repr, objects))} hold Python objects, which cannot be written to a file; "
            "make the graph with ids and attributes of one type (integers, strings ...)"
        )
    table = io.BytesIO()
    # In one piece: several are brought into line by threads.
    pl.DataFrame([column.rechunk() for column in nodes]).write_ipc_stream(table, compression="zstd")
    return table.getvalue()


def table_from_bytes(table: bytes, n_nodes: int, file: str) -> pl.DataFrame:
    """The table that :func:`table_to_bytes` wrote, read from ``file``, with a row for each of ``n_nodes``."""
    try:
        nodes = pl.read_ipc_stream(io.BytesIO(table))
    except (Exception, pl.exceptions.PanicException) as error:
        raise CorruptFileError(f"{file!r}: the node table cannot be read: {error}") from error
    if nodes.height != n_nodes or nodes.columns[:1] != ["id"] or nodes["id"].null_count():
        raise CorruptFileError(f"{file!r}: the node table does not fit the {n_nodes} nodes")
    return nodes


def to_bytes(inner: _core.Graph, nodes: pl.DataFrame) -> bytes:
    """What :func:`save_graph` would write to a file."""
    with tempfile.TemporaryDirectory(prefix="graphrank-") as folder:
        path = os.path.join(folder, "graph")
        save_graph(inner, nodes, path, QUIET)
        with open(path, "rb") as file:
            return file.read()


def from_bytes(data: bytes) -> tuple[_core.Graph, NodeIndex, pl.DataFrame]:
    """The parts of a graph from the bytes of its file. The file is removed: what is mapped stays readable."""
    with tempfile.TemporaryDirectory(prefix="graphrank-", ignore_cleanup_errors=True) as folder:
        path = os.path.join(folder, "graph")
        with open(path, "wb") as file:
            file.write(data)
        return load_graph(path, QUIET)
