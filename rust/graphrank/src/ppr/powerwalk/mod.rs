//! `PowerWalk`: an index that answers personalized `PageRank` in about a millisecond, and says how far off it is.
//!
//! Liu, Li, Lui and Cheng, "`PowerWalk`: scalable personalized `PageRank` via random walks with vertex-centric
//! decomposition" (CIKM 2016, arXiv 1608.06054): push a query's residual away from its source, then finish each node
//! that still holds some with what is known about it beforehand. All that is stored is of the *killed* walk, which ends
//! at a dangling node: its scores are linear in the restart, and every rule of [`Dangling`] is made from them at the end.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | α, c | `damping`, 1 - `damping` | probability to go on, to stop |
//! | G | - | c Σ αᵏ Pᵏ: row v is the score of the killed walk from v |
//! | p, r | `Touched` | what push settled, what it left |
//! | R | `n_walks` | walks per fingerprint |
//! | ε | `eps` | residual per arc at which push stops |
//!
//! # Steps of a query
//! 1. Push (`push.rs`) until no node holds more than ε per arc. Then a = p + r G exactly, and r is kept.
//! 2. Estimate r G: by the fingerprints of the nodes that hold it (`fingerprints.rs`), or by one vector or a vector
//!    per cluster (`closure.rs`).
//! 3. Apply the dangling rule, give all scores or only the best.
//!
//! # Which estimate
//! Fingerprints win on clustered graphs with long walks, the vectors on graphs that mix fast, at a tenth of the memory.
//! `calibrate.rs` measures it on held-out sources against exact scores; [`Decoder::Auto`] keeps the one that is off
//! least at equal work. What was measured stays in the index, and answers carry an estimate of their error made from it,
//! beside a proven bound.
//!
//! # Deviations from the paper
//! Walks are not truncated, residual is never dropped, walks end at dangling nodes instead of returning to their
//! origin, arcs may have weights, and the vectors are not in it.
//!
//! ```
//! use graphrank::ppr::powerwalk::{PowerWalkIndex, PowerWalkParams, PowerWalkQuery};
//! use graphrank::ppr::{Queries, Scores};
//! use graphrank::{EdgeOptions, Exec, Graph};
//!
//! let exec = Exec::default();
//! let graph = Graph::from_edges(4, &[0, 0, 1], &[1, 2, 0], None, EdgeOptions::default(), &exec)?;
//! let index = PowerWalkIndex::build(&graph, &PowerWalkParams::default(), &exec)?;
//! let answer = index.query(&graph, &Queries::from_nodes(&[0]), &PowerWalkQuery::default(), &exec)?;
//! let Scores::Dense(scores) = &answer.scores else { unreachable!() };
//! assert!((scores[0] - 20.0 / 37.0).abs() < answer.error_bounds[0]);
//! # Ok::<(), graphrank::Error>(())
//! ```

mod alias;
mod calibrate;
mod closure;
mod clusters;
mod dynamic;
mod engine;
mod estimate;
mod file;
mod fingerprints;
mod query;
mod spread;
mod walks;

use std::sync::Mutex;

pub use calibrate::{CALIBRATED_K, Calibration};
use closure::Closure;
pub use dynamic::DynamicIndex;
use engine::{Lists, Scratch};
use fingerprints::Fingerprints;
pub use query::{Decomposition, PowerWalkAnswer, PowerWalkQuery};

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
#[cfg(doc)]
use crate::ppr::Dangling;

/// Columns of the cluster closure: with a byte for the cluster, a node's row is 61 bytes, a cache line.
const N_CLUSTERS: usize = 15;
/// The largest damping: walks are a thousand steps long there.
const MOST_DAMPING: f64 = 0.999;
/// The most walks per node.
const MOST_WALKS: u32 = 4096;

/// What becomes of the residual that push leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decoder {
    /// What errs least on held-out sources, at equal work.
    #[default]
    Auto,
    /// It spreads as one vector says.
    Single,
    /// It spreads as the vector of its cluster says.
    Clusters,
    /// It goes where the walks from each node went.
    Fingerprints,
}

/// How an index is built.
#[derive(Clone, Debug)]
pub struct PowerWalkParams {
    /// Probability to go on at a step, in [0, 0.999].
    pub damping: f64,
    /// Walks per node, 1 to 4096; what fingerprints err falls with its root.
    pub n_walks: u32,
    /// What becomes of residual.
    pub decoder: Decoder,
    /// Held-out sources that decoders are measured on; with 0 nothing is known of their errors.
    pub n_sources: usize,
    /// Of the walks, and of the choice of held-out sources.
    pub seed: u64,
}

impl Default for PowerWalkParams {
    fn default() -> Self {
        Self { damping: 0.85, n_walks: 16, decoder: Decoder::Auto, n_sources: 32, seed: 0 }
    }
}

impl PowerWalkParams {
    /// Checks that every parameter is in its range.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the first that is not.
    pub fn validate(&self) -> Result<()> {
        if !(0.0..=MOST_DAMPING).contains(&self.damping) {
            let problem = format!("must be in [0, {MOST_DAMPING}] for an index, got {}", self.damping);
            return Err(Error::argument("damping", problem));
        }
        if !(1..=MOST_WALKS).contains(&self.n_walks) {
            return Err(Error::argument(
                "walks",
                format!("must be from 1 to {MOST_WALKS}, got {}", self.n_walks),
            ));
        }
        Ok(())
    }
}

/// What finishes a query.
#[derive(Debug)]
enum Store {
    Closure(Closure),
    Fingerprints(Fingerprints),
}

impl Store {
    fn build(graph: &Graph, decoder: Decoder, params: &PowerWalkParams, exec: &Exec) -> Result<Self> {
        let &PowerWalkParams { damping, n_walks, seed, .. } = params;
        match decoder {
            Decoder::Fingerprints => {
                Fingerprints::build(graph, n_walks, damping, seed, exec).map(Self::Fingerprints)
            }
            Decoder::Clusters => Closure::build(graph, N_CLUSTERS, damping, exec).map(Self::Closure),
            Decoder::Single | Decoder::Auto => Closure::build(graph, 1, damping, exec).map(Self::Closure),
        }
    }

    fn n_bytes(&self) -> usize {
        match self {
            Self::Closure(closure) => closure.n_bytes(),
            Self::Fingerprints(fingerprints) => fingerprints.n_bytes(),
        }
    }

    fn decoder(&self) -> Decoder {
        match self {
            Self::Fingerprints(_) => Decoder::Fingerprints,
            Self::Closure(closure) if closure.n_columns() > 1 => Decoder::Clusters,
            Self::Closure(_) => Decoder::Single,
        }
    }
}

/// An index over one graph, which it recognises but does not hold.
#[derive(Debug)]
pub struct PowerWalkIndex {
    params: PowerWalkParams,
    graph_hash: u64,
    store: Store,
    calibration: Vec<Calibration>,
    lists: Lists,
    /// Scratch of finished queries, for the next ones.
    idle: Mutex<Vec<Scratch>>,
}

impl PowerWalkIndex {
    /// Walks, solves for vectors, measures, and keeps what errs least.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a parameter out of range, [`Error::OutOfMemory`], [`Error::Interrupted`],
    /// [`Error::TimedOut`].
    ///
    /// # Complexity
    /// `n_walks` walks of 1 / (1 - `damping`) steps per node; some 50 sweeps over all arcs with 16 columns; and exact
    /// scores of 32 sources.
    pub fn build(graph: &Graph, params: &PowerWalkParams, exec: &Exec) -> Result<Self> {
        params.validate()?;
        let wanted = match params.decoder {
            Decoder::Auto => vec![Decoder::Single, Decoder::Clusters, Decoder::Fingerprints],
            decoder => vec![decoder],
        };
        let mut stores = Vec::new();
        for decoder in wanted {
            exec.expect_units(graph.n_nodes() as u64);
            stores.push(Store::build(graph, decoder, params, exec)?);
        }
        let (calibration, best) = calibrate::calibrate(graph, &stores, params, exec)?;
        let store = stores.swap_remove(best);
        let index = Self::from_store(params, graph.content_hash(exec)?, store, calibration);
        index.prepare(graph, exec)?;
        Ok(index)
    }

    fn from_store(
        params: &PowerWalkParams,
        graph_hash: u64,
        store: Store,
        calibration: Vec<Calibration>,
    ) -> Self {
        let params = PowerWalkParams { decoder: store.decoder(), ..params.clone() };
        Self { params, graph_hash, store, calibration, lists: Lists::default(), idle: Mutex::default() }
    }

    /// What it was built with; the decoder is the one that was chosen.
    #[must_use]
    pub fn params(&self) -> &PowerWalkParams {
        &self.params
    }

    /// What was measured on held-out sources, of every decoder that was considered.
    #[must_use]
    pub fn calibration(&self) -> &[Calibration] {
        &self.calibration
    }

    /// Bytes of what finishes queries.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.store.n_bytes()
    }

    /// Entries of all fingerprints; `None` if there are none.
    #[must_use]
    pub fn n_entries(&self) -> Option<usize> {
        match &self.store {
            Store::Fingerprints(fingerprints) => Some(fingerprints.entries.len()),
            Store::Closure(_) => None,
        }
    }

    fn check_graph(&self, graph: &Graph, exec: &Exec) -> Result<()> {
        if graph.content_hash(exec)? == self.graph_hash {
            return Ok(());
        }
        Err(Error::argument("graph", "is not the one this index was built on; build an index on it"))
    }

    /// Never waits: in a forked child, nobody may be left to unlock.
    fn lease(&self, n_nodes: usize) -> Result<Scratch> {
        let idle = self.idle.try_lock().ok().and_then(|mut idle| idle.pop());
        idle.map_or_else(|| Scratch::new(n_nodes), Ok)
    }

    fn give_back(&self, scratch: Scratch) {
        if let Ok(mut idle) = self.idle.try_lock() {
            idle.push(scratch);
        }
    }
}
