//! Codes for integer ids: the rank of an id among the sorted distinct ids.
//!
//! Ids whose range is not much wider than their number have a bitmap ([`compact`]); others a hash table ([`table`]).

mod compact;
mod table;

use super::MAX_NODES;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity, try_zeroed};
use compact::CompactIds;
use table::IdTable;

/// Integers that name nodes: `i32`, `i64`, `u32`, `u64`.
pub trait IntegerId: Copy + Send + Sync {
    /// A number of the same order.
    fn to_ordered(self) -> u64;
    /// Back from [`IntegerId::to_ordered`].
    fn from_ordered(ordered: u64) -> Self;
}

impl IntegerId for u64 {
    fn to_ordered(self) -> u64 {
        self
    }
    fn from_ordered(ordered: u64) -> Self {
        ordered
    }
}

impl IntegerId for i64 {
    fn to_ordered(self) -> u64 {
        self.cast_unsigned() ^ (1 << 63)
    }
    fn from_ordered(ordered: u64) -> Self {
        (ordered ^ (1 << 63)).cast_signed()
    }
}

impl IntegerId for u32 {
    fn to_ordered(self) -> u64 {
        u64::from(self)
    }
    #[expect(clippy::cast_possible_truncation, reason = "came from a u32")]
    fn from_ordered(ordered: u64) -> Self {
        ordered as u32
    }
}

impl IntegerId for i32 {
    fn to_ordered(self) -> u64 {
        i64::from(self).to_ordered()
    }
    #[expect(clippy::cast_possible_truncation, reason = "came from an i32")]
    fn from_ordered(ordered: u64) -> Self {
        i64::from_ordered(ordered) as i32
    }
}

/// Two columns of ids as codes: ranks among their sorted distinct ids.
pub(super) enum Codes<'a, T> {
    /// Looked up as they are needed.
    Compact { ids: CompactIds, src: &'a [T], dst: &'a [T] },
    /// The number of every id in order of appearance, and the rank of each number.
    Spread { ranks: Vec<u32>, src: Vec<u32>, dst: Vec<u32> },
}

impl<'a, T: IntegerId> Codes<'a, T> {
    /// The codes, and the distinct ids in their order.
    pub(super) fn new(src: &'a [T], dst: &'a [T], exec: &Exec) -> Result<(Self, Vec<T>)> {
        if let Some(ids) = CompactIds::collect(&[src, dst], exec)? {
            let distinct = ids.ids()?;
            return Ok((Self::Compact { ids, src, dst }, distinct));
        }
        let mut table = IdTable::default();
        let [src, dst] = [number(&mut table, src, exec)?, number(&mut table, dst, exec)?];
        let (ids, ranks) = ranked(table.into_ids())?;
        let ids = try_collect("node ids", ids.len(), ids.iter().map(|&id| T::from_ordered(id)))?;
        Ok((Self::Spread { ranks, src, dst }, ids))
    }

    /// Codes of the ends of edge `i`.
    #[inline]
    pub(super) fn ends(&self, i: usize) -> (u32, u32) {
        match self {
            Self::Compact { ids, src, dst } => (ids.code(src[i].to_ordered()), ids.code(dst[i].to_ordered())),
            Self::Spread { ranks, src, dst } => (ranks[src[i] as usize], ranks[dst[i] as usize]),
        }
    }
}

/// The number of every id in a column, in order of appearance.
fn number<T: IntegerId>(table: &mut IdTable, column: &[T], exec: &Exec) -> Result<Vec<u32>> {
    let mut numbers = try_with_capacity("the number of every id", column.len())?;
    for chunk in column.chunks(CHUNK_IDS) {
        exec.checkpoint(0)?;
        table.insert_all(chunk.iter().map(|id| id.to_ordered()), &mut numbers)?;
    }
    Ok(numbers)
}

/// Distinct ids in rising order, and the rank of each at its old place.
fn ranked(ids: Vec<u64>) -> Result<(Vec<u64>, Vec<u32>)> {
    let n = ids.len();
    let mut order: Vec<(u64, u32)> = try_collect("ids being sorted", n, ids.into_iter().zip(0u32..))?;
    order.sort_unstable();
    let mut ranks = try_zeroed("ranks of ids", n)?;
    for (&(_, number), rank) in order.iter().zip(0u32..) {
        ranks[number as usize] = rank;
    }
    Ok((try_collect("sorted ids", n, order.iter().map(|&(id, _)| id))?, ranks))
}

/// Codes for 64-bit keys in the order in which they first appear, and where each first appears.
#[derive(Debug, Default)]
pub struct FirstAppearances {
    /// Code of every key, column after column.
    pub codes: Vec<Vec<u32>>,
    /// Position of the first key of each code, counting on from column to column.
    pub positions: Vec<u64>,
}

/// Numbers the distinct keys of some columns in the order in which they first appear.
///
/// # Errors
/// [`Error::InvalidArgument`] for more than [`MAX_NODES`] distinct keys; [`Error::OutOfMemory`].
///
/// # Complexity
/// Two cache misses per key, overlapping, into a table of at most 40 bytes per distinct key.
pub fn first_appearances(columns: &[&[u64]], exec: &Exec) -> Result<FirstAppearances> {
    let mut table = IdTable::default();
    let mut found = FirstAppearances::default();
    let mut before = 0u64;
    for column in columns {
        let codes = number(&mut table, column, exec)?;
        found.positions.try_reserve(table.len() - found.positions.len()).map_err(|_| Error::OutOfMemory {
            what: "positions of first keys",
            bytes: table.len() * size_of::<u64>(),
        })?;
        for (&code, position) in codes.iter().zip(before..) {
            // A new key has the next number.
            if code as usize == found.positions.len() {
                found.positions.push(position);
            }
        }
        before += codes.len() as u64;
        found.codes.push(codes);
    }
    Ok(found)
}

/// Ids a unit of work reads.
const CHUNK_IDS: usize = 1 << 17;

pub(super) fn too_many_nodes() -> Error {
    Error::argument("edges", format!("name more than {MAX_NODES} distinct nodes, the most a graph can hold"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes<T: IntegerId>(src: &[T], dst: &[T]) -> (Vec<(u32, u32)>, Vec<T>, bool) {
        let (codes, ids) = Codes::new(src, dst, &Exec::default()).unwrap();
        let is_compact = matches!(codes, Codes::Compact { .. });
        ((0..src.len()).map(|i| codes.ends(i)).collect(), ids, is_compact)
    }

    #[test]
    fn codes_are_ranks_of_the_sorted_ids() {
        assert_eq!(
            codes(&[-5i64, 70, 3], &[70, 70, -5]),
            (vec![(0, 2), (2, 2), (1, 0)], vec![-5, 3, 70], true)
        );
        assert_eq!(codes(&[i32::MIN], &[i32::MIN + 1]), (vec![(0, 1)], vec![i32::MIN, i32::MIN + 1], true));
        assert_eq!(codes(&[u64::MAX], &[u64::MAX - 9]), (vec![(1, 0)], vec![u64::MAX - 9, u64::MAX], true));
        assert_eq!(codes::<u32>(&[], &[]), (vec![], vec![], true));
    }

    #[test]
    fn scattered_ids_are_coded_by_rank_too() {
        let extremes = codes(&[i64::MIN, 0], &[1, i64::MAX]);
        assert_eq!(extremes, (vec![(0, 2), (1, 3)], vec![i64::MIN, 0, 1, i64::MAX], false));
        // Multiples of a large power of two collide in a table that looks at low bits only.
        let spread: Vec<u64> = (0..5_000u64).rev().map(|i| i << 51).collect();
        let (ranks, ids, is_compact) = codes(&spread, &spread);
        assert!(!is_compact && ids.is_sorted());
        assert!(ranks.iter().zip(&spread).all(|(ends, &id)| ids[ends.0 as usize] == id && ends.0 == ends.1));
    }

    #[test]
    fn keys_are_numbered_as_they_appear() {
        let found = first_appearances(&[&[9, 7, 9], &[u64::MAX, 7]], &Exec::default()).unwrap();
        assert_eq!((found.codes, found.positions), (vec![vec![0, 1, 0], vec![2, 1]], vec![0, 1, 3]));
    }
}
