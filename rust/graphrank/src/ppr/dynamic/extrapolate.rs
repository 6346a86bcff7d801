//! Extrapolation over the rounds that go through all nodes.
//!
//! Rounds of pushes leave what shrinks slowly: on graphs that mix fast the total of the residual, which falls by
//! little more than α a round, on others a few patterns. The residual is an affine map of the reserve, so every
//! combination of states whose coefficients add up to 1 is a state again. After a round, the one of the least ‖r‖₂ among
//! the present state and the last [`DEPTH`] is taken if its ‖r‖₁ is the lesser too: Anderson acceleration ("Iterative
//! procedures for nonlinear integral equations", JACM 1965), where it can do no harm.

use super::vector::Sums;
use crate::error::Result;
use crate::memory::try_collect;

/// States that are kept.
const DEPTH: usize = 2;
/// Coefficients beyond this would multiply rounding.
const MOST: f64 = 100.0;

/// Reserve and residual after an earlier round, and what was known of them.
struct State {
    reserve: Vec<f64>,
    residual: Vec<f64>,
    sums: Sums,
}

/// States after earlier rounds, the last one first.
#[derive(Default)]
pub(super) struct History {
    states: Vec<State>,
}

impl History {
    /// Keeps a state in place of the oldest.
    pub(super) fn keep(&mut self, reserve: &[f64], residual: &[f64], sums: Sums) -> Result<()> {
        if self.states.len() < DEPTH {
            let copy = |x: &[f64]| try_collect("states of earlier rounds", x.len(), x.iter().copied());
            self.states.insert(0, State { reserve: copy(reserve)?, residual: copy(residual)?, sums });
            return Ok(());
        }
        self.states.rotate_right(1);
        let oldest = &mut self.states[0];
        oldest.reserve.copy_from_slice(reserve);
        oldest.residual.copy_from_slice(residual);
        oldest.sums = sums;
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.states.clear();
    }

    /// What to multiply the differences to the kept states with, so that ‖r‖₂ becomes least; empty if nothing helps.
    pub(super) fn coefficients(&self, residual: &[f64]) -> Vec<f64> {
        let coefficients = match &self.states[..] {
            [one, two] => {
                let [aa, ab, bb, ra, rb] = products(residual, &one.residual, &two.residual);
                let determinant = aa * bb - ab * ab;
                if determinant > 1e-10 * aa * bb {
                    vec![(ab * rb - bb * ra) / determinant, (ab * ra - aa * rb) / determinant]
                } else {
                    vec![-ra / aa]
                }
            }
            [one] => {
                let [aa, _, _, ra, _] = products(residual, &one.residual, &one.residual);
                vec![-ra / aa]
            }
            _ => Vec::new(),
        };
        let is_usable = coefficients.iter().all(|c| c.abs() <= MOST);
        if is_usable { coefficients } else { Vec::new() }
    }

    /// ‖r‖₁ after [`History::combine`].
    pub(super) fn norm(&self, coefficients: &[f64], residual: &[f64]) -> f64 {
        let kept = |i: usize| &self.states[i].residual[..];
        match *coefficients {
            [a] => residual.iter().zip(kept(0)).map(|(&r, &x)| (r + a * (r - x)).abs()).sum(),
            [a, b] => {
                let terms = residual.iter().zip(kept(0)).zip(kept(1));
                terms.map(|((&r, &x), &y)| (r + a * (r - x) + b * (r - y)).abs()).sum()
            }
            _ => f64::INFINITY,
        }
    }

    /// Adds the differences to the kept states, times their coefficients.
    pub(super) fn combine(&self, coefficients: &[f64], reserve: &mut [f64], residual: &mut [f64]) {
        for (present, part) in
            [(reserve, (|s| &s.reserve) as fn(&State) -> &Vec<f64>), (residual, |s| &s.residual)]
        {
            match *coefficients {
                [a] => present.iter_mut().zip(part(&self.states[0])).for_each(|(p, &x)| *p += a * (*p - x)),
                [a, b] => {
                    let kept = part(&self.states[0]).iter().zip(part(&self.states[1]));
                    present.iter_mut().zip(kept).for_each(|(p, (&x, &y))| *p += a * (*p - x) + b * (*p - y));
                }
                _ => {}
            }
        }
    }

    /// The sums of the combination.
    pub(super) fn combine_sums(&self, coefficients: &[f64], present: Sums) -> Sums {
        let mut sums = present;
        for (&c, State { sums: kept, .. }) in coefficients.iter().zip(&self.states) {
            sums.mass += c * (present.mass - kept.mass);
            sums.dangling_mass += c * (present.dangling_mass - kept.dangling_mass);
            // Two states share what rounding did before the earlier of them.
            sums.drift += c.abs() * (present.drift - kept.drift);
            sums.loss += c.abs() * (present.loss - kept.loss);
        }
        sums
    }
}

/// Inner products of r - a and r - b with themselves and each other, and of r with each.
fn products(residual: &[f64], a: &[f64], b: &[f64]) -> [f64; 5] {
    let mut sums = [[0.0; 4]; 5];
    let groups = residual.as_chunks::<4>().0.iter().zip(a.as_chunks::<4>().0).zip(b.as_chunks::<4>().0);
    // The last nodes may be left out: coefficients need not be the best.
    for ((r, a), b) in groups {
        for i in 0..4 {
            let (x, y) = (r[i] - a[i], r[i] - b[i]);
            sums[0][i] += x * x;
            sums[1][i] += x * y;
            sums[2][i] += y * y;
            sums[3][i] += r[i] * x;
            sums[4][i] += r[i] * y;
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}
