"""``graphrank select``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from graphrank._command_files import add_output_options, check_output, write_rows
from graphrank.exceptions import InvalidDataError

if TYPE_CHECKING:
    import polars as pl

    from graphrank._objective import Objective
    from graphrank._selection import Selection

__all__ = ["add_select_command"]


def add_select_command(commands: Any) -> None:
    """Elements that have most of a table of pairs."""
    command = commands.add_parser(
        "select", help="few elements that stand for all, also while candidates change"
    )
    command.add_argument(
        "file",
        metavar="FILE",
        help="pairs of an element and an item: .csv .tsv .parquet .ipc .arrow .feather",
    )
    command.add_argument("-k", type=int, required=True, metavar="N", help="how many elements at most")
    command.add_argument("--element", default="element", metavar="COLUMN", help="its elements (element)")
    command.add_argument("--item", default="item", metavar="COLUMN", help="its items (item)")
    command.add_argument(
        "--objective",
        choices=["coverage", "facility", "saturated"],
        default="coverage",
        help="coverage: items that some pick has (default); facility: the similarity of each item to its nearest "
        "pick; saturated: to all picks, up to a share of what all elements would add",
    )
    command.add_argument(
        "--value",
        metavar="COLUMN",
        help="for facility and saturated, its similarities (similarity); for coverage, what an item counts (1)",
    )
    command.add_argument(
        "--method",
        choices=["lazy", "stochastic", "threshold"],
        default="lazy",
        help="how to pick without --updates: lazy greedy (default), or faster for somewhat less",
    )
    command.add_argument("--seed", type=int, default=0, help="of what is random (0)")
    changes = command.add_argument_group(
        "while candidates come and go",
        "Nothing is a candidate at first. The answer is the log; what is selected at the end goes to stderr.",
    )
    changes.add_argument(
        "--updates",
        metavar="FILE",
        help='a table of operations, in order: columns op (1 or -1, "insert" or "delete") and the elements',
    )
    changes.add_argument("--op", default="op", metavar="COLUMN", help="its operations (op)")
    changes.add_argument(
        "--every", type=int, default=1000, metavar="N", help="operations per row of the log (1000)"
    )
    changes.add_argument(
        "--strategy",
        choices=["robust", "polylog", "sieve", "greedy"],
        default="robust",
        help="how the selection follows (robust); sieve and greedy are to compare with",
    )
    changes.add_argument(
        "--stability",
        type=float,
        default=0.0,
        metavar="S",
        help="share of the value to give up for fewer changes (0)",
    )
    command.add_argument("--progress", action="store_true", help="show a bar on stderr")
    add_output_options(command)
    command.set_defaults(run=_select)


def _select(arguments: argparse.Namespace) -> None:
    check_output(arguments, pairs=arguments.file, updates=arguments.updates)
    rows, found = _found(arguments)
    write_rows(rows, arguments)
    print(found, file=sys.stderr)
    if arguments.updates is not None:
        print(*found, file=sys.stderr)


def _found(arguments: argparse.Namespace) -> tuple[pl.DataFrame, Selection]:
    """The rows that answer, and what is selected."""
    from graphrank._dynamic_maximizer import DynamicMaximizer
    from graphrank._select import maximize

    objective = _objective(arguments)
    if arguments.updates is None:
        found = maximize(
            objective,
            arguments.k,
            method=arguments.method,
            seed=arguments.seed,
            progress=arguments.progress,
        )
        return found.to_polars(), found
    best = DynamicMaximizer(
        objective,
        arguments.k,
        strategy=arguments.strategy,
        stability=arguments.stability,
        seed=arguments.seed,
    )
    log = best.apply(
        _operations(arguments, objective),
        arguments.op,
        arguments.element,
        every=arguments.every,
        progress=arguments.progress,
    )
    return log, best._selection()


def _objective(arguments: argparse.Namespace) -> Objective:
    from graphrank._concave_sums import SaturatedCoverage
    from graphrank._coverage import Coverage
    from graphrank._facility_location import FacilityLocation
    from graphrank._table_file import read_table

    element, item, value = arguments.element, arguments.item, arguments.value
    is_similarity = arguments.objective != "coverage"
    if is_similarity and value is None:
        value = "similarity"
    table, is_text = read_table(arguments.file, "pairs")
    if is_text and value is not None:
        table = _with_numbers(table, value, arguments.file)
    if not is_similarity:
        return Coverage(table, element=element, item=item, weight=value)
    kind = FacilityLocation if arguments.objective == "facility" else SaturatedCoverage
    return kind(table, element=element, client=item, score=value)


def _operations(arguments: argparse.Namespace, objective: Objective) -> pl.DataFrame:
    """The table of updates; what a file without types says is read as the elements are, and as 1 or -1."""
    import polars as pl

    from graphrank._edge_table import pick
    from graphrank._named_ids import ids_from_text
    from graphrank._table_file import read_table

    table, is_text = read_table(arguments.updates, "updates")
    if not is_text:
        return table
    ops, elements = pick(table, [arguments.op, arguments.element])
    ops = ops.str.strip_chars()
    if ops.is_in(["1", "-1"]).all():
        ops = ops.cast(pl.Int64)
    if not elements.null_count():
        elements = ids_from_text(elements.to_list(), objective.ids.dtype).alias(arguments.element)
    return pl.DataFrame([ops.alias(arguments.op), elements])


def _with_numbers(table: pl.DataFrame, name: str, path: str) -> pl.DataFrame:
    """The table with one of its columns of text as numbers."""
    import polars as pl

    from graphrank._edge_table import pick

    texts = pick(table, [name])[0]
    numbers = texts.str.strip_chars().cast(pl.Float64, strict=False)
    wrong = numbers.is_null().arg_true()
    if wrong.len():
        raise InvalidDataError(
            f"{path!r}, row {wrong[0]}: {texts[wrong[0]]!r} in column {name!r} is no number"
        )
    return table.with_columns(numbers.alias(name))
