//! Codes for integer ids whose range is not much wider than their number.
//!
//! The distinct ids are the set bits of a bitmap over their range; the code of an id is its rank, the number of set
//! bits before it, which a running count per 64-bit word makes a lookup and a population count. A range of a million
//! ids takes 250 kB, so the table stays in a core's second-level cache where a table of codes (4 MB) would not.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::MAX_NODES;
use super::csr::usize_of;
use crate::error::{Error, Result, try_with_capacity};
use crate::exec::Exec;

/// Slots of the range per id given: beyond this a table over the range wastes memory.
const MAX_SPREAD: u64 = 16;
/// A range that costs next to nothing however few ids there are: 16 kB.
const SMALL_RANGE: u64 = 1 << 16;
/// Ids a unit of parallel work reads.
const CHUNK_IDS: usize = 1 << 17;

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

/// The sorted distinct ids of some columns, and the code (rank) of each.
pub(crate) struct CompactIds<T> {
    /// The smallest id, as [`IntegerId::to_ordered`] gives it.
    first: u64,
    /// The bitmap; empty where every id of the range is present, so that its slot is its code.
    words: Vec<Word>,
    n: usize,
    id: PhantomData<T>,
}

/// 64 consecutive ids.
struct Word {
    present: AtomicU64,
    /// Ids present in all earlier words.
    before: u32,
}

impl<T: IntegerId> CompactIds<T> {
    /// Codes for every id in `columns`; `None` when the ids are spread too widely.
    pub(crate) fn collect(columns: &[&[T]], exec: &Exec) -> Result<Option<Self>> {
        let n_ids: usize = columns.iter().map(|column| column.len()).sum();
        let Some((first, last)) = bounds(columns, exec)? else {
            return Ok(Some(Self { first: 0, words: Vec::new(), n: 0, id: PhantomData }));
        };
        if last - first > SMALL_RANGE.max(MAX_SPREAD.saturating_mul(n_ids as u64)) {
            return Ok(None);
        }
        let mut words = try_with_capacity("the table of ids", word_of(last - first) + 1)?;
        words.resize_with(word_of(last - first) + 1, || Word { present: AtomicU64::new(0), before: 0 });
        for_each_chunk(columns, exec, |chunk| {
            for id in chunk {
                let slot = id.to_ordered() - first;
                let (word, bit) = (&words[word_of(slot)].present, 1u64 << (slot % 64));
                // Most ids repeat: reading first keeps the cache line shared between cores.
                if word.load(Relaxed) & bit == 0 {
                    word.fetch_or(bit, Relaxed);
                }
            }
        })?;
        let mut n: u64 = 0;
        for word in &mut words {
            word.before = u32::try_from(n).map_err(|_| too_many_nodes())?;
            n += u64::from(word.present.get_mut().count_ones());
        }
        if n > MAX_NODES {
            return Err(too_many_nodes());
        }
        if n == last - first + 1 {
            words.clear();
        }
        Ok(Some(Self { first, words, n: usize_of(n), id: PhantomData }))
    }

    /// Distinct ids.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// Code of an id that was in the columns.
    #[inline]
    pub(crate) fn code(&self, id: T) -> u32 {
        let slot = id.to_ordered() - self.first;
        let Some(word) = self.words.get(word_of(slot)) else {
            #[expect(clippy::cast_possible_truncation, reason = "below the number of nodes")]
            return slot as u32;
        };
        let earlier = word.present.load(Relaxed) & ((1u64 << (slot % 64)) - 1);
        word.before + earlier.count_ones()
    }

    /// The ids in the order of their codes.
    pub(crate) fn ids(&self) -> Result<Vec<T>> {
        let mut ids = try_with_capacity("node ids", self.n)?;
        if self.words.is_empty() {
            ids.extend((0..self.n as u64).map(|slot| T::from_ordered(self.first + slot)));
        }
        for (w, word) in (0u64..).zip(&self.words) {
            let mut present = word.present.load(Relaxed);
            while present != 0 {
                let slot = w * 64 + u64::from(present.trailing_zeros());
                ids.push(T::from_ordered(self.first + slot));
                present &= present - 1;
            }
        }
        Ok(ids)
    }
}

pub(crate) fn too_many_nodes() -> Error {
    Error::argument("edges", format!("name more than {MAX_NODES} distinct nodes, the most a graph can hold"))
}

fn word_of(slot: u64) -> usize {
    usize_of(slot / 64)
}

/// Smallest and largest id, as ordered numbers.
fn bounds<T: IntegerId>(columns: &[&[T]], exec: &Exec) -> Result<Option<(u64, u64)>> {
    let by_chunk = for_each_chunk(columns, exec, |chunk| {
        chunk
            .iter()
            .fold((u64::MAX, 0), |(low, high), id| (low.min(id.to_ordered()), high.max(id.to_ordered())))
    })?;
    Ok(by_chunk.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))))
}

fn for_each_chunk<T: Sync, U: Send>(
    columns: &[&[T]],
    exec: &Exec,
    f: impl Fn(&[T]) -> U + Sync + Send,
) -> Result<Vec<U>> {
    let chunks: Vec<&[T]> = columns.iter().flat_map(|column| column.chunks(CHUNK_IDS)).collect();
    exec.map_items(chunks, |_, chunk| {
        exec.checkpoint(0)?;
        Ok(f(chunk))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes<T: IntegerId>(src: &[T], dst: &[T]) -> Option<(Vec<u32>, Vec<T>)> {
        let ids = CompactIds::collect(&[src, dst], &Exec::default()).unwrap()?;
        Some((src.iter().chain(dst).map(|&id| ids.code(id)).collect(), ids.ids().unwrap()))
    }

    #[test]
    fn codes_are_ranks_of_the_sorted_ids() {
        assert_eq!(codes(&[-5i64, 70, 3], &[70, 70, -5]), Some((vec![0, 2, 1, 2, 2, 0], vec![-5, 3, 70])));
        assert_eq!(codes(&[i32::MIN], &[i32::MIN + 1]), Some((vec![0, 1], vec![i32::MIN, i32::MIN + 1])));
        assert_eq!(codes(&[u64::MAX], &[u64::MAX - 9]), Some((vec![1, 0], vec![u64::MAX - 9, u64::MAX])));
        assert_eq!(codes::<u32>(&[], &[]), Some((vec![], vec![])));
    }

    #[test]
    fn scattered_ids_are_declined() {
        assert_eq!(codes(&[i64::MIN, 0], &[1, i64::MAX]), None);
        assert_eq!(codes(&[0u64], &[1 << 33]), None);
    }
}
