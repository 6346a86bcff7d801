//! The graph as the sequential solvers read it: in an order in which what a node sends mostly goes forward.
//!
//! # Order
//! Strongly connected components follow each other such that no arc leads back, so one pass over the positions settles
//! everything outside cycles. Within a component either the nodes' own order is kept, if neighbours tend to have close
//! numbers (pages of one site, papers of one year), or nodes are sorted by falling degree, which keeps the values
//! gathered most in the first-level cache. The order with more gathers from close by is taken. Dangling nodes come last:
//! nothing depends on them.
//!
//! # Half rows
//! The incoming arcs of a position are split into those from before it (*lower*) and from after it (*upper*), stored in
//! groups of four. A short row is filled up with an arc from a position past the end, whose value is always 0. Rows of
//! up to four arcs, most of them, then take the same instructions: without groups, the branch at the end of each row is
//! mispredicted so often that a sweep takes twice as long.
//!
//! # What is sent
//! z(u) = x(u) / degree(u) is what u sends along an arc of value 1. Unweighted arcs have no stored value. An undirected
//! weighted graph keeps its weights, which are symmetric, and `degrees` are their sums; a directed one keeps
//! probabilities, and `degrees` are 1.

use std::ops::Range;

use super::{Components, Graph, Steps, usize_of};
use crate::error::{Error, Result};
use crate::exec::Exec;

use crate::memory::{Buffer, try_collect, try_with_capacity, try_zeroed};
use crate::numeric;

/// Arcs per group.
pub(crate) const GROUP: usize = 4;
/// Values of 8 bytes that a first-level cache of 32 kB holds.
const CLOSE: usize = 1 << 12;
/// Rows between two checkpoints.
pub(crate) const ROWS: usize = 1 << 12;

/// See the module.
#[derive(Debug)]
pub(crate) struct Ordered {
    /// Node at each position.
    pub(crate) nodes: Vec<u32>,
    /// Position of each node.
    pub(crate) positions: Vec<u32>,
    /// Positions from here on hold dangling nodes.
    pub(crate) n_active: usize,
    /// Cover `0..n_active`: single nodes between components, and components, in order.
    pub(crate) stages: Vec<Stage>,
    pub(crate) lower: HalfRows,
    pub(crate) upper: HalfRows,
    /// Per position, what x is divided by when it is sent.
    pub(crate) degrees: Vec<f64>,
    /// Positions with an arc to themselves, and its probability.
    pub(crate) loops: Vec<(u32, f64)>,
    /// Whether arcs have the same value both ways.
    pub(crate) is_symmetric: bool,
}

/// Consecutive positions that are solved together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stage {
    pub(crate) positions: Range<usize>,
    /// Whether its nodes depend on each other; otherwise one forward pass solves it.
    pub(crate) is_cyclic: bool,
}

/// For each position, the arcs from the positions on one side of it.
#[derive(Debug)]
pub(crate) struct HalfRows {
    /// Position `i` has the groups `starts[i]..starts[i + 1]`.
    pub(crate) starts: Vec<u64>,
    /// Sources; those that only fill a group are the number of positions.
    pub(crate) groups: Buffer<[u32; GROUP]>,
    /// Values of the arcs, 0 where they only fill a group; `None` if all are 1.
    pub(crate) values: Option<Buffer<[f64; GROUP]>>,
}

/// The arcs to put in order.
struct Source<'g> {
    offsets: &'g [u64],
    sources: &'g [u32],
    values: Option<&'g [f64]>,
    is_dangling: Vec<bool>,
}

impl Ordered {
    pub(crate) fn new(graph: &Graph, exec: &Exec) -> Result<Self> {
        let n = graph.n_nodes();
        let transition = graph.transition(exec)?;
        let incoming = graph.incoming(exec)?.arcs();
        let mut is_dangling = try_collect("marks of dangling nodes", n, std::iter::repeat_n(false, n))?;
        transition.dangling.iter().for_each(|&v| is_dangling[v as usize] = true);

        let (values, degrees, is_symmetric) = match &transition.steps {
            Steps::Uniform { degrees, .. } => {
                let degrees = try_collect("degrees", n, degrees.iter().map(|&d| f64::from(d)))?;
                (None, degrees, !graph.is_directed())
            }
            Steps::Weighted { probabilities, .. } => match symmetric_weights(graph, &is_dangling)? {
                Some((weights, degrees)) => (Some(std::borrow::Cow::Owned(weights)), degrees, true),
                None => {
                    let ones = try_collect("degrees", n, std::iter::repeat_n(1.0, n))?;
                    (Some(std::borrow::Cow::Borrowed(&probabilities[..])), ones, false)
                }
            },
        };
        let source = Source {
            offsets: incoming.offsets,
            sources: incoming.targets,
            values: values.as_deref(),
            is_dangling,
        };
        let components = Components::new(graph.out(), exec)?;
        let nodes = source.order(graph, &components, exec)?;
        let mut positions = try_zeroed("positions of nodes", n)?;
        (0u32..).zip(&nodes).for_each(|(position, &node)| positions[node as usize] = position);

        let n_active = n - transition.dangling.len();
        let stages = stages(&nodes[..n_active], &components)?;
        let [lower, upper] = source.half_rows(&nodes, &positions, exec)?;
        let degrees = try_collect("degrees", n, nodes.iter().map(|&v| degrees[v as usize]))?;
        let loops = source.loops(&nodes[..n_active], &degrees)?;
        Ok(Self { nodes, positions, n_active, stages, lower, upper, degrees, loops, is_symmetric })
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Values of the arcs of lower and upper half rows, unless all are 1.
    pub(crate) fn values(&self) -> Option<[&[[f64; GROUP]]; 2]> {
        Some([self.lower.values.as_deref()?, self.upper.values.as_deref()?])
    }

    /// The positions of a range in steps of about a millisecond.
    pub(crate) fn steps(range: Range<usize>) -> impl DoubleEndedIterator<Item = Range<usize>> {
        let first = range.start;
        (0..range.len().div_ceil(ROWS)).map(move |step| {
            let start = first + step * ROWS;
            start..range.end.min(start + ROWS)
        })
    }

    pub(crate) fn n_bytes(&self) -> usize {
        let per_node = size_of_val(&self.nodes[..]) * 2 + size_of_val(&self.degrees[..]);
        let stages = size_of_val(&self.stages[..]) + size_of_val(&self.loops[..]);
        per_node + stages + self.lower.n_bytes() + self.upper.n_bytes()
    }
}

/// Weights divided by the largest, and their sums per node, if every sum stays a number one can divide by.
fn symmetric_weights(graph: &Graph, is_dangling: &[bool]) -> Result<Option<(Vec<f64>, Vec<f64>)>> {
    /// Sums below this would make z, which is x divided by them, lose digits or overflow.
    const LEAST: f64 = 1e-100;
    let Some(weights) = graph.arcs().weights.filter(|_| !graph.is_directed()) else { return Ok(None) };
    let largest = weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let scaled = try_collect("weights", weights.len(), weights.iter().map(|w| w / largest))?;
    let sums = (0..graph.n_nodes()).map(|v| {
        let sum = numeric::sum(scaled[graph.out().range(v)].iter().copied());
        if is_dangling[v] { 1.0 } else { sum }
    });
    let sums = try_collect("sums of weights", graph.n_nodes(), sums)?;
    Ok(sums.iter().all(|&sum| sum >= LEAST).then_some((scaled, sums)))
}

/// Runs of single nodes, and components of several.
fn stages(nodes: &[u32], components: &Components) -> Result<Vec<Stage>> {
    let component = |&node: &u32| components.of_node[node as usize];
    let mut stages: Vec<Stage> = Vec::new();
    let mut start = 0;
    for members in nodes.chunk_by(|a, b| component(a) == component(b)) {
        let positions = start..start + members.len();
        start = positions.end;
        match stages.last_mut() {
            Some(last) if !last.is_cyclic && members.len() == 1 => last.positions.end = positions.end,
            _ => {
                if stages.len() == stages.capacity() {
                    stages.try_reserve(stages.len().max(16)).map_err(|_| Error::OutOfMemory {
                        what: "components",
                        bytes: 2 * size_of_val(&stages[..]),
                    })?;
                }
                stages.push(Stage { positions, is_cyclic: members.len() > 1 });
            }
        }
    }
    Ok(stages)
}

impl Source<'_> {
    fn row(&self, node: u32) -> Range<usize> {
        usize_of(self.offsets[node as usize])..usize_of(self.offsets[node as usize + 1])
    }

    /// Arcs that carry something: their sources and values.
    fn arcs(&self, node: u32) -> impl Iterator<Item = (u32, f64)> {
        self.row(node)
            .map(|arc| (self.sources[arc], self.values.map_or(1.0, |values| values[arc])))
            .filter(|&(source, value)| value > 0.0 && !self.is_dangling[source as usize])
    }

    fn order(&self, graph: &Graph, components: &Components, exec: &Exec) -> Result<Vec<u32>> {
        let n = graph.n_nodes();
        let leaving = |v: usize| graph.out().range(v).len();
        let degree = |v: usize| leaving(v) + usize_of(self.offsets[v + 1] - self.offsets[v]);
        let degrees = try_collect("degrees", n, (0..n).map(degree))?;
        exec.checkpoint(0)?;
        let most = degrees.iter().copied().max().unwrap_or(0);
        let falling = |node: u32| most - degrees[node as usize];
        let by_number = try_collect("order of nodes", n, (0u32..).take(n))?;
        let by_degree = sorted_by(falling, most + 1, &by_number)?;
        exec.checkpoint(0)?;

        // Arcs whose source is gathered from close by: among the first in the one order, near the target in the other.
        let close_by_degree: usize = by_degree.iter().take(CLOSE).map(|&v| leaving(v as usize)).sum();
        let mut close_by_number = 0;
        for node in &by_number {
            let near = |source: &&u32| (source.abs_diff(*node) as usize) < CLOSE / 2;
            close_by_number += self.sources[self.row(*node)].iter().filter(near).count();
            if (*node as usize).is_multiple_of(ROWS) {
                exec.checkpoint(0)?;
            }
        }
        let within = if close_by_degree >= close_by_number { by_degree } else { by_number };
        let component = |node: u32| match self.is_dangling[node as usize] {
            true => components.n_components,
            false => components.of_node[node as usize] as usize,
        };
        sorted_by(component, components.n_components + 1, &within)
    }

    fn half_rows(&self, nodes: &[u32], positions: &[u32], exec: &Exec) -> Result<[HalfRows; 2]> {
        let (mut lower, mut upper) =
            (HalfRows::starts("lower", nodes.len())?, HalfRows::starts("upper", nodes.len())?);
        for (i, &node) in (0u32..).zip(nodes) {
            let (mut n_lower, mut n_upper) = (0, 0);
            for (source, _) in self.arcs(node) {
                let from = positions[source as usize];
                n_lower += usize::from(from < i);
                n_upper += usize::from(from > i);
            }
            lower.announce(n_lower);
            upper.announce(n_upper);
            if (i as usize).is_multiple_of(ROWS) {
                exec.checkpoint(0)?;
            }
        }
        let (mut lower, mut upper) =
            (lower.allocate(self.values.is_some())?, upper.allocate(self.values.is_some())?);
        for (i, &node) in (0u32..).zip(nodes) {
            let (mut n_lower, mut n_upper) = (0, 0);
            for (source, value) in self.arcs(node) {
                let from = positions[source as usize];
                if from < i {
                    lower.set(i as usize, n_lower, from, value);
                    n_lower += 1;
                } else if from > i {
                    upper.set(i as usize, n_upper, from, value);
                    n_upper += 1;
                }
            }
            if (i as usize).is_multiple_of(ROWS) {
                exec.checkpoint(0)?;
            }
        }
        Ok([lower, upper])
    }

    fn loops(&self, active: &[u32], degrees: &[f64]) -> Result<Vec<(u32, f64)>> {
        let mut loops = try_with_capacity("loops", 0)?;
        for (i, &node) in (0u32..).zip(active) {
            if let Ok(at) = self.sources[self.row(node)].binary_search(&node) {
                let value = self.values.map_or(1.0, |values| values[self.row(node).start + at]);
                if value > 0.0 {
                    loops.push((i, value / degrees[i as usize]));
                }
            }
        }
        Ok(loops)
    }
}

/// The nodes by `key`, which is below `n_keys`; those of one key in the order in which they are given.
fn sorted_by(key: impl Fn(u32) -> usize, n_keys: usize, nodes: &[u32]) -> Result<Vec<u32>> {
    let mut ends: Vec<u32> = try_zeroed("counts of keys", n_keys + 1)?;
    nodes.iter().for_each(|&node| ends[key(node) + 1] += 1);
    (0..n_keys).for_each(|k| ends[k + 1] += ends[k]);
    let mut sorted = try_zeroed("order of nodes", nodes.len())?;
    for &node in nodes {
        let at = &mut ends[key(node)];
        sorted[*at as usize] = node;
        *at += 1;
    }
    Ok(sorted)
}

impl HalfRows {
    fn starts(what: &'static str, n: usize) -> Result<Starts> {
        let mut starts = try_with_capacity(what, n + 1)?;
        starts.push(0);
        Ok(Starts { starts, n })
    }

    fn set(&mut self, row: usize, at: usize, source: u32, value: f64) {
        let group = usize_of(self.starts[row]) + at / GROUP;
        self.groups[group][at % GROUP] = source;
        if let Some(values) = &mut self.values {
            values[group][at % GROUP] = value;
        }
    }

    fn n_bytes(&self) -> usize {
        let values = self.values.as_ref().map_or(0, |values| size_of_val(&values[..]));
        size_of_val(&self.starts[..]) + size_of_val(&self.groups[..]) + values
    }
}

/// Half rows whose lengths are being announced.
struct Starts {
    starts: Vec<u64>,
    n: usize,
}

impl Starts {
    /// Every row has at least one group, so that the first can be read without asking.
    fn announce(&mut self, n_arcs: usize) {
        let end = self.starts.last().copied().unwrap_or(0) + n_arcs.div_ceil(GROUP).max(1) as u64;
        self.starts.push(end);
    }

    fn allocate(self, has_values: bool) -> Result<HalfRows> {
        let n_groups = usize_of(self.starts.last().copied().unwrap_or(0));
        let mut groups = Buffer::<[u32; GROUP]>::zeroed("arcs in order", n_groups)?;
        groups.fill([u32::try_from(self.n).unwrap_or(u32::MAX); GROUP]);
        let values = has_values.then(|| Buffer::zeroed("values of arcs in order", n_groups)).transpose()?;
        Ok(HalfRows { starts: self.starts, groups, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeOptions;
    use proptest::prelude::*;

    fn sources(rows: &HalfRows, position: usize, n: usize) -> Vec<u32> {
        let groups = usize_of(rows.starts[position])..usize_of(rows.starts[position + 1]);
        assert!(!groups.is_empty(), "the first group is read without asking");
        rows.groups[groups].concat().into_iter().filter(|&source| (source as usize) < n).collect()
    }

    proptest! {
        #[test]
        fn every_arc_that_carries_is_in_one_half_row_and_none_leads_back_between_stages(
            n in 1u32..14,
            edges in prop::collection::vec((0u32..14, 0u32..14, 0u8..3), 0..50),
            directed: bool,
            weighted: bool,
        ) {
            let (src, dst): (Vec<_>, Vec<_>) = edges.iter().map(|&(u, v, _)| (u % n, v % n)).unzip();
            let weights: Vec<_> = edges.iter().map(|&(_, _, w)| f64::from(w)).collect();
            let weights = weighted.then_some(&weights[..]);
            let (n, exec) = (n as usize, Exec::default());
            let options = EdgeOptions { directed, ..EdgeOptions::default() };
            let graph = Graph::from_edges(n, &src, &dst, weights, options, &exec).unwrap();
            let ordered = Ordered::new(&graph, &exec).unwrap();

            let mut expected = Vec::new();
            for u in 0..n {
                for (i, &v) in graph.out().row(u).iter().enumerate() {
                    if graph.out().row_weights(u).is_none_or(|w| w[i] > 0.0) {
                        expected.push((ordered.positions[u], ordered.positions[v as usize]));
                    }
                }
            }
            let mut found: Vec<_> = ordered.loops.iter().map(|&(i, _)| (i, i)).collect();
            for (i, target) in (0..n).zip(0u32..) {
                for source in sources(&ordered.lower, i, n) {
                    prop_assert!(source < target);
                    found.push((source, target));
                }
                for source in sources(&ordered.upper, i, n) {
                    prop_assert!(source > target);
                    found.push((source, target));
                    let stage = ordered.stages.iter().find(|stage| stage.positions.contains(&i)).unwrap();
                    prop_assert!(stage.is_cyclic && stage.positions.contains(&(source as usize)));
                }
            }
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, expected);

            let bounds: Vec<_> = ordered.stages.iter().map(|s| (s.positions.start, s.positions.end)).collect();
            prop_assert!(bounds.windows(2).all(|pair| pair[0].1 == pair[1].0));
            prop_assert_eq!(bounds.last().map_or(0, |last| last.1), ordered.n_active);
            let dangling = &graph.transition(&exec).unwrap().dangling;
            prop_assert!(dangling.iter().all(|&v| ordered.positions[v as usize] as usize >= ordered.n_active));
        }
    }

    /// Neighbours of close numbers keep their order; a graph of hubs far apart is sorted by degree.
    #[test]
    fn the_order_with_more_gathers_from_close_by_is_taken() {
        let exec = Exec::default();
        let n = 40_000u32;
        let order = |edges: &dyn Fn(u32) -> u32| {
            let (src, dst): (Vec<_>, Vec<_>) = (0..n).map(|v| (edges(v), v)).unzip();
            let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
            let graph = Graph::from_edges(n as usize, &src, &dst, None, options, &exec).unwrap();
            Ordered::new(&graph, &exec).unwrap().nodes
        };
        assert!(order(&|v| v.saturating_sub(1)).is_sorted(), "a path");
        assert_eq!(order(&|_| n - 1)[0], n - 1, "a star");
    }
}
