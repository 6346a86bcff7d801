//! What comes out.

use super::Method;

/// Scores of a batch of queries.
#[derive(Clone, Debug, PartialEq)]
pub struct PprScores {
    /// The scores.
    pub scores: Scores,
    /// Per query, a bound on the L1 error of its full vector of scores; never above `tol`.
    pub error_bounds: Vec<f64>,
    /// Per query, the sweeps over all arcs it took.
    pub iterations: Vec<u32>,
    /// Per query, the method that was used; never [`Method::Auto`].
    pub methods: Vec<Method>,
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
