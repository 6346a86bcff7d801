"""Judgements and runs: frames that are checked, and joined by keys of 64 bits.

A join of strings compares them all over memory. Hashing a column reads it once, in order; the core joins the hashes,
and the strings are compared once, where the hashes say that they are equal. Two that differ (odds of about
n**2 / 2**65 for n names, or somebody's malice) send the tables through a join of the strings themselves. Integers are
keys as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._edge_table import as_frame, check_id_dtype, one_dtype
from graphrank._forked import pool_is_lost, refuse_without_pool
from graphrank._ids import MISSING, NUMPY_INTEGERS
from graphrank._measures import CoreMeasure
from graphrank._nested_dicts import is_nested, nested_frame
from graphrank._ordered_floats import ordered_floats
from graphrank._run import QUIET
from graphrank._string_ids import code_by_join, hash_keys
from graphrank._typing import How, Ties
from graphrank.exceptions import ColumnNotFoundError, InvalidDataError, InvalidTypeError

__all__ = ["Found", "Judgements", "RunTable", "measure_run", "read_judgements", "read_ranked"]

Numbers = NDArray[np.float64]
Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Judgements:
    """How relevant items are for queries."""

    query: pl.Series
    item: pl.Series
    labels: Numbers

    @property
    def most(self) -> float:
        """The largest label, or 1 if none is positive."""
        most = float(self.labels.max())
        return most if most > 0 else 1.0


@dataclass(frozen=True)
class RunTable:
    """Items that are ranked for queries; ``order`` says who goes first among equal scores."""

    query: pl.Series
    item: pl.Series
    scores: Numbers
    order: Numbers | None


class Found(NamedTuple):
    """The judged queries, and a row of values for each."""

    queries: pl.Series
    values: NDArray[np.float64]


def read_judgements(qrels: Any) -> Judgements:
    """The columns ``query``, ``item`` and ``label``."""
    frame = _frame(qrels, "qrels", ("query", "item", "label"), ())
    return Judgements(_ids(frame, "query", "qrels"), _ids(frame, "item", "qrels"), _labels(frame))


def read_ranked(run: Any, ties: Ties, what: str = "run", *, only_order: bool = True) -> RunTable:
    """The columns ``query``, ``item`` and ``score`` or ``rank``.

    ``only_order``: integers that floats do not hold may become others in the same order.
    """
    frame = _frame(run, what, ("query", "item"), ("score", "rank"))
    query, item = _ids(frame, "query", what), _ids(frame, "item", what)
    rank = _ordered(frame, "rank", what, only_order) if "rank" in frame.columns else None
    if "score" not in frame.columns:
        assert rank is not None
        return RunTable(query, item, -rank, None)
    scores = _ordered(frame, "score", what, only_order and ties != "trec")
    if ties != "trec":
        return RunTable(query, item, scores, rank)
    with np.errstate(over="ignore"):
        scores = scores.astype(np.float32).astype(np.float64)
    return RunTable(query, item, scores, _falling_ids(query, item, scores))


def measure_run(
    judged: Judgements,
    run: RunTable,
    measures: list[CoreMeasure],
    *,
    is_expected: bool,
    empty: Any,
    skips_missing: bool,
    how: How,
    what: str = "run",
) -> Found:
    """The value of each measure for each judged query; NaN where a query does not count."""
    query, item = _one_type(judged.query, run.query, what), _one_type(judged.item, run.item, what)
    word = {0: "zero", 1: "one"}.get(empty, "skip")

    def ask(keys: tuple[Keys, Keys, Keys, Keys]) -> Any:
        judgements = (keys[0], keys[1], judged.labels)
        ranked = (keys[2], keys[3], run.scores, run.order)
        return _core.evaluate_run(judgements, ranked, measures, is_expected, word, skips_missing, how)

    found = ask((_keys(query[0]), _keys(item[0]), _keys(query[1]), _keys(item[1])))
    if not _is_sound(found, query, item):
        codes = [code_by_join(*pair)[1:] for pair in (query, item)]
        by_table = [[side.astype(np.uint64) for side in pair] for pair in codes]
        found = ask((by_table[0][0], by_table[1][0], by_table[0][1], by_table[1][1]))
    first_rows, values, _, run_codes, matches, twice = found
    if twice is not None:
        _refuse_twice(twice, judged, run, what)
    is_judged = run_codes != MISSING
    if not is_judged.any():
        raise InvalidDataError(
            f"`qrels` and `{what}` have no query in common: `qrels` has {judged.query[0]!r} and others, "
            f"`{what}` has {run.query[0]!r}"
        )
    if (matches == MISSING).all():
        row = int(is_judged.argmax())
        _warn_of_strangers(judged, int(first_rows[run_codes[row]]), run, row, what)
    queries = judged.query.gather(pl.Series(first_rows))
    return Found(queries, values.reshape(len(first_rows), len(measures)))


def _one_type(judged: pl.Series, ranked: pl.Series, what: str) -> tuple[pl.Series, pl.Series]:
    try:
        return one_dtype(judged, ranked)
    except InvalidTypeError:
        raise InvalidTypeError(
            f"column {judged.name!r} is {judged.dtype} in `qrels` and {ranked.dtype} in `{what}`; ids must be of one "
            "type: cast one of the columns to that of the other"
        ) from None


def _is_sound(found: Any, query: tuple[pl.Series, pl.Series], item: tuple[pl.Series, pl.Series]) -> bool:
    """True if all rows that the keys put together have the same query and item."""
    first_rows, _, judged_codes, run_codes, matches, twice = found
    if query[0].dtype not in NUMPY_INTEGERS:
        first = query[0].gather(pl.Series(first_rows))
        is_judged = run_codes != MISSING
        ranked = query[1]
        if not is_judged.all():
            ranked, run_codes = ranked.gather(pl.Series(np.flatnonzero(is_judged))), run_codes[is_judged]
        for codes, column in ((judged_codes, query[0]), (run_codes, ranked)):
            if not (first.gather(pl.Series(codes)) == column).all():
                return False
    if item[0].dtype in NUMPY_INTEGERS:
        return True
    rows = np.flatnonzero(matches != MISSING)
    same = item[1].gather(pl.Series(matches[rows])) == item[0].gather(pl.Series(rows))
    if twice is not None:
        is_in_run, earlier, later = twice
        column = item[is_in_run]
        return bool(column[earlier] == column[later]) and bool(same.all())
    return bool(same.all())


def _refuse_twice(twice: tuple[bool, int, int], judged: Judgements, run: RunTable, what: str) -> NoReturn:
    is_in_run, earlier, later = twice
    table = run if is_in_run else judged
    name, remedy = (what, "rank") if is_in_run else ("qrels", "judge")
    raise InvalidDataError(
        f"`{name}`, row {later}: item {table.item[later]!r} comes a second time for query {table.query[later]!r} "
        f"(first in row {earlier}); {remedy} each item once, for instance after "
        f"group_by('query', 'item').agg(pl.max({'score' if is_in_run else 'label'!r}))"
    )


def _warn_of_strangers(judged: Judgements, judgement: int, run: RunTable, row: int, what: str) -> None:
    """Items of two kinds of names never match, and nothing else would tell."""
    warnings.warn(
        f"no item of `{what}` is judged for its query, so it is measured as one that finds nothing; for query "
        f"{run.query[row]!r} `qrels` has item {judged.item[judgement]!r} and `{what}` has {run.item[row]!r}: are these "
        "ids of one kind?",
        stacklevel=5,
    )


def _keys(column: pl.Series) -> Keys:
    """One number per entry, equal for equal entries."""
    if column.dtype in NUMPY_INTEGERS:
        return column.rechunk().to_numpy().astype(np.uint64)
    return hash_keys(column)


def _falling_ids(query: pl.Series, item: pl.Series, scores: Numbers) -> Numbers | None:
    """Among equal scores of a query the last id goes first, compared as text, byte by byte: the rule of trec_eval."""
    tied = _core.tied_rows(_keys(query), scores, QUIET)
    if not tied.size:
        return None
    names = item.gather(pl.Series(tied))
    if names.dtype != pl.Binary:
        names = names.cast(pl.String)
    order = np.zeros(len(scores))
    order[tied] = _falling_ranks(names)
    return order


def _falling_ranks(names: pl.Series) -> Numbers:
    """A number for each name, smaller for later names; Python sorts strings as Polars does."""
    if pool_is_lost():
        rank = {name: -i for i, name in enumerate(sorted(set(names.to_list())))}
        return np.array([rank[name] for name in names.to_list()], dtype=np.float64)
    return names.rank("dense", descending=True).cast(pl.Float64).to_numpy()


def _frame(table: Any, what: str, needed: tuple[str, ...], one_of: tuple[str, ...]) -> pl.DataFrame:
    if is_nested(table):
        table = nested_frame(table, what, "query", (*needed, *one_of)[2])
    elif isinstance(table, Mapping) and table and not {*needed, *one_of} & table.keys():
        _refuse_dict(table, what, (*needed, *one_of)[2])
    frame = as_frame(table, what)
    names = frame.collect_schema().names()
    wanted = [name for name in (*needed, *one_of) if name in names]
    if not set(needed) <= set(wanted) or (one_of and not set(one_of) & set(wanted)):
        listed = ", ".join(map(repr, names)) or "none"
        columns = ", ".join(map(repr, needed)) + (f" and {' or '.join(map(repr, one_of))}" if one_of else "")
        raise ColumnNotFoundError(f"`{what}` must have the columns {columns}; it has {listed}")
    if isinstance(frame, pl.LazyFrame):
        refuse_without_pool("computing a LazyFrame")
        frame = frame.select(wanted).collect(engine="streaming")
    if not frame.height:
        raise InvalidDataError(f"`{what}` has no rows: there is nothing to evaluate")
    return pl.DataFrame([frame[name] for name in wanted])


def _refuse_dict(table: Mapping[Any, Any], what: str, value: str) -> NoReturn:
    query, items = next((query, items) for query, items in table.items() if not isinstance(items, Mapping))
    listed = list(items)[:2] if isinstance(items, (list, tuple)) else []
    example = {item: place for place, item in enumerate(reversed(listed), start=1)}
    remedy = (
        f": give each item a {value}, such as {{{query!r}: {dict(reversed(example.items()))}}}"
        if example
        else ""
    )
    raise InvalidTypeError(
        f"`{what}` as a dict is {{query: {{item: {value}}}}}, or has the columns 'query', 'item' and {value!r}; "
        f"{query!r} has {type(items).__name__} {items!r:.80}{remedy}"
    )


def _ids(frame: pl.DataFrame, name: str, what: str) -> pl.Series:
    column = frame[name]
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(f"`{what}`: column {name!r} is null in row {row}; every row names its {name}")
    check_id_dtype(column)
    return column


def _labels(frame: pl.DataFrame) -> Numbers:
    labels = _numbers(frame, "label", "qrels")
    bad = np.flatnonzero(~np.isfinite(labels))
    if bad.size:
        raise InvalidDataError(
            f"`qrels`: column 'label' is {labels[bad[0]]} in row {bad[0]}; it must be finite"
        )
    return labels


def _ordered(frame: pl.DataFrame, name: str, what: str, only_order: bool) -> Numbers:
    """Numbers that have an order; infinite ones have."""
    values = _numbers(frame, name, what)
    bad = np.flatnonzero(np.isnan(values))
    if bad.size:
        raise InvalidDataError(
            f"`{what}`: column {name!r} is NaN in row {bad[0]}, which has no place in a ranking; drop such rows"
        )
    return ordered_floats(frame[name]) if only_order else values


def _numbers(frame: pl.DataFrame, name: str, what: str) -> Numbers:
    column = frame[name]
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        raise InvalidTypeError(f"`{what}`: column {name!r} is {column.dtype}; {name}s must be numbers")
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidDataError(
            f"`{what}`: column {name!r} is null in row {row}; leave the row out if it has no {name}"
        )
    return column.cast(pl.Float64).rechunk().to_numpy()
