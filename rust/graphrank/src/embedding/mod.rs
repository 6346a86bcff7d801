//! Nodes as vectors, and what is near a vector.

mod fastrp;
pub mod neighbors;

pub use fastrp::{
    Direction, FastRpParams, Features, NodeData, Output, Precision, fastrp, fastrp_into, memory,
};
