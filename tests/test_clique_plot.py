"""The picture of a clique."""

from __future__ import annotations

from itertools import combinations, pairwise

import matplotlib as mpl
import pytest

import graphrank as gr


@pytest.fixture(autouse=True)
def no_windows():
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    yield plt
    plt.close("all")


def complete(n, groups):
    return gr.max_fair_clique(list(combinations(range(n), 2)), dict(enumerate(groups)))


def test_members_stand_by_group_around_the_ring_and_are_all_linked():
    found = complete(7, ["b", "a", "b", "c", "a", "b", "c"])
    ax = found.plot()
    sizes = {text.get_text() for text in ax.get_legend().get_texts()}
    assert sizes == {f"{group}: {count}" for group, count in found.counts.items()}
    assert sum(len(dots.get_offsets()) for dots in ax.collections[1:]) == 7
    assert len(ax.collections[0].get_segments()) == 7 * 6 // 2
    names = [text.get_text() for text in ax.texts]
    groups = dict(zip(map(str, found.nodes), found.groups, strict=True))
    changes = sum(groups[a] != groups[b] for a, b in pairwise(names))
    assert sorted(names) == sorted(groups)
    assert changes == 2


def test_axes_of_the_caller_are_drawn_into(no_windows):
    _, ax = no_windows.subplots()
    assert complete(3, "aba").plot(ax) is ax


@pytest.mark.parametrize("n", [1, 2, 61])
def test_any_number_of_members_can_be_drawn(n):
    ax = gr.max_clique([(i, j) for i in range(n) for j in range(i)] or [(0, 0)]).plot()
    assert len(ax.texts) == (n if n <= 60 else 0)
    assert ax.get_legend() is None


def test_no_clique_is_an_empty_picture():
    ax = gr.max_fair_clique([(1, 2)], {1: "a", 2: "b"}, k=2).plot()
    assert not ax.texts
    assert len(ax.collections) == 1
