//! Personalized PageRank of a graph that changes: scores that stay certified while edges come and go.
//!
//! The vectors of the killed walk are kept together with their residuals (`vector.rs`). A batch of edges changes the
//! rows of their sources (`rows.rs`, `batch.rs`); the residuals follow by the rules for a changed row, and pushes of
//! either sign bring them down until the certified error of every query is at most `eps` again (`certificate.rs`).
//!
//! # A batch
//! Everything that can fail about a batch is found before anything is changed. Then rows and residuals change as one
//! step that nothing interrupts; then come the pushes. Interrupted there, the object is whole and knows its error,
//! which is larger than `eps` until [`DynamicPpr::refine`] or the next batch has pushed on.
//!
//! # Cost
//! Per changed row its length, and per edge and query a few writes; the pushes take what they need to bring the
//! residual down. An edge drawn at random from m changes a residual by about 2 / (c m), so that many edges in one batch
//! cost little more than one sweep over the graph for each factor of about 2 between what they changed and `eps`.
//!
//! # Memory
//! 17 bytes per node and query, 32 to 40 per node, and the arcs of changed rows; the graph is shared.
//!
//! ```
//! use std::sync::Arc;
//! use graphrank::ppr::{DynamicParams, DynamicPpr, EdgeEnds, EdgeUpdate, Queries};
//! use graphrank::{EdgeOptions, Exec, Graph};
//!
//! let exec = Exec::default();
//! let graph = Graph::from_edges(3, &[0, 1], &[1, 0], None, EdgeOptions::default(), &exec)?;
//! let mut ppr = DynamicPpr::new(Arc::new(graph), &Queries::from_nodes(&[0]), &DynamicParams::default(), &exec)?;
//! assert_eq!(ppr.scores(&exec)?[2], 0.0);
//! let insert = EdgeEnds { src: &[1], dst: &[2] };
//! ppr.update(&EdgeUpdate { insert, ..EdgeUpdate::default() }, &exec)?;
//! assert!(ppr.scores(&exec)?[2] > 0.1 && ppr.error_bounds()[0] <= 1e-6);
//! # Ok::<(), graphrank::Error>(())
//! ```

mod batch;
mod certificate;
mod extrapolate;
mod frontier;
mod rows;
#[cfg(test)]
mod tests;
mod vector;
mod walk_index;
#[cfg(test)]
mod walk_tests;
mod walks;

use std::sync::Arc;

pub use batch::{EdgeEnds, EdgeUpdate};
use certificate::Certificate;
use rows::Rows;
use vector::{Summary, Vector};
pub(super) use walk_index::DynamicWalks;

use super::queries::Queries;
use super::{Dangling, top_k};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::{try_collect, try_zeroed};

/// Times the goals are made smaller because the bound they were to give is missed.
const MOST_ATTEMPTS: u32 = 60;

/// What to keep.
#[derive(Clone, Copy, Debug)]
pub struct DynamicParams {
    /// Probability to go on at a step, in [0, 1).
    pub damping: f64,
    /// Largest allowed L1 error of a query's scores after an update.
    pub eps: f64,
    /// Where a walker at a node without a way out goes.
    pub dangling: Dangling,
}

impl Default for DynamicParams {
    fn default() -> Self {
        Self { damping: 0.85, eps: 1e-6, dangling: Dangling::Restart }
    }
}

impl DynamicParams {
    /// Checks that every parameter is in its range.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the first that is not.
    pub fn validate(&self) -> Result<()> {
        if !(0.0..1.0).contains(&self.damping) {
            return Err(Error::argument("damping", format!("must be in [0, 1), got {}", self.damping)));
        }
        if !(self.eps > 0.0 && self.eps < f64::INFINITY) {
            return Err(Error::argument("eps", format!("must be a positive number, got {}", self.eps)));
        }
        Ok(())
    }
}

/// Scores of a batch of queries on a graph that changes.
#[derive(Debug)]
pub struct DynamicPpr {
    params: DynamicParams,
    rows: Rows,
    queries: Vec<Vector>,
    /// The vector of a uniform restart, where dangling nodes need it.
    uniform: Option<Vector>,
}

impl DynamicPpr {
    /// Solves every query on `graph`, to begin with.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a parameter out of range, [`Error::InvalidData`] for a restart that is not a
    /// distribution over nodes of the graph, and those of [`DynamicPpr::refine`].
    pub fn new(
        graph: Arc<Graph>,
        queries: &Queries<'_>,
        params: &DynamicParams,
        exec: &Exec,
    ) -> Result<Self> {
        params.validate()?;
        let n = graph.n_nodes();
        let restarts = queries.normalised(n)?;
        let vectors = restarts.into_iter().map(|restart| Vector::new(restart, params.damping, n));
        let queries = vectors.collect::<Result<_>>()?;
        let uniform = (params.dangling == Dangling::Uniform && n > 0).then(|| {
            let share = 1.0 / n as f64;
            let everywhere = try_collect("a uniform restart", n, (0u32..).take(n).map(|node| (node, share)))?;
            Vector::new(everywhere, params.damping, n)
        });
        let rows = Rows::new(graph, exec)?;
        let mut this = Self { params: *params, rows, queries, uniform: uniform.transpose()? };
        this.refine(exec)?;
        Ok(this)
    }

    /// Deletes edges, then inserts edges, then brings every query's error down to `eps` again.
    ///
    /// # Errors
    /// Without any change: [`Error::InvalidData`] for a node out of range, a weight that is negative or not finite, an
    /// edge to delete that does not exist, or one to insert that does where duplicates are errors;
    /// [`Error::InvalidArgument`], [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`]. With all edges
    /// changed and a larger error: those of [`DynamicPpr::refine`].
    pub fn update(&mut self, update: &EdgeUpdate<'_>, exec: &Exec) -> Result<()> {
        let plan = batch::plan(&mut self.rows, update, exec)?;
        self.rows.link(&plan.drafts);
        let vectors = self.queries.iter_mut().chain(&mut self.uniform).collect();
        exec.map_items(vectors, |_, vector: &mut Vector| {
            vector.follow(&plan.changes);
            Ok(())
        })?;
        self.refine(exec)
    }

    /// Brings every query's error down to `eps`, if an interrupted update has left it above.
    ///
    /// # Errors
    /// [`Error::Interrupted`] and [`Error::TimedOut`], after which the scores are as good as the work done so far;
    /// [`Error::DidNotConverge`] if rounding forbids an error as small as `eps`; [`Error::OutOfMemory`].
    pub fn refine(&mut self, exec: &Exec) -> Result<()> {
        self.settle_all(exec).map_err(|error| match error {
            // A vector knows its own goal, which the caller did not ask for.
            Error::DidNotConverge { bound, iterations, .. } => Error::DidNotConverge {
                argument: "eps",
                tol: self.params.eps,
                bound,
                iterations,
                remedy: "ask for a larger `eps`",
            },
            error => error,
        })
    }

    fn settle_all(&mut self, exec: &Exec) -> Result<()> {
        let certificate = self.certificate();
        let rough = certificate.rough();
        self.settle(|_, _| (rough, rough), exec)?;
        let mut eps = self.params.eps;
        for _ in 0..MOST_ATTEMPTS {
            self.settle(|vector, uniform| certificate.goals(vector, uniform, eps), exec)?;
            if self.error_bounds().iter().all(|&bound| bound <= self.params.eps) {
                self.queries.iter_mut().chain(&mut self.uniform).for_each(Vector::rest);
                return Ok(());
            }
            eps /= 1.5;
        }
        let bound = self.error_bounds().into_iter().fold(0.0, f64::max);
        Err(Error::beyond_rounding(self.params.eps, bound, MOST_ATTEMPTS))
    }

    /// Pushes in all vectors until their errors are what `goals` says of them and the uniform one.
    fn settle(
        &mut self,
        goals: impl Fn(&Summary, Option<&Summary>) -> (f64, f64),
        exec: &Exec,
    ) -> Result<()> {
        let uniform = self.uniform.as_ref().map(Vector::summary);
        let goals = self.queries.iter().map(|vector| goals(&vector.summary(), uniform.as_ref()));
        let goals: Vec<_> = goals.collect();
        let rows = &self.rows;
        let for_uniform = goals.iter().map(|goals| goals.1).fold(f64::INFINITY, f64::min);
        if let Some(uniform) = &mut self.uniform {
            uniform.settle(rows, for_uniform, exec)?;
        }
        let vectors = self.queries.iter_mut().zip(goals).collect();
        exec.map_items(vectors, |_, (vector, (goal, _)): (&mut Vector, _)| vector.settle(rows, goal, exec))?;
        Ok(())
    }

    /// Computes every residual anew before anything else is done with it: for use after a panic, which may have left
    /// them half written. Until then the bounds are infinite.
    pub fn distrust(&mut self) {
        self.queries.iter_mut().chain(&mut self.uniform).for_each(Vector::distrust);
    }

    fn certificate(&self) -> Certificate {
        let DynamicParams { damping, dangling, .. } = self.params;
        Certificate { damping, dangling, n_dangling: self.rows.n_dangling() }
    }

    /// Per query, a bound on the L1 error of its scores.
    #[must_use]
    pub fn error_bounds(&self) -> Vec<f64> {
        let uniform = self.uniform.as_ref().map(Vector::summary);
        let bound = |vector: &Vector| self.certificate().bound(&vector.summary(), uniform.as_ref());
        self.queries.iter().map(bound).collect()
    }

    /// The score of every node, query after query.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
    pub fn scores(&self, exec: &Exec) -> Result<Vec<f64>> {
        let n = self.n_nodes();
        let mut scores = try_zeroed("scores", n.saturating_mul(self.queries.len()))?;
        let rows: Vec<_> = scores.chunks_mut(n.max(1)).collect();
        exec.map_items(rows, |q, row| {
            exec.checkpoint(0)?;
            self.write_scores(q, row);
            Ok(())
        })?;
        Ok(scores)
    }

    /// The best nodes of every query.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `k` is 0, [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
    pub fn top(&self, k: usize, exec: &Exec) -> Result<super::Scores> {
        if k == 0 {
            return Err(Error::argument("top_k", "must be at least 1, got 0"));
        }
        let lists = exec.map(self.queries.len(), |q| {
            exec.checkpoint(0)?;
            let mut scores = try_zeroed("scores", self.n_nodes())?;
            self.write_scores(q, &mut scores);
            top_k::best(&scores, k)
        })?;
        top_k::concatenate(lists)
    }

    fn write_scores(&self, q: usize, scores: &mut [f64]) {
        scores.copy_from_slice(self.queries[q].reserve());
        let uniform = self.uniform.as_ref().map(Vector::reserve);
        self.certificate().convert(scores, |node| self.rows.is_dangling(node), uniform);
    }

    /// The graph as it is now; one pass over its arcs.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
    pub fn to_graph(&self, exec: &Exec) -> Result<Graph> {
        self.rows.to_graph(exec)
    }

    /// Number of nodes.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.rows.n_nodes()
    }

    /// Number of edges now; an undirected edge counts once.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.rows.n_edges()
    }

    /// Number of queries.
    #[must_use]
    pub fn n_queries(&self) -> usize {
        self.queries.len()
    }

    /// Arcs pushed over so far, in all queries: what the work is made of.
    #[must_use]
    pub fn n_pushed(&self) -> u64 {
        self.queries.iter().chain(&self.uniform).map(Vector::n_pushed).sum()
    }

    /// Bytes of everything but the graph it began with.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.rows.n_bytes() + self.queries.iter().chain(&self.uniform).map(Vector::n_bytes).sum::<usize>()
    }
}
