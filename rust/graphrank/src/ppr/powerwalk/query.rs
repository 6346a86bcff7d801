//! Batches of queries, spread over the threads.

use super::engine::{Answer, Engine, LIST, Scratch, Start, Uniform, Wanted};
use super::{PowerWalkIndex, Store};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::{Graph, get_or_try_init};
use crate::memory::try_zeroed;
use crate::ppr::push::{KilledWalk, Touched};
use crate::ppr::{Dangling, Queries, Scores, top_k};

/// Queries of a unit of parallel work, at most.
const UNIT: usize = 32;
/// What to answer.
#[derive(Clone, Debug)]
pub struct PowerWalkQuery {
    /// Push stops where no node holds more residual than this per arc; half the error takes two to four times as long.
    pub eps: f64,
    /// Where a walker at a node without a way out goes.
    pub dangling: Dangling,
    /// Return only so many of the best nodes of each query.
    pub top_k: Option<usize>,
    /// Keep the decompositions, so that the answer can be refined: 32 bytes per touched node and query.
    pub keep: bool,
}

impl Default for PowerWalkQuery {
    fn default() -> Self {
        Self { eps: 1e-5, dangling: Dangling::Restart, top_k: None, keep: false }
    }
}

impl PowerWalkQuery {
    fn validate(&self) -> Result<()> {
        if !(self.eps > 0.0 && self.eps < f64::INFINITY) {
            return Err(Error::argument("eps", format!("must be a positive number, got {}", self.eps)));
        }
        if self.top_k == Some(0) {
            return Err(Error::argument("top_k", "must be at least 1, got 0"));
        }
        Ok(())
    }
}

/// What push settled and left of one query.
#[derive(Clone, Debug)]
pub struct Decomposition {
    pub(super) touched: Vec<Touched>,
    /// That followed each other until here.
    pub(super) roundings: f64,
    /// Of the walk and the graph that it is of.
    damping: f64,
    graph_hash: u64,
}

/// Scores of a batch of queries.
#[derive(Clone, Debug)]
pub struct PowerWalkAnswer {
    /// The scores.
    pub scores: Scores,
    /// Per query, a proven bound on the L1 error of its full vector of scores.
    pub error_bounds: Vec<f64>,
    /// Per query, what that error is likely to be: its residual times the error per residual measured at this `eps`.
    pub estimated_errors: Vec<f64>,
    /// Per query, arcs that were pushed over.
    pub n_arcs: Vec<u64>,
    /// Per query, if kept, what can be refined.
    pub kept: Vec<Decomposition>,
}

impl PowerWalkIndex {
    /// Scores of every query in a batch.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a parameter out of range or another graph, [`Error::InvalidData`] for a restart
    /// that is not a distribution over nodes, [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
    ///
    /// # Complexity
    /// At most 1 / ((1 - `damping`) `eps`) arcs per query, whatever the size of the graph, and then: per touched node,
    /// a row of the closure, or the fingerprints of the touched nodes. Without `top_k`, a pass over all nodes.
    pub fn query(
        &self,
        graph: &Graph,
        queries: &Queries<'_>,
        query: &PowerWalkQuery,
        exec: &Exec,
    ) -> Result<PowerWalkAnswer> {
        query.validate()?;
        self.check_graph(graph, exec)?;
        let restarts = queries.normalised(graph.n_nodes())?;
        let starts: Vec<Start<'_>> = restarts.iter().map(Start::Restart).collect();
        self.answer(graph, &starts, query, exec)
    }

    /// Goes on where answers that kept their decompositions stopped, to a smaller `eps`. Where none holds more than
    /// `eps` per arc, nothing is pushed.
    ///
    /// # Errors
    /// As [`PowerWalkIndex::query`]; [`Error::InvalidArgument`] for an answer of an index of another graph or damping.
    pub fn refine(
        &self,
        graph: &Graph,
        kept: &[Decomposition],
        query: &PowerWalkQuery,
        exec: &Exec,
    ) -> Result<PowerWalkAnswer> {
        query.validate()?;
        self.check_graph(graph, exec)?;
        let is_own = |kept: &Decomposition| {
            kept.graph_hash == self.graph_hash && kept.damping.to_bits() == self.params.damping.to_bits()
        };
        if !kept.iter().all(is_own) {
            let problem = "must come from this index, or one of the same graph and damping";
            return Err(Error::argument("answer", problem));
        }
        let starts: Vec<Start<'_>> = kept.iter().map(Start::Kept).collect();
        self.answer(graph, &starts, query, exec)
    }

    fn answer(
        &self,
        graph: &Graph,
        starts: &[Start<'_>],
        query: &PowerWalkQuery,
        exec: &Exec,
    ) -> Result<PowerWalkAnswer> {
        let n = graph.n_nodes();
        let engine = self.engine(graph, query, exec)?;
        let mut dense = match query.top_k {
            None => try_zeroed("scores", n.saturating_mul(starts.len()))?,
            Some(_) => Vec::new(),
        };
        // Neighbours one after the other: they read the same rows.
        let mut order: Vec<usize> = (0..starts.len()).collect();
        order.sort_by_cached_key(|&q| engine.place_of(starts[q]));
        let mut wanted: Vec<Option<Wanted<'_>>> = match query.top_k {
            None => dense.chunks_mut(n.max(1)).map(|row| Some(Wanted::All(row))).collect(),
            Some(k) => starts.iter().map(|_| Some(Wanted::Best(k))).collect(),
        };
        let mut jobs: Vec<_> = order.iter().filter_map(|&q| Some((q, wanted[q].take()?))).collect();
        let unit = starts.len().div_ceil(UNIT).clamp(1, UNIT);
        let mut units = Vec::new();
        while !jobs.is_empty() {
            units.push(jobs.split_off(jobs.len().saturating_sub(unit)));
        }
        exec.expect_units(starts.len() as u64);
        let parts = exec.map_items(units, |_, jobs| {
            let mut scratch = self.lease(n)?;
            let mut answers = Vec::with_capacity(jobs.len());
            for (q, wanted) in jobs {
                let answer = engine.solve(starts[q], query.eps, wanted, &mut scratch, exec)?;
                let kept = query.keep.then(|| self.decomposition(&engine, &scratch)).transpose()?;
                answers.push((q, answer, kept));
                exec.checkpoint(1)?;
            }
            self.give_back(scratch);
            Ok(answers)
        })?;
        let mut answers: Vec<_> = parts.into_iter().flatten().collect();
        answers.sort_by_key(|&(q, ..)| q);
        self.collect(answers, dense, query)
    }

    fn decomposition(&self, engine: &Engine<'_>, scratch: &Scratch) -> Result<Decomposition> {
        Ok(Decomposition {
            touched: scratch.touched()?,
            roundings: engine.roundings(scratch),
            damping: self.params.damping,
            graph_hash: self.graph_hash,
        })
    }

    fn collect(
        &self,
        answers: Vec<(usize, Answer, Option<Decomposition>)>,
        dense: Vec<f64>,
        query: &PowerWalkQuery,
    ) -> Result<PowerWalkAnswer> {
        let per_residual = self.error_per_residual(query.eps);
        let (mut error_bounds, mut estimated_errors) = (Vec::new(), Vec::new());
        let (mut n_arcs, mut kept, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for (_, answer, decomposition) in answers {
            error_bounds.push(answer.bound);
            estimated_errors.push((per_residual * answer.residual).min(answer.bound));
            n_arcs.push(answer.n_arcs);
            kept.extend(decomposition);
            lists.push(answer.best);
        }
        let scores = if query.top_k.is_some() { top_k::concatenate(lists)? } else { Scores::Dense(dense) };
        Ok(PowerWalkAnswer { scores, error_bounds, estimated_errors, n_arcs, kept })
    }

    /// Makes what the first query would have to wait for.
    pub(super) fn prepare(&self, graph: &Graph, exec: &Exec) -> Result<()> {
        let usual = PowerWalkQuery { top_k: Some(1), ..PowerWalkQuery::default() };
        self.engine(graph, &usual, exec).map(|_| ())
    }

    fn engine<'a>(&'a self, graph: &'a Graph, query: &PowerWalkQuery, exec: &Exec) -> Result<Engine<'a>> {
        let damping = self.params.damping;
        let walk = KilledWalk::new(graph, damping, exec)?;
        let uniform = if query.dangling == Dangling::Uniform {
            Some(get_or_try_init(&self.lists.uniform, || Uniform::new(graph, walk, damping, exec))?)
        } else {
            None
        };
        let lists = match (&self.store, query.top_k) {
            (Store::Closure(closure), Some(k)) if k <= LIST / 4 => {
                let stay = query.dangling == Dangling::Stay;
                let cell = if stay { &self.lists.stay } else { &self.lists.plain };
                let factor = if stay { 1.0 / (1.0 - damping) } else { 1.0 };
                let scale = |node: u32| if walk.degree(node) == 0 { factor } else { 1.0 };
                &get_or_try_init(cell, || closure.top_lists(LIST, scale, exec))?[..]
            }
            _ => &[],
        };
        let mut engine = Engine::new(graph, walk, &self.store, query.dangling, exec)?;
        (engine.uniform, engine.lists) = (uniform, lists);
        Ok(engine)
    }
}
