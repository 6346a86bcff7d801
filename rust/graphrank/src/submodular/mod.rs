//! Few elements that stand for all: maximising a monotone submodular function of at most k of them.
//!
//! [`maximize`] selects once. [`DynamicMaximizer`] keeps a solution while candidates come and go, with a lower bound on
//! its share of the optimum that is proved for all streams, and a certificate of the share it has now.
//!
//! | strategy | guesses | value after every update | against whom | cost |
//! |---|---|---|---|---|
//! | robust | pair | OPT / (2 + ε) | anyone | a few guesses; not proved |
//! | robust | all | OPT / (2(1 + ε)) | anyone | O(k log² k / ε) expected calls, if the stream does not look at the coins |
//! | polylog | pair | (1 - ε)² OPT / (2 + ε) | anyone | a few guesses; not proved |
//! | polylog | all | (1 - ε)² OPT / (2(1 + ε)) | anyone | poly(log n, log k, 1/ε) expected calls, amortised, if the stream does not look at the draws: the paper's proof, for more trials and without guards |
//! | sieve | pair, all | as robust | anyone | all candidates may be asked again |
//! | greedy | | (1 - 1/e) OPT | anyone | all candidates are asked again |
//!
//! These are for [`Strategy`] and [`Guesses`], times 1 - `stability`. Values are compared with a slack of 1e-9 of the
//! threshold, so that what is equal on paper is equal.
//!
//! # Steps
//! 1. `objective`: what f is, and the gains of an element with regard to all prefixes of the picks in one pass. Each
//!    kind of function has a file of its own.
//! 2. `candidates`, `order`: what is live, what it is worth alone, and in which order it is met.
//! 3. `perm`: one guess of the optimum and its picks, in the order; `bucket`, `levels`, `sampling`: the same by random parts of
//!    candidates of like gains; `guess`: either.
//! 4. `guesses`, `pair`, `all`: which guesses are kept, and why that gives the bounds above.
//! 5. `dynamic`: updates as a whole or not at all, and what is shown.
//!
//! # Selecting once
//! `maximize` names the methods, `greedy` and `exact` run them, `swaps` improves what they found. `quotas` says how many picks
//! each group must and may have, and proves what that leaves of the bounds. [`select_committee`] selects items by many
//! `rankings` of them.

mod all;
mod asking;
mod bounds;
mod bucket;
#[cfg(test)]
mod bucket_tests;
mod callable;
mod candidates;
mod committee;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod committee_tests;
mod concave;
mod counters;
mod coverage;
mod dense_facility;
mod dynamic;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod dynamic_tests;
mod exact;
mod facility;
mod graph_cut;
mod greedy;
mod grid;
mod guess;
mod guesses;
mod levels;
mod log;
mod log_det;
mod maximize;
mod mixture;
mod objective;
mod order;
mod pair;
mod params;
mod perm;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod quota_tests;
mod quotas;
pub(crate) mod rankings;
mod rows;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod samples;
mod sampling;
mod snapshot;
mod staircase;
mod swaps;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests;

pub use callable::{Callable, OnViolation, Oracle};
pub use committee::{CommitteeParams, Rule, select_committee};
pub use concave::{Concave, ConcaveSums};
pub use counters::Counters;
pub use coverage::Coverage;
pub use dense_facility::DenseFacilityLocation;
pub use dynamic::DynamicMaximizer;
pub use facility::{FacilityLocation, query_facility_location};
pub use graph_cut::GraphCut;
pub use log::{ApplyOptions, Log};
pub use log_det::LogDet;
pub use maximize::{MaximizeParams, Method, Selection, evaluate, maximize, maximize_with_quotas};
pub use mixture::Mixture;
pub use objective::{Calls, Objective, Prefix, Scan, Violations};
pub use params::{Conflict, DynamicParams, Guesses, Strategy};
pub use quotas::Quotas;
pub use rankings::{MeanPoints, Points, Rankings, Unranked, mean_points};
pub use rows::Triples;
