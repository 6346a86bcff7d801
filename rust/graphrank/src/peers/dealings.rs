//! What a peer remembers of the others it deals with.

use std::collections::BTreeMap;

use super::key::AuthorId;
use super::limits::{ALL_PEERS, Bucket, Limits};

/// Peers that asked or were asked, at most so many: those are forgotten first that were never asked, and among them those
/// that were not heard of for the longest time. So whoever asks under many keys displaces nobody that was chosen here.
#[derive(Clone, Debug)]
pub(super) struct Peers {
    known: BTreeMap<AuthorId, Dealings>,
    /// Questions that wait for their answers, by nonce. At most one per peer.
    open: BTreeMap<u64, Asked>,
    /// Of the last question that was asked here.
    nonce: u64,
    /// Questions so far, in either direction.
    turn: u64,
    /// For all peers together.
    all: Bucket,
    max_peers: usize,
    bytes_per_s: u64,
    burst: u64,
    max_skew: u64,
}

#[derive(Clone, Debug)]
struct Dealings {
    /// What it may be given.
    bucket: Bucket,
    /// Of its last question.
    nonce: u64,
    /// The turn in which it last asked or was asked.
    seen: u64,
    /// Whether it was asked.
    is_asked: bool,
    /// Where the next question to it begins, if the last one did not tell about all authors.
    cursor: Option<AuthorId>,
}

/// A question that waits for its answer.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) to: AuthorId,
    /// The last author that it was about; `None` if there were no more.
    pub(super) last: Option<AuthorId>,
    /// Whether asking again would bring the rest, and not another sample.
    pub(super) is_whole: bool,
    /// The authors of its vector, to which the answer refers by place.
    pub(super) authors: Vec<AuthorId>,
}

impl Peers {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            known: BTreeMap::new(),
            open: BTreeMap::new(),
            nonce: 0,
            turn: 0,
            all: Bucket::full(0),
            max_peers: limits.max_peers,
            bytes_per_s: limits.bytes_per_s,
            burst: limits.burst_bytes,
            max_skew: limits.max_skew,
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = AuthorId> {
        self.known.keys().copied()
    }

    /// Whether a question with this nonce is not newer than the last one of the asker.
    pub(super) fn is_replay(&self, asker: AuthorId, nonce: u64) -> bool {
        self.known.get(&asker).is_some_and(|dealings| nonce <= dealings.nonce)
    }

    /// Notes a question. Nonces follow the asker's clock: were it far ahead and then set right, later questions would all
    /// be below this one. So it counts as no later than a clock may be ahead.
    pub(super) fn heard(&mut self, asker: AuthorId, nonce: u64, now: u64) {
        self.dealings(asker, now).nonce = nonce.min(now.saturating_add(self.max_skew));
    }

    /// Bytes that a peer may be given now.
    pub(super) fn level(&mut self, peer: AuthorId, now: u64) -> u64 {
        let (rate, burst) = (self.bytes_per_s, self.burst);
        let all = self.all.level(rate.saturating_mul(ALL_PEERS), burst.saturating_mul(ALL_PEERS), now);
        self.known.get_mut(&peer).map_or(0, |dealings| dealings.bucket.level(rate, burst, now)).min(all)
    }

    pub(super) fn take(&mut self, peer: AuthorId, bytes: u64) {
        self.all.take(bytes);
        if let Some(dealings) = self.known.get_mut(&peer) {
            dealings.bucket.take(bytes);
        }
    }

    /// The first author that the next question to a peer tells about.
    pub(super) fn cursor(&self, peer: AuthorId) -> Option<AuthorId> {
        self.known.get(&peer).and_then(|dealings| dealings.cursor)
    }

    /// Notes that a question is asked, and numbers it. The answer to an earlier one to the same peer is not waited for any
    /// more. Numbers follow the clock, so that they grow over restarts too.
    pub(super) fn ask(&mut self, asked: Asked, now: u64) -> u64 {
        self.dealings(asked.to, now).is_asked = true;
        self.nonce = now.max(self.nonce.saturating_add(1));
        self.open.retain(|_, other| other.to != asked.to);
        if self.open.len() >= self.max_peers {
            self.open.pop_first();
        }
        self.open.insert(self.nonce, asked);
        self.nonce
    }

    /// Who was asked the question that waits under this number.
    pub(super) fn waits_for(&self, nonce: u64) -> Option<AuthorId> {
        self.open.get(&nonce).map(|asked| asked.to)
    }

    /// The question that is answered.
    pub(super) fn answered(&mut self, nonce: u64) -> Option<Asked> {
        self.open.remove(&nonce)
    }

    /// After an answer: moves on to the next authors unless the other peer has more about these. Whether to ask again.
    pub(super) fn advance(&mut self, asked: &Asked, has_more: bool) -> bool {
        if !asked.is_whole || has_more {
            return asked.is_whole;
        }
        let next = asked.last.and_then(successor);
        if let Some(dealings) = self.known.get_mut(&asked.to) {
            dealings.cursor = next;
        }
        next.is_some()
    }

    fn dealings(&mut self, peer: AuthorId, now: u64) -> &mut Dealings {
        if !self.known.contains_key(&peer) && self.known.len() >= self.max_peers {
            let age = |dealings: &Dealings| (dealings.is_asked, dealings.seen);
            let oldest = self.known.iter().min_by_key(|(_, dealings)| age(dealings)).map(|(id, _)| *id);
            oldest.map(|oldest| self.known.remove(&oldest));
        }
        self.turn += 1;
        let new = || Dealings { bucket: Bucket::full(now), nonce: 0, seen: 0, is_asked: false, cursor: None };
        let dealings = self.known.entry(peer).or_insert_with(new);
        dealings.seen = self.turn;
        dealings
    }
}

/// The id after this one.
fn successor(id: AuthorId) -> Option<AuthorId> {
    let mut bytes = id.0;
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte > 0 {
            return Some(AuthorId(bytes));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_each_other() {
        let mut bytes = [0; 32];
        assert_eq!(successor(AuthorId([255; 32])), None);
        bytes[31] = 1;
        assert_eq!(successor(AuthorId([0; 32])), Some(AuthorId(bytes)));
        (bytes[30], bytes[31]) = (7, 255);
        let next = successor(AuthorId(bytes)).unwrap();
        assert_eq!((next.0[30], next.0[31]), (8, 0));
    }

    #[test]
    fn the_peer_that_was_silent_longest_is_forgotten() {
        let mut peers = Peers::new(&Limits { max_peers: 2, ..Limits::default() });
        let [a, b, c] = [1, 2, 3].map(|byte| AuthorId([byte; 32]));
        peers.heard(a, 5, 10);
        peers.heard(b, 5, 20);
        peers.heard(a, 6, 30);
        peers.heard(c, 1, 40);
        assert_eq!(peers.ids().collect::<Vec<_>>(), [a, c]);
        assert!(peers.is_replay(a, 6) && !peers.is_replay(a, 7) && !peers.is_replay(b, 5));
    }

    #[test]
    fn peers_that_were_asked_are_not_displaced_by_others_that_ask() {
        let mut peers = Peers::new(&Limits { max_peers: 3, ..Limits::default() });
        let friend = AuthorId([255; 32]);
        let asked = |last| Asked { to: friend, last, is_whole: true, authors: Vec::new() };
        peers.ask(asked(None), 1);
        peers.advance(&asked(Some(AuthorId([7; 32]))), false);
        let cursor = peers.cursor(friend);
        (0..200).for_each(|byte| peers.heard(AuthorId([byte; 32]), 5, 10));
        assert!(cursor.is_some() && peers.cursor(friend) == cursor);
        assert_eq!(peers.ids().count(), 3);
    }

    #[test]
    fn a_clock_that_was_ahead_and_is_set_right_does_not_end_a_dealing() {
        let mut peers = Peers::new(&Limits { max_skew: 100, ..Limits::default() });
        let peer = AuthorId([1; 32]);
        peers.heard(peer, 1 << 50, 1_000);
        assert!(peers.is_replay(peer, 1_100) && !peers.is_replay(peer, 1_101));
    }

    #[test]
    fn all_peers_together_get_so_much() {
        let limits = Limits { bytes_per_s: 1, ..Limits::default() };
        let mut peers = Peers::new(&limits);
        for byte in 0..u8::try_from(ALL_PEERS).unwrap() {
            let peer = AuthorId([byte; 32]);
            peers.heard(peer, 1, 0);
            assert_eq!(peers.level(peer, 0), limits.burst_bytes);
            peers.take(peer, limits.burst_bytes);
            assert_eq!(peers.level(peer, 0), 0);
        }
        let next = AuthorId([255; 32]);
        peers.heard(next, 1, 0);
        assert_eq!(peers.level(next, 0), 0);
    }
}
