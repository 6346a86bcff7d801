//! Graphs at the boundary.

use std::path::PathBuf;
use std::sync::Arc;

use graphrank::{EdgeOptions, Exec, Graph, IntegerId, io};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{IndexArray, IntColumn, duplicates, optional_slice, slice, view};
use crate::error::exception;
use crate::run::{RunOpts, run};

type Array<'py, T> = Bound<'py, PyArray1<T>>;
type EdgeArrays<'py> = (Array<'py, u32>, Array<'py, u32>, Option<Array<'py, f64>>);
type DegreeArrays<'py> = (Array<'py, u32>, Array<'py, u32>, Option<Array<'py, f64>>, Option<Array<'py, f64>>);

/// A graph that Python holds.
#[pyclass(name = "Graph", module = "graphrank._core", frozen)]
pub(crate) struct PyGraph {
    graph: Arc<Graph>,
}

impl From<Graph> for PyGraph {
    fn from(graph: Graph) -> Self {
        Self { graph: Arc::new(graph) }
    }
}

impl PyGraph {
    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    pub(crate) fn shared(&self) -> Arc<Graph> {
        self.graph.clone()
    }

    fn size(&self) -> usize {
        self.graph.n_nodes() + self.graph.n_arcs()
    }
}

#[pymethods]
impl PyGraph {
    #[staticmethod]
    fn from_codes(
        py: Python<'_>,
        n_nodes: usize,
        src: PyReadonlyArray1<'_, u32>,
        dst: PyReadonlyArray1<'_, u32>,
        weight: Option<PyReadonlyArray1<'_, f64>>,
        directed: bool,
        duplicates: &str,
        keep_self_loops: bool,
        how: RunOpts,
    ) -> PyResult<Self> {
        let options = options(py, directed, duplicates, keep_self_loops)?;
        let (src, dst) = (slice(&src, "src")?, slice(&dst, "dst")?);
        let weight = optional_slice(weight.as_ref(), "weight")?;
        let units = n_nodes.saturating_add(src.len());
        let build = |exec: &Exec| Graph::from_edges(n_nodes, src, dst, weight, options, exec);
        run(py, how, units, "building graph", build).map(Self::from)
    }

    #[staticmethod]
    fn from_integers<'py>(
        py: Python<'py>,
        src: IntColumn<'py>,
        dst: IntColumn<'py>,
        weight: Option<PyReadonlyArray1<'py, f64>>,
        directed: bool,
        duplicates: &str,
        keep_self_loops: bool,
        how: RunOpts,
    ) -> PyResult<(Self, Bound<'py, PyAny>)> {
        let options = options(py, directed, duplicates, keep_self_loops)?;
        let weight = optional_slice(weight.as_ref(), "weight")?;
        let call = IntegerEdges { weight, options, how };
        match (&src, &dst) {
            (IntColumn::I64(src), IntColumn::I64(dst)) => call.build(src, dst),
            (IntColumn::I32(src), IntColumn::I32(dst)) => call.build(src, dst),
            (IntColumn::U32(src), IntColumn::U32(dst)) => call.build(src, dst),
            (IntColumn::U64(src), IntColumn::U64(dst)) => call.build(src, dst),
            _ => Err(exception(py, "InvalidTypeError", "`src` and `dst` must have the same dtype".into())),
        }
    }

    #[staticmethod]
    fn from_csr(
        indptr: IndexArray<'_>,
        indices: IndexArray<'_>,
        data: Option<PyReadonlyArray1<'_, f64>>,
        directed: Option<bool>,
        how: RunOpts,
    ) -> PyResult<Self> {
        let data = optional_slice(data.as_ref(), "data")?;
        let call = CsrArrays { data, directed, how };
        match (&indptr, &indices) {
            (IndexArray::I32(indptr), IndexArray::I32(indices)) => call.build(indptr, indices),
            (IndexArray::I64(indptr), IndexArray::I64(indices)) => call.build(indptr, indices),
            (IndexArray::I64(indptr), IndexArray::I32(indices)) => call.build(indptr, indices),
            (IndexArray::I32(indptr), IndexArray::I64(indices)) => call.build(indptr, indices),
        }
    }

    #[staticmethod]
    fn load<'py>(py: Python<'py>, path: PathBuf, how: RunOpts) -> PyResult<(Self, Bound<'py, PyBytes>)> {
        let load = |exec: &Exec| io::load_graph(&path, exec);
        let (graph, attached) = run(py, how, usize::MAX, "loading graph", load)?;
        Ok((graph.into(), PyBytes::new(py, &attached)))
    }

    fn save(&self, py: Python<'_>, path: PathBuf, nodes: &[u8], how: RunOpts) -> PyResult<()> {
        run(py, how, usize::MAX, "saving graph", |exec| io::save_graph(&self.graph, nodes, &path, exec))
    }

    #[getter]
    fn n_nodes(&self) -> usize {
        self.graph.n_nodes()
    }

    #[getter]
    fn n_edges(&self) -> usize {
        self.graph.n_edges()
    }

    #[getter]
    fn is_directed(&self) -> bool {
        self.graph.is_directed()
    }

    #[getter]
    fn is_weighted(&self) -> bool {
        self.graph.is_weighted()
    }

    #[getter]
    fn n_bytes(&self) -> usize {
        self.graph.n_bytes()
    }

    fn offsets<'py>(slf: &Bound<'py, Self>) -> PyResult<Array<'py, u64>> {
        view(slf, |this| this.graph.arcs().offsets)
    }

    fn targets<'py>(slf: &Bound<'py, Self>) -> PyResult<Array<'py, u32>> {
        view(slf, |this| this.graph.arcs().targets)
    }

    fn weights<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Array<'py, f64>>> {
        let is_weighted = slf.get().graph.is_weighted();
        is_weighted.then(|| view(slf, |this| this.graph.arcs().weights.unwrap_or(&[]))).transpose()
    }

    fn degrees<'py>(&self, py: Python<'py>, how: RunOpts) -> PyResult<DegreeArrays<'py>> {
        let d = run(py, how, self.size(), "counting degrees", |exec| self.graph.degrees(exec))?;
        Ok((
            d.out_degree.into_pyarray(py),
            d.in_degree.into_pyarray(py),
            d.out_weight.map(|w| w.into_pyarray(py)),
            d.in_weight.map(|w| w.into_pyarray(py)),
        ))
    }

    fn edges<'py>(&self, py: Python<'py>, how: RunOpts) -> PyResult<EdgeArrays<'py>> {
        let (src, dst, weights) = run(py, how, self.size(), "listing edges", |exec| self.graph.edges(exec))?;
        Ok((src.into_pyarray(py), dst.into_pyarray(py), weights.map(|w| w.into_pyarray(py))))
    }

    fn subgraph(&self, py: Python<'_>, nodes: PyReadonlyArray1<'_, u32>, how: RunOpts) -> PyResult<Self> {
        let nodes = slice(&nodes, "nodes")?;
        run(py, how, self.size(), "taking subgraph", |exec| self.graph.subgraph(nodes, exec)).map(Self::from)
    }

    fn reverse(&self, py: Python<'_>, how: RunOpts) -> PyResult<Self> {
        run(py, how, self.size(), "reversing graph", |exec| self.graph.reverse(exec)).map(Self::from)
    }

    fn to_undirected(&self, py: Python<'_>, duplicates: &str, how: RunOpts) -> PyResult<Self> {
        let rule = crate::convert::duplicates(py, duplicates)?;
        let merge = |exec: &Exec| self.graph.to_undirected(rule, exec);
        run(py, how, self.size(), "merging arcs", merge).map(Self::from)
    }
}

fn options(py: Python<'_>, directed: bool, rule: &str, keep_self_loops: bool) -> PyResult<EdgeOptions> {
    Ok(EdgeOptions { directed, duplicates: duplicates(py, rule)?, keep_self_loops })
}

/// What `from_integers` was asked, apart from the ids, whose type varies.
struct IntegerEdges<'a> {
    weight: Option<&'a [f64]>,
    options: EdgeOptions,
    how: RunOpts,
}

impl IntegerEdges<'_> {
    fn build<'py, T: IntegerId + numpy::Element>(
        self,
        src: &PyReadonlyArray1<'py, T>,
        dst: &PyReadonlyArray1<'py, T>,
    ) -> PyResult<(PyGraph, Bound<'py, PyAny>)> {
        let py = src.py();
        let (src, dst) = (slice(src, "src")?, slice(dst, "dst")?);
        let build = |exec: &Exec| Graph::from_integer_edges(src, dst, self.weight, self.options, exec);
        let (graph, ids) = run(py, self.how, src.len(), "building graph", build)?;
        Ok((graph.into(), ids.into_pyarray(py).into_any()))
    }
}

/// What `from_csr` was asked, apart from the index arrays, whose types vary.
struct CsrArrays<'a> {
    data: Option<&'a [f64]>,
    directed: Option<bool>,
    how: RunOpts,
}

impl CsrArrays<'_> {
    fn build<P, I>(
        self,
        indptr: &PyReadonlyArray1<'_, P>,
        indices: &PyReadonlyArray1<'_, I>,
    ) -> PyResult<PyGraph>
    where
        P: numpy::Element + Copy + TryInto<usize> + std::fmt::Display,
        I: numpy::Element + Copy + TryInto<u32> + std::fmt::Display,
    {
        let py = indptr.py();
        let (indptr, indices) = (slice(indptr, "indptr")?, slice(indices, "indices")?);
        let build = |exec: &Exec| Graph::from_csr(indptr, indices, self.data, self.directed, exec);
        run(py, self.how, indptr.len() + indices.len(), "building graph", build).map(PyGraph::from)
    }
}

/// Codes of the keys of two columns, and the position of each distinct key in their concatenation.
type FirstAppearances<'py> = (Array<'py, u32>, Array<'py, u32>, Array<'py, u64>);

#[pyfunction]
#[pyo3(name = "first_appearances", signature = (src, dst, how))]
pub(crate) fn first_appearances<'py>(
    py: Python<'py>,
    src: PyReadonlyArray1<'py, u64>,
    dst: PyReadonlyArray1<'py, u64>,
    how: RunOpts,
) -> PyResult<FirstAppearances<'py>> {
    let columns = [slice(&src, "src")?, slice(&dst, "dst")?];
    let units = columns[0].len() + columns[1].len();
    let found = run(py, how, units, "coding ids", |exec| graphrank::first_appearances(&columns, exec))?;
    let mut codes = found.codes.into_iter().map(|codes| codes.into_pyarray(py));
    let positions = found.positions.into_pyarray(py);
    let empty = || PyArray1::from_vec(py, Vec::new());
    Ok((codes.next().unwrap_or_else(empty), codes.next().unwrap_or_else(empty), positions))
}
