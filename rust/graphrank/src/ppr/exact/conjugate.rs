//! Conjugate gradients preconditioned by a symmetric Gauss-Seidel sweep, for undirected graphs.
//!
//! Where arcs have the same value both ways, D⁻¹ - L - Lᵀ over z is symmetric and positive definite, with D = diag(ω)
//! and L the lower half rows (α is within ω). Preconditioned by (D⁻¹ - L) D (D⁻¹ - Lᵀ), a product with the matrix and two
//! triangular solves collapse into the two solves alone (Eisenstat, "Efficient implementation of a class of
//! preconditioned conjugate gradient methods", 1981): an iteration reads each arc once. Plain conjugate gradients need
//! about twice as many iterations at the same cost each.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | r | `residual` | residual of the preconditioned system, (I - D L)⁻¹ D times that of z |
//! | p | `direction` | search direction there |
//! | t | `back` | (I - D Lᵀ)⁻¹ p: the direction in z |
//! | v | `forth` | (I - D L)⁻¹ (p - t); t + v is the matrix times p |
//!
//! Inner products are weighted by D⁻¹.
//!
//! # Bound
//! The residual of z is (D⁻¹ - L) r; arcs of a node carry on at most α of what it holds, so the residual of x is at most
//! α (1 + α) Σ |r| / ω.
//!
//! # Cost
//! Per iteration and arc 4 bytes streamed (12 with values) and one gather; per position 14 vectors streamed.

use std::ops::Range;

use super::gather::{Given, Ones, Side, Values};
use super::lanes::{Real, Sums, each};
use super::system::{Part, System};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Ordered;
use crate::memory::Buffer;

/// The vectors of an iteration, kept from one query to the next.
pub(super) struct ConjugateGradients<T, const N: usize> {
    /// One element more than positions, as everything that half rows read.
    residual: Buffer<[T; N]>,
    direction: Buffer<[T; N]>,
    back: Buffer<[T; N]>,
    forth: Buffer<[T; N]>,
    /// |r|² of the last iteration.
    squared: [f64; N],
    /// How much of the last direction stays in the next one.
    kept: [f64; N],
}

impl<T: Real, const N: usize> ConjugateGradients<T, N> {
    pub(super) fn new(n: usize) -> Result<Self> {
        let vector = || Buffer::<[T; N]>::zeroed("vectors of conjugate gradients", n + 1);
        Ok(Self {
            residual: vector()?,
            direction: vector()?,
            back: vector()?,
            forth: vector()?,
            squared: [0.0; N],
            kept: [0.0; N],
        })
    }

    /// Begins with z = 0.
    pub(super) fn start(&mut self, system: &System<'_, T>, part: &Part<'_, T, N>, exec: &Exec) -> Result<()> {
        self.direction[part.range.clone()].fill([T::of(0.0); N]);
        system.substitute(part, &mut self.residual, exec)?;
        let mut squared = Sums::new();
        for step in Ordered::steps(part.range.clone()) {
            for i in step {
                let (inverse, r) = (system.inverse[i], self.residual[i]);
                (0..N).for_each(|l| squared.add(l, r[l] * inverse * r[l]));
            }
            squared.carry();
        }
        self.squared = squared.totals();
        self.kept = [0.0; N];
        Ok(())
    }

    /// One iteration; returns per lane a bound on the L1 norm of the residual in `range`.
    pub(super) fn iterate(
        &mut self,
        system: &System<'_, T>,
        range: Range<usize>,
        z: &mut [[T; N]],
        exec: &Exec,
    ) -> Result<[f64; N]> {
        let curvature = match system.ordered.values() {
            None => {
                self.backward(system, Ones, range.clone(), exec)?;
                self.forward(system, Ones, range.clone(), exec)?
            }
            Some([lower, upper]) => {
                self.backward(system, Given(upper), range.clone(), exec)?;
                self.forward(system, Given(lower), range.clone(), exec)?
            }
        };
        // A lane that is solved exactly has nothing left to divide.
        let step: [f64; N] =
            std::array::from_fn(|l| if curvature[l] > 0.0 { self.squared[l] / curvature[l] } else { 0.0 });
        let (squared, size) = self.advance(system, step, range, z, exec)?;
        self.kept =
            std::array::from_fn(|l| if self.squared[l] > 0.0 { squared[l] / self.squared[l] } else { 0.0 });
        self.squared = squared;
        Ok(size.map(|size| system.alpha * (1.0 + system.alpha) * size))
    }

    /// The next direction p, and t.
    fn backward(
        &mut self,
        system: &System<'_, T>,
        upper: impl Values<T>,
        range: Range<usize>,
        exec: &Exec,
    ) -> Result<()> {
        let upper = Side::new(&system.ordered.upper, upper);
        let kept: [T; N] = each(|l| T::of(self.kept[l]));
        let (residual, direction, back) = (&self.residual[..], &mut self.direction[..], &mut self.back[..]);
        for step in Ordered::steps(range).rev() {
            exec.checkpoint(0)?;
            for i in step.rev() {
                let above = upper.sum(i, back);
                let (omega, r, before) = (system.omega[i], residual[i], direction[i]);
                let p: [T; N] = each(|l| r[l] + kept[l] * before[l]);
                direction[i] = p;
                back[i] = each(|l| p[l] + omega * above[l]);
            }
        }
        Ok(())
    }

    /// v; returns p · (t + v).
    fn forward(
        &mut self,
        system: &System<'_, T>,
        lower: impl Values<T>,
        range: Range<usize>,
        exec: &Exec,
    ) -> Result<[f64; N]> {
        let lower = Side::new(&system.ordered.lower, lower);
        let (direction, back, forth) = (&self.direction[..], &self.back[..], &mut self.forth[..]);
        let mut product = Sums::new();
        for step in Ordered::steps(range) {
            exec.checkpoint(0)?;
            for i in step {
                let below = lower.sum(i, forth);
                let (omega, p, t) = (system.omega[i], direction[i], back[i]);
                let v: [T; N] = each(|l| p[l] - t[l] + omega * below[l]);
                forth[i] = v;
                let inverse = system.inverse[i];
                (0..N).for_each(|l| product.add(l, p[l] * inverse * (t[l] + v[l])));
            }
            product.carry();
        }
        Ok(product.totals())
    }

    /// Moves z and r; returns |r|² and Σ |r| / ω.
    fn advance(
        &mut self,
        system: &System<'_, T>,
        step: [f64; N],
        range: Range<usize>,
        z: &mut [[T; N]],
        exec: &Exec,
    ) -> Result<([f64; N], [f64; N])> {
        let length: [T; N] = each(|l| T::of(step[l]));
        let (mut squared, mut size) = (Sums::new(), Sums::new());
        for step in Ordered::steps(range) {
            exec.checkpoint(0)?;
            let moved = self.back[step.clone()].iter().zip(&self.forth[step.clone()]);
            let moving = z[step.clone()].iter_mut().zip(&mut self.residual[step.clone()]);
            for (((t, v), (z, r)), &inverse) in moved.zip(moving).zip(&system.inverse[step]) {
                for l in 0..N {
                    z[l] += length[l] * t[l];
                    r[l] = r[l] - length[l] * (t[l] + v[l]);
                    let weighted = r[l] * inverse;
                    squared.add(l, weighted * r[l]);
                    size.add(l, weighted.abs());
                }
            }
            squared.carry();
            size.carry();
        }
        Ok((squared.totals(), size.totals()))
    }
}
