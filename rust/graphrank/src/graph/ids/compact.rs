//! Codes for integer ids whose range is not much wider than their number.
//!
//! The distinct ids are the set bits of a bitmap over their range; the code of an id is its rank, the number of set
//! bits before it, which a running count per 64-bit word makes a lookup and a population count. A range of a million
//! ids takes 250 kB, so the table stays in a core's second-level cache where a table of codes (4 MB) would not.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{CHUNK_IDS, IntegerId, too_many_nodes};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{MAX_NODES, usize_of};
use crate::memory::try_with_capacity;

/// Slots of the range per id given: beyond this a table over the range wastes memory.
const MAX_SPREAD: u64 = 16;
/// A range that costs next to nothing however few ids there are: 16 kB.
const SMALL_RANGE: u64 = 1 << 16;

/// The sorted distinct ids of some columns, and the code (rank) of each.
pub(in crate::graph) struct CompactIds {
    /// The smallest id, as [`IntegerId::to_ordered`] gives it.
    first: u64,
    /// The bitmap; empty where every id of the range is present, so that its slot is its code.
    words: Vec<Word>,
    n: usize,
}

/// 64 consecutive ids.
struct Word {
    present: AtomicU64,
    /// Ids present in all earlier words.
    before: u32,
}

impl CompactIds {
    /// Codes for every id in `columns`; `None` when the ids are spread too widely.
    pub(super) fn collect<T: IntegerId>(columns: &[&[T]], exec: &Exec) -> Result<Option<Self>> {
        let n_ids: usize = columns.iter().map(|column| column.len()).sum();
        let Some((first, last)) = bounds(columns, exec)? else {
            return Ok(Some(Self { first: 0, words: Vec::new(), n: 0 }));
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
        Ok(Some(Self { first, words, n: usize_of(n) }))
    }

    /// Code of an id that was in the columns.
    #[inline]
    pub(super) fn code(&self, id: u64) -> u32 {
        let slot = id - self.first;
        let Some(word) = self.words.get(word_of(slot)) else {
            #[expect(clippy::cast_possible_truncation, reason = "below the number of nodes")]
            return slot as u32;
        };
        let earlier = word.present.load(Relaxed) & ((1u64 << (slot % 64)) - 1);
        word.before + earlier.count_ones()
    }

    /// The ids in the order of their codes.
    pub(super) fn ids<T: IntegerId>(&self) -> Result<Vec<T>> {
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

pub(super) fn word_of(slot: u64) -> usize {
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
