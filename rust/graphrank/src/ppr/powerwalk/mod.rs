//! Placeholder.
mod alias;
mod fingerprints;
mod walks;

/// bench
pub fn bench(graph: &crate::Graph, w: u32, exec: &crate::Exec) -> usize {
    fingerprints::Fingerprints::build(graph, w, 0.85, 1, exec).map_or(0, |f| f.n_bytes())
}
