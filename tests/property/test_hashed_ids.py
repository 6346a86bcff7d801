"""Codes by way of hashes are those Polars finds by comparing the ids, also where hashes collide."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphrank as gr
from graphrank import _string_ids
from graphrank._run import QUIET
from graphrank._string_ids import code_by_hash, code_by_join

NAMES = st.text(max_size=20) | st.sampled_from(
    ["", "a", "aa", "a\0", "\0", "ä", "🦀", "x" * 40, "x" * 40 + "y"]
)
COLUMNS = st.tuples(st.lists(NAMES, max_size=30), st.lists(NAMES, max_size=30))
DTYPES = [pl.String, pl.Binary, pl.Categorical]


def same(found, expected):
    ids, *codes = found
    wanted, *wanted_codes = expected
    assert ids.dtype == wanted.dtype
    assert ids.to_list() == wanted.to_list()
    assert [c.tolist() for c in codes] == [c.tolist() for c in wanted_codes]
    assert [c.dtype for c in codes] == [np.uint32, np.uint32]


@pytest.mark.parametrize("dtype", DTYPES)
@given(names=COLUMNS, cut=st.integers(0, 30))
def test_hashing_and_comparing_give_the_same_codes(dtype, names, cut):
    src, dst = (pl.Series(n, dtype=pl.String).cast(dtype) for n in names)
    src = pl.concat([src.head(cut), src.slice(cut)], rechunk=False)
    same(code_by_hash(src, dst, QUIET), code_by_join(src, dst))


@given(names=COLUMNS, n_hashes=st.integers(1, 7))
def test_names_that_share_a_hash_are_told_apart(names, n_hashes):
    def crowded(column):
        return (column.hash(seed=0) % n_hashes).to_numpy()

    src, dst = (pl.Series(n, dtype=pl.String) for n in names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_string_ids, "hash_keys", crowded)
        same(code_by_hash(src, dst, QUIET), code_by_join(src, dst))


def test_one_shared_hash_among_many_is_noticed(monkeypatch):
    names = pl.Series([f"n{i:04}" for i in range(2_000)])
    expected = gr.Graph.from_edges((names, names.reverse())).edges()

    def twins(column):
        return np.where(column == "n1234", pl.Series(["n0007"]).hash(seed=0)[0], column.hash(seed=0))

    monkeypatch.setattr(_string_ids, "hash_keys", twins)
    assert gr.Graph.from_edges((names, names.reverse())).edges().equals(expected)
