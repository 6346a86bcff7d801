//! Where the vector of each node lies, and how rows are dealt out to threads.
//!
//! Nodes without arcs have no vector to store: in skewed graphs they are a third of all. If a block of columns is larger
//! than the caches, the nodes that are read most come first, sorted by how often, so that their rows lie together; the
//! others keep their order, so that their arcs are still read in the order in which they are stored. This costs 8 bytes
//! per node and leaves the graph's arrays as they are.

use std::ops::Range;

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::sorted_by;
use crate::memory::{try_collect, try_with_capacity};

use super::neighborhood::Neighborhood;

/// Arcs and rows that a unit of parallel work holds at most, unless one row has more.
const CHUNK_ARCS: usize = 1 << 15;
const CHUNK_ROWS: usize = 1 << 12;
/// Position of a node that nobody reads.
pub(super) const NOWHERE: u32 = u32::MAX;

/// See the module.
#[derive(Debug)]
pub(super) struct Layout {
    /// Node at each position.
    pub(super) nodes: Vec<u32>,
    /// Position of each node, or [`NOWHERE`].
    pub(super) positions: Vec<u32>,
    /// Consecutive ranges of positions of about equal work.
    pub(super) chunks: Vec<Range<usize>>,
}

impl Layout {
    pub(super) fn new(rows: &Neighborhood<'_>, n_hubs: usize, exec: &Exec) -> Result<Self> {
        let times_read = rows.times_read(exec)?;
        let is_active = |&node: &u32| times_read[node as usize] > 0 || rows.n_neighbors(node as usize) > 0;
        let n_active = (0u32..).take(rows.n_nodes()).filter(is_active).count();
        let mut nodes =
            try_collect("order of nodes", n_active, (0u32..).take(rows.n_nodes()).filter(is_active))?;
        exec.checkpoint(0)?;
        if n_hubs > 0 {
            let most = times_read.iter().copied().max().unwrap_or(0);
            let falling = |node: u32| (most - times_read[node as usize]) as usize;
            let sorted = sorted_by(falling, most as usize + 1, &nodes)?;
            let least = sorted.get(n_hubs).map_or(0, |&node| times_read[node as usize]);
            exec.checkpoint(0)?;
            // The others keep their order, in which their arcs follow each other.
            let key = |node: u32| most.saturating_sub(times_read[node as usize].max(least)) as usize;
            nodes = sorted_by(key, most as usize + 1, &nodes)?;
        }
        exec.checkpoint(0)?;
        let mut positions =
            try_collect("positions of nodes", rows.n_nodes(), std::iter::repeat_n(NOWHERE, rows.n_nodes()))?;
        (0u32..).zip(&nodes).for_each(|(position, &node)| positions[node as usize] = position);
        exec.checkpoint(0)?;
        let chunks = chunks(rows, &nodes)?;
        Ok(Self { nodes, positions, chunks })
    }

    /// Every node at its own number.
    pub(super) fn whole(rows: &Neighborhood<'_>) -> Result<Self> {
        let n = rows.n_nodes();
        let nodes = try_collect("order of nodes", n, (0u32..).take(n))?;
        let chunks = chunks(rows, &nodes)?;
        Ok(Self { positions: try_collect("positions of nodes", n, nodes.iter().copied())?, nodes, chunks })
    }

    /// Nodes that have a position.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Cuts an array of `stride` elements per position where the chunks end.
    pub(super) fn split<'a, T>(&self, rows: &'a mut [T], stride: usize) -> Vec<&'a mut [T]> {
        split(&self.chunks, rows, stride)
    }
}

/// Cuts an array of `stride` elements per row where the chunks, which follow each other, end.
pub(super) fn split<'a, T>(
    chunks: &[Range<usize>],
    mut rows: &'a mut [T],
    stride: usize,
) -> Vec<&'a mut [T]> {
    let cut = |chunk: &Range<usize>| {
        let (part, rest) = std::mem::take(&mut rows).split_at_mut(chunk.len() * stride);
        rows = rest;
        part
    };
    chunks.iter().map(cut).collect()
}

/// Consecutive ranges of a list of nodes of about equal work.
pub(super) fn chunks(rows: &Neighborhood<'_>, nodes: &[u32]) -> Result<Vec<Range<usize>>> {
    let mut chunks =
        try_with_capacity("ranges of rows", rows.n_arcs() / CHUNK_ARCS + nodes.len() / CHUNK_ROWS + 1)?;
    let (mut start, mut n_arcs) = (0, 0);
    for (position, &node) in nodes.iter().enumerate() {
        let n = rows.n_neighbors(node as usize);
        if position > start && (n_arcs + n > CHUNK_ARCS || position - start == CHUNK_ROWS) {
            chunks.push(start..position);
            (start, n_arcs) = (position, 0);
        }
        n_arcs += n;
    }
    if start < nodes.len() {
        chunks.push(start..nodes.len());
    }
    Ok(chunks)
}
