//! Strongly connected components, in an order in which no arc leads back.
//!
//! Tarjan's depth-first search (1972) with a stack of its own, so that long paths do not overflow the thread's. It
//! completes a component only after all that can be reached from it; numbering in the opposite order puts the source
//! of every arc that leaves a component before its target. On an undirected graph these are the connected components.
//!
//! # Cost
//! O(n + m), one random access per arc; 16 bytes per node beyond the result.

use super::{Arcs, Csr, usize_of};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_with_capacity, try_zeroed};

/// Steps of the search between two checkpoints.
const STEPS: u32 = 1 << 16;

/// A component number per node.
#[derive(Debug)]
pub(crate) struct Components {
    /// No arc leads from a component to one with a smaller number.
    pub(crate) of_node: Vec<u32>,
    pub(crate) n_components: usize,
}

/// Above this, numbers of nodes and of components, which share 32 bits, could meet.
const MOST_NODES: usize = (u32::MAX / 2) as usize;

/// State of the search. Nodes are numbered from 1 as they are found; 0 is not found yet.
struct Search<'g> {
    arcs: Arcs<'g>,
    found: Vec<u32>,
    n_found: u32,
    /// Of nodes being searched: the smallest number known to be reachable within the component. Of completed nodes:
    /// their component, counted down from [`u32::MAX`], which is larger than any number.
    low: Vec<u32>,
    /// Found nodes whose component is not complete.
    open: Vec<u32>,
    /// The path of the search: a node and how many of its arcs have been followed.
    path: Vec<(u32, u32)>,
    n_complete: u32,
}

impl Components {
    pub(crate) fn new(csr: &Csr, exec: &Exec) -> Result<Self> {
        let n = csr.n_rows();
        if n > MOST_NODES {
            // One component is always true to the order, if of no help.
            let of_node = try_zeroed("components", n)?;
            return Ok(Self { of_node, n_components: 1 });
        }
        let mut search = Search {
            arcs: csr.arcs(),
            found: try_zeroed("numbers of found nodes", n)?,
            n_found: 0,
            low: try_zeroed("components", n)?,
            open: try_with_capacity("open nodes", n)?,
            path: Vec::new(),
            n_complete: 0,
        };
        let mut steps = 0;
        for root in 0..n {
            if search.found[root] == 0 {
                search.from(root, &mut steps, exec)?;
            }
        }
        let n_components = search.n_complete;
        let mut of_node = search.low;
        // The first to complete, numbered MAX, comes last.
        of_node.iter_mut().for_each(|c| *c = n_components - 1 - (u32::MAX - *c));
        Ok(Self { of_node, n_components: n_components as usize })
    }
}

impl Search<'_> {
    #[expect(clippy::cast_possible_truncation, reason = "nodes and their degrees are 32 bits")]
    fn from(&mut self, root: usize, steps: &mut u32, exec: &Exec) -> Result<()> {
        self.enter(root as u32);
        while let Some(&mut (node, ref mut followed)) = self.path.last_mut() {
            *steps += 1;
            if *steps >= STEPS {
                exec.checkpoint(0)?;
                *steps = 0;
            }
            let v = node as usize;
            let ends = self.arcs.offsets[v]..self.arcs.offsets[v + 1];
            let row = &self.arcs.targets[usize_of(ends.start) + *followed as usize..usize_of(ends.end)];
            // Follows arcs to known nodes in one go and stops at the first unknown one.
            let mut low = self.low[v];
            let unknown = row.iter().position(|&target| {
                let is_unknown = self.found[target as usize] == 0;
                low = if is_unknown { low } else { low.min(self.low[target as usize]) };
                is_unknown
            });
            self.low[v] = low;
            if let Some(at) = unknown {
                *followed += at as u32 + 1;
                self.enter(row[at]);
            } else {
                self.leave(node);
            }
        }
        Ok(())
    }

    fn enter(&mut self, node: u32) {
        self.n_found += 1;
        self.found[node as usize] = self.n_found;
        self.low[node as usize] = self.n_found;
        self.open.push(node);
        self.path.push((node, 0));
    }

    fn leave(&mut self, node: u32) {
        self.path.pop();
        let v = node as usize;
        let low = self.low[v];
        if low == self.found[v] {
            let component = u32::MAX - self.n_complete;
            self.n_complete += 1;
            while let Some(member) = self.open.pop() {
                self.low[member as usize] = component;
                if member == node {
                    break;
                }
            }
        }
        if let Some(&(parent, _)) = self.path.last() {
            let of_node = self.low[v];
            let of_parent = &mut self.low[parent as usize];
            *of_parent = (*of_parent).min(of_node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{EdgeOptions, Graph};
    use proptest::prelude::*;

    fn components(n: usize, edges: &[(u32, u32)]) -> Components {
        let (src, dst): (Vec<_>, Vec<_>) = edges.iter().copied().unzip();
        let graph = Graph::from_edges(n, &src, &dst, None, EdgeOptions::default(), &Exec::default()).unwrap();
        Components::new(graph.out(), &Exec::default()).unwrap()
    }

    #[test]
    fn a_path_of_a_million_nodes_does_not_overflow_the_stack() {
        let n = 1_000_000;
        let edges: Vec<_> = (1..n).map(|v| (v - 1, v)).collect();
        let found = components(n as usize, &edges);
        assert_eq!(found.n_components, n as usize);
        assert!(found.of_node.is_sorted());
    }

    proptest! {
        /// Against reachability by repeated relaxation.
        #[test]
        fn components_are_mutual_reachability_in_order(
            n in 1u32..12,
            edges in prop::collection::vec((0u32..12, 0u32..12), 0..40),
        ) {
            let edges: Vec<_> = edges.into_iter().map(|(u, v)| (u % n, v % n)).collect();
            let n = n as usize;
            let mut reaches = vec![vec![false; n]; n];
            (0..n).for_each(|v| reaches[v][v] = true);
            for _ in 0..n {
                for &(u, v) in &edges {
                    for row in &mut reaches {
                        row[v as usize] |= row[u as usize];
                    }
                }
            }
            let found = components(n, &edges);
            let component = &found.of_node;
            for (u, reached) in reaches.iter().enumerate() {
                for (v, &is_reached) in reached.iter().enumerate() {
                    prop_assert_eq!(component[u] == component[v], is_reached && reaches[v][u]);
                    prop_assert!(!is_reached || component[u] <= component[v]);
                }
            }
            let largest = found.of_node.iter().max().copied();
            prop_assert_eq!(largest.map(|c| c as usize + 1), Some(found.n_components));
        }
    }
}
