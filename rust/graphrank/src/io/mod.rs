//! Graphs, and what is computed from them, on disk.
//!
//! A saved graph is checked when it is opened and then used where it lies: its arrays are memory-mapped, not copied,
//! so opening costs one pass over the file and processes on one machine share its pages. Files are little-endian.
//!
//! ```
//! use graphrank::{EdgeOptions, Exec, Graph, io};
//! let exec = Exec::default();
//! let graph = Graph::from_edges(2, &[0], &[1], None, EdgeOptions::default(), &exec)?;
//! let path = std::env::temp_dir().join(format!("graphrank-doc-{}.graph", std::process::id()));
//! io::save_graph(&graph, b"names of the nodes", &path, &exec)?;
//! let (same, names) = io::load_graph(&path, &exec)?;
//! assert_eq!((same.neighbors(0), &names[..]), (&[1][..], &b"names of the nodes"[..]));
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), graphrank::Error>(())
//! ```

mod archive;
pub(crate) mod container;
mod graph_file;

pub use archive::Archive;
pub use graph_file::{load_graph, save_graph};
