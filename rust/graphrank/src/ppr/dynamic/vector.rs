//! One vector of the killed walk, kept within a certified distance while the rows under it change.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | s | `restart` | where the walk begins |
//! | a | | the exact vector, s G with G = c Σ αᵏ Pᵏ |
//! | p | `reserve` | the vector that is kept |
//! | r | `residual` | s - (p - α p P) / c |
//! | W | | sum of a row's weights |
//!
//! # Invariant
//! a = p + r G, for any p at all: r is defined by p. So ‖a - p‖₁ <= ‖r‖₁, since the rows of G sum to at most 1.
//!
//! # When a row changes
//! r follows its definition. For the row of u, from P to P′, with p(u) scaled to p′(u):
//! r(u) -= (p′(u) - p(u)) / c and r(v) += α (p′(u) P′(u, v) - p(u) P(u, v)) / c. With p′(u) = p(u) W′ / W the second
//! term is zero for every arc that is as it was, so that one new arc costs two writes (Zhang, Lofgren and Goel,
//! "Approximate personalized PageRank on dynamic graphs", KDD 2016, whose rule this is where all weights are 1). With
//! p′(u) = p(u) all arcs are written; this serves short rows, and rows that were or become dangling.
//!
//! # Push
//! To push u with x = r(u) / (1 - α P(u, u)), of either sign: p(u) += c x, r(v) += α P(u, v) x for its other targets,
//! r(u) = 0. ‖r‖₁ never grows, and falls by what meets its opposite. Rounds push every listed node with
//! |r(u)| > θ (d(u) + 1), θ being an eighth of the mean; the rest hold at most an eighth of the sum. The list begins with
//! what the rules wrote and grows with what pushes reach; when it holds a quarter of all arcs, rounds go through all
//! nodes in order, and `extrapolate.rs` combines what they lead to.
//!
//! # Rounding
//! `drift` bounds the L1 distance of the stored residual to the one that p defines. Every operation adds its worst
//! case; when that takes more than an eighth of what is allowed, the residual is computed anew from the reserve.

use super::batch::{ArcChange, Changes, RowChange};
use super::extrapolate::History;
use super::frontier::Frontier;
use super::rows::{Row, Rows};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::Buffer;
use crate::ppr::queries::Restart;

/// Half the distance from 1 to the next float: the largest relative error of one rounding.
const ROUNDING: f64 = f64::EPSILON / 2.0;
/// Roundings in what one push or one rule moves, relative to it: probability (3, of which a weighted row's sum is 2),
/// visits (3), damping (2), and the sums, with room to spare.
const ROUNDINGS_MOVED: f64 = 16.0;
/// Margin for the rounding of sums of absolute values.
const SUM_MARGIN: f64 = 1.0 + 1e-9;
/// Arcs between two looks at the clock: about a millisecond.
const CHECKPOINT_ARCS: usize = 1 << 18;
/// The sums of the reserve are needed to a few digits only.
const MOST_LOSS: f64 = 1e-6;
/// Share of the residual that a round may leave at nodes it does not push. Measured, a half to a hundredth take about
/// the same time.
const SKIPPED: f64 = 1.0 / 8.0;
/// Share of the allowed error that nodes that are not listed may hold: where they hold more, pushing listed ones cannot
/// bring the rest down to what is left.
const FULL: f64 = 1.0 - 1e-6;
/// Share of the allowed error that is left after all nodes were looked at.
const ROOM: f64 = 0.75;
/// Rounds after which something is wrong; each shrinks the sum by c / 2 or more.
const MOST_ROUNDS: u32 = 1 << 20;

/// A maintained vector.
#[derive(Debug)]
pub(super) struct Vector {
    restart: Restart,
    damping: f64,
    reserve: Buffer<f64>,
    residual: Buffer<f64>,
    frontier: Frontier,
    sums: Sums,
    /// What the drift was when the residual was last computed from its definition.
    least_drift: f64,
    /// Arcs pushed over since the vector was made.
    n_pushed: u64,
}

/// What is known of reserve and residual without going through them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Bound on the L1 distance of the stored residual to the one that the reserve defines.
    pub(super) drift: f64,
    /// Sum of the reserve, and of its part on dangling nodes, up to `loss` each.
    pub(super) mass: f64,
    pub(super) dangling_mass: f64,
    pub(super) loss: f64,
}

/// What is known of a vector as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    /// Bound on the L1 distance to the exact vector.
    pub(super) error: f64,
    /// Sum of the vector, and of its part on dangling nodes, up to `loss` each.
    pub(super) mass: f64,
    pub(super) dangling_mass: f64,
    pub(super) loss: f64,
}

/// What a round did.
#[derive(Default)]
struct Tally {
    n_pushes: usize,
    n_arcs: usize,
    /// Sum of |p| over the pushes.
    reserve: f64,
    /// Sum of |x| over the pushes.
    moved: f64,
}

impl Vector {
    /// The vector before any push: p = 0, r = s.
    pub(super) fn new(restart: Restart, damping: f64, n: usize) -> Result<Self> {
        let mut vector = Self {
            restart,
            damping,
            reserve: Buffer::zeroed("scores", n)?,
            residual: Buffer::zeroed("residuals", n)?,
            frontier: Frontier::new(n)?,
            sums: Sums::default(),
            least_drift: 0.0,
            n_pushed: 0,
        };
        for &(node, share) in &vector.restart {
            vector.residual[node as usize] = share;
            vector.frontier.add(node, 0.0);
        }
        Ok(vector)
    }

    pub(super) fn reserve(&self) -> &[f64] {
        &self.reserve
    }

    pub(super) fn n_pushed(&self) -> u64 {
        self.n_pushed
    }

    pub(super) fn summary(&self) -> Summary {
        let Sums { drift, mass, dangling_mass, loss } = self.sums;
        Summary { error: self.norm() + drift, mass, dangling_mass, loss }
    }

    /// Follows changed rows.
    pub(super) fn follow(&mut self, changes: &Changes) {
        for (row, arcs) in changes.iter() {
            let reserve = self.reserve[row.node as usize];
            if reserve != 0.0 {
                self.follow_row(row, arcs, reserve);
            }
        }
    }

    fn follow_row(&mut self, row: &RowChange, arcs: &[ArcChange], before: f64) {
        let (stop, u) = (1.0 - self.damping, row.node as usize);
        let after = before * row.ratio;
        if row.ratio != 1.0 {
            self.reserve[u] = after;
            self.change_residual(row.node, (before - after) / stop);
        }
        for arc in arcs {
            let flow = self.damping / stop * (after * arc.after - before * arc.before);
            self.change_residual(arc.target, flow);
        }
        self.sums.mass += after - before;
        self.sums.dangling_mass -= if row.was_dangling { before } else { 0.0 };
        self.sums.dangling_mass += if row.is_dangling { after } else { 0.0 };
        self.sums.loss += 4.0 * ROUNDING * (self.sums.mass.abs() + before.abs() + after.abs());
        // Arcs that are not listed carry as much as before, but for the roundings of the ratio and of both rows.
        self.sums.drift += ROUNDING * ROUNDINGS_MOVED * (before.abs() + after.abs()) / stop;
    }

    fn change_residual(&mut self, node: u32, change: f64) {
        let residual = self.residual[node as usize];
        self.frontier.add(node, residual);
        self.residual[node as usize] = residual + change;
        self.sums.drift += ROUNDING * (residual.abs() + change.abs() + self.frontier.outside);
    }

    /// ‖r‖₁ or a little more.
    fn norm(&self) -> f64 {
        let listed = if self.frontier.is_everywhere() {
            l1(&self.residual)
        } else {
            self.frontier.nodes().iter().map(|&node| self.residual[node as usize].abs()).sum()
        };
        (self.frontier.outside + listed) * SUM_MARGIN
    }

    /// Pushes until the certified error is at most `goal`.
    ///
    /// # Errors
    /// Those of `exec`: the vector then is as good as the work done so far. [`Error::DidNotConverge`] where rounding
    /// forbids so small an error.
    pub(super) fn settle(&mut self, rows: &Rows, goal: f64, exec: &Exec) -> Result<()> {
        let mut history = History::default();
        for iterations in 1..=MOST_ROUNDS {
            let (listed, volume) = self.listed(rows);
            let norm = (self.frontier.outside + listed) * SUM_MARGIN;
            // Looking at everything leaves room for the updates that come.
            let goal_now = if self.frontier.is_everywhere() { ROOM * goal } else { goal };
            if norm + self.sums.drift <= goal_now && self.sums.loss <= MOST_LOSS {
                return Ok(());
            }
            if self.is_worn(goal) {
                self.recompute(rows, exec)?;
                history.clear();
                if self.sums.drift > goal / 2.0 {
                    return Err(Error::beyond_rounding(goal, 2.0 * self.sums.drift, iterations));
                }
                continue;
            }
            let all = rows.n_arcs() + rows.n_nodes();
            if !self.frontier.is_everywhere()
                && (4 * volume > all || self.frontier.outside * SUM_MARGIN + self.sums.drift >= FULL * goal)
            {
                self.frontier.list_everything();
                continue;
            }
            exec.checkpoint(0)?;
            self.round(rows, norm, SKIPPED * listed / volume as f64, exec)?;
            if self.frontier.is_everywhere() {
                self.extrapolate(&mut history, norm)?;
            }
        }
        let bound = self.norm() + self.sums.drift;
        Err(Error::beyond_rounding(goal, bound, MOST_ROUNDS))
    }

    /// Takes the best combination of this state and earlier ones, where ‖r‖₁ <= `norm`.
    fn extrapolate(&mut self, history: &mut History, norm: f64) -> Result<()> {
        let coefficients = history.coefficients(&self.residual);
        if history.norm(&coefficients, &self.residual) < l1(&self.residual) {
            history.combine(&coefficients, &mut self.reserve, &mut self.residual);
            self.sums = history.combine_sums(&coefficients, self.sums);
            // ‖p‖₁ <= ‖a‖₁ + ‖r‖₁, and 1 is the most that a sums to; of kept states, r was not much larger.
            let size = 1.0 + 16.0 * (norm + self.sums.drift);
            let terms = 1.0 + 2.0 * coefficients.iter().map(|c| c.abs()).sum::<f64>();
            self.sums.loss += 4.0 * ROUNDING * terms * size;
            self.sums.drift += 4.0 * ROUNDING * terms * size * (1.0 + 2.0 / (1.0 - self.damping));
        }
        history.keep(&self.reserve, &self.residual, self.sums)
    }

    /// Makes the next [`Vector::settle`] compute the residual anew.
    pub(super) fn distrust(&mut self) {
        self.frontier.list_everything();
        self.sums.drift = f64::INFINITY;
    }

    /// Forgets which nodes were looked at: the next change begins a list of its own.
    pub(super) fn rest(&mut self) {
        let norm = self.norm();
        self.frontier.clear(norm);
    }

    /// Whether rounding takes so much that computing the residual anew pays.
    fn is_worn(&self, goal: f64) -> bool {
        (self.sums.drift > goal / 8.0 && self.sums.drift > 2.0 * self.least_drift)
            || self.sums.loss > MOST_LOSS
    }

    /// Sum of |r| over the listed nodes, and of their arcs, each node counting as one more.
    fn listed(&self, rows: &Rows) -> (f64, usize) {
        if self.frontier.is_everywhere() {
            return (l1(&self.residual), rows.n_arcs() + rows.n_nodes());
        }
        self.frontier.nodes().iter().fold((0.0, 0), |(sum, volume), &node| {
            let node = node as usize;
            (sum + self.residual[node].abs(), volume + 1 + rows.degree(node) as usize)
        })
    }

    /// Pushes every listed node of |r(u)| > `per_arc` (d(u) + 1), where ‖r‖₁ <= `norm`.
    fn round(&mut self, rows: &Rows, norm: f64, per_arc: f64, exec: &Exec) -> Result<()> {
        let mut tally = Tally::default();
        let outcome = if self.frontier.is_everywhere() {
            self.push_everywhere(rows, per_arc, &mut tally, exec)
        } else {
            self.push_listed(rows, per_arc, &mut tally, exec)
        };
        // A push adds to the residuals of a node's targets, which sum to no more than all do; each node that it lists
        // is taken from the sum of the others.
        let n_sums = tally.n_pushes + self.frontier.len();
        let roundings = n_sums as f64 * norm + ROUNDINGS_MOVED * tally.moved;
        // It adds to the reserve too, and the residual follows as if that sum were exact.
        let roundings = roundings + 2.0 * tally.reserve / (1.0 - self.damping);
        self.sums.drift += ROUNDING * roundings;
        self.sums.loss += ROUNDING * (tally.n_pushes as f64 * 2.0 + tally.reserve);
        self.n_pushed += tally.n_arcs as u64;
        outcome
    }

    fn push_everywhere(&mut self, rows: &Rows, per_arc: f64, tally: &mut Tally, exec: &Exec) -> Result<()> {
        let mut next_look = CHECKPOINT_ARCS;
        for u in 0..rows.n_nodes() {
            let residual = self.residual[u];
            // Most rows need not be read to know: even with no arc the residual would be too small.
            if residual.abs() <= per_arc {
                continue;
            }
            let row = rows.row(u);
            if residual.abs() > per_arc * (row.targets.len() + 1) as f64 {
                let flow = self.take(u, residual, &row, tally);
                spread(&row, flow, |v, share| self.residual[v as usize] += share);
                self.residual[u] = 0.0;
            }
            if tally.n_arcs + u >= next_look {
                exec.checkpoint(0)?;
                next_look += CHECKPOINT_ARCS;
            }
        }
        Ok(())
    }

    fn push_listed(&mut self, rows: &Rows, per_arc: f64, tally: &mut Tally, exec: &Exec) -> Result<()> {
        let (mut next_look, mut at) = (CHECKPOINT_ARCS, 0);
        // The list grows meanwhile; once it is given up, it is empty.
        while at < self.frontier.len() {
            let u = self.frontier.node(at);
            at += 1;
            let residual = self.residual[u];
            let row = rows.row(u);
            if residual.abs() > per_arc * (row.targets.len() + 1) as f64 {
                let flow = self.take(u, residual, &row, tally);
                spread(&row, flow, |v, share| {
                    let held = self.residual[v as usize];
                    self.frontier.add(v, held);
                    self.residual[v as usize] = held + share;
                });
                self.residual[u] = 0.0;
            }
            if tally.n_arcs + at >= next_look {
                exec.checkpoint(0)?;
                next_look += CHECKPOINT_ARCS;
            }
        }
        Ok(())
    }

    /// The part of a push that concerns the node itself; returns what each unit of probability passes on.
    #[inline(always)]
    fn take(&mut self, u: usize, residual: f64, row: &Row<'_>, tally: &mut Tally) -> f64 {
        let visits = residual / (1.0 - self.damping * row.stay);
        let gain = (1.0 - self.damping) * visits;
        self.reserve[u] += gain;
        self.sums.mass += gain;
        self.sums.dangling_mass += if row.inverse == 0.0 { gain } else { 0.0 };
        tally.n_pushes += 1;
        tally.n_arcs += row.targets.len();
        tally.reserve += self.reserve[u].abs();
        tally.moved += visits.abs();
        self.damping * visits
    }

    /// Computes the residual from its definition, and the sums.
    fn recompute(&mut self, rows: &Rows, exec: &Exec) -> Result<()> {
        let stop = 1.0 - self.damping;
        let mut residual = Buffer::<f64>::zeroed("residuals", rows.n_nodes())?;
        let (mut partial_sums, mut next_look, mut n_arcs) = (0.0, CHECKPOINT_ARCS, 0);
        let (mut mass, mut dangling_mass, mut total) = (0.0, 0.0, 0.0);
        for (u, &reserve) in self.reserve.iter().enumerate() {
            let row = rows.row(u);
            mass += reserve;
            dangling_mass += if row.inverse == 0.0 { reserve } else { 0.0 };
            total += reserve.abs();
            if reserve != 0.0 {
                spread(&row, self.damping * reserve, |v, share| {
                    residual[v as usize] += share;
                    partial_sums += residual[v as usize].abs();
                });
            }
            n_arcs += 1 + row.targets.len();
            if n_arcs >= next_look {
                exec.checkpoint(0)?;
                next_look += CHECKPOINT_ARCS;
            }
        }
        for (residual, &reserve) in residual.iter_mut().zip(&self.reserve[..]) {
            *residual = (*residual - reserve) / stop;
        }
        for &(node, share) in &self.restart {
            residual[node as usize] += share;
        }
        self.sums.drift = ROUNDING * ((partial_sums + ROUNDINGS_MOVED * total) / stop + ROUNDINGS_MOVED);
        self.least_drift = self.sums.drift;
        (self.sums.mass, self.sums.dangling_mass) = (mass, dangling_mass);
        self.sums.loss = ROUNDING * rows.n_nodes() as f64 * total;
        self.residual = residual;
        self.frontier.list_everything();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn residual(&self) -> &[f64] {
        &self.residual
    }

    #[cfg(test)]
    pub(super) fn restart(&self) -> &[(u32, f64)] {
        &self.restart
    }

    #[cfg(test)]
    pub(super) fn drift(&self) -> f64 {
        self.sums.drift
    }

    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.reserve[..]) + size_of_val(&self.residual[..]) + self.frontier.n_bytes()
    }
}

/// Calls `add` with every target of a row and its part of `flow`.
#[inline(always)]
fn spread(row: &Row<'_>, flow: f64, mut add: impl FnMut(u32, f64)) {
    let flow = flow * row.inverse;
    match row.weights {
        None => row.targets.iter().for_each(|&v| add(v, flow)),
        Some(weights) => {
            for (&v, &weight) in row.targets.iter().zip(weights) {
                add(v, weight * row.scale * flow);
            }
        }
    }
}

/// The sum of absolute values, in blocks: off by far less than `SUM_MARGIN` allows.
fn l1(values: &[f64]) -> f64 {
    let block = |block: &[f64]| {
        let (groups, rest) = block.as_chunks::<4>();
        let mut lanes = [0.0; 4];
        for group in groups {
            for i in 0..4 {
                lanes[i] += group[i].abs();
            }
        }
        lanes.iter().sum::<f64>() + rest.iter().map(|x| x.abs()).sum::<f64>()
    };
    values.chunks(1 << 12).map(block).sum()
}
