//! Where the vector of each node lies, and how rows are dealt out to threads.
//!
//! Nodes without arcs have no vector to store: in skewed graphs they are a third of all. If a block of columns is larger
//! than the caches, the nodes that are read most come first, sorted by how often, so that their rows lie together; the
//! others keep their order, so that their arcs are still read in the order in which they are stored. This costs 8 bytes
//! per node and leaves the graph's arrays as they are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_reserve, try_with_capacity};

use super::neighborhood::Neighborhood;

/// Arcs and rows that a unit of parallel work holds at most, unless one row has more.
const CHUNK_ARCS: usize = 1 << 15;
const CHUNK_ROWS: usize = 1 << 12;
/// Nodes between two checkpoints.
const STEP: u32 = 1 << 16;
/// Position of a node that nobody reads.
const NOWHERE: u32 = u32::MAX;

/// See the module.
#[derive(Debug)]
pub(super) struct Layout {
    /// Node at each position.
    pub(super) nodes: Vec<u32>,
    /// Position of each node, or [`NOWHERE`]; `None` where all lie at their own numbers.
    pub(super) positions: Option<Vec<u32>>,
    /// Consecutive ranges of positions of about equal work.
    pub(super) chunks: Vec<Range<usize>>,
}

impl Layout {
    pub(super) fn new(rows: &Neighborhood<'_>, n_hubs: usize, exec: &Exec) -> Result<Self> {
        let n = rows.n_nodes();
        let times_read = rows.times_read(exec)?;
        let mut nodes = most_read(&times_read, n_hubs, exec)?;
        try_reserve("order of nodes", &mut nodes, n - n_hubs.min(n))?;
        let mut positions = try_collect("positions of nodes", n, std::iter::repeat_n(NOWHERE, n))?;
        (0u32..).zip(&nodes).for_each(|(position, &hub)| positions[hub as usize] = position);
        let mut next = number(nodes.len());
        for step in steps(n) {
            exec.checkpoint(0)?;
            for node in step {
                let at = node as usize;
                let is_active = times_read[at] > 0 || rows.n_neighbors(at) > 0;
                if is_active && positions[at] == NOWHERE {
                    positions[at] = next;
                    nodes.push(node);
                    next += 1;
                }
            }
        }
        let is_whole = n_hubs == 0 && nodes.len() == n;
        let chunks = chunks(rows, &nodes, exec)?;
        Ok(Self { nodes, positions: (!is_whole).then_some(positions), chunks })
    }

    /// Every node at its own number.
    pub(super) fn whole(rows: &Neighborhood<'_>, exec: &Exec) -> Result<Self> {
        let n = rows.n_nodes();
        let nodes = try_collect("order of nodes", n, (0u32..).take(n))?;
        let chunks = chunks(rows, &nodes, exec)?;
        Ok(Self { nodes, positions: None, chunks })
    }

    /// Where a node lies, if it does.
    #[inline]
    pub(super) fn position(&self, node: usize) -> Option<usize> {
        match &self.positions {
            Some(positions) => (positions[node] != NOWHERE).then_some(positions[node] as usize),
            None => Some(node),
        }
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
pub(super) fn chunks(rows: &Neighborhood<'_>, nodes: &[u32], exec: &Exec) -> Result<Vec<Range<usize>>> {
    let mut chunks =
        try_with_capacity("ranges of rows", rows.n_arcs() / CHUNK_ARCS + nodes.len() / CHUNK_ROWS + 1)?;
    let (mut start, mut n_arcs) = (0, 0);
    for step in steps(nodes.len()) {
        exec.checkpoint(0)?;
        for position in step {
            let position = position as usize;
            let n = rows.n_neighbors(nodes[position] as usize);
            if position > start && (n_arcs + n > CHUNK_ARCS || position - start == CHUNK_ROWS) {
                chunks.push(start..position);
                (start, n_arcs) = (position, 0);
            }
            n_arcs += n;
        }
    }
    if start < nodes.len() {
        chunks.push(start..nodes.len());
    }
    Ok(chunks)
}

/// The nodes that are read most, most first; of those that are read alike, the first in number.
fn most_read(times_read: &[u32], n_hubs: usize, exec: &Exec) -> Result<Vec<u32>> {
    let mut hubs = BinaryHeap::from(try_with_capacity("nodes that are read most", n_hubs + 1)?);
    for step in steps(times_read.len()) {
        exec.checkpoint(0)?;
        for node in step {
            let times = times_read[node as usize];
            let is_full = hubs.len() == n_hubs;
            if is_full && hubs.peek().is_none_or(|&(Reverse(least), _)| times <= least) {
                continue;
            }
            hubs.push((Reverse(times), node));
            if is_full {
                hubs.pop();
            }
        }
    }
    let sorted = hubs.into_sorted_vec();
    try_collect("nodes that are read most", sorted.len(), sorted.into_iter().map(|(_, node)| node))
}

/// Ranges of `0 .. n - 1`, short enough for a checkpoint each.
fn steps(n: usize) -> impl Iterator<Item = Range<u32>> {
    let n = number(n);
    (0..n).step_by(STEP as usize).map(move |start| start..n.min(start.saturating_add(STEP)))
}

#[expect(clippy::cast_possible_truncation, reason = "nodes are numbered in 32 bits")]
fn number(n: usize) -> u32 {
    n as u32
}
