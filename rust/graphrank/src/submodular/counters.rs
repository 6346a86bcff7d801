//! What maintaining a solution took.

use super::objective::Calls;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Values or single gains asked for.
    pub value_calls: u64,
    /// Gains with regard to all prefixes at once.
    pub scans: u64,
    /// Sequences of picks that were begun again from some pick on.
    pub rebuilds: u64,
    /// Elements asked again in these.
    pub rebuilt_elements: u64,
    /// Guesses that were built from all candidates.
    pub bulk_builds: u64,
    /// Changes that resting guesses caught up with.
    pub replayed: u64,
}

impl Counters {
    /// How often the objective was asked.
    #[must_use]
    pub fn oracle_calls(&self) -> u64 {
        self.value_calls + self.scans
    }

    pub(super) fn add_calls(&mut self, calls: Calls) {
        self.value_calls += calls.values;
        self.scans += calls.scans;
    }

    pub(super) fn add(&mut self, other: Self) {
        self.value_calls += other.value_calls;
        self.scans += other.scans;
        self.rebuilds += other.rebuilds;
        self.rebuilt_elements += other.rebuilt_elements;
        self.bulk_builds += other.bulk_builds;
        self.replayed += other.replayed;
    }
}
