//! A hash table of distinct 64-bit ids: open addressing, linear probing, at most a quarter full.
//!
//! A slot holds the position of an id in one dense array: 16 to 32 bytes of slots per id and 8 for the id. Looking up
//! an id misses the cache twice, once in either array; ids come in groups whose misses overlap.

use super::too_many_nodes;
use crate::error::{Error, Result};
use crate::graph::MAX_NODES;
use crate::memory::try_zeroed;

/// Ids looked up together.
const GROUP: usize = 16;

/// Distinct ids, numbered in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct IdTable {
    ids: Vec<u64>,
    /// One more than a position in `ids`, or 0; the length is a power of two.
    slots: Vec<u32>,
}

impl IdTable {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn into_ids(self) -> Vec<u64> {
        self.ids
    }

    /// Appends the codes of `ids` to `codes`; ids that are new are added.
    pub(super) fn insert_all(&mut self, ids: impl Iterator<Item = u64>, codes: &mut Vec<u32>) -> Result<()> {
        let mut group = [0; GROUP];
        let mut n = 0;
        for id in ids {
            group[n] = id;
            n += 1;
            if n == GROUP {
                self.insert_group(&group, codes)?;
                n = 0;
            }
        }
        group[..n].iter().try_for_each(|&id| self.insert(id).map(|code| codes.push(code)))
    }

    /// First looks at the likely slot of every id, then at the id that each of those holds; what is not there at once
    /// is searched for on its own.
    fn insert_group(&mut self, group: &[u64; GROUP], codes: &mut Vec<u32>) -> Result<()> {
        if self.slots.is_empty() {
            self.grow()?;
        }
        let ordinals = group.map(|id| self.slots[self.home(id)]);
        let held = ordinals.map(|ordinal| if ordinal == 0 { 0 } else { self.ids[ordinal as usize - 1] });
        for ((&id, &ordinal), &held) in group.iter().zip(&ordinals).zip(&held) {
            let code = if ordinal != 0 && held == id { ordinal - 1 } else { self.insert(id)? };
            codes.push(code);
        }
        Ok(())
    }

    /// The code of `id`, which is added if it is new.
    fn insert(&mut self, id: u64) -> Result<u32> {
        if 4 * self.ids.len() >= self.slots.len() {
            self.grow()?;
        }
        let slot = self.slot_of(id);
        if self.slots[slot] == 0 {
            let code = u32::try_from(self.ids.len()).ok().filter(|&code| u64::from(code) < MAX_NODES);
            self.ids.push(id);
            self.slots[slot] = code.ok_or_else(too_many_nodes)? + 1;
        }
        Ok(self.slots[slot] - 1)
    }

    /// The slot where the search for `id` begins.
    fn home(&self, id: u64) -> usize {
        // Both halves of a product by an odd constant: ids that differ in high bits only, or in low bits only, spread.
        let product = u128::from(id ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93_u128;
        #[expect(clippy::cast_possible_truncation, reason = "any bits do")]
        let hash = (product >> 64) as usize ^ product as usize;
        hash & (self.slots.len() - 1)
    }

    /// Where `id` is, or where it would be put.
    fn slot_of(&self, id: u64) -> usize {
        let mut slot = self.home(id);
        while self.slots[slot] != 0 && self.ids[self.slots[slot] as usize - 1] != id {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        slot
    }

    fn grow(&mut self) -> Result<()> {
        self.slots = try_zeroed("the table of ids", (2 * self.slots.len()).max(1 << 12))?;
        let room = self.slots.len() / 4 + 1;
        let reserved = self.ids.try_reserve_exact(room - self.ids.len());
        reserved.map_err(|_| Error::OutOfMemory { what: "distinct ids", bytes: room * size_of::<u64>() })?;
        for (i, ordinal) in (0..self.ids.len()).zip(1u32..) {
            let slot = self.slot_of(self.ids[i]);
            self.slots[slot] = ordinal;
        }
        Ok(())
    }
}
