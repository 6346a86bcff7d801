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

use super::gather::{Given, Ones, Side, Values};
use super::lanes::{Real, each};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Ordered;
use crate::memory::try_collect;

/// An ordered graph and a damping.
pub(in crate::ppr) struct System<'o, T> {
    pub(super) ordered: &'o Ordered,
    pub(super) alpha: f64,
    pub(super) omega: Vec<T>,
    /// 1 / ω.
    pub(super) inverse: Vec<T>,
}

/// Consecutive positions, and b for all positions.
pub(super) struct Part<'b, T, const N: usize> {
    pub(super) range: Range<usize>,
    pub(super) base: &'b [[T; N]],
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
        part: &Part<'_, T, N>,
        z: &mut [[T; N]],
        exec: &Exec,
    ) -> Result<()> {
        match self.ordered.values() {
            None => self.substitute_with(Ones, part, z, exec),
            Some([lower, _]) => self.substitute_with(Given(lower), part, z, exec),
        }
    }

    fn substitute_with<const N: usize>(
        &self,
        lower: impl Values<T>,
        part: &Part<'_, T, N>,
        z: &mut [[T; N]],
        exec: &Exec,
    ) -> Result<()> {
        let lower = Side::new(&self.ordered.lower, lower);
        for step in Ordered::steps(part.range.clone()) {
            exec.checkpoint(0)?;
            for i in step {
                let below = lower.sum(i, z);
                let (omega, base) = (self.omega[i], part.base[i]);
                z[i] = each(|l| omega * (base[l] + below[l]));
            }
        }
        Ok(())
    }

    /// The L1 norm of the residual of x.
    pub(super) fn residual(&self, part: &Part<'_, T, 1>, z: &[[T; 1]], exec: &Exec) -> Result<f64> {
        match self.ordered.values() {
            None => self.residual_with((Ones, Ones), part, z, exec),
            Some([lower, upper]) => self.residual_with((Given(lower), Given(upper)), part, z, exec),
        }
    }

    fn residual_with<V: Values<T>>(
        &self,
        (lower, upper): (V, V),
        part: &Part<'_, T, 1>,
        z: &[[T; 1]],
        exec: &Exec,
    ) -> Result<f64> {
        let (lower, upper) = (Side::new(&self.ordered.lower, lower), Side::new(&self.ordered.upper, upper));
        let mut total = 0.0;
        for step in Ordered::steps(part.range.clone()) {
            exec.checkpoint(0)?;
            for i in step {
                let ([below], [above]) = (lower.sum(i, z), upper.sum(i, z));
                total += (part.base[i][0] + (below + above) - z[i][0] * self.inverse[i]).abs().f64();
            }
        }
        Ok(self.alpha * total)
    }
}
