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
    threshold: u32,
    /// Whether lanes have 16 bits.
    is_narrow: bool,
}

impl Projection {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 2^26")]
    pub(super) fn new(seed: u64, domain: Domain, sparsity: f64) -> Self {
        let is_narrow = sparsity < WIDE;
        let range = if is_narrow { 65_536.0 } else { 4_294_967_296.0 };
        let threshold = (range / (2.0 * sparsity)).round() as u32;
        Self { seed, domain, threshold, is_narrow }
    }

    /// What the row of that key begins from.
    #[inline]
    pub(super) fn row(&self, row_key: u64) -> u64 {
        key(self.seed, self.domain, row_key)
    }

    /// Columns `16 group..16 (group + 1)` of a row.
    #[inline(always)]
    pub(super) fn entries(&self, row: u64, group: usize) -> [i8; LANES] {
        let mut entries = [0; LANES];
        if self.is_narrow {
            let lanes: [u16; LANES] = bytemuck::cast(words::<4>(row, group).map(u64::to_le));
            // Inclusive, because twice the threshold may be beyond the largest lane.
            let (plus, both) = (narrow(self.threshold - 1), narrow(2 * self.threshold - 1));
            for (entry, lane) in entries.iter_mut().zip(lanes.map(u16::from_le)) {
                *entry = 2 * i8::from(lane <= plus) - i8::from(lane <= both);
            }
        } else {
            let lanes: [u32; LANES] = bytemuck::cast(words::<8>(row, group).map(u64::to_le));
            for (entry, lane) in entries.iter_mut().zip(lanes.map(u32::from_le)) {
                *entry = 2 * i8::from(lane < self.threshold) - i8::from(lane < 2 * self.threshold);
            }
        }
        entries
    }
}

/// The words of a group of columns, `N` of them.
#[inline(always)]
fn words<const N: usize>(row: u64, group: usize) -> [u64; N] {
    let mut words = [0; N];
    for (j, word) in (group as u64 * N as u64..).zip(&mut words) {
        *word = mix(row.wrapping_add(j.wrapping_mul(GOLDEN)));
    }
    words
}

/// A threshold of 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "from 0 to 65,535 for narrow lanes")]
fn narrow(threshold: u32) -> u16 {
    threshold as u16
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
