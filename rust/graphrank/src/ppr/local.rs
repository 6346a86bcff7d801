//! Exact answers from forward push alone, for queries whose walks stay nearby.
//!
//! A page of a web site may reach 44 others of a third of a million; solvers that sweep over all arcs spend their time on
//! zeros. Push finds such answers in microseconds, and those that reach far use up a small budget and are left to the
//! solvers.
//!
//! # Estimate and bound
//! With reserve p and residual r of the killed walk, a = p + r G >= p + c r, so the estimate is p + c r: what it misses
//! are walkers that go on at least once, and δ = α ‖r‖₁ bounds its L1 error. From a to the rule for dangling nodes, as
//! everywhere:
//!
//! | rule | scores | L1 error at most |
//! |---|---|---|
//! | absorb, or no dangling nodes | a | δ |
//! | stay | a, divided by c at dangling nodes | δ, since a walker under way ends up somewhere once |
//! | restart | a / ‖a‖₁ | 2 δ / ‖p‖₁ |
//! | uniform | not here: it needs the scores of a uniform restart | |
//!
//! # Certified lists
//! No score is above its estimate by more than δ, and where walks are symmetric (undirected, unweighted), d(u) G(u, v) =
//! d(v) G(v, u) gives (r G)(v) <= d(v) max r(u) / d(u), which stops far earlier. Dividing by the sum changes no order.
//!
//! # Rounding
//! Push only adds, multiplies and divides what is not negative. So whatever is off by rounding is off by at most the
//! roundings that followed each other, each relative to the result: one per arc pushed over, and some per push.

use std::sync::Mutex;

use super::push::{KilledWalk, Pusher};
use super::stop::StopRule;
use super::top_k::{Top, top_of};
use super::{Dangling, Method, PprParams};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::try_with_capacity;
use crate::numeric;

/// Half the distance from 1 to the next float: the largest relative error of one rounding.
const ROUNDING: f64 = f64::EPSILON / 2.0;
/// Roundings per push besides one per arc: probability of an arc, its product with what passes on, reserve; and after the
/// last push the conversion. A loop adds 2 / c, since visits divide by 1 - α P(u, u) >= c.
const ROUNDINGS_OF_PUSH: f64 = 16.0;
/// Before a solver sweeps over all arcs some 20 times, push may go over an eighth of them once; an arc then costs some
/// 5 times what it costs in a sweep, which makes 3 % for queries that reach far.
const BUDGET_SHARE: u64 = 8;
/// Times that a restart node is pushed by and large, at the least, where walks return: if their arcs alone use up the
/// budget, push is not even tried.
const LEAST_PUSHES: u64 = 8;
/// Arcs that are pushed over faster than a solver is set up.
const LEAST_BUDGET: u64 = 256;

/// An answer that lists only nodes that were reached.
pub(super) struct Local {
    /// Nodes of positive score in the order in which they were reached, and their scores.
    pub(super) scores: Vec<(u32, f64)>,
    pub(super) error_bound: f64,
    /// Whether the best nodes, where those were asked for, are proven to be that as a set.
    pub(super) is_certified: bool,
    /// How often the work would go over all arcs, rounded up.
    pub(super) iterations: u32,
}

/// What to do where the rounding of push, which adds up over many small steps, forbids `tol`.
const OTHERS: &str = "that is the limit of \"push\": use method \"auto\", or ask for a larger `tol`";

/// Pushes for the queries of a batch.
#[derive(Clone, Copy)]
pub(super) struct LocalSolver<'g> {
    walk: KilledWalk<'g>,
    scratch: &'g Scratch,
    params: &'g PprParams,
    rule: Dangling,
    most_arcs: u64,
}

impl<'g> LocalSolver<'g> {
    /// `None` where push is not asked for or does not suit.
    pub(super) fn new(graph: &'g Graph, params: &'g PprParams, exec: &Exec) -> Result<Option<Self>> {
        let most_arcs = match params.method {
            Method::Auto => LEAST_BUDGET + graph.n_arcs() as u64 / BUDGET_SHARE,
            Method::Push => u64::MAX,
            _ => return Ok(None),
        };
        let rule = match params.dangling {
            _ if graph.transition(exec)?.dangling.is_empty() => Dangling::Absorb,
            Dangling::Uniform if params.method == Method::Push => {
                let problem =
                    "\"push\" cannot spread what reaches dangling nodes over all nodes; use \"auto\"";
                return Err(Error::argument("method", problem));
            }
            Dangling::Uniform => return Ok(None),
            rule => rule,
        };
        let walk = KilledWalk::new(graph, params.damping, exec)?;
        Ok(Some(Self { walk, scratch: graph.scratch(), params, rule, most_arcs }))
    }

    /// The same with a budget of `most_arcs` if that is smaller.
    pub(super) fn within(self, most_arcs: u64) -> Self {
        Self { most_arcs: most_arcs.min(self.most_arcs), ..self }
    }

    /// The answer, if it takes no more arcs than allowed.
    ///
    /// # Errors
    /// [`Error::DidNotConverge`] if rounding forbids `tol`.
    pub(super) fn solve(&self, restart: &[(u32, f64)], exec: &Exec) -> Result<Option<Local>> {
        let n_arcs: u64 = restart.iter().map(|&(node, _)| u64::from(self.walk.degree(node))).sum();
        if self.params.method == Method::Auto && n_arcs.saturating_mul(LEAST_PUSHES) > self.most_arcs {
            return Ok(None);
        }
        let mut pusher = self.scratch.take(self.walk.n_nodes())?;
        pusher.start(self.walk, restart);
        let outcome = self.settle(&mut pusher, exec);
        self.scratch.give_back(pusher);
        outcome
    }

    fn settle(&self, pusher: &mut Pusher, exec: &Exec) -> Result<Option<Local>> {
        let tol = self.params.tol;
        let mut stop = StopRule::after_rounds(self.params);
        // Right if nearly all mass becomes score; if less does, the bound says by how much to go on.
        let scale = if self.rule == Dangling::Restart { 2.0 } else { 1.0 };
        let mut goal = (0.9 * tol / scale).min(0.5);
        loop {
            while pusher.residual() > goal {
                let errors = self.errors(pusher);
                if pusher.n_pushes() > 0 && errors.amplification * errors.rounding >= 0.5 * tol {
                    let bound = errors.amplification * (errors.truncation + errors.rounding);
                    return Err(self.beyond_rounding(pusher, bound));
                }
                if !pusher.round(self.walk, goal, self.most_arcs, exec)? {
                    return Ok(None);
                }
                if stop.is_early() && self.may_stop(pusher, &mut stop)? {
                    return self.finish(pusher).map(Some);
                }
            }
            let errors = self.errors(pusher);
            let error_bound = errors.amplification * (errors.truncation + errors.rounding);
            if error_bound <= tol {
                return self.finish(pusher).map(Some);
            }
            if errors.amplification * errors.rounding >= 0.5 * tol {
                return Err(self.beyond_rounding(pusher, error_bound));
            }
            goal *= (0.5 * tol / (errors.amplification * errors.truncation)).min(0.5);
        }
    }

    fn may_stop(&self, pusher: &Pusher, stop: &mut StopRule) -> Result<bool> {
        let Some(k) = self.params.top_k else { return Ok(false) };
        let estimates = self.estimates(pusher)?;
        let top = top_of(estimates.clone(), k);
        let is_certified = self.is_certified(pusher, &estimates, &top, k);
        Ok(stop.may_stop(&top, is_certified))
    }

    fn finish(&self, pusher: &Pusher) -> Result<Local> {
        let errors = self.errors(pusher);
        let mut scores = self.estimates(pusher)?;
        let is_certified = self.params.top_k.is_some_and(|k| {
            let top = top_of(scores.clone(), k);
            self.is_certified(pusher, &scores, &top, k)
        });
        if self.rule == Dangling::Restart {
            let mass = numeric::sum(scores.iter().map(|&(_, score)| score));
            scores.iter_mut().for_each(|(_, score)| *score /= mass);
        }
        Ok(Local {
            scores,
            error_bound: errors.amplification * (errors.truncation + errors.rounding),
            is_certified,
            iterations: self.iterations(pusher),
        })
    }

    fn beyond_rounding(&self, pusher: &Pusher, bound: f64) -> Error {
        Error::DidNotConverge {
            argument: "tol",
            tol: self.params.tol,
            bound,
            iterations: self.iterations(pusher),
            remedy: OTHERS,
        }
    }

    fn iterations(&self, pusher: &Pusher) -> u32 {
        let iterations = pusher.n_arcs().div_ceil(self.walk.n_arcs().max(1));
        u32::try_from(iterations).unwrap_or(u32::MAX)
    }

    fn errors(&self, pusher: &Pusher) -> Errors {
        let mass = numeric::sum(pusher.touched().map(|touched| touched.reserve));
        let residual = pusher.residual();
        let (amplification, size) = match self.rule {
            Dangling::Restart => (2.0 / mass, mass + residual),
            _ => (1.0, 1.0),
        };
        let relative = relative_rounding(roundings(self.walk, pusher));
        let truncation = (1.0 - self.walk.stop()) * residual * (1.0 + 4.0 * relative);
        Errors { truncation, rounding: relative * size, amplification }
    }

    /// p + c r where that is positive, before it is divided by its sum.
    fn estimates(&self, pusher: &Pusher) -> Result<Vec<(u32, f64)>> {
        let touched = pusher.touched();
        let stop = self.walk.stop();
        let mut estimates = try_with_capacity("scores of reached nodes", touched.len())?;
        for touched in touched {
            let score = touched.reserve + stop * touched.residual;
            let stays = self.rule == Dangling::Stay && self.walk.is_dangling(touched.node);
            if score > 0.0 {
                estimates.push((touched.node, if stays { score / stop } else { score }));
            }
        }
        Ok(estimates)
    }

    /// Whether no node outside `top` can have a score as high as those inside.
    fn is_certified(&self, pusher: &Pusher, estimates: &[(u32, f64)], top: &Top, k: usize) -> bool {
        let Some(&(last_node, last)) = top.list.last() else { return false };
        let is_closed = pusher.is_closed();
        if top.list.len() < k {
            return is_closed || top.list.len() == self.walk.n_nodes();
        }
        let errors = self.errors(pusher);
        let (steepest, _) = pusher.steepest_and_volume();
        // Estimates are never too high, so all of what is missing is room for a node to rise.
        let room = |node: u32| match self.walk.symmetric_degree(node) {
            Some(degree) => errors.truncation.min(steepest * f64::from(degree)),
            None => errors.truncation,
        };
        let is_outside = |&&(node, score): &&(u32, f64)| score < last || (score == last && node > last_node);
        let highest = estimates.iter().filter(is_outside).map(|&(node, score)| score + room(node));
        let unseen = if is_closed { 0.0 } else { errors.truncation };
        last > highest.fold(unseen, f64::max) + 2.0 * errors.rounding
    }
}

/// How many roundings can have followed each other in what push settled and left.
pub(super) fn roundings(walk: KilledWalk<'_>, pusher: &Pusher) -> f64 {
    let per_push = ROUNDINGS_OF_PUSH + 2.0 / walk.stop();
    pusher.n_arcs() as f64 + (pusher.n_pushes() as f64 + 1.0) * per_push
}

/// The relative error of a sum of products of what is not negative, after so many roundings.
pub(super) fn relative_rounding(roundings: f64) -> f64 {
    1.01 * ROUNDING * roundings
}

/// Bounds on the L1 errors of the estimates before they are divided by their sum, and what that makes of them at most.
struct Errors {
    truncation: f64,
    rounding: f64,
    amplification: f64,
}

/// Scratch of a graph, kept from one query to the next: as much as was ever in use at once.
#[derive(Default)]
pub(crate) struct Scratch(Mutex<Vec<Pusher>>);

impl Scratch {
    /// Never waits: in a forked child, nobody may be left to unlock.
    fn take(&self, n_nodes: usize) -> Result<Pusher> {
        let idle = self.0.try_lock().ok().and_then(|mut idle| idle.pop());
        idle.map_or_else(|| Pusher::new(n_nodes), Ok)
    }

    fn give_back(&self, pusher: Pusher) {
        if let Ok(mut idle) = self.0.try_lock() {
            idle.push(pusher);
        }
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}
