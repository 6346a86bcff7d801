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
//! Several solvers give the same answer ([`Method`]); each carries a certified bound on its error in the L1 norm, the
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

mod answer;
mod batch;
mod dynamic;
mod exact;
mod local;
mod mixing;
mod params;
mod plan;
mod power;
pub mod powerwalk;
pub(crate) mod push;
mod queries;
mod stop;
mod sweep;
mod top_k;

pub use answer::{PprScores, Scores};
use batch::Slot;
pub use dynamic::{DynamicParams, DynamicPpr, EdgeEnds, EdgeUpdate};
pub(crate) use local::Scratch;
pub use params::{Dangling, Method, PprParams, Stop};
pub use queries::Queries;

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::try_zeroed;

/// Arcs that [`pagerank_nearby`] pushes over at most, and nodes it looks at: some 100 microseconds.
const NEARBY: usize = 20_000;

/// Personalized PageRank of every query in a batch.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a parameter out of range or a method that does not
/// suit the graph, [`Error::InvalidData`](crate::Error::InvalidData) for a restart that is not a distribution over
/// nodes of the graph, [`Error::DidNotConverge`](crate::Error::DidNotConverge) if rounding forbids an error as small
/// as `tol`, [`Error::OutOfMemory`](crate::Error::OutOfMemory), [`Error::Interrupted`](crate::Error::Interrupted),
/// [`Error::TimedOut`](crate::Error::TimedOut).
///
/// # Complexity
/// One sweep over all arcs per iteration and query; at most [`PprParams::most_iterations`] for power iteration, 10 to
/// 20 for the other methods on most graphs. Up to 14 vectors of `n` per query in flight.
pub fn pagerank(graph: &Graph, queries: &Queries, params: &PprParams, exec: &Exec) -> Result<PprScores> {
    params.validate()?;
    let restarts = queries.normalised(graph.n_nodes())?;
    batch::check_memory(graph.n_nodes(), restarts.len(), params)?;
    exec.expect_units(restarts.len() as u64);
    let mut dense = space_for_scores(graph, &restarts, params)?;
    let mut slots = batch::slots(&restarts, &mut dense, graph.n_nodes());
    let reason = batch::answer(graph, &mut slots, params, exec)?;
    let answers: Vec<_> = slots.into_iter().filter_map(Slot::into_answer).collect();
    answer::collect(answers.into_iter(), dense, reason, params)
}

/// What [`pagerank`] answers, if a few microseconds of push from every restart are enough. `None` if not, or if no query
/// has prepared the graph before. For callers to whom starting a longer computation is work in itself.
///
/// # Errors
/// As [`pagerank`].
pub fn pagerank_nearby(
    graph: &Graph,
    queries: &Queries,
    params: &PprParams,
    exec: &Exec,
) -> Result<Option<PprScores>> {
    params.validate()?;
    let n_scores = if params.top_k.is_none() { graph.n_nodes() } else { 0 };
    if !graph.has_transition() || n_scores.max(queries.nodes.len()) > NEARBY {
        return Ok(None);
    }
    let restarts = queries.normalised(graph.n_nodes())?;
    batch::check_memory(graph.n_nodes(), restarts.len(), params)?;
    let mut dense = space_for_scores(graph, &restarts, params)?;
    let mut slots = batch::slots(&restarts, &mut dense, graph.n_nodes());
    let Some(reason) = batch::answer_nearby(graph, &mut slots, params, NEARBY as u64, exec)? else {
        return Ok(None);
    };
    let answers: Vec<_> = slots.into_iter().filter_map(Slot::into_answer).collect();
    answer::collect(answers.into_iter(), dense, reason, params).map(Some)
}

/// Zeros for the scores of all queries; nothing if only the best are asked for.
fn space_for_scores(graph: &Graph, restarts: &[queries::Restart], params: &PprParams) -> Result<Vec<f64>> {
    let n_rows = if params.top_k.is_none() { restarts.len() } else { 0 };
    try_zeroed("scores", graph.n_nodes().saturating_mul(n_rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
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

    #[test]
    fn a_tolerance_no_float_can_meet_is_refused_by_push_and_a_loose_one_is_met() {
        let exec = Exec::default();
        let graph = Graph::from_edges(2, &[0, 1], &[1, 0], None, EdgeOptions::default(), &exec).unwrap();
        for method in [Method::Auto, Method::Push] {
            let params = PprParams { damping: 0.01, tol: 1e-310, method, ..PprParams::default() };
            let error = pagerank(&graph, &Queries::from_nodes(&[0]), &params, &exec).unwrap_err();
            assert!(matches!(error, Error::DidNotConverge { .. }), "{error}");
        }
        let chain = Graph::from_edges(3, &[0, 1], &[1, 2], None, EdgeOptions::default(), &exec).unwrap();
        let params = PprParams { tol: 3.0, method: Method::Push, ..PprParams::default() };
        assert!(pagerank(&chain, &Queries::from_nodes(&[0]), &params, &exec).is_ok());
    }
}
