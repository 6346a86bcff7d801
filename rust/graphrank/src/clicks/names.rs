//! The caller's ids of one kind (users, queries or items), and their codes in the order of first appearance.
//!
//! A batch of rows brings a 64-bit key for every row, and the name of every id that is new: bytes whose order is that of
//! the ids. The keys are the caller's business (hashes of texts, the integers themselves); he sees to it that two ids
//! never share one. Names break ties, so that no order of arrival is ever seen in an answer.

use std::cmp::Ordering;

use xxhash_rust::xxh3::xxh3_64;

use super::keys::Keys;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_reserve, try_with_capacity};
use crate::rng::mix;

/// Keys coded between two checkpoints, about a millisecond.
const STEP: usize = 1 << 16;

/// Ids of one kind.
#[derive(Clone, Debug, Default)]
pub struct Names {
    keys: Keys,
    bytes: Vec<u8>,
    /// Where each name ends in `bytes`.
    ends: Vec<usize>,
    /// The name of code `i`, hashed, has number `i` here.
    by_name: Keys,
}

impl Names {
    /// The code of every key; and the positions of those that are new, which are to be named next, in order.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more ids than codes; [`Error::OutOfMemory`].
    pub fn intern(&mut self, keys: &[u64], exec: &Exec) -> Result<(Vec<u32>, Vec<u64>)> {
        self.forget_unnamed()?;
        let mut codes = try_with_capacity("codes of ids", keys.len())?;
        let mut positions = Vec::new();
        for (step, start) in keys.chunks(STEP).zip((0..).step_by(STEP)) {
            exec.checkpoint(0)?;
            for (&key, position) in step.iter().zip(start..) {
                let (code, is_new) = self.keys.insert(key)?;
                if is_new {
                    try_reserve("positions of new ids", &mut positions, 1)?;
                    positions.push(position);
                }
                codes.push(code);
            }
        }
        Ok((codes, positions))
    }

    /// Gives every named id another key; false, and nothing but unnamed keys is changed, if two would share one.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless there is a key for each; [`Error::OutOfMemory`].
    pub fn rekey(&mut self, keys: &[u64]) -> Result<bool> {
        if keys.len() != self.len() {
            return Err(Error::argument("keys", format!("are {} for {} ids", keys.len(), self.len())));
        }
        let mut other = Keys::default();
        for &key in keys {
            if !other.insert(key)?.1 {
                self.forget_unnamed()?;
                return Ok(false);
            }
        }
        self.keys = other;
        Ok(true)
    }

    /// Forgets the keys of ids whose batch ended before it named them.
    fn forget_unnamed(&mut self) -> Result<()> {
        if self.keys.len() > self.len() {
            let keys = std::mem::take(&mut self.keys);
            for &key in &keys.as_slice()[..self.len()] {
                self.keys.insert(key)?;
            }
        }
        Ok(())
    }

    /// Names the next ids: name `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    ///
    /// # Errors
    /// [`Error::InvalidData`] if offsets fall or leave `bytes`; [`Error::OutOfMemory`].
    pub fn name(&mut self, bytes: &[u8], offsets: &[u64]) -> Result<()> {
        (1..offsets.len()).try_for_each(|i| self.push(part(bytes, offsets, i)?))
    }

    /// The codes of names, given as to [`Names::name`]; `missing` for what is none.
    ///
    /// # Errors
    /// As [`Names::name`].
    pub fn find_all(&self, bytes: &[u8], offsets: &[u64], missing: u32) -> Result<Vec<u32>> {
        let find = |i| Ok(self.find(part(bytes, offsets, i)?).unwrap_or(missing));
        (1..offsets.len()).map(find).collect()
    }

    /// Names the next id.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn push(&mut self, name: &[u8]) -> Result<()> {
        try_reserve("names of ids", &mut self.bytes, name.len())?;
        try_reserve("ends of names", &mut self.ends, 1)?;
        let mut hash = xxh3_64(name);
        // Names that share a hash are told apart by hashing on.
        while !self.by_name.insert(hash)?.1 {
            hash = mix(hash);
        }
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// The code of a name.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        let mut hash = xxh3_64(name);
        loop {
            let code = self.by_name.find(hash)?;
            if self.get(code) == name {
                return Some(code);
            }
            hash = mix(hash);
        }
    }

    /// How many ids have a name.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether none has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name of a code.
    #[must_use]
    pub fn get(&self, code: u32) -> &[u8] {
        let start = if code == 0 { 0 } else { self.ends[code as usize - 1] };
        &self.bytes[start..self.ends[code as usize]]
    }

    /// Two ids in the order of their names.
    pub(super) fn order(&self, a: u32, b: u32) -> Ordering {
        self.get(a).cmp(self.get(b))
    }
}

/// `bytes` between offsets `i - 1` and `i`.
fn part<'a>(bytes: &'a [u8], offsets: &[u64], i: usize) -> Result<&'a [u8]> {
    let range = usize::try_from(offsets[i - 1]).ok().zip(usize::try_from(offsets[i]).ok());
    let part = range.and_then(|(start, end)| bytes.get(start..end));
    part.ok_or_else(|| Error::row("offsets", i - 1, "is not a part of the names"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_codes_from_batch_to_batch() {
        let mut names = Names::default();
        let exec = Exec::default();
        assert_eq!(names.intern(&[9, 7, 9], &exec).unwrap(), (vec![0, 1, 0], vec![0, 1]));
        names.name(b"ninesix", &[0, 4, 7]).unwrap();
        assert_eq!(names.intern(&[7, 5], &exec).unwrap(), (vec![1, 2], vec![1]));
        assert_eq!(names.intern(&[4, 9], &exec).unwrap(), (vec![2, 0], vec![0]));
        names.push(b"four").unwrap();
        assert_eq!((names.len(), names.find(b"six"), names.find(b"five")), (3, Some(1), None));
        assert!(!names.rekey(&[1, 1, 2]).unwrap() && names.rekey(&[1, 2, 3]).unwrap());
        assert_eq!(names.intern(&[3, 1], &exec).unwrap(), (vec![2, 0], vec![]));
        assert_eq!((names.get(2), names.order(2, 0)), (&b"four"[..], Ordering::Less));
    }

    #[test]
    fn offsets_that_lead_nowhere_are_refused() {
        assert!(Names::default().name(b"abc", &[0, 4]).is_err());
        assert!(Names::default().name(b"abc", &[2, 1]).is_err());
    }
}
