//! Which guesses of the optimum are kept: all that a candidate matters to, or the two between which they cease to be full.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | `x_i` | `Grid::power(i)` | guess i: (1 + ε)^i |
//! | `τ_i` | `Grid::threshold(i)` | `x_i` / 2k |
//! | I | picks of a guess | full if they are k |
//!
//! A full guess has f(I) >= `kτ_i = x_i / 2`. In a guess that is not full no candidate gains `τ_i`, so that
//! `OPT <= f(I) + min(k, n)τ_i`: such a guess is also an upper bound.
//!
//! # All
//! Guess i holds the candidates with `τ_i <= f(v) < x_{i+1}`. That with `x_i <= OPT < x_{i+1}` holds all that can matter, and
//! both cases above give it a value of at least OPT / (2(1 + ε)).
//!
//! # Pair
//! Guess l is full, guess l + 1 is not, and each holds all candidates with f(v) >= τ. Let x = `x_l`. The better of the
//! two has at least max(x/2, OPT - (1 + ε)x/2) >= OPT / (2 + ε), whatever the coins, and however candidates were chosen.
//! If `kτ_l <= ε f(I_l)`, guess l need not be full: then OPT <= (1 + ε) `f(I_l)` already.
//!
//! After an update l moves until that holds again, in strides that double and then by halving, so that a giant that comes
//! or goes costs a few guesses and not all between. Guesses rest when they are left. One that is needed again catches up
//! with the candidates that changed since, if these are few, and is built anew otherwise. At most [`MOST_RESTING`] rest.

use std::collections::BTreeMap;

use super::candidates::Candidates;
use super::counters::Counters;
use super::grid::Grid;
use super::objective::is_worth;
use super::perm::{PermGuess, Terms};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_reserve};
use crate::rng::{Domain, key};

/// Guesses that are kept although they are not in use.
pub(super) const MOST_RESTING: usize = 14;

/// Changes that a guess catches up with, whatever its size.
const FEW: usize = 64;

/// Numbers the guesses that were ever begun; each has randomness of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub(super) seed: u64,
    pub(super) n_made: u64,
}

impl Keys {
    fn terms(&mut self, grid: Grid, index: i32) -> Terms {
        self.n_made += 1;
        let key = key(self.seed, Domain::Guess, self.n_made);
        Terms { index, threshold: grid.threshold(index), k: grid.k, key }
    }
}

/// A guess that follows the candidates, or rests.
pub(super) struct Kept {
    pub(super) guess: PermGuess,
    /// Changes of the log that it has seen.
    pub(super) n_seen: usize,
    /// When it was in use last.
    pub(super) used: u64,
}

/// The two guesses between which they cease to be full.
pub(super) struct Pair {
    pub(super) grid: Grid,
    pub(super) keys: Keys,
    /// l and l + 1, if any candidate gains anything; they are the first two of `kept`.
    pub(super) low: Option<i32>,
    pub(super) kept: Vec<Kept>,
    /// Elements that changed since the guess that rests longest has followed.
    pub(super) log: Vec<u32>,
    pub(super) clock: u64,
    pub(super) lost: Counters,
}

impl Pair {
    pub(super) fn new(grid: Grid, seed: u64) -> Self {
        let keys = Keys { seed, n_made: 0 };
        Self { grid, keys, low: None, kept: Vec::new(), log: Vec::new(), clock: 0, lost: Counters::default() }
    }

    /// Follows the candidates `touched`.
    pub(super) fn update(&mut self, touched: &[u32], ground: &Candidates, exec: &Exec) -> Result<()> {
        self.clock += 1;
        try_reserve("the log of changes", &mut self.log, touched.len())?;
        self.log.extend_from_slice(touched);
        if ground.n_useful() == 0 {
            self.low = None;
        } else if let Some(low) = self.low {
            self.catch_up(0, ground, exec)?;
            self.catch_up(1, ground, exec)?;
            if self.kept[1].guess.is_full() || !self.is_ok(0) {
                self.cross(low, ground, exec)?;
            }
        } else {
            let low = self.grid.index(ground.largest());
            self.cross(low, ground, exec)?;
        }
        self.trim(ground);
        Ok(())
    }

    /// Whether guess l may stand at this place of `kept`.
    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    fn is_ok(&self, at: usize) -> bool {
        let guess = &self.kept[at].guess;
        guess.is_full() || self.grid.k as f64 * guess.terms.threshold <= self.grid.eps * guess.value()
    }

    /// Moves l, from `start`, to where guess l may stand and guess l + 1 is not full.
    fn cross(&mut self, start: i32, ground: &Candidates, exec: &Exec) -> Result<()> {
        let (mut low, mut high) = (start, start + 1);
        let mut stride = 1;
        let at = self.fetch(high, ground, exec)?;
        if self.kept[at].guess.is_full() {
            low = high;
            loop {
                high = low + stride;
                let at = self.fetch(high, ground, exec)?;
                if !self.kept[at].guess.is_full() {
                    break;
                }
                (low, stride) = (high, stride * 2);
            }
        } else {
            loop {
                let at = self.fetch(low, ground, exec)?;
                if self.is_ok(at) {
                    break;
                }
                (high, low, stride) = (low, low - stride, stride * 2);
            }
        }
        while high - low > 1 {
            // The ends stay: built again, they might be full or not by other coins.
            self.fetch(low, ground, exec)?;
            self.fetch(high, ground, exec)?;
            let middle = low.midpoint(high);
            let at = self.fetch(middle, ground, exec)?;
            if self.is_ok(at) {
                low = middle;
            } else {
                high = middle;
            }
        }
        for (to, index) in [(0, low), (1, high)] {
            let at = self.fetch(index, ground, exec)?;
            self.kept.swap(to, at);
        }
        self.low = Some(low);
        Ok(())
    }

    /// The place of a guess in `kept`, where it has followed all changes.
    fn fetch(&mut self, index: i32, ground: &Candidates, exec: &Exec) -> Result<usize> {
        self.clock += 1;
        let at = match self.kept.iter().position(|kept| kept.guess.terms.index == index) {
            Some(at) if self.can_catch_up(at) => {
                self.kept[at].guess.counters.replayed += (self.log.len() - self.kept[at].n_seen) as u64;
                self.catch_up(at, ground, exec)?;
                at
            }
            Some(at) => self.build(at, index, ground, exec)?,
            None if self.kept.len() < MOST_RESTING + 2 => {
                let terms = self.keys.terms(self.grid, index);
                let guess = PermGuess::new(ground, terms)?;
                self.kept.push(Kept { guess, n_seen: 0, used: 0 });
                self.build(self.kept.len() - 1, index, ground, exec)?
            }
            None => {
                let oldest = (0..self.kept.len()).min_by_key(|&at| self.kept[at].used).unwrap_or(0);
                self.build(oldest, index, ground, exec)?
            }
        };
        self.kept[at].used = self.clock;
        Ok(at)
    }

    fn build(&mut self, at: usize, index: i32, ground: &Candidates, exec: &Exec) -> Result<usize> {
        let terms = self.keys.terms(self.grid, index);
        let kept = &mut self.kept[at];
        kept.guess.reset(terms);
        kept.guess.build(ground, exec)?;
        kept.n_seen = self.log.len();
        Ok(at)
    }

    fn can_catch_up(&self, at: usize) -> bool {
        let kept = &self.kept[at];
        self.log.len() - kept.n_seen <= kept.guess.n_members() / 4 + FEW
    }

    fn catch_up(&mut self, at: usize, ground: &Candidates, exec: &Exec) -> Result<()> {
        let kept = &mut self.kept[at];
        kept.guess.follow(&self.log[kept.n_seen..], ground, exec)?;
        kept.n_seen = self.log.len();
        Ok(())
    }

    /// Forgets changes that no guess will ask for.
    fn trim(&mut self, ground: &Candidates) {
        if self.log.len() <= FEW + ground.n_live() {
            return;
        }
        for at in (self.active().len()..self.kept.len()).rev() {
            if !self.can_catch_up(at) {
                let gone = self.kept.remove(at);
                self.lost.add(gone.guess.counters);
            }
        }
        let n_seen = self.kept.iter().map(|kept| kept.n_seen).min().unwrap_or(self.log.len());
        if n_seen > self.log.len() / 2 {
            self.log.drain(..n_seen);
            self.kept.iter_mut().for_each(|kept| kept.n_seen -= n_seen);
        }
    }

    /// The two guesses that follow the candidates, if there are any.
    pub(super) fn active(&self) -> &[Kept] {
        if self.low.is_some() { &self.kept[..2] } else { &[] }
    }
}

/// All guesses that some candidate matters to.
pub(super) struct All {
    pub(super) grid: Grid,
    pub(super) keys: Keys,
    pub(super) guesses: BTreeMap<i32, PermGuess>,
    /// Whether the guesses were dropped, and candidates are in none.
    pub(super) is_stale: bool,
    pub(super) lost: Counters,
}

impl All {
    pub(super) fn new(grid: Grid, seed: u64) -> Self {
        let keys = Keys { seed, n_made: 0 };
        Self { grid, keys, guesses: BTreeMap::new(), is_stale: false, lost: Counters::default() }
    }

    /// Follows the candidates `touched`, each guess on its own.
    pub(super) fn update(&mut self, touched: &[u32], ground: &Candidates, exec: &Exec) -> Result<()> {
        let live = if self.is_stale { ground.live()? } else { Vec::new() };
        let touched = if self.is_stale { &live } else { touched };
        self.begin_guesses(touched, ground)?;
        let grid = self.grid;
        let guesses: Vec<_> = self.guesses.iter_mut().map(|(_, guess)| guess).collect();
        let follow = |_, guess: &mut PermGuess| {
            let most = grid.power(guess.terms.index + 1);
            let mine: Vec<u32> =
                touched.iter().copied().filter(|&element| ground.worth(element) < most).collect();
            guess.follow(&mine, ground, exec)
        };
        let here = exec.on_this_thread();
        let is_parallel = ground.objective.is_parallel() && touched.len() > FEW;
        if is_parallel { exec } else { &here }.map_items(guesses, follow)?;
        let lost = &mut self.lost;
        self.guesses.retain(|_, guess| {
            let stays = guess.n_members() > 0;
            if !stays {
                lost.add(guess.counters);
            }
            stays
        });
        self.is_stale = false;
        Ok(())
    }

    /// Makes sure that there is each guess to which one of these candidates matters. One that is not there yet would be
    /// empty.
    fn begin_guesses(&mut self, touched: &[u32], ground: &Candidates) -> Result<()> {
        let live = touched.iter().filter(|&&element| ground.is_live(element));
        let worths = live.map(|&element| ground.worth(element)).filter(|&worth| worth >= f64::MIN_POSITIVE);
        let mut worths = try_collect("the worth of changes", touched.len(), worths)?;
        worths.sort_unstable_by(f64::total_cmp);
        let mut next = i32::MIN;
        for worth in worths {
            let mut index = next.max(self.grid.index(worth) - 1);
            while self.grid.power(index + 1) <= worth {
                index += 1;
            }
            while is_worth(worth, self.grid.threshold(index)) {
                if !self.guesses.contains_key(&index) {
                    let terms = self.keys.terms(self.grid, index);
                    self.guesses.insert(index, PermGuess::new(ground, terms)?);
                }
                index += 1;
            }
            next = index;
        }
        Ok(())
    }

    /// Guesses that hold all candidates that are worth τ: what is worth more than they may hold is not there.
    fn whole(&self) -> impl Iterator<Item = &PermGuess> {
        // The last guess is the last one that the best candidate matters to.
        let last = self.guesses.keys().next_back().copied().unwrap_or(0);
        let most = self.grid.threshold(last + 1);
        self.guesses.values().filter(move |guess| self.grid.power(guess.terms.index + 1) >= most)
    }
}

/// The guesses of a maximiser.
pub(super) enum GuessSet {
    Pair(Pair),
    All(All),
}

impl GuessSet {
    pub(super) fn update(&mut self, touched: &[u32], ground: &Candidates, exec: &Exec) -> Result<()> {
        match self {
            Self::Pair(pair) => pair.update(touched, ground, exec),
            Self::All(all) => all.update(touched, ground, exec),
        }
    }

    /// Drops all guesses; the next update builds them anew.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Pair(pair) => {
                pair.low = None;
                pair.log.clear();
                pair.kept.drain(..).for_each(|kept| pair.lost.add(kept.guess.counters));
            }
            Self::All(all) => {
                std::mem::take(&mut all.guesses).values().for_each(|guess| all.lost.add(guess.counters));
                all.is_stale = true;
            }
        }
    }

    /// The guesses that follow the candidates.
    pub(super) fn active(&self) -> Box<dyn Iterator<Item = &PermGuess> + '_> {
        match self {
            Self::Pair(pair) => Box::new(pair.active().iter().map(|kept| &kept.guess)),
            Self::All(all) => Box::new(all.guesses.values()),
        }
    }

    /// The most valuable guess; of equals the one with the higher index.
    pub(super) fn best(&self) -> Option<&PermGuess> {
        self.active().max_by(|a, b| a.value().total_cmp(&b.value()).then(a.terms.index.cmp(&b.terms.index)))
    }

    /// What no k candidates are worth more than.
    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    pub(super) fn upper_bound(&self, ground: &Candidates) -> f64 {
        let (k, whole): (_, Box<dyn Iterator<Item = &PermGuess>>) = match self {
            Self::Pair(pair) => (pair.grid.k, Box::new(pair.active().iter().map(|kept| &kept.guess))),
            Self::All(all) => (all.grid.k, Box::new(all.whole())),
        };
        if ground.n_useful() == 0 {
            return 0.0;
        }
        let n_picks = k.min(ground.n_useful()) as f64;
        let bounds = whole.filter(|guess| !guess.is_full());
        bounds.map(|guess| guess.value() + n_picks * guess.terms.threshold).fold(f64::INFINITY, f64::min)
    }

    pub(super) fn counters(&self) -> Counters {
        let (mut sum, all): (_, Box<dyn Iterator<Item = &PermGuess>>) = match self {
            Self::Pair(pair) => (pair.lost, Box::new(pair.kept.iter().map(|kept| &kept.guess))),
            Self::All(all) => (all.lost, Box::new(all.guesses.values())),
        };
        all.for_each(|guess| sum.add(guess.counters));
        sum
    }
}
