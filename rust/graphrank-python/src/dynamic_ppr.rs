//! Personalized PageRank of a graph that changes, at the boundary.

use std::sync::{Mutex, MutexGuard};

use graphrank::ppr::powerwalk::{DynamicIndex, PowerWalkParams};
use graphrank::ppr::{self, DynamicParams, EdgeEnds, EdgeUpdate, Queries, Scores};
use graphrank::{Error, Exec, Result};
use numpy::{IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::convert::{duplicates, optional_slice, slice};
use crate::graph::PyGraph;
use crate::hold::{hold, hold_even_broken};
use crate::powerwalk::{PyPowerWalkIndex, decoder};
use crate::ppr::dangling_rule;
use crate::run::{RunOpts, run};

type Array<'py, T> = Bound<'py, PyArray1<T>>;
/// A row that cannot be carried out: its table, its position, and why.
type Refused = Option<(&'static str, usize, String)>;
type PyScores<'py> =
    (Option<Array<'py, u64>>, Option<Array<'py, u32>>, Bound<'py, PyAny>, Array<'py, f64>, Option<PyGraph>);

/// Maintained scores that Python holds. One call at a time works on them.
#[pyclass(name = "DynamicPpr", module = "graphrank._core", frozen)]
pub(crate) struct PyDynamicPpr {
    ppr: Mutex<ppr::DynamicPpr>,
}

impl PyDynamicPpr {
    /// Runs `work`, estimated at `units`, once no other call holds the scores.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        how: RunOpts,
        units: usize,
        label: &'static str,
        work: impl FnOnce(&mut ppr::DynamicPpr, &Exec) -> Result<T> + Send,
    ) -> PyResult<T> {
        // Whoever has to wait must not hold the interpreter meanwhile.
        let is_free = self.ppr.try_lock().is_ok();
        let units = if is_free { units } else { usize::MAX };
        run(py, how, units, label, |exec| work(&mut *self.lock(exec)?, exec))
    }

    fn lock(&self, exec: &Exec) -> Result<MutexGuard<'_, ppr::DynamicPpr>> {
        Ok(hold_even_broken(&self.ppr, exec)?.unwrap_or_else(|broken| {
            // A call panicked on the way: residuals may be off, but any reserve has its own.
            let mut ppr = broken.into_inner();
            ppr.distrust();
            self.ppr.clear_poison();
            ppr
        }))
    }
}

#[pymethods]
impl PyDynamicPpr {
    #[staticmethod]
    fn solve(
        py: Python<'_>,
        graph: &PyGraph,
        restart_offsets: PyReadonlyArray1<'_, u64>,
        restart_nodes: PyReadonlyArray1<'_, u32>,
        restart_weights: PyReadonlyArray1<'_, f64>,
        damping: f64,
        eps: f64,
        dangling: &str,
        how: RunOpts,
    ) -> PyResult<Self> {
        let params = DynamicParams { damping, eps, dangling: dangling_rule(py, dangling)? };
        let queries = Queries {
            offsets: slice(&restart_offsets, "restart_offsets")?.into(),
            nodes: slice(&restart_nodes, "restart_nodes")?.into(),
            weights: slice(&restart_weights, "restart_weights")?.into(),
        };
        let graph = graph.shared();
        let units = graph.n_arcs().saturating_mul(100);
        let solve = |exec: &Exec| ppr::DynamicPpr::new(graph, &queries, &params, exec);
        let ppr = run(py, how, units, "personalized PageRank", solve)?;
        Ok(Self { ppr: Mutex::new(ppr) })
    }

    /// Deletes, then inserts. A row that cannot be carried out is returned.
    fn update(
        &self,
        py: Python<'_>,
        delete_src: PyReadonlyArray1<'_, u32>,
        delete_dst: PyReadonlyArray1<'_, u32>,
        insert_src: PyReadonlyArray1<'_, u32>,
        insert_dst: PyReadonlyArray1<'_, u32>,
        weight: Option<PyReadonlyArray1<'_, f64>>,
        rule: &str,
        how: RunOpts,
    ) -> PyResult<Refused> {
        let (delete, insert) = ([&delete_src, &delete_dst], [&insert_src, &insert_dst]);
        let update = edge_update(py, delete, insert, weight.as_ref(), rule)?;
        self.run(py, how, usize::MAX, "updating scores", |ppr, exec| refused(ppr.update(&update, exec)))
    }

    fn refine(&self, py: Python<'_>, how: RunOpts) -> PyResult<()> {
        self.run(py, how, usize::MAX, "updating scores", ppr::DynamicPpr::refine)
    }

    fn error_bounds<'py>(&self, py: Python<'py>, how: RunOpts) -> PyResult<Array<'py, f64>> {
        let bounds = self.run(py, how, 0, "reading bounds", |ppr, _| Ok(ppr.error_bounds()))?;
        Ok(bounds.into_pyarray(py))
    }

    /// Scores as `pagerank` returns them, the bounds of their errors, and, if wanted, the graph they are of: all of
    /// the same moment.
    fn scores<'py>(
        &self,
        py: Python<'py>,
        top_k: Option<usize>,
        with_graph: bool,
        how: RunOpts,
    ) -> PyResult<PyScores<'py>> {
        let read = |ppr: &mut ppr::DynamicPpr, exec: &Exec| {
            let scores = match top_k {
                Some(k) => ppr.top(k, exec)?,
                None => Scores::Dense(ppr.scores(exec)?),
            };
            let graph = if with_graph { Some(ppr.to_graph(exec)?) } else { None };
            Ok((scores, [ppr.n_queries(), ppr.n_nodes()], ppr.error_bounds(), graph))
        };
        let (scores, shape, bounds, graph) = self.run(py, how, usize::MAX, "reading scores", read)?;
        let (offsets, nodes, scores) = match scores {
            Scores::Dense(scores) => (None, None, scores.into_pyarray(py).reshape(shape)?.into_any()),
            Scores::Top { offsets, nodes, scores } => (
                Some(offsets.into_pyarray(py)),
                Some(nodes.into_pyarray(py)),
                scores.into_pyarray(py).into_any(),
            ),
        };
        Ok((offsets, nodes, scores, bounds.into_pyarray(py), graph.map(PyGraph::from)))
    }

    fn to_graph(&self, py: Python<'_>, how: RunOpts) -> PyResult<PyGraph> {
        self.run(py, how, usize::MAX, "copying graph", |ppr, exec| ppr.to_graph(exec)).map(PyGraph::from)
    }

    /// Edges now, arcs pushed over so far, and bytes beside the graph.
    fn sizes(&self, py: Python<'_>, how: RunOpts) -> PyResult<(usize, u64, usize)> {
        self.run(py, how, 0, "reading sizes", |ppr, _| Ok((ppr.n_edges(), ppr.n_pushed(), ppr.n_bytes())))
    }
}

/// Edges to delete and to insert, by their sources and targets.
fn edge_update<'a>(
    py: Python<'_>,
    delete: [&'a PyReadonlyArray1<'_, u32>; 2],
    insert: [&'a PyReadonlyArray1<'_, u32>; 2],
    weight: Option<&'a PyReadonlyArray1<'_, f64>>,
    rule: &str,
) -> PyResult<EdgeUpdate<'a>> {
    Ok(EdgeUpdate {
        delete: EdgeEnds { src: slice(delete[0], "delete_src")?, dst: slice(delete[1], "delete_dst")? },
        insert: EdgeEnds { src: slice(insert[0], "insert_src")?, dst: slice(insert[1], "insert_dst")? },
        weights: optional_slice(weight, "weight")?,
        duplicates: duplicates(py, rule)?,
    })
}

/// A row that cannot be carried out is an answer: Python names its ids.
fn refused(outcome: Result<()>) -> Result<Refused> {
    match outcome {
        Err(Error::InvalidData { argument, row, problem }) => Ok(Some((argument, row, problem))),
        outcome => outcome.map(|()| None),
    }
}

/// Walks that follow a graph, for indexes made of them. One call at a time works on them.
#[pyclass(name = "DynamicIndex", module = "graphrank._core", frozen)]
pub(crate) struct PyDynamicIndex {
    walks: Mutex<DynamicIndex>,
}

impl PyDynamicIndex {
    /// Runs `work` once no other call holds the walks.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        how: RunOpts,
        label: &'static str,
        work: impl FnOnce(&mut DynamicIndex, &Exec) -> Result<T> + Send,
    ) -> PyResult<T> {
        run(py, how, usize::MAX, label, |exec| work(&mut *hold(&self.walks, "index", exec)?, exec))
    }
}

#[pymethods]
impl PyDynamicIndex {
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
        let graph = graph.shared();
        let build = |exec: &Exec| DynamicIndex::build(graph, &params, exec);
        run(py, how, usize::MAX, "building index", build).map(|walks| Self { walks: Mutex::new(walks) })
    }

    /// As `DynamicPpr.update`.
    fn update(
        &self,
        py: Python<'_>,
        delete_src: PyReadonlyArray1<'_, u32>,
        delete_dst: PyReadonlyArray1<'_, u32>,
        insert_src: PyReadonlyArray1<'_, u32>,
        insert_dst: PyReadonlyArray1<'_, u32>,
        weight: Option<PyReadonlyArray1<'_, f64>>,
        rule: &str,
        how: RunOpts,
    ) -> PyResult<Refused> {
        let (delete, insert) = ([&delete_src, &delete_dst], [&insert_src, &insert_dst]);
        let update = edge_update(py, delete, insert, weight.as_ref(), rule)?;
        self.run(py, how, "updating index", |walks, exec| refused(walks.update(&update, exec)))
    }

    /// The graph as it is now, and an index of it measured on so many sources.
    fn index(&self, py: Python<'_>, n_sources: usize, how: RunOpts) -> PyResult<(PyGraph, PyPowerWalkIndex)> {
        let (graph, index) =
            self.run(py, how, "collecting walks", |walks, exec| walks.index(n_sources, exec))?;
        Ok((graph.into(), index.into()))
    }

    /// Steps of all walks, and bytes of walks and rows.
    fn sizes(&self, py: Python<'_>, how: RunOpts) -> PyResult<(usize, usize)> {
        self.run(py, how, "reading sizes", |walks, _| Ok((walks.n_steps(), walks.n_bytes())))
    }
}
