//! Files of named arrays at the boundary.

use std::path::PathBuf;

use graphrank::Exec;
use graphrank::io::Archive;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::convert::{slice, view};
use crate::error::to_python;
use crate::run::{RunOpts, run};

/// An open archive that Python holds.
#[pyclass(name = "Archive", module = "graphrank._core", frozen)]
pub(crate) struct PyArchive {
    archive: Archive,
}

#[pymethods]
impl PyArchive {
    #[staticmethod]
    fn open(py: Python<'_>, kind: &str, path: PathBuf, how: RunOpts) -> PyResult<Self> {
        let open = |exec: &Exec| Archive::open(kind, &path, exec);
        run(py, how, usize::MAX, "opening file", open).map(|archive| Self { archive })
    }

    fn part<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Bound<'py, PyArray1<u8>>> {
        slf.get().archive.part(name).map_err(|error| to_python(slf.py(), &error))?;
        view(slf, |this| this.archive.part(name).unwrap_or(&[]))
    }
}

#[pyfunction]
#[pyo3(signature = (kind, parts, path, how))]
pub(crate) fn save_archive(
    py: Python<'_>,
    kind: &str,
    parts: Vec<(String, PyReadonlyArray1<'_, u8>)>,
    path: PathBuf,
    how: RunOpts,
) -> PyResult<()> {
    let slices = parts.iter().map(|(name, bytes)| Ok((name.as_str(), slice(bytes, name)?)));
    let slices = slices.collect::<PyResult<Vec<_>>>()?;
    run(py, how, usize::MAX, "saving file", |exec| Archive::save(kind, &slices, &path, exec))
}
