//! Keys of nodes that are named by text, at the boundary.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::convert::slice;
use crate::run::{RunOpts, run};

/// Hashes so many bytes in the few nanoseconds of a unit.
const BYTES_PER_UNIT: usize = 16;

#[pyfunction]
#[pyo3(signature = (texts, offsets, how))]
pub(crate) fn text_keys<'py>(
    py: Python<'py>,
    texts: PyReadonlyArray1<'py, u8>,
    offsets: PyReadonlyArray1<'py, u64>,
    how: RunOpts,
) -> PyResult<Bound<'py, PyArray1<u64>>> {
    let (texts, offsets) = (slice(&texts, "texts")?, slice(&offsets, "offsets")?);
    let units = texts.len() / BYTES_PER_UNIT + offsets.len();
    let hash = |exec: &_| graphrank::text_keys(texts, offsets, exec);
    run(py, how, units, "hashing ids", hash).map(|keys| keys.into_pyarray(py))
}
