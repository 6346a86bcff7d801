//! What the scan adds to a product so that it bounds the score.
//!
//! A scan computes p̃ = q̃ · x in 32-bit floats, where q̃ is the query times a number of its own, w. However the D products
//! are added, |p̃ − w q · x| ≤ g w ‖q‖ ‖x‖ (Higham, Accuracy and Stability of Numerical Algorithms, 3.5; the bound g
//! leaves room for the roundings of q̃ and of the terms below), and products too small for a 32-bit float add at most
//! D 2⁻¹⁴⁹ (1 + ‖x‖). Every row has a `scale` and an `offset` that make p̃ · scale + offset at least its score, up to
//! what depends on the query alone:
//!
//! | metric | w | compared | scale | offset |
//! |---|---|---|---|---|
//! | product | 2⁻ʰ / ‖q‖ | w q · x | 1 | g 2⁻ʰ ‖x‖ |
//! | cosine | 2⁻ʰ / ‖q‖ | cosine | 2ʰ / ‖x‖ | g |
//! | distance | 2⁻ᶜ⁻ʰ | w (q · x − ‖x‖²/2) | 1 | −w ‖x‖²/2 (1 − g) |
//!
//! For distances, ‖q‖ ‖x‖ ≤ (‖q‖² + ‖x‖²)/2 splits the error between row and query. 2ᶜ is the largest ‖x‖, and h is c kept
//! within ±60: so the sums neither overflow nor vanish, whatever the unit of the vectors.

use super::score::{Target, square};
use super::{Metric, Vectors};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity};

/// Numbers read between two checkpoints.
const NUMBERS: usize = 1 << 20;
/// A scale beyond this would make noise of the smallest numbers: such rows are always scored exactly.
const LARGEST_SCALE: f64 = 1e30;

/// g: see [`super`].
pub(super) fn relative_error(dim: usize) -> f64 {
    1.1 * (dim + 8) as f64 / f64::from(1 << 24)
}

/// Vectors made ready to be searched: 12 bytes per row beside them.
#[derive(Clone, Debug)]
pub struct NeighborSearch {
    pub(super) metric: Metric,
    pub(super) n_rows: usize,
    pub(super) dim: usize,
    pub(super) terms: Vec<Term>,
    /// 2ᶜ is the power of two at or below the largest norm of a row.
    largest: i32,
}

/// What a product with a row is multiplied by and added to, and how far above the truth that may lie, halved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) scale: f32,
    pub(super) offset: f32,
    pub(super) slack: f32,
}

impl NeighborSearch {
    /// Reads all vectors once.
    ///
    /// # Errors
    /// [`Error::InvalidData`](crate::Error::InvalidData) naming the first row that holds NaN or infinity.
    pub fn new(vectors: &Vectors<'_>, metric: Metric, exec: &Exec) -> Result<Self> {
        let (n_rows, dim) = (vectors.n_rows(), vectors.dim());
        exec.expect_units(n_rows as u64);
        let rows_per_chunk = (NUMBERS / dim).max(1);
        let chunks = exec.map(n_rows.div_ceil(rows_per_chunk), |chunk| {
            let rows = chunk * rows_per_chunk..n_rows.min((chunk + 1) * rows_per_chunk);
            let mut room = Vec::new();
            let mut squares = try_with_capacity("norms", rows.len())?;
            for row in rows {
                vectors.check_row("vectors", row)?;
                squares.push(square(vectors.row(row, &mut room)));
            }
            exec.checkpoint(squares.len() as u64)?;
            Ok(squares)
        })?;
        let squares = || chunks.iter().flatten().copied();
        let largest = squares().fold(0.0, f64::max).sqrt();
        let largest = if largest > 0.0 { exponent(largest) } else { 0 };
        let mut search = Self { metric, n_rows, dim, terms: Vec::new(), largest };
        search.terms = try_collect("terms of rows", n_rows, squares().map(|square| search.term(square)))?;
        Ok(search)
    }

    /// Bytes beside the vectors.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.terms.len() * size_of::<Term>()
    }

    pub(super) fn check(&self, vectors: &Vectors<'_>) -> Result<()> {
        if (vectors.n_rows(), vectors.dim()) == (self.n_rows, self.dim) {
            return Ok(());
        }
        Err(Error::argument("vectors", "must be those that the search was made of"))
    }

    fn term(&self, square: f64) -> Term {
        let (g, norm, dim) = (relative_error(self.dim), square.sqrt(), self.dim as f64);
        let vanished = 2f64.powi(-149) * dim * (1.0 + norm);
        match self.metric {
            Metric::Dot => {
                let slack = up(g * norm * power(-self.bounded()) + vanished);
                Term { scale: 1.0, offset: slack, slack }
            }
            Metric::Cosine if square == 0.0 => Term { scale: 0.0, offset: 0.0, slack: 0.0 },
            Metric::Cosine => {
                let scale = power(self.bounded()) / norm;
                if scale > LARGEST_SCALE {
                    return Term { scale: 0.0, offset: f32::INFINITY, slack: f32::INFINITY };
                }
                let slack = up(g + vanished * scale);
                Term { scale: single(scale), offset: slack, slack }
            }
            Metric::L2 => {
                let half = square / 2.0 * power(-self.largest - self.bounded());
                let slack = g * half + vanished;
                Term { scale: 1.0, offset: up(slack - half), slack: up(slack) }
            }
        }
    }

    fn bounded(&self) -> i32 {
        self.largest.clamp(-60, 60)
    }

    /// How a query is to be scanned; `None` if nothing is nearer to it than anything else, because it is zero.
    pub(super) fn scaling(&self, query: Target<'_>) -> Option<Scaling> {
        let norm = query.square.sqrt();
        if self.metric == Metric::L2 {
            let (weight, g) = (power(-self.largest - self.bounded()), relative_error(self.dim));
            // A query so much longer than all rows that its products overflow: all rows are scored exactly.
            let unit = if norm * weight * power(self.largest) < 1e36 { weight / 2.0 } else { f64::NAN };
            let origin = query.square * (1.0 - g);
            return Some(Scaling { weight, unit, origin, slack: up(2.0 * g * query.square * unit) });
        }
        let weight = power(-self.bounded()) / norm;
        let unit = if self.metric == Metric::Dot { weight } else { 1.0 };
        (norm > 0.0).then_some(Scaling { weight, unit, origin: 0.0, slack: 0.0 })
    }
}

/// How a query is scanned, and where its scores lie among the bounds of the scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaling {
    /// w: the query is multiplied by it.
    pub(super) weight: f64,
    unit: f64,
    origin: f64,
    /// What the query's own part of the error lowers a floor by that was computed from bounds.
    pub(super) slack: f32,
}

impl Scaling {
    /// What the bound of a row at least this near cannot be below.
    pub(super) fn floor(&self, nearness: f64) -> f32 {
        down((nearness + self.origin) * self.unit)
    }
}

/// A 32-bit float that is not below `x`.
fn up(x: f64) -> f32 {
    let nearest = single(x);
    if f64::from(nearest) < x { nearest.next_up() } else { nearest }
}

/// A 32-bit float that is below `x`, by a rounding or two.
fn down(x: f64) -> f32 {
    single(x).next_down()
}

/// The nearest 32-bit float.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast between floats rounds; beyond the largest it is infinite"
)]
pub(super) fn single(x: f64) -> f32 {
    x as f32
}

fn power(exponent: i32) -> f64 {
    2f64.powi(exponent)
}

/// c where 2ᶜ ≤ x < 2ᶜ⁺¹; x is positive and finite, and large enough to be normal.
fn exponent(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}
