//! The random walk on a graph: from a node, along one of its arcs in proportion to the weights.

use super::{Arcs, Csr, Graph};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{Buffer, try_collect};
use crate::numeric;

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
    /// A probability per incoming arc, in the order of the incoming arcs, and what gives those of outgoing arcs.
    Weighted { probabilities: Buffer<f64>, rows: Vec<RowScale> },
}

/// A row's largest weight, and the sum of the row's weights divided by it. Dividing by the largest first keeps rows
/// of huge or tiny weights from overflowing or vanishing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowScale {
    largest: f64,
    sum: f64,
}

impl RowScale {
    /// Whether no arc of the row has weight.
    pub(crate) fn is_empty(self) -> bool {
        self.largest == 0.0
    }

    /// The probability of the row's arc of that weight; 0 where no arc has weight.
    pub(crate) fn share(self, weight: f64) -> f64 {
        if self.largest > 0.0 { weight / self.largest / self.sum } else { 0.0 }
    }
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
        let rows = row_scales(csr, exec)?;
        let dangling = nodes_where(n, |v| rows[v].is_empty())?;
        let probabilities = probabilities(graph.incoming(exec)?, &rows, exec)?;
        Ok(Self { steps: Steps::Weighted { probabilities, rows }, dangling })
    }

    pub(super) fn n_bytes(&self) -> usize {
        let steps = match &self.steps {
            Steps::Uniform { degrees, inverses } => size_of_val(&degrees[..]) + size_of_val(&inverses[..]),
            Steps::Weighted { probabilities, rows } => {
                size_of_val(&probabilities[..]) + size_of_val(&rows[..])
            }
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

fn row_scales(csr: &Csr, exec: &Exec) -> Result<Vec<RowScale>> {
    let chunks = csr.row_chunks();
    let by_chunk = exec.map(chunks.len(), |c| {
        exec.checkpoint(0)?;
        let rows = chunks[c].clone();
        try_collect("sums of weights", rows.len(), rows.map(|v| row_scale(csr.row_weights(v).unwrap_or(&[]))))
    })?;
    try_collect("sums of weights", csr.n_rows(), by_chunk.into_iter().flatten())
}

fn row_scale(weights: &[f64]) -> RowScale {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let sum = if largest > 0.0 { numeric::sum(weights.iter().map(|w| w / largest)) } else { 0.0 };
    RowScale { largest, sum }
}

/// The probability of every incoming arc.
fn probabilities(incoming: &Csr, rows: &[RowScale], exec: &Exec) -> Result<Buffer<f64>> {
    let mut probabilities = Buffer::zeroed("transition probabilities", incoming.n_arcs())?;
    let chunks = incoming.row_chunks();
    let mut parts = Vec::with_capacity(chunks.len());
    let mut rest = &mut probabilities[..];
    for rows in &chunks {
        let arcs = incoming.range(rows.start).start..incoming.range(rows.end - 1).end;
        let (part, tail) = rest.split_at_mut(arcs.len());
        parts.push((arcs, part));
        rest = tail;
    }
    let Arcs { targets, weights, .. } = incoming.arcs();
    let weights = weights.unwrap_or(&[]);
    exec.map_items(parts, |_, (arcs, part)| {
        exec.checkpoint(0)?;
        for ((p, &u), &w) in part.iter_mut().zip(&targets[arcs.clone()]).zip(&weights[arcs]) {
            *p = rows[u as usize].share(w);
        }
        Ok(())
    })?;
    Ok(probabilities)
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
        let Steps::Weighted { probabilities, .. } = &walk.steps else { panic!("the graph is weighted") };
        // Incoming arcs by target: 1->0, 0->1, 0->2, 1->3, 2->3.
        assert_eq!(probabilities[..], [0.5, 0.5, 0.5, 0.5, 0.0]);
        assert_eq!(walk.dangling, [2, 3]);
    }
}
