"""FastRP against its definition in NumPy: dense matrices, float64, and the hash of the projection written out.

``rounding`` bounds, entry by entry, what sums in 32 bits may be off by, so that a row is only excused where its terms
cancel. ``HYPOTHESIS_PROFILE=nightly`` compares 4,000 graphs. Run as a program, this file writes the golden vectors.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import graphrank as gr

GOLDEN = Path(__file__).parent.parent / "data" / "fastrp.toml"
N_GRAPHS = 4_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 160
DEFAULT = (0.0, 0.0, 1.0, 6.67)
WORD = 2**64
STEP = 0x9E3779B97F4A7C15
PROJECTION = 5  # what the stream of random numbers is for
UNIT = 2.0**-24
SMALLEST = 2.0**-126


def mix(x):
    """The finaliser of SplitMix64, on Python's integers."""
    x = (x + STEP) % WORD
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % WORD
    x = (x ^ x >> 27) * 0x94D049BB133111EB % WORD
    return x ^ x >> 31


def projection(keys, dim, sparsity, seed):
    """Rows of +sqrt(s), 0 and -sqrt(s): four columns to a 64-bit word, from s = 64 on two."""
    bits = 16 if sparsity < 64 else 32
    threshold = round(2**bits / (2 * sparsity))
    rows = np.zeros((len(keys), dim))
    for row, key in zip(rows, keys, strict=True):
        start = mix(mix(mix(seed) ^ PROJECTION) ^ key % WORD)
        for column in range(dim):
            word, lane = divmod(column, 64 // bits)
            draw = mix((start + word * STEP) % WORD) >> bits * lane & 2**bits - 1
            row[column] = (draw < threshold) - (threshold <= draw < 2 * threshold)
    return rows * np.sqrt(sparsity)


def unit_rows(x):
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(x, length, out=np.zeros_like(x), where=length > 0)


def fastrp(weight, start, *, weights=DEFAULT, strength=0.0, self_influence=0.0, normalize=True):
    """Vectors from a dense matrix of weights and the projection, and what rounding to 32 bits may change per row."""
    degree = weight.sum(axis=1, keepdims=True)
    walk = np.divide(weight, degree, out=np.zeros_like(weight), where=degree > 0)
    rounding = (np.count_nonzero(weight, axis=1).max(initial=0) + 4) * UNIT
    scale = np.where(degree > 0, degree, 1) ** strength
    power = start * scale
    off = np.abs(power) * rounding
    vanishing = len(weight) * SMALLEST * max(1.0, scale.max(initial=0) * np.abs(start).max(initial=0))
    vectors, change = np.zeros_like(power), np.zeros(len(power))
    for w in (self_influence, *weights):
        length = np.linalg.norm(power, axis=1)
        lost = np.linalg.norm(off, axis=1)
        if normalize:
            lost = np.divide(2 * lost, length, out=np.where(lost > 0, 2.0, 0.0), where=length > lost / 4)
        change += abs(w) * (lost + (8 * UNIT if normalize else 8 * UNIT * length))
        vectors += w * (unit_rows(power) if normalize else power)
        off = walk @ off + rounding * (walk @ np.abs(power)) + vanishing
        power = walk @ power
    return vectors, change


def dense(n, src, dst, weight, directed, direction):
    """Whose rows are averaged, with what weight: along arcs, against them, or the mean of both."""
    matrix = np.zeros((n, n))
    for u, v, w in zip(src.tolist(), dst.tolist(), weight.tolist(), strict=True):
        for pair in {(u, v)} if directed else {(u, v), (v, u)}:
            matrix[pair] += w
    return {"out": matrix, "in": matrix.T, "both": (matrix + matrix.T) / 2}[direction]


def random_case(rng):
    """A graph, some nodes of it isolated, with loops; ids that use all 64 bits; arguments of every kind."""
    n = int(rng.choice([1, 2, 5, 9, 20, 60]))
    ends = rng.integers(
        0, max(1, int(n * rng.choice([0.5, 0.8, 1.0]))), (2, int(rng.choice([0, n, 3 * n, 8 * n])))
    )
    _, once = np.unique(np.sort(ends, axis=0), axis=1, return_index=True)
    src, dst = ends[:, rng.permutation(once)]
    directed = bool(rng.random() < 0.5)
    if directed and rng.random() < 0.3:  # every arc both ways, mostly with two weights
        src, dst = np.unique([np.concatenate([src, dst]), np.concatenate([dst, src])], axis=1)
    kind = rng.choice(["none", "even", "wide", "with zeros"])
    weight = {
        "none": np.ones(len(src)),
        "even": rng.random(len(src)) + 0.1,
        "wide": 10.0 ** rng.uniform(-12, 12, len(src)),
        "with zeros": rng.integers(0, 3, len(src)).astype(float),
    }[kind]
    ids = rng.choice([rng.integers(-(2**63), 2**63 - 1, n), np.arange(n)])
    dim = int(rng.choice([1, 3, 15, 16, 17, 31, 32, 50, 128, 130, 200]))
    options = {
        "weights": DEFAULT if rng.random() < 0.4 else tuple(rng.normal(size=rng.integers(1, 6)).round(2)),
        "normalization_strength": float(rng.choice([0.0, 0.0, -0.64, -1.0, 0.5])),
        "self_influence": float(rng.choice([0.0, 0.0, 1.0, -0.3])),
        "sparsity": float(rng.choice([1, 2, 3, 17.5, 63.9, 64, 250, 1000])),
        "normalize": bool(rng.random() < 0.7),
        "direction": str(rng.choice(["both", "out", "in"])),
        "seed": (0, 1, 2**64 - 1)[rng.integers(3)],
    }
    return ids, src, dst, weight, kind != "none", directed, dim, options


def graph_of(ids, src, dst, weight, is_weighted, directed):
    table = (ids[src], ids[dst], *([weight] if is_weighted else []))
    return gr.Graph.from_edges(table, directed=directed, nodes=ids)


def reference(ids, src, dst, weight, directed, dim, options):
    options = dict(options)
    matrix = dense(len(ids), src, dst, weight, directed, options.pop("direction"))
    start = projection(ids.tolist(), dim, options.pop("sparsity"), options.pop("seed"))
    return fastrp(matrix, start, strength=options.pop("normalization_strength"), **options)


def test_vectors_are_those_of_the_definition():
    count = Counter()
    for case in range(N_GRAPHS):
        rng = np.random.default_rng([4, case])
        ids, src, dst, weight, is_weighted, directed, dim, options = random_case(rng)
        g = graph_of(ids, src, dst, weight, is_weighted, directed)
        expected, change = reference(ids, src, dst, weight, directed, dim, options)
        found = gr.fastrp(g, dim, **options).vectors
        assert found.shape == expected.shape
        assert found.dtype == np.float32
        error = np.linalg.norm(found - expected, axis=1)
        length = np.linalg.norm(expected, axis=1)
        assert (error <= change + 1e-30).all(), f"graph {case}, {dim}, {options}"
        sound = change <= 1e-4 * length
        assert (error[sound] <= 1e-5 * length[sound]).all(), f"graph {case}, {dim}, {options}"
        count["rows"] += len(ids)
        count["with terms that cancel"] += int((~sound & (length > 0)).sum())
        count["zero"] += int((length == 0).sum())
        count["compared to 1e-5"] += int((sound & (length > 0)).sum())
    print(dict(count))
    assert count["compared to 1e-5"] > 2 * count["with terms that cancel"]
    assert count["compared to 1e-5"] > 0.4 * count["rows"]


def test_half_precision_state_rounds_each_power_to_eleven_bits():
    rng = np.random.default_rng(1)
    src, dst = rng.integers(0, 80, (2, 900))
    ids, ones = np.arange(90), np.ones(900)
    distinct = np.unique(np.sort([src, dst], axis=0), axis=1)
    src, dst, weight = *distinct, ones[: distinct.shape[1]]
    g = graph_of(ids, src, dst, weight, False, False)
    expected, _ = fastrp(dense(90, src, dst, weight, False, "both"), projection(ids.tolist(), 64, 3, 0))
    found = gr.fastrp(g, 64, state="float16").vectors
    error = np.linalg.norm(found - expected, axis=1)
    # Four roundings of 2^-11 of the entries; a mean of k rows is about 1 / sqrt(k) as long as they are.
    assert 0 < error.max() < 4 * 2**-11 * 7.67 * 4
    assert gr.fastrp(g, 64, state="float16", dtype="float16").vectors.dtype == np.float16


@pytest.mark.parametrize("sparsity", [1, 3, 63.9, 64, 1000])
def test_the_projection_itself_is_the_hash_and_a_narrow_one_begins_a_wide_one(sparsity):
    ids = np.array([-5, 0, 1, 2**40])
    g = gr.Graph.from_edges((ids[:1], ids[1:2]), nodes=ids, directed=False)
    options = {"self_influence": 1.0, "weights": (0.0,), "normalize": False, "sparsity": sparsity, "seed": 9}
    wide = gr.fastrp(g, 200, **options).vectors
    assert (wide == projection(ids.tolist(), 200, sparsity, 9).astype(np.float32)).all()
    for dim in (1, 7, 16, 100):
        assert (gr.fastrp(g, dim, **options).vectors == wide[:, :dim]).all()


# --- golden vectors --------------------------------------------------------------------------------------------------

NAMED = {
    "a triangle with a tail, defaults": {
        "edges": [[0, 1], [1, 2], [2, 0], [2, 3]],
        "nodes": 5,
    },
    "weighted arcs, along them, hubs count less": {
        "edges": [[0, 1], [0, 2], [1, 2], [2, 0], [2, 3], [3, 3]],
        "arc_weights": [1.0, 0.5, 2.0, 3.0, 0.25, 1.5],
        "nodes": 4,
        "directed": True,
        "direction": "out",
        "strength": -0.64,
        "seed": 7,
    },
    "against arcs, lengths kept, the node itself": {
        "edges": [[0, 1], [0, 2], [1, 2], [2, 0], [2, 3]],
        "nodes": 4,
        "directed": True,
        "direction": "in",
        "weights": [1.0, -0.5],
        "self_influence": 0.25,
        "normalize": False,
        "sparsity": 1.0,
    },
    "arcs both ways, wide lanes": {
        "edges": [[0, 1], [0, 2], [1, 2], [2, 0], [2, 3]],
        "nodes": 4,
        "directed": True,
        "weights": [1.0, 1.0],
        "self_influence": 1.0,
        "sparsity": 64.0,
        "dim": 40,
    },
}
USUAL = {
    "directed": False,
    "arc_weights": [],
    "direction": "both",
    "dim": 18,
    "weights": list(DEFAULT),
    "strength": 0.0,
    "self_influence": 0.0,
    "normalize": True,
    "sparsity": 3.0,
    "seed": 0,
}


def golden_text():
    """The file of golden vectors: named graphs, and what the definition gives for them."""
    lines = [
        "# Small graphs and their FastRP vectors. Read by the tests of both languages.",
        "#",
        "# The numbers come from the definition in float64, written out in tests/oracle/test_fastrp_reference.py,",
        "# which writes this file when it is run as a program. Node v has the key v. `strength` is the power of the",
        "# degree that rows of the projection are scaled by. `vectors` are row after row.",
    ]
    for name, given in NAMED.items():
        case = {**USUAL, **given}
        src, dst = np.array(case["edges"]).T
        weight = np.array(case["arc_weights"] or np.ones(len(src)))
        matrix = dense(case["nodes"], src, dst, weight, case["directed"], case["direction"])
        start = projection(range(case["nodes"]), case["dim"], case["sparsity"], case["seed"])
        keywords = {key: case[key] for key in ("weights", "strength", "self_influence", "normalize")}
        vectors, _ = fastrp(matrix, start, **keywords)
        rows = [", ".join(f"{x:.9g}" for x in row) for row in vectors.round(9) + 0.0]
        lines += ["", "[[case]]", f'name = "{name}"']
        lines += [f"{key} = {_toml(value)}" for key, value in case.items()]
        lines += ["vectors = [", *(f"  {row}," for row in rows), "]"]
    return "\n".join(lines) + "\n"


def _toml(value):
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_golden_vectors_are_what_the_definition_gives():
    kept, now = (tomllib.loads(text)["case"] for text in (GOLDEN.read_text(encoding="utf-8"), golden_text()))
    for old, new in zip(kept, now, strict=True):
        assert np.allclose(old.pop("vectors"), new.pop("vectors"), rtol=0, atol=2e-9)
        assert old == new


@pytest.mark.parametrize("name", NAMED)
def test_vectors_are_the_golden_ones(name):
    cases = tomllib.loads(GOLDEN.read_text(encoding="utf-8"))["case"]
    case = next(case for case in cases if case["name"] == name)
    ends = np.array(case["edges"]).T
    weight = np.array(case["arc_weights"])
    g = graph_of(np.arange(case["nodes"]), *ends, weight, weight.size > 0, case["directed"])
    options = {
        key: case[key] for key in ("weights", "self_influence", "normalize", "sparsity", "direction", "seed")
    }
    found = gr.fastrp(g, case["dim"], normalization_strength=case["strength"], **options).vectors
    expected = np.array(case["vectors"]).reshape(found.shape)
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


# --- what nothing else may change ------------------------------------------------------------------------------------


def friends(seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(rng.integers(0, 400, (3_000, 2)), schema=["src", "dst"]).unique(maintain_order=True)


def test_a_row_depends_on_ids_and_arcs_not_on_order_or_threads(chosen_threads):
    edges = friends()
    first = gr.fastrp(gr.Graph.from_edges(edges), 48)
    for threads in (1, 2, 5):
        chosen_threads(threads)
        for frame in (edges.reverse(), edges.sample(fraction=1.0, shuffle=True, seed=3)):
            again = gr.fastrp(gr.Graph.from_edges(frame), 48)
            assert (again[first.ids].view(np.uint32) == first.vectors.view(np.uint32)).all()


HOW = {
    "defaults": {},
    "in blocks, twice": {"dim": 100, "memory_limit": 8_000_000},
    "all powers": {"weights": (1, 1, 1), "self_influence": 0.5, "normalization_strength": -0.5},
    "16 bits": {"state": "float16", "dtype": "float16"},
    "lengths as they are": {"normalize": False, "direction": "in"},
    "features": {"features": np.arange(40_000.0).reshape(20_000, 2) / 4e4, "feature_ratio": 0.5},
    "refined": {"refine": 1, "dim": 32},
    "kept powers": {"keep_powers": True, "dim": 64},
}


@pytest.mark.parametrize("case", HOW)
def test_threads_that_share_the_work_change_no_bit(case, chosen_threads):
    """240,000 arcs: work for eight threads in units of 2**15 arcs, and too long for the calling thread alone."""
    rng = np.random.default_rng(7)
    ends = rng.integers(0, 20_000, (2, 120_000)) ** 2 // 20_000  # some have many neighbours
    g = gr.Graph.from_edges((ends[0], ends[1]), nodes=np.arange(20_000))
    answers = []
    for threads in (1, 2, 5):
        chosen_threads(threads)
        answers.append(gr.fastrp(g, **HOW[case]).vectors.tobytes())
    assert answers[0] == answers[1] == answers[2]


def test_the_order_of_nodes_moves_rows_and_does_not_change_them():
    edges = friends()
    first = gr.fastrp(gr.Graph.from_edges(edges, directed=False), 32)
    shuffled = first.ids.sample(fraction=1.0, shuffle=True, seed=1)
    again = gr.fastrp(gr.Graph.from_edges(edges, directed=False, nodes=shuffled), 32)
    assert again.ids.to_list() == shuffled.to_list()
    # Neighbours are summed in the order of nodes: the same numbers, rounded in another order.
    assert np.abs(again[first.ids] - first.vectors).max() < 1e-5


def test_an_unrelated_component_changes_no_bit():
    edges = friends()
    first = gr.fastrp(gr.Graph.from_edges(edges), 32)
    more = pl.concat([edges, friends(seed=1) + 1_000])
    again = gr.fastrp(gr.Graph.from_edges(more), 32)
    assert len(again) > 1.5 * len(first)
    assert (again[first.ids].view(np.uint32) == first.vectors.view(np.uint32)).all()


def test_one_way_arcs_elsewhere_do_not_double_arcs_both_ways():
    edges = friends().filter(pl.col("src") != pl.col("dst"))
    mutual = pl.concat([edges, edges.select(src="dst", dst="src")]).unique(maintain_order=True)
    options = {"normalize": False, "normalization_strength": 0.5}
    first = gr.fastrp(gr.Graph.from_edges(mutual), 32, **options)
    one_way = pl.DataFrame({"src": [1_000, 1_001], "dst": [1_001, 1_002]})
    again = gr.fastrp(gr.Graph.from_edges(pl.concat([mutual, one_way])), 32, **options)
    assert (again[first.ids].view(np.uint32) == first.vectors.view(np.uint32)).all()


def test_no_limit_of_memory_changes_a_bit():
    g = gr.Graph.from_edges(friends(), directed=False)
    first = gr.fastrp(g, 130, self_influence=0.5)
    for limit in (200_000, 300_000, 1_000_000):
        again = gr.fastrp(g, 130, self_influence=0.5, memory_limit=limit)
        assert (again.vectors.view(np.uint32) == first.vectors.view(np.uint32)).all()


def test_seeds_give_unrelated_projections_whatever_their_distance():
    g = gr.Graph.from_edges((np.arange(200), np.arange(200)))
    options = {"self_influence": 1.0, "weights": (0.0,)}
    by_seed = [gr.fastrp(g, 256, seed=seed, **options).vectors for seed in (0, 1, 2, 2**63)]
    for i, a in enumerate(by_seed):
        for b in by_seed[:i]:
            # Cosines of independent rows of 256 columns deviate by 1/16; row i of one seed may be row i + 1 of none.
            assert np.abs(a @ b.T).max() < 6 / 16


if __name__ == "__main__":
    GOLDEN.write_text(golden_text(), encoding="utf-8")
