//! From the killed walk to scores, and what a bound on the one says about the other.
//!
//! With a the exact vector of the killed walk, M its sum, D(x) = α Σ x over dangling nodes, p what is kept of a with
//! ‖a - p‖₁ <= δ, and m the sum of p:
//!
//! | rule | scores | computed | error |
//! |---|---|---|---|
//! | absorb | a | p | δ |
//! | stay | a, divided by c where dangling | the same of p | δ |
//! | restart | a / M | p / m | δ / M (1 + ‖p‖₁ / m), where no node is dangling δ |
//! | uniform | a + b κ, κ = D(a) / (c - D(b)) | the same of p and q | δ + κ η (1 + α ‖q‖₁ / (c - D(q))) |
//!
//! b is the vector of a uniform restart, q what is kept of it with ‖b - q‖₁ <= η. Staying and uniform spread are linear
//! maps of the residual r whose rows, like those of G, sum to at most 1: that is why their error is no more than that
//! of a. Scores are not negative, so a negative p counts as 0, which only brings it closer. Where p sums to m,
//! ‖p‖₁ <= m + 2 δ.

use super::vector::Summary;
use crate::ppr::Dangling;

/// Roundings in the scores themselves, times half the distance from 1 to the next float.
const SCORE_ROUNDING: f64 = 8.0 * f64::EPSILON;

/// How scores are made, and how far off they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Certificate {
    pub(super) damping: f64,
    pub(super) dangling: Dangling,
    pub(super) n_dangling: usize,
}

impl Certificate {
    /// Whether the scores need the vector of the uniform restart.
    pub(super) fn needs_uniform(&self) -> bool {
        self.dangling == Dangling::Uniform && self.n_dangling > 0
    }

    /// Bound on the L1 error of the scores made of a vector.
    pub(super) fn bound(&self, vector: &Summary, uniform: Option<&Summary>) -> f64 {
        let spread = uniform.map_or(0.0, |uniform| self.spread(vector, uniform) * uniform.error);
        SCORE_ROUNDING + self.sensitivity(vector) * vector.error + spread
    }

    /// The error of a vector, and that of the uniform one, at which [`Certificate::bound`] comes to about `eps`.
    pub(super) fn goals(&self, vector: &Summary, uniform: Option<&Summary>, eps: f64) -> (f64, f64) {
        let eps = eps - SCORE_ROUNDING;
        let spread = uniform.map_or(0.0, |uniform| self.spread(vector, uniform));
        let for_uniform = if spread > 0.0 { eps / 4.0 / spread } else { f64::INFINITY };
        let share = if spread > 0.0 { 0.75 } else { 1.0 };
        (share * eps / self.sensitivity(vector), for_uniform)
    }

    /// The error at which the sums of vectors tell well enough what error is needed: small beside what errors are
    /// divided by, which is at least c² for the uniform rule and c otherwise.
    pub(super) fn rough(&self) -> f64 {
        let stop = 1.0 - self.damping;
        if self.needs_uniform() { stop * stop / 8.0 } else { stop / 4.0 }
    }

    /// What an error of the vector is multiplied with.
    fn sensitivity(&self, vector: &Summary) -> f64 {
        if self.dangling != Dangling::Restart || self.n_dangling == 0 {
            return 1.0;
        }
        // Every walk stops somewhere with probability c at least, so M >= c.
        let stop = (1.0 - self.damping) * (1.0 - f64::EPSILON);
        let kept = vector.mass - vector.loss;
        if kept <= stop / 2.0 {
            // So far off that the sum to divide by may be anything.
            return f64::INFINITY;
        }
        let exact = (vector.mass - vector.loss - vector.error).max(stop);
        (2.0 + (2.0 * vector.error + vector.loss) / kept) / exact
    }

    /// κ (1 + α ‖q‖₁ / (c - D(q))), from above.
    fn spread(&self, vector: &Summary, uniform: &Summary) -> f64 {
        if !self.needs_uniform() {
            return 0.0;
        }
        let stop = 1.0 - self.damping;
        // D(b) <= α c for any distribution to restart from, so c - D(b) >= c², and D(q) is off by the error at most.
        let off = self.damping * (uniform.loss + uniform.error);
        let lost = self.damping * uniform.dangling_mass + off;
        let rest = (stop - lost).max(stop * stop * (1.0 - 4.0 * f64::EPSILON) - off);
        if rest <= 0.0 {
            return f64::INFINITY;
        }
        let returned = self.damping * (vector.dangling_mass + vector.loss + vector.error).min(1.0);
        let sum = uniform.mass + uniform.loss + 2.0 * uniform.error;
        returned / rest * (1.0 + self.damping * sum / rest)
    }

    /// Turns a vector into scores, in place. `is_dangling` tells of every node; `uniform` is the vector of the uniform
    /// restart, if needed.
    pub(super) fn convert(
        &self,
        vector: &mut [f64],
        is_dangling: impl Fn(usize) -> bool,
        uniform: Option<&[f64]>,
    ) {
        let stop = 1.0 - self.damping;
        match (self.dangling, uniform) {
            _ if self.n_dangling == 0 => {}
            (Dangling::Restart, _) => {
                let sum = crate::numeric::sum(vector.iter().copied());
                vector.iter_mut().for_each(|x| *x /= sum);
            }
            (Dangling::Stay, _) => {
                let dangling = vector.iter_mut().enumerate().filter(|&(v, _)| is_dangling(v));
                dangling.for_each(|(_, x)| *x /= stop);
            }
            (Dangling::Uniform, Some(uniform)) => {
                let lost = |x: &[f64]| {
                    let dangling = x.iter().enumerate().filter(|&(v, _)| is_dangling(v));
                    self.damping * crate::numeric::sum(dangling.map(|(_, &x)| x))
                };
                let spread = lost(vector) / (stop - lost(uniform));
                vector.iter_mut().zip(uniform).for_each(|(x, &y)| *x += spread * y);
            }
            (Dangling::Uniform | Dangling::Absorb, _) => {}
        }
        vector.iter_mut().for_each(|x| *x = x.max(0.0));
    }
}
