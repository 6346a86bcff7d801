//! What comes out.

use super::local::Local;
use super::{Method, PprParams, top_k};
use crate::error::Result;

/// Scores of a batch of queries.
#[derive(Clone, Debug, PartialEq)]
pub struct PprScores {
    /// The scores.
    pub scores: Scores,
    /// Per query, a bound on the L1 error of its full vector of scores; above `tol` only where [`Stop`](super::Stop)
    /// allows it.
    pub error_bounds: Vec<f64>,
    /// Per query, the sweeps over all arcs it took; of push, how often its work would go over all arcs, rounded up.
    pub iterations: Vec<u32>,
    /// Per query, the method that was used; never [`Method::Auto`].
    pub methods: Vec<Method>,
    /// Per query, whether its list is proven to hold the best nodes, as a set; `None` if all scores were asked for. Ties
    /// between the last node listed and the next cannot be proven.
    pub top_k_certified: Option<Vec<bool>>,
    /// Why those, in words.
    pub reason: String,
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
pub(super) struct Solution {
    pub(super) scores: Vec<f64>,
    pub(super) error_bound: f64,
    pub(super) iterations: u32,
    pub(super) method: Method,
}

/// What a query hands back: its best nodes if only those were asked for, and nothing where its scores were written to
/// their place.
pub(super) struct Answer {
    best: Option<Vec<(u32, f64)>>,
    is_certified: bool,
    error_bound: f64,
    iterations: u32,
    method: Method,
}

impl Answer {
    /// From the scores of all nodes, which go to `row` if there is one.
    pub(super) fn of_all(solution: &Solution, row: Option<&mut [f64]>, params: &PprParams) -> Result<Self> {
        if let Some(row) = row {
            row.copy_from_slice(&solution.scores);
        }
        let top = params.top_k.map(|k| top_k::top(&solution.scores, k)).transpose()?;
        let is_certified = match (&top, params.top_k) {
            (Some(top), Some(k)) => top.is_certified(k, solution.scores.len(), solution.error_bound),
            _ => false,
        };
        Ok(Self {
            best: top.map(|top| top.list),
            is_certified,
            error_bound: solution.error_bound,
            iterations: solution.iterations,
            method: solution.method,
        })
    }

    /// From the scores of the nodes that were reached; `row` holds zeros.
    pub(super) fn of_few(solution: Local, row: Option<&mut [f64]>, params: &PprParams) -> Result<Self> {
        if let Some(row) = row {
            for &(node, score) in &solution.scores {
                row[node as usize] = score;
            }
        }
        Ok(Self {
            error_bound: solution.error_bound,
            iterations: solution.iterations,
            is_certified: solution.is_certified,
            best: params.top_k.map(|k| top_k::top_of(solution.scores, k).list),
            method: Method::Push,
        })
    }
}

/// The answers of a batch in order; `dense` holds their scores unless only the best were asked for.
pub(super) fn collect(
    answers: impl Iterator<Item = Answer>,
    dense: Vec<f64>,
    reason: String,
    params: &PprParams,
) -> Result<PprScores> {
    let (mut error_bounds, mut iterations, mut methods) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lists, mut certified) = (Vec::new(), Vec::new());
    for answer in answers {
        error_bounds.push(answer.error_bound);
        iterations.push(answer.iterations);
        methods.push(answer.method);
        certified.push(answer.is_certified);
        lists.extend(answer.best);
    }
    let scores = if params.top_k.is_some() { top_k::concatenate(lists)? } else { Scores::Dense(dense) };
    let top_k_certified = params.top_k.map(|_| certified);
    Ok(PprScores { scores, error_bounds, iterations, methods, top_k_certified, reason })
}
