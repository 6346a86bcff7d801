//! All rows of a run, and which of them each peer knows.

use super::{Catalogue, NetworkParams};
use crate::error::Result;
use crate::memory::{try_collect, try_reserve, try_with_capacity, try_zeroed};

/// Stands for "no such row".
pub(super) const NONE: u32 = u32::MAX;

/// A row: who clicked, on which item of which query, and what that takes on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) author: u32,
    pub(super) cell: u32,
    pub(super) seq: u32,
    pub(super) bytes: u32,
    /// Another row of the author with the same number.
    pub(super) twin: u32,
}

/// What all peers have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) rows: Vec<Row>,
    pub(super) rows_by_author: Vec<Vec<u32>>,
    /// Bytes of a row by cell.
    row_bytes: Vec<u32>,
    /// Clicks of honest peers by cell: what all would agree on.
    pub(super) honest: Vec<u32>,
    pub(super) n_honest_peers: usize,
    pub(super) n_honest_rows: u32,
}

/// As an entry of `peers`: kind, key of the author, number, hash of the row before, time, lengths of two texts, nothing
/// shown, signature.
const FIXED_BYTES: u32 = 1 + 32 + 8 + 32 + 8 + 3 + 1 + 64;

impl Shared {
    pub(super) fn new(
        catalogue: &Catalogue<'_>,
        params: &NetworkParams,
        n_all: usize,
        n_rows: usize,
    ) -> Result<Self> {
        let n_cells = catalogue.items.len();
        let mut row_bytes = try_with_capacity("sizes of rows", n_cells)?;
        for (query, &bytes) in catalogue.query_bytes.iter().enumerate() {
            for &item in &catalogue.items[catalogue.cells(query)] {
                row_bytes.push(FIXED_BYTES + bytes + catalogue.item_bytes[item as usize]);
            }
        }
        Ok(Self {
            rows: try_with_capacity("rows", n_rows)?,
            rows_by_author: try_collect("authors", n_all, std::iter::repeat_with(Vec::new))?,
            row_bytes,
            honest: try_zeroed("clicks of honest peers", n_cells)?,
            n_honest_peers: params.n_peers,
            n_honest_rows: 0,
        })
    }

    /// The next row of `author`.
    #[expect(clippy::cast_possible_truncation, reason = "peers, cells and rows have numbers of 32 bits")]
    pub(super) fn push(&mut self, author: usize, cell: usize) -> Result<u32> {
        let row = self.rows.len() as u32;
        let own = &mut self.rows_by_author[author];
        let seq = own.len() as u32;
        try_reserve("rows of an author", own, 1)?;
        own.push(row);
        let bytes = self.row_bytes[cell];
        self.rows.push(Row { author: author as u32, cell: cell as u32, seq, bytes, twin: NONE });
        if author < self.n_honest_peers {
            self.honest[cell] += 1;
            self.n_honest_rows += 1;
        }
        Ok(row)
    }

    /// A row with the number of `row`, on another cell.
    #[expect(clippy::cast_possible_truncation, reason = "cells and rows have numbers of 32 bits")]
    pub(super) fn push_twin(&mut self, row: u32, cell: usize) -> u32 {
        let twin = self.rows.len() as u32;
        let bytes = self.row_bytes[cell];
        let first = &mut self.rows[row as usize];
        first.twin = twin;
        let second = Row { cell: cell as u32, bytes, twin: row, ..*first };
        self.rows.push(second);
        twin
    }
}

/// What one peer knows.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// A bit for every row.
    pub(super) bits: Vec<u64>,
    /// Clicks that it knows, by cell.
    pub(super) counts: Vec<u32>,
    /// Peers that it knows, in the order in which it came to know them; and a bit for each.
    pub(super) known: Vec<u32>,
    pub(super) known_bits: Vec<u64>,
    /// Authors of whom it has two rows of one number.
    pub(super) banned: Vec<u64>,
    /// Bytes of all rows that it knows, and how many of those each other peer has been sent.
    pub(super) log_bytes: u64,
    pub(super) sent: Vec<u64>,
    /// A bit for each author of whom it has rows; how many these are, and in how many runs without gaps.
    pub(super) authors: Vec<u64>,
    pub(super) n_authors: u32,
    pub(super) n_runs: u32,
    pub(super) n_honest_rows: u32,
    /// Rows that came since the last probe, if these want them.
    pub(super) news: Vec<u32>,
}

impl Peer {
    pub(super) fn new(n_rows: usize, n_all: usize, n_cells: usize) -> Result<Self> {
        Ok(Self {
            bits: try_zeroed("known rows", n_rows.div_ceil(64))?,
            counts: try_zeroed("known clicks", n_cells)?,
            known: Vec::new(),
            known_bits: try_zeroed("known peers", n_all.div_ceil(64))?,
            banned: try_zeroed("banned peers", n_all.div_ceil(64))?,
            log_bytes: 0,
            sent: try_zeroed("bytes sent to peers", n_all)?,
            authors: try_zeroed("known authors", n_all.div_ceil(64))?,
            n_authors: 0,
            n_runs: 0,
            n_honest_rows: 0,
            news: Vec::new(),
        })
    }

    /// Bytes that one takes from the start.
    pub(super) fn n_bytes(n_rows: usize, n_all: usize, n_cells: usize) -> usize {
        let bits = [n_rows, n_all, n_all, n_all].map(|n| n / 8);
        let whole = [n_cells.saturating_mul(4), n_all.saturating_mul(8), size_of::<Self>()];
        bits.into_iter().chain(whole).fold(0, usize::saturating_add)
    }

    pub(super) fn has(&self, row: u32) -> bool {
        is_set(&self.bits, row as usize)
    }
}

pub(super) fn is_set(bits: &[u64], i: usize) -> bool {
    bits[i / 64] >> (i % 64) & 1 == 1
}

pub(super) fn set(bits: &mut [u64], i: usize) {
    bits[i / 64] |= 1 << (i % 64);
}

/// The place with the most clicks, the first of them.
pub(super) fn top(counts: &[u32]) -> usize {
    let mut best = 0;
    for (i, &count) in counts.iter().enumerate() {
        if count > counts[best] {
            best = i;
        }
    }
    best
}

/// Places by clicks, the most first, ties in their order.
pub(super) fn order(counts: &[u32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(counts[i]));
    order
}
