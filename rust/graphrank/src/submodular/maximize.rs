//! Greedy selection of k elements from candidates that do not change.
//!
//! | method | picks | guarantee | paper |
//! |---|---|---|---|
//! | lazy | the best candidate | 1 - 1/e | Nemhauser, Wolsey and Fisher 1978; Minoux 1978 |
//! | stochastic | the best of (n/k) ln(1/ε) drawn at random | 1 - 1/e - ε, expected | Mirzasoleiman and others, AAAI 2015 |
//! | threshold | whatever gains a threshold that falls by 1 - ε | 1 - 1/e - ε | Badanidiyuru and Vondrák, SODA 2014 |
//!
//! All keep the last known gain of each candidate. Gains only fall, so it bounds the gain now: a candidate is asked again
//! only if the bound could win. The same bounds limit the optimum: with picks I it is at most f(I) plus the k largest.
//!
//! # Cost
//! n gains to begin with, and what has to be asked again.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::objective::{Objective, Prefix, is_worth};
use super::rows::check_codes;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_reserve, try_with_capacity, try_zeroed};
use crate::rng::{Domain, ShortStream, key};

/// How to pick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The best candidate each time, without asking those that cannot win.
    #[default]
    Lazy,
    /// The best of a random sample each time.
    Stochastic,
    /// All that gain a threshold, which falls.
    Threshold,
}

/// What to select.
#[derive(Clone, Copy, Debug)]
pub struct MaximizeParams {
    /// How many elements at most.
    pub k: usize,
    /// How to pick.
    pub method: Method,
    /// What may be lost, for the stochastic and threshold methods, in (0, 1).
    pub eps: f64,
    /// Of the samples of the stochastic method.
    pub seed: u64,
}

impl Default for MaximizeParams {
    fn default() -> Self {
        Self { k: 10, method: Method::Lazy, eps: 0.05, seed: 0 }
    }
}

/// Elements, in the order in which they were picked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The elements.
    pub elements: Vec<u32>,
    /// What each adds to those before it.
    pub gains: Vec<f64>,
    /// f of all of them.
    pub value: f64,
    /// What no k candidates are worth more than.
    pub upper_bound: f64,
    /// How often the objective was asked.
    pub oracle_calls: u64,
}

/// Selects at most `k` of the candidates, or of all elements; fewer where no other gains anything.
///
/// # Errors
/// [`Error::InvalidArgument`] for a `k` of 0 and an `eps` outside (0, 1); [`Error::InvalidData`] for a candidate that is
/// no element or comes twice; those of the objective.
pub fn maximize(
    objective: &Arc<dyn Objective>,
    candidates: Option<&[u32]>,
    params: &MaximizeParams,
    exec: &Exec,
) -> Result<Selection> {
    check_k(params.k)?;
    if !(params.eps > 0.0 && params.eps < 1.0) {
        return Err(Error::argument("eps", format!("must be in (0, 1), got {}", params.eps)));
    }
    let n = objective.n_elements();
    let candidates = match candidates {
        Some(candidates) => {
            check_candidates(candidates, n, exec)?;
            try_collect("the candidates", candidates.len(), candidates.iter().copied())?
        }
        None => try_collect("the candidates", n, 0..)?,
    };
    let mut search = Search::new(objective, &candidates, params.k, exec)?;
    match params.method {
        Method::Lazy => search.lazy(exec)?,
        Method::Stochastic => search.stochastic(params.eps, params.seed, exec)?,
        Method::Threshold => search.threshold(params.eps, exec)?,
    }
    search.finish(params.method == Method::Lazy)
}

pub(super) fn check_k(k: usize) -> Result<()> {
    if k >= 1 && u32::try_from(k).is_ok() {
        return Ok(());
    }
    Err(Error::argument("k", format!("must be at least 1 and below 2^32, got {k}")))
}

fn check_candidates(candidates: &[u32], n: usize, exec: &Exec) -> Result<()> {
    check_codes("candidates", candidates, n, exec)?;
    let mut is_seen: Vec<u8> = try_zeroed("the candidates", n)?;
    for (row, &candidate) in candidates.iter().enumerate() {
        if std::mem::replace(&mut is_seen[candidate as usize], 1) == 1 {
            return Err(Error::row("candidates", row, format!("element {candidate} comes twice")));
        }
    }
    Ok(())
}

/// A candidate and what it gains at most.
#[derive(Clone, Copy)]
struct Bound {
    gain: f64,
    element: u32,
}

impl Ord for Bound {
    /// Of equal gains the lower element is the greater.
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.element.cmp(&self.element))
    }
}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Bound {}

struct Search {
    prefix: Box<dyn Prefix>,
    k: usize,
    /// Candidates that are not picked.
    bounds: Vec<Bound>,
    /// The k largest bounds at first, added up.
    first_bound: f64,
    done: Selection,
}

/// Gains asked between two checkpoints, and by one unit of parallel work.
const STEP: usize = 1 << 11;
const STEP_FOREIGN: usize = 1 << 4;

impl Search {
    fn new(objective: &Arc<dyn Objective>, candidates: &[u32], k: usize, exec: &Exec) -> Result<Self> {
        let prefix = Arc::clone(objective).prefix()?;
        let mut gains: Vec<f64> = try_zeroed("the gains of candidates", candidates.len())?;
        let is_parallel = objective.is_parallel();
        let step = if is_parallel { STEP } else { STEP_FOREIGN };
        let here = exec.on_this_thread();
        let units: Vec<_> = candidates.chunks(step).zip(gains.chunks_mut(step)).collect();
        if is_parallel { exec } else { &here }.map_items(units, |_, (elements, gains)| {
            exec.checkpoint(elements.len() as u64)?;
            prefix.gains(0, elements, gains)
        })?;
        let bounds = candidates.iter().zip(gains).map(|(&element, gain)| Bound { gain, element });
        let mut bounds: Vec<Bound> = try_collect("the gains of candidates", candidates.len(), bounds)?;
        let done = Selection { oracle_calls: bounds.len() as u64, ..Selection::default() };
        bounds.retain(|bound| bound.gain > 0.0);
        let first_bound = largest(&mut bounds, k);
        Ok(Self { prefix, k, bounds, first_bound, done })
    }

    fn lazy(&mut self, exec: &Exec) -> Result<()> {
        let mut heap = BinaryHeap::from(std::mem::take(&mut self.bounds));
        while self.done.elements.len() < self.k
            && let Some(mut top) = heap.pop()
        {
            // The picks are few and each may ask many.
            exec.checkpoint(1)?;
            loop {
                if !self.done.elements.is_empty() {
                    self.ask(&mut top)?;
                }
                match heap.peek_mut() {
                    Some(mut next) if *next > top => std::mem::swap(&mut *next, &mut top),
                    _ => break,
                }
            }
            if top.gain <= 0.0 {
                break;
            }
            self.pick(top.element)?;
        }
        self.bounds = heap.into_vec();
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "the high half of a product")]
    #[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a count of candidates")]
    fn stochastic(&mut self, eps: f64, seed: u64, exec: &Exec) -> Result<()> {
        let n = self.bounds.len();
        let n_drawn = ((n as f64 / self.k as f64) * -eps.ln()).ceil().max(1.0) as usize;
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
                self.pick(bound.element)?;
            }
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    fn threshold(&mut self, eps: f64, exec: &Exec) -> Result<()> {
        let first = self.bounds.iter().map(|bound| bound.gain).fold(0.0, f64::max);
        let last = first * eps / self.k as f64;
        let mut threshold = first;
        while threshold >= last && threshold > 0.0 {
            let mut kept = 0;
            for i in 0..self.bounds.len() {
                if i.is_multiple_of(STEP) {
                    exec.checkpoint(STEP as u64)?;
                }
                let mut bound = self.bounds[i];
                if self.done.elements.len() < self.k && is_worth(bound.gain, threshold) {
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
            if self.done.elements.len() == self.k {
                break;
            }
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

    fn pick(&mut self, element: u32) -> Result<()> {
        self.done.oracle_calls += 1;
        let gain = self.prefix.push(element)?.max(0.0);
        try_reserve("the picks", &mut self.done.elements, 1)?;
        self.done.elements.push(element);
        self.done.gains.push(gain);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    fn finish(mut self, is_greedy: bool) -> Result<Selection> {
        self.done.value = self.done.gains.iter().sum();
        let value = self.done.value;
        let mut bound = self.first_bound.min(value + largest(&mut self.bounds, self.k));
        if is_greedy {
            // Nemhauser, Wolsey and Fisher: each pick closes 1/k of what is missing.
            let k = self.k as f64;
            bound = bound.min(value / (1.0 - (k * (-1.0 / k).ln_1p()).exp()));
        }
        self.done.upper_bound = bound.max(value);
        Ok(self.done)
    }
}

/// The sum of the k largest bounds.
fn largest(bounds: &mut [Bound], k: usize) -> f64 {
    let n = k.min(bounds.len());
    if n < bounds.len() && n > 0 {
        bounds.select_nth_unstable_by(n - 1, |a, b| b.cmp(a));
    }
    bounds[..n].sort_unstable_by(|a, b| b.cmp(a));
    bounds[..n].iter().map(|bound| bound.gain.max(0.0)).sum()
}

/// f of some elements, and what each adds to those before it.
pub(super) fn evaluate(objective: &Arc<dyn Objective>, elements: &[u32]) -> Result<Selection> {
    let mut prefix = Arc::clone(objective).prefix()?;
    let mut done = Selection { oracle_calls: elements.len() as u64, ..Selection::default() };
    done.elements = try_collect("the picks", elements.len(), elements.iter().copied())?;
    done.gains = try_with_capacity("the picks", elements.len())?;
    for &element in elements {
        done.gains.push(prefix.push(element)?.max(0.0));
    }
    done.value = done.gains.iter().sum();
    Ok(done)
}
