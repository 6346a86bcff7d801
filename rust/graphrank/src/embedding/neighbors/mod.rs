//! What is nearest to a vector: exact, of one query or of all rows at once.
//!
//! Every pair is scored twice at most. A *scan* scores all of them in 32-bit floats, fast and off by a bounded amount; the
//! few that may be among the best `k`, given that bound, are scored again in 64-bit floats. So the answer is the one
//! that 64-bit scores of all pairs would give, ties included: it depends neither on the order in which the scan adds, nor
//! on its tiles, threads or instruction set.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | D | `dim` | numbers per vector |
//! | u | 2⁻²⁴ | rounding of a 32-bit float |
//! | g | `prepare::relative_error` | 1.1 (D + 8) u, a bound on the error of a scanned product over ‖q‖ ‖x‖ |
//! | b | `bound` | what the scan says a score is at most |
//! | f | `floor` | what b must reach for the row to be among the best k seen so far |
//!
//! Steps, for a block of up to 16 queries per register and some 256 rows (`tile`):
//! 1. The block is turned so that a register holds one coordinate of its queries, and the rows are laid out in tiles, once
//!    per 256 queries: the product of a query and a row is a sum of D terms in a lane. A dozen rows at once keep their
//!    sums in registers; blocks and tiles stay in the caches.
//! 2. b = product · scale + offset of the row, where scale and offset make it cosine, product or distance, and add what
//!    the rounding may have taken (`prepare`). Lanes that reach their f go to the query's buffer; most never do.
//! 3. A full buffer raises f to the k-th best lower bound and drops what is below; what cannot be told apart is scored
//!    exactly, as are those that remain at the end (`select`, `score`).
//!
//! One query alone cannot fill lanes: its products are summed 16 coordinates at a time, at the speed of the memory.
//!
//! Cost: n D products per query, 12 bytes per row and some kilobytes per query in flight beside the vectors, of which
//! only the tiles at hand are copied.
//! The error of a score is that of D 64-bit additions. Guarantee and its test: `answers_are_those_of_64_bit_brute_force`.
//!
//! Similarities are largest first, distances smallest first; equal scores in the order of rows. A vector of zeros has
//! no direction: its cosine with anything is 0.
//!
//! ```
//! use graphrank::Exec;
//! use graphrank::embedding::neighbors::{Metric, NeighborQuery, NeighborSearch, Vectors};
//! let vectors = Vectors::new(&[1.0, 0.0, 0.9, 0.1, 0.0, 1.0], 2)?;
//! let search = NeighborSearch::new(&vectors, Metric::Cosine, &Exec::default())?;
//! let nearest = search.nearest(&vectors, &NeighborQuery { k: 1, ..Default::default() }, &Exec::default())?;
//! assert_eq!(nearest.rows, [1, 0, 1]);
//! # Ok::<(), graphrank::Error>(())
//! ```

mod block;
mod panel;
mod plan;
mod prepare;
mod query;
mod rank;
mod score;
mod select;
mod tile;
mod vectors;

#[cfg(test)]
mod tests;

pub use prepare::NeighborSearch;
pub use query::{NeighborQuery, Neighbors, Queries};
pub use vectors::Vectors;

/// What makes two vectors near.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metric {
    /// The cosine of the angle between them, largest first; 0 where one of them is zero.
    #[default]
    Cosine,
    /// Their dot product, largest first.
    Dot,
    /// Their Euclidean distance, smallest first.
    L2,
}
