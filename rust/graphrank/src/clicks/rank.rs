//! Items ranked for a query, by the clicks of the peers I know.
//!
//! A query that was asked before is answered from its entries: score(item) = sum over peers of clicks x weight. One that
//! was not, but has words of others, adds up the words' scores, each times ln(1 + queries / queries with that word).
//! Ties go by the name of the item; scores that agree to 12 digits of the largest are ties.
//!
//! | mode | clicks of a peer on an item | weight of the peer |
//! |---|---|---|
//! | paper | their number | S + F |
//! | robust | 1 | S x lift, F |
//! | cosine | their number | squared cosine of its clicks and mine, F |
//! | popularity | their number | 1 |
//! | panache | their number, for each word of the query | 1 |
//! | dinx | their number for any query | 1 |
//! | maay | see `maay.rs` | |
//!
//! Weights are kept until rows come.

use std::cmp::Reverse;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::fixed::{BITS, fixed, float, level, unit};
use super::kept::Weights;
use super::keys::unpack;
use super::modes::{Mode, RankParams, Trust};
use super::store::{ClickStore, ME, Posting};
use super::weights::scale_by_largest;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity, try_zeroed};
use crate::rng::{Domain, ShortStream, key};

/// An item and its score.
pub type Scored = (u32, f64);

/// The two places of a ranking of `n` items that swap, so that what stands low is seen as well: with the given
/// probability two that are drawn from all, for each query others.
///
/// # Errors
/// [`Error::InvalidArgument`] if `probability` is none.
pub fn exploration_swap(
    query: &[u8],
    n: usize,
    probability: f64,
    seed: u64,
) -> Result<Option<(usize, usize)>> {
    if !(0.0..=1.0).contains(&probability) {
        return Err(Error::argument("noise", format!("must be in [0, 1], got {probability}")));
    }
    let mut draws = ShortStream::new(key(seed, Domain::Exploration, xxh3_64(query)), 0);
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    let chance = (draws.draw() >> 11) as f64 / (1u64 << 53) as f64;
    if n < 2 || chance >= probability {
        return Ok(None);
    }
    let first = below(draws.draw(), n);
    let second = below(draws.draw(), n - 1);
    Ok(Some((first, second + usize::from(second >= first))))
}

/// A number below `n` from 64 random bits.
#[expect(clippy::cast_possible_truncation, reason = "below n")]
fn below(draw: u64, n: usize) -> usize {
    ((u128::from(draw) * n as u128) >> 64) as usize
}

impl ClickStore {
    /// The score of every item that was clicked for `query`, or for queries with its words; `None` if there is no such
    /// query.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a parameter out of range; [`Error::OutOfMemory`]; with [`Trust::Walks`] those of
    /// [`pagerank`](crate::ppr::pagerank).
    ///
    /// # Complexity
    /// One pass over the entries of the query. After rows came, also one over peers, and for [`Mode::Robust`] over the
    /// entries of queries of mine for which I, or others, clicked something new.
    pub fn scores(&mut self, query: &[u8], params: &RankParams, exec: &Exec) -> Result<Option<Vec<Scored>>> {
        params.weighting.validate()?;
        self.grow()?;
        let is_by_words = matches!(params.mode, Mode::Panache | Mode::Maay);
        if params.trust != Trust::All && matches!(params.mode, Mode::Dinx | Mode::Maay) {
            let problem = format!("has no place in mode \"{}\", which counts all clicks", params.mode.name());
            return Err(Error::argument("trust", problem));
        }
        let term = self.terms.find(query).filter(|&term| !self.postings[term as usize].entries.is_empty());
        if let (Some(term), false) = (term, is_by_words) {
            return self.term_scores(term, params, exec).map(Some);
        }
        self.words.read(&self.terms)?;
        let mut words = self.words.of_query(query)?;
        words.retain(|&word| self.asked_with(word).next().is_some());
        if words.is_empty() {
            return Ok(None);
        }
        if params.mode == Mode::Maay {
            return self.maay(&words).map(Some);
        }
        self.word_scores(&words, params, exec).map(Some)
    }

    /// Every item that was clicked, by the number of clicks.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn popular(&self) -> Result<Vec<Scored>> {
        let clicked = (0u32..).zip(&self.items).filter(|(_, item)| item.clicks > 0);
        #[expect(clippy::cast_precision_loss, reason = "rounds")]
        let scored = clicked.map(|(code, item)| (code, item.clicks as f64));
        try_collect("scores", self.items.len(), scored)
    }

    /// The `k` best, the best first; all without `k`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn best(&self, scores: Vec<Scored>, k: Option<usize>) -> Result<Vec<Scored>> {
        let n = scores.len();
        let unit = unit(scores.iter().map(|&(_, score)| score));
        let levels = scores.into_iter().map(|(item, score)| (Reverse(level(score, unit)), item, score));
        let mut levels = try_collect("scores", n, levels)?;
        let order = |a: &(Reverse<i128>, u32, f64), b: &(Reverse<i128>, u32, f64)| {
            a.0.cmp(&b.0).then_with(|| self.item_names.order(a.1, b.1))
        };
        if let Some(k) = k.filter(|&k| k < n) {
            levels.select_nth_unstable_by(k, order);
            levels.truncate(k);
        }
        levels.sort_unstable_by(order);
        try_collect("scores", n, levels.into_iter().map(|(_, item, score)| (item, score)))
    }

    fn term_scores(&mut self, term: u32, params: &RankParams, exec: &Exec) -> Result<Vec<Scored>> {
        if params.mode == Mode::Dinx {
            let items = self.postings[term as usize].pairs.iter().map(|&pair| self.item_of(pair));
            #[expect(clippy::cast_precision_loss, reason = "rounds")]
            let scored = items.map(|item| (item, self.items[item as usize].clicks as f64));
            return try_collect("scores", self.postings[term as usize].pairs.len(), scored);
        }
        let weights = self.weights(params, exec)?;
        let posting = &self.postings[term as usize];
        let sums = self.sums(posting, &weights)?;
        let items = posting.pairs.iter().map(|&pair| self.item_of(pair));
        let scored = items.zip(sums).map(|(item, sum)| (item, float(sum) * weights.unit));
        try_collect("scores", posting.pairs.len(), scored)
    }

    pub(super) fn item_of(&self, pair: u32) -> u32 {
        unpack(self.pair_keys.key(pair)).1
    }

    /// The queries with a word. Those with a name only count for nothing: their rows may never come.
    pub(super) fn asked_with(&self, word: u32) -> impl Iterator<Item = u32> + '_ {
        let is_asked = |term: &u32| !self.postings[*term as usize].entries.is_empty();
        self.words.terms(word).iter().copied().filter(is_asked)
    }

    /// The scores of all queries that have one of `words`, added up.
    fn word_scores(&mut self, words: &[u32], params: &RankParams, exec: &Exec) -> Result<Vec<Scored>> {
        let weights = self.weights(params, exec)?;
        let mut scores: Vec<Scored> = Vec::new();
        for &word in words {
            let mut sums: Vec<(u32, i128)> = Vec::new();
            for term in self.asked_with(word) {
                let posting = &self.postings[term as usize];
                let items = posting.pairs.iter().map(|&pair| self.item_of(pair));
                let of_term: Vec<i128> = if params.mode == Mode::Dinx {
                    let clicks =
                        items.clone().map(|item| i128::from(self.items[item as usize].clicks) << BITS);
                    try_collect("scores", posting.pairs.len(), clicks)?
                } else {
                    self.sums(posting, &weights)?
                };
                sums.extend(items.zip(of_term));
            }
            sums.sort_unstable();
            let is_counted_once = params.mode == Mode::Dinx;
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^32")]
            let rarity = match params.mode {
                Mode::Panache => 1.0,
                _ => (1.0 + self.n_asked as f64 / self.asked_with(word).count() as f64).ln(),
            };
            scores.extend(sums.chunk_by(|a, b| a.0 == b.0).map(|same| {
                let n = if is_counted_once { 1 } else { same.len() };
                let sum: i128 = same[..n].iter().map(|&(_, sum)| sum).sum();
                (same[0].0, float(sum) * weights.unit * rarity)
            }));
        }
        // Stable: the words of an item stay in the order of the query.
        scores.sort_by_key(|&(item, _)| item);
        let added = scores.chunk_by(|a, b| a.0 == b.0);
        let added = added.map(|same| (same[0].0, same.iter().map(|&(_, score)| score).sum()));
        try_collect("scores", scores.len(), added)
    }

    /// The score of every item of a query, in multiples of 2^-60 units.
    fn sums(&self, posting: &Posting, weights: &Weights) -> Result<Vec<i128>> {
        let mut sums: Vec<i128> = try_zeroed("scores", posting.pairs.len())?;
        if self.params().half_life.is_some() {
            let fading = self.fading();
            for (entry, &mass) in posting.entries.iter().zip(&posting.masses) {
                let clicks = if weights.is_vote { (mass * fading).min(1.0) } else { mass * fading };
                #[expect(clippy::cast_precision_loss, reason = "rounds")]
                let weight = weights.weights[entry.peer as usize] as f64;
                #[expect(clippy::cast_possible_truncation, reason = "saturates")]
                let share = (clicks * weight).round() as i128;
                sums[entry.local as usize] += share;
            }
        } else if weights.is_vote {
            for entry in &posting.entries {
                sums[entry.local as usize] += i128::from(weights.weights[entry.peer as usize]);
            }
        } else {
            for entry in &posting.entries {
                let weight = u128::from(weights.weights[entry.peer as usize]);
                sums[entry.local as usize] += (weight * u128::from(entry.clicks)).cast_signed();
            }
        }
        Ok(sums)
    }

    /// What peers weigh: kept, or computed.
    fn weights(&mut self, params: &RankParams, exec: &Exec) -> Result<Arc<Weights>> {
        if let Some(weights) = self.kept.get(self.version, params) {
            return Ok(weights);
        }
        match params.mode {
            Mode::Robust => self.refresh_lifts(),
            Mode::Cosine => self.refresh_products(),
            _ => {}
        }
        let weights = Arc::new(self.computed_weights(params, exec)?);
        self.kept.put(self.version, params.clone(), Arc::clone(&weights));
        Ok(weights)
    }

    fn computed_weights(&self, params: &RankParams, exec: &Exec) -> Result<Weights> {
        let weighting = &params.weighting;
        let mut weights = match params.mode {
            Mode::Paper => self.paper_similarity(weighting)?,
            Mode::Cosine => self.squared_cosines()?,
            Mode::Robust => {
                let similarity = self.paper_similarity(weighting)?;
                let products = similarity.iter().zip(self.lifts()?).map(|(s, lift)| s * lift);
                let mut products = try_collect("weights", similarity.len(), products)?;
                scale_by_largest(&mut products[1..]);
                products
            }
            _ => try_collect("weights", self.peers.len(), std::iter::repeat(1.0))?,
        };
        if matches!(params.mode, Mode::Paper | Mode::Cosine | Mode::Robust) {
            self.isolate(&mut weights, weighting);
        }
        if params.trust != Trust::All {
            let trust = self.trust(&params.trust, exec)?;
            weights.iter_mut().zip(trust).for_each(|(weight, trust)| *weight *= trust);
        }
        let unit = unit(weights.iter().copied());
        let mut fixed_weights = try_with_capacity("weights", weights.len())?;
        for weight in weights {
            let whole = u64::try_from(fixed(weight / unit));
            fixed_weights.push(whole.map_err(|_| Error::argument("trust", "must be numbers of at least 0"))?);
        }
        Ok(Weights { weights: fixed_weights, unit, is_vote: params.mode == Mode::Robust })
    }

    /// Clicks of mine on an item for a query.
    #[must_use]
    pub fn own_clicks(&self, query: &[u8]) -> Vec<Scored> {
        let term = self.terms.find(query);
        let Some(posting) = term.and_then(|term| self.postings.get(term as usize)) else { return Vec::new() };
        let mine = posting.entries.iter().filter(|entry| entry.peer == ME);
        mine.map(|entry| (self.item_of(posting.pairs[entry.local as usize]), f64::from(entry.clicks)))
            .collect()
    }
}
