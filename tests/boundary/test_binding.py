"""The compiled module and its stub agree, its classes are frozen, and it checks what it is given."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest

import graphrank
from graphrank import _core
from graphrank.exceptions import GraphRankError

PACKAGE = Path(inspect.getfile(graphrank)).parent
QUIET = (None, None)


def stub():
    """The module's names and the members of its classes, as the stub lists them."""
    body = ast.parse((PACKAGE / "_core.pyi").read_text(encoding="utf-8")).body
    names = {n.name for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef)} | {"__version__"}
    classes = {
        n.name: {m.name for m in n.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("__")}
        for n in body
        if isinstance(n, ast.ClassDef)
    }
    return names, classes


def test_the_stub_lists_exactly_what_the_module_has():
    names, classes = stub()
    private = {"__all__", "__doc__", "__file__", "__loader__", "__name__", "__package__", "__spec__"}
    assert set(dir(_core)) - private == names
    for name, members in classes.items():
        assert {m for m in dir(getattr(_core, name)) if not m.startswith("__")} == members


def test_everything_in_the_compiled_module_is_used_by_the_package():
    names, classes = stub()
    text = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py"))
    wanted = {n for n in names if not n.startswith("_")} | {
        m for members in classes.values() for m in members
    }
    unused = [name for name in wanted if f"_core.{name}" not in text and f".{name}" not in text]
    assert unused == []


def test_compiled_classes_are_frozen():
    graph = graphrank.Graph.from_edges(([1], [2]))._inner
    for name in (*stub()[1]["Graph"], "colour"):
        with pytest.raises(AttributeError):
            setattr(graph, name, 1)
    with pytest.raises(TypeError):
        _core.Graph()
    with pytest.raises(TypeError):
        type("Sub", (_core.Graph,), {})


def arrays(**changes):
    """Arguments of a sound ``pagerank`` call, some replaced."""
    sound = {
        "graph": graphrank.Graph.from_edges(([0, 1], [1, 2]))._inner,
        "offsets": np.array([0, 1], np.uint64),
        "nodes": np.zeros(1, np.uint32),
        "weights": np.ones(1),
        "damping": 0.85,
        "tol": 1e-8,
        "dangling": "restart",
        "method": "auto",
        "top_k": None,
        "stop": "tolerance",
        "memory_limit": None,
        "how": QUIET,
    }
    return (sound | changes).values()


BAD = {
    "offsets past the end": {"offsets": np.array([0, 5], np.uint64)},
    "offsets that fall": {"offsets": np.array([0, 1, 0, 1], np.uint64)},
    "huge offsets": {"offsets": np.array([0, 2**63], np.uint64)},
    "no offsets": {"offsets": np.empty(0, np.uint64)},
    "a node out of range": {"nodes": np.array([3], np.uint32)},
    "the largest node": {"nodes": np.array([2**32 - 1], np.uint32)},
    "too few weights": {"weights": np.empty(0)},
    "strided weights": {"weights": np.ones(4)[::4], "nodes": np.zeros(2, np.uint32)[::2]},
    "an empty query": {"offsets": np.array([0, 0, 1], np.uint64)},
    "NaN weight": {"weights": np.array([np.nan])},
    "damping": {"damping": 1.0},
    "dangling": {"dangling": "x"},
    "method": {"method": "x"},
    "top_k": {"top_k": 0},
    "stop": {"stop": "x"},
    "a negative time": {"how": (None, -1.0)},
    "an infinite time": {"how": (None, np.inf)},
}


@pytest.mark.parametrize("case", BAD)
def test_the_core_trusts_no_array(case):
    if case == "strided weights":  # one element is contiguous whatever its stride
        assert _core.pagerank(*arrays(**BAD[case]))[2].shape == (1, 3)
        return
    with pytest.raises(GraphRankError):
        _core.pagerank(*arrays(**BAD[case]))


@pytest.mark.parametrize("codes", [[3], [2**32 - 1], [0, 0]])
def test_the_core_refuses_codes_that_are_no_subset(codes):
    graph = graphrank.Graph.from_edges(([0, 1], [1, 2]))._inner
    with pytest.raises(GraphRankError, match="nodes"):
        graph.subgraph(np.array(codes, np.uint32), QUIET)


def test_the_core_refuses_edges_beyond_its_nodes():
    ends = [np.array([0, 5], np.uint32), np.array([1, 1], np.uint32)]
    for src, dst in (ends, ends[::-1]):
        with pytest.raises(GraphRankError, match="row 1"):
            _core.Graph.from_codes(5, src, dst, None, True, "sum", True, QUIET)
    with pytest.raises(GraphRankError, match="dst"):
        _core.Graph.from_codes(9, ends[0], ends[1][:1], None, True, "sum", True, QUIET)
    with pytest.raises(GraphRankError, match="weight"):
        _core.Graph.from_codes(9, *ends, np.ones(1), True, "sum", True, QUIET)
    with pytest.raises(GraphRankError, match="contiguous"):
        _core.Graph.from_codes(9, np.zeros(4, np.uint32)[::2], ends[1], None, True, "sum", True, QUIET)
