//! Sixteen queries at once: an arc is read once for all of them.
//!
//! Queries are columns of floats, one line of 64 bytes per node. Floats cannot hold an error of 1e-8, so a round of a few
//! iterations in floats solves for what is missing, x takes it up in doubles, and a pass in doubles says what is missing
//! now: that residual certifies the answer or starts the next round (iterative refinement). At the end of a round
//! finished columns hand over their scores and take up the next query. Rounds have a fixed number of iterations and
//! columns share nothing but the arcs, so an answer does not depend on which queries are solved beside it.
//!
//! # Cost
//! Per arc and 16 queries, each iteration gathers 64 bytes and the pass at the end of a round 128. Gauss-Seidel holds
//! 704 bytes per node, conjugate gradients 640.

use super::conjugate::ConjugateGradients;
use super::gather::{Given, Ones, Side, Values};
use super::gauss_seidel::GaussSeidel;
use super::lanes::{Real, Sums, each};
use super::system::{Part, System};
use super::{Exact, Spread, Workspace};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Ordered;
use crate::memory::Buffer;
use crate::ppr::Method;
use crate::ppr::answer::Solution;
use crate::ppr::queries::Restart;

/// Columns: a line of the cache of floats.
pub(in crate::ppr) const WIDTH: usize = 16;
/// Iterations per round. Fewer pay the pass in doubles more often, more meet the precision of floats.
const ITERATIONS: u32 = 8;
/// Rounds after which a column is given to the solver in doubles.
const MOST_ROUNDS: u32 = 12;
/// Changes of Gauss-Seidel sweeps that acceleration looks at: one before the last; more cost too much memory here.
const KEPT: usize = 2;
/// ω outside this range would make floats overflow or vanish.
const RANGE: std::ops::Range<f64> = 1e-20..1e20;

/// The vectors of one worker.
pub(in crate::ppr) struct BlockWorkspace {
    /// Solution so far, in z, and what is missing, in b. One element more than positions.
    z: Buffer<[f64; WIDTH]>,
    missing: Buffer<[f64; WIDTH]>,
    base: Buffer<[f32; WIDTH]>,
    step: Buffer<[f32; WIDTH]>,
    solver: Solver,
    /// For the last steps of each query.
    single: Workspace,
}

enum Solver {
    GaussSeidel(Box<GaussSeidel<f32, WIDTH, KEPT>>),
    ConjugateGradients(Box<ConjugateGradients<f32, WIDTH>>),
}

/// A query in a column.
#[derive(Clone, Copy)]
struct Column {
    query: usize,
    rounds: u32,
}

/// What a pass in doubles says about each column.
struct Certificate {
    /// L1 norm of the residual of x.
    residual: [f64; WIDTH],
    /// Score on nodes with a way out.
    mass: [f64; WIDTH],
}

/// A solver of blocks.
pub(in crate::ppr) struct Blocks<'e, 'g> {
    exact: &'e Exact<'g>,
    floats: System<'g, f32>,
    spread: Option<&'e Spread>,
}

impl<'e, 'g> Blocks<'e, 'g> {
    /// `None` if floats cannot hold the system.
    pub(in crate::ppr) fn new(exact: &'e Exact<'g>, spread: Option<&'e Spread>) -> Result<Option<Self>> {
        if !exact.system.omega.iter().all(|omega| RANGE.contains(omega)) {
            return Ok(None);
        }
        let floats = System::new(exact.system.ordered, exact.system.alpha)?;
        Ok(Some(Self { exact, floats, spread }))
    }

    pub(in crate::ppr) fn workspace(&self) -> Result<BlockWorkspace> {
        let n = self.exact.n_nodes();
        let solver = match self.exact.method {
            Method::ConjugateGradients => Solver::ConjugateGradients(Box::new(ConjugateGradients::new(n)?)),
            _ => Solver::GaussSeidel(Box::new(GaussSeidel::new(n)?)),
        };
        Ok(BlockWorkspace {
            z: Buffer::zeroed("scores of a block", n + 1)?,
            missing: Buffer::zeroed("residuals of a block", n)?,
            base: Buffer::zeroed("residuals of a block in floats", n)?,
            step: Buffer::zeroed("steps of a block", n + 1)?,
            solver,
            single: self.exact.workspace()?,
        })
    }

    /// Solves queries and hands each to `finish`, not in order.
    pub(in crate::ppr) fn solve(
        &self,
        restarts: &[&Restart],
        work: &mut BlockWorkspace,
        exec: &Exec,
        mut finish: impl FnMut(usize, Solution) -> Result<()>,
    ) -> Result<()> {
        let (exact, n_active) = (self.exact, self.exact.system.ordered.n_active);
        work.z.fill([0.0; WIDTH]);
        work.missing.fill([0.0; WIDTH]);
        let mut columns: [Option<Column>; WIDTH] = [None; WIDTH];
        let mut next = 0;
        loop {
            for (l, column) in columns.iter_mut().enumerate() {
                if column.is_none() && next < restarts.len() {
                    *column = Some(Column { query: next, rounds: 0 });
                    exact.add_restart(restarts[next], l, &mut work.missing);
                    next += 1;
                }
            }
            if columns.iter().all(Option::is_none) {
                return Ok(());
            }
            self.round(work, exec)?;
            let bases = columns.map(|column| column.map(|column| restarts[column.query]));
            let certificate = exact.certify(&bases, work, exec)?;
            let mut done = [false; WIDTH];
            for l in 0..WIDTH {
                let Some(column) = &mut columns[l] else { continue };
                column.rounds += 1;
                let is_certified = certificate.residual[l] <= exact.share() * certificate.mass[l];
                done[l] = is_certified || column.rounds == MOST_ROUNDS;
                if !done[l] {
                    continue;
                }
                let restart = restarts[column.query];
                let solution = if is_certified {
                    let solved = super::Solved {
                        residual: certificate.residual[l],
                        iterations: column.rounds * (ITERATIONS + 1),
                    };
                    for (to, from) in work.single.z[..n_active].iter_mut().zip(&work.z[..n_active]) {
                        *to = [from[l]];
                    }
                    exact.complete(restart, self.spread, solved, &mut work.single, exec)?
                } else {
                    exact.solve(restart, self.spread, &mut work.single, exec)?
                };
                finish(column.query, solution)?;
                columns[l] = None;
            }
            clear(&done, &mut work.z[..n_active]);
            clear(&done, &mut work.missing[..n_active]);
        }
    }

    /// Iterations in floats on what is missing, scaled to norm 1, added to z.
    fn round(&self, work: &mut BlockWorkspace, exec: &Exec) -> Result<()> {
        let range = 0..self.floats.ordered.n_active;
        let mut norms = Sums::<f64, WIDTH>::new();
        for missing in &work.missing[range.clone()] {
            (0..WIDTH).for_each(|l| norms.add(l, missing[l].abs()));
        }
        let norms = norms.totals();
        let scale: [f64; WIDTH] = std::array::from_fn(|l| if norms[l] > 0.0 { 1.0 / norms[l] } else { 0.0 });
        for (base, missing) in work.base.iter_mut().zip(&work.missing[range.clone()]) {
            *base = each(|l| f32::of(missing[l] * scale[l]));
        }
        exec.checkpoint(0)?;
        let part = Part { range: range.clone(), base: &work.base };
        match &mut work.solver {
            Solver::GaussSeidel(solver) => {
                solver.start(range.clone());
                for _ in 0..ITERATIONS {
                    solver.iterate(&self.floats, &part, &mut work.step, exec)?;
                }
            }
            Solver::ConjugateGradients(solver) => {
                work.step[range.clone()].fill([0.0; WIDTH]);
                solver.start(&self.floats, &part, exec)?;
                for _ in 0..ITERATIONS {
                    solver.iterate(&self.floats, range.clone(), &mut work.step, exec)?;
                }
            }
        }
        for (z, step) in work.z.iter_mut().zip(&work.step[range]) {
            (0..WIDTH).for_each(|l| z[l] += norms[l] * f64::from(step[l]));
        }
        exec.checkpoint(0)
    }
}

impl Exact<'_> {
    fn add_restart(&self, restart: &Restart, lane: usize, missing: &mut [[f64; WIDTH]]) {
        let positions = &self.system.ordered.positions;
        for &(node, share) in restart {
            let at = positions[node as usize] as usize;
            if at < self.system.ordered.n_active {
                missing[at][lane] += self.restart_base(share);
            }
        }
    }

    /// What is missing now.
    fn certify(
        &self,
        restarts: &[Option<&Restart>; WIDTH],
        work: &mut BlockWorkspace,
        exec: &Exec,
    ) -> Result<Certificate> {
        match self.system.ordered.values() {
            None => self.certify_with((Ones, Ones), restarts, work, exec),
            Some([lower, upper]) => self.certify_with((Given(lower), Given(upper)), restarts, work, exec),
        }
    }

    fn certify_with<V: Values<f64>>(
        &self,
        (lower, upper): (V, V),
        restarts: &[Option<&Restart>; WIDTH],
        work: &mut BlockWorkspace,
        exec: &Exec,
    ) -> Result<Certificate> {
        let ordered = self.system.ordered;
        let (mut residual, mut mass) = (Sums::<f64, WIDTH>::new(), Sums::<f64, WIDTH>::new());
        work.missing.fill([0.0; WIDTH]);
        for (l, restart) in restarts.iter().enumerate() {
            restart.iter().for_each(|restart| self.add_restart(restart, l, &mut work.missing));
        }
        let (lower, upper) = (Side::new(&ordered.lower, lower), Side::new(&ordered.upper, upper));
        let (z, missing) = (&work.z[..], &mut work.missing[..]);
        for step in Ordered::steps(0..ordered.n_active) {
            exec.checkpoint(0)?;
            for i in step {
                let (below, above) = (lower.sum(i, z), upper.sum(i, z));
                let (inverse, degree) = (self.system.inverse[i], ordered.degrees[i]);
                let (z, missing) = (&z[i], &mut missing[i]);
                for l in 0..WIDTH {
                    missing[l] += (below[l] + above[l]) - z[l] * inverse;
                    residual.add(l, missing[l].abs());
                    mass.add(l, z[l] * degree);
                }
            }
            residual.carry();
            mass.carry();
        }
        let residual = residual.totals().map(|residual| self.system.alpha * residual);
        Ok(Certificate { residual, mass: mass.totals() })
    }
}

/// Zeros in the columns that are done.
fn clear(done: &[bool; WIDTH], block: &mut [[f64; WIDTH]]) {
    let keep = done.map(|done| if done { 0.0 } else { 1.0 });
    if done.contains(&true) {
        block.iter_mut().for_each(|row| (0..WIDTH).for_each(|l| row[l] *= keep[l]));
    }
}
