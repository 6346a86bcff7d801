//! The candidates: which elements are live, and what each is worth alone.
//!
//! Candidates lie in lists by the binary exponent of their worth, so that those worth a threshold are found without
//! looking at the others: for sets of very different sizes they are few.

use std::sync::Arc;

use super::objective::{Objective, Prefix, is_worth};
use crate::error::Result;
use crate::memory::{Buffer, try_reserve, try_with_capacity};

/// Exponents of 64-bit floats that are not negative.
const N_EXPONENTS: usize = 1 << 11;

pub(super) struct Candidates {
    pub(super) objective: Arc<dyn Objective>,
    /// No picks: what elements are worth alone.
    empty: Box<dyn Prefix>,
    /// What each element is worth; stays when it ceases to be a candidate.
    worth: Buffer<f64>,
    /// Place of each candidate in its list, counted from 1; 0 for others.
    places: Buffer<u32>,
    lists: Vec<Vec<u32>>,
    n_live: usize,
}

impl Candidates {
    pub(super) fn new(objective: Arc<dyn Objective>) -> Result<Self> {
        let n = objective.n_elements();
        Ok(Self {
            empty: Arc::clone(&objective).prefix()?,
            objective,
            worth: Buffer::zeroed("the worth of elements", n)?,
            places: Buffer::zeroed("the places of candidates", n)?,
            lists: vec![Vec::new(); N_EXPONENTS],
            n_live: 0,
        })
    }

    pub(super) fn n_elements(&self) -> usize {
        self.places.len()
    }

    pub(super) fn n_live(&self) -> usize {
        self.n_live
    }

    /// How many candidates gain anything.
    pub(super) fn n_useful(&self) -> usize {
        // Zeros are in the list of the least exponent, with numbers too small for more digits.
        self.n_live - self.lists[0].len()
    }

    pub(super) fn is_live(&self, element: u32) -> bool {
        self.places.get(element as usize).is_some_and(|&place| place > 0)
    }

    /// What an element is worth that is or was a candidate.
    #[inline]
    pub(super) fn worth(&self, element: u32) -> f64 {
        self.worth[element as usize]
    }

    /// Makes an element a candidate that is none.
    pub(super) fn insert(&mut self, element: u32) -> Result<()> {
        self.learn(element)?;
        self.restore(element)
    }

    /// Asks what an element is worth that is no candidate.
    pub(super) fn learn(&mut self, element: u32) -> Result<()> {
        self.worth[element as usize] = self.empty.gain(0, element)?.max(0.0);
        Ok(())
    }

    /// The same for one that was a candidate before.
    #[expect(clippy::cast_possible_truncation, reason = "elements have 32 bits")]
    pub(super) fn restore(&mut self, element: u32) -> Result<()> {
        let list = &mut self.lists[exponent(self.worth[element as usize])];
        try_reserve("the lists of candidates", list, 1)?;
        list.push(element);
        self.places[element as usize] = list.len() as u32;
        self.n_live += 1;
        Ok(())
    }

    /// Makes a candidate none.
    pub(super) fn delete(&mut self, element: u32) {
        let list = &mut self.lists[exponent(self.worth[element as usize])];
        let place = self.places[element as usize];
        list.swap_remove(place as usize - 1);
        if let Some(&moved) = list.get(place as usize - 1) {
            self.places[moved as usize] = place;
        }
        self.places[element as usize] = 0;
        self.n_live -= 1;
    }

    /// All candidates, rising.
    pub(super) fn live(&self) -> Result<Vec<u32>> {
        let mut live = try_with_capacity("the candidates", self.n_live)?;
        live.extend(
            (0..).zip(self.places.iter()).filter(|&(_, &place)| place > 0).map(|(element, _)| element),
        );
        Ok(live)
    }

    /// The candidates worth `threshold`, in no order that anything may depend on.
    pub(super) fn at_least(&self, threshold: f64) -> Result<Vec<u32>> {
        let lists = &self.lists[exponent(threshold).saturating_sub(1)..];
        let mut found = try_with_capacity("the candidates", lists.iter().map(Vec::len).sum())?;
        found.extend(
            lists.iter().flatten().copied().filter(|&element| is_worth(self.worth(element), threshold)),
        );
        Ok(found)
    }

    /// What the best candidate is worth, 0 if there is none.
    pub(super) fn largest(&self) -> f64 {
        let list = self.lists.iter().rev().find(|list| !list.is_empty());
        list.into_iter().flatten().map(|&element| self.worth(element)).fold(0.0, f64::max)
    }
}

fn exponent(value: f64) -> usize {
    (value.to_bits() >> 52) as usize % N_EXPONENTS
}
