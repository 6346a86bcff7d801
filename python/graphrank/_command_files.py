"""What the commands share: edges that they read, rows that they write."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from graphrank.exceptions import InvalidArgumentError

if TYPE_CHECKING:
    import polars as pl

    from graphrank.graph import Graph

__all__ = [
    "EDGE_FILES",
    "add_edge_options",
    "add_output_options",
    "check_output",
    "read_graph",
    "refuse_to_overwrite",
    "write_rows",
]

_SAVED = ".graph"
EDGE_FILES = (
    "FILE ends in .csv .tsv .txt (also .gz), .parquet, .ipc .arrow .feather, .mtx, .npz, or in .graph as what "
    "Graph.save() wrote."
)


def add_edge_options(command: argparse.ArgumentParser) -> None:
    """What :func:`read_graph` asks for."""
    command.add_argument("file", metavar="FILE", help="the edges")
    command.add_argument("--src", default="src", metavar="COLUMN", help="column of the first end (src)")
    command.add_argument("--dst", default="dst", metavar="COLUMN", help="column of the second end (dst)")
    command.add_argument("--weight", metavar="COLUMN", help="column of the weights (none: unweighted)")
    command.add_argument("--undirected", action="store_true", help="edges lead both ways")
    command.add_argument("--progress", action="store_true", help="show a bar on stderr")


def read_graph(arguments: argparse.Namespace) -> Graph:
    """The graph of the edges, or the one that was saved."""
    if arguments.file.endswith(_SAVED):
        return _load_graph(arguments)
    from graphrank.io import read_edges

    return read_edges(
        arguments.file,
        arguments.src,
        arguments.dst,
        arguments.weight,
        directed=False if arguments.undirected else None,
        progress=arguments.progress,
    )


def _load_graph(arguments: argparse.Namespace) -> Graph:
    from graphrank.graph import Graph

    named = {
        "--src": arguments.src != "src",
        "--dst": arguments.dst != "dst",
        "--weight": arguments.weight is not None,
    }
    given = [option for option, is_given in named.items() if is_given]
    if given:
        raise InvalidArgumentError(f"{given[0]} names a column of a table; {arguments.file} is a saved graph")
    graph = Graph.load(arguments.file, progress=arguments.progress)
    if arguments.undirected and graph.is_directed:
        raise InvalidArgumentError(
            f"the edges of {arguments.file} are directed; save the graph that its to_undirected() gives"
        )
    return graph


def add_output_options(command: argparse.ArgumentParser) -> None:
    """What :func:`write_rows` asks for."""
    command.add_argument("--format", choices=["table", "csv"], default="table", help="on stdout (table)")
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write here: .csv, .parquet, .ipc/.arrow/.feather or .jsonl/.ndjson",
    )


def check_output(arguments: argparse.Namespace, **read: str | None) -> None:
    """Refuse a bad --output before hours of work rather than after; ``read`` are files, by what they hold."""
    if arguments.output is None:
        return
    from graphrank._report import check_writable

    for what, path in read.items():
        if path is not None:
            refuse_to_overwrite(arguments.output, path, what)
    check_writable(arguments.output)


def refuse_to_overwrite(output: str, read: str, what: str) -> None:
    """Nobody means to lose what is read."""
    if os.path.exists(output) and os.path.exists(read) and os.path.samefile(output, read):
        raise InvalidArgumentError(f"--output {output} would overwrite the {what} that it reads")


def write_rows(rows: pl.DataFrame, arguments: argparse.Namespace) -> None:
    """Into the file that was named, else to stdout."""
    from graphrank._report import text_table, write_table

    if arguments.output is not None:
        write_table(rows, arguments.output)
    elif arguments.format == "csv":
        print(rows.write_csv(), end="")
    else:
        print(text_table(rows))
