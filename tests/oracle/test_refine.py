"""Refined embeddings against dense linear algebra: the recipe step by step, and the eigenvectors it leads to."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse

import graphrank as gr
from graphrank.exceptions import InvalidArgumentError


def adjacency(n, n_edges, seed, weighted=False):
    """A random graph in which some nodes have many neighbours and the last one has none."""
    rng = np.random.default_rng(seed)
    ends = (rng.random((2, n_edges)) ** 2 * (n - 1)).astype(int)
    matrix = np.zeros((n, n))
    matrix[tuple(ends)] = rng.uniform(0.1, 3.0, n_edges) if weighted else 1.0
    return np.maximum(matrix, matrix.T)


def embed(matrix, refine, dim=8, **params):
    graph = gr.Graph.from_scipy(scipy.sparse.csr_array(matrix), directed=False)
    return gr.fastrp(graph, dim, refine=refine, **params).vectors.astype(float)


def row_norms(x):
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(x, lengths, out=np.zeros_like(x), where=lengths > 0)


def refined(matrix, start, rounds, normalize=True):
    """The recipe of the refinement in doubles, on dense matrices of full rank."""
    degrees = matrix.sum(axis=1)
    share = degrees / degrees.sum()
    walk = matrix / np.where(degrees > 0, degrees, 1.0)[:, None]

    def whitening(y):
        return np.linalg.inv(np.linalg.cholesky(y.T * share @ y)).T

    y = start
    for _ in range(rounds):
        y = walk @ (walk @ (y @ whitening(y)))
    m = whitening(y)
    z = walk @ y
    values, vectors = scipy.linalg.eigh(m.T @ (y.T * share @ z) @ m)
    vectors = vectors[:, np.argsort(-np.abs(values))]
    x = z @ m @ vectors
    return row_norms(x) if normalize else x


def spectral(matrix, dim):
    """Leading eigenvectors of the walk, as long as their values in the walk's own inner product."""
    degrees = matrix.sum(axis=1)
    root = np.sqrt(np.where(degrees > 0, degrees, np.inf))
    values, vectors = scipy.linalg.eigh(matrix / root[:, None] / root)
    order = np.argsort(-np.abs(values))[: dim + 1]
    assert abs(values[order[dim - 1]]) > 1.1 * abs(values[order[dim]]), "the sample has no gap here"
    return vectors[:, order[:dim]] / root[:, None] * np.sqrt(degrees.sum()) * values[order[:dim]]


def assert_same_columns(found, wanted, tolerance):
    """Columns are alike up to their signs: which of two opposite vectors is meant nobody can tell."""
    signs = np.sign(np.sum(found * wanted, axis=0))
    np.testing.assert_allclose(found * signs, wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rounds", [1, 2, 3])
@pytest.mark.parametrize("dim", [5, 16, 20])
def test_vectors_are_those_of_the_recipe_in_doubles(dim, rounds, weighted):
    matrix = adjacency(150, 900, dim + rounds, weighted)
    for normalize in (True, False):
        start = embed(matrix, 0, dim, normalize=normalize)
        found = embed(matrix, rounds, dim, normalize=normalize)
        wanted = refined(matrix, start, rounds, normalize)
        np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, rtol=0, atol=1e-4)
        assert_same_columns(found, wanted, 1e-3)
        assert not found[-1].any(), "the isolated node has no vector"


@pytest.mark.parametrize("seed", range(4))
def test_many_rounds_lead_to_the_leading_eigenvectors(seed):
    rng = np.random.default_rng(seed)
    # Six communities, so there are six values near 1 and a gap below them.
    community = np.arange(120) // 20
    chance = np.where(community[:, None] == community, 0.5, 0.01)
    upper = np.triu(rng.random((120, 120)) < chance, 1).astype(float)
    matrix = (upper + upper.T) * (1.0 + np.minimum.outer(rng.random(120), rng.random(120)))
    matrix = (matrix + matrix.T) / 2
    wanted = spectral(matrix, 6)
    found = embed(matrix, 30, 6, normalize=False, seed=seed)
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, rtol=0, atol=1e-3)
    assert_same_columns(found, wanted, 1e-2)
    unit = row_norms(wanted)
    cosines = row_norms(embed(matrix, 30, 6, seed=seed))
    np.testing.assert_allclose(cosines @ cosines.T, unit @ unit.T, rtol=0, atol=1e-3)


def test_values_of_both_signs_are_kept():
    """The walk on a bipartite graph has -1 beside 1, and its vector tells the sides apart."""
    rng = np.random.default_rng(1)
    matrix = np.zeros((60, 60))
    matrix[:25, 25:] = rng.random((25, 35)) < 0.3
    matrix = matrix + matrix.T
    vectors = embed(matrix, 10, 2, normalize=False)
    active = matrix.any(axis=1)
    assert np.ptp(np.abs(vectors[active]), axis=0) == pytest.approx([0, 0], abs=1e-4)
    sides = np.sign(vectors[active, 1] * vectors[active, 0])
    assert len(set(sides[: active[:25].sum()])) == len(set(sides[active[:25].sum() :])) == 1
    assert sides[0] == -sides[-1]


def test_unlike_unrefined_vectors_they_depend_on_the_whole_graph():
    one = adjacency(80, 300, 3)
    both = scipy.linalg.block_diag(one, adjacency(60, 300, 4))
    assert (embed(both, 0)[:80] == embed(one, 0)).all()
    assert (embed(both, 2)[:80] != embed(one, 2)).any()


def test_a_walk_along_arcs_has_no_refinement():
    graph = gr.Graph.from_edges(([1, 2, 3], [2, 3, 1]), directed=True)
    assert gr.fastrp(graph, 2, refine=1).vectors.shape == (3, 2)
    for direction in ("out", "in"):
        with pytest.raises(InvalidArgumentError, match=r'`refine` = 1 needs .*; take direction = "both"'):
            gr.fastrp(graph, 2, refine=1, direction=direction)
