"""Features in FastRP against the definition: their columns begin from features times a projection of their own."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank._node_keys import node_keys, text_keys

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
NODES, FEATURES = 5, 6


def mix(x):
    """SplitMix64's finaliser."""
    x = x + GOLDEN & MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def projection(keys, n_columns, sparsity, seed, domain):
    """A row of signs per key, times the root of the sparsity."""
    n_lanes = 4 if sparsity < 64 else 2
    bits = 64 // n_lanes
    threshold = round(2**bits / (2 * sparsity))
    rows = np.zeros((len(keys), n_columns))
    for row, key in zip(rows, keys.tolist(), strict=True):
        start = mix(mix(mix(seed) ^ domain) ^ key)
        for column in range(n_columns):
            word = mix(start + column // n_lanes * GOLDEN & MASK)
            lane = word >> bits * (column % n_lanes) & 2**bits - 1
            row[column] = (lane < threshold) - (threshold <= lane < 2 * threshold)
    return rows * np.sqrt(sparsity)


def unit_rows(rows):
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def reference(g, emb, features=None, feature_keys=None):
    """The embedding of ``g`` with the parameters of ``emb``."""
    p, dense = emb.params, g.to_scipy().toarray()
    # The mean of both directions: arcs that lead both ways are not counted twice.
    both = (dense + dense.T) / 2
    arcs = {"out": dense, "in": dense.T, "both": both}[p["direction"]]
    degrees = arcs.sum(axis=1)
    walk = arcs / np.where(degrees > 0, degrees, 1)[:, None]
    n_last = round(p["dim"] * p["feature_ratio"])
    rows = projection(node_keys(g.nodes["id"]), p["dim"] - n_last, p["sparsity"], p["seed"], NODES)
    if p["normalization_strength"]:
        powers = np.where(degrees > 0, degrees, 1) ** p["normalization_strength"]
        rows *= powers[:, None]
    if n_last:
        of_features = projection(feature_keys, n_last, p["sparsity"], p["seed"], FEATURES)
        rows = np.hstack([rows, features @ of_features])
    scaled = unit_rows if p["normalize"] else np.asarray
    total = p["self_influence"] * scaled(rows)
    for weight in p["weights"]:
        rows = walk @ rows
        total = total + weight * scaled(rows)
    return total


def graph(directed, weighted, n=60):
    rng = np.random.default_rng(3)
    src, dst = rng.integers(0, n, (2, 4 * n))
    weight = rng.random(4 * n) * (rng.random(4 * n) < 0.9)
    edges = (src * 7, dst * 7, weight) if weighted else (src * 7, dst * 7)
    return gr.Graph.from_edges(edges, directed=directed, nodes=np.arange(n + 5) * 7)


@pytest.mark.parametrize("ratio", [0.25, 0.6, 1.0])
def test_features_fill_the_last_columns(ratio):
    g = graph(True, True)
    rows = np.random.default_rng(0).normal(size=(g.n_nodes, 5)).astype(np.float32)
    emb = gr.fastrp(
        g, 40, features=rows, feature_ratio=ratio, normalization_strength=-0.5, self_influence=0.1
    )
    expected = reference(g, emb, rows.astype(float), np.arange(5, dtype=np.uint64))
    assert np.abs(emb.vectors - expected).max() <= 1e-5 * np.abs(expected).max()
    named = pl.DataFrame(rows, schema=list("abcde")).insert_column(0, g.nodes["id"].alias("node"))
    emb = gr.fastrp(g, 40, features=named.reverse(), feature_ratio=ratio)
    expected = reference(g, emb, rows.astype(float), text_keys([b"a", b"b", b"c", b"d", b"e"]))
    assert np.abs(emb.vectors - expected).max() <= 1e-5 * np.abs(expected).max()
