//! Small dense linear algebra: products of tall matrices with small ones, and the factorings of small symmetric ones.
//!
//! A tall matrix is a table of 32-bit floats, a row per node, in [`Groups`] of 16 columns; a small one is a [`Square`] of
//! 64-bit floats, as wide as a row. All results have the same bits on any number of threads and any instruction set.
//!
//! | file | what | operations, n rows of d columns |
//! |---|---|---|
//! | [`gram`] | Yᵀ W Z | n d² / 2 in 64 bits |
//! | [`multiply`] | Y M, in place; rows of length 1 | n d² in 32 bits |
//! | [`square`] | M N | d³ |
//! | [`cholesky`] | G = L Lᵀ, L⁻ᵀ | 2 d³ / 3 |
//! | [`eigen`] | S = V Λ Vᵀ | about 9 d³ |
//! | [`whiten`] | M with Mᵀ G M = 1, if need be on part of the space | that of its factoring |

mod cholesky;
mod eigen;
mod gram;
mod multiply;
mod square;
mod whiten;

pub(crate) use eigen::eigen;
pub(crate) use gram::{gram, n_bytes as gram_bytes, units as gram_units};
pub(crate) use multiply::{multiply, normalize, units as multiply_units};
pub(crate) use square::{Square, product};
pub(crate) use whiten::whitening;

use crate::simd::LANES;

/// Rows of a tall matrix: `n_groups` groups of 16 columns each, row after row; the last may be filled up with zeros.
pub(crate) type Groups = [[f32; LANES]];

#[cfg(test)]
pub(super) mod samples;
