//! What becomes of the rows of a power: kept until their length is known, measured, or weighed and added.

use std::marker::PhantomData;

use crate::simd::{LANES, Simd};

use super::blocks::{At, Collect};
use super::lane::State;
use super::layout::Layout;

/// Squared lengths of the rows of one power, by position, so far.
pub(super) type Squares = [f64];

/// Adds the squares of a row to `sum`, group by group, so that blocks of any width give the same bits.
#[inline(always)]
pub(super) fn add_squares<S: Simd, T: State>(sum: &mut f64, row: &[[T; LANES]]) {
    for lanes in row {
        let lanes = S::store(T::load::<S>(lanes));
        let mut squares = [0.0f64; LANES / 2];
        for (i, square) in squares.iter_mut().enumerate() {
            let (low, high) = (f64::from(lanes[i]), f64::from(lanes[i + LANES / 2]));
            *square = low * low + high * high;
        }
        let [a, b, c, d, e, f, g, h] = squares;
        *sum += ((a + e) + (b + f)) + ((c + g) + (d + h));
    }
}

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
    /// By position, `stride` groups per row.
    Own {
        rows: &'a mut [[T; LANES]],
        stride: usize,
    },
    /// In the rows of the result, which are by node.
    Result(ResultRows<'a>),
}

/// Rows of the result that are written in the order of positions.
#[derive(Clone, Copy)]
pub(super) struct ResultRows<'a> {
    values: *mut f32,
    len: usize,
    dim: usize,
    owner: PhantomData<&'a mut [f32]>,
}

#[expect(unsafe_code, reason = "rows are dealt out by node, which no split of a slice can follow")]
// SAFETY: each row is written by the one chunk that has its node's position, and nothing is read meanwhile.
unsafe impl Send for ResultRows<'_> {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for ResultRows<'_> {}

impl<'a> ResultRows<'a> {
    pub(super) fn new(values: &'a mut [f32], dim: usize) -> Self {
        Self { values: values.as_mut_ptr(), len: values.len(), dim, owner: PhantomData }
    }

    /// The row of a node.
    ///
    /// # Safety
    /// Nobody else reads or writes the row while it is borrowed.
    #[inline(always)]
    #[expect(unsafe_code, reason = "as above")]
    unsafe fn row(self, node: u32) -> &'a mut [f32] {
        let start = node as usize * self.dim;
        assert!(start + self.dim <= self.len, "a row lies outside the result");
        // SAFETY: in bounds by the line above, and nobody else's by the caller's word.
        unsafe { std::slice::from_raw_parts_mut(self.values.add(start), self.dim) }
    }
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
    pub(super) layout: &'a Layout,
    /// First group of the block.
    pub(super) first: usize,
    pub(super) powers: &'a mut [Power<'p, T>],
}

/// One power of one chunk.
pub(super) struct KeepingPart<'a, T> {
    squares: Option<&'a mut [f64]>,
    rows: KeepPart<'a, T>,
    first: usize,
}

enum KeepPart<'a, T> {
    Nowhere,
    Own { rows: &'a mut [[T; LANES]], stride: usize },
    Result(ResultRows<'a>),
}

impl<T: State, const B: usize> Collect<T, B> for Keeping<'_, '_, T> {
    type Part<'s>
        = KeepingPart<'s, T>
    where
        Self: 's;

    fn parts(&mut self, power: usize) -> Option<Vec<KeepingPart<'_, T>>> {
        let kept = self.powers.iter_mut().find(|kept| kept.power == power)?;
        let n_chunks = self.layout.chunks.len();
        let squares: Vec<_> = match &mut kept.squares {
            Some(squares) => self.layout.split(squares, 1).into_iter().map(Some).collect(),
            None => (0..n_chunks).map(|_| None).collect(),
        };
        let rows: Vec<_> = match &mut kept.rows {
            Keep::Nowhere => (0..n_chunks).map(|_| KeepPart::Nowhere).collect(),
            Keep::Own { rows, stride } => {
                let stride = *stride;
                let own = |rows| KeepPart::Own { rows, stride };
                self.layout.split(rows, stride).into_iter().map(own).collect()
            }
            Keep::Result(rows) => (0..n_chunks).map(|_| KeepPart::Result(*rows)).collect(),
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
            KeepPart::Nowhere => {}
            KeepPart::Own { rows, stride } => {
                let start = at.index * *stride + part.first;
                rows[start..start + B].copy_from_slice(row);
            }
            KeepPart::Result(result) => {
                #[expect(unsafe_code, reason = "as above")]
                // SAFETY: positions and nodes correspond one to one, and chunks of positions are disjoint.
                let result = unsafe { result.row(at.node) };
                for (group, lanes) in (part.first..).zip(row) {
                    write_group(result, group, &S::store(T::load::<S>(lanes)));
                }
            }
        }
    }
}

/// Adds up the powers that have weight, whose scales are known.
pub(super) struct Summing<'a> {
    pub(super) layout: &'a Layout,
    /// Powers in rising order and what their rows are multiplied by.
    pub(super) powers: &'a [(usize, Scales<'a>)],
    /// By position, `B` groups per row.
    pub(super) sums: &'a mut [[f32; LANES]],
}

/// What the rows of a power are multiplied by.
#[derive(Clone, Copy)]
pub(super) enum Scales<'a> {
    All(f32),
    /// By position: this weight over the length of the row.
    Lengths {
        weight: f64,
        squares: &'a Squares,
    },
}

impl Scales<'_> {
    #[inline(always)]
    pub(super) fn at(&self, position: usize) -> f32 {
        match self {
            Self::All(scale) => *scale,
            Self::Lengths { weight, squares } => scale(*weight, squares[position]),
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
        let chunks = self.layout.split(self.sums, B).into_iter();
        Some(chunks.map(|sums| SummingPart { sums, scales }).collect())
    }

    #[inline(always)]
    fn take<S: Simd>(part: &mut SummingPart<'_>, at: At, row: &[[T; LANES]; B]) {
        let scale = part.scales.at(at.position);
        for (sum, lanes) in part.sums[at.index * B..(at.index + 1) * B].iter_mut().zip(row) {
            *sum = S::store(S::add(S::load(sum), S::mul(S::splat(scale), T::load::<S>(lanes))));
        }
    }
}

/// Adds the last power, block by block, to the one before it: in the rows of the result, which hold the blocks that are
/// done as they are until the last block tells the lengths.
pub(super) struct Finishing<'a, T> {
    pub(super) layout: &'a Layout,
    /// First group and number of groups of each block.
    pub(super) blocks: &'a [(usize, usize)],
    /// First group of this block.
    pub(super) first: usize,
    pub(super) weight: f64,
    pub(super) squares: &'a mut Squares,
    pub(super) before: Option<Before<'a, T>>,
    pub(super) result: ResultRows<'a>,
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
    n_rows: usize,
    blocks: &'a [(usize, usize)],
    first: usize,
    weight: f64,
    before: Option<Before<'a, T>>,
    result: ResultRows<'a>,
}

impl<T: State, const B: usize> Collect<T, B> for Finishing<'_, T> {
    type Part<'s>
        = FinishingPart<'s, T>
    where
        Self: 's;

    fn parts(&mut self, _: usize) -> Option<Vec<FinishingPart<'_, T>>> {
        let part = |squares| FinishingPart {
            squares,
            n_rows: self.layout.len(),
            blocks: self.blocks,
            first: self.first,
            weight: self.weight,
            before: self.before,
            result: self.result,
        };
        Some(self.layout.split(self.squares, 1).into_iter().map(part).collect())
    }

    #[inline(always)]
    fn take<S: Simd>(part: &mut FinishingPart<'_, T>, at: At, row: &[[T; LANES]; B]) {
        add_squares::<S, T>(&mut part.squares[at.index], row);
        #[expect(unsafe_code, reason = "as above")]
        // SAFETY: positions and nodes correspond one to one, and chunks of positions are disjoint.
        let result = unsafe { part.result.row(at.node) };
        for (group, lanes) in (part.first..).zip(row) {
            write_group(result, group, &S::store(T::load::<S>(lanes)));
        }
        if part.blocks.last().is_some_and(|&(first, _)| first == part.first) {
            part.add_up::<S>(at, result);
        }
    }
}

impl<T: State> FinishingPart<'_, T> {
    #[inline(always)]
    fn add_up<S: Simd>(&self, at: At, result: &mut [f32]) {
        let (result, _) = result.as_chunks_mut();
        let last_scale = S::splat(scale(self.weight, self.squares[at.index]));
        let before_scale = S::splat(self.before.map_or(0.0, |before| before.scales.at(at.position)));
        for &(first, width) in self.blocks {
            let start = first * self.n_rows + at.position * width;
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
