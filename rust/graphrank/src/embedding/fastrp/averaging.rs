//! The transition matrix as an operator on whole matrices, for what iterates on an embedding.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_collect;
use crate::numeric;
use crate::simd::{Isa, LANES, Simd};

use super::chunks::Chunks;
use super::gather::{Finish, Part, Row, Rows};
use super::lane::Lane;
use super::neighborhood::Neighborhood;

/// Means over the neighbours. Matrices have a row of whole groups per node.
#[derive(Clone, Copy)]
pub(super) struct Averaging<'a> {
    pub(super) neighborhood: &'a Neighborhood<'a>,
    pub(super) chunks: &'a Chunks,
    pub(super) isa: Isa,
}

impl Averaging<'_> {
    /// Per row, the sum of the weights of its arcs over that of all rows.
    pub(super) fn shares(&self) -> Result<Vec<f64>> {
        // Sums of weights near the largest float are infinite; nearly all others vanish beside them anyhow.
        let degree = |node| self.neighborhood.degree(node).min(f64::MAX);
        let n = self.neighborhood.n_nodes();
        let nodes = || 0..n;
        let largest = nodes().map(degree).fold(f64::MIN_POSITIVE, f64::max);
        let sum = numeric::sum(nodes().map(|node| degree(node) / largest)).max(1.0);
        try_collect("shares of nodes", n, nodes().map(|node| degree(node) / largest / sum))
    }

    /// What [`Averaging::apply`] counts as progress.
    pub(super) fn units(&self, n_groups: usize) -> usize {
        let n_blocks = n_groups / 8 + (n_groups % 8).count_ones() as usize;
        self.neighborhood.n_arcs() * n_blocks
    }

    /// `target = P source`, for rows of `n_groups` groups.
    pub(super) fn apply(
        &self,
        source: &[[f32; LANES]],
        target: &mut [[f32; LANES]],
        n_groups: usize,
        exec: &Exec,
    ) -> Result<()> {
        let rows = Rows { neighborhood: self.neighborhood, nodes: None, factors: None, isa: self.isa };
        average_all(rows, self.chunks, source, target, n_groups, exec)
    }
}

/// The means of all `rows`, in their order, over the vectors of `source`, whose rows have `n_groups` groups. `chunks` cut
/// the rows into units of work.
pub(super) fn average_all<T: Lane>(
    rows: Rows<'_>,
    chunks: &Chunks,
    source: &[[T; LANES]],
    target: &mut [[f32; LANES]],
    n_groups: usize,
    exec: &Exec,
) -> Result<()> {
    let mut first = 0;
    while first < n_groups {
        let source = Part { groups: source, stride: n_groups, first };
        let targets = chunks.split(target, n_groups);
        first += match n_groups - first {
            8.. => average_block::<T, 8>(rows, chunks, source, targets, exec)?,
            4.. => average_block::<T, 4>(rows, chunks, source, targets, exec)?,
            2.. => average_block::<T, 2>(rows, chunks, source, targets, exec)?,
            _ => average_block::<T, 1>(rows, chunks, source, targets, exec)?,
        };
    }
    Ok(())
}

/// Some columns, and how many groups they are.
fn average_block<T: Lane, const B: usize>(
    rows: Rows<'_>,
    chunks: &Chunks,
    source: Part<'_, T>,
    targets: Vec<&mut [[f32; LANES]]>,
    exec: &Exec,
) -> Result<usize> {
    exec.map_items(targets, |chunk, target| {
        let part = chunks.rows(chunk);
        let (start, stride, first) = (part.start, source.stride, source.first);
        let mut means = WriteMean { target, start, stride, first };
        rows.average::<T, B>(part, source, &mut means, exec)
    })?;
    Ok(B)
}

/// Stores the mean of a row.
struct WriteMean<'a> {
    target: &'a mut [[f32; LANES]],
    /// First row of the target.
    start: usize,
    stride: usize,
    first: usize,
}

impl<const B: usize> Finish<B> for WriteMean<'_> {
    #[inline(always)]
    fn row<S: Simd>(&mut self, index: usize, _: usize, mean: &Row<S, B>) {
        let at = (index - self.start) * self.stride + self.first;
        for (target, &lanes) in self.target[at..at + B].iter_mut().zip(mean) {
            *target = S::store(lanes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::params::Direction;
    use super::*;
    use crate::graph::{EdgeOptions, Graph};
    use crate::rng::mix;

    /// Every instruction set gives the same bits, from every kind of stored vector and width of block; and rows longer
    /// than a window, as the hub's here, are means too.
    #[test]
    fn all_instruction_sets_average_alike() {
        let (exec, n, n_groups) = (Exec::default(), 1500u32, 15);
        let spokes = (1..n).map(|v| (0, v));
        let others = (0..4000u64).map(|i| ((mix(i) % 1500) as u32, (mix(i ^ 77) % 1500) as u32));
        let (src, dst): (Vec<u32>, Vec<u32>) = spokes.chain(others).unzip();
        let weights: Vec<f64> = (0..src.len()).map(|i| (i % 9) as f64 / 3.0).collect();
        for weights in [None, Some(&weights[..])] {
            let options = EdgeOptions::default();
            let graph = Graph::from_edges(n as usize, &src, &dst, weights, options, &exec).unwrap();
            let rows = Neighborhood::new(&graph, Direction::Out, &exec).unwrap();
            let chunks = rows.chunks(&exec).unwrap();
            let len = n as usize * n_groups;
            let draw = |i: usize| mix(i as u64);
            let singles: Vec<[f32; LANES]> = (0..len)
                .map(|i| std::array::from_fn(|lane| (draw(i * LANES + lane) % 2001) as f32 / 1000.0 - 1.0))
                .collect();
            let halves: Vec<[u16; LANES]> = (0..len)
                .map(|i| std::array::from_fn(|lane| (draw(i * LANES + lane) % 0x7c00) as u16))
                .collect();
            let signs: Vec<[i8; LANES]> = (0..len)
                .map(|i| std::array::from_fn(|lane| (draw(i * LANES + lane) % 3) as i8 - 1))
                .collect();
            let averages = |isa| {
                let rows = Rows { neighborhood: &rows, nodes: None, factors: None, isa };
                let mut targets = vec![vec![[0f32; LANES]; len]; 3];
                average_all(rows, &chunks, &singles, &mut targets[0], n_groups, &exec).unwrap();
                average_all(rows, &chunks, &halves, &mut targets[1], n_groups, &exec).unwrap();
                average_all(rows, &chunks, &signs, &mut targets[2], n_groups, &exec).unwrap();
                targets
            };
            let expected = averages(Isa::available()[0]);
            for isa in Isa::available() {
                assert!(averages(isa) == expected, "{isa:?}");
            }
            for group in 0..n_groups {
                let arcs = || {
                    rows.arcs(0, 0).flat_map(|(targets, weights)| {
                        targets.iter().enumerate().map(move |(i, &t)| (t, weights.map_or(1.0, |w| w[i])))
                    })
                };
                let total: f64 = arcs().map(|(_, w)| w).sum();
                let mean: f64 = arcs()
                    .map(|(t, w)| w * f64::from(singles[t as usize * n_groups + group][3]))
                    .sum::<f64>()
                    / total;
                assert!((mean - f64::from(expected[0][group][3])).abs() < 1e-6);
            }
        }
    }
}
