//! What peers weigh, kept until rows come.

use std::sync::Arc;

use super::modes::RankParams;

/// Kinds of weights kept at once.
const KEPT: usize = 8;

/// What peers weigh, in whole multiples of 2^-60 of `unit`.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) weights: Vec<u64>,
    pub(super) unit: f64,
    /// Whether a peer has one vote for an item, however often it clicked.
    pub(super) is_vote: bool,
}

/// Weights that were computed since rows last came.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// That of the store when they were computed.
    version: u64,
    weights: Vec<(RankParams, Arc<Weights>)>,
}

impl Kept {
    pub(super) fn get(&self, version: u64, params: &RankParams) -> Option<Arc<Weights>> {
        let mut current = self.weights.iter().filter(|_| self.version == version);
        current.find(|(kept, _)| kept == params).map(|(_, weights)| Arc::clone(weights))
    }

    /// Keeps what was computed last; what is of another version of the store goes.
    pub(super) fn put(&mut self, version: u64, params: RankParams, weights: Arc<Weights>) {
        if self.version != version {
            *self = Self { version, weights: Vec::new() };
        }
        if self.weights.len() == KEPT {
            self.weights.remove(0);
        }
        self.weights.push((params, weights));
    }
}
