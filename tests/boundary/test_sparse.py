"""Sparse matrices put together by hand: what makes SciPy itself read outside its arrays is an error of ours."""

from __future__ import annotations

import pytest

# A 3 x 3 matrix with the entries (0, 1), (0, 2), (1, 0), broken in one place each.
BROKEN_CSR = {
    "a column index out of range": ("indices[1] = 3", "row 1", "3"),
    "a huge column index": ("indices[0] = 2**31 - 1", "row 0", str(2**31 - 1)),
    "a negative column index": ("indices[2] = -1", "row 2", "-1"),
    "the smallest column index": ("indices[2] = np.iinfo(indices.dtype).min", "row 2", "-"),
    "row pointers that fall": ("indptr[1], indptr[2] = 3, 2", "indptr", "2", "never fall"),
    "row pointers past the end": ("indptr[3] = 9", "indptr", "9"),
    "a row pointer in the middle past the end": ("indptr[1] = 2**30", "indptr", str(2**30)),
    "a negative row pointer": ("indptr[1] = -1", "indptr", "-1"),
    "row pointers that begin above 0": ("indptr[0] = 1", "indptr", "1", "0"),
    "a negative last row pointer": ("indptr[3] = -3", "indptr", "-3"),
    "too few row pointers": ("indptr = indptr[:3]", "3 rows", "3 row pointers"),
    "too many row pointers": ("indptr = np.append(indptr, indptr[-1])", "3 rows", "5 row pointers"),
    "no row pointers": ("indptr = indptr[:0]", "3 rows", "0 row pointers"),
    "too few values": ("data = data[:2]", "3 column indices", "2 values"),
    "too few column indices": ("indices = indices[:2]", "2 column indices", "3 values"),
    "a NaN": ("data[1] = np.nan", "entry (0, 2)", "nan"),
    "an infinite value": ("data[2] = np.inf", "entry (1, 0)", "inf"),
    "a negative value": ("data[2] = -0.5", "entry (1, 0)", "-0.5"),
}
MAKE_CSR = """
indptr, indices = np.array([0, 2, 3, 3], dtype), np.array([1, 2, 0], dtype)
data = np.array([1.0, 2.0, 3.0])
{breakage}
A = getattr(sparse, kind)((3, 3))
A.indptr, A.indices, A.data = indptr, indices, data
gr.Graph.from_scipy(A)
"""


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("case", BROKEN_CSR)
def test_a_malformed_csr_matrix_is_refused(probe, case, dtype):
    breakage, *words = BROKEN_CSR[case]
    kind = "csr_array" if dtype == "int32" else "csr_matrix"
    ended = probe(MAKE_CSR.format(breakage=breakage), dtype=dtype, kind=kind)
    ended.check_refused("InvalidDataError or InvalidArgumentError", *words)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("case", BROKEN_CSR)
def test_the_core_checks_the_arrays_of_a_matrix_itself(probe, case, dtype):
    code = (
        MAKE_CSR.partition("A =")[0].format(breakage=BROKEN_CSR[case][0])
        + "core.Graph.from_csr(indptr, indices, data, None, (None, None))"
    )
    shapes = ("too few row pointers", "too many row pointers")  # nothing to compare their number with
    ended = probe(code, dtype=dtype).check_alive()
    if case in shapes:
        assert ended.module in ("", "graphrank.exceptions")
    else:
        ended.check_refused("InvalidDataError or InvalidArgumentError")


OTHER_FORMATS = {
    "csc index out of range": "A = M.tocsc(); A.indices[0] = 7",
    "csc negative index": "A = M.tocsc(); A.indices[0] = -1",
    "csc falling pointers": "A = M.tocsc(); A.indptr[1] = 3; A.indptr[2] = 1",
    "csc pointers past the end": "A = M.tocsc(); A.indptr[-1] = 1000",
    "csc too few values": "A = M.tocsc(); A.data = A.data[:1]",
    "bsr index out of range": "A = M.tobsr((1, 1)); A.indices[0] = 7",
    "bsr pointers past the end": "A = M.tobsr((1, 1)); A.indptr[-1] = 1000",
    "coo row out of range": "A = M.tocoo(); A.row[0] = 3",
    "coo column out of range": "A = M.tocoo(); A.col[2] = 2**31 - 1",
    "coo row negative": "A = M.tocoo(); A.row[0] = -1",
    "coo too few columns": "A = M.tocoo(); A.coords = (A.row, A.col[:2])",
    "coo too few values": "A = M.tocoo(); A.data = A.data[:1]",
    "coo NaN": "A = M.tocoo(); A.data[0] = np.nan",
    "lil column out of range": "A = M.tolil(); A.rows[0] = [1, 5]",
    "lil column negative": "A = M.tolil(); A.rows[0] = [-7, 2]",
    "lil too few values": "A = M.tolil(); A.data[0] = [1.0]",
    "dok key out of range": "A = M.todok(); A._dict[(9, 9)] = 1.0",
}


@pytest.mark.parametrize("case", OTHER_FORMATS)
def test_a_malformed_matrix_of_another_format_is_refused(probe, case):
    start = "M = sparse.csr_array(np.array([[0, 1.0, 2], [3, 0, 0], [0, 0, 0]]))\n"
    code = start + OTHER_FORMATS[case] + "\nresult = gr.Graph.from_scipy(A).edges().rows()"
    probe(code).check_refused(
        "InvalidDataError or InvalidArgumentError", "matrix" if "NaN" not in case else "nan"
    )


OTHER_SHAPES = {
    "not square": ("sparse.csr_array((2, 3))", "InvalidArgumentError", "square", "(2, 3)"),
    "a vector": ("sparse.coo_array(np.ones(3))", "InvalidArgumentError", "square", "(3,)"),
    "complex": ("sparse.csr_array(np.eye(2) * 1j)", "InvalidTypeError", "complex128"),
    "dense": ("np.eye(3)", "InvalidTypeError", "ndarray"),
    "a frame": ("pl.DataFrame({'src': [1], 'dst': [2]})", "InvalidTypeError", "DataFrame"),
}


@pytest.mark.parametrize("case", OTHER_SHAPES)
def test_what_is_no_adjacency_matrix_is_refused(probe, case):
    code, *expected = OTHER_SHAPES[case]
    probe(f"gr.Graph.from_scipy({code})").check_refused(*expected)


def test_undirected_on_demand_needs_a_symmetric_matrix(probe):
    code = "gr.Graph.from_scipy(sparse.csr_array(np.array([[0, 1.0], [0, 0]])), directed=False)"
    probe(code).check_refused("InvalidArgumentError", "`directed`", "not symmetric", "directed=True")


def test_as_many_ids_as_rows_are_needed(probe):
    code = "gr.Graph.from_scipy(sparse.csr_array(np.eye(3)), nodes=['a', 'b'])"
    probe(code).check_refused("InvalidArgumentError", "`nodes`", "2", "3")


@pytest.mark.parametrize("n", [2**32 - 1, 2**40, 2**62])
@pytest.mark.parametrize("form", ["coo", "dok", "dia"])
def test_a_matrix_with_more_rows_than_a_graph_has_nodes_is_refused(probe, n, form):
    """Converting such a matrix would need tens of gigabytes for row pointers alone."""
    make = {
        "coo": f"sparse.coo_array((np.ones(1), ([0], [1])), shape=({n}, {n}))",
        "dok": f"sparse.dok_array(({n}, {n}))",
        "dia": f"sparse.dia_array((np.ones((1, 2)), [1]), shape=({n}, {n}))",
    }
    code = f"""
import resource
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
gr.Graph.from_scipy({make[form]})
"""
    probe(code).check_refused("InvalidArgumentError or OutOfMemoryError", str(n))


def test_the_caller_s_matrix_is_never_written_to(probe):
    code = """
result = []
for form in ("csr", "csc", "coo", "bsr", "lil", "dok", "dia"):
    A = sparse.coo_array((np.array([1.0, 2, 3, 4]), ([0, 0, 1, 0], [2, 1, 0, 2])), shape=(3, 3)).asformat(form)
    before = {k: v.copy() for k, v in vars(A).items() if isinstance(v, np.ndarray)}
    for v in vars(A).values():
        if isinstance(v, np.ndarray) and form != "lil":  # SciPy itself cannot read a LIL matrix that is read-only
            v.flags.writeable = False
    gr.Graph.from_scipy(A)
    result.append(all(np.array_equal(before[k], vars(A)[k]) for k in before))
"""
    assert probe(code).check_done().value == repr([True] * 7)
