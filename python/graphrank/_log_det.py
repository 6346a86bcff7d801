"""Elements that differ: the volume that their vectors span."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrank import _core
from graphrank._element_ids import ElementIndex
from graphrank._objective import Objective
from graphrank._relation import row_ids
from graphrank._run import QUIET
from graphrank._validate import positive_number
from graphrank._vector_table import vector_table
from graphrank.exceptions import InvalidArgumentError

__all__ = ["LogDet"]


class LogDet(Objective):
    """The logarithm of the determinant of I + alpha K, where K is the kernel of the picks.

    It is the information that picked points give about a Gaussian process, and grows with how much they differ.

    Parameters
    ----------
    kernel
        A symmetric positive semidefinite array with a row and a column per element; or an ``Embedding``, whose inner
        products are the kernel.
    alpha
        What the kernel counts, above 0: the lower, the less it matters that picks differ.
    elements
        The ids of the rows; None numbers them.

    Raises
    ------
    InvalidArgumentError
        If ``alpha`` is not above 0, or the kernel is not square.
    InvalidDataError
        If a number is NaN or infinite, or a row of the kernel is not symmetric; the message names the row. That the
        kernel is not positive semidefinite is seen, and raised, when picks show it.

    Notes
    -----
    A kernel takes 8 bytes per pair of elements; vectors (see :meth:`from_vectors`) 4 bytes per number, and their kernel
    is never stored. A gain with t picks takes O(t**2).

    Examples
    --------
    >>> import numpy as np
    >>> from graphrank.submodular import LogDet
    >>> kernel = np.array([[3.0, 3.0, 0.0], [3.0, 3.0, 0.0], [0.0, 0.0, 3.0]])
    >>> objective = LogDet(kernel, elements=["a", "twin of a", "b"])
    >>> [round(objective.value(["a", other]), 3) for other in ("twin of a", "b")]
    [1.946, 2.773]
    """

    __slots__ = ()

    def __init__(self, kernel: Any, *, alpha: float = 1.0, elements: Any = None) -> None:
        scale = positive_number("alpha", alpha)
        if hasattr(kernel, "vectors") and hasattr(kernel, "ids"):
            self._read_vectors(kernel, scale, elements)
            return
        matrix = _array(kernel, "kernel", np.float64)
        if matrix.shape[0] != matrix.shape[1]:
            raise InvalidArgumentError(
                f"`kernel` must have a row and a column per element, got {matrix.shape[0]} x {matrix.shape[1]}; of "
                "vectors make LogDet.from_vectors"
            )
        index = row_ids(len(matrix), elements)
        note = f"alpha {scale:g}"
        self._make(index, _core.SubmodularObjective.log_det, matrix, scale, QUIET, note=note)

    @classmethod
    def from_vectors(cls, vectors: Any, *, alpha: float = 1.0, elements: Any = None) -> LogDet:
        """From vectors whose inner products are the kernel.

        Parameters
        ----------
        vectors
            An ``Embedding``, a 2-D array with a row per element, or a frame with the columns ``node`` and
            ``embedding``.
        alpha
            As for :class:`LogDet`.
        elements
            The ids of the rows of an array; None numbers them.

        Examples
        --------
        >>> import numpy as np
        >>> from graphrank.submodular import LogDet
        >>> round(LogDet.from_vectors(np.eye(3)).value([0, 1]), 3)
        1.386
        """
        objective = object.__new__(cls)
        objective._read_vectors(vectors, positive_number("alpha", alpha), elements)
        return objective

    def _read_vectors(self, vectors: Any, alpha: float, elements: Any) -> None:
        if isinstance(vectors, np.ndarray):
            index, matrix = row_ids(len(vectors), elements), _array(vectors, "vectors", np.float32)
        else:
            table = vector_table(vectors)
            if elements is not None:
                raise InvalidArgumentError("these vectors have ids of their own: leave out `elements`")
            index, matrix = ElementIndex(table.index.ids), table.matrix
            if matrix.dtype == np.uint16:
                matrix = matrix.view(np.float16).astype(np.float32)
        make = _core.SubmodularObjective.log_det_of_vectors
        self._make(index, make, matrix, alpha, QUIET, note=f"{matrix.shape[1]:,} columns, alpha {alpha:g}")


def _array(values: Any, what: str, dtype: Any) -> NDArray[Any]:
    matrix = np.asarray(values)
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiub":
        raise InvalidArgumentError(
            f"`{what}` must hold real numbers in 2 dimensions, got {matrix.dtype} in {matrix.ndim}"
        )
    return np.ascontiguousarray(matrix, dtype=dtype)
