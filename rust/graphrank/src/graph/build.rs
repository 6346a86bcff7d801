//! From a list of edges to compressed sparse rows, in parallel and without a random write.
//!
//! 1. **Count** the arcs of each fixed chunk of edges by bucket, a bucket being a run of consecutive rows.
//! 2. **Scatter** every arc to its bucket as one 64-bit key (row above target) with its weight. Chunks write to
//!    disjoint slices in input order, so the outcome does not depend on threads.
//! 3. **Sort** each bucket, which fits a cache near the core, and merge parallel arcs in place.
//! 4. **Copy** targets and weights to arrays of exactly the final size, and write the row offsets.
//!
//! # Complexity
//! O(m log(m / buckets)) comparisons. Bytes moved per unweighted arc: the input twice (16 for 64-bit ids), 8 written
//! and about 8 read per sort level in cache, 8 read and 4 written for the copy. Memory beyond input and result: 8
//! bytes per arc, 16 with weights.

use bytemuck::Pod;

use super::array::Array;
use super::csr::{Csr, is_weight};
use super::{Duplicates, EdgeOptions};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::Buffer;

/// Edges a unit of parallel work reads.
const CHUNK_EDGES: usize = 1 << 17;
/// Arcs a bucket should hold: the smaller, the fewer levels its sort has, and the scatter sorts by row anyway.
const BUCKET_ARCS: usize = 1 << 9;
/// More open buckets than this cost more in address translation than smaller sorts save.
const MAX_BUCKETS: usize = 1 << 9;

/// Edges by position, however they are stored.
pub(crate) struct EdgeSource<'a, F> {
    pub(crate) len: usize,
    /// Codes of the ends of edge `i`, both below the number of nodes.
    pub(crate) ends: F,
    pub(crate) weights: Option<&'a [f64]>,
}

/// One arc on its way to its row.
trait ArcRecord: Pod + Send + Sync {
    const WEIGHTED: bool;
    fn new(key: u64, weight: f64) -> Self;
    fn key(&self) -> u64;
    fn weight(&self) -> f64;
}

impl ArcRecord for u64 {
    const WEIGHTED: bool = false;
    fn new(key: u64, _weight: f64) -> Self {
        key
    }
    fn key(&self) -> u64 {
        *self
    }
    fn weight(&self) -> f64 {
        1.0
    }
}

/// Key, then the bits of the weight.
impl ArcRecord for [u64; 2] {
    const WEIGHTED: bool = true;
    fn new(key: u64, weight: f64) -> Self {
        [key, weight.to_bits()]
    }
    fn key(&self) -> u64 {
        self[0]
    }
    fn weight(&self) -> f64 {
        f64::from_bits(self[1])
    }
}

/// Builds the rows of `n` nodes. Weights are checked here; ends must be below `n`. What `edges` holds is dropped as
/// soon as every arc has been read, unless rows may still have to be named.
pub(crate) fn build_csr<F>(
    n: usize,
    edges: EdgeSource<'_, F>,
    options: EdgeOptions,
    exec: &Exec,
) -> Result<Csr>
where
    F: Fn(usize) -> (u32, u32) + Sync + Send,
{
    if edges.weights.is_some() {
        Builder { n, edges, options, exec }.build::<[u64; 2]>()
    } else {
        Builder { n, edges, options, exec }.build::<u64>()
    }
}

struct Builder<'a, F> {
    n: usize,
    edges: EdgeSource<'a, F>,
    options: EdgeOptions,
    exec: &'a Exec,
}

/// What became of a bucket: the arcs kept at its front, or the key of a merge that is not allowed.
struct Merged {
    kept: usize,
    fault: Option<u64>,
}

impl<F: Fn(usize) -> (u32, u32) + Sync + Send> Builder<'_, F> {
    fn build<R: ArcRecord>(self) -> Result<Csr> {
        self.exec.expect_units(3 * self.edges.len as u64);
        let shift = self.bucket_shift();
        let counts = self.count(shift)?;
        let totals = column_sums(&counts, self.n_buckets(shift));
        let mut records = Buffer::<R>::zeroed("the arcs being sorted", totals.iter().sum())?;
        self.scatter(shift, &counts, &mut records)?;

        let Self { n, edges, options, exec } = self;
        // Without weights, only this rule makes a merge an error.
        let edges = (R::WEIGHTED || options.duplicates == Duplicates::Error).then_some(edges);
        let buckets = split_by(&mut records, totals.iter().copied());
        let merged = exec.map_items(buckets, |_, bucket| {
            exec.checkpoint(bucket.len() as u64)?;
            Ok(merge_parallel(bucket, options.duplicates))
        })?;
        if let (Some(edges), Some(key)) = (edges, merged.iter().find_map(|m| m.fault)) {
            return Err(merge_error(&edges, options, key));
        }
        assemble(n, shift, split_by(&mut records, totals.into_iter()), &merged, exec)
    }

    /// Rows `b << shift .. (b + 1) << shift` form bucket `b`.
    fn bucket_shift(&self) -> u32 {
        let arcs = self.edges.len * if self.options.directed { 1 } else { 2 };
        let wanted = (arcs / BUCKET_ARCS).clamp(1, MAX_BUCKETS);
        self.n.div_ceil(wanted).next_power_of_two().trailing_zeros()
    }

    fn n_buckets(&self, shift: u32) -> usize {
        self.n.div_ceil(1 << shift)
    }

    fn n_chunks(&self) -> usize {
        self.edges.len.div_ceil(CHUNK_EDGES)
    }

    /// Calls `f` with row, target and edge of every arc that chunk `c` of the edges gives.
    #[inline(always)]
    fn for_each_arc(&self, c: usize, mut f: impl FnMut(u32, u32, usize)) {
        for i in c * CHUNK_EDGES..self.edges.len.min((c + 1) * CHUNK_EDGES) {
            let (src, dst) = (self.edges.ends)(i);
            if src == dst && !self.options.keep_self_loops {
                continue;
            }
            f(src, dst, i);
            if !self.options.directed && src != dst {
                f(dst, src, i);
            }
        }
    }

    /// Arcs per bucket, chunk by chunk.
    fn count(&self, shift: u32) -> Result<Vec<Vec<usize>>> {
        if let Some(weights) = self.edges.weights {
            check_weights(weights, self.exec)?;
        }
        self.exec.map(self.n_chunks(), |c| {
            self.exec.checkpoint(CHUNK_EDGES as u64)?;
            let mut counts = vec![0; self.n_buckets(shift)];
            self.for_each_arc(c, |row, _, _| counts[row as usize >> shift] += 1);
            Ok(counts)
        })
    }

    fn scatter<R: ArcRecord>(&self, shift: u32, counts: &[Vec<usize>], records: &mut [R]) -> Result<()> {
        let slots = slots_by_chunk(counts, self.n_buckets(shift), records);
        self.exec.map_items(slots, |c, slots| {
            self.exec.checkpoint(CHUNK_EDGES as u64)?;
            let mut slots: Vec<_> = slots.into_iter().map(<[R]>::iter_mut).collect();
            self.for_each_arc(c, |row, target, i| {
                // Adding zero turns -0 into 0, so that equal weights have equal bits.
                let weight = if R::WEIGHTED { self.edges.weights.map_or(1.0, |w| w[i] + 0.0) } else { 1.0 };
                if let Some(slot) = slots[row as usize >> shift].next() {
                    *slot = R::new(u64::from(row) << 32 | u64::from(target), weight);
                }
            });
            Ok(())
        })?;
        Ok(())
    }
}

/// Final arrays from sorted, merged buckets.
fn assemble<R: ArcRecord>(
    n: usize,
    shift: u32,
    buckets: Vec<&mut [R]>,
    merged: &[Merged],
    exec: &Exec,
) -> Result<Csr> {
    let n_arcs = merged.iter().map(|m| m.kept).sum();
    let mut offsets = Buffer::<u64>::zeroed("row offsets", n + 1)?;
    let mut targets = Buffer::<u32>::zeroed("neighbours", n_arcs)?;
    let mut weights = Buffer::<f64>::zeroed("weights", if R::WEIGHTED { n_arcs } else { 0 })?;

    let kept = || merged.iter().map(|m| m.kept);
    let no_weights = merged.iter().map(|m| if R::WEIGHTED { m.kept } else { 0 });
    let starts = kept().scan(0, |next, kept| Some(std::mem::replace(next, *next + kept)));
    let parts: Vec<_> = offsets[1..]
        .chunks_mut(1 << shift)
        .zip(split_by(&mut targets, kept()))
        .zip(split_by(&mut weights, no_weights))
        .zip(buckets)
        .zip(starts)
        .map(|((((offsets, targets), weights), bucket), start)| (offsets, targets, weights, bucket, start))
        .collect();
    exec.map_items(parts, |b, (offsets, targets, weights, bucket, start)| {
        let first_row = b << shift;
        for (i, arc) in bucket[..targets.len()].iter().enumerate() {
            let (row, target) = unpack(arc.key());
            targets[i] = target;
            offsets[row as usize - first_row] += 1;
            if R::WEIGHTED {
                weights[i] = arc.weight();
            }
        }
        let mut end = start as u64;
        for offset in offsets {
            end += *offset;
            *offset = end;
        }
        Ok(())
    })?;
    Ok(Csr {
        offsets: offsets.into(),
        targets: targets.into(),
        weights: R::WEIGHTED.then(|| Array::from(weights)),
    })
}

/// Names the two rows whose merge is not allowed.
fn merge_error<F>(edges: &EdgeSource<'_, F>, options: EdgeOptions, key: u64) -> Error
where
    F: Fn(usize) -> (u32, u32),
{
    let (row, target) = unpack(key);
    let is_same = |&i: &usize| {
        let ends = (edges.ends)(i);
        ends == (row, target) || (!options.directed && ends == (target, row))
    };
    let mut rows = (0..edges.len).filter(is_same);
    let (first, second) = (rows.next().unwrap_or(0), rows.next().unwrap_or(0));
    if options.duplicates == Duplicates::Error {
        let remedy = "pass duplicates=\"sum\", \"first\" or \"max\" to merge parallel edges";
        return Error::row("edges", second, format!("repeats the edge of row {first}; {remedy}"));
    }
    Error::row(
        "weight",
        first,
        "the weights of this edge's parallel rows add up to more than a float64 holds",
    )
}

/// Checks that every weight is finite and not negative.
pub(super) fn check_weights(weights: &[f64], exec: &Exec) -> Result<()> {
    let first_bad = exec.map(weights.len().div_ceil(CHUNK_EDGES), |c| {
        exec.checkpoint(0)?;
        let start = c * CHUNK_EDGES;
        let chunk = &weights[start..weights.len().min(start + CHUNK_EDGES)];
        Ok(chunk.iter().position(|&w| !is_weight(w)).map(|i| start + i))
    })?;
    match first_bad.into_iter().flatten().next() {
        Some(row) => Err(Error::row(
            "weight",
            row,
            format!("got {}, weights must be finite and not negative", weights[row]),
        )),
        None => Ok(()),
    }
}

/// Sorts a bucket and merges arcs of equal key to its front.
fn merge_parallel<R: ArcRecord>(bucket: &mut [R], rule: Duplicates) -> Merged {
    let keeps_order = R::WEIGHTED && matches!(rule, Duplicates::First);
    if keeps_order {
        bucket.sort_by_key(ArcRecord::key);
    } else {
        // Equal keys by weight: sums then do not depend on the order of the input.
        bucket.sort_unstable_by(|a, b| a.key().cmp(&b.key()).then(a.weight().total_cmp(&b.weight())));
    }
    let mut kept = 0;
    for i in 0..bucket.len() {
        let arc = bucket[i];
        if kept > 0 && bucket[kept - 1].key() == arc.key() {
            let before = bucket[kept - 1].weight();
            let weight = match rule {
                Duplicates::Sum => before + arc.weight(),
                Duplicates::Max => arc.weight(),
                Duplicates::First => before,
                Duplicates::Error => f64::NAN,
            };
            if !weight.is_finite() {
                return Merged { kept, fault: Some(arc.key()) };
            }
            bucket[kept - 1] = R::new(arc.key(), weight);
        } else {
            bucket[kept] = arc;
            kept += 1;
        }
    }
    Merged { kept, fault: None }
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a key")]
fn unpack(key: u64) -> (u32, u32) {
    ((key >> 32) as u32, key as u32)
}

fn column_sums(rows: &[Vec<usize>], n_columns: usize) -> Vec<usize> {
    let mut sums = vec![0; n_columns];
    for row in rows {
        for (sum, count) in sums.iter_mut().zip(row) {
            *sum += count;
        }
    }
    sums
}

/// Splits an array into consecutive slices of the given lengths.
fn split_by<T>(mut rest: &mut [T], lengths: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    let mut parts = Vec::with_capacity(lengths.size_hint().0);
    for length in lengths {
        let (part, tail) = std::mem::take(&mut rest).split_at_mut(length);
        parts.push(part);
        rest = tail;
    }
    parts
}

/// For each chunk, its slice of every bucket. Within a bucket, chunks stand in order.
fn slots_by_chunk<'r, R>(
    counts: &[Vec<usize>],
    n_buckets: usize,
    records: &'r mut [R],
) -> Vec<Vec<&'r mut [R]>> {
    let lengths = (0..n_buckets).flat_map(|b| counts.iter().map(move |chunk| chunk[b]));
    let mut by_chunk: Vec<Vec<_>> = counts.iter().map(|_| Vec::with_capacity(n_buckets)).collect();
    for (i, slot) in split_by(records, lengths).into_iter().enumerate() {
        by_chunk[i % counts.len()].push(slot);
    }
    by_chunk
}
