//! What an answer holds: all that the asker lacks, or as much of it as fits, fairly.
//!
//! First proofs against authors that the asker still believes. Then, where the asker's last entry of an island has another
//! name than the one held here, that one: together they are a proof. Then missing entries: every author gets an equal part
//! of the room, preferred ones first, and what is left is filled in the same order. So one author who writes much does not
//! keep the others waiting, and every question that lacks something brings something.

use std::ops::Range;

use super::author::{AuthorLog, missing};
use super::entry::Entry;
use super::key::AuthorId;
use super::message::{ALL, Answer, BARE_ANSWER, Question, tag};
use super::proof::Proof;
use super::replica::{Author, Replica};
use crate::rng::mix;

/// Room for an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) bytes: usize,
    pub(super) rows: usize,
}

struct Packer<'a> {
    answer: Answer<'a>,
    room: Room,
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

    /// Whether there was room.
    fn entry(&mut self, entry: &'a Entry) -> bool {
        let bytes = entry.bytes();
        match self.room.bytes.checked_sub(2 + bytes.len()) {
            Some(left) if self.room.rows > 0 => {
                self.room = Room { bytes: left, rows: self.room.rows - 1 };
                self.answer.entries.push(bytes);
                true
            }
            _ => {
                self.answer.has_more = true;
                false
            }
        }
    }
}

/// Entries of one author that the asker lacks and that have not been packed.
struct Lacked<'a> {
    log: &'a AuthorLog,
    ranges: Vec<Range<u64>>,
}

impl<'a> Lacked<'a> {
    /// Packs at most `most`; whether there was room for them.
    fn pack(&mut self, most: u64, question: &Question, packer: &mut Packer<'a>) -> bool {
        let mut left = most;
        while let Some(range) = self.ranges.first_mut() {
            while range.start < range.end {
                if left == 0 {
                    return true;
                }
                if let Some(held) = self.log.get(range.start)
                    && is_sampled(&held.entry, question)
                {
                    if !packer.entry(&held.entry) {
                        return false;
                    }
                    left -= 1;
                }
                range.start += 1;
            }
            self.ranges.remove(0);
        }
        true
    }
}

/// Whether an entry is in the sample that is asked for; another question draws another sample.
fn is_sampled(entry: &Entry, question: &Question) -> bool {
    let id = entry.id();
    let word: [u8; 8] = bytemuck::pod_read_unaligned(&id[..8]);
    question.sample == ALL
        || mix(u64::from_le_bytes(word) ^ question.nonce) % u64::from(ALL) < u64::from(question.sample)
}

impl Replica {
    /// As a frame.
    pub(super) fn answer(&self, question: &Question, room: Room) -> Vec<u8> {
        let room = Room { bytes: room.bytes.saturating_sub(BARE_ANSWER), ..room };
        let mut packer = Packer { answer: Answer { nonce: question.nonce, ..Answer::default() }, room };
        let mut lacked = Vec::new();
        for (author, known) in self.authors.range(question.window.0..=question.window.1) {
            if question.banned.binary_search(author).is_ok() {
                continue;
            }
            match known {
                Author::Banned(proof) => packer.proof(proof),
                Author::Log(log) => lacked.extend(lacks(*author, log, question, &mut packer)),
            }
        }
        let preferred = |author: &AuthorId| {
            let place = |&i: &usize| question.vector.get(i).is_some_and(|(other, _)| other == author);
            question.preferred.iter().position(place).unwrap_or(usize::MAX)
        };
        if !question.preferred.is_empty() {
            lacked.sort_by_cached_key(|(author, _)| preferred(author));
        }
        let share = (packer.room.rows / lacked.len().max(1)).max(1) as u64;
        for most in [share, u64::MAX] {
            for (_, lacked) in &mut lacked {
                if !lacked.pack(most, question, &mut packer) {
                    return packer.answer.encode();
                }
            }
        }
        packer.answer.encode()
    }
}

/// What the asker lacks of one author; packs what shows that it holds another chain.
fn lacks<'a>(
    author: AuthorId,
    log: &'a AuthorLog,
    question: &Question,
    packer: &mut Packer<'a>,
) -> Option<(AuthorId, Lacked<'a>)> {
    let claims = question.vector.binary_search_by_key(&author, |(other, _)| *other).ok();
    let claims = claims.map_or(&[][..], |i| &question.vector[i].1);
    if claims.is_empty() && !question.takes_new_authors {
        return None;
    }
    for claim in claims {
        let held = log.get(claim.range.end - 1);
        if let Some(other) = held.filter(|held| tag(&held.entry.id()) != claim.tag) {
            packer.entry(&other.entry);
        }
    }
    let theirs: Vec<Range<u64>> = claims.iter().map(|claim| claim.range.clone()).collect();
    let ranges = missing(log.islands(), &theirs, question.max_seq);
    (!ranges.is_empty()).then_some((author, Lacked { log, ranges }))
}
