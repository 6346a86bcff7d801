//! How many of a bucket to pick at once, and which.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | B | `bucket` | elements of like gain at the picks G |
//! | m | `size` | how many are picked |
//!
//! m is the largest number for which the m-th of random elements of B still gains at least the least gain of the bucket, at G and
//! the m - 1 before it, with a chance of 1 - ε. That chance falls with m, since f is submodular and random elements come in any
//! order alike. It is estimated by [`N_TRIALS`] draws per size. What was drawn then is checked as a whole: m picks must
//! gain (1 - ε)m times the least gain, or half as many are drawn again. One pick always does.

use super::objective::{Prefix, is_worth};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_reserve, try_with_capacity};
use crate::rng::ShortStream;

/// Draws that tell whether a size is small enough.
const N_TRIALS: usize = 8;

/// Buckets are no narrower than this: their number would matter more than what is in them.
const LEAST_WIDTH: f64 = 0.01;

/// Gains that are worth a threshold, by powers of 1 + ε. All of 2k thresholds and more are alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buckets {
    threshold: f64,
    log_width: f64,
    last: u32,
}

impl Buckets {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "k is below 2^32, and its logarithm is small"
    )]
    pub(super) fn new(threshold: f64, k: usize, eps: f64) -> Self {
        let log_width = eps.max(LEAST_WIDTH).ln_1p();
        Self { threshold, log_width, last: ((2.0 * k as f64).ln() / log_width) as u32 }
    }

    /// The bucket of a gain. What is the least gain of a bucket on paper counts as in it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below zero and without end are cut off"
    )]
    pub(super) fn of(self, gain: f64) -> u32 {
        let power = ((gain / self.threshold).ln() + 1e-9) / self.log_width;
        (power.max(0.0) as u32).min(self.last)
    }

    /// The least gain of a bucket.
    pub(super) fn least(self, bucket: u32) -> f64 {
        self.threshold * (self.log_width * f64::from(bucket)).exp()
    }

    /// The bucket with the most elements, of equals the highest, and what is in it.
    #[expect(clippy::cast_possible_truncation, reason = "buckets are few")]
    pub(super) fn fullest(self, elements: &[u32], gains: &[f64]) -> Result<(u32, Vec<u32>)> {
        let mut counts = try_with_capacity("the buckets of gains", self.last as usize + 1)?;
        counts.resize(self.last as usize + 1, 0usize);
        gains.iter().for_each(|&gain| counts[self.of(gain) as usize] += 1);
        let (bucket, &n) = counts.iter().enumerate().max_by_key(|&(_, n)| n).unwrap_or((0, &0));
        let bucket = bucket as u32;
        let mut members = try_with_capacity("a bucket of gains", n)?;
        let pairs = elements.iter().zip(gains);
        members.extend(pairs.filter(|&(_, &gain)| self.of(gain) == bucket).map(|(&element, _)| element));
        Ok((bucket, members))
    }
}

/// What to sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampling {
    /// The least gain of the bucket.
    pub(super) threshold: f64,
    /// How many at most.
    pub(super) most: usize,
    pub(super) eps: f64,
}

/// What was sampled: the first of the bucket.
pub(super) struct Sampled {
    pub(super) gains: Vec<f64>,
    pub(super) n_asked: u64,
}

/// Appends picks to the prefix, and moves them to the front of their bucket.
#[expect(clippy::cast_precision_loss, reason = "counts of elements")]
pub(super) fn sample(
    prefix: &mut dyn Prefix,
    bucket: &mut [u32],
    terms: Sampling,
    draws: &mut ShortStream,
    exec: &Exec,
) -> Result<Sampled> {
    let begin = prefix.n_picks();
    let (mut size, mut beyond) = (1, terms.most.min(bucket.len()) + 1);
    let mut n_asked = 0;
    while beyond - size > 1 {
        let middle = size.midpoint(beyond);
        exec.checkpoint(0)?;
        if passes(prefix, &mut bucket[..], (middle, terms), draws, &mut n_asked)? {
            size = middle;
        } else {
            beyond = middle;
        }
    }
    let mut gains = Vec::new();
    try_reserve("picks", &mut gains, size)?;
    loop {
        draw(bucket, size, draws);
        for &element in &bucket[..size] {
            gains.push(prefix.push(element)?.max(0.0));
        }
        n_asked += size as u64;
        let wanted = (1.0 - terms.eps) * size as f64 * terms.threshold;
        if size <= 1 || is_worth(gains.iter().sum(), wanted) {
            return Ok(Sampled { gains, n_asked });
        }
        prefix.truncate(begin);
        gains.clear();
        size /= 2;
    }
}

/// Whether the last of so many random elements gains enough at those before it, most times.
#[expect(clippy::cast_precision_loss, reason = "a few trials")]
fn passes(
    prefix: &mut dyn Prefix,
    bucket: &mut [u32],
    (size, terms): (usize, Sampling),
    draws: &mut ShortStream,
    n_asked: &mut u64,
) -> Result<bool> {
    let begin = prefix.n_picks();
    let mut n_failed = 0;
    for _ in 0..N_TRIALS {
        draw(bucket, size, draws);
        for &element in &bucket[..size - 1] {
            prefix.push(element)?;
        }
        let gain = prefix.gain(begin + size - 1, bucket[size - 1])?;
        prefix.truncate(begin);
        *n_asked += size as u64;
        n_failed += usize::from(!is_worth(gain, terms.threshold));
        if n_failed as f64 > terms.eps * N_TRIALS as f64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Moves `size` random elements to the front, in random order.
#[expect(clippy::cast_possible_truncation, reason = "the product is below 2^64 times the length")]
fn draw(bucket: &mut [u32], size: usize, draws: &mut ShortStream) {
    for i in 0..size {
        let n = bucket.len() - i;
        let at = (u128::from(draws.draw()) * n as u128) >> 64;
        bucket.swap(i, i + at as usize);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Coverage, Objective, Triples};
    use super::*;

    #[test]
    fn each_bucket_begins_where_the_one_before_ends() {
        for eps in [1e-6, 0.05, 0.5] {
            let buckets = Buckets::new(0.3, 20, eps);
            for bucket in 0..=buckets.last {
                let least = buckets.least(bucket);
                assert_eq!(buckets.of(least), bucket);
                assert_eq!(buckets.of(least * (1.0 - 1e-8)), bucket.saturating_sub(1));
            }
            assert_eq!((buckets.of(0.0), buckets.of(f64::MAX)), (0, buckets.last));
        }
        let (bucket, members) =
            Buckets::new(1.0, 8, 0.5).fullest(&[4, 5, 6, 7], &[1.0, 2.3, 1.1, 2.4]).unwrap();
        assert_eq!((bucket, members), (2, vec![5, 7]));
    }

    #[test]
    fn samples_are_as_large_as_they_keep_their_gains() {
        // 40 elements, each in an item of its own and one of 4 others: the first four gain 2, all others 1.
        let rows: Vec<u32> = (0..80).map(|i| i / 2).collect();
        let columns: Vec<u32> = (0..80).map(|i| if i % 2 == 0 { i / 2 } else { 40 + i / 2 % 4 }).collect();
        let sets = Triples { n_rows: 40, n_columns: 44, rows: &rows, columns: &columns, values: None };
        let exec = &Exec::default();
        let objective: Arc<dyn Objective> = Arc::new(Coverage::new(sets, None, exec).unwrap());
        for seed in 0..50 {
            let draws = &mut ShortStream::new(7, seed);
            for (threshold, most, wanted) in [(1.0, 30, 30..=30), (1.0, 100, 40..=40), (2.0, 30, 1..=4)] {
                let mut prefix = Arc::clone(&objective).prefix().unwrap();
                let mut bucket: Vec<u32> = (0..40).collect();
                let sampling = Sampling { threshold, most, eps: 0.1 };
                let sampled = sample(prefix.as_mut(), &mut bucket, sampling, draws, exec).unwrap();
                let size = sampled.gains.len();
                assert!(wanted.contains(&size), "{size}");
                assert_eq!(prefix.n_picks(), size);
                assert!(sampled.gains.iter().sum::<f64>() >= 0.9 * threshold * size as f64);
                bucket.sort_unstable();
                assert_eq!(bucket, (0..40).collect::<Vec<_>>());
            }
        }
    }
}
