//! Graph analytics and ranking: exact, reproducible, interruptible.
//!
//! One immutable [`Graph`] in compressed sparse rows is built once and read by every algorithm. Each algorithm is a
//! function `name(&graph, input, &params, &exec)`: the parameters say *what* to compute, an [`Exec`] says *how*
//! (threads, cancellation, deadline, progress).
//!
//! | module | question |
//! |---|---|
//! | [`aggregate`] | What do many rankings say together? |
//! | [`clicks`] | What would I click, going by peers that click as I do? |
//! | [`clique`] | Who are all linked, with every group taking part? |
//! | [`embedding`] | What does a node resemble? |
//! | [`metrics`] | How good are rankings, as judged by people? |
//! | [`peers`] | How do peers share what they clicked, without a server and without trust? |
//! | [`ppr`] | Which nodes matter, from where I stand? |
//! | [`submodular`] | Which few represent all, while candidates come and go? |
//! | [`io`] | How does a graph survive the process? |
//! | [`rng`] | Where does randomness come from? |
//!
//! Three promises hold throughout. The same input and seed give the same bits on any number of threads. An
//! approximate answer carries a bound on its error. Input that cannot be used gives an [`Error`] that names it, and a
//! panic is a defect.

pub mod aggregate;
pub mod clicks;
pub mod clique;
pub mod embedding;
mod error;
mod exec;
mod graph;
pub mod io;
mod memory;
pub mod metrics;
mod numeric;
pub mod peers;
pub mod ppr;
pub mod rng;
mod simd;
pub mod submodular;

pub use error::{Error, Result};
pub use exec::Exec;
pub use graph::{
    Arcs, Degrees, Duplicates, EdgeColumns, EdgeOptions, FirstAppearances, Graph, IntegerId, MAX_NODES,
    first_appearances, text_keys,
};
