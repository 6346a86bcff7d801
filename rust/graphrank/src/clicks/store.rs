//! What one peer knows of the clicks of all: counted once each, in columns.
//!
//! | table | key | holds |
//! |---|---|---|
//! | pairs | query, item | clicks of all, clicks of mine, its first cell, the next pair of that item |
//! | cells | pair, peer | where its entry is, the next cell of that pair |
//! | entries, per query | | item (as the how-manieth of its query), peer, clicks: what a ranking reads, in one piece |
//! | uses | peer, query | clicks; and those on items that I clicked for that query too |
//! | items of peers | peer, item | |
//!
//! Rows themselves are not kept: of each author only the runs of sequence numbers that came. So a click that comes
//! again, by whatever path, is counted once, and a store takes 20 to 70 bytes per row.
//!
//! A row costs a few lookups. It changes counters of its author only, or, if it is mine and the pair is new to me,
//! of the peers that clicked the pair: once for each of their cells, so O(1) per row in all. Only a change of my own
//! favourite queries looks at all entries of the query that came and of the one that went.

use super::favourites::Favourites;
use super::kept::Kept;
use super::keys::Keys;
use super::names::Names;
use super::seqs::Seqs;
use super::words::Words;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::try_reserve;

/// Stands for "none" among codes of cells and pairs.
pub(super) const NONE: u32 = u32::MAX;
/// Half-lives after which masses are brought down to where floats have room.
const ROOM: f64 = 500.0;

/// The most favourite queries: every row of a peer looks through its own.
const MOST_TERMS: usize = 1000;

/// What a store counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoreParams {
    /// How many favourite queries of two peers are compared: 1 to 1000.
    pub top_terms: usize,
    /// Milliseconds after which a click counts half; `None`: it counts for ever.
    pub half_life: Option<f64>,
}

impl Default for StoreParams {
    fn default() -> Self {
        Self { top_terms: 10, half_life: None }
    }
}

impl StoreParams {
    fn validate(&self) -> Result<()> {
        if !(1..=MOST_TERMS).contains(&self.top_terms) {
            let problem = format!("must be from 1 to {MOST_TERMS}, got {}", self.top_terms);
            return Err(Error::argument("top_terms", problem));
        }
        match self.half_life {
            Some(time) if !(time.is_finite() && time > 0.0) => {
                Err(Error::argument("decay", format!("must be a positive time, got {time} ms")))
            }
            _ => Ok(()),
        }
    }
}

/// Rows as columns of codes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rows<'a> {
    /// Who clicked.
    pub users: &'a [u32],
    /// What was asked.
    pub queries: &'a [u32],
    /// What was clicked.
    pub items: &'a [u32],
    /// The author's own number of the row; without, the next one.
    pub seqs: Option<&'a [u64]>,
    /// Milliseconds since 1970; without, the time of receipt.
    pub times: Option<&'a [i64]>,
}

/// Rows that are counted together.
const GROUP: usize = 32;
/// Rows between two checkpoints: about a millisecond.
pub(super) const UNITS: usize = 32 * GROUP;

/// A row on its way into the counters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row {
    pub(super) peer: u32,
    pub(super) term: u32,
    pub(super) item: u32,
    pub(super) pair: u32,
    pub(super) mass: f64,
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Counted.
    pub n_new: u64,
    /// Known before.
    pub n_known: u64,
    /// Counted as of the time of receipt, because they said that they were from later.
    pub n_clamped: u64,
}

/// A query and an item that somebody clicked for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// The how-manieth item of its query it is.
    pub(super) local: u32,
    pub(super) first_cell: u32,
    pub(super) next_of_item: u32,
    pub(super) clicks: u32,
    pub(super) mine: u32,
    /// Clicks of mine that are in the products of its peers.
    pub(super) counted: u32,
}

/// Clicks of one peer on one item for one query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) local: u32,
    pub(super) peer: u32,
    pub(super) clicks: u32,
}

/// All that is known of one query.
#[derive(Clone, Debug, Default)]
pub(super) struct Posting {
    /// The pairs of its items.
    pub(super) pairs: Vec<u32>,
    pub(super) entries: Vec<Entry>,
    /// Clicks of each entry, less the older they are; empty without decay.
    pub(super) masses: Vec<f64>,
    /// Items that I clicked for it.
    pub(super) n_mine: u32,
    /// Whether lifts do not know yet of an item that came, or that is mine now.
    pub(super) is_stale: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) at: u32,
    pub(super) next: u32,
}

/// Clicks of one peer for one query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uses {
    pub(super) clicks: u32,
    /// Those on items that I clicked for it as well.
    pub(super) hits: u32,
    /// What it adds to the lift of its peer, in multiples of 2^-60; [`NO_USE`] if I have no clicks for the query.
    pub(super) lift: i64,
}

/// No lift: they are of at most 2^60.
pub(super) const NO_USE: i64 = i64::MIN;

/// All that is known of one peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Peer {
    pub(super) clicks: u64,
    pub(super) n_pairs: u32,
    pub(super) n_items: u32,
    /// With me: pairs, items and favourite queries.
    pub(super) shared_pairs: u32,
    pub(super) shared_items: u32,
    pub(super) shared_terms: u32,
    /// Squares of the clicks of its cells, added up; and products of its clicks with mine on the same pair.
    pub(super) squares: u64,
    pub(super) product: u64,
    /// What its uses add to its lift, and how many of its queries are mine, too.
    pub(super) lift: i128,
    pub(super) shared_uses: u32,
    pub(super) favourites: Favourites,
    pub(super) seqs: Seqs,
    /// When it was last met in a walk that looks at every peer once.
    pub(super) stamp: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) clicks: u64,
    pub(super) first_pair: u32,
    pub(super) is_mine: bool,
}

/// One peer's view of the clicks of all.
#[derive(Clone, Debug)]
pub struct ClickStore {
    pub(super) params: StoreParams,
    pub(super) users: Names,
    pub(super) terms: Names,
    pub(super) item_names: Names,
    pub(super) pair_keys: Keys,
    pub(super) pairs: Vec<Pair>,
    pub(super) cell_keys: Keys,
    pub(super) cells: Vec<Cell>,
    pub(super) postings: Vec<Posting>,
    pub(super) use_keys: Keys,
    pub(super) uses: Vec<Uses>,
    pub(super) peer_items: Keys,
    pub(super) peers: Vec<Peer>,
    pub(super) items: Vec<Item>,
    pub(super) words: Words,
    /// Queries with rows.
    pub(super) n_asked: usize,
    /// Queries that lifts are to look at, and pairs that products are.
    pub(super) stale: Vec<u32>,
    pub(super) stale_pairs: Vec<u32>,
    pub(super) kept: Kept,
    /// Counts changes, so that what was computed before one is not used after it.
    pub(super) version: u64,
    pub(super) totals: Ingested,
    /// The time that masses are relative to, and the newest time of receipt.
    pub(super) epoch: Option<(i64, i64)>,
    pub(super) stamp: u64,
}

/// The code of the peer whose view it is.
pub(super) const ME: u32 = 0;

impl ClickStore {
    /// An empty store of the peer that has the name `me`, and the key `key` in [`ClickStore::names`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a parameter out of range.
    pub fn new(key: u64, me: &[u8], params: StoreParams) -> Result<Self> {
        params.validate()?;
        let mut store = Self {
            params,
            users: Names::default(),
            terms: Names::default(),
            item_names: Names::default(),
            pair_keys: Keys::default(),
            pairs: Vec::new(),
            cell_keys: Keys::default(),
            cells: Vec::new(),
            postings: Vec::new(),
            use_keys: Keys::default(),
            uses: Vec::new(),
            peer_items: Keys::default(),
            peers: Vec::new(),
            items: Vec::new(),
            words: Words::default(),
            n_asked: 0,
            stale: Vec::new(),
            stale_pairs: Vec::new(),
            kept: Kept::default(),
            version: 0,
            totals: Ingested::default(),
            epoch: None,
            stamp: 0,
        };
        store.users.intern(&[key], &Exec::default())?;
        store.users.push(me)?;
        store.grow()?;
        Ok(store)
    }

    /// What it counts.
    #[must_use]
    pub fn params(&self) -> StoreParams {
        self.params
    }

    /// Ids of users, queries and items, in that order.
    pub fn names(&mut self) -> [&mut Names; 3] {
        [&mut self.users, &mut self.terms, &mut self.item_names]
    }

    /// What became of all rows that were ever ingested.
    #[must_use]
    pub fn totals(&self) -> Ingested {
        self.totals
    }

    /// How many peers, queries and items have rows, and how many cells there are.
    #[must_use]
    pub fn counts(&self) -> [usize; 4] {
        let n_peers = self.peers.iter().filter(|peer| peer.clicks > 0).count();
        let n_items = self.items.iter().filter(|item| item.clicks > 0).count();
        [n_peers, self.n_asked, n_items, self.cells.len()]
    }

    /// Counts the rows that are not known, as received at `now` (milliseconds since 1970).
    ///
    /// Rows are checked before any is counted.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for columns of different lengths, [`Error::InvalidData`] for a code without a name;
    /// [`Error::OutOfMemory`], [`Error::Interrupted`] and [`Error::TimedOut`], after which the rows before are counted.
    ///
    /// # Complexity
    /// O(1) per row, amortised, see the module; O(log r) where the author's rows came in r runs.
    pub fn ingest(&mut self, rows: &Rows<'_>, now: i64, exec: &Exec) -> Result<Ingested> {
        self.check(rows)?;
        self.grow()?;
        let mut done = Ingested::default();
        let ended = self.count_rows(rows, now, &mut done, exec);
        self.version += u64::from(done.n_new > 0);
        let totals = &mut self.totals;
        totals.n_new = totals.n_new.saturating_add(done.n_new);
        totals.n_known = totals.n_known.saturating_add(done.n_known);
        totals.n_clamped = totals.n_clamped.saturating_add(done.n_clamped);
        ended.map(|()| done)
    }

    fn count_rows(&mut self, rows: &Rows<'_>, now: i64, done: &mut Ingested, exec: &Exec) -> Result<()> {
        exec.expect_units(rows.users.len() as u64);
        let newest = self.receive(now);
        let mut group = [Row::default(); GROUP];
        for start in (0..rows.users.len()).step_by(GROUP) {
            if start % UNITS == 0 {
                exec.checkpoint(UNITS.min(rows.users.len() - start) as u64)?;
            }
            let mut n = 0;
            for i in start..rows.users.len().min(start + GROUP) {
                let row = Row {
                    peer: rows.users[i],
                    term: rows.queries[i],
                    item: rows.items[i],
                    pair: 0,
                    mass: 0.0,
                };
                let seqs = &mut self.peers[row.peer as usize].seqs;
                if !seqs.insert(rows.seqs.map_or_else(|| seqs.next(), |given| given[i])) {
                    done.n_known += 1;
                    continue;
                }
                let time = rows.times.map_or(now, |times| times[i]);
                done.n_clamped += u64::from(time > newest);
                group[n] = Row { mass: self.mass(time.min(newest)), ..row };
                n += 1;
            }
            self.count_group(&mut group[..n])?;
            done.n_new += n as u64;
        }
        Ok(())
    }

    pub(super) fn check(&self, rows: &Rows<'_>) -> Result<()> {
        let n = rows.users.len();
        let lengths = [
            ("queries", rows.queries.len()),
            ("items", rows.items.len()),
            ("seqs", rows.seqs.map_or(n, <[u64]>::len)),
            ("times", rows.times.map_or(n, <[i64]>::len)),
        ];
        if let Some((argument, length)) = lengths.into_iter().find(|&(_, length)| length != n) {
            return Err(Error::argument(argument, format!("has {length} entries for {n} users")));
        }
        let columns = [
            ("users", rows.users, self.users.len()),
            ("queries", rows.queries, self.terms.len()),
            ("items", rows.items, self.item_names.len()),
        ];
        for (argument, codes, n_names) in columns {
            if let Some(row) = codes.iter().position(|&code| code as usize >= n_names) {
                return Err(Error::row(argument, row, format!("code {} has no name", codes[row])));
            }
        }
        let last = |seqs: &[u64]| seqs.iter().position(|&seq| seq >= 1 << 63);
        match rows.seqs.and_then(last) {
            Some(row) => Err(Error::row("seqs", row, "sequence numbers are below 2**63")),
            None => Ok(()),
        }
    }

    /// Room for what has a name.
    pub(super) fn grow(&mut self) -> Result<()> {
        let more = self.users.len() - self.peers.len();
        try_reserve("peers", &mut self.peers, more)?;
        self.peers.resize_with(self.users.len(), Peer::default);
        let more = self.terms.len() - self.postings.len();
        try_reserve("queries", &mut self.postings, more)?;
        self.postings.resize_with(self.terms.len(), Posting::default);
        let more = self.item_names.len() - self.items.len();
        try_reserve("items", &mut self.items, more)?;
        self.items.resize(self.item_names.len(), Item { clicks: 0, first_pair: NONE, is_mine: false });
        Ok(())
    }

    /// Notes the time of receipt; the newest one so far.
    fn receive(&mut self, now: i64) -> i64 {
        let (epoch, newest) = self.epoch.map_or((now, now), |(epoch, newest)| (epoch, newest.max(now)));
        self.epoch = Some((epoch, newest));
        if self.half_lives(newest, epoch) > ROOM {
            let factor = (-self.half_lives(newest, epoch)).exp2();
            let masses = self.postings.iter_mut().flat_map(|posting| &mut posting.masses);
            masses.for_each(|mass| *mass *= factor);
            self.epoch = Some((newest, newest));
        }
        newest
    }

    /// Half-lives from one time to a later one; 0 without decay.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of 285,000 years are exact")]
    fn half_lives(&self, time: i64, earlier: i64) -> f64 {
        self.params.half_life.map_or(0.0, |half_life| time.saturating_sub(earlier) as f64 / half_life)
    }

    fn mass(&self, time: i64) -> f64 {
        self.epoch.map_or(1.0, |(epoch, _)| self.half_lives(time, epoch).exp2())
    }

    /// What a mass of 1 is worth now.
    pub(super) fn fading(&self) -> f64 {
        self.epoch.map_or(1.0, |(epoch, newest)| (-self.half_lives(newest, epoch)).exp2())
    }
}
