//! What attackers click.
//!
//! They act within one tick. Where rows are pulled, which happens once in a tick, each pulls once when it has clicked;
//! where they are pushed, after every click, to two peers.
//!
//! As for all peers, a query finds what they know clicks of, and what matches only if they know none.

use super::rows::{NONE, order};
use super::{Catalogue, Gossip, NetworkParams, Run};
use crate::error::{Error, Result};

/// What is clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attackers {
    /// The item at the bottom of random queries, or each always of one query.
    Bottom {
        /// Whether each attacker has one query.
        one_query: bool,
    },
    /// Random items of random queries.
    Random,
    /// One item that hardly anybody clicks; before that each copies the most popular click of some queries.
    Promotion {
        /// Of how many queries.
        camouflage: usize,
    },
    /// The same, with another row of the same number for every second peer.
    Equivocation {
        /// Whether peers drop who does that.
        is_detected: bool,
    },
}

/// An attack.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// What is clicked.
    pub attackers: Attackers,
    /// How many identities.
    pub n: usize,
    /// Clicks of each, beside those of the camouflage.
    pub clicks: usize,
    /// When they join, as a share of all ticks.
    pub join: f64,
    /// When they click.
    pub act: f64,
}

impl Attack {
    /// Whether one item is promoted.
    pub(super) fn has_target(&self) -> bool {
        matches!(self.attackers, Attackers::Promotion { .. } | Attackers::Equivocation { .. })
    }
}

/// Who attacks, and when.
pub(super) struct Plan {
    attack: Option<Attack>,
    join: u64,
    act: u64,
    n_queries: usize,
    /// The item that is promoted, once it is chosen.
    pub(super) target: Option<usize>,
}

impl Plan {
    pub(super) fn new(params: &NetworkParams, catalogue: &Catalogue<'_>, ticks: u64) -> Result<Self> {
        let attack = params.attack;
        let (mut join, mut act) = (0, 0);
        if let Some(attack) = attack {
            if attack.n == 0 {
                return Err(Error::argument("attack", "must have at least 1 attacker, got 0"));
            }
            if !(0.0..=1.0).contains(&attack.join) || !(attack.join..=1.0).contains(&attack.act) {
                let problem = format!("joins at {} and acts at {} of all ticks", attack.join, attack.act);
                return Err(Error::argument("attack", problem));
            }
            join = part(attack.join, ticks).max(1);
            act = part(attack.act, ticks).max(1);
        }
        Ok(Self { attack, join, act, n_queries: catalogue.n_queries(), target: None })
    }

    pub(super) fn n_attackers(&self) -> usize {
        self.attack.map_or(0, |attack| attack.n)
    }

    /// How many rows they add at most.
    pub(super) fn n_rows(&self) -> usize {
        let rows = |attack: Attack| match attack.attackers {
            Attackers::Promotion { camouflage } => attack.clicks + camouflage.min(self.n_queries),
            Attackers::Equivocation { .. } => 2 * attack.clicks,
            _ => attack.clicks,
        };
        self.attack.map_or(0, |attack| attack.n.saturating_mul(rows(attack)))
    }

    pub(super) fn is_detected(&self) -> bool {
        matches!(self.attack, Some(Attack { attackers: Attackers::Equivocation { is_detected: true }, .. }))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a number of ticks"
)]
fn part(share: f64, ticks: u64) -> u64 {
    (share * ticks as f64) as u64
}

impl Run<'_> {
    /// What attackers do after a tick.
    pub(super) fn attack(&mut self, tick: u64) -> Result<()> {
        let Some(attack) = self.plan.attack else { return Ok(()) };
        let n = self.params.n_peers;
        if tick == self.plan.join {
            for attacker in n..n + attack.n {
                let other = self.below(n);
                self.bootstrap(attacker, other)?;
            }
        }
        if tick == self.plan.act {
            if attack.has_target() {
                self.plan.target = Some(self.least_clicked());
            }
            for attacker in n..n + attack.n {
                self.act(attacker, &attack)?;
                // All in one tick, and one pull is for a tick.
                if self.params.gossip == Gossip::Pull {
                    self.gossip_once(attacker, 1)?;
                }
            }
        }
        Ok(())
    }

    /// The last of the items that honest peers click least, of a random query.
    fn least_clicked(&mut self) -> usize {
        let query = self.below(self.catalogue.n_queries());
        let cells = self.catalogue.cells(query);
        let order = order(&self.shared.honest[cells.clone()]);
        cells.start + order[order.len() - 1]
    }

    fn act(&mut self, attacker: usize, attack: &Attack) -> Result<()> {
        let n_queries = self.catalogue.n_queries();
        let own_query = self.below(n_queries);
        if let Attackers::Promotion { camouflage } = attack.attackers {
            let mut queries: Vec<usize> = (0..n_queries).collect();
            for i in 0..camouflage.min(n_queries) {
                let chosen = i + self.below(n_queries - i);
                queries.swap(i, chosen);
                let cells = self.catalogue.cells(queries[i]);
                let popular = super::rows::top(&self.shared.honest[cells.clone()]);
                self.click_and_push(attacker, cells.start + popular)?;
            }
        }
        for _ in 0..attack.clicks {
            let cell = match attack.attackers {
                Attackers::Random => {
                    let query = self.below(n_queries);
                    let found = self.found(attacker, query);
                    found[self.below(found.len())]
                }
                Attackers::Bottom { one_query } => {
                    let query = if one_query { own_query } else { self.below(n_queries) };
                    let found = self.found(attacker, query);
                    found[found.len() - 1]
                }
                Attackers::Promotion { .. } | Attackers::Equivocation { .. } => self.plan.target.unwrap_or(0),
            };
            self.click_and_push(attacker, cell)?;
        }
        Ok(())
    }

    /// What a query finds for an attacker, best first: what it knows clicks of or, if there are none, what matches.
    fn found(&self, attacker: usize, query: usize) -> Vec<usize> {
        let cells = self.catalogue.cells(query);
        let counts = &self.peers[attacker].counts[cells.clone()];
        let n_clicked = counts.iter().filter(|&&count| count > 0).count();
        let order = order(counts);
        let n = if n_clicked == 0 { order.len() } else { n_clicked };
        order[..n].iter().map(|&place| cells.start + place).collect()
    }

    fn click_and_push(&mut self, attacker: usize, cell: usize) -> Result<()> {
        self.click(attacker, cell)?;
        if let Some(Attack { attackers: Attackers::Equivocation { .. }, .. }) = self.plan.attack {
            self.equivocate(attacker, cell);
        }
        if self.params.gossip == Gossip::Push { self.gossip_once(attacker, 2) } else { Ok(()) }
    }

    /// The last row of an attacker gets a twin, on the most popular item of its query; the attacker has both.
    fn equivocate(&mut self, attacker: usize, cell: usize) {
        let row = self.shared.rows_by_author[attacker].last().copied().unwrap_or(NONE);
        let query = self.catalogue.offsets.partition_point(|&start| start as usize <= cell) - 1;
        let cells = self.catalogue.cells(query);
        let popular = cells.start + super::rows::top(&self.shared.honest[cells]);
        let twin = self.shared.push_twin(row, popular);
        super::rows::set(&mut self.peers[attacker].bits, twin as usize);
        self.peers[attacker].log_bytes += u64::from(self.shared.rows[twin as usize].bytes);
    }
}
