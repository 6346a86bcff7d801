//! Sums whose error does not grow with their length.

/// The sum of some values, compensated (Neumaier, 1974): for values of one sign it is off by at most two roundings of
/// the result, however many there are.
pub(crate) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut total = Sum::default();
    values.for_each(|value| total.add(value));
    total.value()
}

/// Such a sum, value by value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let next = self.sum + value;
        let larger_first = self.sum.abs() >= value.abs();
        self.lost += if larger_first { (self.sum - next) + value } else { (value - next) + self.sum };
        self.sum = next;
    }

    pub(crate) fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// The largest power of two that is no more than a number's size, of normal size itself; 1 for 0 and what is not finite.
/// Dividing by it changes no bit of what is not tiny beside it.
pub(crate) fn power_of_two(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 1.0;
    }
    // Its inverse is to be of normal size, too.
    f64::from_bits(value.abs().to_bits() & (0x7FF << 52)).clamp(f64::MIN_POSITIVE, f64::MIN_POSITIVE.recip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_tenths_are_a_hundred_thousand() {
        assert_eq!(sum(std::iter::repeat_n(0.1, 1_000_000)), 100_000.0);
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100].into_iter()), 2.0);
        assert_eq!(sum(std::iter::empty()), 0.0);
    }

    #[test]
    fn numbers_of_all_sizes_have_a_power_of_two() {
        for (value, power) in [(1.0, 1.0), (-7.9, 4.0), (0.3, 0.25), (0.0, 1.0), (f64::INFINITY, 1.0)] {
            assert_eq!(power_of_two(value), power);
        }
        for value in [f64::MAX, f64::MIN_POSITIVE, 5e-324] {
            let unit = power_of_two(value).recip();
            assert!(unit.is_normal() && (value * unit) < 4.0);
        }
    }
}
