//! Proofs that an author has contradicted itself.
//!
//! Two entries of one author, both signed, of which an honest author signs at most one: different ones of the same
//! number, or two of neighbouring numbers of which the later does not name the earlier as the one before it. Whoever holds
//! both can show them to anybody; nobody can make a proof against an author who keeps to one chain.

use super::entry::Entry;
use super::key::{AuthorId, is_signed, verifying_key};
use super::wire::{Reader, put_block};

/// Two entries that contradict each other; the one of the lower number, or of the lower id, is the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    first: Entry,
    second: Entry,
}

impl Proof {
    /// Of two entries that do not fit each other; both must be signed.
    pub(super) fn new(one: Entry, other: Entry) -> Self {
        let is_ordered = (one.seq(), one.id()) <= (other.seq(), other.id());
        let (first, second) = if is_ordered { (one, other) } else { (other, one) };
        Self { first, second }
    }

    /// Whose.
    #[must_use]
    pub fn author(&self) -> AuthorId {
        self.first.author()
    }

    pub(super) fn put(&self, to: &mut Vec<u8>) {
        put_block(to, self.first.bytes());
        put_block(to, self.second.bytes());
    }

    /// Reads what [`Proof::put`] wrote, which may prove nothing.
    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (first, second) = (Entry::decode(from.block()?)?, Entry::decode(from.block()?)?);
        Some(Self { first, second })
    }

    /// Whether it proves what it claims.
    pub(super) fn is_sound(&self) -> bool {
        let Self { first, second } = self;
        let author = first.author();
        let contradicts = if first.seq() == second.seq() {
            first.id() < second.id()
        } else {
            first.seq().checked_add(1) == Some(second.seq()) && !second.follows(first)
        };
        contradicts
            && second.author() == author
            && verifying_key(&author).is_some_and(|key| {
                [first, second].iter().all(|entry| is_signed(&key, &entry.message(), &entry.signature()))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::entry::Click;
    use crate::peers::key::SecretKey;

    fn entry(author: u8, seq: u64, prev: [u8; 32], item: &str) -> Entry {
        let click = Click { query: "q".into(), item: item.into(), ts: 0, shown: None };
        Entry::sign(&SecretKey::from_seed(&[author; 32]), seq, prev, &click).unwrap()
    }

    #[test]
    fn two_entries_prove_only_what_an_honest_author_never_signs() {
        let (a, b) = (entry(1, 0, [0; 32], "a"), entry(1, 0, [0; 32], "b"));
        let after_a = entry(1, 1, a.id(), "c");
        for (one, other, is_proof) in [
            (&a, &b, true),
            (&b, &a, true),
            (&b, &after_a, true),
            (&a, &a, false),
            (&a, &after_a, false),
            (&b, &entry(1, 2, a.id(), "c"), false),
            (&a, &entry(2, 0, [0; 32], "b"), false),
        ] {
            assert_eq!(Proof::new(one.clone(), other.clone()).is_sound(), is_proof);
        }
    }

    #[test]
    fn a_proof_has_one_encoding_and_needs_both_signatures() {
        let (a, b) = (entry(1, 0, [0; 32], "a"), entry(1, 0, [0; 32], "b"));
        let proof = Proof::new(a, b);
        let mut bytes = Vec::new();
        proof.put(&mut bytes);
        assert_eq!(Proof::read(&mut Reader::new(&bytes)), Some(proof.clone()));
        assert!(!Proof { first: proof.second.clone(), second: proof.first.clone() }.is_sound());
        let last = bytes.len() - 10;
        bytes[last] ^= 1;
        assert!(!Proof::read(&mut Reader::new(&bytes)).unwrap().is_sound());
    }
}
