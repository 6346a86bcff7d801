//! What is kept of a store when it is saved, and how it comes back: all counters follow from the cells.

use super::keys::unpack;
use super::store::{ClickStore, Ingested, Row, Rows, UNITS};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity};

/// Clicks by peer, query and item, as columns.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// Who clicked.
    pub users: Vec<u32>,
    /// What was asked.
    pub queries: Vec<u32>,
    /// What was clicked.
    pub items: Vec<u32>,
    /// How often.
    pub clicks: Vec<u32>,
    /// How often, less the older; empty without decay.
    pub masses: Vec<f64>,
}

/// What a store knows beside its cells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// What became of all rows.
    pub totals: Ingested,
    /// The time that masses are relative to, and the newest time of receipt.
    pub epoch: Option<(i64, i64)>,
}

impl ClickStore {
    /// Peer, query and item of every cell, its clicks, and its mass (none without decay).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn cells(&self) -> Result<Cells> {
        let n = self.cells.len();
        let mut cells = Cells {
            users: try_with_capacity("cells", n)?,
            queries: try_with_capacity("cells", n)?,
            items: try_with_capacity("cells", n)?,
            clicks: try_with_capacity("cells", n)?,
            masses: try_with_capacity("cells", if self.params.half_life.is_some() { n } else { 0 })?,
        };
        for (&key, cell) in self.cell_keys.as_slice().iter().zip(&self.cells) {
            let (pair, peer) = unpack(key);
            let (term, item) = unpack(self.pair_keys.key(pair));
            let posting = &self.postings[term as usize];
            cells.users.push(peer);
            cells.queries.push(term);
            cells.items.push(item);
            cells.clicks.push(posting.entries[cell.at as usize].clicks);
            if let Some(&mass) = posting.masses.get(cell.at as usize) {
                cells.masses.push(mass);
            }
        }
        Ok(cells)
    }

    /// Author, first and last number of every run of rows.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn runs(&self) -> Result<(Vec<u32>, Vec<u64>, Vec<u64>)> {
        let n = self.peers.iter().map(|peer| peer.seqs.n_runs()).sum();
        let all =
            || (0u32..).zip(&self.peers).flat_map(|(code, peer)| peer.seqs.runs().map(move |r| (code, r)));
        Ok((
            try_collect("runs of rows", n, all().map(|(code, _)| code))?,
            try_collect("runs of rows", n, all().map(|(_, (first, _))| first))?,
            try_collect("runs of rows", n, all().map(|(_, (_, last))| last))?,
        ))
    }

    /// Totals and times: what a saved store needs beside cells and runs.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally { totals: self.totals, epoch: self.epoch }
    }

    /// Counts what [`ClickStore::cells`], [`ClickStore::runs`] and [`ClickStore::tally`] said, in an empty store whose
    /// ids have names.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] or [`Error::InvalidData`] for what no store says; [`Error::OutOfMemory`],
    /// [`Error::Interrupted`], [`Error::TimedOut`]. The store is good for nothing then.
    pub fn restore(
        &mut self,
        cells: &Cells,
        runs: (&[u32], &[u64], &[u64]),
        tally: Tally,
        exec: &Exec,
    ) -> Result<()> {
        let rows =
            Rows { users: &cells.users, queries: &cells.queries, items: &cells.items, ..Rows::default() };
        self.check(&rows)?;
        let n_masses = if self.params.half_life.is_some() { cells.users.len() } else { 0 };
        if cells.clicks.len() != cells.users.len() || cells.masses.len() != n_masses {
            return Err(Error::argument("clicks", "do not fit the cells"));
        }
        if cells.clicks.contains(&0) || !cells.masses.iter().all(|mass| mass.is_finite() && *mass >= 0.0) {
            return Err(Error::argument("clicks", "are not counts"));
        }
        if tally.epoch.is_some_and(|(epoch, newest)| newest < epoch) {
            return Err(Error::argument("epoch", "is later than what was received last"));
        }
        self.grow()?;
        exec.expect_units(cells.users.len() as u64);
        for i in 0..cells.users.len() {
            if i % UNITS == 0 {
                exec.checkpoint(UNITS.min(cells.users.len() - i) as u64)?;
            }
            let mass = cells.masses.get(i).copied().unwrap_or(0.0);
            let (peer, term, item) = (cells.users[i], cells.queries[i], cells.items[i]);
            let pair = self.pair(term, item)?;
            self.count(&Row { peer, term, item, pair, mass }, cells.clicks[i])?;
        }
        let (users, firsts, lasts) = runs;
        if users.len() != firsts.len() || users.len() != lasts.len() {
            return Err(Error::argument("runs", "differ in length"));
        }
        for i in 0..users.len() {
            let peer = self.peers.get_mut(users[i] as usize);
            if !peer.is_some_and(|peer| peer.seqs.insert_run(firsts[i], lasts[i])) {
                return Err(Error::row("runs", i, "is not a run of its author"));
            }
        }
        (self.totals, self.epoch) = (tally.totals, tally.epoch);
        self.version += 1;
        Ok(())
    }
}
