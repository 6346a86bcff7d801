//! Maximisation of changing candidates at the boundary.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};

use graphrank::submodular::{
    ApplyOptions, Conflict, Counters, DynamicMaximizer, DynamicParams, Guesses, Log, Strategy,
};
use graphrank::{Error, Exec, Result};
use numpy::{IntoPyArray, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBytes, PyDict};

use crate::convert::slice;
use crate::error::to_python;
use crate::hold::hold;
use crate::run::{RunOpts, run, run_here};
use crate::submodular::{Array, PyObjective, PySelection, selection_to_python, unknown};

/// Work per operation, in units of a few nanoseconds, where nothing has to be built anew.
const UNITS: usize = 1000;
/// An operation that cannot be carried out: its array, its position, and why.
type Refused = Option<(&'static str, usize, String)>;
/// The columns of a [`Log`].
type PyLog<'py> = (
    Array<'py, u64>,
    Array<'py, u64>,
    Array<'py, f64>,
    Array<'py, f64>,
    Array<'py, f64>,
    Array<'py, u64>,
    Array<'py, u64>,
    Array<'py, f64>,
);

/// Elements: an array of many or a list of few.
#[derive(FromPyObject)]
enum Codes<'py> {
    #[pyo3(transparent)]
    Array(PyReadonlyArray1<'py, u32>),
    #[pyo3(transparent)]
    List(Vec<u32>),
}

impl Codes<'_> {
    fn slice(&self, argument: &str) -> PyResult<&[u32]> {
        match self {
            Self::Array(array) => slice(array, argument),
            Self::List(list) => Ok(list),
        }
    }
}

/// A maintained solution that Python holds. One call at a time works on it.
#[pyclass(name = "SubmodularMaximizer", module = "graphrank._core", frozen)]
pub(crate) struct PyMaximizer {
    maximizer: Mutex<DynamicMaximizer>,
    /// The thread of the call that works on it, as [`this_thread`] knows it; 0 while there is none.
    holder: AtomicUsize,
    is_parallel: bool,
}

/// Access to the maximizer until this is dropped.
struct Held<'a> {
    maximizer: MutexGuard<'a, DynamicMaximizer>,
    holder: &'a AtomicUsize,
}

impl Deref for Held<'_> {
    type Target = DynamicMaximizer;

    fn deref(&self) -> &DynamicMaximizer {
        &self.maximizer
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut DynamicMaximizer {
        &mut self.maximizer
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.holder.store(0, Relaxed);
    }
}

/// A number of this thread that no other running one has, and that is not 0.
fn this_thread() -> usize {
    thread_local! {
        static PLACE: u8 = const { 0 };
    }
    PLACE.with(|place| std::ptr::from_ref(place).addr())
}

impl PyMaximizer {
    fn new(maximizer: DynamicMaximizer) -> Self {
        let is_parallel = maximizer.objective().is_parallel();
        Self { maximizer: Mutex::new(maximizer), holder: AtomicUsize::new(0), is_parallel }
    }

    /// Once no other call works on the maximizer.
    fn lock(&self, exec: &Exec) -> Result<Held<'_>> {
        if self.holder.load(Relaxed) == this_thread() {
            let problem = "must not ask the maximizer that is asking it".into();
            return Err(Error::InvalidArgument { argument: "objective", problem });
        }
        let maximizer = hold(&self.maximizer, "maximizer", exec)?;
        self.holder.store(this_thread(), Relaxed);
        Ok(Held { maximizer, holder: &self.holder })
    }

    /// Runs work of about a microsecond: it stays on this thread however long it takes, and can be stopped.
    fn run_soon<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut DynamicMaximizer, &Exec) -> Result<T> + Send,
    ) -> PyResult<T> {
        run_here(py, RunOpts::default(), "updating", |exec| work(&mut *self.lock(exec)?, exec))
    }

    /// Runs work on many elements.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        how: RunOpts,
        n_elements: usize,
        label: &'static str,
        work: impl FnOnce(&mut DynamicMaximizer, &Exec) -> Result<T> + Send,
    ) -> PyResult<T> {
        let work = |exec: &Exec| work(&mut *self.lock(exec)?, exec);
        if self.is_parallel {
            run(py, how, n_elements.saturating_mul(UNITS), label, work)
        } else {
            run_here(py, how, label, work)
        }
    }
}

#[pymethods]
impl PyMaximizer {
    #[new]
    fn __new__(
        py: Python<'_>,
        objective: &PyObjective,
        k: usize,
        eps: f64,
        strategy: &str,
        guesses: &str,
        stability: f64,
        conflict: &str,
        seed: u64,
    ) -> PyResult<Self> {
        let strategy = match strategy {
            "robust" => Strategy::Robust,
            "polylog" => Strategy::Polylog,
            "sieve" => Strategy::Sieve,
            "greedy" => Strategy::Greedy,
            _ => {
                let allowed = r#""robust", "polylog", "sieve" or "greedy""#;
                return Err(unknown(py, "strategy", allowed, strategy));
            }
        };
        let guesses = match guesses {
            "pair" => Guesses::Pair,
            "all" => Guesses::All,
            _ => return Err(unknown(py, "guesses", r#""pair" or "all""#, guesses)),
        };
        let conflict = match conflict {
            "error" => Conflict::Error,
            "ignore" => Conflict::Ignore,
            _ => return Err(unknown(py, "on_conflict", r#""error" or "ignore""#, conflict)),
        };
        let params = DynamicParams { k, eps, strategy, guesses, stability, conflict, seed };
        let made = DynamicMaximizer::new(objective.shared(), params);
        made.map(Self::new).map_err(|error| to_python(py, &error))
    }

    fn insert(&self, py: Python<'_>, element: u32) -> PyResult<Refused> {
        self.run_soon(py, |maximizer, exec| refused(maximizer.insert(element, exec)))
    }

    fn delete(&self, py: Python<'_>, element: u32) -> PyResult<Refused> {
        self.run_soon(py, |maximizer, exec| refused(maximizer.delete(element, exec)))
    }

    /// One update: deletions, then insertions.
    fn update(
        &self,
        py: Python<'_>,
        deletions: Codes<'_>,
        insertions: Codes<'_>,
        how: RunOpts,
    ) -> PyResult<Refused> {
        let (deletions, insertions) = (deletions.slice("deletions")?, insertions.slice("insertions")?);
        let update = |maximizer: &mut DynamicMaximizer, exec: &Exec| {
            refused(maximizer.update(deletions, insertions, exec))
        };
        self.run(py, how, deletions.len() + insertions.len(), "updating", update)
    }

    /// The log, or the operation that could not be carried out; those before it stay.
    fn apply<'py>(
        &self,
        py: Python<'py>,
        elements: PyReadonlyArray1<'py, u32>,
        is_insert: PyReadonlyArray1<'py, bool>,
        every: usize,
        batch: usize,
        how: RunOpts,
    ) -> PyResult<(Option<PyLog<'py>>, Refused)> {
        let (elements, is_insert) = (slice(&elements, "elements")?, slice(&is_insert, "is_insert")?);
        let options = ApplyOptions { every, batch };
        let mut log = None;
        let apply = |maximizer: &mut DynamicMaximizer, exec: &Exec| {
            refused(maximizer.apply(elements, is_insert, options, exec).map(|written| log = Some(written)))
        };
        let refused = self.run(py, how, elements.len(), "updating", apply)?;
        Ok((log.map(|log| log_to_python(py, log)), refused))
    }

    fn solution<'py>(&self, py: Python<'py>, refine: bool, how: RunOpts) -> PyResult<PySelection<'py>> {
        let n_elements = if refine { usize::MAX } else { 0 };
        let read = |maximizer: &mut DynamicMaximizer, exec: &Exec| maximizer.solution(refine, exec);
        Ok(selection_to_python(py, self.run(py, how, n_elements, "refining", read)?))
    }

    #[getter]
    fn value(&self, py: Python<'_>) -> PyResult<f64> {
        self.run_soon(py, |maximizer, _| Ok(maximizer.value()))
    }

    #[getter]
    fn upper_bound(&self, py: Python<'_>) -> PyResult<f64> {
        self.run_soon(py, |maximizer, _| Ok(maximizer.upper_bound()))
    }

    #[getter]
    fn certified_ratio(&self, py: Python<'_>) -> PyResult<f64> {
        self.run_soon(py, |maximizer, _| Ok(maximizer.certified_ratio()))
    }

    #[getter]
    fn n_live(&self, py: Python<'_>) -> PyResult<usize> {
        self.run_soon(py, |maximizer, _| Ok(maximizer.n_live()))
    }

    #[getter]
    fn steps(&self, py: Python<'_>) -> PyResult<u64> {
        self.run_soon(py, |maximizer, _| Ok(maximizer.steps()))
    }

    #[getter]
    fn k(&self, py: Python<'_>) -> PyResult<usize> {
        self.run_soon(py, |maximizer, _| Ok(maximizer.params().k))
    }

    fn is_live(&self, py: Python<'_>, element: u32) -> PyResult<bool> {
        self.run_soon(py, |maximizer, _| Ok(maximizer.is_live(element)))
    }

    fn live<'py>(&self, py: Python<'py>, how: RunOpts) -> PyResult<Array<'py, u32>> {
        let live = self.run(py, how, 0, "reading candidates", |maximizer, _| maximizer.live())?;
        Ok(live.into_pyarray(py))
    }

    #[getter]
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.run_soon(py, |maximizer, _| Ok(maximizer.counters()))?;
        let Counters { value_calls, scans, rebuilds, rebuilt_elements, bulk_builds, replayed } = counters;
        [
            ("oracle_calls", counters.oracle_calls()),
            ("value_calls", value_calls),
            ("scans", scans),
            ("rebuilds", rebuilds),
            ("rebuilt_elements", rebuilt_elements),
            ("bulk_builds", bulk_builds),
            ("replayed", replayed),
        ]
        .into_py_dict(py)
    }

    fn set_k(&self, py: Python<'_>, k: usize, how: RunOpts) -> PyResult<()> {
        self.run(py, how, usize::MAX, "building guesses", |maximizer, exec| maximizer.set_k(k, exec))
    }

    fn to_bytes<'py>(&self, py: Python<'py>, how: RunOpts) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.run(py, how, usize::MAX, "writing", |maximizer, _| maximizer.snapshot())?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, objective: &PyObjective, data: &[u8], how: RunOpts) -> PyResult<Self> {
        let restore = |exec: &Exec| DynamicMaximizer::restore(objective.shared(), data, exec);
        objective.run(py, how, data.len().saturating_mul(UNITS), "reading", restore).map(Self::new)
    }
}

/// An operation that cannot be carried out is an answer: Python names its element.
fn refused(outcome: Result<()>) -> Result<Refused> {
    match outcome {
        Err(Error::InvalidData {
            argument: argument @ ("elements" | "insertions" | "deletions"),
            row,
            problem,
        }) => Ok(Some((argument, row, problem))),
        outcome => outcome.map(|()| None),
    }
}

fn log_to_python(py: Python<'_>, log: Log) -> PyLog<'_> {
    (
        log.step.into_pyarray(py),
        log.n_live.into_pyarray(py),
        log.value.into_pyarray(py),
        log.upper_bound.into_pyarray(py),
        log.ratio.into_pyarray(py),
        log.calls.into_pyarray(py),
        log.changed.into_pyarray(py),
        log.micros.into_pyarray(py),
    )
}
