//! One power from the one before, for all nodes or a list of them; rows lie at their nodes' numbers.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{Buffer, try_collect, try_zeroed};
use crate::simd::{Baseline, Isa, LANES};

use super::super::averaging::average_all;
use super::super::chunks::Chunks;
use super::super::gather::Rows;
use super::super::lane::{Lane, add_squares};
use super::super::neighborhood::Neighborhood;
use super::super::params::FastRpParams;
use super::super::start::{NodeData, Start};

/// Rows between two checkpoints.
pub(super) const ROWS: usize = 1 << 10;

/// Averages of the rows of a list of nodes.
pub(super) struct Average<'a> {
    pub(super) rows: &'a Neighborhood<'a>,
    /// `None`: all.
    pub(super) nodes: Option<&'a [u32]>,
    pub(super) n_groups: usize,
    pub(super) exec: &'a Exec,
}

impl Average<'_> {
    /// Over the rows of `source`, which are by node.
    pub(super) fn of<T: Lane>(
        &self,
        source: &[[T; LANES]],
        factors: Option<&[f32]>,
    ) -> Result<Buffer<[f32; LANES]>> {
        let n = self.nodes.map_or(self.rows.n_nodes(), <[u32]>::len);
        let mut target = Buffer::zeroed("a power of the embedding", n * self.n_groups)?;
        let rows = Rows { neighborhood: self.rows, nodes: self.nodes, factors, isa: Isa::best() };
        let n_arcs = |row| self.rows.n_neighbors(self.nodes.map_or(row, |nodes| nodes[row] as usize));
        let chunks = Chunks::new(n, n_arcs, self.exec)?;
        average_all(rows, &chunks, source, &mut target, self.n_groups, self.exec)?;
        Ok(target)
    }

    /// Over start rows.
    pub(super) fn start(&self, start: &Start<'_>) -> Result<Buffer<[f32; LANES]>> {
        let (n, n_groups) = (start.n_nodes(), self.n_groups);
        if start.is_signs(0, n_groups) {
            let mut signs = Buffer::<[i8; LANES]>::zeroed("signs of the projection", n * n_groups)?;
            self.fill(&mut signs, |_, row, group| start.signs(row, group), start)?;
            self.of::<i8>(&signs, start.degree_powers.as_deref())
        } else {
            let mut values = Buffer::<[f32; LANES]>::zeroed("start rows", n * n_groups)?;
            self.fill(&mut values, |node, row, group| start.values(node, row, group), start)?;
            self.of::<f32>(&values, None)
        }
    }

    fn fill<T: Lane>(
        &self,
        groups: &mut [[T; LANES]],
        group_of: impl Fn(usize, u64, usize) -> [T; LANES] + Sync + Send,
        start: &Start<'_>,
    ) -> Result<()> {
        let step = start.rows_per_step();
        let parts = groups.chunks_mut(step * self.n_groups).collect();
        self.exec.map_items(parts, |chunk, part: &mut [[T; LANES]]| {
            self.exec.checkpoint(0)?;
            for (node, groups) in (chunk * step..).zip(part.chunks_exact_mut(self.n_groups)) {
                let row = start.row(node);
                groups.iter_mut().enumerate().for_each(|(group, lanes)| *lanes = group_of(node, row, group));
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// Start rows in units of the projection: no power of two that depends on the graph, so that rows of two graphs compare.
pub(super) fn start_rows<'a>(
    nodes: &NodeData<'a>,
    params: &FastRpParams,
    rows: &Neighborhood<'_>,
    exec: &Exec,
) -> Result<Start<'a>> {
    Start::new(nodes, params, rows, None, exec)
}

/// Squared lengths of rows.
pub(super) fn squares(rows: &[[f32; LANES]], n_groups: usize, exec: &Exec) -> Result<Vec<f64>> {
    let n = rows.len() / n_groups;
    let chunks = exec.map(n.div_ceil(ROWS), |chunk| {
        exec.checkpoint(0)?;
        let rows = &rows[chunk * ROWS * n_groups..rows.len().min((chunk + 1) * ROWS * n_groups)];
        let mut squares = try_zeroed("lengths of rows", rows.len() / n_groups)?;
        for (square, row) in squares.iter_mut().zip(rows.chunks_exact(n_groups)) {
            add_squares::<Baseline, f32>(square, row);
        }
        Ok(squares)
    })?;
    try_collect("lengths of rows", n, chunks.into_iter().flatten())
}
