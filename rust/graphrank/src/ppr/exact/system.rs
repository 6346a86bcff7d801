//! The linear system of the killed walk, x (I - α P) = c s, as the sequential solvers see it.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | z(u) | `z` | x(u) / degree(u): what u sends along an arc of value 1 |
//! | ω(u) | `omega` | α / (degree(u) (1 - α P(u, u))): a loop at u is solved for, not iterated |
//! | b(u) | `base` | c s(u) / α |
//!
//! z(u) = ω(u) (b(u) + Σ over arcs v → u of value · z(v)); the residual of x at u is
//! α (b(u) + Σ value · z(v) - z(u) / ω(u)), and the error of x is at most its L1 norm divided by c, because
//! (I - α P)⁻¹ = Σ αᵏ Pᵏ makes nothing longer than 1 / (1 - α).

use std::ops::Range;

use super::gather::{Given, Ones, Values, sum};
use super::lanes::Real;
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Ordered;
use crate::memory::try_collect;

/// An ordered graph and a damping.
pub(super) struct System<'o, T> {
    pub(super) ordered: &'o Ordered,
    pub(super) alpha: f64,
    pub(super) omega: Vec<T>,
    /// 1 / ω.
    pub(super) inverse: Vec<T>,
}

impl<'o, T: Real> System<'o, T> {
    pub(super) fn new(ordered: &'o Ordered, alpha: f64) -> Result<Self> {
        let n = ordered.n_nodes();
        const WHAT: &str = "weights of positions";
        let mut omega = try_collect(WHAT, n, ordered.degrees.iter().map(|d| T::of(alpha / d)))?;
        let mut inverse = try_collect(WHAT, n, ordered.degrees.iter().map(|d| T::of(d / alpha)))?;
        for &(position, probability) in &ordered.loops {
            let at = position as usize;
            let degree = ordered.degrees[at] * (1.0 - alpha * probability);
            (omega[at], inverse[at]) = (T::of(alpha / degree), T::of(degree / alpha));
        }
        Ok(Self { ordered, alpha, omega, inverse })
    }

    /// z of positions outside cycles, each computed once from those before it.
    pub(super) fn substitute<const N: usize>(
        &self,
        range: Range<usize>,
        base: &[[T; N]],
        z: &mut [[T; N]],
        exec: &Exec,
    ) -> Result<()> {
        match &self.ordered.lower.values {
            None => self.substitute_with(Ones, range, base, z, exec),
            Some(values) => self.substitute_with(Given(values), range, base, z, exec),
        }
    }

    fn substitute_with<const N: usize>(
        &self,
        lower: impl Values<T>,
        range: Range<usize>,
        base: &[[T; N]],
        z: &mut [[T; N]],
        exec: &Exec,
    ) -> Result<()> {
        for step in Ordered::steps(range) {
            exec.checkpoint(0)?;
            for i in step {
                let below = sum(&self.ordered.lower, lower, i, z);
                for l in 0..N {
                    z[i][l] = self.omega[i] * (base[i][l] + below[l]);
                }
            }
        }
        Ok(())
    }

    /// The L1 norm of the residual of x at the positions of `range`.
    pub(super) fn residual(
        &self,
        range: Range<usize>,
        base: &[[T; 1]],
        z: &[[T; 1]],
        exec: &Exec,
    ) -> Result<f64> {
        match (&self.ordered.lower.values, &self.ordered.upper.values) {
            (Some(lower), Some(upper)) => {
                self.residual_with(Given(lower), Given(upper), range, base, z, exec)
            }
            _ => self.residual_with(Ones, Ones, range, base, z, exec),
        }
    }

    fn residual_with(
        &self,
        lower: impl Values<T>,
        upper: impl Values<T>,
        range: Range<usize>,
        base: &[[T; 1]],
        z: &[[T; 1]],
        exec: &Exec,
    ) -> Result<f64> {
        let mut total = 0.0;
        for step in Ordered::steps(range) {
            exec.checkpoint(0)?;
            for i in step {
                let [below] = sum(&self.ordered.lower, lower, i, z);
                let [above] = sum(&self.ordered.upper, upper, i, z);
                total += (base[i][0] + (below + above) - z[i][0] * self.inverse[i]).abs().f64();
            }
        }
        Ok(self.alpha * total)
    }
}
