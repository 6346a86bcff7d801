//! Trust in peers from walks between peers that clicked the same.
//!
//! A walker goes from a peer to a (query, item) pair that it clicked, from there to a peer that clicked the pair, and so
//! on, and returns to its seed with probability 0.15 at each step: personalized PageRank on the graph of peers and pairs.
//! A peer is trusted as much as the walker is there. Identities that somebody makes up get no more than flows to their
//! clicks. With several seeds that are known to be honest, the least of their scores counts: spam must be near to all of
//! them.

use super::keys::unpack;
use super::names::Names;
use super::store::{ClickStore, ME};
use super::weights::scale_by_largest;
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{EdgeOptions, Graph};
use crate::memory::{try_collect, try_with_capacity, try_zeroed};
use crate::ppr::{PprParams, Queries, Scores, pagerank};

/// Where trust in peers comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Trust {
    /// All peers are trusted.
    #[default]
    All,
    /// Peers and how much each is trusted; others are not.
    Given(Vec<(u32, f64)>),
    /// The least score of walks from each of these peers.
    Walks(Vec<u32>),
}

impl ClickStore {
    /// How much every peer is trusted, 1 the most trusted of the others; me 1. Where walks reach nobody else, all are
    /// trusted.
    ///
    /// # Errors
    /// Those of [`pagerank`].
    pub fn trust(&self, trust: &Trust, exec: &Exec) -> Result<Vec<f64>> {
        let mut scores: Vec<f64> = try_zeroed("trust in peers", self.peers.len())?;
        match trust {
            Trust::All => scores.fill(1.0),
            Trust::Given(given) => given.iter().for_each(|&(peer, score)| scores[peer as usize] = score),
            Trust::Walks(seeds) => {
                scores = self.walks(seeds, exec)?;
                scale_by_largest(&mut scores[1..]);
                if scores[1..].iter().all(|&score| score <= 0.0) {
                    scores.fill(1.0);
                }
            }
        }
        scores[ME as usize] = 1.0;
        Ok(scores)
    }

    /// The least score of every peer over walks from each seed.
    fn walks(&self, seeds: &[u32], exec: &Exec) -> Result<Vec<f64>> {
        // Nodes are numbered by name: numbers of arrival would show in the last bits of the scores.
        let peers = ranks(&self.users)?;
        let (terms, items) = (ranks(&self.terms)?, ranks(&self.item_names)?);
        let mut pairs: Vec<u32> = try_collect("pairs", self.pairs.len(), 0u32..)?;
        pairs.sort_unstable_by_key(|&pair| {
            let (term, item) = unpack(self.pair_keys.key(pair));
            (terms[term as usize], items[item as usize])
        });
        let mut nodes: Vec<u32> = try_zeroed("nodes of pairs", pairs.len())?;
        for (&pair, node) in pairs.iter().zip(0u32..) {
            nodes[pair as usize] = node;
        }
        let n_nodes = peers.len() + nodes.len();
        let n_edges = self.counts()[3];
        let mut src: Vec<u32> = try_with_capacity("edges", n_edges)?;
        let mut dst: Vec<u32> = try_with_capacity("edges", n_edges)?;
        let first = u32::try_from(peers.len()).unwrap_or(u32::MAX);
        for posting in &self.postings {
            for entry in &posting.entries {
                src.push(peers[entry.peer as usize]);
                dst.push(first.saturating_add(nodes[posting.pairs[entry.local as usize] as usize]));
            }
        }
        let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
        let graph = Graph::from_edges(n_nodes, &src, &dst, None, options, exec)?;
        let seeds: Vec<u32> = seeds.iter().map(|&seed| peers[seed as usize]).collect();
        let answer = pagerank(&graph, &Queries::from_nodes(&seeds), &PprParams::default(), exec)?;
        let Scores::Dense(scores) = answer.scores else { return try_zeroed("trust in peers", peers.len()) };
        let least =
            |&node: &u32| scores[node as usize..].iter().step_by(n_nodes).copied().fold(1.0, f64::min);
        try_collect("trust in peers", peers.len(), peers.iter().map(least))
    }
}

/// The position of every code among the sorted names.
fn ranks(names: &Names) -> Result<Vec<u32>> {
    let mut order: Vec<u32> = try_collect("sorted names", names.len(), 0u32..)?;
    order.sort_unstable_by(|&a, &b| names.order(a, b));
    let mut ranks: Vec<u32> = try_zeroed("ranks of names", names.len())?;
    for (&code, rank) in order.iter().zip(0u32..) {
        ranks[code as usize] = rank;
    }
    Ok(ranks)
}
