//! What many operations did, row by row.

use std::time::Instant;

use super::dynamic::DynamicMaximizer;
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_collect;

/// How to apply many operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplyOptions {
    /// A row of the log after every so many operations, and after the last one; 0 for that only.
    pub every: usize,
    /// Operations that make one update.
    pub batch: usize,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self { every: 0, batch: 1 }
    }
}

/// What operations did, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Operations since the beginning.
    pub step: Vec<u64>,
    /// Candidates.
    pub n_live: Vec<u64>,
    /// f of the solution.
    pub value: Vec<f64>,
    /// What no k candidates are worth more than.
    pub upper_bound: Vec<f64>,
    /// The certified share of the optimum.
    pub ratio: Vec<f64>,
    /// How often the objective was asked since the beginning.
    pub calls: Vec<u64>,
    /// Members that came or went since the row before.
    pub changed: Vec<u64>,
    /// Time since the row before.
    pub micros: Vec<f64>,
}

/// Writes the rows of a log.
pub(super) struct LogWriter {
    pub(super) log: Log,
    /// The solution at the row before, sorted.
    before: Vec<u32>,
    since: Instant,
}

impl LogWriter {
    pub(super) fn new(maximizer: &DynamicMaximizer, exec: &Exec) -> Result<Self> {
        exec.checkpoint(0)?;
        Ok(Self { log: Log::default(), before: sorted(maximizer.elements())?, since: Instant::now() })
    }

    pub(super) fn write(&mut self, maximizer: &DynamicMaximizer) -> Result<()> {
        let now = sorted(maximizer.elements())?;
        let n_kept = now.iter().filter(|element| self.before.binary_search(element).is_ok()).count();
        let log = &mut self.log;
        log.step.push(maximizer.steps());
        log.n_live.push(maximizer.n_live() as u64);
        log.value.push(maximizer.value());
        log.upper_bound.push(maximizer.upper_bound());
        log.ratio.push(maximizer.certified_ratio());
        log.calls.push(maximizer.counters().oracle_calls());
        log.changed.push((now.len() + self.before.len() - 2 * n_kept) as u64);
        log.micros.push(self.since.elapsed().as_secs_f64() * 1e6);
        self.before = now;
        self.since = Instant::now();
        Ok(())
    }
}

fn sorted(elements: &[u32]) -> Result<Vec<u32>> {
    let mut sorted = try_collect("the solution", elements.len(), elements.iter().copied())?;
    sorted.sort_unstable();
    Ok(sorted)
}
