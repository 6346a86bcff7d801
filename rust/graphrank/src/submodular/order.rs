//! Candidates in an order that is kept while they come and go.
//!
//! Each has a rank, a number of 64 bits: drawn at random, or rising with arrival. Both spread over all bits. Candidates lie in as many buckets as there are elements, by
//! the high bits of their ranks, about one in each. A tree above the buckets keeps the highest worth below each of its
//! nodes, so that those worth a threshold are met in their order without looking at the others.
//!
//! | | cost |
//! |---|---|
//! | insert, remove | a walk along a short list, and up the tree while a maximum changes: some cache misses |
//! | next candidate worth a threshold | up and down the tree: `log_32(n)` nodes, each of 128 bytes |
//!
//! Memory: 12 to 20 bytes per element of the universe.

use super::objective::{is_worth, least_worth};
use crate::error::Result;
use crate::memory::{Buffer, try_reserve};

/// Children of a node of the tree.
const FAN: usize = 32;

/// A frontier beyond all ranks.
pub(super) const END: u64 = u64::MAX;

/// Candidates by rank. Ranks and worths are kept by the caller, who passes them as slices.
pub(super) struct Order {
    /// First candidate of each bucket, counted from 1; 0 for none.
    heads: Buffer<u32>,
    /// The candidate after each in its bucket, counted from 1.
    next: Buffer<u32>,
    /// `most[0]` by bucket, each following level by node; the last one is a single node.
    most: Vec<Buffer<u32>>,
    /// Bits of a rank below those that number its bucket.
    shift: u32,
}

/// What elements are worth, and their ranks, by element.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) worths: &'a [f64],
    pub(super) ranks: &'a [u64],
}

impl Order {
    pub(super) fn new(n_elements: usize) -> Result<Self> {
        let n_buckets = n_elements.next_power_of_two().max(FAN);
        let mut most = Vec::new();
        let mut n = n_buckets;
        loop {
            most.push(Buffer::zeroed("the order of candidates", n.max(FAN))?);
            if n <= FAN {
                break;
            }
            n = n.div_ceil(FAN);
        }
        Ok(Self {
            heads: Buffer::zeroed("the order of candidates", n_buckets)?,
            next: Buffer::zeroed("the order of candidates", n_elements)?,
            most,
            shift: 64 - n_buckets.trailing_zeros(),
        })
    }

    /// How many ranks make a bucket.
    pub(super) fn width(&self) -> u64 {
        1 << self.shift
    }

    pub(super) fn insert(&mut self, element: u32, keys: Keys<'_>) {
        let bucket = self.bucket(keys.ranks[element as usize]);
        self.next[element as usize] = std::mem::replace(&mut self.heads[bucket], element + 1);
        let code = code(keys.worths[element as usize]);
        let mut node = bucket;
        for most in &mut self.most {
            if most[node] >= code {
                break;
            }
            most[node] = code;
            node /= FAN;
        }
    }

    /// Tells that a candidate of this rank is inserted soon.
    #[inline]
    pub(super) fn prefetch(&self, rank: u64) {
        let bucket = self.bucket(rank);
        crate::simd::prefetch(self.heads.as_ptr().wrapping_add(bucket), 1);
        crate::simd::prefetch(self.most[0].as_ptr().wrapping_add(bucket), 1);
    }

    pub(super) fn remove(&mut self, element: u32, keys: Keys<'_>) {
        let bucket = self.bucket(keys.ranks[element as usize]);
        let after = self.next[element as usize];
        if self.heads[bucket] == element + 1 {
            self.heads[bucket] = after;
        } else {
            let before = self.chain(bucket).find(|&e| self.next[e as usize] == element + 1);
            if let Some(before) = before {
                self.next[before as usize] = after;
            }
        }
        let mut left = self.chain(bucket).map(|e| code(keys.worths[e as usize])).max().unwrap_or(0);
        let mut node = bucket;
        for level in 0..self.most.len() {
            if std::mem::replace(&mut self.most[level][node], left) == left {
                break;
            }
            node /= FAN;
            left = self.children(level, node).iter().copied().max().unwrap_or(0);
        }
    }

    /// Appends, by rank, candidates that are worth `threshold`, beginning at the rank `from`, until there are `limit`
    /// or no others. Returns the least rank that was not looked at.
    pub(super) fn after(
        &self,
        from: u64,
        (threshold, limit): (f64, usize),
        keys: Keys<'_>,
        found: &mut Vec<(u64, u32)>,
    ) -> Result<u64> {
        let least = code(least_worth(threshold));
        let mut next = self.bucket_after(self.bucket(from), least);
        while let Some(bucket) = next {
            let begin = found.len();
            for element in self.chain(bucket) {
                let rank = keys.ranks[element as usize];
                if rank >= from && is_worth(keys.worths[element as usize], threshold) {
                    try_reserve("the order of candidates", found, 1)?;
                    found.push((rank, element));
                }
            }
            found[begin..].sort_unstable();
            if found.len() >= limit {
                return Ok((bucket as u64 + 1).checked_shl(self.shift).filter(|&end| end > 0).unwrap_or(END));
            }
            next = self.bucket_after(bucket + 1, least);
        }
        Ok(END)
    }

    /// What no candidate is worth more than: the worth of the best, if its code holds all its digits, or a millionth more.
    pub(super) fn bound(&self) -> f64 {
        let most = self.most.last().into_iter().flat_map(|root| root.iter()).copied().max();
        f64::from_bits(u64::from(most.unwrap_or(0).saturating_sub(1)) << CODE_SHIFT)
    }

    fn bucket(&self, rank: u64) -> usize {
        usize::try_from(rank >> self.shift).unwrap_or(usize::MAX)
    }

    fn chain(&self, bucket: usize) -> impl Iterator<Item = u32> {
        let first = self.heads[bucket].checked_sub(1);
        std::iter::successors(first, |&element| self.next[element as usize].checked_sub(1))
    }

    fn children(&self, level: usize, node: usize) -> &[u32] {
        &self.most[level][node * FAN..(node + 1) * FAN]
    }

    /// The first bucket from `at` on with a code of `least` or more.
    fn bucket_after(&self, mut at: usize, least: u32) -> Option<usize> {
        let mut level = 0;
        loop {
            let codes = self.most.get(level)?;
            let end = (at / FAN + 1) * FAN;
            if at >= codes.len() {
                return None;
            }
            if let Some(i) = codes[at..end].iter().position(|&code| code >= least) {
                at += i;
                break;
            }
            at = end / FAN;
            level += 1;
        }
        while level > 0 {
            level -= 1;
            at = at * FAN + self.children(level, at).iter().position(|&code| code >= least)?;
        }
        Some(at)
    }
}

/// Bits of a float that its code lacks: all but the exponent and 20 digits.
const CODE_SHIFT: u32 = 32;

/// A number of 32 bits that rises with the worth of a candidate, rounded up; 0 is left for no candidate.
#[expect(clippy::cast_possible_truncation, reason = "half of the bits are shifted out")]
fn code(worth: f64) -> u32 {
    worth.to_bits().div_ceil(1 << CODE_SHIFT) as u32 + 1
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
mod tests {
    use super::*;
    use crate::rng::mix;

    #[test]
    fn candidates_are_met_by_rank_whatever_came_and_went() {
        for n in [1usize, 5, 64, 65, 1000, 5000] {
            let worths: Vec<f64> = (0..n).map(|e| (mix(e as u64) % 1000) as f64 / 7.0).collect();
            let mut ranks: Vec<u64> = vec![0; n];
            let mut order = Order::new(n).unwrap();
            for step in 0..3 * n as u64 {
                let element = mix(step ^ 77) as usize % n;
                let rank = ranks[element];
                if rank > 0 {
                    order.remove(element as u32, Keys { worths: &worths, ranks: &ranks });
                    ranks[element] = 0;
                } else {
                    ranks[element] = mix(step) | 1;
                    order.insert(element as u32, Keys { worths: &worths, ranks: &ranks });
                }
                if !step.is_multiple_of(1 + n as u64 / 8) {
                    continue;
                }
                let keys = Keys { worths: &worths, ranks: &ranks };
                let largest = (0..n).filter(|&e| ranks[e] > 0).map(|e| worths[e]).fold(0.0, f64::max);
                assert!(order.bound() >= largest && order.bound() <= largest.mul_add(1.000_001, 1e-300));
                let (threshold, begin) = ((mix(step ^ 5) % 150) as f64, mix(step ^ 6));
                let mut wanted: Vec<(u64, u32)> = (0..n as u32)
                    .map(|e| (ranks[e as usize], e))
                    .filter(|&(rank, e)| rank >= begin.max(1) && is_worth(worths[e as usize], threshold))
                    .collect();
                wanted.sort_unstable();
                let (mut found, mut from) = (Vec::new(), begin);
                while from < END {
                    from = order.after(from, (threshold, found.len() + 3), keys, &mut found).unwrap();
                    assert!(found.iter().all(|&(rank, _)| rank < from));
                }
                assert_eq!(found, wanted);
            }
        }
    }
}
