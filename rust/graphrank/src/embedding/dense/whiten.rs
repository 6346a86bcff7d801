//! From the Gram matrix of some columns to combinations of them that are orthonormal.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_collect;
use crate::simd::Isa;

use super::cholesky::inverse_root;
use super::{Square, eigen::eigen};

/// A combination of columns of length 1 that is shorter than the root of this, some 3·10⁻⁶, is made of the rounding of
/// 32-bit floats and of sums of them.
const NEGLIGIBLE: f64 = 1e-11;
/// Columns below this length count as zero: what would bring them to length 1 is near the largest 32-bit float.
const LEAST: f64 = 1e-30;

/// M with Mᵀ G M = 1 for G = `gram`, symmetric and not negative: upper triangular if G has full rank. Else M maps onto as
/// many directions as are not negligible, the longest first, and its other columns are zero.
pub(crate) fn whitening(gram: &Square, isa: Isa, exec: &Exec) -> Result<Square> {
    let order = gram.order();
    let inverse_length = |i: usize| {
        let square = gram[(i, i)];
        if square > LEAST * LEAST { 1.0 / square.sqrt() } else { 0.0 }
    };
    let scales = try_collect("lengths of columns", order, (0..order).map(inverse_length))?;
    let mut scaled = gram.clone();
    for (i, &scale) in scales.iter().enumerate() {
        scaled.row_mut(i).iter_mut().zip(&scales).for_each(|(x, other)| *x = *x * scale * other);
    }
    let mut result = match inverse_root(&scaled, NEGLIGIBLE, isa, exec)? {
        Some(inverse) => inverse,
        None => root_on_range(&scaled, isa, exec)?,
    };
    for (i, &scale) in scales.iter().enumerate() {
        result.row_mut(i).iter_mut().for_each(|x| *x *= scale);
    }
    Ok(result)
}

/// V Λ^(-1/2) of the eigenvalues that are not negligible.
fn root_on_range(gram: &Square, isa: Isa, exec: &Exec) -> Result<Square> {
    let mut decomposed = eigen(gram, isa, exec)?;
    for (i, &value) in decomposed.values.iter().enumerate() {
        let scale = if value > NEGLIGIBLE { 1.0 / value.sqrt() } else { 0.0 };
        decomposed.vectors.row_mut(i).iter_mut().for_each(|x| *x *= scale);
    }
    decomposed.vectors.transposed()
}

#[cfg(test)]
mod tests {
    use super::super::LANES;
    use super::super::gram::gram;
    use super::super::samples::{distance, exec, square, tall, transposed_product};
    use super::super::square::product;
    use super::*;

    /// Asserts that Mᵀ G M is the identity on the first `rank` columns and zero beyond.
    fn assert_whitens(gram: &Square, whitening: &Square, rank: usize, tolerance: f64) {
        let right = product(gram, whitening, Isa::best(), &Exec::default()).unwrap();
        let result = transposed_product(whitening, &right);
        let wanted = square(gram.order(), |i, j| f64::from(u8::from(i == j && i < rank)));
        assert!(distance(&result, &wanted) <= tolerance, "off by {}", distance(&result, &wanted));
        let is_zero = |j: usize| (0..gram.order()).all(|i| whitening[(i, j)] == 0.0);
        assert!((0..gram.order()).all(|j| is_zero(j) == (j >= rank)));
    }

    fn whiten(gram: &Square) -> Square {
        whitening(gram, Isa::best(), &Exec::default()).unwrap()
    }

    fn gram_of(n_rows: usize, dim: usize, change: impl Fn(&mut [f32])) -> Square {
        let mut rows = tall(1, n_rows, dim);
        rows.chunks_mut(dim.div_ceil(LANES)).for_each(|row| change(&mut row.as_flattened_mut()[..dim]));
        gram(&rows, &rows, &vec![1.0; n_rows], dim, Isa::best(), &Exec::default()).unwrap()
    }

    #[test]
    fn columns_of_any_size_become_orthonormal() {
        for scales in [[1.0, 1.0], [1e-20, 1e15]] {
            let gram = gram_of(100, 30, |row| {
                row.iter_mut().enumerate().for_each(|(j, x)| *x *= scales[j % 2]);
            });
            let whitening = whiten(&gram);
            assert_whitens(&gram, &whitening, 30, 1e-11);
            assert!((0..30).all(|i| (0..i).all(|j| whitening[(i, j)] == 0.0)), "not triangular");
        }
    }

    /// One column that all others are nearly equal to, as in averages over many steps of a walk.
    #[test]
    fn directions_a_hundred_thousandth_of_the_columns_are_found() {
        let gram = gram_of(500, 20, |row| row.iter_mut().for_each(|x| *x = 1.0 + 2e-5 * *x));
        assert_whitens(&gram, &whiten(&gram), 20, 1e-4);
    }

    #[test]
    fn what_columns_lack_in_rank_is_zero() {
        let fewer_rows = gram_of(7, 20, |_| {});
        assert_whitens(&fewer_rows, &whiten(&fewer_rows), 7, 1e-9);
        let twins = gram_of(100, 20, |row| row.copy_within(0..10, 10));
        assert_whitens(&twins, &whiten(&twins), 10, 1e-9);
        let zeros = gram_of(100, 20, |row| row[5..8].fill(0.0));
        assert_whitens(&zeros, &whiten(&zeros), 17, 1e-9);
        let nothing = gram_of(100, 20, |row| row.fill(0.0));
        assert_whitens(&nothing, &whiten(&nothing), 0, 0.0);
    }

    #[test]
    fn bits_do_not_depend_on_threads_or_instruction_set() {
        for gram in [gram_of(100, 37, |_| {}), gram_of(20, 37, |_| {})] {
            let alone = whiten(&gram);
            for isa in Isa::available() {
                assert!(whitening(&gram, isa, &exec(3)).unwrap() == alone, "{isa:?}");
            }
        }
    }
}
