//! Many killed walks at once.
//!
//! A killed walk begins at its origin; at each node it stops with probability c = 1 - damping, or if no arc of positive
//! weight leaves the node, and else follows an arc drawn in proportion to the weights. It is not truncated: the limit
//! of 2^16 nodes is passed by one walk in e^65 at the largest damping an index takes (0.999).
//!
//! # Steps
//! 1. A step waits twice for memory: for the offsets of the node, and for the arc drawn among them. [`LANES`] walks take
//!    turns, and each asks for what it will need in the next round (the interleaving of `ThunderRW`: Sun, Chen, Lu and
//!    He, PVLDB 14(11), 2021), so those waits overlap.
//! 2. One 64-bit draw is a step: its high half is the coin, its low half, times the number of arcs, is the arc. The
//!    bias is below d / 2^32. With weights, a coin that said "go on" is still uniform below the threshold, and is
//!    used again to choose within the alias slot.
//! 3. A walk has a stream of its own, named by (seed, origin, number of the walk): its path depends on nothing else,
//!    neither on threads nor on which walks run beside it.

use std::ops::Range;

use super::alias::Alias;
use crate::graph::{Arcs, usize_of};
use crate::rng::{Domain, ShortStream, key};

/// Walks under way at once. With 64 an index of fingerprints is built 3 to 8 % faster than with 32, in cache and out.
const LANES: usize = 64;
/// Most nodes on a path.
const MOST_NODES: usize = 1 << 16;

/// What all walks share.
#[derive(Clone, Copy)]
pub(super) struct Walker<'g> {
    arcs: Arcs<'g>,
    /// For a weighted graph.
    alias: Option<&'g Alias>,
    /// A coin below this goes on; 2^32 times the damping.
    go_on: u64,
    seed: u64,
}

/// A walk under way.
struct Lane {
    stream: ShortStream,
    /// Number of the walk within the block.
    walk: usize,
    /// Node where it stands, then position of the arc it takes.
    at: usize,
    /// The coin of this step.
    coin: u64,
    /// Where its path begins in `path`.
    begin: usize,
    /// Paths of all walks of this lane, one after the other.
    path: Vec<u32>,
}

/// Where a path lies.
#[derive(Clone, Default)]
struct Span {
    lane: usize,
    nodes: Range<usize>,
}

/// Paths of a block of origins; used again for the next block.
#[derive(Default)]
pub(super) struct Paths {
    lanes: Vec<Lane>,
    spans: Vec<Span>,
    n_walks: usize,
}

impl Paths {
    /// The paths of the `i`-th origin of the block, in order of their numbers. Each begins at the origin.
    pub(super) fn of_origin(&self, i: usize) -> impl Iterator<Item = &[u32]> {
        let spans = &self.spans[i * self.n_walks..(i + 1) * self.n_walks];
        spans.iter().map(|span| &self.lanes[span.lane].path[span.nodes.clone()])
    }
}

impl<'g> Walker<'g> {
    pub(super) fn new(arcs: Arcs<'g>, alias: Option<&'g Alias>, damping: f64, seed: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "damping is in [0, 1)")]
        let go_on = (damping * 4_294_967_296.0).round() as u64;
        Self { arcs, alias, go_on, seed }
    }

    /// Walks `n_walks` times from each of `origins`.
    pub(super) fn walk(&self, origins: Range<u32>, n_walks: usize, paths: &mut Paths) {
        let n = origins.len() * n_walks;
        paths.n_walks = n_walks;
        paths.spans.clear();
        paths.spans.resize(n, Span::default());
        let mut begun = 0..n;
        paths.lanes.truncate(LANES.min(n));
        for lane in &mut paths.lanes {
            lane.path.clear();
        }
        while paths.lanes.len() < LANES.min(n) {
            paths.lanes.push(Lane {
                stream: ShortStream::new(0, 0),
                walk: 0,
                at: 0,
                coin: 0,
                begin: 0,
                path: Vec::new(),
            });
        }
        for (lane, walk) in paths.lanes.iter_mut().zip(&mut begun) {
            self.begin(lane, origins.start, walk, n_walks);
        }
        let mut live: Vec<usize> = (0..paths.lanes.len()).collect();
        while !live.is_empty() {
            live.retain(|&i| {
                let lane = &mut paths.lanes[i];
                loop {
                    if self.choose(lane) {
                        return true;
                    }
                    paths.spans[lane.walk] = Span { lane: i, nodes: lane.begin..lane.path.len() };
                    match begun.next() {
                        Some(walk) => self.begin(lane, origins.start, walk, n_walks),
                        None => return false,
                    }
                }
            });
            for &i in &live {
                self.step(&mut paths.lanes[i]);
            }
        }
    }

    /// Puts a lane at the origin of a walk.
    #[expect(clippy::cast_possible_truncation, reason = "a block holds few origins")]
    fn begin(&self, lane: &mut Lane, first: u32, walk: usize, n_walks: usize) {
        let origin = first + (walk / n_walks) as u32;
        lane.stream =
            ShortStream::new(key(self.seed, Domain::Walk, u64::from(origin)), (walk % n_walks) as u64);
        lane.walk = walk;
        lane.at = origin as usize;
        lane.begin = lane.path.len();
        lane.path.push(origin);
    }

    /// Decides whether the walk goes on, and along which arc.
    #[inline]
    fn choose(&self, lane: &mut Lane) -> bool {
        let draw = lane.stream.draw();
        lane.coin = draw >> 32;
        let (start, end) = (self.arcs.offsets[lane.at], self.arcs.offsets[lane.at + 1]);
        if lane.coin >= self.go_on || start == end || lane.path.len() - lane.begin == MOST_NODES {
            return false;
        }
        let arc = usize_of(start + (((draw & 0xffff_ffff) * (end - start)) >> 32));
        if let Some(alias) = self.alias {
            if alias.is_closed(lane.at) {
                return false;
            }
            prefetch(&alias.slots, arc);
        }
        prefetch(self.arcs.targets, arc);
        lane.at = arc;
        true
    }

    /// Follows the arc.
    #[inline]
    fn step(&self, lane: &mut Lane) {
        let own = self.arcs.targets[lane.at];
        let node = match self.alias {
            None => own,
            Some(alias) => {
                let [keep, other] = alias.slots[lane.at];
                if lane.coin < (u64::from(keep) * self.go_on) >> 32 { own } else { other }
            }
        };
        lane.path.push(node);
        lane.at = node as usize;
        prefetch(self.arcs.offsets, lane.at);
    }
}

/// Asks for an element that will be read soon.
#[inline]
fn prefetch<T>(array: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = array.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing and faults on no address, and this one is of an element that exists.
        #[expect(
            unsafe_code,
            reason = "no safe prefetch exists; measured: walks out of cache run 3 times faster"
        )]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (array, at);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::Exec;
    use crate::graph::{EdgeOptions, Graph};

    const WALKS: usize = 200_000;

    fn graph(n: usize, src: &[u32], dst: &[u32], weights: Option<&[f64]>) -> Graph {
        Graph::from_edges(n, src, dst, weights, EdgeOptions::default(), &Exec::default()).unwrap()
    }

    /// Paths of many walks from node 0.
    fn paths(graph: &Graph, damping: f64, seed: u64) -> Vec<Vec<u32>> {
        let alias = Alias::new(graph, &Exec::default()).unwrap();
        let mut paths = Paths::default();
        Walker::new(graph.arcs(), alias.as_ref(), damping, seed).walk(0..1, WALKS, &mut paths);
        paths.of_origin(0).map(<[u32]>::to_vec).collect()
    }

    /// Pearson's statistic of the first steps against the probabilities of the nodes; asserts that it is below the
    /// quantile 1 - 1e-6, by the cube-root approximation of Wilson and Hilferty (1931).
    fn assert_first_steps(paths: &[Vec<u32>], probabilities: &[f64]) {
        let mut counts = vec![0.0; probabilities.len()];
        let mut n = 0.0;
        for path in paths.iter().filter(|path| path.len() > 1) {
            counts[path[1] as usize] += 1.0;
            n += 1.0;
        }
        let (mut statistic, mut freedom) = (0.0, -1.0);
        for (&count, &p) in counts.iter().zip(probabilities) {
            if p == 0.0 {
                assert_eq!(count, 0.0, "a step of probability 0 was taken");
            } else {
                statistic += (count - n * p) * (count - n * p) / (n * p);
                freedom += 1.0;
            }
        }
        let spread = 2.0 / (9.0 * f64::max(freedom, 1.0));
        let limit = f64::max(freedom, 1.0) * (1.0 - spread + 4.75 * f64::sqrt(spread)).powi(3);
        assert!(statistic < limit, "{statistic} is above {limit} for {freedom} degrees of freedom");
    }

    #[test]
    fn arcs_are_drawn_in_proportion_to_weight() {
        let targets: Vec<u32> = (0..50).collect();
        let plain = graph(50, &[0; 50], &targets, None);
        assert_first_steps(&paths(&plain, 0.85, 1), &[0.02; 50]);
        let weights: Vec<f64> = targets.iter().map(|&t| f64::from(t % 7)).collect();
        let weighted = graph(50, &[0; 50], &targets, Some(&weights));
        let total: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|w| w / total).collect();
        assert_first_steps(&paths(&weighted, 0.85, 1), &shares);
        assert_first_steps(&paths(&weighted, 0.1, 2), &shares);
    }

    /// On a loop a walk is as long as a geometric number says.
    #[test]
    fn lengths_are_geometric() {
        let damping = 0.85;
        let mut counts = [0.0; 40];
        for path in paths(&graph(1, &[0], &[0], None), damping, 3) {
            counts[path.len().min(40) - 1] += 1.0;
        }
        let n = WALKS as f64;
        let mut statistic = 0.0;
        for (i, count) in (0..).zip(counts) {
            let tail = damping.powi(i);
            let p = if i == 39 { tail } else { tail * (1.0 - damping) };
            statistic += (count - n * p) * (count - n * p) / (n * p);
        }
        // Quantile 1 - 1e-6 for 39 degrees of freedom is 93.
        assert!(statistic < 93.0, "{statistic}");
    }

    #[test]
    fn walks_end_where_nothing_leads_on() {
        for graph in
            [graph(3, &[0, 1], &[1, 2], None), graph(3, &[0, 1, 2], &[1, 2, 0], Some(&[1.0, 5.0, 0.0]))]
        {
            let paths = paths(&graph, 0.999, 4);
            assert!(paths.iter().all(|path| path[..] == [0, 1, 2][..path.len()]));
            assert!(paths.iter().any(|path| path.len() == 3));
        }
        assert!(paths(&graph(2, &[0, 1], &[1, 0], None), 0.0, 5).iter().all(|path| path[..] == [0]));
    }

    #[test]
    fn a_path_does_not_depend_on_the_walks_beside_it() {
        let n = 40u32;
        let (src, dst): (Vec<u32>, Vec<u32>) = (0..400).map(|i| (i * 7 % n, i * i % n)).unzip();
        let graph = graph(n as usize, &src, &dst, None);
        let walker = Walker::new(graph.arcs(), None, 0.9, 6);
        let (mut all, mut one) = (Paths::default(), Paths::default());
        walker.walk(0..n, 5, &mut all);
        for origin in (0..n).rev() {
            walker.walk(origin..origin + 1, 5, &mut one);
            assert!(all.of_origin(origin as usize).eq(one.of_origin(0)));
        }
    }

    /// The estimator c x visits of one walk: without bias, of variance p (2 G(x, x) - c) - p².
    #[test]
    fn visits_have_the_mean_and_variance_of_the_formula() {
        let (src, dst) = ([0, 0, 1, 2, 2, 3, 3], [1, 2, 0, 2, 3, 0, 4]);
        let weights = [1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 1.0];
        let damping = 0.8;
        let stop = 1.0 - damping;
        for weights in [None, Some(&weights[..])] {
            let graph = graph(5, &src, &dst, weights);
            let killed = |from: u32| {
                let (mut score, mut under_way) = ([0.0; 5], [0.0; 5]);
                under_way[from as usize] = 1.0;
                for _ in 0..300 {
                    let mut next = [0.0; 5];
                    for u in 0..5u32 {
                        score[u as usize] += stop * under_way[u as usize];
                        let targets = graph.neighbors(u);
                        let w = graph.neighbor_weights(u).map_or(vec![1.0; targets.len()], <[f64]>::to_vec);
                        let total: f64 = w.iter().sum();
                        for (&v, w) in targets.iter().zip(w) {
                            next[v as usize] += damping * under_way[u as usize] * w / total;
                        }
                    }
                    under_way = next;
                }
                score
            };
            let from_0 = killed(0);
            let paths = paths(&graph, damping, 7);
            let n = WALKS as f64;
            for x in 0..5u32 {
                let visits = |path: &Vec<u32>| path.iter().filter(|&&v| v == x).count() as f64 * stop;
                let mean = paths.iter().map(visits).sum::<f64>() / n;
                let square = paths.iter().map(|path| (visits(path) - mean).powi(2)).sum::<f64>() / n;
                let fourth = paths.iter().map(|path| (visits(path) - mean).powi(4)).sum::<f64>() / n;
                let p = from_0[x as usize];
                let variance = p * (2.0 * killed(x)[x as usize] - stop) - p * p;
                // Five standard errors of a mean, and of a mean of squares.
                assert!(
                    (mean - p).abs() < 5.0 * (variance / n).sqrt() + 1e-12,
                    "node {x}: mean {mean}, not {p}"
                );
                let spread = ((fourth - square * square) / n).sqrt();
                assert!(
                    (square - variance).abs() < 5.0 * spread + 1e-12,
                    "node {x}: {square}, not {variance}"
                );
            }
        }
    }
}
