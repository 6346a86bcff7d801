//! The optimum, by branch and bound.
//!
//! A node of the search is a set of picks and the candidates that may still join them, by falling gain. What those can add
//! is at most the sum of the largest gains that can be picked together (`quotas`), since gains only fall. A candidate is
//! tried, and all that can be found with it; then it is out. Where the bound is no better than the best set so far, nothing
//! after it can be either. The search begins with the picks of greedy, so it often only has to prove that they are best.
//!
//! # Cost
//! Exponential: some tens of candidates. One gain per candidate and node.

use std::sync::Arc;

use super::bounds::{Bound, take_heaviest, weight};
use super::greedy::{Fill, gains_at};
use super::maximize::{Selection, evaluate};
use super::objective::{Objective, Prefix};
use super::quotas::{Places, Quotas};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_reserve, try_with_capacity};

/// A set counts as better only from here on: rounding must not make the search look at sets that are as good.
const BETTER: f64 = 1.0 + 1e-12;

struct Tree<'a> {
    objective: &'a dyn Objective,
    exec: &'a Exec,
    prefix: Box<dyn Prefix>,
    places: Places<'a>,
    picks: Vec<u32>,
    best: Vec<u32>,
    best_value: f64,
    n_calls: u64,
}

/// The best of all selections; `greedy` is one of them.
pub(super) fn exact(
    objective: &Arc<dyn Objective>,
    candidates: &[u32],
    quotas: Option<&Quotas>,
    k: usize,
    (greedy, fill): (Selection, Fill),
    exec: &Exec,
) -> Result<Selection> {
    let mut tree = Tree {
        objective: &**objective,
        exec,
        prefix: Arc::clone(objective).prefix()?,
        places: Places::new(quotas, k)?,
        picks: try_with_capacity("the picks", k.min(candidates.len()))?,
        best: Vec::new(),
        best_value: greedy.value,
        n_calls: greedy.oracle_calls,
    };
    tree.grow(candidates, 0.0)?;
    let (best, n_calls) = (tree.best, tree.n_calls);
    let mut done = greedy;
    if !best.is_empty() {
        let all = complete(&best, candidates, Places::new(quotas, k)?, fill)?;
        done = evaluate(objective, &all)?;
    }
    done.upper_bound = done.value;
    done.oracle_calls = n_calls;
    Ok(done)
}

impl Tree<'_> {
    /// Looks at all sets that add some of `candidates` to the picks, which have `value`.
    fn grow(&mut self, candidates: &[u32], value: f64) -> Result<()> {
        self.exec.checkpoint(candidates.len() as u64)?;
        if value > self.best_value * BETTER {
            self.best_value = value;
            self.best.clear();
            try_reserve("the picks", &mut self.best, self.picks.len())?;
            self.best.extend_from_slice(&self.picks);
        }
        let mut bounds = gains_at(self.objective, &*self.prefix, candidates, self.exec)?;
        self.n_calls += bounds.len() as u64;
        bounds.retain(|bound| bound.gain > 0.0 && self.places.has(bound.element));
        bounds.sort_unstable_by(|a, b| b.cmp(a));
        let order: Vec<u32> =
            try_collect("the candidates", bounds.len(), bounds.iter().map(|bound| bound.element))?;
        for i in 0..order.len() {
            if value + self.most(&bounds[i..])? <= self.best_value * BETTER {
                return Ok(());
            }
            let n_picks = self.picks.len();
            let gain = self.prefix.push(order[i])?.max(0.0);
            self.places.take(order[i]);
            self.picks.push(order[i]);
            self.grow(&order[i + 1..], value + gain)?;
            self.picks.truncate(n_picks);
            self.places.free(order[i]);
            self.prefix.truncate(n_picks);
        }
        Ok(())
    }

    /// What candidates add at most.
    fn most(&self, bounds: &[Bound]) -> Result<f64> {
        let mut bounds = try_collect("the candidates", bounds.len(), bounds.iter().copied())?;
        Ok(weight(&take_heaviest(&mut bounds, self.places.copy()?)?))
    }
}

/// Adds what must be picked although it gains nothing, in the order of the candidates.
fn complete(picks: &[u32], candidates: &[u32], mut places: Places<'_>, fill: Fill) -> Result<Vec<u32>> {
    let mut all = try_with_capacity("the picks", candidates.len())?;
    for &pick in picks {
        places.take(pick);
        all.push(pick);
    }
    if fill == Fill::Owed {
        places.keep_owed();
    }
    for &candidate in candidates {
        if places.has(candidate) && !picks.contains(&candidate) {
            places.take(candidate);
            all.push(candidate);
        }
    }
    Ok(all)
}
