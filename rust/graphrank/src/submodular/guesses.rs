//! Guesses of the optimum.
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
//! A guess by random parts ([`super::bucket`]) may hold picks that are gone. They count as picks in both sentences, and what
//! is left of them is worth (1 - ε)² of what these say: so are the bounds, which are told for the other kind.
//!
//! Which guesses are kept: all that a candidate matters to ([`super::all`]), or the two between which they cease to be
//! full ([`super::pair`]).

use super::all::All;
use super::candidates::Candidates;
use super::counters::Counters;
use super::guess::Guess;
use super::pair::Pair;
use crate::error::Result;
use crate::exec::Exec;

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
                (pair.low, pair.proof.is_used) = (None, false);
                pair.log.clear();
                pair.kept.drain(..).for_each(|kept| pair.lost.add(kept.guess.counters()));
            }
            Self::All(all) => {
                std::mem::take(&mut all.guesses).values().for_each(|guess| all.lost.add(guess.counters()));
                all.is_stale = true;
            }
        }
    }

    /// Asks for another number of picks; the guesses must have been dropped.
    pub(super) fn set_k(&mut self, k: usize) {
        match self {
            Self::Pair(pair) => pair.grid.k = k,
            Self::All(all) => all.grid.k = k,
        }
    }

    /// The guesses that follow the candidates.
    pub(super) fn active(&self) -> Box<dyn Iterator<Item = &Guess> + '_> {
        match self {
            Self::Pair(pair) => Box::new(pair.active().map(|kept| &kept.guess)),
            Self::All(all) => Box::new(all.guesses.values()),
        }
    }

    /// The most valuable guess; of equals the one with the higher index.
    pub(super) fn best(&self) -> Option<&Guess> {
        self.active()
            .max_by(|a, b| a.value().total_cmp(&b.value()).then(a.terms().index.cmp(&b.terms().index)))
    }

    /// What no k candidates are worth more than.
    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    pub(super) fn upper_bound(&self, ground: &Candidates) -> f64 {
        if ground.n_useful() == 0 {
            return 0.0;
        }
        let (k, first, guesses): (_, _, Box<dyn Iterator<Item = &Guess>>) = match self {
            Self::Pair(pair) => {
                let first = pair.proof.is_used.then(|| pair.bound(ground));
                (pair.grid.k, first, Box::new(pair.active().map(|kept| &kept.guess)))
            }
            Self::All(all) => (all.grid.k, None, Box::new(all.whole())),
        };
        let n_picks = k.min(ground.n_useful()) as f64;
        let bounds = guesses.filter(|guess| guess.is_whole());
        let bounds = bounds.map(|guess| guess.bound_value() + n_picks * guess.terms().threshold);
        // If each pick is worth as much as the best candidate. All guesses may be full, so there may be no other bound.
        bounds.chain(first).fold((n_picks * ground.bound()).min(f64::MAX), f64::min)
    }

    pub(super) fn counters(&self) -> Counters {
        let (mut sum, all): (_, Box<dyn Iterator<Item = &Guess>>) = match self {
            Self::Pair(pair) => (pair.lost, Box::new(pair.kept.iter().map(|kept| &kept.guess))),
            Self::All(all) => (all.lost, Box::new(all.guesses.values())),
        };
        all.for_each(|guess| sum.add(guess.counters()));
        sum
    }
}
