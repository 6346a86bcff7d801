//! Decentralised ranking: what would I click, going by the clicks of peers that click as I do?
//!
//! Every peer keeps the clicks that it made and those that it heard of from others: rows (user, query, item), each with
//! its author's own number. There is no server and no training. A [`ClickStore`] is the view of one peer: it counts
//! every row once, keeps up to date what that peer shares with every other, and ranks the items of a query from the
//! clicks of all, each peer weighed by how similar it is (G-Rank: A. Gold, "G-Rank: Unsupervised Continuous
//! Learn-to-Rank for Edge Devices in a P2P Network", 2023).
//!
//! | part | holds |
//! |---|---|
//! | `store`, `counts` | rows in, counters kept; [`ClickStore`] |
//! | `saved` | what is kept of it in a file |
//! | `names`, `keys`, `seqs` | codes of ids; tables of pairs of codes; which rows of an author are known |
//! | `favourites` | the queries that a peer asks most |
//! | `weights`, `trust` | what a peer weighs: similarity and lift; walks between peers |
//! | `modes` | the choices of a ranking |
//! | `rank`, `maay`, `words`, `kept` | scores and the best of them; weights that need not be computed again |
//! | [`network`] | peers that click and gossip, simulated |
//! | `fixed` | sums that do not depend on order |
//!
//! Neither the order of rows, nor repeats, nor the way by which they came, nor how they were cut into batches changes
//! any answer, not even its last bit. (With decay clicks are floats, and the last bits may differ.)
//!
//! ```
//! use graphrank::Exec;
//! use graphrank::clicks::{ClickStore, RankParams, Rows, StoreParams};
//! let exec = Exec::default();
//! let mut store = ClickStore::new(0, b"me", StoreParams::default())?;
//! let [users, queries, items] = store.names();
//! users.intern(&[1], &exec)?;
//! users.push(b"ann")?;
//! queries.intern(&[0], &exec)?;
//! queries.push(b"jazz")?;
//! items.intern(&[0, 1], &exec)?;
//! items.push(b"blue train")?;
//! items.push(b"kind of blue")?;
//! let rows = Rows { users: &[0, 1, 1], queries: &[0, 0, 0], items: &[1, 1, 0], ..Rows::default() };
//! store.ingest(&rows, 0, &exec)?;
//! let scores = store.scores(b"jazz", &RankParams::default(), &exec)?.unwrap_or_default();
//! assert_eq!(store.best(scores, None)?, [(1, 2.0), (0, 1.0)]);
//! # Ok::<(), graphrank::Error>(())
//! ```

mod counts;
mod favourites;
mod fixed;
mod kept;
mod keys;
mod maay;
mod modes;
mod names;
pub mod network;
mod rank;
mod saved;
mod seqs;
mod store;
mod trust;
mod weights;
mod words;

#[cfg(test)]
mod tests;

pub use modes::{IsolationScale, Mode, Normaliser, RankParams, Trust, Union, Weighting};
pub use names::Names;
pub use rank::{Scored, exploration_swap};
pub use saved::{Cells, Tally};
pub use store::{ClickStore, Ingested, Rows, StoreParams};
pub use weights::Similarities;
