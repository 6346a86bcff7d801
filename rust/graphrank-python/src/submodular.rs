//! Objectives and greedy selection at the boundary.

use std::sync::Arc;

use graphrank::submodular::{
    self, Callable, Concave, ConcaveSums, Coverage, DenseFacilityLocation, FacilityLocation, GraphCut,
    LogDet, MaximizeParams, Method, Mixture, Objective, OnViolation, Quotas, Selection, Triples,
};
use graphrank::{Exec, Result};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::convert::{optional_slice, slice};
use crate::error::{exception, to_python};
use crate::graph::PyGraph;
use crate::run::{RunOpts, run, run_here};
use crate::submodular_callable::PyOracle;

/// Work per entry of a table, and per gain that is asked for, in units of a few nanoseconds.
const UNITS: usize = 10;

pub(crate) type Array<'py, T> = Bound<'py, PyArray1<T>>;
/// Elements, gains, value, upper bound, how often the objective was asked.
pub(crate) type PySelection<'py> = (Array<'py, u32>, Array<'py, f64>, f64, f64, u64);

/// The group of every element, the least and the most picks of each group.
#[derive(FromPyObject)]
pub(crate) struct PyQuotas<'py>(PyReadonlyArray1<'py, u32>, Vec<u32>, Vec<u32>);

impl PyQuotas<'_> {
    pub(crate) fn read(self, py: Python<'_>) -> PyResult<Quotas> {
        let groups = slice(&self.0, "groups")?.to_vec();
        Quotas::new(groups, self.1, self.2).map_err(|error| to_python(py, &error))
    }
}

/// Entries of a table: how many elements and columns there are; element, column and value of each entry.
#[derive(FromPyObject)]
pub(crate) struct Entries<'py>(
    usize,
    usize,
    PyReadonlyArray1<'py, u32>,
    PyReadonlyArray1<'py, u32>,
    Option<PyReadonlyArray1<'py, f64>>,
);

impl Entries<'_> {
    fn triples(&self) -> PyResult<Triples<'_>> {
        let Self(n_rows, n_columns, rows, columns, values) = self;
        Ok(Triples {
            n_rows: *n_rows,
            n_columns: *n_columns,
            rows: slice(rows, "elements")?,
            columns: slice(columns, "columns")?,
            values: optional_slice(values.as_ref(), "values")?,
        })
    }
}

/// A function that Python maximises. It never changes.
#[pyclass(name = "SubmodularObjective", module = "graphrank._core", frozen)]
pub(crate) struct PyObjective {
    objective: Arc<dyn Objective>,
}

impl PyObjective {
    pub(crate) fn shared(&self) -> Arc<dyn Objective> {
        Arc::clone(&self.objective)
    }

    /// Runs work on the objective, estimated at `units`: on this thread if it asks functions of the caller's.
    pub(crate) fn run<T: Send>(
        &self,
        py: Python<'_>,
        how: RunOpts,
        units: usize,
        label: &'static str,
        work: impl FnOnce(&Exec) -> Result<T> + Send,
    ) -> PyResult<T> {
        if self.objective.is_parallel() {
            run(py, how, units, label, work)
        } else {
            run_here(py, how, label, work)
        }
    }

    fn make<O: Objective + 'static>(
        py: Python<'_>,
        how: RunOpts,
        n_entries: usize,
        make: impl FnOnce(&Exec) -> Result<O> + Send,
    ) -> PyResult<Self> {
        let objective = run(py, how, n_entries.saturating_mul(UNITS), "reading objective", make)?;
        Ok(Self { objective: Arc::new(objective) })
    }
}

#[pymethods]
impl PyObjective {
    #[staticmethod]
    fn coverage(
        py: Python<'_>,
        entries: Entries<'_>,
        weights: Option<PyReadonlyArray1<'_, f64>>,
        how: RunOpts,
    ) -> PyResult<Self> {
        let (sets, weights) = (entries.triples()?, optional_slice(weights.as_ref(), "weights")?);
        Self::make(py, how, sets.rows.len(), |exec| Coverage::new(sets, weights, exec))
    }

    #[staticmethod]
    fn neighbor_coverage(
        py: Python<'_>,
        graph: &PyGraph,
        is_closed: bool,
        weights: Option<PyReadonlyArray1<'_, f64>>,
        how: RunOpts,
    ) -> PyResult<Self> {
        let (graph, weights) = (graph.graph(), optional_slice(weights.as_ref(), "weights")?);
        Self::make(py, how, graph.n_arcs(), |exec| Coverage::of_neighbors(graph, is_closed, weights, exec))
    }

    #[staticmethod]
    fn probabilistic_coverage(
        py: Python<'_>,
        entries: Entries<'_>,
        weights: Option<PyReadonlyArray1<'_, f64>>,
        how: RunOpts,
    ) -> PyResult<Self> {
        let (chances, weights) = (entries.triples()?, optional_slice(weights.as_ref(), "weights")?);
        Self::make(py, how, chances.rows.len(), |exec| ConcaveSums::probabilistic(chances, weights, exec))
    }

    #[staticmethod]
    fn facility_location(
        py: Python<'_>,
        entries: Entries<'_>,
        weights: Option<PyReadonlyArray1<'_, f64>>,
        how: RunOpts,
    ) -> PyResult<Self> {
        let (similar, weights) = (entries.triples()?, optional_slice(weights.as_ref(), "weights")?);
        Self::make(py, how, similar.rows.len(), |exec| FacilityLocation::new(similar, weights, exec))
    }

    #[staticmethod]
    fn dense_facility_location(
        py: Python<'_>,
        similarities: PyReadonlyArray2<'_, f32>,
        how: RunOpts,
    ) -> PyResult<Self> {
        let [n_elements, n_clients] = [similarities.shape()[0], similarities.shape()[1]];
        let entries = entries_of(&similarities, "similarities")?;
        let make = |exec: &Exec| DenseFacilityLocation::new(n_elements, n_clients, entries, exec);
        Self::make(py, how, entries.len(), make)
    }

    #[staticmethod]
    fn query_facility_location(
        py: Python<'_>,
        entries: Entries<'_>,
        eta: f64,
        how: RunOpts,
    ) -> PyResult<Self> {
        let similar = entries.triples()?;
        let make = |exec: &Exec| submodular::query_facility_location(similar, eta, exec);
        Self::make(py, how, similar.rows.len(), make)
    }

    #[staticmethod]
    fn saturated_coverage(
        py: Python<'_>,
        entries: Entries<'_>,
        saturation: f64,
        weights: Option<PyReadonlyArray1<'_, f64>>,
        how: RunOpts,
    ) -> PyResult<Self> {
        let (similar, weights) = (entries.triples()?, optional_slice(weights.as_ref(), "weights")?);
        let make = |exec: &Exec| ConcaveSums::saturated(similar, saturation, weights, exec);
        Self::make(py, how, similar.rows.len(), make)
    }

    /// `power` is that of "power".
    #[staticmethod]
    fn feature_based(
        py: Python<'_>,
        entries: Entries<'_>,
        weights: Option<PyReadonlyArray1<'_, f64>>,
        concave: &str,
        power: f64,
        how: RunOpts,
    ) -> PyResult<Self> {
        let concave = match concave {
            "sqrt" => Concave::Sqrt,
            "log1p" => Concave::Log1p,
            "power" => Concave::Power(power),
            _ => return Err(unknown(py, "concave", r#""sqrt", "log1p" or "power""#, concave)),
        };
        let (features, weights) = (entries.triples()?, optional_slice(weights.as_ref(), "weights")?);
        let make = |exec: &Exec| ConcaveSums::feature_based(features, weights, concave, exec);
        Self::make(py, how, features.rows.len(), make)
    }

    #[staticmethod]
    fn graph_cut(py: Python<'_>, entries: Entries<'_>, trade_off: f64, how: RunOpts) -> PyResult<Self> {
        let similar = entries.triples()?;
        Self::make(py, how, similar.rows.len(), |exec| GraphCut::new(similar, trade_off, exec))
    }

    #[staticmethod]
    fn log_det(
        py: Python<'_>,
        kernel: PyReadonlyArray2<'_, f64>,
        alpha: f64,
        how: RunOpts,
    ) -> PyResult<Self> {
        let (n, copy) = (kernel.shape()[0], copy_of(&kernel, "kernel")?);
        Self::make(py, how, kernel.len(), |exec| LogDet::new(n, copy, alpha, exec))
    }

    /// The kernel is of inner products, which are never stored.
    #[staticmethod]
    fn log_det_of_vectors(
        py: Python<'_>,
        vectors: PyReadonlyArray2<'_, f32>,
        alpha: f64,
        how: RunOpts,
    ) -> PyResult<Self> {
        let [n, dim] = [vectors.shape()[0], vectors.shape()[1]];
        let copy = copy_of(&vectors, "vectors")?;
        Self::make(py, how, vectors.len(), |exec| LogDet::from_vectors(n, dim, copy, alpha, exec))
    }

    #[staticmethod]
    fn mixture(py: Python<'_>, weights: Vec<f64>, parts: Vec<PyRef<'_, Self>>) -> PyResult<Self> {
        let parts = weights.into_iter().zip(parts.iter().map(|part| part.shared())).collect();
        let mixture = Mixture::new(parts).map_err(|error| to_python(py, &error))?;
        Ok(Self { objective: Arc::new(mixture) })
    }

    /// Functions of codes: the value of a set or the gains of candidates for a set, and the name of an element.
    #[staticmethod]
    fn callable(
        py: Python<'_>,
        n_elements: usize,
        value: Option<Py<PyAny>>,
        gains: Option<Py<PyAny>>,
        name: Py<PyAny>,
        is_counting: bool,
    ) -> PyResult<Self> {
        let oracle = Box::new(PyOracle { value, gains, name });
        let on_violation = if is_counting { OnViolation::Count } else { OnViolation::Error };
        let make = |_: &Exec| Callable::new(n_elements, oracle, on_violation);
        let callable = run_here(py, RunOpts::default(), "asking objective", make)?;
        Ok(Self { objective: Arc::new(callable) })
    }

    #[getter]
    fn fingerprint(&self) -> u64 {
        self.objective.fingerprint()
    }

    /// How often gains were seen to be negative, and to grow.
    #[getter]
    fn violations(&self) -> (u64, u64) {
        let seen = self.objective.violations();
        (seen.monotone, seen.submodular)
    }

    /// What the elements are worth together.
    fn evaluate(&self, py: Python<'_>, elements: PyReadonlyArray1<'_, u32>, how: RunOpts) -> PyResult<f64> {
        let elements = slice(&elements, "elements")?;
        let evaluate = |_: &Exec| submodular::evaluate(&self.objective, elements);
        self.run(py, how, 0, "evaluating", evaluate).map(|done| done.value)
    }
}

#[pyfunction]
#[pyo3(signature = (objective, candidates, quotas, k, method, eps, seed, how))]
pub(crate) fn submodular_maximize<'py>(
    py: Python<'py>,
    objective: &PyObjective,
    candidates: Option<PyReadonlyArray1<'py, u32>>,
    quotas: Option<PyQuotas<'py>>,
    k: usize,
    method: &str,
    eps: f64,
    seed: u64,
    how: RunOpts,
) -> PyResult<PySelection<'py>> {
    let method = match method {
        "lazy" => Method::Lazy,
        "stochastic" => Method::Stochastic,
        "threshold" => Method::Threshold,
        "exact" => Method::Exact,
        _ => return Err(unknown(py, "method", r#""lazy", "stochastic", "threshold" or "exact""#, method)),
    };
    let params = MaximizeParams { k, method, eps, seed };
    let candidates = optional_slice(candidates.as_ref(), "candidates")?;
    let quotas = quotas.map(|quotas| quotas.read(py)).transpose()?;
    let maximize = |exec: &Exec| match &quotas {
        Some(quotas) => {
            submodular::maximize_with_quotas(&objective.objective, candidates, quotas, &params, exec)
        }
        None => submodular::maximize(&objective.objective, candidates, &params, exec),
    };
    let n = candidates.map_or(objective.objective.n_elements(), <[u32]>::len);
    let units = if method == Method::Exact { usize::MAX } else { n.saturating_mul(UNITS * UNITS) };
    let selection = objective.run(py, how, units, "selecting", maximize)?;
    Ok(selection_to_python(py, selection))
}

pub(crate) fn selection_to_python(py: Python<'_>, selection: Selection) -> PySelection<'_> {
    let Selection { elements, gains, value, upper_bound, oracle_calls } = selection;
    (elements.into_pyarray(py), gains.into_pyarray(py), value, upper_bound, oracle_calls)
}

/// A word that is none of those allowed.
pub(crate) fn unknown(py: Python<'_>, argument: &str, allowed: &str, word: &str) -> PyErr {
    exception(py, "InvalidArgumentError", format!("`{argument}` must be {allowed}, got {word:?}"))
}

/// The core keeps data of its own: what Python holds may be written to.
fn copy_of<T: numpy::Element + Clone>(array: &PyReadonlyArray2<'_, T>, argument: &str) -> PyResult<Vec<T>> {
    entries_of(array, argument).map(<[T]>::to_vec)
}

fn entries_of<'a, T: numpy::Element>(
    array: &'a PyReadonlyArray2<'_, T>,
    argument: &str,
) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| {
        let message = format!("`{argument}` must be contiguous; pass numpy.ascontiguousarray of it");
        exception(array.py(), "InvalidArgumentError", message)
    })
}
