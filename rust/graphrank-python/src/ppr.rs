//! Personalized PageRank at the boundary.

use graphrank::ppr::{self, Dangling, Method, PprParams, Queries, Scores, Stop};
use numpy::{IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::convert::slice;
use crate::error::exception;
use crate::graph::PyGraph;
use crate::run::{RunOpts, run, try_at_once};

/// A sweep goes over so many arcs in the few nanoseconds of a unit.
const ARCS_PER_UNIT: usize = 4;

type Array<'py, T> = Bound<'py, PyArray1<T>>;
type PyScores<'py> = (
    Option<Array<'py, u64>>,
    Option<Array<'py, u32>>,
    Bound<'py, PyAny>,
    Array<'py, f64>,
    Array<'py, u32>,
    Option<Array<'py, bool>>,
    String,
    String,
);

#[pyfunction]
#[pyo3(signature = (graph, restart_offsets, restart_nodes, restart_weights, damping, tol, dangling, method, top_k, stop, memory_limit, how))]
pub(crate) fn pagerank<'py>(
    py: Python<'py>,
    graph: &PyGraph,
    restart_offsets: PyReadonlyArray1<'py, u64>,
    restart_nodes: PyReadonlyArray1<'py, u32>,
    restart_weights: PyReadonlyArray1<'py, f64>,
    damping: f64,
    tol: f64,
    dangling: &str,
    method: &str,
    top_k: Option<usize>,
    stop: &str,
    memory_limit: Option<u64>,
    how: RunOpts,
) -> PyResult<PyScores<'py>> {
    let params = PprParams {
        damping,
        tol,
        dangling: dangling_rule(py, dangling)?,
        method: solver(py, method)?,
        top_k,
        stop: stop_rule(py, stop)?,
        memory_limit,
    };
    let queries = Queries {
        offsets: slice(&restart_offsets, "restart_offsets")?.into(),
        nodes: slice(&restart_nodes, "restart_nodes")?.into(),
        weights: slice(&restart_weights, "restart_weights")?.into(),
    };
    let graph = graph.graph();
    let n_queries = queries.offsets.len().saturating_sub(1);
    let nearby = try_at_once(py, &how, |exec| ppr::pagerank_nearby(graph, &queries, &params, exec))?;
    let sweeps = n_queries.saturating_mul((params.most_iterations() as usize).div_ceil(ARCS_PER_UNIT));
    let units = (graph.n_arcs() + graph.n_nodes() + queries.nodes.len()).saturating_mul(sweeps);
    let all =
        || run(py, how, units, "personalized PageRank", |exec| ppr::pagerank(graph, &queries, &params, exec));
    let answer = nearby.map_or_else(all, Ok)?;

    let (offsets, nodes, scores) = match answer.scores {
        Scores::Dense(scores) => {
            let rows = scores.into_pyarray(py).reshape([n_queries, graph.n_nodes()])?;
            (None, None, rows.into_any())
        }
        Scores::Top { offsets, nodes, scores } => {
            (Some(offsets.into_pyarray(py)), Some(nodes.into_pyarray(py)), scores.into_pyarray(py).into_any())
        }
    };
    let (bounds, iterations) = (answer.error_bounds.into_pyarray(py), answer.iterations.into_pyarray(py));
    let certified = answer.top_k_certified.map(|certified| certified.into_pyarray(py));
    Ok((offsets, nodes, scores, bounds, iterations, certified, names(&answer.methods), answer.reason))
}

/// The distinct methods in order of first use.
fn names(methods: &[Method]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in methods.iter().map(|method| method.name()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn stop_rule(py: Python<'_>, name: &str) -> PyResult<Stop> {
    match name {
        "tolerance" => Ok(Stop::Tolerance),
        "certified" => Ok(Stop::Certified),
        "rank_stable" => Ok(Stop::RankStable),
        _ => {
            let message =
                format!(r#"`stop` must be "tolerance", "certified" or "rank_stable", got {name:?}"#);
            Err(exception(py, "InvalidArgumentError", message))
        }
    }
}

pub(crate) fn dangling_rule(py: Python<'_>, name: &str) -> PyResult<Dangling> {
    match name {
        "restart" => Ok(Dangling::Restart),
        "uniform" => Ok(Dangling::Uniform),
        "self" => Ok(Dangling::Stay),
        "absorb" => Ok(Dangling::Absorb),
        _ => {
            let message =
                format!(r#"`dangling` must be "restart", "uniform", "self" or "absorb", got {name:?}"#);
            Err(exception(py, "InvalidArgumentError", message))
        }
    }
}

fn solver(py: Python<'_>, name: &str) -> PyResult<Method> {
    let methods =
        [Method::Auto, Method::Push, Method::Power, Method::GaussSeidel, Method::ConjugateGradients];
    methods.into_iter().find(|method| method.name() == name).ok_or_else(|| {
        let names = methods.map(|method| format!("{:?}", method.name())).join(", ");
        exception(py, "InvalidArgumentError", format!("`method` must be one of {names}, got {name:?}"))
    })
}
