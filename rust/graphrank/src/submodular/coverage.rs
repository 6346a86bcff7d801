//! Weighted coverage: how much is covered by at least one pick.
//!
//! f(S) = Σ `w_i` over the items i in the sets of S. Sets of elements are rows of items; for a graph, the set of a node is its
//! neighbours, with itself if closed (then f counts what a dominating set dominates). Sets of random reverse-reachable
//! nodes make it the influence of seeds (Borgs, Brautbar, Chayes and Lucier, SODA 2014).
//!
//! An item remembers the pick that covered it first. An element's gain at `I_j` is the weight of its items that no pick
//! among the first j covers, so one pass over its d items, sorted by that pick, gives the gains at all prefixes.
//!
//! # Cost
//! O(d) per gain, push and profile; 4 bytes per item and guess. A profile reads the row (4d bytes in a row) and for each
//! item the pick (4 bytes at random, and 8 where there are weights).

use std::sync::Arc;

use super::objective::{Objective, Prefix};
use super::rows::{Rows, Triples, check_weights};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::{Buffer, try_with_capacity};

/// Weight of what is covered.
#[derive(Debug)]
pub struct Coverage {
    sets: Rows,
    /// Empty where all weigh 1.
    weights: Vec<f64>,
}

impl Coverage {
    /// From pairs of element and item; without weights every item counts 1.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for a code out of range or a weight that is negative or not finite;
    /// [`Error::InvalidArgument`] for arrays of wrong lengths and for triples with values: items have weights, entries
    /// have none.
    pub fn new(sets: Triples<'_>, weights: Option<&[f64]>, exec: &Exec) -> Result<Self> {
        if sets.values.is_some() {
            return Err(Error::argument("values", "items have weights, the entries of sets have none"));
        }
        let n_items = sets.n_columns;
        let sets = sets.into_rows(f64::max, exec)?;
        let mut copy = Vec::new();
        if let Some(weights) = weights {
            check_weights("weights", weights, n_items, exec)?;
            copy = try_with_capacity("the weights of an objective", n_items)?;
            copy.extend_from_slice(weights);
        }
        Ok(Self { sets, weights: copy })
    }

    /// Nodes cover the targets of their arcs, and themselves if `is_closed`.
    ///
    /// # Errors
    /// As [`Coverage::new`].
    pub fn of_neighbors(
        graph: &Graph,
        is_closed: bool,
        weights: Option<&[f64]>,
        exec: &Exec,
    ) -> Result<Self> {
        let n = graph.n_nodes();
        let len = graph.n_arcs() + if is_closed { n } else { 0 };
        let mut rows = try_with_capacity("the rows of an objective", len)?;
        let mut columns = try_with_capacity("the rows of an objective", len)?;
        for (node, _) in (0..).zip(0..n) {
            let own = is_closed.then_some(node);
            columns.extend(graph.neighbors(node).iter().copied().chain(own));
            rows.resize(columns.len(), node);
        }
        Self::new(
            Triples { n_rows: n, n_columns: n, rows: &rows, columns: &columns, values: None },
            weights,
            exec,
        )
    }

    #[inline(always)]
    fn weight(&self, item: u32) -> f64 {
        if self.weights.is_empty() { 1.0 } else { self.weights[item as usize] }
    }
}

impl Objective for Coverage {
    fn n_elements(&self) -> usize {
        self.sets.n_rows()
    }

    fn cost(&self, element: u32, _n_picks: usize) -> usize {
        self.sets.n_entries(element)
    }

    fn fingerprint(&self) -> u64 {
        let weights = xxhash_rust::xxh3::xxh3_64(bytemuck::cast_slice(&self.weights));
        self.sets.fingerprint(weights ^ 1)
    }

    fn prefix(self: Arc<Self>) -> Result<Box<dyn Prefix>> {
        let first = Buffer::zeroed("what is covered", self.sets.n_columns())?;
        Ok(Box::new(Covered { data: self, picks: Vec::new(), first }))
    }
}

struct Covered {
    data: Arc<Coverage>,
    picks: Vec<u32>,
    /// The first pick that covers an item, counted from 1; 0 for none.
    first: Buffer<u32>,
}

/// The number of prefixes, from the empty one, that do not cover an item, less one.
#[inline(always)]
fn last_without(first: u32) -> usize {
    // What is covered by none is without it at all prefixes.
    first.wrapping_sub(1) as usize
}

impl Prefix for Covered {
    fn n_picks(&self) -> usize {
        self.picks.len()
    }

    #[expect(clippy::cast_possible_truncation, reason = "picks are different elements")]
    fn push(&mut self, element: u32) -> Result<f64> {
        self.picks.push(element);
        let pick = self.picks.len() as u32;
        let mut gain = 0.0;
        let firsts: &mut [u32] = &mut self.first;
        for &item in self.data.sets.columns(element) {
            let first = &mut firsts[item as usize];
            if *first == 0 {
                *first = pick;
                gain += self.data.weight(item);
            }
        }
        Ok(gain)
    }

    fn truncate(&mut self, len: usize) {
        let firsts: &mut [u32] = &mut self.first;
        for pick in (len..self.picks.len()).rev() {
            for &item in self.data.sets.columns(self.picks[pick]) {
                let first = &mut firsts[item as usize];
                if *first as usize == pick + 1 {
                    *first = 0;
                }
            }
        }
        self.picks.truncate(len);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of items")]
    fn gain(&self, len: usize, element: u32) -> Result<f64> {
        let items = self.data.sets.columns(element);
        if len == 0 && self.data.weights.is_empty() {
            return Ok(items.len() as f64);
        }
        let firsts: &[u32] = &self.first;
        let uncovered = items.iter().filter(|&&item| last_without(firsts[item as usize]) >= len);
        Ok(uncovered.map(|&item| self.data.weight(item)).sum())
    }

    fn profile(&self, element: u32, scale: f64, drops: &mut [f64]) -> bool {
        let all = drops.len() - 1;
        let firsts: &[u32] = &self.first;
        if self.data.weights.is_empty() {
            for &item in self.data.sets.columns(element) {
                drops[last_without(firsts[item as usize]).min(all)] += scale;
            }
        } else {
            for &item in self.data.sets.columns(element) {
                drops[last_without(firsts[item as usize]).min(all)] +=
                    scale * self.data.weights[item as usize];
            }
        }
        true
    }

    fn prefetch(&self, element: u32) {
        self.data.sets.prefetch(element);
    }
}
