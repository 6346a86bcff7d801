//! What a replica makes of what it is given: entries are checked and held, proofs ban their authors.

use super::author::{AuthorLog, Fit};
use super::counters::Dropped;
use super::entry::{Entry, EntryId, MAX_ENTRY, MAX_TS};
use super::key::{AuthorId, is_signed, verifying_key};
use super::proof::Proof;
use super::replica::{Author, Replica, Told};
use super::reply::{Answer, Named, Run, is_answer_signed};

type Checked<T> = Result<T, Dropped>;

/// An entry that is no longer than one may be.
fn decode(bytes: &[u8]) -> Checked<Entry> {
    if bytes.len() > MAX_ENTRY {
        return Err(Dropped::EntrySize);
    }
    Entry::decode(bytes).ok_or(Dropped::Malformed)
}

impl Replica {
    /// Takes back an entry that this peer held earlier, from its own records: the signature is not verified again.
    ///
    /// # Errors
    /// The reason, if it cannot be held.
    pub fn restore(&mut self, bytes: &[u8], received: u64) -> Result<(), Dropped> {
        self.admit(decode(bytes)?, received, false)
    }

    pub(super) fn on_answer(&mut self, answer: Answer<'_>, frame: &[u8], now: u64) -> Checked<Told> {
        let by = self.peers.waits_for(answer.nonce).ok_or(Dropped::Unsolicited)?;
        if !is_answer_signed(frame, &by, self.me) {
            return Err(Dropped::Signature);
        }
        let asked = self.peers.answered(answer.nonce).ok_or(Dropped::Unsolicited)?;
        let (before, n_before) = (self.counters.accepted, self.news.banned.len());
        for proof in answer.proofs {
            self.convict(proof).unwrap_or_else(|reason| self.counters.drop(reason));
        }
        for run in &answer.runs {
            self.follow(run, &asked.authors, now);
        }
        let accepted = self.counters.accepted - before;
        let is_new = accepted > 0 || self.news.banned.len() > n_before;
        let has_more = self.peers.advance(&asked, answer.has_more && is_new);
        Ok(Told { by: asked.to, accepted, has_more: has_more && !answer.is_busy, is_busy: answer.is_busy })
    }

    /// Takes the entries of a run, up to one that cannot be put together: then those after it cannot be either.
    fn follow(&mut self, run: &Run<'_>, authors: &[AuthorId], now: u64) {
        let named = match run.author {
            Named::Place(place) => authors.get(place).copied().ok_or(Dropped::Malformed),
            Named::Id(author) => Ok(author),
        };
        let begin = named.and_then(|author| Ok((author, self.before(run, author)?)));
        let (author, mut prev) = match begin {
            Ok(begin) => begin,
            Err(reason) => return self.counters.drop(reason),
        };
        for (body, seq) in run.bodies.iter().zip(run.first..) {
            let entry = match decode(&Entry::join(author, seq, prev, body)) {
                Ok(entry) => entry,
                Err(reason) => return self.counters.drop(reason),
            };
            prev = entry.id();
            match self.admit(entry, now, true) {
                Ok(()) => self.counters.accepted += 1,
                Err(reason) => self.counters.drop(reason),
            }
        }
    }

    /// The id of the entry before a run.
    fn before(&self, run: &Run<'_>, author: AuthorId) -> Checked<EntryId> {
        if let Some(before) = run.before {
            return Ok(before);
        }
        let Some(seq) = run.first.checked_sub(1) else { return Ok([0; 32]) };
        match self.authors.get(&author) {
            Some(Author::Banned(_)) => Err(Dropped::Banned),
            Some(Author::Log(log)) => log.get(seq).map(|held| held.entry.id()).ok_or(Dropped::Malformed),
            None => Err(Dropped::Malformed),
        }
    }

    /// Checks an entry and holds it: in the order of what checks cost, so that junk is cheap.
    fn admit(&mut self, entry: Entry, received: u64, is_verified: bool) -> Checked<()> {
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
        self.check_room(log, &entry)?;
        self.counters.clamped += u64::from(entry.ts() > received.saturating_add(self.limits.max_skew));
        self.hold(entry, received);
        Ok(())
    }

    /// Whether one more entry may be held. One's own are, however much there is of others.
    fn check_room(&self, log: Option<&AuthorLog>, entry: &Entry) -> Checked<()> {
        let limits = &self.limits;
        let opens_gap = log.map_or(entry.seq() > 0, |log| log.opens_gap(entry.seq()));
        if log.is_none() && self.authors.len() >= limits.max_authors && entry.author() != self.me {
            return Err(Dropped::Authors);
        }
        if self.n_rows >= limits.max_rows && entry.author() != self.me {
            return Err(Dropped::Rows);
        }
        if opens_gap && log.is_some_and(|log| log.islands().len() >= limits.max_islands) {
            return Err(Dropped::Islands);
        }
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

    /// Checks a proof and bans the author, unless it is banned already.
    pub(super) fn convict(&mut self, proof: Proof) -> Checked<()> {
        let known = self.authors.get(&proof.author());
        if matches!(known, Some(Author::Banned(_))) {
            return Ok(());
        }
        let is_full = known.is_none() && self.authors.len() >= self.limits.max_authors;
        if !proof.is_sound() {
            return Err(Dropped::Proof);
        }
        if is_full {
            return Err(Dropped::Authors);
        }
        self.ban(proof);
        Ok(())
    }

    fn ban(&mut self, proof: Proof) {
        let author = proof.author();
        if let Some(Author::Log(log)) = self.authors.insert(author, Author::Banned(proof)) {
            self.n_rows -= log.n_rows();
            self.counters.retracted += log.n_rows() as u64;
        }
        self.news.banned.push(author);
    }
}
