//! One guess of the optimum: picks that are sampled many at a time among candidates of like gains.
//!
//! After Banihashem, Biabani, Goudarzi, Hajiaghayi, Jabbarzade and Monemizadeh ("Dynamic constrained submodular
//! optimization with polylogarithmic update time", ICML 2023, arXiv 2305.15192): levels, buckets of gains, sample sizes, and
//! deletions that only mark. The constants are ours, and so are the two guards below, which turn its bound in
//! expectation into one after every update.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | τ | `threshold` | a gain that is worth a pick: the guess over 2k |
//! | `R_i` | | candidates that gain τ at `G_{i-1}` (then they do at all before) |
//! | `B_i` | | the fullest bucket of `R_i` when level i was built: those of like gain at `G_{i-1}` |
//! | `S_i`, `G_i` | `sampled[..end]` | a random part of `B_i`; all of `S_1`, ..., `S_i`, some of which may be gone since |
//! | `Z_i` | `members` of a level (`levels.rs`) | candidates in `R_1`, ..., `R_i` and in no other |
//! | | `picks` | G without what is gone: the solution of this guess |
//!
//! # Steps
//! Level i is built from `R_i` (`sampling.rs` draws `S_i`); what gains τ at `G_i` is `R_{i+1}`, until G has k picks or nothing
//! gains τ. A newcomer enters the levels in whose `R_i` it is, and begins another one if it is in all and G is not
//! full. What leaves is taken out of its levels; if it is in G it stays there, but is not shown. If it comes back
//! before its level is built anew it is a pick again: a set holds it once. The lowest level is built anew, with all above,
//! - whose `R_i` has grown to 3/2 of what it was built from, or
//! - that has lost ε of its `B_i`. Which of these were in `S_i` does not matter, so that those left of `S_i` stay a
//!   random part of `B_i` if the stream does not depend on the draws.
//!
//! # Guards
//! Draws of a few trials may mislead, and a stream may delete what it was shown. So
//! 1. each `S_i` of m picks gains (1 - ε)m times the least gain of its bucket, or fewer are drawn; one always gains that;
//! 2. if the picks that are left are worth less than (1 - ε)² of what the guess must hold, which is kτ if G has k
//!    picks and f(G) otherwise, the lowest level that lost one is built anew.
//!
//! So `f(picks) >= (1 - ε)² kτ` if G is full. Otherwise no candidate gains τ at G: OPT <= f(G) + min(k, n)τ, where
//! `f(picks) >= (1 - ε)² f(G)`. All bounds of [`super::guesses`] hold with (1 - ε)² of the value.
//!
//! # Cost
//! Polylogarithmic in n and k per update, amortised and in expectation, if the stream does not look at the draws (the paper; its
//! proof has more trials, and its exponents are large). An update that builds a level anew asks its whole `R_i`: no limit
//! is set to what one update takes. Memory: the prefix of the objective, 16 bytes per element of the universe (touched
//! only at members) and 4 per member.

use std::sync::Arc;

use super::asking::{How, UNITS, ask, ask_gains};
use super::candidates::Candidates;
use super::counters::Counters;
use super::levels::{Level, Levels};
use super::objective::{Objective, Prefix, is_worth};
use super::perm::Terms;
use super::sampling::{Buckets, Sampling, sample};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity};
use crate::rng::{Domain, ShortStream, key};

pub(super) struct BucketGuess {
    pub(super) terms: Terms,
    pub(super) is_begun: bool,
    pub(super) eps: f64,
    seed: u64,
    objective: Arc<dyn Objective>,
    prefix: Box<dyn Prefix>,
    /// G, and what each gains at those before it.
    pub(super) sampled: Vec<u32>,
    pub(super) sampled_gains: Vec<f64>,
    /// Places in G of what is gone, rising.
    gone: Vec<usize>,
    pub(super) levels: Levels,
    /// Values read since it was empty, about.
    pub(super) cost: usize,
    /// Levels built so far: the number of the draws.
    pub(super) n_builds: u64,
    pub(super) counters: Counters,
    pub(super) picks: Vec<u32>,
    pub(super) gains: Vec<f64>,
    value: f64,
    /// f(G).
    sampled_value: f64,
}

impl BucketGuess {
    pub(super) fn new(ground: &Candidates, terms: Terms, (eps, seed): (f64, u64)) -> Result<Self> {
        Ok(Self {
            terms,
            is_begun: false,
            eps,
            seed,
            prefix: Arc::clone(&ground.objective).prefix()?,
            objective: Arc::clone(&ground.objective),
            sampled: Vec::new(),
            sampled_gains: Vec::new(),
            gone: Vec::new(),
            levels: Levels::new(ground.n_elements())?,
            cost: 0,
            n_builds: 0,
            counters: Counters::default(),
            picks: Vec::new(),
            gains: Vec::new(),
            value: 0.0,
            sampled_value: 0.0,
        })
    }

    /// Empties the guess for other terms, with no candidate asked.
    pub(super) fn reset(&mut self, terms: Terms) {
        self.cut(0);
        self.show_all();
        (self.terms, self.is_begun, self.cost) = (terms, false, 0);
    }

    /// f of the picks.
    pub(super) fn value(&self) -> f64 {
        self.value
    }

    /// f of the picks and of those that are gone.
    pub(super) fn sampled_value(&self) -> f64 {
        self.sampled_value
    }

    pub(super) fn is_full(&self) -> bool {
        self.sampled.len() == self.terms.k
    }

    /// Follows candidates that came, left, or both. After an error the guess is of no use but to be
    /// [`BucketGuess::reset`].
    pub(super) fn follow(&mut self, touched: &[u32], ground: &Candidates, exec: &Exec) -> Result<()> {
        if !self.is_begun {
            return self.begin(ground, exec);
        }
        let mut coming = Vec::new();
        let n_gone = self.gone.len();
        let mut is_changed = false;
        for &element in touched {
            if !self.terms.admit(ground.worth(element)) {
                continue;
            }
            self.forget(element)?;
            if !ground.is_live(element) {
                continue;
            }
            if let Some(place) = self.gone.iter().position(|&at| self.sampled[at] == element) {
                let at = self.gone.remove(place);
                self.join(element, self.levels.list.partition_point(|level| level.end <= at))?;
                is_changed = true;
            } else {
                coming.push((ground.rank(element), element));
            }
        }
        is_changed |= self.gone.len() != n_gone;
        // An element may have been touched twice.
        coming.sort_unstable();
        coming.dedup();
        let mut pool = self.take_in(&coming, exec)?;
        let first = self.levels.first_damaged(pool.len(), self.eps);
        if first < self.levels.len() || !pool.is_empty() {
            self.release(first, &mut pool, ground)?;
            self.build(pool, exec)?;
            is_changed = true;
        }
        if is_changed { self.weigh(ground, exec) } else { Ok(()) }
    }

    /// Builds all levels.
    fn begin(&mut self, ground: &Candidates, exec: &Exec) -> Result<()> {
        self.is_begun = true;
        self.counters.bulk_builds += 1;
        let mut pool = Vec::new();
        ground.after(0, (self.terms.threshold, usize::MAX), &mut pool)?;
        pool.retain(|&(_, element)| ground.worth(element) < self.terms.most);
        pool.iter().for_each(|&(_, element)| self.levels.set_stamp(element, self.n_builds));
        self.build(pool, exec)?;
        self.show_all();
        Ok(())
    }

    /// Removes an element from the levels if it is in any, and counts it in each `B_i` that it was in.
    fn forget(&mut self, element: u32) -> Result<()> {
        let Some(level) = self.levels.level_of(element) else { return Ok(()) };
        let start = self.levels.start(level);
        let picks = &self.sampled[start..self.levels.list[level].end];
        let place = picks.iter().position(|&pick| pick == element);
        if self.levels.stamp(element) < self.levels.list[level].build {
            self.count_in_buckets(element, level, place.is_some())?;
        }
        self.levels.remove(element, level);
        if let Some(place) = place {
            let before = self.gone.partition_point(|&at| at < start + place);
            self.gone.insert(before, start + place);
        }
        Ok(())
    }

    /// Of the levels up to this one, those that were built after an element came had it in their `R_i`, and in their `B_i` if
    /// its gain at `G_{i-1}` was of that bucket, which does not change while the level stays.
    fn count_in_buckets(&mut self, element: u32, level: usize, is_pick: bool) -> Result<()> {
        let buckets = self.buckets();
        let mut drops = vec![0.0; self.sampled.len() + 1];
        // A pick may be asked only at prefixes without it.
        let has_profile = !is_pick && self.prefix.profile(element, 1.0, &mut drops);
        self.counters.scans += u64::from(has_profile);
        self.cost += self.objective.cost(element, self.sampled.len());
        let (mut gain, mut end) = (0.0, drops.len());
        for i in (0..=level).rev() {
            if self.levels.stamp(element) >= self.levels.list[i].build {
                break;
            }
            let start = self.levels.start(i);
            if has_profile {
                gain += drops[start..end].iter().rev().sum::<f64>();
                end = start;
            } else {
                gain = self.prefix.gain(start, element)?;
                self.counters.value_calls += 1;
            }
            let level = &mut self.levels.list[i];
            level.n_left += usize::from(buckets.of(gain) == level.bucket);
        }
        Ok(())
    }

    pub(super) fn buckets(&self) -> Buckets {
        Buckets::new(self.terms.threshold, self.terms.k, self.eps)
    }

    /// Newcomers enter the levels. Those that are in all, if G is not full, are returned.
    #[expect(clippy::cast_possible_truncation, reason = "picks are elements")]
    fn take_in(&mut self, coming: &[(u64, u32)], exec: &Exec) -> Result<Vec<(u64, u32)>> {
        let elements = try_collect("newcomers", coming.len(), coming.iter().map(|&(_, element)| element))?;
        let mut depths = try_with_capacity("the depths of newcomers", coming.len())?;
        depths.resize(coming.len(), 1);
        let n = self.sampled.len();
        let len = n.min(self.terms.k - 1);
        let how = self.how(&elements, exec)?;
        let terms = (len, self.terms.threshold);
        let calls = ask(self.prefix.as_ref(), terms, &elements, &mut depths, &how, exec)?;
        self.counters.add_calls(calls);
        let mut pool = try_with_capacity("newcomers", coming.len())?;
        for (&newcomer, &depth) in coming.iter().zip(&depths) {
            if depth > n as u32 {
                self.levels.set_stamp(newcomer.1, self.n_builds);
                pool.push(newcomer);
            } else {
                // The prefix of so many picks is not worth it: the level that has the next one is not either.
                self.join(newcomer.1, self.levels.list.partition_point(|level| level.end < depth as usize))?;
            }
        }
        Ok(pool)
    }

    fn join(&mut self, element: u32, level: usize) -> Result<()> {
        self.levels.set_stamp(element, self.n_builds);
        self.levels.put(element, level)
    }

    /// Drops levels. What was in the `R_i` of the first one goes into `pool`.
    fn release(&mut self, first: usize, pool: &mut Vec<(u64, u32)>, ground: &Candidates) -> Result<()> {
        self.levels.collect(first, pool, ground)?;
        self.cut(first);
        Ok(())
    }

    fn cut(&mut self, first: usize) {
        let kept = self.levels.start(first);
        self.levels.truncate(first);
        if kept < self.sampled.len() {
            self.prefix.truncate(kept);
            self.sampled.truncate(kept);
            self.sampled_gains.truncate(kept);
            self.gone.retain(|&place| place < kept);
        }
    }

    /// Builds levels from the `R_i` of the next one.
    fn build(&mut self, mut pool: Vec<(u64, u32)>, exec: &Exec) -> Result<()> {
        // Draws are made by place in the order, which does not depend on what came and went.
        pool.sort_unstable();
        let mut elements: Vec<u32> =
            try_collect("the members of a guess", pool.len(), pool.iter().map(|&(_, element)| element))?;
        drop(pool);
        let mut gains = self.gains_of(&elements, exec)?;
        while !elements.is_empty() && !self.is_full() {
            self.counters.rebuilds += 1;
            self.counters.rebuilt_elements += elements.len() as u64;
            let level = self.levels.len();
            self.begin_level(&elements, &gains, exec)?;
            // Picks are in the level already.
            elements.retain(|&element| self.levels.level_of(element).is_none());
            if self.is_full() {
                elements.drain(..).try_for_each(|element| self.levels.put(element, level))?;
                break;
            }
            gains = self.gains_of(&elements, exec)?;
            let mut kept = 0;
            for i in 0..elements.len() {
                if is_worth(gains[i], self.terms.threshold) {
                    (elements[kept], gains[kept]) = (elements[i], gains[i]);
                    kept += 1;
                } else {
                    self.levels.put(elements[i], level)?;
                }
            }
            elements.truncate(kept);
            gains.truncate(kept);
        }
        Ok(())
    }

    /// Samples from the fullest bucket of an `R_i`, given with its gains.
    fn begin_level(&mut self, elements: &[u32], gains: &[f64], exec: &Exec) -> Result<()> {
        let buckets = self.buckets();
        let (bucket, mut members) = buckets.fullest(elements, gains)?;
        #[cfg(test)]
        let frozen = Some(members.clone());
        self.n_builds += 1;
        let sampling = Sampling {
            threshold: buckets.least(bucket),
            most: self.terms.k - self.sampled.len(),
            eps: self.eps,
        };
        let unit = key(self.seed, Domain::Sample, u64::from(self.terms.index.cast_unsigned()));
        let draws = &mut ShortStream::new(unit, self.n_builds);
        let sampled = sample(self.prefix.as_mut(), &mut members, sampling, draws, exec)?;
        self.counters.value_calls += sampled.n_asked;
        let n = self.sampled.len();
        let each = members.first().map_or(0, |&element| self.objective.cost(element, n));
        self.cost += each * usize::try_from(sampled.n_asked).unwrap_or(0);
        let picks = &members[..sampled.gains.len()];
        self.sampled.extend_from_slice(picks);
        self.sampled_gains.extend_from_slice(&sampled.gains);
        let level = self.levels.len();
        self.levels.list.push(Level {
            end: self.sampled.len(),
            bucket,
            n_bucket: members.len(),
            n_left: 0,
            n_built: elements.len(),
            build: self.n_builds,
            members: Vec::new(),
            #[cfg(test)]
            frozen,
        });
        picks.iter().try_for_each(|&pick| self.levels.put(pick, level))
    }

    /// The gains of elements at G.
    fn gains_of(&mut self, elements: &[u32], exec: &Exec) -> Result<Vec<f64>> {
        let mut gains = try_with_capacity("the gains of members", elements.len())?;
        gains.resize(elements.len(), 0.0);
        if !self.is_full() {
            self.counters.value_calls += elements.len() as u64;
            let how = self.how(elements, exec)?;
            ask_gains(self.prefix.as_ref(), self.sampled.len(), elements, &mut gains, &how, exec)?;
        }
        Ok(gains)
    }

    /// How to ask elements beside G, which is counted.
    fn how(&mut self, elements: &[u32], exec: &Exec) -> Result<How> {
        let (n, cost) = (self.sampled.len(), self.cost);
        self.cost += elements.iter().map(|&element| self.objective.cost(element, n)).sum::<usize>();
        if self.cost / UNITS > cost / UNITS {
            exec.checkpoint(0)?;
        }
        Ok(How::new(&*self.objective, elements.len(), self.cost - cost))
    }

    fn show_all(&mut self) {
        self.picks.clone_from(&self.sampled);
        self.gains.clone_from(&self.sampled_gains);
        self.sampled_value = self.sampled_gains.iter().sum();
        self.value = self.sampled_value;
    }

    /// Asks what the picks that are left are worth. If that is too little, builds anew what lost some of them.
    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    fn weigh(&mut self, ground: &Candidates, exec: &Exec) -> Result<()> {
        self.show_all();
        let Some(&first) = self.gone.first() else { return Ok(()) };
        self.show_left(first)?;
        let reach = self.terms.k as f64 * self.terms.threshold;
        let wanted = if self.is_full() { reach } else { self.sampled_value };
        if !is_worth(self.value, (1.0 - self.eps).powi(2) * wanted) {
            let mut pool = Vec::new();
            self.release(self.levels.list.partition_point(|level| level.end <= first), &mut pool, ground)?;
            self.build(pool, exec)?;
            self.show_all();
        }
        Ok(())
    }

    /// Makes the picks those of G that are not gone, of which the first one is at `first`.
    fn show_left(&mut self, first: usize) -> Result<()> {
        let mut next = 0;
        self.picks.clear();
        for (at, &pick) in self.sampled.iter().enumerate() {
            if self.gone.get(next) == Some(&at) {
                next += 1;
            } else {
                self.picks.push(pick);
            }
        }
        self.gains.truncate(first);
        self.prefix.truncate(first);
        for &pick in &self.picks[first..] {
            self.gains.push(self.prefix.push(pick)?.max(0.0));
        }
        self.prefix.truncate(first);
        for &pick in &self.sampled[first..] {
            self.prefix.push(pick)?;
        }
        self.counters.value_calls += (self.picks.len() + self.sampled.len() - 2 * first) as u64;
        self.value = self.gains.iter().sum();
        Ok(())
    }

    /// Takes up the levels that a guess of these terms had: their picks, and members with their stamps. False if no guess can
    /// have them.
    pub(super) fn restore(&mut self, sampled: &[u32], levels: Vec<(Level, Vec<u64>)>) -> Result<bool> {
        if sampled.len() > self.terms.k || levels.last().map_or(0, |(level, _)| level.end) != sampled.len() {
            return Ok(false);
        }
        for &pick in sampled {
            if self.sampled.contains(&pick) {
                return Ok(false);
            }
            self.sampled.push(pick);
            self.sampled_gains.push(self.prefix.push(pick)?.max(0.0));
        }
        for (at, (mut level, stamps)) in levels.into_iter().enumerate() {
            let members = std::mem::take(&mut level.members);
            if level.end <= self.levels.start(at) {
                return Ok(false);
            }
            self.levels.list.push(level);
            for (&member, &stamp) in members.iter().zip(&stamps) {
                let place = self.sampled.iter().position(|&pick| pick == member);
                let is_here = |place| (self.levels.start(at)..self.levels.list[at].end).contains(&place);
                if self.levels.level_of(member).is_some() || !place.is_none_or(is_here) {
                    return Ok(false);
                }
                self.levels.put(member, at)?;
                self.levels.set_stamp(member, stamp);
            }
        }
        self.gone =
            (0..self.sampled.len()).filter(|&at| self.levels.level_of(self.sampled[at]).is_none()).collect();
        self.show_all();
        let (first, counters) = (self.gone.first().copied(), self.counters);
        first.map_or(Ok(()), |first| self.show_left(first))?;
        self.counters = counters;
        Ok(true)
    }
}
