"""Ids of every dtype: what goes in comes out, in the same dtype and sorted."""

from __future__ import annotations

import datetime as dt
import itertools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphrank as gr
from graphrank.exceptions import InvalidDataError, NodeNotFoundError
from graphrank.testing import assert_same_graph

LETTERS = ["b", "a", "ä", "zz", "", "c d", "0", "🦀"]


def integers(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    # Both crowded and scattered ids, at both ends of the range.
    near = [st.integers(low, low + 6), st.integers(high - 6, high), st.integers(max(low, -3), 3)]
    return st.one_of(*near, st.integers(low, high))


INTEGERS = {
    f"{'' if signed else 'U'}Int{bits}": integers(bits, signed)
    for bits in (8, 16, 32, 64)
    for signed in (True, False)
}
VALUES = {
    **INTEGERS,
    "Int128": integers(128, True),
    "String": st.sampled_from(LETTERS),
    "Categorical": st.sampled_from(LETTERS),
    "Enum": st.sampled_from(LETTERS),
    "Boolean": st.booleans(),
    "Date": st.dates(),
    "Datetime": st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)),
    "Time": st.times(),
    "Duration": st.timedeltas(dt.timedelta(-9999), dt.timedelta(9999)),
    "Binary": st.binary(max_size=3),
}
DTYPES = {name: getattr(pl, name) for name in VALUES} | {
    "Enum": pl.Enum(LETTERS),
    "Datetime": pl.Datetime("us", "UTC"),
}
NAMES = st.sampled_from(list(VALUES))


def column(name, values, title="id"):
    if name == "Datetime":
        values = [value.replace(tzinfo=dt.UTC) for value in values]
    return pl.Series(title, values, dtype=DTYPES[name])


@st.composite
def tables(draw):
    """A dtype and an edge table of it."""
    name = draw(NAMES)
    rows = draw(st.lists(st.tuples(VALUES[name], VALUES[name]), min_size=1, max_size=25))
    return name, column(name, [u for u, _ in rows], "src"), column(name, [v for _, v in rows], "dst")


@given(table=tables(), directed=st.booleans())
def test_ids_come_back_in_their_dtype_sorted_and_complete(table, directed):
    name, src, dst = table
    g = gr.Graph.from_edges((src, dst), directed=directed)
    ids = g.nodes["id"]
    assert ids.dtype == DTYPES[name]
    assert ids.to_list() == pl.concat([src, dst.rename("src")]).unique().sort().to_list()
    pairs = {*zip(src.to_list(), dst.to_list(), strict=True)}
    edges = g.edges()
    assert edges.columns == ["src", "dst"]
    assert [dtype == DTYPES[name] for dtype in edges.dtypes] == [True, True]
    if directed:
        assert set(edges.rows()) == pairs
    else:
        assert {frozenset(row) for row in edges.rows()} == {frozenset(pair) for pair in pairs}
    assert g.encode(ids).tolist() == list(range(g.n_nodes))
    assert g.decode(g.encode(ids)).equals(ids)


@given(table=tables(), data=st.data())
def test_one_id_and_many_are_found_whatever_way_they_are_looked_up(table, data):
    name, src, dst = table
    # With many nodes a few ids are searched for; with few they are joined: both ways must agree.
    more = {"Boolean": 0, "String": 200, "Categorical": 200, "Int64": 200, "Int128": 200, "UInt64": 200}.get(
        name, 0
    )
    if more:
        extra = (
            [f"n{i}" for i in range(more)]
            if name in ("String", "Categorical")
            else range(1_000, 1_000 + more)
        )
        src = pl.concat([src, column(name, list(extra), "src")])
        dst = pl.concat([dst, column(name, list(extra), "dst")])
    g = gr.Graph.from_edges((src, dst))
    ids = g.nodes["id"].to_list()
    wanted = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=4))
    expected = [ids.index(id) for id in wanted]
    assert (
        g.encode(
            column(name, [w.replace(tzinfo=None) for w in wanted] if name == "Datetime" else wanted)
        ).tolist()
        == expected
    )
    if name not in ("Datetime", "Duration"):
        assert [int(g.encode(id)[0]) for id in wanted] == expected
    reversed_nodes = gr.Graph.from_edges((src, dst), nodes=g.nodes["id"].reverse())
    assert reversed_nodes.encode(g.nodes["id"]).tolist() == list(range(g.n_nodes))[::-1]
    assert reversed_nodes.neighbors(g.nodes["id"].head(1)).height == g.neighbors(g.nodes["id"].head(1)).height


@given(table=tables())
def test_queries_and_answers_keep_the_dtype(table):
    name, src, dst = table
    g = gr.Graph.from_edges((src, dst))
    for top_k in (None, 2):
        answer = gr.personalized_pagerank(g, g.nodes["id"].tail(3), top_k=top_k, tol=1e-3).to_polars()
        assert answer.columns == ["query", "node", "score"]
        assert [a == b for a, b in zip(answer.dtypes, [DTYPES[name]] * 2 + [pl.Float64], strict=True)] == [
            True
        ] * 3
        assert answer["query"].unique(maintain_order=True).to_list() == g.nodes["id"].tail(3).to_list()
    restart = pl.DataFrame({"node": g.nodes["id"], "weight": [1.0] * g.n_nodes})
    same = gr.personalized_pagerank(g, restart=restart, tol=1e-9).scores - gr.pagerank(g, tol=1e-9).scores
    assert abs(same).sum() <= 2e-9


@given(table=tables(), at=st.integers(0, 24), end=st.sampled_from(["src", "dst"]))
def test_a_null_is_refused_and_its_row_named(table, at, end):
    _, src, dst = table
    row = at % len(src)
    frame = pl.DataFrame([src, dst]).with_columns(
        pl.when(pl.int_range(pl.len()) == row).then(None).otherwise(pl.col(end)).alias(end)
    )
    with pytest.raises(InvalidDataError, match=f"'{end}' is null in row {row};"):
        gr.Graph.from_edges(frame)


@given(table=tables())
def test_saving_keeps_every_dtype(table, tmp_path_factory):
    _, src, dst = table
    g = gr.Graph.from_edges((src, dst))
    path = tmp_path_factory.mktemp("ids") / "g.graph"
    g.save(path)
    assert_same_graph(gr.Graph.load(path), g)


@given(table=tables(), directed=st.booleans())
def test_repeats_are_named_in_every_dtype(table, directed):
    _, src, dst = table
    twice = (pl.concat([src, src.tail(1)]), pl.concat([dst, dst.tail(1)]))
    with pytest.raises(InvalidDataError, match="repeats the edge"):
        gr.Graph.from_edges(twice, duplicates="error", directed=directed)


@given(names=st.tuples(*[st.sampled_from(list(INTEGERS))] * 2), data=st.data())
def test_ends_of_different_integer_dtypes_meet_in_one_that_holds_both(names, data):
    columns = [column(n, data.draw(st.lists(VALUES[n], min_size=5, max_size=5)), "id") for n in names]
    g = gr.Graph.from_edges(tuple(columns))
    values = sorted({*itertools.chain(*(c.to_list() for c in columns))})
    assert g.nodes["id"].to_list() == values
    assert g.nodes["id"].dtype.is_integer()


@given(
    name=st.sampled_from(list(INTEGERS)), other=st.integers(-(2**127), 2**127 - 1), scattered=st.booleans()
)
def test_an_integer_is_found_exactly_when_it_is_a_node(name, other, scattered):
    ids = [0, 1, 2, *([100, 127] if scattered else [])]
    g = gr.Graph.from_edges((column(name, ids), column(name, ids)))
    for wanted in (
        other,
        other % 2**8,
        other % 2**16,
        other % 2**33,
        2**64 + other % 3,
        -(2**64) + other % 3,
    ):
        if wanted in ids:
            assert g.decode(g.encode(wanted)).to_list() == [wanted]
        else:
            with pytest.raises(NodeNotFoundError, match="is not a node"):
                g.encode(wanted)
            with pytest.raises(NodeNotFoundError, match="is not a node"):
                g.encode([0, wanted, 1])
