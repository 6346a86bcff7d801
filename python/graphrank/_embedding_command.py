"""``graphrank embed`` and ``graphrank knn``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from graphrank._command_files import (
    EDGE_FILES,
    add_edge_options,
    add_output_options,
    check_output,
    read_graph,
    refuse_to_overwrite,
    write_rows,
)
from graphrank.exceptions import InvalidArgumentError

__all__ = ["add_embed_command", "add_knn_command"]


def add_embed_command(commands: Any) -> None:
    """Vectors of the nodes of a table of edges."""
    embed = commands.add_parser("embed", help="a vector for every node", epilog=EDGE_FILES)
    add_edge_options(embed)
    embed.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="write here: .parquet (node, embedding), .npy (a row per node, ids sorted) or .embedding (for Python)",
    )
    embed.add_argument("--dim", type=int, default=128, metavar="N", help="numbers per vector (128)")
    embed.add_argument(
        "--preset", choices=["paper", "gds", "links"], help="weights for a purpose (none: for telling labels)"
    )
    embed.add_argument(
        "--weights", metavar="W,W,...", help="weight of what is one step away, two ... (0,0,1,6.67)"
    )
    embed.add_argument("--refine", type=int, default=0, metavar="N", help="rounds of refining; 2 do much (0)")
    embed.add_argument(
        "--direction", choices=["both", "out", "in"], default="both", help="which edges to follow (both)"
    )
    embed.add_argument(
        "--memory-limit",
        type=int,
        metavar="BYTES",
        help="beside graph and vectors (none: as many as it takes)",
    )
    embed.add_argument("--seed", type=int, default=0, help="of the random rows (0)")
    embed.set_defaults(run=_embed)


def add_knn_command(commands: Any) -> None:
    """What is near in a table of vectors."""
    knn = commands.add_parser("knn", help="the nearest neighbours of vectors")
    knn.add_argument(
        "file",
        metavar="FILE",
        help="vectors: .parquet .ipc .arrow .feather (node, embedding), .npy or .embedding",
    )
    knn.add_argument("-q", "--query", action="append", metavar="ID", help="whose (all); repeat for more")
    knn.add_argument("-k", type=int, default=10, metavar="N", help="neighbours of each (10)")
    knn.add_argument(
        "--metric", choices=["cosine", "dot", "l2"], default="cosine", help="what makes them near (cosine)"
    )
    knn.add_argument(
        "--method",
        choices=["auto", "exact", "ann"],
        default="auto",
        help="auto: exact unless that takes hours",
    )
    knn.add_argument("--progress", action="store_true", help="show a bar on stderr")
    add_output_options(knn)
    knn.set_defaults(run=_knn)


def _embed(arguments: argparse.Namespace) -> None:
    from graphrank.embedding import fastrp

    output, is_saved = arguments.output, arguments.output.lower().endswith(".embedding")
    refuse_to_overwrite(output, arguments.file, "edges")
    if not is_saved and not output.lower().endswith((".parquet", ".npy")):
        raise InvalidArgumentError(f"--output must end in .parquet, .npy or .embedding, got {output!r}")
    embedding = fastrp(
        read_graph(arguments),
        arguments.dim,
        preset=arguments.preset,
        weights=_numbers(arguments.weights),
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
    from graphrank._stored_vectors import read_vectors
    from graphrank._vector_table import vector_table
    from graphrank.embedding import knn

    check_output(arguments, vectors=arguments.file)
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
    write_rows(rows, arguments)


def _numbers(text: str | None) -> list[float] | None:
    """The numbers between the commas."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidArgumentError(
            f"--weights must be numbers with commas between them, got {text!r}"
        ) from error
