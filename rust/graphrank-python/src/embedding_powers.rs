//! Kept powers of an embedding at the boundary.

use graphrank::embedding::{Embedded, FastRpParams, Output, Powers};
use numpy::{PyReadonlyArray1, PyReadwriteArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::convert::slice;
use crate::embedding::{NodeArrays, named_direction, not_contiguous};
use crate::graph::PyGraph;
use crate::run::{RunOpts, run};

/// Powers that Python holds; they belong to one graph, which every call names.
#[pyclass(name = "EmbeddingPowers", module = "graphrank._core", frozen)]
pub(crate) struct PyEmbeddingPowers {
    powers: Powers,
}

#[pymethods]
impl PyEmbeddingPowers {
    #[new]
    #[pyo3(signature = (graph, nodes, dim, weights, normalization_strength, self_influence, sparsity, normalize, feature_ratio, direction, seed, how))]
    fn new<'py>(
        py: Python<'py>,
        graph: &PyGraph,
        nodes: NodeArrays<'py>,
        dim: usize,
        weights: Vec<f64>,
        normalization_strength: f64,
        self_influence: f64,
        sparsity: f64,
        normalize: bool,
        feature_ratio: f64,
        direction: &str,
        seed: u64,
        how: RunOpts,
    ) -> PyResult<Self> {
        let params = FastRpParams {
            dim,
            weights,
            normalization_strength,
            self_influence,
            sparsity,
            normalize,
            feature_ratio,
            direction: named_direction(py, direction)?,
            seed,
            ..FastRpParams::default()
        };
        let of = Embedded { graph: graph.graph(), nodes: nodes.data(py)? };
        let powers = run(py, how, usize::MAX, "embedding nodes", |exec| Powers::new(&of, &params, exec))?;
        Ok(Self { powers })
    }

    /// Writes the embedding for these weights into `out`.
    fn embed<'py>(
        &self,
        py: Python<'py>,
        graph: &PyGraph,
        nodes: NodeArrays<'py>,
        weights: Vec<f64>,
        self_influence: f64,
        mut out: PyReadwriteArray2<'py, f32>,
        how: RunOpts,
    ) -> PyResult<()> {
        let of = Embedded { graph: graph.graph(), nodes: nodes.data(py)? };
        let mut output = output(py, &mut out)?;
        run(py, how, usize::MAX, "weighing powers", |exec| {
            self.powers.embed(&of, &weights, self_influence, &mut output, exec)
        })
    }

    /// The powers of a changed graph, and per power how many rows were computed again.
    fn update<'py>(
        &self,
        py: Python<'py>,
        graph: &PyGraph,
        nodes: NodeArrays<'py>,
        new_graph: &PyGraph,
        new_nodes: NodeArrays<'py>,
        old_numbers: PyReadonlyArray1<'py, u32>,
        how: RunOpts,
    ) -> PyResult<(Self, Vec<usize>)> {
        let old = Embedded { graph: graph.graph(), nodes: nodes.data(py)? };
        let new = Embedded { graph: new_graph.graph(), nodes: new_nodes.data(py)? };
        let numbers = slice(&old_numbers, "old_numbers")?;
        let (powers, counts) = run(py, how, usize::MAX, "updating powers", |exec| {
            self.powers.update(&old, &new, numbers, exec)
        })?;
        Ok((Self { powers }, counts))
    }

    /// Writes the embedding of new nodes into `out`: those of `with_new` past the nodes of `graph`.
    fn transform<'py>(
        &self,
        py: Python<'py>,
        graph: &PyGraph,
        nodes: NodeArrays<'py>,
        with_new: &PyGraph,
        new_nodes: NodeArrays<'py>,
        mut out: PyReadwriteArray2<'py, f32>,
        how: RunOpts,
    ) -> PyResult<()> {
        let of = Embedded { graph: graph.graph(), nodes: nodes.data(py)? };
        let new_nodes = new_nodes.data(py)?;
        let mut output = output(py, &mut out)?;
        run(py, how, usize::MAX, "embedding new nodes", |exec| {
            self.powers.transform(&of, with_new.graph(), &new_nodes, &mut output, exec)
        })
    }

    #[getter]
    fn n_bytes(&self) -> usize {
        self.powers.n_bytes()
    }
}

fn output<'a>(py: Python<'_>, out: &'a mut PyReadwriteArray2<'_, f32>) -> PyResult<Output<'a>> {
    if !out.is_c_contiguous() {
        return Err(not_contiguous(py, "out"));
    }
    out.as_slice_mut().map(Output::F32).map_err(|_| not_contiguous(py, "out"))
}
