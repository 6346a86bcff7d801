"""How graphs and results look in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl

    from graphrank.graph import Graph

__all__ = ["graph_html", "result_html"]


class Result(Protocol):
    """An answer that has a table."""

    def _first_rows(self, limit: int) -> pl.DataFrame: ...


def graph_html(graph: Graph) -> str:
    """A small table of what the graph is."""
    rows = {
        "nodes": f"{graph.n_nodes:,}",
        "edges": f"{graph.n_edges:,}",
        "directed": "yes" if graph.is_directed else "no",
        "weighted": "yes" if graph.is_weighted else "no",
        "ids": str(graph._index.dtype),
        "attributes": ", ".join(graph.nodes.columns[1:]) or "none",
        "memory": f"{graph._inner.n_bytes / 1e6:,.1f} MB",
    }
    cells = "".join(f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows.items())
    return f"<table><caption>graphrank.Graph</caption>{cells}</table>"


def result_html(result: Result) -> str:
    """The summary line and the first ten rows of the answer."""
    rows = result._first_rows(10)._repr_html_()
    return f"<div><code>{escape(repr(result))}</code>{rows}</div>"
