"""Keys of nodes: they depend on the id alone, and so do the rows that are drawn for them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphrank as gr
from graphrank._node_keys import node_keys
from graphrank.exceptions import InvalidTypeError

WIDTHS = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128]
WIDTHS += [pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64]


@given(st.integers(-(2**127), 2**127 - 1))
def test_equal_integers_of_any_width_have_equal_keys(number):
    keys = set()
    for dtype in WIDTHS:
        column = pl.Series([number], dtype=pl.Int128).cast(dtype, strict=False)
        if column[0] == number:
            keys.add(int(node_keys(column)[0]))
    assert len(keys) == 1
    if -(2**63) <= number < 2**64:
        assert keys == {number % 2**64}


@given(st.lists(st.text(max_size=40), unique=True, max_size=40))
def test_texts_have_one_key_however_they_are_stored(texts):
    strings = pl.Series(texts, dtype=pl.String)
    keys = node_keys(strings)
    assert len(set(keys.tolist())) == len(texts)
    assert np.array_equal(node_keys(strings.cast(pl.Categorical)), keys)
    assert np.array_equal(node_keys(strings.cast(pl.Binary)), keys)
    assert np.array_equal(node_keys(strings.cast(pl.Enum(texts[::-1]))), keys)
    assert np.array_equal(node_keys(pl.concat([strings.head(1), strings.slice(1)], rechunk=False)), keys)
    assert [int(node_keys(pl.Series([text]))[0]) for text in texts] == keys.tolist()


def test_a_column_of_many_texts_is_hashed_piece_by_piece():
    many = pl.Series([f"node {i}" for i in range(70_000)])
    keys = node_keys(many)
    assert len(set(keys.tolist())) == 70_000
    assert np.array_equal(keys[-3:], node_keys(many.tail(3)))


def test_the_hash_is_pinned():
    """XXH3_64bits of xxHash 0.8.4. Whoever changes these loses every embedding that was ever saved."""
    texts = pl.Series(["", "ann", "Größe", "a name that is longer than sixteen bytes"])
    expected = [0x2D06800538D394C2, 0x482C89484CBD62C8, 0x3CF001956B9EB8F1, 0xCD2AB3CA1E5DFE6A]
    assert node_keys(texts).tolist() == expected
    assert node_keys(pl.Series([b"ann"])).tolist() == expected[1:2]


def test_times_are_the_integers_they_are_stored_as():
    days = pl.Series([dt.date(1970, 1, 1), dt.date(2026, 1, 1), dt.date(1969, 12, 31)])
    assert node_keys(days).tolist() == [0, 20454, 2**64 - 1]
    moments = pl.Series([dt.datetime(1970, 1, 1, 0, 0, 1)])
    assert node_keys(moments.cast(pl.Datetime("ms"))).tolist() == [1_000]
    assert node_keys(moments.cast(pl.Datetime("ns"))).tolist() == [10**9]
    assert node_keys(pl.Series([True, False])).tolist() == [1, 0]


class Colour(Enum):
    BLUE = object()


class Point(NamedTuple):
    x: int
    y: object


TEXTS = {
    (1, 2): "(1, 2)",
    "it's": '"it\'s"',
    7: "7",
    True: "1",
    (): "()",
    (b"a",): "(b'a',)",
    ("a", (1.5, None)): "('a', (1.5, None))",
    (np.int64(-1), np.float64(0.5), np.str_("a"), np.bool_(1)): "(-1, 0.5, 'a', 1)",
    Point(1, 2): "(1, 2)",
    frozenset(["b", "a", 10, (2,)]): "frozenset({'a', 'b', (2,), 10})",
    Colour.BLUE: "Colour.BLUE",
    dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC): "datetime(2026-01-02 03:00:00+00:00)",
    (dt.date(2026, 1, 2), Decimal("1.0"), Fraction(2, 6)): "(date(2026-01-02), Decimal(1.0), Fraction(1/3))",
    UUID(int=1): "UUID(00000000-0000-0000-0000-000000000001)",
}


def test_python_objects_are_known_by_their_value():
    objects = pl.Series(list(TEXTS), dtype=pl.Object)
    assert np.array_equal(node_keys(objects), node_keys(pl.Series(list(TEXTS.values()))))


@pytest.mark.parametrize("id", [object(), (1, ("a", object())), frozenset([print]), pl.Int8(), Point])
def test_objects_that_are_others_in_the_next_process_are_refused(id):
    graph = gr.Graph.from_networkx(nx.Graph([(id, "other")]))
    with pytest.raises(InvalidTypeError, match="make the nodes strings, integers or tuples"):
        gr.fastrp(graph, 4)


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt32, pl.Int64, pl.Int128])
def test_vectors_do_not_depend_on_the_width_of_ids(dtype):
    edges = pl.DataFrame({"src": [1, 2, 3, 4, 5], "dst": [2, 3, 1, 5, 1]})
    expected = gr.fastrp(edges.cast(pl.Int16), 24).vectors
    assert np.array_equal(gr.fastrp(edges.cast(dtype), 24).vectors, expected)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=60),
    st.lists(st.tuples(st.integers(21, 30), st.integers(21, 30)), max_size=20),
    st.integers(0, 2**64 - 1),
)
def test_a_row_depends_on_what_is_near_only(edges, elsewhere, seed):
    """Nodes elsewhere move every code and change no vector."""
    shifted = [(-dst, -src) for src, dst in elsewhere]
    alone, beside = (
        gr.fastrp(gr.Graph.from_edges(rows, directed=False), 20, seed=seed)
        for rows in (edges, shifted + edges + elsewhere)
    )
    assert np.array_equal(beside[alone.ids], alone.vectors)
