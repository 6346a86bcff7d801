//! How a row changes the counters of a store.

use super::keys::{pack, unpack};
use super::store::{Cell, ClickStore, Entry, ME, NO_USE, NONE, Pair, Peer, Row, Uses};
use crate::error::{Error, Result};
use crate::memory::try_reserve;

impl ClickStore {
    /// Counts some rows whose cache misses overlap: of each, first all is asked for that its ids tell.
    pub(super) fn count_group(&mut self, group: &mut [Row]) -> Result<()> {
        for row in &*group {
            self.pair_keys.prefetch(pack(row.term, row.item));
            self.use_keys.prefetch(pack(row.peer, row.term));
            self.peer_items.prefetch(pack(row.peer, row.item));
        }
        for row in &mut *group {
            row.pair = self.pair(row.term, row.item)?;
            self.cell_keys.prefetch(pack(row.pair, row.peer));
        }
        group.iter().try_for_each(|row| self.count(row, 1))
    }

    /// Counts a row that was clicked `times` times.
    pub(super) fn count(&mut self, row: &Row, times: u32) -> Result<()> {
        let &Row { peer, term, item, pair, mass } = row;
        let (use_, is_new_use) = self.use_keys.insert(pack(peer, term))?;
        if is_new_use {
            try_reserve("uses of queries", &mut self.uses, 1)?;
            self.uses.push(Uses { clicks: 0, hits: 0, lift: NO_USE });
        }
        let (cell, is_new) = self.cell(pair, term, peer)?;
        let posting = &mut self.postings[term as usize];
        let at = self.cells[cell as usize].at as usize;
        let entry = &mut posting.entries[at];
        let before = u64::from(entry.clicks);
        entry.clicks = entry.clicks.saturating_add(times);
        let after = u64::from(entry.clicks);
        if self.params.half_life.is_some() {
            posting.masses[at] += mass;
        }
        let uses = &mut self.uses[use_ as usize];
        uses.clicks = uses.clicks.saturating_add(times);
        let (info, n_uses) = (&mut self.pairs[pair as usize], uses.clicks);
        info.clicks = info.clicks.saturating_add(times);
        let one = &mut self.peers[peer as usize];
        if peer == ME {
            if info.mine == info.counted {
                try_reserve("pairs", &mut self.stale_pairs, 1)?;
                self.stale_pairs.push(pair);
            }
            info.mine = info.mine.saturating_add(times);
        } else if info.mine > 0 {
            uses.hits = uses.hits.saturating_add(times);
            one.product = one.product.saturating_add(u64::from(info.counted) * u64::from(times));
        }
        self.items[item as usize].clicks += u64::from(times);
        one.clicks += u64::from(times);
        one.squares = one.squares.saturating_add(after * after - before * before);
        if is_new {
            self.first_of_pair(peer, pair, term, item)?;
        }
        if peer != ME && self.postings[term as usize].n_mine > 0 {
            self.lift(peer, term, use_);
        }
        self.favour(peer, term, n_uses);
        Ok(())
    }

    /// The number of a pair, which is added if it is new.
    pub(super) fn pair(&mut self, term: u32, item: u32) -> Result<u32> {
        let (pair, is_new) = self.pair_keys.insert(pack(term, item))?;
        if is_new {
            let pairs = &mut self.postings[term as usize].pairs;
            try_reserve("items of a query", pairs, 1)?;
            try_reserve("pairs", &mut self.pairs, 1)?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "no more than pairs, whose codes have 32 bits"
            )]
            let local = pairs.len() as u32;
            pairs.push(pair);
            self.outdate(term)?;
            let item = &mut self.items[item as usize];
            let next_of_item = std::mem::replace(&mut item.first_pair, pair);
            self.pairs.push(Pair { local, first_cell: NONE, next_of_item, clicks: 0, mine: 0, counted: 0 });
        }
        Ok(pair)
    }

    /// The number of a cell, which is added if it is new, and whether it was.
    fn cell(&mut self, pair: u32, term: u32, peer: u32) -> Result<(u32, bool)> {
        let (cell, is_new) = self.cell_keys.insert(pack(pair, peer))?;
        if is_new {
            let posting = &mut self.postings[term as usize];
            let entries = &mut posting.entries;
            if entries.len() == entries.capacity() {
                reserve_little(entries)?;
            }
            let info = &mut self.pairs[pair as usize];
            #[expect(
                clippy::cast_possible_truncation,
                reason = "no more than cells, whose codes have 32 bits"
            )]
            let at = entries.len() as u32;
            self.n_asked += usize::from(at == 0);
            entries.push(Entry { local: info.local, peer, clicks: 0 });
            if self.params.half_life.is_some() {
                try_reserve("masses of clicks", &mut posting.masses, 1)?;
                posting.masses.push(0.0);
            }
            try_reserve("cells", &mut self.cells, 1)?;
            let next = std::mem::replace(&mut info.first_cell, cell);
            self.cells.push(Cell { at, next });
        }
        Ok((cell, is_new))
    }

    /// A peer has clicked this pair for the first time.
    fn first_of_pair(&mut self, peer: u32, pair: u32, term: u32, item: u32) -> Result<()> {
        let (_, is_new_item) = self.peer_items.insert(pack(peer, item))?;
        let info = self.pairs[pair as usize];
        let one = &mut self.peers[peer as usize];
        one.n_pairs += 1;
        one.n_items += u32::from(is_new_item);
        if peer != ME {
            one.shared_pairs += u32::from(info.mine > 0);
            one.shared_items += u32::from(is_new_item && self.items[item as usize].is_mine);
            return Ok(());
        }
        self.postings[term as usize].n_mine += 1;
        self.outdate(term)?;
        let mut cell = info.first_cell;
        while cell != NONE {
            let (other, at, next) = self.cell_parts(cell);
            if other != ME {
                self.peers[other as usize].shared_pairs += 1;
                let clicks = self.postings[term as usize].entries[at].clicks;
                if let Some(use_) = self.use_keys.find(pack(other, term)) {
                    let hits = &mut self.uses[use_ as usize].hits;
                    *hits = hits.saturating_add(clicks);
                }
            }
            cell = next;
        }
        if is_new_item {
            self.share_item(item);
        }
        Ok(())
    }

    /// I have clicked this item for the first time: every peer that did, too, shares it.
    fn share_item(&mut self, item: u32) {
        self.stamp += 1;
        let item = &mut self.items[item as usize];
        item.is_mine = true;
        let mut pair = item.first_pair;
        while pair != NONE {
            let info = self.pairs[pair as usize];
            let mut cell = info.first_cell;
            while cell != NONE {
                let (other, _, next) = self.cell_parts(cell);
                let peer = &mut self.peers[other as usize];
                if other != ME && peer.stamp != self.stamp {
                    peer.stamp = self.stamp;
                    peer.shared_items += 1;
                }
                cell = next;
            }
            pair = info.next_of_item;
        }
    }

    /// The peer of a cell, where its entry is, and the next cell of its pair.
    pub(super) fn cell_parts(&self, cell: u32) -> (u32, usize, u32) {
        let Cell { at, next } = self.cells[cell as usize];
        (unpack(self.cell_keys.key(cell)).1, at as usize, next)
    }

    /// Keeps the favourite queries of a peer, and what they share with mine.
    fn favour(&mut self, peer: u32, term: u32, n_uses: u32) {
        let k = self.params.top_terms;
        let change = self.peers[peer as usize].favourites.count(term, n_uses, k, &self.terms);
        let Some(dropped) = change else { return };
        if peer == ME {
            self.each_with_favourite(term, |other| other.shared_terms += 1);
            if let Some(dropped) = dropped {
                self.each_with_favourite(dropped, |other| other.shared_terms -= 1);
            }
            return;
        }
        let mine = &self.peers[ME as usize].favourites;
        let (came, went) = (mine.contains(term), dropped.is_some_and(|term| mine.contains(term)));
        let one = &mut self.peers[peer as usize];
        one.shared_terms += u32::from(came);
        one.shared_terms -= u32::from(went);
    }

    /// Changes every other peer that has a query among its favourites: one of those that asked it.
    fn each_with_favourite(&mut self, term: u32, change: impl Fn(&mut Peer)) {
        self.stamp += 1;
        for entry in &self.postings[term as usize].entries {
            let other = &mut self.peers[entry.peer as usize];
            let is_first = std::mem::replace(&mut other.stamp, self.stamp) != self.stamp;
            if is_first && entry.peer != ME && other.favourites.contains(term) {
                change(other);
            }
        }
    }
}

/// Room for an eighth more: doubling would leave a third of the memory empty.
fn reserve_little(entries: &mut Vec<Entry>) -> Result<()> {
    let more = (entries.len() / 8).max(4);
    let bytes = (entries.len() + more) * size_of::<Entry>();
    entries.try_reserve_exact(more).map_err(|_| Error::OutOfMemory { what: "clicks", bytes })
}
