//! Where the walks from a distribution go, for several distributions at once: δ (G - c I) = c Σ_{t >= 1} δ (α P)^t.
//!
//! With xₜ = δ (α P)^t, the sum is cut after some t and its tail taken as geometric: were xₜ₊₁ = ρ xₜ, the tail
//! would be ρ / (1 - ρ) xₜ. With e = xₜ₊₁ - ρ xₜ instead, the tail is ρ / (1 - ρ) xₜ + e (I - α P)⁻¹ / (1 - ρ), so
//! cutting it is off by at most ‖e‖₁ / (1 - ρ) after the factor c. The sum stops when that is small for all columns.
//!
//! # Rounding
//! Columns are 32-bit floats. A row is summed in blocks of [`BLOCK`] arcs and the blocks in 64 bits, so a new entry is
//! off by at most as many units of rounding as a block has arcs, and three. What an entry of xₜ is off by goes on with
//! it and adds up to at most as much in the result, so these errors are summed over all sweeps; the running sum is off
//! by one unit a sweep.
//!
//! # Cost
//! A sweep reads each arc once and, for it, a row of as many 32-bit floats as there are columns: with 16 a cache line.

use std::ops::Range;

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Csr, Graph, Steps, usize_of};
use crate::memory::Buffer;

/// Columns of a full block.
pub(super) const LANES: usize = 16;
/// Arcs that are summed in 32 bits.
const BLOCK: usize = 64;
/// A rounding of a 32-bit float relative to it, 2⁻²⁴, and a hundredth for products of roundings.
const UNIT: f64 = 6.03e-8;

/// Norms that a sweep finds, per column.
#[derive(Clone, Copy)]
struct Norms<const L: usize> {
    /// ‖xₜ₊₁‖₁.
    mass: [f64; L],
    /// ‖xₜ₊₁ - ρ xₜ‖₁.
    change: [f64; L],
    /// L1 error of xₜ₊₁ by rounding, in units.
    roundings: [f64; L],
}

/// Writes L columns of the result into `into` (the array, its columns, the first of ours) and returns bounds on their
/// L1 errors; `delta(v, lane)` are the distributions.
pub(super) fn spread<const L: usize>(
    graph: &Graph,
    damping: f64,
    tol: f64,
    delta: impl Fn(usize, usize) -> f64,
    into: (&mut [f32], usize, usize),
    exec: &Exec,
) -> Result<[f64; L]> {
    let n = graph.n_nodes();
    let incoming = graph.incoming(exec)?;
    let steps = &graph.transition(exec)?.steps;
    let mut x = Buffer::<f32>::zeroed("columns under way", n * L)?;
    let mut next = Buffer::<f32>::zeroed("columns under way", n * L)?;
    let mut sum = Buffer::<f32>::zeroed("columns of the closure", n * L)?;
    let mut mass = [0.0; L];
    for (v, row) in x.chunks_exact_mut(L).enumerate() {
        for lane in 0..L {
            let share = delta(v, lane);
            mass[lane] += share;
            row[lane] = narrow(share);
        }
    }
    let mut rho = [damping; L];
    let mut bounds: [f64; L];
    // Of the start, and of three operations that add the tail; of sums, two factors of each product.
    let mut roundings = [6.0; L];
    loop {
        let sweep = Sweep { incoming, steps, damping, rho, stop: 1.0 - damping };
        let norms = sweep.run(&x, &mut next, &mut sum, exec)?;
        std::mem::swap(&mut x, &mut next);
        for lane in 0..L {
            rho[lane] = if mass[lane] > 0.0 { (norms.mass[lane] / mass[lane]).min(damping) } else { 0.0 };
        }
        // The change was taken with the ratio before, so that is the one the tail is cut with.
        bounds = std::array::from_fn(|lane| norms.change[lane] / (1.0 - sweep.rho[lane]));
        for (roundings, more) in roundings.iter_mut().zip(norms.roundings) {
            *roundings += 1.0 + more;
        }
        if bounds.iter().all(|&bound| bound <= tol) {
            let tail = sweep.rho.map(|rho| narrow((1.0 - damping) * rho / (1.0 - rho)));
            add_tail(&sum, &x, tail, into);
            // The change is rounded three times, and is that of rounded columns.
            return Ok(std::array::from_fn(|lane| {
                let last = 3.0 * (norms.mass[lane] + mass[lane]) + norms.roundings[lane];
                bounds[lane] + UNIT * (roundings[lane] + last / (1.0 - sweep.rho[lane]))
            }));
        }
        mass = norms.mass;
    }
}

/// Adds what follows the last sweep. With e = xₜ₊₁ - ρ xₜ, the tail after xₜ₊₁ is ρ / (1 - ρ) xₜ₊₁ and less
/// than the bound of the tail after xₜ.
fn add_tail<const L: usize>(sum: &[f32], x: &[f32], tail: [f32; L], into: (&mut [f32], usize, usize)) {
    let (columns, n_columns, first) = into;
    let n_used = L.min(n_columns - first);
    for ((row, sum), x) in columns.chunks_exact_mut(n_columns).zip(sum.chunks_exact(L)).zip(x.chunks_exact(L))
    {
        for lane in 0..n_used {
            row[first + lane] = sum[lane] + tail[lane] * x[lane];
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "columns hold 32-bit floats; the rounding is in the bound"
)]
fn narrow(x: f64) -> f32 {
    x as f32
}

/// One sweep.
struct Sweep<'g, const L: usize> {
    incoming: &'g Csr,
    steps: &'g Steps,
    damping: f64,
    /// Expected ratio of xₜ₊₁ to xₜ.
    rho: [f64; L],
    stop: f64,
}

impl<const L: usize> Sweep<'_, L> {
    /// `next` = x (α P), `sum` += c `next`.
    fn run(&self, x: &[f32], next: &mut [f32], sum: &mut [f32], exec: &Exec) -> Result<Norms<L>> {
        let mut parts = Vec::new();
        let (mut rest, mut rest_of_sum) = (next, sum);
        for rows in self.incoming.row_chunks() {
            let (part, tail) = rest.split_at_mut(rows.len() * L);
            let (part_of_sum, tail_of_sum) = rest_of_sum.split_at_mut(rows.len() * L);
            parts.push((rows, part, part_of_sum));
            (rest, rest_of_sum) = (tail, tail_of_sum);
        }
        let norms = exec.map_items(parts, |_, (rows, next, sum)| {
            exec.checkpoint(0)?;
            Ok(self.chunk(rows, x, next, sum))
        })?;
        let zero = Norms { mass: [0.0; L], change: [0.0; L], roundings: [0.0; L] };
        Ok(norms.iter().fold(zero, |mut total, part| {
            for lane in 0..L {
                total.mass[lane] += part.mass[lane];
                total.change[lane] += part.change[lane];
                total.roundings[lane] += part.roundings[lane];
            }
            total
        }))
    }

    fn chunk(&self, rows: Range<usize>, x: &[f32], next: &mut [f32], sum: &mut [f32]) -> Norms<L> {
        let mut norms = Norms { mass: [0.0; L], change: [0.0; L], roundings: [0.0; L] };
        let stop = narrow(self.stop);
        let rho = self.rho.map(narrow);
        let outputs = next.chunks_exact_mut(L).zip(sum.chunks_exact_mut(L));
        for (v, (next, sum)) in rows.zip(outputs) {
            let arcs = usize_of(self.incoming.offsets[v])..usize_of(self.incoming.offsets[v + 1]);
            let roundings = (arcs.len().min(BLOCK) + 3) as f64;
            let flow = self.gather(arcs, x);
            let x = &x[v * L..(v + 1) * L];
            for lane in 0..L {
                let y = narrow(self.damping * flow[lane]);
                next[lane] = y;
                sum[lane] += stop * y;
                norms.mass[lane] += f64::from(y);
                norms.roundings[lane] += roundings * f64::from(y);
                norms.change[lane] += f64::from((y - rho[lane] * x[lane]).abs());
            }
        }
        norms
    }

    /// Σ P(u, v) x(u) over the arcs into a node.
    #[inline]
    fn gather(&self, arcs: Range<usize>, x: &[f32]) -> [f64; L] {
        let mut flow = [0.0; L];
        for start in arcs.clone().step_by(BLOCK) {
            let block = self.gather_block(start..arcs.end.min(start + BLOCK), x);
            for lane in 0..L {
                flow[lane] += f64::from(block[lane]);
            }
        }
        flow
    }

    #[inline]
    fn gather_block(&self, arcs: Range<usize>, x: &[f32]) -> [f32; L] {
        let mut flow = [0.0; L];
        let sources = &self.incoming.targets[arcs.clone()];
        let mut add = |u: u32, probability: f64| {
            let row = &x[u as usize * L..(u as usize + 1) * L];
            for lane in 0..L {
                flow[lane] += narrow(probability) * row[lane];
            }
        };
        match self.steps {
            Steps::Uniform { inverses, .. } => sources.iter().for_each(|&u| add(u, inverses[u as usize])),
            Steps::Weighted { probabilities, .. } => {
                sources.iter().zip(&probabilities[arcs]).for_each(|(&u, &p)| add(u, p));
            }
        }
        flow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeOptions;

    /// From nodes by their degrees, a walk on an undirected graph stays so distributed: G keeps δ, and g = α δ.
    #[test]
    fn bounds_hold_at_a_hub() {
        let exec = Exec::default();
        let n_leaves = 60_000u32;
        let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
        let (src, dst): (Vec<u32>, Vec<u32>) = (1..=n_leaves).map(|leaf| (0, leaf)).unzip();
        let n = n_leaves as usize + 1;
        let graph = Graph::from_edges(n, &src, &dst, None, options, &exec).unwrap();
        let delta = |v: usize, _: usize| if v == 0 { 0.5 } else { 0.5 / f64::from(n_leaves) };
        let mut columns = vec![0.0; n];
        let [bound] = spread::<1>(&graph, 0.85, 1e-4, delta, (&mut columns, 1, 0), &exec).unwrap();
        let error: f64 = (0..n).map(|v| (f64::from(columns[v]) - 0.85 * delta(v, 0)).abs()).sum();
        assert!(error <= bound, "{error} is above {bound}");
        assert!(bound < 1.5e-4);
    }

    /// A ring of three with a way out to a dangling node, column 0 from node 0, column 1 from node 3.
    #[test]
    fn columns_are_the_sums_they_stand_for() {
        let exec = Exec::default();
        for weights in [None, Some(&[1.0, 2.0, 3.0, 1.0][..])] {
            let (src, dst) = ([0, 1, 2, 0], [1, 2, 0, 3]);
            let graph = Graph::from_edges(4, &src, &dst, weights, EdgeOptions::default(), &exec).unwrap();
            let mut columns = vec![0.0; 8];
            let delta = |v: usize, lane: usize| f64::from(u8::from(v == 3 * lane && lane < 2));
            let bounds = spread::<LANES>(&graph, 0.85, 1e-6, delta, (&mut columns, 2, 0), &exec).unwrap();
            assert!(bounds.iter().all(|&bound| bound < 2e-5));
            // Half of what is at node 0 goes on to 1, so a turn of the ring keeps α³ / 2.
            let turn = 0.85f64.powi(3) / 2.0;
            let at_0 = 0.15 * turn / (1.0 - turn);
            let at_1 = 0.85 / 2.0 * (0.15 + at_0);
            for (v, exact) in [at_0, at_1, 0.85 * at_1, at_1].into_iter().enumerate() {
                assert!((f64::from(columns[2 * v]) - exact).abs() < 1e-5, "node {v}");
                assert_eq!(columns[2 * v + 1], 0.0, "nothing leaves a dangling node");
            }
        }
    }
}
