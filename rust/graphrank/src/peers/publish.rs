//! One's own log: signing the next entries, and adding them once they are safe.

use super::entry::{Click, Entry, EntryId};
use super::journal::Journal;
use super::key::{is_signed, verifying_key};
use super::replica::{Author, Replica};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::try_with_capacity;

/// Signatures between two checkpoints, about a millisecond of work.
const STEP: usize = 32;

impl Replica {
    /// The next entry of one's own log, signed but not yet published. It must be made durable before it is published: two
    /// entries of one number, made before and after a crash, ban their author for ever.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the click cannot be said (see [`Entry::sign`]), if the log is full, has a gap, or
    /// was shown to contradict itself.
    pub fn draft(&self, click: &Click) -> Result<Entry> {
        let (seq, prev) = self.next()?;
        Entry::sign(&self.key, seq, prev, click)
    }

    /// Signs clicks, writes them to `journal` if there is one, and publishes them: all or none. The number of the first.
    ///
    /// # Errors
    /// Those of [`Replica::draft_all`] before anything is written, and of [`Journal::append`].
    pub fn publish_all(
        &mut self,
        clicks: &[Click],
        now: u64,
        journal: Option<&mut Journal>,
        exec: &Exec,
    ) -> Result<u64> {
        let (first, _) = self.next()?;
        let entries = self.draft_all(clicks, exec)?;
        if let Some(journal) = journal {
            journal.append(&entries, now)?;
        }
        self.counters.published += entries.len() as u64;
        entries.into_iter().for_each(|entry| self.hold(entry, now));
        Ok(first)
    }

    /// The next entries of one's own log, as [`Replica::draft`] makes one.
    ///
    /// # Errors
    /// Those of [`Replica::draft`], of several clicks [`Error::InvalidData`] with the row; [`Error::Interrupted`].
    pub fn draft_all(&self, clicks: &[Click], exec: &Exec) -> Result<Vec<Entry>> {
        let (mut seq, mut prev) = self.next()?;
        self.check_end(seq.saturating_add(clicks.len().saturating_sub(1) as u64))?;
        let mut entries = try_with_capacity("entries", clicks.len())?;
        for (number, click) in clicks.iter().enumerate() {
            if number.is_multiple_of(STEP) {
                exec.checkpoint(STEP as u64)?;
            }
            let signed = Entry::sign(&self.key, seq, prev, click);
            let entry =
                if clicks.len() == 1 { signed? } else { signed.map_err(|error| in_row(error, number))? };
            (seq, prev) = (seq + 1, entry.id());
            entries.push(entry);
        }
        Ok(entries)
    }

    /// The number and the predecessor of the next entry of one's own log.
    fn next(&self) -> Result<(u64, EntryId)> {
        let next = match self.authors.get(&self.me) {
            None => Some((0, [0; 32])),
            Some(Author::Log(log)) => log.next(),
            Some(Author::Banned(_)) => {
                return Err(Error::argument(
                    "key",
                    "has signed two rows that contradict each other, so that nobody accepts its rows any more; was it \
                     used in two places? Go on with a new key",
                ));
            }
        };
        let (seq, prev) = next.ok_or_else(|| {
            Error::argument(
                "key",
                "has signed rows that are missing here; pull from peers that have them before publishing more",
            )
        })?;
        self.check_end(seq)?;
        Ok((seq, prev))
    }

    fn check_end(&self, seq: u64) -> Result<()> {
        let most = self.limits.max_rows_per_author;
        if seq < most {
            return Ok(());
        }
        Err(Error::argument(
            "key",
            format!("must sign at most {most} rows, as many as peers keep of one author"),
        ))
    }

    /// Adds what [`Replica::draft`] made.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is not the next entry of one's own log; those of [`Replica::draft`].
    pub fn publish(&mut self, entry: Entry, now: u64) -> Result<()> {
        let is_next = self.next()? == (entry.seq(), entry.prev());
        let Some(key) = verifying_key(&self.me).filter(|_| is_next) else {
            return Err(Error::argument("entry", "is not the next one of this log"));
        };
        if entry.author() != self.me || !is_signed(&key, &entry.message(), &entry.signature()) {
            return Err(Error::argument("entry", "is not signed by this peer"));
        }
        self.hold(entry, now);
        self.counters.published += 1;
        Ok(())
    }
}

fn in_row(error: Error, row: usize) -> Error {
    match error {
        Error::InvalidArgument { argument, problem } => Error::InvalidData { argument, row, problem },
        other => other,
    }
}
