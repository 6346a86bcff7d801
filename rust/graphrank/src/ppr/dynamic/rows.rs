//! Rows of outgoing arcs that change.
//!
//! A row that no update has touched is read where the graph keeps it. A changed row is written anew, sorted, into a
//! block of an arena; blocks have sizes that are powers of two, and a block whose row was written elsewhere serves the
//! next row of its size. New rows are drafted first and linked later, so a batch that fails leaves no trace.
//!
//! Rewriting a row of d arcs copies 4 d bytes (12 d with weights) in order, once per batch. A hash table would insert in
//! constant time, but pushing the changed node then visits the same d targets one by one, which takes longer.
//!
//! # Memory
//! 32 bytes per node (40 with weights), and up to 8 bytes per arc of a changed row (24 with weights); the graph stays.

use std::sync::Arc;

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Csr, Graph};
use crate::memory::{Buffer, try_collect, try_reserve, try_with_capacity};
use crate::numeric;

/// Blocks of class k hold `1 << (k + MIN_CLASS)` arcs.
const MIN_CLASS: usize = 2;

/// Where a row lies and how its arcs are walked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    start: usize,
    len: u32,
    /// Whether `start` is a position in the arena; otherwise it is one in the graph.
    is_own: bool,
    /// Times weight and `scale`: the probability of an arc. 0 for a node that the walk cannot leave.
    pub(super) inverse: f64,
    /// Probability of the arc from the node to itself.
    pub(super) stay: f64,
}

/// A power of two that brings a row's largest weight near 1, so that sums of huge or tiny weights stay finite and
/// positive. 1 without weights.
type Scale = f64;

/// A row as it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    /// Rising.
    pub(super) targets: &'a [u32],
    /// `None` if unweighted.
    pub(super) weights: Option<&'a [f64]>,
    pub(super) scale: Scale,
    pub(super) inverse: f64,
    pub(super) stay: f64,
}

impl Row<'_> {
    /// The probability of the arc at a position.
    pub(super) fn share(&self, at: usize) -> f64 {
        self.weights.map_or(self.inverse, |weights| weights[at] * self.scale * self.inverse)
    }

    /// The weight of the arc to `target`, if there is one.
    pub(super) fn weight_of(&self, target: u32) -> Option<f64> {
        let at = self.targets.binary_search(&target).ok()?;
        Some(self.weights.map_or(1.0, |weights| weights[at]))
    }
}

/// A row that is written but not linked.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) node: u32,
    head: Head,
    scale: Scale,
}

/// The rows of all nodes.
#[derive(Debug)]
pub(super) struct Rows {
    graph: Arc<Graph>,
    heads: Vec<Head>,
    /// Empty if unweighted.
    scales: Vec<Scale>,
    arena: Arena,
    n_arcs: usize,
    n_dangling: usize,
    n_loops: usize,
}

#[derive(Debug, Default)]
struct Arena {
    targets: Vec<u32>,
    /// Aligned to `targets`; empty if unweighted.
    weights: Vec<f64>,
    /// Starts of the blocks that hold no row, by class.
    free: [Vec<usize>; 32],
}

impl Rows {
    pub(super) fn new(graph: Arc<Graph>, exec: &Exec) -> Result<Self> {
        let csr = graph.out();
        let chunks = csr.row_chunks();
        let described = exec.map(chunks.len(), |c| {
            exec.checkpoint(0)?;
            let rows = chunks[c].clone();
            try_collect("rows of arcs", rows.len(), rows.map(|v| describe_stored(csr, v)))
        })?;
        let n = csr.n_rows();
        let mut heads = try_with_capacity("rows of arcs", n)?;
        let mut scales = try_with_capacity("scales of weights", if graph.is_weighted() { n } else { 0 })?;
        for (head, scale) in described.into_iter().flatten() {
            heads.push(head);
            if graph.is_weighted() {
                scales.push(scale);
            }
        }
        let (n_arcs, n_loops) = (csr.n_arcs(), (0..n).filter(|&v| contains_itself(csr.row(v), v)).count());
        let n_dangling = heads.iter().filter(|head| head.inverse == 0.0).count();
        Ok(Self { graph, heads, scales, arena: Arena::default(), n_arcs, n_dangling, n_loops })
    }

    pub(super) fn n_nodes(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn n_arcs(&self) -> usize {
        self.n_arcs
    }

    /// Edges: an undirected one is two arcs, a loop one.
    pub(super) fn n_edges(&self) -> usize {
        if self.is_directed() { self.n_arcs } else { self.n_arcs.midpoint(self.n_loops) }
    }

    /// Nodes the walk cannot leave.
    pub(super) fn n_dangling(&self) -> usize {
        self.n_dangling
    }

    pub(super) fn is_directed(&self) -> bool {
        self.graph.is_directed()
    }

    pub(super) fn is_weighted(&self) -> bool {
        self.graph.is_weighted()
    }

    pub(super) fn is_dangling(&self, node: usize) -> bool {
        self.heads[node].inverse == 0.0
    }

    pub(super) fn degree(&self, node: usize) -> u32 {
        self.heads[node].len
    }

    #[inline(always)]
    pub(super) fn row(&self, node: usize) -> Row<'_> {
        self.read(&self.heads[node], self.scales.get(node).copied().unwrap_or(1.0))
    }

    pub(super) fn drafted(&self, draft: &Draft) -> Row<'_> {
        self.read(&draft.head, draft.scale)
    }

    #[inline(always)]
    fn read(&self, head: &Head, scale: Scale) -> Row<'_> {
        let arcs = head.start..head.start + head.len as usize;
        let (targets, weights) = if head.is_own {
            let weights = self.is_weighted().then(|| &self.arena.weights[arcs.clone()]);
            (&self.arena.targets[arcs], weights)
        } else {
            let csr = self.graph.out();
            (&csr.targets[arcs.clone()], csr.weights.as_ref().map(|weights| &weights[arcs]))
        };
        Row { targets, weights, scale, inverse: head.inverse, stay: head.stay }
    }

    /// Writes a new row for `node`: rising targets with their weights.
    pub(super) fn draft(&mut self, node: u32, arcs: &[(u32, f64)]) -> Result<Draft> {
        let start = self.arena.write(arcs, self.graph.is_weighted())?;
        let own = start..start + arcs.len();
        let weights = self.is_weighted().then(|| &self.arena.weights[own.clone()]);
        let (head, scale) = describe(node, &self.arena.targets[own], weights);
        Ok(Draft { node, head: Head { start, is_own: true, ..head }, scale })
    }

    /// Forgets drafts.
    pub(super) fn discard(&mut self, drafts: &[Draft]) {
        for draft in drafts {
            self.arena.release(draft.head.start, draft.head.len);
        }
    }

    /// Makes drafts the rows of their nodes.
    pub(super) fn link(&mut self, drafts: &[Draft]) {
        for draft in drafts {
            let node = draft.node as usize;
            let old = self.heads[node];
            if old.is_own {
                self.arena.release(old.start, old.len);
            }
            self.n_arcs = self.n_arcs - old.len as usize + draft.head.len as usize;
            self.n_dangling -= usize::from(old.inverse == 0.0);
            self.n_dangling += usize::from(draft.head.inverse == 0.0);
            // A loop of weight 0 is an arc too, but `stay` does not show it.
            self.n_loops -= usize::from(contains_itself(self.row(node).targets, node));
            self.n_loops += usize::from(contains_itself(self.drafted(draft).targets, node));
            self.heads[node] = draft.head;
            if let Some(scale) = self.scales.get_mut(node) {
                *scale = draft.scale;
            }
        }
    }

    /// The rows as a graph.
    pub(super) fn to_graph(&self, exec: &Exec) -> Result<Graph> {
        let n = self.n_nodes();
        let mut offsets = Buffer::<u64>::zeroed("row offsets", n + 1)?;
        let mut targets = Buffer::<u32>::zeroed("neighbours", self.n_arcs)?;
        let mut weights = Buffer::<f64>::zeroed("weights", if self.is_weighted() { self.n_arcs } else { 0 })?;
        let mut end = 0;
        for node in 0..n {
            if node % (1 << 14) == 0 {
                exec.checkpoint(0)?;
            }
            let row = self.row(node);
            let arcs = end..end + row.targets.len();
            end = arcs.end;
            targets[arcs.clone()].copy_from_slice(row.targets);
            if let Some(row) = row.weights {
                weights[arcs].copy_from_slice(row);
            }
            offsets[node + 1] = end as u64;
        }
        let weights = self.is_weighted().then(|| weights.into());
        let csr = Csr { offsets: offsets.into(), targets: targets.into(), weights };
        Graph::from_csr_parts(csr, self.is_directed(), exec)
    }

    /// Bytes of everything but the graph.
    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.heads[..])
            + size_of_val(&self.scales[..])
            + self.arena.targets.capacity() * size_of::<u32>()
            + self.arena.weights.capacity() * size_of::<f64>()
    }
}

impl Arena {
    /// Writes a row into a free block and returns where.
    fn write(&mut self, arcs: &[(u32, f64)], is_weighted: bool) -> Result<usize> {
        let class = class_of(arcs.len());
        let start = match self.free[class].pop() {
            Some(start) => start,
            None => self.extend(class, is_weighted)?,
        };
        for (slot, &(target, _)) in self.targets[start..].iter_mut().zip(arcs) {
            *slot = target;
        }
        if is_weighted {
            for (slot, &(_, weight)) in self.weights[start..].iter_mut().zip(arcs) {
                *slot = weight;
            }
        }
        Ok(start)
    }

    /// Appends a block.
    fn extend(&mut self, class: usize, is_weighted: bool) -> Result<usize> {
        let (start, size) = (self.targets.len(), 1 << (class + MIN_CLASS));
        try_reserve("changed rows", &mut self.targets, size)?;
        if is_weighted {
            try_reserve("weights of changed rows", &mut self.weights, size)?;
            self.weights.resize(start + size, 0.0);
        }
        self.targets.resize(start + size, 0);
        Ok(start)
    }

    fn release(&mut self, start: usize, len: u32) {
        self.free[class_of(len as usize)].push(start);
    }
}

/// Which blocks rows of `len` arcs go to.
fn class_of(len: usize) -> usize {
    (len.next_power_of_two().trailing_zeros() as usize).saturating_sub(MIN_CLASS)
}

fn contains_itself(targets: &[u32], node: usize) -> bool {
    u32::try_from(node).is_ok_and(|node| targets.binary_search(&node).is_ok())
}

fn describe_stored(csr: &Csr, v: usize) -> (Head, Scale) {
    #[expect(clippy::cast_possible_truncation, reason = "codes of nodes are below 2^32")]
    let (head, scale) = describe(v as u32, csr.row(v), csr.row_weights(v));
    (Head { start: csr.range(v).start, ..head }, scale)
}

/// How the arcs of a row are walked; where it lies is left open.
#[expect(clippy::cast_possible_truncation, reason = "a row has at most one arc per node")]
fn describe(node: u32, targets: &[u32], weights: Option<&[f64]>) -> (Head, Scale) {
    let head = Head { len: targets.len() as u32, ..Head::default() };
    let own_arc = || targets.binary_search(&node).ok();
    let Some(weights) = weights else {
        if targets.is_empty() {
            return (head, 1.0);
        }
        let inverse = 1.0 / targets.len() as f64;
        return (Head { inverse, stay: own_arc().map_or(0.0, |_| inverse), ..head }, 1.0);
    };
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return (head, 1.0);
    }
    let scale = power_of_two_near_inverse(largest);
    let inverse = 1.0 / numeric::sum(weights.iter().map(|w| w * scale));
    let stay = own_arc().map_or(0.0, |at| weights[at] * scale * inverse);
    (Head { inverse, stay, ..head }, scale)
}

/// A power of two p, such that x p is between 1 and 4, or at least 2^-51 where x is so small that 1 / x overflows.
fn power_of_two_near_inverse(x: f64) -> f64 {
    const EXPONENT_BITS: u64 = 0x7ff;
    let biased = (x.to_bits() >> 52) & EXPONENT_BITS;
    // Bias is 1023: the exponent of the inverse is 2 * 1023 - biased, kept among those of normal numbers.
    f64::from_bits((2046 - biased).clamp(1, 2046) << 52)
}
