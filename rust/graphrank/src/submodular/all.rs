//! All guesses of the optimum that a candidate matters to. Symbols as in [`super::guesses`].
//!
//! Guess i holds the candidates with `τ_i <= f(v) < x_{i+1}`. That with `x_i <= OPT < x_{i+1}` holds all that can matter, and
//! both cases above give it a value of at least OPT / (2(1 + ε)).

use std::collections::BTreeMap;

use super::candidates::Candidates;
use super::counters::Counters;
use super::grid::Grid;
use super::guess::{Guess, Kind};
use super::objective::is_worth;
use super::perm::{Budget, Terms};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_collect;

/// Changes that are followed on one thread.
const FEW: usize = 64;

/// All guesses that some candidate matters to.
pub(super) struct All {
    pub(super) grid: Grid,
    pub(super) kind: Kind,
    pub(super) guesses: BTreeMap<i32, Guess>,
    /// Whether the guesses were dropped, and candidates are in none.
    pub(super) is_stale: bool,
    pub(super) lost: Counters,
}

impl All {
    pub(super) fn new(grid: Grid, kind: Kind) -> Self {
        Self { grid, kind, guesses: BTreeMap::new(), is_stale: false, lost: Counters::default() }
    }

    /// Follows the candidates `touched`, each guess on its own.
    pub(super) fn update(&mut self, touched: &[u32], ground: &Candidates, exec: &Exec) -> Result<()> {
        let live = if self.is_stale { ground.live()? } else { Vec::new() };
        let touched = if self.is_stale { &live } else { touched };
        self.begin_guesses(touched, ground)?;
        let guesses: Vec<_> = self.guesses.iter_mut().map(|(_, guess)| guess).collect();
        let follow = |_, guess: &mut Guess| guess.follow(touched, ground, &mut Budget::unlimited(), exec);
        let here = exec.on_this_thread();
        let is_parallel = ground.objective.is_parallel() && touched.len() > FEW;
        if is_parallel { exec } else { &here }.map_items(guesses, follow)?;
        let lost = &mut self.lost;
        self.guesses.retain(|_, guess| {
            let stays = guess.n_members() > 0;
            if !stays {
                lost.add(guess.counters());
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
                    let mut guess = Guess::new(self.kind, ground, self.terms(index))?;
                    guess.begin_empty();
                    self.guesses.insert(index, guess);
                }
                index += 1;
            }
            next = index;
        }
        Ok(())
    }

    pub(super) fn terms(&self, index: i32) -> Terms {
        let most = self.grid.power(index + 1);
        Terms { index, threshold: self.grid.threshold(index), most, k: self.grid.k }
    }

    /// Guesses that hold all candidates that are worth τ: what is worth more than they may hold is not there.
    pub(super) fn whole(&self) -> impl Iterator<Item = &Guess> {
        // The last guess is the last one that the best candidate matters to.
        let last = self.guesses.keys().next_back().copied().unwrap_or(0);
        let most = self.grid.threshold(last + 1);
        self.guesses.values().filter(move |guess| self.grid.power(guess.terms().index + 1) >= most)
    }
}
