//! Random walks that are kept as paths, so that they can follow a graph that changes.
//!
//! Hou, Guo, Zhang, Wang and Wei, "Personalized PageRank on evolving graphs with an incremental index-update scheme"
//! (SIGMOD 2023), keep an index of walks up to date by rerouting the few that an edge concerns. Here this is done for
//! killed walks, any change of a row, and weights.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | α | `damping` | probability to go on at a step |
//! | P, P′ | `ArcChange` | probabilities of a row before and after |
//! | R | `n_walks` | walks from each node |
//!
//! # The law
//! After any sequence of changes the walks are distributed as those of a fresh build on the graph as it is. Take one
//! changed row at a time. A walk that left u for v under P stays with probability min(1, P′(v) / P(v)); otherwise it goes
//! where P′ exceeds P, in proportion to the excess, and on from there by fresh steps. Its first step out of u is then
//! distributed by P′, and every step of the fresh part by the rows as they are now: nothing else distinguishes a fresh
//! build (the maximal coupling of two distributions). A walk that ended at u because no arc left it goes on with
//! probability α; one that went on from a node that no arc leaves any more ends there. Tests compare the law with
//! that of the definition.
//!
//! # What is stored
//! A *step* is a visit of a walk to a node: the node, the next step of the walk, and its place in the list of the
//! node's steps; those lists hold numbers of steps. That is 16 bytes per step, up to 20 where lists have grown. Step
//! w begins walk w, which starts at node w / R. Freed steps are used again.
//!
//! # Cost
//! A draw per walk through a changed node; and, for those that change, two lookups per step that goes or comes.

use rand_xoshiro::rand_core::Rng;

use super::batch::{ArcChange, RowChange};
use super::rows::{Row, Rows};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_reserve, try_with_capacity};
use crate::rng::{Domain, Xoshiro256PlusPlus, stream};

/// No step.
const NONE: u32 = u32::MAX;
/// Draws before a row of uneven weights is summed up instead.
const MOST_DRAWS: u32 = 32;
/// Origins of a unit of parallel work.
const UNIT: usize = 1 << 10;

/// The walks from every node.
#[derive(Debug)]
pub(super) struct Walks {
    n_walks: usize,
    damping: f64,
    seed: u64,
    /// Rows repaired so far: each has a stream of its own.
    n_repairs: u64,
    /// Node of each step; `NONE` for steps that are free.
    node: Vec<u32>,
    /// Next step of the same walk; `NONE` where it ends.
    next: Vec<u32>,
    /// Place of each step in the list of its node.
    place: Vec<u32>,
    /// Steps at each node.
    at: Vec<Vec<u32>>,
    free: Vec<u32>,
}

impl Walks {
    /// Walks `n_walks` times from every node.
    pub(super) fn new(rows: &Rows, n_walks: usize, damping: f64, seed: u64, exec: &Exec) -> Result<Self> {
        let n = rows.n_nodes();
        let parts = exec.map(n.div_ceil(UNIT), |part| {
            exec.checkpoint(1)?;
            // The walks after their origins, one after the other, each closed by `NONE`.
            let mut steps = Vec::new();
            for origin in part * UNIT..n.min((part + 1) * UNIT) {
                let mut rng = stream(seed, Domain::Repair, origin as u64);
                for _ in 0..n_walks {
                    let mut node = origin;
                    while goes_on(rows, node, damping, &mut rng) {
                        node = draw(&rows.row(node), &mut rng) as usize;
                        try_reserve("steps of walks", &mut steps, 2)?;
                        steps.push(code(node));
                    }
                    try_reserve("steps of walks", &mut steps, 1)?;
                    steps.push(NONE);
                }
            }
            Ok(steps)
        })?;
        // Every walk has its origin in place of the mark that closes it.
        let n_steps = parts.iter().map(Vec::len).sum();
        if n_steps >= NONE as usize {
            let problem = format!("give {n_steps} steps in all; an index that follows updates holds 2^32");
            return Err(Error::argument("walks", problem));
        }
        let mut walks = Self {
            n_walks,
            damping,
            seed,
            n_repairs: 0,
            node: try_with_capacity("steps of walks", n_steps)?,
            next: try_with_capacity("steps of walks", n_steps)?,
            place: try_with_capacity("steps of walks", n_steps)?,
            at: Vec::new(),
            free: Vec::new(),
        };
        walks.lay_out(n, &parts, exec)?;
        walks.list(n)?;
        Ok(walks)
    }

    /// Numbers the steps: origins first, then walk after walk.
    fn lay_out(&mut self, n: usize, parts: &[Vec<u32>], exec: &Exec) -> Result<()> {
        for origin in 0..n {
            self.node.extend(std::iter::repeat_n(code(origin), self.n_walks));
        }
        self.next.resize(self.node.len(), NONE);
        let mut walk = 0;
        for part in parts {
            exec.checkpoint(1)?;
            let mut last = walk;
            for &node in part {
                if node == NONE {
                    walk += 1;
                    last = walk;
                    continue;
                }
                self.next[last] = code(self.node.len());
                last = self.node.len();
                self.node.push(node);
                self.next.push(NONE);
            }
        }
        Ok(())
    }

    /// Fills the lists of the nodes.
    fn list(&mut self, n: usize) -> Result<()> {
        let mut counts = vec![0usize; n];
        self.node.iter().for_each(|&node| counts[node as usize] += 1);
        self.at = try_with_capacity("lists of steps", n)?;
        for count in counts {
            self.at.push(try_with_capacity("lists of steps", count)?);
        }
        for (step, &node) in self.node.iter().enumerate() {
            let list = &mut self.at[node as usize];
            self.place.push(code(list.len()));
            list.push(code(step));
        }
        Ok(())
    }

    /// Every visit of the walks from `origin`, walk by walk.
    pub(super) fn visits(&self, origin: usize) -> impl Iterator<Item = u32> + '_ {
        let begins = origin * self.n_walks..(origin + 1) * self.n_walks;
        begins.flat_map(|begin| self.path(code(begin)))
    }

    /// Nodes from a step to the end of its walk.
    fn path(&self, step: u32) -> impl Iterator<Item = u32> + '_ {
        let steps = std::iter::successors(Some(step), |&step| {
            Some(self.next[step as usize]).filter(|&next| next != NONE)
        });
        steps.map(|step| self.node[step as usize])
    }

    /// Reroutes walks for a row that has changed, where `rows` holds the new one.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], after which the law holds no more.
    pub(super) fn repair(&mut self, rows: &Rows, change: &RowChange, arcs: &[ArcChange]) -> Result<()> {
        // Numbers below 2^32 are those of the origins of the first walks.
        let mut rng = stream(self.seed, Domain::Repair, (1 << 32) + self.n_repairs);
        self.n_repairs += 1;
        let rerouted = self.choose(change, arcs, &mut rng)?;
        let excess = Excess::new(change, arcs);
        let mut freed = Vec::new();
        for step in rerouted {
            // Another step of the same walk may have been rerouted before this one.
            if self.node[step as usize] != change.node {
                continue;
            }
            self.cut(step, &mut freed)?;
            if !change.is_dangling {
                let first = excess.draw(change, arcs, &rows.row(change.node as usize), &mut rng);
                self.go_on(rows, step, first, &mut rng)?;
            }
        }
        // Not before: a number that is used again would pass for the step that was chosen.
        try_reserve("free steps", &mut self.free, freed.len())?;
        self.free.append(&mut freed);
        Ok(())
    }

    /// The steps at the changed node that do not stay as they are.
    fn choose(
        &self,
        change: &RowChange,
        arcs: &[ArcChange],
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Vec<u32>> {
        let list = &self.at[change.node as usize];
        let others = (1.0 / change.ratio).min(1.0);
        let least = arcs.iter().filter(|arc| arc.before > 0.0);
        let least = least.map(|arc| arc.after / arc.before).fold(others, f64::min);
        let mut is_chosen = |step: u32| {
            let next = self.next[step as usize];
            if change.was_dangling {
                return !change.is_dangling && unit(rng) < self.damping;
            }
            if next == NONE || change.is_dangling {
                return next != NONE;
            }
            let coin = unit(rng);
            if coin < least {
                return false;
            }
            let target = self.node[next as usize];
            let stays = match arcs.binary_search_by_key(&target, |arc| arc.target) {
                Ok(at) => arcs[at].after / arcs[at].before,
                Err(_) => others,
            };
            coin >= stays
        };
        let chosen = list.iter().copied().filter(|&step| is_chosen(step));
        let mut steps = Vec::new();
        for step in chosen {
            try_reserve("rerouted walks", &mut steps, 1)?;
            steps.push(step);
        }
        Ok(steps)
    }

    /// Ends a walk at `step`.
    fn cut(&mut self, step: u32, freed: &mut Vec<u32>) -> Result<()> {
        let mut next = std::mem::replace(&mut self.next[step as usize], NONE);
        while next != NONE {
            let gone = next as usize;
            let (node, place) = (self.node[gone] as usize, self.place[gone] as usize);
            self.at[node].swap_remove(place);
            if let Some(&moved) = self.at[node].get(place) {
                self.place[moved as usize] = code(place);
            }
            self.node[gone] = NONE;
            try_reserve("free steps", freed, 1)?;
            freed.push(next);
            next = std::mem::replace(&mut self.next[gone], NONE);
        }
        Ok(())
    }

    /// Goes from `step` to `node` and on from there.
    fn go_on(&mut self, rows: &Rows, step: u32, node: u32, rng: &mut Xoshiro256PlusPlus) -> Result<()> {
        let mut step = self.append(step, node)?;
        let mut node = node as usize;
        while goes_on(rows, node, self.damping, rng) {
            let target = draw(&rows.row(node), rng);
            step = self.append(step, target)?;
            node = target as usize;
        }
        Ok(())
    }

    fn append(&mut self, step: u32, node: u32) -> Result<u32> {
        let list = &mut self.at[node as usize];
        try_reserve("lists of steps", list, 1)?;
        let new = match self.free.pop() {
            Some(free) => free,
            None if self.node.len() < NONE as usize => {
                try_reserve("steps of walks", &mut self.node, 1)?;
                try_reserve("steps of walks", &mut self.next, 1)?;
                try_reserve("steps of walks", &mut self.place, 1)?;
                self.node.push(NONE);
                self.next.push(NONE);
                self.place.push(NONE);
                code(self.node.len() - 1)
            }
            None => return Err(Error::OutOfMemory { what: "steps of walks", bytes: usize::MAX }),
        };
        let at = new as usize;
        (self.node[at], self.next[at], self.place[at]) = (node, NONE, code(list.len()));
        list.push(new);
        self.next[step as usize] = new;
        Ok(new)
    }

    /// Steps of all walks.
    pub(super) fn n_steps(&self) -> usize {
        self.node.len() - self.free.len()
    }

    pub(super) fn n_bytes(&self) -> usize {
        let steps = self.node.capacity() + self.next.capacity() + self.place.capacity();
        let listed: usize = self.at.iter().map(Vec::capacity).sum();
        (steps + listed + self.free.capacity()) * size_of::<u32>() + size_of_val(&self.at[..])
    }
}

#[cfg(test)]
impl Walks {
    pub(super) fn steps(&self) -> impl Iterator<Item = (u32, Option<u32>)> + '_ {
        let live = (0..self.node.len()).filter(|&step| self.node[step] != NONE);
        live.map(|step| {
            let next = self.next[step];
            (self.node[step], (next != NONE).then(|| self.node[next as usize]))
        })
    }

    /// Asserts what the fields promise.
    pub(super) fn check(&self) {
        let mut seen = vec![false; self.node.len()];
        for begin in 0..self.at.len() * self.n_walks {
            assert_eq!(self.node[begin] as usize, begin / self.n_walks);
            let mut step = code(begin);
            while step != NONE {
                let at = step as usize;
                assert!(!std::mem::replace(&mut seen[at], true), "two walks share a step");
                assert_eq!(self.at[self.node[at] as usize][self.place[at] as usize], step);
                step = self.next[at];
            }
        }
        for &free in &self.free {
            assert!(!std::mem::replace(&mut seen[free as usize], true), "a free step is in use");
            assert_eq!((self.node[free as usize], self.next[free as usize]), (NONE, NONE));
        }
        assert!(seen.into_iter().all(|seen| seen), "a step is lost");
        assert_eq!(self.at.iter().map(Vec::len).sum::<usize>(), self.n_steps());
    }
}

/// Where the new row of a changed node exceeds the old one.
struct Excess {
    /// In all arcs that are listed, and in all others together.
    listed: f64,
    others: f64,
}

impl Excess {
    fn new(change: &RowChange, arcs: &[ArcChange]) -> Self {
        let listed = arcs.iter().map(ArcChange::excess).sum();
        let unlisted = 1.0 - arcs.iter().map(|arc| arc.after).sum::<f64>();
        Self { listed, others: (1.0 - change.ratio).max(0.0) * unlisted.max(0.0) }
    }

    /// A target, in proportion to the excess.
    fn draw(
        &self,
        change: &RowChange,
        arcs: &[ArcChange],
        row: &Row<'_>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> u32 {
        let mut coin = unit(rng) * (self.listed + self.others);
        if coin < self.others {
            return draw_unlisted(row, arcs, rng);
        }
        coin -= self.others;
        let mut last = change.node;
        for arc in arcs.iter().filter(|arc| arc.excess() > 0.0) {
            last = arc.target;
            coin -= arc.excess();
            if coin < 0.0 {
                break;
            }
        }
        last
    }
}

impl ArcChange {
    fn excess(&self) -> f64 {
        (self.after - self.before).max(0.0)
    }
}

/// A number in [0, 1).
fn unit(rng: &mut Xoshiro256PlusPlus) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn goes_on(rows: &Rows, node: usize, damping: f64, rng: &mut Xoshiro256PlusPlus) -> bool {
    !rows.is_dangling(node) && unit(rng) < damping
}

/// A target of a row that is not dangling.
fn draw(row: &Row<'_>, rng: &mut Xoshiro256PlusPlus) -> u32 {
    let Some(weights) = row.weights else { return row.targets[below(row.targets.len(), rng)] };
    // The largest weight is nearly 1 to 4 times the inverse of `scale`; whatever is refused has been no choice at all.
    for _ in 0..MOST_DRAWS {
        let at = below(row.targets.len(), rng);
        if unit(rng) * 4.0 < weights[at] * row.scale {
            return row.targets[at];
        }
    }
    draw_where(row, |_| true, rng)
}

/// A target of a row, of those that are not listed as changed.
fn draw_unlisted(row: &Row<'_>, arcs: &[ArcChange], rng: &mut Xoshiro256PlusPlus) -> u32 {
    let is_unlisted = |target: u32| arcs.binary_search_by_key(&target, |arc| arc.target).is_err();
    for _ in 0..MOST_DRAWS {
        let target = draw(row, rng);
        if is_unlisted(target) {
            return target;
        }
    }
    draw_where(row, is_unlisted, rng)
}

/// A target of those that fit, by going through the row.
fn draw_where(row: &Row<'_>, fits: impl Fn(u32) -> bool, rng: &mut Xoshiro256PlusPlus) -> u32 {
    let shares = || {
        let arcs = row.targets.iter().enumerate().filter(|&(_, &target)| fits(target));
        arcs.map(|(at, &target)| (target, row.share(at))).filter(|&(_, share)| share > 0.0)
    };
    let mut coin = unit(rng) * shares().map(|(_, share)| share).sum::<f64>();
    let mut last = NONE;
    for (target, share) in shares() {
        last = target;
        coin -= share;
        if coin < 0.0 {
            break;
        }
    }
    last
}

/// A number below `n`, which is below 2^32.
fn below(n: usize, rng: &mut Xoshiro256PlusPlus) -> usize {
    (((rng.next_u64() >> 32) * n as u64) >> 32) as usize
}

/// Nodes, steps and places are below 2^32.
#[expect(clippy::cast_possible_truncation, reason = "checked where steps are made")]
fn code(at: usize) -> u32 {
    at as u32
}
