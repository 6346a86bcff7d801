//! The candidates: which elements are live, what each is worth alone, and the random order they are met in.

use std::sync::Arc;

use super::objective::{Objective, Prefix};
use super::order::{END, Keys, Order};
use crate::error::Result;
use crate::memory::{Buffer, try_with_capacity};
use crate::rng::{Domain, key, mix};

pub(super) struct Candidates {
    pub(super) objective: Arc<dyn Objective>,
    /// No picks: what elements are worth alone.
    empty: Box<dyn Prefix>,
    /// What each element is worth; stays when it ceases to be a candidate.
    worths: Buffer<f64>,
    /// Place of each candidate in the random order; 0 for others.
    ranks: Buffer<u64>,
    /// Candidates that gain anything.
    order: Order,
    n_live: usize,
    n_useful: usize,
    key: u64,
    /// Ranks drawn so far.
    pub(super) n_drawn: u64,
}

impl Candidates {
    pub(super) fn new(objective: Arc<dyn Objective>, seed: u64) -> Result<Self> {
        let n = objective.n_elements();
        Ok(Self {
            empty: Arc::clone(&objective).prefix()?,
            objective,
            worths: Buffer::zeroed("the worth of elements", n)?,
            ranks: Buffer::zeroed("the order of candidates", n)?,
            order: Order::new(n)?,
            n_live: 0,
            n_useful: 0,
            key: key(seed, Domain::Guess, 0),
            n_drawn: 0,
        })
    }

    pub(super) fn n_elements(&self) -> usize {
        self.ranks.len()
    }

    pub(super) fn n_live(&self) -> usize {
        self.n_live
    }

    /// How many candidates gain anything.
    pub(super) fn n_useful(&self) -> usize {
        self.n_useful
    }

    pub(super) fn is_live(&self, element: u32) -> bool {
        self.ranks.get(element as usize).is_some_and(|&rank| rank > 0)
    }

    /// Place of a candidate in the random order.
    #[inline]
    pub(super) fn rank(&self, element: u32) -> u64 {
        self.ranks[element as usize]
    }

    /// What an element is worth that is or was a candidate.
    #[inline]
    pub(super) fn worth(&self, element: u32) -> f64 {
        self.worths[element as usize]
    }

    /// Makes an element a candidate that is none, at a random place.
    pub(super) fn insert(&mut self, element: u32) -> Result<()> {
        self.learn(element)?;
        let rank = loop {
            // A bijection: no two are alike.
            let rank = mix(self.key ^ self.n_drawn);
            self.n_drawn += 1;
            if rank != 0 && rank != END {
                break rank;
            }
        };
        self.insert_at(element, rank);
        Ok(())
    }

    /// Asks what an element is worth that is no candidate.
    pub(super) fn learn(&mut self, element: u32) -> Result<()> {
        self.worths[element as usize] = self.empty.gain(0, element)?.max(0.0);
        Ok(())
    }

    /// Makes an element a candidate whose worth is known.
    pub(super) fn insert_at(&mut self, element: u32, rank: u64) {
        self.ranks[element as usize] = rank;
        self.n_live += 1;
        if is_useful(self.worth(element)) {
            self.n_useful += 1;
            self.order.insert(element, Keys { worths: &self.worths, ranks: &self.ranks });
        }
    }

    /// Makes a candidate none, and tells its place.
    pub(super) fn delete(&mut self, element: u32) -> u64 {
        self.n_live -= 1;
        if is_useful(self.worth(element)) {
            self.n_useful -= 1;
            self.order.remove(element, Keys { worths: &self.worths, ranks: &self.ranks });
        }
        std::mem::take(&mut self.ranks[element as usize])
    }

    /// All candidates, rising.
    pub(super) fn live(&self) -> Result<Vec<u32>> {
        let mut live = try_with_capacity("the candidates", self.n_live)?;
        live.extend((0..).zip(self.ranks.iter()).filter(|&(_, &rank)| rank > 0).map(|(element, _)| element));
        Ok(live)
    }

    /// See [`Order::after`].
    pub(super) fn after(&self, from: u64, wanted: (f64, usize), found: &mut Vec<(u64, u32)>) -> Result<u64> {
        self.order.after(from, wanted, Keys { worths: &self.worths, ranks: &self.ranks }, found)
    }

    /// A number that the worth of every candidate is below, and hardly above that of the best.
    pub(super) fn bound(&self) -> f64 {
        self.order.bound()
    }
}

/// Numbers too small for all of their digits count as nothing.
fn is_useful(worth: f64) -> bool {
    worth >= f64::MIN_POSITIVE
}
