//! What becomes of the rows of a power: kept until their length is known, measured, or weighed and added.

use crate::simd::{LANES, Simd};

use super::blocks::{At, Collect};
use super::chunks::Chunks;
use super::lane::{State, add_squares};

/// Squared lengths of the rows of one power, by node, so far.
pub(super) type Squares = [f64];

/// A power on its way into the result.
pub(super) struct Power<'a, T> {
    pub(super) power: usize,
    /// `None` where lengths do not matter.
    pub(super) squares: Option<&'a mut Squares>,
    pub(super) rows: Keep<'a, T>,
}

/// Where the rows of a power are kept, whole.
pub(super) enum Keep<'a, T> {
    Nowhere,
    /// `stride` groups per row.
    Own {
        rows: &'a mut [[T; LANES]],
        stride: usize,
    },
    /// In the result.
    Result {
        rows: &'a mut [f32],
        dim: usize,
    },
}

/// Writes a group of columns into a row, as many as it has.
#[inline(always)]
fn write_group(row: &mut [f32], group: usize, lanes: &[f32; LANES]) {
    let rest = &mut row[group * LANES..];
    match rest.first_chunk_mut() {
        Some(room) => *room = *lanes,
        None => rest.copy_from_slice(&lanes[..rest.len()]),
    }
}

/// Keeps and measures the powers that have weight.
pub(super) struct Keeping<'a, 'p, T> {
    pub(super) chunks: &'a Chunks,
    /// First group of the block.
    pub(super) first: usize,
    pub(super) powers: &'a mut [Power<'p, T>],
}

/// One power of one chunk.
pub(super) struct KeepingPart<'a, T> {
    squares: Option<&'a mut [f64]>,
    rows: Keep<'a, T>,
    first: usize,
}

impl<T: State, const B: usize> Collect<T, B> for Keeping<'_, '_, T> {
    type Part<'s>
        = KeepingPart<'s, T>
    where
        Self: 's;

    fn parts(&mut self, power: usize) -> Option<Vec<KeepingPart<'_, T>>> {
        let kept = self.powers.iter_mut().find(|kept| kept.power == power)?;
        let n_chunks = self.chunks.len();
        let squares: Vec<_> = match &mut kept.squares {
            Some(squares) => self.chunks.split(squares, 1).into_iter().map(Some).collect(),
            None => (0..n_chunks).map(|_| None).collect(),
        };
        let rows: Vec<_> = match &mut kept.rows {
            Keep::Nowhere => (0..n_chunks).map(|_| Keep::Nowhere).collect(),
            Keep::Own { rows, stride } => {
                let stride = *stride;
                let own = |rows| Keep::Own { rows, stride };
                self.chunks.split(rows, stride).into_iter().map(own).collect()
            }
            Keep::Result { rows, dim } => {
                let dim = *dim;
                let result = |rows| Keep::Result { rows, dim };
                self.chunks.split(rows, dim).into_iter().map(result).collect()
            }
        };
        let first = self.first;
        Some(
            squares
                .into_iter()
                .zip(rows)
                .map(|(squares, rows)| KeepingPart { squares, rows, first })
                .collect(),
        )
    }

    #[inline(always)]
    fn take<S: Simd>(part: &mut KeepingPart<'_, T>, at: At, row: &[[T; LANES]; B]) {
        if let Some(squares) = &mut part.squares {
            add_squares::<S, T>(&mut squares[at.index], row);
        }
        match &mut part.rows {
            Keep::Nowhere => {}
            Keep::Own { rows, stride } => {
                let start = at.index * *stride + part.first;
                rows[start..start + B].copy_from_slice(row);
            }
            Keep::Result { rows, dim } => {
                let result = &mut rows[at.index * *dim..][..*dim];
                for (group, lanes) in (part.first..).zip(row) {
                    write_group(result, group, &S::store(T::load::<S>(lanes)));
                }
            }
        }
    }
}

/// Adds up the powers that have weight, whose scales are known.
pub(super) struct Summing<'a> {
    pub(super) chunks: &'a Chunks,
    /// Powers in rising order and what their rows are multiplied by.
    pub(super) powers: &'a [(usize, Scales<'a>)],
    /// `B` groups per row.
    pub(super) sums: &'a mut [[f32; LANES]],
}

/// What the rows of a power are multiplied by.
#[derive(Clone, Copy)]
pub(super) enum Scales<'a> {
    All(f32),
    /// By node: this weight over the length of the row.
    Lengths {
        weight: f64,
        squares: &'a Squares,
    },
}

impl Scales<'_> {
    #[inline(always)]
    pub(super) fn at(&self, node: usize) -> f32 {
        match self {
            Self::All(scale) => *scale,
            Self::Lengths { weight, squares } => scale(*weight, squares[node]),
        }
    }
}

/// A weight over a length, given its square; 0 for a row of zeros.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "held within the range of the smaller type")]
pub(super) fn scale(weight: f64, square: f64) -> f32 {
    let limit = f64::from(f32::MAX);
    if square > 0.0 { (weight / square.sqrt()).clamp(-limit, limit) as f32 } else { 0.0 }
}

/// One power of one chunk.
pub(super) struct SummingPart<'a> {
    sums: &'a mut [[f32; LANES]],
    scales: Scales<'a>,
}

impl<T: State, const B: usize> Collect<T, B> for Summing<'_> {
    type Part<'s>
        = SummingPart<'s>
    where
        Self: 's;

    fn parts(&mut self, power: usize) -> Option<Vec<SummingPart<'_>>> {
        let &(_, scales) = self.powers.iter().find(|(weighed, _)| *weighed == power)?;
        let chunks = self.chunks.split(self.sums, B).into_iter();
        Some(chunks.map(|sums| SummingPart { sums, scales }).collect())
    }

    #[inline(always)]
    fn take<S: Simd>(part: &mut SummingPart<'_>, at: At, row: &[[T; LANES]; B]) {
        let scale = part.scales.at(at.node);
        for (sum, lanes) in part.sums[at.index * B..(at.index + 1) * B].iter_mut().zip(row) {
            *sum = S::store(S::add(S::load(sum), S::mul(S::splat(scale), T::load::<S>(lanes))));
        }
    }
}

/// Adds the last power, block by block, to the one before it: in the rows of the result, which hold the blocks that are
/// done as they are until the last block tells the lengths.
pub(super) struct Finishing<'a, T> {
    pub(super) chunks: &'a Chunks,
    pub(super) n_nodes: usize,
    /// First group and number of groups of each block.
    pub(super) blocks: &'a [(usize, usize)],
    /// First group of this block.
    pub(super) first: usize,
    pub(super) weight: f64,
    pub(super) squares: &'a mut Squares,
    pub(super) before: Option<Before<'a, T>>,
    pub(super) result: &'a mut [f32],
    pub(super) dim: usize,
}

/// The power before the last, where it has weight: its blocks, one after the other, and what they are multiplied by.
#[derive(Clone, Copy)]
pub(super) struct Before<'a, T> {
    pub(super) rows: &'a [[T; LANES]],
    pub(super) scales: Scales<'a>,
}

/// One chunk.
pub(super) struct FinishingPart<'a, T> {
    squares: &'a mut [f64],
    n_nodes: usize,
    blocks: &'a [(usize, usize)],
    first: usize,
    weight: f64,
    before: Option<Before<'a, T>>,
    result: &'a mut [f32],
    dim: usize,
}

impl<T: State, const B: usize> Collect<T, B> for Finishing<'_, T> {
    type Part<'s>
        = FinishingPart<'s, T>
    where
        Self: 's;

    fn parts(&mut self, _: usize) -> Option<Vec<FinishingPart<'_, T>>> {
        let parts =
            self.chunks.split(self.squares, 1).into_iter().zip(self.chunks.split(self.result, self.dim));
        let part = |(squares, result)| FinishingPart {
            squares,
            n_nodes: self.n_nodes,
            blocks: self.blocks,
            first: self.first,
            weight: self.weight,
            before: self.before,
            result,
            dim: self.dim,
        };
        Some(parts.map(part).collect())
    }

    #[inline(always)]
    fn take<S: Simd>(part: &mut FinishingPart<'_, T>, at: At, row: &[[T; LANES]; B]) {
        add_squares::<S, T>(&mut part.squares[at.index], row);
        let result = &mut part.result[at.index * part.dim..][..part.dim];
        for (group, lanes) in (part.first..).zip(row) {
            write_group(result, group, &S::store(T::load::<S>(lanes)));
        }
        if part.blocks.last().is_some_and(|&(first, _)| first == part.first) {
            part.add_up::<S>(at);
        }
    }
}

impl<T: State> FinishingPart<'_, T> {
    #[inline(always)]
    fn add_up<S: Simd>(&mut self, at: At) {
        let (result, _) = self.result[at.index * self.dim..][..self.dim].as_chunks_mut();
        let last_scale = S::splat(scale(self.weight, self.squares[at.index]));
        let before_scale = S::splat(self.before.map_or(0.0, |before| before.scales.at(at.node)));
        for &(first, width) in self.blocks {
            let start = first * self.n_nodes + at.node * width;
            for (group, lanes) in result[first..first + width].iter_mut().enumerate() {
                let mut sum = S::splat(0.0);
                if let Some(before) = self.before {
                    sum = S::add(sum, S::mul(before_scale, T::load::<S>(&before.rows[start + group])));
                }
                *lanes = S::store(S::add(sum, S::mul(last_scale, S::load(lanes))));
            }
        }
    }
}
