//! One query: push, finish the residual, apply the dangling rule.

use std::sync::OnceLock;

use super::Store;
use super::estimate::Estimate;
use super::query::Decomposition;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::{try_collect, try_zeroed};
use crate::numeric;
use crate::ppr::push::{KilledWalk, Pusher, Touched};
use crate::ppr::queries::Restart;
use crate::ppr::{Dangling, PprParams, Queries, Scores, pagerank, top_k};

/// How many of its best nodes a column remembers. Answers of up to a quarter as many look at no others.
pub(super) const LIST: usize = 1024;
/// Thresholds on the way to the last: each is so many times the next. Straight to the last takes twice the arcs.
const ROUNDS: [f64; 3] = [64.0, 8.0, 1.0];

/// Scratch of one query after the other.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) pusher: Pusher,
    /// Scores while fingerprints are added up, zero between queries; empty until first used.
    pub(super) scores: Vec<f64>,
    /// Roundings that what push began with had been through.
    pub(super) earlier: f64,
}

impl Scratch {
    pub(super) fn new(n_nodes: usize) -> Result<Self> {
        Ok(Self { pusher: Pusher::new(n_nodes)?, scores: Vec::new(), earlier: 0.0 })
    }
}

/// What is computed on first use and serves all later queries.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Best nodes of each column of the closure.
    pub(super) plain: OnceLock<Vec<Vec<u32>>>,
    /// The same where walkers stay at dangling nodes, whose scores are larger then.
    pub(super) stay: OnceLock<Vec<Vec<u32>>>,
    pub(super) uniform: OnceLock<Uniform>,
}

/// The killed walk from everywhere, b: what dangling nodes pass on under [`Dangling::Uniform`].
#[derive(Debug)]
pub(super) struct Uniform {
    scores: Vec<f64>,
    /// α times the score on dangling nodes.
    dangling: f64,
    /// A bound on the L1 error of the scores.
    error: f64,
    /// Best nodes.
    list: Vec<u32>,
}

/// How scores are made from an estimate: (sparse + columns) times `scale`, at dangling nodes `stay` times that, plus
/// `spread` times b.
struct Rule<'a> {
    scale: f64,
    stay: f64,
    spread: f64,
    uniform: Option<&'a Uniform>,
    bound: f64,
    /// Error of scores over error of the estimate, as for the bound but typical rather than worst.
    amplification: f64,
}

/// What all queries of a call share.
pub(super) struct Engine<'a> {
    pub(super) walk: KilledWalk<'a>,
    store: &'a Store,
    dangling: Dangling,
    pub(super) has_dangling: bool,
    pub(super) uniform: Option<&'a Uniform>,
    /// Where the best nodes that no push touched are found, if only so many are wanted.
    pub(super) lists: &'a [Vec<u32>],
}

/// One query's answer.
pub(super) struct Answer {
    /// The best nodes, if only those are wanted.
    pub(super) best: Vec<(u32, f64)>,
    pub(super) bound: f64,
    /// ‖r‖₁, as an error of scores: divided by what the answer was divided by.
    pub(super) residual: f64,
    pub(super) n_arcs: u64,
    /// Work of finishing, in arcs.
    pub(super) n_decoded: u64,
}

/// Where a query begins.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    Restart(&'a Restart),
    Kept(&'a Decomposition),
}

impl Scratch {
    pub(super) fn touched(&self) -> Result<Vec<Touched>> {
        let touched = self.pusher.touched();
        try_collect("a decomposition", touched.len(), touched)
    }
}

impl Uniform {
    pub(super) fn new(graph: &Graph, walk: KilledWalk<'_>, damping: f64, exec: &Exec) -> Result<Self> {
        let n = graph.n_nodes();
        let queries = Queries {
            offsets: vec![0, n as u64].into(),
            nodes: try_collect("nodes", n, 0u32..)?.into(),
            weights: vec![1.0; n].into(),
        };
        let params = PprParams { damping, dangling: Dangling::Absorb, tol: 1e-10, ..PprParams::default() };
        let answer = pagerank(graph, &queries, &params, exec)?;
        let error = answer.error_bounds.iter().sum();
        let Scores::Dense(scores) = answer.scores else {
            return Err(Error::argument("top_k", "was not asked for"));
        };
        let on_dangling = (0u32..).zip(&scores).filter(|&(v, _)| walk.degree(v) == 0).map(|(_, &b)| b);
        let dangling = damping * numeric::sum(on_dangling);
        let list = top_k::best(&scores, LIST)?.into_iter().map(|(node, _)| node).collect();
        Ok(Self { scores, dangling, error, list })
    }
}

/// What is asked for.
pub(super) enum Wanted<'a> {
    /// All scores, written here.
    All(&'a mut [f64]),
    /// The best so many.
    Best(usize),
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        graph: &Graph,
        walk: KilledWalk<'a>,
        store: &'a Store,
        dangling: Dangling,
        exec: &Exec,
    ) -> Result<Self> {
        let has_dangling = !graph.transition(exec)?.dangling.is_empty();
        Ok(Self { walk, store, dangling, has_dangling, uniform: None, lists: &[] })
    }

    /// Queries with near places read the same rows.
    pub(super) fn place_of(&self, start: Start<'_>) -> (usize, u32) {
        let node = match start {
            Start::Restart(restart) => restart.first().map_or(0, |&(node, _)| node),
            Start::Kept(kept) => kept.touched.first().map_or(0, |touched| touched.node),
        };
        match self.store {
            Store::Closure(closure) => (closure.cluster_of(node as usize), node),
            Store::Fingerprints(_) => (0, node),
        }
    }

    /// One query.
    pub(super) fn solve(
        &self,
        start: Start<'_>,
        eps: f64,
        wanted: Wanted<'_>,
        scratch: &mut Scratch,
        exec: &Exec,
    ) -> Result<Answer> {
        let pusher = &mut scratch.pusher;
        match start {
            Start::Restart(restart) => {
                pusher.start(self.walk, restart);
                scratch.earlier = restart.len() as f64;
            }
            Start::Kept(kept) => {
                pusher.resume(self.walk, &kept.touched);
                scratch.earlier = kept.roundings;
            }
        }
        for round in ROUNDS {
            pusher.run(self.walk, eps * round, u64::MAX, exec)?;
        }
        let (estimate, n_decoded) = match self.store {
            Store::Closure(closure) => self.close(closure, scratch)?,
            Store::Fingerprints(fingerprints) => self.trace(fingerprints, scratch)?,
        };
        let rule = self.rule(&estimate);
        let best = match wanted {
            Wanted::All(row) => {
                self.fill(&estimate, &rule, row);
                Vec::new()
            }
            Wanted::Best(k) => self.best(&estimate, &rule, k, &scratch.pusher)?,
        };
        let residual = estimate.residual * rule.amplification;
        Ok(Answer { best, bound: rule.bound, residual, n_arcs: scratch.pusher.n_arcs(), n_decoded })
    }

    fn rule(&self, estimate: &Estimate) -> Rule<'a> {
        let stop = self.walk.stop();
        let keep = Rule {
            scale: 1.0,
            stay: 1.0,
            spread: 0.0,
            uniform: self.uniform,
            bound: estimate.bound,
            amplification: 1.0,
        };
        match self.dangling {
            Dangling::Restart => {
                // Without dangling nodes no mass is lost.
                let least = if self.has_dangling { estimate.least_mass } else { 1.0 };
                let scale = 1.0 / estimate.mass;
                let bound = (2.0 * estimate.bound / least).min(2.0);
                Rule { scale, bound, amplification: scale, ..keep }
            }
            Dangling::Stay if self.has_dangling => {
                Rule { stay: 1.0 / stop, bound: estimate.bound / stop, amplification: 1.0 / stop, ..keep }
            }
            Dangling::Uniform => match self.uniform {
                // Mass that does not reach dangling nodes in b is 1 - D(b) / c.
                Some(uniform) if self.has_dangling => {
                    let spread = (1.0 - stop) * estimate.dangling / (stop - uniform.dangling);
                    // An error of b changes what is passed on, and by D(b) how much of it.
                    let passed = spread * uniform.error * (1.0 + (1.0 - stop) / stop);
                    let bound = estimate.bound / stop + passed + 1e-12;
                    Rule { spread, bound, amplification: 1.0 / stop, ..keep }
                }
                _ => keep,
            },
            Dangling::Stay | Dangling::Absorb => keep,
        }
    }

    /// Scores of a node: of its sparse part and the columns' part together, by the rule.
    #[inline]
    fn score(&self, rule: &Rule<'_>, node: u32, killed: f64) -> f64 {
        let stay = if rule.stay > 1.0 && self.walk.degree(node) == 0 { rule.stay } else { 1.0 };
        let passed = rule.uniform.map_or(0.0, |uniform| rule.spread * uniform.scores[node as usize]);
        killed * stay * rule.scale + passed
    }

    /// All scores.
    fn fill(&self, estimate: &Estimate, rule: &Rule<'_>, row: &mut [f64]) {
        if let Store::Closure(closure) = self.store {
            let coefficients = narrow(&estimate.coefficients);
            for (v, score) in row.iter_mut().enumerate() {
                *score = closure.at(v, &coefficients);
            }
        }
        for &(node, score) in &estimate.sparse {
            row[node as usize] += score;
        }
        for (node, score) in (0u32..).zip(row) {
            *score = self.score(rule, node, *score);
        }
    }

    /// The `k` best nodes.
    fn best(
        &self,
        estimate: &Estimate,
        rule: &Rule<'_>,
        k: usize,
        pusher: &Pusher,
    ) -> Result<Vec<(u32, f64)>> {
        let is_listed = match self.store {
            Store::Closure(_) => !self.lists.is_empty(),
            Store::Fingerprints(_) => rule.spread == 0.0 || k <= LIST / 4,
        };
        if !is_listed {
            let mut row = try_zeroed("scores", self.walk.n_nodes())?;
            self.fill(estimate, rule, &mut row);
            return top_k::best(&row, k);
        }
        let coefficients = narrow(&estimate.coefficients);
        let column_part = |node: u32| match self.store {
            Store::Closure(closure) => closure.at(node as usize, &coefficients),
            Store::Fingerprints(_) => 0.0,
        };
        let mut best = top_k::Best::new(k);
        for &(node, score) in &estimate.sparse {
            best.offer(node, self.score(rule, node, score + column_part(node)));
        }
        // Of nodes without a sparse part, the best of one column are among its list. With several, a node that is in
        // the list of none could still have the largest sum: those are not looked for.
        let uniform = rule.uniform.filter(|_| rule.spread > 0.0).map(|uniform| &uniform.list[..]);
        let columns = self.lists.iter().zip(&estimate.coefficients).filter(|&(_, &r)| r > 0.0);
        let lists = columns.map(|(list, _)| &list[..]).chain(uniform);
        let mut traced: Vec<u32> = match (self.store, uniform) {
            (Store::Fingerprints(_), Some(_)) => estimate.sparse.iter().map(|&(node, _)| node).collect(),
            _ => Vec::new(),
        };
        traced.sort_unstable();
        let is_sparse = |node: u32| match self.store {
            Store::Closure(_) => pusher.has_touched(node),
            Store::Fingerprints(_) => traced.binary_search(&node).is_ok(),
        };
        let mut others: Vec<u32> = Vec::new();
        for list in lists {
            others.extend(list.iter().copied().filter(|&node| !is_sparse(node)).take(k));
        }
        others.sort_unstable();
        others.dedup();
        for node in others {
            best.offer(node, self.score(rule, node, column_part(node)));
        }
        Ok(best.into_ranked())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "columns hold 32-bit floats; the rounding is in the bound"
)]
fn narrow(coefficients: &[f64]) -> Vec<f32> {
    coefficients.iter().map(|&r| r as f32).collect()
}
