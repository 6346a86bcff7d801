//! How good are rankings, as judged by people?
//!
//! A run ranks items for queries; judgements say how relevant some of those items are. [`evaluate`] gives the value of
//! each [`Measure`] for each judged query, [`intervals`] means and how sure they are, [`compare_paired`] whether one run
//! is better than another.
//!
//! | part | question |
//! |---|---|
//! | `measure` | what can be measured, and how a query without relevant items counts |
//! | `table` | which rows are about which query |
//! | `join`, `item_table` | where in its ranking is each judged item? |
//! | `ranked` | one ranking, as far as measures see it |
//! | `formulas` | the measures |
//! | `bootstrap`, `paired`, `student` | intervals and tests |
//! | `svmlight` | tables of features in text |
//!
//! # Steps
//! 1. Queries are numbered as they appear in the judgements, and the rows of a run grouped by query: a counting sort.
//! 2. Of one query at a time, in chunks of queries that threads share: sort its rows by score unless they are sorted, put
//!    their items in a table, look the judged ones up, and compute all measures from the places found.
//!
//! # Cost
//! Of a row of the run, 28 bytes are read (query, item, score, its number) and 8 written (its query, its number); the sort
//! and the table of a query with some hundred rows stay in the first cache. A judgement costs one look at that table. Measures cost as much as
//! there are judged items in the ranking, whatever its length.
//!
//! # Ties
//! Where the order of equal scores is left open ([`Input::is_expected`]), a measure is its mean over all orders, in
//! closed form (after McSherry and Najork, "Computing information retrieval performance measures efficiently in the
//! presence of tied scores", ECIR 2008). Tests compare with all permutations.
//!
//! ```
//! use graphrank::metrics::{evaluate, Empty, Input, Kind, Measure, Options};
//!
//! let input = Input {
//!     judged_queries: &[1, 1], judged_items: &[10, 11], labels: &[1.0, 2.0],
//!     queries: &[1, 1, 1], items: &[12, 11, 10], scores: &[3.0, 2.0, 1.0],
//!     order: None, is_expected: false,
//! };
//! let measures = [Measure::new(Kind::ReciprocalRank), Measure::new(Kind::AveragePrecision)];
//! let found = evaluate(&input, &measures, Options::default(), &graphrank::Exec::default())?;
//! assert_eq!(found.values, [1.0 / 2.0, (1.0 / 2.0 + 2.0 / 3.0) / 2.0]);
//! # Ok::<(), graphrank::Error>(())
//! ```

mod bootstrap;
mod formulas;
mod item_table;
mod join;
mod measure;
mod paired;
mod ranked;
mod student;
mod svmlight;
mod table;
#[cfg(test)]
mod tests;

pub use bootstrap::{Interval, IntervalParams, intervals};
pub use join::{Evaluation, Input, NOT_FOUND, Twice, evaluate, tied_rows};
pub use measure::{Empty, Gain, Kind, Measure, Options};
pub use paired::{Comparison, PairedParams, PairedTest, compare_paired};
pub use svmlight::{SvmLight, read_svmlight};
