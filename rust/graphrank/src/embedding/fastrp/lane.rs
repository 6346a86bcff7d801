//! What a stored vector is made of: signs, 16-bit or 32-bit floats. Sums are always in 32 bits.

use bytemuck::Pod;

use crate::simd::{LANES, Simd};

/// An element of stored vectors; a block of columns holds [`LANES`] of them.
pub(super) trait Lane: Pod + Send + Sync {
    fn load<S: Simd>(lanes: &[Self; LANES]) -> S::Vector;
}

/// What products are stored as.
pub(super) trait State: Lane {
    /// Values are kept near this, where the format is precise over the widest range below.
    const LARGEST: f32;

    fn store<S: Simd>(vector: S::Vector) -> [Self; LANES];
}

/// A sign of the projection.
impl Lane for i8 {
    #[inline(always)]
    fn load<S: Simd>(lanes: &[Self; LANES]) -> S::Vector {
        S::load_signs(lanes)
    }
}

impl Lane for f32 {
    #[inline(always)]
    fn load<S: Simd>(lanes: &[Self; LANES]) -> S::Vector {
        S::load(lanes)
    }
}

impl State for f32 {
    const LARGEST: Self = 1.0;

    #[inline(always)]
    fn store<S: Simd>(vector: S::Vector) -> [Self; LANES] {
        S::store(vector)
    }
}

/// The bits of a 16-bit float.
impl Lane for u16 {
    #[inline(always)]
    fn load<S: Simd>(lanes: &[Self; LANES]) -> S::Vector {
        S::load_halves(lanes)
    }
}

impl State for u16 {
    /// A quarter of the largest finite value: 28 halvings remain before precision is lost.
    const LARGEST: f32 = 16384.0;

    #[inline(always)]
    fn store<S: Simd>(vector: S::Vector) -> [Self; LANES] {
        S::store_halves(vector)
    }
}

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
