//! Yᵀ W Z for tall Y and Z of 32-bit floats and a diagonal W, where the result is known to be symmetric.
//!
//! Products of 32-bit floats are exact in 64 bits and so are their sums, nearly: the result is that of exact arithmetic up
//! to some 2⁻⁵² n of the sum of absolute values, which lets [`whitening`](super::whitening) see directions a millionth
//! as long as others.
//!
//! # Steps
//! The result is cut into blocks of 128 × 128, of which those on and above the diagonal are computed, and the rows into
//! chunks. A unit of work is a block of a chunk: slabs of 64 rows are widened into tiles that lie in the order in which
//! they are read, and every 4 × 8 sums of a block stay in registers while they run down a slab.
//!
//! # Cost
//! n d (d + 8) / 2 products; d² · 8 bytes per chunk, of which there are at most 64.

use std::ops::Range;

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_zeroed;
use crate::simd::{Isa, Kernel, LANES, Simd};

use super::{Groups, Square};

/// Columns of a block.
const COLUMNS: usize = 128;
/// Groups of columns of a block.
const GROUPS: usize = COLUMNS / LANES;
/// Rows of a slab: two widened slabs of a block are 128 kB.
const DEPTH: usize = 64;
/// Sums in registers: rows and columns of a tile of the result.
const TALL: usize = 4;
const WIDE: usize = 8;

/// Least rows per chunk, and the number of units of work beyond which chunks grow.
const CHUNK_ROWS: usize = 512;
const UNITS: usize = 64;

/// `left`ᵀ · diag(`weights`) · `right` on the first `dim` columns. Reads the entries on and above the diagonal only, and
/// mirrors them.
pub(crate) fn gram(
    left: &Groups,
    right: &Groups,
    weights: &[f64],
    dim: usize,
    isa: Isa,
    exec: &Exec,
) -> Result<Square> {
    let n_groups = dim.div_ceil(LANES);
    let n_blocks = dim.div_ceil(COLUMNS);
    let blocks: Vec<_> = (0..n_blocks).flat_map(|i| (i..n_blocks).map(move |j| (i, j))).collect();
    let chunks = chunks(weights.len(), blocks.len());
    let partials = exec.map(blocks.len() * chunks.len(), |unit| {
        let (block, rows) = (blocks[unit / chunks.len()], chunks[unit % chunks.len()].clone());
        Block::new(left, right, weights, n_groups, block).sum(rows, isa, exec)
    })?;

    let mut result = Square::zeroed(dim)?;
    for (&(i, j), partials) in blocks.iter().zip(partials.chunks(chunks.len().max(1))) {
        for sums in partials {
            for (row, sums) in (i * COLUMNS..dim).zip(sums) {
                let first = j * COLUMNS;
                let row = &mut result.row_mut(row)[first..];
                row.iter_mut().zip(sums).for_each(|(entry, sum)| *entry += sum);
            }
        }
    }
    for i in 0..dim {
        for j in 0..i {
            result[(i, j)] = result[(j, i)];
        }
    }
    Ok(result)
}

/// What `gram` counts as progress: about as many as the units of a step of the walk in the same time.
pub(crate) fn units(n_rows: usize, dim: usize) -> u64 {
    let n_blocks = dim.div_ceil(COLUMNS);
    (n_rows * COLUMNS / 2 * (n_blocks * (n_blocks + 1) / 2)) as u64
}

/// Bytes of the sums of all chunks.
pub(crate) fn n_bytes(n_rows: usize, dim: usize) -> usize {
    let n_blocks = dim.div_ceil(COLUMNS);
    let n_blocks = n_blocks * (n_blocks + 1) / 2;
    n_blocks * chunks(n_rows, n_blocks).len() * COLUMNS * COLUMNS * size_of::<f64>()
}

/// Ranges of rows; how many depends on nothing but the sizes.
fn chunks(n_rows: usize, n_blocks: usize) -> Vec<Range<usize>> {
    let most = (UNITS / n_blocks.max(1)).max(4);
    let len = n_rows.div_ceil(most).max(CHUNK_ROWS);
    (0..n_rows.div_ceil(len)).map(|chunk| chunk * len..n_rows.min((chunk + 1) * len)).collect()
}

/// One block of the result, and what it is the sum of.
struct Block<'a> {
    left: &'a Groups,
    right: &'a Groups,
    weights: &'a [f64],
    n_groups: usize,
    /// First group of its rows and of its columns.
    groups: (usize, usize),
}

type Sums = [[f64; COLUMNS]];

impl<'a> Block<'a> {
    fn new(
        left: &'a Groups,
        right: &'a Groups,
        weights: &'a [f64],
        n_groups: usize,
        (i, j): (usize, usize),
    ) -> Self {
        Self { left, right, weights, n_groups, groups: (i * GROUPS, j * GROUPS) }
    }

    /// The block's sums over `rows`.
    fn sum(&self, rows: Range<usize>, isa: Isa, exec: &Exec) -> Result<Vec<[f64; COLUMNS]>> {
        let mut sums = try_zeroed("sums of products", COLUMNS)?;
        let mut tall = try_zeroed("a slab of rows", COLUMNS / TALL * DEPTH)?;
        let mut wide = try_zeroed("a slab of rows", COLUMNS / WIDE * DEPTH)?;
        for start in rows.clone().step_by(DEPTH) {
            let rows = start..rows.end.min(start + DEPTH);
            exec.checkpoint((rows.len() * COLUMNS / 2) as u64)?;
            isa.run(Slab { block: self, rows, tall: &mut tall, wide: &mut wide, sums: &mut sums });
        }
        Ok(sums)
    }
}

/// Adds one slab to the sums of a block.
struct Slab<'a> {
    block: &'a Block<'a>,
    rows: Range<usize>,
    tall: &'a mut [[f64; TALL]],
    wide: &'a mut [[f64; WIDE]],
    sums: &'a mut Sums,
}

impl Kernel for Slab<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { block, rows, tall, wide, sums } = self;
        let (depth, n_groups) = (rows.len(), block.n_groups);
        let (first, second) = block.groups;
        let slab = rows.start * n_groups..rows.end * n_groups;
        let (n_tall, n_wide) = (GROUPS.min(n_groups - first), GROUPS.min(n_groups - second));
        let weights = &block.weights[rows];
        for group in 0..n_tall {
            let tiles = &mut tall[group * LANES / TALL * depth..][..LANES / TALL * depth];
            for (k, row) in block.left[slab.clone()].chunks_exact(n_groups).enumerate() {
                let (quarters, _) = row[first + group].as_chunks::<TALL>();
                for (tile, quarter) in quarters.iter().enumerate() {
                    tiles[tile * depth + k] = quarter.map(|x| weights[k] * f64::from(x));
                }
            }
        }
        for group in 0..n_wide {
            let tiles = &mut wide[group * LANES / WIDE * depth..][..LANES / WIDE * depth];
            for (k, row) in block.right[slab.clone()].chunks_exact(n_groups).enumerate() {
                let (halves, _) = row[second + group].as_chunks::<WIDE>();
                for (tile, half) in halves.iter().enumerate() {
                    tiles[tile * depth + k] = half.map(f64::from);
                }
            }
        }
        let is_diagonal = first == second;
        for (j, right) in wide[..n_wide * LANES / WIDE * depth].chunks_exact(depth).enumerate() {
            for (i, left) in tall[..n_tall * LANES / TALL * depth].chunks_exact(depth).enumerate() {
                if !is_diagonal || (j + 1) * WIDE > i * TALL {
                    add_products(&mut sums[i * TALL..][..TALL], j * WIDE, left, right);
                }
            }
        }
    }
}

/// Adds the products of a tall and a wide tile to `sums`, from `column` on.
#[inline(always)]
fn add_products(sums: &mut Sums, column: usize, left: &[[f64; TALL]], right: &[[f64; WIDE]]) {
    let mut tile = [[0.0; WIDE]; TALL];
    for (tile, sums) in tile.iter_mut().zip(&*sums) {
        tile.copy_from_slice(&sums[column..column + WIDE]);
    }
    for (left, right) in left.iter().zip(right) {
        for (tile, &factor) in tile.iter_mut().zip(left) {
            for (sum, &x) in tile.iter_mut().zip(right) {
                *sum += factor * x;
            }
        }
    }
    for (tile, sums) in tile.iter().zip(sums) {
        sums[column..column + WIDE].copy_from_slice(tile);
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{distance, exec, numbers, square, tall};
    use super::*;

    fn weights(n: usize) -> Vec<f64> {
        let mut number = numbers(9);
        (0..n).map(|_| number() + 1.0).collect()
    }

    /// Both sums are off by at most n roundings of the sum of absolute values, which is below 2 n.
    #[test]
    fn sums_are_those_of_64_bits() {
        for (n, dim) in [(0, 3), (1, 1), (65, 17), (1300, 20), (700, 130), (600, 270)] {
            let (left, right, weights) = (tall(1, n, dim), tall(2, n, dim), weights(n));
            let at = |rows: &Groups, k: usize, j: usize| {
                f64::from(rows[k * dim.div_ceil(LANES) + j / LANES][j % LANES])
            };
            let wanted = square(dim, |i, j| {
                let (i, j) = (i.min(j), i.max(j));
                (0..n).map(|k| weights[k] * at(&left, k, i) * at(&right, k, j)).sum()
            });
            let sums = gram(&left, &right, &weights, dim, Isa::best(), &Exec::default()).unwrap();
            let tolerance = 4.0 * (n * n) as f64 * f64::EPSILON;
            assert!(distance(&sums, &wanted) <= tolerance, "{n} x {dim}");
        }
    }

    #[test]
    fn bits_do_not_depend_on_threads_or_instruction_set() {
        for (n, dim) in [(3000, 40), (2000, 150)] {
            let (left, right, weights) = (tall(3, n, dim), tall(4, n, dim), weights(n));
            let on = |isa, exec: &Exec| gram(&left, &right, &weights, dim, isa, exec).unwrap();
            let alone = on(Isa::available()[0], &Exec::default());
            for isa in Isa::available() {
                for n_threads in [1, 2, 5] {
                    assert!(on(isa, &exec(n_threads)) == alone, "{isa:?}, {n_threads} threads");
                }
            }
        }
    }

    #[test]
    fn progress_adds_up_to_what_was_announced() {
        for (n, dim) in [(1, 1), (1500, 70), (70, 256)] {
            let (rows, exec) = (tall(1, n, dim), Exec::default());
            gram(&rows, &rows, &vec![1.0; n], dim, Isa::best(), &exec).unwrap();
            assert_eq!(exec.progress().0, units(n, dim), "{n} x {dim}");
        }
    }
}
