//! Questions: what a peer has, so that another one can tell what it lacks.
//!
//! The vector names every author once, with the islands held of it: some 52 bytes per author whose log has no gap, however
//! long it is. With many authors a question tells about a window of ids only, and says which; windows take turns, so every
//! author is reached after a few questions, and no question is large.

use super::dealings::Asked;
use super::key::AuthorId;
use super::limits::Limits;
use super::message::{ALL, Claim, MAX_FRAME, MAX_PREFERRED, Question, TAG, WHOLE, tag};
use super::replica::{Author, Replica};
use crate::error::{Error, Result};

/// Bytes of authors after which a question tells of no further one; a frame holds twice as many.
const VECTOR: usize = MAX_FRAME / 2;

/// How much to ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask {
    /// Entries at most.
    pub max_rows: u32,
    /// Bytes at most.
    pub max_bytes: u32,
    /// The share of the missing entries that is wanted, in (0, 1], drawn at random: a newcomer may begin with a sample.
    pub share: f64,
}

impl Default for Ask {
    fn default() -> Self {
        let limits = Limits::default();
        Self { max_rows: limits.max_answer_rows, max_bytes: limits.max_answer_bytes, share: 1.0 }
    }
}

impl Replica {
    /// A question to another peer, as a frame; the answer goes to [`Replica::receive`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `to` is this peer, or the share is out of range.
    pub fn ask(&mut self, to: AuthorId, now: u64, ask: &Ask) -> Result<Vec<u8>> {
        if to == self.me {
            return Err(Error::argument("peer", "must be another one than this"));
        }
        let sample = thousandths(ask.share)?;
        let first = self.peers.cursor(to).unwrap_or(WHOLE.0);
        let mut question = Question {
            from: self.me,
            to,
            nonce: 0,
            max_rows: ask.max_rows.max(1),
            max_bytes: ask.max_bytes,
            max_seq: self.limits.max_rows_per_author,
            sample,
            takes_new_authors: self.authors.len() < self.limits.max_authors,
            window: (first, WHOLE.1),
            banned: Vec::new(),
            vector: Vec::new(),
            preferred: Vec::new(),
        };
        let last = self.fill(&mut question);
        question.window.1 = last.unwrap_or(WHOLE.1);
        let place =
            |author: &AuthorId| question.vector.binary_search_by_key(author, |(other, _)| *other).ok();
        question.preferred = self.preferred.iter().filter_map(place).take(MAX_PREFERRED).collect();
        let authors = question.vector.iter().map(|(author, _)| *author).collect();
        question.nonce = self.peers.ask(Asked { to, last, is_whole: sample == ALL, authors }, now);
        let frame = question.encode(&self.key);
        self.counters.bytes_out += frame.len() as u64;
        Ok(frame)
    }

    /// Tells of authors from the window's first on; the last one it tells of, if there are others after it.
    fn fill(&self, question: &mut Question) -> Option<AuthorId> {
        let mut bytes = 0;
        let mut last = None;
        for (n_authors, (&id, author)) in self.authors.range(question.window.0..).enumerate() {
            if n_authors == self.limits.max_vector_authors || bytes >= VECTOR {
                return last;
            }
            match author {
                Author::Banned(_) => question.banned.push(id),
                Author::Log(log) => {
                    let claim = |range| Claim { tag: tag(&log.head(range)), range: range.clone() };
                    question.vector.push((id, log.islands().iter().map(claim).collect()));
                    bytes += log.islands().len() * (TAG + 10);
                }
            }
            bytes += 32 + 2;
            last = Some(id);
        }
        None
    }
}

fn thousandths(share: f64) -> Result<u16> {
    let sample = (1..=ALL).rev().find(|&thousandths| f64::from(thousandths) <= share * f64::from(ALL));
    match sample {
        Some(sample) if share <= 1.0 => Ok(sample),
        _ => Err(Error::argument("share", format!("must be from 0.001 to 1, got {share}"))),
    }
}
