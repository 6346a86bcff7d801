//! When to stop before the tolerance is reached: once the best nodes are known.
//!
//! If scores x are within an L1 distance E of the exact ones π, then x(v) - x(w) > E proves π(v) > π(w), for
//! |x(v) - π(v)| + |x(w) - π(w)| <= E. So the set of the k best is proven when the k-th score is more than E above the next.

use super::top_k::Top;
use super::{PprParams, Stop};

/// Sweeps over which the best nodes must stay the same, order included, to be called stable. Each divides the error by
/// 1 / α at least.
const SWEEPS: u32 = 5;
/// The same for rounds of push, each of which divides the residual by about 8.
const ROUNDS: u32 = 2;

/// Asked after each sweep or round whether to go on.
pub(super) struct StopRule {
    stop: Stop,
    n_needed: u32,
    last: Vec<u32>,
    n_same: u32,
}

impl StopRule {
    pub(super) fn after_sweeps(params: &PprParams) -> Self {
        Self { stop: params.stop, n_needed: SWEEPS, last: Vec::new(), n_same: 0 }
    }

    pub(super) fn after_rounds(params: &PprParams) -> Self {
        Self { n_needed: ROUNDS, ..Self::after_sweeps(params) }
    }

    /// Whether it wants to be asked.
    pub(super) fn is_early(&self) -> bool {
        self.stop != Stop::Tolerance
    }

    /// Whether these best nodes, proven or not, are what was asked for.
    pub(super) fn may_stop(&mut self, top: &Top, is_certified: bool) -> bool {
        match self.stop {
            Stop::Tolerance => false,
            Stop::Certified => is_certified,
            Stop::RankStable => {
                let is_same = self.last.iter().eq(top.nodes());
                self.n_same = if is_same { self.n_same + 1 } else { 0 };
                self.last.clear();
                self.last.extend(top.nodes());
                self.n_same >= self.n_needed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ppr::top_k::top;

    #[test]
    fn a_list_is_stable_once_it_has_been_seen_often_enough_in_a_row() {
        let params = PprParams { stop: Stop::RankStable, ..PprParams::default() };
        let mut rule = StopRule::after_rounds(&params);
        let mut ask = |scores: &[f64]| rule.may_stop(&top(scores, 2).unwrap(), false);
        let answers = [
            ask(&[3.0, 2.0, 1.0]),
            ask(&[3.0, 2.5, 1.0]),
            ask(&[2.0, 3.0, 1.0]),
            ask(&[2.0, 3.0, 1.5]),
            ask(&[2.0, 3.0, 1.6]),
        ];
        assert_eq!(answers, [false, false, false, false, true]);
    }
}
