//! By how much weight each item is preferred to each other.
//!
//! Of each ranking the place of every item is laid out once; then row after row of the table is added to, a comparison of
//! one place with all others per ranking, which the compiler turns into vectors. Rows are cut into chunks for threads.

use super::Unlisted;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{Buffer, try_zeroed};
use crate::submodular::rankings::Ballots;

/// The table takes 8 bytes for each pair: 3.2 GB for so many items.
const MOST_ITEMS: usize = 20_000;

/// Differences of weights below this share of the whole weight are roundings.
const SLACK: f64 = 1e-12;

/// A row per item: by what weight it is preferred to each other.
pub(super) struct Pairs {
    pub(super) n_items: usize,
    preferred: Buffer<f64>,
    /// Two sums that differ by less are equal.
    pub(super) slack: f64,
}

/// Stands for no place; behind all places.
const LAST: u32 = u32::MAX;

impl Pairs {
    pub(super) fn new(ballots: &Ballots, unlisted: Unlisted, exec: &Exec) -> Result<Self> {
        let m = ballots.n_items;
        if m > MOST_ITEMS {
            let problem = format!("have {m} items; rules that compare all pairs take at most {MOST_ITEMS}");
            return Err(Error::argument("rankings", problem));
        }
        let places = places(ballots, unlisted)?;
        let mut preferred = Buffer::zeroed("pairs of items", m * m)?;
        let rows: Vec<&mut [f64]> = preferred.chunks_mut(m.max(1)).collect();
        exec.expect_units(m as u64);
        exec.map_items(rows, |item, row| {
            exec.checkpoint(1)?;
            for (places, &weight) in places.chunks(m).zip(&ballots.weights) {
                let place = places[item];
                // With LAST nothing is behind it; with 0 in the place of LAST it is behind nothing.
                if place != LAST && place != 0 {
                    for (sum, &other) in row.iter_mut().zip(places) {
                        *sum += if place < other { weight } else { 0.0 };
                    }
                }
            }
            Ok(())
        })?;
        let total: f64 = ballots.weights.iter().sum();
        Ok(Self { n_items: m, preferred, slack: SLACK * total })
    }

    /// By what weight an item is preferred to each other.
    pub(super) fn row(&self, item: usize) -> &[f64] {
        &self.preferred[item * self.n_items..(item + 1) * self.n_items]
    }

    pub(super) fn of(&self, item: usize, other: usize) -> f64 {
        self.preferred[item * self.n_items + other]
    }

    /// Whether more weight prefers `item` to `other` than the other way round.
    pub(super) fn beats(&self, item: usize, other: usize) -> bool {
        self.of(item, other) > self.of(other, item) + self.slack
    }
}

/// Ranking after ranking, the place of each item, from 1; [`LAST`] for one that is left out, or 0 if that says nothing.
fn places(ballots: &Ballots, unlisted: Unlisted) -> Result<Vec<u32>> {
    let m = ballots.n_items;
    let mut places: Vec<u32> = try_zeroed("the places of items", m.saturating_mul(ballots.n_rankings()))?;
    for (ranking, places) in places.chunks_mut(m.max(1)).enumerate() {
        if unlisted == Unlisted::Last {
            places.fill(LAST);
        }
        for entry in ballots.entries(ranking) {
            places[entry.item as usize] = entry.first + 1;
        }
    }
    Ok(places)
}
