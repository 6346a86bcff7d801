//! Node embeddings at the boundary.

use graphrank::embedding::{self, Direction, FastRpParams, Features, NodeData, Output, Precision};
use numpy::{PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::convert::slice;
use crate::error::{exception, to_python};
use crate::graph::PyGraph;
use crate::run::{RunOpts, run};

/// Columns that a sweep adds up in the few nanoseconds of a unit.
const COLUMNS_PER_UNIT: usize = 64;

/// What is known of nodes: keys, features, keys of the features.
#[derive(FromPyObject)]
pub(crate) struct NodeArrays<'py>(
    PyReadonlyArray1<'py, u64>,
    Option<PyReadonlyArray2<'py, f32>>,
    Option<PyReadonlyArray1<'py, u64>>,
);

impl NodeArrays<'_> {
    pub(crate) fn data(&self, py: Python<'_>) -> PyResult<NodeData<'_>> {
        let features = match (&self.1, &self.2) {
            // `as_slice` is content with columns that follow each other, too.
            (Some(values), Some(_)) if !values.is_c_contiguous() => {
                return Err(not_contiguous(py, "features"));
            }
            (Some(values), Some(keys)) => Some(Features {
                values: values.as_slice().map_err(|_| not_contiguous(py, "features"))?,
                keys: slice(keys, "feature_keys")?,
            }),
            _ => None,
        };
        Ok(NodeData { keys: slice(&self.0, "keys")?, features })
    }
}

/// The caller's array for the vectors: 32-bit floats, or the bits of 16-bit ones.
#[derive(FromPyObject)]
pub(crate) enum VectorArray<'py> {
    #[pyo3(transparent)]
    F32(PyReadwriteArray2<'py, f32>),
    #[pyo3(transparent)]
    F16(PyReadwriteArray2<'py, u16>),
}

/// Writes the embedding into `out`.
#[pyfunction]
#[pyo3(signature = (graph, nodes, dim, weights, normalization_strength, self_influence, sparsity, normalize, refine, feature_ratio, direction, state, memory_limit, seed, out, is_file, how))]
pub(crate) fn fastrp<'py>(
    py: Python<'py>,
    graph: &PyGraph,
    nodes: NodeArrays<'py>,
    dim: usize,
    weights: Vec<f64>,
    normalization_strength: f64,
    self_influence: f64,
    sparsity: f64,
    normalize: bool,
    refine: usize,
    feature_ratio: f64,
    direction: &str,
    state: &str,
    memory_limit: Option<u64>,
    seed: u64,
    mut out: VectorArray<'py>,
    is_file: bool,
    how: RunOpts,
) -> PyResult<()> {
    let params = FastRpParams {
        dim,
        weights,
        normalization_strength,
        self_influence,
        sparsity,
        normalize,
        refine,
        feature_ratio,
        direction: named_direction(py, direction)?,
        state: precision(py, state)?,
        memory_limit,
        seed,
    };
    let nodes = nodes.data(py)?;
    let (shape, is_row_after_row) = match &out {
        VectorArray::F32(out) => (out.dims(), out.is_c_contiguous()),
        VectorArray::F16(out) => (out.dims(), out.is_c_contiguous()),
    };
    if !is_row_after_row || shape[1] != dim {
        return Err(not_contiguous(py, "out"));
    }
    let mut output = match &mut out {
        VectorArray::F32(out) => {
            let values = out.as_slice_mut().map_err(|_| not_contiguous(py, "out"))?;
            if is_file { Output::File(values) } else { Output::F32(values) }
        }
        VectorArray::F16(out) => Output::F16(out.as_slice_mut().map_err(|_| not_contiguous(py, "out"))?),
    };
    let graph = graph.graph();
    let products = params.weights.len() + if refine > 0 { 3 * refine.saturating_add(1).min(1000) } else { 0 };
    let sweeps = products.saturating_mul(dim / COLUMNS_PER_UNIT + 1);
    let n_features = nodes.features.map_or(0, |features| features.keys.len());
    let rows = graph.n_arcs() + graph.n_nodes().saturating_mul(n_features + 1);
    let units = rows.saturating_mul(sweeps);
    run(py, how, units, "embedding nodes", |exec| {
        embedding::fastrp_into(graph, &nodes, &params, &mut output, exec)
    })
}

/// Bytes beside the graph and the result: as chosen without a limit, and the least that a limit may be.
#[pyfunction]
#[pyo3(signature = (n_nodes, n_features, is_weighted, result_holds, dim, weights, normalization_strength, self_influence, normalize, refine, state))]
pub(crate) fn fastrp_memory(
    py: Python<'_>,
    n_nodes: usize,
    n_features: usize,
    is_weighted: bool,
    result_holds: bool,
    dim: usize,
    weights: Vec<f64>,
    normalization_strength: f64,
    self_influence: f64,
    normalize: bool,
    refine: usize,
    state: &str,
) -> PyResult<(u64, u64)> {
    let state = precision(py, state)?;
    let params = FastRpParams {
        dim,
        weights,
        normalization_strength,
        self_influence,
        normalize,
        refine,
        state,
        ..FastRpParams::default()
    };
    let bytes = embedding::memory(n_nodes, n_features, is_weighted, result_holds, &params);
    bytes.map_err(|error| to_python(py, &error))
}

pub(crate) fn not_contiguous(py: Python<'_>, argument: &str) -> PyErr {
    exception(py, "InvalidArgumentError", format!("`{argument}` must be contiguous, one row after the other"))
}

pub(crate) fn named_direction(py: Python<'_>, name: &str) -> PyResult<Direction> {
    match name {
        "both" => Ok(Direction::Both),
        "out" => Ok(Direction::Out),
        "in" => Ok(Direction::In),
        _ => {
            let message = format!(r#"`direction` must be "both", "out" or "in", got {name:?}"#);
            Err(exception(py, "InvalidArgumentError", message))
        }
    }
}

fn precision(py: Python<'_>, name: &str) -> PyResult<Precision> {
    match name {
        "float32" => Ok(Precision::F32),
        "float16" => Ok(Precision::F16),
        _ => {
            let message = format!(r#"`state` must be "float32" or "float16", got {name:?}"#);
            Err(exception(py, "InvalidArgumentError", message))
        }
    }
}
