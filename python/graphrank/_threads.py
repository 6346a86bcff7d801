"""The number of threads the Rust core uses."""

from __future__ import annotations

from graphrank import _core
from graphrank._validate import positive_int
from graphrank.exceptions import InvalidArgumentError

__all__ = ["num_threads", "set_num_threads"]

_MOST = 1024
"""More threads than cores only cost memory; a number beyond this is a slip."""


def num_threads() -> int:
    """Number of threads graphrank works with.

    Returns
    -------
    int
        What :func:`set_num_threads` was given, else ``GRAPHRANK_NUM_THREADS``, else ``RAYON_NUM_THREADS``, else the
        number of cores this process may use.

    Examples
    --------
    >>> import graphrank as gr
    >>> gr.num_threads() >= 1
    True
    """
    return _core.num_threads()


def set_num_threads(n: int | None) -> None:
    """Choose the number of threads; results do not depend on it.

    Parameters
    ----------
    n
        From 1 to 1024. None goes back to the default described in :func:`num_threads`.

    Raises
    ------
    InvalidArgumentError
        If ``n`` is outside that range.
    InvalidTypeError
        If ``n`` is not a whole number.

    Examples
    --------
    >>> import graphrank as gr
    >>> gr.set_num_threads(1)
    >>> gr.num_threads()
    1
    >>> gr.set_num_threads(None)
    """
    if n is not None and positive_int("n", n) > _MOST:
        raise InvalidArgumentError(f"`n` must be at most {_MOST}, got {n}")
    _core.set_num_threads(n)
