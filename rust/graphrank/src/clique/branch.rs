//! The search among the later neighbours of one node, by branch and bound.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | R | `members`, `counts` | the clique so far |
//! | P | a level of `candidates` | neighbours of all of R that may follow |
//! | L | `best` | size of the best fair clique so far |
//!
//! # A node of the search
//! 1. If R holds a fair clique of more than L members, it is the best so far.
//! 2. No group can have more members than R and P have. If F of those counts is not above L, there is nothing here.
//! 3. A group of which R has as many as can ever count needs no candidates.
//! 4. If P falls into L - |R| sets without edges inside, there is nothing here: a clique takes one of each. Else a better
//!    clique takes one of those that such sets leave over (`colors`). In the same way, of a group that still lacks m
//!    members it takes one of those that m - 1 sets of its candidates leave over. The smallest leftover is branched on.
//! 5. Each in turn joins R; after that it is no candidate any more.
//!
//! # Why nothing is missed
//! Let T be a fair clique of more than L members with R ⊆ T ⊆ R ∪ P. Its counts are at most those of 2. What 3 drops can
//! not be in T, for T has no more of a group than rules allow. T has a member in every leftover of 4. The first of these
//! that is branched on joins R when all other members of T are still candidates. So T is reached, or L has grown.
//!
//! # Cost
//! Of each search node O(n / 64) per colour class and candidate: 2 microseconds in G(200, .8). Groups are coloured only
//! where that pays: in balanced graphs the sets of all candidates are mostly the better ones.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_zeroed;
use crate::simd::{Isa, Kernel, Simd};

use super::colors::Classes;
use super::dense::Dense;
use super::incumbent::Incumbent;
use super::problem::Problem;
use super::rest::number;
use super::spec::MOST_GROUPS;

/// Search nodes between two checkpoints, times the square of the words of a set: some tenths of a millisecond.
const NODES: u64 = 1 << 10;
/// Groups are coloured while they gave the smaller leftover in one of so many nodes.
const RARELY: u64 = 3;
/// Nodes after which that is known.
const TRIES: u64 = 256;
/// Search nodes after which other threads may take over what is left: some hundredths of a second.
const SHARED: u64 = if cfg!(test) { 4 } else { 1 << 14 };

/// Searches `dense`, all of which are neighbours of `root`, a member of the group. Returns the number of search nodes.
pub(super) fn search(
    dense: &Dense,
    root: (u32, u8),
    problem: &Problem,
    best: &Incumbent,
    exec: &Exec,
) -> Result<u64> {
    let whole = Part { dense, root, problem, best, exec };
    match dense.words {
        0 => {
            // The root alone.
            let mut counts = [0; MOST_GROUPS];
            counts[root.1 as usize] = 1;
            best.offer(problem, &counts[..problem.n_groups()], &[root], |&member| member);
            Ok(1)
        }
        1 => whole.search::<1>(),
        2 => whole.search::<2>(),
        3 => whole.search::<3>(),
        4 => whole.search::<4>(),
        _ => whole.search::<0>(),
    }
}

/// What is searched, and how.
#[derive(Clone, Copy)]
struct Part<'a> {
    dense: &'a Dense,
    root: (u32, u8),
    problem: &'a Problem,
    best: &'a Incumbent,
    exec: &'a Exec,
}

impl Part<'_> {
    fn search<const W: usize>(self) -> Result<u64> {
        self.finish(Search::<W>::new(self)?)
    }

    /// Searches, for some time alone.
    fn finish<const W: usize>(self, mut search: Search<'_, W>) -> Result<u64> {
        let most_nodes = if self.exec.n_threads() > 1 { SHARED } else { u64::MAX };
        let branches = Isa::best().run(Run { search: &mut search, most_nodes })?;
        let found = self.exec.map(branches.len(), |i| self.finish(search.at(&branches[i])?))?;
        Ok(search.n_nodes + found.iter().sum::<u64>())
    }
}

/// A search node that is still to be searched.
struct Branch {
    members: Vec<u32>,
    candidates: Vec<u64>,
}

/// Sets have `W` words, or, if that is 0, `words`.
struct Search<'a, const W: usize> {
    of: Part<'a>,
    words: usize,
    /// Members beside the root.
    members: Vec<u32>,
    counts: [u32; MOST_GROUPS],
    /// Of each level, candidates and those to branch on.
    levels: Vec<u64>,
    classes: Classes<W>,
    /// A set.
    spare: Vec<u64>,
    n_nodes: u64,
    n_tries: u64,
    n_wins: u64,
}

impl<'a, const W: usize> Search<'a, W> {
    fn new(of: Part<'a>) -> Result<Self> {
        let (n, words) = (of.dense.n_nodes(), of.dense.words);
        let mut counts = [0; MOST_GROUPS];
        counts[of.root.1 as usize] = 1;
        let mut levels = try_zeroed("levels of a search", 2 * words)?;
        for i in 0..n {
            levels[i / 64] |= 1u64 << (i % 64);
        }
        Ok(Self {
            of,
            words,
            members: Vec::new(),
            counts,
            levels,
            classes: Classes::new(of.dense)?,
            spare: try_zeroed("sets of a search", words)?,
            n_nodes: 0,
            n_tries: 0,
            n_wins: 0,
        })
    }

    /// Another search, of one branch of this one.
    fn at(&self, branch: &Branch) -> Result<Self> {
        let mut search = Self { n_tries: self.n_tries, n_wins: self.n_wins, ..Self::new(self.of)? };
        search.levels[..branch.candidates.len()].copy_from_slice(&branch.candidates);
        branch.members.iter().for_each(|&node| search.join(node));
        Ok(search)
    }

    #[inline(always)]
    fn words(&self) -> usize {
        if W > 0 { W } else { self.words }
    }

    /// Steps 1 to 4; whether there is something to branch on.
    #[inline(always)]
    fn enter(&mut self, level: usize) -> Result<bool> {
        self.n_nodes += 1;
        let n_words = self.words() as u64;
        if self.n_nodes.is_multiple_of((NODES / (n_words * n_words)).max(1)) {
            self.of.exec.checkpoint(0)?;
        }
        let mut best = self.of.best.size();
        if self.n_members() > best {
            self.offer();
            best = self.of.best.size();
        }
        let Some(most) = self.most(level, best) else { return Ok(false) };
        Ok(self.choose(level, best, &most))
    }

    /// All members so far.
    #[inline(always)]
    fn n_members(&self) -> u32 {
        number(1 + self.members.len()) + self.of.problem.n_given
    }

    /// Step 1.
    #[cold]
    fn offer(&self) {
        let counts = &self.counts[..self.of.problem.n_groups()];
        if self.of.problem.exceeds(counts, self.of.best.size()) {
            let (dense, root) = (self.of.dense, self.of.root);
            let all: Vec<(u32, u8)> = std::iter::once(root)
                .chain(self.members.iter().map(|&i| (dense.nodes[i as usize], dense.groups[i as usize])))
                .collect();
            self.of.best.offer(self.of.problem, counts, &all, |&member| member);
        }
    }

    /// Steps 2 and 3: how many members each group can have, or `None` if there is nothing here.
    #[inline(always)]
    fn most(&mut self, level: usize, best: u32) -> Option<[u32; MOST_GROUPS]> {
        let words = self.words();
        let n_groups = self.of.problem.n_groups();
        let n_members = self.n_members();
        let mut most = self.counts;
        let candidates = &mut self.levels[2 * level * words..][..words];
        let mut n_candidates = 0;
        for word in &*candidates {
            n_candidates += word.count_ones();
        }
        if n_members + n_candidates <= best {
            return None;
        }
        for (most, mask) in most[..n_groups].iter_mut().zip(self.of.dense.masks.chunks_exact(words)) {
            for (word, mask) in candidates.iter().zip(mask) {
                *most += (word & mask).count_ones();
            }
        }
        if !self.of.problem.exceeds(&most[..n_groups], best) {
            return None;
        }
        let mut trimmed = most;
        self.of.problem.trim(&mut trimmed[..n_groups]);
        for group in 0..n_groups {
            if self.counts[group] >= trimmed[group] && most[group] > self.counts[group] {
                let mask = &self.of.dense.masks[group * words..][..words];
                for (word, mask) in candidates.iter_mut().zip(mask) {
                    *word &= !mask;
                }
                most[group] = self.counts[group];
            }
        }
        Some(most)
    }

    /// Step 4: writes those to branch on beside the candidates; false if there are none.
    #[inline(always)]
    fn choose(&mut self, level: usize, best: u32, most: &[u32; MOST_GROUPS]) -> bool {
        let words = self.words();
        let n_groups = self.of.problem.n_groups();
        let n_members = self.n_members();
        let (candidates, chosen) = self.levels[2 * level * words..][..2 * words].split_at_mut(words);
        chosen.copy_from_slice(candidates);
        let quota = best.saturating_sub(n_members) as usize;
        let left = &mut self.spare[..words];
        let mut n_left = self.classes.leave(self.of.dense, chosen, quota);
        if n_left == 0 {
            return false;
        }
        if n_groups == 1 || (self.n_tries >= TRIES && self.n_wins * RARELY < self.n_tries) {
            return true;
        }
        self.n_tries += 1;
        let mut is_won = false;
        for group in 0..n_groups {
            let Some(need) = self.of.problem.need(group, &most[..n_groups], best) else { return false };
            if need <= self.counts[group] {
                continue;
            }
            let mask = &self.of.dense.masks[group * words..][..words];
            for (left, (word, mask)) in left.iter_mut().zip(candidates.iter().zip(mask)) {
                *left = word & mask;
            }
            let quota = (need - self.counts[group] - 1) as usize;
            let n = self.classes.leave(self.of.dense, left, quota);
            if n < n_left {
                n_left = n;
                chosen.copy_from_slice(left);
                is_won = true;
            }
            if n == 0 {
                break;
            }
        }
        self.n_wins += u64::from(is_won);
        n_left > 0
    }

    /// Step 5: the next of those to branch on joins the members, and its neighbours are the candidates of the next level.
    #[inline(always)]
    fn descend(&mut self, level: usize) -> bool {
        let words = self.words();
        let start = 2 * level * words;
        if self.levels.len() < start + 4 * words {
            self.levels.resize(start + 4 * words, 0);
        }
        let (here, next) = self.levels[start..].split_at_mut(2 * words);
        let (candidates, chosen) = here.split_at_mut(words);
        for w in (0..words).rev() {
            if chosen[w] == 0 {
                continue;
            }
            let bit = 63 - chosen[w].leading_zeros() as usize;
            let node = 64 * w + bit;
            let row = &self.of.dense.rows[node * words..][..words];
            for (next, (word, neighbors)) in next.iter_mut().zip(candidates.iter().zip(row)) {
                *next = word & neighbors;
            }
            chosen[w] &= !(1 << bit);
            candidates[w] &= !(1 << bit);
            self.join(number(node));
            return true;
        }
        false
    }

    #[inline(always)]
    fn join(&mut self, node: u32) {
        self.counts[self.of.dense.groups[node as usize] as usize] += 1;
        self.members.push(node);
    }

    #[inline(always)]
    fn ascend(&mut self) {
        if let Some(node) = self.members.pop() {
            self.counts[self.of.dense.groups[node as usize] as usize] -= 1;
        }
    }

    /// All branches of this level and those above it.
    fn branches(&mut self, level: usize) -> Vec<Branch> {
        let words = self.words();
        let mut branches = Vec::new();
        for level in (0..=level).rev() {
            while self.descend(level) {
                let candidates = self.levels[2 * (level + 1) * words..][..words].to_vec();
                branches.push(Branch { members: self.members.clone(), candidates });
                self.ascend();
            }
            if level > 0 {
                self.ascend();
            }
        }
        branches
    }
}

/// A search to its end, or to a number of search nodes; then the branches that are left. A loop, because a function that
/// calls itself would leave the instruction set behind.
struct Run<'s, 'a, const W: usize> {
    search: &'s mut Search<'a, W>,
    most_nodes: u64,
}

impl<const W: usize> Kernel for Run<'_, '_, W> {
    type Output = Result<Vec<Branch>>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Self::Output {
        let Self { search, most_nodes } = self;
        let mut level = 0;
        if !search.enter(0)? {
            return Ok(Vec::new());
        }
        loop {
            if search.descend(level) {
                if search.enter(level + 1)? {
                    level += 1;
                    if search.n_nodes >= most_nodes {
                        return Ok(search.branches(level));
                    }
                } else {
                    search.ascend();
                }
            } else if level > 0 {
                search.ascend();
                level -= 1;
            } else {
                return Ok(Vec::new());
            }
        }
    }
}
