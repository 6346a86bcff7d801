//! How much is computed at a time, and what that needs.
//!
//! Columns are independent up to the lengths of the rows, so they are computed in blocks. Narrow blocks stay in the caches
//! and need less memory; wide ones look up each arc less often. Rows of [`ROW_BYTES`] are the best of both: measured
//! against rows of 512 bytes, a gather takes 0.85 of the time from the third-level cache, and 0.75 from memory.
//! What lengths are for decides how often:
//!
//! - *in place*: only the last two powers have weight, and the result, which is not written before the last power,
//!   serves as room for one of the others;
//! - *once*: powers that have weight are kept, whole, until their lengths are known;
//! - *twice*: a first pass over the blocks only measures lengths, a second computes the blocks again and weighs them.
//!   It needs memory for one block, at twice the time. The result has the same bits.
//!
//! Without lengths (`normalize = false`) one pass is enough and nothing is kept.

use crate::error::{Error, Result, thousands};
use crate::simd::LANES;

use super::params::{FastRpParams, Precision};
use super::refined;

/// Blocks are this many groups wide, or less at the end.
const WIDTHS: [usize; 4] = [8, 4, 2, 1];
/// Bytes of a block's row: four lines of a cache.
const ROW_BYTES: usize = 256;

/// How the columns are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Groups of columns per block.
    pub(super) width: usize,
    pub(super) mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Rows are not scaled to length 1.
    Sum,
    InPlace,
    Once,
    Twice,
}

/// What decides the size of arrays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) n_nodes: usize,
    pub(super) n_features: usize,
    pub(super) is_weighted: bool,
    /// Whether the first kept power can lie in the result.
    pub(super) result_holds: bool,
}

impl Plan {
    pub(super) fn new(params: &FastRpParams, sizes: &Sizes) -> Result<Self> {
        let Some(limit) = params.memory_limit else { return Ok(Self::fastest(params, sizes)) };
        if let Some(plan) = Self::all(params, sizes).find(|plan| plan.n_bytes(params, sizes) <= limit) {
            return Ok(plan);
        }
        let problem = format!(
            "= {} bytes cannot be met: beside the graph and the result this needs at least {} bytes",
            thousands(limit),
            thousands(Self::least(params, sizes))
        );
        Err(Error::argument("memory_limit", problem))
    }

    /// The plan without a limit.
    pub(super) fn fastest(params: &FastRpParams, sizes: &Sizes) -> Self {
        let mode = match params.normalize {
            false => Mode::Sum,
            true if sizes.result_holds && is_last_two(params) => Mode::InPlace,
            true => Mode::Once,
        };
        let width = ROW_BYTES / (LANES * state_bytes(params));
        Self { width: width.min(1 << params.dim.div_ceil(LANES).ilog2()), mode }
    }

    /// Bytes of the plan that needs least.
    pub(super) fn least(params: &FastRpParams, sizes: &Sizes) -> u64 {
        Self::all(params, sizes).map(|plan| plan.n_bytes(params, sizes)).min().unwrap_or(0)
    }

    /// All plans, the fastest first.
    fn all(params: &FastRpParams, sizes: &Sizes) -> impl Iterator<Item = Self> {
        let fastest = Self::fastest(params, sizes);
        let modes: &[Mode] = match fastest.mode {
            Mode::InPlace => &[Mode::InPlace, Mode::Twice],
            Mode::Once | Mode::Twice => &[Mode::Once, Mode::Twice],
            Mode::Sum => &[Mode::Sum],
        };
        modes.iter().flat_map(move |&mode| {
            // In place, narrow blocks need as much.
            let least_width = if mode == Mode::InPlace { fastest.width } else { 1 };
            let widths =
                WIDTHS.into_iter().filter(move |width| (least_width..=fastest.width).contains(width));
            widths.map(move |width| Self { width, mode })
        })
    }

    /// Bytes of all arrays of a run, beside the graph and the result, at most.
    pub(super) fn n_bytes(self, params: &FastRpParams, sizes: &Sizes) -> u64 {
        let times = |a: u64, b: u64| a.saturating_mul(b);
        let n = sizes.n_nodes as u64;
        let n_groups = params.dim.div_ceil(LANES) as u64;
        let block = times(n, (self.width * LANES) as u64);
        let state = state_bytes(params) as u64;
        let n_weighted = params.weights.iter().filter(|&&w| w != 0.0).count() as u64;
        let n_kept = n_weighted - u64::from(sizes.result_holds && n_weighted > 0);
        let whole = times(n, n_groups * LANES as u64);

        let per_node = 1 + if sizes.is_weighted { 16 } else { 0 };
        let degree_powers = if params.normalization_strength == 0.0 { 0 } else { 4 };
        let lengths = if params.normalize { 8 * n_weighted } else { 0 };
        let own_length = if params.normalize && params.self_influence != 0.0 { 8 } else { 0 };
        let arrays = match self.mode {
            Mode::InPlace => times(whole, state),
            Mode::Once => times(block, 2 * state).saturating_add(times(whole, n_kept * state)),
            Mode::Twice | Mode::Sum => times(block, 2 * state + 4),
        };
        let embedding = times(n, lengths + own_length).saturating_add(arrays);
        let refined = if params.refine > 0 { refined::n_bytes(sizes.n_nodes, params) } else { 0 };
        let features = times(sizes.n_features as u64, n_groups * LANES as u64);
        times(n, per_node + degree_powers).saturating_add(features).saturating_add(embedding.max(refined))
    }

    /// Where blocks begin and how many groups they have.
    pub(super) fn blocks(self, n_groups: usize) -> impl Iterator<Item = (usize, usize)> {
        let mut first = 0;
        std::iter::from_fn(move || {
            let width = WIDTHS.into_iter().find(|&width| width <= self.width && first + width <= n_groups)?;
            first += width;
            Some((first - width, width))
        })
    }
}

/// Whether only the last two of several powers have weight, and rows of the result are whole groups.
fn is_last_two(params: &FastRpParams) -> bool {
    let last = params.last_power();
    let is_zero = |&weight: &f64| weight == 0.0;
    last > 1 && params.dim.is_multiple_of(LANES) && params.weights[..last - 2].iter().all(is_zero)
}

fn state_bytes(params: &FastRpParams) -> usize {
    match params.state {
        Precision::F32 => 4,
        Precision::F16 => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_groups_once() {
        for width in WIDTHS {
            for n_groups in 1..40 {
                let plan = Plan { width, mode: Mode::Once };
                let mut next = 0;
                for (first, n) in plan.blocks(n_groups) {
                    assert!(first == next && n <= width && n > 0);
                    next += n;
                }
                assert_eq!(next, n_groups);
            }
        }
    }

    /// A lower limit first narrows the blocks, then computes twice, then says what it would take.
    #[test]
    fn limits_are_met_or_refused_with_what_could() {
        let sizes = Sizes { n_nodes: 100_000, n_features: 0, is_weighted: false, result_holds: true };
        let free = FastRpParams::default();
        let unlimited = Plan::new(&free, &sizes).unwrap();
        let mut limit = unlimited.n_bytes(&free, &sizes);
        let mut seen = vec![unlimited.mode];
        loop {
            let params = FastRpParams { memory_limit: Some(limit), ..free.clone() };
            match Plan::new(&params, &sizes) {
                Ok(plan) => {
                    let bytes = plan.n_bytes(&params, &sizes);
                    assert!(bytes <= limit);
                    seen.push(plan.mode);
                    limit = bytes - 1;
                }
                Err(error) => {
                    let least = thousands(limit + 1);
                    assert!(error.to_string().contains(&format!("at least {least} bytes")), "{error}");
                    break;
                }
            }
        }
        assert_eq!(seen.first(), Some(&Mode::InPlace));
        assert_eq!(seen.last(), Some(&Mode::Twice));
    }
}
