//! Eigenvalues and eigenvectors of a symmetric matrix.
//!
//! Householder reflections make it tridiagonal, implicit QL sweeps make it diagonal (Golub and Van Loan, "Matrix
//! Computations", 4th edition, 8.3.1; Dubrulle, Martin and Wilkinson, "The implicit QL algorithm", Numerische Mathematik
//! 12, 1968).
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | A | `matrix` | what is decomposed, scaled so that its largest entry is 1 |
//! | Q | `basis` | product of the reflections, then transposed and rotated: rows that become eigenvectors |
//! | T | `diagonal`, `beside` | Qᵀ A Q |
//!
//! # Cost
//! 4 d³ / 3 for T, as much for Q, about 5 d³ for the rotations; all loops run along rows. 16 d² bytes.
//!
//! # Guarantee
//! ‖A V - V Λ‖ and ‖Vᵀ V - 1‖ are some d roundings of ‖A‖ and of 1: `residuals_and_orthogonality_are_those_of_rounding`.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_zeroed};
use crate::simd::{Isa, Kernel, Simd};

use super::Square;
use super::square::add_multiple;

/// Sweeps for one eigenvalue. Two are usual; the bound makes it certain that the search ends.
const SWEEPS: usize = 64;

/// An eigenvalue decomposition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Eigen {
    /// By falling absolute value, of two alike the positive one first.
    pub(crate) values: Vec<f64>,
    /// A row per value, of length 1; its entry of largest absolute value, the first of these, is positive.
    pub(crate) vectors: Square,
}

/// Decomposes a symmetric matrix of finite entries.
pub(crate) fn eigen(matrix: &Square, isa: Isa, exec: &Exec) -> Result<Eigen> {
    isa.run(Decompose { matrix, exec })
}

struct Decompose<'a> {
    matrix: &'a Square,
    exec: &'a Exec,
}

impl Kernel for Decompose<'_> {
    type Output = Result<Eigen>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Result<Eigen> {
        let Self { matrix, exec } = self;
        let order = matrix.order();
        let mut work = matrix.clone();
        let largest = (0..order).flat_map(|i| matrix.row(i)).fold(0.0, |most: f64, x| most.max(x.abs()));
        if largest > 0.0 {
            (0..order).for_each(|i| work.row_mut(i).iter_mut().for_each(|x| *x /= largest));
        }
        let mut tridiagonal = tridiagonalize(&mut work, exec)?;
        let mut basis = basis(&work, &tridiagonal.scales, exec)?.transposed()?;
        diagonalize(&mut tridiagonal, &mut basis, exec)?;

        let values = tridiagonal.diagonal;
        let mut order_of_values = try_collect("order of eigenvalues", order, 0..order)?;
        order_of_values.sort_by(|&i: &usize, &j: &usize| {
            let (a, b) = (values[i], values[j]);
            b.abs().total_cmp(&a.abs()).then(b.total_cmp(&a))
        });
        let mut vectors = Square::zeroed(order)?;
        for (to, &from) in order_of_values.iter().enumerate() {
            let sign = sign_of(basis.row(from));
            let row = vectors.row_mut(to).iter_mut().zip(basis.row(from));
            row.for_each(|(to, from)| *to = sign * from);
        }
        let sorted = order_of_values.iter().map(|&i| values[i] * largest);
        Ok(Eigen { values: try_collect("eigenvalues", order, sorted)?, vectors })
    }
}

fn sign_of(row: &[f64]) -> f64 {
    let largest = row.iter().fold(0.0f64, |most, &x| if x.abs() > most.abs() { x } else { most });
    if largest < 0.0 { -1.0 } else { 1.0 }
}

struct Tridiagonal {
    diagonal: Vec<f64>,
    /// `beside[i]` is at (i, i + 1) and (i + 1, i); the last is 0.
    beside: Vec<f64>,
    /// What each reflection 1 - scale · v vᵀ is scaled by; 0 for none.
    scales: Vec<f64>,
}

/// Reflects `matrix` until it is tridiagonal, and leaves vector k of the reflections in row k, after the diagonal.
#[inline(always)]
fn tridiagonalize(matrix: &mut Square, exec: &Exec) -> Result<Tridiagonal> {
    let order = matrix.order();
    let mut result = Tridiagonal {
        diagonal: try_zeroed("a diagonal", order)?,
        beside: try_zeroed("a diagonal", order)?,
        scales: try_zeroed("scales of reflections", order)?,
    };
    let mut vector: Vec<f64> = try_zeroed("a reflection", order)?;
    let mut image: Vec<f64> = try_zeroed("an image of a reflection", order)?;
    for k in 0..order {
        exec.checkpoint(0)?;
        result.diagonal[k] = matrix[(k, k)];
        let next = k + 1;
        if next == order {
            break;
        }
        let rest = &mut matrix.row_mut(k)[next..];
        let first = rest[0];
        let square = dot(&rest[1..], &rest[1..]);
        if square == 0.0 {
            result.beside[k] = first;
            continue;
        }
        let length = (first * first + square).sqrt();
        let target = if first > 0.0 { -length } else { length };
        result.beside[k] = target;
        rest[0] = first - target;
        let scale = 2.0 / (rest[0] * rest[0] + square);
        result.scales[k] = scale;

        let (vector, image) = (&mut vector[next..], &mut image[next..]);
        vector.copy_from_slice(rest);
        image.fill(0.0);
        for (i, &x) in (next..).zip(&*vector) {
            add_multiple(image, scale * x, &matrix.row(i)[next..]);
        }
        let shift = -0.5 * scale * dot(vector, image);
        add_multiple(image, shift, vector);
        for (i, (&x, &y)) in (next..).zip(vector.iter().zip(&*image)) {
            let row = matrix.row_mut(i)[next..].iter_mut();
            for (entry, (v, w)) in row.zip(vector.iter().zip(&*image)) {
                // The sum of two products is the same at (i, j) and (j, i): the matrix stays symmetric to the bit.
                *entry -= x * w + y * v;
            }
        }
    }
    Ok(result)
}

/// The product of the reflections that `tridiagonalize` left, the first leftmost.
#[inline(always)]
fn basis(reflections: &Square, scales: &[f64], exec: &Exec) -> Result<Square> {
    let order = reflections.order();
    let mut basis = Square::zeroed(order)?;
    (0..order).for_each(|i| basis[(i, i)] = 1.0);
    let mut sums: Vec<f64> = try_zeroed("an image of a reflection", order)?;
    for k in (0..order).rev().filter(|&k| scales[k] != 0.0) {
        exec.checkpoint(0)?;
        let vector = &reflections.row(k)[k + 1..];
        let sums = &mut sums[k + 1..];
        sums.fill(0.0);
        for (i, &x) in (k + 1..).zip(vector) {
            add_multiple(sums, scales[k] * x, &basis.row(i)[k + 1..]);
        }
        for (i, &x) in (k + 1..).zip(vector) {
            add_multiple(&mut basis.row_mut(i)[k + 1..], -x, sums);
        }
    }
    Ok(basis)
}

/// QL sweeps until what is beside the diagonal is negligible; rows of `basis` are rotated along.
#[inline(always)]
fn diagonalize(t: &mut Tridiagonal, basis: &mut Square, exec: &Exec) -> Result<()> {
    for first in 0..t.diagonal.len() {
        for _ in 0..SWEEPS {
            exec.checkpoint(0)?;
            let last = (first..t.beside.len()).find(|&i| t.is_split_after(i)).unwrap_or(first);
            if last == first {
                break;
            }
            t.sweep(first, last, basis);
        }
    }
    Ok(())
}

impl Tridiagonal {
    /// Whether what is beside the diagonal after `i` is lost in the rounding of its neighbours, or of the whole.
    fn is_split_after(&self, i: usize) -> bool {
        let beside = self.beside[i].abs();
        if i + 1 == self.beside.len() || beside <= f64::EPSILON * f64::EPSILON {
            return true;
        }
        beside <= f64::EPSILON * (self.diagonal[i].abs() + self.diagonal[i + 1].abs())
    }

    /// One implicit QL step on rows `first` to `last`, with Wilkinson's shift.
    #[inline(always)]
    fn sweep(&mut self, first: usize, last: usize, basis: &mut Square) {
        let Self { diagonal, beside, .. } = self;
        let half = (diagonal[first + 1] - diagonal[first]) / (2.0 * beside[first]);
        let root = length(half, 1.0);
        let mut g = diagonal[last] - diagonal[first] + beside[first] / (half + root.copysign(half));
        let (mut sine, mut cosine, mut shift) = (1.0, 1.0, 0.0);
        for i in (first..last).rev() {
            let (f, b) = (sine * beside[i], cosine * beside[i]);
            let r = length(f, g);
            beside[i + 1] = r;
            if r == 0.0 {
                // The matrix has split here: what is done so far stays, and the next sweep is shorter.
                diagonal[i + 1] -= shift;
                beside[last] = 0.0;
                return;
            }
            (sine, cosine) = (f / r, g / r);
            let h = diagonal[i + 1] - shift;
            let r = (diagonal[i] - h) * sine + 2.0 * cosine * b;
            shift = sine * r;
            diagonal[i + 1] = h + shift;
            g = cosine * r - b;
            let (above, below) = basis.rows_mut(i, i + 1);
            for (a, b) in above.iter_mut().zip(below) {
                (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
            }
        }
        diagonal[first] -= shift;
        beside[first] = g;
        beside[last] = 0.0;
    }
}

/// √(x² + y²) without overflow; the library's own differs between platforms.
#[inline(always)]
fn length(x: f64, y: f64) -> f64 {
    let (long, short) = if x.abs() > y.abs() { (x.abs(), y.abs()) } else { (y.abs(), x.abs()) };
    if long == 0.0 { 0.0 } else { long * (1.0 + (short / long) * (short / long)).sqrt() }
}

/// The sum of products, eight at once.
#[inline(always)]
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (x_groups, x) = x.as_chunks::<8>();
    let (y_groups, y) = y.as_chunks::<8>();
    for (x, y) in x_groups.iter().zip(y_groups) {
        for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f64>() + x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{distance, square, symmetric, transposed_product};
    use super::*;

    fn decompose(matrix: &Square) -> Eigen {
        eigen(matrix, Isa::best(), &Exec::default()).unwrap()
    }

    /// Asserts that V is orthonormal and that A = V Λ Vᵀ, up to `roundings` of 1 and of a matrix of that size.
    fn assert_decomposes(matrix: &Square, roundings: f64) -> Eigen {
        let order = matrix.order();
        let result = decompose(matrix);
        let columns = result.vectors.transposed().unwrap();
        let gram = transposed_product(&columns, &columns);
        let identity = square(order, |i, j| f64::from(u8::from(i == j)));
        assert!(distance(&gram, &identity) <= roundings * f64::EPSILON, "not orthonormal at order {order}");
        let scaled = square(order, |k, j| result.values[k] * result.vectors[(k, j)]);
        let product = transposed_product(&result.vectors, &scaled);
        let size = result.values.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        assert!(distance(&product, matrix) <= roundings * f64::EPSILON * size, "not A at order {order}");
        assert!(result.values.is_sorted_by(|a, b| a.abs() > b.abs() || (a.abs() == b.abs() && a >= b)));
        result
    }

    #[test]
    fn residuals_and_orthogonality_are_those_of_rounding() {
        for order in [0, 1, 2, 3, 4, 7, 16, 33, 100, 180] {
            assert_decomposes(&symmetric(order as u64, order), 8.0 * order as f64);
        }
    }

    /// Chains of springs: 2 on the diagonal, -1 beside it.
    #[test]
    fn known_values_are_found() {
        let order = 50;
        let chain = square(order, |i, j| [2.0, -1.0].get(i.abs_diff(j)).copied().unwrap_or(0.0));
        let values = assert_decomposes(&chain, 100.0).values;
        for (k, value) in (1..=order).rev().zip(values) {
            let wanted = 2.0 - 2.0 * (k as f64 * std::f64::consts::PI / (order + 1) as f64).cos();
            assert!((value - wanted).abs() < 1e-13, "{value} for {wanted}");
        }
    }

    #[test]
    fn degenerate_matrices_are_decomposed() {
        let ones = square(40, |_, _| 1.0);
        let values = assert_decomposes(&ones, 100.0).values;
        assert!((values[0] - 40.0).abs() < 1e-12 && values[1..].iter().all(|x| x.abs() < 1e-12));
        // An even cycle: values come in pairs of opposite sign, and most of them twice.
        let cycle = square(40, |i, j| f64::from(u8::from([1, 39].contains(&i.abs_diff(j)))));
        let values = assert_decomposes(&cycle, 100.0).values;
        assert!(values[..2].iter().all(|x| (x.abs() - 2.0).abs() < 1e-12) && values[0] * values[1] < 0.0);
        let mut blocks = symmetric(3, 30);
        (0..30).for_each(|i| (blocks[(i, 11)], blocks[(11, i)]) = (0.0, 0.0));
        assert_decomposes(&blocks, 200.0);
        let diagonal = square(5, |i, j| if i == j { [0.0, -3.0, 3.0, 1.0, -3.0][i] } else { 0.0 });
        assert_eq!(assert_decomposes(&diagonal, 1.0).values, [3.0, -3.0, -3.0, 1.0, 0.0]);
        assert_eq!(decompose(&Square::zeroed(3).unwrap()).values, [0.0; 3]);
    }

    #[test]
    fn huge_tiny_and_graded_matrices_are_decomposed() {
        for scale in [1e150, 1e-150, 1e300, 1e-300] {
            let matrix = symmetric(4, 20);
            assert_decomposes(&square(20, |i, j| scale * matrix[(i, j)]), 200.0);
        }
        let matrix = symmetric(5, 30);
        let graded = square(30, |i, j| matrix[(i, j)] * 0.1f64.powi(i32::try_from(i + j).unwrap()));
        assert_decomposes(&graded, 300.0);
    }

    #[test]
    fn the_largest_entry_of_a_vector_is_positive() {
        let result = decompose(&symmetric(6, 25));
        for i in 0..25 {
            let row = result.vectors.row(i);
            let most = row.iter().copied().fold(0.0, f64::max);
            assert!(row.iter().all(|&x| x.abs() <= most));
        }
    }

    #[test]
    fn bits_do_not_depend_on_the_instruction_set() {
        let matrix = symmetric(7, 61);
        let on = |isa| eigen(&matrix, isa, &Exec::default()).unwrap();
        let baseline = on(Isa::available()[0]);
        for isa in Isa::available() {
            assert!(on(isa) == baseline, "{isa:?}");
        }
    }
}
