"""Every error graphrank raises.

All derive from :class:`GraphRankError`; each also derives from the builtin a Python programmer would reach for, so
``except ValueError`` works as well as ``except graphrank.exceptions.InvalidArgumentError``.
"""

from __future__ import annotations

__all__ = [
    "ColumnNotFoundError",
    "CorruptFileError",
    "DidNotConvergeError",
    "ElementNotFoundError",
    "FileError",
    "FileMissingError",
    "GraphRankError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidDataError",
    "InvalidTypeError",
    "MissingDependencyError",
    "NetworkError",
    "NodeNotFoundError",
    "OutOfMemoryError",
    "TimedOutError",
]


class GraphRankError(Exception):
    """Base of every error raised by graphrank."""


class InvalidArgumentError(GraphRankError, ValueError):
    """An argument is outside what is allowed; the message names it, its value and the remedy."""


class InvalidTypeError(GraphRankError, TypeError):
    """An argument is of a kind that cannot be used here; the message lists the kinds that can."""


class InvalidDataError(GraphRankError, ValueError):
    """A row of a table or array cannot be used (null, NaN, out of range); the message names column and row."""


class _LookupError(GraphRankError, KeyError):
    """Shared by the lookups below: a KeyError prints the repr of its message, we want the message."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NodeNotFoundError(_LookupError):
    """An id that is not a node of the graph."""


class ElementNotFoundError(_LookupError):
    """An id that is not an element of the objective."""


class ColumnNotFoundError(_LookupError):
    """A column that does not exist; the message lists those that do."""


class CorruptFileError(GraphRankError, ValueError):
    """A file is truncated, altered or of another kind than its reader expects."""


class FileError(GraphRankError, OSError):
    """A file cannot be read or written; the message carries the operating system's reason."""


class FileMissingError(FileError, FileNotFoundError):
    """A file does not exist."""


class DidNotConvergeError(GraphRankError, ArithmeticError):
    """The requested tolerance was not reached; the message carries the error bound that was."""


class TimedOutError(GraphRankError, TimeoutError):
    """``timeout_s`` passed before the work was done."""


class OutOfMemoryError(GraphRankError, MemoryError):
    """An array would not fit; the message says how large it would have been."""


class MissingDependencyError(GraphRankError, ImportError):
    """An optional library is needed; the message carries the command that installs it."""


class NetworkError(GraphRankError, ConnectionError):
    """A peer does not answer, or an address cannot be used; the message carries the transport's reason."""


class InternalError(GraphRankError, RuntimeError):
    """A defect in graphrank itself. Objects stay usable; please report it with the message."""
