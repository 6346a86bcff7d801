//! What a peer keeps and gives at most.

use super::message::{MAX_FRAME, MIN_ANSWER, MOST_ISLANDS};
use crate::error::{Error, Result};

/// Bounds on memory and on work for others. Whatever is beyond is dropped and counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Authors of whom anything is kept, banned ones too.
    pub max_authors: usize,
    /// Entries of all authors together.
    pub max_rows: usize,
    /// Entries of one author: those of numbers below this. A rule about numbers and not about what came first, so that all
    /// peers keep the same ones.
    pub max_rows_per_author: u64,
    /// Islands of entries of one author (see [`Replica`](super::Replica)).
    pub max_islands: usize,
    /// Peers of whom it is remembered what they asked for.
    pub max_peers: usize,
    /// Entries of one answer.
    pub max_answer_rows: u32,
    /// Bytes of one answer.
    pub max_answer_bytes: u32,
    /// Authors that one question tells about; for more, several questions take turns.
    pub max_vector_authors: usize,
    /// Bytes a second that one peer is answered with, in the long run; all peers together get [`ALL_PEERS`] times as many.
    pub bytes_per_s: u64,
    /// Bytes that one peer may be answered with at once.
    pub burst_bytes: u64,
    /// Milliseconds that the clock of an author may be ahead without being counted. No time is later than the entry came.
    pub max_skew: u64,
}

/// How many peers at full rate a peer answers.
pub const ALL_PEERS: u64 = 16;

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_authors: 10_000,
            max_rows: 2_000_000,
            max_rows_per_author: 100_000,
            max_islands: 256,
            max_peers: 1024,
            max_answer_rows: 4096,
            max_answer_bytes: 1 << 20,
            max_vector_authors: 4096,
            bytes_per_s: 1 << 20,
            burst_bytes: 8 << 20,
            max_skew: 300_000,
        }
    }
}

impl Limits {
    /// # Errors
    /// [`Error::InvalidArgument`] if one is out of range.
    pub fn validate(&self) -> Result<()> {
        let frame = MAX_FRAME as u64;
        for (name, value, least, most) in [
            ("max_authors", self.max_authors as u64, 1, 1 << 24),
            ("max_rows", self.max_rows as u64, 1, 1 << 32),
            ("max_rows_per_author", self.max_rows_per_author, 1, 1 << 32),
            ("max_islands", self.max_islands as u64, 1, MOST_ISLANDS as u64),
            ("max_peers", self.max_peers as u64, 1, 1 << 20),
            ("max_answer_rows", self.max_answer_rows.into(), 1, 1 << 16),
            ("max_answer_bytes", self.max_answer_bytes.into(), MIN_ANSWER, frame),
            ("max_vector_authors", self.max_vector_authors as u64, 1, 8192),
            ("bytes_per_s", self.bytes_per_s, 1, 1 << 40),
            ("burst_bytes", self.burst_bytes, frame, 1 << 40),
            ("max_skew", self.max_skew, 0, 1 << 40),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Error::argument(name, format!("must be from {least} to {most}, got {value}")));
            }
        }
        Ok(())
    }
}

/// Bytes that may be given away, which come back with time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// What was given away and has not come back; it may be more than the bucket holds.
    spent: u64,
    at: u64,
}

impl Bucket {
    /// A full one, at a time in milliseconds.
    pub(super) fn full(now: u64) -> Self {
        Self { spent: 0, at: now }
    }

    /// What may be given away now, of at most `burst`. A clock that goes back gives nothing, and counts on from there.
    pub(super) fn level(&mut self, rate: u64, burst: u64, now: u64) -> u64 {
        let gained = now.saturating_sub(self.at).saturating_mul(rate) / 1000;
        if gained > 0 || now < self.at {
            self.spent = self.spent.saturating_sub(gained);
            self.at = now;
        }
        burst.saturating_sub(self.spent)
    }

    /// Gives away, on credit if need be: what is beyond the level must come back before there is any again.
    pub(super) fn take(&mut self, bytes: u64) {
        self.spent = self.spent.saturating_add(bytes);
    }
}

/// Room for an answer, or for a part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) bytes: usize,
    pub(super) rows: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_out_of_range_are_named() {
        assert!(Limits::default().validate().is_ok());
        let error = Limits { max_rows: 0, ..Limits::default() }.validate().unwrap_err().to_string();
        assert!(error.starts_with("`max_rows` must be from 1"), "{error}");
    }

    #[test]
    fn a_bucket_fills_with_time_and_never_above_its_size() {
        let mut bucket = Bucket::full(50);
        bucket.take(70);
        assert_eq!(bucket.level(10, 100, 50), 30);
        assert_eq!(bucket.level(10, 100, 1050), 40);
        assert_eq!(bucket.level(10, 100, 40), 40);
        assert_eq!(bucket.level(10, 100, u64::MAX), 100);
        bucket.take(1000);
        assert_eq!(bucket.level(10, 100, u64::MAX), 0);
    }

    #[test]
    fn what_was_given_on_credit_must_come_back_first() {
        let mut bucket = Bucket::full(0);
        bucket.take(150);
        assert_eq!([0, 5_000, 6_000].map(|now| bucket.level(10, 100, now)), [0, 0, 10]);
    }

    #[test]
    fn a_clock_that_was_set_back_counts_on() {
        let mut bucket = Bucket::full(1 << 50);
        bucket.take(100);
        assert_eq!([1_000, 2_000].map(|now| bucket.level(10, 100, now)), [0, 10]);
    }

    #[test]
    fn a_slow_rate_is_not_lost_to_rounding() {
        let mut bucket = Bucket::full(0);
        bucket.take(100);
        for now in 0..=1000 {
            bucket.level(1, 100, now);
        }
        assert_eq!(bucket.level(1, 100, 1000), 1);
    }
}
