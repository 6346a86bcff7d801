"""``graphrank evaluate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrank._command_files import add_output_options, check_output, write_rows
from graphrank.exceptions import InvalidDataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["add_evaluate_command"]

_TABLES = (".csv", ".tsv", ".parquet", ".ipc", ".arrow", ".feather")


def add_evaluate_command(commands: Any) -> None:
    """Measures of rankings."""
    command = commands.add_parser("evaluate", help="how good rankings are, as judged")
    tables = f"a table ({' '.join(_TABLES)})"
    command.add_argument(
        "qrels", metavar="QRELS", help=f"judgements: {tables} with query, item and label, or a file of TREC"
    )
    command.add_argument(
        "run_file",
        metavar="RUN",
        help=f"rankings: {tables} with query, item and score or rank, or a file of TREC",
    )
    command.add_argument(
        "--metrics",
        nargs="+",
        metavar="NAME",
        default=["ndcg@10", "map", "mrr", "recall@100", "precision@10"],
        help="measures, after the files (ndcg@10 map mrr recall@100 precision@10)",
    )
    command.add_argument("--gain", choices=["linear", "exp"], default="linear", help="of ndcg (linear)")
    command.add_argument(
        "--ties",
        choices=["stable", "trec", "expected"],
        default="stable",
        help="equal scores: as rows come (default), as in trec_eval, or the mean over all orders",
    )
    command.add_argument(
        "--empty", choices=["0", "1", "skip"], default="0", help="value of a query with nothing relevant (0)"
    )
    command.add_argument(
        "--missing", choices=["0", "skip"], default="0", help="value of a judged query that is not ranked (0)"
    )
    command.add_argument("--per-query", action="store_true", help="a row for each query and measure")
    command.add_argument(
        "--confidence", type=float, metavar="C", help="bounds of the means, such as 0.95 (none)"
    )
    command.add_argument("--seed", type=int, default=0, help="of these bounds (0)")
    add_output_options(command)
    command.set_defaults(run=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> None:
    check_output(arguments, judgements=arguments.qrels, rankings=arguments.run_file)
    write_rows(_rows(arguments), arguments)


def _rows(arguments: argparse.Namespace) -> pl.DataFrame:
    from graphrank._evaluate import evaluate
    from graphrank._trec_files import read_qrels, read_run

    def choice(word: str) -> int | str:
        return word if word == "skip" else int(word)

    def table(path: str, what: str) -> pl.DataFrame:
        if Path(path).suffix.lower() in _TABLES:
            return _table(path, what)
        return read_qrels(path) if what == "judgements" else read_run(path)

    return evaluate(
        table(arguments.qrels, "judgements"),
        table(arguments.run_file, "rankings"),
        arguments.metrics,
        gain=arguments.gain,
        ties=arguments.ties,
        empty=choice(arguments.empty),  # type: ignore[arg-type]  # argparse has checked the word
        missing=choice(arguments.missing),  # type: ignore[arg-type]  # likewise
        per_query=arguments.per_query,
        confidence=arguments.confidence,
        seed=arguments.seed,
    )


def _table(path: str, what: str) -> pl.DataFrame:
    """A table with numbers where numbers belong: files of text have none. Ids of all files are taken as text."""
    import polars as pl

    from graphrank._table_file import read_table

    table, is_text = read_table(path, what)
    for name in ("query", "item"):
        if name in table.columns and table[name].dtype.is_integer():
            table = table.with_columns(pl.col(name).cast(pl.String))
    for name in ("label", "score", "rank"):
        if is_text and name in table.columns:
            numbers = table[name].cast(pl.Float64, strict=False)
            bad = (numbers.is_null() & table[name].is_not_null()).arg_true()
            if len(bad):
                raise InvalidDataError(
                    f"{path!r}, row {bad[0]}: {name} {table[name][bad[0]]!r} is not a number"
                )
            table = table.with_columns(numbers)
    return table
