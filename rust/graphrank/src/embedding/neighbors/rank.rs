//! Rows that something faster found, in the order of their exact scores.

use super::prepare::NeighborSearch;
use super::query::{NeighborQuery, Neighbors};
use super::score::{Target, nearness, square};
use super::select::{Near, by_rank};
use super::vectors::Vectors;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_with_capacity, try_zeroed};

/// Candidates between two checkpoints.
const CANDIDATES: usize = 1 << 13;

impl NeighborSearch {
    /// The best `k` of some candidates per query, which are at `offsets[q]..offsets[q + 1]` of `rows`: those that are
    /// allowed, each once, by falling similarity or rising distance, then rising row.
    ///
    /// # Errors
    /// Those of [`NeighborSearch::nearest`], and [`Error::InvalidData`] naming the first of `offsets` or `rows` that
    /// cannot be.
    pub fn rank(
        &self,
        vectors: &Vectors<'_>,
        query: &NeighborQuery<'_>,
        offsets: &[u64],
        rows: &[u32],
        exec: &Exec,
    ) -> Result<Neighbors> {
        self.check(vectors)?;
        query.validate(self.n_rows, self.dim)?;
        let n_queries = query.n_queries(self.n_rows);
        let lists = self.lists(n_queries, offsets, rows)?;
        let is_allowed = query.allowed.map(|allowed| self.mask(allowed)).transpose()?;
        let is_candidate =
            |row: u32, own| Some(row) != own && is_allowed.as_ref().is_none_or(|is| is[row as usize] == 1);

        let per_chunk = (CANDIDATES * n_queries / rows.len().max(1)).clamp(1, CANDIDATES);
        exec.expect_units(n_queries as u64);
        let chunks = exec.map(n_queries.div_ceil(per_chunk), |chunk| {
            let queries = chunk * per_chunk..n_queries.min((chunk + 1) * per_chunk);
            let mut ranked = try_with_capacity("lists of neighbours", queries.len())?;
            let (mut room, mut other_room) = (Vec::new(), Vec::new());
            for q in queries.clone() {
                let (matrix, row) = query.place(q, vectors);
                let vector = matrix.row(row, &mut room);
                let target = Target { vector, square: square(vector) };
                let list = &lists[q];
                let mut near = try_with_capacity("nearest rows", list.len())?;
                near.extend(list.iter().filter(|&&row| is_candidate(row, query.own(q))).map(|&row| {
                    let x = vectors.row(row as usize, &mut other_room);
                    Near { row, nearness: nearness(self.metric, target, x) }
                }));
                near.sort_unstable_by(by_rank);
                near.dedup_by_key(|near| near.row);
                near.truncate(query.k);
                ranked.push(near);
            }
            exec.checkpoint(queries.len() as u64)?;
            Ok(ranked)
        })?;
        let mut answer = Neighbors::with_capacity(n_queries, chunks.iter().flatten().map(Vec::len).sum())?;
        chunks.iter().flatten().for_each(|list| answer.push(self.metric, list));
        Ok(answer)
    }

    /// The candidates of each query.
    fn lists<'r>(&self, n_queries: usize, offsets: &[u64], rows: &'r [u32]) -> Result<Vec<&'r [u32]>> {
        if offsets.len() != n_queries + 1 {
            let problem = format!("must be one more than the queries, {n_queries}, got {}", offsets.len());
            return Err(Error::argument("offsets", problem));
        }
        if let Some(at) = rows.iter().position(|&row| row as usize >= self.n_rows) {
            let problem = format!("got {}, rows are below {}", rows[at], self.n_rows);
            return Err(Error::row("rows", at, problem));
        }
        let mut lists = try_with_capacity("lists of candidates", n_queries)?;
        for (q, ends) in offsets.windows(2).enumerate() {
            let range = usize::try_from(ends[0]).ok().zip(usize::try_from(ends[1]).ok());
            let list = range.and_then(|(start, end)| rows.get(start..end));
            lists.push(list.ok_or_else(|| {
                Error::row("offsets", q, format!("got {} to {}, of {} rows", ends[0], ends[1], rows.len()))
            })?);
        }
        Ok(lists)
    }

    /// 1 where a row is allowed.
    fn mask(&self, allowed: &[u32]) -> Result<Vec<u8>> {
        let mut mask = try_zeroed("allowed rows", self.n_rows)?;
        allowed.iter().for_each(|&row| mask[row as usize] = 1);
        Ok(mask)
    }
}
