"""Committees under quotas, quotas in ``maximize``, and advice on quotas."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphrank as gr
from graphrank.exceptions import (
    ColumnNotFoundError,
    ElementNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    TimedOutError,
)
from graphrank.submodular import Coverage, advise, fair_select

SEPARABLE = ("borda", "bloc", "sntv")
RULES = (*SEPARABLE, "chamberlin-courant", "pav")
CRAFT = {"ann": "law", "bob": "law", "cat": "math", "dan": "math", "eve": "art"}
LISTS = [["ann", "bob", "cat", "dan", "eve"], ["bob", "ann", "dan", "eve", "cat"], ["ann", "dan"]]


def content(order, members, rule, top, n_items):
    """What one full ranking gives to a committee, by the definition of the rule."""
    places = sorted(order.index(member) for member in members)
    match rule:
        case "borda":
            return sum(n_items - 1 - place for place in places)
        case "bloc":
            return sum(place < top for place in places)
        case "sntv":
            return float(places[0] == 0)
        case "chamberlin-courant":
            return n_items - 1 - places[0]
        case _:
            return sum(1 / j for j in range(1, 1 + sum(place < top for place in places)))


def keeps(members, groups, lower, upper):
    counts = {group: sum(groups[member] == group for member in members) for group in set(groups)}
    return all(lower.get(g, 0) <= c <= upper.get(g, len(groups)) for g, c in counts.items())


@pytest.mark.parametrize("rule", RULES)
def test_no_committee_of_fourteen_items_is_better(rule):
    rng = np.random.default_rng(4)
    for n_items in (5, 9, 14):
        lists = [rng.permutation(n_items).tolist() for _ in range(7)]
        k = int(rng.integers(2, 5))
        groups = rng.integers(0, 3, n_items).tolist()
        groups[:3] = [0, 1, 2]
        lower, upper = {0: 1, 1: 1}, {2: 1}
        if not any(keeps(members, groups, lower, upper) for members in combinations(range(n_items), k)):
            k = 2
        best = max(
            sum(content(order, members, rule, k, n_items) for order in lists)
            for members in combinations(range(n_items), k)
            if keeps(members, groups, lower, upper)
        )
        found = fair_select(lists, k, groups, lower=lower, upper=upper, rule=rule)
        exact = fair_select(lists, k, groups, lower=lower, upper=upper, rule=rule, method="exact")
        value = sum(content(order, found.members.to_list(), rule, k, n_items) for order in lists)
        assert keeps(found.members.to_list(), groups, lower, upper)
        assert len(found) == k
        assert found.value == pytest.approx(value)
        assert best / 2 - 1e-9 <= found.value <= best + 1e-9 <= found.upper_bound + 2e-9
        assert exact.value == pytest.approx(best)
        assert exact.optimal
        if rule in SEPARABLE:
            assert found.optimal
            assert found.value == pytest.approx(best)


@given(
    st.integers(2, 8).flatmap(
        lambda n: st.tuples(
            st.lists(st.permutations(range(n)), min_size=1, max_size=6),
            st.lists(st.integers(0, 2), min_size=n, max_size=n),
            st.integers(1, n),
        )
    ),
    st.sampled_from(RULES),
)
def test_names_order_of_rows_and_units_of_weight_change_nothing(drawn, rule):
    lists, groups, k = drawn
    n = len(groups)
    rows = [(r, i, rank) for r, order in enumerate(lists) for rank, i in enumerate(order)]
    frame = pl.DataFrame(rows, schema=["ranking", "item", "rank"], orient="row")
    upper = {0: max(0, k - sum(g != 0 for g in groups[:n]))} if 0 in groups else None
    plain = fair_select(lists, k, groups, upper=upper, rule=rule)
    renamed = frame.with_columns(
        pl.col("ranking").cast(pl.String),
        pl.format("item {}", pl.col("item")).alias("item"),
        score=100 - 3.5 * pl.col("rank"),
        weight=pl.lit(2.0),
    ).drop("rank")
    named = {f"item {i}": group for i, group in enumerate(groups)}
    other = fair_select(renamed.sample(fraction=1, shuffle=True, seed=1), k, named, upper=upper, rule=rule)
    assert other.value == pytest.approx(2 * plain.value)
    assert other.counts == plain.counts or rule not in SEPARABLE
    assert {f"item {i}" for i in plain} == set(other) or plain.value == pytest.approx(other.value / 2)
    assert plain.unconstrained_value >= plain.value
    assert 0 <= plain.price_of_fairness <= 1


def test_a_committee_tells_what_it_is():
    found = fair_select(LISTS, 3, CRAFT, lower=1, rule="pav", method="exact")
    assert found.counts == {"art": 1, "law": 1, "math": 1}
    assert found.to_polars().columns == ["rank", "item", "group", "gain"]
    assert found.to_polars()["gain"].sum() == pytest.approx(found.value)
    assert found.to_polars().rows()[0][1:3] == (found.members[0], CRAFT[found.members[0]])
    assert "ann" in found
    assert list(found) == found.members.to_list()
    assert repr(found).startswith("Committee(3 members, art 1, law 1, math 1, pav ")
    assert "price of fairness" in found._repr_html_()
    free = fair_select(LISTS, 3)
    assert (free.counts, free.price_of_fairness, free.groups.to_list()) == ({}, 0.0, [None] * 3)
    assert "fairness" not in repr(free)


def test_short_lists_and_equal_ranks_share_points():
    frame = pl.DataFrame({"ranking": [1, 1, 1], "item": ["a", "b", "c"], "rank": [1, 2, 2]})
    everything = ["a", "b", "c", "d", "e"]
    gains = fair_select(frame, 5, items=everything).to_polars().select("item", "gain")
    assert dict(gains.rows()) == {"a": 4, "b": 2.5, "c": 2.5, "d": 0.5, "e": 0.5}
    gains = fair_select(frame, 5, items=everything, unranked="zero").to_polars().select("item", "gain")
    assert dict(gains.rows()) == {"a": 4, "b": 2.5, "c": 2.5, "d": 0, "e": 0}
    gains = fair_select(frame, 5, items=everything, rule="bloc", top=2).to_polars().select("item", "gain")
    assert dict(gains.rows()) == {"a": 1, "b": 0.5, "c": 0.5, "d": 0, "e": 0}
    assert fair_select(frame, 3, items=everything, rule="pav", top=2).value == pytest.approx(
        1 + 1 / 2 + 1 / 3
    )
    assert fair_select(frame, 1, items=everything, rule="chamberlin-courant").value == 4


def test_items_without_a_group_are_left_out_or_a_group_of_their_own():
    some = {name: craft for name, craft in CRAFT.items() if name != "ann"}
    assert "ann" not in fair_select(LISTS, 2, some, ungrouped="exclude")
    own = fair_select(LISTS, 2, some, upper={None: 0}, ungrouped="own")
    assert "ann" not in own
    assert own.counts == {"art": 0, "law": 1, "math": 1, None: 0}
    with pytest.raises(
        InvalidDataError, match="item 'ann' has no group; `ungrouped` may leave such items out"
    ):
        fair_select(LISTS, 2, some)


@pytest.mark.parametrize(
    ("k", "lower", "upper", "wanted"),
    [
        (3, {"law": 3}, None, "`lower`: group 'law' is to have at least 3, but only 2 items are of it"),
        (2, {"law": 2, "math": 1}, None, r"`lower` asks for 3 \(2 'law' \+ 1 'math'\), more than `k` = 2"),
        (
            3,
            {"law": 2},
            {"law": 1},
            "`lower` and `upper`: group 'law' is to have at least 2 and at most 1 items",
        ),
        (4, None, 1, r"`upper` allows 3 \(1 of 1 'art', 1 of 2 'law', 1 of 2 'math'\), fewer than `k` = 4"),
        (2, {"lau": 1}, None, "`lower`: there is no group 'lau'; the groups are 'art', 'law', 'math'"),
        (2, {"law": -1}, None, r"`lower\['law'\]` must be at least 0"),
        (2, None, 1.5, "`upper` must be a whole number"),
        (0, None, None, "`k` must be at least 1"),
        (6, None, None, "`k` must be at most the number of items, 5, got 6"),
    ],
)
def test_quotas_that_no_committee_keeps_are_explained(k, lower, upper, wanted):
    with pytest.raises((InvalidArgumentError, InvalidTypeError), match=wanted):
        fair_select(LISTS, k, CRAFT, lower=lower, upper=upper)


def rows(**changes):
    return {"ranking": [1, 1, 2], "item": ["a", "b", "a"], "rank": [1, 2, 1]} | changes


@pytest.mark.parametrize(
    ("rankings", "error", "wanted"),
    [
        ([], InvalidDataError, "has no rows"),
        (["abc"], InvalidTypeError, "ranking 0 is of type str; each ranking is a list of items"),
        ([[1, "a"]], InvalidTypeError, "must be ids of one type"),
        (rows(item=["a", "a", "b"]), InvalidDataError, "row 1: ranking 1 lists item 'a' a second time"),
        (rows(item=["a", None, "b"]), InvalidDataError, "'item' is null in row 1"),
        (rows(ranking=[None, 1, 2]), InvalidDataError, "'ranking' is null in row 0"),
        (rows(rank=[1, None, 1]), InvalidDataError, "'rank' is null in row 1"),
        (rows(rank=[1.0, float("nan"), 1.0]), InvalidDataError, "'rank' is nan in row 1"),
        (rows(rank=["1", "2", "1"]), InvalidTypeError, "ranks must be numbers"),
        ({"ranking": [1], "item": [2]}, ColumnNotFoundError, "it has 'ranking', 'item'"),
        (
            rows(weight=[1.0, 2.0, 1.0]),
            InvalidDataError,
            "'weight', row 0: ranking 1 has the weights 1.0 and 2.0",
        ),
        (rows(weight=[-1.0, -1.0, 1.0]), InvalidDataError, "'weight' is -1.0 in row 0"),
        (rows(weight=[0.0, 0.0, 0.0]), InvalidArgumentError, "at least one ranking must count"),
        (7, InvalidTypeError, "`rankings` must be a list of rankings"),
    ],
)
def test_bad_rankings_are_explained(rankings, error, wanted):
    for ask in (lambda: fair_select(rankings, 1), lambda: advise(rankings)):
        with pytest.raises(error, match=wanted):
            ask()


def test_bad_arguments_are_explained():
    for arguments, wanted in [
        ({"rule": "stv"}, "`rule` must be one of 'borda'"),
        ({"rule": "borda", "top": 2}, "`top` is for the rules 'bloc' and 'pav', not for 'borda'"),
        ({"rule": "pav", "top": 0}, "`top` must be at least 1"),
        ({"method": "fast"}, "`method` must be one of 'auto', 'exact'"),
        ({"unranked": "none"}, "`unranked` must be one of 'average', 'zero'"),
        ({"lower": 1}, "`lower` needs `groups`: the group of every item"),
        ({"upper": 1}, "`upper` needs `groups`"),
    ]:
        with pytest.raises(InvalidArgumentError, match=wanted):
            fair_select(LISTS, 2, **arguments)
    with pytest.raises(
        ElementNotFoundError, match="'zoe' is not an element of these rankings; `items` lists"
    ):
        fair_select(LISTS, 2, CRAFT | {"zoe": "art"})
    with pytest.raises(ElementNotFoundError, match="'bob' is not an element"):
        fair_select(LISTS, 2, items=["ann", "cat", "dan", "eve"])
    with pytest.raises(InvalidTypeError, match="`groups` must be a column in the order of the items"):
        fair_select(LISTS, 2, "craft")
    for arguments, wanted in [({"error": 0}, r"in \(0, 1\]"), ({"confidence": 1}, r"in \(0, 1\)")]:
        with pytest.raises(InvalidArgumentError, match=wanted):
            advise(LISTS, **arguments)
    with pytest.raises(InvalidArgumentError, match="at least two that count"):
        advise(LISTS[:1])
    with pytest.raises(InvalidArgumentError, match="at most 250 groups"):
        fair_select([list(range(300))], 2, list(range(300)))


def test_a_search_that_takes_long_can_be_timed_out():
    rng = np.random.default_rng(0)
    lists = [rng.permutation(60).tolist() for _ in range(200)]
    with pytest.raises(TimedOutError):
        fair_select(lists, 12, rule="pav", method="exact", timeout_s=0.2)


@pytest.mark.parametrize("method", ["lazy", "stochastic", "threshold", "exact"])
def test_maximize_keeps_quotas(method):
    reach = Coverage({"ann": [1, 2, 3], "bob": [3, 4], "cat": [1, 2], "dan": [], "eve": [4]})
    found = gr.maximize(reach, 3, method=method, groups=CRAFT, lower={"math": 2}, upper={"law": 1})
    crafts = sorted(CRAFT[id] for id in found)
    assert crafts in (["art", "math", "math"], ["law", "math", "math"])
    assert reach.value(found.elements) == found.value <= 4 <= found.upper_bound
    free = gr.maximize(reach, 2, method=method)
    by_frame = pl.DataFrame({"element": list(CRAFT), "craft": list(CRAFT.values())})
    assert gr.maximize(reach, 2, method=method, groups=by_frame).elements.to_list() == free.elements.to_list()


def test_quotas_that_no_selection_keeps_are_explained():
    reach = Coverage({"ann": [1], "bob": [2], "cat": [3], "dan": [], "eve": [4]})
    with pytest.raises(
        InvalidArgumentError, match="group 'math' is to have at least 2, but only 1 elements are of it"
    ):
        gr.maximize(reach, 3, groups=CRAFT, lower={"math": 2}, candidates=["ann", "cat"])
    with pytest.raises(InvalidArgumentError, match="`lower` needs `groups`: the group of every element"):
        gr.maximize(reach, 3, lower=1)
    with pytest.raises(ElementNotFoundError, match="'zoe' is not an element of this objective"):
        gr.maximize(reach, 3, groups={"zoe": "law"})
    # Upper quotas may leave fewer than k, as candidates that add nothing may.
    assert len(gr.maximize(reach, 3, groups=CRAFT, upper={"law": 1, "math": 0, "art": 0})) == 1


@pytest.mark.parametrize("weight", [1e-150, 1e200])
def test_advice_is_the_same_for_weights_of_any_scale(weight):
    lists = ["abc", "bac", "cab", "acb"]
    rows = [(i, item, place) for i, items in enumerate(lists) for place, item in enumerate(items)]
    table = pl.DataFrame(rows, schema=["ranking", "item", "rank"], orient="row")
    assert str(advise(table.with_columns(weight=weight))) == str(advise(table))


def test_advice_tells_shares_of_points_and_of_items():
    advice = advise(LISTS, CRAFT, top=2)
    assert advice.rules["rule"].to_list() == ["borda", "bloc", "sntv"]
    borda = advice.groups.filter(rule="borda")
    # Of 4 points each: ann 4 + 3 + 4, bob 3 + 4 + 1, cat 2 + 0 + 1, dan 1 + 2 + 3, eve 0 + 1 + 1.
    assert dict(borda.select("group", "mean").rows()) == pytest.approx(
        {"art": 2 / 12, "law": (11 + 8) / 24, "math": (3 + 6) / 24}
    )
    assert dict(borda.select("group", "alpha").rows()) == pytest.approx(
        {"art": 2 / 12, "law": 8 / 12, "math": 3 / 12}
    )
    assert advice.rules["alpha"].to_list() == pytest.approx([2 / 12, 0, 0])
    assert advice.proportional(5) == {"art": 1, "law": 2, "math": 2}
    assert advice.n_rankings == pytest.approx(3)
    assert (advice.rules["low"] <= advice.rules["alpha"]).all()
    assert (advice.rules["alpha"] <= advice.rules["high"]).all()
    assert "borda: alpha 0.17" in advice._repr_html_()
    without = advise(
        LISTS, {name: craft for name, craft in CRAFT.items() if name != "eve"}, ungrouped="exclude"
    )
    assert without.rules["alpha"][0] == pytest.approx(3 / 12)
