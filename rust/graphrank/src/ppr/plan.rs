//! Which solver suits a graph.
//!
//! Undirected graphs get conjugate gradients. On a directed one power iteration shrinks its error by α times the walk's
//! own contraction at each sweep: on graphs that mix at once (dense random ones) it needs fewer operations than anything
//! cleverer and runs on all threads. That contraction is measured, once per graph, where the measurement pays.

use super::{Method, PprParams, Stop, mixing};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;

/// Contraction per sweep up to which power iteration is taken: 17 sweeps to 1e-8.
const FAST: f64 = 0.35;
/// Arcs from which on the measurement is small beside putting the graph in order, which power iteration saves.
const LARGE: usize = 1 << 20;

/// A small graph is solved by power iteration in less time than it is put in order, up to this damping: 27 sweeps.
const MODERATE: f64 = 0.5;
/// Arcs of a small graph.
const SMALL: usize = 1 << 16;

/// Damping below which one sweep settles all there is to settle.
const LEAST: f64 = 1e-100;

/// Why a method was taken that the caller named.
pub(super) const ASKED: &str = "asked for";

/// A method and why.
pub(super) struct Plan {
    pub(super) method: Method,
    pub(super) reason: String,
}

/// The method for what local push leaves.
pub(super) fn choose(graph: &Graph, params: &PprParams, exec: &Exec) -> Result<Plan> {
    let chosen = |method, reason: &str| Ok(Plan { method, reason: reason.to_owned() });
    match params.method {
        Method::Auto => {}
        Method::ConjugateGradients if graph.is_directed() => {
            let problem = "\"cg\" needs an undirected graph; use \"gauss_seidel\" or \"auto\"";
            return Err(Error::argument("method", problem));
        }
        Method::ConjugateGradients if !graph.ordered(exec)?.is_symmetric => {
            let problem = "\"cg\" cannot divide by weights this small; use \"gauss_seidel\" or \"auto\"";
            return Err(Error::argument("method", problem));
        }
        // The other solvers divide by the damping.
        Method::GaussSeidel | Method::ConjugateGradients if params.damping < LEAST => {
            return chosen(Method::Power, "with next to no damping the scores are the restart");
        }
        method => return chosen(method, ASKED),
    }
    if params.stop != Stop::Tolerance {
        return chosen(Method::Power, "its scores can be looked at after every sweep");
    }
    if params.damping <= FAST {
        return chosen(Method::Power, "with so small a damping every sweep settles most of what is left");
    }
    if params.damping <= MODERATE && graph.n_arcs() <= SMALL {
        return chosen(Method::Power, "with this damping a small graph is not worth putting in order");
    }
    if !graph.is_directed() && graph.ordered(exec)?.is_symmetric {
        return chosen(Method::ConjugateGradients, "the graph is undirected");
    }
    if graph.n_arcs() < LARGE {
        return chosen(Method::GaussSeidel, "the graph is directed");
    }
    let per_sweep = params.damping * graph.mixing(|| mixing::contraction(graph, exec))?;
    let method = if per_sweep <= FAST { Method::Power } else { Method::GaussSeidel };
    let reason = format!(
        "the graph is directed, and a power iteration was measured to leave {per_sweep:.2} per sweep"
    );
    Ok(Plan { method, reason })
}
