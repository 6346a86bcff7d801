//! Two guesses of the optimum: the ones between which they cease to be full. Symbols as in [`super::guesses`].
//!
//! Guess l is full, guess l + 1 is not, and each holds all candidates with f(v) >= τ. Let x = `x_l`. The better of the
//! two has at least max(x/2, OPT - (1 + ε)x/2) >= OPT / (2 + ε), whatever the coins, and however candidates were chosen.
//! If `kτ_l <= ε f(I_l)`, guess l need not be full: then OPT <= (1 + ε) `f(I_l)` already.
//!
//! After an update l moves until that holds again, in strides that double and then by halving, so that a giant that comes
//! or goes costs a few guesses and not all between. Guesses rest when they are left. One that is needed again catches up
//! with the candidates that changed since, if these are few, and is built anew otherwise. At most [`MOST_RESTING`] rest.
//!
//! Building a guess that is not full asks all candidates, which takes long if there are a million. So it is spread over
//! updates, as long as the bound is kept by what is known: let P be the picks of the last guess that was not full, some
//! of which may be gone, and τ its threshold. What came since and gains more than τ at P is counted (`Proof::surplus`), so
//! OPT <= f(P) + min(k, n)τ + surplus still holds. While the best guess has a share of 1 / (2 + ε) of that, an update
//! reads about [`SLICE`] values for it; otherwise it goes on to the end.

use std::sync::Arc;

use super::candidates::Candidates;
use super::counters::Counters;
use super::grid::Grid;
use super::guess::{Guess, Kind};
use super::objective::{Objective, Prefix};
use super::perm::{Budget, Terms};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_reserve;

/// Guesses that are kept although they are not in use.
pub(super) const MOST_RESTING: usize = 14;

/// Changes that a guess catches up with, whatever its size.
const FEW: usize = 64;

/// Values that an update reads to build guesses, per change: about two milliseconds. Few in tests, so that small
/// instances are built over several updates, too.
const SLICE: usize = if cfg!(test) { 12 } else { 1 << 19 };

/// A guess that took no more reads than these is as soon built again as kept.
const CHEAP: usize = 1 << 12;

/// A guess that follows the candidates, or rests.
pub(super) struct Kept {
    pub(super) guess: Guess,
    /// Changes of the log that it has seen.
    pub(super) n_seen: usize,
    /// When it was in use last.
    pub(super) used: u64,
}

/// What the last guess that was not full still says of the optimum.
pub(super) struct Proof {
    prefix: Box<dyn Prefix>,
    /// Whether it is needed.
    pub(super) is_used: bool,
    pub(super) picks: Vec<u32>,
    value: f64,
    pub(super) threshold: f64,
    /// By how much what came since exceeds the threshold, added up.
    pub(super) surplus: f64,
}

impl Proof {
    fn new(objective: &Arc<dyn Objective>) -> Result<Self> {
        Ok(Self {
            prefix: Arc::clone(objective).prefix()?,
            is_used: false,
            picks: Vec::new(),
            value: 0.0,
            threshold: 0.0,
            surplus: 0.0,
        })
    }

    /// From the picks of a guess that is not full, and its threshold.
    pub(super) fn begin(&mut self, picks: &[u32], threshold: f64) -> Result<()> {
        self.prefix.truncate(0);
        self.picks.clear();
        self.picks.extend_from_slice(picks);
        (self.value, self.surplus, self.threshold) = (0.0, 0.0, threshold);
        for &pick in picks {
            self.value += self.prefix.push(pick)?.max(0.0);
        }
        self.is_used = true;
        Ok(())
    }

    /// Takes account of candidates that may have come.
    fn follow(&mut self, touched: &[u32], ground: &Candidates) -> Result<()> {
        for &element in touched {
            // What came back adds nothing to picks that it is one of.
            let is_new = || ground.is_live(element) && !self.picks.contains(&element);
            if ground.worth(element) > self.threshold && is_new() {
                let gain = self.prefix.gain(self.picks.len(), element)?;
                self.surplus += (gain - self.threshold).max(0.0);
            }
        }
        Ok(())
    }
}

/// The two guesses between which they cease to be full.
pub(super) struct Pair {
    pub(super) grid: Grid,
    pub(super) kind: Kind,
    /// l and l + 1, if any candidate gains anything; they are the first two of `kept`.
    pub(super) low: Option<i32>,
    pub(super) kept: Vec<Kept>,
    /// Elements that changed since the guess that rests longest has followed.
    pub(super) log: Vec<u32>,
    pub(super) clock: u64,
    /// Used while guesses are being built.
    pub(super) proof: Proof,
    /// Picks of guess l + 1 after the last update that ended with all guesses built.
    pub(super) last: Vec<u32>,
    pub(super) lost: Counters,
    /// Guesses that are not given up while l moves: one that may be l, and one that is not full.
    held: [i32; 2],
}

impl Pair {
    pub(super) fn new(grid: Grid, kind: Kind, objective: &Arc<dyn Objective>) -> Result<Self> {
        Ok(Self {
            grid,
            kind,
            held: [0; 2],
            low: None,
            kept: Vec::new(),
            log: Vec::new(),
            clock: 0,
            proof: Proof::new(objective)?,
            last: Vec::new(),
            lost: Counters::default(),
        })
    }

    /// Follows the candidates `touched`.
    pub(super) fn update(&mut self, touched: &[u32], ground: &Candidates, exec: &Exec) -> Result<()> {
        self.clock += 1;
        try_reserve("the log of changes", &mut self.log, touched.len())?;
        self.log.extend_from_slice(touched);
        if ground.n_useful() == 0 {
            (self.low, self.proof.is_used) = (None, false);
        } else if let Some(low) = self.low {
            let budget = &mut Budget::of(SLICE);
            self.catch_up(0, ground, budget, exec)?;
            self.catch_up(1, ground, budget, exec)?;
            if self.proof.is_used || !self.is_ok(0) || !self.kept[1].guess.is_whole() {
                self.move_on(low, touched, ground, exec)?;
            }
        } else {
            // Nothing is worth as much as the bound. Fewer than k candidates are all picked if the threshold is low.
            let share = if ground.n_useful() < self.grid.k { self.grid.eps } else { 1.0 };
            let low = self.grid.index(share * ground.bound());
            self.cross(low, ground, &mut Budget::unlimited(), exec)?;
        }
        self.remember();
        self.trim(ground);
        Ok(())
    }

    /// Moves l, over several updates if the last proof allows it.
    fn move_on(&mut self, low: i32, touched: &[u32], ground: &Candidates, exec: &Exec) -> Result<()> {
        let mut budget = Budget::of(SLICE.saturating_mul(touched.len()));
        if self.cross(low, ground, &mut budget, exec)? {
            return Ok(());
        }
        if !self.proof.is_used {
            self.proof.begin(&self.last, self.grid.threshold(low + 1))?;
        }
        self.proof.follow(touched, ground)?;
        let value = self.active().map(|kept| kept.guess.value()).fold(0.0, f64::max);
        if value * (2.0 + self.grid.eps) < self.bound(ground) {
            self.cross(low, ground, &mut Budget::unlimited(), exec)?;
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    pub(super) fn bound(&self, ground: &Candidates) -> f64 {
        let n_picks = self.grid.k.min(ground.n_useful()) as f64;
        self.proof.value + n_picks * self.proof.threshold + self.proof.surplus
    }

    /// Keeps what the next proof is made of.
    fn remember(&mut self) {
        let is_built = self.low.is_some() && !self.proof.is_used;
        if let Some(high) = self.kept.get(1)
            && is_built
            && high.guess.picks() != self.last
        {
            self.last.clear();
            self.last.extend_from_slice(high.guess.picks());
        }
    }

    /// Whether guess l may stand at this place of `kept`.
    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    fn is_ok(&self, at: usize) -> bool {
        let guess = &self.kept[at].guess;
        let reach = self.grid.k as f64 * guess.terms().threshold;
        guess.is_full() || guess.is_whole() && reach <= self.grid.eps * guess.bound_value()
    }

    /// Moves l, from `start`, to where guess l may stand and guess l + 1 is not full. False if the budget ended before.
    fn cross(&mut self, start: i32, ground: &Candidates, budget: &mut Budget, exec: &Exec) -> Result<bool> {
        let (mut low, mut high) = (start, start + 1);
        let mut stride = 1;
        self.held = [low, high];
        let Some(mut at) = self.fetch(high, ground, budget, exec)? else { return Ok(false) };
        if self.kept[at].guess.is_full() {
            while self.kept[at].guess.is_full() {
                low = self.reach(at);
                high = low + stride;
                stride *= 2;
                self.held = [low, high];
                match self.fetch(high, ground, budget, exec)? {
                    Some(next) => at = next,
                    None => return Ok(false),
                }
            }
        } else {
            loop {
                let Some(at) = self.fetch(low, ground, budget, exec)? else { return Ok(false) };
                if self.is_ok(at) {
                    break;
                }
                (high, low, stride) = (low, low - stride, stride * 2);
                self.held = [low, high];
            }
        }
        while high - low > 1 {
            let middle = low.midpoint(high);
            let Some(at) = self.fetch(middle, ground, budget, exec)? else { return Ok(false) };
            if self.is_ok(at) {
                low = middle;
            } else {
                high = middle;
            }
            self.held = [low, high];
        }
        // The first two stay what they are until both are built.
        let Some(first) = self.fetch(low, ground, budget, exec)? else { return Ok(false) };
        let Some(second) = self.fetch(high, ground, budget, exec)? else { return Ok(false) };
        self.kept.swap(0, first);
        self.kept.swap(1, if second == 0 { first } else { second });
        (self.low, self.proof.is_used) = (Some(low), false);
        Ok(true)
    }

    /// Up to which guess all are known to be full if one is. In order, all with thresholds of at most its least gain make
    /// the same picks.
    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    fn reach(&self, at: usize) -> i32 {
        let guess = &self.kept[at].guess;
        if self.kind != Kind::Order {
            return guess.terms().index;
        }
        let least = guess.gains().iter().copied().fold(f64::INFINITY, f64::min);
        self.grid.index(2.0 * self.grid.k as f64 * least).max(guess.terms().index)
    }

    /// The place of a guess in `kept`, where it has followed all changes; none if the budget ends before all candidates
    /// that matter were asked.
    fn fetch(
        &mut self,
        index: i32,
        ground: &Candidates,
        budget: &mut Budget,
        exec: &Exec,
    ) -> Result<Option<usize>> {
        self.clock += 1;
        let found = self.kept.iter().position(|kept| kept.guess.terms().index == index);
        let at = match found.or_else(|| self.spare()) {
            Some(at) => at,
            None => {
                let guess = Guess::new(self.kind, ground, self.terms(index))?;
                self.kept.push(Kept { guess, n_seen: self.log.len(), used: 0 });
                self.kept.len() - 1
            }
        };
        if self.kept[at].guess.terms().index != index {
            self.reset(at, index);
        }
        if !self.can_catch_up(at) {
            self.reset(at, index);
        }
        self.catch_up(at, ground, budget, exec)?;
        let kept = &mut self.kept[at];
        kept.used = self.clock;
        Ok((kept.guess.is_full() || kept.guess.is_whole()).then_some(at))
    }

    /// A guess to give up for another, if there should be none more.
    fn spare(&self) -> Option<usize> {
        // The first two are what is shown until l has moved, and what was used just now may be needed again.
        let is_free = |&at: &usize| !self.held.contains(&self.kept[at].guess.terms().index);
        let others = (2..self.kept.len()).filter(is_free);
        let is_cheap =
            |&at: &usize| self.kept[at].guess.cost() < CHEAP && self.kept[at].used < self.clock - 1;
        let oldest = || others.clone().min_by_key(|&at| self.kept[at].used);
        let is_full = self.kept.len() >= MOST_RESTING + 2;
        others.clone().find(is_cheap).or_else(|| oldest().filter(|_| is_full))
    }

    pub(super) fn terms(&self, index: i32) -> Terms {
        Terms { index, threshold: self.grid.threshold(index), most: f64::INFINITY, k: self.grid.k }
    }

    fn reset(&mut self, at: usize, index: i32) {
        let terms = self.terms(index);
        let kept = &mut self.kept[at];
        kept.guess.reset(terms);
        kept.n_seen = self.log.len();
    }

    fn can_catch_up(&self, at: usize) -> bool {
        let kept = &self.kept[at];
        self.log.len() - kept.n_seen <= kept.guess.n_members() / 4 + FEW
    }

    fn catch_up(&mut self, at: usize, ground: &Candidates, budget: &mut Budget, exec: &Exec) -> Result<()> {
        let kept = &mut self.kept[at];
        if at > 1 {
            kept.guess.count_replayed(self.log.len() - kept.n_seen);
        }
        kept.guess.follow(&self.log[kept.n_seen..], ground, budget, exec)?;
        kept.n_seen = self.log.len();
        Ok(())
    }

    /// Forgets changes that no guess will ask for.
    fn trim(&mut self, ground: &Candidates) {
        if self.log.len() <= FEW + ground.n_live() {
            return;
        }
        let n_active = if self.low.is_some() { 2 } else { 0 };
        for at in (n_active..self.kept.len()).rev() {
            if !self.can_catch_up(at) {
                let gone = self.kept.remove(at);
                self.lost.add(gone.guess.counters());
            }
        }
        let n_seen = self.kept.iter().map(|kept| kept.n_seen).min().unwrap_or(self.log.len());
        if n_seen > self.log.len() / 2 {
            self.log.drain(..n_seen);
            self.kept.iter_mut().for_each(|kept| kept.n_seen -= n_seen);
        }
    }

    /// The guesses that have followed the candidates.
    pub(super) fn active(&self) -> impl Iterator<Item = &Kept> {
        let n = if self.low.is_some() { self.kept.len() } else { 0 };
        self.kept[..n].iter().filter(|kept| kept.n_seen == self.log.len())
    }
}
