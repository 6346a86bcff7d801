//! One guess of the optimum, of either kind: [`super::perm`] or [`super::bucket`].

use super::bucket::BucketGuess;
use super::candidates::Candidates;
use super::counters::Counters;
use super::order::END;
use super::perm::{Budget, PermGuess, Terms};
use crate::error::Result;
use crate::exec::Exec;

/// How a guess picks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Candidates one by one, in their order.
    Order,
    /// Random parts of buckets of like gains.
    Buckets { eps: f64, seed: u64 },
}

/// A guess of the optimum.
pub(super) enum Guess {
    Perm(PermGuess),
    Bucket(BucketGuess),
}

impl Guess {
    pub(super) fn new(kind: Kind, ground: &Candidates, terms: Terms) -> Result<Self> {
        Ok(match kind {
            Kind::Order => Self::Perm(PermGuess::new(ground, terms)?),
            Kind::Buckets { eps, seed } => Self::Bucket(BucketGuess::new(ground, terms, (eps, seed))?),
        })
    }

    /// Empties the guess for other terms, with no candidate asked.
    pub(super) fn reset(&mut self, terms: Terms) {
        match self {
            Self::Perm(guess) => guess.reset(terms),
            Self::Bucket(guess) => guess.reset(terms),
        }
    }

    /// Says that there are no candidates to be asked.
    pub(super) fn begin_empty(&mut self) {
        match self {
            Self::Perm(guess) => guess.frontier = END,
            Self::Bucket(guess) => guess.is_begun = true,
        }
    }

    /// Follows candidates that came, left, or both. One that picks in order goes on as far as `budget` allows, the other
    /// to the end. After an error the guess is of no use but to be [`Guess::reset`].
    pub(super) fn follow(
        &mut self,
        touched: &[u32],
        ground: &Candidates,
        budget: &mut Budget,
        exec: &Exec,
    ) -> Result<()> {
        match self {
            Self::Perm(guess) => guess.follow(touched, ground, budget, exec),
            Self::Bucket(guess) => guess.follow(touched, ground, exec),
        }
    }

    pub(super) fn terms(&self) -> Terms {
        match self {
            Self::Perm(guess) => guess.terms,
            Self::Bucket(guess) => guess.terms,
        }
    }

    pub(super) fn picks(&self) -> &[u32] {
        match self {
            Self::Perm(guess) => &guess.picks,
            Self::Bucket(guess) => &guess.picks,
        }
    }

    pub(super) fn gains(&self) -> &[f64] {
        match self {
            Self::Perm(guess) => &guess.gains,
            Self::Bucket(guess) => &guess.gains,
        }
    }

    /// f of the picks.
    pub(super) fn value(&self) -> f64 {
        match self {
            Self::Perm(guess) => guess.value(),
            Self::Bucket(guess) => guess.value(),
        }
    }

    /// A number that, with min(k, n) thresholds, is an upper bound if the guess is whole.
    pub(super) fn bound_value(&self) -> f64 {
        match self {
            Self::Perm(guess) => guess.value(),
            Self::Bucket(guess) => guess.sampled_value(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Perm(guess) => guess.is_full(),
            Self::Bucket(guess) => guess.is_full(),
        }
    }

    /// Whether no candidate that may be a member gains τ.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Perm(guess) => guess.is_whole(),
            Self::Bucket(guess) => guess.is_begun && !guess.is_full(),
        }
    }

    pub(super) fn n_members(&self) -> usize {
        match self {
            Self::Perm(guess) => guess.n_members(),
            Self::Bucket(guess) => guess.levels.n_members(),
        }
    }

    /// Values read since it was empty, about.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Perm(guess) => guess.cost,
            Self::Bucket(guess) => guess.cost,
        }
    }

    pub(super) fn counters(&self) -> Counters {
        match self {
            Self::Perm(guess) => guess.counters,
            Self::Bucket(guess) => guess.counters,
        }
    }

    pub(super) fn count_replayed(&mut self, n: usize) {
        let counters = match self {
            Self::Perm(guess) => &mut guess.counters,
            Self::Bucket(guess) => &mut guess.counters,
        };
        counters.replayed += n as u64;
    }
}

#[cfg(test)]
impl Guess {
    pub(super) fn check_invariants(&self, ground: &Candidates) {
        match self {
            Self::Perm(guess) => guess.check_invariants(ground),
            Self::Bucket(guess) => guess.check_invariants(ground),
        }
    }
}
