//! A network of peers that query, click and gossip: the experiment of the thesis, its attacks, and two that are worse.
//!
//! At the start every peer clicks an item for every query, and gets a sample of the rows of another peer. Then, tick by
//! tick, a peer drawn at random asks a query drawn at random, clicks, and gossips once. Attackers join at one tick, with a
//! sample of their own, and act at another, all at once.
//!
//! | part | holds |
//! |---|---|
//! | `rows` | all rows of the run, and which of them each peer knows: a bit each |
//! | `gossip` | who knows whom; rows from one peer to another; what that takes on the wire |
//! | `attack` | what attackers click |
//! | `probe` | what is measured between rounds |
//!
//! A click is on the top of what the peer would show (by the clicks that it knows, ties by item), where with probability
//! `noise` two places swap first; or, with tastes, on an item drawn in proportion to what it is worth to that peer.
//!
//! Whoever asks for rows becomes known to the peer that answers. The thesis does not say so, but without it news flows
//! one way only, from the peers that gave samples, and the network never agrees ([`NetworkParams::learns_requester`]).
//!
//! Two protocols are counted side by side, since both bring the same rows to the same peers: the thesis's, where a peer
//! sends all that it learned since it last sent to that peer, and version vectors, where the one that wants rows says
//! which it has, and gets the others.
//!
//! Ticks go one after the other; probes look at all peers in parallel. Draws come from (seed, tick), so that results do
//! not depend on the number of threads.

mod attack;
mod gossip;
mod probe;
mod rows;

pub use attack::{Attack, Attackers};
pub use probe::Probe;

use attack::Plan;
use probe::Judge;
use rows::{Peer, Shared};

use super::modes::{Mode, Weighting};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::try_with_capacity;
use crate::rng::{Domain, ShortStream, key};

/// Which way rows go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gossip {
    /// A peer asks one that it knows.
    #[default]
    Pull,
    /// A peer sends to one that it knows; an attacker to two.
    Push,
}

/// What a network does.
#[derive(Clone, Copy, Debug)]
pub struct NetworkParams {
    /// Honest peers.
    pub n_peers: usize,
    /// Which way rows go.
    pub gossip: Gossip,
    /// Whether a peer that answers gets to know the one that asked.
    pub learns_requester: bool,
    /// Share of the rows of another peer that a new one gets.
    pub bootstrap: f64,
    /// Probability that two places swap in what a peer is shown.
    pub noise: f64,
    /// Ticks between probes.
    pub every: u64,
    /// How peers rank when that is judged.
    pub mode: Mode,
    /// How they weigh each other.
    pub weighting: Weighting,
    /// Who attacks.
    pub attack: Option<Attack>,
    /// Of all draws.
    pub seed: u64,
}

impl Default for NetworkParams {
    fn default() -> Self {
        Self {
            n_peers: 100,
            gossip: Gossip::Pull,
            learns_requester: true,
            bootstrap: 0.1,
            noise: 0.0,
            every: 100,
            mode: Mode::Popularity,
            weighting: Weighting::default(),
            attack: None,
            seed: 0,
        }
    }
}

/// Queries and the items that match each.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue<'a> {
    /// Where the items of each query begin, and where the last end.
    pub offsets: &'a [u32],
    /// Items by query, rising; their order breaks ties.
    pub items: &'a [u32],
    /// Bytes of the text of each query.
    pub query_bytes: &'a [u32],
    /// Bytes of the id of each item.
    pub item_bytes: &'a [u32],
    /// What the items of each query are worth to each honest peer, in the order of `items`: drives their clicks.
    pub tastes: Option<&'a [f64]>,
}

impl Catalogue<'_> {
    fn n_queries(&self) -> usize {
        self.query_bytes.len()
    }

    fn cells(&self, query: usize) -> std::ops::Range<usize> {
        self.offsets[query] as usize..self.offsets[query + 1] as usize
    }

    fn validate(&self, n_peers: usize) -> Result<()> {
        let n = self.items.len();
        let ends = (self.offsets.first(), self.offsets.last().map(|&end| end as usize));
        if self.offsets.len() != self.n_queries() + 1 || ends != (Some(&0), Some(n)) {
            return Err(Error::argument("catalogue", "has offsets that do not fit its queries"));
        }
        if self.n_queries() == 0 || self.offsets.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Error::argument("catalogue", "must have an item for every query, and a query"));
        }
        if self.items.iter().any(|&item| item as usize >= self.item_bytes.len()) {
            return Err(Error::argument("catalogue", "names an item that it does not have"));
        }
        match self.tastes {
            Some(tastes) if tastes.len() != n * n_peers => {
                Err(Error::argument("tastes", "must have a number for every peer and item of a query"))
            }
            Some(tastes) if !tastes.iter().all(|&worth| worth.is_finite() && worth > 0.0) => {
                Err(Error::argument("tastes", "must be finite numbers above 0"))
            }
            Some(tastes) if !tastes.chunks(n).all(|worth| worth.iter().sum::<f64>().is_finite()) => {
                Err(Error::argument("tastes", "add up to more than a float holds; divide them by something"))
            }
            _ => Ok(()),
        }
    }
}

impl NetworkParams {
    fn validate(&self) -> Result<()> {
        if self.n_peers < 2 {
            return Err(Error::argument("n_peers", format!("must be at least 2, got {}", self.n_peers)));
        }
        if self.every == 0 {
            return Err(Error::argument("every", "must be at least 1, got 0"));
        }
        for (name, share) in [("bootstrap", self.bootstrap), ("noise", self.noise)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::argument(name, format!("must be in [0, 1], got {share}")));
            }
        }
        self.weighting.validate()
    }
}

/// Runs a network for so many ticks; what the probes saw, at the start and after every [`NetworkParams::every`] ticks.
///
/// # Errors
/// [`Error::InvalidArgument`] for a parameter or catalogue that cannot be used; [`Error::OutOfMemory`],
/// [`Error::Interrupted`], [`Error::TimedOut`].
///
/// # Complexity
/// A bit per row and peer. A tick looks at the bits of two peers, and counts every row once for every peer.
pub fn simulate(
    catalogue: &Catalogue<'_>,
    params: &NetworkParams,
    ticks: u64,
    exec: &Exec,
) -> Result<Vec<Probe>> {
    params.validate()?;
    catalogue.validate(params.n_peers)?;
    let mut run = Run::new(catalogue, params, ticks)?;
    run.start(exec)?;
    let mut judge = Judge::new(catalogue, params, exec)?;
    exec.expect_units(ticks);
    let mut probes = vec![judge.look(&mut run, 0, exec)?];
    for tick in 1..=ticks {
        if tick % 64 == 0 {
            exec.checkpoint(64)?;
        }
        run.step(tick)?;
        if tick % params.every == 0 {
            probes.push(judge.look(&mut run, tick, exec)?);
        }
    }
    Ok(probes)
}

/// A network on its way.
struct Run<'a> {
    catalogue: &'a Catalogue<'a>,
    params: &'a NetworkParams,
    plan: Plan,
    shared: Shared,
    peers: Vec<Peer>,
    /// Of the tick.
    draws: ShortStream,
    traffic: gossip::Traffic,
}

impl<'a> Run<'a> {
    fn new(catalogue: &'a Catalogue<'a>, params: &'a NetworkParams, ticks: u64) -> Result<Self> {
        let plan = Plan::new(params, catalogue, ticks)?;
        let n_all = params.n_peers + plan.n_attackers();
        let n_ticks = usize::try_from(ticks).unwrap_or(usize::MAX);
        let n_rows = params
            .n_peers
            .saturating_mul(catalogue.n_queries())
            .saturating_add(n_ticks)
            .saturating_add(plan.n_rows());
        let n_bytes = Peer::n_bytes(n_rows, n_all, catalogue.items.len()).saturating_mul(n_all);
        // All at once first: piece by piece the system promises more than it has.
        drop(std::hint::black_box(try_with_capacity::<u8>("what peers know", n_bytes)?));
        let shared = Shared::new(catalogue, params, n_all, n_rows)?;
        let mut peers = try_with_capacity("peers", n_all)?;
        for _ in 0..n_all {
            peers.push(Peer::new(n_rows, n_all, catalogue.items.len())?);
        }
        let draws = Self::draws_of(params.seed, 0);
        Ok(Self { catalogue, params, plan, shared, peers, draws, traffic: gossip::Traffic::default() })
    }

    fn draws_of(seed: u64, tick: u64) -> ShortStream {
        ShortStream::new(key(seed, Domain::Network, tick), 0)
    }

    /// A number below `n`.
    #[expect(clippy::cast_possible_truncation, reason = "below n")]
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.draws.draw()) * n as u128) >> 64) as usize
    }

    /// A number in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn uniform(&mut self) -> f64 {
        (self.draws.draw() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Every peer clicks for every query; then it gets a sample of another's rows.
    fn start(&mut self, exec: &Exec) -> Result<()> {
        for peer in 0..self.params.n_peers {
            exec.checkpoint(0)?;
            for query in 0..self.catalogue.n_queries() {
                let cell = match self.taste(peer, query) {
                    Some(cell) => cell,
                    None => self.any_cell(query),
                };
                self.click(peer, cell)?;
            }
        }
        // One after the other, each from one that is there: so no part of the network is cut off.
        for peer in 1..self.params.n_peers {
            exec.checkpoint(0)?;
            let other = self.below(peer);
            self.bootstrap(peer, other)?;
        }
        Ok(())
    }

    fn step(&mut self, tick: u64) -> Result<()> {
        self.draws = Self::draws_of(self.params.seed, tick);
        let peer = self.below(self.params.n_peers);
        let query = self.below(self.catalogue.n_queries());
        let cell = match self.taste(peer, query) {
            Some(cell) => cell,
            None => self.shown_first(peer, query),
        };
        self.click(peer, cell)?;
        self.gossip_once(peer, 1)?;
        self.attack(tick)
    }

    fn any_cell(&mut self, query: usize) -> usize {
        let cells = self.catalogue.cells(query);
        cells.start + self.below(cells.len())
    }

    /// What a peer with a taste clicks, in proportion to what items are worth to it.
    fn taste(&mut self, peer: usize, query: usize) -> Option<usize> {
        let cells = self.catalogue.cells(query);
        let start = peer * self.catalogue.items.len();
        let worth = &self.catalogue.tastes?[start..][cells.clone()];
        let mut left = self.uniform() * worth.iter().sum::<f64>();
        let found = worth.iter().position(|&worth| {
            left -= worth;
            left < 0.0
        });
        Some(cells.start + found.unwrap_or(cells.len() - 1))
    }

    /// The first item that a peer is shown for a query.
    fn shown_first(&mut self, peer: usize, query: usize) -> usize {
        let cells = self.catalogue.cells(query);
        let mut place = 0;
        if self.uniform() < self.params.noise && cells.len() > 1 {
            let (one, other) = (self.below(cells.len()), self.below(cells.len()));
            place = if one == 0 {
                other
            } else if other == 0 {
                one
            } else {
                0
            };
        }
        let counts = &self.peers[peer].counts[cells.clone()];
        if place == 0 {
            return cells.start + rows::top(counts);
        }
        cells.start + rows::order(counts)[place]
    }

    /// A row of `author`, who knows it.
    fn click(&mut self, author: usize, cell: usize) -> Result<()> {
        let row = self.shared.push(author, cell)?;
        self.learn(author, row);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
