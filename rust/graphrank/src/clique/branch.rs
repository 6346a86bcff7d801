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
//!    clique takes one of those that greedy sets leave over. In the same way, of a group that still lacks m members it
//!    takes one of those that m - 1 sets of its candidates leave over. The smallest of these leftovers is branched on.
//! 5. Each in turn joins R; after that it is no candidate any more.
//!
//! # Why nothing is missed
//! Let T be a fair clique of more than L members with R ⊆ T ⊆ R ∪ P. Its counts are at most those of 2. What 3 drops can
//! not be in T, for T has no more of a group than rules allow. T has a member in every leftover of 4. The first of these
//! that is branched on joins R when all other members of T are still candidates. So T is reached, or L has grown.
//!
//! # Cost
//! Of each search node O(n / 64) per colour class and candidate. Groups are coloured only where that pays: in balanced
//! graphs the sets of all candidates are nearly always the better ones.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_zeroed;
use crate::simd::{Isa, Kernel, Simd};

use super::dense::Dense;
use super::incumbent::Incumbent;
use super::problem::Problem;
use super::rest::number;
use super::spec::MOST_GROUPS;

/// Search nodes between two checkpoints: some tenths of a millisecond.
const NODES: u64 = 1 << 10;
/// Groups are coloured while they gave the smaller leftover in one of so many nodes.
const RARELY: u64 = 20;
/// Nodes after which that is known.
const TRIES: u64 = 256;

/// Searches `dense`, all of which are neighbours of `root`, a member of the group. Returns the number of search nodes.
pub(super) fn search(
    dense: &Dense,
    root: (u32, u8),
    problem: &Problem,
    best: &Incumbent,
    exec: &Exec,
) -> Result<u64> {
    let isa = Isa::best();
    match dense.words {
        0 => {
            // The root alone.
            let mut counts = [0; MOST_GROUPS];
            counts[root.1 as usize] = 1;
            best.offer(problem, &counts[..problem.n_groups()], &[root], |&member| member);
            Ok(1)
        }
        1 => isa.run(Search::<1>::new(dense, root, problem, best, exec)?),
        2 => isa.run(Search::<2>::new(dense, root, problem, best, exec)?),
        3 => isa.run(Search::<3>::new(dense, root, problem, best, exec)?),
        4 => isa.run(Search::<4>::new(dense, root, problem, best, exec)?),
        _ => isa.run(Search::<0>::new(dense, root, problem, best, exec)?),
    }
}

/// Sets have `W` words, or, if that is 0, `words`.
struct Search<'a, const W: usize> {
    dense: &'a Dense,
    root: (u32, u8),
    problem: &'a Problem,
    best: &'a Incumbent,
    exec: &'a Exec,
    words: usize,
    /// Members beside the root.
    members: Vec<u32>,
    counts: [u32; MOST_GROUPS],
    /// Of each level, candidates and those to branch on.
    levels: Vec<u64>,
    /// Colour classes.
    classes: Vec<u64>,
    /// Two sets.
    spare: Vec<u64>,
    n_nodes: u64,
    n_tries: u64,
    n_wins: u64,
}

impl<'a, const W: usize> Search<'a, W> {
    fn new(
        dense: &'a Dense,
        root: (u32, u8),
        problem: &'a Problem,
        best: &'a Incumbent,
        exec: &'a Exec,
    ) -> Result<Self> {
        let words = dense.words;
        let mut counts = [0; MOST_GROUPS];
        counts[root.1 as usize] = 1;
        let mut levels = try_zeroed("levels of a search", 2 * words)?;
        for i in 0..dense.n_nodes() {
            levels[i / 64] |= 1u64 << (i % 64);
        }
        let classes = try_zeroed("colour classes", (dense.n_nodes() + 1) * words)?;
        let spare = try_zeroed("sets of a search", 2 * words)?;
        let members = Vec::new();
        let (n_nodes, n_tries, n_wins) = (0, 0, 0);
        Ok(Self {
            dense,
            root,
            problem,
            best,
            exec,
            words,
            members,
            counts,
            levels,
            classes,
            spare,
            n_nodes,
            n_tries,
            n_wins,
        })
    }

    #[inline(always)]
    fn words(&self) -> usize {
        if W > 0 { W } else { self.words }
    }

    /// Steps 1 to 4; whether there is something to branch on.
    #[inline(always)]
    fn enter(&mut self, level: usize) -> Result<bool> {
        self.n_nodes += 1;
        if self.n_nodes.is_multiple_of(NODES) {
            self.exec.checkpoint(0)?;
        }
        let mut best = self.best.size();
        if self.n_members() > best {
            self.offer();
            best = self.best.size();
        }
        let Some(most) = self.most(level, best) else { return Ok(false) };
        Ok(self.choose(level, best, &most))
    }

    /// All members so far.
    #[inline(always)]
    fn n_members(&self) -> u32 {
        number(1 + self.members.len()) + self.problem.n_given
    }

    /// Step 1.
    #[cold]
    fn offer(&self) {
        let counts = &self.counts[..self.problem.n_groups()];
        if self.problem.exceeds(counts, self.best.size()) {
            let (dense, root) = (self.dense, self.root);
            let all: Vec<(u32, u8)> = std::iter::once(root)
                .chain(self.members.iter().map(|&i| (dense.nodes[i as usize], dense.groups[i as usize])))
                .collect();
            self.best.offer(self.problem, counts, &all, |&member| member);
        }
    }

    /// Steps 2 and 3: how many members each group can have, or `None` if there is nothing here.
    #[inline(always)]
    fn most(&mut self, level: usize, best: u32) -> Option<[u32; MOST_GROUPS]> {
        let words = self.words();
        let n_groups = self.problem.n_groups();
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
        for (most, mask) in most[..n_groups].iter_mut().zip(self.dense.masks.chunks_exact(words)) {
            for (word, mask) in candidates.iter().zip(mask) {
                *most += (word & mask).count_ones();
            }
        }
        if !self.problem.exceeds(&most[..n_groups], best) {
            return None;
        }
        let mut trimmed = most;
        self.problem.trim(&mut trimmed[..n_groups]);
        for group in 0..n_groups {
            if self.counts[group] >= trimmed[group] && most[group] > self.counts[group] {
                let mask = &self.dense.masks[group * words..][..words];
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
        let n_groups = self.problem.n_groups();
        let n_members = self.n_members();
        let (candidates, chosen) = self.levels[2 * level * words..][..2 * words].split_at_mut(words);
        chosen.copy_from_slice(candidates);
        let quota = best.saturating_sub(n_members) as usize;
        let (free, left) = self.spare.split_at_mut(words);
        let mut n_left = leave::<W>(self.dense, chosen, quota, &mut self.classes, free);
        if n_left == 0 {
            return false;
        }
        if n_groups == 1 || (self.n_tries >= TRIES && self.n_wins * RARELY < self.n_tries) {
            return true;
        }
        self.n_tries += 1;
        let mut is_won = false;
        for group in 0..n_groups {
            let Some(need) = self.problem.need(group, &most[..n_groups], best) else { return false };
            if need <= self.counts[group] {
                continue;
            }
            let mask = &self.dense.masks[group * words..][..words];
            for (left, (word, mask)) in left.iter_mut().zip(candidates.iter().zip(mask)) {
                *left = word & mask;
            }
            let quota = (need - self.counts[group] - 1) as usize;
            let n = leave::<W>(self.dense, left, quota, &mut self.classes, free);
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
            let row = &self.dense.rows[node * words..][..words];
            for (next, (word, neighbors)) in next.iter_mut().zip(candidates.iter().zip(row)) {
                *next = word & neighbors;
            }
            chosen[w] &= !(1 << bit);
            candidates[w] &= !(1 << bit);
            self.counts[self.dense.groups[node] as usize] += 1;
            self.members.push(number(node));
            return true;
        }
        false
    }

    #[inline(always)]
    fn ascend(&mut self) {
        if let Some(node) = self.members.pop() {
            self.counts[self.dense.groups[node as usize] as usize] -= 1;
        }
    }
}

impl<const W: usize> Kernel for Search<'_, W> {
    type Output = Result<u64>;

    /// A loop, because a function that calls itself would leave the instruction set behind.
    #[inline(always)]
    fn run<S: Simd>(mut self) -> Result<u64> {
        let mut level = 0;
        if !self.enter(0)? {
            return Ok(self.n_nodes);
        }
        loop {
            if self.descend(level) {
                if self.enter(level + 1)? {
                    level += 1;
                } else {
                    self.ascend();
                }
            } else if level > 0 {
                self.ascend();
                level -= 1;
            } else {
                return Ok(self.n_nodes);
            }
        }
    }
}

/// Takes `quota` sets without edges inside from `left`, greedily; how many nodes are left. A node that is left over is
/// put into a set after all if the one neighbour that it has there finds room in another set.
#[inline(always)]
fn leave<const W: usize>(
    dense: &Dense,
    left: &mut [u64],
    quota: usize,
    classes: &mut [u64],
    free: &mut [u64],
) -> u32 {
    let words = if W > 0 { W } else { free.len() };
    let (left, free) = (&mut left[..words], &mut free[..words]);
    let mut n_classes = 0;
    while n_classes < quota {
        let mut any = 0;
        for &word in &*left {
            any |= word;
        }
        if any == 0 {
            return 0;
        }
        let class = &mut classes[n_classes * words..][..words];
        class.fill(0);
        free.copy_from_slice(left);
        for w in 0..words {
            while free[w] != 0 {
                let bit = free[w].trailing_zeros() as usize;
                let node = 64 * w + bit;
                class[w] |= 1 << bit;
                free[w] &= free[w] - 1;
                let row = &dense.rows[node * words..][..words];
                for (free, neighbors) in free[w..].iter_mut().zip(&row[w..]) {
                    *free &= !neighbors;
                }
            }
            left[w] &= !class[w];
        }
        n_classes += 1;
    }
    let mut n_left = 0;
    for (w, word) in left.iter_mut().enumerate() {
        let mut rest = *word;
        while rest != 0 {
            let bit = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if fits::<W>(dense, 64 * w + bit, &mut classes[..n_classes * words], words) {
                *word &= !(1 << bit);
            } else {
                n_left += 1;
            }
        }
    }
    n_left
}

/// Puts a node into a class in which it has one neighbour, if that can go to another class.
#[inline(always)]
fn fits<const W: usize>(dense: &Dense, node: usize, classes: &mut [u64], words: usize) -> bool {
    let words = if W > 0 { W } else { words };
    let row = &dense.rows[node * words..][..words];
    let n_classes = classes.len() / words;
    for i in 0..n_classes {
        let class = &classes[i * words..][..words];
        let (mut n_common, mut other) = (0, 0);
        for (w, (class, neighbors)) in class.iter().zip(row).enumerate() {
            let common = class & neighbors;
            n_common += common.count_ones();
            if common != 0 {
                other = 64 * w + common.trailing_zeros() as usize;
            }
        }
        if n_common > 1 {
            continue;
        }
        if n_common == 1 {
            let Some(j) = free_class::<W>(dense, other, i, classes, words) else { continue };
            classes[j * words + other / 64] |= 1 << (other % 64);
            classes[i * words + other / 64] &= !(1 << (other % 64));
        }
        classes[i * words + node / 64] |= 1 << (node % 64);
        return true;
    }
    false
}

/// A class other than the `i`-th in which a node has no neighbour.
#[inline(always)]
fn free_class<const W: usize>(
    dense: &Dense,
    node: usize,
    i: usize,
    classes: &[u64],
    words: usize,
) -> Option<usize> {
    let words = if W > 0 { W } else { words };
    let row = &dense.rows[node * words..][..words];
    for (j, class) in classes.chunks_exact(words).enumerate() {
        let mut common = 0;
        for (class, neighbors) in class.iter().zip(row) {
            common |= class & neighbors;
        }
        if common == 0 && j != i {
            return Some(j);
        }
    }
    None
}
