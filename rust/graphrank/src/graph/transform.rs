//! Graphs and tables made from a graph.

use super::build::{EdgeSource, build_csr};
use super::csr::Csr;
use super::{Duplicates, EdgeOptions, Graph, check_codes};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity, try_zeroed};

/// Edges as three columns: source, target and weight where there are weights.
pub type EdgeColumns = (Vec<u32>, Vec<u32>, Option<Vec<f64>>);

/// Degrees and weight sums of every node.
#[derive(Debug)]
pub struct Degrees {
    /// Arcs that leave the node.
    pub out_degree: Vec<u32>,
    /// Arcs that enter the node.
    pub in_degree: Vec<u32>,
    /// Sum of the weights of leaving arcs; `None` if unweighted.
    pub out_weight: Option<Vec<f64>>,
    /// Sum of the weights of entering arcs; `None` if unweighted.
    pub in_weight: Option<Vec<f64>>,
}

impl Csr {
    /// The row of every arc.
    pub(super) fn sources(&self, exec: &Exec) -> Result<Vec<u32>> {
        let mut sources = try_with_capacity("the row of every arc", self.n_arcs())?;
        for rows in self.row_chunks() {
            exec.checkpoint(0)?;
            for (v, node) in rows.clone().zip(codes_from(rows.start)) {
                sources.extend(std::iter::repeat_n(node, self.row(v).len()));
            }
        }
        Ok(sources)
    }

    /// The same arcs by target.
    pub(crate) fn transpose(&self, exec: &Exec) -> Result<Self> {
        let (sources, targets) = (self.sources(exec)?, &self.targets[..]);
        let arcs = EdgeSource {
            len: self.n_arcs(),
            ends: move |i: usize| (targets[i], sources[i]),
            weights: self.weights.as_deref(),
        };
        // No two arcs are parallel, so the rule for duplicates is never applied.
        let options = EdgeOptions { directed: true, duplicates: Duplicates::First, keep_self_loops: true };
        build_csr(self.n_rows(), arcs, options, exec)
    }
}

impl Graph {
    /// All edges by source, then target; an undirected edge once, its smaller end first.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
    pub fn edges(&self, exec: &Exec) -> Result<EdgeColumns> {
        let csr = self.out();
        let mut src = try_with_capacity("sources", self.n_edges())?;
        let mut dst = try_with_capacity("targets", self.n_edges())?;
        let n_weights = if self.is_weighted() { self.n_edges() } else { 0 };
        let mut weights = try_with_capacity("weights", n_weights)?;
        for rows in csr.row_chunks() {
            exec.checkpoint(rows.len() as u64)?;
            for (v, node) in rows.clone().zip(codes_from(rows.start)) {
                let row = csr.row(v);
                let skip = if self.is_directed() { 0 } else { row.partition_point(|&u| u < node) };
                src.extend(std::iter::repeat_n(node, row.len() - skip));
                dst.extend_from_slice(&row[skip..]);
                weights.extend_from_slice(csr.row_weights(v).map_or(&[], |w| &w[skip..]));
            }
        }
        Ok((src, dst, self.is_weighted().then_some(weights)))
    }

    /// Degrees and weight sums of every node.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
    pub fn degrees(&self, exec: &Exec) -> Result<Degrees> {
        let (out_degree, out_weight) = row_sums(self.out(), exec)?;
        let (in_degree, in_weight) = row_sums(self.incoming(exec)?, exec)?;
        Ok(Degrees { out_degree, in_degree, out_weight, in_weight })
    }

    /// The arcs among `nodes`, which are distinct; node `nodes[i]` gets code `i`.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for a code out of range or given twice.
    pub fn subgraph(&self, nodes: &[u32], exec: &Exec) -> Result<Self> {
        const ABSENT: u32 = 0;
        check_codes("nodes", nodes, self.n_nodes(), exec)?;
        // One more than the new code.
        let mut ordinal: Vec<u32> = try_zeroed("new codes", self.n_nodes())?;
        for (i, (&node, next)) in nodes.iter().zip(1u32..).enumerate() {
            if ordinal[node as usize] != ABSENT {
                return Err(Error::row("nodes", i, format!("names node {node} again")));
            }
            ordinal[node as usize] = next;
        }
        let is_kept = |&&target: &&u32| ordinal[target as usize] != ABSENT;
        let n_arcs = nodes.iter().map(|&node| self.neighbors(node).iter().filter(is_kept).count()).sum();
        let mut src = try_with_capacity("sources", n_arcs)?;
        let mut dst = try_with_capacity("targets", n_arcs)?;
        let mut weights = try_with_capacity("weights", if self.is_weighted() { n_arcs } else { 0 })?;
        for (&node, code) in nodes.iter().zip(0u32..) {
            exec.checkpoint(1)?;
            for (i, target) in self.neighbors(node).iter().enumerate().filter(|(_, target)| is_kept(target)) {
                src.push(code);
                dst.push(ordinal[*target as usize] - 1);
                weights.extend(self.neighbor_weights(node).map(|w| w[i]));
            }
        }
        let weights = self.is_weighted().then_some(&weights[..]);
        // Both arcs of an undirected edge are in the lists already.
        let mut graph = Self::from_edges(nodes.len(), &src, &dst, weights, EdgeOptions::default(), exec)?;
        if !self.is_directed() {
            graph = Self::from_csr_parts(graph.out, false, exec)?;
        }
        Ok(graph)
    }

    /// Every arc turned round.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
    pub fn reverse(&self, exec: &Exec) -> Result<Self> {
        Self::from_csr_parts(self.out().transpose(exec)?, self.is_directed(), exec)
    }

    /// Arcs `u -> v` and `v -> u` become one undirected edge, their weights merged by `duplicates`.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for two arcs between the same nodes where [`Duplicates::Error`] is asked for.
    pub fn to_undirected(&self, duplicates: Duplicates, exec: &Exec) -> Result<Self> {
        let (src, dst, weights) = self.edges(exec)?;
        let options = EdgeOptions { directed: false, duplicates, keep_self_loops: true };
        Self::from_edges(self.n_nodes(), &src, &dst, weights.as_deref(), options, exec)
    }
}

/// Codes counting up from `first`.
#[expect(clippy::cast_possible_truncation, reason = "rows of a graph are numbered in 32 bits")]
fn codes_from(first: usize) -> impl Iterator<Item = u32> {
    first as u32..
}

fn row_sums(csr: &Csr, exec: &Exec) -> Result<(Vec<u32>, Option<Vec<f64>>)> {
    exec.checkpoint(csr.n_arcs() as u64)?;
    #[expect(clippy::cast_possible_truncation, reason = "a row has at most one arc per node")]
    let degrees = csr.offsets.windows(2).map(|ends| (ends[1] - ends[0]) as u32);
    let degrees = try_collect("degrees", csr.n_rows(), degrees)?;
    let Some(weights) = &csr.weights else {
        return Ok((degrees, None));
    };
    let sums = (0..csr.n_rows()).map(|v| weights[csr.range(v)].iter().sum());
    Ok((degrees, Some(try_collect("sums of weights", csr.n_rows(), sums)?)))
}

/// Arcs from a node to itself.
pub(super) fn count_loops(csr: &Csr, exec: &Exec) -> Result<usize> {
    let chunks = csr.row_chunks();
    let counts = exec.map(chunks.len(), |c| {
        exec.checkpoint(0)?;
        let rows = chunks[c].clone();
        let has_loop = |(v, node): &(usize, u32)| csr.row(*v).binary_search(node).is_ok();
        Ok(rows.clone().zip(codes_from(rows.start)).filter(has_loop).count())
    })?;
    Ok(counts.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(directed: bool) -> Graph {
        let options = EdgeOptions { directed, ..EdgeOptions::default() };
        Graph::from_edges(
            4,
            &[2, 0, 2, 1],
            &[0, 1, 2, 0],
            Some(&[5.0, 1.0, 7.0, 2.0]),
            options,
            &Exec::default(),
        )
        .unwrap()
    }

    #[test]
    fn an_undirected_edge_is_listed_once_and_parallel_rows_merge() {
        let g = graph(false);
        let (src, dst, weights) = g.edges(&Exec::default()).unwrap();
        assert_eq!((src, dst), (vec![0, 0, 2], vec![1, 2, 2]));
        assert_eq!(weights.unwrap(), [3.0, 5.0, 7.0]);
        assert_eq!((g.n_edges(), g.n_arcs()), (3, 5));
    }

    #[test]
    fn reversing_twice_changes_nothing() {
        let exec = Exec::default();
        let twice = graph(true).reverse(&exec).unwrap().reverse(&exec).unwrap();
        assert!(twice.out().same_as(graph(true).out()));
    }

    #[test]
    fn a_subgraph_is_numbered_in_the_order_asked_for() {
        let sub = graph(true).subgraph(&[2, 0], &Exec::default()).unwrap();
        let (src, dst, weights) = sub.edges(&Exec::default()).unwrap();
        assert_eq!((src, dst, weights), (vec![0, 0], vec![0, 1], Some(vec![7.0, 5.0])));
        assert!(graph(true).subgraph(&[1, 1], &Exec::default()).is_err());
    }
}
