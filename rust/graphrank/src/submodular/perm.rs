//! One guess of the optimum: what is picked if candidates are met in random order, or as they came.
//!
//! After the fully dynamic algorithm for cardinality of Banihashem, Biabani, Goudarzi, Hajiaghayi, Jabbarzade and
//! Monemizadeh ("Dynamic algorithms for matroid submodular maximization", SODA 2024, arXiv 2306.00959).
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | τ | `threshold` | a gain that is worth a pick: the guess over 2k |
//! | `e_i`, `I_i` | `picks` | the picks, and the first i of them |
//! | `R_i` | | candidates that gain τ at I_{i-1} (then they do at all shorter prefixes) |
//! | depth of v | | how many of `R_1`, `R_2`, ... hold v |
//! | `Z_i` | `levels[i - 1]` | members of depth i; a member is a candidate of `R_1` whose depth is known |
//!
//! `e_i` is the member of `R_i` that comes first in the random order ([`super::order`]), so given the picks before it, it is
//! uniform in `R_i`, and the picks are a function of the candidates and their order alone: those of going through the
//! candidates once and taking each that gains τ, until there are k. With k picks f(I) >= kτ; otherwise no candidate
//! gains τ.
//!
//! The paper draws a new order for each sequence that is begun again and flips a coin for each newcomer and level. One
//! rank per candidate has the same distribution. It needs fewer calls, leaves more picks as they were, and lets a
//! guess that has its k picks leave alone what comes later: everything before the `frontier` was asked, nothing behind.
//!
//! # Steps
//! A newcomer behind the frontier waits there. Another is asked for its depth; if it is in `R_i` and before `e_i`, it becomes
//! the i-th pick. A pick that leaves or gives way ends the sequence before it. What was in its `R_i` is then met again in
//! order, and each that gains τ becomes the next pick; where that does not make k, the frontier moves on. Chunks of what
//! is to be met are asked at once (in parallel if they are large), and those that gain τ are asked again after the next
//! pick, a few at first and then ever more, until another gains it. In a random order they are few.
//!
//! If very many were in `R_i`, the frontier moves back instead, and forward again with later updates, so that no single
//! update takes long; meanwhile the guess has picks, but is no bound (`is_whole`).
//!
//! # In order of arrival
//! [`super::Strategy::Sieve`] has the same guesses over candidates that are met as they came: what running
//! sieve-streaming (Badanidiyuru, Mirzasoleiman, Karbasi and Krause, "Streaming submodular maximization", KDD 2014) again
//! over those that are left would pick, with a fixed threshold in place of theirs, (guess/2 - f(I)) / (k - |I|), which
//! falls when picks gain more. The values above hold in any order. The cost does not: see below.
//!
//! # Cost
//! O(k log k) expected members are asked again per update, whatever the number of candidates. In order of arrival: all
//! candidates, where a stream deletes the oldest pick again and again. Memory: the prefix of the
//! objective, 8 bytes per element of the universe (touched only at members) and 4 per member.

use std::ops::Range;
use std::sync::Arc;

use super::asking::{How, UNITS, Waiting, ask};
use super::candidates::Candidates;
use super::counters::Counters;
use super::objective::{Objective, Prefix, finite, is_worth};
use super::order::END;
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{Buffer, try_collect, try_reserve, try_with_capacity};

/// What a guess is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Terms {
    pub(super) index: i32,
    /// What a pick must gain.
    pub(super) threshold: f64,
    /// Candidates that are worth so much alone are left out.
    pub(super) most: f64,
    pub(super) k: usize,
}

impl Terms {
    pub(super) fn admit(&self, worth: f64) -> bool {
        is_worth(worth, self.threshold) && worth < self.most
    }
}

pub(super) struct PermGuess {
    pub(super) terms: Terms,
    /// Candidates of lower rank have been asked; those of this rank and more have not.
    pub(super) frontier: u64,
    objective: Arc<dyn Objective>,
    prefix: Box<dyn Prefix>,
    pub(super) picks: Vec<u32>,
    pub(super) ranks: Vec<u64>,
    pub(super) gains: Vec<f64>,
    /// `Z_i`, one per pick and emptied ones after these.
    levels: Vec<Vec<u32>>,
    n_members: usize,
    /// Values read since it was empty, about.
    pub(super) cost: usize,
    /// Where a member is: in `levels[level - 1][at]`. What is said of others is not true there.
    places: Buffer<[u32; 2]>,
    pub(super) counters: Counters,
    value: f64,
}

/// Members that are met again. All are known to be of a depth of `known` at least.
#[derive(Default)]
struct Pool {
    members: Vec<(u64, u32)>,
    known: u32,
}

/// How many values may be read ([`Objective::cost`]) before an update ends; what is left over is for the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    left: usize,
    is_limited: bool,
}

impl Budget {
    pub(super) fn unlimited() -> Self {
        Self { left: usize::MAX, is_limited: false }
    }

    pub(super) fn of(left: usize) -> Self {
        Self { left, is_limited: true }
    }

    fn take(&mut self, n: usize) {
        if self.is_limited {
            self.left = self.left.saturating_sub(n);
        }
    }
}

/// More members than these are not met again within one update, if there is a limit. Few in tests.
const MANY: usize = if cfg!(test) { 2 } else { 1 << 13 };
/// Candidates in the first chunk behind the frontier.
const FIRST_CHUNK: usize = if cfg!(test) { 1 } else { 16 };
/// And in the last ones.
const LARGEST_CHUNK: usize = 1 << 15;
/// Of those that gained τ before the last pick, how many are asked again at first.
const FEW: usize = if cfg!(test) { 1 } else { 64 };

impl PermGuess {
    pub(super) fn new(ground: &Candidates, terms: Terms) -> Result<Self> {
        Ok(Self {
            terms,
            frontier: 0,
            prefix: Arc::clone(&ground.objective).prefix()?,
            objective: Arc::clone(&ground.objective),
            picks: Vec::new(),
            ranks: Vec::new(),
            gains: Vec::new(),
            levels: Vec::new(),
            n_members: 0,
            cost: 0,
            places: Buffer::zeroed("the places of members", ground.n_elements())?,
            counters: Counters::default(),
            value: 0.0,
        })
    }

    /// Empties the guess for other terms, with no candidate asked.
    pub(super) fn reset(&mut self, terms: Terms) {
        self.cut(0);
        self.terms = terms;
        self.frontier = 0;
        self.cost = 0;
    }

    pub(super) fn value(&self) -> f64 {
        self.value
    }

    pub(super) fn is_full(&self) -> bool {
        self.picks.len() == self.terms.k
    }

    /// Whether no candidate that may be a member gains τ.
    pub(super) fn is_whole(&self) -> bool {
        self.frontier == END && !self.is_full()
    }

    pub(super) fn n_members(&self) -> usize {
        self.n_members
    }

    fn contains(&self, element: u32) -> bool {
        let [level, at] = self.places[element as usize];
        let list = (level as usize).checked_sub(1).and_then(|level| self.levels.get(level));
        list.and_then(|list| list.get(at as usize)) == Some(&element)
    }

    /// Follows candidates that came, left, or both, and goes on as far as `budget` allows. After an error the guess is
    /// of no use but to be [`PermGuess::reset`].
    pub(super) fn follow(
        &mut self,
        touched: &[u32],
        ground: &Candidates,
        budget: &mut Budget,
        exec: &Exec,
    ) -> Result<()> {
        let mut coming = Vec::new();
        let mut kept = self.picks.len();
        let cost = self.cost;
        for &element in touched {
            if !self.terms.admit(ground.worth(element)) {
                continue;
            }
            if let Some(level) = self.forget(element)
                && self.picks.get(level) == Some(&element)
            {
                kept = kept.min(level);
            }
            if ground.is_live(element) && ground.rank(element) < self.frontier {
                coming.push((ground.rank(element), element));
            }
        }
        // An element may have been touched twice.
        coming.sort_unstable();
        coming.dedup();
        let mut pool = Pool::default();
        self.release(kept, &mut pool, ground, budget)?;
        self.take_in(&coming, &mut pool, ground, (budget, exec))?;
        // What waits behind a frontier that moved back is met there.
        pool.members.retain(|&(rank, _)| rank < self.frontier);
        if !pool.members.is_empty() {
            self.counters.rebuilds += 1;
            self.counters.rebuilt_elements += pool.members.len() as u64;
            pool.members.sort_unstable();
            let mut start = 0;
            while start < pool.members.len() {
                // Chunks double: picks are found among the first.
                let end = (2 * start).max(FIRST_CHUNK).min(pool.members.len());
                self.meet(&pool.members[start..end], pool.known, exec)?;
                start = end;
            }
        }
        budget.take(self.cost - cost);
        self.advance(ground, budget, exec)
    }

    /// Moves the frontier until there are k picks, no other candidates, or nothing left of the budget.
    pub(super) fn advance(&mut self, ground: &Candidates, budget: &mut Budget, exec: &Exec) -> Result<()> {
        let mut chunk = Vec::new();
        while !self.is_full() && self.frontier < END && budget.left > 0 {
            self.counters.bulk_builds += u64::from(self.frontier == 0);
            chunk.clear();
            let each = self.cost / self.n_members.max(1) + 1;
            let limit =
                self.n_members.clamp(FIRST_CHUNK, LARGEST_CHUNK).min((budget.left / each).saturating_add(1));
            let frontier = ground.after(self.frontier, (self.terms.threshold, limit), &mut chunk)?;
            let cost = self.cost;
            chunk.retain(|&(_, element)| ground.worth(element) < self.terms.most && !self.contains(element));
            self.meet(&chunk, 1, exec)?;
            budget.take(self.cost - cost);
            self.frontier = frontier;
        }
        Ok(())
    }

    /// All members, picks among them.
    pub(super) fn members(&self) -> impl Iterator<Item = u32> {
        self.levels.iter().flatten().copied()
    }

    /// Takes up picks and members that a guess of these terms had. False if no guess can have them.
    #[expect(clippy::cast_possible_truncation, reason = "picks are elements")]
    pub(super) fn restore(&mut self, picks: &[(u64, u32)], members: &[u32], exec: &Exec) -> Result<bool> {
        let n_most = self.terms.k.min(members.len());
        let is_rising = picks.is_sorted_by(|a, b| a.0 < b.0);
        if picks.len() > n_most || picks.is_empty() != members.is_empty() || !is_rising {
            return Ok(false);
        }
        for &(rank, pick) in picks {
            if self.contains(pick) {
                return Ok(false);
            }
            self.pick(rank, pick)?;
        }
        let others = members.iter().copied().filter(|&member| !self.contains(member));
        let others = try_collect("the members of a guess", members.len(), others)?;
        let mut depths = try_with_capacity("the depths of members", others.len())?;
        depths.resize(others.len(), 0);
        self.ask(&others, &mut depths, self.picks.len(), exec)?;
        for (&element, &depth) in others.iter().zip(&depths) {
            if self.contains(element) || depth == 0 || depth > picks.len() as u32 {
                return Ok(false);
            }
            self.put(element, depth as usize - 1)?;
        }
        Ok(self.n_members == members.len())
    }

    /// Removes a member from the levels and tells which one it was of, counted from 0.
    fn forget(&mut self, element: u32) -> Option<usize> {
        if !self.contains(element) {
            return None;
        }
        let [level, at] = self.places[element as usize];
        let level = level as usize - 1;
        let members = &mut self.levels[level];
        members.swap_remove(at as usize);
        if let Some(&moved) = members.get(at as usize) {
            self.places[moved as usize][1] = at;
        }
        self.n_members -= 1;
        Some(level)
    }

    /// Keeps the first `kept` picks. Members beyond them are to be met again: from `pool` or, if they are many, behind
    /// the frontier.
    #[expect(clippy::cast_possible_truncation, reason = "picks are elements")]
    fn release(&mut self, kept: usize, pool: &mut Pool, ground: &Candidates, budget: &Budget) -> Result<()> {
        pool.known = kept as u32 + 1;
        let Some(&first) = self.ranks.get(kept) else { return Ok(()) };
        let n_released = self.levels[kept..].iter().map(Vec::len).sum();
        let released = || self.levels[kept..].iter().flatten();
        let n_reads = || released().map(|&element| self.objective.cost(element, kept)).sum::<usize>();
        if budget.is_limited && (n_released > MANY || n_reads() > budget.left) {
            // All others before this pick are of a lower depth and stay.
            self.frontier = self.frontier.min(first);
        } else {
            try_reserve("the members of a guess", &mut pool.members, n_released)?;
            pool.members.extend(released().map(|&element| (ground.rank(element), element)));
        }
        self.cut(kept);
        Ok(())
    }

    fn cut(&mut self, kept: usize) {
        let n_picks = self.picks.len();
        let beyond = self.levels.get_mut(kept..).unwrap_or_default();
        self.n_members -= beyond.iter().map(Vec::len).sum::<usize>();
        beyond.iter_mut().for_each(Vec::clear);
        if kept < n_picks {
            self.prefix.truncate(kept);
            self.picks.truncate(kept);
            self.ranks.truncate(kept);
            self.gains.truncate(kept);
            self.value = self.gains.iter().fold(0.0, |sum, gain| sum + gain);
        }
    }

    /// Newcomers enter the levels. One that is in the `R_i` of a pick after it ends the sequence before that pick. Those that
    /// are in all levels left go into `pool`.
    fn take_in(
        &mut self,
        coming: &[(u64, u32)],
        pool: &mut Pool,
        ground: &Candidates,
        (budget, exec): (&Budget, &Exec),
    ) -> Result<()> {
        let Some(&(last, _)) = coming.last() else { return Ok(()) };
        let elements = try_collect("newcomers", coming.len(), coming.iter().map(|&(_, element)| element))?;
        let mut depths = try_with_capacity("the depths of newcomers", coming.len())?;
        depths.resize(coming.len(), 1);
        // Prefixes with picks after a newcomer do not matter to it.
        self.ask(&elements, &mut depths, self.n_picks_before(last), exec)?;
        let passes = |&((rank, _), &depth): &(&(u64, u32), &u32)| depth as usize > self.n_picks_before(*rank);
        let first = coming.iter().zip(&depths).find(passes).map(|(&(rank, _), _)| self.n_picks_before(rank));
        if let Some(level) = first {
            self.release(level, pool, ground, budget)?;
        }
        let n = self.picks.len();
        try_reserve("the members of a guess", &mut pool.members, coming.len())?;
        for (&(rank, element), &depth) in coming.iter().zip(&depths) {
            if depth as usize <= n {
                self.put(element, depth as usize - 1)?;
            } else {
                pool.members.push((rank, element));
            }
        }
        Ok(())
    }

    fn n_picks_before(&self, rank: u64) -> usize {
        self.ranks.partition_point(|&pick| pick < rank)
    }

    /// Meets candidates of rising rank, each that gains τ being the next pick. All are known to be of a depth of `known`
    /// at least, and of no pick's rank or less.
    fn meet(&mut self, chunk: &[(u64, u32)], known: u32, exec: &Exec) -> Result<()> {
        let n = chunk.len();
        let mut waiting = Waiting::new(chunk, known)?;
        let mut start = self.sift(&mut waiting, 0..n, exec)?;
        while start < n {
            self.pick(waiting.ranks[start], waiting.elements[start])?;
            start += 1;
            // The next pick is among the next few, or else few are left that gain τ at all.
            let mut step = FEW;
            while start < n {
                let end = n.min(start + step);
                start = self.sift(&mut waiting, start..end, exec)?;
                if start < end {
                    break;
                }
                step *= 2;
            }
        }
        Ok(())
    }

    /// Asks those at `range` how deep they are now. Those that gain τ at all picks move to its end, in their order; the
    /// others enter the levels. Returns where those that gain τ begin.
    #[expect(clippy::cast_possible_truncation, reason = "picks are elements")]
    fn sift(&mut self, waiting: &mut Waiting, range: Range<usize>, exec: &Exec) -> Result<usize> {
        let Waiting { ranks, elements, depths } = waiting;
        self.ask(&elements[range.clone()], &mut depths[range.clone()], self.picks.len(), exec)?;
        let next = self.picks.len() as u32 + 1;
        let mut first = range.end;
        for i in range.rev() {
            if depths[i] == next {
                first -= 1;
                (ranks[first], elements[first], depths[first]) = (ranks[i], elements[i], depths[i]);
            } else {
                self.put(elements[i], depths[i] as usize - 1)?;
            }
        }
        Ok(first)
    }

    /// The next pick.
    fn pick(&mut self, rank: u64, element: u32) -> Result<()> {
        let gain = self.prefix.push(element)?.max(0.0);
        let level = self.picks.len();
        self.picks.push(element);
        self.ranks.push(rank);
        self.gains.push(gain);
        self.value = finite(self.value + gain)?;
        self.counters.value_calls += 1;
        self.cost += self.objective.cost(element, level);
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.put(element, level)
    }

    #[expect(clippy::cast_possible_truncation, reason = "levels hold elements")]
    fn put(&mut self, element: u32, level: usize) -> Result<()> {
        let members = &mut self.levels[level];
        try_reserve("the members of a guess", members, 1)?;
        self.places[element as usize] = [level as u32 + 1, members.len() as u32];
        members.push(element);
        self.n_members += 1;
        Ok(())
    }

    /// Raises depths that are known in part, up to one more than `len`.
    fn ask(&mut self, elements: &[u32], depths: &mut [u32], len: usize, exec: &Exec) -> Result<()> {
        let len = len.min(self.terms.k - 1);
        let cost = self.cost;
        self.cost += elements.iter().map(|&element| self.objective.cost(element, len)).sum::<usize>();
        if self.cost / UNITS > cost / UNITS {
            exec.checkpoint(0)?;
        }
        let how = How::new(&*self.objective, elements.len(), self.cost - cost);
        let terms = (len, self.terms.threshold);
        let calls = ask(self.prefix.as_ref(), terms, elements, depths, &how, exec)?;
        self.counters.add_calls(calls);
        Ok(())
    }
}

#[cfg(test)]
impl PermGuess {
    /// Asserts what the head of this file says of picks, depths and the frontier, from the definitions.
    pub(super) fn check_invariants(&self, ground: &Candidates) {
        let Terms { threshold, k, .. } = self.terms;
        let mut members: Vec<(u64, u32)> =
            ground.live().unwrap().into_iter().map(|element| (ground.rank(element), element)).collect();
        members.retain(|&(_, element)| self.terms.admit(ground.worth(element)));
        members.sort_unstable();
        let mut prefix = Arc::clone(&ground.objective).prefix().unwrap();
        let mut picks = Vec::new();
        for &(rank, element) in members.iter().filter(|member| member.0 < self.frontier) {
            if picks.len() < k && is_worth(prefix.gain(picks.len(), element).unwrap(), threshold) {
                assert_eq!(prefix.push(element).unwrap().max(0.0), self.gains[picks.len()]);
                picks.push((rank, element));
            }
        }
        let own: Vec<(u64, u32)> = self.ranks.iter().copied().zip(self.picks.iter().copied()).collect();
        assert_eq!(own, picks);
        for &(rank, element) in &members {
            let gains = |level: &usize| {
                *level < k
                    && !self.picks[..*level].contains(&element)
                    && is_worth(prefix.gain(*level, element).unwrap(), threshold)
            };
            let depth = (0..=picks.len()).take_while(gains).count();
            assert!(rank >= self.frontier || depth > 0);
            if self.contains(element) {
                assert_eq!(self.places[element as usize][0] as usize, depth);
            } else {
                assert!(rank >= self.frontier, "{element} was not asked");
            }
        }
        assert!(self.frontier == END || self.frontier < END && (self.is_full() || !self.is_whole()));
        assert!(self.levels[self.picks.len()..].iter().all(Vec::is_empty));
        assert_eq!(self.n_members, self.levels.iter().map(Vec::len).sum());
        assert!(self.members().all(|element| ground.is_live(element)));
        assert_eq!(self.value, self.gains.iter().sum());
    }
}
