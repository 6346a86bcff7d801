//! Power iteration: x ← c s + α x P′ until the certified error is small enough.
//!
//! P′ is the walk with dangling nodes sent where [`Dangling`] says. From one sweep to the next the error shrinks by
//! at least α, and in graphs that mix fast by much more.
//!
//! # What is stored
//! Between sweeps only z lives: z(u) = x(u) / degree(u), what u sends along each arc (x itself where arcs have
//! probabilities of their own). No arc gathers from a dangling node, so z holds x there. Where dangling nodes absorb
//! the walker or keep it, their score plays no part in any other: z is 0 there until the end, when one more gather
//! gives it; a walker that stays is solved for exactly, π(v) c = what flows in.
//!
//! # Certificate
//! Let y be the sweep after x. Then y - π = α (x - π) P′, so the residual of y is at most α |y - x|, and its L1 error
//! at most α |y - x| / c. What rounding adds is counted: a score is off by the roundings of the sum over its arcs, taken
//! in blocks, and a few more; weighted by score they join the bound. Tests compare it with dense solves.
//!
//! # Cost
//! A sweep streams 4 bytes per arc (12 with probabilities) and gathers one 8-byte value per arc; per node it streams
//! 8 (offset), 8 (z) and 12 (degree and its inverse) and writes 8. A sparse product of doubles streams 12 per arc. The gather takes
//! the time once z (8 bytes per node) leaves the second-level cache: arcs are then answered by the third level, a few
//! nanoseconds each, many at once.

use std::ops::Range;

use super::answer::Solution;
use super::queries::Restart;
use super::stop::StopRule;
use super::sweep::{compare, gather, gather_weighted, roundings_of_row, scale_and_compare};
use super::{Dangling, Method, PprParams, top_k};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::{Arcs, Graph, Steps, Transition, usize_of};
use crate::memory::{Buffer, try_collect};
use crate::numeric;

/// Half the distance from 1 to the next float: the largest relative error of one rounding.
const ROUNDING: f64 = f64::EPSILON / 2.0;
/// Roundings that a score goes through besides the sum over its arcs: restart share (a quotient of compensated sums),
/// score on dangling nodes (a compensated sum), probability or inverse degree, damping, and the way from z to score.
const ROUNDINGS_BESIDES: usize = 14;
/// |y - x| is summed within chunks of at most 8,192 rows in four parts, each off by at most 2,048 roundings.
const CHANGE_MARGIN: f64 = 1.0 + 4096.0 * f64::EPSILON;

/// What all queries on a graph share.
pub(super) struct Walk<'g> {
    graph: &'g Graph,
    incoming: Arcs<'g>,
    transition: &'g Transition,
    chunks: Vec<Chunk<'g>>,
    damping: f64,
    dangling: Dangling,
}

/// Consecutive rows that one unit of work sweeps, and the dangling nodes among them.
struct Chunk<'g> {
    rows: Range<usize>,
    dangling: &'g [u32],
}

/// What a sweep tells about a chunk.
struct Partial {
    /// Sum of |y - x|.
    change: f64,
    /// Score of y on dangling nodes that pass it on.
    dangling: f64,
}

/// What a sweep adds to what flows along arcs.
struct Inflow {
    /// Times the restart distribution.
    restart: f64,
    /// To every node.
    uniform: f64,
}

impl<'g> Walk<'g> {
    pub(super) fn new(graph: &'g Graph, params: &PprParams, exec: &Exec) -> Result<Self> {
        let incoming = graph.incoming(exec)?;
        let transition = graph.transition(exec)?;
        let with_dangling = |rows: Range<usize>| {
            let [start, end] = [rows.start, rows.end].map(|bound| below(&transition.dangling, bound));
            Chunk { rows, dangling: &transition.dangling[start..end] }
        };
        Ok(Self {
            graph,
            incoming: incoming.arcs(),
            transition,
            chunks: incoming.row_chunks().into_iter().map(with_dangling).collect(),
            damping: params.damping,
            dangling: params.dangling,
        })
    }

    pub(super) fn n_nodes(&self) -> usize {
        self.graph.n_nodes()
    }

    /// Whether score on dangling nodes returns to other nodes.
    fn passes_on(&self) -> bool {
        matches!(self.dangling, Dangling::Restart | Dangling::Uniform)
    }

    fn inflow(&self, dangling_score: f64) -> Inflow {
        let restart = 1.0 - self.damping;
        let returned = self.damping * dangling_score;
        match self.dangling {
            Dangling::Restart => Inflow { restart: restart + returned, uniform: 0.0 },
            Dangling::Uniform => Inflow { restart, uniform: returned / self.n_nodes() as f64 },
            Dangling::Stay | Dangling::Absorb => Inflow { restart, uniform: 0.0 },
        }
    }

    /// One sweep: from z to `next`.
    fn sweep(
        &self,
        restart: &Restart,
        dangling_score: f64,
        z: &[f64],
        next: &mut [f64],
        exec: &Exec,
    ) -> Result<Partial> {
        let inflow = self.inflow(dangling_score);
        let mut parts = Vec::with_capacity(self.chunks.len());
        let mut rest = next;
        for chunk in &self.chunks {
            let (part, tail) = rest.split_at_mut(chunk.rows.len());
            parts.push(part);
            rest = tail;
        }
        let partials = exec.map_items(parts, |c, part| {
            exec.checkpoint(0)?;
            Ok(self.sweep_chunk(&self.chunks[c], restart, &inflow, z, part))
        })?;
        Ok(Partial {
            change: numeric::sum(partials.iter().map(|p| p.change)),
            dangling: numeric::sum(partials.iter().map(|p| p.dangling)),
        })
    }

    fn sweep_chunk(
        &self,
        chunk: &Chunk<'_>,
        restart: &Restart,
        inflow: &Inflow,
        z: &[f64],
        next: &mut [f64],
    ) -> Partial {
        let rows = chunk.rows.clone();
        let finish = |sum: f64| self.damping * sum + inflow.uniform;
        match &self.transition.steps {
            Steps::Uniform { .. } => gather(self.incoming, rows.clone(), z, next, finish),
            Steps::Weighted { probabilities, .. } => {
                gather_weighted(self.incoming, rows.clone(), z, probabilities, next, finish);
            }
        }
        let first = restart.partition_point(|&(node, _)| (node as usize) < rows.start);
        for &(node, share) in restart[first..].iter().take_while(|&&(node, _)| (node as usize) < rows.end) {
            next[node as usize - rows.start] += inflow.restart * share;
        }
        let at = |&node: &u32| node as usize - rows.start;
        let dangling = if self.passes_on() {
            numeric::sum(chunk.dangling.iter().map(|node| next[at(node)]))
        } else {
            chunk.dangling.iter().for_each(|node| next[at(node)] = 0.0);
            0.0
        };
        let z = &z[rows.clone()];
        let change = match &self.transition.steps {
            Steps::Uniform { degrees, inverses } => {
                scale_and_compare(&degrees[rows.clone()], &inverses[rows], z, next)
            }
            Steps::Weighted { .. } => compare(z, next),
        };
        Partial { change, dangling }
    }

    /// From z to scores, in place.
    fn scores_of(&self, restart: &Restart, mut z: Vec<f64>) -> Vec<f64> {
        if !self.passes_on() {
            let stay = if self.dangling == Dangling::Stay { 1.0 / (1.0 - self.damping) } else { 1.0 };
            for &node in &self.transition.dangling {
                let v = node as usize;
                let mut flow = [0.0];
                let finish = |sum: f64| self.damping * sum;
                match &self.transition.steps {
                    Steps::Uniform { .. } => gather(self.incoming, v..v + 1, &z, &mut flow, finish),
                    Steps::Weighted { probabilities, .. } => {
                        gather_weighted(self.incoming, v..v + 1, &z, probabilities, &mut flow, finish);
                    }
                }
                let restarts = restart.binary_search_by_key(&node, |&(node, _)| node);
                let restarted = restarts.map_or(0.0, |at| (1.0 - self.damping) * restart[at].1);
                // Nothing gathers from a dangling node, so its score can be written among the z still being read.
                z[v] = (flow[0] + restarted) * stay;
            }
        }
        if let Steps::Uniform { degrees, .. } = &self.transition.steps {
            for (z, &degree) in z.iter_mut().zip(degrees) {
                *z *= f64::from(degree);
            }
        }
        z
    }

    /// Bound on what rounding adds to the L1 error of `scores`.
    fn rounding_error(&self, scores: &[f64]) -> f64 {
        let roundings = |v: usize| {
            let in_degree = usize_of(self.incoming.offsets[v + 1] - self.incoming.offsets[v]);
            (roundings_of_row(in_degree) + ROUNDINGS_BESIDES) as f64
        };
        let total = numeric::sum(scores.iter().enumerate().map(|(v, score)| score * roundings(v)));
        ROUNDING * total / (1.0 - self.damping)
    }
}

/// Nodes of a rising list that are below `bound`.
fn below(nodes: &[u32], bound: usize) -> usize {
    nodes.partition_point(|&node| (node as usize) < bound)
}

/// Scores of one query.
pub(super) fn solve(walk: &Walk<'_>, restart: &Restart, params: &PprParams, exec: &Exec) -> Result<Solution> {
    // Where scores add up to 1, this is the least that `rounding_error` can say.
    let least_bound = ROUNDING * ROUNDINGS_BESIDES as f64 / (1.0 - params.damping);
    if least_bound > params.tol && params.dangling != Dangling::Absorb {
        return Err(Error::beyond_rounding(params.tol, least_bound, 0));
    }
    let (mut z, mut dangling_score) = start(walk, restart)?;
    let mut next = Buffer::zeroed("scores of the next sweep", walk.n_nodes())?;
    let amplification = CHANGE_MARGIN * params.damping / (1.0 - params.damping);
    // Truncation can be brought down to about what rounding adds, if `tol` leaves room for no more.
    let most = params.sweeps_until(params.tol.min(4.0 * f64::EPSILON / (1.0 - params.damping)));
    let (mut truncation, mut last_rounding) = (f64::INFINITY, 0.0);
    let mut rule = StopRule::after_sweeps(params);
    for iterations in 1..=most {
        let told = walk.sweep(restart, dangling_score, &z, &mut next, exec)?;
        dangling_score = told.dangling;
        std::mem::swap(&mut z, &mut next);
        truncation = amplification * told.change;
        if truncation + last_rounding > params.tol && !rule.is_early() {
            continue;
        }
        let scores = walk.scores_of(restart, try_collect("scores", z.len(), z.iter().copied())?);
        last_rounding = walk.rounding_error(&scores);
        let error_bound = truncation + last_rounding;
        if error_bound <= params.tol || may_stop(&mut rule, &scores, error_bound, params)? {
            return Ok(Solution { scores, error_bound, iterations, method: Method::Power });
        }
        if last_rounding > params.tol {
            return Err(Error::beyond_rounding(params.tol, error_bound, iterations));
        }
    }
    Err(Error::beyond_rounding(params.tol, truncation + last_rounding, most))
}

fn may_stop(rule: &mut StopRule, scores: &[f64], error_bound: f64, params: &PprParams) -> Result<bool> {
    let Some(k) = params.top_k.filter(|_| rule.is_early()) else { return Ok(false) };
    let top = top_k::top(scores, k)?;
    let is_certified = top.is_certified(k, scores.len(), error_bound);
    Ok(rule.may_stop(&top, is_certified))
}

/// z of the restart distribution itself, and its score on dangling nodes that pass it on.
fn start(walk: &Walk<'_>, restart: &Restart) -> Result<(Buffer<f64>, f64)> {
    let mut z = Buffer::<f64>::zeroed("scores", walk.n_nodes())?;
    let mut dangling_score = 0.0;
    for &(node, share) in restart {
        let is_dangling = walk.transition.dangling.binary_search(&node).is_ok();
        if is_dangling && !walk.passes_on() {
            continue;
        }
        dangling_score += if is_dangling { share } else { 0.0 };
        z[node as usize] = match &walk.transition.steps {
            Steps::Uniform { inverses, .. } => share * inverses[node as usize],
            Steps::Weighted { .. } => share,
        };
    }
    Ok((z, dangling_score))
}
