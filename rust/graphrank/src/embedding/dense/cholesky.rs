//! G = Rᵀ R with R upper triangular, and R⁻¹ (Golub and Van Loan, "Matrix Computations", 4th edition, algorithms 4.2.1
//! and 3.1.2, by rows).

use crate::error::Result;
use crate::exec::Exec;
use crate::simd::{Isa, Kernel, Simd};

use super::Square;
use super::square::add_multiple;

/// R⁻¹ for the R with Rᵀ R = `gram`, upper triangular with positive diagonal; `None` if a square of R's diagonal is not
/// above `least`. Reads the upper triangle.
pub(super) fn inverse_root(gram: &Square, least: f64, isa: Isa, exec: &Exec) -> Result<Option<Square>> {
    let mut root = gram.clone();
    if !isa.run(Factor { root: &mut root, least, exec })? {
        return Ok(None);
    }
    let mut inverse = Square::zeroed(gram.order())?;
    isa.run(Invert { root: &root, inverse: &mut inverse, exec })?;
    Ok(Some(inverse))
}

/// Makes the upper triangle of a symmetric matrix its R; false if it stopped at a small pivot.
struct Factor<'a> {
    root: &'a mut Square,
    least: f64,
    exec: &'a Exec,
}

impl Kernel for Factor<'_> {
    type Output = Result<bool>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Result<bool> {
        let Self { root, least, exec } = self;
        let order = root.order();
        for k in 0..order {
            exec.checkpoint(0)?;
            let pivot = root[(k, k)];
            if pivot.is_nan() || pivot <= least {
                return Ok(false);
            }
            let scale = 1.0 / pivot.sqrt();
            root.row_mut(k)[k..].iter_mut().for_each(|x| *x *= scale);
            for i in k + 1..order {
                let (above, below) = root.rows_mut(k, i);
                add_multiple(&mut below[i..], -above[i], &above[i..]);
            }
        }
        Ok(true)
    }
}

/// Fills the zeros of `inverse` with the inverse of the upper triangle of `root`, from the last row up.
struct Invert<'a> {
    root: &'a Square,
    inverse: &'a mut Square,
    exec: &'a Exec,
}

impl Kernel for Invert<'_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Result<()> {
        let Self { root, inverse, exec } = self;
        for i in (0..root.order()).rev() {
            exec.checkpoint(0)?;
            let scale = 1.0 / root[(i, i)];
            inverse[(i, i)] = scale;
            for k in i + 1..root.order() {
                let (above, below) = inverse.rows_mut(i, k);
                add_multiple(&mut above[k..], -scale * root[(i, k)], &below[k..]);
            }
        }
        Ok(())
    }
}
