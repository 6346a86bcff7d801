"""``graphrank clique``."""

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
    write_rows,
)
from graphrank.exceptions import InvalidArgumentError, InvalidDataError

if TYPE_CHECKING:
    import polars as pl

    from graphrank._clique_result import FairClique
    from graphrank.graph import Graph

__all__ = ["add_clique_command", "read_groups"]


def add_clique_command(commands: Any) -> None:
    """The largest clique of a table of edges."""
    clique = commands.add_parser("clique", help="the largest clique, fair to groups", epilog=EDGE_FILES)
    add_edge_options(clique)
    clique.add_argument(
        "--groups",
        metavar="FILE",
        help="a table (.csv .tsv .parquet .ipc .arrow .feather) of nodes and their groups; nodes that it does not list "
        "are left out (none: the largest clique, whatever the groups)",
    )
    clique.add_argument("--node", default="node", metavar="COLUMN", help="its column of nodes (node)")
    clique.add_argument("--group", default="group", metavar="COLUMN", help="its column of groups (group)")
    number = "N | GROUP=N"
    clique.add_argument(
        "-k",
        action="append",
        metavar=number,
        help="least members of each group (1), or of one; repeat for more",
    )
    clique.add_argument("--most", action="append", metavar=number, help="the most members, likewise (none)")
    clique.add_argument("--delta", type=int, metavar="N", help="by how many a group may exceed another (any)")
    clique.add_argument("--max-ratio", type=float, metavar="R", help="most members by least members (any)")
    clique.add_argument("--max-share", type=float, metavar="S", help="of a group among all members (any)")
    clique.add_argument("--include", action="append", metavar="ID", help="a member; repeat for more")
    clique.add_argument("--exclude", action="append", metavar="ID", help="no member; repeat for more")
    clique.add_argument(
        "--heuristic", action="store_true", help="a good clique at once instead of the largest"
    )
    clique.add_argument("--timeout", type=float, metavar="SECONDS", help="take the best until then (none)")
    add_output_options(clique)
    clique.set_defaults(run=_clique)


def _clique(arguments: argparse.Namespace) -> None:
    check_output(arguments, edges=arguments.file, groups=arguments.groups)
    found = _find(read_graph(arguments), arguments)
    rows = found.to_polars()
    write_rows(rows if arguments.groups else rows.select("node"), arguments)
    print(found, file=sys.stderr)


def _find(graph: Graph, arguments: argparse.Namespace) -> FairClique:
    from graphrank._named_ids import ids_from_text
    from graphrank.clique import max_clique, max_fair_clique

    dtype = graph.nodes["id"].dtype
    include, exclude = (
        None if ids is None else ids_from_text(ids, dtype) for ids in (arguments.include, arguments.exclude)
    )
    search: dict[str, Any] = {
        "must_include": include,
        "exclude": exclude,
        "method": "heuristic" if arguments.heuristic else "exact",
        "progress": arguments.progress,
        "timeout_s": arguments.timeout,
    }
    if arguments.groups is None:
        rules = (arguments.k, arguments.most, arguments.delta, arguments.max_ratio, arguments.max_share)
        if any(rule is not None for rule in rules):
            raise InvalidArgumentError("rules are about groups: give --groups as well")
        return max_clique(graph, **search)
    groups = read_groups(arguments.groups, arguments.node, arguments.group, dtype)
    known = graph._index.find(graph._index.cast(groups["node"], "groups")) < graph.n_nodes
    return max_fair_clique(
        graph,
        groups.filter(known),
        k=1 if arguments.k is None else _per_group("-k", arguments.k),
        delta=arguments.delta,
        max_ratio=arguments.max_ratio,
        max_share=arguments.max_share,
        max_per_group=None if arguments.most is None else _per_group("--most", arguments.most),
        ungrouped="exclude",
        **search,
    )


def read_groups(path: str, node: str, group: str, id_dtype: pl.DataType) -> pl.DataFrame:
    """Columns ``node`` and ``group``, which is text; nodes of a text file are in ``id_dtype``."""
    import polars as pl

    from graphrank._edge_table import pick
    from graphrank._named_ids import ids_from_text
    from graphrank._table_file import read_table

    table, is_text = read_table(path, "groups")
    nodes, groups = pick(table, [node, group])
    if nodes.null_count():
        row = nodes.is_null().arg_true()[0]
        raise InvalidDataError(f"{path!r}, row {row}: there is no node in column {node!r}")
    if is_text:
        nodes = ids_from_text(nodes.to_list(), id_dtype)
    return pl.DataFrame([nodes.alias("node"), groups.cast(pl.String).alias("group")])


def _per_group(option: str, texts: list[str]) -> int | dict[str, int]:
    """``2``, or ``law=2`` and ``math=1``."""
    numbers: dict[str, int] = {}
    for text in texts:
        name, is_named, number = text.rpartition("=")
        if not number.strip().isdecimal() or (len(texts) > 1 and not is_named):
            raise InvalidArgumentError(f"{option} must be N, or GROUP=N once for each group, got {text!r}")
        if not is_named:
            return int(number)
        numbers[name] = int(number)
    return numbers
