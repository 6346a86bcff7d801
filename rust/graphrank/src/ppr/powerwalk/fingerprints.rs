//! Fingerprints: where the killed walks from each node went.
//!
//! From every node v, R walks (`walks.rs`); every node they visit is counted, the origin included. The counts times
//! c / R estimate row v of G, what a unit of residual at v becomes: without bias, since a walk is at x after k steps
//! with probability (α^k P^k)(v, x). One walk's estimate of p = G(v, x) has variance p (2 G(x, x) - c) - p².
//!
//! # What is stored
//! An entry is 4 bytes: a node in the low bits, as many as the largest code needs, and in the others a count less 1.
//! A count too large for one entry is split over several of the same node, so nothing overflows: with 32-bit codes an
//! entry is one visit, with the 17 bits of 80,000 nodes an entry counts to 32,768. Entries come in the order of first
//! visits, walk by walk, which depends on the origin's walks alone.
//!
//! # Cost
//! R / c visits per node to walk and to count, by a table of positions that stays in the first-level cache and is never
//! cleared: cells say which fingerprint filled them.

use std::ops::Range;

use super::alias::Alias;
use super::walks::{Paths, Walker};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Array, Graph, usize_of};
use crate::memory::{Buffer, try_with_capacity};

/// Walks simulated together; their paths stay in the second-level cache.
const BLOCK_WALKS: usize = 1 << 12;
/// Walks of a unit of parallel work, a few milliseconds.
const UNIT_WALKS: usize = 1 << 15;

/// Visits of the walks from every node.
#[derive(Debug)]
pub(super) struct Fingerprints {
    /// Entries of node v are `offsets[v]..offsets[v + 1]`.
    pub(super) offsets: Array<u64>,
    pub(super) entries: Array<u32>,
    /// Walks from each node.
    pub(super) n_walks: u32,
    /// Low bits of an entry that hold the node.
    node_bits: u32,
}

impl Fingerprints {
    /// Walks `n_walks` times from every node.
    pub(super) fn build(graph: &Graph, n_walks: u32, damping: f64, seed: u64, exec: &Exec) -> Result<Self> {
        let n = graph.n_nodes();
        let alias = Alias::new(graph, exec)?;
        let walker = Walker::new(graph.arcs(), alias.as_ref(), damping, seed);
        let node_bits = bits_of(n);
        let origins_of = |walks: usize| (walks / n_walks as usize).max(1);
        let unit = origins_of(UNIT_WALKS);
        let parts = exec.map(n.div_ceil(unit), |u| {
            let mut part = Part { node_bits, ..Part::default() };
            let origins = code(u * unit)..code(n.min((u + 1) * unit));
            for first in origins.clone().step_by(origins_of(BLOCK_WALKS)) {
                let last = origins.end.min(first.saturating_add(code(origins_of(BLOCK_WALKS))));
                exec.checkpoint(u64::from(last - first))?;
                part.add(&walker, first..last, n_walks as usize)?;
            }
            Ok((part.lengths, part.entries))
        })?;
        Self::assemble(n, n_walks, parts)
    }

    /// Counts what `visits` tells of each node of `n`.
    pub(super) fn from_visits<I: Iterator<Item = u32>>(
        n: usize,
        n_walks: u32,
        visits: impl Fn(usize) -> I + Sync + Send,
        exec: &Exec,
    ) -> Result<Self> {
        let unit = (UNIT_WALKS / n_walks as usize).max(1);
        let parts = exec.map(n.div_ceil(unit), |u| {
            exec.checkpoint(1)?;
            let mut part = Part { node_bits: bits_of(n), ..Part::default() };
            for origin in u * unit..n.min((u + 1) * unit) {
                let n_visits = visits(origin).count();
                let node_bits = part.node_bits;
                let length =
                    part.tally.fingerprint(n_visits, visits(origin), node_bits, &mut part.entries)?;
                part.lengths.push(length);
            }
            Ok((part.lengths, part.entries))
        })?;
        Self::assemble(n, n_walks, parts)
    }

    /// Lengths and entries of consecutive nodes, part after part.
    fn assemble(n: usize, n_walks: u32, parts: Vec<(Vec<u32>, Vec<u32>)>) -> Result<Self> {
        let mut offsets = Buffer::zeroed("offsets of fingerprints", n + 1)?;
        let mut entries = Buffer::zeroed("fingerprints", parts.iter().map(|(_, part)| part.len()).sum())?;
        let (mut node, mut end) = (0, 0);
        for (lengths, part) in parts {
            entries[end..end + part.len()].copy_from_slice(&part);
            for length in lengths {
                end += length as usize;
                node += 1;
                offsets[node] = end as u64;
            }
        }
        let node_bits = bits_of(n);
        Ok(Self { offsets: offsets.into(), entries: entries.into(), n_walks, node_bits })
    }

    /// From arrays of a file; `None` if they are not fingerprints of a graph of `n_nodes`.
    pub(super) fn from_parts(
        offsets: Array<u64>,
        entries: Array<u32>,
        n_walks: u32,
        n_nodes: usize,
    ) -> Option<Self> {
        let node_bits = bits_of(n_nodes);
        let ends = (offsets.first(), offsets.last());
        let is_sound = offsets.len() == n_nodes + 1
            && ends == (Some(&0), Some(&(entries.len() as u64)))
            && offsets.is_sorted()
            && entries.iter().all(|&entry| ((entry & mask(node_bits)) as usize) < n_nodes);
        is_sound.then_some(Self { offsets, entries, n_walks, node_bits })
    }

    /// Where the walks from `node` went: nodes and counts. A node may come several times.
    #[inline]
    pub(super) fn visits(&self, node: usize) -> impl Iterator<Item = (u32, u64)> {
        let (mask, bits) = (mask(self.node_bits), self.node_bits);
        let range = usize_of(self.offsets[node])..usize_of(self.offsets[node + 1]);
        self.entries[range].iter().map(move |&entry| (entry & mask, (u64::from(entry) >> bits) + 1))
    }

    /// Entries of `node`.
    pub(super) fn n_entries(&self, node: usize) -> u64 {
        self.offsets[node + 1] - self.offsets[node]
    }

    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.offsets[..]) + size_of_val(&self.entries[..])
    }
}

/// Bits of the codes of `n` nodes.
fn bits_of(n: usize) -> u32 {
    usize::BITS - n.saturating_sub(1).leading_zeros()
}

fn mask(bits: u32) -> u32 {
    u32::try_from((1u64 << bits) - 1).unwrap_or(u32::MAX)
}

/// A position as a code; graphs have fewer nodes than 2^32.
fn code(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// Fingerprints of consecutive origins, while they are built.
#[derive(Default)]
struct Part {
    lengths: Vec<u32>,
    entries: Vec<u32>,
    node_bits: u32,
    paths: Paths,
    tally: Tally,
}

impl Part {
    fn add(&mut self, walker: &Walker<'_>, origins: Range<u32>, n_walks: usize) -> Result<()> {
        walker.walk(origins.clone(), n_walks, &mut self.paths);
        for i in 0..origins.len() {
            let n_visits: usize = self.paths.of_origin(i).map(<[u32]>::len).sum();
            let visits = self.paths.of_origin(i).flatten().copied();
            self.lengths.push(self.tally.fingerprint(n_visits, visits, self.node_bits, &mut self.entries)?);
        }
        Ok(())
    }
}

/// Where the entries of the nodes of one fingerprint are: open addressing with linear probing, at most half full.
#[derive(Default)]
struct Tally {
    /// The fingerprint that filled the cell, and the position of the entry; others count as free.
    cells: Vec<[u32; 2]>,
    /// Number of this fingerprint, from 1.
    stamp: u32,
    /// The hash of a node is the high bits of a product: cells in use are a power of two.
    shift: u32,
}

impl Tally {
    /// Appends the entries of a fingerprint of `n_visits`, and returns their number.
    fn fingerprint(
        &mut self,
        n_visits: usize,
        visits: impl Iterator<Item = u32>,
        node_bits: u32,
        entries: &mut Vec<u32>,
    ) -> Result<u32> {
        self.reserve(n_visits)?;
        let before = entries.len();
        visits.for_each(|node| self.count(node, node_bits, entries));
        Ok(code(entries.len() - before))
    }

    /// Begins a fingerprint of at most `n` visits.
    fn reserve(&mut self, n: usize) -> Result<()> {
        let n_cells = (2 * n).next_power_of_two().clamp(64, 1 << 31);
        if self.cells.len() < n_cells || self.stamp == u32::MAX {
            self.cells = try_with_capacity("counts of visits", n_cells)?;
            self.cells.resize(n_cells, [0; 2]);
            self.stamp = 0;
        }
        self.stamp += 1;
        self.shift = 32 - n_cells.trailing_zeros();
        Ok(())
    }

    /// Counts a visit in the entry of its node, or in a new one if there is none or it is full.
    #[inline]
    fn count(&mut self, node: u32, node_bits: u32, entries: &mut Vec<u32>) {
        let mask = mask(node_bits);
        let mut at = node.wrapping_mul(0x9e37_79b1) >> self.shift;
        loop {
            let [stamp, position] = &mut self.cells[at as usize];
            if *stamp == self.stamp {
                let entry = &mut entries[*position as usize];
                if *entry & mask == node {
                    if u64::from(*entry) + (1 << node_bits) <= u64::from(u32::MAX) {
                        *entry += 1 << node_bits;
                        return;
                    }
                } else {
                    at = (at + 1) & (u32::MAX >> self.shift);
                    continue;
                }
            }
            (*stamp, *position) = (self.stamp, code(entries.len()));
            entries.push(node);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeOptions;

    fn counts(fingerprints: &Fingerprints, node: usize, n: usize) -> Vec<u64> {
        let mut counts = vec![0; n];
        for (visited, count) in fingerprints.visits(node) {
            counts[visited as usize] += count;
        }
        counts
    }

    fn build(n: usize, src: &[u32], dst: &[u32], n_walks: u32, damping: f64) -> Fingerprints {
        let exec = Exec::default();
        let graph = Graph::from_edges(n, src, dst, None, EdgeOptions::default(), &exec).unwrap();
        Fingerprints::build(&graph, n_walks, damping, 1, &exec).unwrap()
    }

    #[test]
    fn counts_beyond_a_byte_and_beyond_sixteen_bits_are_exact() {
        // Two nodes that lead to each other: a node is visited every other step.
        for n_walks in [100, 1000] {
            let fingerprints = build(2, &[0, 1], &[1, 0], n_walks, 0.999);
            let visits = counts(&fingerprints, 0, 2);
            let total = (visits[0] + visits[1]) as f64;
            // Lengths are geometric with mean 1000 and a standard deviation as large.
            let spread = 6.0 * 1000.0 * f64::from(n_walks).sqrt();
            assert!((total - 1000.0 * f64::from(n_walks)).abs() < spread, "{total}");
            assert!(visits[0] > 255 && (n_walks < 1000 || visits[0] > 65_535));
            assert_eq!(fingerprints.n_entries(0), 2);
        }
    }

    #[test]
    fn a_count_too_large_for_an_entry_is_split() {
        let mut tally = Tally::default();
        for node_bits in [32, 31, 30, 24, 3] {
            let mut entries = Vec::new();
            tally.reserve(702).unwrap();
            for node in std::iter::repeat_n(5, 700).chain([1, 5]) {
                tally.count(node, node_bits, &mut entries);
            }
            let total = |node: u32| -> u64 {
                let of_node = entries.iter().filter(|&&entry| entry & mask(node_bits) == node);
                of_node.map(|&entry| (u64::from(entry) >> node_bits) + 1).sum()
            };
            assert_eq!((total(5), total(1)), (701, 1), "{node_bits} bits");
            let most = 1 << (32 - node_bits);
            assert_eq!(entries.len(), 701usize.div_ceil(most) + 1, "{node_bits} bits");
        }
    }

    #[test]
    fn graphs_without_nodes_or_arcs_have_fingerprints() {
        assert_eq!(build(0, &[], &[], 4, 0.85).entries.len(), 0);
        let lonely = build(3, &[], &[], 4, 0.85);
        assert_eq!((0..3).map(|v| counts(&lonely, v, 3)[v]).collect::<Vec<_>>(), [4, 4, 4]);
        assert_eq!(counts(&build(1, &[0], &[0], 4, 0.0), 0, 1), [4]);
    }
}
