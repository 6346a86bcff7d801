//! How fast a walk forgets where it began: the contraction of a power iteration, measured.
//!
//! A vector of pseudo-random signs, made to sum to 0, holds all the slow parts of a graph in proportion to their size.
//! After some steps of the walk what is left of it shrinks as power iteration's error will (times the damping). Dangling
//! nodes hand on to all nodes alike, which keeps the sum.

use super::sweep::{gather, gather_weighted};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Graph, Steps};
use crate::memory::Buffer;
use crate::numeric;
use crate::rng::mix;

/// Steps taken; the last two give the answer.
const STEPS: usize = 8;

/// By what the L1 norm of a vector of sum 0 shrinks at a step of the walk, about; between 0 and 1.
pub(super) fn contraction(graph: &Graph, exec: &Exec) -> Result<f64> {
    let n = graph.n_nodes();
    let mut x = Buffer::<f64>::zeroed("a vector of signs", n)?;
    for (v, x) in x.iter_mut().enumerate() {
        *x = if mix(v as u64) & 1 == 0 { 1.0 } else { -1.0 };
    }
    let mut next = Buffer::<f64>::zeroed("a vector of signs", n)?;
    let mean = numeric::sum(x.iter().copied()) / n.max(1) as f64;
    x.iter_mut().for_each(|x| *x -= mean);
    let mut norms = [0.0; STEPS];
    for norm in &mut norms {
        step(graph, &mut x, &mut next, exec)?;
        std::mem::swap(&mut x, &mut next);
        *norm = numeric::sum(x.iter().map(|x| x.abs()));
    }
    let ratio = norms[STEPS - 1] / norms[STEPS - 3];
    Ok(if ratio.is_finite() { ratio.sqrt().min(1.0) } else { 0.0 })
}

/// One step of the walk from `x`, which is overwritten, to `next`.
fn step(graph: &Graph, x: &mut [f64], next: &mut [f64], exec: &Exec) -> Result<()> {
    let incoming = graph.incoming(exec)?;
    let walk = graph.transition(exec)?;
    let spread = numeric::sum(walk.dangling.iter().map(|&v| x[v as usize])) / x.len().max(1) as f64;
    if let Steps::Uniform { inverses, .. } = &walk.steps {
        x.iter_mut().zip(inverses).for_each(|(x, inverse)| *x *= inverse);
    }
    let (chunks, x) = (incoming.row_chunks(), &*x);
    let mut parts = Vec::with_capacity(chunks.len());
    let mut rest = next;
    for rows in &chunks {
        let (part, tail) = rest.split_at_mut(rows.len());
        parts.push(part);
        rest = tail;
    }
    exec.map_items(parts, |c, part| {
        exec.checkpoint(0)?;
        let (arcs, rows) = (incoming.arcs(), chunks[c].clone());
        match &walk.steps {
            Steps::Uniform { .. } => gather(arcs, rows, x, part, |sum| sum + spread),
            Steps::Weighted { probabilities, .. } => {
                gather_weighted(arcs, rows, x, probabilities, part, |sum| sum + spread);
            }
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeOptions;
    use crate::rng::{Domain, stream};
    use rand_xoshiro::rand_core::Rng;

    fn measured(n: u32, edges: impl Iterator<Item = (u32, u32)>) -> f64 {
        let (src, dst): (Vec<_>, Vec<_>) = edges.unzip();
        let exec = Exec::default();
        let graph = Graph::from_edges(n as usize, &src, &dst, None, EdgeOptions::default(), &exec).unwrap();
        contraction(&graph, &exec).unwrap()
    }

    /// A random digraph of out-degree d has second eigenvalue about 1 / √d; a cycle forgets nothing.
    #[test]
    fn random_graphs_mix_at_once_and_cycles_never() {
        let n = 4_000u32;
        let mut rng = stream(1, Domain::Generator, 0);
        #[expect(clippy::cast_possible_truncation, reason = "a remainder of a 32-bit number")]
        let mut draw = || (rng.next_u64() % u64::from(n)) as u32;
        let edges: Vec<_> = (0..n * 25).map(|i| (i % n, draw())).collect();
        let random = measured(n, edges.into_iter());
        assert!((0.15..0.25).contains(&random), "{random} is far from 1 / √25");
        let cycle = measured(n, (0..n).map(|v| (v, (v + 1) % n)));
        assert!((cycle - 1.0).abs() < 1e-9, "{cycle}");
    }
}
