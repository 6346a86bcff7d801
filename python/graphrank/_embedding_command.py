"""What ``graphrank embed`` and ``graphrank knn`` take."""

from __future__ import annotations

import argparse

from graphrank.exceptions import InvalidArgumentError

__all__ = ["add_embed_options", "add_knn_options", "numbers"]


def add_embed_options(embed: argparse.ArgumentParser) -> None:
    """Those of ``graphrank embed``, but for the edges."""
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


def add_knn_options(knn: argparse.ArgumentParser) -> None:
    """Those of ``graphrank knn``, but for the output."""
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


def numbers(text: str | None) -> list[float] | None:
    """The numbers between the commas."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidArgumentError(
            f"--weights must be numbers with commas between them, got {text!r}"
        ) from error
