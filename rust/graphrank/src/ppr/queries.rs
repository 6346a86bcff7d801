//! Restart distributions of a batch of queries.

use crate::error::{Error, Result};
use crate::memory::try_collect;
use crate::numeric;

/// Restart distributions in compressed form: query `q` restarts at `nodes[offsets[q]..offsets[q + 1]]`, each drawn in
/// proportion to its weight. A node may be listed again; its weights add up.
#[derive(Clone, Debug, Default)]
pub struct Queries<'a> {
    /// Where each query's list begins, and where the last one ends.
    pub offsets: std::borrow::Cow<'a, [u64]>,
    /// Nodes to restart at.
    pub nodes: std::borrow::Cow<'a, [u32]>,
    /// Their weights: finite, not negative, not all zero within a query.
    pub weights: std::borrow::Cow<'a, [f64]>,
}

/// One query's distribution: nodes rise, weights add up to 1.
pub(super) type Restart = Vec<(u32, f64)>;

impl<'a> Queries<'a> {
    /// One query per node, each restarting at that node alone.
    #[must_use]
    pub fn from_nodes(nodes: &'a [u32]) -> Self {
        Self {
            offsets: (0..=nodes.len() as u64).collect(),
            nodes: nodes.into(),
            weights: vec![1.0; nodes.len()].into(),
        }
    }

    /// Checks every query and scales its weights to sum 1.
    pub(super) fn normalised(&self, n_nodes: usize) -> Result<Vec<Restart>> {
        let n = self.nodes.len();
        if self.weights.len() != n {
            let problem = format!("has {} weights for {n} nodes", self.weights.len());
            return Err(Error::argument("restart", problem));
        }
        let ends = (self.offsets.first(), self.offsets.last());
        if ends != (Some(&0), Some(&(n as u64))) || !self.offsets.is_sorted() {
            return Err(Error::argument("restart", "offsets must rise from 0 to the number of nodes listed"));
        }
        for (i, (&node, &weight)) in self.nodes.iter().zip(&*self.weights).enumerate() {
            if node as usize >= n_nodes {
                return Err(Error::row(
                    "restart",
                    i,
                    format!("names node {node}, nodes are numbered below {n_nodes}"),
                ));
            }
            if !(weight.is_finite() && weight >= 0.0) {
                let problem = format!("has weight {weight}, weights must be finite and not negative");
                return Err(Error::row("restart", i, problem));
            }
        }
        self.offsets.windows(2).enumerate().map(|(q, range)| self.distribution(q, range)).collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "offsets were checked against an array in memory")]
    fn distribution(&self, q: usize, range: &[u64]) -> Result<Restart> {
        let range = range[0] as usize..range[1] as usize;
        let largest = self.weights[range.clone()].iter().copied().fold(0.0, f64::max);
        if largest == 0.0 {
            let problem = format!("weights of query {q} are all zero; at least one must be positive");
            return Err(Error::argument("restart", problem));
        }
        let listed = self.nodes[range.clone()].iter().zip(&self.weights[range.clone()]);
        let positive = listed.filter(|&(_, &weight)| weight > 0.0);
        // Dividing by the largest first keeps the sum of huge weights finite.
        let mut listed = try_collect(
            "a restart distribution",
            range.len(),
            positive.map(|(&node, &weight)| (node, weight / largest)),
        )?;
        listed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let total = numeric::sum(listed.iter().map(|&(_, weight)| weight));
        let merged = listed.chunk_by(|a, b| a.0 == b.0).map(|same| {
            let weight = numeric::sum(same.iter().map(|&(_, weight)| weight));
            (same[0].0, weight / total)
        });
        let restart = try_collect("a restart distribution", listed.len(), merged)?;
        Ok(restart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queries(nodes: &'static [u32], weights: &'static [f64]) -> Queries<'static> {
        Queries { offsets: vec![0, nodes.len() as u64].into(), nodes: nodes.into(), weights: weights.into() }
    }

    #[test]
    fn weights_of_a_node_listed_again_add_up() {
        let restart = queries(&[4, 1, 4], &[1e308, 1e308, 0.5e308]).normalised(5).unwrap();
        assert_eq!(restart, [[(1, 0.4), (4, 0.6)]]);
    }

    #[test]
    fn what_is_not_a_distribution_is_named() {
        let message = |nodes, weights| queries(nodes, weights).normalised(5).unwrap_err().to_string();
        assert!(message(&[5], &[1.0]).starts_with("`restart`, row 0: names node 5"));
        assert!(message(&[1, 2], &[1.0, -1.0]).starts_with("`restart`, row 1: has weight -1"));
        assert!(message(&[1, 2], &[f64::NAN, 1.0]).starts_with("`restart`, row 0: has weight NaN"));
        assert!(message(&[1, 2], &[0.0, 0.0]).contains("are all zero"));
        assert!(message(&[], &[]).contains("are all zero"));
    }
}
