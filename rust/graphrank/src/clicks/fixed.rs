//! Sums that do not depend on the order of their terms.
//!
//! Rows reach a store in any order, by any path and in any batches, and its answers must not show it, not even in their
//! last bits. So weights are whole multiples of 2^-60, and sums of them are sums of integers. What is lost is below
//! 1e-18 for each weight.

/// How many bits of a sum are behind the point.
pub(super) const BITS: i32 = 60;
/// Scores are compared in multiples of this: equal to about 12 digits is equal.
const SAME: f64 = (1u64 << 40) as f64;

/// A number as a multiple of 2^-60; the ends of the range stand for what is beyond.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
pub(super) fn fixed(x: f64) -> i128 {
    (x * 2f64.powi(BITS)).round() as i128
}

/// Back from [`fixed`].
#[expect(clippy::cast_precision_loss, reason = "rounds once")]
pub(super) fn float(x: i128) -> f64 {
    x as f64 * 2f64.powi(-BITS)
}

/// A number of the order of `score`, the same for scores that differ by rounding.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
pub(super) fn level(score: f64) -> i128 {
    (score * SAME).round() as i128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_in_any_order_are_the_same() {
        let terms = [0.1, 1.0 / 3.0, 7e-5, 0.999];
        let sum: i128 = terms.iter().map(|&x| fixed(x)).sum();
        assert_eq!(sum, terms.iter().rev().map(|&x| fixed(x)).sum());
        assert!((float(sum) - terms.iter().sum::<f64>()).abs() < 1e-15);
        assert!(level(1.0 / 3.0 + 1.0 / 3.0) == level(2.0 / 3.0 + 1e-16) && level(0.5) < level(0.5 + 1e-11));
    }
}
