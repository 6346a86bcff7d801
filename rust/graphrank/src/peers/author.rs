//! What one author has written, as far as it is known here.
//!
//! The numbers of the entries form *islands*: runs without gaps, apart from each other. Inside an island every entry names
//! the one before, so the last one vouches for all. An entry that contradicts a neighbour is never added.

use std::collections::BTreeMap;
use std::ops::Range;

use ed25519_dalek::VerifyingKey;

use super::entry::{Entry, EntryId};

/// An entry, and when it came.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) entry: Entry,
    /// Milliseconds since 1970.
    pub(super) received: u64,
}

/// What is known of an author who never contradicted itself.
#[derive(Clone, Debug)]
pub(super) struct AuthorLog {
    /// By which entries are verified; taking it out of the id costs a seventh of a verification.
    pub(super) key: VerifyingKey,
    rows: BTreeMap<u64, Held>,
    /// In order, not empty, with gaps between them.
    islands: Vec<Range<u64>>,
}

/// How an entry fits the others.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is new and contradicts nothing.
    New,
    /// It is here.
    Held,
    /// The author has signed another one of this number, which is here.
    Fork(u64),
    /// The neighbour of this number and it do not follow each other.
    Broken(u64),
}

impl AuthorLog {
    pub(super) fn new(key: VerifyingKey) -> Self {
        Self { key, rows: BTreeMap::new(), islands: Vec::new() }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn get(&self, seq: u64) -> Option<&Held> {
        self.rows.get(&seq)
    }

    pub(super) fn islands(&self) -> &[Range<u64>] {
        &self.islands
    }

    /// The number and the predecessor of the next entry, if there is no gap.
    pub(super) fn next(&self) -> Option<(u64, EntryId)> {
        match &self.islands[..] {
            [] => Some((0, [0; 32])),
            [only] if only.start == 0 => Some((only.end, self.head(only))),
            _ => None,
        }
    }

    /// The id of the last entry of an island.
    pub(super) fn head(&self, island: &Range<u64>) -> EntryId {
        self.rows.get(&(island.end - 1)).map_or([0; 32], |held| held.entry.id())
    }

    pub(super) fn fit(&self, entry: &Entry) -> Fit {
        let seq = entry.seq();
        if let Some(held) = self.rows.get(&seq) {
            return if held.entry.id() == entry.id() { Fit::Held } else { Fit::Fork(seq) };
        }
        let before = seq.checked_sub(1).and_then(|seq| self.rows.get(&seq));
        if before.is_some_and(|before| !entry.follows(&before.entry)) {
            return Fit::Broken(seq - 1);
        }
        let after = seq.checked_add(1).and_then(|seq| self.rows.get(&seq));
        if after.is_some_and(|after| !after.entry.follows(entry)) {
            return Fit::Broken(seq + 1);
        }
        Fit::New
    }

    /// Whether an entry of this number would be an island of its own.
    pub(super) fn opens_gap(&self, seq: u64) -> bool {
        let at = self.islands.partition_point(|island| island.end < seq);
        seq > 0 && self.islands.get(at).is_none_or(|island| island.start > seq + 1)
    }

    /// Adds an entry that is new and fits.
    pub(super) fn insert(&mut self, entry: Entry, received: u64) {
        debug_assert_eq!(self.fit(&entry), Fit::New);
        let seq = entry.seq();
        self.rows.insert(seq, Held { entry, received });
        let at = self.islands.partition_point(|island| island.end < seq);
        match self.islands.get_mut(at) {
            Some(island) if island.end == seq => {
                island.end += 1;
                if self.islands.get(at + 1).is_some_and(|next| next.start == seq + 1) {
                    self.islands[at].end = self.islands.remove(at + 1).end;
                }
            }
            Some(island) if island.start == seq + 1 => island.start = seq,
            _ => self.islands.insert(at, seq..seq + 1),
        }
    }
}

/// What of `ours` is not in `theirs`; both in order, without overlaps. Numbers from `end` on do not count.
pub(super) fn missing(ours: &[Range<u64>], theirs: &[Range<u64>], end: u64) -> Vec<Range<u64>> {
    let mut missing = Vec::new();
    let mut at = 0;
    for island in ours {
        let mut from = island.start;
        let to = island.end.min(end);
        while at < theirs.len() && theirs[at].end <= from {
            at += 1;
        }
        for other in &theirs[at..] {
            if other.start >= to {
                break;
            }
            if from < other.start {
                missing.push(from..other.start);
            }
            from = from.max(other.end);
        }
        if from < to {
            missing.push(from..to);
        }
    }
    missing
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "islands are ranges")]
mod tests {
    use super::*;
    use crate::peers::entry::Click;
    use crate::peers::key::{SecretKey, verifying_key};

    fn chain(n: u64, item: &str) -> Vec<Entry> {
        let key = SecretKey::from_seed(&[1; 32]);
        let mut prev = [0; 32];
        let click = Click { query: "q".into(), item: item.into(), ts: 0, shown: None };
        let mut sign = |seq| {
            let entry = Entry::sign(&key, seq, prev, &click).unwrap();
            prev = entry.id();
            entry
        };
        (0..n).map(&mut sign).collect()
    }

    fn empty() -> AuthorLog {
        AuthorLog::new(verifying_key(&SecretKey::from_seed(&[1; 32]).id()).unwrap())
    }

    #[test]
    fn islands_are_the_runs_of_what_is_held() {
        let chain = chain(6, "a");
        let mut log = empty();
        for (seq, islands) in [
            (4, &[4..5][..]),
            (2, &[2..3, 4..5]),
            (0, &[0..1, 2..3, 4..5]),
            (3, &[0..1, 2..5]),
            (1, &[0..5]),
            (5, &[0..6]),
        ] {
            assert_eq!(log.fit(&chain[seq]), Fit::New);
            assert_eq!(log.opens_gap(seq as u64), islands.len() > log.islands().len() && seq > 0);
            log.insert(chain[seq].clone(), 0);
            assert_eq!(log.islands(), islands);
            assert_eq!(log.fit(&chain[seq]), Fit::Held);
        }
        assert_eq!(log.next(), Some((6, chain[5].id())));
    }

    #[test]
    fn an_entry_is_compared_with_its_neighbours() {
        let (ours, other) = (chain(5, "a"), chain(5, "b"));
        let mut log = empty();
        log.insert(ours[2].clone(), 0);
        assert_eq!(log.fit(&other[2]), Fit::Fork(2));
        assert_eq!(log.fit(&other[1]), Fit::Broken(2));
        assert_eq!(log.fit(&other[3]), Fit::Broken(2));
        assert_eq!(log.fit(&other[4]), Fit::New);
        assert_eq!((log.fit(&ours[1]), log.fit(&ours[3])), (Fit::New, Fit::New));
        assert_eq!(log.next(), None);
    }

    #[test]
    fn what_is_missing_is_what_one_has_and_the_other_has_not() {
        let set = |ranges: &[Range<u64>]| ranges.iter().cloned().flatten().collect::<Vec<_>>();
        let cases: [&[Range<u64>]; 6] =
            [&[], &[0..3], &[0..3, 5..6, 9..12], &[1..2, 4..10], &[2..20], &[11..12]];
        for ours in cases {
            for theirs in cases {
                for end in [0, 5, 11, 100] {
                    let has = set(theirs);
                    let mut expected = set(ours);
                    expected.retain(|seq| !has.contains(seq) && *seq < end);
                    assert_eq!(set(&missing(ours, theirs, end)), expected, "{ours:?} {theirs:?} {end}");
                }
            }
        }
    }
}
