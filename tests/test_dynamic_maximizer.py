"""The best elements while candidates come and go: updates, errors, snapshots."""

from __future__ import annotations

import copy
import datetime as dt
import pickle

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank import submodular as sm
from graphrank.exceptions import (
    ColumnNotFoundError,
    ElementNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
)

REACH = sm.Coverage({"ann": [1, 2, 3], "bob": [3, 4], "cat": [4, 5], "dan": []})


def random_coverage(n=400, seed=0):
    rng = np.random.default_rng(seed)
    items = (rng.random(5 * n) ** 3 * n).astype(int)
    return sm.Coverage(pl.DataFrame({"element": rng.integers(0, n, 5 * n), "item": items}), elements=range(n))


def random_operations(n, length, seed=0):
    """A stream in which candidates come and go, so that half of the elements are candidates in the end."""
    rng, live, rows = np.random.default_rng(seed), set(), []
    for element in rng.integers(0, n, length).tolist():
        rows.append((-1 if element in live else 1, element))
        live ^= {element}
    return pl.DataFrame(rows, schema={"op": pl.Int64, "element": pl.Int64}, orient="row")


def state(best):
    found = best.solution()
    return (
        best.candidates.to_list(),
        found.rows(),
        best.value,
        best.upper_bound,
        best.steps,
    )


def test_candidates_come_and_go():
    best = gr.DynamicMaximizer(REACH, 2)
    assert (len(best), best.value, best.certified_ratio, best.solution()["element"].to_list()) == (
        0,
        0.0,
        1.0,
        [],
    )
    best.insert("ann")
    best.extend(["bob", "cat"])
    assert (best.n_live, "ann" in best, "dan" in best, "eve" in best, 7 in best) == (
        3,
        True,
        False,
        False,
        False,
    )
    assert best.value == REACH.value(best.solution()["element"]) >= 4
    assert best.candidates.to_list() == ["ann", "bob", "cat"]
    best.delete("ann")
    assert best.discard("bob")
    assert not best.discard("bob")
    assert (best.steps, best.value, best.objective) == (5, 2.0, REACH)
    assert repr(best) == "DynamicMaximizer(k=2, 1 candidates, value 2, at least 100.0% of the best)"


@pytest.mark.parametrize("conflict", ["error", "ignore"])
def test_conflicts_are_errors_or_ignored(conflict):
    best = gr.DynamicMaximizer(REACH, 2, on_conflict=conflict)
    best.extend(["ann", "bob"])
    before = state(best)
    for change, message in (
        (lambda: best.insert("ann"), "`id`: 'ann' is a candidate already; delete it first"),
        (lambda: best.delete("cat"), "`id`: 'cat' is no candidate; insert it first"),
        (lambda: best.extend(["cat", "bob"]), "`ids`, position 1: 'bob' is a candidate already"),
        (lambda: best.extend(["cat", "cat"]), "`ids`, position 1: 'cat' is a candidate already"),
    ):
        if conflict == "ignore":
            change()
        else:
            with pytest.raises(InvalidDataError, match=message):
                change()
            assert state(best) == before
    assert ("cat" in best) == (conflict == "ignore")


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (
            lambda best: best.insert("anna"),
            ElementNotFoundError,
            "'anna' is not an element .* did you mean 'ann'",
        ),
        (lambda best: best.delete(7), InvalidTypeError, "Int64"),
        (lambda best: best.insert(["ann", "cat"]), InvalidArgumentError, "one id, got 2"),
        (lambda best: best.insert(None), InvalidDataError, "null"),
        (lambda best: best.extend(["dan", "eve"]), ElementNotFoundError, "'eve'"),
        (lambda best: best.set_k(0), InvalidArgumentError, "`k`"),
        (lambda best: best.solution(refine=1), InvalidTypeError, "`refine`"),
        (lambda best: best.apply(pl.DataFrame({"op": [1]})), ColumnNotFoundError, "'element'"),
        (
            lambda best: best.apply(pl.DataFrame({"op": [1], "element": ["eve"]})),
            ElementNotFoundError,
            "row 0: 'eve'",
        ),
        (lambda best: best.apply(pl.DataFrame({"op": [1], "element": [3]})), InvalidTypeError, "Int64"),
        (
            lambda best: best.apply(pl.DataFrame({"op": [1, 2], "element": ["cat", "dan"]})),
            InvalidDataError,
            "'op', row 1: got 2; an operation is 1 or -1",
        ),
        (
            lambda best: best.apply(pl.DataFrame({"op": ["insert", "drop"], "element": ["cat", "dan"]})),
            InvalidDataError,
            "'op', row 1: got 'drop'",
        ),
        (
            lambda best: best.apply(pl.DataFrame({"op": [True, None], "element": ["cat", "dan"]})),
            InvalidDataError,
            "'op', row 1: got None",
        ),
        (
            lambda best: best.apply(pl.DataFrame({"op": [1.0], "element": ["cat"]})),
            InvalidTypeError,
            "'op' is Float64",
        ),
        (
            lambda best: best.apply(pl.DataFrame({"op": [1, 1], "element": ["cat", None]})),
            InvalidDataError,
            "'element' is null in row 1",
        ),
        (lambda best: best.apply(pl.DataFrame(), op=3), InvalidTypeError, "`op`"),
        (
            lambda best: best.apply(pl.DataFrame({"op": [1], "element": ["cat"]}), batch=0),
            InvalidArgumentError,
            "`batch`",
        ),
        (
            lambda best: best.apply(pl.DataFrame({"op": [1], "element": ["cat"]}), every=-1),
            InvalidArgumentError,
            "`every`",
        ),
    ],
)
def test_what_cannot_be_done_is_named_and_changes_nothing(change, kind, message):
    best = gr.DynamicMaximizer(REACH, 2)
    best.extend(["ann", "bob"])
    before = state(best)
    with pytest.raises(kind, match=message):
        change(best)
    assert state(best) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "`k`"),
        ({"eps": 0.0}, "`eps`"),
        ({"eps": 1.0}, "`eps`"),
        ({"stability": 1.0}, "`stability`"),
        ({"stability": -0.1}, "`stability`"),
        ({"strategy": "fast"}, "'robust', 'polylog', 'sieve', 'greedy'"),
        ({"guesses": "some"}, "'pair', 'all'"),
        ({"on_conflict": "warn"}, "'error', 'ignore'"),
        ({"seed": -1}, "`seed`"),
    ],
)
def test_bad_parameters_are_named(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        gr.DynamicMaximizer(REACH, **({"k": 2} | arguments))


# --- tables of operations ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "op",
    [
        [1, 1, -1],
        pl.Series([1, 1, -1], dtype=pl.Int8),
        [True, True, False],
        ["insert", "insert", "delete"],
        pl.Series(["insert", "insert", "delete"], dtype=pl.Categorical),
    ],
)
def test_operations_are_written_in_many_ways(op):
    best = gr.DynamicMaximizer(REACH, 2)
    table = pl.DataFrame({"what": op, "who": ["ann", "bob", "ann"]})
    log = best.apply(table.lazy(), "what", "who", every=2)
    assert best.candidates.to_list() == ["bob"]
    assert log.columns == ["step", "n_live", "value", "upper_bound", "ratio", "calls", "changed", "micros"]
    assert log.select("step", "n_live", "value").rows() == [(2, 2, 4.0), (3, 1, 2.0)]


def test_an_empty_table_does_nothing():
    best = gr.DynamicMaximizer(REACH, 2)
    assert best.apply(pl.DataFrame({"op": [], "element": []})).height == 0
    assert best.steps == 0


def test_the_log_agrees_with_single_updates():
    objective, operations = random_coverage(), random_operations(400, 1200)
    applied, single = gr.DynamicMaximizer(objective, 7, seed=5), gr.DynamicMaximizer(objective, 7, seed=5)
    log = applied.apply(operations, every=100)
    rows, before = [], set()
    for step, (op, element) in enumerate(operations.rows(), start=1):
        (single.insert if op == 1 else single.delete)(element)
        if step % 100 == 0:
            now = set(single.solution()["element"])
            rows.append(
                (
                    step,
                    single.n_live,
                    single.value,
                    single.upper_bound,
                    single.certified_ratio,
                    single.oracle_calls,
                    len(now ^ before),
                )
            )
            before = now
    assert log.drop("micros").rows() == rows
    assert (log["micros"] > 0).all()
    assert state(applied) == state(single)
    assert applied.stats == single.stats
    assert applied.oracle_calls == applied.stats["value_calls"] + applied.stats["scans"]


def test_a_conflict_midway_names_its_row_and_leaves_the_rows_before():
    operations = pl.DataFrame({"op": [1, 1, -1, -1, 1], "element": ["ann", "bob", "bob", "bob", "cat"]})
    best = gr.DynamicMaximizer(REACH, 2)
    with pytest.raises(InvalidDataError, match="column 'element', row 3: 'bob' is no candidate"):
        best.apply(operations)
    wanted = gr.DynamicMaximizer(REACH, 2)
    wanted.apply(operations.head(3))
    assert state(best) == state(wanted)
    assert best.steps == 3
    again = gr.DynamicMaximizer(REACH, 2)
    with pytest.raises(InvalidDataError, match="row 3"):
        again.apply(operations, batch=2)
    assert again.steps == 2


@pytest.mark.parametrize("batch", [2, 64, 10_000])
def test_batches_reach_the_same_candidates_and_keep_the_bound(batch):
    objective, operations = random_coverage(), random_operations(400, 1200)
    best = gr.DynamicMaximizer(objective, 7)
    log = best.apply(operations, every=0, batch=batch)
    live = operations.group_by("element").agg(pl.col("op").sum()).filter(pl.col("op") == 1)["element"].sort()
    assert best.candidates.to_list() == live.to_list()
    assert (log.height, log["step"].to_list()) == (1, [1200])
    greedy = gr.maximize(objective, 7, candidates=live)
    assert best.value >= greedy.value / 2.05
    assert best.upper_bound >= greedy.value


# --- snapshots ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("guesses", ["pair", "all"])
@pytest.mark.parametrize("strategy", ["robust", "polylog", "sieve"])
def test_every_strategy_keeps_its_bound(strategy, guesses):
    eps = 0.2
    share = 1 / (2 + eps) if guesses == "pair" else 1 / (2 * (1 + eps))
    share *= (1 - eps) ** 2 if strategy == "polylog" else 1
    objective, operations = random_coverage(), random_operations(400, 1200)
    best = gr.DynamicMaximizer(objective, 7, eps=eps, strategy=strategy, guesses=guesses)
    for rows in operations.iter_slices(60):
        log = best.apply(rows, every=1)
        greedy = gr.maximize(objective, 7, candidates=best.candidates)
        assert best.value >= share * greedy.value
        assert best.upper_bound >= greedy.value
        # Of two neighbours one of which is full the certificate is as good as the bound.
        assert guesses == "all" or log["ratio"].min() >= share * (1 - 1e-8)


def test_strategies_differ_in_their_picks():
    # Sets that share nothing: in order of arrival, at random, and at random in another way.
    objective = sm.Coverage({name: [name] for name in map(str, range(100))})
    picks = {}
    for strategy in ("robust", "polylog", "sieve"):
        best = gr.DynamicMaximizer(objective, 10, strategy=strategy)
        best.extend(map(str, range(99, -1, -1)))
        picks[strategy] = tuple(best.solution()["element"])
    assert picks["sieve"] == tuple(map(str, range(99, 89, -1)))
    assert len(set(picks.values())) == 3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"guesses": "all"},
        {"strategy": "polylog", "eps": 0.2},
        {"strategy": "sieve"},
        {"strategy": "greedy"},
        {"stability": 0.1},
    ],
)
@pytest.mark.parametrize(
    "copied",
    [
        lambda best: gr.DynamicMaximizer.from_bytes(best.to_bytes(), best.objective),
        lambda best: pickle.loads(pickle.dumps(best)),  # noqa: S301
        copy.copy,
        copy.deepcopy,
    ],
)
def test_what_comes_back_goes_on_as_if_it_had_never_stopped(options, copied):
    n = 60 if options.get("strategy") == "greedy" else 400
    objective, operations = random_coverage(n), random_operations(n, 900)
    best = gr.DynamicMaximizer(objective, 5, seed=2, **options)
    best.apply(operations.head(500))
    again = copied(best)
    assert state(again) == state(best)
    rest = operations.tail(400)
    ours, theirs = best.apply(rest, every=10), again.apply(rest, every=10)
    assert ours.drop("micros", "calls").equals(theirs.drop("micros", "calls"))
    assert state(again) == state(best)


def test_a_notebook_shows_the_solution():
    best = gr.DynamicMaximizer(REACH, 2)
    best.extend(["ann", "bob"])
    shown = best._repr_html_()
    assert repr(best) in shown
    assert "ann" in shown


def test_a_function_is_asked_for_many_at_once_but_not_for_all_by_one_update():
    sizes = np.random.default_rng(0).random(3_000) + 1
    asked = []

    def gains(chosen, candidates):
        asked.append(len(candidates))
        before = sizes[chosen].sum()
        return np.sqrt(before + sizes[candidates]) - np.sqrt(before)

    best = gr.DynamicMaximizer(sm.Callable(range(3_000), gains=gains), 5)
    best.extend(range(3_000))
    assert (min(asked), max(asked)) == (1, 256)
    asked.clear()
    best.delete(best.solution()["element"][0])
    assert sum(asked) < 1_000


def test_a_snapshot_of_another_objective_is_refused():
    best = gr.DynamicMaximizer(REACH, 2)
    best.insert("ann")
    data = best.to_bytes()
    same = sm.Coverage({"ann": [1, 2, 3], "bob": [3, 4], "cat": [4, 5], "dan": []})
    assert gr.DynamicMaximizer.from_bytes(data, same).value == 3
    for other, message in (
        (sm.Coverage({"ann": [1, 2], "bob": [3, 4], "cat": [4, 5], "dan": []}), "another objective"),
        (sm.Coverage({"amy": [1, 2, 3], "bob": [3, 4], "cat": [4, 5], "dan": []}), "other ids"),
    ):
        with pytest.raises(InvalidArgumentError, match=message):
            gr.DynamicMaximizer.from_bytes(data, other)
    for broken in (b"", b"nonsense", data[:-1], data[:40] + bytes([data[40] ^ 1]) + data[41:]):
        with pytest.raises(InvalidArgumentError, match=r"altered|not made by"):
            gr.DynamicMaximizer.from_bytes(broken, REACH)
    with pytest.raises(InvalidTypeError, match="bytes"):
        gr.DynamicMaximizer.from_bytes("text", REACH)


def test_threads_do_not_change_what_is_kept():
    objective, operations = random_coverage(3000), random_operations(3000, 6000)
    kept = []
    for n in (1, 4):
        gr.set_num_threads(n)
        best = gr.DynamicMaximizer(objective, 30, guesses="all")
        best.apply(operations, batch=500)
        kept.append((state(best), best.to_bytes()))
    gr.set_num_threads(None)
    assert kept[0] == kept[1]


# --- other ids ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ids",
    [
        [5, 6, 9],
        [dt.date(2024, 5, day) for day in (1, 2, 3)],
        pl.Series(["x", "y", "z"], dtype=pl.Categorical),
        pl.Series([2**100, 1, 2], dtype=pl.Int128),
        [True, False],
    ],
)
def test_ids_of_any_kind_can_come_and_go(ids):
    ids = pl.Series(ids)
    objective = sm.Coverage(pl.DataFrame({"element": ids, "item": range(len(ids))}), elements=ids)
    best = gr.DynamicMaximizer(objective, 2)
    for id in ids:
        best.insert(id)
        assert id in best
    best.delete(ids[0])
    assert best.candidates.to_list() == ids.to_list()[1:]
    best.apply(pl.DataFrame({"op": [1], "element": ids.head(1)}))
    assert best.n_live == len(ids)


def test_numbers_of_numpy_are_ids_and_other_things_are_not():
    best = gr.DynamicMaximizer(random_coverage(10), 2)
    best.insert(np.int64(3))
    best.insert(np.uint8(4))
    assert best.candidates.to_list() == [3, 4]
    for thing in (True, 3.0, "3"):
        with pytest.raises(InvalidTypeError):
            best.insert(thing)
