//! Nodes as vectors, and what is near a vector.
