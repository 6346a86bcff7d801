//! The neighbours of a node that come after it in the degeneracy order, as rows of bits.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_with_capacity, try_zeroed};

use super::problem::Problem;
use super::rest::Rest;
use super::spec::MOST_GROUPS;

const BITS: usize = 64;
/// Nodes between two checkpoints: some tenths of a millisecond among thousands of nodes.
const STEP: usize = 64;

/// A small graph. Nodes are numbered from its dense end.
#[derive(Debug, Default)]
pub(super) struct Dense {
    /// Words per row.
    pub(super) words: usize,
    /// Neighbours of each node.
    pub(super) rows: Vec<u64>,
    /// Members of each group.
    pub(super) masks: Vec<u64>,
    pub(super) groups: Vec<u8>,
    /// Nodes of the whole graph.
    pub(super) nodes: Vec<u32>,
}

/// What is needed to find a node's neighbours in a list of them, for every list anew.
#[derive(Debug)]
pub(super) struct Marks(Vec<u32>);

impl Marks {
    pub(super) fn new(n_nodes: usize) -> Result<Self> {
        try_zeroed("marks of neighbours", n_nodes).map(Self)
    }
}

impl Dense {
    pub(super) fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The later neighbours of `root` that a fair clique with it of more than `size` members may hold; `None` if that
    /// shows that there is none.
    pub(super) fn around(
        rest: &Rest<'_>,
        root: usize,
        problem: &Problem,
        size: u32,
        marks: &mut Marks,
        exec: &Exec,
    ) -> Result<Option<Self>> {
        let later = rest.later(root);
        let mut room = [0; MOST_GROUPS];
        let counts = &mut room[..problem.n_groups()];
        counts[rest.groups[root] as usize] = 1;
        later.iter().for_each(|&node| counts[rest.groups[node as usize] as usize] += 1);
        if !problem.exceeds(counts, size) {
            return Ok(None);
        }
        let all = Self::of(rest, later, problem.n_groups(), marks)?;
        exec.checkpoint(0)?;
        let Some(kept) = all.filtered(rest.groups[root], problem, size, exec)? else { return Ok(None) };
        all.reordered(&kept, problem.n_groups(), exec).map(Some)
    }

    /// The graph among some nodes, numbered as they come.
    fn of(rest: &Rest<'_>, nodes: &[u32], n_groups: usize, marks: &mut Marks) -> Result<Self> {
        let mut dense = Self::empty(nodes.len(), n_groups)?;
        for (number, &node) in (1..).zip(nodes) {
            marks.0[node as usize] = number;
        }
        for (i, &node) in nodes.iter().enumerate() {
            dense.add(rest.name(node as usize), rest.groups[node as usize]);
            for &target in rest.later(node as usize) {
                if let Some(j) = (marks.0[target as usize] as usize).checked_sub(1) {
                    dense.join(i, j);
                }
            }
        }
        nodes.iter().for_each(|&node| marks.0[node as usize] = 0);
        Ok(dense)
    }

    fn empty(n: usize, n_groups: usize) -> Result<Self> {
        let words = n.div_ceil(BITS);
        Ok(Self {
            words,
            rows: try_zeroed("rows of bits", n * words)?,
            masks: try_zeroed("groups as bits", n_groups * words)?,
            groups: try_with_capacity("groups of a part", n)?,
            nodes: try_with_capacity("nodes of a part", n)?,
        })
    }

    fn add(&mut self, node: u32, group: u8) {
        let i = self.nodes.len();
        self.masks[group as usize * self.words + i / BITS] |= 1 << (i % BITS);
        self.nodes.push(node);
        self.groups.push(group);
    }

    fn join(&mut self, i: usize, j: usize) {
        self.rows[i * self.words + j / BITS] |= 1 << (j % BITS);
        self.rows[j * self.words + i / BITS] |= 1 << (i % BITS);
    }

    fn row(&self, i: usize) -> &[u64] {
        &self.rows[i * self.words..(i + 1) * self.words]
    }

    /// The nodes, as bits, that have enough neighbours of every group here: looked at twice.
    fn filtered(
        &self,
        root_group: u8,
        problem: &Problem,
        size: u32,
        exec: &Exec,
    ) -> Result<Option<Vec<u64>>> {
        let mut kept = vec![0u64; self.words];
        (0..self.n_nodes()).for_each(|i| kept[i / BITS] |= 1 << (i % BITS));
        let mut room = [0; MOST_GROUPS];
        for _ in 0..2 {
            for i in 0..self.n_nodes() {
                if i % STEP == STEP - 1 {
                    exec.checkpoint(0)?;
                }
                if kept[i / BITS] >> (i % BITS) & 1 == 0 {
                    continue;
                }
                let counts = &mut room[..problem.n_groups()];
                for (count, mask) in counts.iter_mut().zip(self.masks.chunks_exact(self.words)) {
                    *count = common(&[self.row(i), mask, &kept]);
                }
                counts[root_group as usize] += 1;
                counts[self.groups[i] as usize] += 1;
                if !problem.exceeds(counts, size) {
                    kept[i / BITS] &= !(1 << (i % BITS));
                }
            }
        }
        let counts = &mut room[..problem.n_groups()];
        for (count, mask) in counts.iter_mut().zip(self.masks.chunks_exact(self.words.max(1))) {
            *count = common(&[mask, &kept]);
        }
        counts[root_group as usize] += 1;
        Ok(problem.exceeds(counts, size).then_some(kept))
    }

    /// The graph among the nodes that were kept: those with few neighbours, taken away one after the other, come last.
    fn reordered(&self, kept: &[u64], n_groups: usize, exec: &Exec) -> Result<Self> {
        let mut degrees: Vec<u32> = (0..self.n_nodes()).map(|i| common(&[self.row(i), kept])).collect();
        let mut left: Vec<usize> =
            (0..self.n_nodes()).filter(|&i| kept[i / BITS] >> (i % BITS) & 1 == 1).collect();
        let mut order = Vec::with_capacity(left.len());
        while let Some(at) = (0..left.len()).min_by_key(|&at| degrees[left[at]]) {
            if left.len() % STEP == STEP - 1 {
                exec.checkpoint(0)?;
            }
            let node = left.swap_remove(at);
            order.push(node);
            for &other in &left {
                degrees[other] -= u32::from(self.row(node)[other / BITS] >> (other % BITS) & 1 == 1);
            }
        }
        order.reverse();
        let mut dense = Self::empty(order.len(), n_groups)?;
        for (i, &node) in order.iter().enumerate() {
            if i % STEP == STEP - 1 {
                exec.checkpoint(0)?;
            }
            dense.add(self.nodes[node], self.groups[node]);
            for (j, &other) in order[..i].iter().enumerate() {
                if self.row(node)[other / BITS] >> (other % BITS) & 1 == 1 {
                    dense.join(i, j);
                }
            }
        }
        Ok(dense)
    }
}

/// Nodes that are in all sets.
#[inline]
pub(super) fn common<const N: usize>(sets: &[&[u64]; N]) -> u32 {
    (0..sets[0].len()).map(|w| sets.iter().fold(u64::MAX, |all, set| all & set[w]).count_ones()).sum()
}
