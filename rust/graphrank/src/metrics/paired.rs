//! Is one run better than another, or was it luck with the queries?
//!
//! Both runs answer the same queries; d are the differences of their values. Both tests ask how often so large a mean of d
//! would come about if it were chance which run did better.
//!
//! | test | chance | p |
//! |---|---|---|
//! | t | d are draws of a normal distribution around 0 | both tails of Student's t with n - 1 degrees of freedom |
//! | randomisation | each d could as well have the other sign (Fisher, 1935) | the share of choices of signs that reach as far: of all 2^n if those are no more than the samples; else (1 + their number) / (1 + samples) |
//!
//! Smucker, Allan and Carterette (CIKM 2007) compare such tests on rankings.

use rand_xoshiro::rand_core::Rng;

use super::bootstrap::{Interval, IntervalParams, interval, mean};
use super::student::two_sided;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::try_collect;
use crate::numeric::sum;
use crate::rng::{Domain, stream};

/// What is taken for chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PairedTest {
    /// Student's t test of the differences.
    #[default]
    T,
    /// Signs of the differences.
    Randomisation,
}

/// How two runs are compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct PairedParams {
    /// The test.
    pub test: PairedTest,
    /// The interval of the difference; its samples and seed are also those of the signs.
    pub interval: IntervalParams,
}

/// How much better the first run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Mean difference, and what it may be.
    pub difference: Interval,
    /// How often chance does as much.
    pub p: f64,
    /// Queries that count in both.
    pub n: usize,
}

/// Samples that one unit of work draws.
const CHUNK: u64 = 64;

/// Sums that differ by less, as a share of the sum of all |d|, are equal: they are, but for rounding.
const SLACK: f64 = 1e-12;

/// Compares the values of two runs for the same queries; where either is NaN the query does not count.
///
/// # Errors
/// [`Error::InvalidArgument`] for values of different lengths, for less than two queries and for parameters out of range;
/// [`Error::OutOfMemory`], [`Error::Interrupted`], [`Error::TimedOut`].
pub fn compare_paired(
    first: &[f64],
    second: &[f64],
    params: PairedParams,
    exec: &Exec,
) -> Result<Comparison> {
    params.interval.validate()?;
    if first.len() != second.len() {
        let problem = format!("must have a value per query, {}, got {}", first.len(), second.len());
        return Err(Error::argument("second", problem));
    }
    let differences = first.iter().zip(second).map(|(a, b)| a - b).filter(|d| !d.is_nan());
    let differences = try_collect("differences of runs", first.len(), differences)?;
    let n = differences.len();
    if n < 2 {
        let problem = format!("must have at least 2 queries that count for a test, got {n}");
        return Err(Error::argument("qrels", problem));
    }
    let p = match params.test {
        PairedTest::T => t_test(&differences),
        PairedTest::Randomisation => randomisation(&differences, params.interval, exec)?,
    };
    Ok(Comparison { difference: interval(&differences, params.interval, exec)?, p, n })
}

#[expect(clippy::cast_precision_loss, reason = "counts of queries")]
fn t_test(differences: &[f64]) -> f64 {
    let (n, mean) = (differences.len() as f64, mean(differences));
    let variance = sum(differences.iter().map(|d| (d - mean) * (d - mean))) / (n - 1.0);
    if mean == 0.0 {
        return 1.0;
    }
    two_sided(mean / (variance / n).sqrt(), n - 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
fn randomisation(differences: &[f64], params: IntervalParams, exec: &Exec) -> Result<f64> {
    let all = sum(differences.iter().map(|d| d.abs()));
    let reached = sum(differences.iter().copied()).abs() - SLACK * all;
    let n = u32::try_from(differences.len()).unwrap_or(u32::MAX);
    let every = 1u64.checked_shl(n).filter(|&every| every <= u64::from(params.resamples));
    let n_samples = every.unwrap_or(u64::from(params.resamples));
    let counts = exec.map(usize::try_from(n_samples.div_ceil(CHUNK)).unwrap_or(usize::MAX), |chunk| {
        let first = chunk as u64 * CHUNK;
        let samples = first..n_samples.min(first + CHUNK);
        exec.checkpoint(CHUNK)?;
        let reaches = |sample: &u64| {
            let total = match every {
                Some(_) => with_signs(differences, || *sample),
                None => {
                    let mut rng = stream(params.seed, Domain::Signs, *sample);
                    with_signs(differences, || rng.next_u64())
                }
            };
            total.abs() >= reached
        };
        Ok(samples.filter(reaches).count() as u64)
    })?;
    let n_reached: u64 = counts.iter().sum();
    Ok(match every {
        Some(every) => n_reached as f64 / every as f64,
        None => (1 + n_reached) as f64 / (1 + n_samples) as f64,
    })
}

/// The sum of differences whose signs are changed where a bit is set; `bits` gives the next 64.
fn with_signs(differences: &[f64], mut bits: impl FnMut() -> u64) -> f64 {
    let mut total = 0.0;
    for group in differences.chunks(64) {
        let signs = bits();
        for (bit, d) in (0..).zip(group) {
            total += f64::from_bits(d.to_bits() ^ (signs >> bit) << 63);
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(differences: &[f64], test: PairedTest) -> f64 {
        let zeros = vec![0.0; differences.len()];
        let params = PairedParams { test, ..PairedParams::default() };
        compare_paired(differences, &zeros, params, &Exec::default()).unwrap().p
    }

    /// Of the 8 choices of signs only the one given and its opposite reach 6.
    #[test]
    fn few_queries_are_tested_with_all_signs() {
        assert_eq!(p(&[1.0, 2.0, 3.0], PairedTest::Randomisation), 0.25);
        assert_eq!(p(&[0.1, 0.2, -0.3], PairedTest::Randomisation), 1.0);
    }

    /// The mean is 2 and its standard error 1 / sqrt(3); P(|T| > 2 sqrt(3)) with 2 degrees is 1 - t / sqrt(2 + t²).
    #[test]
    fn the_t_test_by_hand() {
        let t = 2.0 * 3.0f64.sqrt();
        assert!((p(&[1.0, 2.0, 3.0], PairedTest::T) - (1.0 - t / (2.0 + t * t).sqrt())).abs() < 1e-14);
        assert_eq!(p(&[0.0, 0.0], PairedTest::T), 1.0);
        assert_eq!(p(&[0.5, 0.5], PairedTest::T), 0.0);
    }

    #[test]
    fn samples_of_signs_come_near_the_share_of_all() {
        // 12 queries: 4,096 choices, of which 1,000 samples are drawn in one case and all are looked at in the other.
        let differences: Vec<f64> = (0..12).map(|i| f64::from(i % 5) - 1.2).collect();
        let zeros = [0.0; 12];
        let with = |resamples| {
            let interval = IntervalParams { resamples, ..IntervalParams::default() };
            let params = PairedParams { test: PairedTest::Randomisation, interval };
            compare_paired(&differences, &zeros, params, &Exec::default()).unwrap().p
        };
        let (drawn, exact) = (with(4_000), with(4_096));
        // Five standard errors of a share of 4,000.
        assert!((drawn - exact).abs() < 5.0 * (exact * (1.0 - exact) / 4_000.0).sqrt(), "{drawn} {exact}");
    }

    #[test]
    fn one_query_is_no_test() {
        let params = PairedParams::default();
        for (first, second) in
            [(&[1.0][..], &[0.0][..]), (&[1.0, f64::NAN], &[0.0, 1.0]), (&[1.0, 2.0], &[0.0])]
        {
            assert!(compare_paired(first, second, params, &Exec::default()).is_err());
        }
    }
}
