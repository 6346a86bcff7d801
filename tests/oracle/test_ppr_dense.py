"""PageRank against a dense solve in float64: the definition as a linear system, no iteration and no sparsity."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import graphrank as gr

DATA = Path(__file__).parent.parent / "data"
DANGLING = ("restart", "uniform", "self", "absorb")
# The solve of a matrix I - alpha P of at most 12 rows with condition number at most 2 n / (1 - alpha) is off by less
# than n * eps * condition number = 12 * 2.2e-16 * 24 / 0.05 = 1.3e-12 at the damping of 0.95 that is the largest here.
SOLVE_ERROR = 2e-12


def walk(adjacency, restart, dangling):
    """Row-stochastic matrix of the walk, each row scaled by its largest weight before it is summed."""
    n = len(adjacency)
    largest = adjacency.max(axis=1, initial=0.0)
    stuck = largest == 0
    scaled = adjacency / np.where(stuck, 1.0, largest)[:, None]
    steps = scaled / np.where(stuck, 1.0, scaled.sum(axis=1))[:, None]
    goes = {"restart": restart, "uniform": np.full(n, 1 / n), "absorb": np.zeros(n)}
    for v in np.flatnonzero(stuck):
        steps[v] = np.eye(n)[v] if dangling == "self" else goes[dangling]
    return steps


def exact(adjacency, restart, damping, dangling):
    """Solution x of x (I - damping P) = (1 - damping) s."""
    system = np.eye(len(adjacency)) - damping * walk(adjacency, restart, dangling)
    return np.linalg.solve(system.T, (1 - damping) * restart)


def random_case(rng):
    """Edges with self-loops and parallel rows, weights of every size, a restart distribution and a damping."""
    n = int(rng.integers(1, 13))
    m = int(rng.integers(0, 3 * n + 1))
    ends = rng.integers(0, n, (2, m))
    kinds = (
        lambda: rng.random(m),
        lambda: rng.integers(0, 3, m).astype(float),  # many zeros
        lambda: rng.choice([0.0, 5e-324, 1e-310, 1.0, 1e16], m),
        lambda: rng.choice([0.0, 1e-300, 1.0, 1e307], m),  # at most 36 rows merge: no sum overflows
        lambda: np.full(m, 5e-324),
    )
    weight = None if rng.random() < 0.3 else kinds[rng.integers(len(kinds))]()
    restart = np.zeros(n)
    chosen = rng.integers(0, n, int(rng.integers(1, n + 1)))
    restart[chosen] = rng.random(len(chosen)) + 0.01
    return n, ends, weight, restart / restart.sum(), float(rng.choice([0.0, 0.2, 0.5, 0.85, 0.95]))


def adjacency_of(n, ends, weight, directed):
    """Dense adjacency: an undirected edge both ways, a self-loop once; unweighted, parallel rows count once."""
    matrix = np.zeros((n, n))
    for i, (u, v) in enumerate(ends.T.tolist()):
        pairs = {(u, v)} if directed else {(u, v), (v, u)}
        for pair in pairs:
            matrix[pair] = 1.0 if weight is None else matrix[pair] + weight[i]
    return matrix


@pytest.mark.parametrize("block", range(4))
def test_scores_equal_a_dense_solve_on_ten_thousand_small_graphs(block):
    """2,500 graphs a block; each is asked by one rule for dangling nodes, with the certified bound checked too."""
    rng = np.random.default_rng([2024, block])
    seen_dangling = 0
    for i in range(2_500):
        n, ends, weight, restart, damping = random_case(rng)
        directed, dangling = bool(rng.integers(2)), DANGLING[(i + block) % 4]
        table = (ends[0], ends[1]) if weight is None else (ends[0], ends[1], weight)
        g = gr.Graph.from_edges(table, directed=directed, nodes=np.arange(n))
        tol = float(rng.choice([1e-11, 1e-6, 1e-2]))
        asked = gr.personalized_pagerank(g, restart=restart, damping=damping, dangling=dangling, tol=tol)
        adjacency = adjacency_of(n, ends, weight, directed)
        seen_dangling += bool((adjacency.sum(axis=1) == 0).any())
        error = np.abs(asked.scores[0] - exact(adjacency, restart, damping, dangling)).sum()
        case = f"graph {i} of block {block}: {dangling}, damping {damping}, tol {tol}"
        assert 0 <= asked.error_bound[0] <= tol, case
        assert error <= asked.error_bound[0] + SOLVE_ERROR, case
        if tol == 1e-11:
            assert error <= 1e-10, case
    assert seen_dangling > 500


@pytest.mark.parametrize("dangling", DANGLING)
def test_a_batch_of_queries_equals_dense_solves_on_a_larger_graph(dangling):
    rng = np.random.default_rng(11)
    n, m = 150, 700
    ends, weight = rng.integers(0, n, (2, m)), rng.random(m)
    ends[0][ends[0] % 7 == 0] = 1  # every seventh node is dangling
    g = gr.Graph.from_edges((ends[0], ends[1], weight), nodes=np.arange(n))
    asked = gr.personalized_pagerank(g, np.arange(0, n, 5), dangling=dangling, tol=1e-12)
    adjacency = adjacency_of(n, ends, weight, directed=True)
    for query, restart in enumerate(np.eye(n)[::5]):
        error = np.abs(asked.scores[query] - exact(adjacency, restart, 0.85, dangling)).sum()
        assert error <= asked.error_bound[query] + 1e-12  # n * eps * 2 / (1 - alpha) = 9e-13
    assert asked.error_bound.max() <= 1e-12


def golden():
    """(case, dangling rule) of every golden answer."""
    cases = tomllib.loads((DATA / "pagerank.toml").read_text(encoding="utf-8"))["case"]
    return [
        pytest.param(case, rule, id=f"{case['name']}: {rule}") for case in cases for rule in case["scores"]
    ]


@pytest.mark.parametrize(("case", "rule"), golden())
def test_scores_solved_by_hand(case, rule):
    ends = np.array(case["edges"], dtype=np.int64).reshape(-1, 2).T
    table = (ends[0], ends[1], *([case["weights"]] if "weights" in case else []))
    g = gr.Graph.from_edges(table, nodes=range(case["nodes"]))
    restart = dict(case["restart"])
    asked = gr.personalized_pagerank(g, restart=restart, damping=case["damping"], dangling=rule, tol=1e-13)
    expected = np.array([float(Fraction(score)) for score in case["scores"][rule]])
    assert (
        np.abs(asked.scores[0] - expected).sum() <= 2e-13
    )  # the bound, and rounding of the fractions themselves


def test_the_bound_holds_at_every_tolerance_and_is_not_idle():
    """On a path the error shrinks slowly, so a bound that was too small by a factor of 1 / c would show."""
    n = 60
    path = (np.arange(n - 1), np.arange(1, n))
    g = gr.Graph.from_edges(path, directed=False)
    adjacency = adjacency_of(n, np.array(path), None, directed=False)
    for damping in (0.5, 0.85, 0.99):
        x = exact(adjacency, np.eye(n)[0], damping, "restart")
        for tol in 10.0 ** -np.arange(1, 12):
            asked = gr.personalized_pagerank(g, 0, damping=damping, tol=tol)
            error = np.abs(asked.scores[0] - x).sum()
            assert error <= asked.error_bound[0] + 1e-12
            assert asked.error_bound[0] <= tol
            assert asked.error_bound[0] <= 500 * error + 1e-11, "the bound says nothing"
