//! NumPy arrays in and out.

use graphrank::Duplicates;
use numpy::{Element, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::{PyClass, pyclass::boolean_struct::True};

use crate::error::exception;

/// A column of integer ids, as it lies in the caller's memory.
#[derive(FromPyObject)]
pub(crate) enum IntColumn<'py> {
    #[pyo3(transparent)]
    I64(PyReadonlyArray1<'py, i64>),
    #[pyo3(transparent)]
    I32(PyReadonlyArray1<'py, i32>),
    #[pyo3(transparent)]
    U32(PyReadonlyArray1<'py, u32>),
    #[pyo3(transparent)]
    U64(PyReadonlyArray1<'py, u64>),
}

/// An index array of SciPy, which uses either width.
#[derive(FromPyObject)]
pub(crate) enum IndexArray<'py> {
    #[pyo3(transparent)]
    I32(PyReadonlyArray1<'py, i32>),
    #[pyo3(transparent)]
    I64(PyReadonlyArray1<'py, i64>),
}

/// The elements of a contiguous array.
pub(crate) fn slice<'a, T: Element>(array: &'a PyReadonlyArray1<'_, T>, argument: &str) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| {
        let message = format!("`{argument}` must be contiguous; pass numpy.ascontiguousarray of it");
        exception(array.py(), "InvalidArgumentError", message)
    })
}

/// The elements of a contiguous array that may be missing.
pub(crate) fn optional_slice<'a, T: Element>(
    array: Option<&'a PyReadonlyArray1<'_, T>>,
    argument: &str,
) -> PyResult<Option<&'a [T]>> {
    array.map(|array| slice(array, argument)).transpose()
}

/// A read-only NumPy view of an array inside `owner`, which never changes and which the view keeps alive.
pub(crate) fn view<'py, T, O>(
    owner: &Bound<'py, O>,
    data: impl FnOnce(&O) -> &[T],
) -> PyResult<Bound<'py, PyArray1<T>>>
where
    T: Element,
    O: PyClass<Frozen = True> + Sync,
{
    let data = numpy::ndarray::ArrayView1::from(data(owner.get()));
    // SAFETY: the memory belongs to `owner`, which is frozen and lives as long as the array does; the array is made
    // read-only before anyone sees it.
    #[expect(unsafe_code, reason = "views without copying; accessors of graphs of gigabytes must not copy")]
    let array = unsafe { PyArray1::borrow_from_array(&data, owner.clone().into_any()) };
    // Not by `readwrite()`: that panics while a running call borrows another view of the same memory.
    array.call_method1("setflags", (false,))?;
    Ok(array)
}

/// The rule for parallel edges by its Python name.
pub(crate) fn duplicates(py: Python<'_>, name: &str) -> PyResult<Duplicates> {
    match name {
        "sum" => Ok(Duplicates::Sum),
        "first" => Ok(Duplicates::First),
        "max" => Ok(Duplicates::Max),
        "error" => Ok(Duplicates::Error),
        _ => {
            let message = format!(r#"`duplicates` must be "sum", "first", "max" or "error", got {name:?}"#);
            Err(exception(py, "InvalidArgumentError", message))
        }
    }
}
