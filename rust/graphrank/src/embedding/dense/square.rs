//! Square matrices, and their products.

use std::ops::{Index, IndexMut};

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_zeroed;
use crate::simd::{Isa, Kernel, Simd};

/// A square matrix of 64-bit floats. Indexed by (row, column).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Square {
    order: usize,
    /// Row after row.
    entries: Vec<f64>,
}

impl Square {
    pub(crate) fn zeroed(order: usize) -> Result<Self> {
        let entries = try_zeroed("a square matrix", order.saturating_mul(order))?;
        Ok(Self { order, entries })
    }

    pub(crate) fn order(&self) -> usize {
        self.order
    }

    pub(crate) fn row(&self, i: usize) -> &[f64] {
        &self.entries[i * self.order..(i + 1) * self.order]
    }

    pub(crate) fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.entries[i * self.order..(i + 1) * self.order]
    }

    /// Rows `i` < `j`, both to be written.
    pub(super) fn rows_mut(&mut self, i: usize, j: usize) -> (&mut [f64], &mut [f64]) {
        let (above, below) = self.entries.split_at_mut(j * self.order);
        (&mut above[i * self.order..(i + 1) * self.order], &mut below[..self.order])
    }

    pub(crate) fn transposed(&self) -> Result<Self> {
        let mut transposed = Self::zeroed(self.order)?;
        for i in 0..self.order {
            for (j, &entry) in self.row(i).iter().enumerate() {
                transposed[(j, i)] = entry;
            }
        }
        Ok(transposed)
    }
}

impl Index<(usize, usize)> for Square {
    type Output = f64;

    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        &self.row(i)[j]
    }
}

impl IndexMut<(usize, usize)> for Square {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        &mut self.row_mut(i)[j]
    }
}

/// Rows of a product that meet each row of the right factor together, and per unit of work.
const ROWS: usize = 4;

/// `left` · `right`, of one order.
pub(crate) fn product(left: &Square, right: &Square, isa: Isa, exec: &Exec) -> Result<Square> {
    let order = left.order;
    let mut result = Square::zeroed(order)?;
    let units = result.entries.chunks_mut(ROWS * order.max(1)).collect();
    exec.map_items(units, |unit, rows: &mut [f64]| {
        exec.checkpoint(0)?;
        isa.run(RowsTimes { left, first: unit * ROWS, right, rows });
        Ok(())
    })?;
    Ok(result)
}

/// Some rows of a product, the first of which has number `first`.
struct RowsTimes<'a> {
    left: &'a Square,
    first: usize,
    right: &'a Square,
    rows: &'a mut [f64],
}

impl Kernel for RowsTimes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let order = self.right.order;
        for k in 0..order {
            for (i, row) in (self.first..).zip(self.rows.chunks_exact_mut(order)) {
                let factor = self.left[(i, k)];
                if factor != 0.0 {
                    add_multiple(row, factor, self.right.row(k));
                }
            }
        }
    }
}

/// `target` += `factor` · `source`.
#[inline(always)]
pub(super) fn add_multiple(target: &mut [f64], factor: f64, source: &[f64]) {
    for (target, source) in target.iter_mut().zip(source) {
        *target += factor * source;
    }
}
