//! Which of an author's rows are known: runs of sequence numbers, so that gaps cost no more than a run.

use std::collections::BTreeMap;

/// A set of sequence numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seqs {
    /// First and last number of every run; runs neither touch nor overlap.
    runs: BTreeMap<u64, u64>,
}

impl Seqs {
    /// Adds a number; whether it is new.
    pub(super) fn insert(&mut self, seq: u64) -> bool {
        let before = self.runs.range_mut(..=seq).next_back();
        let joins_before = match before {
            Some((_, last)) if *last >= seq => return false,
            Some((_, last)) if *last + 1 == seq => {
                *last = seq;
                true
            }
            _ => false,
        };
        // Mostly rows come in order, and nothing is known beyond them.
        let after = seq.checked_add(1).and_then(|next| self.runs.remove(&next));
        match (joins_before, after) {
            (true, None) => {}
            (true, Some(end)) => {
                if let Some((_, last)) = self.runs.range_mut(..=seq).next_back() {
                    *last = end;
                }
            }
            (false, end) => drop(self.runs.insert(seq, end.unwrap_or(seq))),
        }
        true
    }

    /// Adds a run of numbers that touches no other: for what was saved.
    pub(super) fn insert_run(&mut self, first: u64, last: u64) -> bool {
        let is_apart = self.runs.last_key_value().is_none_or(|(_, &end)| end < first.saturating_sub(1));
        is_apart && first <= last && self.runs.insert(first, last).is_none()
    }

    /// One more than the largest number.
    pub(super) fn next(&self) -> u64 {
        self.runs.last_key_value().map_or(0, |(_, &last)| last.saturating_add(1))
    }

    /// First and last number of every run, rising.
    pub(super) fn runs(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.runs.iter().map(|(&first, &last)| (first, last))
    }

    pub(super) fn n_runs(&self) -> usize {
        self.runs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_any_order_make_the_same_runs() {
        let numbers = [5u64, 1, 0, 7, 6, 3, 9, 2];
        for start in 0..numbers.len() {
            let mut seqs = Seqs::default();
            let mut turned = numbers;
            turned.rotate_left(start);
            assert!(turned.iter().all(|&seq| seqs.insert(seq)));
            assert!(turned.iter().all(|&seq| !seqs.insert(seq)));
            assert_eq!((seqs.runs().collect::<Vec<_>>(), seqs.next()), (vec![(0, 3), (5, 7), (9, 9)], 10));
        }
    }

    #[test]
    fn saved_runs_come_back_and_others_are_refused() {
        let mut seqs = Seqs::default();
        assert!(seqs.insert_run(0, 3) && seqs.insert_run(5, 5));
        assert!(!seqs.insert_run(6, 7) && !seqs.insert_run(9, 8) && !seqs.insert_run(2, 2));
        assert!(!seqs.insert(2) && seqs.insert(4) && seqs.runs().eq([(0, 5)]));
    }
}
