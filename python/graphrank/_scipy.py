"""SciPy sparse matrices in and out.

A malformed matrix makes SciPy itself read outside its arrays (a crash, not an exception), so everything is checked
before SciPy is asked to convert; a CSR matrix goes to the core as it is, and the core checks it. The caller's arrays
are never written to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrank import _core
from graphrank._optional import import_optional, loaded
from graphrank._typing import How
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError, OutOfMemoryError

if TYPE_CHECKING:
    from graphrank.graph import Graph

__all__ = ["check_n_rows", "coordinates", "core_from_scipy", "is_scipy", "scipy_from_graph"]

_MOST_NODES = 2**32 - 2


def is_scipy(matrix: Any) -> bool:
    """True for a SciPy sparse array or matrix; does not import SciPy."""
    sparse = loaded("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(matrix))


def core_from_scipy(matrix: Any, directed: bool | None, how: How) -> _core.Graph:
    """The core graph whose edge i -> j is the stored entry (i, j)."""
    if not is_scipy(matrix):
        raise InvalidTypeError(f"expected a SciPy sparse array or matrix, got {type(matrix).__name__}")
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InvalidArgumentError(f"the matrix of a graph is square, got shape {matrix.shape}")
    check_n_rows(matrix.shape[0], "the matrix")
    indptr, indices, data = _csr_arrays(_to_csr(matrix))
    values = _weights(data, indptr, indices)
    if values is None or not np.all(values == 1):
        return _core.Graph.from_csr(indptr, indices, values, directed, how)
    # All ones: an unweighted graph, unless an entry is stored twice and the two add up to 2.
    unweighted = _core.Graph.from_csr(indptr, indices, None, directed, how)
    if len(unweighted.targets()) == len(indices):
        return unweighted
    return _core.Graph.from_csr(indptr, indices, values, directed, how)


def coordinates(matrix: Any) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float64] | None]:
    """Row, column and weight of every stored entry; no weights for a matrix of booleans."""
    for n in matrix.shape:
        check_n_rows(n, "the matrix")
    indptr, indices, data = _csr_arrays(_to_csr(matrix))
    values = _weights(data, indptr, indices)
    lengths = np.diff(indptr)
    if indptr[0] != 0 or indptr[-1] != len(indices) or (lengths < 0).any():
        raise InvalidDataError(
            "the row pointers of the matrix do not rise from 0 to the number of its entries"
        )
    if indices.size and not (indices.min() >= 0 and indices.max() < matrix.shape[1]):
        k = int(np.flatnonzero((indices < 0) | (indices >= matrix.shape[1]))[0])
        raise InvalidDataError(
            f"entry {k} of the matrix has column index {indices[k]}; the matrix has {matrix.shape[1]} columns"
        )
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.uint32), lengths)
    return rows, indices.astype(np.uint32), values


def check_n_rows(n: int, what: str) -> None:
    """Refuse more rows than a graph has nodes, before SciPy reserves memory for row pointers."""
    if n > _MOST_NODES:
        raise InvalidArgumentError(f"{what} has {n} rows; a graph has at most {_MOST_NODES} nodes")


def _to_csr(matrix: Any) -> Any:
    """The matrix in CSR form: itself, unchecked, if it is CSR; else converted once it is known to be well-formed."""
    if matrix.format == "csr":
        return matrix
    try:
        if matrix.format in ("csc", "bsr"):
            # check_format() trims the arrays of the object it is called on: call it on a second object.
            parts = (matrix.data, matrix.indices, matrix.indptr)
            matrix = type(matrix)(parts, shape=matrix.shape, copy=False)
            matrix.check_format(full_check=True)
            return matrix.tocsr()
        if matrix.format == "lil":
            _check_lists(matrix)
        coo = matrix.tocoo()
    except MemoryError as error:
        raise OutOfMemoryError(
            f"the {matrix.format} matrix does not fit into memory as csr: {error}"
        ) from error
    except (ValueError, TypeError, IndexError) as error:
        raise InvalidDataError(f"the {matrix.format} matrix is malformed: {error}") from error
    _check_coordinates(coo)
    return coo.tocsr()


def _check_lists(lil: Any) -> None:
    """SciPy fills in whatever memory holds where a row has fewer values than column indices."""
    for i, (columns, values) in enumerate(zip(lil.rows, lil.data, strict=True)):
        if len(columns) != len(values):
            raise InvalidDataError(
                f"row {i} of the matrix has {len(columns)} column indices and {len(values)} values"
            )


def _check_coordinates(coo: Any) -> None:
    n = coo.shape[0]
    if not len(coo.row) == len(coo.col) == len(coo.data):
        raise InvalidDataError(
            f"the matrix has {len(coo.row)} row indices, {len(coo.col)} column indices and {len(coo.data)} values"
        )
    for name, at in (("row", coo.row), ("column", coo.col)):
        if at.size and not (at.min() >= 0 and at.max() < n):
            k = int(np.flatnonzero((at < 0) | (at >= n))[0])
            raise InvalidDataError(
                f"entry {k} of the matrix has {name} index {at[k]}; the matrix has {n} {name}s"
            )


def _csr_arrays(csr: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """``indptr``, ``indices`` and ``data`` of one index dtype, cut to the entries that are in use."""
    dtype = np.promote_types(csr.indptr.dtype, csr.indices.dtype)
    if dtype not in (np.int32, np.int64):
        raise InvalidTypeError(f"the index arrays of the matrix are {dtype}; int32 and int64 can be used")
    indptr = np.ascontiguousarray(csr.indptr, dtype=dtype)
    indices = np.ascontiguousarray(csr.indices, dtype=dtype)
    if len(indptr) != csr.shape[0] + 1:
        raise InvalidDataError(f"the matrix has {csr.shape[0]} rows but {len(indptr)} row pointers")
    used = int(indptr[-1])
    if len(csr.data) != len(indices) and not 0 <= used <= min(len(indices), len(csr.data)):
        raise InvalidDataError(f"the matrix has {len(indices)} column indices and {len(csr.data)} values")
    if 0 <= used <= len(indices):
        return indptr, indices[:used], csr.data[:used]
    return indptr, indices, csr.data  # malformed: the core says how


def _weights(data: NDArray[Any], indptr: NDArray[Any], indices: NDArray[Any]) -> NDArray[np.float64] | None:
    """The entries as float64, None for a matrix of booleans."""
    if data.dtype == np.bool_:
        return None
    if data.dtype.kind not in "iuf":
        raise InvalidTypeError(f"the matrix holds {data.dtype} values; weights must be real numbers")
    values = np.ascontiguousarray(data, dtype=np.float64)
    if values.size and not (values.min() >= 0 and values.max() < np.inf):
        k = int(np.flatnonzero(~((values >= 0) & np.isfinite(values)))[0])
        row = int(np.searchsorted(indptr, k, side="right")) - 1
        raise InvalidDataError(
            f"entry ({row}, {indices[k]}) of the matrix is {values[k]}; a weight is a finite number of at least 0"
        )
    return values


def scipy_from_graph(graph: Graph) -> Any:
    """A canonical ``csr_array`` of float64 that shares no memory with the graph."""
    sparse = import_optional("scipy.sparse", "Graph.to_scipy()")
    inner, n = graph._inner, graph.n_nodes
    offsets, targets, weights = inner.offsets(), inner.targets(), inner.weights()
    index_dtype = np.int32 if max(n, len(targets)) < 2**31 else np.int64
    data = np.ones(len(targets)) if weights is None else weights.copy()
    matrix = sparse.csr_array((data, targets.astype(index_dtype), offsets.astype(index_dtype)), shape=(n, n))
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix
