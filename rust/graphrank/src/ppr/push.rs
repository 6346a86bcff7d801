//! Forward push: which nodes does a walk from here reach, without looking at the others?
//!
//! Andersen, Chung and Lang, "Local graph partitioning using PageRank vectors" (FOCS 2006), on the *killed* walk: it
//! stops with probability c at each step, and for good at a dangling node. In rows, a = s G with
//! G = c Σ αᵏ Pᵏ is what all dangling rules are made from.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | α, c | `damping`, 1 - `damping` | probability to go on, to stop |
//! | p | `reserve` | score that is settled |
//! | r | `residual` | walkers under way |
//! | d | `n_arcs` | arcs of a node |
//! | ε | `per_arc` | residual per arc that is not worth a push |
//!
//! # Steps
//! One invariant holds after every push: **a = p + r G**. It begins as p = 0, r = s. To push u means
//! p(u) += c x, r(v) += α P(u, v) x for its other targets v, r(u) = 0, where x = r(u) / (1 - α P(u, u)) are the visits
//! of u that its loop makes of r(u). Nodes of r(u) > ε d(u) wait in a queue, first in, first out. Dangling nodes are
//! never queued: what they hold is settled once, when the queue is empty.
//!
//! What is left is bounded by ‖a - p‖₁ <= ‖r‖₁, and after a run that finished, by ε times the arcs of touched nodes.
//!
//! # Memory
//! Nodes get *slots* in the order in which they are touched, and a node's arcs are rewritten to slots when it is first
//! pushed: later pushes stay within a compact copy of the neighbourhood, whatever the size of the graph. The one array
//! of `n` (4 bytes per node) is allocated once per [`Pusher`] and cleared by the list of touched nodes.
//!
//! # Cost
//! A run that finishes pushes over at most 1 / (c ε) arcs; c ε d(u) settles at each push of u, and all of it is 1.

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Arcs, Graph, RowScale, Steps, Transition, usize_of};
use crate::memory::{Buffer, try_reserve};
use crate::numeric;

/// Arcs between two looks at the clock: about a millisecond.
const CHECKPOINT_ARCS: u64 = 1 << 19;
/// By how much each round of [`Pusher::settle`] lowers the threshold. Measured on web-like and social graphs, anything
/// from 4 to 16 takes about the same number of arcs; going to the last threshold at once takes 2 to 3 times as many.
const ROUND: f64 = 1.0 / 8.0;

/// The killed walk along outgoing arcs.
#[derive(Clone, Copy)]
pub(crate) struct KilledWalk<'g> {
    arcs: Arcs<'g>,
    transition: &'g Transition,
    damping: f64,
}

impl<'g> KilledWalk<'g> {
    pub(crate) fn new(graph: &'g Graph, damping: f64, exec: &Exec) -> Result<Self> {
        Ok(Self { arcs: graph.arcs(), transition: graph.transition(exec)?, damping })
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.arcs.offsets.len() - 1
    }

    /// Probability to stop at a step.
    pub(crate) fn stop(&self) -> f64 {
        1.0 - self.damping
    }

    fn is_dangling(&self, node: u32) -> bool {
        match &self.transition.steps {
            Steps::Uniform { .. } => self.arcs.offsets[node as usize] == self.arcs.offsets[node as usize + 1],
            Steps::Weighted { rows, .. } => rows[node as usize].is_empty(),
        }
    }
}

/// What a push adds to: read and written at random, so kept apart from the rest.
#[derive(Clone, Copy)]
struct Mass {
    residual: f64,
    /// The residual above which the node joins the queue; infinite while it waits there, and for dangling nodes.
    limit: f64,
}

/// A touched node.
struct Slot {
    node: u32,
    /// Arcs that count for the threshold; 0 marks a dangling node.
    n_arcs: u32,
    reserve: f64,
    /// Score per residual: c / (1 - α P(u, u)). Zero until the first push has rewritten the arcs.
    gain: f64,
    /// What passes on per residual, times the probability of each arc: α / (1 - α P(u, u)); for uniform arcs, all
    /// alike, that probability is contained.
    spread: f64,
    /// Rewritten arcs.
    begin: usize,
    end: usize,
}

/// Scratch of forward push, for one query after the other on graphs of one size.
pub(crate) struct Pusher {
    /// Slot of each node, plus 1; 0 if untouched.
    slot_of: Buffer<u32>,
    slots: Vec<Slot>,
    masses: Vec<Mass>,
    /// Targets of rewritten arcs, as slots. Loops and arcs of probability 0 are left out.
    targets: Vec<u32>,
    /// Their probabilities; empty where all arcs of a node are alike.
    probabilities: Vec<f64>,
    queue: Vec<u32>,
    next: Vec<u32>,
    /// ε of the current run.
    per_arc: f64,
    n_arcs: u64,
}

/// A touched node and what is known about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Touched {
    pub(crate) node: u32,
    /// Score that is settled.
    pub(crate) reserve: f64,
    /// Walkers still under way from here.
    pub(crate) residual: f64,
}

impl Pusher {
    /// Scratch for graphs of `n_nodes`.
    pub(crate) fn new(n_nodes: usize) -> Result<Self> {
        Ok(Self {
            slot_of: Buffer::zeroed("slots of nodes", n_nodes)?,
            slots: Vec::new(),
            masses: Vec::new(),
            targets: Vec::new(),
            probabilities: Vec::new(),
            queue: Vec::new(),
            next: Vec::new(),
            per_arc: f64::INFINITY,
            n_arcs: 0,
        })
    }

    /// Forgets the query before and begins another: `restart` lists distinct nodes and their shares.
    pub(crate) fn start(&mut self, walk: KilledWalk<'_>, restart: &[(u32, f64)]) -> Result<()> {
        debug_assert_eq!(self.slot_of.len(), walk.n_nodes(), "scratch is for graphs of one size");
        for slot in self.slots.drain(..) {
            self.slot_of[slot.node as usize] = 0;
        }
        self.masses.clear();
        self.targets.clear();
        self.probabilities.clear();
        self.per_arc = f64::INFINITY;
        self.n_arcs = 0;
        self.reserve_slots(restart.len())?;
        for &(node, share) in restart {
            let slot = self.slot(walk, node);
            self.masses[slot as usize].residual = share;
        }
        Ok(())
    }

    /// Pushes until no residual is above `per_arc` times the arcs of its node, or until the next push would bring
    /// the arcs since [`Pusher::start`] above `most_arcs`. Says whether it finished. Runs continue each other: a
    /// smaller `per_arc` refines what there is.
    pub(crate) fn run(
        &mut self,
        walk: KilledWalk<'_>,
        per_arc: f64,
        most_arcs: u64,
        exec: &Exec,
    ) -> Result<bool> {
        self.per_arc = per_arc;
        self.fill_queue()?;
        let mut next_look = self.n_arcs + CHECKPOINT_ARCS;
        let mut is_within = true;
        while is_within && !self.queue.is_empty() {
            self.reserve_slots(0)?;
            let queue = std::mem::take(&mut self.queue);
            for &slot in &queue {
                is_within = self.n_arcs + u64::from(self.slots[slot as usize].n_arcs) <= most_arcs;
                if !is_within {
                    break;
                }
                self.push(walk, slot)?;
                if self.n_arcs >= next_look {
                    exec.checkpoint(0)?;
                    next_look = self.n_arcs + CHECKPOINT_ARCS;
                }
            }
            self.queue = std::mem::replace(&mut self.next, queue);
            self.next.clear();
        }
        self.settle_dangling(walk);
        Ok(is_within)
    }

    /// Runs with a falling threshold until ‖r‖₁ <= `goal`, which must be positive, or until the next push would bring
    /// the arcs since [`Pusher::start`] above `most_arcs`. Says whether it got there.
    pub(crate) fn settle(
        &mut self,
        walk: KilledWalk<'_>,
        goal: f64,
        most_arcs: u64,
        exec: &Exec,
    ) -> Result<bool> {
        self.settle_dangling(walk);
        while self.residual() > goal {
            let steepest = self.steepest();
            // Where all residuals are below this, their sum is below the goal: rounds need not go further.
            let last = goal / self.volume() as f64;
            let per_arc = (steepest * ROUND).max(last.min(steepest * 0.5));
            if !self.run(walk, per_arc, most_arcs, exec)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The nodes touched so far, in the order in which they were.
    pub(crate) fn touched(&self) -> impl ExactSizeIterator<Item = Touched> {
        self.slots.iter().zip(&self.masses).map(|(slot, mass)| Touched {
            node: slot.node,
            reserve: slot.reserve,
            residual: mass.residual,
        })
    }

    /// Arcs pushed over since [`Pusher::start`].
    pub(crate) fn n_arcs(&self) -> u64 {
        self.n_arcs
    }

    /// ‖r‖₁.
    pub(crate) fn residual(&self) -> f64 {
        numeric::sum(self.masses.iter().map(|mass| mass.residual))
    }

    /// Arcs of touched nodes.
    fn volume(&self) -> u64 {
        self.slots.iter().map(|slot| u64::from(slot.n_arcs)).sum()
    }

    /// The largest residual per arc.
    fn steepest(&self) -> f64 {
        let live = self.slots.iter().zip(&self.masses).filter(|(slot, _)| slot.n_arcs > 0);
        live.map(|(slot, mass)| mass.residual / f64::from(slot.n_arcs)).fold(0.0, f64::max)
    }

    fn limit(&self, n_arcs: u32) -> f64 {
        if n_arcs == 0 { f64::INFINITY } else { self.per_arc * f64::from(n_arcs) }
    }

    /// Sets every limit for the current threshold and queues what is above it, in order of slots.
    fn fill_queue(&mut self) -> Result<()> {
        self.queue.clear();
        self.next.clear();
        try_reserve("touched nodes", &mut self.queue, self.slots.len())?;
        for slot in 0..self.slots.len() {
            let limit = self.limit(self.slots[slot].n_arcs);
            let mass = &mut self.masses[slot];
            mass.limit = limit;
            if mass.residual > limit {
                mass.limit = f64::INFINITY;
                #[expect(clippy::cast_possible_truncation, reason = "slots are fewer than nodes")]
                self.queue.push(slot as u32);
            }
        }
        Ok(())
    }

    /// Settles what a node holds and passes the rest on.
    fn push(&mut self, walk: KilledWalk<'_>, at: u32) -> Result<()> {
        if self.slots[at as usize].gain == 0.0 {
            self.rewrite(walk, at)?;
        }
        let slot = &mut self.slots[at as usize];
        let mass = &mut self.masses[at as usize];
        let residual = std::mem::take(&mut mass.residual);
        mass.limit = self.per_arc * f64::from(slot.n_arcs);
        slot.reserve += slot.gain * residual;
        let passed = slot.spread * residual;
        self.n_arcs += u64::from(slot.n_arcs);
        let arcs = slot.begin..slot.end;
        let targets = &self.targets[arcs.clone()];
        if self.probabilities.is_empty() {
            for &target in targets {
                receive(&mut self.masses, &mut self.next, target, passed);
            }
        } else {
            for (&target, &probability) in targets.iter().zip(&self.probabilities[arcs]) {
                receive(&mut self.masses, &mut self.next, target, passed * probability);
            }
        }
        Ok(())
    }

    /// Rewrites the arcs of a node to slots, and finds what its loop does.
    fn rewrite(&mut self, walk: KilledWalk<'_>, at: u32) -> Result<()> {
        let node = self.slots[at as usize].node;
        let ends = [walk.arcs.offsets[node as usize], walk.arcs.offsets[node as usize + 1]];
        let arcs = usize_of(ends[0])..usize_of(ends[1]);
        self.reserve_slots(arcs.len())?;
        try_reserve("arcs of touched nodes", &mut self.targets, arcs.len())?;
        let begin = self.targets.len();
        let row = &walk.arcs.targets[arcs.clone()];
        let (loop_probability, arc_probability) = match (&walk.transition.steps, walk.arcs.weights) {
            (Steps::Weighted { rows, .. }, Some(weights)) => {
                try_reserve("arcs of touched nodes", &mut self.probabilities, arcs.len())?;
                (self.rewrite_weighted(walk, node, row, &weights[arcs], rows[node as usize]), 1.0)
            }
            _ => {
                for &target in row.iter().filter(|&&target| target != node) {
                    let slot = self.slot(walk, target);
                    self.targets.push(slot);
                }
                let probability = 1.0 / row.len() as f64;
                let n_loops = row.len() - (self.targets.len() - begin);
                (n_loops as f64 * probability, probability)
            }
        };
        let visits = 1.0 / (1.0 - walk.damping * loop_probability);
        let end = self.targets.len();
        let slot = &mut self.slots[at as usize];
        slot.gain = walk.stop() * visits;
        slot.spread = walk.damping * visits * arc_probability;
        (slot.begin, slot.end) = (begin, end);
        Ok(())
    }

    /// Rewrites arcs that have probabilities of their own; returns that of the loop.
    fn rewrite_weighted(
        &mut self,
        walk: KilledWalk<'_>,
        node: u32,
        row: &[u32],
        weights: &[f64],
        scale: RowScale,
    ) -> f64 {
        let mut loop_probability = 0.0;
        for (&target, &weight) in row.iter().zip(weights) {
            let probability = scale.share(weight);
            if target == node {
                loop_probability = probability;
            } else if probability > 0.0 {
                let slot = self.slot(walk, target);
                self.targets.push(slot);
                self.probabilities.push(probability);
            }
        }
        loop_probability
    }

    /// The slot of a node, a new one if it had none; room for it must have been reserved.
    fn slot(&mut self, walk: KilledWalk<'_>, node: u32) -> u32 {
        let known = self.slot_of[node as usize];
        if known > 0 {
            return known - 1;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "slots are fewer than nodes, which are counted in 32 bits"
        )]
        let slot = self.slots.len() as u32;
        let offsets = &walk.arcs.offsets[node as usize..];
        #[expect(clippy::cast_possible_truncation, reason = "a row has at most one arc per node")]
        let n_arcs = if walk.is_dangling(node) { 0 } else { (offsets[1] - offsets[0]) as u32 };
        self.slots.push(Slot { node, n_arcs, reserve: 0.0, gain: 0.0, spread: 0.0, begin: 0, end: 0 });
        self.masses.push(Mass { residual: 0.0, limit: self.limit(n_arcs) });
        self.slot_of[node as usize] = slot + 1;
        slot
    }

    /// Room for so many more slots, and for all slots in the queue being filled: each is in it at most once.
    fn reserve_slots(&mut self, more: usize) -> Result<()> {
        const WHAT: &str = "touched nodes";
        let more = more.min(self.slot_of.len() - self.slots.len());
        try_reserve(WHAT, &mut self.slots, more)?;
        try_reserve(WHAT, &mut self.masses, more)?;
        let n_unqueued = (self.slots.len() + more).saturating_sub(self.next.len());
        try_reserve(WHAT, &mut self.next, n_unqueued)
    }

    /// The walk stops at dangling nodes: of what they hold, c is score and the rest is gone.
    fn settle_dangling(&mut self, walk: KilledWalk<'_>) {
        for (slot, mass) in self.slots.iter_mut().zip(&mut self.masses) {
            if slot.n_arcs == 0 {
                slot.reserve += walk.stop() * std::mem::take(&mut mass.residual);
            }
        }
    }
}

#[inline(always)]
fn receive(masses: &mut [Mass], next: &mut Vec<u32>, target: u32, residual: f64) {
    let mass = &mut masses[target as usize];
    mass.residual += residual;
    if mass.residual > mass.limit {
        mass.limit = f64::INFINITY;
        next.push(target);
    }
}

#[cfg(test)]
mod tests {
    use rand_xoshiro::rand_core::Rng;

    use super::*;
    use crate::graph::EdgeOptions;
    use crate::rng::{Domain, Xoshiro256PlusPlus, stream};

    /// A graph of up to 12 nodes with loops, weights of 0 and dangling nodes.
    fn random_graph(rng: &mut Xoshiro256PlusPlus) -> Graph {
        let mut below = |n: u64| u32::try_from(rng.next_u64() % n).unwrap();
        let n = 1 + below(12);
        let n_edges = below(3 * u64::from(n) + 1);
        let ends: [Vec<u32>; 2] = [0, 1].map(|_| (0..n_edges).map(|_| below(n.into())).collect());
        let weights: Vec<f64> = (0..n_edges).map(|_| f64::from(below(5))).collect();
        let weights = (below(2) == 1).then_some(&weights[..]);
        let options = EdgeOptions { directed: below(2) == 1, ..EdgeOptions::default() };
        Graph::from_edges(n as usize, &ends[0], &ends[1], weights, options, &Exec::default()).unwrap()
    }

    /// x G by its definition: c times the sum of what stops after each step, until nothing is left.
    fn stopped(graph: &Graph, damping: f64, x: &[f64]) -> Vec<f64> {
        let (mut score, mut under_way) = (vec![0.0; x.len()], x.to_vec());
        while under_way.iter().any(|&x| x > 1e-18) {
            let mut next = vec![0.0; x.len()];
            for (u, &mass) in (0u32..).zip(&under_way) {
                score[u as usize] += (1.0 - damping) * mass;
                let targets = graph.neighbors(u);
                let weights = graph.neighbor_weights(u).map_or(vec![1.0; targets.len()], <[f64]>::to_vec);
                let total: f64 = weights.iter().sum();
                for (&v, w) in targets.iter().zip(weights).filter(|&(_, w)| w > 0.0) {
                    next[v as usize] += damping * mass * w / total;
                }
            }
            under_way = next;
        }
        score
    }

    fn dense(pusher: &Pusher, n: usize) -> [Vec<f64>; 2] {
        let mut vectors = [vec![0.0; n], vec![0.0; n]];
        for touched in pusher.touched() {
            vectors[0][touched.node as usize] = touched.reserve;
            vectors[1][touched.node as usize] = touched.residual;
        }
        vectors
    }

    fn assert_invariant(graph: &Graph, damping: f64, pusher: &Pusher, exact: &[f64]) {
        let [reserve, residual] = dense(pusher, graph.n_nodes());
        for ((p, rest), exact) in reserve.iter().zip(stopped(graph, damping, &residual)).zip(exact) {
            assert!((p + rest - exact).abs() < 1e-14, "{p} + {rest} is not {exact}");
        }
    }

    /// Whatever the threshold and the budget, reserve and what becomes of the residual add up to the exact answer;
    /// and the scratch of one query leaves no trace in the next.
    #[test]
    fn reserve_and_residual_always_add_up_to_the_exact_score() {
        let exec = Exec::default();
        for case in 0..1000 {
            let mut rng = stream(1, Domain::Generator, case);
            let graph = random_graph(&mut rng);
            let n = graph.n_nodes();
            let damping = 0.95 * (rng.next_u64() as f64 / u64::MAX as f64);
            let walk = KilledWalk::new(&graph, damping, &exec).unwrap();
            let mut reused = Pusher::new(n).unwrap();
            for query in 0..3 {
                let source = u32::try_from(rng.next_u64() % n as u64).unwrap();
                let mut restart = vec![(source, 0.75)];
                restart.extend((source > 0).then_some((source - 1, 0.25)));
                let mut s = vec![0.0; n];
                restart.iter().for_each(|&(node, share)| s[node as usize] = share);
                let exact = stopped(&graph, damping, &s);
                let mut fresh = Pusher::new(n).unwrap();
                for pusher in [&mut fresh, &mut reused] {
                    pusher.start(walk, &restart).unwrap();
                    for exponent in [2, 4] {
                        let budget = if query == 0 { 5 } else { u64::MAX };
                        let finished = pusher.run(walk, 0.1f64.powi(exponent), budget, &exec).unwrap();
                        assert!(pusher.n_arcs() <= budget && (finished || query == 0));
                        assert_invariant(&graph, damping, pusher, &exact);
                    }
                    assert!(pusher.settle(walk, 1e-12, u64::MAX, &exec).unwrap());
                    assert!(pusher.residual() <= 1e-12);
                    assert_invariant(&graph, damping, pusher, &exact);
                }
                assert!(fresh.touched().eq(reused.touched()), "case {case}");
            }
        }
    }

    /// 0 -> 0, 1 with a loop: pushed once, it is done.
    #[test]
    fn loops_are_solved_and_dangling_nodes_keep_what_stops() {
        let exec = Exec::default();
        let graph = Graph::from_edges(3, &[0, 0], &[0, 1], None, EdgeOptions::default(), &exec).unwrap();
        let walk = KilledWalk::new(&graph, 0.5, &exec).unwrap();
        let mut pusher = Pusher::new(3).unwrap();
        pusher.start(walk, &[(0, 1.0)]).unwrap();
        assert!(pusher.run(walk, 1e-9, u64::MAX, &exec).unwrap());
        // Visits of 0: 1 / (1 - 1/4). A quarter of each goes on to 1, and half of that stops there.
        let touched: Vec<_> = pusher.touched().map(|t| (t.node, t.reserve, t.residual)).collect();
        assert_eq!(touched, [(0, 0.5 / 0.75, 0.0), (1, 0.25 / 0.75 / 2.0, 0.0)]);
        assert_eq!(pusher.n_arcs(), 2);
    }
}
