//! Rows of a table, grouped by query.

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::first_appearances;
use crate::memory::{try_collect, try_with_capacity, try_zeroed};

/// The number of a query that nobody judged.
pub(super) const UNJUDGED: u32 = u32::MAX;

/// The rows of two tables by query; queries are numbered as they appear in the first.
pub(super) struct Tables {
    /// Where each query first appears in the judgements.
    pub(super) first_rows: Vec<u32>,
    pub(super) judged: Groups,
    pub(super) run: Groups,
}

/// Rows grouped by query, in the order of the table within each.
pub(super) struct Groups {
    /// The query of each row, or [`UNJUDGED`].
    pub(super) codes: Vec<u32>,
    starts: Vec<usize>,
    rows: Vec<u32>,
}

/// Rows between two checkpoints.
const STEP: usize = 1 << 16;

impl Tables {
    pub(super) fn new(judged: &[u64], run: &[u64], exec: &Exec) -> Result<Self> {
        let judged = Stretches::of(judged, exec)?;
        let run = Stretches::of(run, exec)?;
        let found = first_appearances(&[&judged.keys, &run.keys], exec)?;
        let n = found.codes[0].iter().max().map_or(0, |&last| last as usize + 1);
        let first = found.positions[..n].iter().zip(0u32..);
        let mut first_rows = try_with_capacity("judged queries", n)?;
        first_rows.extend(first.map(|(&at, _)| judged.starts[position(at)]));
        Ok(Self {
            judged: Groups::new(&judged, &found.codes[0], n, exec)?,
            run: Groups::new(&run, &found.codes[1], n, exec)?,
            first_rows,
        })
    }

    pub(super) fn n_queries(&self) -> usize {
        self.first_rows.len()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "positions of rows, which have numbers of 32 bits")]
fn position(at: u64) -> usize {
    at as usize
}

/// Where a column changes. Most tables have the rows of a query one after the other.
struct Stretches {
    keys: Vec<u64>,
    /// Row where each stretch begins.
    starts: Vec<u32>,
    n_rows: u32,
}

impl Stretches {
    fn of(column: &[u64], exec: &Exec) -> Result<Self> {
        let n_rows = u32::try_from(column.len()).ok().filter(|&n| n < u32::MAX).ok_or_else(|| {
            Error::argument("run", format!("has {} rows; at most 2**32 - 2 can be evaluated", column.len()))
        })?;
        let is_new = |row: usize| row == 0 || column[row] != column[row - 1];
        let mut n = 0;
        for start in (0..column.len()).step_by(STEP) {
            exec.checkpoint(STEP as u64)?;
            n += (start..column.len().min(start + STEP)).filter(|&row| is_new(row)).count();
        }
        let starts: Vec<u32> =
            try_collect("the queries of a table", n, (0..n_rows).filter(|&row| is_new(row as usize)))?;
        let keys = try_collect("the queries of a table", n, starts.iter().map(|&row| column[row as usize]))?;
        Ok(Self { keys, starts, n_rows })
    }

    fn rows(&self, stretch: usize) -> std::ops::Range<u32> {
        self.starts[stretch]..self.starts.get(stretch + 1).copied().unwrap_or(self.n_rows)
    }
}

impl Groups {
    /// A counting sort of stretches, whose queries are `codes`; those from `n` on are not judged.
    fn new(stretches: &Stretches, codes: &[u32], n: usize, exec: &Exec) -> Result<Self> {
        let mut starts: Vec<usize> = try_zeroed("the rows of queries", n + 1)?;
        for (stretch, &code) in codes.iter().enumerate() {
            if let Some(end) = starts[1..].get_mut(code as usize) {
                *end += stretches.rows(stretch).len();
            }
        }
        (0..n).for_each(|query| starts[query + 1] += starts[query]);
        let mut next = try_collect("the rows of queries", n, starts.iter().copied())?;
        let mut rows: Vec<u32> = try_zeroed("the rows of queries", starts[n])?;
        let mut of_rows = try_with_capacity("the query of each row", stretches.n_rows as usize)?;
        for (stretch, &code) in codes.iter().enumerate() {
            if stretch.is_multiple_of(STEP) {
                exec.checkpoint(STEP as u64)?;
            }
            let range = stretches.rows(stretch);
            let Some(to) = next.get_mut(code as usize) else {
                of_rows.extend(range.map(|_| UNJUDGED));
                continue;
            };
            for (place, row) in rows[*to..].iter_mut().zip(range.clone()) {
                *place = row;
            }
            *to += range.len();
            of_rows.extend(range.map(|_| code));
        }
        Ok(Self { codes: of_rows, starts, rows })
    }

    pub(super) fn rows(&self, query: usize) -> &[u32] {
        &self.rows[self.starts[query]..self.starts[query + 1]]
    }
}
