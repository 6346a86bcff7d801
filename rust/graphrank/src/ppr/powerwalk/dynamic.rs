//! An index that follows a graph that changes.
//!
//! It keeps every walk as a path (`ppr/dynamic/walks.rs`) and reroutes the few that an edge concerns, so that the walks
//! are at all times distributed as those of a fresh build on the graph as it is. What answers queries is made of them:
//! an ordinary index of fingerprints, in one pass over the steps, when the first query after an update asks for it.
//! There is no closure: its vectors would have to be solved for again. What was measured before an update says
//! nothing of the graph after it, so it is dropped, and measured anew only when asked for.
//!
//! # Cost
//! 16 to 20 bytes per step, R / c steps per node; per update what `walks.rs` says; per index that is made, a pass over
//! all steps and a copy of the graph.

use std::sync::Arc;

use super::fingerprints::Fingerprints;
use super::{Decoder, PowerWalkIndex, PowerWalkParams, Store, calibrate};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::ppr::EdgeUpdate;
use crate::ppr::dynamic::DynamicWalks;

/// Walks that follow a graph, and what an index is made with.
///
/// ```
/// use std::sync::Arc;
/// use graphrank::ppr::powerwalk::{Decoder, DynamicIndex, PowerWalkParams, PowerWalkQuery};
/// use graphrank::ppr::{EdgeEnds, EdgeUpdate, Queries};
/// use graphrank::{EdgeOptions, Exec, Graph};
///
/// let exec = Exec::default();
/// let graph = Graph::from_edges(3, &[0, 1], &[1, 0], None, EdgeOptions::default(), &exec)?;
/// let params = PowerWalkParams { decoder: Decoder::Fingerprints, ..PowerWalkParams::default() };
/// let mut walks = DynamicIndex::build(Arc::new(graph), &params, &exec)?;
/// let insert = EdgeEnds { src: &[1], dst: &[2] };
/// walks.update(&EdgeUpdate { insert, ..EdgeUpdate::default() }, &exec)?;
/// let (graph, index) = walks.index(0, &exec)?;
/// let answer = index.query(&graph, &Queries::from_nodes(&[0]), &PowerWalkQuery::default(), &exec)?;
/// assert!(answer.error_bounds[0] < 0.01);
/// # Ok::<(), graphrank::Error>(())
/// ```
#[derive(Debug)]
pub struct DynamicIndex {
    params: PowerWalkParams,
    walks: DynamicWalks,
}

impl DynamicIndex {
    /// Walks from every node.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a parameter out of range or a decoder that needs no walks,
    /// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
    pub fn build(graph: Arc<Graph>, params: &PowerWalkParams, exec: &Exec) -> Result<Self> {
        params.validate()?;
        if !matches!(params.decoder, Decoder::Auto | Decoder::Fingerprints) {
            let problem = "must be \"none\" (or \"auto\") for an index that follows updates: it keeps walks";
            return Err(Error::argument("closure", problem));
        }
        let params = PowerWalkParams { decoder: Decoder::Fingerprints, ..params.clone() };
        let walks = DynamicWalks::new(graph, params.n_walks as usize, params.damping, params.seed, exec)?;
        Ok(Self { params, walks })
    }

    /// Deletes edges, inserts edges, and reroutes the walks they concern.
    ///
    /// # Errors
    /// As [`DynamicPpr::update`](crate::ppr::DynamicPpr::update): without any change, or, if stopped later, with the
    /// rest of the batch left to the next call.
    pub fn update(&mut self, update: &EdgeUpdate<'_>, exec: &Exec) -> Result<()> {
        self.walks.update(update, exec)
    }

    /// The graph as it is now, and an index of it measured on `n_sources` held-out sources.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
    pub fn index(&mut self, n_sources: usize, exec: &Exec) -> Result<(Graph, PowerWalkIndex)> {
        self.walks.settle(exec)?;
        let graph = self.walks.to_graph(exec)?;
        let params = PowerWalkParams { n_sources, ..self.params.clone() };
        let visits = |origin: usize| self.walks.visits(origin);
        let store = Fingerprints::from_visits(graph.n_nodes(), params.n_walks, visits, exec)?;
        let stores = [Store::Fingerprints(store)];
        let (calibration, _) = calibrate::calibrate(&graph, &stores, &params, exec)?;
        let calibration = if n_sources == 0 { Vec::new() } else { calibration };
        let [store] = stores;
        let index = PowerWalkIndex::from_store(&params, graph.content_hash(exec)?, store, calibration);
        Ok((graph, index))
    }

    /// Number of edges now.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.walks.n_edges()
    }

    /// Steps of all walks.
    #[must_use]
    pub fn n_steps(&self) -> usize {
        self.walks.n_steps()
    }

    /// Bytes of walks and rows.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.walks.n_bytes()
    }
}
