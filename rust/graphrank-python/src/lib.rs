//! The compiled module `graphrank._core`: arguments in, [`run::run`], results out. No algorithm lives here.
//!
//! Functions list the Python arguments one for one; `python/graphrank/_core.pyi` gives their types.

#![expect(clippy::too_many_arguments, reason = "boundary functions list the Python arguments one for one")]
#![expect(clippy::needless_pass_by_value, reason = "extracted Python arguments arrive by value")]

mod aggregate;
mod archive;
mod click_store;
mod clique;
mod convert;
mod debug;
mod dynamic_ppr;
mod embedding;
mod embedding_powers;
mod error;
mod graph;
mod hold;
mod metrics;
mod neighbors;
mod network;
mod node_keys;
mod peers;
mod pool;
mod powerwalk;
mod ppr;
mod run;
mod submodular;
mod submodular_callable;
mod submodular_committee;
mod submodular_maximizer;

/// Everything Python can reach.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::aggregate::{aggregate_by_query, aggregate_rankings, rank_correlation};
    #[pymodule_export]
    use super::archive::{PyArchive, save_archive};
    #[pymodule_export]
    use super::click_store::{PyClickStore, exploration_swap};
    #[pymodule_export]
    use super::clique::max_fair_clique;
    #[pymodule_export]
    use super::debug::{debug_panic, debug_spin};
    #[pymodule_export]
    use super::dynamic_ppr::{PyDynamicIndex, PyDynamicPpr};
    #[pymodule_export]
    use super::embedding::{fastrp, fastrp_memory};
    #[pymodule_export]
    use super::embedding_powers::PyEmbeddingPowers;
    #[pymodule_export]
    use super::graph::{PyGraph, first_appearances};
    #[pymodule_export]
    use super::metrics::{compare_paired, evaluate_run, mean_intervals, read_svmlight, tied_rows};
    #[pymodule_export]
    use super::neighbors::PyNeighborSearch;
    #[pymodule_export]
    use super::network::simulate_network;
    #[pymodule_export]
    use super::node_keys::text_keys;
    #[pymodule_export]
    use super::peers::{PyLinks, PyPeerKey, PyReplica, peer_limits};
    #[pymodule_export]
    use super::pool::{num_threads, set_num_threads};
    #[pymodule_export]
    use super::powerwalk::{PyDecompositions, PyPowerWalkIndex};
    #[pymodule_export]
    use super::ppr::pagerank;
    #[pymodule_export]
    use super::submodular::{PyObjective, submodular_maximize};
    #[pymodule_export]
    use super::submodular_committee::{mean_points, select_committee};
    #[pymodule_export]
    use super::submodular_maximizer::PyMaximizer;

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
