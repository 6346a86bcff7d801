//! One peer's copy of everybody's logs: the state machine of the protocol.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::author::AuthorLog;
use super::counters::{Counters, Dropped};
use super::dealings::Peers;
use super::entry::Entry;
use super::key::{AuthorId, SecretKey};
use super::limits::{Limits, Room};
use super::message::{ANSWER, MAX_FRAME, MIN_ANSWER, PROOF, QUESTION, Question, TOLD, VERSION, proof_frame};
use super::proof::Proof;
use super::reply::Answer;
use super::wire::Reader;
use crate::error::Result;

/// All entries that one peer holds, its own log among them, and its dealings with other peers.
///
/// Bytes come in ([`Replica::receive`]), bytes go out; the time is told, in milliseconds since 1970. See the
/// [module](super) for what is accepted and what that promises.
///
/// ```
/// use graphrank::peers::{Ask, Click, Limits, Received, Replica, SecretKey};
/// let mut ann = Replica::new(SecretKey::from_seed(&[1; 32]), Limits::default())?;
/// let mut bob = Replica::new(SecretKey::from_seed(&[2; 32]), Limits::default())?;
/// let click = Click { query: "jazz".into(), item: "blue in green".into(), ts: 5, shown: None };
/// ann.publish(ann.draft(&click)?, 10)?;
///
/// let question = bob.ask(ann.me(), 11, &Ask::default())?;
/// let Received::Question(answer) = ann.receive(&question, 12) else { unreachable!("it is one") };
/// let Received::Answer(told) = bob.receive(&answer, 13) else { unreachable!("it is one") };
/// assert_eq!((told.accepted, told.has_more), (1, false));
/// assert_eq!(bob.take_news().rows, [(ann.me(), 0)]);
/// assert_eq!(bob.row(ann.me(), 0).unwrap().item, "blue in green");
/// assert_eq!(ann.digest(), bob.digest());
/// # Ok::<(), graphrank::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Replica {
    pub(super) key: SecretKey,
    pub(super) me: AuthorId,
    pub(super) limits: Limits,
    pub(super) authors: BTreeMap<AuthorId, Author>,
    /// Of all logs together.
    pub(super) n_rows: usize,
    pub(super) peers: Peers,
    pub(super) preferred: Vec<AuthorId>,
    pub(super) news: News,
    pub(super) counters: Counters,
}

/// What is known of an author: what it wrote, or that it contradicted itself.
#[derive(Clone, Debug)]
pub(super) enum Author {
    Log(AuthorLog),
    Banned(Proof),
}

/// What a frame was.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// Nothing that asks for anything: a proof, or what was dropped.
    Nothing,
    /// A question; the frame goes back to whoever sent it.
    Question(Vec<u8>),
    /// An answer.
    Answer(Told),
}

/// What an answer brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who was asked.
    pub by: AuthorId,
    /// New entries.
    pub accepted: u64,
    /// Whether it is worth asking again at once.
    pub has_more: bool,
    /// Whether the other peer has given as much as it gives for now.
    pub is_busy: bool,
}

/// What has changed since it was last taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// New entries, in the order in which they were accepted.
    pub rows: Vec<(AuthorId, u64)>,
    /// Authors whose entries are all gone.
    pub banned: Vec<AuthorId>,
}

/// An accepted entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Who clicked.
    pub author: AuthorId,
    /// How many of the author came before.
    pub seq: u64,
    /// What was asked.
    pub query: &'a str,
    /// What was clicked.
    pub item: &'a str,
    /// When, as the author says, but not after it came.
    pub ts: u64,
}

impl Replica {
    /// Holds nothing.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a limit is out of range.
    pub fn new(key: SecretKey, limits: Limits) -> Result<Self> {
        limits.validate()?;
        let me = key.id();
        Ok(Self {
            key,
            me,
            peers: Peers::new(&limits),
            limits,
            authors: BTreeMap::new(),
            n_rows: 0,
            preferred: Vec::new(),
            news: News::default(),
            counters: Counters::default(),
        })
    }

    /// Its own id.
    #[must_use]
    pub fn me(&self) -> AuthorId {
        self.me
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Entries held.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Authors of whom something is held, in order.
    pub fn authors(&self) -> impl Iterator<Item = AuthorId> {
        self.authors.iter().filter(|(_, author)| matches!(author, Author::Log(_))).map(|(id, _)| *id)
    }

    /// All entries held, by author and number.
    pub fn names(&self) -> impl Iterator<Item = (AuthorId, u64)> {
        self.authors.iter().flat_map(|(id, author)| {
            let islands = match author {
                Author::Log(log) => log.islands(),
                Author::Banned(_) => &[],
            };
            islands.iter().cloned().flatten().map(|seq| (*id, seq))
        })
    }

    /// Authors who contradicted themselves, in order, each with the proof as a frame.
    pub fn banned(&self) -> impl Iterator<Item = (AuthorId, Vec<u8>)> {
        self.authors.iter().filter_map(|(id, author)| match author {
            Author::Banned(proof) => Some((*id, proof_frame(proof))),
            Author::Log(_) => None,
        })
    }

    /// Other peers that asked or answered, as far as they are remembered, in order.
    pub fn peers(&self) -> impl Iterator<Item = AuthorId> {
        self.peers.ids()
    }

    /// Whose entries to ask for first, the best first: authors that are similar to this one, for example.
    pub fn prefer(&mut self, authors: Vec<AuthorId>) {
        self.preferred = authors;
    }

    /// An entry that is held.
    #[must_use]
    pub fn entry(&self, author: AuthorId, seq: u64) -> Option<&Entry> {
        self.log(author)?.get(seq).map(|held| &held.entry)
    }

    /// When an entry that is held came.
    #[must_use]
    pub fn received(&self, author: AuthorId, seq: u64) -> Option<u64> {
        self.log(author)?.get(seq).map(|held| held.received)
    }

    /// The content of an entry that is held.
    #[must_use]
    pub fn row(&self, author: AuthorId, seq: u64) -> Option<Row<'_>> {
        let held = self.log(author)?.get(seq)?;
        let (entry, ts) = (&held.entry, held.entry.ts().min(held.received));
        Some(Row { author, seq, query: entry.query(), item: entry.item(), ts })
    }

    /// Takes what has changed. Entries of authors that were banned since they came are not among it.
    pub fn take_news(&mut self) -> News {
        let mut news = std::mem::take(&mut self.news);
        news.rows.retain(|(author, _)| self.log(*author).is_some());
        news
    }

    /// A name for the set of entries held and of authors banned: equal sets have equal names, others do not.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (id, author) in &self.authors {
            hash.update(id.0);
            match author {
                Author::Banned(_) => hash.update(u64::MAX.to_le_bytes()),
                Author::Log(log) => {
                    hash.update((log.islands().len() as u64).to_le_bytes());
                    for island in log.islands() {
                        hash.update(island.start.to_le_bytes());
                        hash.update(island.end.to_le_bytes());
                        hash.update(log.head(island));
                    }
                }
            }
        }
        hash.finalize().into()
    }

    /// Takes a frame from another peer.
    pub fn receive(&mut self, frame: &[u8], now: u64) -> Received {
        self.counters.bytes_in += frame.len() as u64;
        let received = self.dispatch(frame, now);
        if let Ok(Received::Question(answer)) = &received {
            self.counters.bytes_out += answer.len() as u64;
        }
        received.unwrap_or_else(|reason| {
            self.counters.drop(reason);
            Received::Nothing
        })
    }

    fn dispatch(&mut self, frame: &[u8], now: u64) -> std::result::Result<Received, Dropped> {
        if frame.len() > MAX_FRAME {
            return Err(Dropped::FrameSize);
        }
        let mut from = Reader::new(frame);
        match (from.u8(), from.u8()) {
            (Some(QUESTION), Some(VERSION)) => {
                let question = Question::read(&mut from).ok_or(Dropped::Malformed)?;
                self.on_question(&question, frame, now).map(Received::Question)
            }
            (Some(ANSWER), Some(VERSION)) => {
                let answer = Answer::read(&mut from).ok_or(Dropped::Malformed)?;
                self.on_answer(answer, frame, now).map(Received::Answer)
            }
            (Some(PROOF), Some(VERSION)) => {
                let proof = Proof::read(&mut from).filter(|_| from.end().is_some());
                self.convict(proof.ok_or(Dropped::Malformed)?).map(|()| Received::Nothing)
            }
            _ => Err(Dropped::FrameType),
        }
    }

    fn on_question(
        &mut self,
        question: &Question,
        frame: &[u8],
        now: u64,
    ) -> std::result::Result<Vec<u8>, Dropped> {
        if question.to != self.me || question.from == self.me {
            return Err(Dropped::Misdirected);
        }
        if self.peers.is_replay(question.from, question.nonce) {
            return Err(Dropped::Replayed);
        }
        if !question.is_signed(frame) {
            return Err(Dropped::Signature);
        }
        self.peers.heard(question.from, question.nonce, now);
        let level = self.peers.level(question.from, now);
        if level < MIN_ANSWER {
            self.counters.drop(Dropped::Rate);
            let busy = Answer { nonce: question.nonce, is_busy: true, ..Answer::default() };
            return Ok(busy.encode(&self.key, question.from));
        }
        let wanted = u64::from(question.max_bytes).max(MIN_ANSWER);
        let bytes = wanted.min(self.limits.max_answer_bytes.into()).min(level);
        let room = Room {
            bytes: usize::try_from(bytes).unwrap_or(MAX_FRAME),
            rows: question.max_rows.min(self.limits.max_answer_rows) as usize,
        };
        let (answer, n_authors) = self.answer(question, room);
        // Whoever tells of fewer authors than are held here makes as much work as if it told of all.
        let asked = frame.len().max(n_authors * TOLD);
        self.peers.take(question.from, (asked + answer.len()) as u64);
        Ok(answer)
    }

    pub(super) fn log(&self, author: AuthorId) -> Option<&AuthorLog> {
        match self.authors.get(&author) {
            Some(Author::Log(log)) => Some(log),
            _ => None,
        }
    }
}
