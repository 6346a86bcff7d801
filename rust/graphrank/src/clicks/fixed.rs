//! Sums that do not depend on the order of their terms.
//!
//! Rows reach a store in any order, by any path and in any batches, and its answers must not show it, not even in their
//! last bits. So weights are whole multiples of 2^-60, and sums of them are sums of integers. What is lost is below
//! 1e-18 for each weight.

/// How many bits of a sum are behind the point.
pub(super) const BITS: i32 = 60;
/// Scores are compared in so many steps up to the largest: equal to about 12 digits is equal.
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

/// A number of the order of `score`, the same for scores that differ by rounding; `unit` is that of the largest.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
pub(super) fn level(score: f64, unit: f64) -> i128 {
    (score / unit * SAME).round() as i128
}

/// The power of two at or below the largest of some numbers of at least 0: dividing by it rounds nothing.
pub(super) fn unit(numbers: impl Iterator<Item = f64>) -> f64 {
    let largest = numbers.fold(f64::MIN_POSITIVE, f64::max);
    f64::from_bits(largest.to_bits() & f64::INFINITY.to_bits())
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
    }

    #[test]
    fn scores_are_told_apart_by_their_digits_whatever_their_size() {
        for scale in [1e-200, 1e-9, 1.0, 1e30, 1e300] {
            let (third, half) = (scale / 3.0, scale / 2.0);
            let unit = unit([third, half].into_iter());
            assert!(unit <= half && half < 2.0 * unit);
            assert_eq!(level(third + third, unit), level(2.0 * scale / 3.0 * (1.0 + f64::EPSILON), unit));
            assert!(level(half, unit) < level(half * (1.0 + 1e-11), unit));
        }
        assert_eq!(unit([].into_iter()), f64::MIN_POSITIVE);
    }
}
