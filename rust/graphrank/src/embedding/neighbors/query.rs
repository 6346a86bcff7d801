//! What is asked, and the answer.

use super::score::score;
use super::select::Near;
use super::{Metric, Vectors};
use crate::error::{Error, Result};
use crate::memory::try_with_capacity;

/// A batch of queries.
#[derive(Clone, Copy, Debug)]
pub struct NeighborQuery<'a> {
    /// Whose neighbours.
    pub queries: Queries<'a>,
    /// Neighbours per query, at least 1; fewer where there are not so many rows.
    pub k: usize,
    /// The rows that may be answers, rising; `None` is all of them. Only these are read.
    pub allowed: Option<&'a [u32]>,
    /// Whether a query that is a row of the vectors is not its own neighbour.
    pub exclude_self: bool,
}

/// Whose neighbours are asked for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Queries<'a> {
    /// Those of every row.
    All,
    /// Those of some rows, in any order.
    Rows(&'a [u32]),
    /// Those of vectors that need not be among the rows.
    Vectors(Vectors<'a>),
}

impl Default for NeighborQuery<'_> {
    fn default() -> Self {
        Self { queries: Queries::All, k: 10, allowed: None, exclude_self: true }
    }
}

impl<'a> NeighborQuery<'a> {
    /// Number of queries, of vectors with `n_rows` rows.
    pub(super) fn n_queries(&self, n_rows: usize) -> usize {
        match &self.queries {
            Queries::All => n_rows,
            Queries::Rows(rows) => rows.len(),
            Queries::Vectors(vectors) => vectors.n_rows(),
        }
    }

    /// Where the vector of a query lies: in which matrix, `vectors` or that of the queries, and in which row.
    pub(super) fn place(&self, query: usize, vectors: &Vectors<'a>) -> (Vectors<'a>, usize) {
        match &self.queries {
            Queries::All => (*vectors, query),
            Queries::Rows(rows) => (*vectors, rows[query] as usize),
            Queries::Vectors(vectors) => (*vectors, query),
        }
    }

    /// The row that a query is and that is not its own neighbour.
    pub(super) fn own(&self, query: usize) -> Option<u32> {
        let row = match &self.queries {
            Queries::All => u32::try_from(query).ok(),
            Queries::Rows(rows) => Some(rows[query]),
            Queries::Vectors(_) => None,
        };
        row.filter(|_| self.exclude_self)
    }

    pub(super) fn validate(&self, n_rows: usize, dim: usize) -> Result<()> {
        if self.k == 0 {
            return Err(Error::argument("k", "must be at least 1, got 0"));
        }
        if let Some(allowed) = self.allowed {
            if let Some(row) = (1..allowed.len()).find(|&i| allowed[i] <= allowed[i - 1]) {
                return Err(Error::row("allowed", row, "rows must rise"));
            }
            if let Some(row) = allowed.iter().position(|&row| row as usize >= n_rows) {
                let problem = format!("got {}, rows are below {n_rows}", allowed[row]);
                return Err(Error::row("allowed", row, problem));
            }
        }
        match &self.queries {
            Queries::All => Ok(()),
            Queries::Rows(rows) => match rows.iter().position(|&row| row as usize >= n_rows) {
                Some(at) => {
                    Err(Error::row("queries", at, format!("got {}, rows are below {n_rows}", rows[at])))
                }
                None => Ok(()),
            },
            Queries::Vectors(vectors) => {
                if vectors.dim() != dim {
                    let problem =
                        format!("must have as many columns as the vectors, {dim}, got {}", vectors.dim());
                    return Err(Error::argument("queries", problem));
                }
                (0..vectors.n_rows()).try_for_each(|row| vectors.check_row("queries", row))
            }
        }
    }
}

/// Lists of neighbours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbors {
    /// The neighbours of query `q` are at `offsets[q]..offsets[q + 1]`, the nearest first.
    pub offsets: Vec<u64>,
    /// Rows.
    pub rows: Vec<u32>,
    /// Cosines or products, largest first, or distances, smallest first.
    pub scores: Vec<f64>,
}

impl Neighbors {
    /// No lists yet, with room for some.
    pub(super) fn with_capacity(n_queries: usize, n_listed: usize) -> Result<Self> {
        let mut offsets = try_with_capacity("offsets of lists", n_queries.saturating_add(1))?;
        offsets.push(0);
        let rows = try_with_capacity("neighbours", n_listed)?;
        Ok(Self { offsets, rows, scores: try_with_capacity("scores of neighbours", n_listed)? })
    }

    /// Adds the list of the next query.
    pub(super) fn push(&mut self, metric: Metric, list: &[Near]) {
        self.rows.extend(list.iter().map(|near| near.row));
        self.scores.extend(list.iter().map(|near| score(metric, near.nearness)));
        self.offsets.push(self.rows.len() as u64);
    }
}
