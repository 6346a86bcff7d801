//! Random small graphs, and the same graphs as plain matrices.

use graphrank::{EdgeOptions, Exec, Graph};
use proptest::prelude::*;

/// A list of edges, before any of it is merged.
#[derive(Clone, Debug)]
pub(crate) struct Edges {
    pub(crate) n: usize,
    pub(crate) rows: Vec<(u32, u32, f64)>,
    pub(crate) weighted: bool,
    pub(crate) directed: bool,
}

impl Edges {
    pub(crate) fn columns(&self) -> (Vec<u32>, Vec<u32>, Option<Vec<f64>>) {
        let weights = self.weighted.then(|| self.rows.iter().map(|row| row.2).collect());
        (self.rows.iter().map(|row| row.0).collect(), self.rows.iter().map(|row| row.1).collect(), weights)
    }

    pub(crate) fn graph(&self, exec: &Exec) -> Graph {
        let (src, dst, weights) = self.columns();
        let options = EdgeOptions { directed: self.directed, ..EdgeOptions::default() };
        Graph::from_edges(self.n, &src, &dst, weights.as_deref(), options, exec).unwrap()
    }

    /// Sum of weights from `u` to `v`; without weights 1 where there is an edge.
    pub(crate) fn matrix(&self) -> Vec<Vec<f64>> {
        let mut matrix = vec![vec![0.0; self.n]; self.n];
        let mut add = |u: u32, v: u32, w: f64| {
            let cell = &mut matrix[u as usize][v as usize];
            *cell = if self.weighted { *cell + w } else { 1.0 };
        };
        for &(u, v, w) in &self.rows {
            add(u, v, w);
            if !self.directed && u != v {
                add(v, u, w);
            }
        }
        matrix
    }
}

/// Graphs of up to `max_n` nodes with loops, parallel edges, zero weights and nodes without edges.
pub(crate) fn edges(max_n: u32) -> impl Strategy<Value = Edges> {
    // Small dyadic weights: sums are exact, so comparisons can be too.
    let weight = prop_oneof![Just(0.0), (1u8..32).prop_map(|quarters| f64::from(quarters) / 4.0)];
    (1..=max_n).prop_flat_map(move |n| {
        let row = (0..n, 0..n, weight.clone());
        let rows = prop::collection::vec(row, 0..4 * n as usize);
        (rows, any::<bool>(), any::<bool>()).prop_map(move |(rows, weighted, directed)| Edges {
            n: n as usize,
            rows,
            weighted,
            directed,
        })
    })
}
