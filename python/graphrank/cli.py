"""The ``graphrank`` command, one part for each of the things that the library does.

Exit codes: 0 done, 1 the data cannot be used, 2 the command cannot be understood. What a script reads goes to stdout,
everything else to stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphrank._clique_command import add_clique_options, find_clique
from graphrank._embedding_command import add_embed_options, add_knn_options, numbers
from graphrank._evaluate_command import add_evaluate_options, evaluate_files
from graphrank._peer_command import add_peer_options, run_peer
from graphrank._select_command import add_select_options, select
from graphrank._simulate_command import add_simulate_options, simulate
from graphrank.exceptions import GraphRankError, InvalidArgumentError

if TYPE_CHECKING:
    import polars as pl

    from graphrank.graph import Graph
    from graphrank.ppr import PprResult

__all__ = ["main"]

_DONE, _BAD_DATA, _BAD_USAGE, _INTERRUPTED = 0, 1, 2, 130

_FILES = "FILE ends in .csv .tsv .txt (also .gz), .parquet, .ipc .arrow .feather, .mtx or .npz."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (without the program's name) and return its exit code.

    Examples
    --------
    >>> from graphrank.cli import main
    >>> main(["info", "no-such-file.csv"])
    1
    """
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except InvalidArgumentError as error:
        return _fail(error, _BAD_USAGE)
    except GraphRankError as error:
        return _fail(error, _BAD_DATA)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return _DONE


def _fail(error: Exception, code: int) -> int:
    print(f"graphrank: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="graphrank", description="Graph analytics on tables of edges.")
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(
        required=True,
        metavar="demo | info | pagerank | ppr | index | embed | knn | clique | select | evaluate | peer | simulate",
    )
    source = _source_options()
    answer = _answer_options()
    solver = _solver_options()

    demo = commands.add_parser("demo", help="ask the Debian packages that ship with graphrank a question")
    demo.set_defaults(run=_demo)

    info = commands.add_parser("info", parents=[source], help="what a file holds", epilog=_FILES)
    info.set_defaults(run=_info)

    pagerank = commands.add_parser(
        "pagerank", parents=[source, solver, answer], help="the most important nodes", epilog=_FILES
    )
    pagerank.set_defaults(run=_pagerank)

    ppr = commands.add_parser(
        "ppr", parents=[source, solver, answer], help="the nodes closest to a source", epilog=_FILES
    )
    _add_starts(ppr)
    ppr.add_argument(
        "--method",
        choices=["auto", "push", "power", "gauss_seidel", "cg"],
        default="auto",
        help="how to solve (auto: what suits the graph)",
    )
    ppr.set_defaults(run=_ppr)

    index = commands.add_parser("index", help="an index that answers ppr in about a millisecond")
    _add_index_commands(index.add_subparsers(required=True, metavar="build | query"), source, answer)

    embed = commands.add_parser("embed", parents=[source], help="a vector for every node", epilog=_FILES)
    add_embed_options(embed)
    embed.set_defaults(run=_embed)

    knn = commands.add_parser("knn", help="the nearest neighbours of vectors")
    add_knn_options(knn)
    _add_output(knn)
    knn.set_defaults(run=_knn)

    clique = commands.add_parser(
        "clique", parents=[source], help="the largest clique, fair to groups", epilog=_FILES
    )
    add_clique_options(clique)
    _add_output(clique)
    clique.set_defaults(run=_clique)

    choose = commands.add_parser(
        "select", help="few elements that stand for all, also while candidates change"
    )
    add_select_options(choose)
    _add_output(choose)
    choose.set_defaults(run=_select)

    measure = commands.add_parser("evaluate", help="how good rankings are, as judged")
    add_evaluate_options(measure)
    _add_output(measure)
    measure.set_defaults(run=_evaluate)

    peer = commands.add_parser("peer", help="exchange signed clicks with other peers, until Ctrl-C")
    add_peer_options(peer)
    peer.set_defaults(run=_peer)

    network = commands.add_parser("simulate", help="peers that click and gossip, and those that attack them")
    add_simulate_options(network)
    _add_output(network)
    network.set_defaults(run=_simulate)
    return parser


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


def _add_index_commands(
    commands: Any, source: argparse.ArgumentParser, answer: argparse.ArgumentParser
) -> None:
    build = commands.add_parser("build", parents=[source], help="index a table of edges", epilog=_FILES)
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

    query = commands.add_parser("query", help="ask an index", epilog=_FILES, parents=[answer])
    query.add_argument("index", metavar="INDEX", help="what `index build` wrote")
    for action in source._actions:
        query._add_action(action)
    _add_starts(query)
    _add_dangling(query)
    query.add_argument("--eps", type=float, default=1e-5, help="share of walkers per edge to stop at (1e-5)")
    query.set_defaults(run=_index_query)


def _source_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("file", metavar="FILE", help="the edges")
    options.add_argument("--src", default="src", metavar="COLUMN", help="column of the first end (src)")
    options.add_argument("--dst", default="dst", metavar="COLUMN", help="column of the second end (dst)")
    options.add_argument("--weight", metavar="COLUMN", help="column of the weights (none: unweighted)")
    options.add_argument("--undirected", action="store_true", help="edges lead both ways")
    options.add_argument("--progress", action="store_true", help="show a bar on stderr")
    return options


def _solver_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--damping", type=float, default=0.85, help="chance to follow an edge, in [0, 1) (0.85)"
    )
    options.add_argument(
        "--tol", type=float, default=1e-8, help="largest error of all scores together (1e-8)"
    )
    _add_dangling(options)
    return options


def _add_dangling(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dangling",
        choices=["restart", "uniform", "self", "absorb"],
        default="restart",
        help="where to go from a node that no edge leaves (restart)",
    )


def _answer_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--top", type=int, metavar="N", help="rows per query (table on stdout: 10, else all)"
    )
    _add_output(options)
    return options


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=["table", "csv"], default="table", help="on stdout (table)")
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write here: .csv, .parquet, .ipc/.arrow/.feather or .jsonl/.ndjson",
    )


def _version() -> str:
    from graphrank import _core

    return f"graphrank {_core.__version__}"


def _demo(_: argparse.Namespace) -> None:
    from graphrank._demo import demo

    print(demo())


def _info(arguments: argparse.Namespace) -> None:
    from graphrank._report import describe

    for name, text in describe(_read(arguments)).items():
        print(f"{name:<12}{text}")


def _pagerank(arguments: argparse.Namespace) -> None:
    from graphrank.ppr import pagerank

    _check_output(arguments)
    graph = _read(arguments)
    answer = pagerank(
        graph,
        damping=arguments.damping,
        tol=arguments.tol,
        dangling=arguments.dangling,
        progress=arguments.progress,
    )
    rows = answer.to_polars().drop("query")
    limit = _limit(arguments)
    _write(rows if limit is None else rows.head(limit), arguments)
    _explain(answer)


def _ppr(arguments: argparse.Namespace) -> None:
    from graphrank.ppr import personalized_pagerank

    _check_output(arguments)
    graph = _read(arguments)
    answer = personalized_pagerank(
        graph,
        **_starts(arguments, graph),
        damping=arguments.damping,
        tol=arguments.tol,
        top_k=_limit(arguments),
        dangling=arguments.dangling,
        method=arguments.method,
        progress=arguments.progress,
    )
    _write(answer.to_polars(), arguments)
    _explain(answer)


def _index_build(arguments: argparse.Namespace) -> None:
    from graphrank.ppr import PowerWalkIndex

    _refuse_to_overwrite(arguments.output, arguments.file, "edges")
    index = PowerWalkIndex.build(
        _read(arguments),
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

    _check_output(arguments)
    if arguments.output is not None:
        _refuse_to_overwrite(arguments.output, arguments.index, "index")
    graph = _read(arguments)
    index = PowerWalkIndex.load(arguments.index, graph, progress=arguments.progress)
    answer = index.query(
        **_starts(arguments, graph),
        top_k=_limit(arguments),
        eps=arguments.eps,
        dangling=arguments.dangling,
        progress=arguments.progress,
    )
    _write(answer.to_polars(), arguments)
    if answer.estimated_error is not None and len(answer):
        likely, most = answer.estimated_error.max(), answer.error_bound.max()
        print(f"{answer.method}: error about {likely:.1e}, at most {most:.1e}", file=sys.stderr)


def _embed(arguments: argparse.Namespace) -> None:
    from graphrank.embedding import fastrp

    output, is_saved = arguments.output, arguments.output.lower().endswith(".embedding")
    _refuse_to_overwrite(output, arguments.file, "edges")
    if not is_saved and not output.lower().endswith((".parquet", ".npy")):
        raise InvalidArgumentError(f"--output must end in .parquet, .npy or .embedding, got {output!r}")
    embedding = fastrp(
        _read(arguments),
        arguments.dim,
        preset=arguments.preset,
        weights=numbers(arguments.weights),
        refine=arguments.refine,
        direction=arguments.direction,
        memory_limit=arguments.memory_limit,
        out=None if is_saved else output,
        seed=arguments.seed,
        progress=arguments.progress,
    )
    if is_saved:
        embedding.save(output, progress=arguments.progress)
    print(f"{embedding} in {output}", file=sys.stderr)


def _knn(arguments: argparse.Namespace) -> None:
    from graphrank._named_ids import ids_from_text
    from graphrank._report import check_writable
    from graphrank._stored_vectors import read_vectors
    from graphrank._vector_table import vector_table
    from graphrank.embedding import knn

    if arguments.output is not None:
        _refuse_to_overwrite(arguments.output, arguments.file, "vectors")
        check_writable(arguments.output)
    vectors = read_vectors(arguments.file)
    queries = None
    if arguments.query is not None:
        queries = ids_from_text(arguments.query, vector_table(vectors).index.dtype)
    rows = knn(
        vectors,
        arguments.k,
        queries=queries,
        metric=arguments.metric,
        method=arguments.method,
        progress=arguments.progress,
    )
    _write(rows, arguments)


def _clique(arguments: argparse.Namespace) -> None:
    from graphrank._report import check_writable

    if arguments.output is not None:
        for read in (arguments.file, arguments.groups):
            if read is not None:
                _refuse_to_overwrite(arguments.output, read, "table")
        check_writable(arguments.output)
    found = find_clique(_read(arguments), arguments)
    rows = found.to_polars()
    _write(rows if arguments.groups else rows.select("node"), arguments)
    print(found, file=sys.stderr)


def _select(arguments: argparse.Namespace) -> None:
    from graphrank._report import check_writable

    if arguments.output is not None:
        for read in (arguments.file, arguments.updates):
            if read is not None:
                _refuse_to_overwrite(arguments.output, read, "table")
        check_writable(arguments.output)
    rows, found = select(arguments)
    _write(rows, arguments)
    print(found, file=sys.stderr)
    if arguments.updates is not None:
        print(*found, file=sys.stderr)


def _evaluate(arguments: argparse.Namespace) -> None:
    from graphrank._report import check_writable

    if arguments.output is not None:
        for read in (arguments.qrels, arguments.run_file):
            _refuse_to_overwrite(arguments.output, read, "table")
        check_writable(arguments.output)
    _write(evaluate_files(arguments), arguments)


def _peer(arguments: argparse.Namespace) -> None:
    told = run_peer(arguments)
    width = 2 + max(len(name) for name, _ in told)
    for name, value in told:
        print(f"{name:<{width}}{value}")


def _simulate(arguments: argparse.Namespace) -> None:
    rows, result = simulate(arguments)
    _write(rows, arguments)
    print(result, file=sys.stderr)


def _read(arguments: argparse.Namespace) -> Graph:
    from graphrank.io import read_edges

    return read_edges(
        arguments.file,
        arguments.src,
        arguments.dst,
        arguments.weight,
        directed=False if arguments.undirected else None,
        progress=arguments.progress,
    )


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


def _check_output(arguments: argparse.Namespace) -> None:
    """Refuse a bad --output or --top before hours of work rather than after."""
    from graphrank._report import check_writable

    _limit(arguments)
    if arguments.output is not None:
        _refuse_to_overwrite(arguments.output, arguments.file, "edges")
        check_writable(arguments.output)


def _refuse_to_overwrite(output: str, read: str, what: str) -> None:
    if os.path.exists(output) and os.path.exists(read) and os.path.samefile(output, read):
        raise InvalidArgumentError(f"--output {output} would overwrite the {what} that it reads")


def _write(rows: pl.DataFrame, arguments: argparse.Namespace) -> None:
    from graphrank._report import text_table, write_table

    if arguments.output is not None:
        write_table(rows, arguments.output)
    elif arguments.format == "csv":
        print(rows.write_csv(), end="")
    else:
        print(text_table(rows))


def _explain(answer: PprResult) -> None:
    """How it was solved and how sure the answer is: on stderr, so that stdout stays a table."""
    if len(answer):
        sweeps = int(answer.iterations.max())
        work = "1 sweep" if sweeps == 1 else f"{sweeps} sweeps"
        bound = f"error at most {answer.error_bound.max():.1e}"
        print(f"{answer.method}: {work}, {bound} ({answer.reason})", file=sys.stderr)
