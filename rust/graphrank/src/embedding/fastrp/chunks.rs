//! How rows are dealt out to threads: consecutive ranges of about equal work.

use std::ops::Range;

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_reserve;

/// Arcs and rows that a unit of parallel work holds at most, unless one row has more.
const ARCS: usize = 1 << 15;
const ROWS: usize = 1 << 12;
/// Rows between two checkpoints.
const STEP: usize = 1 << 16;

/// Ranges that follow each other, of all rows.
#[derive(Debug)]
pub(super) struct Chunks(Vec<Range<usize>>);

impl Chunks {
    /// Of `n` rows that have so many arcs.
    pub(super) fn new(n: usize, n_arcs: impl Fn(usize) -> usize, exec: &Exec) -> Result<Self> {
        let mut chunks = Vec::new();
        let (mut start, mut arcs) = (0, 0);
        for row in 0..n {
            if row % STEP == 0 {
                exec.checkpoint(0)?;
            }
            let more = n_arcs(row);
            if row > start && (arcs + more > ARCS || row - start == ROWS) {
                try_reserve("ranges of rows", &mut chunks, 1)?;
                chunks.push(start..row);
                (start, arcs) = (row, 0);
            }
            arcs += more;
        }
        if start < n {
            chunks.push(start..n);
        }
        Ok(Self(chunks))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The rows of a chunk.
    pub(super) fn rows(&self, chunk: usize) -> Range<usize> {
        self.0[chunk].clone()
    }

    /// Cuts an array of `stride` elements per row where the chunks end.
    pub(super) fn split<'a, T>(&self, mut array: &'a mut [T], stride: usize) -> Vec<&'a mut [T]> {
        let cut = |chunk: &Range<usize>| {
            let (part, rest) = std::mem::take(&mut array).split_at_mut(chunk.len() * stride);
            array = rest;
            part
        };
        self.0.iter().map(cut).collect()
    }
}
