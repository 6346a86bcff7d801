//! Compressed sparse rows: the one representation of adjacency.

use std::cmp::Ordering;
use std::ops::Range;

use bytemuck::cast_slice;
use xxhash_rust::xxh3::Xxh3;

use super::array::Array;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::rng::mix;

/// Arcs a unit of parallel work holds: a few hundred microseconds, and small enough to balance.
const CHUNK_ARCS: usize = 1 << 15;
/// Rows a unit of parallel work holds at most; bounds the rounding error of sums over a chunk.
const CHUNK_ROWS: usize = 1 << 13;

/// Adjacency by rows.
#[derive(Debug)]
pub(crate) struct Csr {
    /// Row `v` is `offsets[v]..offsets[v + 1]`; starts at 0, never falls, ends at `targets.len()`.
    pub(crate) offsets: Array<u64>,
    /// Strictly rising within a row, each below the number of rows.
    pub(crate) targets: Array<u32>,
    /// Finite and not negative, aligned to `targets`.
    pub(crate) weights: Option<Array<f64>>,
}

/// The stored arrays of a graph.
#[derive(Clone, Copy, Debug)]
pub struct Arcs<'g> {
    /// Node `v`'s arcs are `offsets[v]..offsets[v + 1]`.
    pub offsets: &'g [u64],
    /// Target of each arc, rising within a node's arcs.
    pub targets: &'g [u32],
    /// Weight of each arc; `None` if unweighted.
    pub weights: Option<&'g [f64]>,
}

impl Csr {
    pub(crate) fn arcs(&self) -> Arcs<'_> {
        Arcs { offsets: &self.offsets, targets: &self.targets, weights: self.weights.as_deref() }
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn n_arcs(&self) -> usize {
        self.targets.len()
    }

    /// Positions of row `v` in `targets` and `weights`.
    #[expect(clippy::cast_possible_truncation, reason = "offsets index an array in memory")]
    pub(crate) fn range(&self, v: usize) -> Range<usize> {
        self.offsets[v] as usize..self.offsets[v + 1] as usize
    }

    pub(crate) fn row(&self, v: usize) -> &[u32] {
        &self.targets[self.range(v)]
    }

    pub(crate) fn row_weights(&self, v: usize) -> Option<&[f64]> {
        self.weights.as_ref().map(|weights| &weights[self.range(v)])
    }

    pub(crate) fn n_bytes(&self) -> usize {
        size_of_val::<[u64]>(&self.offsets)
            + size_of_val::<[u32]>(&self.targets)
            + self.weights.as_ref().map_or(0, |w| size_of_val::<[f64]>(w))
    }

    /// Consecutive ranges of rows of about equal work. They depend on the rows alone, so folds over them in order
    /// have the same bits for any number of threads.
    pub(crate) fn row_chunks(&self) -> Vec<Range<usize>> {
        let mut chunks = Vec::new();
        let mut start = 0;
        while start < self.n_rows() {
            let limit = self.offsets[start] + CHUNK_ARCS as u64;
            let window = &self.offsets[start + 1..self.n_rows().min(start + CHUNK_ROWS) + 1];
            let end = start + window.partition_point(|&offset| offset <= limit).max(1);
            chunks.push(start..end);
            start = end;
        }
        chunks
    }

    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.offsets[..] == other.offsets[..]
            && self.targets[..] == other.targets[..]
            && self.weights.as_deref() == other.weights.as_deref()
    }

    /// A hash (XXH3) of the arrays and of one more bit.
    pub(crate) fn hash(&self, is_directed: bool, exec: &Exec) -> Result<u64> {
        const STEP: usize = 1 << 20;
        let mut hasher = Xxh3::new();
        hasher.update(&[u8::from(is_directed), u8::from(self.weights.is_some())]);
        let weights = self.weights.as_deref().unwrap_or(&[]);
        for bytes in [cast_slice(&self.offsets), cast_slice(&self.targets), cast_slice(weights)] as [&[u8]; 3]
        {
            for step in bytes.chunks(STEP) {
                exec.checkpoint(0)?;
                hasher.update(step);
            }
        }
        Ok(hasher.digest())
    }

    /// Whether every arc has its reverse of the same weight: compares a sum of hashes over the arcs one way with the
    /// same sum over the reverses of the arcs the other way. For arrays from outside; one pass, no memory.
    pub(crate) fn has_both_arcs(&self, exec: &Exec) -> Result<bool> {
        let chunks = self.row_chunks();
        let differences = exec.map(chunks.len(), |c| {
            exec.checkpoint(0)?;
            let mut difference = 0u64;
            for v in chunks[c].clone() {
                let weights = self.row_weights(v);
                for (i, &target) in self.row(v).iter().enumerate() {
                    let (low, high) = (u64::from(target).min(v as u64), u64::from(target).max(v as u64));
                    let weight = weights.map_or(0, |w| w[i].to_bits());
                    let hash = mix(mix(low << 32 | high) ^ weight);
                    difference = match (v as u64).cmp(&u64::from(target)) {
                        Ordering::Less => difference.wrapping_add(hash),
                        Ordering::Equal => difference,
                        Ordering::Greater => difference.wrapping_sub(hash),
                    };
                }
            }
            Ok(difference)
        })?;
        Ok(differences.into_iter().fold(0, u64::wrapping_add) == 0)
    }

    /// Checks every invariant of the fields; for arrays that come from outside.
    pub(crate) fn validate(&self, exec: &Exec) -> std::result::Result<(), CsrFault> {
        let n = self.n_rows();
        let ends = (self.offsets.first(), self.offsets.last());
        if ends != (Some(&0), Some(&(self.n_arcs() as u64))) || !self.offsets.is_sorted() {
            return Err(CsrFault::Content("row offsets do not rise from 0 to the number of arcs"));
        }
        if self.weights.as_ref().is_some_and(|weights| weights.len() != self.n_arcs()) {
            return Err(CsrFault::Content("weights and arcs differ in number"));
        }
        let chunks = self.row_chunks();
        let sound = exec.map(chunks.len(), |c| {
            exec.checkpoint(1)?;
            Ok(chunks[c].clone().all(|v| {
                let row = self.row(v);
                row.windows(2).all(|pair| pair[0] < pair[1])
                    && row.last().is_none_or(|&last| (last as usize) < n)
                    && self.row_weights(v).is_none_or(|weights| weights.iter().all(|&w| is_weight(w)))
            }))
        })?;
        if sound.contains(&false) {
            return Err(CsrFault::Content("an arc or a weight is out of range or out of order"));
        }
        Ok(())
    }
}

/// Why outside arrays are not a graph.
pub(crate) enum CsrFault {
    Content(&'static str),
    Stopped(Error),
}

impl From<Error> for CsrFault {
    fn from(error: Error) -> Self {
        Self::Stopped(error)
    }
}

/// What a weight may be.
pub(crate) fn is_weight(w: f64) -> bool {
    w.is_finite() && w >= 0.0
}

/// An offset as an index.
#[expect(clippy::cast_possible_truncation, reason = "offsets index an array in memory")]
pub(crate) fn usize_of(offset: u64) -> usize {
    offset as usize
}
