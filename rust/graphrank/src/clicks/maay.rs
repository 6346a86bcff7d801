//! The ranking of MAAY (Dang Ngoc and Viglas, 2006): items about the words of the query that are about my words, too.
//!
//! | symbol | meaning |
//! |---|---|
//! | votes(d, w) | clicks on item d for queries with word w |
//! | REL(d, w) | votes(d, w) / sum over words of votes(d, ·) |
//! | POP(d, w) | votes(d, w) / sum over items of votes(·, w) |
//! | SP(w) | my queries with word w, over all words of mine |
//! | matching(d) | sum over words of REL(d, w) SP(w) |
//!
//! score(d) = matching(d) x sum over words w of the query of REL(d, w) POP(d, w)

use super::keys::{pack, unpack};
use super::rank::Scored;
use super::store::{ClickStore, ME, NONE};
use crate::error::Result;
use crate::memory::{try_collect, try_zeroed};

impl ClickStore {
    /// Scores of all items that were clicked for a query with one of `words`.
    pub(super) fn maay(&self, words: &[u32]) -> Result<Vec<Scored>> {
        let claims = self.claims()?;
        let n_claims: u64 = claims.iter().sum();
        let mut sums: Vec<(u32, f64)> = Vec::new();
        for &word in words {
            let mut votes: Vec<(u32, u64)> = Vec::new();
            for term in self.asked_with(word) {
                let pairs = &self.postings[term as usize].pairs;
                votes.extend(
                    pairs
                        .iter()
                        .map(|&pair| (self.item_of(pair), u64::from(self.pairs[pair as usize].clicks))),
                );
            }
            votes.sort_unstable();
            let of_word: u64 = votes.iter().map(|&(_, clicks)| clicks).sum();
            sums.extend(votes.chunk_by(|a, b| a.0 == b.0).map(|same| {
                let clicks: u64 = same.iter().map(|&(_, clicks)| clicks).sum();
                (same[0].0, ratio(clicks, of_word) * clicks_as_float(clicks))
            }));
        }
        sums.sort_by_key(|&(item, _)| item);
        let scored = sums.chunk_by(|a, b| a.0 == b.0).map(|same| {
            let (votes, matched) = self.matches(same[0].0, &claims);
            let relevance: f64 = same.iter().map(|&(_, sum)| sum).sum::<f64>() / clicks_as_float(votes);
            (same[0].0, relevance * ratio(matched, votes) / clicks_as_float(n_claims.max(1)))
        });
        try_collect("scores", sums.len(), scored)
    }

    /// How often I asked for each word.
    fn claims(&self) -> Result<Vec<u64>> {
        let mut claims: Vec<u64> = try_zeroed("words of mine", self.words.len())?;
        for (term, posting) in (0u32..).zip(&self.postings).filter(|(_, posting)| posting.n_mine > 0) {
            let uses = self.use_keys.find(pack(ME, term)).map_or(0, |code| self.uses[code as usize].clicks);
            debug_assert!(!posting.pairs.is_empty());
            for &word in self.words.of_term(term) {
                claims[word as usize] += u64::from(uses);
            }
        }
        Ok(claims)
    }

    /// All votes of an item, and the same with each word times my claims of it.
    fn matches(&self, item: u32, claims: &[u64]) -> (u64, u64) {
        let (mut votes, mut matched) = (0u64, 0u64);
        let mut pair = self.items[item as usize].first_pair;
        while pair != NONE {
            let info = self.pairs[pair as usize];
            for &word in self.words.of_term(unpack(self.pair_keys.key(pair)).0) {
                votes += u64::from(info.clicks);
                matched =
                    matched.saturating_add(u64::from(info.clicks).saturating_mul(claims[word as usize]));
            }
            pair = info.next_of_item;
        }
        (votes, matched)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { clicks_as_float(part) / clicks_as_float(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "rounds")]
fn clicks_as_float(clicks: u64) -> f64 {
    clicks as f64
}
