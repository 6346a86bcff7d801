//! Whose vectors a node averages: its neighbours in the chosen direction, with their shares.

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Csr, Graph};
use crate::memory::try_collect;
use crate::numeric;

use super::chunks::Chunks;
use super::params::Direction;

/// The rows of the transition matrix P, read from the graph as it is stored.
#[derive(Debug)]
pub(super) struct Neighborhood<'g> {
    /// One list of arcs per node, or two that follow each other.
    lists: Vec<&'g Csr>,
    /// Of two lists, the nodes that have the same arcs in both: these read one. Decided row by row, so that an arc
    /// elsewhere changes nothing. Empty where there is one list.
    is_mutual: Vec<bool>,
    /// Of weighted graphs.
    scales: Option<Vec<RowScale>>,
}

/// What makes a row's weights its shares. Weights are scaled by a power of two first, which is exact and keeps sums of
/// huge or tiny ones from overflowing or vanishing.
#[derive(Clone, Copy, Debug)]
struct RowScale {
    power_of_two: f64,
    /// 1 over the sum of the scaled weights, 0 if that is 0.
    inverse: f64,
}

impl<'g> Neighborhood<'g> {
    pub(super) fn new(graph: &'g Graph, direction: Direction, exec: &Exec) -> Result<Self> {
        let is_one_way =
            graph.is_directed() && direction != Direction::Out && !graph.out().has_both_arcs(exec)?;
        let lists = match direction {
            Direction::In if is_one_way => vec![graph.incoming(exec)?],
            Direction::Both if is_one_way => vec![graph.out(), graph.incoming(exec)?],
            _ => vec![graph.out()],
        };
        let is_mutual = match lists[..] {
            [out, incoming] => mutual_nodes(out, incoming, exec)?,
            _ => Vec::new(),
        };
        let mut neighborhood = Self { lists, is_mutual, scales: None };
        if graph.is_weighted() {
            neighborhood.scales = Some(neighborhood.row_scales(exec)?);
        }
        Ok(neighborhood)
    }

    pub(super) fn n_nodes(&self) -> usize {
        self.lists[0].n_rows()
    }

    pub(super) fn n_arcs(&self) -> usize {
        self.lists.iter().map(|list| list.n_arcs()).sum()
    }

    pub(super) fn is_weighted(&self) -> bool {
        self.scales.is_some()
    }

    /// Number of arcs of a node.
    #[inline]
    pub(super) fn n_neighbors(&self, node: usize) -> usize {
        self.lists_of(node).iter().map(|list| list.range(node).len()).sum()
    }

    #[inline]
    fn lists_of(&self, node: usize) -> &[&'g Csr] {
        if self.is_mutual.get(node).is_some_and(|&is_mutual| is_mutual) {
            &self.lists[..1]
        } else {
            &self.lists
        }
    }

    /// The list of arcs, if there is one and its arcs count alike.
    pub(super) fn only_list(&self) -> Option<&'g Csr> {
        match self.lists[..] {
            [list] if !self.is_weighted() => Some(list),
            _ => None,
        }
    }

    /// Arcs of a node from the `skip`-th on, list by list: neighbours and weights.
    pub(super) fn arcs(&self, node: usize, skip: usize) -> impl Iterator<Item = (&[u32], Option<&[f64]>)> {
        let mut skip = skip;
        self.lists_of(node).iter().map(move |list| {
            let targets = list.row(node);
            let at = skip.min(targets.len());
            skip -= at;
            (&targets[at..], list.row_weights(node).map(|weights| &weights[at..]))
        })
    }

    /// Whether the row of a node has the same neighbours, in the same order and with the same weights, as a row of `old`.
    /// `old_numbers` tells the numbers that this graph's nodes have in `old`.
    pub(super) fn is_same_row(&self, node: usize, old: &Self, old_node: usize, old_numbers: &[u32]) -> bool {
        let targets = self.arcs(node, 0).flat_map(|(targets, _)| targets).map(|&t| old_numbers[t as usize]);
        self.is_weighted() == old.is_weighted()
            && self.n_neighbors(node) == old.n_neighbors(old_node)
            && targets.eq(old.arcs(old_node, 0).flat_map(|(targets, _)| targets).copied())
            && self.weights(node).eq(old.weights(old_node))
    }

    /// The share of a weight in its row.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "engines that average work in 32 bits")]
    pub(super) fn share(&self, node: usize, weight: f64) -> f32 {
        match &self.scales {
            Some(scales) => (weight * scales[node].power_of_two * scales[node].inverse) as f32,
            None => 1.0,
        }
    }

    /// What the sum over a row of `n` arcs is multiplied by in the end: shares of weighted rows add up to 1 already.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "engines that average work in 32 bits")]
    pub(super) fn inverse(&self, n: usize) -> f32 {
        match n {
            _ if self.is_weighted() => 1.0,
            0 => 0.0,
            n => (1.0 / n as f64) as f32,
        }
    }

    /// Sum of the weights of a node's arcs; the mean of both lists where there are two, which for a node that has the
    /// same arcs in both is the sum of one.
    pub(super) fn degree(&self, node: usize) -> f64 {
        let sum = self.sum(node);
        if self.lists_of(node).len() == 2 { sum / 2.0 } else { sum }
    }

    fn sum(&self, node: usize) -> f64 {
        match &self.scales {
            None => self.n_neighbors(node) as f64,
            Some(scales) if scales[node].inverse > 0.0 => {
                // Infinite where it is beyond the largest float.
                1.0 / scales[node].inverse / scales[node].power_of_two
            }
            Some(_) => 0.0,
        }
    }

    /// All rows, cut into units of work.
    pub(super) fn chunks(&self, exec: &Exec) -> Result<Chunks> {
        Chunks::new(self.n_nodes(), |node| self.n_neighbors(node), exec)
    }

    fn row_scales(&self, exec: &Exec) -> Result<Vec<RowScale>> {
        const ROWS: usize = 1 << 12;
        let n = self.n_nodes();
        let by_chunk = exec.map(n.div_ceil(ROWS), |chunk| {
            exec.checkpoint(0)?;
            let rows = chunk * ROWS..n.min((chunk + 1) * ROWS);
            try_collect("sums of weights", rows.len(), rows.map(|node| self.row_scale(node)))
        })?;
        try_collect("sums of weights", n, by_chunk.into_iter().flatten())
    }

    fn weights(&self, node: usize) -> impl Iterator<Item = f64> {
        self.arcs(node, 0).flat_map(|(_, weights)| weights.unwrap_or(&[])).copied()
    }

    fn row_scale(&self, node: usize) -> RowScale {
        let largest = self.weights(node).fold(0.0, f64::max);
        if largest == 0.0 {
            return RowScale { power_of_two: 1.0, inverse: 0.0 };
        }
        let power_of_two = inverse_power_of_two(largest);
        let sum = numeric::sum(self.weights(node).map(|w| w * power_of_two));
        RowScale { power_of_two, inverse: 1.0 / sum }
    }
}

/// The nodes whose arcs out and in lead to the same nodes with the same weights.
fn mutual_nodes(out: &Csr, incoming: &Csr, exec: &Exec) -> Result<Vec<bool>> {
    let chunks = out.row_chunks();
    let is_mutual =
        |node| out.row(node) == incoming.row(node) && out.row_weights(node) == incoming.row_weights(node);
    let by_chunk = exec.map(chunks.len(), |chunk| {
        exec.checkpoint(0)?;
        let rows = chunks[chunk].clone();
        try_collect("nodes with arcs both ways", rows.len(), rows.map(is_mutual))
    })?;
    try_collect("nodes with arcs both ways", out.n_rows(), by_chunk.into_iter().flatten())
}

/// The power of two that brings `x` > 0 into [1, 2), or as close as the range of floats allows.
fn inverse_power_of_two(x: f64) -> f64 {
    let exponent = (x.to_bits() >> 52).clamp(1, 2045);
    f64::from_bits((2046 - exponent) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeOptions;

    fn graph(edges: &[(u32, u32)], weights: Option<&[f64]>, directed: bool) -> Graph {
        let (src, dst): (Vec<_>, Vec<_>) = edges.iter().copied().unzip();
        let options = EdgeOptions { directed, ..EdgeOptions::default() };
        Graph::from_edges(4, &src, &dst, weights, options, &Exec::default()).unwrap()
    }

    #[test]
    fn shares_of_huge_tiny_and_zero_weights_add_up_to_one() {
        let edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 0), (3, 1)];
        let weights = [1e308, 1e308, 5e-324, 5e-324, 0.0, 1e-300, 3e-300];
        let graph = graph(&edges, Some(&weights), true);
        let rows = Neighborhood::new(&graph, Direction::Out, &Exec::default()).unwrap();
        assert_eq!([rows.share(0, 1e308), rows.share(1, 5e-324), rows.share(2, 0.0)], [0.5, 0.5, 0.0]);
        assert_eq!([rows.share(3, 1e-300), rows.share(3, 3e-300)], [0.25, 0.75]);
        assert_eq!(rows.degree(2), 0.0);
        assert!((rows.degree(3) / 4e-300 - 1.0).abs() < 1e-14);
    }

    #[test]
    fn both_directions_follow_each_other_and_a_symmetric_graph_is_not_doubled() {
        let exec = Exec::default();
        let one_way = graph(&[(0, 1), (1, 2), (2, 0), (2, 3)], None, true);
        let both = Neighborhood::new(&one_way, Direction::Both, &exec).unwrap();
        let lists: Vec<&[u32]> = both.arcs(2, 0).map(|(targets, _)| targets).collect();
        assert_eq!(lists, [&[0, 3][..], &[1]]);
        let rest: Vec<&[u32]> = both.arcs(2, 2).map(|(targets, _)| targets).collect();
        assert_eq!(rest, [&[][..], &[1]]);
        assert_eq!((both.n_neighbors(2), both.n_arcs()), (3, 8));

        let symmetric = graph(&[(0, 1), (1, 0), (1, 2), (2, 1)], None, true);
        let rows = Neighborhood::new(&symmetric, Direction::Both, &exec).unwrap();
        assert_eq!((rows.lists.len(), rows.n_arcs()), (1, 4));
        // Next to an arc that leads one way, the same nodes still read one list each.
        let edges = [(0, 1), (1, 0), (1, 2), (2, 1), (3, 3), (2, 3)];
        let mixed = graph(&edges, None, true);
        let rows = Neighborhood::new(&mixed, Direction::Both, &exec).unwrap();
        assert_eq!([0, 1, 2, 3].map(|node| rows.n_neighbors(node)), [1, 2, 3, 3]);
        assert_eq!([0, 1, 2, 3].map(|node| rows.degree(node)), [1.0, 2.0, 1.5, 1.5]);
    }
}
