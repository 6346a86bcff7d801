//! Nodes as vectors, and what is near a vector.

mod dense;
mod fastrp;
pub mod neighbors;
mod refine;

pub use fastrp::{
    Direction, Embedded, FastRpParams, Features, NodeData, Output, Powers, Precision, fastrp, fastrp_into,
    memory,
};
