"""The store of clicks: what comes in, what comes out, and what is refused."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import pickle
import random
import time
import warnings
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import (
    ColumnNotFoundError,
    CorruptFileError,
    FileMissingError,
    GraphRankError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    TimedOutError,
)
from graphrank.ranking import ClickStore

MODES = ("paper", "robust", "popularity", "cosine", "panache", "maay", "dinx")


def random_log(seed: int, n: int = 300) -> pl.DataFrame:
    draw = random.Random(seed)
    rows = [(f"u{draw.randrange(8)}", f"q{draw.randrange(5)}", f"i{draw.randrange(9)}") for _ in range(n)]
    frame = pl.DataFrame(rows, schema=["user", "query", "item"], orient="row")
    return frame.with_columns(seq=pl.int_range(pl.len()).over("user"))


def answers(store: ClickStore) -> list[list[tuple[object, ...]]]:
    tables = [store.rank(query, k=None, mode=mode) for query in ("q0", "q1", "q2 q3", "?") for mode in MODES]
    tables += [store.rank("q0", trust="ppr"), store.rank("q0", trust="min_ppr", seeds=["u1", "u2"])]
    return [table.rows() for table in [*tables, store.similarity()]]


@pytest.mark.parametrize("seed", range(10))
def test_order_repeats_and_batches_change_nothing(seed: int) -> None:
    log = random_log(seed)
    once, other = ClickStore("u0"), ClickStore("u0")
    once.ingest(log)
    shuffled = log.sample(fraction=1, shuffle=True, seed=seed)
    for start in range(0, log.height, 37):
        other.ingest(shuffled.slice(start, 50))
    assert answers(once) == answers(other)
    assert len(once) == len(other) == log.height


@pytest.mark.parametrize("seed", range(5))
def test_rows_that_came_by_way_of_another_peer_count_the_same(seed: int) -> None:
    log = random_log(seed)
    direct, relayed = ClickStore("u0"), ClickStore("u0")
    direct.ingest(log)
    for half in (log.sample(fraction=0.7, seed=seed), log):
        relayed.ingest(half)
    assert answers(direct) == answers(relayed)


def test_times_that_look_like_seconds_are_warned_of():
    row = {"user": ["a"], "query": ["q"], "item": ["x"]}
    with pytest.warns(UserWarning, match="if these are seconds, multiply them by 1,000"):
        ClickStore("me").ingest(row | {"ts": [1_790_000_000]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for ts in (0, 99_999_999, 1_790_000_000_000):
            ClickStore("me").ingest(row | {"ts": [ts]})


def test_ids_of_any_type_come_back_as_they_were() -> None:
    users = pl.Series("user", [3, 1, 2])
    days = pl.Series("item", [dt.date(2024, 5, 1), dt.date(1960, 1, 1), dt.date(2024, 5, 1)])
    for item in (
        days,
        days.dt.timestamp("ms"),
        pl.Series("item", ["b", "ä", "b"]),
        pl.Series("item", ["b", "a", "b"], dtype=pl.Categorical),
        pl.Series("item", [b"b", b"a", b"b"]),
        pl.Series("item", [True, False, True]),
        pl.Series("item", [2**80, -(2**70), 2**80], dtype=pl.Int128),
        pl.Series("item", [2**64 - 1, 3, 2**64 - 1], dtype=pl.UInt64),
    ):
        store = ClickStore(3)
        store.ingest(pl.DataFrame([users, pl.Series("query", ["q"] * 3), item]))
        expected = [item[0], item[1]]
        assert store.rank("q", mode="popularity")["item"].to_list() == expected
        assert store.rank("q", mode="popularity", candidates=[item[1]])["item"].to_list() == expected[1:]
        assert store.me == 3


def test_ties_go_by_item_in_its_own_order() -> None:
    for items in ([10, 9, -1], ["b", "a", "B"]):
        store = ClickStore("me")
        store.ingest({"user": ["x"] * 3, "query": ["q"] * 3, "item": items})
        assert store.rank("q")["item"].to_list() == sorted(items)


def test_new_rows_change_the_next_answer() -> None:
    store = ClickStore("ann")
    store.ingest({"user": ["bob", "bob"], "query": ["q", "r"], "item": ["x", "z"]})
    store.ingest({"user": ["cat", "cat"], "query": ["q", "r"], "item": ["y", "w"]})
    assert store.rank("q")["item"].to_list() == ["x", "y"]
    store.ingest({"user": ["ann"], "query": ["r"], "item": ["w"]})
    assert store.rank("q")["item"].to_list() == ["y", "x"]


def test_rows_without_numbers_get_the_next_of_their_user() -> None:
    store = ClickStore("ann")
    row = {"user": ["ann"], "query": ["q"], "item": ["x"]}
    store.ingest(row | {"seq": [5]})
    store.ingest(row)
    with pytest.warns(UserWarning, match="1 rows were known by their numbers"):
        assert store.ingest(row | {"seq": [6]}) == {"new": 0, "known": 1, "clamped": 0}
    assert store.ingest(row | {"seq": [0]})["new"] == 1


def test_clicks_from_the_future_are_of_now_and_that_is_said() -> None:
    store = ClickStore("ann", decay=dt.timedelta(hours=1))
    now = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    row = {"user": ["bob"] * 2, "query": ["q"] * 2, "item": ["x", "y"]}
    times = {"ts": [now - dt.timedelta(hours=2), now + dt.timedelta(days=9)]}
    with pytest.warns(UserWarning, match="1 clicks say that they are from the future"):
        done = store.ingest(row | times, now=now)
    assert done["clamped"] == store.n_clamped == 1
    scores = dict(store.rank("q", mode="popularity").select("item", "score").iter_rows())
    assert scores == pytest.approx({"x": 0.25, "y": 1.0}, rel=1e-12)
    with pytest.warns(UserWarning, match="count for nothing"):
        store.ingest(row | {"ts": [0, 0]}, now=now + dt.timedelta(hours=1))
    scores = dict(store.rank("q", mode="popularity").select("item", "score").iter_rows())
    assert scores == pytest.approx({"x": 0.125, "y": 0.5}, rel=1e-12)


def test_times_may_be_dates_zones_or_milliseconds() -> None:
    for column in (
        pl.Series("ts", [dt.date(1970, 1, 2)]),
        pl.Series("ts", [dt.datetime(1970, 1, 2)]),
        pl.Series("ts", [dt.datetime(1970, 1, 2, tzinfo=dt.UTC)]).dt.convert_time_zone("Asia/Tokyo"),
        pl.Series("ts", [86_400_000]),
    ):
        store = ClickStore("ann", decay=86400)
        row = pl.DataFrame({"user": ["bob"], "query": ["q"], "item": ["x"]}).with_columns(column)
        store.ingest(row, now=2 * 86_400_000)
        assert store.rank("q", mode="popularity")["score"][0] == pytest.approx(0.5)


GOOD = {"user": ["ann", "bob"], "query": ["q", "q"], "item": ["x", "y"], "seq": [0, 0], "ts": [0, 0]}
BAD = [
    ({"item": None}, ColumnNotFoundError, "'item'"),
    ({"user": ["ann", None]}, InvalidDataError, "'user' is null in row 1"),
    ({"query": [None, "q"]}, InvalidDataError, "'query' is null in row 0"),
    ({"item": ["x", None]}, InvalidDataError, "'item' is null in row 1"),
    ({"seq": [0, -1]}, InvalidDataError, "'seq' is -1 in row 1"),
    ({"seq": [0, None]}, InvalidDataError, "'seq' is null in row 1"),
    ({"seq": [0.0, 1.0]}, InvalidTypeError, "'seq' is Float64"),
    ({"ts": [0, None]}, InvalidDataError, "'ts' is null in row 1"),
    ({"ts": ["a", "b"]}, InvalidTypeError, "'ts' is String"),
    ({"user": [1, 2]}, InvalidTypeError, "'user' is Int64"),
    ({"user": [1.5, 2]}, InvalidTypeError, "'user' is Float64"),
    ({"query": [1, 2]}, InvalidTypeError, "'query' is Int64"),
    ({"item": [1, 2]}, InvalidTypeError, "'item' is Int64, but the items of this store are String"),
    ({"item": [1.5, 2.5]}, InvalidTypeError, "'item' is Float64"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD, ids=lambda x: str(x)[:40])
def test_bad_rows_are_named_and_change_nothing(change, error: type[GraphRankError], message: str) -> None:
    store = ClickStore("ann")
    store.ingest({"user": ["ann", "cat"], "query": ["q", "q"], "item": ["x", "z"]}, now=0)
    before = (repr(store), answers_of(store))
    rows = {name: values for name, values in (GOOD | change).items() if values is not None}
    with pytest.raises(error, match=message):
        store.ingest(pl.DataFrame(rows, strict=False), now=0)
    assert (repr(store), answers_of(store)) == before


def answers_of(store: ClickStore) -> list[tuple[object, ...]]:
    return store.rank("q").rows() + store.similarity().rows()


def test_arguments_out_of_range_are_named() -> None:
    store = ClickStore("ann")
    store.ingest({"user": ["ann", "bob"], "query": ["q", "q"], "item": ["x", "y"]})
    for call, error, message in [
        (lambda: ClickStore(["a", "b"]), InvalidArgumentError, "`me`"),
        (lambda: ClickStore(None), InvalidArgumentError, "`me`"),
        (lambda: ClickStore(1.5), InvalidTypeError, "'me'"),
        (lambda: ClickStore("a", top_terms=0), InvalidArgumentError, "`top_terms`"),
        (lambda: ClickStore("a", top_terms=1001), InvalidArgumentError, "`top_terms` must be from 1 to 1000"),
        (lambda: ClickStore("a", decay=0), InvalidArgumentError, "`decay`"),
        (lambda: ClickStore("a", decay=np.timedelta64(5, "s")), InvalidTypeError, "`decay`"),
        (lambda: ClickStore("a", union="both"), InvalidArgumentError, "`union`"),
        (lambda: ClickStore("a", metadata={"x": ["a"]}), ColumnNotFoundError, "'item'"),
        (lambda: ClickStore("a", metadata={"item": ["a"]}), InvalidTypeError, "`metadata`"),
        (lambda: store.rank(7), InvalidTypeError, "`query`"),
        (lambda: store.rank("q", k=0), InvalidArgumentError, "`k`"),
        (lambda: store.rank("q", mode="best"), InvalidArgumentError, "`mode`"),
        (lambda: store.rank("q", isolation=-1), InvalidArgumentError, "`isolation`"),
        (lambda: store.rank("q", isolation=float("nan")), InvalidArgumentError, "`isolation`"),
        (lambda: store.rank("q", isolation=1e101), InvalidArgumentError, "`isolation` must be from 0 to 1e"),
        (lambda: store.rank("\ud800"), InvalidArgumentError, "`query`"),
        (lambda: store.rank("q", noise=2), InvalidArgumentError, "`noise`"),
        (lambda: store.rank("q", trust="all"), InvalidArgumentError, "`trust`"),
        (lambda: store.rank("q", trust="ppr", mode="dinx"), InvalidArgumentError, "`trust`"),
        (lambda: store.rank("q", trust="min_ppr"), InvalidArgumentError, "`seeds`"),
        (lambda: store.rank("q", trust="min_ppr", seeds=["zoe"]), InvalidArgumentError, "'zoe'"),
        (lambda: store.rank("q", seeds=["bob"]), InvalidArgumentError, "`seeds`"),
        (lambda: store.rank("q", trust={"peer": ["bob"], "score": [-1.0]}), InvalidDataError, "-1"),
        (lambda: store.rank("q", trust={"peer": ["bob"], "score": [1e101]}), InvalidArgumentError, "`trust`"),
        (
            lambda: store.rank("q", trust={"peer": ["cat", "bob", "bob"], "score": [1, 2, 2]}),
            InvalidDataError,
            "'bob' again in row 2",
        ),
        (lambda: ClickStore("a").rank("q", candidates=[1.5]), InvalidTypeError, "Float64"),
        (lambda: store.rank("q", candidates=[None]), InvalidDataError, "`candidates`"),
        (lambda: store.rank("q", candidates=[1]), InvalidTypeError, "Int64"),
        (lambda: store.features({"query": [1], "item": ["x"]}), InvalidTypeError, "'query'"),
    ]:
        with pytest.raises(error, match=message):
            call()


def test_trust_decides_who_counts() -> None:
    store = ClickStore("ann")
    rows = {"user": ["ann", "bob", "cat"], "query": ["p", "q", "q"], "item": ["w", "x", "y"]}
    store.ingest(rows)
    trust = pl.DataFrame({"peer": ["cat", "nobody"], "score": [1.0, 5.0]})
    found = store.rank("q", mode="popularity", trust=trust)
    assert found.select("item", "score").rows() == [("y", 1.0), ("x", 0.0)]


def test_walks_trust_peers_that_share_clicks_and_no_others() -> None:
    store = ClickStore("ann")
    users = ["ann", "bob", "bob", "sybil", "sybil"]
    store.ingest({"user": users, "query": ["p", "p", "q", "q", "q"], "item": ["w", "w", "x", "s", "s"]})
    assert store.rank("q", mode="popularity")["item"][0] == "s"
    for trust in ({"trust": "ppr"}, {"trust": "min_ppr", "seeds": ["ann", "bob"]}):
        found = store.rank("q", mode="popularity", **trust)
        assert found.select("item", "score").rows() == [("x", 1.0), ("s", 0.0)]


def test_words_of_unseen_queries_lead_to_those_that_have_them() -> None:
    store = ClickStore("ann")
    queries = ["dub techno", "techno", "techno", "jazz"]
    store.ingest({"user": ["bob"] * 4, "query": queries, "item": ["x", "y", "y", "z"]})
    assert store.rank("dub techno", mode="popularity")["item"].to_list() == ["x"]
    assert store.rank("techno", mode="panache")["item"].to_list() == ["y", "x"]
    found = store.rank("rare dub jazz", mode="popularity")
    # Three queries; dub is a word of one, as is jazz.
    assert found["item"].to_list() == ["x", "z"]
    assert found["score"].to_list() == pytest.approx([1.386294361119891] * 2)
    assert store.rank("blues")["item"].to_list() == ["y", "x", "z"]  # nobody asked: the most clicked


def test_items_that_a_query_names_come_first() -> None:
    metadata = pl.DataFrame(
        {
            "item": ["x", "y", "z"],
            "title": ["Blue Train", "Help!", None],
            "tags": [["jazz", "Hard Bop"], ["rock"], []],
        }
    )
    store = ClickStore("ann", metadata=metadata)
    assert store.rank("hard bop")["item"].to_list() == ["x"]
    store.ingest({"user": ["bob"] * 3, "query": ["jazz", "jazz", "help"], "item": ["spam", "spam", "z"]})
    found = store.rank("jazz")
    assert found["item"].to_list() == ["x", "spam"]
    assert found["score"].to_list() == pytest.approx([0.0, 0.02])
    assert store.rank("HELP")["item"].to_list() == ["y", "z"]
    assert store.rank("jazz", candidates=["spam", "z"])["item"].to_list() == ["spam", "z"]
    assert store.rank("azz")["item"].to_list() == ["spam", "z"]


def test_candidates_are_all_ranked_and_nothing_else() -> None:
    store = ClickStore("ann")
    store.ingest({"user": ["bob", "cat", "cat"], "query": ["q"] * 3, "item": ["x", "y", "z"]})
    found = store.rank("q", candidates=pl.DataFrame({"item": ["never", "z", "x"]}), mode="popularity")
    assert found.rows() == [(1, "x", 1.0), (2, "z", 1.0), (3, "never", 0.0)]


def test_noise_swaps_two_places_of_a_share_of_all_queries() -> None:
    store = ClickStore("ann")
    items = [f"i{i}" for i in range(8)]
    for n in range(200):
        store.ingest({"user": ["bob"] * 8, "query": [f"q{n}"] * 8, "item": items})
    swapped = 0
    for n in range(200):
        found = store.rank(f"q{n}", noise=0.5, seed=1)["item"].to_list()
        moved = [i for i, item in enumerate(found) if item != items[i]]
        assert len(moved) in (0, 2)
        assert sorted(found) == items
        swapped += bool(moved)
    assert 70 <= swapped <= 130
    assert store.rank("q0", noise=0.0)["item"].to_list() == items


def test_features_are_the_scores_of_all_modes() -> None:
    store = ClickStore("u0")
    log = random_log(1)
    store.ingest(log)
    pairs = log.select("query", "item").unique(maintain_order=True).with_columns(label=pl.lit(1))
    extra = pl.DataFrame(
        {"query": ["q0", "new"], "item": ["never", "i0"], "label": [0, 0]}, schema=pairs.schema
    )
    table = store.features(pl.concat([pairs, extra]))
    assert table.columns[:3] == ["query", "item", "label"]
    assert table.tail(2).select(pl.exclude("query", "item", "label")).sum_horizontal().to_list() == [0, 0]
    for mode in MODES:
        for query in ("q0", "q3"):
            ranked = store.rank(query, k=None, mode=mode)
            scores = dict(zip(ranked["item"], ranked["score"], strict=True))
            rows = table.filter(pl.col("query") == query, pl.col("item") != "never")
            assert rows[mode].to_list() == [scores[item] for item in rows["item"]]


def test_a_saved_store_goes_on_as_if_it_had_never_stopped(tmp_path) -> None:
    log = random_log(4)
    for decay in (None, 60.0):
        store = ClickStore("u0", decay=decay, union="pairs", top_terms=2)
        store.ingest(log.head(200), now=0)
        path = tmp_path / "clicks"
        store.save(path)
        again = ClickStore.load(path)
        assert answers(again) == answers(store)
        assert (again.ingest(log, now=9000), store.ingest(log, now=9000)) == (
            {"new": 100, "known": 200, "clamped": 0},
        ) * 2
        assert answers(again) == answers(store)
        assert repr(again) == repr(store)


def test_files_that_are_none_are_refused(tmp_path) -> None:
    path = tmp_path / "clicks"
    with pytest.raises(FileMissingError):
        ClickStore.load(path)
    empty = ClickStore("ann")
    empty.save(path)
    assert len(ClickStore.load(path)) == 0
    data = path.read_bytes()
    for at in (0, 100, len(data) // 2, len(data) - 70):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with contextlib.suppress(CorruptFileError):
            assert len(ClickStore.load(path)) == 0  # a byte between two sections
    path.write_bytes(data[:200])
    with pytest.raises(CorruptFileError):
        ClickStore.load(path)


def test_an_empty_store_answers_with_nothing() -> None:
    store = ClickStore("ann")
    assert store.rank("q").height == store.similarity().height == len(store) == 0
    assert store.ingest(pl.DataFrame({"user": [], "query": [], "item": []})) == {
        "new": 0,
        "known": 0,
        "clamped": 0,
    }
    assert store.rank("q", candidates=["x"])["item"].to_list() == ["x"]
    assert "0 clicks" in repr(store)
    assert "ClickStore" in store._repr_html_()


def test_two_ids_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pl.Series.hash

    def weak(column: pl.Series, seed: int = 0) -> pl.Series:
        return real(column, seed) % 2 if seed < 3 else real(column, seed)

    log = random_log(5)
    good, poor = ClickStore("u0"), ClickStore("u0")
    good.ingest(log)
    monkeypatch.setattr(pl.Series, "hash", weak)
    for start in range(0, log.height, 60):
        poor.ingest(log.slice(start, 60))
    assert answers(good) == answers(poor)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_store_is_not_copied_by_accident(copied: Callable[[object], object]) -> None:
    with pytest.raises(InvalidTypeError, match=r"save\(\) and load\(\)"):
        copied(ClickStore("ann"))


def test_long_queries_of_many_words_are_read_in_time() -> None:
    store = ClickStore("ann")
    text = " ".join(f"w{i}" for i in range(300_000))
    store.ingest({"user": ["bob"], "query": [text], "item": ["x"]})
    start = time.process_time()
    assert store.rank(text + " again", mode="popularity")["item"].to_list() == ["x"]
    assert time.process_time() - start < 2


def test_scores_are_told_apart_whatever_their_size() -> None:
    store = ClickStore("ann")
    store.ingest({"user": ["bob", "cat"], "query": ["q", "q"], "item": ["x", "y"]})
    for size in (1e-14, 1e-5, 1.0, 1e30, 1e99):
        trust = {"peer": ["bob", "cat"], "score": [size, 1.5 * size]}
        for how in ({}, {"candidates": ["x", "y"]}):
            found = store.rank("q", mode="popularity", trust=trust, **how)
            assert found["item"].to_list() == ["y", "x"], (size, how)


def test_an_own_frame_of_any_library_is_read() -> None:
    store = gr.ranking.ClickStore("ann")
    frame = pl.LazyFrame({"user": ["ann"], "query": ["q"], "item": ["x"], "results": [["x", "y"]]})
    assert store.ingest(frame)["new"] == 1
    assert store.clicks().rows() == [("ann", "q", "x", 1)]


def test_forgotten_users_leave_no_trace_in_answers(tmp_path) -> None:
    log = random_log(8)
    rare = {"user": ["u3", "u3"], "query": ["secret q2", "q0"], "item": ["i0", "i77"], "seq": [900, 901]}
    log = pl.concat([log, pl.DataFrame(rare)])
    with_all, without = ClickStore("u0", decay=100), ClickStore("u0", decay=100)
    with_all.ingest(log, now=0)
    without.ingest(log.filter(~pl.col("user").is_in(["u3", "u5"])), now=0)
    with_all.forget(["u3", "u5", "nobody"])
    # Not those with trust from walks, which are exact to a tolerance.
    assert answers(with_all)[:-3] == answers(without)[:-3]
    assert with_all.similarity().equals(without.similarity())
    assert with_all.rank("secret q2").equals(without.rank("secret q2"))
    assert with_all.rank("secret").equals(without.rank("secret"))
    assert repr(with_all) == repr(without)
    with_all.save(tmp_path / "clicks")
    without.save(tmp_path / "others")
    assert ClickStore.load(tmp_path / "clicks").clicks().height == without.clicks().height
    assert with_all.ingest(log, now=0)["new"] == 0
    with pytest.raises(InvalidArgumentError, match="'u0'"):
        with_all.forget("u0")


def test_what_a_stop_leaves_out_comes_with_the_next_try() -> None:
    n = 300_000
    draw = random.Random(1)
    users = [draw.randrange(500) for _ in range(n)]
    log = pl.DataFrame(
        {
            "user": users,
            "query": [f"q{draw.randrange(300)}" for _ in range(n)],
            "item": [draw.randrange(5_000) for _ in range(n)],
        }
    ).with_columns(seq=pl.int_range(pl.len()).over("user"))
    stopped, whole = ClickStore(0), ClickStore(0)
    whole.ingest(log)
    for timeout_s in (0.001, 0.01, 0.03, 0.06, 0.1):
        with contextlib.suppress(TimedOutError):
            stopped.ingest(log, timeout_s=timeout_s)
    done = stopped.ingest(log)
    assert done["new"] + done["known"] == n
    assert repr(stopped) == repr(whole)
    for mode in MODES:
        assert stopped.rank("q7", mode=mode).equals(whole.rank("q7", mode=mode))
    assert stopped.similarity().equals(whole.similarity())
