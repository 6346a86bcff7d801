//! What is fair: pure functions of how many members each group has.
//!
//! A rule caps the members of a group by a function of the members of all that never falls when they grow: by those of
//! another group and a tolerance, by the smallest group times a ratio, by a share of all, by a number. So of two fair
//! vectors of
//! counts the componentwise larger is fair too, and below every vector of counts c there is one that is largest in every
//! component: [`FairSpec::trim`]. A clique with counts c holds a fair one of size Σ trim(c), by dropping any members of
//! the groups that have too many, if trim(c) gives each group its least number, and none otherwise:
//! [`FairSpec::value`], F(c), which never falls when a count grows.
//!
//! That is all a search needs to know: if no group can have more members than c says, no fair clique is larger than F(c);
//! and a fair clique of more than L members has at least [`FairSpec::need`] of each.

use crate::error::{Error, Result};

/// No limit.
pub const UNLIMITED: u32 = u32::MAX;
/// A group is a bit of a word.
pub const MOST_GROUPS: usize = 64;

/// Which counts of members per group are fair.
///
/// ```
/// use graphrank::clique::FairSpec;
/// // At least 2 of either group, and at most 1 more of one than of the other.
/// let spec = FairSpec::new(2).least(2).delta(1);
/// assert_eq!(spec.value(&[3, 7]), Some(7)); // 3 and 4 of them
/// assert_eq!(spec.value(&[1, 7]), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FairSpec {
    least: Vec<u32>,
    most: Vec<u32>,
    /// `n_groups` squared: by how many members a group may exceed another, closed under going by way of a third.
    tolerances: Vec<u32>,
    /// If all tolerances are equal, that one.
    delta: Option<u32>,
    max_ratio: f64,
    max_share: f64,
}

impl FairSpec {
    /// Everything is fair.
    #[must_use]
    pub fn new(n_groups: usize) -> Self {
        Self {
            least: vec![0; n_groups],
            most: vec![UNLIMITED; n_groups],
            tolerances: Vec::new(),
            delta: Some(UNLIMITED),
            max_ratio: f64::INFINITY,
            max_share: 1.0,
        }
    }

    /// At least `k` members of every group.
    #[must_use]
    pub fn least(self, k: u32) -> Self {
        let n_groups = self.n_groups();
        self.least_of_each(vec![k; n_groups])
    }

    /// At least so many members of each group.
    #[must_use]
    pub fn least_of_each(self, least: Vec<u32>) -> Self {
        Self { least, ..self }
    }

    /// At most so many members of each group.
    #[must_use]
    pub fn most_of_each(self, most: Vec<u32>) -> Self {
        Self { most, ..self }
    }

    /// No group has more than `delta` members more than another.
    #[must_use]
    pub fn delta(self, delta: u32) -> Self {
        Self { tolerances: Vec::new(), delta: Some(delta), ..self }
    }

    /// Group i has at most `tolerances[i][j]` members more than group j, row after row.
    #[must_use]
    pub fn delta_of_each(self, mut tolerances: Vec<u32>) -> Self {
        let n = self.n_groups();
        if tolerances.len() == n * n {
            for middle in 0..n {
                for i in 0..n {
                    for j in 0..n {
                        let by_way = tolerances[i * n + middle].saturating_add(tolerances[middle * n + j]);
                        let direct = &mut tolerances[i * n + j];
                        *direct = by_way.min(*direct);
                    }
                }
            }
        }
        Self { tolerances, delta: None, ..self }
    }

    /// The largest group has at most `max_ratio` times as many members as the smallest.
    #[must_use]
    pub fn max_ratio(self, max_ratio: f64) -> Self {
        Self { max_ratio, ..self }
    }

    /// No group has more than this share of all members.
    #[must_use]
    pub fn max_share(self, max_share: f64) -> Self {
        Self { max_share, ..self }
    }

    /// Number of groups.
    #[must_use]
    pub fn n_groups(&self) -> usize {
        self.least.len()
    }

    /// The least number of members of each group.
    #[must_use]
    pub fn least_counts(&self) -> &[u32] {
        &self.least
    }

    /// # Errors
    /// [`Error::InvalidArgument`] for more than [`MOST_GROUPS`] groups, arrays of another length, and a ratio below 1 or
    /// a share outside (0, 1].
    pub fn validate(&self) -> Result<()> {
        let n = self.n_groups();
        if n == 0 || n > MOST_GROUPS {
            let problem = format!("must be 1 to {MOST_GROUPS} different ones, got {n}");
            return Err(Error::argument("groups", problem));
        }
        if self.most.len() != n {
            let problem = format!("must have a number per group, {n}, got {}", self.most.len());
            return Err(Error::argument("max_per_group", problem));
        }
        if self.delta.is_none() && self.tolerances.len() != n * n {
            let problem =
                format!("must have a number per pair of groups, {}, got {}", n * n, self.tolerances.len());
            return Err(Error::argument("delta", problem));
        }
        if self.max_ratio.is_nan() || self.max_ratio < 1.0 {
            return Err(Error::argument("max_ratio", format!("must be at least 1, got {}", self.max_ratio)));
        }
        if self.max_share.is_nan() || self.max_share <= 0.0 || self.max_share > 1.0 {
            return Err(Error::argument("max_share", format!("must be in (0, 1], got {}", self.max_share)));
        }
        Ok(())
    }

    /// Lowers counts to the largest ones that keep all rules but those of least numbers.
    pub fn trim(&self, counts: &mut [u32]) {
        counts.iter_mut().zip(&self.most).for_each(|(count, &most)| *count = most.min(*count));
        if self.tolerances.is_empty() && self.delta == Some(UNLIMITED) && self.is_without_proportions() {
            return;
        }
        // Each round lowers a count, or ends. Tolerances alone end in one, because they are closed.
        while self.lower(counts) && !self.is_without_proportions() {}
    }

    fn is_without_proportions(&self) -> bool {
        self.max_ratio == f64::INFINITY && self.max_share >= 1.0
    }

    /// Applies every rule once; whether that changed anything.
    fn lower(&self, counts: &mut [u32]) -> bool {
        let mut is_lower = false;
        let mut cap = |count: &mut u32, most: u32| {
            is_lower |= most < *count;
            *count = most.min(*count);
        };
        let smallest = counts.iter().copied().min().unwrap_or(0);
        match self.delta {
            Some(delta) => {
                let most = smallest.saturating_add(delta).min(times(self.max_ratio, smallest));
                counts.iter_mut().for_each(|count| cap(count, most));
            }
            None => {
                let n = counts.len();
                for i in 0..n {
                    let allowed =
                        counts.iter().zip(&self.tolerances[i * n..]).map(|(&x, &d)| x.saturating_add(d));
                    let most = allowed.min().unwrap_or(UNLIMITED).min(times(self.max_ratio, smallest));
                    cap(&mut counts[i], most);
                }
            }
        }
        if self.max_share < 1.0 {
            let most = times(self.max_share, counts.iter().fold(0, |sum: u32, &x| sum.saturating_add(x)));
            counts.iter_mut().for_each(|count| cap(count, most));
        }
        is_lower
    }

    /// F: the size of the largest fair clique in a clique with these counts; `None` if it holds none.
    #[must_use]
    pub fn value(&self, counts: &[u32]) -> Option<u32> {
        let mut room = [0; MOST_GROUPS];
        let trimmed = &mut room[..counts.len()];
        trimmed.copy_from_slice(counts);
        self.trim(trimmed);
        let is_enough = trimmed.iter().zip(&self.least).all(|(count, least)| count >= least);
        is_enough.then(|| trimmed.iter().fold(0, |sum: u32, &x| sum.saturating_add(x)))
    }

    /// Whether counts of at most these may belong to a fair clique of more than `size` members.
    #[must_use]
    pub fn exceeds(&self, counts: &[u32], size: u32) -> bool {
        self.value(counts).is_some_and(|value| value > size)
    }

    /// The least number of members of a group in any fair clique of more than `size` members, if no group can have more
    /// than `most` of them; `None` if there is no such clique.
    #[must_use]
    pub fn need(&self, group: usize, most: &[u32], size: u32) -> Option<u32> {
        if !self.exceeds(most, size) {
            return None;
        }
        let mut room = [0; MOST_GROUPS];
        let counts = &mut room[..most.len()];
        counts.copy_from_slice(most);
        // F never falls when a count grows.
        let (mut low, mut high) = (self.least[group], most[group]);
        while low < high {
            let middle = low + (high - low) / 2;
            counts[group] = middle;
            if self.exceeds(counts, size) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low)
    }
}

/// ⌊factor · n⌋, where a product of decimal fractions that is whole on paper counts as whole.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "conversions of floats saturate")]
fn times(factor: f64, n: u32) -> u32 {
    if factor == f64::INFINITY {
        return UNLIMITED;
    }
    let product = factor * f64::from(n);
    (product + 1e-9 * product.max(1.0)).floor() as u32
}
