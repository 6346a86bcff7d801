"""Graphs out of files that other programs wrote."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from graphrank._edge_table import pick
from graphrank._forked import refuse_without_pool
from graphrank._optional import import_optional
from graphrank._scipy import check_n_rows
from graphrank._text_edges import read_lines, read_separated
from graphrank._typing import Duplicates, NodeTable, Progress, SelfLoops
from graphrank._validate import file_path
from graphrank.exceptions import (
    CorruptFileError,
    FileError,
    FileMissingError,
    GraphRankError,
    InvalidArgumentError,
    InvalidDataError,
    OutOfMemoryError,
)
from graphrank.graph import Graph

__all__ = ["read_edges"]


def read_edges(
    path: str | os.PathLike[str],
    src: str = "src",
    dst: str = "dst",
    weight: str | None = None,
    *,
    directed: bool | None = None,
    nodes: NodeTable | None = None,
    duplicates: Duplicates = "sum",
    self_loops: SelfLoops = "keep",
    progress: Progress = None,
    timeout_s: float | None = None,
) -> Graph:
    r"""Read a graph from a file; the ending of its name says what it is.

    ==================================  ===========================================================================
    ending                              content
    ==================================  ===========================================================================
    ``.csv``, ``.tsv``                  a table with a header line, separated by commas or tabs
    ``.txt``, ``.edges``, ``.el``       one edge per line, no header, separated by spaces, tabs or commas; lines that
                                        begin with ``#`` or ``%`` are comments (the format of SNAP)
    any of these and ``.gz``            the same, compressed
    ``.parquet``                        a Parquet table
    ``.ipc``, ``.arrow``, ``.feather``  an Arrow table, as file or as stream
    ``.mtx``, ``.npz``                  a square matrix: Matrix Market, or ``scipy.sparse.save_npz`` (needs SciPy)
    ==================================  ===========================================================================

    Parameters
    ----------
    path
        The file.
    src, dst, weight
        Names of the columns. In a file without a header they are the first, the second and the third column, and
        ``weight`` only says whether to use the third. Matrices ignore them: their entries are the weights.
    directed
        None means directed for tables; a matrix is undirected if it is symmetric.
    nodes, duplicates, self_loops, progress, timeout_s
        As in :meth:`Graph.from_edges`. Matrices take no ``duplicates`` or ``self_loops``.

    Returns
    -------
    Graph

    Raises
    ------
    FileMissingError
        If there is no such file.
    FileError
        If it cannot be read.
    CorruptFileError
        If it is not what its name says.
    InvalidArgumentError
        If its name has none of these endings.
    ColumnNotFoundError, InvalidDataError, InvalidTypeError, NodeNotFoundError
        As in :meth:`Graph.from_edges`.

    Notes
    -----
    Only the needed columns of a table are read. Nothing in a file is ever executed: pickles are refused.

    Examples
    --------
    >>> import graphrank as gr, tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "web.txt")
    ...     _ = path.write_text("# FromNodeId ToNodeId\n0 1\n0 2\n2 1\n")
    ...     gr.read_edges(path)
    Graph(3 nodes, 3 edges, directed, unweighted, ids: Int64)
    """
    file = Path(file_path(path))
    ending = _ending(file)
    if not file.exists():
        raise FileMissingError(f"there is no file {str(file)!r}")
    if ending in _MATRICES:
        if duplicates != "sum" or self_loops != "keep":
            raise InvalidArgumentError(
                f"a {ending} matrix takes no `duplicates` or `self_loops`; read a table instead"
            )
        matrix = guarded(file, ending, _MATRICES[ending])
        return Graph.from_scipy(
            matrix, directed=directed, nodes=nodes, progress=progress, timeout_s=timeout_s
        )
    refuse_without_pool("reading a table from a file")
    names = [src, dst] if weight is None else [src, dst, weight]
    columns = guarded(file, ending, lambda f: _TABLES[ending](f, names))
    return Graph.from_edges(
        pl.DataFrame(dict(zip(names, columns, strict=True))),
        src,
        dst,
        weight,
        directed=directed is None or directed,
        nodes=nodes,
        duplicates=duplicates,
        self_loops=self_loops,
        progress=progress,
        timeout_s=timeout_s,
    )


def _ending(file: Path) -> str:
    name = file.name.lower()
    ending = Path(name.removesuffix(".gz")).suffix
    if ending not in _TABLES and ending not in _MATRICES:
        raise InvalidArgumentError(
            f"cannot tell what {str(file)!r} holds; names end in {', '.join([*_TABLES, *_MATRICES])}"
        )
    if name.endswith(".gz") and ending not in (".csv", ".tsv", *_PLAIN):
        raise InvalidArgumentError(f"{str(file)!r}: only text files are read compressed by gzip")
    return ending


def guarded(file: Path, ending: str, read: Callable[[Path], Any]) -> Any:
    """``read(file)``, with whatever a library says about a bad file turned into our errors."""
    try:
        return read(file)
    except GraphRankError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(f"{str(file)!r} does not fit into memory: {error}") from error
    except PermissionError as error:
        raise FileError(f"{str(file)!r} cannot be read: {error.strerror}") from error
    except (Exception, pl.exceptions.PanicException) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise FileError(f"{str(file)!r} cannot be read: {error.strerror}") from error
        if file.suffix.lower() == ".gz" and isinstance(error, (gzip.BadGzipFile, EOFError, zlib.error)):
            raise CorruptFileError(f"{str(file)!r} is not a whole gzip file: {error}") from error
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CorruptFileError(f"{str(file)!r} is not a readable {ending} file: {reason}") from error


def _read_csv(file: Path, names: list[str]) -> list[pl.Series]:
    return read_separated(file, names, ",")


def _read_tsv(file: Path, names: list[str]) -> list[pl.Series]:
    return read_separated(file, names, "\t")


def _read_parquet(file: Path, names: list[str]) -> list[pl.Series]:
    return pick(pl.scan_parquet(file, glob=False), names)


def _read_arrow(file: Path, names: list[str]) -> list[pl.Series]:
    with open(file, "rb") as stream:
        is_file = stream.read(6) == b"ARROW1"
    return pick(pl.scan_ipc(file, glob=False) if is_file else pl.read_ipc_stream(file), names)


def _read_matrix_market(file: Path) -> Any:
    scipy_io = import_optional("scipy.io", "reading .mtx")
    n_rows, _, _, layout, *_ = scipy_io.mminfo(file)
    if layout != "coordinate":
        raise InvalidDataError(
            f"{str(file)!r} holds a dense matrix; a graph is a sparse one, of layout coordinate"
        )
    check_n_rows(n_rows, f"the matrix in {str(file)!r}")
    return scipy_io.mmread(file)


def _read_npz(file: Path) -> Any:
    sparse = import_optional("scipy.sparse", "reading .npz")
    try:
        with open(file, "rb") as stream:  # SciPy leaves a file that it opens and cannot read open
            return sparse.load_npz(stream)  # never unpickles
    except (ValueError, EOFError) as error:
        # NumPy's own words advise to load pickles.
        raise CorruptFileError(f"{str(file)!r} was not written by scipy.sparse.save_npz") from error


_PLAIN = (".txt", ".edges", ".el")
_TABLES: dict[str, Callable[[Path, list[str]], list[pl.Series]]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    **dict.fromkeys(_PLAIN, read_lines),
    ".parquet": _read_parquet,
    ".ipc": _read_arrow,
    ".arrow": _read_arrow,
    ".feather": _read_arrow,
}
_MATRICES: dict[str, Callable[[Path], Any]] = {".mtx": _read_matrix_market, ".npz": _read_npz}
