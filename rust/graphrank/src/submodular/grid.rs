//! Guesses of the optimum: the powers of 1 + ε.

/// The powers of 1 + ε, and what a pick must gain if one of them is the optimum of `k` picks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) eps: f64,
    pub(super) k: usize,
}

impl Grid {
    /// (1 + ε)^`index`.
    pub(super) fn power(self, index: i32) -> f64 {
        (1.0 + self.eps).powi(index)
    }

    /// A half of what each of k picks gains on average if they are worth the power.
    #[expect(clippy::cast_precision_loss, reason = "k is below 2^32")]
    pub(super) fn threshold(self, index: i32) -> f64 {
        self.power(index) / (2.0 * self.k as f64)
    }

    /// The largest index with a power of at most `value`, which must be positive. What is a power on paper counts as one.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the logarithm of a float over one of 1 + 1e-6 at least"
    )]
    pub(super) fn index(self, value: f64) -> i32 {
        ((value.min(f64::MAX).ln() + 1e-9) / self.eps.ln_1p()).floor() as i32
    }
}
