//! What peers say to each other: the frames, and questions. Answers are in `reply`.
//!
//! ```text
//! question   1, version, from 32, to 32, nonce u64, max_rows u32, max_bytes u32, max_seq u64, sample u16, flags u8,
//!            window 64 (if flag 2), banned authors, vector, preferred authors, signature 64
//! answer     2, version, nonce u64, flags u8, proofs, runs, signature 64
//! proof      3, version, two entries
//! ```
//!
//! Lists begin with their length, a varint. The vector is a list of authors in ascending order, each with its islands: per
//! island the gap before it, its length and the first 16 bytes of the id of its last entry. Entries are blocks: their
//! length (u16) and their bytes. There is nothing after the end of a frame. Lists that are longer than an honest peer would
//! send are refused, so that no question takes more work than its size tells.

use std::ops::Range;

use super::entry::EntryId;
use super::key::{AuthorId, SIGNATURE, SecretKey, is_frame_signed};
use super::proof::Proof;
use super::wire::{Reader, put_varint};

/// The most bytes of a frame.
pub const MAX_FRAME: usize = 1 << 20;
/// The fewest bytes of an answer that its asker must take: any one entry or proof fits.
pub(super) const MIN_ANSWER: u64 = 4096;

pub(super) const QUESTION: u8 = 1;
pub(super) const ANSWER: u8 = 2;
pub(super) const PROOF: u8 = 3;
pub(super) const VERSION: u8 = 1;

const CONTEXT: &[u8] = b"graphrank question 1\0";
const NO_NEW_AUTHORS: u8 = 1;
const HAS_WINDOW: u8 = 2;
/// All of a log, in thousandths.
pub(super) const ALL: u16 = 1000;

/// Islands of one author that a question can tell of, so the most that [`Limits`](super::Limits) can allow.
pub(super) const MOST_ISLANDS: usize = 4096;
/// Bytes of the id of an entry by which islands are compared. To make two entries that agree in so many is 2^64 work.
pub(super) const TAG: usize = 16;
pub(super) type Tag = [u8; TAG];
/// Bytes that a question takes to tell of an author without gaps.
pub(super) const TOLD: usize = 32 + 1 + 1 + 2 + TAG;
/// Authors whose entries are asked for first, at most.
pub(super) const MAX_PREFERRED: usize = 64;

pub(super) fn tag(id: &EntryId) -> Tag {
    let mut tag = [0; TAG];
    tag.copy_from_slice(&id[..TAG]);
    tag
}

/// A run of entries that the asker holds, and what its last one is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) range: Range<u64>,
    pub(super) tag: Tag,
}

/// What an asker has, and what it would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) from: AuthorId,
    pub(super) to: AuthorId,
    /// Larger in every question of an asker.
    pub(super) nonce: u64,
    pub(super) max_rows: u32,
    pub(super) max_bytes: u32,
    /// Entries of this number and above are not wanted.
    pub(super) max_seq: u64,
    /// Thousandths of the missing entries that are wanted.
    pub(super) sample: u16,
    pub(super) takes_new_authors: bool,
    /// The authors, first and last, that this is about.
    pub(super) window: (AuthorId, AuthorId),
    pub(super) banned: Vec<AuthorId>,
    pub(super) vector: Vec<(AuthorId, Vec<Claim>)>,
    /// Authors of the vector whose entries should come first, by position.
    pub(super) preferred: Vec<usize>,
}

pub(super) const WHOLE: (AuthorId, AuthorId) = (AuthorId([0; 32]), AuthorId([255; 32]));

impl Question {
    pub(super) fn encode(&self, key: &SecretKey) -> Vec<u8> {
        let mut to = vec![QUESTION, VERSION];
        to.extend(self.from.0);
        to.extend(self.to.0);
        to.extend(self.nonce.to_le_bytes());
        to.extend(self.max_rows.to_le_bytes());
        to.extend(self.max_bytes.to_le_bytes());
        to.extend(self.max_seq.to_le_bytes());
        to.extend(self.sample.to_le_bytes());
        let has_window = self.window != WHOLE;
        to.push(u8::from(!self.takes_new_authors) * NO_NEW_AUTHORS + u8::from(has_window) * HAS_WINDOW);
        if has_window {
            to.extend(self.window.0.0);
            to.extend(self.window.1.0);
        }
        put_varint(&mut to, self.banned.len() as u64);
        to.extend(self.banned.iter().flat_map(|author| author.0));
        put_varint(&mut to, self.vector.len() as u64);
        for (author, claims) in &self.vector {
            to.extend(author.0);
            put_varint(&mut to, claims.len() as u64);
            let mut end = 0;
            for Claim { range, tag } in claims {
                put_varint(&mut to, range.start - end);
                put_varint(&mut to, range.end - range.start);
                to.extend(tag);
                end = range.end;
            }
        }
        put_varint(&mut to, self.preferred.len() as u64);
        self.preferred.iter().for_each(|&author| put_varint(&mut to, author as u64));
        to.extend(key.sign(&[CONTEXT, &to].concat()));
        to
    }

    /// After the type and the version. Whether it is signed is asked later, by [`Question::is_signed`].
    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (asker, to, nonce) = (AuthorId(from.array()?), AuthorId(from.array()?), from.u64()?);
        let (max_rows, max_bytes, max_seq) = (from.u32()?, from.u32()?, from.u64()?);
        let (sample, flags) = (from.u16()?, from.u8()?);
        let has_window = flags & HAS_WINDOW != 0;
        let window = if has_window { (AuthorId(from.array()?), AuthorId(from.array()?)) } else { WHOLE };
        if !(1..=ALL).contains(&sample) || flags & !(NO_NEW_AUTHORS | HAS_WINDOW) != 0 || window.0 > window.1
        {
            return None;
        }
        if has_window && window == WHOLE {
            return None;
        }
        let n_banned = from.count(32)?;
        let banned = (0..n_banned).map(|_| from.array().map(AuthorId)).collect::<Option<Vec<_>>>()?;
        let n_authors = from.count(33)?;
        let vector = (0..n_authors).map(|_| read_claims(from)).collect::<Option<Vec<_>>>()?;
        let is_ascending = banned.is_sorted_by(|a, b| a < b) && vector.is_sorted_by(|a, b| a.0 < b.0);
        let n_preferred = from.count(1).filter(|&n| n <= MAX_PREFERRED)?;
        let index = |from: &mut Reader<'_>| usize::try_from(from.varint()?).ok().filter(|&i| i < n_authors);
        let preferred = (0..n_preferred).map(|_| index(from)).collect::<Option<Vec<_>>>()?;
        from.take(SIGNATURE)?;
        from.end()?;
        let takes_new_authors = flags & NO_NEW_AUTHORS == 0;
        is_ascending.then_some(Self {
            from: asker,
            to,
            nonce,
            max_rows,
            max_bytes,
            max_seq,
            sample,
            takes_new_authors,
            window,
            banned,
            vector,
            preferred,
        })
    }

    /// Whether the asker signed `frame`, which was read as this.
    pub(super) fn is_signed(&self, frame: &[u8]) -> bool {
        is_frame_signed(&self.from, &[CONTEXT], frame)
    }
}

fn read_claims(from: &mut Reader<'_>) -> Option<(AuthorId, Vec<Claim>)> {
    let author = AuthorId(from.array()?);
    let n = from.count(2 + TAG).filter(|&n| n <= MOST_ISLANDS)?;
    let mut end = 0u64;
    let mut claims = Vec::with_capacity(n);
    for i in 0..n {
        let (gap, len) = (from.varint()?, from.varint()?);
        if len == 0 || (gap == 0 && i > 0) {
            return None;
        }
        let start = end.checked_add(gap)?;
        end = start.checked_add(len)?;
        claims.push(Claim { range: start..end, tag: from.array()? });
    }
    Some((author, claims))
}

/// A proof as a frame of its own.
pub(super) fn proof_frame(proof: &Proof) -> Vec<u8> {
    let mut to = vec![PROOF, VERSION];
    proof.put(&mut to);
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        let claim = |range, byte| Claim { range, tag: [byte; TAG] };
        Question {
            from: SecretKey::from_seed(&[1; 32]).id(),
            to: AuthorId([2; 32]),
            nonce: 77,
            max_rows: 10,
            max_bytes: 5000,
            max_seq: 1000,
            sample: 100,
            takes_new_authors: false,
            window: (AuthorId([0; 32]), AuthorId([9; 32])),
            banned: vec![AuthorId([3; 32]), AuthorId([4; 32])],
            vector: vec![
                (AuthorId([5; 32]), vec![claim(0..4, 1), claim(9..300, 2)]),
                (AuthorId([6; 32]), vec![claim(7..8, 3)]),
            ],
            preferred: vec![1],
        }
    }

    #[test]
    fn a_question_is_read_as_it_was_written() {
        let key = SecretKey::from_seed(&[1; 32]);
        for question in
            [question(), Question { window: WHOLE, vector: vec![], preferred: vec![], ..question() }]
        {
            let frame = question.encode(&key);
            let read = Question::read(&mut Reader::new(&frame[2..]));
            assert_eq!(read.as_ref(), Some(&question));
            assert!(question.is_signed(&frame));
            for n in 2..frame.len() {
                assert!(Question::read(&mut Reader::new(&frame[2..n])).is_none(), "cut to {n}");
            }
            for bit in 0..8 * frame.len() {
                let mut changed = frame.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let read = Question::read(&mut Reader::new(&changed[2..]));
                assert!(!read.is_some_and(|read| read.is_signed(&changed)), "bit {bit}");
            }
        }
    }

    #[test]
    fn lists_out_of_order_are_refused() {
        let key = SecretKey::from_seed(&[1; 32]);
        let mut one = question();
        one.vector.swap(0, 1);
        let mut other = question();
        other.banned = vec![AuthorId([3; 32]); 2];
        for question in [one, other, Question { preferred: vec![2], ..question() }] {
            assert!(Question::read(&mut Reader::new(&question.encode(&key)[2..])).is_none());
        }
    }

    #[test]
    fn questions_that_make_work_are_refused() {
        let key = SecretKey::from_seed(&[1; 32]);
        let reads =
            |question: &Question| Question::read(&mut Reader::new(&question.encode(&key)[2..])).is_some();
        let preferred = |n| Question { preferred: vec![0; n], ..question() };
        assert!(reads(&preferred(MAX_PREFERRED)) && !reads(&preferred(MAX_PREFERRED + 1)));
        let islands = |n: u64| {
            let claims = (0..n).map(|i| Claim { range: 2 * i..2 * i + 1, tag: [0; TAG] }).collect();
            Question { vector: vec![(AuthorId([5; 32]), claims)], preferred: vec![], ..question() }
        };
        let most = MOST_ISLANDS as u64;
        assert!(reads(&islands(most)) && !reads(&islands(most + 1)));
        // Nothing could be in the sample, and all rows would be looked at for it.
        assert!(!reads(&Question { sample: 0, ..question() }));
    }
}
