"""Tables for terminals and files: what the command line writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from graphrank.exceptions import FileError, InvalidArgumentError

if TYPE_CHECKING:
    from graphrank.graph import Graph

__all__ = ["check_writable", "describe", "text_table", "write_table"]

_WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    ".csv": lambda rows, path: rows.write_csv(path),
    ".parquet": lambda rows, path: rows.write_parquet(path),
    ".ipc": lambda rows, path: rows.write_ipc(path),
    ".arrow": lambda rows, path: rows.write_ipc(path),
    ".feather": lambda rows, path: rows.write_ipc(path),
    ".jsonl": lambda rows, path: rows.write_ndjson(path),
    ".ndjson": lambda rows, path: rows.write_ndjson(path),
}


def check_writable(path: str) -> None:
    """Refuse a file name that :func:`write_table` could not write to."""
    if Path(path).suffix.lower() not in _WRITERS:
        raise InvalidArgumentError(f"cannot tell how to write {path!r}; names end in {', '.join(_WRITERS)}")
    if not Path(path).absolute().parent.is_dir():
        raise FileError(f"cannot write {path!r}: there is no such folder")


def write_table(rows: pl.DataFrame, path: str) -> None:
    """Write ``rows`` in the format that the ending of ``path`` names."""
    check_writable(path)
    try:
        _WRITERS[Path(path).suffix.lower()](rows, Path(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FileError(f"cannot write {path!r}: {error}") from error


def text_table(rows: pl.DataFrame) -> str:
    """``rows`` in aligned columns, numbers to the right; scores with six digits after the point."""
    columns = [[name, *map(_cell, rows[name])] for name in rows.columns]
    widths = [max(map(len, column)) for column in columns]
    numeric = [dtype.is_numeric() for dtype in rows.dtypes]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in zip(*columns, strict=True)
    ]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def describe(graph: Graph) -> dict[str, str]:
    """What a person wants to know about a graph first."""
    degrees = graph.degrees()
    out, into = degrees["out_degree"], degrees["in_degree"]
    summary = {
        "nodes": f"{graph.n_nodes:,}",
        "edges": f"{graph.n_edges:,}",
        "directed": "yes" if graph.is_directed else "no",
        "weighted": "yes" if graph.is_weighted else "no",
        "ids": str(degrees["id"].dtype),
        "memory": f"{graph._inner.n_bytes / 1e6:,.1f} MB",
    }
    if not graph.n_nodes:
        return summary
    summary["isolated"] = f"{((out == 0) & (into == 0)).sum():,} nodes without edges"
    if graph.is_directed:
        summary["dangling"] = f"{(out == 0).sum():,} nodes without an edge out"
        summary["most in"] = _most(degrees, "in_degree")
    summary["most out" if graph.is_directed else "most"] = _most(degrees, "out_degree")
    return summary


def _most(degrees: pl.DataFrame, column: str) -> str:
    at = degrees[column].arg_max()
    assert at is not None
    return f"{degrees[column][at]:,} edges at {degrees['id'][at]!r}"
