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
//! 40 bytes per node, allocated once per [`Pusher`] and cleared by the list of touched nodes. Fresh pages of the system
//! are zero already, so even the first query costs only what it touches. Rewriting the arcs of touched nodes into a
//! compact copy was tried: on web-like and social graphs, where an arc is pushed over some 5 times, it took 1.4 times
//! as long.
//!
//! # Cost
//! A run that finishes pushes over at most 1 / (c ε) arcs: c ε d(u) settles at each push of u, and all of it is 1.

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Arcs, Graph, Steps, Transition, usize_of};
use crate::memory::Buffer;
use crate::numeric;

/// Arcs between two looks at the clock: about a millisecond.
const CHECKPOINT_ARCS: u64 = 1 << 18;
/// By how much each [`Pusher::round`] lowers the threshold.
const ROUND: f64 = 1.0 / 8.0;
/// Added to the limit of a node while it waits in the queue, and the limit of dangling nodes: no residual is above it.
const NEVER: f64 = 1e300;

/// The killed walk along outgoing arcs.
#[derive(Clone, Copy)]
pub(crate) struct KilledWalk<'g> {
    arcs: Arcs<'g>,
    is_directed: bool,
    transition: &'g Transition,
    damping: f64,
}

impl<'g> KilledWalk<'g> {
    pub(crate) fn new(graph: &'g Graph, damping: f64, exec: &Exec) -> Result<Self> {
        Ok(Self {
            arcs: graph.arcs(),
            is_directed: graph.is_directed(),
            transition: graph.transition(exec)?,
            damping,
        })
    }

    /// Arcs of a node where all arcs are alike and go both ways.
    pub(crate) fn symmetric_degree(&self, node: u32) -> Option<u32> {
        let is_symmetric = !self.is_directed && self.arcs.weights.is_none();
        is_symmetric.then(|| self.degree(node))
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.arcs.offsets.len() - 1
    }

    pub(crate) fn n_arcs(&self) -> u64 {
        self.arcs.targets.len() as u64
    }

    /// Probability to stop at a step.
    pub(crate) fn stop(&self) -> f64 {
        1.0 - self.damping
    }

    pub(crate) fn is_dangling(&self, node: u32) -> bool {
        self.degree(node) == 0
    }

    /// Arcs of a node; 0 if it is dangling.
    pub(crate) fn degree(&self, node: u32) -> u32 {
        let ends = &self.arcs.offsets[node as usize..];
        #[expect(clippy::cast_possible_truncation, reason = "a row has at most one arc per node")]
        let degree = (ends[1] - ends[0]) as u32;
        match &self.transition.steps {
            Steps::Weighted { rows, .. } if rows[node as usize].is_empty() => 0,
            _ => degree,
        }
    }
}

/// Residual of a node, and the residual above which it joins the queue: ε d, 0 if it was never touched, and at least
/// [`NEVER`] if it waits in the queue or is dangling.
type Mass = [f64; 2];

/// Scratch of forward push, for one query after the other on graphs of one size.
#[derive(Debug)]
pub(crate) struct Pusher {
    masses: Buffer<Mass>,
    reserves: Buffer<f64>,
    /// Touched nodes in the order in which they were, and their degrees: the first `n_touched`.
    touched: Buffer<[u32; 2]>,
    n_touched: usize,
    /// Nodes whose turn it is.
    queue: Buffer<u32>,
    /// Nodes whose turn comes next, with a seat to spare.
    next: Buffer<u32>,
    n_next: usize,
    /// ε of the current run.
    per_arc: f64,
    n_arcs: u64,
    n_pushes: u64,
}

/// A touched node and what is known about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Touched {
    pub(crate) node: u32,
    /// Score that is settled.
    pub(crate) reserve: f64,
    /// Walkers still under way from here.
    pub(crate) residual: f64,
    /// Arcs; 0 if it is dangling.
    pub(crate) degree: u32,
}

impl Pusher {
    /// Scratch for graphs of `n_nodes`.
    pub(crate) fn new(n_nodes: usize) -> Result<Self> {
        const WHAT: &str = "scratch of forward push";
        Ok(Self {
            masses: Buffer::zeroed(WHAT, n_nodes)?,
            reserves: Buffer::zeroed(WHAT, n_nodes)?,
            touched: Buffer::zeroed(WHAT, n_nodes)?,
            n_touched: 0,
            queue: Buffer::zeroed(WHAT, n_nodes + 1)?,
            next: Buffer::zeroed(WHAT, n_nodes + 1)?,
            n_next: 0,
            per_arc: 1.0,
            n_arcs: 0,
            n_pushes: 0,
        })
    }

    /// Forgets the query before and begins another: `restart` lists distinct nodes and their shares.
    pub(crate) fn start(&mut self, walk: KilledWalk<'_>, restart: &[(u32, f64)]) {
        debug_assert_eq!(self.masses.len(), walk.n_nodes(), "scratch is for graphs of one size");
        for &[node, _] in &self.touched[..self.n_touched] {
            self.masses[node as usize] = [0.0; 2];
            self.reserves[node as usize] = 0.0;
        }
        self.n_touched = 0;
        self.n_arcs = 0;
        self.n_pushes = 0;
        for &(node, share) in restart {
            let degree = walk.degree(node);
            self.masses[node as usize] = [share, NEVER];
            self.touched[self.n_touched] = [node, degree];
            self.n_touched += 1;
        }
        self.settle_dangling(walk);
    }

    /// Begins where another run ended; `kept` is what it had touched.
    pub(crate) fn resume(&mut self, walk: KilledWalk<'_>, kept: &[Touched]) {
        self.start(walk, &[]);
        for (at, touched) in kept.iter().enumerate() {
            self.masses[touched.node as usize] = [touched.residual, NEVER];
            self.reserves[touched.node as usize] = touched.reserve;
            self.touched[at] = [touched.node, touched.degree];
        }
        self.n_touched = kept.len();
    }

    /// Whether a node has been touched.
    pub(crate) fn has_touched(&self, node: u32) -> bool {
        self.masses[node as usize][1] != 0.0
    }

    /// Pushes until no residual is above `per_arc` (positive) times the arcs of its node, or until the next push would
    /// bring the arcs since [`Pusher::start`] above `most_arcs`. Says whether it finished. Runs continue each other: a
    /// smaller `per_arc` refines what there is.
    pub(crate) fn run(
        &mut self,
        walk: KilledWalk<'_>,
        per_arc: f64,
        most_arcs: u64,
        exec: &Exec,
    ) -> Result<bool> {
        exec.checkpoint(0)?;
        self.per_arc = per_arc.max(f64::MIN_POSITIVE);
        let mut n_queued = self.fill_queue();
        let mut next_look = self.n_arcs + CHECKPOINT_ARCS;
        let mut is_within = true;
        while is_within && n_queued > 0 {
            self.n_next = 0;
            for at in 0..n_queued {
                let node = self.queue[at];
                let ends = &walk.arcs.offsets[node as usize..];
                is_within = self.n_arcs + (ends[1] - ends[0]) <= most_arcs;
                if !is_within {
                    break;
                }
                self.push(walk, node, usize_of(ends[0])..usize_of(ends[1]));
                if self.n_arcs >= next_look {
                    exec.checkpoint(0)?;
                    next_look = self.n_arcs + CHECKPOINT_ARCS;
                }
            }
            std::mem::swap(&mut self.queue, &mut self.next);
            n_queued = self.n_next;
        }
        self.settle_dangling(walk);
        Ok(is_within)
    }

    /// [`Pusher::run`] with a threshold that is lower by [`ROUND`]. To be repeated until ‖r‖₁, which must be above `goal`
    /// (positive), is not: a threshold that falls in steps takes fewer arcs than the last one from the start.
    pub(crate) fn round(
        &mut self,
        walk: KilledWalk<'_>,
        goal: f64,
        most_arcs: u64,
        exec: &Exec,
    ) -> Result<bool> {
        let (steepest, volume) = self.steepest_and_volume();
        // Where all residuals are below this, their sum is below the goal: no round need go further.
        let last = goal / volume as f64;
        let per_arc = (steepest * ROUND).max(last.min(steepest * 0.5));
        self.run(walk, per_arc, most_arcs, exec)
    }

    /// Whether every node that a walker can still reach has been touched: all that hold a residual have been pushed.
    pub(crate) fn is_closed(&self) -> bool {
        self.touched().all(|touched| touched.residual == 0.0 || touched.reserve > 0.0)
    }

    /// The nodes touched so far, in the order in which they were. Some may have neither reserve nor residual.
    pub(crate) fn touched(&self) -> impl ExactSizeIterator<Item = Touched> {
        self.touched[..self.n_touched].iter().map(|&[node, degree]| Touched {
            node,
            degree,
            reserve: self.reserves[node as usize],
            residual: self.masses[node as usize][0],
        })
    }

    /// Arcs pushed over since [`Pusher::start`].
    pub(crate) fn n_arcs(&self) -> u64 {
        self.n_arcs
    }

    /// Pushes since [`Pusher::start`].
    pub(crate) fn n_pushes(&self) -> u64 {
        self.n_pushes
    }

    /// ‖r‖₁.
    pub(crate) fn residual(&self) -> f64 {
        numeric::sum(self.touched().map(|touched| touched.residual))
    }

    /// The largest residual per arc, and the arcs of touched nodes.
    pub(crate) fn steepest_and_volume(&self) -> (f64, u64) {
        let (mut steepest, mut volume) = (0.0f64, 0);
        for &[node, degree] in &self.touched[..self.n_touched] {
            if degree > 0 {
                steepest = steepest.max(self.masses[node as usize][0] / f64::from(degree));
                volume += u64::from(degree);
            }
        }
        (steepest, volume)
    }

    /// Sets every limit for the current threshold and queues what is above it. Returns the length of the queue.
    fn fill_queue(&mut self) -> usize {
        let mut n_queued = 0;
        for &[node, degree] in &self.touched[..self.n_touched] {
            let [residual, limit] = &mut self.masses[node as usize];
            *limit = limit_of(self.per_arc, degree);
            if residual > limit {
                *limit += NEVER;
                self.queue[n_queued] = node;
                n_queued += 1;
            }
        }
        n_queued
    }

    /// Settles what a node holds and passes the rest on along its arcs.
    fn push(&mut self, walk: KilledWalk<'_>, node: u32, arcs: std::ops::Range<usize>) {
        let degree = arcs.len() as f64;
        let row = &walk.arcs.targets[arcs.clone()];
        // Not `contains`: without a way out of the loop, it takes many at once.
        let has_loop = row.iter().fold(false, |found, &target| found | (target == node));
        let residual = self.masses[node as usize][0];
        self.n_arcs += row.len() as u64;
        self.n_pushes += 1;
        let weighted = match (&walk.transition.steps, walk.arcs.weights) {
            (Steps::Weighted { rows, .. }, Some(weights)) => Some((rows[node as usize], &weights[arcs])),
            _ => None,
        };
        let loop_probability = match weighted {
            _ if !has_loop => 0.0,
            Some((scale, weights)) => row.binary_search(&node).map_or(0.0, |at| scale.share(weights[at])),
            None => 1.0 / degree,
        };
        let visits = residual / (1.0 - walk.damping * loop_probability);
        self.reserves[node as usize] += walk.stop() * visits;
        let passed = walk.damping * visits;
        match weighted {
            None => {
                let passed = passed / degree;
                self.pass_on(walk, row.iter().map(|&target| (target, passed)));
            }
            Some((scale, weights)) => {
                let shares = weights.iter().map(|&weight| passed * scale.share(weight));
                self.pass_on(walk, row.iter().copied().zip(shares));
            }
        }
        // What came back by the loop is in the visits already.
        self.masses[node as usize] = [0.0, self.per_arc * degree];
    }

    #[inline(always)]
    fn pass_on(&mut self, walk: KilledWalk<'_>, shares: impl Iterator<Item = (u32, f64)>) {
        let (masses, next, mut n_next) = (&mut self.masses[..], &mut self.next[..], self.n_next);
        for (target, share) in shares {
            let [residual, limit] = &mut masses[target as usize];
            *residual += share;
            if *limit == 0.0 {
                let degree = walk.degree(target);
                *limit = limit_of(self.per_arc, degree);
                self.touched[self.n_touched] = [target, degree];
                self.n_touched += 1;
            }
            // No branch: none could be foretold. What is written to a seat that is not taken is void.
            let joins = *residual > *limit;
            *limit += NEVER * f64::from(u8::from(joins));
            next[n_next] = target;
            n_next += usize::from(joins);
        }
        self.n_next = n_next;
    }

    /// The walk stops at dangling nodes: of what they hold, c is score and the rest is gone.
    fn settle_dangling(&mut self, walk: KilledWalk<'_>) {
        for &[node, degree] in &self.touched[..self.n_touched] {
            if degree == 0 {
                let residual = std::mem::take(&mut self.masses[node as usize][0]);
                self.reserves[node as usize] += walk.stop() * residual;
            }
        }
    }
}

fn limit_of(per_arc: f64, degree: u32) -> f64 {
    if degree == 0 { NEVER } else { per_arc * f64::from(degree) }
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
                restart.extend((source > 0).then(|| (source - 1, 0.25)));
                let mut s = vec![0.0; n];
                restart.iter().for_each(|&(node, share)| s[node as usize] = share);
                let exact = stopped(&graph, damping, &s);
                let mut fresh = Pusher::new(n).unwrap();
                for pusher in [&mut fresh, &mut reused] {
                    pusher.start(walk, &restart);
                    for exponent in [2, 4] {
                        let budget = if query == 0 { 5 } else { u64::MAX };
                        let finished = pusher.run(walk, 0.1f64.powi(exponent), budget, &exec).unwrap();
                        assert!(pusher.n_arcs() <= budget && (finished || query == 0));
                        assert_invariant(&graph, damping, pusher, &exact);
                    }
                    while pusher.residual() > 1e-12 {
                        assert!(pusher.round(walk, 1e-12, u64::MAX, &exec).unwrap());
                    }
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
        pusher.start(walk, &[(0, 1.0)]);
        assert!(pusher.run(walk, 1e-9, u64::MAX, &exec).unwrap());
        // Visits of 0: 1 / (1 - 1/4). A quarter of each goes on to 1, and half of that stops there.
        let touched: Vec<_> = pusher.touched().map(|t| (t.node, t.reserve, t.residual)).collect();
        assert_eq!(touched, [(0, 0.5 / 0.75, 0.0), (1, 0.25 / 0.75 / 2.0, 0.0)]);
        assert_eq!(pusher.n_arcs(), 2);
    }
}
