//! Personalized PageRank: how much of its time does a walker spend at each node, if it keeps coming back to where it
//! started?
//!
//! The walker stands at a node drawn from the restart distribution. At each step it goes on with probability
//! `damping`, along an arc drawn in proportion to the weights, and otherwise returns to a node drawn from the restart
//! distribution. Its long-run share of time at each node is that node's score; scores add up to 1. PageRank is the
//! case of a uniform restart (Page, Brin, Motwani and Winograd, "The PageRank citation ranking", 1999; the
//! personalized form: Haveliwala, "Topic-sensitive PageRank", 2002).
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | α | `damping` | probability to go on at a step |
//! | c | 1 - `damping` | probability to return |
//! | s | `Queries` | restart distribution |
//! | P | `Transition` | random walk, one row per node |
//! | π | scores | solution of π = c s + α π P |
//!
//! A node without arcs that carry weight is *dangling*; [`Dangling`] says where the walker goes from there.
//!
//! The solver is power iteration; every answer carries a certified bound on its error in the L1 norm, the
//! sum over all nodes of |score - exact score|.
//!
//! ```
//! use graphrank::ppr::{pagerank, PprParams, Queries, Scores};
//! use graphrank::{EdgeOptions, Exec, Graph};
//!
//! let exec = Exec::default();
//! let graph = Graph::from_edges(4, &[0, 0, 1], &[1, 2, 0], None, EdgeOptions::default(), &exec)?;
//! let answer = pagerank(&graph, &Queries::from_nodes(&[0]), &PprParams::default(), &exec)?;
//! let Scores::Dense(scores) = &answer.scores else { unreachable!() };
//! assert!((scores[0] - 20.0 / 37.0).abs() < 1e-8 && scores[3] == 0.0);
//! assert!(answer.error_bounds[0] <= 1e-8);
//! # Ok::<(), graphrank::Error>(())
//! ```

mod power;
#[allow(dead_code, reason = "what pushes from here comes in the next changes")]
pub(crate) mod push;
mod queries;
mod sweep;
mod top_k;

pub use queries::Queries;

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::try_zeroed;

/// Where a walker at a node without a way out goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dangling {
    /// Back to the restart distribution, the convention of NetworkX and igraph.
    #[default]
    Restart,
    /// To any node with the same probability.
    Uniform,
    /// Nowhere: it stays.
    Stay,
    /// It leaves the graph; scores then add up to less than 1.
    Absorb,
}

/// How the scores are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// The method that suits the graph.
    #[default]
    Auto,
    /// Power iteration.
    Power,
}

/// What to compute.
#[derive(Clone, Debug)]
pub struct PprParams {
    /// Probability to go on at a step, in [0, 1).
    pub damping: f64,
    /// Largest allowed L1 error of a query's scores.
    pub tol: f64,
    /// Where a walker at a node without a way out goes.
    pub dangling: Dangling,
    /// How the scores are computed.
    pub method: Method,
    /// Return only so many of the best nodes of each query; `None` returns the score of every node.
    pub top_k: Option<usize>,
}

impl Default for PprParams {
    fn default() -> Self {
        Self { damping: 0.85, tol: 1e-8, dangling: Dangling::Restart, method: Method::Auto, top_k: None }
    }
}

impl PprParams {
    /// Checks that every parameter is in its range.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the first that is not.
    pub fn validate(&self) -> Result<()> {
        if !(0.0..1.0).contains(&self.damping) {
            return Err(Error::argument("damping", format!("must be in [0, 1), got {}", self.damping)));
        }
        if !(self.tol > 0.0 && self.tol < f64::INFINITY) {
            return Err(Error::argument("tol", format!("must be a positive number, got {}", self.tol)));
        }
        if self.top_k == Some(0) {
            return Err(Error::argument("top_k", "must be at least 1, got 0"));
        }
        Ok(())
    }

    /// Most sweeps a query can take in exact arithmetic.
    #[must_use]
    pub fn most_iterations(&self) -> u32 {
        self.sweeps_until(self.tol)
    }

    /// Sweeps after which the truncation error is below `error`: the first changes at most 2, and each changes at most
    /// `damping` times what the one before did.
    fn sweeps_until(&self, error: f64) -> u32 {
        let amplification = self.damping / (1.0 - self.damping);
        let needed = (error / (2.0 * amplification)).ln() / self.damping.ln();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped; NaN is the minimum"
        )]
        let needed = needed.max(0.0).min(f64::from(u32::MAX - 3)).ceil() as u32;
        needed + 3
    }
}

/// Scores of a batch of queries.
#[derive(Clone, Debug, PartialEq)]
pub struct PprScores {
    /// The scores.
    pub scores: Scores,
    /// Per query, a bound on the L1 error of its full vector of scores; never above `tol`.
    pub error_bounds: Vec<f64>,
    /// Per query, the sweeps over all arcs it took.
    pub iterations: Vec<u32>,
    /// The method that was used.
    pub method: &'static str,
}

/// The two shapes of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Scores {
    /// The score of every node, query after query.
    Dense(Vec<f64>),
    /// The best nodes of query `q` are at `offsets[q]..offsets[q + 1]`, by falling score, then rising code. Nodes of
    /// score 0 are never listed.
    Top {
        /// Where each query's list begins, and where the last one ends.
        offsets: Vec<u64>,
        /// Nodes.
        nodes: Vec<u32>,
        /// Their scores.
        scores: Vec<f64>,
    },
}

/// One query's full answer.
struct Solution {
    scores: Vec<f64>,
    error_bound: f64,
    iterations: u32,
}

/// Personalized PageRank of every query in a batch.
///
/// # Errors
/// [`Error::InvalidArgument`] for a parameter out of range, [`Error::InvalidData`] for a restart that is not a
/// distribution over nodes of the graph, [`Error::DidNotConverge`] if rounding forbids an error as small as `tol`,
/// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
///
/// # Complexity
/// One sweep over all arcs per iteration and query; at most [`PprParams::most_iterations`], fewer the faster the graph
/// mixes. Four vectors of `n` per query in flight.
pub fn pagerank(graph: &Graph, queries: &Queries, params: &PprParams, exec: &Exec) -> Result<PprScores> {
    params.validate()?;
    let restarts = queries.normalised(graph.n_nodes())?;
    let n = graph.n_nodes();
    let walk = power::Walk::new(graph, params, exec)?;
    exec.expect_units(restarts.len() as u64);

    let mut dense = match params.top_k {
        None => try_zeroed("scores", n.saturating_mul(restarts.len()))?,
        Some(_) => Vec::new(),
    };
    // Enough queries keep every thread busy with one each; fewer share the threads. The bits are the same.
    let is_wide = restarts.len() >= exec.n_threads();
    let inner = if is_wide { exec.on_this_thread() } else { exec.clone() };
    let outer = if is_wide { exec.clone() } else { exec.on_this_thread() };
    let mut rows: Vec<Option<&mut [f64]>> = dense.chunks_mut(n.max(1)).map(Some).collect();
    rows.resize_with(restarts.len(), || None);
    let answers = outer.map_items(rows, |q, row| {
        let solution = power::solve(&walk, &restarts[q], params, &inner)?;
        exec.checkpoint(1)?;
        let best = params.top_k.map(|k| top_k::best(&solution.scores, k)).transpose()?;
        if let Some(row) = row {
            row.copy_from_slice(&solution.scores);
        }
        Ok((best, solution.error_bound, solution.iterations))
    })?;

    let (mut error_bounds, mut iterations, mut lists) = (Vec::new(), Vec::new(), Vec::new());
    for (best, error_bound, n_sweeps) in answers {
        error_bounds.push(error_bound);
        iterations.push(n_sweeps);
        lists.extend(best);
    }
    let scores = if params.top_k.is_some() { top_k::concatenate(lists)? } else { Scores::Dense(dense) };
    Ok(PprScores { scores, error_bounds, iterations, method: "power" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeOptions;

    fn scores(graph: &Graph, dangling: Dangling) -> Vec<f64> {
        let params = PprParams { dangling, tol: 1e-12, ..PprParams::default() };
        let answer = pagerank(graph, &Queries::from_nodes(&[0]), &params, &Exec::default()).unwrap();
        let Scores::Dense(scores) = answer.scores else { panic!("asked for every node") };
        scores
    }

    /// 0 -> 1, 0 -> 2, 1 -> 0; node 2 is dangling. Solved by hand as fractions; a popular library's default solver
    /// gets this graph wrong.
    #[test]
    fn every_dangling_rule_on_the_three_node_graph() {
        let exec = Exec::default();
        let graph =
            Graph::from_edges(3, &[0, 0, 1], &[1, 2, 0], None, EdgeOptions::default(), &exec).unwrap();
        // Killed walk from 0: a0 = c / (1 - α²/2), a1 = a2 = α a0 / 2.
        let (c, alpha) = (0.15, 0.85);
        let a0 = c / (1.0 - alpha * alpha / 2.0);
        let a1 = alpha * a0 / 2.0;
        let mass = a0 + 2.0 * a1;
        // Uniform restart b solves b = c/3 + α b P; dangling mass α π2 is spread by it.
        let b0 = (c / 3.0) * (1.0 + alpha) / (1.0 - alpha * alpha / 2.0);
        let b2 = c / 3.0 + alpha * b0 / 2.0;
        let spread = alpha * a1 / (c - alpha * b2);
        let cases = [
            (Dangling::Absorb, [a0, a1, a1]),
            (Dangling::Restart, [a0 / mass, a1 / mass, a1 / mass]),
            (Dangling::Stay, [a0, a1, a1 / c]),
            (Dangling::Uniform, [a0 + spread * b0, a1 + spread * b2, a1 + spread * b2]),
        ];
        for (rule, expected) in cases {
            for (score, exact) in scores(&graph, rule).iter().zip(expected) {
                assert!((score - exact).abs() < 1e-12, "{rule:?}: {score} is not {exact}");
            }
        }
    }

    #[test]
    fn an_isolated_source_keeps_all_the_score_unless_it_is_spread() {
        let graph = Graph::from_edges(2, &[], &[], None, EdgeOptions::default(), &Exec::default()).unwrap();
        assert_eq!(scores(&graph, Dangling::Restart), [1.0, 0.0]);
        assert_eq!(scores(&graph, Dangling::Stay), [1.0, 0.0]);
        let uniform = scores(&graph, Dangling::Uniform);
        assert!((uniform[0] - 0.575).abs() < 1e-12 && (uniform[1] - 0.425).abs() < 1e-12);
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let graph = Graph::from_edges(1, &[], &[], None, EdgeOptions::default(), &Exec::default()).unwrap();
        let message = |params| {
            pagerank(&graph, &Queries::from_nodes(&[0]), &params, &Exec::default()).unwrap_err().to_string()
        };
        let damping = PprParams { damping: 1.5, ..PprParams::default() };
        assert_eq!(message(damping), "`damping` must be in [0, 1), got 1.5");
        assert!(message(PprParams { tol: f64::NAN, ..PprParams::default() }).starts_with("`tol` must be"));
        assert!(message(PprParams { top_k: Some(0), ..PprParams::default() }).starts_with("`top_k` must be"));
    }

    #[test]
    fn a_tolerance_below_rounding_is_an_error_that_gives_the_bound() {
        let exec = Exec::default();
        let graph =
            Graph::from_edges(3, &[0, 0, 1], &[1, 2, 0], None, EdgeOptions::default(), &exec).unwrap();
        let params = PprParams { tol: 1e-18, ..PprParams::default() };
        let error = pagerank(&graph, &Queries::from_nodes(&[0]), &params, &exec).unwrap_err();
        assert!(
            matches!(error, Error::DidNotConverge { bound, .. } if bound > 0.0 && bound < 1e-13),
            "{error}"
        );
    }
}
