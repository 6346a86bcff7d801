//! Clusters of nodes that walks seldom leave, for a closure with a vector per cluster.
//!
//! The method of Blondel, Guillaume, Lambiotte and Lefebvre ("Fast unfolding of communities in large networks", 2008):
//! nodes move, one after the other in order of their codes, to the neighbouring cluster with the largest gain of
//! modularity; then each cluster becomes a node and the same is done again. Arcs count in both directions. Nothing is
//! drawn at random, and one thread does it, so a graph has one answer. The largest clusters by volume keep their own
//! number; all others share the last.
//!
//! # Cost
//! 16 bytes per arc, some passes over all arcs.

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Arcs, Graph, usize_of};
use crate::memory::{try_collect, try_with_capacity, try_zeroed};

/// Passes over the nodes of a level at most; most of the gain is made in the first three.
const MOST_PASSES: usize = 8;
/// A pass that moves less than this share of the nodes is the last.
const FEW: f64 = 0.01;
/// Levels at most.
const MOST_LEVELS: usize = 6;
/// Nodes between two looks at the clock.
const STEP: usize = 1 << 12;

/// The cluster of every node: below `n_clusters`, 0 for the one of most volume.
pub(super) fn clusters(graph: &Graph, n_clusters: usize, exec: &Exec) -> Result<Vec<u8>> {
    let n = graph.n_nodes();
    let mut level = Level::of_graph(graph, exec)?;
    let mut labels: Vec<u32> = try_collect("clusters", n, 0u32..)?;
    for _ in 0..MOST_LEVELS {
        let moved = level.move_nodes(exec)?;
        let Some(next) = level.merged(&moved)? else { break };
        for label in &mut labels {
            *label = moved[*label as usize];
        }
        level = next;
    }
    let mut by_volume: Vec<usize> = (0..level.volumes.len()).collect();
    by_volume.sort_by(|&a, &b| level.volumes[b].total_cmp(&level.volumes[a]).then(a.cmp(&b)));
    let last = u8::try_from(n_clusters - 1).unwrap_or(u8::MAX);
    let mut ranks = vec![last; by_volume.len()];
    for (rank, &label) in (0..last).zip(&by_volume) {
        ranks[label] = rank;
    }
    try_collect("clusters", n, labels.iter().map(|&label| ranks[label as usize]))
}

/// A weighted graph whose arcs count both ways; the same arc may be listed several times.
struct Level {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<f32>,
    /// Sum of weights at each node, both ends of loops included.
    volumes: Vec<f64>,
    total: f64,
}

impl Level {
    fn of_graph(graph: &Graph, exec: &Exec) -> Result<Self> {
        let n = graph.n_nodes();
        let sides = [graph.arcs(), graph.incoming(exec)?.arcs()];
        // Of an undirected graph either side has both arcs already.
        let sides = if graph.is_directed() { &sides[..] } else { &sides[..1] };
        let n_arcs = sides.len() * graph.n_arcs();
        let mut offsets = try_with_capacity("offsets of clusters", n + 1)?;
        let mut targets = try_with_capacity("arcs of clusters", n_arcs)?;
        let mut weights = try_with_capacity("arcs of clusters", n_arcs)?;
        let scale = largest_weight(graph.arcs());
        offsets.push(0);
        for v in 0..n {
            if v % STEP == 0 {
                exec.checkpoint(0)?;
            }
            for side in sides {
                let arcs = usize_of(side.offsets[v])..usize_of(side.offsets[v + 1]);
                targets.extend_from_slice(&side.targets[arcs.clone()]);
                match side.weights {
                    None => weights.resize(targets.len(), 1.0),
                    #[expect(clippy::cast_possible_truncation, reason = "clusters need no more digits")]
                    Some(w) => weights.extend(w[arcs].iter().map(|w| (w / scale) as f32)),
                }
            }
            offsets.push(targets.len());
        }
        Self::new(offsets, targets, weights)
    }

    fn new(offsets: Vec<usize>, targets: Vec<u32>, weights: Vec<f32>) -> Result<Self> {
        let n = offsets.len() - 1;
        let volume = |v: usize| weights[offsets[v]..offsets[v + 1]].iter().map(|&w| f64::from(w)).sum();
        let volumes: Vec<f64> = try_collect("volumes of clusters", n, (0..n).map(volume))?;
        let total = volumes.iter().sum();
        Ok(Self { offsets, targets, weights, volumes, total })
    }

    fn arcs(&self, v: usize) -> impl Iterator<Item = (u32, f64)> {
        let arcs = self.offsets[v]..self.offsets[v + 1];
        self.targets[arcs.clone()].iter().zip(&self.weights[arcs]).map(|(&t, &w)| (t, f64::from(w)))
    }

    /// The cluster of each node, numbered from 0 without gaps.
    fn move_nodes(&self, exec: &Exec) -> Result<Vec<u32>> {
        let n = self.volumes.len();
        let mut cluster: Vec<u32> = try_collect("clusters", n, 0u32..)?;
        let mut volumes: Vec<f64> = try_collect("volumes of clusters", n, self.volumes.iter().copied())?;
        // Weight from the node at hand to each cluster, and the clusters where it is not zero.
        let mut shared: Vec<f64> = try_zeroed("weights between clusters", n)?;
        let mut near = Vec::new();
        for _ in 0..MOST_PASSES {
            let mut n_moved = 0;
            for v in 0..n {
                if v % STEP == 0 {
                    exec.checkpoint(0)?;
                }
                for (target, weight) in
                    self.arcs(v).filter(|&(target, weight)| target as usize != v && weight > 0.0)
                {
                    let c = cluster[target as usize];
                    if shared[c as usize] == 0.0 {
                        near.push(c);
                    }
                    shared[c as usize] += weight;
                }
                let own = cluster[v];
                volumes[own as usize] -= self.volumes[v];
                let pull = self.volumes[v] / self.total;
                let gain = |c: u32| shared[c as usize] - pull * volumes[c as usize];
                let mut best = (own, gain(own));
                for &c in &near {
                    let gain = gain(c);
                    if gain > best.1 || (gain == best.1 && c < best.0 && best.0 != own) {
                        best = (c, gain);
                    }
                }
                for c in near.drain(..) {
                    shared[c as usize] = 0.0;
                }
                cluster[v] = best.0;
                volumes[best.0 as usize] += self.volumes[v];
                n_moved += usize::from(best.0 != own);
            }
            if (n_moved as f64) < FEW * n as f64 {
                break;
            }
        }
        // Numbers without gaps, in order of first members.
        let mut number = vec![u32::MAX; n];
        let mut n_clusters = 0u32;
        for c in &mut cluster {
            if number[*c as usize] == u32::MAX {
                number[*c as usize] = n_clusters;
                n_clusters += 1;
            }
            *c = number[*c as usize];
        }
        Ok(cluster)
    }

    /// The graph whose nodes are the clusters; `None` if no two nodes share one.
    fn merged(&self, cluster: &[u32]) -> Result<Option<Self>> {
        let n = cluster.iter().max().map_or(0, |&last| last as usize + 1);
        if n == self.volumes.len() {
            return Ok(None);
        }
        // Members of each cluster, by counting.
        let mut begin = vec![0usize; n + 1];
        for &c in cluster {
            begin[c as usize + 1] += 1;
        }
        for c in 0..n {
            begin[c + 1] += begin[c];
        }
        let mut members = try_zeroed::<u32>("members of clusters", cluster.len())?;
        let mut at = begin.clone();
        for (v, &c) in (0u32..).zip(cluster) {
            members[at[c as usize]] = v;
            at[c as usize] += 1;
        }
        let (mut offsets, mut targets, mut weights) = (vec![0], Vec::new(), Vec::new());
        let mut shared = vec![0.0f64; n];
        let mut near: Vec<u32> = Vec::new();
        for c in 0..n {
            for &v in &members[begin[c]..begin[c + 1]] {
                for (target, weight) in self.arcs(v as usize).filter(|&(_, weight)| weight > 0.0) {
                    let other = cluster[target as usize];
                    if shared[other as usize] == 0.0 {
                        near.push(other);
                    }
                    shared[other as usize] += weight;
                }
            }
            for other in near.drain(..) {
                targets.push(other);
                #[expect(clippy::cast_possible_truncation, reason = "clusters need no more digits")]
                weights.push(std::mem::take(&mut shared[other as usize]) as f32);
            }
            offsets.push(targets.len());
        }
        Self::new(offsets, targets, weights).map(Some)
    }
}

/// Weights are divided by this, lest their sums overflow.
fn largest_weight(arcs: Arcs<'_>) -> f64 {
    let largest = arcs.weights.unwrap_or(&[]).iter().copied().fold(0.0, f64::max);
    if largest > 0.0 { largest } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeOptions;

    fn of(n: usize, edges: &[(u32, u32)], weights: Option<&[f64]>, n_clusters: usize) -> Vec<u8> {
        let (src, dst): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
        let exec = Exec::default();
        let graph = Graph::from_edges(n, &src, &dst, weights, EdgeOptions::default(), &exec).unwrap();
        clusters(&graph, n_clusters, &exec).unwrap()
    }

    /// Three cliques of 6, 5 and 4 nodes, joined in a chain.
    fn cliques() -> Vec<(u32, u32)> {
        let mut edges = vec![(0, 6), (6, 11)];
        for (begin, end) in [(0, 6), (6, 11), (11, 15)] {
            edges.extend((begin..end).flat_map(|u| (begin..u).map(move |v| (u, v))));
        }
        edges
    }

    #[test]
    fn cliques_are_clusters_and_the_largest_comes_first() {
        let expected = |last: [u8; 3]| [[last[0]; 6].as_slice(), &[last[1]; 5], &[last[2]; 4]].concat();
        assert_eq!(of(15, &cliques(), None, 4), expected([0, 1, 2]));
        assert_eq!(of(15, &cliques(), None, 2), expected([0, 1, 1]));
        assert_eq!(of(15, &cliques(), None, 1), expected([0, 0, 0]));
        let heavy = vec![1e300; cliques().len()];
        assert_eq!(of(15, &cliques(), Some(&heavy), 4), expected([0, 1, 2]));
    }

    #[test]
    fn graphs_without_arcs_have_clusters_too() {
        assert_eq!(of(0, &[], None, 4), []);
        assert!(of(5, &[], None, 2).iter().all(|&c| c < 2));
        assert!(of(2, &[(0, 1), (1, 1)], Some(&[0.0, 0.0]), 2).iter().all(|&c| c < 2));
    }
}
