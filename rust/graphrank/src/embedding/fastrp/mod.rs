//! `FastRP`: nodes as vectors, from averages of random vectors over ever larger neighbourhoods.
//!
//! Every node starts from a sparse random row. Averaging rows over neighbours, again and again, gives nodes with alike
//! neighbourhoods alike rows; the weighted sum of some of these powers is the embedding (Chen, Sultan, Tian, Chen and
//! Skiena, "Fast and Accurate Network Embeddings via Very Sparse Random Projection", CIKM 2019).
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | A, D | the graph | weights of arcs; sums of rows |
//! | P = D⁻¹A | [`neighborhood`] | mean over the neighbours |
//! | R | [`projection`], [`start`] | random rows, scaled by degree^β |
//! | Pⁱ R | [`blocks`] | power i |
//! | αᵢ | `weights[i - 1]` | its weight |
//!
//! # Steps
//! 1. For each block of columns ([`plan`]): signs of R, then every power from the one before ([`gather`]).
//! 2. Lengths of rows add up over the blocks; then Σ αᵢ · row / length is written, node by node ([`emit`]).
//!
//! # Where this differs from the paper
//! The degree is raised to β as it is, without dividing by the number of edges, so that rows do not depend on the size of
//! the graph; entries lack the factor 1/√dim, so that a narrow projection is the beginning of a wide one. Lengths of
//! rows cancel both. Columns are not standardised in the end, as the authors' program does: that would make every vector
//! depend on every node.
//!
//! # Cost
//! One read of each arc per power and block of columns, and per arc and column 4 bytes of vector (2 with 16-bit state;
//! 1 in the first power): O(powers · arcs · dim). [`plan`] counts the memory.
//!
//! # Same bits
//! Rows are summed in the order of arcs, lengths in the order of columns; a vector is a function of the keys and arcs
//! within as many steps as there are powers. Nothing else changes it: not threads, blocks, the instruction set, the order
//! of edges or another component.

mod averaging;
mod blocks;
mod chunks;
mod collect;
mod emit;
mod gather;
mod lane;
mod neighborhood;
mod params;
mod plan;
mod powers;
mod projection;
mod refined;
mod run;
mod start;

pub use emit::Output;
pub use params::{Direction, FastRpParams, Precision};
pub use powers::{Embedded, Powers};
pub use run::{fastrp, fastrp_into, memory};
pub use start::{Features, NodeData};
