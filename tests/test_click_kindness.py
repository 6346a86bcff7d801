"""The store of clicks and those who hold their clicks in their own way: dtypes, case, old logs, missing numbers."""

from __future__ import annotations

import datetime as dt
import warnings

import polars as pl
import pytest

from graphrank.exceptions import InvalidArgumentError, InvalidTypeError
from graphrank.ranking import ClickStore


def rows(user, query, items, **more):
    n = len(items)
    return pl.DataFrame({"user": [user] * n, "query": [query] * n, "item": items, **more})


@pytest.mark.parametrize(
    "dtype", [pl.Categorical, pl.Enum(["x", "y", "z"]), pl.UInt16, pl.Int8, pl.Date, pl.UInt64, pl.Binary]
)
def test_ids_come_back_in_the_dtype_in_which_they_came(tmp_path, dtype):
    if dtype in (pl.UInt16, pl.Int8, pl.UInt64):
        items = pl.Series("item", [1, 2], dtype=dtype)
    elif dtype == pl.Date:
        items = pl.Series("item", [1, 2]).cast(pl.Date)
    else:
        items = pl.Series("item", ["x", "y"]).cast(dtype)
    store = ClickStore("ann")
    store.ingest(rows("bob", "jazz", items))
    store.ingest(rows("eve", "jazz", items))
    store.forget(["eve"])
    store.save(tmp_path / "clicks")
    for each in (store, ClickStore.load(tmp_path / "clicks")):
        assert each.rank("jazz")["item"].dtype == dtype
        assert each.clicks()["item"].dtype == dtype
        ranked = each.rank("jazz", candidates=items)
        assert ranked["item"].to_list() == items.to_list()
        assert ranked.join(items.to_frame(), on="item").height == 2


def test_ids_of_several_dtypes_come_back_in_the_one_that_holds_all():
    store = ClickStore(7)
    store.ingest(rows(8, "jazz", pl.Series([1, 2], dtype=pl.UInt8)))
    assert store.rank("jazz")["item"].dtype == pl.UInt8
    # It cannot hold this candidate.
    assert store.rank("jazz", candidates=[2, 300])["item"].to_list() == [2, 300]
    store.ingest(rows(8, "jazz", pl.Series([1, 300], dtype=pl.UInt16)))
    assert store.rank("jazz")["item"].dtype == pl.Int64


def test_time_goes_on_without_clicks():
    store = ClickStore("ann", decay=1)
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    store.ingest(rows("bob", "jazz", ["x"]), now=day)
    store.ingest(rows("bob", "jazz", ["x"]).clear(), now=day + dt.timedelta(seconds=1))
    assert store.rank("jazz", mode="popularity")["score"].item() == 0.5


def test_clicks_that_are_too_old_to_count_are_told_of():
    store = ClickStore("ann", decay=dt.timedelta(days=1))
    old = rows("bob", "jazz", ["x"], ts=[dt.datetime(2020, 1, 1)])
    with pytest.warns(UserWarning, match="so old by `decay` that they count for nothing"):
        store.ingest(old)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ClickStore("ann", decay=dt.timedelta(days=1)).ingest(old, now=dt.datetime(2020, 1, 3))
        ClickStore("ann").ingest(old)


def test_rows_with_and_without_numbers_are_told_of_where_they_meet():
    store = ClickStore("ann")
    store.ingest(rows("bob", "jazz", ["x", "y"]))
    store.ingest(rows("cat", "jazz", ["x"], seq=[0]))
    with pytest.warns(UserWarning, match="2 rows were known by their numbers"):
        assert store.ingest(rows("bob", "rock", ["x", "y"], seq=[0, 1]))["known"] == 2


def test_words_of_a_query_are_found_upper_or_lower_case():
    store = ClickStore("ann")
    store.ingest(rows("bob", "Red Shoes", ["pumps"]))
    store.ingest(rows("bob", "hats", ["cap", "cap"]))
    assert store.rank("red shoes")["item"].to_list() == ["pumps"]
    assert store.rank("SHOES")["item"].to_list() == ["pumps"]


def test_a_query_names_items_that_have_all_its_words():
    table = {
        "item": ["1", "2", "3"],
        "title": ["Kind of Blue", None, "Blue in Green"],
        "tags": [["jazz"], ["ballads"], ["rock", "soul ballads", None]],
    }
    store = ClickStore("ann", metadata=table)
    store.ingest(rows("bob", "jazz", ["9"]))
    for query, named in [
        ("blue green", ["3"]),
        ("BALLADS rock", ["3"]),
        ("(green)!", ["3"]),
        ("ballads", ["2", "3"]),
        ("kind blue", ["1"]),
        ("gree", ["9"]),
        ("rock zzz", ["9"]),
        ("!", ["9"]),
    ]:
        assert store.rank(query)["item"].to_list() == named, query


@pytest.mark.parametrize("name", ["paper", "own_clicks", "ppr"])
def test_features_overwrite_no_column_of_the_pairs(name):
    store = ClickStore("ann")
    store.ingest(rows("bob", "jazz", ["x"]))
    with pytest.raises(InvalidArgumentError, match=f"has a column {name!r}"):
        store.features({"query": ["jazz"], "item": ["x"], name: [1]})


@pytest.mark.parametrize("me", [["ann"], ("ann",), pl.Series(["ann"]), None, []])
def test_a_view_is_that_of_one_user(me):
    with pytest.raises(InvalidArgumentError, match="`me` must be one id"):
        ClickStore(me)


def test_a_date_as_text_is_no_time():
    with pytest.raises(InvalidTypeError, match="`now` must be a datetime"):
        ClickStore("ann").ingest(rows("bob", "jazz", ["x"]), now="2026-01-01")
