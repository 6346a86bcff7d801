//! What the clicks of each peer weigh in my ranking.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | κt | `shared_terms` | queries that are among the favourites of both |
//! | κm | `shared_pairs` | (query, item) pairs that both clicked |
//! | κu | [`Union`] | items (or pairs) that one of both clicked |
//! | S | `similarity` | (κt + κm²) / κu, over the largest |
//! | F | `isolation` | what every known peer weighs at least |
//!
//! The formula divides by the largest S of all known peers. That is nearly always my similarity with myself, several
//! times that of anyone else, so that all others would weigh next to nothing and F next to everything. Here, unless
//! [`Normaliser::All`] asks for the letter, S is divided by the largest of the *other* peers, I weigh 1, and F is in units
//! of the mean S.
//!
//! The robust weight of a peer is S times its lift: by how much its clicks predict mine better than chance,
//!
//! lift = max(0, sum over queries of both of (share of its clicks that went to an item of mine / items of mine - 1 / items
//! of the query)) / (queries of both + 5),
//!
//! so that copying what everybody clicks earns little, and clicking one item a thousand times nothing.
//!
//! A row changes the sum of its author in O(1). One that is mine, or names another item for a query of mine, changes those
//! of all peers that asked it; this waits for the next robust ranking, which looks at the entries of such queries once.

use super::fixed::{fixed, float};
use super::keys::{pack, unpack};
use super::modes::{IsolationScale, Normaliser, Union, Weighting};
use super::store::{ClickStore, ME, NO_USE, NONE, Peer};
use crate::error::Result;
use crate::memory::{try_collect, try_reserve, try_zeroed};

/// Queries of both that a lift is shrunk by, as if so many had shown nothing.
const SHRINKAGE: f64 = 5.0;

/// Sums of shares up to this are rounding.
const NO_LIFT: f64 = 1e-12;

/// What stands for my own lift, after those of others were divided by the largest: my clicks are few, and a peer whose
/// clicks foretell mine knows more. Measured with planted tastes: half is better than 1 by .002 of nDCG.
const OWN_LIFT: f64 = 0.5;

/// Other peers that have clicks, and what I share with each.
#[derive(Clone, Debug, Default)]
pub struct Similarities {
    /// Their codes.
    pub peers: Vec<u32>,
    /// S.
    pub scores: Vec<f64>,
    /// κt.
    pub terms: Vec<u32>,
    /// κm.
    pub pairs: Vec<u32>,
    /// κu.
    pub unions: Vec<u32>,
}

impl ClickStore {
    /// What I share with every other peer: the most similar first, ties by name.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn similarities(&self, weighting: &Weighting) -> Result<Similarities> {
        let scores = self.paper_similarity(weighting)?;
        let known = self.others().filter(|&peer| self.peers[peer as usize].clicks > 0);
        let mut order: Vec<u32> = try_collect("peers", self.peers.len(), known)?;
        order.sort_unstable_by(|&a, &b| {
            scores[b as usize].total_cmp(&scores[a as usize]).then_with(|| self.users.order(a, b))
        });
        let mut found = Similarities::default();
        for peer in order {
            let [terms, pairs, union] = self.kappas(peer, weighting.union);
            found.peers.push(peer);
            found.scores.push(scores[peer as usize]);
            found.terms.push(terms);
            found.pairs.push(pairs);
            found.unions.push(union);
        }
        Ok(found)
    }

    fn others(&self) -> std::ops::Range<u32> {
        #[expect(clippy::cast_possible_truncation, reason = "peers have codes of 32 bits")]
        let n = self.peers.len() as u32;
        ME + 1..n
    }

    /// κt, κm and κu of me and a peer.
    fn kappas(&self, peer: u32, union: Union) -> [u32; 3] {
        let (me, other) = (&self.peers[ME as usize], &self.peers[peer as usize]);
        if peer == ME {
            let n_union = if union == Union::Items { me.n_items } else { me.n_pairs };
            return [me.favourites.len(), me.n_pairs, n_union];
        }
        let n_union = match union {
            Union::Items => me.n_items + (other.n_items - other.shared_items),
            Union::Pairs => me.n_pairs + (other.n_pairs - other.shared_pairs),
        };
        [other.shared_terms, other.shared_pairs, n_union]
    }

    /// S of every peer; 1 for me, unless the letter is asked for.
    pub(super) fn paper_similarity(&self, weighting: &Weighting) -> Result<Vec<f64>> {
        let mut s: Vec<f64> = try_zeroed("similarities", self.peers.len())?;
        for (peer, s) in (0u32..).zip(&mut s) {
            let [terms, pairs, union] = self.kappas(peer, weighting.union).map(f64::from);
            *s = if union > 0.0 { (terms + pairs * pairs) / union } else { 0.0 };
        }
        if weighting.normaliser == Normaliser::All {
            scale_by_largest(&mut s);
        } else {
            scale_by_largest(&mut s[1..]);
            s[ME as usize] = 1.0;
        }
        Ok(s)
    }

    /// Lifts of all peers, after [`ClickStore::refresh_lifts`]; mine is [`OWN_LIFT`].
    pub(super) fn lifts(&self) -> Result<Vec<f64>> {
        // What is above 0 by rounding only would be the largest where no peer has any lift.
        let lift = |peer: &Peer| {
            if peer.lift > fixed(NO_LIFT) {
                float(peer.lift) / (f64::from(peer.shared_uses) + SHRINKAGE)
            } else {
                0.0
            }
        };
        let mut lifts = try_collect("lifts", self.peers.len(), self.peers.iter().map(lift))?;
        lifts[ME as usize] = OWN_LIFT;
        Ok(lifts)
    }

    /// Notes that lifts do not know yet what changed for all peers that asked a query of mine.
    pub(super) fn outdate(&mut self, term: u32) -> Result<()> {
        let posting = &mut self.postings[term as usize];
        if posting.n_mine > 0 && !posting.is_stale {
            try_reserve("queries", &mut self.stale, 1)?;
            self.stale.push(term);
            posting.is_stale = true;
        }
        Ok(())
    }

    /// Brings up to date what uses of such queries add to lifts.
    pub(super) fn refresh_lifts(&mut self) {
        while let Some(term) = self.stale.pop() {
            self.stamp += 1;
            self.postings[term as usize].is_stale = false;
            for at in 0..self.postings[term as usize].entries.len() {
                let peer = self.postings[term as usize].entries[at].peer;
                let stamp = &mut self.peers[peer as usize].stamp;
                let is_first = std::mem::replace(stamp, self.stamp) != self.stamp;
                if let Some(use_) = self.use_keys.find(pack(peer, term)).filter(|_| is_first && peer != ME) {
                    self.lift(peer, term, use_);
                }
            }
        }
    }

    /// Counts what the clicks of a peer for a query of mine add to its lift.
    pub(super) fn lift(&mut self, peer: u32, term: u32, use_: u32) {
        let (posting, uses) = (&self.postings[term as usize], &mut self.uses[use_ as usize]);
        let share = f64::from(uses.hits) / f64::from(uses.clicks) / f64::from(posting.n_mine);
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^32")]
        let chance = 1.0 / posting.pairs.len() as f64;
        #[expect(clippy::cast_possible_truncation, reason = "at most 2^60")]
        let now = fixed(share - chance) as i64;
        let before = std::mem::replace(&mut uses.lift, now);
        let one = &mut self.peers[peer as usize];
        one.shared_uses += u32::from(before == NO_USE);
        one.lift += i128::from(now) - if before == NO_USE { 0 } else { i128::from(before) };
    }

    /// Brings up to date the products of the clicks of peers with mine, for pairs that I clicked since.
    pub(super) fn refresh_products(&mut self) {
        while let Some(pair) = self.stale_pairs.pop() {
            let info = &mut self.pairs[pair as usize];
            let more = u64::from(info.mine - std::mem::replace(&mut info.counted, info.mine));
            let mut cell = info.first_cell;
            let term = unpack(self.pair_keys.key(pair)).0;
            while cell != NONE {
                let (peer, at, next) = self.cell_parts(cell);
                let clicks = u64::from(self.postings[term as usize].entries[at].clicks);
                let product = &mut self.peers[peer as usize].product;
                *product = product.saturating_add(more.saturating_mul(clicks));
                cell = next;
            }
        }
    }

    /// Squared cosines of the clicks of every peer, by pair, with mine, after [`ClickStore::refresh_products`].
    pub(super) fn squared_cosines(&self) -> Result<Vec<f64>> {
        let mine = &self.peers[ME as usize];
        #[expect(clippy::cast_precision_loss, reason = "rounds")]
        let square = |peer: &Peer| {
            let norms = mine.squares as f64 * peer.squares as f64;
            if norms > 0.0 { peer.product as f64 * peer.product as f64 / norms } else { 0.0 }
        };
        let mut squares = try_collect("cosines", self.peers.len(), self.peers.iter().map(square))?;
        squares[ME as usize] = 1.0;
        Ok(squares)
    }

    /// Adds `isolation` to what peers weigh.
    pub(super) fn isolate(&self, weights: &mut [f64], weighting: &Weighting) {
        let is_known = |peer: &usize| self.peers[*peer].clicks > 0;
        let n = (1..weights.len()).filter(is_known).count();
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^32")]
        let mean =
            float((1..weights.len()).filter(is_known).map(|p| fixed(weights[p])).sum()) / n.max(1) as f64;
        let unit = if weighting.scale == IsolationScale::Mean && mean > 0.0 { mean } else { 1.0 };
        let first = if weighting.normaliser == Normaliser::All { 0 } else { 1 };
        weights[first..].iter_mut().for_each(|weight| *weight += weighting.isolation * unit);
    }
}

/// Divides by the largest, unless that is 0.
pub(super) fn scale_by_largest(values: &mut [f64]) {
    let largest = values.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 {
        values.iter_mut().for_each(|value| *value /= largest);
    }
}
