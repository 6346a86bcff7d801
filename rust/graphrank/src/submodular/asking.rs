//! Many elements asked at once, on as many threads as the objective allows.

use super::objective::{Calls, Prefix, Scan};
use crate::error::Result;
use crate::exec::Exec;

/// Elements asked between two checkpoints, and by one unit of parallel work.
const STEP: usize = 1 << 11;
/// The same for foreign functions, which may be slow.
const STEP_FOREIGN: usize = 1 << 4;

/// Raises `depths` as [`Prefix::depths`] does, for prefixes of at most `len` picks.
pub(super) fn ask(
    prefix: &dyn Prefix,
    (len, threshold): (usize, f64),
    elements: &[u32],
    depths: &mut [u32],
    is_parallel: bool,
    exec: &Exec,
) -> Result<Calls> {
    let step = if is_parallel { STEP } else { STEP_FOREIGN };
    let answer = |elements: &[u32], depths: &mut [u32]| {
        let mut scan = Scan::new(len, threshold);
        prefix.depths(&mut scan, elements, depths)?;
        Ok(scan.calls)
    };
    if elements.len() <= step {
        return answer(elements, depths);
    }
    let units: Vec<_> = elements.chunks(step).zip(depths.chunks_mut(step)).collect();
    let here = exec.on_this_thread();
    let exec = if is_parallel { exec } else { &here };
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
    is_parallel: bool,
    exec: &Exec,
) -> Result<()> {
    let step = if is_parallel { STEP } else { STEP_FOREIGN };
    if elements.len() <= step {
        return prefix.gains(len, elements, gains);
    }
    let units: Vec<_> = elements.chunks(step).zip(gains.chunks_mut(step)).collect();
    let here = exec.on_this_thread();
    let exec = if is_parallel { exec } else { &here };
    exec.map_items(units, |_, (elements, gains)| {
        exec.checkpoint(elements.len() as u64)?;
        prefix.gains(len, elements, gains)
    })?;
    Ok(())
}
