//! Which residuals may have grown since they were last summed up.

use crate::error::Result;
use crate::memory::{Buffer, try_with_capacity};

/// The nodes to look at before any other.
///
/// Residuals of nodes that are not listed sum to at most `outside` in absolute value. Once so many are listed that the
/// list no longer saves anything, all nodes count as listed.
#[derive(Debug)]
pub(super) struct Frontier {
    nodes: Vec<u32>,
    /// Which nodes are listed, 64 to a word. All zero while `is_everywhere`.
    listed: Buffer<u64>,
    is_everywhere: bool,
    pub(super) outside: f64,
}

impl Frontier {
    /// An empty list for `n` nodes.
    pub(super) fn new(n: usize) -> Result<Self> {
        Ok(Self {
            nodes: try_with_capacity("nodes to look at", n / 8 + 64)?,
            listed: Buffer::zeroed("marks of nodes", n.div_ceil(64))?,
            is_everywhere: false,
            outside: 0.0,
        })
    }

    pub(super) fn is_everywhere(&self) -> bool {
        self.is_everywhere
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, at: usize) -> usize {
        self.nodes[at] as usize
    }

    pub(super) fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// Lists `node`, whose residual is `residual`.
    #[inline(always)]
    pub(super) fn add(&mut self, node: u32, residual: f64) {
        let (word, bit) = (node as usize / 64, 1u64 << (node % 64));
        if self.listed[word] & bit == 0 && !self.is_everywhere {
            self.list(node, word, bit, residual);
        }
    }

    fn list(&mut self, node: u32, word: usize, bit: u64, residual: f64) {
        if self.nodes.len() == self.nodes.capacity() {
            self.list_everything();
            return;
        }
        self.listed[word] |= bit;
        self.nodes.push(node);
        // Rounding may leave a little less than nothing.
        self.outside = (self.outside - residual.abs()).max(0.0);
    }

    /// All nodes count as listed.
    pub(super) fn list_everything(&mut self) {
        self.clear(0.0);
        self.is_everywhere = true;
    }

    /// No node is listed; all residuals sum to at most `outside` in absolute value.
    pub(super) fn clear(&mut self, outside: f64) {
        for &node in &self.nodes {
            self.listed[node as usize / 64] = 0;
        }
        self.nodes.clear();
        self.is_everywhere = false;
        self.outside = outside;
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<u32>() + size_of_val(&self.listed[..])
    }
}
