//! One guess of the optimum, kept with one random pick per level.
//!
//! The fully dynamic algorithm for cardinality of Banihashem, Biabani, Goudarzi, Hajiaghayi, Jabbarzade and Monemizadeh
//! ("Dynamic algorithms for matroid submodular maximization", SODA 2024, arXiv 2306.00959).
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | τ | `threshold` | a gain that is worth a pick: the guess over 2k |
//! | `e_i`, `I_i` | `picks` | the picks, and the first i of them |
//! | `R_i` | members of depth i and more | members that gain τ at I_{i-1} (then they do at all shorter prefixes) |
//! | `Z_i` | `levels[i - 1]` | members of depth i: in `R_i` but not in R_{i+1} |
//!
//! After every update: `e_i` is in `R_i`; there are k picks or R_{T+1} is empty; and given the picks before it, `e_i` is
//! uniform in `R_i`. With k picks f(I) >= kτ, otherwise no candidate gains τ.
//!
//! # Steps
//! A newcomer to `R_i` takes the place of `e_i` with probability `1/|R_i|`. A pick that leaves, or gives way, ends the sequence
//! before it; what was in `R_i` is then taken in random order, and each that gains τ at the picks so far becomes the next
//! pick. That order is by a hash of the element under a fresh key, so nothing depends on how members are stored. The order
//! is cut into chunks that double: a chunk is asked about at once (in parallel if it is large), and only those that
//! gain τ are asked again after each pick. In a random order these are few.
//!
//! # Cost
//! O(k log k) expected members are asked again per update, whatever the number of candidates. Memory: the prefix of the
//! objective, 8 bytes per element of the universe and 4 per member.

use std::sync::Arc;

use super::candidates::Candidates;
use super::counters::Counters;
use super::objective::{Calls, Prefix, Scan, is_worth};
use super::order::{chunks, rank};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{Buffer, try_collect, try_reserve, try_with_capacity};
use crate::rng::mix;

/// What a guess is of, and where its randomness comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Terms {
    pub(super) index: i32,
    pub(super) threshold: f64,
    pub(super) k: usize,
    pub(super) key: u64,
}

pub(super) struct PermGuess {
    pub(super) terms: Terms,
    /// Random numbers drawn so far.
    pub(super) draws: u64,
    prefix: Box<dyn Prefix>,
    pub(super) picks: Vec<u32>,
    pub(super) gains: Vec<f64>,
    /// `Z_i`, one per pick and emptied ones after these.
    levels: Vec<Vec<u32>>,
    /// `|R_i|`.
    survivors: Vec<usize>,
    /// Where an element is: in `levels[level - 1][at]`; level 0 for no member.
    places: Buffer<[u32; 2]>,
    pub(super) counters: Counters,
    /// Changes of the picks.
    pub(super) version: u64,
    value: f64,
    is_parallel: bool,
}

/// Members that wait for their place. All are known to be of a depth of `known` at least.
#[derive(Default)]
struct Pool {
    members: Vec<u32>,
    known: u32,
}

impl PermGuess {
    pub(super) fn new(ground: &Candidates, terms: Terms) -> Result<Self> {
        Ok(Self {
            terms,
            draws: 0,
            prefix: Arc::clone(&ground.objective).prefix()?,
            picks: Vec::new(),
            gains: Vec::new(),
            levels: Vec::new(),
            survivors: Vec::new(),
            places: Buffer::zeroed("the places of members", ground.n_elements())?,
            counters: Counters::default(),
            version: 0,
            value: 0.0,
            is_parallel: ground.objective.is_parallel(),
        })
    }

    /// Empties the guess for other terms.
    pub(super) fn reset(&mut self, terms: Terms) {
        self.cut(0);
        for element in self.levels.iter_mut().flat_map(|level| level.drain(..)) {
            self.places[element as usize] = [0, 0];
        }
        self.draws = 0;
        self.terms = terms;
    }

    pub(super) fn value(&self) -> f64 {
        self.value
    }

    pub(super) fn is_full(&self) -> bool {
        self.picks.len() == self.terms.k
    }

    pub(super) fn n_members(&self) -> usize {
        self.survivors.first().copied().unwrap_or(0)
    }

    pub(super) fn contains(&self, element: u32) -> bool {
        self.places[element as usize][0] > 0
    }

    /// Takes up all candidates that are worth it; the guess must be empty.
    pub(super) fn build(&mut self, ground: &Candidates, exec: &Exec) -> Result<()> {
        self.counters.bulk_builds += 1;
        let members = ground.at_least(self.terms.threshold)?;
        self.update(&[], &members, exec)
    }

    /// Follows the candidates where they may have changed.
    pub(super) fn follow(&mut self, touched: &[u32], ground: &Candidates, exec: &Exec) -> Result<()> {
        if let &[element] = touched {
            if !is_worth(ground.worth(element), self.terms.threshold) {
                return Ok(());
            }
            return match (self.contains(element), ground.is_live(element)) {
                (true, false) => self.update(&[element], &[], exec),
                (false, true) => self.update(&[], &[element], exec),
                _ => Ok(()),
            };
        }
        let (mut leaving, mut coming) = (Vec::new(), Vec::new());
        for &element in touched {
            if is_worth(ground.worth(element), self.terms.threshold) {
                match (self.contains(element), ground.is_live(element)) {
                    (true, false) => leaving.push(element),
                    (false, true) => coming.push(element),
                    _ => {}
                }
            }
        }
        // An element may have been touched twice.
        for changes in [&mut leaving, &mut coming] {
            changes.sort_unstable();
            changes.dedup();
        }
        self.update(&leaving, &coming, exec)
    }

    /// Members leave, and elements that are worth a first pick come. After an error the guess is of no use but to be
    /// [`PermGuess::reset`].
    pub(super) fn update(&mut self, leaving: &[u32], coming: &[u32], exec: &Exec) -> Result<()> {
        let mut kept = self.picks.len();
        for &element in leaving {
            if let Some(level) = self.forget(element)
                && self.picks.get(level) == Some(&element)
            {
                kept = kept.min(level);
            }
        }
        let mut pool = Pool::default();
        self.release(kept, &mut pool)?;
        let chosen = self.take_in(coming, &mut pool, exec)?;
        if let Some(element) = chosen {
            self.pick(element, pool.known)?;
        }
        if !pool.members.is_empty() || chosen.is_some() {
            self.counters.rebuilds += 1;
            self.counters.rebuilt_elements += pool.members.len() as u64;
        }
        self.continue_with(&pool, exec)
    }

    /// All members, picks among them.
    pub(super) fn members(&self) -> impl Iterator<Item = u32> {
        self.levels.iter().flatten().copied()
    }

    /// Takes up picks and members that a guess of these terms had. False if no guess can have them.
    #[expect(clippy::cast_possible_truncation, reason = "picks are elements")]
    pub(super) fn restore(&mut self, picks: &[u32], members: &[u32], exec: &Exec) -> Result<bool> {
        let n_most = self.terms.k.min(members.len());
        if picks.len() > n_most || picks.is_empty() != members.is_empty() {
            return Ok(false);
        }
        for (i, &pick) in (1..).zip(picks) {
            if self.contains(pick) {
                return Ok(false);
            }
            self.pick(pick, i)?;
            self.survivors[..i as usize - 1].iter_mut().for_each(|n| *n += 1);
        }
        let others = members.iter().copied().filter(|&member| !self.contains(member));
        let others = try_collect("the members of a guess", members.len(), others)?;
        let mut depths = try_with_capacity("the depths of members", others.len())?;
        depths.resize(others.len(), 0);
        self.ask(&others, &mut depths, exec)?;
        for (&element, &depth) in others.iter().zip(&depths) {
            if self.contains(element) || depth == 0 || depth > picks.len() as u32 {
                return Ok(false);
            }
            self.settle(element, depth as usize - 1, 1)?;
        }
        Ok(self.n_members() == members.len())
    }

    /// Removes a member from the levels and tells which one it was of, counted from 0.
    fn forget(&mut self, element: u32) -> Option<usize> {
        let [level, at] = std::mem::take(&mut self.places[element as usize]);
        let level = (level as usize).checked_sub(1)?;
        let members = &mut self.levels[level];
        members.swap_remove(at as usize);
        if let Some(&moved) = members.get(at as usize) {
            self.places[moved as usize][1] = at;
        }
        self.survivors[..=level].iter_mut().for_each(|n| *n -= 1);
        Some(level)
    }

    /// Keeps the first `kept` picks. Members beyond them wait in `pool`; they stay counted in the levels that are kept.
    #[expect(clippy::cast_possible_truncation, reason = "picks are elements")]
    fn release(&mut self, kept: usize, pool: &mut Pool) -> Result<()> {
        let n = self.picks.len();
        pool.known = kept as u32 + 1;
        if kept == n {
            return Ok(());
        }
        let n_members = self.levels[kept..n].iter().map(Vec::len).sum();
        try_reserve("the members of a guess", &mut pool.members, n_members)?;
        self.levels[kept..n].iter_mut().for_each(|level| pool.members.append(level));
        self.cut(kept);
        Ok(())
    }

    fn cut(&mut self, kept: usize) {
        self.prefix.truncate(kept);
        self.picks.truncate(kept);
        self.gains.truncate(kept);
        self.survivors.truncate(kept);
        self.picks_changed();
    }

    fn picks_changed(&mut self) {
        self.version += 1;
        self.value = self.gains.iter().sum();
    }

    /// Newcomers enter the levels. Those that pass all wait in `pool`; if one takes the place of a pick, so do all beyond
    /// it, and that newcomer is returned: it is the next pick.
    fn take_in(&mut self, coming: &[u32], pool: &mut Pool, exec: &Exec) -> Result<Option<u32>> {
        if coming.is_empty() {
            return Ok(None);
        }
        let mut depths = try_with_capacity("the depths of newcomers", coming.len())?;
        depths.resize(coming.len(), 1);
        self.ask(coming, &mut depths, exec)?;
        let hit = self.replaced(&depths);
        let mut chosen = None;
        if let Some(level) = hit {
            let key = self.draw();
            let passed = coming.iter().zip(&depths).filter(|&(_, &depth)| depth as usize > level);
            chosen = passed.map(|(&element, _)| element).min_by_key(|&element| (rank(key, element), element));
            self.release(level, pool)?;
        }
        let n = self.picks.len();
        try_reserve("the members of a guess", &mut pool.members, coming.len())?;
        for (&element, &depth) in coming.iter().zip(&depths) {
            let depth = depth as usize;
            self.survivors[..depth.min(n)].iter_mut().for_each(|n| *n += 1);
            if depth <= n {
                self.put(element, depth - 1)?;
            } else if chosen != Some(element) {
                pool.members.push(element);
            }
        }
        Ok(chosen)
    }

    /// The first level at which one of the newcomers takes the place of the pick.
    fn replaced(&mut self, depths: &[u32]) -> Option<usize> {
        for level in 0..self.picks.len() {
            let n_new = depths.iter().filter(|&&depth| depth as usize > level).count() as u64;
            if n_new == 0 {
                return None;
            }
            let n = self.survivors[level] as u64 + n_new;
            let uniform = (u128::from(self.draw()) * u128::from(n)) >> 64;
            if (uniform as u64) < n_new {
                return Some(level);
            }
        }
        None
    }

    /// Takes what waits in random order, each that gains τ as the next pick.
    fn continue_with(&mut self, pool: &Pool, exec: &Exec) -> Result<()> {
        if pool.members.is_empty() {
            return Ok(());
        }
        let key = self.draw();
        let mut ranks = try_with_capacity("the order of a guess", pool.members.len())?;
        ranks.extend(pool.members.iter().map(|&element| (rank(key, element), element)));
        let mut start = 0;
        for end in chunks(&mut ranks) {
            self.continue_chunk(&mut ranks[start..end], pool.known, exec)?;
            start = end;
        }
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "picks are elements")]
    fn continue_chunk(&mut self, chunk: &mut [(u64, u32)], known: u32, exec: &Exec) -> Result<()> {
        let mut waiting = try_with_capacity("the order of a guess", chunk.len())?;
        waiting.extend(chunk.iter().map(|&(_, element)| element));
        let mut depths = try_with_capacity("the depths of members", chunk.len())?;
        depths.resize(chunk.len(), known);
        self.ask(&waiting, &mut depths, exec)?;
        let mut is_first = true;
        loop {
            let next = self.picks.len() as u32 + 1;
            if is_first {
                // Only those that may be picked need their order.
                let mut passed = Vec::new();
                for (&rank, &depth) in chunk.iter().zip(&depths) {
                    if depth == next {
                        passed.push(rank);
                    } else {
                        self.settle(rank.1, depth as usize - 1, known)?;
                    }
                }
                passed.sort_unstable();
                waiting.clear();
                waiting.extend(passed.iter().map(|rank| rank.1));
                is_first = false;
            } else {
                let mut kept = 0;
                for i in 0..waiting.len() {
                    if depths[i] == next {
                        waiting[kept] = waiting[i];
                        kept += 1;
                    } else {
                        self.settle(waiting[i], depths[i] as usize - 1, known)?;
                    }
                }
                waiting.truncate(kept);
            }
            if waiting.is_empty() {
                return Ok(());
            }
            self.pick(waiting.remove(0), known)?;
            depths.clear();
            depths.resize(waiting.len(), next);
            self.ask(&waiting, &mut depths, exec)?;
        }
    }

    /// The next pick; it is counted in the levels before those it is known to pass.
    fn pick(&mut self, element: u32, known: u32) -> Result<()> {
        let gain = self.prefix.push(element)?;
        let level = self.picks.len();
        self.picks.push(element);
        self.gains.push(gain.max(0.0));
        self.counters.value_calls += 1;
        self.survivors[known as usize - 1..].iter_mut().for_each(|n| *n += 1);
        self.survivors.push(1);
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.picks_changed();
        self.put(element, level)
    }

    /// Gives a member from a pool its place; it is counted in the levels before those it is known to pass.
    fn settle(&mut self, element: u32, level: usize, known: u32) -> Result<()> {
        self.survivors[known as usize - 1..=level].iter_mut().for_each(|n| *n += 1);
        self.put(element, level)
    }

    #[expect(clippy::cast_possible_truncation, reason = "levels hold elements")]
    fn put(&mut self, element: u32, level: usize) -> Result<()> {
        let members = &mut self.levels[level];
        try_reserve("the members of a guess", members, 1)?;
        self.places[element as usize] = [level as u32 + 1, members.len() as u32];
        members.push(element);
        Ok(())
    }

    /// Raises depths that are known in part.
    fn ask(&mut self, elements: &[u32], depths: &mut [u32], exec: &Exec) -> Result<()> {
        let len = self.picks.len().min(self.terms.k - 1);
        let calls =
            ask(self.prefix.as_ref(), (len, self.terms.threshold), elements, depths, self.is_parallel, exec)?;
        self.counters.add_calls(calls);
        Ok(())
    }

    fn draw(&mut self) -> u64 {
        self.draws += 1;
        mix(mix(self.terms.key) ^ self.draws)
    }
}

/// Elements asked between two checkpoints, and by one unit of parallel work.
const STEP: usize = 1 << 11;
/// The same for foreign functions, which may be slow.
const STEP_FOREIGN: usize = 1 << 4;

fn ask(
    prefix: &dyn Prefix,
    (len, threshold): (usize, f64),
    elements: &[u32],
    depths: &mut [u32],
    is_parallel: bool,
    exec: &Exec,
) -> Result<Calls> {
    let step = if is_parallel { STEP } else { STEP_FOREIGN };
    let answer = |elements: &[u32], depths: &mut [u32]| {
        let mut scan = Scan::new(len, threshold);
        prefix.depths(&mut scan, elements, depths)?;
        Ok(scan.calls)
    };
    if elements.len() <= step {
        return answer(elements, depths);
    }
    let units: Vec<_> = elements.chunks(step).zip(depths.chunks_mut(step)).collect();
    let here = exec.on_this_thread();
    let exec = if is_parallel { exec } else { &here };
    let calls = exec.map_items(units, |_, (elements, depths)| {
        exec.checkpoint(elements.len() as u64)?;
        answer(elements, depths)
    })?;
    Ok(calls.iter().fold(Calls::default(), |sum, calls| Calls {
        values: sum.values + calls.values,
        scans: sum.scans + calls.scans,
    }))
}

#[cfg(test)]
impl PermGuess {
    /// Asserts what the head of this file says of `R_i`, `e_i` and T, from the definitions. `hidden` are candidates that this
    /// guess must not hold.
    pub(super) fn check_invariants(&self, ground: &Candidates, is_hidden: impl Fn(u32) -> bool) {
        let threshold = self.terms.threshold;
        let live = ground.live().unwrap();
        let members: Vec<u32> = live.into_iter().filter(|&element| !is_hidden(element)).collect();
        let mut prefix = Arc::clone(&ground.objective).prefix().unwrap();
        let mut survivors: Vec<u32> = members;
        for level in 0..=self.picks.len() {
            let is_full = level == self.terms.k;
            survivors.retain(|&element| {
                !is_full
                    && !self.picks[..level].contains(&element)
                    && is_worth(prefix.gain(level, element).unwrap(), threshold)
            });
            if level == self.picks.len() {
                break;
            }
            // Picks before this level are in none of its survivors.
            let mut kept: Vec<u32> = self.levels[level..self.picks.len()].concat();
            kept.sort_unstable();
            assert_eq!(kept, survivors, "survivors of level {level}");
            assert_eq!(self.survivors[level], survivors.len());
            assert!(survivors.contains(&self.picks[level]));
            assert_eq!(prefix.push(self.picks[level]).unwrap().max(0.0), self.gains[level]);
        }
        assert!(survivors.is_empty(), "{survivors:?} could be picked");
        assert!(self.levels[self.picks.len()..].iter().all(Vec::is_empty));
        let n_members: usize = self.levels.iter().map(Vec::len).sum();
        assert_eq!(n_members, self.places.iter().filter(|place| place[0] > 0).count());
        assert_eq!(n_members, self.n_members());
        for (level, list) in self.levels.iter().enumerate() {
            for (at, element) in list.iter().enumerate() {
                let place = self.places[*element as usize].map(|i| i as usize);
                assert_eq!(place, [level + 1, at]);
            }
        }
        assert_eq!(self.value, self.gains.iter().sum());
    }
}
