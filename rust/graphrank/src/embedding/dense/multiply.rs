//! Y M for tall Y and small M, in place; and rows of length 1.
//!
//! M is rounded to 32 bits and cut into panels of 16 columns. A panel stays in the nearest cache while it meets 32 rows;
//! the 4 × 16 sums of four rows stay in registers. Sums are in 32 bits, in the order of the columns of Y: an entry is off
//! by at most (d + 1) 2⁻²⁴ Σ |y m|. Rows of zeros at the end of a panel, half of M where it is triangular, are left out.
//!
//! # Cost
//! n d² products, half of that for triangular M; 4 d² bytes.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_with_capacity, try_zeroed};
use crate::simd::{Isa, Kernel, LANES, Simd};

use super::{Groups, Square};

/// Rows per unit of work, per stay of a panel in the cache, and per tile of sums.
const CHUNK_ROWS: usize = 512;
const ROWS: usize = 32;
const TALL: usize = 4;

/// `rows` ← `rows` · `matrix`.
pub(crate) fn multiply(rows: &mut Groups, matrix: &Square, isa: Isa, exec: &Exec) -> Result<()> {
    let n_groups = matrix.order().div_ceil(LANES);
    if n_groups == 0 {
        return Ok(());
    }
    let panels: Vec<_> = (0..n_groups).map(|group| panel(matrix, group)).collect::<Result<_>>()?;
    exec.map_items(rows.chunks_mut(CHUNK_ROWS * n_groups).collect(), |_, rows: &mut Groups| {
        let mut before = try_zeroed("rows of a product", ROWS * n_groups)?;
        for rows in rows.chunks_mut(ROWS * n_groups) {
            exec.checkpoint((rows.len() / n_groups * matrix.order() * n_groups / 8) as u64)?;
            isa.run(Multiply { rows, before: &mut before, panels: &panels });
        }
        Ok(())
    })?;
    Ok(())
}

/// What `multiply` counts as progress, as [`gram::units`](super::gram::units) does.
pub(crate) fn units(n_rows: usize, dim: usize) -> u64 {
    let n_groups = dim.div_ceil(LANES);
    let all = |rows: usize| (rows * dim * n_groups / 8) as u64;
    (n_rows / ROWS) as u64 * all(ROWS) + all(n_rows % ROWS)
}

/// Sixteen columns of `matrix` down to the last row that is not zero.
#[expect(clippy::cast_possible_truncation, reason = "products are computed in 32 bits")]
fn panel(matrix: &Square, group: usize) -> Result<Vec<[f32; LANES]>> {
    let mut panel = try_with_capacity("a panel of a matrix", matrix.order())?;
    for i in 0..matrix.order() {
        let row = &matrix.row(i)[group * LANES..];
        panel.push(std::array::from_fn(|lane| row.get(lane).map_or(0.0, |&x| x as f32)));
    }
    let depth = panel.iter().rposition(|row| *row != [0.0; LANES]).map_or(0, |last| last + 1);
    panel.truncate(depth);
    Ok(panel)
}

struct Multiply<'a> {
    rows: &'a mut Groups,
    /// Room for the rows as they were.
    before: &'a mut Groups,
    panels: &'a [Vec<[f32; LANES]>],
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let n_groups = self.panels.len();
        let before = &mut self.before[..self.rows.len()];
        before.copy_from_slice(self.rows);
        for (group, panel) in self.panels.iter().enumerate() {
            let tiles = self.rows.chunks_mut(TALL * n_groups).zip(before.chunks(TALL * n_groups));
            for (after, before) in tiles {
                if before.len() == TALL * n_groups {
                    let row = |i: usize| before[i * n_groups..(i + 1) * n_groups].as_flattened();
                    let sums = tile([row(0), row(1), row(2), row(3)], panel);
                    for (row, sum) in after.chunks_mut(n_groups).zip(sums) {
                        row[group] = sum;
                    }
                } else {
                    for (row, before) in after.chunks_mut(n_groups).zip(before.chunks(n_groups)) {
                        [row[group]] = tile([before.as_flattened()], panel);
                    }
                }
            }
        }
    }
}

/// The products of some rows and a panel.
#[inline(always)]
fn tile<const N: usize>(rows: [&[f32]; N], panel: &Groups) -> [[f32; LANES]; N] {
    let rows = rows.map(|row| &row[..panel.len()]);
    let mut sums = [[0.0; LANES]; N];
    for (k, lanes) in panel.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let factor = row[k];
            for (sum, &x) in sums.iter_mut().zip(lanes) {
                *sum += factor * x;
            }
        }
    }
    sums
}

/// Scales every row to length 1; rows of zeros stay.
pub(crate) fn normalize(rows: &mut Groups, n_groups: usize, isa: Isa, exec: &Exec) -> Result<()> {
    exec.map_items(rows.chunks_mut(CHUNK_ROWS * n_groups.max(1)).collect(), |_, rows| {
        exec.checkpoint(0)?;
        isa.run(Normalize { rows, n_groups });
        Ok(())
    })?;
    Ok(())
}

struct Normalize<'a> {
    rows: &'a mut Groups,
    n_groups: usize,
}

impl Kernel for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "entries have 32 bits")]
    fn run<S: Simd>(self) {
        for row in self.rows.chunks_exact_mut(self.n_groups) {
            // In 64 bits no square over- or underflows.
            let mut squares = [0.0f64; LANES];
            for lanes in &*row {
                for (square, &x) in squares.iter_mut().zip(lanes) {
                    *square += f64::from(x) * f64::from(x);
                }
            }
            let length = squares.iter().sum::<f64>().sqrt();
            if length > 0.0 {
                for x in row.as_flattened_mut() {
                    *x = (f64::from(*x) / length) as f32;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{exec, numbers, square, tall};
    use super::*;

    #[test]
    fn products_are_off_by_their_rounding_at_most() {
        let mut number = numbers(5);
        for (n, dim) in [(0, 3), (1, 1), (35, 16), (33, 17), (600, 40), (70, 150)] {
            for is_triangular in [false, true] {
                let matrix = square(dim, |i, j| if is_triangular && i > j { 0.0 } else { number() });
                let before = tall(6, n, dim);
                let mut after = before.clone();
                multiply(&mut after, &matrix, Isa::best(), &Exec::default()).unwrap();
                let n_groups = dim.div_ceil(LANES);
                for (before, after) in before.chunks(n_groups).zip(after.chunks(n_groups)) {
                    let (before, after) = (before.as_flattened(), after.as_flattened());
                    for (j, &x) in after.iter().enumerate() {
                        let factor = |i| if j < dim { matrix[(i, j)] } else { 0.0 };
                        let terms = (0..dim).map(|i| f64::from(before[i]) * factor(i));
                        let size: f64 = terms.clone().map(f64::abs).sum();
                        let error = (f64::from(x) - terms.sum::<f64>()).abs();
                        assert!(error <= (dim + 2) as f64 * 2f64.powi(-24) * size, "{n} x {dim}, column {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_get_length_one_whatever_their_size_and_zeros_stay() {
        let n_groups = 3;
        let mut rows = tall(7, 40, 43);
        for (i, row) in rows.chunks_mut(n_groups).enumerate() {
            row.as_flattened_mut().iter_mut().for_each(|x| *x *= [1.0, 1e-30, 1e30, 0.0][i % 4]);
        }
        normalize(&mut rows, n_groups, Isa::best(), &Exec::default()).unwrap();
        for (i, row) in rows.chunks(n_groups).enumerate() {
            let length = row.as_flattened().iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            let wanted = if i % 4 == 3 { 0.0 } else { 1.0 };
            assert!((length - wanted).abs() < 1e-6, "row {i} has length {length}");
        }
    }

    #[test]
    fn bits_do_not_depend_on_threads_or_instruction_set() {
        let (n, dim) = (1500, 70);
        let mut number = numbers(8);
        let matrix = square(dim, |_, _| number());
        let on = |isa, exec: &Exec| {
            let mut rows = tall(9, n, dim);
            multiply(&mut rows, &matrix, isa, exec).unwrap();
            normalize(&mut rows, dim.div_ceil(LANES), isa, exec).unwrap();
            rows
        };
        let alone = on(Isa::available()[0], &Exec::default());
        for isa in Isa::available() {
            for n_threads in [1, 2, 5] {
                assert!(on(isa, &exec(n_threads)) == alone, "{isa:?}, {n_threads} threads");
            }
        }
    }

    #[test]
    fn progress_adds_up_to_what_was_announced() {
        for (n, dim) in [(1, 1), (1500, 70), (64, 256)] {
            let (mut rows, exec) = (tall(1, n, dim), Exec::default());
            multiply(&mut rows, &Square::zeroed(dim).unwrap(), Isa::best(), &exec).unwrap();
            assert_eq!(exec.progress().0, units(n, dim), "{n} x {dim}");
        }
    }
}
