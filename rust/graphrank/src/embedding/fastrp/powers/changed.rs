//! The powers of a graph some of whose arcs and nodes have changed.
//!
//! Row v of power i depends on v's arcs and on its neighbours' rows of power i - 1. So if arcs change, the rows to compute
//! again in power 1 are those of the changed nodes and of neighbours of nodes whose start row changed; in power i, those
//! of the changed nodes and of neighbours of rows computed again in power i - 1: at most the nodes i steps away.
//! All other rows are copied. Rows do not depend on threads or on nodes far away, so the result has the same bits as an
//! embedding computed afresh.
//!
//! # Cost
//! Each arc is read once per power, and vectors are gathered for the arcs of the rows that are computed again.

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{Buffer, try_collect};
use crate::simd::LANES;

use super::super::neighborhood::Neighborhood;
use super::average::{Average, ROWS, squares, start_rows};
use super::{Embedded, KeptPower, Powers};

impl Powers {
    /// The powers of a graph that is like `old` but for some arcs and nodes. `old_numbers` holds the number in `old` of
    /// every node of `new`, `u32::MAX` for new ones. Also returns how many rows of each power were computed again.
    ///
    /// # Errors
    /// As [`Powers::new`].
    pub fn update(
        &self,
        old: &Embedded<'_>,
        new: &Embedded<'_>,
        old_numbers: &[u32],
        exec: &Exec,
    ) -> Result<(Self, Vec<usize>)> {
        let (params, n) = (&self.params, new.graph.n_nodes());
        self.check(old, exec)?;
        new.nodes.validate(n, params, exec)?;
        if old_numbers.len() != n {
            let problem = format!("has {} rows, but the new graph has {n} nodes", old_numbers.len());
            return Err(Error::argument("old_numbers", problem));
        }
        let is_number = |&old: &u32| old == u32::MAX || (old as usize) < self.n_nodes;
        if let Some(row) = old_numbers.iter().position(|old| !is_number(old)) {
            let problem = format!("got {}, nodes were numbered below {}", old_numbers[row], self.n_nodes);
            return Err(Error::row("old_numbers", row, problem));
        }
        let before = Neighborhood::new(old.graph, params.direction, exec)?;
        let rows = Neighborhood::new(new.graph, params.direction, exec)?;
        let old_start = start_rows(&old.nodes, params, &before, exec)?;
        let start = start_rows(&new.nodes, params, &rows, exec)?;
        let n_groups = params.dim.div_ceil(LANES);

        let mut is_stale = map_nodes(n, exec, |node| match old_numbers[node] {
            u32::MAX => true,
            old => !start.is_same_row(node, &old_start, old as usize),
        })?;
        let is_changed = map_nodes(n, exec, |node| match old_numbers[node] {
            u32::MAX => true,
            old => !rows.is_same_row(node, &before, old as usize, old_numbers),
        })?;
        let (mut all, mut counts): (Vec<KeptPower>, _) = (Vec::with_capacity(self.powers.len()), Vec::new());
        for kept in &self.powers {
            is_stale = map_nodes(n, exec, |node| {
                is_changed[node]
                    || rows.arcs(node, 0).any(|(targets, _)| targets.iter().any(|&t| is_stale[t as usize]))
            })?;
            let n_stale = is_stale.iter().filter(|&&stale| stale).count();
            let stale =
                try_collect("rows to compute", n_stale, (0u32..).take(n).filter(|&v| is_stale[v as usize]))?;
            let average = Average { rows: &rows, nodes: Some(&stale), n_groups, exec };
            let fresh = match all.last() {
                None => average.start(&start)?,
                Some(before) => average.of::<f32>(&before.rows, None)?,
            };
            let fresh = KeptPower { squares: squares(&fresh, n_groups, exec)?, rows: fresh };
            counts.push(stale.len());
            all.push(kept.merged(&fresh, &stale, old_numbers, n_groups, exec)?);
        }
        Ok((Self { params: params.clone(), n_nodes: n, powers: all }, counts))
    }
}

impl KeptPower {
    /// The rows of this power by the new numbers of their nodes, and `fresh` in the place of those of the nodes `stale`.
    fn merged(
        &self,
        fresh: &Self,
        stale: &[u32],
        old_numbers: &[u32],
        n_groups: usize,
        exec: &Exec,
    ) -> Result<Self> {
        let n = old_numbers.len();
        let mut rows = Buffer::<[f32; LANES]>::zeroed("a power of the embedding", n * n_groups)?;
        let parts = rows.chunks_mut(ROWS * n_groups).collect();
        let place = |node: usize| match stale.binary_search(&u32::try_from(node).unwrap_or(u32::MAX)) {
            Ok(at) => (fresh, at),
            Err(_) => (self, old_numbers[node] as usize),
        };
        exec.map_items(parts, |chunk, part: &mut [[f32; LANES]]| {
            exec.checkpoint(0)?;
            for (node, row) in (chunk * ROWS..).zip(part.chunks_exact_mut(n_groups)) {
                let (from, at) = place(node);
                row.copy_from_slice(&from.rows[at * n_groups..(at + 1) * n_groups]);
            }
            Ok(())
        })?;
        let squares = (0..n).map(|node| {
            let (from, at) = place(node);
            from.squares[at]
        });
        Ok(Self { rows, squares: try_collect("lengths of rows", n, squares)? })
    }
}

/// What holds for each node.
fn map_nodes(n: usize, exec: &Exec, holds: impl Fn(usize) -> bool + Sync + Send) -> Result<Vec<bool>> {
    let chunks = exec.map(n.div_ceil(ROWS), |chunk| {
        exec.checkpoint(0)?;
        let nodes = chunk * ROWS..n.min((chunk + 1) * ROWS);
        try_collect("marks of nodes", nodes.len(), nodes.map(&holds))
    })?;
    try_collect("marks of nodes", n, chunks.into_iter().flatten())
}
