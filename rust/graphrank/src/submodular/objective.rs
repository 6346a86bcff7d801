//! What is maximised: a set function f, and what it says about a sequence of picks.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | f(v \| I) | gain | what v adds to the picks I, f(I + v) - f(I) |
//! | `I_j` | prefix of length j | the first j picks |
//! | τ | `threshold` | a gain that is worth a pick |
//!
//! f is monotone (no gain is negative), submodular (gains only fall as picks are added) and 0 for no picks. It is fixed
//! data over a fixed universe of elements: elements become candidates and cease to be, f never changes.
//!
//! # Profiles
//! A gain with regard to *every* prefix costs most objectives no more than one gain: each item, client or feature
//! remembers at which picks it changed. [`Prefix::profile`] hands these gains over as what they lose from one prefix to
//! the next, `d_0`, ..., `d_T`, with `f(v | I_j) = d_j + ... + d_T`. Sums of numbers that are not negative, added from the last
//! to the first, never fall, not even by rounding: so the prefixes at which an element is worth a pick are nested, as the
//! algorithms need them.

use std::fmt::Debug;
use std::sync::Arc;

use crate::error::{Error, Result};

/// Gains count as τ from this share of it on: what is exactly τ on paper must not fail by rounding.
const SLACK: f64 = 1.0 - 1e-9;

/// How often an objective was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Values or single gains.
    pub values: u64,
    /// Gains of an element with regard to every prefix at once.
    pub scans: u64,
}

/// How often a function was seen to be other than it was said to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    /// Gains below zero.
    pub monotone: u64,
    /// Gains that grew as picks were added.
    pub submodular: u64,
}

/// A monotone submodular function of sets of elements `0..n_elements`, 0 for the empty set.
pub trait Objective: Debug + Send + Sync {
    /// Size of the universe.
    fn n_elements(&self) -> usize;

    /// About how many values are read to tell what an element gains beside `n_picks` others.
    fn cost(&self, _element: u32, _n_picks: usize) -> usize {
        1
    }

    /// A hash of everything that determines the function.
    fn fingerprint(&self) -> u64;

    /// The empty sequence of picks.
    ///
    /// # Errors
    /// Out of memory.
    fn prefix(self: Arc<Self>) -> Result<Box<dyn Prefix>>;

    /// Whether many threads may ask at once.
    fn is_parallel(&self) -> bool {
        true
    }

    /// Violations that were counted instead of reported.
    fn violations(&self) -> Violations {
        Violations::default()
    }
}

/// A sequence of picks, and the gains of others with regard to its prefixes.
pub trait Prefix: Send + Sync {
    /// Number of picks.
    fn n_picks(&self) -> usize;

    /// Appends a pick and returns its gain.
    ///
    /// # Errors
    /// Out of memory; those of a foreign function.
    fn push(&mut self, element: u32) -> Result<f64>;

    /// Drops all picks but the first `len`.
    fn truncate(&mut self, len: usize);

    /// The gain of `element` with regard to the first `len` picks.
    ///
    /// # Errors
    /// Those of a foreign function.
    fn gain(&self, len: usize, element: u32) -> Result<f64>;

    /// Adds `scale` times what the gain of `element` loses from each prefix to the next, and at last the gain that is
    /// left, to `drops`, one for each number of picks `0..=n_picks`. False if there is no such pass.
    fn profile(&self, _element: u32, _scale: f64, _drops: &mut [f64]) -> bool {
        false
    }

    /// Tells that `element` is asked for soon.
    fn prefetch(&self, _element: u32) {}

    /// Gains of many elements with regard to the first `len` picks.
    ///
    /// # Errors
    /// Those of a foreign function.
    fn gains(&self, len: usize, elements: &[u32], gains: &mut [f64]) -> Result<()> {
        for (i, (&element, gain)) in elements.iter().zip(gains).enumerate() {
            if let Some(&next) = elements.get(i + AHEAD) {
                self.prefetch(next);
            }
            *gain = self.gain(len, element)?;
        }
        Ok(())
    }

    /// Raises `depths` from how many prefixes are known to be worth a pick of each element to how many are.
    ///
    /// # Errors
    /// Those of a foreign function.
    fn depths(&self, scan: &mut Scan, elements: &[u32], depths: &mut [u32]) -> Result<()> {
        let n_drops = self.n_picks() + 1;
        for (i, (&element, depth)) in elements.iter().zip(depths).enumerate() {
            if let Some(&next) = elements.get(i + AHEAD) {
                self.prefetch(next);
            }
            if *depth as usize > scan.len {
                continue;
            }
            scan.drops.clear();
            scan.drops.resize(n_drops, 0.0);
            *depth = if self.profile(element, 1.0, &mut scan.drops) {
                scan.calls.scans += 1;
                depth_of(&scan.drops, scan.len, scan.threshold).max(*depth)
            } else {
                depth_by_halving(*depth as usize, scan.len, scan.threshold, |len| {
                    scan.calls.values += 1;
                    self.gain(len, element)
                })?
            };
        }
        Ok(())
    }
}

/// A search for depths: at how many of the prefixes of length 0, 1, ..., `len` a gain is worth `threshold`. A prefix
/// counts only if all shorter ones do.
#[derive(Debug)]
pub struct Scan {
    /// The longest prefix that counts.
    pub len: usize,
    /// What a pick must gain.
    pub threshold: f64,
    /// What was asked.
    pub calls: Calls,
    drops: Vec<f64>,
}

impl Scan {
    /// Nothing asked yet.
    #[must_use]
    pub fn new(len: usize, threshold: f64) -> Self {
        Self { len, threshold, calls: Calls::default(), drops: Vec::new() }
    }
}

/// Elements between one that is asked for and the one whose data are fetched meanwhile.
const AHEAD: usize = 4;

/// The value of picks that gain so much, the first pick first.
pub(crate) fn total(gains: &[f64]) -> Result<f64> {
    let value = gains.iter().fold(0.0, |sum, gain| sum + gain);
    finite(value)
}

/// A gain or value of the objective, which must not be more than a float can hold.
pub(crate) fn finite(value: f64) -> Result<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::argument("objective", "is worth more than a float can hold; scale its weights down"))
}

/// Whether a gain is worth a threshold.
#[inline(always)]
pub(crate) fn is_worth(gain: f64, threshold: f64) -> bool {
    gain >= least_worth(threshold)
}

/// The least gain that is worth a threshold.
#[inline(always)]
pub(crate) fn least_worth(threshold: f64) -> f64 {
    threshold * SLACK
}

/// The number of prefixes of at most `len` picks at which a profile is worth `threshold`.
#[expect(clippy::cast_possible_truncation, reason = "k fits")]
fn depth_of(drops: &[f64], len: usize, threshold: f64) -> u32 {
    let mut gain: f64 = 0.0;
    for j in (0..drops.len()).rev() {
        gain += drops[j];
        if j <= len && is_worth(gain, threshold) {
            return j as u32 + 1;
        }
    }
    0
}

/// The same by asking for gains: first at all picks, where most answers lie, then by halving what is left. The first
/// `known` prefixes are worth it.
#[expect(clippy::cast_possible_truncation, reason = "k fits")]
fn depth_by_halving(
    known: usize,
    len: usize,
    threshold: f64,
    mut gain: impl FnMut(usize) -> Result<f64>,
) -> Result<u32> {
    if is_worth(gain(len)?, threshold) {
        return Ok(len as u32 + 1);
    }
    let (mut worth, mut not) = (known, len);
    while worth < not {
        let middle = worth.midpoint(not);
        if is_worth(gain(middle)?, threshold) {
            worth = middle + 1;
        } else {
            not = middle;
        }
    }
    Ok(worth as u32)
}

/// Adds to `drops` what a contribution loses at the picks that changed it. `before` yields, from the last pick to the
/// first, the pick and the contribution before it; `now` is the contribution after all picks.
#[inline(always)]
pub(crate) fn add_drops(drops: &mut [f64], scale: f64, now: f64, before: impl Iterator<Item = (usize, f64)>) {
    let mut later = now;
    if let Some(last) = drops.last_mut() {
        *last += scale * now;
    }
    for (pick, earlier) in before {
        // Rounding may say that a gain grew; it did not.
        if earlier > later {
            drops[pick] += scale * (earlier - later);
            later = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_count_the_prefixes_at_which_a_gain_is_worth_the_threshold() {
        let gains = [5.0, 5.0, 3.0, 1.0];
        let drops = [0.0, 2.0, 2.0, 1.0];
        for (threshold, all) in [(0.5, 4), (1.0, 4), (2.0, 3), (3.0, 3), (4.0, 2), (5.0, 2), (6.0, 0)] {
            for len in 0..4 {
                let wanted = all.min(len + 1);
                assert_eq!(depth_of(&drops, len as usize, threshold), wanted, "{threshold} {len}");
                for known in 0..=wanted.min(len) {
                    let halving =
                        depth_by_halving(known as usize, len as usize, threshold, |len| Ok(gains[len]));
                    assert_eq!(halving.unwrap(), wanted, "{threshold} {len} {known}");
                }
            }
        }
    }
}
