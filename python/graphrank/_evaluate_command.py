"""``graphrank evaluate``."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graphrank._command_files import add_output_options, check_output, write_rows
from graphrank.exceptions import InvalidArgumentError, InvalidDataError

if TYPE_CHECKING:
    import polars as pl

    from graphrank._typing import Empty, PairedTest

__all__ = ["add_evaluate_command"]

_TABLES = (".csv", ".tsv", ".parquet", ".ipc", ".arrow", ".feather")
_EMPTY: dict[str, Empty] = {"0": 0, "1": 1, "skip": "skip"}
_MISSING: dict[str, Literal[0, "skip"]] = {"0": 0, "skip": "skip"}
# Of the columns that stand beside those of the runs.
_TAKEN = ("query", "metric", "first", "second", "difference", "low", "high", "p", "p_holm")


def add_evaluate_command(commands: Any) -> None:
    """Measures of rankings."""
    command = commands.add_parser(
        "evaluate",
        help="how good rankings are, as judged",
        description="How good rankings are, as judged; of several runs also whether they differ by more than luck.",
    )
    tables = f"a table ({' '.join(_TABLES)})"
    command.add_argument(
        "qrels", metavar="QRELS", help=f"judgements: {tables} with query, item and label, or a file of TREC"
    )
    command.add_argument(
        "run_files",
        metavar="RUN",
        nargs="+",
        help=f"rankings: {tables} with query, item and score or rank, or a file of TREC",
    )
    command.add_argument(
        "--metrics",
        nargs="+",
        metavar="NAME",
        default=["ndcg@10", "map", "mrr", "recall@100", "precision@10"],
        help="measures, after the files (ndcg@10 map mrr recall@100 precision@10)",
    )
    _add_conventions(command)
    command.add_argument("--per-query", action="store_true", help="a row for each query and measure")
    command.add_argument(
        "--confidence",
        type=float,
        metavar="C",
        help="bounds of the means, such as 0.95 (none); of several runs those of their differences (0.95)",
    )
    command.add_argument("--seed", type=int, default=0, help="of these bounds (0)")
    command.add_argument(
        "--baseline", metavar="RUN", help="compare all others with this run, a file or its name (every pair)"
    )
    command.add_argument(
        "--test",
        choices=["t", "randomisation", "randomization", "wilcoxon"],
        help="of differences between runs: Student's t (default), random signs, or signed ranks",
    )
    add_output_options(command)
    command.set_defaults(run=_evaluate)


def _add_conventions(command: argparse.ArgumentParser) -> None:
    """Choices that change the numbers."""
    command.add_argument("--gain", choices=["linear", "exp"], default="linear", help="of ndcg (linear)")
    command.add_argument(
        "--ties",
        choices=["stable", "trec", "expected"],
        default="stable",
        help="equal scores: as rows come (default), as in trec_eval, or the mean over all orders",
    )
    command.add_argument(
        "--empty", choices=list(_EMPTY), default="0", help="value of a query with nothing relevant (0)"
    )
    command.add_argument(
        "--missing",
        choices=list(_MISSING),
        default="0",
        help="value of a judged query that is not ranked (0)",
    )


def _evaluate(arguments: argparse.Namespace) -> None:
    for run_file in arguments.run_files:
        check_output(arguments, judgements=arguments.qrels, rankings=run_file)
    is_compared = len(arguments.run_files) > 1 and not arguments.per_query
    if not is_compared and (arguments.baseline is not None or arguments.test is not None):
        raise InvalidArgumentError("--baseline and --test are for several runs, without --per-query")
    names = _names(arguments.run_files)
    qrels = _judgements(arguments.qrels)
    runs = {name: _rankings(path) for name, path in zip(names, arguments.run_files, strict=True)}
    if len(runs) == 1:
        write_rows(_of_run(qrels, runs, names[0], arguments, arguments.confidence), arguments)
    elif arguments.per_query:
        write_rows(_side_by_side(qrels, runs, arguments, ["query", "metric"]), arguments)
    else:
        _write_comparison(qrels, runs, arguments)


def _names(paths: list[str]) -> list[str]:
    """What the files are called without folders and endings, where that tells them apart; else as they are given."""
    names = [Path(Path(path).name.removesuffix(".gz")).stem for path in paths]
    names = [
        str(Path(path).absolute()) if name in _TAKEN else name
        for name, path in zip(names, paths, strict=True)
    ]
    if len(set(names)) < len(names):
        names = paths
    twice = next((path for i, path in enumerate(names) if path in names[:i]), None)
    if twice is not None:
        raise InvalidArgumentError(f"the run {twice!r} is given twice")
    return names


def _write_comparison(
    qrels: pl.DataFrame, runs: dict[str, pl.DataFrame], arguments: argparse.Namespace
) -> None:
    """A column of means per run, and how runs differ: under it for people, beside it for programs."""
    from graphrank._compare import compare
    from graphrank._report import text_table

    names, baseline = _names(arguments.run_files), arguments.baseline
    if baseline in arguments.run_files:
        baseline = names[arguments.run_files.index(baseline)]
    elif baseline is not None and baseline not in names:
        raise InvalidArgumentError(f"--baseline must be one of {', '.join(names)}, got {baseline!r}")
    test: PairedTest = arguments.test or "t"
    confidence = 0.95 if arguments.confidence is None else arguments.confidence
    means = _side_by_side(qrels, runs, arguments, ["metric"])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "no item of")  # of which the means have told
        differences = compare(
            qrels,
            runs,
            arguments.metrics,
            baseline=baseline,
            test=test,
            confidence=confidence,
            seed=arguments.seed,
            **_conventions(arguments),
        )
    if arguments.output is not None or arguments.format == "csv":
        write_rows(means.join(differences, on="metric", maintain_order="left_right"), arguments)
        return
    named = {"t": "paired t test", "wilcoxon": "signed ranks"}.get(test, "random signs")
    print(text_table(means))
    print(
        f"\nfirst less second, {100 * confidence:.6g} % interval, p by {named}, p_holm corrected for all pairs:\n"
    )
    print(text_table(differences))


def _side_by_side(
    qrels: pl.DataFrame, runs: dict[str, pl.DataFrame], arguments: argparse.Namespace, key: list[str]
) -> pl.DataFrame:
    """A column of values per run; nothing where a query does not count."""
    columns = [_of_run(qrels, runs, name, arguments).rename({"value": name}) for name in runs]
    joined = columns[0]
    for column in columns[1:]:
        joined = joined.join(column, on=key, how="full", coalesce=True, maintain_order="left_right")
    return joined


def _of_run(
    qrels: pl.DataFrame,
    runs: dict[str, pl.DataFrame],
    name: str,
    arguments: argparse.Namespace,
    confidence: float | None = None,
) -> pl.DataFrame:
    from graphrank._evaluate import evaluate

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = evaluate(
            qrels,
            runs[name],
            arguments.metrics,
            per_query=arguments.per_query,
            confidence=confidence,
            seed=arguments.seed,
            **_conventions(arguments),
        )
    for warning in caught:
        print(f"graphrank: {name}: {warning.message}", file=sys.stderr)
    return found


def _conventions(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "gain": arguments.gain,
        "ties": arguments.ties,
        "empty": _EMPTY[arguments.empty],
        "missing": _MISSING[arguments.missing],
    }


def _judgements(path: str) -> pl.DataFrame:
    from graphrank._trec_files import read_qrels

    return _table(path, "judgements") if _is_table(path) else read_qrels(path)


def _rankings(path: str) -> pl.DataFrame:
    from graphrank._trec_files import read_run

    return _table(path, "rankings") if _is_table(path) else read_run(path)


def _is_table(path: str) -> bool:
    return Path(path).suffix.lower() in _TABLES


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
