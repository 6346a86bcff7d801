//! What is sought: counts of members, with those that everybody has.

use super::spec::{FairSpec, MOST_GROUPS};

/// A rule, and members that are given. Counts in here are of the others.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    spec: FairSpec,
    /// Given members of each group.
    given: Vec<u32>,
    pub(super) n_given: u32,
}

impl Problem {
    /// Given members are members, so a group has at least so many.
    pub(super) fn new(spec: &FairSpec, given: Vec<u32>) -> Self {
        let least = spec.least_counts().iter().zip(&given).map(|(&a, &b)| a.max(b)).collect();
        let n_given = given.iter().sum();
        Self { spec: spec.clone().least_of_each(least), given, n_given }
    }

    pub(super) fn n_groups(&self) -> usize {
        self.given.len()
    }

    /// No fair clique has fewer members.
    pub(super) fn fewest(&self) -> u32 {
        self.spec.least_counts().iter().sum()
    }

    fn with_given<T>(&self, counts: &[u32], f: impl FnOnce(&FairSpec, &mut [u32]) -> T) -> T {
        let mut room = [0; MOST_GROUPS];
        let all = &mut room[..counts.len()];
        all.iter_mut().zip(counts.iter().zip(&self.given)).for_each(|(sum, (&a, &b))| *sum = a + b);
        f(&self.spec, all)
    }

    /// The size of the largest fair clique, given members included, within a clique with these counts.
    pub(super) fn value(&self, counts: &[u32]) -> Option<u32> {
        self.with_given(counts, |spec, all| spec.value(all))
    }

    /// Whether more than `size` are possible with at most these counts.
    #[inline]
    pub(super) fn exceeds(&self, counts: &[u32], size: u32) -> bool {
        self.with_given(counts, |spec, all| spec.exceeds(all, size))
    }

    /// How many members of a group, beside the given ones, more than `size` members take, if no group has more than
    /// `most`; `None` if there cannot be so many.
    pub(super) fn need(&self, group: usize, most: &[u32], size: u32) -> Option<u32> {
        let need = self.with_given(most, |spec, all| spec.need(group, all, size))?;
        Some(need.saturating_sub(self.given[group]))
    }

    /// Lowers counts to what the rules let count.
    pub(super) fn trim(&self, counts: &mut [u32]) {
        let given = &self.given;
        let mut room = [0; MOST_GROUPS];
        self.with_given(counts, |spec, all| {
            spec.trim(all);
            room[..all.len()].copy_from_slice(all);
        });
        counts
            .iter_mut()
            .zip(room.iter().zip(given))
            .for_each(|(count, (&a, &b))| *count = a.saturating_sub(b));
    }
}
