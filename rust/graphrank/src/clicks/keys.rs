//! Distinct 64-bit keys, numbered in the order in which they came: open addressing, at most three quarters full.
//!
//! 8 bytes per key and 5 to 11 of slots; denser than the table that codes the ids of a graph, because a store holds
//! millions of keys for good.

use crate::error::{Error, Result};
use crate::graph::MAX_NODES;
use crate::memory::{try_reserve, try_zeroed};
use crate::rng::mix;
use crate::simd::prefetch;

/// Two codes as one key.
#[inline]
pub(super) fn pack(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Back from [`pack`].
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are cut off on purpose")]
pub(super) fn unpack(key: u64) -> (u32, u32) {
    ((key >> 32) as u32, key as u32)
}

/// Distinct keys and the number of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    keys: Vec<u64>,
    /// One more than a position in `keys`, or 0; the length is a power of two.
    slots: Vec<u32>,
}

impl Keys {
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn as_slice(&self) -> &[u64] {
        &self.keys
    }

    #[inline]
    pub(super) fn key(&self, code: u32) -> u64 {
        self.keys[code as usize]
    }

    /// The number of `key`.
    #[inline]
    pub(super) fn find(&self, key: u64) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots[self.slot_of(key)].checked_sub(1)
    }

    /// Asks for the place of `key` to be brought near, because it is looked up soon.
    #[inline]
    pub(super) fn prefetch(&self, key: u64) {
        if let Some(last) = self.slots.len().checked_sub(1) {
            prefetch(&raw const self.slots[home(key) & last], 1);
        }
    }

    /// The number of `key`, which is added if it is new, and whether it was.
    #[inline]
    pub(super) fn insert(&mut self, key: u64) -> Result<(u32, bool)> {
        if 4 * self.keys.len() >= 3 * self.slots.len() {
            self.grow()?;
        }
        let slot = self.slot_of(key);
        if let Some(code) = self.slots[slot].checked_sub(1) {
            return Ok((code, false));
        }
        let code = u32::try_from(self.keys.len()).ok().filter(|&code| u64::from(code) < MAX_NODES);
        let code = code.ok_or_else(|| {
            Error::argument("clicks", format!("name more than {MAX_NODES} different things of one kind"))
        })?;
        try_reserve("distinct keys", &mut self.keys, 1)?;
        self.keys.push(key);
        self.slots[slot] = code + 1;
        Ok((code, true))
    }

    /// Where `key` is, or where it would be put.
    #[inline]
    fn slot_of(&self, key: u64) -> usize {
        let last = self.slots.len() - 1;
        let mut slot = home(key) & last;
        while self.slots[slot] != 0 && self.keys[self.slots[slot] as usize - 1] != key {
            slot = (slot + 1) & last;
        }
        slot
    }

    fn grow(&mut self) -> Result<()> {
        self.slots = try_zeroed("the table of keys", (2 * self.slots.len()).max(16))?;
        for (i, ordinal) in (0..self.keys.len()).zip(1u32..) {
            let slot = self.slot_of(self.keys[i]);
            self.slots[slot] = ordinal;
        }
        Ok(())
    }
}

/// Where the search for `key` begins, but for the size of the table.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "any bits do")]
fn home(key: u64) -> usize {
    mix(key) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_numbered_as_they_come_and_found_again() {
        let mut keys = Keys::default();
        assert_eq!(keys.find(7), None);
        for i in 0..1000u32 {
            assert_eq!(keys.insert(pack(i, i << 20)).unwrap(), (i, true));
        }
        for i in 0..1000u32 {
            assert_eq!(keys.insert(pack(i, i << 20)).unwrap(), (i, false));
            assert_eq!((keys.find(pack(i, i << 20)), unpack(keys.key(i))), (Some(i), (i, i << 20)));
        }
        assert_eq!(keys.find(pack(1, 1)), None);
    }
}
