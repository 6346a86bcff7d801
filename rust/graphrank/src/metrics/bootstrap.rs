//! How sure a mean is: percentiles of means over queries that are drawn again (Efron, 1979).
//!
//! Sample i of a seed draws as many queries as there are, with replacement, from a stream of its own, so intervals do not
//! depend on threads. The bounds are those of the sorted means at the two shares of the confidence that is left, between
//! two of them linearly.

use rand_xoshiro::rand_core::Rng;

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity};
use crate::numeric::sum;
use crate::rng::{Domain, stream};

/// How intervals are found.
#[derive(Clone, Copy, Debug)]
pub struct IntervalParams {
    /// Chance that the interval holds the mean of all queries that could be.
    pub confidence: f64,
    /// Samples.
    pub resamples: u32,
    /// Names the random draws.
    pub seed: u64,
}

impl Default for IntervalParams {
    fn default() -> Self {
        Self { confidence: 0.95, resamples: 1_000, seed: 0 }
    }
}

/// A mean and what it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Of the queries that count; NaN if there are none.
    pub mean: f64,
    /// Lower bound; NaN of less than two queries, which say nothing of others.
    pub low: f64,
    /// Upper bound, likewise.
    pub high: f64,
}

/// Samples that one unit of work draws.
const CHUNK: usize = 16;

impl IntervalParams {
    pub(super) fn validate(&self) -> Result<()> {
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            let problem = format!("must be between 0 and 1, got {}", self.confidence);
            return Err(Error::argument("confidence", problem));
        }
        if self.resamples == 0 {
            return Err(Error::argument("resamples", "must be at least 1, got 0"));
        }
        Ok(())
    }
}

/// The mean of each column of `values`, which has `n_columns` and a row per query, with its interval. A NaN does not count.
///
/// # Errors
/// [`Error::InvalidArgument`] for parameters out of range and values that are no whole number of rows;
/// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
///
/// # Complexity
/// O(`resamples` x values).
pub fn intervals(
    values: &[f64],
    n_columns: usize,
    params: IntervalParams,
    exec: &Exec,
) -> Result<Vec<Interval>> {
    params.validate()?;
    if n_columns == 0 || !values.len().is_multiple_of(n_columns) {
        return Err(Error::argument("values", "must have a value for each query and measure"));
    }
    exec.expect_units(u64::from(params.resamples) * n_columns as u64);
    let column = |column: usize| {
        let counted = values.iter().copied().skip(column).step_by(n_columns).filter(|value| !value.is_nan());
        let counted = try_collect("values of queries", values.len() / n_columns, counted)?;
        interval(&counted, params, exec)
    };
    (0..n_columns).map(column).collect()
}

/// The mean of some values.
pub(super) fn interval(values: &[f64], params: IntervalParams, exec: &Exec) -> Result<Interval> {
    if values.len() < 2 {
        let mean = values.first().copied().unwrap_or(f64::NAN);
        return Ok(Interval { mean, low: f64::NAN, high: f64::NAN });
    }
    let samples = params.resamples as usize;
    let parts = exec.map(samples.div_ceil(CHUNK), |chunk| {
        let samples = chunk * CHUNK..samples.min((chunk + 1) * CHUNK);
        exec.checkpoint(samples.len() as u64)?;
        Ok(samples.map(|sample| drawn_mean(values, params.seed, sample as u64)).collect::<Vec<_>>())
    })?;
    let mut means = try_with_capacity("means of samples", samples)?;
    means.extend(parts.into_iter().flatten());
    means.sort_unstable_by(f64::total_cmp);
    let left = (1.0 - params.confidence) / 2.0;
    let (low, high) = (percentile(&means, left), percentile(&means, 1.0 - left));
    Ok(Interval { mean: mean(values), low, high })
}

#[expect(clippy::cast_precision_loss, reason = "counts of queries")]
pub(super) fn mean(values: &[f64]) -> f64 {
    sum(values.iter().copied()) / values.len() as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts of queries")]
#[expect(clippy::cast_possible_truncation, reason = "the high half of a product with the number of queries")]
fn drawn_mean(values: &[f64], seed: u64, sample: u64) -> f64 {
    let mut rng = stream(seed, Domain::Bootstrap, sample);
    let n = values.len() as u128;
    let mut total = 0.0;
    for _ in 0..values.len() {
        total += values[((u128::from(rng.next_u64()) * n) >> 64) as usize];
    }
    total / n as f64
}

/// The value below which a share of sorted values lies, between two of them linearly.
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the samples")]
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let below = at.floor();
    let (a, b) = (sorted[below as usize], sorted[(below as usize + 1).min(sorted.len() - 1)]);
    a + (at - below) * (b - a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_values_linearly() {
        let sorted = [0.0, 1.0, 2.0, 10.0];
        for (share, value) in [(0.0, 0.0), (0.5, 1.5), (5.0 / 6.0, 6.0), (1.0, 10.0)] {
            assert!((percentile(&sorted, share) - value).abs() < 1e-12);
        }
        assert_eq!(percentile(&[3.0], 0.975), 3.0);
    }

    #[test]
    fn what_does_not_vary_is_sure_and_what_does_not_count_is_left_out() {
        let values = [0.5, 1.0, 0.5, f64::NAN, 0.5, 0.0];
        let found = intervals(&values, 2, IntervalParams::default(), &Exec::default()).unwrap();
        assert_eq!(found[0], Interval { mean: 0.5, low: 0.5, high: 0.5 });
        assert_eq!((found[1].mean, found[1].low, found[1].high), (0.5, 0.0, 1.0));
        let none = intervals(&[f64::NAN], 1, IntervalParams::default(), &Exec::default()).unwrap();
        assert!(none[0].mean.is_nan() && none[0].low.is_nan());
        let one = intervals(&[0.5, f64::NAN], 1, IntervalParams::default(), &Exec::default()).unwrap();
        assert_eq!(one[0].mean, 0.5);
        assert!(one[0].low.is_nan() && one[0].high.is_nan());
    }

    /// The standard error of the mean of 0 .. 999 is 9.13; a normal mean is within 1.96 of them in 95 %.
    #[test]
    fn the_interval_of_many_values_is_that_of_the_normal_distribution() {
        let values: Vec<f64> = (0..1_000).map(f64::from).collect();
        let params = IntervalParams { resamples: 20_000, ..IntervalParams::default() };
        let found = interval(&values, params, &Exec::default()).unwrap();
        let half = 1.96 * (999_999.0f64 / 12.0 / 1_000.0).sqrt();
        assert_eq!(found.mean, 499.5);
        // Percentiles of 20,000 means are known to about 1.5 % of a standard error.
        assert!(
            (found.low - (499.5 - half)).abs() < 0.6 && (found.high - (499.5 + half)).abs() < 0.6,
            "{found:?}"
        );
    }
}
