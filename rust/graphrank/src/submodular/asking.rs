//! Many elements asked at once, on as many threads as the objective allows.

use super::objective::{Calls, Objective, Prefix, Scan};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity};

/// Most elements asked between two checkpoints, and by one unit of parallel work.
const STEP: usize = 1 << 11;
/// Elements asked by one call of a foreign function, each of which may be slow.
const STEP_FOREIGN: usize = 1 << 8;
/// Values read between two checkpoints: about a millisecond.
pub(super) const UNITS: usize = 1 << 18;

/// How elements are asked.
pub(super) struct How {
    pub(super) step: usize,
    pub(super) is_parallel: bool,
}

impl How {
    /// For elements of which all together read about `n_reads` values.
    pub(super) fn new(objective: &dyn Objective, n_elements: usize, n_reads: usize) -> Self {
        if !objective.is_parallel() {
            return Self { step: STEP_FOREIGN, is_parallel: false };
        }
        let each = n_reads / n_elements.max(1) + 1;
        Self { step: (UNITS / each).clamp(1, STEP), is_parallel: true }
    }
}

/// Candidates of rising rank that are yet to be met.
pub(super) struct Waiting {
    pub(super) ranks: Vec<u64>,
    pub(super) elements: Vec<u32>,
    /// As far as they are known.
    pub(super) depths: Vec<u32>,
}

impl Waiting {
    pub(super) fn new(chunk: &[(u64, u32)], known: u32) -> Result<Self> {
        let what = "the order of a guess";
        let mut depths = try_with_capacity(what, chunk.len())?;
        depths.resize(chunk.len(), known);
        Ok(Self {
            ranks: try_collect(what, chunk.len(), chunk.iter().map(|&(rank, _)| rank))?,
            elements: try_collect(what, chunk.len(), chunk.iter().map(|&(_, element)| element))?,
            depths,
        })
    }
}

/// Raises `depths` as [`Prefix::depths`] does, for prefixes of at most `len` picks.
pub(super) fn ask(
    prefix: &dyn Prefix,
    (len, threshold): (usize, f64),
    elements: &[u32],
    depths: &mut [u32],
    how: &How,
    exec: &Exec,
) -> Result<Calls> {
    let answer = |elements: &[u32], depths: &mut [u32]| {
        let mut scan = Scan::new(len, threshold);
        prefix.depths(&mut scan, elements, depths)?;
        Ok(scan.calls)
    };
    if elements.len() <= how.step {
        return answer(elements, depths);
    }
    let units: Vec<_> = elements.chunks(how.step).zip(depths.chunks_mut(how.step)).collect();
    let here = exec.on_this_thread();
    let exec = if how.is_parallel { exec } else { &here };
    let calls = exec.map_items(units, |_, (elements, depths)| {
        exec.checkpoint(elements.len() as u64)?;
        answer(elements, depths)
    })?;
    Ok(calls.iter().fold(Calls::default(), |sum, calls| Calls {
        values: sum.values + calls.values,
        scans: sum.scans + calls.scans,
    }))
}

/// The gains of elements at the first `len` picks.
pub(super) fn ask_gains(
    prefix: &dyn Prefix,
    len: usize,
    elements: &[u32],
    gains: &mut [f64],
    how: &How,
    exec: &Exec,
) -> Result<()> {
    if elements.len() <= how.step {
        return prefix.gains(len, elements, gains);
    }
    let units: Vec<_> = elements.chunks(how.step).zip(gains.chunks_mut(how.step)).collect();
    let here = exec.on_this_thread();
    let exec = if how.is_parallel { exec } else { &here };
    exec.map_items(units, |_, (elements, gains)| {
        exec.checkpoint(elements.len() as u64)?;
        prefix.gains(len, elements, gains)
    })?;
    Ok(())
}
