//! What is left of a graph: its nodes that may still belong to a better clique, and the edges among them.

use std::borrow::Cow;

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::{try_collect, try_with_capacity, try_zeroed};

/// Nodes between two checkpoints.
pub(super) const STEP: usize = 1 << 7;
const NOBODY: u32 = u32::MAX;

/// A graph without direction, weights and, once it was cut down, without loops.
#[derive(Debug)]
pub(super) struct Rest<'g> {
    offsets: Cow<'g, [u64]>,
    targets: Cow<'g, [u32]>,
    /// Group of each node.
    pub(super) groups: Cow<'g, [u8]>,
    /// Node of the whole graph; `None`: the same number.
    names: Option<Vec<u32>>,
}

impl<'g> Rest<'g> {
    /// All of a graph whose edges lead both ways.
    pub(super) fn whole(graph: &'g Graph, groups: &'g [u8]) -> Self {
        let arcs = graph.out();
        Self {
            offsets: Cow::Borrowed(&arcs.offsets),
            targets: Cow::Borrowed(&arcs.targets),
            groups: Cow::Borrowed(groups),
            names: None,
        }
    }

    pub(super) fn n_nodes(&self) -> usize {
        self.groups.len()
    }

    /// Edges, counted once, where there are no loops.
    pub(super) fn n_edges(&self) -> usize {
        self.targets.len() / 2
    }

    /// Node of the whole graph.
    pub(super) fn name(&self, node: usize) -> u32 {
        match &self.names {
            Some(names) => names[node],
            None => number(node),
        }
    }

    /// Number of neighbours; one more with a loop.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "offsets index an array in memory")]
    pub(super) fn degree(&self, node: usize) -> usize {
        (self.offsets[node + 1] - self.offsets[node]) as usize
    }

    /// Neighbours by rising number; the node itself, if it has a loop.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "offsets index an array in memory")]
    pub(super) fn neighbors(&self, node: usize) -> &[u32] {
        &self.targets[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }

    /// The neighbours of a higher number.
    #[inline]
    pub(super) fn later(&self, node: usize) -> &[u32] {
        let all = self.neighbors(node);
        &all[all.partition_point(|&target| target as usize <= node)..]
    }

    /// The graph among some nodes, or, if these are nearly all, the same graph: that saves memory for a copy that would
    /// hardly be smaller, and nodes too many do no harm.
    pub(super) fn without_others(self, nodes: &[u32], exec: &Exec) -> Result<Self> {
        let is_nearly_all = 8 * nodes.len() > 7 * self.n_nodes();
        if is_nearly_all && !self.has_loops(exec)? { Ok(self) } else { self.cut(nodes, exec) }
    }

    fn has_loops(&self, exec: &Exec) -> Result<bool> {
        if self.names.is_some() {
            return Ok(false);
        }
        for node in 0..self.n_nodes() {
            if node.is_multiple_of(STEP) {
                exec.checkpoint(0)?;
            }
            if self.neighbors(node).binary_search(&number(node)).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The nodes of `order`, numbered as they come, and the edges among them.
    pub(super) fn cut(&self, order: &[u32], exec: &Exec) -> Result<Rest<'static>> {
        let mut numbers =
            try_collect("numbers of nodes", self.n_nodes(), std::iter::repeat_n(NOBODY, self.n_nodes()))?;
        (0..).zip(order).for_each(|(number, &node)| numbers[node as usize] = number);
        let kept = |&node: &u32| {
            let others = self.neighbors(node as usize).iter().filter(move |&&target| target != node);
            others.map(|&target| numbers[target as usize]).filter(|&target| target != NOBODY)
        };
        let mut offsets = try_with_capacity("rows of what is left", order.len() + 1)?;
        let mut n_arcs = 0;
        offsets.push(0);
        for step in order.chunks(STEP) {
            exec.checkpoint(0)?;
            for node in step {
                n_arcs += kept(node).count() as u64;
                offsets.push(n_arcs);
            }
        }
        let mut targets =
            try_with_capacity("edges of what is left", usize::try_from(n_arcs).unwrap_or(usize::MAX))?;
        for step in order.chunks(STEP) {
            exec.checkpoint(0)?;
            for node in step {
                let start = targets.len();
                targets.extend(kept(node));
                targets[start..].sort_unstable();
            }
        }
        let groups = order.iter().map(|&node| self.groups[node as usize]);
        let names = order.iter().map(|&node| self.name(node as usize));
        Ok(Rest {
            offsets: Cow::Owned(offsets),
            targets: Cow::Owned(targets),
            groups: Cow::Owned(try_collect("groups of what is left", order.len(), groups)?),
            names: Some(try_collect("names of what is left", order.len(), names)?),
        })
    }

    /// Nodes by repeatedly taking one with the fewest neighbours left, and how many those were at most so far: no clique
    /// whose first member that is has more others. Without loops. O(n + m).
    pub(super) fn degeneracy(&self, exec: &Exec) -> Result<(Vec<u32>, Vec<u32>)> {
        let n = self.n_nodes();
        let mut degrees = try_collect("degrees", n, (0..n).map(|node| number(self.degree(node))))?;
        exec.checkpoint(0)?;
        // Nodes by degree; `starts[d]` is where those of degree d begin.
        let most = degrees.iter().copied().max().unwrap_or(0) as usize;
        let mut starts: Vec<u32> = try_zeroed("counts of degrees", most + 2)?;
        degrees.iter().for_each(|&degree| starts[degree as usize + 1] += 1);
        (0..=most).for_each(|degree| starts[degree + 1] += starts[degree]);
        let mut order: Vec<u32> = try_zeroed("order of nodes", n)?;
        let mut places: Vec<u32> = try_zeroed("places of nodes", n)?;
        let mut ends = starts.clone();
        for node in 0..number(n) {
            let end = &mut ends[degrees[node as usize] as usize];
            order[*end as usize] = node;
            places[node as usize] = *end;
            *end += 1;
        }
        let mut cores: Vec<u32> = try_zeroed("cores", n)?;
        let mut core = 0;
        for place in 0..n {
            if place.is_multiple_of(STEP) {
                exec.checkpoint(0)?;
            }
            let node = order[place];
            let degree = degrees[node as usize];
            core = core.max(degree);
            cores[place] = core;
            for &target in self.neighbors(node as usize) {
                let of_target = degrees[target as usize];
                if of_target <= degree || (places[target as usize] as usize) <= place {
                    continue;
                }
                // It changes places with the first of its degree, which then is the last of one less.
                let first = starts[of_target as usize].max(number(place) + 1);
                let other = order[first as usize];
                let from = places[target as usize];
                order.swap(first as usize, from as usize);
                (places[target as usize], places[other as usize]) = (first, from);
                starts[of_target as usize] = first + 1;
                degrees[target as usize] = of_target - 1;
            }
        }
        Ok((order, cores))
    }

    /// Colours such that neighbours differ, given greedily in the reverse of an order; and how many there are.
    pub(super) fn colors(&self, order: &[u32], exec: &Exec) -> Result<(Vec<u32>, usize)> {
        let mut colors = try_collect("colours", self.n_nodes(), std::iter::repeat_n(NOBODY, self.n_nodes()))?;
        // Who last saw each colour at a neighbour.
        let mut seen: Vec<u32> = Vec::new();
        for step in order.rchunks(STEP) {
            exec.checkpoint(0)?;
            for &node in step.iter().rev() {
                for &target in self.neighbors(node as usize) {
                    if let Some(seen) = seen.get_mut(colors[target as usize] as usize) {
                        *seen = node;
                    }
                }
                let free = seen.iter().position(|&last| last != node).unwrap_or(seen.len());
                if free == seen.len() {
                    seen.push(NOBODY);
                }
                colors[node as usize] = number(free);
            }
        }
        Ok((colors, seen.len()))
    }
}

/// Nodes are numbered in 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "a graph has no more nodes")]
pub(super) fn number(n: usize) -> u32 {
    n as u32
}
