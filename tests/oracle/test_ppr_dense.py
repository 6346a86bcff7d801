"""PageRank against a dense solve: the definition as a linear system, no iteration and no sparsity.

The solve in doubles is refined with residuals in extended precision, and what is left of the residual bounds its own
error: whatever the graph, ``solve`` says how far off it can be. ``HYPOTHESIS_PROFILE=nightly`` runs all 10,000 graphs,
times four rules for dangling nodes, times every method.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import graphrank as gr
from graphrank.exceptions import DidNotConvergeError, InvalidArgumentError

DATA = Path(__file__).parent.parent / "data"
DANGLING = ("restart", "uniform", "self", "absorb")
METHODS = ("auto", "push", "power", "gauss_seidel", "cg")
GRAPHS_PER_BLOCK = 100
N_BLOCKS = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 4
LONG = np.longdouble


def walk(adjacency, restarts, dangling):
    """Row-stochastic matrices of the walk, one per query; rows are scaled by their largest weight before summing."""
    n = len(adjacency)
    largest = adjacency.max(axis=1, initial=0.0)
    stuck = largest == 0
    scaled = adjacency.astype(LONG) / np.where(stuck, 1.0, largest)[:, None]
    steps = np.repeat(
        (scaled / np.where(stuck, 1.0, scaled.sum(axis=1))[:, None])[None], len(restarts), axis=0
    )
    for v in np.flatnonzero(stuck):
        goes = {"restart": restarts, "uniform": 1 / LONG(n), "absorb": 0.0, "self": np.eye(n)[v]}
        steps[:, v] = goes[dangling]
    return steps


def solve(adjacency, restarts, damping, dangling):
    """Solutions x of x (I - damping P) = (1 - damping) s, one per row of ``restarts``, and bounds on their L1 errors.

    No row of the inverse of I - damping P is longer than 1 / (1 - damping), which turns a residual into a bound. On
    top of it come the roundings of the residual itself, and of sums of parallel edges and restart weights in doubles.
    """
    n = len(adjacency)
    restarts = restarts.astype(LONG) / restarts.sum(axis=1, keepdims=True, dtype=LONG)
    system = np.eye(n) - LONG(damping) * walk(adjacency, restarts, dangling)
    transposed = system.transpose(0, 2, 1).astype(float)
    x = np.zeros_like(restarts)
    for _ in range(3):
        residual = (1 - LONG(damping)) * restarts - np.einsum("qi,qij->qj", x, system)
        x += np.linalg.solve(transposed, residual.astype(float)[..., None])[..., 0]
    residual = (1 - LONG(damping)) * restarts - np.einsum("qi,qij->qj", x, system)
    roundings = 2 * n * np.finfo(LONG).eps + 8 * np.finfo(float).eps
    return x, (np.abs(residual).sum(axis=1) + roundings * np.abs(x).sum(axis=1)) / (1 - damping)


def random_case(rng):
    """Edges with self-loops and parallel rows, weights of every size, restarts, a damping and a tolerance.

    Restarts are one row per query; the tolerance is one that rounding leaves within reach for rows as long as these.
    """
    n = int(rng.integers(1, 13) if rng.random() < 0.7 else rng.integers(13, 61))
    m = int(rng.integers(0, 3 * n + 1))
    ends = rng.integers(0, n, (2, m))
    kinds = (
        lambda: rng.random(m),
        lambda: rng.integers(0, 3, m).astype(float),  # many zeros
        lambda: rng.choice([0.0, 5e-324, 1e-310, 1.0, 1e16], m),
        lambda: rng.choice([0.0, 1e-300, 1.0, 1e305], m),  # no sum of 180 rows overflows
        lambda: 10.0 ** rng.uniform(-300, 300, m),
        lambda: np.full(m, 5e-324),
    )
    weight = None if rng.random() < 0.3 else kinds[rng.integers(len(kinds))]()
    n_queries = int(rng.choice([1, 1, 1, 2, 5, 16, 35]))
    restarts = np.where(
        rng.random((n_queries, n)) < rng.choice([0.1, 1.0]), rng.random((n_queries, n)) + 0.01, 0.0
    )
    restarts[np.arange(n_queries), rng.integers(0, n, n_queries)] += 1.0
    damping = float(
        rng.choice([0.0, 0.2, 0.5, 0.85, 0.95, 0.99, 0.999], p=[0.05, 0.1, 0.2, 0.4, 0.1, 0.1, 0.05])
    )
    smallest = max(1e-12, 2e-13 / (1 - damping))
    tol = float(np.exp(rng.uniform(np.log(smallest), np.log(1e-3))))
    return n, ends, weight, restarts, damping, tol


def adjacency_of(n, ends, weight, directed):
    """Dense adjacency: an undirected edge both ways, a self-loop once; unweighted, parallel rows count once."""
    matrix = np.zeros((n, n))
    for i, (u, v) in enumerate(ends.T.tolist()):
        pairs = {(u, v)} if directed else {(u, v), (v, u)}
        for pair in pairs:
            matrix[pair] = 1.0 if weight is None else matrix[pair] + weight[i]
    return matrix


def refusal(method, dangling, directed, adjacency):
    """What this method has to say, if it must or may refuse the graph: (words, must it?)."""
    if method == "cg" and directed:
        return "needs an undirected graph", True
    if method == "push" and dangling == "uniform" and (adjacency.max(axis=1, initial=0.0) == 0).any():
        return "cannot spread", True
    sums = adjacency[adjacency.max(axis=1, initial=0.0) > 0].max(axis=1, initial=0.0)
    if method == "cg" and sums.size and sums.min() / sums.max() < 1e-90:
        return "cannot divide by weights this small", False
    return None


def answer_or_error(graph, restarts, options):
    try:
        return gr.personalized_pagerank(graph, restart=restarts, **options)
    except (InvalidArgumentError, DidNotConvergeError) as error:
        return error


@pytest.mark.parametrize("block", range(N_BLOCKS))
def test_every_method_equals_a_dense_solve_under_every_rule(block):
    """Nowhere is the error above its certified bound, nor the bound above the tolerance."""
    rng = np.random.default_rng([2025, block])
    count = Counter()
    for i in range(GRAPHS_PER_BLOCK):
        n, ends, weight, restarts, damping, tol = random_case(rng)
        directed = bool(rng.integers(2))
        table = (ends[0], ends[1]) if weight is None else (ends[0], ends[1], weight)
        g = gr.Graph.from_edges(table, directed=directed, nodes=np.arange(n))
        adjacency = adjacency_of(n, ends, weight, directed)
        count["with dangling nodes"] += bool((adjacency.max(axis=1, initial=0.0) == 0).any())
        for dangling in DANGLING:
            expected, slack = solve(adjacency, restarts, damping, dangling)
            assert slack.max() <= 1e-14 / (1 - damping), "the reference is not sure of itself"
            for method in METHODS:
                case = f"graph {i} of block {block}: {method}, {dangling}, damping {damping}, tol {tol}"
                options = {"damping": damping, "dangling": dangling, "tol": tol, "method": method}
                answer = answer_or_error(g, restarts, options)
                refused = refusal(method, dangling, directed, adjacency)
                if isinstance(answer, InvalidArgumentError):
                    assert refused is not None, case
                    assert refused[0] in str(answer), case
                    count["refused"] += 1
                    continue
                if isinstance(answer, DidNotConvergeError):
                    # Push adds up as many roundings as it makes steps: the more, the larger the damping.
                    assert method == "push", f"{case}: {answer}"
                    assert tol < 1e-11 / (1 - damping) ** 2, f"{case}: {answer}"
                    count["push beyond rounding"] += 1
                    continue
                assert refused is None or not refused[1], case
                error = np.abs(answer.scores - expected).sum(axis=1)
                assert (answer.scores >= 0).all(), case
                assert (error <= answer.error_bound + slack).all(), f"{case}: {error} > {answer.error_bound}"
                assert (answer.error_bound <= tol).all(), case
                count["answers"] += 1
                count["scores of a query"] += len(answer)
    assert count["with dangling nodes"] > GRAPHS_PER_BLOCK / 5
    assert count["push beyond rounding"] < count["answers"] / 50
    print(dict(count))


@pytest.mark.parametrize("method", ["auto", "power", "gauss_seidel"])
@pytest.mark.parametrize("dangling", DANGLING)
def test_a_batch_of_queries_equals_dense_solves_on_a_larger_graph(dangling, method):
    rng = np.random.default_rng(11)
    n, m = 80, 400
    ends, weight = rng.integers(0, n, (2, m)), rng.random(m)
    ends[0][ends[0] % 7 == 0] = 1  # every seventh node is dangling
    g = gr.Graph.from_edges((ends[0], ends[1], weight), nodes=np.arange(n))
    answer = gr.personalized_pagerank(g, np.arange(0, n, 4), dangling=dangling, method=method, tol=1e-12)
    adjacency = adjacency_of(n, ends, weight, directed=True)
    expected, slack = solve(adjacency, np.eye(n)[::4], 0.85, dangling)
    assert (np.abs(answer.scores - expected).sum(axis=1) <= answer.error_bound + slack).all()
    assert answer.error_bound.max() <= 1e-12


def golden():
    """(case, dangling rule, method) of every golden answer."""
    cases = tomllib.loads((DATA / "pagerank.toml").read_text(encoding="utf-8"))["case"]
    return [
        pytest.param(case, rule, method, id=f"{case['name']}: {rule}, {method}")
        for case in cases
        for rule in case["scores"]
        for method in ("auto", "push", "power", "gauss_seidel")
        if (method, rule) != ("push", "uniform")
    ]


@pytest.mark.parametrize(("case", "rule", "method"), golden())
def test_scores_solved_by_hand(case, rule, method):
    ends = np.array(case["edges"], dtype=np.int64).reshape(-1, 2).T
    table = (ends[0], ends[1], *([case["weights"]] if "weights" in case else []))
    g = gr.Graph.from_edges(table, nodes=range(case["nodes"]))
    tol = 1e-11 if method == "push" else 1e-13
    options = {"damping": case["damping"], "dangling": rule, "method": method, "tol": tol}
    answer = gr.personalized_pagerank(g, restart=dict(case["restart"]), **options)
    expected = np.array([float(Fraction(score)) for score in case["scores"][rule]])
    # The bound, and rounding of the fractions themselves.
    assert np.abs(answer.scores[0] - expected).sum() <= tol + 1e-13


@pytest.mark.parametrize("method", METHODS)
def test_the_bound_holds_at_every_tolerance_and_is_not_idle(method):
    """On a path the error shrinks slowly, so a bound that was too small by a factor of 1 / c would show."""
    n = 60
    path = (np.arange(n - 1), np.arange(1, n))
    g = gr.Graph.from_edges(path, directed=False)
    adjacency = adjacency_of(n, np.array(path), None, directed=False)
    for damping in (0.5, 0.85, 0.99):
        expected, slack = solve(adjacency, np.eye(n)[:1], damping, "restart")
        # Push adds up the roundings of all its steps, and cannot certify less.
        for tol in 10.0 ** -np.arange(1, 8 if method == "push" else 12):
            answer = gr.personalized_pagerank(g, 0, damping=damping, tol=tol, method=method)
            error = np.abs(answer.scores - expected).sum()
            assert error <= answer.error_bound[0] + slack[0]
            assert answer.error_bound[0] <= tol
            assert answer.error_bound[0] <= 500 * error + 1e-11, "the bound says nothing"
