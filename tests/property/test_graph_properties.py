"""What holds for the graph of any edge table."""

from __future__ import annotations

import networkx as nx
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse
from hypothesis import given
from hypothesis import strategies as st

import graphrank as gr
from graphrank.exceptions import InvalidDataError
from graphrank.testing import assert_same_graph

NODE = st.integers(0, 7)
# Dyadic numbers: their sums are exact, so they can be compared with == whatever the order of the additions.
WEIGHT = st.integers(0, 64).map(lambda k: k / 8)
EDGE = st.tuples(NODE, NODE, WEIGHT)
EDGES = st.lists(EDGE, max_size=30)
FLOAT_EDGES = st.lists(st.tuples(NODE, NODE, st.floats(0, 1e300)), max_size=30)
RULES = {"sum": sum, "first": lambda w: w[0], "max": max}


def graph_of(rows, **options):
    """A weighted graph of the nodes 0 .. 7."""
    frame = pl.DataFrame(rows, schema={"src": pl.Int64, "dst": pl.Int64, "w": pl.Float64}, orient="row")
    return gr.Graph.from_edges(frame, weight="w", nodes=range(8), **options)


def stored(graph):
    """The bytes of the arrays of a graph."""
    arrays = (graph._inner.offsets(), graph._inner.targets(), graph._inner.weights())
    return [None if array is None else array.tobytes() for array in arrays]


def merged(rows, rule, *, directed=True, loops=True):
    """The edge table by plain Python: {(src, dst): weight}, an undirected pair in rising order."""
    weights = {}
    for u, v, w in rows:
        if u == v and not loops:
            continue
        pair = (u, v) if directed else (min(u, v), max(u, v))
        weights.setdefault(pair, []).append(w)
    return {pair: rule(values) for pair, values in sorted(weights.items())}


def listed(graph):
    return {(u, v): w for u, v, w in graph.edges().rows()}


@given(rows=EDGES, rule=st.sampled_from(list(RULES)), directed=st.booleans(), loops=st.booleans())
def test_parallel_edges_merge_as_a_dict_merges_them(rows, rule, directed, loops):
    g = graph_of(rows, duplicates=rule, directed=directed, self_loops="keep" if loops else "drop")
    expected = merged(rows, RULES[rule], directed=directed, loops=loops)
    assert listed(g) == expected
    assert list(listed(g)) == list(expected), "not sorted by source, then target"
    assert g.n_edges == len(expected)


@given(rows=EDGES, directed=st.booleans(), loops=st.booleans())
def test_repeats_are_an_error_exactly_when_there_are_some(rows, directed, loops):
    expected = merged(rows, len, directed=directed, loops=loops)
    options = {"duplicates": "error", "directed": directed, "self_loops": "keep" if loops else "drop"}
    if any(times > 1 for times in expected.values()):
        with pytest.raises(InvalidDataError, match="repeats the edge") as caught:
            graph_of(rows, **options)
        seen = set()
        for row, (u, v, _) in enumerate(rows):
            pair = (u, v) if directed else (min(u, v), max(u, v))
            if pair in seen and (loops or u != v):
                assert f"row {row} repeats the edge {u} -> {v}" in str(caught.value)
                break
            seen.add(pair)
    else:
        assert graph_of(rows, **options).n_edges == len(expected)


@given(rows=EDGES, directed=st.booleans())
def test_an_unweighted_graph_has_each_edge_once(rows, directed):
    table = ([u for u, _, _ in rows], [v for _, v, _ in rows])
    g = gr.Graph.from_edges(table, directed=directed)
    assert set(g.edges().rows()) == set(merged(rows, len, directed=directed))
    assert g.edges().is_unique().all()
    assert not g.is_weighted


@given(data=st.data(), rows=FLOAT_EDGES, rule=st.sampled_from(["sum", "max"]), directed=st.booleans())
def test_the_order_of_the_rows_never_changes_a_byte(data, rows, rule, directed):
    shuffled = data.draw(st.permutations(rows))
    one, other = (graph_of(r, duplicates=rule, directed=directed) for r in (rows, shuffled))
    assert stored(one) == stored(other)
    if rows:
        tables = [pl.DataFrame(r, schema=["src", "dst", "w"], orient="row") for r in (rows, shuffled)]
        unlisted = [gr.Graph.from_edges(t, weight="w", duplicates=rule, directed=directed) for t in tables]
        assert stored(unlisted[0]) == stored(unlisted[1])
        assert unlisted[0].nodes.equals(unlisted[1].nodes)


@given(rows=EDGES, order=st.permutations(range(8)), directed=st.booleans())
def test_renaming_the_nodes_renames_the_graph(rows, order, directed):
    plain = graph_of(rows, directed=directed)
    renamed = graph_of([(order[u], order[v], w) for u, v, w in rows], directed=directed)
    pairs = {(order[u], order[v]): w for (u, v), w in listed(plain).items()}
    if not directed:
        pairs = {(min(p), max(p)): w for p, w in pairs.items()}
    assert listed(renamed) == pairs


@given(rows=EDGES)
def test_an_undirected_graph_is_symmetric_and_its_own_reverse(rows):
    g = graph_of(rows, directed=False)
    matrix = g.to_scipy()
    assert (matrix != matrix.T).nnz == 0
    assert stored(g.reverse()) == stored(g)
    assert stored(g.to_undirected()) == stored(g)
    degrees = g.degrees()
    assert degrees["out_degree"].to_list() == degrees["in_degree"].to_list()
    loops = sum(u == v for u, v in listed(g))
    assert degrees["out_degree"].sum() == 2 * g.n_edges - loops


@given(rows=EDGES, directed=st.booleans())
def test_degrees_and_neighbours_add_up_the_edges(rows, directed):
    g = graph_of(rows, directed=directed)
    expected = listed(g)
    arcs = dict(expected) if directed else expected | {(v, u): w for (u, v), w in expected.items()}
    for id, out_degree, in_degree, out_weight, in_weight in g.degrees().rows():
        leaving = {v: w for (u, v), w in arcs.items() if u == id}
        entering = {u: w for (u, v), w in arcs.items() if v == id}
        assert (out_degree, in_degree) == (len(leaving), len(entering))
        assert (out_weight, in_weight) == (sum(leaving.values()), sum(entering.values()))
        assert g.neighbors(id).rows() == sorted(leaving.items())


@given(rows=EDGES, chosen=st.lists(NODE, max_size=10), directed=st.booleans())
def test_subgraph_reverse_and_undirected_are_those_of_networkx(rows, chosen, directed):
    g = graph_of(rows, directed=directed)
    theirs = g.to_networkx()
    assert theirs.is_directed() == directed

    def same(ours, graph):
        assert ours.nodes["id"].to_list() == list(graph)
        edges = {(u, v): w for u, v, w in graph.edges(data="weight")}
        position = {node: i for i, node in enumerate(graph)}
        if not graph.is_directed():
            edges = {tuple(sorted(pair, key=position.get)): w for pair, w in edges.items()}
        assert listed(ours) == edges

    distinct = list(dict.fromkeys(chosen))
    part = type(theirs)()
    part.add_nodes_from(distinct)
    part.add_edges_from(theirs.subgraph(distinct).edges(data=True))
    same(g.subgraph(chosen), part)
    same(g.reverse(), theirs.reverse() if directed else theirs)
    if directed:
        both = nx.Graph()
        both.add_nodes_from(theirs)
        for u, v, w in theirs.edges(data="weight"):
            both.add_edge(
                u, v, weight=w + (theirs[v][u]["weight"] if u != v and theirs.has_edge(v, u) else 0.0)
            )
        same(g.to_undirected(), both)
        back = g.to_undirected("max")
        assert listed(back) == merged([(u, v, w) for (u, v), w in listed(g).items()], max, directed=False)
    same(gr.Graph.from_networkx(theirs), theirs)


@given(rows=EDGES, form=st.sampled_from(["csr", "csc", "coo", "lil", "dok", "bsr"]), wide=st.booleans())
def test_a_scipy_matrix_is_read_as_scipy_canonicalises_it(rows, form, wide):
    u, v, w = (np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    matrix = sparse.coo_array((np.array(w, dtype=float), (u, v)), shape=(8, 8))
    index = np.int64 if wide else np.int32
    if form == "csr":  # unsorted, with entries stored twice
        order = np.argsort(matrix.row, kind="stable")
        counts = np.concatenate([[0], np.cumsum(np.bincount(matrix.row, minlength=8))])
        parts = (matrix.data[order], matrix.col[order].astype(index), counts.astype(index))
        given_matrix = sparse.csr_array(parts, shape=(8, 8))
    else:
        given_matrix = matrix.asformat(form)
    canonical = sparse.csr_array(given_matrix.copy())
    canonical.sum_duplicates()
    g = gr.Graph.from_scipy(given_matrix, directed=True)
    ours = g.to_scipy()
    assert ours.has_canonical_format
    assert np.array_equal(ours.indptr, canonical.indptr)
    assert np.array_equal(ours.indices, canonical.indices)
    assert np.array_equal(ours.data, canonical.data)
    transposed = sparse.csr_array(canonical.T)
    transposed.sort_indices()
    # A stored zero is an edge, so both the pattern and the values have to be symmetric.
    parts = [(m.indptr.tolist(), m.indices.tolist(), m.data.tolist()) for m in (canonical, transposed)]
    assert gr.Graph.from_scipy(given_matrix).is_directed == (parts[0] != parts[1])


@given(rows=EDGES, directed=st.booleans())
def test_scipy_and_back_is_the_same_graph(rows, directed):
    g = graph_of(rows, directed=directed)
    again = gr.Graph.from_scipy(g.to_scipy(), directed=directed)
    if all(w == 1 for w in listed(g).values()):
        assert again.n_edges == g.n_edges
        assert not again.is_weighted
    else:
        assert_same_graph(again, g)


@given(rows=EDGES, directed=st.booleans(), weighted=st.booleans())
def test_a_saved_graph_is_loaded_as_it_was(rows, directed, weighted, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "g.graph"
    g = graph_of(rows, directed=directed)
    if not weighted:
        g = gr.Graph.from_edges(g.edges().drop("weight"), directed=directed)
    g.save(path)
    loaded = gr.Graph.load(path)
    assert_same_graph(loaded, g)
    assert stored(loaded) == stored(g)
