//! What an answer holds: all that the asker lacks, or as much of it as fits, fairly.
//!
//! First proofs against authors that the asker still believes. Then, where the asker's last entry of an island has another
//! name than the one held here, that one: together they are a proof. Then missing entries: every author gets an equal part
//! of the room, in rows and in bytes, preferred ones first, and what is left is filled in the same order. Which of the others
//! comes first changes with every question. So one author who writes much, or long, does not keep the others waiting, and
//! every question that lacks something brings something.

use std::ops::Range;

use super::author::{AuthorLog, missing};
use super::entry::Entry;
use super::key::AuthorId;
use super::limits::Room;
use super::message::{ALL, Claim, Question, tag};
use super::proof::Proof;
use super::replica::{Author, Replica};
use super::reply::{Answer, BARE_ANSWER, BARE_RUN, BODY_LENGTH, Named, Run};
use crate::rng::mix;

struct Packer<'a> {
    answer: Answer<'a>,
    room: Room,
    /// The last entry that was packed.
    last: Option<&'a Entry>,
}

impl<'a> Packer<'a> {
    fn proof(&mut self, proof: &Proof) {
        let mut bytes = Vec::new();
        proof.put(&mut bytes);
        match self.room.bytes.checked_sub(bytes.len()) {
            Some(left) => {
                self.room.bytes = left;
                self.answer.proofs.push(proof.clone());
            }
            None => self.answer.has_more = true,
        }
    }

    /// The bytes that it took; `None` if there was no room.
    fn entry(&mut self, entry: &'a Entry, told: &Told<'_>) -> Option<usize> {
        let goes_on = self.last.is_some_and(|last| entry.author() == last.author() && entry.follows(last));
        let run = self.answer.runs.last_mut().filter(|_| goes_on);
        let gives_before = entry.seq() > 0 && !told.vouches_for_the_one_before(entry);
        let ids = 32 * (usize::from(told.place.is_none()) + usize::from(gives_before));
        let begin = if run.is_some() { 0 } else { BARE_RUN + ids };
        let bytes = begin + BODY_LENGTH + entry.body().len();
        match self.room.bytes.checked_sub(bytes) {
            Some(left) if self.room.rows > 0 => self.room = Room { bytes: left, rows: self.room.rows - 1 },
            _ => {
                self.answer.has_more = true;
                return None;
            }
        }
        match run {
            Some(run) => run.bodies.push(entry.body()),
            None => {
                let author = told.place.map_or(Named::Id(entry.author()), Named::Place);
                self.answer.runs.push(Run::begin(author, entry, gives_before));
            }
        }
        self.last = Some(entry);
        Some(bytes)
    }
}

/// What the question tells of an author.
#[derive(Clone, Copy)]
struct Told<'q> {
    /// In the vector.
    place: Option<usize>,
    claims: &'q [Claim],
}

impl<'q> Told<'q> {
    fn of(author: AuthorId, question: &'q Question) -> Self {
        let place = question.vector.binary_search_by_key(&author, |(other, _)| *other).ok();
        Self { place, claims: place.map_or(&[], |place| &question.vector[place].1) }
    }

    /// Whether the asker has, at the end of an island, the entry that this one follows.
    fn vouches_for_the_one_before(&self, entry: &Entry) -> bool {
        let at = self.claims.binary_search_by_key(&entry.seq(), |claim| claim.range.end);
        at.is_ok_and(|at| self.claims[at].tag == tag(&entry.prev()))
    }
}

/// Entries of one author that the asker lacks and that have not been packed.
struct Lacked<'a> {
    author: AuthorId,
    log: &'a AuthorLog,
    told: Told<'a>,
    /// The last one comes first.
    ranges: Vec<Range<u64>>,
}

impl<'a> Lacked<'a> {
    /// Packs until `part` is full; whether there was room for it.
    fn pack(&mut self, mut part: Room, sample: &Sample, packer: &mut Packer<'a>) -> bool {
        while let Some(range) = self.ranges.last_mut() {
            while range.start < range.end {
                if part.rows == 0 || part.bytes == 0 {
                    return true;
                }
                if sample.has(self.author, range.start)
                    && let Some(held) = self.log.get(range.start)
                {
                    let Some(bytes) = packer.entry(&held.entry, &self.told) else { return false };
                    part = Room { bytes: part.bytes.saturating_sub(bytes), rows: part.rows - 1 };
                }
                range.start += 1;
            }
            self.ranges.pop();
        }
        true
    }
}

/// The rows that are asked for; another question draws another sample.
struct Sample {
    thousandths: u16,
    nonce: u64,
}

impl Sample {
    /// By name alone: rows that are not in the sample need not be looked up.
    fn has(&self, author: AuthorId, seq: u64) -> bool {
        let word: [u8; 8] = bytemuck::pod_read_unaligned(&author.0[..8]);
        let drawn = || mix(mix(u64::from_le_bytes(word) ^ self.nonce).wrapping_add(seq)) % u64::from(ALL);
        self.thousandths == ALL || drawn() < u64::from(self.thousandths)
    }
}

impl Replica {
    /// As a frame, and how many authors were looked at for it.
    pub(super) fn answer(&self, question: &Question, room: Room) -> (Vec<u8>, usize) {
        let room = Room { bytes: room.bytes.saturating_sub(BARE_ANSWER), ..room };
        let answer = Answer { nonce: question.nonce, ..Answer::default() };
        let mut packer = Packer { answer, room, last: None };
        let mut lacked = Vec::new();
        let mut n_authors = 0;
        for (&author, known) in self.authors.range(question.window.0..=question.window.1) {
            n_authors += 1;
            let told = Told::of(author, question);
            // Whoever can take no new authors has no use for what it does not know.
            if question.banned.binary_search(&author).is_ok()
                || (told.place.is_none() && !question.takes_new_authors)
            {
                continue;
            }
            match known {
                Author::Banned(proof) => packer.proof(proof),
                Author::Log(log) => lacked.extend(lacks(author, log, told, question, &mut packer)),
            }
        }
        in_turn(&mut lacked, question);
        let n = lacked.len().max(1);
        let part = Room { bytes: (packer.room.bytes / n).max(1), rows: (packer.room.rows / n).max(1) };
        let sample = Sample { thousandths: question.sample, nonce: question.nonce };
        let rest = Room { bytes: usize::MAX, rows: usize::MAX };
        for part in [part, rest] {
            if !lacked.iter_mut().all(|lacked| lacked.pack(part, &sample, &mut packer)) {
                break;
            }
        }
        (packer.answer.encode(&self.key, question.from), n_authors)
    }
}

/// Preferred authors first, the others from one on that the question draws.
fn in_turn(lacked: &mut [Lacked<'_>], question: &Question) {
    let n = lacked.len().max(1) as u64;
    let first = usize::try_from(mix(question.nonce) % n).unwrap_or(0);
    lacked.rotate_left(first);
    let preferred = |lacked: &Lacked<'_>| {
        let is_place = |&place: &usize| lacked.told.place == Some(place);
        question.preferred.iter().position(is_place).unwrap_or(usize::MAX)
    };
    if !question.preferred.is_empty() {
        lacked.sort_by_cached_key(preferred);
    }
}

/// What the asker lacks of one author; packs what shows that it holds another chain.
fn lacks<'a>(
    author: AuthorId,
    log: &'a AuthorLog,
    told: Told<'a>,
    question: &Question,
    packer: &mut Packer<'a>,
) -> Option<Lacked<'a>> {
    for claim in told.claims {
        let held = log.get(claim.range.end - 1);
        if let Some(other) = held.filter(|held| tag(&held.entry.id()) != claim.tag) {
            packer.entry(&other.entry, &told);
        }
    }
    let theirs: Vec<Range<u64>> = told.claims.iter().map(|claim| claim.range.clone()).collect();
    let mut ranges = missing(log.islands(), &theirs, question.max_seq);
    ranges.reverse();
    (!ranges.is_empty()).then_some(Lacked { author, log, told, ranges })
}
