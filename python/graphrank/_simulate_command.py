"""``graphrank simulate``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from graphrank._command_files import add_output_options, check_output, write_rows
from graphrank.exceptions import InvalidArgumentError

if TYPE_CHECKING:
    import polars as pl

    from graphrank._network import SimulationResult

__all__ = ["add_simulate_command"]

_ATTACKS = {
    "targeted": "TargetedSybil",
    "inflation": "ClicklogInflation",
    "epic": "EpicSybil",
    "promotion": "Promotion",
    "equivocation": "Equivocation",
}

_SHOWN = ["round", "footrule", "ndcg", "spam_rank", "coverage", "bytes_suffix", "bytes_versions"]


def add_simulate_command(commands: Any) -> None:
    """A network of peers."""
    command = commands.add_parser("simulate", help="peers that click and gossip, and those that attack them")
    command.add_argument(
        "--catalogue",
        metavar="FILE",
        help="a table (.csv .tsv .parquet .ipc .arrow .feather) of pairs query, item, or of items and lists of tags "
        "(none: 253 made-up releases with 39 tags)",
    )
    command.add_argument(
        "--tastes", action="store_true", help="four clusters of peers that like different items"
    )
    command.add_argument("--peers", type=int, default=100, metavar="N", help="honest peers (100)")
    command.add_argument("--ticks", type=int, default=10_000, metavar="N", help="clicks in all (10000)")
    command.add_argument("--every", type=int, default=100, metavar="N", help="ticks between two rows (100)")
    command.add_argument(
        "--gossip", choices=["pull", "push"], default="pull", help="which way clicks go (pull)"
    )
    command.add_argument("--attack", choices=list(_ATTACKS), help="who attacks (nobody)")
    command.add_argument("--attackers", type=int, metavar="N", help="how many (10; epic 300, promotion 30)")
    command.add_argument("--clicks", type=int, metavar="N", help="of each attacker (100; inflation 1000)")
    command.add_argument("--camouflage", type=int, metavar="N", help="clicks that promoters copy (10)")
    command.add_argument(
        "--mode",
        choices=["popularity", "paper", "robust", "cosine"],
        default="popularity",
        help="how peers rank",
    )
    command.add_argument("--seed", type=int, default=0, help="of everything (0)")
    add_output_options(command)
    command.set_defaults(run=_simulate)


def _simulate(arguments: argparse.Namespace) -> None:
    check_output(arguments, catalogue=arguments.catalogue)
    rows, result = _found(arguments)
    write_rows(rows, arguments)
    print(result, file=sys.stderr)


def _found(arguments: argparse.Namespace) -> tuple[pl.DataFrame, SimulationResult]:
    """The rows to show, and all of them."""
    from graphrank import ranking
    from graphrank._table_file import read_table

    given = {"n": arguments.attackers, "clicks": arguments.clicks, "camouflage": arguments.camouflage}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if arguments.camouflage is not None and arguments.attack != "promotion":
        raise InvalidArgumentError("--camouflage is for --attack promotion")
    if arguments.attack is None and options:
        raise InvalidArgumentError("--attackers and --clicks are for an --attack")
    attack = None if arguments.attack is None else getattr(ranking, _ATTACKS[arguments.attack])(**options)
    catalogue = None if arguments.catalogue is None else read_table(arguments.catalogue, "catalogue")[0]
    tastes = ranking.planted_tastes(arguments.peers, seed=arguments.seed) if arguments.tastes else None
    network = ranking.Network(
        arguments.peers,
        catalogue,
        gossip=arguments.gossip,
        attack=attack,
        tastes=tastes,
        mode=arguments.mode,
        every=arguments.every,
        seed=arguments.seed,
    )
    result = network.run(arguments.ticks)
    rows = result.to_polars()
    if arguments.output is None and arguments.format == "table":
        rows = rows.gather_every(max(len(result) // 10, 1)).select(_SHOWN)
        rows = rows.select(column for column in rows if column.null_count() < len(column))
    return rows, result
