//! The transition matrix as an operator on whole matrices, for what iterates on an embedding.

use std::ops::Range;

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::try_collect;
use crate::simd::{Isa, LANES, Simd};

use super::gather::{Finish, Row, Rows, Source};
use super::layout::Layout;
use super::neighborhood::Neighborhood;
use super::params::Direction;

/// Means over the neighbours. Matrices have a row of whole groups per node that has neighbours, in the order of
/// [`Averaging::nodes`].
pub(in crate::embedding) struct Averaging<'g> {
    neighborhood: Neighborhood<'g>,
    layout: Layout,
    isa: Isa,
}

impl<'g> Averaging<'g> {
    pub(in crate::embedding) fn new(graph: &'g Graph, direction: Direction, exec: &Exec) -> Result<Self> {
        let neighborhood = Neighborhood::new(graph, direction, exec)?;
        let layout = Layout::new(&neighborhood, 0, exec)?;
        Ok(Self { neighborhood, layout, isa: Isa::best() })
    }

    /// The node of each row, rising.
    pub(in crate::embedding) fn nodes(&self) -> &[u32] {
        &self.layout.nodes
    }

    /// Consecutive ranges of rows of about equal work.
    pub(in crate::embedding) fn chunks(&self) -> &[Range<usize>] {
        &self.layout.chunks
    }

    /// Arcs that [`Averaging::apply`] reads.
    pub(in crate::embedding) fn n_arcs(&self) -> usize {
        self.neighborhood.n_arcs()
    }

    /// Per row, the sum of the weights of its arcs.
    pub(in crate::embedding) fn degrees(&self) -> Result<Vec<f64>> {
        let degrees = self.nodes().iter().map(|&node| self.neighborhood.degree(node as usize));
        try_collect("degrees", self.nodes().len(), degrees)
    }

    /// `target = P source`, for rows of `n_groups` groups. Counts its arcs as units, once per 8 groups.
    pub(in crate::embedding) fn apply(
        &self,
        source: &[[f32; LANES]],
        target: &mut [[f32; LANES]],
        n_groups: usize,
        exec: &Exec,
    ) -> Result<()> {
        let mut first = 0;
        while first < n_groups {
            let left = n_groups - first;
            let (source, target) = (Source { groups: source, stride: n_groups, first }, &mut *target);
            first += match left {
                8.. => self.block::<8>(source, target, exec)?,
                4.. => self.block::<4>(source, target, exec)?,
                2.. => self.block::<2>(source, target, exec)?,
                _ => self.block::<1>(source, target, exec)?,
            };
        }
        Ok(())
    }

    /// Some columns of [`Averaging::apply`], and how many groups they are.
    fn block<const B: usize>(
        &self,
        source: Source<'_, f32>,
        target: &mut [[f32; LANES]],
        exec: &Exec,
    ) -> Result<usize> {
        let rows = Rows {
            neighborhood: &self.neighborhood,
            nodes: &self.layout.nodes,
            positions: &self.layout.positions,
            factors: None,
            isa: self.isa,
        };
        exec.map_items(self.layout.split(target, source.stride), |chunk, target| {
            let positions = self.layout.chunks[chunk].clone();
            let (start, stride, first) = (positions.start, source.stride, source.first);
            let mut store = Store { neighborhood: &self.neighborhood, target, start, stride, first };
            Rows::average::<f32, B>(&rows, positions, source, &mut store, exec)
        })?;
        Ok(B)
    }
}

/// Scales the sum of a row to a mean and stores it.
struct Store<'a> {
    neighborhood: &'a Neighborhood<'a>,
    target: &'a mut [[f32; LANES]],
    /// Position of the first row of the target.
    start: usize,
    stride: usize,
    first: usize,
}

impl<const B: usize> Finish<B> for Store<'_> {
    #[inline(always)]
    fn row<S: Simd>(&mut self, position: usize, node: u32, sum: &Row<S, B>) {
        let factor = S::splat(self.neighborhood.inverse(node as usize));
        let at = (position - self.start) * self.stride + self.first;
        for (target, &lanes) in self.target[at..at + B].iter_mut().zip(sum) {
            *target = S::store(S::mul(lanes, factor));
        }
    }
}
