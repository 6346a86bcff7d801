//! The random walk on a graph: from a node, along one of its arcs in proportion to the weights.

use super::Graph;
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_zeroed};

/// Transition probabilities, laid out for products that pull along incoming arcs.
#[derive(Debug)]
pub(crate) struct Transition {
    pub(crate) steps: Steps,
    /// Nodes the walk cannot leave: without arcs, or only with arcs of weight 0. Rising.
    pub(crate) dangling: Vec<u32>,
}

/// How probable each step is.
#[derive(Debug)]
pub(crate) enum Steps {
    /// All arcs of a node alike: the inverse of its degree each. A node without arcs has degree 1 here.
    Uniform { degrees: Vec<u32>, inverses: Vec<f64> },
    /// A probability per incoming arc, in the order of the incoming arcs.
    Weighted { probabilities: Vec<f64> },
}

/// A row's largest weight, and the sum of the row's weights divided by it. Dividing by the largest first keeps rows
/// of huge or tiny weights from overflowing or vanishing.
#[derive(Clone, Copy)]
struct RowScale {
    largest: f64,
    sum: f64,
}

impl Transition {
    pub(super) fn new(graph: &Graph, exec: &Exec) -> Result<Self> {
        exec.checkpoint(graph.n_arcs() as u64)?;
        let csr = graph.out();
        let n = csr.n_rows();
        if !graph.is_weighted() {
            #[expect(clippy::cast_possible_truncation, reason = "a row has at most one arc per node")]
            let degrees = (0..n).map(|v| csr.row(v).len().max(1) as u32);
            let degrees = try_collect("degrees", n, degrees)?;
            let inverses = try_collect("inverse degrees", n, degrees.iter().map(|&d| 1.0 / f64::from(d)))?;
            let dangling = nodes_where(n, |v| csr.row(v).is_empty())?;
            return Ok(Self { steps: Steps::Uniform { degrees, inverses }, dangling });
        }
        let rows = (0..n).map(|v| row_scale(csr.row_weights(v).unwrap_or(&[])));
        let rows: Vec<RowScale> = try_collect("sums of weights", n, rows)?;
        let dangling = nodes_where(n, |v| rows[v].largest == 0.0)?;
        let incoming = graph.incoming(exec)?.arcs();
        let mut probabilities = try_zeroed("transition probabilities", incoming.targets.len())?;
        for ((p, &u), &w) in
            probabilities.iter_mut().zip(incoming.targets).zip(incoming.weights.unwrap_or(&[]))
        {
            let row = rows[u as usize];
            *p = if row.largest > 0.0 { w / row.largest / row.sum } else { 0.0 };
        }
        Ok(Self { steps: Steps::Weighted { probabilities }, dangling })
    }

    pub(super) fn n_bytes(&self) -> usize {
        let steps = match &self.steps {
            Steps::Uniform { degrees, inverses } => size_of_val(&degrees[..]) + size_of_val(&inverses[..]),
            Steps::Weighted { probabilities } => size_of_val(&probabilities[..]),
        };
        steps + size_of_val(&self.dangling[..])
    }
}

/// The nodes for which `is_member` holds, rising.
fn nodes_where(n: usize, is_member: impl Fn(usize) -> bool) -> Result<Vec<u32>> {
    let n_members = (0..n).filter(|&v| is_member(v)).count();
    let members = (0u32..).zip(0..n).filter(|&(_, v)| is_member(v)).map(|(node, _)| node);
    try_collect("dangling nodes", n_members, members)
}

fn row_scale(weights: &[f64]) -> RowScale {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let sum = if largest > 0.0 { weights.iter().map(|w| w / largest).sum() } else { 0.0 };
    RowScale { largest, sum }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeOptions;

    #[test]
    fn rows_of_huge_tiny_and_zero_weights_are_still_walks() {
        let weights = [1e308, 1e308, 5e-324, 5e-324, 0.0];
        let options = EdgeOptions::default();
        let exec = Exec::default();
        let graph =
            Graph::from_edges(4, &[0, 0, 1, 1, 2], &[1, 2, 0, 3, 3], Some(&weights), options, &exec).unwrap();
        let walk = graph.transition(&exec).unwrap();
        let Steps::Weighted { probabilities } = &walk.steps else { panic!("the graph is weighted") };
        // Incoming arcs by target: 1->0, 0->1, 0->2, 1->3, 2->3.
        assert_eq!(probabilities[..], [0.5, 0.5, 0.5, 0.5, 0.0]);
        assert_eq!(walk.dangling, [2, 3]);
    }
}
