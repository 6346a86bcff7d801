//! What a maximiser maintains.

use super::maximize::check_k;
use crate::error::{Error, Result};

/// How the solution follows the candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// One random pick per level (`perm.rs`): the bounds of [`Guesses`] hold after every update, whoever chose it.
    #[default]
    Robust,
    /// Random parts of candidates of like gains (`bucket.rs`): the bounds of [`Guesses`] times (1 - ε)². Its calls grow
    /// least with the number of candidates in theory; [`Strategy::Robust`] has the better values, and fewer calls where there
    /// are few candidates.
    Polylog,
    /// As if sieve-streaming were run again over the candidates as they came (`perm.rs`): the same bounds, but a stream can
    /// make every update ask all candidates. A baseline.
    Sieve,
    /// Lazy greedy from the beginning after every update: 1 - 1/e.
    Greedy,
}

/// Which guesses of the optimum are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guesses {
    /// The two between which they cease to be full: at least 1 / (2 + ε) of the optimum.
    #[default]
    Pair,
    /// All that some candidate matters to: at least 1 / (2(1 + ε)), and the expected cost that the paper proves.
    All,
}

/// What to do about an insertion of what is live, or a deletion of what is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflict {
    /// The update fails.
    #[default]
    Error,
    /// Nothing.
    Ignore,
}

/// What to maintain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicParams {
    /// How many elements at most.
    pub k: usize,
    /// Step of the guesses, in [1e-6, 1).
    pub eps: f64,
    /// How the solution follows.
    pub strategy: Strategy,
    /// Which guesses are kept.
    pub guesses: Guesses,
    /// The share of the best known value that the solution may lack before another is shown, in [0, 1).
    pub stability: f64,
    /// What to do about changes that are none.
    pub conflict: Conflict,
    /// Of all randomness.
    pub seed: u64,
}

impl Default for DynamicParams {
    fn default() -> Self {
        Self {
            k: 10,
            eps: 0.05,
            strategy: Strategy::Robust,
            guesses: Guesses::Pair,
            stability: 0.0,
            conflict: Conflict::Error,
            seed: 0,
        }
    }
}

impl DynamicParams {
    /// What the order of candidates is drawn from; none if they are met as they come.
    pub(super) fn order_seed(&self) -> Option<u64> {
        (self.strategy != Strategy::Sieve).then_some(self.seed)
    }

    pub(super) fn check(&self) -> Result<()> {
        check_k(self.k)?;
        if !(1e-6..1.0).contains(&self.eps) {
            return Err(Error::argument("eps", format!("must be in [1e-6, 1), got {}", self.eps)));
        }
        if !(0.0..1.0).contains(&self.stability) {
            return Err(Error::argument("stability", format!("must be in [0, 1), got {}", self.stability)));
        }
        Ok(())
    }
}
