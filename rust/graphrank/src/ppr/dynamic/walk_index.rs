//! Walks from every node of a graph that changes, and the graph they walk on.

use std::sync::Arc;

use super::batch::{self, EdgeUpdate, Plan};
use super::rows::Rows;
use super::walks::Walks;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;

/// Walks that follow a graph.
///
/// A batch is carried out row by row: its row is linked, then the walks through the row's node are repaired. Stopped in
/// between, the rest of the batch waits, and is carried out before anything else is done.
#[derive(Debug)]
pub(crate) struct DynamicWalks {
    rows: Rows,
    walks: Walks,
    /// A batch under way, and how many of its rows are done.
    pending: Option<(Plan, usize)>,
    is_spoilt: bool,
}

impl DynamicWalks {
    /// Walks `n_walks` times from every node of `graph`.
    pub(crate) fn new(
        graph: Arc<Graph>,
        n_walks: usize,
        damping: f64,
        seed: u64,
        exec: &Exec,
    ) -> Result<Self> {
        let rows = Rows::new(graph, exec)?;
        let walks = Walks::new(&rows, n_walks, damping, seed, exec)?;
        Ok(Self { rows, walks, pending: None, is_spoilt: false })
    }

    /// Deletes edges, inserts edges, and reroutes walks.
    ///
    /// # Errors
    /// Without any change those of [`super::DynamicPpr::update`]. [`Error::Interrupted`] or [`Error::TimedOut`] later
    /// on leave the rest to [`DynamicWalks::settle`].
    pub(crate) fn update(&mut self, update: &EdgeUpdate<'_>, exec: &Exec) -> Result<()> {
        self.settle(exec)?;
        self.pending = Some((batch::plan(&mut self.rows, update, exec)?, 0));
        self.settle(exec)
    }

    /// Carries out what a stopped batch has left.
    pub(crate) fn settle(&mut self, exec: &Exec) -> Result<()> {
        if self.is_spoilt {
            let problem = "lost its walks when an update ran out of memory; build it anew";
            return Err(Error::argument("index", problem));
        }
        let Some((plan, done)) = &mut self.pending else { return Ok(()) };
        for (i, (change, arcs)) in plan.changes.iter().enumerate().skip(*done) {
            exec.checkpoint(1)?;
            self.rows.link(std::slice::from_ref(&plan.drafts[i]));
            *done = i + 1;
            if let Err(error) = self.walks.repair(&self.rows, change, arcs) {
                self.is_spoilt = true;
                return Err(error);
            }
        }
        self.pending = None;
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Every visit of the walks from `origin`.
    pub(crate) fn visits(&self, origin: usize) -> impl Iterator<Item = u32> + '_ {
        self.walks.visits(origin)
    }

    /// The graph as it is now, but for what is pending.
    pub(crate) fn to_graph(&self, exec: &Exec) -> Result<Graph> {
        self.rows.to_graph(exec)
    }

    /// Number of edges now.
    pub(crate) fn n_edges(&self) -> usize {
        self.rows.n_edges()
    }

    /// Steps of all walks.
    pub(crate) fn n_steps(&self) -> usize {
        self.walks.n_steps()
    }

    /// Bytes of walks and rows, without the graph.
    pub(crate) fn n_bytes(&self) -> usize {
        self.walks.n_bytes() + self.rows.n_bytes()
    }

    /// The node of every step, and that of the next.
    #[cfg(test)]
    pub(super) fn steps(&self) -> impl Iterator<Item = (u32, Option<u32>)> + '_ {
        self.walks.steps()
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        self.walks.check();
    }

    #[cfg(test)]
    pub(super) fn stop_after_planning(&mut self, update: &EdgeUpdate<'_>, exec: &Exec) {
        self.pending = Some((batch::plan(&mut self.rows, update, exec).unwrap(), 0));
    }
}
