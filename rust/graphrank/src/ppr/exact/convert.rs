//! From the killed walk to the rule for dangling nodes, and the certified error.
//!
//! With a the killed walk's scores, M their sum, and ρ the residual of the computed a:
//!
//! | rule | scores | L1 norm of the residual |
//! |---|---|---|
//! | absorb | a | ‖ρ‖ |
//! | stay | a, divided by c at dangling nodes | ‖ρ‖ |
//! | restart | a / M | at most 2 ‖ρ‖ / M |
//! | uniform | a + κ b, where b is the killed walk from a uniform restart and κ = D(a) / (c - D(b)) | ‖ρ‖ + κ ‖ρ of b‖ |
//!
//! D(x) is α times the score of x on dangling nodes. The error is at most the residual's norm divided by c.

use super::{Exact, Part, Solved, Workspace};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::usize_of;
use crate::memory::{try_collect, try_zeroed};
use crate::numeric;
use crate::ppr::Dangling;

/// Half the distance from 1 to the next float: the largest relative error of one rounding.
const ROUNDING: f64 = f64::EPSILON / 2.0;
/// Roundings that a score goes through besides the sums over its arcs: restart share, ω, the way from z to score, the
/// quotient by M, the combination of two solutions.
const ROUNDINGS_BESIDES: u64 = 24;

/// The killed walk from a uniform restart, which says where score from dangling nodes goes when it is spread.
pub(in crate::ppr) struct Spread {
    /// By position.
    scores: Vec<f64>,
    /// D(b).
    dangling: f64,
    residual: f64,
}

impl Exact<'_> {
    /// The solution that [`Dangling::Uniform`] needs beside every query's own.
    pub(in crate::ppr) fn spread(&self, work: &mut Workspace, exec: &Exec) -> Result<Spread> {
        let n = self.system.ordered.n_nodes();
        let share = self.restart_base(1.0 / n as f64);
        work.base[..n].fill([share]);
        let solved = self.solve_killed(work, exec).and_then(|solved| {
            let dangling = Part { range: self.system.ordered.n_active..n, base: &work.base };
            self.system.substitute(&dangling, &mut work.z, exec)?;
            Ok(solved)
        });
        work.base[..n].fill([0.0]);
        let solved = solved?;
        let scores = self.killed_scores(&work.z)?;
        Ok(Spread { dangling: self.dangling_score(&scores), scores, residual: solved.residual })
    }

    /// Scores by node, and a bound on their L1 error.
    pub(super) fn convert(
        &self,
        z: &[[f64; 1]],
        solved: Solved,
        spread: Option<&Spread>,
    ) -> Result<(Vec<f64>, f64)> {
        let ordered = self.system.ordered;
        let stop = 1.0 - self.system.alpha;
        let mut scores = self.killed_scores(z)?;
        let mut residual = solved.residual;
        match self.params.dangling {
            Dangling::Restart if !self.divides_by_mass() => {}
            Dangling::Absorb => {}
            Dangling::Stay => scores[ordered.n_active..].iter_mut().for_each(|score| *score /= stop),
            Dangling::Restart => {
                let mass = numeric::sum(scores.iter().copied());
                scores.iter_mut().for_each(|score| *score /= mass);
                residual *= 2.0 / mass;
            }
            Dangling::Uniform => {
                if let Some(b) = spread {
                    let times = self.dangling_score(&scores) / (stop - b.dangling);
                    scores.iter_mut().zip(&b.scores).for_each(|(score, b)| *score += times * b);
                    residual += times * b.residual;
                }
            }
        }
        // Acceleration may leave a node that is hardly reached a little below 0; no exact score is, so 0 is closer.
        scores.iter_mut().filter(|score| **score < 0.0).for_each(|score| *score = 0.0);
        let error_bound = residual / stop + self.rounding_error(&scores);
        let mut by_node = try_zeroed("scores", scores.len())?;
        for (&node, &score) in ordered.nodes.iter().zip(&scores) {
            by_node[node as usize] = score;
        }
        Ok((by_node, error_bound))
    }

    /// a by position.
    fn killed_scores(&self, z: &[[f64; 1]]) -> Result<Vec<f64>> {
        let degrees = &self.system.ordered.degrees;
        try_collect("scores", degrees.len(), z.iter().zip(degrees).map(|(z, degree)| z[0] * degree))
    }

    fn dangling_score(&self, scores: &[f64]) -> f64 {
        self.system.alpha * numeric::sum(scores[self.system.ordered.n_active..].iter().copied())
    }

    /// Bound on what rounding adds to the L1 error of `scores`, which are by position.
    fn rounding_error(&self, scores: &[f64]) -> f64 {
        let ordered = self.system.ordered;
        let groups = |starts: &[u64], i: usize| starts[i + 1] - starts[i];
        let roundings = |i: usize| {
            let n_groups = groups(&ordered.lower.starts, i) + groups(&ordered.upper.starts, i);
            usize_of(n_groups + ROUNDINGS_BESIDES) as f64
        };
        let total = numeric::sum(scores.iter().enumerate().map(|(i, score)| score * roundings(i)));
        ROUNDING * total / (1.0 - self.system.alpha)
    }
}
