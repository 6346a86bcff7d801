//! The very sparse random projection (Achlioptas 2003; Li, Hastie and Church 2006), made where it is needed.
//!
//! An entry is +1 or -1, each with probability 1/(2s), else 0; the common factor √s is left to the weights. It is a
//! function of (seed, key of the row, column): a row does not depend on other rows, their order or threads, and a
//! narrow row is the beginning of a wide one.
//!
//! A mixed 64-bit word holds four columns, 16 bits each; from s = 64 on, where 16 bits would round 1/(2s) too coarsely,
//! two columns of 32 bits.

use crate::rng::{Domain, GOLDEN, key, mix};
use crate::simd::LANES;

/// From this sparsity on a lane has 32 bits.
const WIDE: f64 = 64.0;

/// Rows of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Projection {
    seed: u64,
    domain: Domain,
    /// Lanes below this are +1, below twice this -1.
    threshold: u64,
    lanes_per_word: u64,
}

impl Projection {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 2^31")]
    pub(super) fn new(seed: u64, domain: Domain, sparsity: f64) -> Self {
        let lanes_per_word = if sparsity < WIDE { 4 } else { 2 };
        let range = 2f64.powi(64 / lanes_per_word);
        let threshold = (range / (2.0 * sparsity)).round() as u64;
        Self { seed, domain, threshold, lanes_per_word: lanes_per_word as u64 }
    }

    /// What the row of that key begins from.
    #[inline]
    pub(super) fn row(&self, row_key: u64) -> u64 {
        key(self.seed, self.domain, row_key)
    }

    /// Columns `16 group..16 (group + 1)` of a row.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "masked to the bits of a lane")]
    pub(super) fn entries(&self, row: u64, group: usize) -> [i8; LANES] {
        let n_words = LANES as u64 / self.lanes_per_word;
        let first = group as u64 * n_words;
        let mut entries = [0i8; LANES];
        if self.lanes_per_word == 4 {
            let threshold = self.threshold as u32;
            for j in 0..4 {
                let word = mix(row.wrapping_add((first + j).wrapping_mul(GOLDEN)));
                for lane in 0..4 {
                    let draw = (word >> (16 * lane)) as u32 & 0xffff;
                    entries[j as usize * 4 + lane] = sign(draw < threshold, draw < 2 * threshold);
                }
            }
        } else {
            for j in 0..8 {
                let word = mix(row.wrapping_add((first + j).wrapping_mul(GOLDEN)));
                for lane in 0..2 {
                    let draw = word >> (32 * lane) & 0xffff_ffff;
                    entries[j as usize * 2 + lane] = sign(draw < self.threshold, draw < 2 * self.threshold);
                }
            }
        }
        entries
    }
}

/// +1, -1 or 0.
#[inline(always)]
fn sign(is_plus: bool, is_nonzero: bool) -> i8 {
    2 * i8::from(is_plus) - i8::from(is_nonzero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(projection: Projection, row_key: u64, n_groups: usize) -> Vec<i8> {
        let row = projection.row(row_key);
        (0..n_groups).flat_map(|group| projection.entries(row, group)).collect()
    }

    /// Counts of entries within five standard deviations of what s says, at every width of lanes.
    #[test]
    fn entries_are_as_frequent_as_the_sparsity_says() {
        for sparsity in [1.0, 2.0, 3.0, 17.5, 63.0, 64.0, 500.0] {
            let projection = Projection::new(7, Domain::Projection, sparsity);
            let entries: Vec<i8> = (0..2000).flat_map(|node| row(projection, node, 8)).collect();
            let n = entries.len() as f64;
            for sign in [1, -1] {
                let found = entries.iter().filter(|&&entry| entry == sign).count() as f64;
                let p = 0.5 / sparsity;
                assert!(
                    (found - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt(),
                    "{sparsity} {sign} {found}"
                );
            }
        }
    }

    /// Neighbouring keys and seeds share nothing: columns of different rows, and rows of different seeds, are as far
    /// from orthogonal as independent ones (six standard deviations over all pairs).
    #[test]
    fn rows_of_neighbouring_keys_and_seeds_are_independent() {
        let rows: Vec<Vec<i8>> = (0..4)
            .flat_map(|seed| {
                (0..40).map(move |node| row(Projection::new(seed, Domain::Projection, 3.0), node, 64))
            })
            .collect();
        for (i, a) in rows.iter().enumerate() {
            for b in &rows[..i] {
                let dot: i32 = a.iter().zip(b).map(|(&x, &y)| i32::from(x) * i32::from(y)).sum();
                // Products are ±1 with probability 1/9: variance 1/9 each.
                assert!(f64::from(dot).abs() <= 6.0 * (a.len() as f64 / 9.0).sqrt(), "{dot}");
            }
        }
    }
}
