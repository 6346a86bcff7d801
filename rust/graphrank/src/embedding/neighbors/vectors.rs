//! Rows of numbers, where they lie.

use crate::error::{Error, Result};
use crate::simd::{Isa, Kernel, LANES, Simd};

/// Longer vectors are refused: the bound on the error of a scan holds up to here.
const MOST_DIMENSIONS: usize = 1 << 20;
/// Rows are numbered by 32 bits.
const MOST_ROWS: usize = u32::MAX as usize - 1;

/// A matrix in row-major order, borrowed: a vector per row.
#[derive(Clone, Copy, Debug)]
pub struct Vectors<'a> {
    values: Values<'a>,
    dim: usize,
}

#[derive(Clone, Copy, Debug)]
enum Values<'a> {
    Single(&'a [f32]),
    Half(&'a [u16]),
}

impl<'a> Vectors<'a> {
    /// Rows of `dim` 32-bit floats.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `dim` is 0 or above 2^20, or the values are not whole rows.
    pub fn new(values: &'a [f32], dim: usize) -> Result<Self> {
        Self::checked(Values::Single(values), values.len(), dim)
    }

    /// Rows of `dim` 16-bit floats (IEEE 754 binary16), as their bits.
    ///
    /// # Errors
    /// As [`Vectors::new`].
    pub fn from_halves(bits: &'a [u16], dim: usize) -> Result<Self> {
        Self::checked(Values::Half(bits), bits.len(), dim)
    }

    fn checked(values: Values<'a>, len: usize, dim: usize) -> Result<Self> {
        if dim == 0 || dim > MOST_DIMENSIONS {
            let problem = format!("must have from 1 to {MOST_DIMENSIONS} columns, got {dim}");
            return Err(Error::argument("vectors", problem));
        }
        if !len.is_multiple_of(dim) || len / dim > MOST_ROWS {
            let problem =
                format!("must be at most {MOST_ROWS} whole rows of {dim} numbers, got {len} numbers");
            return Err(Error::argument("vectors", problem));
        }
        Ok(Self { values, dim })
    }

    /// Number of vectors.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        match self.values {
            Values::Single(values) => values.len() / self.dim,
            Values::Half(bits) => bits.len() / self.dim,
        }
    }

    /// Numbers per vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Row `row` as 32-bit floats: where it lies, or in `room`. Halves must be finite.
    pub(super) fn row<'r>(&self, row: usize, room: &'r mut Vec<f32>) -> &'r [f32]
    where
        'a: 'r,
    {
        match self.values {
            Values::Single(values) => &values[row * self.dim..][..self.dim],
            Values::Half(_) => {
                room.resize(self.dim, 0.0);
                self.copy_row(row, room);
                room
            }
        }
    }

    /// Writes row `row` to `place`, of `dim` numbers.
    pub(super) fn copy_row(&self, row: usize, place: &mut [f32]) {
        let range = row * self.dim..(row + 1) * self.dim;
        match self.values {
            Values::Single(values) => place.copy_from_slice(&values[range]),
            Values::Half(bits) => Isa::best().run(Widen { bits: &bits[range], room: place }),
        }
    }

    /// Rows as they lie, if they are 32-bit floats.
    pub(super) fn singles(&self) -> Option<&'a [f32]> {
        match self.values {
            Values::Single(values) => Some(values),
            Values::Half(_) => None,
        }
    }

    /// The first number of a row that is infinite or NaN, as an error that names it.
    pub(super) fn check_row(&self, argument: &'static str, row: usize) -> Result<()> {
        let not_finite = |(column, x): (usize, f32)| {
            let problem = format!("got {x} in column {column}; vectors must be finite");
            Err(Error::row(argument, row, problem))
        };
        let range = row * self.dim..(row + 1) * self.dim;
        let found = match self.values {
            Values::Single(values) => values[range]
                .iter()
                .position(|x| !x.is_finite())
                .map(|column| (column, values[row * self.dim + column])),
            Values::Half(bits) => bits[range].iter().position(|half| half & 0x7c00 == 0x7c00).map(|column| {
                let is_nan = bits[row * self.dim + column] & 0x3ff != 0;
                (column, if is_nan { f32::NAN } else { f32::INFINITY })
            }),
        };
        found.map_or(Ok(()), not_finite)
    }
}

struct Widen<'a> {
    bits: &'a [u16],
    room: &'a mut [f32],
}

impl Kernel for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let (blocks, rest) = self.bits.as_chunks::<LANES>();
        let (room, last) = self.room.as_chunks_mut::<LANES>();
        for (bits, room) in blocks.iter().zip(room) {
            *room = S::store(S::load_halves(bits));
        }
        let mut padded = [0; LANES];
        padded[..rest.len()].copy_from_slice(rest);
        last.copy_from_slice(&S::store(S::load_halves(&padded))[..rest.len()]);
    }
}
