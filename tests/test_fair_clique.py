"""What ``max_fair_clique`` and its companions take, give and refuse."""

from __future__ import annotations

import datetime as dt
from itertools import combinations

import networkx as nx
import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank import _core
from graphrank.exceptions import (
    ColumnNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    NodeNotFoundError,
    TimedOutError,
)

IDS = ["ann", "bob", "cat", "dan", "eve", "fay"]
CRAFTS = ["law", "law", "law", "math", "math", "law"]
LINKS = [*combinations(["ann", "bob", "cat", "dan"], 2), *combinations(["ann", "dan", "eve"], 2)]
LINKS += [("ann", "fay"), ("bob", "fay"), ("cat", "fay")]


@pytest.fixture
def people():
    nodes = pl.DataFrame({"id": IDS, "craft": CRAFTS})
    return gr.Graph.from_edges(LINKS, nodes=nodes, directed=False)


def dense_graph(n=220, p=0.9, seed=0):
    """Hours of search."""
    return gr.Graph.from_networkx(nx.gnp_random_graph(n, p, seed=seed))


class OtherTable:
    """A table of another library, as Polars sees it."""

    def __init__(self, frame):
        self.columns = frame.columns
        self.__arrow_c_stream__ = frame.__arrow_c_stream__


GROUPS = {
    "attribute": "craft",
    "series": pl.Series(CRAFTS),
    "categorical": pl.Series(CRAFTS, dtype=pl.Categorical),
    "enum": pl.Series(CRAFTS, dtype=pl.Enum(["math", "law", "none"])),
    "array": np.array(CRAFTS),
    "array of objects": np.array(CRAFTS, dtype=object),
    "list": CRAFTS,
    "dict": dict(zip(IDS, CRAFTS, strict=True)),
    "dict in another order": dict(zip(IDS[::-1], CRAFTS[::-1], strict=True)),
    "frame": pl.DataFrame({"node": IDS[::-1], "craft": CRAFTS[::-1]}),
    "frame with more": pl.DataFrame({"x": range(6), "group": CRAFTS, "node": IDS}),
    "lazy frame": pl.LazyFrame({"node": IDS, "group": CRAFTS}),
    "table of another library": OtherTable(pl.DataFrame({"node": IDS, "group": CRAFTS})),
}


@pytest.mark.parametrize("form", GROUPS)
def test_groups_come_in_many_forms(people, form):
    found = gr.max_fair_clique(people, GROUPS[form], delta=1)
    assert (found.size, found.counts, found.status) == (3, {"law": 2, "math": 1}, "optimal")
    assert sorted(found.to_polars()["group"].cast(pl.String)) == ["law", "law", "math"]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([2, 2, 2, 1, 1, 2], [1, 2]),
        ([True, True, True, False, False, True], [False, True]),
        ([dt.date(2024, 1, 1 + i) for i in (1, 1, 1, 0, 0, 1)], [dt.date(2024, 1, 1), dt.date(2024, 1, 2)]),
    ],
)
def test_groups_are_of_any_type_and_come_back_in_it(people, values, names):
    found = gr.max_fair_clique(people, values)
    assert found.counts == dict(zip(names, [1, 3], strict=True))
    assert found.to_polars()["group"].dtype == pl.Series(values).dtype


def test_an_answer_is_a_collection_of_ids(people):
    found = gr.max_fair_clique(people, "craft")
    assert found.nodes.to_list() == ["ann", "bob", "cat", "dan"] == list(found)
    assert len(found) == found.size == found.upper_bound == 4
    assert "ann" in found
    assert "eve" not in found
    assert (found.gap, found.optimal, found.reason) == (0, True, "")
    rows = [("ann", "law"), ("bob", "law"), ("cat", "law"), ("dan", "math")]
    assert found.to_polars().rows() == rows
    assert found.to_polars().columns == ["node", "group"]
    assert repr(found) == "FairClique(4 nodes, law 3, math 1, optimal)"
    assert "FairClique" in found._repr_html_()
    assert "dan" in found._repr_html_()
    counted = {
        "heuristic_size",
        "n_nodes_left",
        "n_edges_left",
        "n_roots",
        "n_search_nodes",
        "is_symmetrised",
    }
    assert set(found.stats) == counted
    assert found.stats["is_symmetrised"] is False


def test_rules_by_name(people):
    def counts(**rules):
        return gr.max_fair_clique(people, "craft", **rules).counts

    assert counts(k=0, max_per_group={"math": 0}) == {"law": 4, "math": 0}
    assert counts(k={"math": 2}) == {"law": 1, "math": 2}
    assert counts(delta={("law", "math"): 1}) == {"law": 2, "math": 1}
    assert counts(delta={("math", "law"): 0}) == {"law": 3, "math": 1}
    assert counts(max_ratio=2) == {"law": 2, "math": 1}
    assert counts(max_share=0.5) == {"law": 1, "math": 1}
    assert counts(max_per_group=2) == {"law": 2, "math": 1}
    assert counts(must_include=["eve"]) == {"law": 1, "math": 2}
    assert counts(exclude=["dan"], k=1) == {"law": 1, "math": 1}
    assert counts(must_include=["eve", "eve"], exclude="ann") == {"law": 0, "math": 0}  # no law beside ann
    assert counts(must_include=["eve", "eve"], exclude="ann", k=0) == {"law": 0, "math": 2}


def test_directions_and_weights_of_edges_do_not_matter(people):
    directed = gr.Graph.from_edges(([1, 2, 3], [2, 3, 1], [1e308, 1.0, 0.0]))
    found = gr.max_clique(directed)
    assert (found.size, found.stats["is_symmetrised"]) == (3, True)
    assert repr(found) == "FairClique(3 nodes, optimal; directions of edges ignored)"
    loops = gr.Graph.from_edges([(1, 1), (1, 2), (2, 2)], directed=False)
    assert gr.max_clique(loops).nodes.to_list() == [1, 2]


def test_ids_of_any_type():
    links = [(("x", 1), "y"), ("y", 3.5), (3.5, ("x", 1)), (3.5, "z")]
    groups = {("x", 1): "a", "y": "b", 3.5: "b", "z": "a"}
    found = gr.max_fair_clique(nx.Graph(links), groups, must_include=[("x", 1)])
    assert set(found) == {("x", 1), "y", 3.5}
    assert ("x", 1) in found
    dates = pl.Series([dt.date(2024, 1, day) for day in (1, 2, 3)])
    g = gr.Graph.from_edges((dates, dates.gather([1, 2, 0])), directed=False)
    assert gr.max_clique(g).nodes.dtype == pl.Date


def test_the_largest_clique_has_no_groups(people):
    found = gr.max_clique(people, exclude="dan")
    assert (found.nodes.to_list(), found.counts) == (["ann", "bob", "cat", "fay"], {None: 4})
    assert found.to_polars()["group"].null_count() == 4
    assert gr.max_clique(people, must_include=["eve"]).nodes.to_list() == ["ann", "dan", "eve"]
    assert repr(found) == "FairClique(4 nodes, optimal)"


def test_what_cannot_be_says_who_is_short(people):
    short = gr.max_fair_clique(people, "craft", k={"math": 3})
    assert (short.status, short.size, short.upper_bound, short.optimal) == ("infeasible", 0, 0, False)
    assert short.reason == "group 'math' is to have at least 3 members, but only 2 nodes may be members"
    assert short.reason in repr(short)
    left_out = gr.max_fair_clique(people, "craft", exclude=["dan", "eve"])
    assert "only 0 nodes may be members" in left_out.reason
    both = gr.max_fair_clique(people, "craft", k=2, max_per_group={"law": 1})
    assert both.reason == "group 'law' is to have at least 2 and at most 1 members"
    apart = gr.max_fair_clique(people, "craft", k=2)
    assert apart.reason.startswith("no clique has the members of each group")
    assert "`clique.largest_k_of_each` tells how many each can have" in repr(apart)
    not_for_k = gr.max_fair_clique(people, "craft", k=0, delta=0, must_include="ann", exclude=["dan", "eve"])
    assert not_for_k.status == "infeasible"
    assert "largest_k" not in not_for_k.reason
    assert "must_include" in gr.max_fair_clique(people, "craft", k=2, must_include="ann").reason
    assert short.to_polars().shape == (0, 2)


def test_graphs_without_edges_or_nodes():
    empty = gr.Graph.from_edges(
        pl.DataFrame({"src": [], "dst": []}, schema={"src": pl.Int64, "dst": pl.Int64})
    )
    assert gr.max_clique(empty).size == 0
    assert gr.max_fair_clique(empty, {}).status == "infeasible"
    alone = gr.Graph.from_edges([(1, 2)], nodes=[1, 2, 3], directed=False).subgraph([1, 3])
    assert gr.max_clique(alone).size == 1
    assert gr.max_fair_clique(alone, ["a", "b"]).status == "infeasible"
    assert gr.max_fair_clique(alone, ["a", "b"], k=0).size == 1


def test_nodes_without_a_group(people):
    groups = {name: craft for name, craft in zip(IDS, CRAFTS, strict=True) if name not in ("bob", "cat")}
    with pytest.raises(
        InvalidDataError, match=r"node 'bob' has no group \(nor have 1 more\).*'exclude'.*'own'"
    ):
        gr.max_fair_clique(people, groups)
    left_out = gr.max_fair_clique(people, groups, ungrouped="exclude")
    assert left_out.counts == {"law": 1, "math": 2}
    own = gr.max_fair_clique(people, groups, ungrouped="own", k={None: 2})
    assert own.counts == {"law": 1, "math": 1, None: 2}
    assert own.to_polars()["group"].null_count() == 2
    assert repr(own) == "FairClique(4 nodes, law 1, math 1, no group 2, optimal)"
    nulls = [None if name in ("bob", "cat") else craft for name, craft in zip(IDS, CRAFTS, strict=True)]
    assert gr.max_fair_clique(people, nulls, ungrouped="own", k={None: 2}).counts == own.counts
    with pytest.raises(InvalidArgumentError, match="'cat' has no group, so it cannot be a member"):
        gr.max_fair_clique(people, groups, ungrouped="exclude", must_include="cat")
    with pytest.raises(InvalidDataError, match="no node has a group"):
        gr.max_fair_clique(people, {}, ungrouped="exclude")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"groups": "crafts"}, ColumnNotFoundError, "no node attribute 'crafts'.*did you mean 'craft'"),
        ({"groups": ["law"]}, InvalidArgumentError, "a row per node, here 6, got 1"),
        ({"groups": 3}, InvalidTypeError, "name of a node attribute"),
        ({"groups": [0.5] * 6}, InvalidTypeError, "cast them to integers or strings"),
        ({"groups": [1, "a", 2, 3, 4, 5]}, InvalidTypeError, "values of one type"),
        ({"groups": [[1]] * 6}, InvalidTypeError, "groups are integers"),
        ({"groups": [dt.datetime(2024, 1, 1)] * 6}, InvalidTypeError, "groups are integers"),
        ({"groups": {"zoe": "law"}}, NodeNotFoundError, "`groups`: 'zoe' is not a node"),
        (
            {"groups": pl.DataFrame({"id": IDS, "group": CRAFTS})},
            ColumnNotFoundError,
            "columns 'node' and 'group'",
        ),
        ({"groups": pl.DataFrame({"node": IDS})}, ColumnNotFoundError, "its columns are 'node'"),
        (
            {"groups": pl.DataFrame({"node": [*IDS, "ann"], "group": [*CRAFTS, "law"]})},
            InvalidDataError,
            "'ann' is listed again after row 0",
        ),
        (
            {"k": {"lwa": 1}},
            InvalidArgumentError,
            "`k`: there is no group 'lwa'; the groups are 'law', 'math'",
        ),
        ({"k": -1}, InvalidArgumentError, "`k` must be at least 0, got -1"),
        ({"k": {"law": -2}}, InvalidArgumentError, r"`k\['law'\]` must be at least 0, got -2"),
        ({"k": 1.5}, InvalidTypeError, "`k` must be a whole number"),
        ({"delta": -1}, InvalidArgumentError, "`delta` must be at least 0"),
        ({"delta": {("law", "art"): 1}}, InvalidArgumentError, "`delta`: there is no group 'art'"),
        ({"delta": {"law": 1}}, InvalidTypeError, "pairs of two groups"),
        ({"delta": {("law", "law"): 1}}, InvalidTypeError, "pairs of two groups"),
        ({"max_per_group": {"art": 1}}, InvalidArgumentError, "`max_per_group`: there is no group 'art'"),
        ({"max_ratio": 0.5}, InvalidArgumentError, "`max_ratio` must be at least 1"),
        ({"max_ratio": float("nan")}, InvalidArgumentError, "`max_ratio` must be at least 1"),
        ({"max_share": 0}, InvalidArgumentError, r"`max_share` must be in \(0, 1\]"),
        ({"max_share": "half"}, InvalidTypeError, "`max_share` must be a number"),
        ({"must_include": ["bob", "eve"]}, InvalidArgumentError, "'bob' and 'eve' are not linked"),
        ({"must_include": "bob", "exclude": ["bob"]}, InvalidArgumentError, "'bob' is in `exclude` as well"),
        ({"must_include": ["zoe"]}, NodeNotFoundError, "`must_include`: 'zoe' is not a node"),
        ({"exclude": ["zoe"]}, NodeNotFoundError, "`exclude`: 'zoe' is not a node"),
        ({"method": "best"}, InvalidArgumentError, "`method` must be one of 'exact', 'heuristic'"),
        ({"ungrouped": "drop"}, InvalidArgumentError, "`ungrouped` must be one of"),
        ({"deterministic": "no"}, InvalidTypeError, "`deterministic` must be True or False"),
        ({"timeout_s": 0}, InvalidArgumentError, "`timeout_s` must be a finite number above 0"),
    ],
)
def test_bad_input_is_refused_in_the_caller_s_words(people, arguments, error, message):
    with pytest.raises(error, match=message):
        gr.max_fair_clique(people, **{"groups": "craft", **arguments})


def test_64_groups_and_no_more():
    g = gr.Graph.from_networkx(nx.complete_graph(65))
    assert gr.max_fair_clique(g, [min(i, 63) for i in range(65)]).size == 65
    with pytest.raises(InvalidArgumentError, match="65 different values; at most 64"):
        gr.max_fair_clique(g, list(range(65)))
    with pytest.raises(InvalidArgumentError, match="65 different values; at most 64"):
        gr.max_fair_clique(g, [*range(64), None], ungrouped="own")


def test_huge_numbers_are_no_limit(people):
    assert gr.max_fair_clique(people, "craft", delta=2**40, max_per_group=2**50).size == 4
    assert gr.max_fair_clique(people, "craft", k=2**40).status == "infeasible"


def test_a_time_limit_gives_the_best_so_far():
    g = dense_graph()
    groups = [node % 3 for node in range(g.n_nodes)]
    found = gr.max_fair_clique(g, groups, delta=1, timeout_s=0.3)
    assert found.status == "time_limit"
    assert 0 < found.size < found.upper_bound <= g.n_nodes
    assert found.gap == found.upper_bound - found.size
    assert max(found.counts.values()) - min(found.counts.values()) <= 1
    assert f"time_limit, at most {found.upper_bound}" in repr(found)
    nothing = gr.max_clique(g, timeout_s=1e-9)
    assert (nothing.status, nothing.upper_bound) == ("time_limit", g.n_nodes)


def test_the_heuristic_says_how_good_it_is_at_least():
    g = dense_graph()
    found = gr.max_fair_clique(g, [node % 2 for node in range(g.n_nodes)], method="heuristic")
    assert found.status == "heuristic"
    assert found.size == found.stats["heuristic_size"] < found.upper_bound
    assert found.stats["n_search_nodes"] == 0


@pytest.mark.parametrize("delta", [None, 0])
def test_the_members_do_not_depend_on_the_number_of_threads(chosen_threads, delta):
    for seed in range(5):
        g = dense_graph(90, 0.7, seed)
        answers = []
        for n_threads in (1, 2, 4):
            chosen_threads(n_threads)
            found = gr.max_fair_clique(g, [node % 2 for node in range(90)], k=2, delta=delta)
            answers.append(found.nodes.to_list())
        assert answers[0] == answers[1] == answers[2]


def test_progress_is_reported():
    calls = []
    found = gr.max_clique(dense_graph(60, 0.5), progress=lambda *call: calls.append(call))
    assert calls[-1][2] == f"searching cliques: {found.size} found, at most {found.size}"


def test_the_price_of_fairness(people):
    price = gr.clique.price_of_fairness(people, "craft", k=2, delta=0)
    assert (price.price, price.bounds) == (1.0, (1.0, 1.0))
    price = gr.clique.price_of_fairness(people, "craft", delta=0)
    assert (price.fair.size, price.largest.size, price.price, price.bounds) == (2, 4, 0.5, (0.5, 0.5))
    assert repr(price) == "PriceOfFairness(50%: 2 of 4 nodes)"
    without = gr.clique.price_of_fairness(people, "craft", delta=0, exclude=["ann"])
    assert without.largest.size == 3
    some = gr.clique.price_of_fairness(people, {"eve": "math", "ann": "law"}, ungrouped="exclude")
    assert (some.largest.size, some.price) == (2, 0.0)


def test_the_price_is_bounded_when_time_runs_out():
    g = dense_graph()
    price = gr.clique.price_of_fairness(
        g, [node % 7 == 0 for node in range(g.n_nodes)], delta=0, timeout_s=0.4
    )
    assert "time_limit" in (price.fair.status, price.largest.status)
    low, high = price.bounds
    assert 0 <= low <= price.price <= high <= 1
    assert low < high


def test_the_largest_k(people):
    assert gr.clique.largest_k(people, "craft") == 1
    complete = gr.Graph.from_networkx(nx.complete_graph(20))
    assert gr.clique.largest_k(complete, [node < 7 for node in range(20)]) == 7
    assert gr.clique.largest_k(complete, [node < 7 for node in range(20)], max_per_group=5) == 5
    assert gr.clique.largest_k(people, "craft", exclude=["dan", "eve"]) == 0
    with pytest.raises(TimedOutError, match="`k` can be"):
        gr.clique.largest_k(dense_graph(), [node % 2 for node in range(220)], timeout_s=0.2)


def test_the_largest_k_of_each_group_says_who_is_short(people):
    short = {"k": {"law": 2, "math": 2}}
    assert "largest_k_of_each" in gr.max_fair_clique(people, "craft", **short).reason
    assert gr.clique.largest_k_of_each(people, "craft", **short) == {"law": 1, "math": 1}
    assert gr.clique.largest_k_of_each(people, "craft", k={"law": 4}) == {"law": 4, "math": 0}
    assert gr.clique.largest_k_of_each(people, "craft", k=0, delta=0) == {"law": 1, "math": 1}
    assert gr.clique.largest_k_of_each(people, "craft", k=9) == {"law": None, "math": None}
    with pytest.raises(TimedOutError, match=r"`k\[0\]` can be"):
        gr.clique.largest_k_of_each(dense_graph(), [node % 2 for node in range(220)], timeout_s=0.2)


def test_the_frontier_is_that_of_single_searches():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        g = dense_graph(30, rng.uniform(0.3, 0.8), seed)
        groups = rng.integers(0, 3, 30)
        rules = [{}, {"max_share": 0.6}, {"exclude": [0, 1]}, {"must_include": [2]}][seed % 4]
        rows = gr.clique.fair_clique_frontier(g, groups, k=range(4), delta=[2, None, 0], **rules)
        assert rows.select("k", "delta").rows() == [(k, d) for k in range(4) for d in (0, 2, None)]
        for k, delta, size, upper_bound, status in rows.rows():
            one = gr.max_fair_clique(g, groups, k=k, delta=delta, **rules)
            assert (one.size, one.upper_bound, one.status) == (size, upper_bound, status)


def test_the_frontier_searches_only_where_it_must(monkeypatch):
    calls = []
    search = _core.max_fair_clique
    monkeypatch.setattr(_core, "max_fair_clique", lambda *call: calls.append(call) or search(*call))
    g = gr.Graph.from_networkx(nx.complete_graph(20))
    rows = gr.clique.fair_clique_frontier(g, [node % 2 for node in range(20)], k=range(15), delta=range(5))
    assert rows["status"].to_list() == ["optimal"] * 55 + ["infeasible"] * 20
    assert len(calls) == 2  # the first cell, and the first that is not possible


def test_the_frontier_is_bounded_when_time_runs_out():
    g = dense_graph()
    rows = gr.clique.fair_clique_frontier(
        g, [i % 2 for i in range(220)], k=(1, 2), delta=(0, 1), timeout_s=0.3
    )
    assert rows["status"].to_list() == ["time_limit"] * 4
    assert (rows["size"] < rows["upper_bound"]).all()
    assert rows["upper_bound"].max() <= 220


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"k": 2}, InvalidTypeError, "`k` must be a range or a list of numbers"),
        ({"k": [-1]}, InvalidArgumentError, "`k` must be at least 0"),
        ({"k": [None]}, InvalidArgumentError, "`k` must hold whole numbers"),
        ({"delta": "12"}, InvalidTypeError, "`delta` must be a range or a list of numbers"),
        ({"delta": [0.5]}, InvalidTypeError, "`delta` must be a whole number"),
    ],
)
def test_a_frontier_of_other_things_is_refused(people, arguments, error, message):
    with pytest.raises(error, match=message):
        gr.clique.fair_clique_frontier(people, "craft", **arguments)
