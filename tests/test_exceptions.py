"""Errors: one base, a builtin beside it, and messages that print as they are."""

from __future__ import annotations

import inspect
import pickle

import pytest

import graphrank as gr
from graphrank import exceptions

BUILTINS = {
    "ColumnNotFoundError": KeyError,
    "CorruptFileError": ValueError,
    "DidNotConvergeError": ArithmeticError,
    "ElementNotFoundError": KeyError,
    "FileError": OSError,
    "FileMissingError": FileNotFoundError,
    "GraphRankError": Exception,
    "InternalError": RuntimeError,
    "InvalidArgumentError": ValueError,
    "InvalidDataError": ValueError,
    "InvalidTypeError": TypeError,
    "MissingDependencyError": ImportError,
    "NetworkError": ConnectionError,
    "NodeNotFoundError": KeyError,
    "OutOfMemoryError": MemoryError,
    "TimedOutError": TimeoutError,
}


def test_every_error_is_listed():
    assert sorted(BUILTINS) == sorted(exceptions.__all__)
    defined = {name for name, thing in vars(exceptions).items() if inspect.isclass(thing) and name[0] != "_"}
    assert defined == set(BUILTINS)


@pytest.mark.parametrize("name", sorted(BUILTINS))
def test_an_error_is_ours_and_a_builtin(name):
    kind = getattr(exceptions, name)
    assert issubclass(kind, exceptions.GraphRankError)
    assert issubclass(kind, BUILTINS[name])
    assert str(kind("what to do")) == "what to do", "the message is shown as it is"
    assert str(pickle.loads(pickle.dumps(kind("what to do")))) == "what to do"  # noqa: S301


def test_builtins_catch_our_errors():
    g = gr.Graph.from_edges(([1], [2]))
    with pytest.raises(KeyError, match="99"):
        g.neighbors(99)
    with pytest.raises(ValueError, match="damping"):
        gr.pagerank(g, damping=2)
    with pytest.raises(TypeError, match="Float64"):
        gr.Graph.from_edges(([0.5], [1.5]))
    with pytest.raises(FileNotFoundError, match="gone"):
        gr.Graph.load("gone.graph")


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'page_rank'"):
        gr.page_rank  # noqa: B018
