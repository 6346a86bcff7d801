//! From what push left to an estimate of the killed walk's scores.

use super::closure::Closure;
use super::engine::{Engine, Scratch};
use super::fingerprints::Fingerprints;
use crate::error::Result;
use crate::memory::{try_collect, try_with_capacity, try_zeroed};
use crate::ppr::local::{relative_rounding, roundings};
use crate::ppr::push::Touched;

/// What the 32-bit products of a few columns add to a bound, relative to what the columns spread.
const ROUNDING_OF_COLUMNS: f64 = 4e-6;
/// Roundings per touched node when what it holds is added up: in its score, the mass, the distance, by the rule.
const ROUNDINGS_OF_SUMS: f64 = 6.0;
/// Roundings of a score that come once: what it is made of, by the rule, and those of the bound.
const ROUNDINGS_OF_SCORE: f64 = 32.0;

/// An estimate of a, the scores of the killed walk.
pub(super) struct Estimate {
    /// Scores at touched nodes, without the columns.
    pub(super) sparse: Vec<(u32, f64)>,
    /// Per column, the residual that it spreads; empty for fingerprints.
    pub(super) coefficients: Vec<f64>,
    /// ‖a‖₁ of the estimate, and the part of it on dangling nodes.
    pub(super) mass: f64,
    pub(super) dangling: f64,
    /// A lower bound on the true ‖a‖₁.
    pub(super) least_mass: f64,
    /// A bound on the L1 error.
    pub(super) bound: f64,
    /// ‖r‖₁.
    pub(super) residual: f64,
}

impl Engine<'_> {
    /// A bound on the error as if numbers were exact, raised by what they are not: scores that add up to at most 1 are
    /// made of sums and products of what is not negative, so each rounding counts once, relative to the whole.
    fn with_rounding(&self, bound: f64, scratch: &Scratch, n_scores: usize) -> f64 {
        let sums = ROUNDINGS_OF_SUMS * n_scores as f64 + ROUNDINGS_OF_SCORE;
        let relative = relative_rounding(self.roundings(scratch) + sums);
        bound + relative * (1.0 + 4.0 * bound)
    }

    /// Roundings of what push settled and left, from the first query on.
    pub(super) fn roundings(&self, scratch: &Scratch) -> f64 {
        scratch.earlier + roundings(self.walk, &scratch.pusher)
    }

    /// Finishes the residual with the closure.
    pub(super) fn close(&self, closure: &Closure, scratch: &Scratch) -> Result<(Estimate, u64)> {
        let pusher = &scratch.pusher;
        let stop = self.walk.stop();
        let touched = pusher.touched();
        let n_touched = touched.len();
        let mut coefficients = vec![0.0; closure.n_columns()];
        let mut sparse = try_with_capacity("scores of touched nodes", n_touched)?;
        let (mut mass, mut dangling) = (0.0, 0.0);
        for Touched { node, reserve, residual, degree } in touched {
            let score = reserve + stop * residual;
            sparse.push((node, score));
            mass += score;
            if degree == 0 {
                dangling += score;
            } else {
                coefficients[closure.cluster_of(node as usize)] += residual;
            }
        }
        // ‖r - Σ Rₖ δₖ‖₁: all of δ, corrected where there is residual.
        let total: f64 = coefficients.iter().sum();
        let mut distance = total;
        for Touched { node, residual, degree, .. } in pusher.touched().filter(|t| t.residual > 0.0) {
            let k = closure.cluster_of(node as usize);
            let spread = coefficients[k] * closure.share(k, degree);
            distance += (residual - spread).abs() - spread;
        }
        let [spread, spread_on_dangling] = closure.mass(&coefficients);
        let damping = 1.0 - stop;
        let bound = damping * distance.max(0.0) + closure.error(&coefficients) + ROUNDING_OF_COLUMNS * spread;
        let bound = self.with_rounding(bound, scratch, n_touched);
        let estimate = Estimate {
            sparse,
            coefficients,
            mass: mass + spread,
            dangling: dangling + spread_on_dangling,
            least_mass: mass,
            bound,
            residual: total,
        };
        Ok((estimate, n_touched as u64 * (closure.n_columns() as u64).div_ceil(4)))
    }

    /// Finishes the residual with fingerprints.
    pub(super) fn trace(
        &self,
        fingerprints: &Fingerprints,
        scratch: &mut Scratch,
    ) -> Result<(Estimate, u64)> {
        let stop = self.walk.stop();
        let Scratch { pusher, scores, .. } = scratch;
        if scores.is_empty() {
            *scores = try_zeroed("scores of touched nodes", self.walk.n_nodes())?;
        }
        let mut nodes: Vec<u32> = Vec::new();
        let mut add = |node: u32, score: f64| {
            let at = &mut scores[node as usize];
            if *at == 0.0 && score > 0.0 {
                nodes.push(node);
            }
            *at += score;
        };
        let per_visit = stop / f64::from(fingerprints.n_walks);
        let (mut settled, mut rest, mut traced, mut n_entries) = (0.0, 0.0, 0.0, 0);
        for Touched { node, reserve, residual, .. } in pusher.touched() {
            add(node, reserve);
            settled += reserve;
            if residual > 0.0 {
                rest += residual;
                let share = residual * per_visit;
                let mut n_visits = 0;
                for (visited, count) in fingerprints.visits(node as usize) {
                    add(visited, share * count as f64);
                    n_visits += count;
                }
                traced += share * n_visits as f64;
                n_entries += fingerprints.n_entries(node as usize);
            }
        }
        let sparse = nodes.iter().map(|&node| (node, std::mem::take(&mut scores[node as usize])));
        let sparse: Vec<(u32, f64)> = try_collect("scores of touched nodes", nodes.len(), sparse)?;
        let dangling = if self.has_dangling {
            sparse.iter().filter(|&&(node, _)| self.walk.degree(node) == 0).map(|&(_, score)| score).sum()
        } else {
            0.0
        };
        // Both r (G - c I) and its estimate are not negative: they differ by at most the sum of their masses.
        let damping = 1.0 - stop;
        let bound = damping * rest + (traced - stop * rest).max(0.0);
        let bound = self.with_rounding(bound, scratch, sparse.len());
        let estimate = Estimate {
            sparse,
            coefficients: Vec::new(),
            mass: settled + traced,
            dangling,
            least_mass: settled + stop * rest,
            bound,
            residual: rest,
        };
        Ok((estimate, n_entries))
    }
}
