//! The index of personalized PageRank at the boundary.

use std::path::PathBuf;

use graphrank::ppr::powerwalk::{
    Decoder, Decomposition, PowerWalkAnswer, PowerWalkIndex, PowerWalkParams, PowerWalkQuery,
};
use graphrank::ppr::{Queries, Scores};
use numpy::{IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::convert::slice;
use crate::error::exception;
use crate::graph::PyGraph;
use crate::ppr::dangling_rule;
use crate::run::{RunOpts, run};

type Array<'py, T> = Bound<'py, PyArray1<T>>;
type PyAnswer<'py> = (
    Option<Array<'py, u64>>,
    Option<Array<'py, u32>>,
    Bound<'py, PyAny>,
    Array<'py, f64>,
    Array<'py, f64>,
    Array<'py, u64>,
    PyDecompositions,
);
type PyCalibration = Vec<(&'static str, f64, u32, f64, [f64; 3], f64, f64)>;

/// Arcs of push that take about as long as a unit of [`run`] of work in sweeps; queries this short hold the
/// interpreter for some milliseconds at most.
const ARCS_PER_UNIT: f64 = 64.0;

/// Answers of more nodes than this look at all of them.
const MOST_LISTED: usize = 256;

/// An index that Python holds; it belongs to one graph, which every call names.
#[pyclass(name = "PowerWalkIndex", module = "graphrank._core", frozen)]
pub(crate) struct PyPowerWalkIndex {
    index: PowerWalkIndex,
}

impl From<PowerWalkIndex> for PyPowerWalkIndex {
    fn from(index: PowerWalkIndex) -> Self {
        Self { index }
    }
}

/// What an answer keeps in order to be refined.
#[pyclass(name = "Decompositions", module = "graphrank._core", frozen)]
pub(crate) struct PyDecompositions {
    kept: Vec<Decomposition>,
    /// What was asked for.
    #[pyo3(get)]
    dangling: String,
    #[pyo3(get)]
    top_k: Option<usize>,
}

#[pymethods]
impl PyPowerWalkIndex {
    #[staticmethod]
    fn build(
        py: Python<'_>,
        graph: &PyGraph,
        walks: u32,
        damping: f64,
        closure: &str,
        seed: u64,
        how: RunOpts,
    ) -> PyResult<Self> {
        let decoder = decoder(py, closure)?;
        let params = PowerWalkParams { damping, n_walks: walks, decoder, seed, ..PowerWalkParams::default() };
        let build = |exec: &_| PowerWalkIndex::build(graph.graph(), &params, exec);
        run(py, how, usize::MAX, "building index", build).map(|index| Self { index })
    }

    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf, graph: &PyGraph, how: RunOpts) -> PyResult<Self> {
        let load = |exec: &_| PowerWalkIndex::load(&path, graph.graph(), exec);
        run(py, how, usize::MAX, "loading index", load).map(|index| Self { index })
    }

    fn save(&self, py: Python<'_>, path: PathBuf, how: RunOpts) -> PyResult<()> {
        run(py, how, usize::MAX, "saving index", |exec| self.index.save(&path, exec))
    }

    fn query<'py>(
        &self,
        py: Python<'py>,
        graph: &PyGraph,
        restart_offsets: PyReadonlyArray1<'py, u64>,
        restart_nodes: PyReadonlyArray1<'py, u32>,
        restart_weights: PyReadonlyArray1<'py, f64>,
        eps: f64,
        dangling: &str,
        top_k: Option<usize>,
        keep: bool,
        how: RunOpts,
    ) -> PyResult<PyAnswer<'py>> {
        let query = PowerWalkQuery { eps, dangling: dangling_rule(py, dangling)?, top_k, keep };
        let queries = Queries {
            offsets: slice(&restart_offsets, "restart_offsets")?.into(),
            nodes: slice(&restart_nodes, "restart_nodes")?.into(),
            weights: slice(&restart_weights, "restart_weights")?.into(),
        };
        let n_queries = queries.offsets.len().saturating_sub(1);
        let units = self.units(n_queries, queries.nodes.len(), graph, &query);
        let ask = |exec: &_| self.index.query(graph.graph(), &queries, &query, exec);
        let answer = run(py, how, units, "querying index", ask)?;
        to_python(py, answer, graph.graph().n_nodes(), dangling, top_k)
    }

    fn refine<'py>(
        &self,
        py: Python<'py>,
        graph: &PyGraph,
        decompositions: &PyDecompositions,
        eps: f64,
        dangling: &str,
        top_k: Option<usize>,
        how: RunOpts,
    ) -> PyResult<PyAnswer<'py>> {
        let query = PowerWalkQuery { eps, dangling: dangling_rule(py, dangling)?, top_k, keep: true };
        let kept = &decompositions.kept;
        let units = self.units(kept.len(), 0, graph, &query);
        let refine = |exec: &_| self.index.refine(graph.graph(), kept, &query, exec);
        let answer = run(py, how, units, "refining answer", refine)?;
        to_python(py, answer, graph.graph().n_nodes(), dangling, top_k)
    }

    /// Rows of (closure, eps, sources, error, precision, residual, arcs).
    fn calibration(&self) -> PyCalibration {
        let rows = self.index.calibration().iter();
        rows.map(|c| (name(c.decoder), c.eps, c.n_sources, c.error, c.precision, c.residual, c.n_arcs))
            .collect()
    }

    #[getter]
    fn closure(&self) -> &'static str {
        name(self.index.params().decoder)
    }

    #[getter]
    fn walks(&self) -> u32 {
        self.index.params().n_walks
    }

    #[getter]
    fn damping(&self) -> f64 {
        self.index.params().damping
    }

    #[getter]
    fn seed(&self) -> u64 {
        self.index.params().seed
    }

    #[getter]
    fn n_bytes(&self) -> usize {
        self.index.n_bytes()
    }

    #[getter]
    fn n_entries(&self) -> Option<usize> {
        self.index.n_entries()
    }
}

impl PyPowerWalkIndex {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate that saturates")]
    fn units(&self, n_queries: usize, n_restarts: usize, graph: &PyGraph, query: &PowerWalkQuery) -> usize {
        // A push settles at least c ε per arc, and all of it is 1.
        let pushed = 1.0 / ((1.0 - self.index.params().damping) * query.eps);
        let n_nodes = graph.graph().n_nodes();
        let is_listed = query.top_k.is_some_and(|k| k <= MOST_LISTED);
        let filled = if is_listed { 0.0 } else { 4.0 * n_nodes as f64 };
        let arcs = n_queries as f64 * (pushed + filled) + n_restarts as f64;
        (arcs / ARCS_PER_UNIT) as usize
    }
}

fn to_python<'py>(
    py: Python<'py>,
    answer: PowerWalkAnswer,
    n_nodes: usize,
    dangling: &str,
    top_k: Option<usize>,
) -> PyResult<PyAnswer<'py>> {
    let n_queries = answer.error_bounds.len();
    let (offsets, nodes, scores) = match answer.scores {
        Scores::Dense(scores) => {
            (None, None, scores.into_pyarray(py).reshape([n_queries, n_nodes])?.into_any())
        }
        Scores::Top { offsets, nodes, scores } => {
            (Some(offsets.into_pyarray(py)), Some(nodes.into_pyarray(py)), scores.into_pyarray(py).into_any())
        }
    };
    let bounds = answer.error_bounds.into_pyarray(py);
    let estimates = answer.estimated_errors.into_pyarray(py);
    let kept = PyDecompositions { kept: answer.kept, dangling: dangling.into(), top_k };
    Ok((offsets, nodes, scores, bounds, estimates, answer.n_arcs.into_pyarray(py), kept))
}

const DECODERS: [Decoder; 4] = [Decoder::Auto, Decoder::Single, Decoder::Clusters, Decoder::Fingerprints];

fn name(decoder: Decoder) -> &'static str {
    match decoder {
        Decoder::Single => "single",
        Decoder::Clusters => "clusters",
        Decoder::Fingerprints => "none",
        _ => "auto",
    }
}

pub(crate) fn decoder(py: Python<'_>, closure: &str) -> PyResult<Decoder> {
    DECODERS.into_iter().find(|&decoder| name(decoder) == closure).ok_or_else(|| {
        let names = DECODERS.map(|decoder| format!("{:?}", name(decoder))).join(", ");
        exception(py, "InvalidArgumentError", format!("`closure` must be one of {names}, got {closure:?}"))
    })
}
