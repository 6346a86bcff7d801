//! Peers that exchange what they clicked, so that everyone can rank on its own.
//!
//! Every peer is an *author*: it signs what it clicks, one [`Entry`] after the other, in a log that only grows. Peers copy
//! each other's logs, and those of third parties, by asking: a question says what the asker has, the answer is what it
//! lacks. Nothing is sent unasked. A [`Replica`] is one peer's side of this, as a state machine: bytes in, bytes out, the
//! time as a number. It opens no socket, starts no thread and reads no clock; drivers do.
//!
//! # What is accepted
//! An entry is accepted if it is in the one encoding there is (`entry.rs`), within the [`Limits`], signed by its author
//! by the strict rule of Ed25519, and contradicts no entry that is held. Gaps are no contradiction: a newcomer may begin
//! with a random sample of everything ([`Ask::share`]), and those entries count as soon as they are here. What a gap leaves
//! open is whether entries on its two sides belong to one chain; that is checked as the gap closes, entry by entry.
//!
//! Two entries of an author that contradict each other, of one number or neighbours that do not follow each other, are a
//! [`Proof`] that the author lied to somebody. The author is *banned*: all its entries are dropped, no other one is
//! accepted, and the proof is passed on. An honest author cannot be banned, since nobody else can sign for it; one who
//! copies a key to two places, or goes on with an old copy of its log, bans itself.
//!
//! # What that promises
//! What a peer holds depends only on the *set* of entries and proofs that reached it, not on their order, their number or
//! their way. So peers that can reach each other, over however many others, end with the same entries and bans, whatever
//! was lost, doubled or late; [`Replica::digest`] tells. Two peers that hold different chains of one author notice: the
//! question names the last entry of every run, which vouches for all before it. The promise ends where limits on authors,
//! rows in all and islands do: there it matters what came first.
//!
//! # What it costs
//! A question takes some 52 bytes per author, an answer only what is new, some 115 bytes per entry. An entry takes one
//! verification, about 30 microseconds. Whoever asks too much waits (a token bucket per peer, and one for all).
//!
//! | part | holds |
//! |---|---|
//! | `key`, `wire`, `entry` | signatures; strict bytes; what an author says |
//! | `author`, `proof` | what is held of one author; what convicts one |
//! | `message`, `ask` | the frames; what a question tells |
//! | `answer`, `reply` | what an answer holds; how entries travel |
//! | `limits`, `dealings`, `counters` | bounds; what is remembered of other peers; what happened |
//! | `replica`, `accept`, `publish` | all of these as one state machine; what it takes; its own log |
//! | `journal` | a replica's entries in a file, so that it goes on where it was |
//! | `links`, `swarm` | simulated links, which lose, double, delay and part; many replicas over them |

mod accept;
mod answer;
mod ask;
mod author;
mod counters;
mod entry;
mod journal;
mod key;
mod limits;
mod links;
mod message;

mod dealings;
mod proof;
mod publish;
mod replica;
mod reply;
mod swarm;
mod wire;

pub use ask::Ask;
pub use counters::{Counters, Dropped};
pub use entry::{Click, Entry, EntryId, MAX_ITEM, MAX_QUERY, MAX_SHOWN, MAX_TS, Shown};
pub use journal::Journal;
pub use key::{AuthorId, SecretKey};
pub use limits::{ALL_PEERS, Limits};
pub use links::{Delivery, LinkParams, Links};
pub use message::MAX_FRAME;
pub use proof::Proof;
pub use replica::{News, Received, Replica, Row, Told};
pub use swarm::Swarm;
