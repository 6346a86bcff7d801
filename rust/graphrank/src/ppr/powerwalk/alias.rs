//! Alias tables: an arc drawn in proportion to its weight, with one comparison.
//!
//! A node of d arcs has d slots of equal probability. A slot holds part of the probability of its own arc, and gives
//! the rest to one other arc, so a draw is: a slot, then its own arc or the other (Walker, 1977; built by the
//! procedure of Vose, IEEE Trans. Softw. Eng. 17(9), 1991). Cost: 8 bytes per arc, O(1) per draw, O(d) to build a row.
//! An arc of weight 0 keeps nothing of its slot and is the other arc of none, so it is never drawn.

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::{Buffer, try_zeroed};

/// A slot, aligned to the outgoing arc that owns it: the share that its own arc keeps, in 2^-32, and the target of the
/// arc that has the rest.
pub(super) type Slot = [u32; 2];

/// The tables of all nodes of a weighted graph.
pub(super) struct Alias {
    /// Aligned to the outgoing arcs.
    pub(super) slots: Buffer<Slot>,
    /// A bit per node, set where all arcs weigh 0: no walk leaves there.
    closed: Vec<u64>,
}

impl Alias {
    /// The tables; `None` for an unweighted graph, whose arcs are all alike.
    pub(super) fn new(graph: &Graph, exec: &Exec) -> Result<Option<Self>> {
        if !graph.is_weighted() {
            return Ok(None);
        }
        let mut closed = try_zeroed("marks of dangling nodes", graph.n_nodes().div_ceil(64))?;
        for &node in &graph.transition(exec)?.dangling {
            closed[node as usize / 64] |= 1 << (node % 64);
        }
        Ok(Some(Self { slots: slots(graph, exec)?, closed }))
    }

    /// Whether no arc of `node` can be drawn.
    #[inline]
    pub(super) fn is_closed(&self, node: usize) -> bool {
        self.closed[node / 64] >> (node % 64) & 1 == 1
    }
}

fn slots(graph: &Graph, exec: &Exec) -> Result<Buffer<Slot>> {
    let csr = graph.out();
    let mut slots = Buffer::zeroed("alias tables", csr.n_arcs())?;
    let chunks = csr.row_chunks();
    let mut parts = Vec::with_capacity(chunks.len());
    let mut rest = &mut slots[..];
    for rows in &chunks {
        let (part, tail) = rest.split_at_mut(csr.range(rows.end - 1).end - csr.range(rows.start).start);
        parts.push((rows.clone(), part));
        rest = tail;
    }
    exec.map_items(parts, |_, (rows, part)| {
        exec.checkpoint(0)?;
        let first = csr.range(rows.start).start;
        let mut scratch = Scratch::default();
        for v in rows {
            let range = csr.range(v);
            let row = &mut part[range.start - first..range.end - first];
            scratch.fill(csr.row(v), csr.row_weights(v).unwrap_or(&[]), row);
        }
        Ok(())
    })?;
    Ok(slots)
}

/// Arrays of the length of a row, used again for the next.
#[derive(Default)]
struct Scratch {
    /// Probability of each arc times the number of arcs, less what other slots took of it.
    share: Vec<f64>,
    /// Arcs with less than a slot of probability, and with more.
    small: Vec<usize>,
    large: Vec<usize>,
}

impl Scratch {
    fn fill(&mut self, targets: &[u32], weights: &[f64], slots: &mut [Slot]) {
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if largest == 0.0 {
            return;
        }
        let total: f64 = weights.iter().map(|w| w / largest).sum();
        let scale = targets.len() as f64 / total;
        self.share.clear();
        self.share.extend(weights.iter().map(|w| w / largest * scale));
        self.small.clear();
        self.large.clear();
        for (i, &share) in self.share.iter().enumerate() {
            if share < 1.0 { self.small.push(i) } else { self.large.push(i) }
        }
        while let Some(&large) = self.large.last() {
            let Some(small) = self.small.pop() else { break };
            slots[small] = [fraction(self.share[small]), targets[large]];
            self.share[large] -= 1.0 - self.share[small];
            if self.share[large] < 1.0 {
                self.large.pop();
                self.small.push(large);
            }
        }
        // What is left has a whole slot, up to rounding; an arc of weight 0 cannot be here unless rounding ate the
        // last large share, and then the heaviest arc takes its slot.
        let heaviest = weights.iter().position(|&w| w == largest).unwrap_or(0);
        for &i in self.large.iter().chain(&self.small) {
            let owner = if weights[i] > 0.0 { i } else { heaviest };
            slots[i] = [0, targets[owner]];
        }
    }
}

/// A share of at most 1 in units of 2^-32.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float to int cast saturates")]
fn fraction(share: f64) -> u32 {
    (share * 4_294_967_296.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeOptions;

    /// Adds up what each target gets from all slots of a row.
    fn probabilities(weights: &[f64]) -> Vec<f64> {
        let n = weights.len();
        let targets: Vec<u32> = (0u32..).take(n).collect();
        let graph = Graph::from_edges(
            n,
            &vec![0; n],
            &targets,
            Some(weights),
            EdgeOptions::default(),
            &Exec::default(),
        );
        let slots = slots(&graph.unwrap(), &Exec::default()).unwrap();
        let mut probabilities = vec![0.0; n];
        for (i, &[keep, other]) in slots.iter().enumerate() {
            let keep = f64::from(keep) / 4_294_967_296.0;
            probabilities[i] += keep / n as f64;
            probabilities[other as usize] += (1.0 - keep) / n as f64;
        }
        probabilities
    }

    #[test]
    fn slots_add_up_to_the_weights() {
        let cases: [&[f64]; 6] = [
            &[1.0],
            &[0.0, 3.0],
            &[0.0, 0.0, 1e-300, 0.0],
            &[1e308, 1e308, 1.0],
            &[0.1, 0.2, 0.3, 0.4, 0.0, 1e-9],
            &[1.0; 7],
        ];
        for weights in cases {
            let largest = weights.iter().copied().fold(0.0, f64::max);
            let total: f64 = weights.iter().map(|w| w / largest).sum();
            for (p, w) in probabilities(weights).iter().zip(weights) {
                assert!((p - w / largest / total).abs() < 1e-9, "{weights:?}");
                assert!(*w > 0.0 || *p == 0.0, "an arc of weight 0 can be drawn in {weights:?}");
            }
        }
    }
}
