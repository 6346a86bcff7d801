//! Fair cliques at the boundary.

use graphrank::clique::{self, CliqueParams, CliqueStats, FairSpec, Status};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

use crate::convert::slice;
use crate::graph::PyGraph;
use crate::run::{RunOpts, run_anytime};

type PyFairClique<'py> = (Bound<'py, PyArray1<u32>>, u32, &'static str, Bound<'py, PyDict>);

#[pyfunction]
#[pyo3(signature = (graph, groups, least, most, delta, tolerances, max_ratio, max_share, must_include, exclude, is_heuristic, is_deterministic, how))]
pub(crate) fn max_fair_clique<'py>(
    py: Python<'py>,
    graph: &PyGraph,
    groups: PyReadonlyArray1<'py, u8>,
    least: Vec<u32>,
    most: Vec<u32>,
    delta: Option<u32>,
    tolerances: Option<Vec<u32>>,
    max_ratio: Option<f64>,
    max_share: Option<f64>,
    must_include: PyReadonlyArray1<'py, u32>,
    exclude: PyReadonlyArray1<'py, u32>,
    is_heuristic: bool,
    is_deterministic: bool,
    how: RunOpts,
) -> PyResult<PyFairClique<'py>> {
    let mut spec = FairSpec::new(least.len()).least_of_each(least).most_of_each(most);
    if let Some(delta) = delta {
        spec = spec.delta(delta);
    }
    if let Some(tolerances) = tolerances {
        spec = spec.delta_of_each(tolerances);
    }
    if let Some(max_ratio) = max_ratio {
        spec = spec.max_ratio(max_ratio);
    }
    if let Some(max_share) = max_share {
        spec = spec.max_share(max_share);
    }
    let params = CliqueParams {
        must_include: slice(&must_include, "must_include")?.to_vec(),
        exclude: slice(&exclude, "exclude")?.to_vec(),
        is_heuristic,
        is_deterministic,
    };
    let (graph, groups) = (graph.graph(), slice(&groups, "groups")?);
    let found = run_anytime(py, how, "searching cliques", |exec| {
        clique::max_fair_clique(graph, groups, &spec, &params, exec)
    })?;
    Ok((found.nodes.into_pyarray(py), found.upper_bound, name(found.status), table(py, &found.stats)?))
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Optimal => "optimal",
        Status::Infeasible => "infeasible",
        Status::Heuristic => "heuristic",
        Status::TimedOut => "time_limit",
        Status::Interrupted => "interrupted",
    }
}

fn table<'py>(py: Python<'py>, stats: &CliqueStats) -> PyResult<Bound<'py, PyDict>> {
    let CliqueStats { heuristic_size, n_nodes_left, n_edges_left, n_roots, n_search_nodes } = *stats;
    [
        ("heuristic_size", u64::from(heuristic_size)),
        ("n_nodes_left", n_nodes_left as u64),
        ("n_edges_left", n_edges_left as u64),
        ("n_roots", n_roots as u64),
        ("n_search_nodes", n_search_nodes),
    ]
    .into_py_dict(py)
}
