//! One query in doubles or sixteen in floats: the same solver, over arrays of `N` numbers.

use std::ops::{Add, AddAssign, Mul, Sub};

use bytemuck::Pod;

/// A number a solver works in.
pub(in crate::ppr) trait Real:
    Pod + Send + Sync + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + AddAssign + std::fmt::Debug
{
    /// Relative error of a long sum: below it, directions of acceleration are noise.
    const NOISE: f64;

    fn of(x: f64) -> Self;
    fn f64(self) -> f64;
    fn abs(self) -> Self;
}

impl Real for f64 {
    const NOISE: f64 = 1e-13;

    fn of(x: f64) -> Self {
        x
    }

    fn f64(self) -> f64 {
        self
    }

    fn abs(self) -> Self {
        f64::abs(self)
    }
}

impl Real for f32 {
    const NOISE: f64 = 1e-5;

    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest float, which is the purpose")]
    fn of(x: f64) -> Self {
        x as f32
    }

    fn f64(self) -> f64 {
        f64::from(self)
    }

    fn abs(self) -> Self {
        f32::abs(self)
    }
}

/// Lane by lane.
#[inline(always)]
pub(super) fn each<T: Real, const N: usize>(f: impl Fn(usize) -> T) -> [T; N] {
    std::array::from_fn(f)
}

/// A sum per lane: in `T` over a few thousand terms, then in doubles.
pub(super) struct Sums<T, const N: usize> {
    few: [T; N],
    all: [f64; N],
}

impl<T: Real, const N: usize> Sums<T, N> {
    pub(super) fn new() -> Self {
        Self { few: [T::of(0.0); N], all: [0.0; N] }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, lane: usize, term: T) {
        self.few[lane] += term;
    }

    /// To be called every few thousand terms.
    pub(super) fn carry(&mut self) {
        for (all, few) in self.all.iter_mut().zip(&mut self.few) {
            *all += few.f64();
            *few = T::of(0.0);
        }
    }

    pub(super) fn totals(mut self) -> [f64; N] {
        self.carry();
        self.all
    }
}
