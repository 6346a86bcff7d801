//! Fair cliques: the largest set of nodes that are all linked with each other and in which every group has its part.
//!
//! The problem is that of Zhang, Li, Jin, Yuan, Wang and Lin ("Efficient maximum relative fair clique search", ICDE 2025,
//! arXiv 2312.04088), for any number of groups and any rules of [`FairSpec`].

mod branch;
mod dense;
mod greedy;
mod incumbent;
mod peel;
mod problem;
mod rest;
mod search;
mod spec;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests;

pub use search::{CliqueParams, CliqueStats, FairClique, NO_GROUP, Status, max_fair_clique};
pub use spec::{FairSpec, MOST_GROUPS, UNLIMITED};
