//! Simulated links: frames are lost, doubled and late, peers come and go, the network falls apart and heals.
//!
//! Time is virtual: it moves when a frame is taken. What happens to a frame depends on the seed and on how many were sent
//! before it, so a run can be repeated exactly.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand_xoshiro::rand_core::Rng;

use crate::error::{Error, Result};
use crate::rng::{Domain, stream};

/// How links treat frames.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkParams {
    /// The chance that a frame is lost.
    pub loss: f64,
    /// The chance that a frame arrives twice.
    pub duplication: f64,
    /// The least and the most milliseconds that a frame takes; each time in between is as likely.
    pub delay: (u64, u64),
    /// Of the chances.
    pub seed: u64,
}

impl Default for LinkParams {
    fn default() -> Self {
        Self { loss: 0.0, duplication: 0.0, delay: (1, 1), seed: 0 }
    }
}

impl LinkParams {
    /// # Errors
    /// [`Error::InvalidArgument`] if a chance is not in [0, 1], or the delay is no range.
    pub fn validate(&self) -> Result<()> {
        for (name, chance) in [("loss", self.loss), ("duplication", self.duplication)] {
            if !(0.0..=1.0).contains(&chance) {
                return Err(Error::argument(name, format!("must be from 0 to 1, got {chance}")));
            }
        }
        let (least, most) = self.delay;
        if least > most || most > 1 << 32 {
            return Err(Error::argument(
                "delay",
                format!("must be milliseconds, least and most, got {least} and {most}"),
            ));
        }
        Ok(())
    }
}

/// A frame that arrives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery {
    /// When, in virtual milliseconds.
    pub at: u64,
    /// Which of all copies of all frames; ties in time are broken by it.
    number: u64,
    /// Who sent it.
    pub from: usize,
    /// Who gets it.
    pub to: usize,
    /// Its bytes.
    pub frame: Vec<u8>,
}

/// Links between all pairs of some peers.
#[derive(Clone, Debug)]
pub struct Links {
    params: LinkParams,
    now: u64,
    queue: BinaryHeap<Reverse<Delivery>>,
    /// The part of the network that each peer is in.
    parts: Vec<usize>,
    is_up: Vec<bool>,
    n_sent: u64,
    n_bytes: u64,
    n_lost: u64,
    n_copies: u64,
}

impl Links {
    /// Links between `n_peers` at time `now`, all of them up.
    ///
    /// # Errors
    /// Those of [`LinkParams::validate`].
    pub fn new(n_peers: usize, now: u64, params: LinkParams) -> Result<Self> {
        params.validate()?;
        let (parts, is_up) = (vec![0; n_peers], vec![true; n_peers]);
        Ok(Self {
            params,
            now,
            queue: BinaryHeap::new(),
            parts,
            is_up,
            n_sent: 0,
            n_bytes: 0,
            n_lost: 0,
            n_copies: 0,
        })
    }

    /// Virtual milliseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Frames that were sent, their bytes, and how many of them did not arrive.
    #[must_use]
    pub fn traffic(&self) -> (u64, u64, u64) {
        (self.n_sent, self.n_bytes, self.n_lost)
    }

    /// Frames reach only peers of the same part from now on; those on their way between parts are lost.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is not one part for each peer.
    pub fn set_parts(&mut self, parts: Vec<usize>) -> Result<()> {
        if parts.len() != self.parts.len() {
            let (n, got) = (self.parts.len(), parts.len());
            return Err(Error::argument(
                "parts",
                format!("must be one number for each of the {n} peers, got {got}"),
            ));
        }
        self.parts = parts;
        Ok(())
    }

    /// Whether a peer is there; one that is not neither sends nor gets anything. An unknown one never is.
    pub fn set_up(&mut self, peer: usize, is_up: bool) {
        if let Some(up) = self.is_up.get_mut(peer) {
            *up = is_up;
        }
    }

    /// Sends a frame.
    pub fn send(&mut self, from: usize, to: usize, frame: &[u8]) {
        let mut rng = stream(self.params.seed, Domain::Link, self.n_sent);
        self.n_sent += 1;
        self.n_bytes += frame.len() as u64;
        let is_lost = chance(&mut rng) < self.params.loss || !self.is_linked(from, to);
        let is_doubled = chance(&mut rng) < self.params.duplication;
        if is_lost {
            self.n_lost += 1;
            return;
        }
        let (least, most) = self.params.delay;
        for _ in 0..=u8::from(is_doubled) {
            let at = self.now.saturating_add(least + rng.next_u64() % (most - least + 1));
            let delivery = Delivery { at, number: self.n_copies, from, to, frame: frame.to_vec() };
            self.n_copies += 1;
            self.queue.push(Reverse(delivery));
        }
    }

    /// The next frame that arrives until `until`, to which time moves on; none, and `until` is now.
    pub fn take(&mut self, until: u64) -> Option<Delivery> {
        while self.queue.peek().is_some_and(|next| next.0.at <= until) {
            let Reverse(next) = self.queue.pop()?;
            self.now = self.now.max(next.at);
            if self.is_linked(next.from, next.to) {
                return Some(next);
            }
            self.n_lost += 1;
        }
        self.now = self.now.max(until);
        None
    }

    fn is_linked(&self, from: usize, to: usize) -> bool {
        let is_up = |peer| self.is_up.get(peer).copied().unwrap_or(false);
        is_up(from) && is_up(to) && self.parts[from] == self.parts[to]
    }
}

/// Uniform in [0, 1).
fn chance(rng: &mut impl Rng) -> f64 {
    // 53 random bits: exact as a float.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let bits = (rng.next_u64() >> 11) as f64;
    bits / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(params: LinkParams, n: u64) -> Vec<Delivery> {
        let mut links = Links::new(2, 0, params).unwrap();
        for i in 0..n {
            links.send(0, 1, &i.to_le_bytes());
        }
        std::iter::from_fn(|| links.take(1 << 20)).collect()
    }

    #[test]
    fn frames_arrive_in_order_of_time_and_a_seed_repeats_a_run() {
        let params = LinkParams { loss: 0.3, duplication: 0.2, delay: (5, 50), seed: 1 };
        let got = arrivals(params.clone(), 1000);
        assert!(got.is_sorted_by_key(|delivery| delivery.at) && got.iter().all(|d| (5..=50).contains(&d.at)));
        // 1,000 x 0.7 x 1.2 = 840 on average, with a deviation of about 19.
        assert!((740..940).contains(&got.len()), "{}", got.len());
        assert_eq!(got, arrivals(params.clone(), 1000));
        assert_ne!(got, arrivals(LinkParams { seed: 2, ..params }, 1000));
        assert_eq!(arrivals(LinkParams { loss: 1.0, ..LinkParams::default() }, 10), []);
    }

    #[test]
    fn parts_and_absent_peers_get_nothing() {
        let mut links = Links::new(3, 0, LinkParams::default()).unwrap();
        links.set_parts(vec![0, 0, 1]).unwrap();
        links.send(0, 1, &[1]);
        links.send(0, 2, &[2]);
        assert_eq!(links.take(10).map(|d| (d.to, d.frame)), Some((1, vec![1])));
        links.set_parts(vec![0; 3]).unwrap();
        links.send(0, 2, &[3]);
        links.set_up(2, false);
        assert_eq!((links.take(20), links.now(), links.traffic()), (None, 20, (3, 3, 2)));
        assert!(links.set_parts(vec![0]).is_err());
    }

    #[test]
    fn chances_and_delays_out_of_range_are_named() {
        for (params, name) in [
            (LinkParams { loss: 1.5, ..LinkParams::default() }, "`loss`"),
            (LinkParams { duplication: f64::NAN, ..LinkParams::default() }, "`duplication`"),
            (LinkParams { delay: (2, 1), ..LinkParams::default() }, "`delay`"),
        ] {
            assert!(Links::new(1, 0, params).unwrap_err().to_string().starts_with(name));
        }
    }
}
