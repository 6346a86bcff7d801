"""The ``graphrank`` command, one part for each of the things that the library does.

Exit codes: 0 done, 1 the data cannot be used, 2 the command cannot be understood. What a script reads goes to stdout,
everything else to stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from graphrank._clique_command import add_clique_command
from graphrank._command_files import EDGE_FILES, add_edge_options, read_graph
from graphrank._embedding_command import add_embed_command, add_knn_command
from graphrank._evaluate_command import add_evaluate_command
from graphrank._peer_command import add_peer_command
from graphrank._ppr_command import add_index_command, add_pagerank_command, add_ppr_command
from graphrank._select_command import add_select_command
from graphrank._simulate_command import add_simulate_command
from graphrank.exceptions import GraphRankError, InvalidArgumentError

__all__ = ["main"]

_DONE, _BAD_DATA, _BAD_USAGE, _INTERRUPTED = 0, 1, 2, 130

# In the order in which they are listed.
_COMMANDS = [
    add_pagerank_command,
    add_ppr_command,
    add_index_command,
    add_embed_command,
    add_knn_command,
    add_clique_command,
    add_select_command,
    add_evaluate_command,
    add_peer_command,
    add_simulate_command,
]


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
    demo = commands.add_parser("demo", help="ask the Debian packages that ship with graphrank a question")
    demo.set_defaults(run=_demo)
    info = commands.add_parser("info", help="what a file holds", epilog=EDGE_FILES)
    add_edge_options(info)
    info.set_defaults(run=_info)
    for add_command in _COMMANDS:
        add_command(commands)
    return parser


def _version() -> str:
    from graphrank import _core

    return f"graphrank {_core.__version__}"


def _demo(_: argparse.Namespace) -> None:
    from graphrank._demo import demo

    print(demo())


def _info(arguments: argparse.Namespace) -> None:
    from graphrank._report import describe

    for name, text in describe(read_graph(arguments)).items():
        print(f"{name:<12}{text}")
