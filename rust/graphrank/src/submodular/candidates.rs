//! The candidates: which elements are live, what each is worth alone, and the order they are met in.

use std::sync::Arc;

use super::objective::{Objective, Prefix, finite};
use super::order::{END, Keys, Order};
use crate::error::Result;
use crate::memory::{Buffer, try_collect, try_with_capacity};
use crate::rng::{Domain, key, mix};

/// How the rank of a newcomer is drawn.
#[derive(Clone, Copy, Debug)]
enum Ranks {
    /// At random, by a key: the order of candidates is one of all with the same chance.
    Random(u64),
    /// So much above the last one: candidates are met as they came.
    Arrival(u64),
}

/// Of the arrivals that ranks are spread for, this power of two times the number of elements. Few in tests.
const ROOM: u32 = if cfg!(test) { 1 } else { 2 };

/// Candidates that are considered when a solution is refined.
const FEW_CANDIDATES: usize = 1 << 12;

pub(super) struct Candidates {
    pub(super) objective: Arc<dyn Objective>,
    /// No picks: what elements are worth alone.
    empty: Box<dyn Prefix>,
    /// What each element is worth; stays when it ceases to be a candidate.
    worths: Buffer<f64>,
    /// Place of each candidate in the order; 0 for others.
    ranks: Buffer<u64>,
    /// Candidates that gain anything.
    order: Order,
    n_live: usize,
    n_useful: usize,
    drawing: Ranks,
    /// How many ranks were drawn so far or, in order of arrival, the last one.
    pub(super) drawn: u64,
}

impl Candidates {
    /// None yet. They are met in an order drawn from `seed` or, without one, as they come.
    pub(super) fn new(objective: Arc<dyn Objective>, seed: Option<u64>) -> Result<Self> {
        let n = objective.n_elements();
        let order = Order::new(n)?;
        let drawing = match seed {
            Some(seed) => Ranks::Random(key(seed, Domain::Guess, 0)),
            None => Ranks::Arrival(order.width() >> ROOM),
        };
        Ok(Self {
            empty: Arc::clone(&objective).prefix()?,
            objective,
            worths: Buffer::zeroed("the worth of elements", n)?,
            ranks: Buffer::zeroed("the order of candidates", n)?,
            n_live: 0,
            n_useful: 0,
            drawing,
            order,
            drawn: 0,
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

    /// Place of a candidate in the order.
    #[inline]
    pub(super) fn rank(&self, element: u32) -> u64 {
        self.ranks[element as usize]
    }

    /// What an element is worth that is or was a candidate.
    #[inline]
    pub(super) fn worth(&self, element: u32) -> f64 {
        self.worths[element as usize]
    }

    /// Makes sure that there are ranks for `n` newcomers. True if that changed those of all candidates, in the same order.
    pub(super) fn make_room(&mut self, n: usize) -> Result<bool> {
        let Ranks::Arrival(step) = &mut self.drawing else { return Ok(false) };
        let usual = self.order.width() >> ROOM;
        let is_short = (END - 1).saturating_sub(self.drawn) / usual < n as u64;
        if is_short {
            let (worths, n_live) = (&self.worths, self.n_live);
            let live = (0..).zip(self.ranks.iter()).filter(|&(_, &rank)| rank > 0);
            let mut live = try_collect("the order of candidates", n_live, live.map(|(e, &rank)| (rank, e)))?;
            live.sort_unstable();
            let is_kept = |&&(_, element): &&(u64, u32)| is_useful(worths[element as usize]);
            for &(_, element) in live.iter().filter(is_kept) {
                self.order.remove(element, Keys { worths, ranks: &self.ranks });
            }
            self.drawn = 0;
            for &(_, element) in &live {
                self.drawn += usual;
                self.ranks[element as usize] = self.drawn;
            }
            for &(_, element) in live.iter().filter(is_kept) {
                self.order.insert(element, Keys { worths, ranks: &self.ranks });
            }
        }
        // More newcomers at once than there is room for lie closer to one another.
        *step = usual.min((END - 1).saturating_sub(self.drawn) / (n as u64).max(1));
        Ok(is_short)
    }

    /// Makes an element a candidate that is none. There must be room for it.
    pub(super) fn insert(&mut self, element: u32) -> Result<()> {
        self.learn(element)?;
        let rank = match self.drawing {
            Ranks::Random(key) => {
                self.order.prefetch(mix(key ^ self.drawn.wrapping_add(AHEAD)));
                loop {
                    // A bijection: no two are alike.
                    let rank = mix(key ^ self.drawn);
                    self.drawn += 1;
                    if rank != 0 && rank != END {
                        break rank;
                    }
                }
            }
            Ranks::Arrival(step) => {
                self.drawn += step;
                self.drawn
            }
        };
        self.insert_at(element, rank);
        Ok(())
    }

    /// Asks what an element is worth that is no candidate.
    pub(super) fn learn(&mut self, element: u32) -> Result<()> {
        self.worths[element as usize] = finite(self.empty.gain(0, element)?)?.max(0.0);
        Ok(())
    }

    /// Tells that a candidate is deleted soon.
    pub(super) fn prefetch(&self, element: u32) {
        self.order.prefetch(self.rank(element));
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

    /// Candidates worth a threshold or some part of it, as many as are few. Greedy finds most of its picks among them.
    pub(super) fn worth_asking(&self, threshold: f64) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for part in [16.0, 8.0, 4.0, 2.0, 1.0] {
            found.clear();
            self.after(0, (threshold / part, FEW_CANDIDATES + 1), &mut found)?;
            if found.len() <= FEW_CANDIDATES {
                return Ok(found.into_iter().map(|(_, element)| element).collect());
            }
        }
        Ok(Vec::new())
    }

    /// What no candidate is worth more than, and hardly more than the best is worth.
    pub(super) fn bound(&self) -> f64 {
        self.order.bound()
    }
}

/// Insertions between one that draws its rank and the one whose place is fetched meanwhile: of a million candidates each
/// place is a miss of the cache, which took a quarter of the time of an insertion.
const AHEAD: u64 = 4;

/// Numbers too small for all of their digits count as nothing.
fn is_useful(worth: f64) -> bool {
    worth >= f64::MIN_POSITIVE
}
