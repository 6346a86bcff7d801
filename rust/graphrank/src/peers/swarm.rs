//! Many replicas over simulated links.

use super::ask::Ask;
use super::entry::Click;
use super::links::{LinkParams, Links};
use super::replica::{Received, Replica};
use crate::error::{Error, Result};

/// Peers by number, and the links between them.
///
/// ```
/// use graphrank::peers::{Ask, Click, Limits, LinkParams, Replica, SecretKey, Swarm};
/// let replica = |seed| Replica::new(SecretKey::from_seed(&[seed; 32]), Limits::default());
/// let params = LinkParams { loss: 0.5, ..LinkParams::default() };
/// let mut swarm = Swarm::new(vec![replica(1)?, replica(2)?], 0, params)?;
/// swarm.publish(0, &Click { query: "jazz".into(), item: "a".into(), ts: 0, shown: None })?;
/// while swarm.replicas[0].digest() != swarm.replicas[1].digest() {
///     swarm.ask(1, 0, &Ask::default())?;
///     swarm.run(100)?;
/// }
/// # Ok::<(), graphrank::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Swarm {
    /// By number.
    pub replicas: Vec<Replica>,
    /// Between all of them.
    pub links: Links,
}

impl Swarm {
    /// Peers that begin at `now`.
    ///
    /// # Errors
    /// Those of [`LinkParams::validate`].
    pub fn new(replicas: Vec<Replica>, now: u64, params: LinkParams) -> Result<Self> {
        let links = Links::new(replicas.len(), now, params)?;
        Ok(Self { replicas, links })
    }

    /// A peer publishes a click.
    ///
    /// # Errors
    /// Those of [`Replica::draft`].
    pub fn publish(&mut self, peer: usize, click: &Click) -> Result<()> {
        let now = self.links.now();
        let replica = self.replicas.get_mut(peer).ok_or_else(|| unknown(peer))?;
        replica.publish(replica.draft(click)?, now)
    }

    /// A peer sends a question to another.
    ///
    /// # Errors
    /// Those of [`Replica::ask`].
    pub fn ask(&mut self, peer: usize, other: usize, ask: &Ask) -> Result<()> {
        let to = self.replicas.get(other).ok_or_else(|| unknown(other))?.me();
        let replica = self.replicas.get_mut(peer).ok_or_else(|| unknown(peer))?;
        let frame = replica.ask(to, self.links.now(), ask)?;
        self.links.send(peer, other, &frame);
        Ok(())
    }

    /// Lets frames travel and be answered for so many milliseconds. Whoever hears that there is more asks again.
    ///
    /// # Errors
    /// Those of [`Replica::ask`].
    pub fn run(&mut self, milliseconds: u64) -> Result<()> {
        let until = self.links.now().saturating_add(milliseconds);
        while let Some(delivery) = self.links.take(until) {
            match self.replicas[delivery.to].receive(&delivery.frame, delivery.at) {
                Received::Nothing => {}
                Received::Question(answer) => self.links.send(delivery.to, delivery.from, &answer),
                Received::Answer(told) if told.has_more => {
                    self.ask(delivery.to, delivery.from, &Ask::default())?;
                }
                Received::Answer(_) => {}
            }
        }
        Ok(())
    }
}

fn unknown(peer: usize) -> Error {
    Error::argument("peer", format!("must be the number of a peer, got {peer}"))
}
