"""SciPy sparse matrices in and out."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse

import graphrank as gr
from graphrank.testing import assert_same_graph, random_edges

DENSE = np.array([[0, 2.0, 0, 0], [0, 0, 3.5, 1], [0, 0, 0, 0], [4, 0, 0, 9]])
FORMATS = ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"]
ROWS = [(0, 1, 2.0), (1, 2, 3.5), (1, 3, 1.0), (3, 0, 4.0), (3, 3, 9.0)]


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_of_arrays_and_matrices_is_read(form, kind):
    g = gr.Graph.from_scipy(kind(DENSE).asformat(form))
    assert g.edges().rows() == ROWS
    assert (g.is_directed, g.nodes["id"].dtype) == (True, pl.Int64)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.uint64, np.float32, np.float64])
def test_every_real_dtype_is_read(dtype):
    g = gr.Graph.from_scipy(sparse.csr_array(DENSE.astype(dtype)))
    assert g.edges()["weight"].to_list() == DENSE.astype(dtype)[DENSE != 0].astype(float).tolist()


def test_booleans_and_ones_are_unweighted_and_a_stored_zero_is_an_edge():
    assert not gr.Graph.from_scipy(sparse.csr_array(DENSE != 0)).is_weighted
    assert not gr.Graph.from_scipy(sparse.csr_array((DENSE != 0).astype(int))).is_weighted
    stored = sparse.csr_array((np.array([0.0, 1.0]), ([0, 1], [1, 2])), shape=(3, 3))
    assert gr.Graph.from_scipy(stored).edges().rows() == [(0, 1, 0.0), (1, 2, 1.0)]


def test_entries_stored_twice_are_added_up():
    ones = sparse.csr_array((np.ones(3), np.array([1, 1, 0]), np.array([0, 2, 3])), shape=(2, 2))
    assert gr.Graph.from_scipy(ones).edges().rows() == [(0, 1, 2.0), (1, 0, 1.0)]
    flags = sparse.csr_array((np.ones(3, bool), np.array([1, 1, 0]), np.array([0, 2, 3])), shape=(2, 2))
    assert gr.Graph.from_scipy(flags).edges().rows() == [(0, 1)]


def test_a_symmetric_matrix_is_an_undirected_graph_unless_told_otherwise():
    matrix = sparse.csr_array(DENSE + DENSE.T)
    g = gr.Graph.from_scipy(matrix)
    assert (g.is_directed, g.n_edges) == (False, 5)
    assert gr.Graph.from_scipy(matrix, directed=True).n_edges == 9
    assert not gr.Graph.from_scipy(matrix, directed=False).is_directed


def test_unused_room_at_the_end_of_the_arrays_is_ignored():
    matrix = sparse.csr_array(DENSE)
    matrix.indices = np.append(matrix.indices, [99, -5]).astype(matrix.indices.dtype)
    matrix.data = np.append(matrix.data, [np.nan, -1])
    assert gr.Graph.from_scipy(matrix).edges().rows() == ROWS


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_both_widths_of_indices_are_read_even_mixed(index):
    matrix = sparse.csr_array(DENSE)
    matrix.indptr = matrix.indptr.astype(index)
    assert gr.Graph.from_scipy(matrix).edges().rows() == ROWS
    matrix.indices = matrix.indices.astype(np.int64)
    assert gr.Graph.from_scipy(matrix).edges().rows() == ROWS


def test_ids_and_attributes_come_from_nodes():
    nodes = pl.DataFrame({"id": ["a", "b", "c", "d"], "size": [1, 2, 3, 4]})
    g = gr.Graph.from_scipy(sparse.csr_array(DENSE), nodes=nodes, progress=lambda *_: None, timeout_s=60)
    assert g.edges().rows()[0] == ("a", "b", 2.0)
    assert g.nodes.equals(nodes)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_the_matrix_of_a_graph_is_canonical_and_a_copy(directed, weight):
    g = gr.Graph.from_edges(random_edges(30, 100, weighted=True), weight=weight, directed=directed)
    matrix = g.to_scipy()
    assert isinstance(matrix, sparse.csr_array)
    assert matrix.has_canonical_format
    assert (matrix.dtype, matrix.shape) == (np.float64, (g.n_nodes, g.n_nodes))
    matrix.check_format(full_check=True)
    assert_same_graph(gr.Graph.from_scipy(matrix, directed=directed, nodes=g.nodes), g)
    matrix.data[:] = 0
    matrix.indices[:] = 0
    assert g.to_scipy().data.min() > 0


def test_an_empty_matrix_is_an_empty_graph():
    assert gr.Graph.from_scipy(sparse.csr_array((0, 0))).n_nodes == 0
    assert gr.Graph.from_scipy(sparse.csr_array((3, 3))).n_edges == 0
