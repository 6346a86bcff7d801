//! Scores in 64-bit floats: what the order of an answer rests on.
//!
//! The product of two 32-bit floats is exact in 64 bits, so only additions round. They keep one order on every machine:
//! 16 sums over every 16th coordinate, then those two by two. Equal vectors have equal scores, and the cosine of a
//! vector with itself is 1 to the last bit: √(s · s) = s.

use super::Metric;
use crate::simd::{Isa, Kernel, LANES, Simd};

/// A query and what its scores need of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) vector: &'a [f32],
    /// ‖q‖².
    pub(super) square: f64,
}

/// How near `x` is to the query, larger is nearer: the cosine, the product, or minus the squared distance.
pub(super) fn nearness(metric: Metric, query: Target<'_>, x: &[f32]) -> f64 {
    let isa = Isa::best();
    match metric {
        Metric::Dot => isa.run(Products { a: query.vector, b: x }),
        Metric::L2 => -isa.run(SquaredDistance { a: query.vector, b: x }),
        Metric::Cosine => {
            let squares = query.square * square(x);
            if squares > 0.0 {
                (isa.run(Products { a: query.vector, b: x }) / squares.sqrt()).clamp(-1.0, 1.0)
            } else {
                0.0
            }
        }
    }
}

/// What the caller sees of a nearness.
pub(super) fn score(metric: Metric, nearness: f64) -> f64 {
    match metric {
        Metric::Cosine | Metric::Dot => nearness,
        Metric::L2 => (-nearness).sqrt(),
    }
}

/// ‖x‖²; not finite if some number of `x` is not.
pub(super) fn square(x: &[f32]) -> f64 {
    Isa::best().run(Products { a: x, b: x })
}

pub(super) struct Products<'a> {
    pub(super) a: &'a [f32],
    pub(super) b: &'a [f32],
}

pub(super) struct SquaredDistance<'a> {
    pub(super) a: &'a [f32],
    pub(super) b: &'a [f32],
}

impl Kernel for Products<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        sum_over(self.a, self.b, |a, b| a * b)
    }
}

impl Kernel for SquaredDistance<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        sum_over(self.a, self.b, |a, b| (a - b) * (a - b))
    }
}

#[inline(always)]
fn sum_over(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    let ((blocks_a, rest_a), (blocks_b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in blocks_a.iter().zip(blocks_b) {
        for i in 0..LANES {
            sums[i] += term(f64::from(a[i]), f64::from(b[i]));
        }
    }
    for (sum, (&a, &b)) in sums.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *sum += term(f64::from(a), f64::from(b));
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(seed: u64, dim: u64) -> Vec<f32> {
        (0..dim).map(|i| (crate::rng::mix(seed << 32 ^ i) >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        for dim in [1, 7, 16, 33, 128, 200] {
            let (a, b) = (vector(1, dim), vector(2, dim));
            let plain: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            for isa in Isa::available() {
                let product = isa.run(Products { a: &a, b: &b });
                assert!((product - plain).abs() < 1e-12, "{isa:?}");
                assert_eq!(product, Isa::best().run(Products { a: &a, b: &b }), "{isa:?}");
                let distance = isa.run(SquaredDistance { a: &a, b: &b });
                assert_eq!(distance, Isa::best().run(SquaredDistance { a: &a, b: &b }), "{isa:?}");
            }
        }
    }

    #[test]
    fn a_vector_is_its_own_nearest_to_the_last_bit() {
        for scale in [1e-30, 1.0, 1e30] {
            let x: Vec<f32> = vector(3, 37).iter().map(|x| x * scale).collect();
            let query = Target { vector: &x, square: square(&x) };
            assert_eq!(nearness(Metric::Cosine, query, &x), 1.0);
            assert_eq!(nearness(Metric::L2, query, &x), 0.0);
            assert_eq!(nearness(Metric::Dot, query, &x), query.square);
            assert_eq!(nearness(Metric::Cosine, query, &[0.0; 37]), 0.0);
        }
    }
}
