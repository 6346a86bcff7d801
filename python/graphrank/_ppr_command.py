"""``graphrank pagerank``, ``graphrank ppr`` and ``graphrank index``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from graphrank._command_files import (
    EDGE_FILES,
    add_edge_options,
    add_output_options,
    check_output,
    read_graph,
    refuse_to_overwrite,
    write_rows,
)

if TYPE_CHECKING:
    import polars as pl

    from graphrank.graph import Graph
    from graphrank.ppr import PprResult

__all__ = ["add_index_command", "add_pagerank_command", "add_ppr_command"]


def add_pagerank_command(commands: Any) -> None:
    """The scores of all nodes."""
    command = commands.add_parser("pagerank", help="the most important nodes", epilog=EDGE_FILES)
    add_edge_options(command)
    _add_solver_options(command)
    _add_answer_options(command)
    command.set_defaults(run=_pagerank)


def add_ppr_command(commands: Any) -> None:
    """The scores as seen from some nodes."""
    command = commands.add_parser("ppr", help="the nodes closest to a source", epilog=EDGE_FILES)
    add_edge_options(command)
    _add_solver_options(command)
    _add_answer_options(command)
    _add_starts(command)
    command.add_argument(
        "--method",
        choices=["auto", "push", "power", "gauss_seidel", "cg"],
        default="auto",
        help="how to solve (auto: what suits the graph)",
    )
    command.set_defaults(run=_ppr)


def add_index_command(commands: Any) -> None:
    """The same from an index, which is built once."""
    index = commands.add_parser("index", help="an index that answers ppr in about a millisecond")
    parts = index.add_subparsers(required=True, metavar="build | query")

    build = parts.add_parser("build", help="index a table of edges", epilog=EDGE_FILES)
    add_edge_options(build)
    build.add_argument("-o", "--output", required=True, metavar="INDEX", help="write the index here")
    build.add_argument("--walks", type=int, default=16, metavar="N", help="random walks per node (16)")
    build.add_argument("--damping", type=float, default=0.85, help="chance to follow an edge (0.85)")
    build.add_argument(
        "--closure",
        choices=["auto", "single", "clusters", "none"],
        default="auto",
        help="how queries are finished (auto: what errs least)",
    )
    build.add_argument("--seed", type=int, default=0, help="of the walks (0)")
    build.set_defaults(run=_index_build)

    query = parts.add_parser("query", help="ask an index", epilog=EDGE_FILES)
    query.add_argument("index", metavar="INDEX", help="what `index build` wrote")
    add_edge_options(query)
    _add_answer_options(query)
    _add_starts(query)
    _add_dangling(query)
    query.add_argument("--eps", type=float, default=1e-5, help="share of walkers per edge to stop at (1e-5)")
    query.set_defaults(run=_index_query)


def _add_solver_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--damping", type=float, default=0.85, help="chance to follow an edge, in [0, 1) (0.85)"
    )
    command.add_argument(
        "--tol", type=float, default=1e-8, help="largest error of all scores together (1e-8)"
    )
    _add_dangling(command)


def _add_dangling(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dangling",
        choices=["restart", "uniform", "self", "absorb"],
        default="restart",
        help="where to go from a node that no edge leaves (restart)",
    )


def _add_answer_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--top", type=int, metavar="N", help="rows per query (table on stdout: 10, else all)"
    )
    add_output_options(command)


def _add_starts(command: argparse.ArgumentParser) -> None:
    starts = command.add_mutually_exclusive_group(required=True)
    starts.add_argument(
        "-s", "--source", action="append", metavar="ID", help="a node to start from; repeat for more"
    )
    starts.add_argument(
        "--restart",
        metavar="FILE",
        help="a table (.csv .tsv .parquet .ipc .arrow .feather) of nodes to go back to: node, weight and, for "
        "several queries, query",
    )


def _pagerank(arguments: argparse.Namespace) -> None:
    from graphrank.ppr import pagerank

    limit = _limit(arguments)
    check_output(arguments, edges=arguments.file)
    answer = pagerank(
        read_graph(arguments),
        damping=arguments.damping,
        tol=arguments.tol,
        dangling=arguments.dangling,
        progress=arguments.progress,
    )
    rows = answer.to_polars().drop("query")
    write_rows(rows if limit is None else rows.head(limit), arguments)
    _explain(answer)


def _ppr(arguments: argparse.Namespace) -> None:
    from graphrank.ppr import personalized_pagerank

    limit = _limit(arguments)
    check_output(arguments, edges=arguments.file)
    graph = read_graph(arguments)
    answer = personalized_pagerank(
        graph,
        **_starts(arguments, graph),
        damping=arguments.damping,
        tol=arguments.tol,
        top_k=limit,
        dangling=arguments.dangling,
        method=arguments.method,
        progress=arguments.progress,
    )
    write_rows(answer.to_polars(), arguments)
    _explain(answer)


def _index_build(arguments: argparse.Namespace) -> None:
    from graphrank.ppr import PowerWalkIndex

    refuse_to_overwrite(arguments.output, arguments.file, "edges")
    index = PowerWalkIndex.build(
        read_graph(arguments),
        walks=arguments.walks,
        damping=arguments.damping,
        closure=arguments.closure,
        seed=arguments.seed,
        progress=arguments.progress,
    )
    index.save(arguments.output, progress=arguments.progress)
    print(f"{index} in {arguments.output}", file=sys.stderr)


def _index_query(arguments: argparse.Namespace) -> None:
    from graphrank.ppr import PowerWalkIndex

    limit = _limit(arguments)
    check_output(arguments, edges=arguments.file, index=arguments.index)
    graph = read_graph(arguments)
    index = PowerWalkIndex.load(arguments.index, graph, progress=arguments.progress)
    answer = index.query(
        **_starts(arguments, graph),
        top_k=limit,
        eps=arguments.eps,
        dangling=arguments.dangling,
        progress=arguments.progress,
    )
    write_rows(answer.to_polars(), arguments)
    if answer.estimated_error is not None and len(answer):
        likely, most = answer.estimated_error.max(), answer.error_bound.max()
        print(f"{answer.method}: error about {likely:.1e}, at most {most:.1e}", file=sys.stderr)


def _starts(arguments: argparse.Namespace, graph: Graph) -> dict[str, Any]:
    """Where queries begin: the sources or the file of restarts, whichever was given."""
    from graphrank._restart_file import read_restart

    if arguments.restart is None:
        return {"sources": _typed(arguments.source, graph)}
    return {"restart": read_restart(arguments.restart, graph.nodes["id"].dtype)}


def _typed(sources: list[str], graph: Graph) -> pl.Series:
    """The sources, which the shell hands over as text, in the dtype of the ids."""
    from graphrank._named_ids import ids_from_text

    return ids_from_text(sources, graph.nodes["id"].dtype)


def _limit(arguments: argparse.Namespace) -> int | None:
    """Rows per query; a table for people is short unless they ask for more."""
    if arguments.top is not None:
        from graphrank._validate import positive_int

        return positive_int("--top", arguments.top)
    return 10 if arguments.output is None and arguments.format == "table" else None


def _explain(answer: PprResult) -> None:
    """How it was solved and how sure the answer is: on stderr, so that stdout stays a table."""
    if len(answer):
        sweeps = int(answer.iterations.max())
        work = "1 sweep" if sweeps == 1 else f"{sweeps} sweeps"
        bound = f"error at most {answer.error_bound.max():.1e}"
        print(f"{answer.method}: {work}, {bound} ({answer.reason})", file=sys.stderr)
