"""One ranking out of many: arguments, answers, and what is said of input that cannot be used."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import (
    ColumnNotFoundError,
    ElementNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    TimedOutError,
)
from graphrank.ranking import aggregate, correlation, kemeny

LISTS = [["ann", "bob", "cat"], ["bob", "ann"], ["bob", "cat", "ann"]]
METHODS = [
    "borda",
    "rrf",
    "isr",
    "median",
    "combsum",
    "combmnz",
    "combanz",
    "combmed",
    "combmax",
    "combmin",
    "copeland",
    "mc4",
    "kemeny",
]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_agrees_with_those_who_agree(method):
    found = aggregate([["c", "a", "b"]] * 3, method)
    assert found.schema == {"rank": pl.UInt32, "item": pl.String, "score": pl.Float64}
    assert found["item"].to_list() == ["c", "a", "b"]
    assert found["rank"].to_list() == [1, 2, 3]
    assert found["score"].is_sorted(descending=True)


LARGE = [{"a": 1.7e308, "b": 0.0, "c": -1.7e308}, {"a": 1e-310, "b": 0.0, "c": -1e-310}]


@pytest.mark.parametrize("way", ["min-max", "sum", "z-score", "rank"])
@pytest.mark.parametrize("rule", ["combsum", "combmnz", "combanz", "combmed", "combmax", "combmin"])
def test_scores_of_any_size_are_normalised(rule, way):
    small = [{item: np.sign(score) for item, score in scores.items()} for scores in LARGE]
    expected = aggregate(small, rule, normalise=way)
    found = aggregate(LARGE, rule, normalise=way)
    assert found["item"].to_list() == ["a", "b", "c"]
    assert found["score"].to_list() == pytest.approx(expected["score"].to_list(), rel=1e-12)


def test_scores_that_add_up_to_more_than_numbers_hold_are_refused():
    rankings = [{"a": 1e308, "b": -1e308}] * 2
    assert aggregate(rankings, "combmax", normalise="none")["score"].to_list() == [1e308, -1e308]
    for rule in ("combsum", "combmnz", "combanz"):
        with pytest.raises(InvalidArgumentError, match="more than a number holds; normalise"):
            aggregate(rankings, rule, normalise="none")
    # A lone score beyond numbers is no score that is missing.
    with pytest.raises(InvalidArgumentError, match="more than a number holds"):
        aggregate([{"a": 1.0, "b": -1e308}], "combsum", normalise="none", weights=[10])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weight", [1e308, 1e305, 1e-320])
def test_weights_out_of_scale_are_refused(method, weight):
    with pytest.raises(
        InvalidArgumentError, match=r"`weights` add up to \S{3,25}, which .*: let the largest be 1"
    ):
        aggregate(LISTS * 300, method, weights=[weight] * 900)
    ok = aggregate(LISTS * 300, method, weights=[weight * 1e200 if weight < 1 else 1e290] * 900)
    assert ok["score"].is_finite().all()


def test_the_least_spread_of_scores_has_a_standard_deviation():
    # Their mean is one of the two, rounded.
    found = aggregate([{"a": 0.1 + 0.2, "b": 0.3}], "combsum", normalise="z-score")
    assert found["score"].to_list() == [1.0, -1.0]


@pytest.mark.parametrize("p", [5e-324, 1e-320, 1e-16, 1 - 1e-16])
def test_overlap_of_any_persistence_is_a_number(p):
    assert correlation(["a", "b"], ["a", "b"], "rbo", p=p) == pytest.approx(1.0)
    # Who hardly goes on sees the first place alone.
    if p < 0.5:
        assert correlation(["a", "b"], ["b", "a"], "rbo", p=p) == pytest.approx(0.0, abs=1e-15)


def test_equal_scores_are_in_the_order_of_the_ids():
    assert aggregate([[3, 1, 2], [2, 1, 3]])["item"].to_list() == [1, 2, 3]
    assert aggregate([[3, 1, 2], [2, 1, 3]], items=[3, 2, 1])["item"].to_list() == [1, 2, 3]


def test_borda_is_the_vote_of_federated_ranking_learning():
    # Clients send the permutation that sorts their scores ascending; the server inverts, sums and sorts.
    rng = np.random.default_rng(4)
    votes = [rng.permutation(50) for _ in range(9)]
    sums = np.sum([np.argsort(vote) for vote in votes], axis=0)
    rows = [
        (client, int(edge), place) for client, vote in enumerate(votes) for place, edge in enumerate(vote)
    ]
    found = aggregate(pl.DataFrame(rows, schema=["ranking", "item", "score"], orient="row"), "borda")
    by_item = found.sort("item")["score"].to_numpy()
    assert np.array_equal(by_item, sums)
    assert np.array_equal(found["item"].to_numpy()[::-1], np.lexsort((-np.arange(50), sums)))


def test_weights_are_a_column_a_dict_or_a_list():
    by_list = aggregate(LISTS, weights=[5, 1, 0.5])
    assert by_list.equals(aggregate(LISTS, weights={0: 5, 1: 1, 2: 0.5}))
    rows = [(r, item, i, [5, 1, 0.5][r]) for r, items in enumerate(LISTS) for i, item in enumerate(items)]
    table = pl.DataFrame(rows, schema=["ranking", "item", "rank", "weight"], orient="row")
    assert by_list.equals(aggregate(table))
    assert by_list.equals(aggregate(table.lazy()))
    twice = aggregate([LISTS[0], LISTS[0], LISTS[1]])
    assert twice.equals(aggregate(LISTS[:2], weights=[2, 1]))


def test_few_hostile_rankings_move_the_trimmed_vote_less():
    honest = [list(range(10))] * 8
    hostile = [list(range(9, -1, -1))] * 2
    plain = aggregate(honest + hostile).sort("item")["score"].to_numpy()
    trimmed = aggregate(honest + hostile, trim=0.2).sort("item")["score"].to_numpy()
    assert plain[0] == 72
    assert trimmed == pytest.approx(10 * np.arange(9, -1, -1))


def test_items_that_nobody_ranks():
    found = aggregate(LISTS, "combsum", items=["ann", "bob", "cat", "dan"])
    assert found.tail(1).rows() == [(4, "dan", None)]
    assert aggregate(LISTS, "borda", items=["ann", "bob", "cat", "dan"])["item"].to_list()[-1] == "dan"


def test_no_disagreement_is_shown_without_a_sign():
    assert ", 0 disagreements, optimal" in repr(kemeny([["a"]]))


def test_a_search_has_a_bound_and_says_so():
    rng = np.random.default_rng(0)
    lists = [rng.permutation(60).tolist() for _ in range(5)]
    found = kemeny(lists)
    assert len(found) == 60
    assert found.largest_part > 20
    assert not found.optimal
    assert found.lower_bound < found.disagreements
    assert found.disagreements <= min(cost(found, lists), cost(aggregate(lists)["item"], lists))
    assert "at least" in repr(found)
    assert "KemenyRanking" in found._repr_html_()


def cost(order, lists):
    place = {item: i for i, item in enumerate(order)}
    return sum(place[b] < place[a] for one in lists for i, a in enumerate(one) for b in one[i + 1 :])


def test_a_search_finds_the_exact_optimum_of_noisy_rankings():
    # Cut to parts of at most 20, the same rankings are solved exactly: many of 40 items with some neighbours swapped.
    rng = np.random.default_rng(1)
    lists = []
    for _ in range(9):
        one = list(range(40))
        for i in rng.integers(0, 39, 30):
            one[i], one[i + 1] = one[i + 1], one[i]
        lists.append(one)
    found = kemeny(lists)
    assert found.optimal
    assert found.largest_part <= 20
    assert found.disagreements == cost(found, lists)


@pytest.mark.parametrize("method", ["borda", "copeland", "kemeny", "mc4"])
def test_results_do_not_depend_on_threads(method, chosen_threads):
    rng = np.random.default_rng(2)
    lists = [rng.permutation(200)[:150].tolist() for _ in range(20)]
    found = []
    for threads in (1, 3):
        chosen_threads(threads)
        found.append(aggregate(lists, method))
    assert found[0].equals(found[1])


def test_a_search_can_be_limited():
    rng = np.random.default_rng(3)
    lists = [rng.permutation(3_000).tolist() for _ in range(4)]
    with pytest.raises(TimedOutError):
        kemeny(lists, timeout_s=0.05)


TABLE = pl.DataFrame({"ranking": [1, 1, 2], "item": ["a", "b", "a"], "rank": [1, 2, 1]})
RANKED = pl.DataFrame({"item": ["a", "b"], "rank": [10, 20]})
SCORED = pl.DataFrame({"item": ["b", "c"], "score": [9.5, 3.1]})

BAD = {
    "method": ({"method": "bordo"}, InvalidArgumentError, "`method` must be one of 'borda'"),
    "normalise": ({"normalise": "max"}, InvalidArgumentError, "`normalise`"),
    "unlisted": ({"unlisted": "first"}, InvalidArgumentError, "`unlisted`"),
    "trim": ({"trim": 0.5}, InvalidArgumentError, "`trim` must be at least 0 and below 0.5"),
    "k": ({"method": "rrf", "k": -1}, InvalidArgumentError, "`k` must be"),
    "k of borda": ({"k": 10}, InvalidArgumentError, "`k` is for method='rrf'"),
    "damping": ({"method": "mc4", "damping": 1}, InvalidArgumentError, "`damping` must be"),
    "weights": ({"weights": {1: 1}}, InvalidArgumentError, "lacks ranking 2"),
    "stranger": ({"weights": {1: 1, 2: 1, 3: 1}}, InvalidArgumentError, "3, which is no ranking"),
    "weights of a frame": ({"weights": [1, 2]}, InvalidArgumentError, r"must be a dict \{ranking: weight\}"),
    "few weights": ({"rankings": LISTS, "weights": [1]}, InvalidArgumentError, "each of the 3 rankings"),
    "negative": ({"rankings": LISTS, "weights": [1, -1, 1]}, InvalidDataError, "'weights' is -1.0 in row 1"),
    "zeros": ({"weights": {1: 0, 2: 0}}, InvalidArgumentError, "at least one"),
    "items": ({"items": ["a"]}, ElementNotFoundError, "'b'"),
    "columns": ({"rankings": TABLE.drop("rank")}, ColumnNotFoundError, "'rank'"),
    "null": ({"rankings": TABLE.with_columns(item=pl.Series(["a", None, "a"]))}, InvalidDataError, "row 1"),
    "twice": ({"rankings": [["a", "b", "a"]]}, InvalidDataError, "a second time"),
    "nothing": ({"rankings": []}, InvalidDataError, "no rows"),
    "no table": ({"rankings": 5}, InvalidTypeError, "rankings"),
    "sets": ({"rankings": [{"a", "b"}]}, InvalidTypeError, "ranking 0 has no order"),
    "words": ({"rankings": ["ab", "ba"]}, InvalidTypeError, "ranking 0 is of type str"),
    "two forms": (
        {"rankings": {"x": ["a"], "y": {"a": 1.0}}},
        InvalidTypeError,
        "of one form: ranking 'x' is a list of items, ranking 'y' is a dict of scores",
    ),
    "a huge score": ({"rankings": [{"a": 10**400}]}, InvalidDataError, "a score cannot be used as a number"),
    "an array": ({"rankings": np.ones((2, 2))}, InvalidTypeError, r"list of rankings.*got ndarray.*tolist"),
    "a word": ({"rankings": "abc"}, InvalidTypeError, "must be a list of rankings, such as .*got str"),
    "scores and ranks": (
        {"rankings": {"x": SCORED, "y": RANKED}, "method": "combsum"},
        InvalidArgumentError,
        "ranking 'y' has 'rank' and ranking 'x' has 'score'",
    ),
    "no items in one": (
        {"rankings": {"x": SCORED, "y": RANKED.drop("item")}},
        ColumnNotFoundError,
        "ranking 'y' must have the columns 'item' and .* it has 'rank'",
    ),
    "no queries in one": (
        {"rankings": {"x": SCORED.with_columns(q=1), "y": RANKED}, "by": "q"},
        ColumnNotFoundError,
        "ranking 'y' has 'item', 'rank'",
    ),
    "weight in one": (
        {"rankings": {"x": SCORED, "y": SCORED.with_columns(weight=2)}},
        ColumnNotFoundError,
        "ranking 'y' has a column 'weight', ranking 'x' has none",
    ),
    "two types": (
        {"rankings": {"x": TABLE, "y": TABLE.with_columns(item=pl.Series([1, 2, 1]))}},
        InvalidTypeError,
        "column 'item' is String in ranking 'x' and Int64 in ranking 'y'",
    ),
    "queries unasked": ({"rankings": TABLE.with_columns(query=1)}, InvalidArgumentError, 'give by="query"'),
    "no queries": ({"by": "query"}, ColumnNotFoundError, "`by`: there is no column 'query'"),
    "queries of lists": ({"rankings": [["a"]], "by": "query"}, InvalidArgumentError, "give a table"),
    "twice for a query": (
        {"rankings": pl.concat([TABLE, TABLE]).with_columns(q=pl.lit("x")), "by": "q"},
        InvalidDataError,
        "row 3: ranking 1 lists item 'a' a second time for q 'x'",
    ),
    "items of queries": (
        {"rankings": TABLE.with_columns(q=1), "by": "q", "items": ["a", "b"]},
        InvalidArgumentError,
        "`items`",
    ),
}


SCORES = {"x": {"a": 3.0, "b": 2.0, "c": 0.5}, "y": {"b": 9, "a": 1}}


def test_rankings_come_in_the_forms_that_people_hold_them_in():
    lists = {"x": ["a", "b", "c"], "y": ("b", "a")}
    rows = [(name, item, score) for name, of in SCORES.items() for item, score in of.items()]
    table = pl.DataFrame(rows, schema=["ranking", "item", "score"], orient="row", strict=False)
    tables = {name: of.drop("ranking") for (name,), of in table.group_by("ranking", maintain_order=True)}
    expected = aggregate(table, "rrf")
    for same in (lists, list(lists.values()), {n: np.array(i) for n, i in lists.items()}, SCORES, tables):
        assert aggregate(same, "rrf").equals(expected)
    for same in (list(SCORES.values()), tables, list(tables.values()), table.to_dict(as_series=False)):
        assert aggregate(same, "combsum").equals(aggregate(table, "combsum"))
    weighed = aggregate(tables, "combsum", weights={"y": 2, "x": 1})
    assert weighed.equals(aggregate(table, "combsum", weights={"x": 1, "y": 2}))


def test_an_empty_ranking_keeps_its_weight():
    lists = [["a", "b"], [], ["b", "a"]]
    found = aggregate(lists, "rrf", weights=[1, 5, 2])
    assert found.equals(aggregate([lists[0], lists[2]], "rrf", weights=[1, 2]))


def test_of_ranks_and_scores_each_method_takes_its_own():
    both = aggregate([["a", "b", "c"], ["b", "a"]]).with_columns(ranking=pl.lit("one"))
    assert aggregate(both, "combsum", normalise="none")["score"].equals(both["score"])
    assert aggregate(both, "rrf").equals(aggregate(both.drop("score"), "rrf"))


@pytest.mark.parametrize("method", METHODS)
def test_queries_are_aggregated_on_their_own(method):
    rng = np.random.default_rng(3)
    rows = [
        (f"q{query}", name, int(item), float(rng.integers(0, 9)))
        for query in rng.permutation(30)
        for name in "abc"[: 1 + query % 3]
        for item in rng.permutation(12)[: 1 + query % 9]
    ]
    table = pl.DataFrame(rows, schema=["topic", "ranking", "item", "score"], orient="row")
    weights = {"a": 1.0, "b": 2.0, "c": 0.5}
    found = aggregate(table, method, by="topic", weights=weights)
    assert found.columns == ["topic", "rank", "item", "score"]
    assert found["topic"].unique(maintain_order=True).equals(table["topic"].unique(maintain_order=True))
    for (topic,), of in table.group_by("topic"):
        there = {name: weights[name] for name in of["ranking"].unique()}
        alone = aggregate(of.drop("topic"), method, weights=there)
        assert found.filter(topic=topic).drop("topic").equals(alone)
    shuffled = aggregate(table.sample(fraction=1, shuffle=True, seed=1), method, by="topic", weights=weights)
    assert shuffled.sort("topic", "rank").equals(found.sort("topic", "rank"))


def test_runs_of_other_libraries_are_fused():
    runs = {"words": {"q1": {"a": 3.0, "b": 2.0}, "q2": {"c": 1.0}}, "vectors": {"q1": {"b": 0.9, "d": 0.8}}}
    found = aggregate(runs, "rrf", by="query")
    assert found.select("query", "item").rows() == [("q1", "b"), ("q1", "a"), ("q1", "d"), ("q2", "c")]
    judged = gr.evaluate({"q1": {"b": 1}, "q2": {"e": 1}}, found, ["mrr"])
    assert judged["value"].to_list() == [0.5]


@pytest.mark.parametrize("method", [method for method in METHODS if not method.startswith("comb")])
def test_rules_by_place_take_ranks_and_scores_together(method):
    expected = aggregate([["a", "b"], ["b", "c"]], method)
    assert aggregate({"x": RANKED, "y": SCORED}, method).equals(expected)
    runs = [RANKED.with_columns(query=7), {7: {"b": 9.5, "c": 3.1}}]
    assert aggregate(runs, method, by="query").drop("query").equals(expected)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"score": [1.0, np.nan, 1.0]}, "column 'score' is nan in row 1 of ranking 'y'"),
        ({"score": [1.0, None, 1.0]}, "column 'score' is null in row 1 of ranking 'y'"),
        ({"item": ["a", None, "b"]}, "column 'item' is null in row 1 of ranking 'y'"),
        ({"q": [1, None, 1]}, "column 'q' is null in row 1 of ranking 'y'"),
        ({"item": ["b", "a", "a"]}, "row 2: ranking 'y' lists item 'a' a second time for q 1"),
        ({"weight": [1.0, -1.0, 1.0]}, "ranking 'y': column 'weight' is -1.0 in row 1"),
        ({"weight": [1.0, 1.0, 2.0]}, "column 'weight', row 0: ranking 'y' has the weights 1.0 and 2.0"),
    ],
)
def test_errors_name_the_ranking_and_its_own_row(change, part):
    good = pl.DataFrame({"item": ["a", "b", "c"], "score": [3.0, 2.0, 1.0], "q": 1, "weight": 1.0})
    bad = good.with_columns(pl.Series(name, values) for name, values in change.items())
    with pytest.raises(InvalidDataError, match=part):
        aggregate({"x": good, "none": good.head(0), "y": bad, "z": good}, "rrf", by="q")


def test_errors_name_the_item_of_a_dict():
    with pytest.raises(InvalidDataError, match="is nan for item 'b' of ranking 'y'"):
        aggregate({"x": {"a": 1.0}, "y": {"a": 1.0, "b": np.nan}})
    with pytest.raises(InvalidDataError, match="is nan for item 'b' for query 3 of ranking 1"):
        aggregate([{3: {"a": 1.0}}, {3: {"a": 1.0, "b": np.nan}}], by="query")
    with pytest.raises(InvalidDataError, match="is null in row 1 of ranking 1"):
        aggregate([["a"], ["a", None]])


def test_texts_of_several_kinds_are_ranked_together():
    word = pl.Series("item", ["b", "c"])
    kinds = [
        word,
        word.cast(pl.Categorical),
        word.cast(pl.Enum(["c", "b"])),
        word.cast(pl.Enum(["c", "b", "x"])),
    ]
    found = aggregate([SCORED.with_columns(kind) for kind in kinds])
    assert found.equals(aggregate([["b", "c"]] * 4))


@pytest.mark.parametrize("start", [2**53, -(2**60), 2**63 - 3, 2**90])
def test_integers_that_floats_do_not_hold_are_ranked_as_they_are(start):
    scores = {item: start + more for item, more in {"a": 0, "b": 1, "c": 2}.items()}
    expected = aggregate([["c", "b", "a"]], "rrf")
    assert aggregate([scores], "rrf").equals(expected)
    column = pl.Series("rank", list(scores.values()), dtype=pl.Int128)
    assert aggregate([pl.DataFrame([pl.Series("item", ["c", "b", "a"]), column])], "rrf").equals(expected)


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    arguments, error, part = BAD[case]
    with pytest.raises(error, match=part):
        aggregate(**{"rankings": TABLE, **arguments})


def test_rankings_are_lists_series_or_frames():
    answer = aggregate(LISTS)
    assert correlation(answer, ["bob", "ann", "cat"]) == 1
    assert correlation(pl.Series(["bob", "ann"]), ("ann", "bob")) == -1
    scores = pl.DataFrame({"item": ["cat", "bob", "ann"], "score": [1, 3, 2]})
    assert correlation(scores.lazy(), answer, "spearman") == 1
    assert np.isnan(correlation(scores.with_columns(score=0), answer))


@pytest.mark.parametrize(
    ("a", "b", "arguments", "error", "part"),
    [
        (["x"], ["y"], {}, InvalidDataError, "does not rank item"),
        (["x", "x"], ["x"], {}, InvalidDataError, "`a` ranks item 'x' twice"),
        (["x"], [1], {}, InvalidTypeError, "ids of one type"),
        ([], ["x"], {}, InvalidDataError, "`a` ranks nothing"),
        (["x"], [None, "x"], {}, InvalidDataError, "`b` has a null in row 0"),
        (["x"], ["x"], {"p": 1.0}, InvalidArgumentError, "`p` must be between 0 and 1"),
        (["x"], ["x"], {"method": "tau"}, InvalidArgumentError, "`method`"),
        (["x"], pl.DataFrame({"item": ["x"]}), {}, ColumnNotFoundError, "'rank' or 'score'"),
        (["x"], pl.DataFrame({"item": ["x"], "rank": [float("nan")]}), {}, InvalidDataError, "row 0"),
        (["x"], pl.DataFrame({"item": ["x"], "rank": ["1"]}), {}, InvalidTypeError, "must be numbers"),
        (["x"], 5, {}, InvalidTypeError, "`b` must be"),
        (["x"], {"x": np.nan}, {}, InvalidDataError, "`b`: the score is nan for item 'x'"),
        (["x"], {1: "y"}, {}, InvalidTypeError, r"`b` as a dict is \{item: score\}.*; 1 has 'y'"),
        (["x"], {}, {}, InvalidDataError, "`b` ranks nothing"),
    ],
)
def test_what_cannot_be_correlated_is_named(a, b, arguments, error, part):
    with pytest.raises(error, match=part):
        correlation(a, b, **arguments)


@pytest.mark.parametrize("method", ["kendall", "weighted-kendall", "spearman", "footrule", "rbo"])
def test_dicts_of_scores_are_compared(method):
    x, y = {3: 0.5, 1: 7, 2: 0.5}, {1: 2, 2: 9.0, 3: 1}
    frames = [pl.DataFrame({"item": list(of), "score": list(of.values())}, strict=False) for of in (x, y)]
    assert correlation(x, y, method) == correlation(*frames, method)
    assert correlation(x, [1, 2, 3], method) == correlation(frames[0], [1, 2, 3], method)


def test_vectors_of_scores_have_the_number_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    x, y = [0.9, 0.4, 0.4, 0.1], [12, 7, 9, 3]
    for method, peer in (
        ("kendall", stats.kendalltau),
        ("spearman", stats.spearmanr),
        ("weighted-kendall", stats.weightedtau),
    ):
        found = correlation(dict(enumerate(x)), dict(enumerate(y)), method)
        assert found == pytest.approx(peer(x, y).statistic, abs=1e-12)


def test_large_integers_are_no_ties():
    scores = {"a": 2**60 + 1, "b": 2**60, "c": 2**60 - 1}
    assert correlation(scores, ["a", "b", "c"]) == 1
    assert (
        correlation(pl.DataFrame({"item": list(scores), "score": list(scores.values())}), ["a", "b", "c"])
        == 1
    )


def test_disagreement_at_the_top_weighs_more():
    items = list(range(8))
    top, end = [1, 0, *items[2:]], [*items[:6], 7, 6]
    assert correlation(items, top) == correlation(items, end)
    assert correlation(items, top, "weighted-kendall") < correlation(items, end, "weighted-kendall") < 1
    assert correlation(items, items[::-1], "weighted-kendall") == pytest.approx(-1)
    tied = pl.DataFrame({"item": items, "rank": 1})
    assert np.isnan(correlation(tied, items, "weighted-kendall"))
    assert np.isnan(correlation(items, tied, "weighted-kendall"))
