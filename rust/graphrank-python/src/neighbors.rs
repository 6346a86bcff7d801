//! Nearest neighbours at the boundary.

use graphrank::embedding::neighbors::{Metric, NeighborQuery, NeighborSearch, Neighbors, Queries, Vectors};
use numpy::{
    Element, IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use crate::convert::{optional_slice, slice};
use crate::error::{exception, to_python as error_to_python};
use crate::run::{RunOpts, run};

/// Products of a query and a row that are added up in the few nanoseconds of a unit.
const PRODUCTS_PER_UNIT: usize = 64;

type Array<'py, T> = Bound<'py, PyArray1<T>>;
type PyLists<'py> = (Array<'py, u64>, Array<'py, u32>, Array<'py, f64>);

/// A matrix of 32-bit floats, or of the bits of 16-bit ones.
#[derive(FromPyObject)]
pub(crate) enum Matrix<'py> {
    #[pyo3(transparent)]
    F32(PyReadonlyArray2<'py, f32>),
    #[pyo3(transparent)]
    F16(PyReadonlyArray2<'py, u16>),
}

/// Whose neighbours: rows of the vectors, or vectors.
#[derive(FromPyObject)]
pub(crate) enum QueryArray<'py> {
    #[pyo3(transparent)]
    Rows(PyReadonlyArray1<'py, u32>),
    #[pyo3(transparent)]
    Vectors(Matrix<'py>),
}

/// Vectors that Python holds, made ready to be searched.
#[pyclass(name = "NeighborSearch", module = "graphrank._core", frozen)]
pub(crate) struct PyNeighborSearch {
    search: NeighborSearch,
    vectors: Kept,
}

/// The arrays of [`Matrix`] while nobody reads them. Python keeps them from being written to.
enum Kept {
    F32(Py<PyArray2<f32>>),
    F16(Py<PyArray2<u16>>),
}

impl Kept {
    fn borrow<'py>(&self, py: Python<'py>) -> PyResult<Matrix<'py>> {
        Ok(match self {
            Self::F32(array) => Matrix::F32(array.bind(py).try_readonly()?),
            Self::F16(array) => Matrix::F16(array.bind(py).try_readonly()?),
        })
    }
}

#[pymethods]
impl PyNeighborSearch {
    #[staticmethod]
    fn prepare(py: Python<'_>, vectors: Matrix<'_>, metric: &str, how: RunOpts) -> PyResult<Self> {
        let metric = metric_of(py, metric)?;
        let rows = vectors.rows(py, "vectors")?;
        let units = rows.n_rows().saturating_mul(rows.dim()) / PRODUCTS_PER_UNIT;
        let make = |exec: &_| NeighborSearch::new(&rows, metric, exec);
        let search = run(py, how, units, "reading vectors", make)?;
        let vectors = match &vectors {
            Matrix::F32(array) => Kept::F32((**array).clone().unbind()),
            Matrix::F16(array) => Kept::F16((**array).clone().unbind()),
        };
        Ok(Self { search, vectors })
    }

    #[pyo3(signature = (queries, k, allowed, exclude_self, how))]
    fn nearest<'py>(
        &self,
        py: Python<'py>,
        queries: Option<QueryArray<'py>>,
        k: usize,
        allowed: Option<PyReadonlyArray1<'py, u32>>,
        exclude_self: bool,
        how: RunOpts,
    ) -> PyResult<PyLists<'py>> {
        let matrix = self.vectors.borrow(py)?;
        let vectors = matrix.rows(py, "vectors")?;
        let queries = whose(py, queries.as_ref())?;
        let query =
            NeighborQuery { queries, k, allowed: optional_slice(allowed.as_ref(), "allowed")?, exclude_self };
        let n_queries = match &query.queries {
            Queries::Rows(rows) => rows.len(),
            Queries::Vectors(vectors) => vectors.n_rows(),
            _ => vectors.n_rows(),
        };
        let n_rows = query.allowed.map_or(vectors.n_rows(), <[u32]>::len);
        let products = n_queries.saturating_mul(n_rows).saturating_mul(vectors.dim());
        let find = |exec: &_| self.search.nearest(&vectors, &query, exec);
        let found = run(py, how, products / PRODUCTS_PER_UNIT, "nearest neighbours", find)?;
        Ok(to_python(py, found))
    }

    #[pyo3(signature = (queries, k, allowed, exclude_self, offsets, rows, how))]
    fn rank<'py>(
        &self,
        py: Python<'py>,
        queries: Option<QueryArray<'py>>,
        k: usize,
        allowed: Option<PyReadonlyArray1<'py, u32>>,
        exclude_self: bool,
        offsets: PyReadonlyArray1<'py, u64>,
        rows: PyReadonlyArray1<'py, u32>,
        how: RunOpts,
    ) -> PyResult<PyLists<'py>> {
        let matrix = self.vectors.borrow(py)?;
        let vectors = matrix.rows(py, "vectors")?;
        let queries = whose(py, queries.as_ref())?;
        let query =
            NeighborQuery { queries, k, allowed: optional_slice(allowed.as_ref(), "allowed")?, exclude_self };
        let (offsets, rows) = (slice(&offsets, "offsets")?, slice(&rows, "rows")?);
        let units = rows.len().saturating_mul(vectors.dim()) / PRODUCTS_PER_UNIT;
        let rank = |exec: &_| self.search.rank(&vectors, &query, offsets, rows, exec);
        run(py, how, units, "nearest neighbours", rank).map(|ranked| to_python(py, ranked))
    }

    /// Bytes beside the vectors.
    #[getter]
    fn n_bytes(&self) -> usize {
        self.search.n_bytes()
    }
}

impl Matrix<'_> {
    fn rows(&self, py: Python<'_>, argument: &str) -> PyResult<Vectors<'_>> {
        let vectors = match self {
            Self::F32(array) => Vectors::new(elements(array, argument)?, array.shape()[1]),
            Self::F16(array) => Vectors::from_halves(elements(array, argument)?, array.shape()[1]),
        };
        vectors.map_err(|error| error_to_python(py, &error))
    }
}

fn whose<'a>(py: Python<'_>, queries: Option<&'a QueryArray<'_>>) -> PyResult<Queries<'a>> {
    Ok(match queries {
        None => Queries::All,
        Some(QueryArray::Rows(rows)) => Queries::Rows(slice(rows, "queries")?),
        Some(QueryArray::Vectors(matrix)) => Queries::Vectors(matrix.rows(py, "queries")?),
    })
}

fn to_python(py: Python<'_>, found: Neighbors) -> PyLists<'_> {
    (found.offsets.into_pyarray(py), found.rows.into_pyarray(py), found.scores.into_pyarray(py))
}

fn elements<'a, T: Element>(array: &'a PyReadonlyArray2<'_, T>, argument: &str) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| {
        let message = format!("`{argument}` must be contiguous; pass numpy.ascontiguousarray of it");
        exception(array.py(), "InvalidArgumentError", message)
    })
}

fn metric_of(py: Python<'_>, name: &str) -> PyResult<Metric> {
    match name {
        "cosine" => Ok(Metric::Cosine),
        "dot" => Ok(Metric::Dot),
        "l2" => Ok(Metric::L2),
        _ => {
            let message = format!(r#"`metric` must be "cosine", "dot" or "l2", got {name:?}"#);
            Err(exception(py, "InvalidArgumentError", message))
        }
    }
}
