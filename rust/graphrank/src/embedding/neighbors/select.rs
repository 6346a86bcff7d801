//! The best `k` rows of one query, from bounds that come one at a time.
//!
//! A row is kept while its bound reaches the floor. When the buffer is full, the floor rises to what the k-th best of its
//! rows has for certain, and the rows below are dropped. If that leaves too many, they are near ties: then they are
//! scored exactly, and the best k of them stay.

use std::cmp::Ordering;

use super::prepare::{NeighborSearch, Scaling};
use super::score::{Target, nearness};
use super::vectors::Vectors;
use crate::error::Result;
use crate::memory::try_with_capacity;

/// A row and how near it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    pub(super) row: u32,
    pub(super) nearness: f64,
}

/// Nearest first, then in order of rows.
pub(super) fn by_rank(a: &Near, b: &Near) -> Ordering {
    b.nearness.total_cmp(&a.nearness).then(a.row.cmp(&b.row))
}

/// Buffers hold so many times the rows that are wanted.
const ROOM: usize = 3;
/// Fewer rows than this are not worth cutting.
const FEW: usize = 10;

/// Bytes of the buffer of a query.
pub(super) fn bytes(k: usize) -> usize {
    capacity(k).saturating_mul(size_of::<Candidate>())
}

fn capacity(k: usize) -> usize {
    k.max(FEW).saturating_mul(ROOM)
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    row: u32,
    bound: f32,
    /// NaN until it is computed.
    nearness: f64,
}

/// Where rows are scored exactly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact<'a> {
    pub(super) search: &'a NeighborSearch,
    pub(super) vectors: &'a Vectors<'a>,
}

/// One query's buffer.
#[derive(Debug)]
pub(super) struct Selection {
    k: usize,
    scaling: Scaling,
    floor: f32,
    kept: Vec<Candidate>,
}

impl Selection {
    /// `k` is at least 1.
    pub(super) fn new(k: usize, scaling: Scaling) -> Result<Self> {
        let capacity = capacity(k);
        Ok(Self {
            k,
            scaling,
            floor: f32::NEG_INFINITY,
            kept: try_with_capacity("candidates of a query", capacity)?,
        })
    }

    /// Bounds below this are of no interest.
    pub(super) fn floor(&self) -> f32 {
        self.floor
    }

    /// A row whose bound is not below the floor. Rows come once each, in any order.
    pub(super) fn accept(&mut self, row: u32, bound: f32, query: Target<'_>, exact: Exact<'_>) {
        self.kept.push(Candidate { row, bound, nearness: f64::NAN });
        if self.kept.len() == capacity(self.k) {
            self.cut(exact);
            if self.kept.len() > capacity(self.k) / 2 {
                self.settle(query, exact);
            }
        }
    }

    /// What is kept, nearest first.
    pub(super) fn into_ranked(mut self, query: Target<'_>, exact: Exact<'_>) -> Result<Vec<Near>> {
        self.cut(exact);
        self.settle(query, exact);
        let mut ranked = try_with_capacity("nearest rows", self.kept.len())?;
        ranked.extend(self.kept.iter().map(|kept| Near { row: kept.row, nearness: kept.nearness }));
        Ok(ranked)
    }

    /// Raises the floor to what the `k` rows of the highest bounds reach whatever the errors of those.
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN is not below anything")]
    fn cut(&mut self, exact: Exact<'_>) {
        if self.kept.len() <= self.k {
            return;
        }
        let (above, last, _) =
            self.kept.select_nth_unstable_by(self.k - 1, |a, b| b.bound.total_cmp(&a.bound));
        let slack = |kept: &Candidate| exact.search.terms[kept.row as usize].slack;
        let slack = above.iter().map(slack).fold(slack(last), f32::max);
        let low = (last.bound - 2.0 * slack).next_down() - self.scaling.slack;
        // Not a number where some bound is infinite: then these rows tell nothing.
        if !low.is_nan() {
            self.raise(low.next_down());
        }
        let floor = self.floor;
        self.kept.retain(|kept| !(kept.bound < floor));
    }

    /// Scores what is kept exactly and drops all but the best `k`.
    fn settle(&mut self, query: Target<'_>, exact: Exact<'_>) {
        let mut room = Vec::new();
        for kept in self.kept.iter_mut().filter(|kept| kept.nearness.is_nan()) {
            let vector = exact.vectors.row(kept.row as usize, &mut room);
            kept.nearness = nearness(exact.search.metric, query, vector);
        }
        self.kept.sort_unstable_by(|a, b| b.nearness.total_cmp(&a.nearness).then(a.row.cmp(&b.row)));
        self.kept.truncate(self.k);
        if let (Some(last), true) = (self.kept.last(), self.kept.len() == self.k) {
            self.raise(self.scaling.floor(last.nearness));
        }
    }

    /// A floor that is NaN, of a query that cannot be scanned, stays so.
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN is not below anything")]
    fn raise(&mut self, floor: f32) {
        if !(floor <= self.floor) {
            self.floor = floor;
        }
    }
}
