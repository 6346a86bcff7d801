//! Rows from one peer to another.

use super::rows::{NONE, is_set, set};
use super::{Gossip, Run};
use crate::error::Result;
use crate::memory::try_collect;

// As in the frames of `peers`.
/// Bytes of a question and its answer beside authors and rows: keys, limits, two signatures.
const MESSAGE_BYTES: u64 = 240;
/// Bytes of an author in a version vector: its key, how many rows are known, half of the hash of the last.
const VECTOR_BYTES: u64 = 52;
/// Bytes of a run of rows beyond the first: two numbers and half a hash.
const RUN_BYTES: u64 = 20;
/// Bytes of a row that the asker can tell itself, less the two of its length: author, number, hash of the row before.
const TOLD_BYTES: u64 = 71;

/// What went over the wire since the last probe.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traffic {
    pub(super) messages: u64,
    /// Rows that were new to who got them.
    pub(super) rows_new: u64,
    /// By the thesis's protocol.
    pub(super) bytes_suffix: u64,
    /// With version vectors.
    pub(super) bytes_versions: u64,
}

impl Run<'_> {
    /// A new peer gets a sample of the rows that another knows, and gets to know it.
    pub(super) fn bootstrap(&mut self, peer: usize, other: usize) -> Result<()> {
        let known = &self.peers[other];
        #[expect(clippy::cast_possible_truncation, reason = "rows have numbers of 32 bits")]
        let all = (0..self.shared.rows.len() as u32).filter(|&row| known.has(row));
        let mut rows = try_collect("known rows", self.shared.rows.len(), all)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a number of rows"
        )]
        let n_sample = (self.params.bootstrap * rows.len() as f64).round() as usize;
        for i in 0..n_sample {
            let chosen = i + self.below(rows.len() - i);
            rows.swap(i, chosen);
            if !self.peers[peer].has(rows[i]) {
                self.learn(peer, rows[i]);
            }
        }
        self.meet(peer, other);
        if self.params.learns_requester {
            self.meet(other, peer);
        }
        Ok(())
    }

    /// A peer gossips with `n` that it knows.
    pub(super) fn gossip_once(&mut self, peer: usize, n: usize) -> Result<()> {
        for _ in 0..n {
            let n_known = self.peers[peer].known.len();
            if n_known == 0 {
                return Ok(());
            }
            let chosen = self.below(n_known);
            let other = self.peers[peer].known[chosen] as usize;
            match self.params.gossip {
                Gossip::Pull => {
                    self.send(other, peer);
                    if self.params.learns_requester {
                        self.meet(other, peer);
                    }
                }
                Gossip::Push => {
                    self.send(peer, other);
                    self.meet(other, peer);
                }
            }
        }
        Ok(())
    }

    /// `to` gets all rows that `from` has and it lacks.
    fn send(&mut self, from: usize, to: usize) {
        let wants = &self.peers[to];
        let gaps = u64::from(wants.n_runs.saturating_sub(wants.n_authors));
        self.traffic.bytes_versions +=
            MESSAGE_BYTES + VECTOR_BYTES * u64::from(wants.n_authors) + RUN_BYTES * gaps;
        self.traffic.messages += 1;
        let log_bytes = self.peers[from].log_bytes;
        self.traffic.bytes_suffix += log_bytes - std::mem::replace(&mut self.peers[from].sent[to], log_bytes);
        self.send_bans(from, to);
        for word in 0..self.shared.rows.len().div_ceil(64) {
            let mut new = self.peers[from].bits[word] & !self.peers[to].bits[word];
            while new != 0 {
                #[expect(clippy::cast_possible_truncation, reason = "rows have numbers of 32 bits")]
                let row = (word * 64) as u32 + new.trailing_zeros();
                new &= new - 1;
                self.pass_on(from, to, row);
            }
        }
    }

    /// `from` sends one row that `to` has not.
    fn pass_on(&mut self, from: usize, to: usize, row: u32) {
        let info = self.shared.rows[row as usize];
        let author = info.author as usize;
        if is_set(&self.peers[to].banned, author) {
            return;
        }
        if info.twin != NONE {
            // Who signs two rows of one number shows one half of the others one of them, and the other half the other.
            let is_first = info.twin > row;
            if from == author && is_first != to.is_multiple_of(2) {
                return;
            }
            if self.peers[to].has(info.twin) {
                self.traffic.bytes_versions += u64::from(info.bytes) - TOLD_BYTES;
                if self.plan.is_detected() {
                    self.ban(to, author);
                }
                return;
            }
        }
        self.traffic.rows_new += 1;
        self.traffic.bytes_versions += u64::from(info.bytes) - TOLD_BYTES;
        self.learn(to, row);
    }

    /// The proofs against authors that `from` has and `to` has not: two rows each.
    fn send_bans(&mut self, from: usize, to: usize) {
        for word in 0..self.peers[from].banned.len() {
            let mut new = self.peers[from].banned[word] & !self.peers[to].banned[word];
            while new != 0 {
                let author = word * 64 + new.trailing_zeros() as usize;
                new &= new - 1;
                if author != to {
                    let proof = self.shared.rows_by_author[author].first();
                    let bytes = proof.map_or(0, |&row| self.shared.rows[row as usize].bytes);
                    self.traffic.bytes_versions += 2 * u64::from(bytes);
                    self.ban(to, author);
                }
            }
        }
    }

    /// A peer drops an author and all its rows.
    fn ban(&mut self, peer: usize, author: usize) {
        let one = &mut self.peers[peer];
        set(&mut one.banned, author);
        for (row, info) in (0u32..).zip(&self.shared.rows) {
            if info.author as usize == author && one.has(row) {
                one.counts[info.cell as usize] -= 1;
            }
        }
    }

    /// A peer comes to know a row, and its author.
    pub(super) fn learn(&mut self, peer: usize, row: u32) {
        let info = self.shared.rows[row as usize];
        let author = info.author as usize;
        let own = &self.shared.rows_by_author[author];
        let seq = info.seq as usize;
        let one = &mut self.peers[peer];
        let is_known = |one: &super::rows::Peer, seq: Option<usize>| {
            seq.and_then(|seq| own.get(seq)).is_some_and(|&row| one.has(row))
        };
        let touches = u32::from(is_known(one, seq.checked_sub(1))) + u32::from(is_known(one, Some(seq + 1)));
        set(&mut one.bits, row as usize);
        one.counts[info.cell as usize] += 1;
        one.log_bytes += u64::from(info.bytes);
        one.n_runs = one.n_runs + 1 - touches;
        one.n_honest_rows += u32::from(author < self.shared.n_honest_peers);
        one.news.push(row);
        if !is_set(&one.authors, author) {
            set(&mut one.authors, author);
            one.n_authors += 1;
        }
        if author != peer {
            self.meet(peer, author);
        }
    }

    /// A peer gets to know another.
    pub(super) fn meet(&mut self, peer: usize, other: usize) {
        let one = &mut self.peers[peer];
        if peer != other && !is_set(&one.known_bits, other) {
            set(&mut one.known_bits, other);
            #[expect(clippy::cast_possible_truncation, reason = "peers have numbers of 32 bits")]
            one.known.push(other as u32);
        }
    }
}
