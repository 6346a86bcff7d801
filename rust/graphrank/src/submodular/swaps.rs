//! Better picks by local search: one pick goes, another comes, while that gains something.
//!
//! For each pick in turn the gains of all others are taken with regard to the picks without it. What gains no more by
//! itself than the pick gains beside the others cannot replace it, so candidates are asked by falling gain by themselves,
//! and most are not. With quotas only candidates that then have a place are asked. A set that no swap betters has half of the
//! optimum (Fisher, Nemhauser and Wolsey 1978); here it begins with what greedy found, and never ends with less.
//!
//! # Cost
//! At most k/2 pushes and n gains per pick and pass; passes until nothing changes, at most [`MAX_PASSES`].

use std::sync::Arc;

use super::bounds::{Bound, take_heaviest, weight};
use super::greedy::gains_at;
use super::maximize::{Selection, evaluate};
use super::objective::{Objective, Prefix};
use super::quotas::{Places, Quotas};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_zeroed};

const MAX_PASSES: usize = 20;
/// Of the value: what a swap must gain, so that rounding cannot keep the search going.
const LEAST_GAIN: f64 = 1e-9;
/// Candidates that are asked at a time.
const STEP: usize = 1 << 9;

struct Swaps<'a> {
    objective: &'a dyn Objective,
    prefix: Box<dyn Prefix>,
    places: Places<'a>,
    is_picked: Vec<u8>,
    /// Candidates by what they gain by themselves, the largest first.
    alone: Vec<Bound>,
    n_calls: u64,
}

/// Improves a selection of at most `k` of all elements.
pub(super) fn improve(
    objective: &Arc<dyn Objective>,
    quotas: Option<&Quotas>,
    k: usize,
    found: Selection,
    exec: &Exec,
) -> Result<Selection> {
    let n = objective.n_elements();
    let all = try_collect("the candidates", n, 0..)?;
    let prefix = Arc::clone(objective).prefix()?;
    let mut alone = gains_at(&**objective, &*prefix, &all, exec)?;
    alone.sort_unstable_by(|a, b| b.cmp(a));
    let mut places = Places::new(quotas, k)?;
    let mut is_picked = try_zeroed("the picks", n)?;
    for &pick in &found.elements {
        places.take(pick);
        is_picked[pick as usize] = 1;
    }
    let mut swaps = Swaps { objective: &**objective, prefix, places, is_picked, alone, n_calls: n as u64 };
    let Selection { mut elements, value, upper_bound, oracle_calls, .. } = found;
    swaps.run(&mut elements, value * LEAST_GAIN, exec)?;
    let mut done = evaluate(objective, &elements)?;
    done.oracle_calls = oracle_calls + swaps.n_calls;
    let mut left = swaps.left(&elements, exec)?;
    let left = weight(&take_heaviest(&mut left, Places::new(quotas, k)?)?);
    done.upper_bound = upper_bound.min(done.value + left).max(done.value);
    Ok(done)
}

impl Swaps<'_> {
    fn run(&mut self, picks: &mut [u32], least_gain: f64, exec: &Exec) -> Result<()> {
        let mut n_unchanged = 0;
        for _ in 0..MAX_PASSES {
            self.prefix.truncate(0);
            for i in 0..picks.len() {
                if n_unchanged == picks.len() {
                    return Ok(());
                }
                exec.checkpoint(1)?;
                picks[i + 1..].iter().try_for_each(|&pick| self.prefix.push(pick).map(drop))?;
                let best = self.best_instead_of(picks[i], least_gain, exec)?;
                n_unchanged = if best == picks[i] { n_unchanged + 1 } else { 0 };
                picks[i] = best;
                self.prefix.truncate(i);
                self.prefix.push(best)?;
                self.n_calls += (picks.len() - i) as u64;
            }
        }
        Ok(())
    }

    /// The best pick beside those of the prefix, which are all others.
    fn best_instead_of(&mut self, pick: u32, least_gain: f64, exec: &Exec) -> Result<u32> {
        self.places.free(pick);
        self.is_picked[pick as usize] = 0;
        let gain = self.prefix.gain(self.prefix.n_picks(), pick)? + least_gain;
        let mut best = Bound { gain, element: pick };
        for step in self.alone.chunks(STEP) {
            if step[0].gain <= best.gain {
                break;
            }
            let is_asked = |&element: &u32| self.is_picked[element as usize] == 0 && self.places.has(element);
            let elements = step.iter().map(|bound| bound.element).filter(is_asked);
            let elements = try_collect("the candidates", step.len(), elements)?;
            let gains = gains_at(self.objective, &*self.prefix, &elements, exec)?;
            self.n_calls += gains.len() as u64;
            best = gains.into_iter().fold(best, |best, next| if next.gain > best.gain { next } else { best });
        }
        self.places.take(best.element);
        self.is_picked[best.element as usize] = 1;
        Ok(best.element)
    }

    /// What others gain beside all picks.
    fn left(&mut self, picks: &[u32], exec: &Exec) -> Result<Vec<Bound>> {
        self.prefix.truncate(0);
        picks.iter().try_for_each(|&pick| self.prefix.push(pick).map(drop))?;
        let elements = self.alone.iter().map(|bound| bound.element);
        let others = elements.filter(|&element| self.is_picked[element as usize] == 0);
        let others = try_collect("the candidates", self.alone.len(), others)?;
        self.n_calls += others.len() as u64;
        gains_at(self.objective, &*self.prefix, &others, exec)
    }
}
