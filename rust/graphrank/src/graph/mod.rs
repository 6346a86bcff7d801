//! The graph every algorithm of the crate reads: immutable, in compressed sparse rows, built once.
//!
//! Nodes are numbered `0..n`; names and other data of nodes live beside the graph. Parallel edges are merged when the
//! graph is built, so a pair of nodes has at most one arc in each direction. An undirected edge is stored as two
//! arcs, a loop as one.

mod array;
mod build;
mod components;
mod csr;
mod from_csr;
mod ids;
mod ordered;
mod text_keys;
mod transform;
mod transition;

use std::sync::OnceLock;

pub(crate) use array::Array;
use build::{EdgeSource, build_csr};
pub(crate) use components::Components;
pub use csr::Arcs;
pub(crate) use csr::{Csr, CsrFault, is_weight, usize_of};
use ids::{Codes, too_many_nodes};
pub use ids::{FirstAppearances, IntegerId, first_appearances};
pub(crate) use ordered::{GROUP, HalfRows, Ordered};
pub use text_keys::text_keys;
pub use transform::{Degrees, EdgeColumns};
pub(crate) use transition::{Steps, Transition};

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::ppr::Scratch;

/// The most nodes a graph can hold: codes are 32 bits, and the largest is kept free as a mark for "none".
pub const MAX_NODES: u64 = u32::MAX as u64 - 1;

/// What happens to rows that name the same edge again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duplicates {
    /// Their weights add up. Sums do not depend on the order of the rows.
    #[default]
    Sum,
    /// The first row counts.
    First,
    /// The largest weight counts.
    Max,
    /// They are an error that names both rows.
    Error,
}

/// How a list of edges is read.
#[derive(Clone, Copy, Debug)]
pub struct EdgeOptions {
    /// Whether `u, v` and `v, u` are different edges.
    pub directed: bool,
    /// What happens to parallel edges.
    pub duplicates: Duplicates,
    /// Whether edges from a node to itself are kept.
    pub keep_self_loops: bool,
}

impl Default for EdgeOptions {
    fn default() -> Self {
        Self { directed: true, duplicates: Duplicates::Sum, keep_self_loops: true }
    }
}

/// An immutable graph of at most [`MAX_NODES`] nodes.
///
/// ```
/// use graphrank::{EdgeOptions, Exec, Graph};
/// let graph = Graph::from_edges(3, &[0, 0, 1], &[1, 2, 2], None, EdgeOptions::default(), &Exec::default())?;
/// assert_eq!((graph.n_nodes(), graph.n_edges()), (3, 3));
/// assert_eq!(graph.neighbors(0), [1, 2]);
/// # Ok::<(), graphrank::Error>(())
/// ```
#[derive(Debug)]
pub struct Graph {
    out: Csr,
    is_directed: bool,
    n_edges: usize,
    /// Arcs by target; never filled for undirected graphs, whose rows serve both ways.
    incoming: OnceLock<Csr>,
    transition: OnceLock<Transition>,
    ordered: OnceLock<Ordered>,
    /// How fast the walk mixes; measured where a solver is chosen by it.
    mixing: OnceLock<f64>,
    scratch: Scratch,
    content_hash: OnceLock<u64>,
}

impl Graph {
    /// A graph from the codes of the ends of its edges, all below `n_nodes`.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for an end that is not below `n_nodes`, a weight that is negative or not finite, or a
    /// parallel edge where [`Duplicates::Error`] is asked for; [`Error::InvalidArgument`] for arrays of different
    /// lengths or more than [`MAX_NODES`] nodes.
    ///
    /// # Complexity
    /// O(m log(m / 512)); 8 bytes per arc (16 with weights) beyond input and result.
    pub fn from_edges(
        n_nodes: usize,
        src: &[u32],
        dst: &[u32],
        weights: Option<&[f64]>,
        options: EdgeOptions,
        exec: &Exec,
    ) -> Result<Self> {
        check_lengths(src.len(), dst.len(), weights)?;
        check_n_nodes(n_nodes)?;
        for (argument, codes) in [("src", src), ("dst", dst)] {
            check_codes(argument, codes, n_nodes, exec)?;
        }
        let edges = EdgeSource { len: src.len(), ends: |i: usize| (src[i], dst[i]), weights };
        Self::from_csr_parts(build_csr(n_nodes, edges, options, exec)?, options.directed, exec)
    }

    /// A graph from edges between integer ids, and the sorted distinct ids: code `i` is the `i`-th of them.
    ///
    /// # Errors
    /// As [`Graph::from_edges`].
    ///
    /// # Complexity
    /// As [`Graph::from_edges`], and per end of an edge some lookups in a bitmap over the range of the ids, or one in a
    /// hash table if the range is more than 16 times the number of ends.
    pub fn from_integer_edges<T: IntegerId>(
        src: &[T],
        dst: &[T],
        weights: Option<&[f64]>,
        options: EdgeOptions,
        exec: &Exec,
    ) -> Result<(Self, Vec<T>)> {
        check_lengths(src.len(), dst.len(), weights)?;
        let (codes, ids) = Codes::new(src, dst, exec)?;
        let edges = EdgeSource { len: src.len(), ends: move |i: usize| codes.ends(i), weights };
        let out = build_csr(ids.len(), edges, options, exec)?;
        Ok((Self::from_csr_parts(out, options.directed, exec)?, ids))
    }

    /// From rows that are known to be sound, and symmetric unless `is_directed`.
    pub(crate) fn from_csr_parts(out: Csr, is_directed: bool, exec: &Exec) -> Result<Self> {
        let n_loops = if is_directed { 0 } else { transform::count_loops(&out, exec)? };
        let n_edges = if is_directed { out.n_arcs() } else { out.n_arcs().midpoint(n_loops) };
        Ok(Self {
            out,
            is_directed,
            n_edges,
            incoming: OnceLock::new(),
            transition: OnceLock::new(),
            ordered: OnceLock::new(),
            mixing: OnceLock::new(),
            scratch: Scratch::default(),
            content_hash: OnceLock::new(),
        })
    }

    /// Number of nodes.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.out.n_rows()
    }

    /// Number of edges after merging; an undirected edge counts once.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.n_edges
    }

    /// Number of stored arcs: an undirected edge between two nodes is two.
    #[must_use]
    pub fn n_arcs(&self) -> usize {
        self.out.n_arcs()
    }

    /// Whether an edge leads one way only.
    #[must_use]
    pub fn is_directed(&self) -> bool {
        self.is_directed
    }

    /// Whether edges have weights; without, every weight is 1.
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        self.out.weights.is_some()
    }

    /// Bytes of all arrays built so far.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.out.n_bytes()
            + self.incoming.get().map_or(0, Csr::n_bytes)
            + self.transition.get().map_or(0, Transition::n_bytes)
            + self.ordered.get().map_or(0, Ordered::n_bytes)
    }

    /// Targets of the arcs of `node`, rising.
    ///
    /// # Panics
    /// If `node` is not below the number of nodes.
    #[must_use]
    pub fn neighbors(&self, node: u32) -> &[u32] {
        self.out.row(node as usize)
    }

    /// Weights of the arcs of `node`, aligned to [`Graph::neighbors`]; `None` if unweighted.
    ///
    /// # Panics
    /// If `node` is not below the number of nodes.
    #[must_use]
    pub fn neighbor_weights(&self, node: u32) -> Option<&[f64]> {
        self.out.row_weights(node as usize)
    }

    /// The stored arrays.
    #[must_use]
    pub fn arcs(&self) -> Arcs<'_> {
        self.out.arcs()
    }

    pub(crate) fn out(&self) -> &Csr {
        &self.out
    }

    /// Arcs by target; built on first use.
    pub(crate) fn incoming(&self, exec: &Exec) -> Result<&Csr> {
        if !self.is_directed {
            return Ok(&self.out);
        }
        get_or_try_init(&self.incoming, || self.out.transpose(exec))
    }

    /// Scratch for queries that touch few nodes.
    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// What tells this graph from others: a hash of its arcs, weights and direction; computed on first use.
    pub(crate) fn content_hash(&self, exec: &Exec) -> Result<u64> {
        get_or_try_init(&self.content_hash, || self.out.hash(self.is_directed, exec)).copied()
    }

    /// Whether [`Graph::transition`] has been built.
    pub(crate) fn has_transition(&self) -> bool {
        self.transition.get().is_some()
    }

    /// The random walk on this graph; built on first use.
    pub(crate) fn transition(&self, exec: &Exec) -> Result<&Transition> {
        get_or_try_init(&self.transition, || Transition::new(self, exec))
    }

    /// The graph as sequential solvers read it; built on first use.
    pub(crate) fn ordered(&self, exec: &Exec) -> Result<&Ordered> {
        get_or_try_init(&self.ordered, || Ordered::new(self, exec))
    }

    /// What `measure` found when it was first asked.
    pub(crate) fn mixing(&self, measure: impl FnOnce() -> Result<f64>) -> Result<f64> {
        get_or_try_init(&self.mixing, measure).copied()
    }
}

/// Two threads may both build on first use; one result is kept and both are the same.
pub(crate) fn get_or_try_init<T>(cell: &OnceLock<T>, build: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = build()?;
    Ok(cell.get_or_init(|| value))
}

fn check_n_nodes(n_nodes: usize) -> Result<()> {
    if n_nodes as u64 > MAX_NODES { Err(too_many_nodes()) } else { Ok(()) }
}

fn check_lengths(n_src: usize, n_dst: usize, weights: Option<&[f64]>) -> Result<()> {
    if n_src != n_dst {
        return Err(Error::argument("dst", format!("has {n_dst} rows, but `src` has {n_src}")));
    }
    match weights {
        Some(w) if w.len() != n_src => {
            Err(Error::argument("weight", format!("has {} rows, but `src` has {n_src}", w.len())))
        }
        _ => Ok(()),
    }
}

fn check_codes(argument: &'static str, codes: &[u32], n_nodes: usize, exec: &Exec) -> Result<()> {
    const CHUNK: usize = 1 << 17;
    let first_bad = exec.map(codes.len().div_ceil(CHUNK), |c| {
        exec.checkpoint(0)?;
        let chunk = &codes[c * CHUNK..codes.len().min((c + 1) * CHUNK)];
        let is_sound = chunk.iter().max().is_none_or(|&code| (code as usize) < n_nodes);
        Ok(if is_sound {
            None
        } else {
            chunk.iter().position(|&code| code as usize >= n_nodes).map(|i| c * CHUNK + i)
        })
    })?;
    match first_bad.into_iter().flatten().next() {
        Some(row) => {
            Err(Error::row(argument, row, format!("got {}, nodes are numbered below {n_nodes}", codes[row])))
        }
        None => Ok(()),
    }
}
