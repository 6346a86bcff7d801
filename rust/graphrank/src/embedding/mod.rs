//! Nodes as vectors, and what is near a vector.

mod fastrp;
pub mod neighbors;

pub use fastrp::{
    Direction, Embedded, FastRpParams, Features, NodeData, Output, Powers, Precision, fastrp, fastrp_into,
    memory,
};
