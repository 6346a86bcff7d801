//! Queries by the hundred and rows by the panel: who meets whom, when.

use std::ops::Range;

use super::block::{Block, Lanes};
use super::panel::{Panel, Room};
use super::prepare::NeighborSearch;
use super::query::{NeighborQuery, Neighbors};
use super::select::{self, Exact, Near, by_rank};
use super::tile::scan;
use super::vectors::Vectors;
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity};
use crate::simd::{Isa, LANES};

/// Bytes of turned queries, and of rows, that are kept in the second cache together.
const CACHED: usize = 128 << 10;
/// Blocks of queries that share a read of the rows, at most.
const MOST_BLOCKS: usize = 16;
/// Bytes of buffers per unit of work.
const BUFFERS: usize = 32 << 20;
/// Few queries are cut by rows into about so many units of work ...
const UNITS: usize = 16;
/// ... of at least so many rows.
const ROWS_PER_UNIT: usize = 1 << 14;

impl NeighborSearch {
    /// The nearest rows of each query, by falling similarity or rising distance, then rising row. `vectors` are those
    /// that this was made of.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] if `k` is 0, or the vectors or queries have another shape; [`crate::Error::InvalidData`]
    /// naming the first row of queries that is not finite or not a row, or the first of `allowed` that is out of order.
    pub fn nearest(
        &self,
        vectors: &Vectors<'_>,
        query: &NeighborQuery<'_>,
        exec: &Exec,
    ) -> Result<Neighbors> {
        self.nearest_by(Isa::best(), vectors, query, exec)
    }

    pub(super) fn nearest_by(
        &self,
        isa: Isa,
        vectors: &Vectors<'_>,
        query: &NeighborQuery<'_>,
        exec: &Exec,
    ) -> Result<Neighbors> {
        self.check(vectors)?;
        query.validate(self.n_rows, self.dim)?;
        let work = Work::new(self, vectors, query)?;
        exec.expect_units(work.n_queries as u64 * work.candidates.len() as u64);
        let (by_queries, by_rows) = work.cuts();
        let units = exec.map(by_queries.len() * by_rows.len(), |unit| {
            let (queries, rows) = (unit / by_rows.len(), unit % by_rows.len());
            work.unit(by_queries[queries].clone(), by_rows[rows].clone(), isa, exec)
        })?;
        work.collect(units, by_rows.len())
    }
}

/// Nearest rows per query.
type Lists = Vec<Vec<Near>>;

struct Work<'a> {
    exact: Exact<'a>,
    query: &'a NeighborQuery<'a>,
    k: usize,
    n_queries: usize,
    /// The rows that may be answers.
    candidates: Vec<u32>,
}

impl<'a> Work<'a> {
    fn new(
        search: &'a NeighborSearch,
        vectors: &'a Vectors<'a>,
        query: &'a NeighborQuery<'a>,
    ) -> Result<Self> {
        let n_queries = query.n_queries(search.n_rows);
        let candidates = match query.allowed {
            Some(allowed) => try_collect("allowed rows", allowed.len(), allowed.iter().copied()),
            None => try_collect("rows", search.n_rows, 0..u32::try_from(search.n_rows).unwrap_or(u32::MAX)),
        }?;
        let k = query.k.min(candidates.len());
        Ok(Self { exact: Exact { search, vectors }, query, k, n_queries, candidates })
    }

    /// Ranges of queries and of candidates; every pair of them is a unit of work.
    fn cuts(&self) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        let by_cache = CACHED / (size_of::<[f32; LANES]>() * self.exact.search.dim);
        let by_memory = BUFFERS / (LANES * select::bytes(self.k));
        let queries = LANES * by_cache.min(by_memory).clamp(1, MOST_BLOCKS);
        let n_units = self.n_queries.div_ceil(queries).max(1);
        let rows = self.candidates.len().div_ceil(UNITS.div_ceil(n_units)).max(ROWS_PER_UNIT);
        (ranges(self.n_queries, queries), ranges(self.candidates.len(), rows))
    }

    fn unit(&self, queries: Range<usize>, candidates: Range<usize>, isa: Isa, exec: &Exec) -> Result<Lists> {
        let lanes = Lanes::of(queries.len());
        let mut blocks = try_with_capacity("blocks of queries", queries.len().div_ceil(LANES))?;
        for block in ranges(queries.len(), LANES) {
            blocks.push(self.block(queries.start + block.start..queries.start + block.end, lanes)?);
        }
        let rows_per_panel = (CACHED / (size_of::<f32>() * self.exact.search.dim)).clamp(1, 1 << 10);
        let (candidates, mut room) = (&self.candidates[candidates], Room::default());
        for rows in candidates.chunks(rows_per_panel.next_multiple_of(12)) {
            let panel = Panel::new(self.exact, rows, lanes, &mut room, isa)?;
            for block in &mut blocks {
                scan(block, &panel, isa);
            }
            exec.checkpoint(queries.len() as u64 * rows.len() as u64)?;
        }
        let mut lists = try_with_capacity("lists of neighbours", queries.len())?;
        for (query, list) in queries.zip(self.ranked(blocks)?) {
            lists.push(list.map_or_else(|| self.any(query, candidates), Ok)?);
        }
        Ok(lists)
    }

    fn block(&self, queries: Range<usize>, lanes: Lanes) -> Result<Block<'a>> {
        let own = queries.clone().map(|query| self.query.own(query)).collect();
        let vectors: Vec<_> = queries.map(|query| self.query.place(query, self.exact.vectors)).collect();
        Block::new(self.exact, &vectors, own, self.k, lanes)
    }

    fn ranked(&self, blocks: Vec<Block<'_>>) -> Result<Vec<Option<Vec<Near>>>> {
        let mut ranked = try_with_capacity("lists of neighbours", blocks.iter().map(Block::n_queries).sum())?;
        for block in blocks {
            ranked.extend(block.into_ranked()?);
        }
        Ok(ranked)
    }

    /// The answer where all rows are alike: the first ones.
    fn any(&self, query: usize, candidates: &[u32]) -> Result<Vec<Near>> {
        let own = self.query.own(query);
        let others = candidates.iter().filter(|&&row| Some(row) != own).take(self.k);
        try_collect("nearest rows", self.k, others.map(|&row| Near { row, nearness: 0.0 }))
    }

    /// Puts the lists of ranges of rows together.
    fn collect(&self, units: Vec<Lists>, n_by_rows: usize) -> Result<Neighbors> {
        let mut answer = Neighbors::with_capacity(self.n_queries, self.n_queries.saturating_mul(self.k))?;
        let mut units = units.into_iter();
        while let Some(mut lists) = units.next() {
            for more in units.by_ref().take(n_by_rows - 1) {
                for (list, more) in lists.iter_mut().zip(more) {
                    list.extend(more);
                }
            }
            for list in &mut lists {
                if n_by_rows > 1 {
                    list.sort_unstable_by(by_rank);
                    list.truncate(self.k);
                }
                answer.push(self.exact.search.metric, list);
            }
        }
        // Without candidates there are no units of work, and all lists are empty.
        answer.offsets.resize(self.n_queries + 1, 0);
        Ok(answer)
    }
}

fn ranges(n: usize, step: usize) -> Vec<Range<usize>> {
    (0..n).step_by(step).map(|start| start..n.min(start + step)).collect()
}
