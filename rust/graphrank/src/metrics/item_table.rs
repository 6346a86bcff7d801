//! The items of one query, in a hash table that is used again for the next.

use crate::error::Result;
use crate::memory::try_reserve;
use crate::rng::mix;

/// No item is here.
const FREE: u64 = u64::MAX;

/// Keys of items with a value below `u64::MAX` each: open addressing, at most half full. A table for a query with some
/// hundred rows stays in the first cache.
#[derive(Debug, Default)]
pub(super) struct ItemTable {
    /// Key and value; the length is a power of two.
    slots: Vec<(u64, u64)>,
}

impl ItemTable {
    /// Forgets all items and makes room for `n`.
    pub(super) fn clear(&mut self, n: usize) -> Result<()> {
        self.slots.clear();
        let len = (2 * n).next_power_of_two().max(8);
        try_reserve("the items of a query", &mut self.slots, len)?;
        self.slots.resize(len, (0, FREE));
        Ok(())
    }

    /// Adds an item, or returns the value of that which is there.
    #[inline]
    pub(super) fn insert(&mut self, key: u64, value: u64) -> Option<u64> {
        let slot = self.slot(key);
        if slot.1 == FREE {
            *slot = (key, value);
            return None;
        }
        Some(slot.1)
    }

    /// Gives an item another value, and returns the one it had.
    #[inline]
    pub(super) fn replace(&mut self, key: u64, value: u64) -> Option<u64> {
        let slot = self.slot(key);
        let before = std::mem::replace(slot, (key, value));
        (before.1 != FREE).then_some(before.1)
    }

    /// Where the item is, or would be.
    #[inline]
    fn slot(&mut self, key: u64) -> &mut (u64, u64) {
        let mask = self.slots.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "any bits do")]
        let mut at = mix(key) as usize & mask;
        while self.slots[at].1 != FREE && self.slots[at].0 != key {
            at = (at + 1) & mask;
        }
        &mut self.slots[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_with_their_last_value_until_they_are_forgotten() {
        let mut table = ItemTable::default();
        for _ in 0..2 {
            table.clear(1_000).unwrap();
            assert!((0..1_000u64).all(|i| table.insert(i << 54, i).is_none()));
            assert_eq!(table.insert(7 << 54, 70), Some(7));
            assert_eq!(table.replace(7 << 54, 70), Some(7));
            assert_eq!(table.replace(7 << 54, 71), Some(70));
            assert_eq!(table.replace(u64::MAX, 1), None);
        }
    }
}
