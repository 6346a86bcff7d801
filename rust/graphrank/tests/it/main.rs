//! Properties and oracles of the public interface.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "numbers in tests are small"
)]

mod determinism;
mod embedding;
mod fastrp_golden;
mod graph;
mod io;
mod peers;
mod peers_attacks;
mod peers_fuzz;
mod peers_traffic;
mod powerwalk;
mod ppr;
mod ppr_methods;
mod refine;
mod sample;
