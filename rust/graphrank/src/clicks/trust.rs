//! Trust in peers from walks between peers that clicked the same.
//!
//! A walker goes from a peer to a (query, item) pair that it clicked, from there to a peer that clicked the pair, and so
//! on, and returns to its seed with probability 0.15 at each step: personalized PageRank on the graph of peers and pairs.
//! A peer is trusted as much as the walker is there. Identities that somebody makes up get no more than flows to their
//! clicks. With several seeds that are known to be honest, the least of their scores counts: spam must be near to all of
//! them.

use super::keys::unpack;
use super::modes::{LARGEST, Trust};
use super::names::Names;
use super::store::{ClickStore, ME};
use super::weights::scale_by_largest;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::{EdgeOptions, Graph};
use crate::memory::{try_collect, try_with_capacity, try_zeroed};
use crate::ppr::{PprParams, Queries, Scores, pagerank};

impl ClickStore {
    /// How much every peer is trusted, 1 the most trusted of the others; me 1. Where walks reach nobody else, all are
    /// trusted.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a trust out of range; those of [`pagerank`].
    pub fn trust(&self, trust: &Trust, exec: &Exec) -> Result<Vec<f64>> {
        let mut scores: Vec<f64> = try_zeroed("trust in peers", self.peers.len())?;
        match trust {
            Trust::All => scores.fill(1.0),
            Trust::Given(given) => {
                for &(peer, score) in given {
                    if !(0.0..=LARGEST).contains(&score) {
                        let problem = format!("must be numbers from 0 to {LARGEST:e}, got {score}");
                        return Err(Error::argument("trust", problem));
                    }
                    scores[peer as usize] = score;
                }
            }
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
        let n_nodes = peers.len() + self.pairs.len();
        let (src, dst) = self.links(&peers, exec)?;
        let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
        let graph = Graph::from_edges(n_nodes, &src, &dst, None, options, exec)?;
        let seeds: Vec<u32> = seeds.iter().map(|&seed| peers[seed as usize]).collect();
        let answer = pagerank(&graph, &Queries::from_nodes(&seeds), &PprParams::default(), exec)?;
        let Scores::Dense(scores) = answer.scores else { return try_zeroed("trust in peers", peers.len()) };
        let least =
            |&node: &u32| scores[node as usize..].iter().step_by(n_nodes).copied().fold(1.0, f64::min);
        try_collect("trust in peers", peers.len(), peers.iter().map(least))
    }

    /// Both ends of an edge for every peer and pair that it clicked: peers have the numbers `peers`, pairs those after,
    /// in the order of their queries and items by name.
    fn links(&self, peers: &[u32], exec: &Exec) -> Result<(Vec<u32>, Vec<u32>)> {
        let (terms, items) = (sorted(&self.terms)?, ranks(&self.item_names)?);
        let mut src: Vec<u32> = try_with_capacity("edges", self.cells.len())?;
        let mut dst: Vec<u32> = try_with_capacity("edges", self.cells.len())?;
        let mut first = u32::try_from(peers.len()).unwrap_or(u32::MAX);
        let (mut order, mut nodes): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        // What has a name only has no posting yet.
        for posting in terms.iter().filter_map(|&term| self.postings.get(term as usize)) {
            exec.checkpoint(0)?;
            order.clear();
            order.extend((0u32..).take(posting.pairs.len()));
            order.sort_unstable_by_key(|&local| {
                items[unpack(self.pair_keys.key(posting.pairs[local as usize])).1 as usize]
            });
            nodes.resize(order.len(), 0);
            for (&local, node) in order.iter().zip(first..) {
                nodes[local as usize] = node;
            }
            for entry in &posting.entries {
                src.push(peers[entry.peer as usize]);
                dst.push(nodes[entry.local as usize]);
            }
            first = first.saturating_add(u32::try_from(order.len()).unwrap_or(u32::MAX));
        }
        Ok((src, dst))
    }
}

/// Codes in the order of their names.
fn sorted(names: &Names) -> Result<Vec<u32>> {
    let mut order: Vec<u32> = try_collect("sorted names", names.len(), 0u32..)?;
    order.sort_unstable_by(|&a, &b| names.order(a, b));
    Ok(order)
}

/// The position of every code among the sorted names.
fn ranks(names: &Names) -> Result<Vec<u32>> {
    let mut ranks: Vec<u32> = try_zeroed("ranks of names", names.len())?;
    for (&code, rank) in sorted(names)?.iter().zip(0u32..) {
        ranks[code as usize] = rank;
    }
    Ok(ranks)
}
