//! One peer's copy of everybody's logs: the state machine of the protocol.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::answer::Room;
use super::author::{AuthorLog, Fit};
use super::counters::{Counters, Dropped};
use super::dealings::Peers;
use super::entry::{Entry, MAX_ENTRY, MAX_TS};
use super::key::{AuthorId, SecretKey, is_signed, verifying_key};
use super::limits::Limits;
use super::message::{
    ANSWER, Answer, MAX_FRAME, MIN_ANSWER, PROOF, QUESTION, Question, VERSION, proof_frame,
};
use super::proof::Proof;
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
    n_rows: usize,
    pub(super) peers: Peers,
    pub(super) preferred: Vec<AuthorId>,
    news: News,
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

    /// Takes back an entry that this peer held earlier, from its own records: the signature is not verified again.
    ///
    /// # Errors
    /// The reason, if it cannot be held.
    pub fn restore(&mut self, bytes: &[u8], received: u64) -> std::result::Result<(), Dropped> {
        self.admit(bytes, received, false)
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
                self.on_answer(answer, now).map(Received::Answer)
            }
            (Some(PROOF), Some(VERSION)) => {
                let proof = Proof::read(&mut from).filter(|_| from.end().is_some());
                self.convict(proof.ok_or(Dropped::Malformed)?).map(|_| Received::Nothing)
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
            return Ok(Answer { nonce: question.nonce, is_busy: true, ..Answer::default() }.encode());
        }
        let wanted = u64::from(question.max_bytes).max(MIN_ANSWER);
        let bytes = wanted.min(self.limits.max_answer_bytes.into()).min(level);
        let room = Room {
            bytes: usize::try_from(bytes).unwrap_or(MAX_FRAME),
            rows: question.max_rows.min(self.limits.max_answer_rows) as usize,
        };
        let answer = self.answer(question, room);
        self.peers.take(question.from, (frame.len() + answer.len()) as u64);
        Ok(answer)
    }

    fn on_answer(&mut self, answer: Answer<'_>, now: u64) -> std::result::Result<Told, Dropped> {
        let asked = self.peers.answered(answer.nonce).ok_or(Dropped::Unsolicited)?;
        let mut n_banned = 0;
        for proof in answer.proofs {
            match self.convict(proof) {
                Ok(is_new) => n_banned += u64::from(is_new),
                Err(reason) => self.counters.drop(reason),
            }
        }
        let (before, n_before) = (self.counters.accepted, self.news.banned.len());
        for entry in answer.entries {
            match self.admit(entry, now, true) {
                Ok(()) => self.counters.accepted += 1,
                Err(reason) => self.counters.drop(reason),
            }
        }
        let accepted = self.counters.accepted - before;
        let is_new = accepted + n_banned > 0 || self.news.banned.len() > n_before;
        let has_more = self.peers.advance(&asked, answer.has_more && is_new);
        Ok(Told { by: asked.to, accepted, has_more: has_more && !answer.is_busy, is_busy: answer.is_busy })
    }

    /// Checks an entry and holds it: in the order of what checks cost, so that junk is cheap.
    fn admit(&mut self, bytes: &[u8], received: u64, is_verified: bool) -> std::result::Result<(), Dropped> {
        if bytes.len() > MAX_ENTRY {
            return Err(Dropped::EntrySize);
        }
        let entry = Entry::decode(bytes).ok_or(Dropped::Malformed)?;
        let author = entry.author();
        let log = match self.authors.get(&author) {
            Some(Author::Banned(_)) => return Err(Dropped::Banned),
            Some(Author::Log(log)) => Some(log),
            None => None,
        };
        let fit = log.map_or(Fit::New, |log| log.fit(&entry));
        if fit == Fit::Held {
            return Err(Dropped::Duplicate);
        }
        let key = log.map(|log| log.key).or_else(|| verifying_key(&author)).ok_or(Dropped::Signature)?;
        if is_verified && !is_signed(&key, &entry.message(), &entry.signature()) {
            return Err(Dropped::Signature);
        }
        if entry.seq() >= self.limits.max_rows_per_author || entry.ts() > MAX_TS {
            return Err(Dropped::Range);
        }
        if let Fit::Fork(other) | Fit::Broken(other) = fit {
            let reason = if fit == Fit::Fork(other) { Dropped::Fork } else { Dropped::Chain };
            let other = log.and_then(|log| log.get(other)).map(|held| held.entry.clone());
            if let Some(other) = other {
                self.ban(Proof::new(other, entry));
            }
            return Err(reason);
        }
        let limits = &self.limits;
        let opens_gap = log.map_or(entry.seq() > 0, |log| log.opens_gap(entry.seq()));
        if log.is_none() && self.authors.len() >= limits.max_authors && author != self.me {
            return Err(Dropped::Authors);
        }
        if self.n_rows >= limits.max_rows && author != self.me {
            return Err(Dropped::Rows);
        }
        if opens_gap && log.is_some_and(|log| log.islands().len() >= limits.max_islands) {
            return Err(Dropped::Islands);
        }
        self.counters.clamped += u64::from(self.is_from_the_future(&entry, received));
        self.hold(entry, received);
        Ok(())
    }

    /// Adds an entry that was checked.
    pub(super) fn hold(&mut self, entry: Entry, received: u64) {
        let (author, seq) = (entry.author(), entry.seq());
        if !self.authors.contains_key(&author)
            && let Some(key) = verifying_key(&author)
        {
            self.authors.insert(author, Author::Log(AuthorLog::new(key)));
        }
        if let Some(Author::Log(log)) = self.authors.get_mut(&author) {
            log.insert(entry, received);
            self.n_rows += 1;
            self.news.rows.push((author, seq));
        }
    }

    /// Checks a proof and bans the author; whether that is new.
    fn convict(&mut self, proof: Proof) -> std::result::Result<bool, Dropped> {
        let author = proof.author();
        let known = self.authors.get(&author);
        if matches!(known, Some(Author::Banned(_))) {
            return Ok(false);
        }
        let is_full = known.is_none() && self.authors.len() >= self.limits.max_authors;
        if !proof.is_sound() {
            return Err(Dropped::Proof);
        }
        if is_full {
            return Err(Dropped::Authors);
        }
        self.ban(proof);
        Ok(true)
    }

    fn ban(&mut self, proof: Proof) {
        let author = proof.author();
        if let Some(Author::Log(log)) = self.authors.insert(author, Author::Banned(proof)) {
            self.n_rows -= log.n_rows();
            self.counters.retracted += log.n_rows() as u64;
        }
        self.news.banned.push(author);
    }

    fn log(&self, author: AuthorId) -> Option<&AuthorLog> {
        match self.authors.get(&author) {
            Some(Author::Log(log)) => Some(log),
            _ => None,
        }
    }

    fn is_from_the_future(&self, entry: &Entry, received: u64) -> bool {
        entry.ts() > received.saturating_add(self.limits.max_skew)
    }
}
