//! One run of a greedy method; `maximize` says what each promises.
//!
//! # With quotas
//! A candidate of a group that is closed, one of which no more can be picked, stays so: it is moved aside when it turns up.
//! Picks that must be made are made, even those that gain nothing.
//!
//! The bound by halves (`f(I) >= OPT / 2`) becomes that of greedy without quotas if no candidate was ever moved aside before a
//! pick: then each pick was the best of all.

use std::collections::BinaryHeap;
use std::sync::Arc;

use super::asking::How;
use super::bounds::{Bound, take_heaviest, weight};
use super::maximize::Selection;
use super::objective::{Objective, Prefix, is_worth, total};
use super::quotas::{Places, Quotas};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_reserve, try_zeroed};
use crate::rng::{Domain, ShortStream, key};

/// What is picked although it gains nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// What groups are owed.
    Owed,
    /// Anything, until no place is left.
    All,
}

pub(super) struct Search<'a> {
    prefix: Box<dyn Prefix>,
    candidates: &'a [u32],
    quotas: Option<&'a Quotas>,
    k: usize,
    places: Places<'a>,
    /// Candidates that are not picked.
    bounds: Vec<Bound>,
    /// Those of closed groups that were moved aside.
    refused: Vec<Bound>,
    /// The largest bounds at first for which there are places, added up.
    first_bound: f64,
    done: Selection,
}

/// Gains asked one by one between two checkpoints.
const STEP: usize = 1 << 11;

/// The gains of candidates at all picks.
pub(super) fn gains_at(
    objective: &dyn Objective,
    prefix: &dyn Prefix,
    candidates: &[u32],
    exec: &Exec,
) -> Result<Vec<Bound>> {
    let mut gains: Vec<f64> = try_zeroed("the gains of candidates", candidates.len())?;
    let n_picks = prefix.n_picks();
    let n_reads = candidates.iter().map(|&candidate| objective.cost(candidate, n_picks)).sum();
    let How { step, is_parallel } = How::new(objective, candidates.len(), n_reads);
    let here = exec.on_this_thread();
    let units: Vec<_> = candidates.chunks(step).zip(gains.chunks_mut(step)).collect();
    if is_parallel { exec } else { &here }.map_items(units, |_, (elements, gains)| {
        exec.checkpoint(elements.len() as u64)?;
        prefix.gains(n_picks, elements, gains)
    })?;
    let bounds = candidates.iter().zip(gains).map(|(&element, gain)| Bound { gain, element });
    try_collect("the gains of candidates", candidates.len(), bounds)
}

impl<'a> Search<'a> {
    pub(super) fn new(
        objective: &Arc<dyn Objective>,
        candidates: &'a [u32],
        quotas: Option<&'a Quotas>,
        k: usize,
        exec: &Exec,
    ) -> Result<Self> {
        let prefix = Arc::clone(objective).prefix()?;
        let places = Places::new(quotas, k)?;
        let mut bounds = gains_at(&**objective, &*prefix, candidates, exec)?;
        let done = Selection { oracle_calls: bounds.len() as u64, ..Selection::default() };
        bounds.retain(|bound| bound.gain > 0.0);
        let mut heaviest = take_heaviest(&mut bounds, places.copy()?)?;
        let first_bound = weight(&heaviest);
        try_reserve("the gains of candidates", &mut bounds, heaviest.len())?;
        bounds.append(&mut heaviest);
        let refused = Vec::new();
        Ok(Self { prefix, candidates, quotas, k, places, bounds, refused, first_bound, done })
    }

    pub(super) fn lazy(&mut self, exec: &Exec) -> Result<()> {
        let mut heap = BinaryHeap::from(std::mem::take(&mut self.bounds));
        while !self.places.is_full()
            && let Some(top) = self.best(&mut heap, exec)?
            && top.gain > 0.0
        {
            self.pick(top.element)?;
        }
        self.bounds = heap.into_vec();
        Ok(())
    }

    /// Takes the best candidate that has a place out of `heap`.
    fn best(&mut self, heap: &mut BinaryHeap<Bound>, exec: &Exec) -> Result<Option<Bound>> {
        self.refuse(heap, None)?;
        let Some(mut top) = heap.pop() else { return Ok(None) };
        loop {
            exec.checkpoint(1)?;
            if !self.done.elements.is_empty() {
                self.ask(&mut top)?;
            }
            self.refuse(heap, Some(top))?;
            match heap.peek_mut() {
                Some(mut next) if *next > top => std::mem::swap(&mut *next, &mut top),
                _ => return Ok(Some(top)),
            }
        }
    }

    /// Moves candidates without a place from the top of `heap` aside, as long as they are above `below`.
    fn refuse(&mut self, heap: &mut BinaryHeap<Bound>, below: Option<Bound>) -> Result<()> {
        while let Some(&next) = heap.peek()
            && below.is_none_or(|below| next > below)
            && !self.places.has(next.element)
        {
            try_reserve("the gains of candidates", &mut self.refused, 1)?;
            self.refused.extend(heap.pop());
        }
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "the high half of a product")]
    #[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a count of candidates")]
    pub(super) fn stochastic(&mut self, eps: f64, seed: u64, exec: &Exec) -> Result<()> {
        let n = self.bounds.len();
        let n_drawn = ((n as f64 / self.k as f64) * -eps.ln()).ceil().max(1.0) as usize;
        self.move_closed_aside()?;
        for round in 0..self.k as u64 {
            exec.checkpoint(1)?;
            let mut draws = ShortStream::new(key(seed, Domain::Sample, round), 0);
            let n_drawn = n_drawn.min(self.bounds.len());
            for i in 0..n_drawn {
                let n_left = (self.bounds.len() - i) as u128;
                let j = i + ((u128::from(draws.draw()) * n_left) >> 64) as usize;
                self.bounds.swap(i, j);
            }
            self.bounds[..n_drawn].sort_unstable_by(|a, b| b.cmp(a));
            let mut best: Option<(usize, Bound)> = None;
            for i in 0..n_drawn {
                let mut bound = self.bounds[i];
                if best.is_some_and(|(_, best)| best >= bound) {
                    break;
                }
                self.ask(&mut bound)?;
                self.bounds[i] = bound;
                if best.is_none_or(|(_, best)| bound > best) {
                    best = Some((i, bound));
                }
            }
            // A sample that gains nothing says nothing of the others.
            if let Some((i, bound)) = best
                && bound.gain > 0.0
            {
                self.bounds.swap_remove(i);
                if self.pick(bound.element)? {
                    self.move_closed_aside()?;
                }
            }
        }
        Ok(())
    }

    fn move_closed_aside(&mut self) -> Result<()> {
        if self.quotas.is_none() {
            return Ok(());
        }
        let closed = self.bounds.iter().filter(|bound| !self.places.has(bound.element));
        try_reserve("the gains of candidates", &mut self.refused, closed.clone().count())?;
        self.refused.extend(closed);
        self.bounds.retain(|bound| self.places.has(bound.element));
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    pub(super) fn threshold(&mut self, eps: f64, exec: &Exec) -> Result<()> {
        let open = self.bounds.iter().filter(|bound| self.places.has(bound.element));
        let first = open.map(|bound| bound.gain).fold(0.0, f64::max);
        let last = first * eps / self.k as f64;
        let mut threshold = first;
        while threshold >= last && threshold > 0.0 && !self.places.is_full() {
            let mut kept = 0;
            for i in 0..self.bounds.len() {
                if i.is_multiple_of(STEP) {
                    exec.checkpoint(STEP as u64)?;
                }
                let mut bound = self.bounds[i];
                if is_worth(bound.gain, threshold) && self.places.has(bound.element) {
                    self.ask(&mut bound)?;
                    if is_worth(bound.gain, threshold) {
                        self.pick(bound.element)?;
                        continue;
                    }
                }
                self.bounds[kept] = bound;
                kept += 1;
            }
            self.bounds.truncate(kept);
            threshold *= 1.0 - eps;
        }
        Ok(())
    }

    /// The gain at all picks.
    fn ask(&mut self, bound: &mut Bound) -> Result<()> {
        self.done.oracle_calls += 1;
        bound.gain = self.prefix.gain(self.done.elements.len(), bound.element)?;
        Ok(())
    }

    /// True if the pick closes a group.
    fn pick(&mut self, element: u32) -> Result<bool> {
        self.done.oracle_calls += 1;
        let gain = self.prefix.push(element)?.max(0.0);
        try_reserve("the picks", &mut self.done.elements, 1)?;
        self.done.elements.push(element);
        self.done.gains.push(gain);
        Ok(self.places.take(element))
    }

    /// Ends the run. `is_greedy` says that each pick was the best of those that had a place.
    pub(super) fn finish(mut self, is_greedy: bool, fill: Fill, exec: &Exec) -> Result<Selection> {
        let (n_greedy, is_free) = (self.done.elements.len(), self.refused.is_empty());
        self.fill(fill, exec)?;
        self.done.value = total(&self.done.gains)?;
        let value = self.done.value;
        let mut bound = self.first_bound.min(value + self.left(exec)?);
        if is_greedy && is_free && n_greedy > 0 {
            bound = bound.min(value / share_of_greedy(n_greedy, self.places.n_places()));
        } else if is_greedy {
            bound = bound.min(2.0 * value);
        }
        self.done.upper_bound = bound.max(value).min(f64::MAX);
        Ok(self.done)
    }

    /// Picks what must be picked: first by gains, then what gains nothing, in the order of the candidates.
    fn fill(&mut self, fill: Fill, exec: &Exec) -> Result<()> {
        if fill == Fill::Owed {
            if !self.places.is_owed() {
                return Ok(());
            }
            self.places.keep_owed();
        }
        try_reserve("the gains of candidates", &mut self.bounds, self.refused.len())?;
        self.bounds.append(&mut self.refused);
        self.lazy(exec)?;
        let picks = &self.done.elements;
        let mut picks = try_collect("the picks", picks.len(), picks.iter().copied())?;
        picks.sort_unstable();
        for &element in self.candidates {
            if self.places.is_full() {
                break;
            }
            if self.places.has(element) && picks.binary_search(&element).is_err() {
                self.pick(element)?;
            }
        }
        Ok(())
    }

    /// What any set adds to the picks at most: the largest gains for which there are places. What was moved aside may not
    /// have been asked for long, so with quotas the largest are asked again.
    fn left(&mut self, exec: &Exec) -> Result<f64> {
        let mut bounds = std::mem::take(&mut self.bounds);
        try_reserve("the gains of candidates", &mut bounds, self.refused.len())?;
        bounds.append(&mut self.refused);
        let mut places = Places::new(self.quotas, self.k)?;
        if self.quotas.is_none() {
            return Ok(weight(&take_heaviest(&mut bounds, places)?));
        }
        let mut heap = BinaryHeap::from(bounds);
        let mut sum = 0.0;
        while !places.is_full()
            && let Some(mut top) = heap.pop()
        {
            exec.checkpoint(1)?;
            if !places.has(top.element) {
                continue;
            }
            self.ask(&mut top)?;
            if heap.peek().is_some_and(|next| *next > top) {
                heap.push(top);
            } else {
                places.take(top.element);
                sum += top.gain.max(0.0);
            }
        }
        Ok(sum)
    }
}

/// The share of the optimum of `n_places` that `n_picks` picks reach, each the best of all (Nemhauser, Wolsey and Fisher):
/// each closes `1 / n_places` of what is missing.
#[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
fn share_of_greedy(n_picks: usize, n_places: usize) -> f64 {
    -(n_picks as f64 * (-1.0 / n_places as f64).ln_1p()).exp_m1()
}
