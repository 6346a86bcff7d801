//! Answers: entries as they travel.
//!
//! ```text
//! answer     2, version, nonce u64, flags u8, proofs, runs, signature 64
//! run        name varint, author 32 (if name < 2), first varint, before 32 (if name is odd), bodies
//! ```
//!
//! Of some 185 bytes an entry repeats 73: its kind, its author, its number and the id of the one before. Whoever asked can
//! tell these itself. A *run* is entries of one author that follow each other: `first` is the number of the first, the
//! others count on, and each names the one before, whose id is computed. An author that the question told of has its place
//! in it, from 1, in the upper bits of `name`. The id before the first entry is given only if the question did not claim
//! the entry that it names. What the asker puts together is verified as if it had come whole: anything else than what the
//! author signed does not fit the signature.
//!
//! An answer is signed by who was asked, together with the asker's id. So nobody else can answer in its place, neither on
//! the way nor by guessing the nonce, and say that there is nothing new.

use super::entry::{Entry, EntryId};
use super::key::{AuthorId, SIGNATURE, SecretKey, is_frame_signed};
use super::message::{ANSWER, VERSION};
use super::proof::Proof;
use super::wire::{Reader, put_varint};

const CONTEXT: &[u8] = b"graphrank answer 1\0";
const HAS_MORE: u8 = 1;
const IS_BUSY: u8 = 2;
/// Bytes of an answer without proofs and runs, at most.
pub(super) const BARE_ANSWER: usize = 2 + 8 + 1 + 10 + 10 + SIGNATURE;
/// Bytes of a run without the ids and the bodies, at most.
pub(super) const BARE_RUN: usize = 10 + 10 + 3;
/// Bytes of the length of a body, at most.
pub(super) const BODY_LENGTH: usize = 2;

/// An author in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The one at this place in the vector of the question.
    Place(usize),
    Id(AuthorId),
}

/// Entries of one author that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run<'a> {
    pub(super) author: Named,
    /// The number of the first.
    pub(super) first: u64,
    /// The id of the entry before the first, if the asker may not know it.
    pub(super) before: Option<EntryId>,
    /// See [`Entry::body`].
    pub(super) bodies: Vec<&'a [u8]>,
}

/// What one peer gives to another.
#[derive(Debug, Default)]
pub(super) struct Answer<'a> {
    /// Of the question.
    pub(super) nonce: u64,
    /// Whether something is left that was asked for.
    pub(super) has_more: bool,
    /// Whether it could have been more at another time.
    pub(super) is_busy: bool,
    pub(super) proofs: Vec<Proof>,
    pub(super) runs: Vec<Run<'a>>,
}

impl<'a> Answer<'a> {
    /// To `asker`.
    pub(super) fn encode(&self, key: &SecretKey, asker: AuthorId) -> Vec<u8> {
        let mut to = vec![ANSWER, VERSION];
        to.extend(self.nonce.to_le_bytes());
        to.push(u8::from(self.has_more) * HAS_MORE + u8::from(self.is_busy) * IS_BUSY);
        put_varint(&mut to, self.proofs.len() as u64);
        self.proofs.iter().for_each(|proof| proof.put(&mut to));
        put_varint(&mut to, self.runs.len() as u64);
        self.runs.iter().for_each(|run| run.put(&mut to));
        to.extend(key.sign(&[CONTEXT, &asker.0, &to].concat()));
        to
    }

    /// After the type and the version. Whether it is signed is asked later, by [`is_answer_signed`].
    pub(super) fn read(from: &mut Reader<'a>) -> Option<Self> {
        let (nonce, flags) = (from.u64()?, from.u8()?);
        if flags & !(HAS_MORE | IS_BUSY) != 0 {
            return None;
        }
        let n_proofs = from.count(4)?;
        let proofs = (0..n_proofs).map(|_| Proof::read(from)).collect::<Option<Vec<_>>>()?;
        let n_runs = from.count(3 + SIGNATURE)?;
        let runs = (0..n_runs).map(|_| Run::read(from)).collect::<Option<Vec<_>>>()?;
        from.take(SIGNATURE)?;
        from.end()?;
        Some(Self { nonce, has_more: flags & HAS_MORE != 0, is_busy: flags & IS_BUSY != 0, proofs, runs })
    }
}

/// Whether `frame`, an answer to `asker`, is signed by `author`.
pub(super) fn is_answer_signed(frame: &[u8], author: &AuthorId, asker: AuthorId) -> bool {
    is_frame_signed(author, &[CONTEXT, &asker.0], frame)
}

impl<'a> Run<'a> {
    pub(super) fn begin(author: Named, entry: &'a Entry, gives_before: bool) -> Self {
        let before = gives_before.then(|| entry.prev());
        Self { author, first: entry.seq(), before, bodies: vec![entry.body()] }
    }

    fn put(&self, to: &mut Vec<u8>) {
        let place = match self.author {
            Named::Place(place) => place as u64 + 1,
            Named::Id(_) => 0,
        };
        put_varint(to, 2 * place + u64::from(self.before.is_some()));
        if let Named::Id(author) = self.author {
            to.extend(author.0);
        }
        put_varint(to, self.first);
        to.extend(self.before.iter().flatten());
        put_varint(to, self.bodies.len() as u64);
        for body in &self.bodies {
            put_varint(to, body.len() as u64);
            to.extend(*body);
        }
    }

    fn read(from: &mut Reader<'a>) -> Option<Self> {
        let name = from.varint()?;
        let author = match usize::try_from(name / 2).ok()?.checked_sub(1) {
            Some(place) => Named::Place(place),
            None => Named::Id(AuthorId(from.array()?)),
        };
        let first = from.varint()?;
        let before = if name % 2 == 1 { Some(from.array()?) } else { None };
        // Every body ends with a signature.
        let n_bodies = from.count(SIGNATURE).filter(|&n| n > 0)?;
        first.checked_add(n_bodies as u64)?;
        let body = |from: &mut Reader<'a>| from.count(1).and_then(|n| from.take(n));
        let bodies = (0..n_bodies).map(|_| body(from)).collect::<Option<Vec<_>>>()?;
        Some(Self { author, first, before, bodies })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer<'static> {
        let run = |author, first, before| Run { author, first, before, bodies: vec![&[1; 64], &[2; 200]] };
        let id = AuthorId([7; 32]);
        let runs = vec![
            run(Named::Place(0), 0, None),
            run(Named::Place(4095), 1 << 40, Some([5; 32])),
            run(Named::Id(id), 3, None),
            run(Named::Id(id), u64::MAX - 2, Some([6; 32])),
        ];
        Answer { nonce: 5, has_more: true, is_busy: false, proofs: vec![], runs }
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let frame = answer().encode(&SecretKey::from_seed(&[1; 32]), AuthorId([2; 32]));
        let read = Answer::read(&mut Reader::new(&frame[2..])).unwrap();
        assert_eq!((read.nonce, read.has_more, read.is_busy), (5, true, false));
        assert_eq!(read.runs, answer().runs);
        for n in 2..frame.len() {
            assert!(Answer::read(&mut Reader::new(&frame[2..n])).is_none(), "cut to {n}");
        }
    }

    #[test]
    fn runs_that_are_empty_or_count_too_far_are_refused() {
        for (first, n_bodies) in [(0, 0), (u64::MAX, 1), (u64::MAX - 1, 2)] {
            let run = Run { author: Named::Place(0), first, before: None, bodies: vec![&[1; 200]; n_bodies] };
            let answer = Answer { runs: vec![run], ..Answer::default() };
            let frame = answer.encode(&SecretKey::from_seed(&[1; 32]), AuthorId([2; 32]));
            assert!(Answer::read(&mut Reader::new(&frame[2..])).is_none());
        }
    }

    #[test]
    fn an_answer_is_of_one_peer_to_another() {
        let (key, asker) = (SecretKey::from_seed(&[1; 32]), AuthorId([2; 32]));
        let frame = answer().encode(&key, asker);
        assert!(is_answer_signed(&frame, &key.id(), asker));
        assert!(!is_answer_signed(&frame, &key.id(), AuthorId([3; 32])));
        assert!(!is_answer_signed(&frame, &SecretKey::from_seed(&[2; 32]).id(), asker));
        for bit in 0..8 * frame.len() {
            let mut changed = frame.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_answer_signed(&changed, &key.id(), asker), "bit {bit}");
        }
    }
}
