//! Rankings of many queries, aggregated query by query.
//!
//! # Steps
//! 1. A counting sort puts the rows of each query together.
//! 2. Of each query, the items and rankings that occur get small numbers, in their order; [`aggregate`] does the rest.
//!    A ranking that lists nothing for a query does not count there.
//! 3. The items of each query are sorted by falling score, equal ones by their numbers.
//!
//! Queries are cut into chunks of some [`CHUNK`] rows for threads. Beside what a rule costs, a row takes two searches in
//! lists of the length of its query, in cache.

use std::cmp::Ordering;

use super::{Rule, Unlisted, aggregate};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_extend, try_with_capacity, try_zeroed};
use crate::submodular::Rankings;

/// Rows of a chunk: about a millisecond.
const CHUNK: usize = 1 << 13;

/// One ranking for each query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ByQuery {
    /// Query of each row: all rows of the first, then those of the next.
    pub queries: Vec<u32>,
    /// Item of each row, the best of its query first.
    pub items: Vec<u32>,
    /// Score of each row; minus infinity for items that no ranking gives a score.
    pub scores: Vec<f64>,
}

/// Aggregates the rankings of each of `n_queries` queries on their own; `queries` says whose each row is.
///
/// # Errors
/// As in [`aggregate`]; [`Error::InvalidArgument`] or [`Error::InvalidData`] for `queries` that do not fit.
pub fn aggregate_by_query(
    n_queries: usize,
    queries: &[u32],
    rankings: Rankings<'_>,
    rule: Rule,
    unlisted: Unlisted,
    exec: &Exec,
) -> Result<ByQuery> {
    rule.validate()?;
    rankings.check(exec)?;
    if queries.len() != rankings.rankings.len() {
        let problem =
            format!("must have an entry per row, {}, got {}", rankings.rankings.len(), queries.len());
        return Err(Error::argument("queries", problem));
    }
    if let Some(row) = queries.iter().position(|&query| query as usize >= n_queries) {
        return Err(Error::row("queries", row, format!("must be below {n_queries}, got {}", queries[row])));
    }
    let (starts, rows) = grouped(n_queries, queries)?;
    let chunks = chunks(&starts)?;
    exec.expect_units(rows.len() as u64);
    // Rules count their own steps, which nobody can add up; this one lets them be stopped and counts nothing.
    let outer = exec.on_this_thread();
    let quiet = Exec::default().with_look_up(std::sync::Arc::new(move || outer.checkpoint(0)));
    let parts = exec.map(chunks.len(), |chunk| {
        let mut part = ByQuery::default();
        let mut one = One::default();
        for query in chunks[chunk].clone() {
            let rows = &rows[starts[query]..starts[query + 1]];
            one.aggregate(&rankings, rows, (rule, unlisted), &quiet)?;
            one.append(u32::try_from(query).unwrap_or(u32::MAX), &mut part)?;
            exec.checkpoint(rows.len() as u64)?;
        }
        Ok(part)
    })?;
    let n: usize = parts.iter().map(|part| part.items.len()).sum();
    let mut all = ByQuery {
        queries: try_with_capacity("items of queries", n)?,
        items: try_with_capacity("items of queries", n)?,
        scores: try_with_capacity("items of queries", n)?,
    };
    for part in parts {
        all.queries.extend(part.queries);
        all.items.extend(part.items);
        all.scores.extend(part.scores);
    }
    Ok(all)
}

/// The rows of each query, in their order: where those of each begin, and all of them.
fn grouped(n_queries: usize, queries: &[u32]) -> Result<(Vec<usize>, Vec<usize>)> {
    let mut starts: Vec<usize> = try_zeroed("queries", n_queries + 1)?;
    queries.iter().for_each(|&query| starts[query as usize + 1] += 1);
    (0..n_queries).for_each(|query| starts[query + 1] += starts[query]);
    let mut next = try_collect("queries", starts.len(), starts.iter().copied())?;
    let mut rows: Vec<usize> = try_zeroed("rows of queries", queries.len())?;
    for (row, &query) in queries.iter().enumerate() {
        rows[next[query as usize]] = row;
        next[query as usize] += 1;
    }
    Ok((starts, rows))
}

/// Ranges of queries of at least [`CHUNK`] rows, but for the last.
fn chunks(starts: &[usize]) -> Result<Vec<std::ops::Range<usize>>> {
    let n_queries = starts.len() - 1;
    let mut chunks = try_with_capacity("chunks of queries", starts[n_queries] / CHUNK + 1)?;
    let mut first = 0;
    for query in 0..n_queries {
        if starts[query + 1] - starts[first] >= CHUNK || query + 1 == n_queries {
            chunks.push(first..query + 1);
            first = query + 1;
        }
    }
    Ok(chunks)
}

/// Room for one query after the other.
#[derive(Default)]
struct One {
    /// What occurs, and by which rows.
    items: Distinct,
    rankings: Distinct,
    ranks: Vec<f64>,
    weights: Vec<f64>,
    scores: Vec<f64>,
}

impl One {
    fn aggregate(
        &mut self,
        all: &Rankings<'_>,
        rows: &[usize],
        (rule, unlisted): (Rule, Unlisted),
        exec: &Exec,
    ) -> Result<()> {
        self.items.number(all.items, rows)?;
        self.rankings.number(all.rankings, rows)?;
        self.ranks.clear();
        try_extend("ranks of a query", &mut self.ranks, rows.iter().map(|&row| all.ranks[row]))?;
        self.weights.clear();
        if let Some(weights) = all.weights {
            let of_query = self.rankings.codes.iter().map(|&ranking| weights[ranking as usize]);
            try_extend("weights of rankings", &mut self.weights, of_query)?;
        }
        let rankings = Rankings {
            n_items: self.items.codes.len(),
            n_rankings: self.rankings.codes.len(),
            rankings: &self.rankings.numbers,
            items: &self.items.numbers,
            ranks: &self.ranks,
            weights: all.weights.map(|_| self.weights.as_slice()),
        };
        self.scores =
            aggregate(rankings, rule, unlisted, exec).map_err(|error| named(error, all, rows))?.scores;
        Ok(())
    }

    fn append(&self, query: u32, to: &mut ByQuery) -> Result<()> {
        let n = self.scores.len();
        let mut order: Vec<usize> = try_collect("items of a query", n, 0..n)?;
        // Not by `total_cmp`: 0 and -0 are equal.
        order.sort_by(|&a, &b| self.scores[b].partial_cmp(&self.scores[a]).unwrap_or(Ordering::Equal));
        try_extend("items of queries", &mut to.queries, std::iter::repeat_n(query, n))?;
        try_extend("items of queries", &mut to.items, order.iter().map(|&item| self.items.codes[item]))?;
        try_extend("items of queries", &mut to.scores, order.iter().map(|&item| self.scores[item]))
    }
}

/// The codes that occur in some rows, rising, and for each row the place of its code among them.
#[derive(Default)]
struct Distinct {
    codes: Vec<u32>,
    numbers: Vec<u32>,
}

impl Distinct {
    #[expect(clippy::cast_possible_truncation, reason = "no more than codes of 32 bits")]
    fn number(&mut self, column: &[u32], rows: &[usize]) -> Result<()> {
        self.codes.clear();
        try_extend("codes of a query", &mut self.codes, rows.iter().map(|&row| column[row]))?;
        self.codes.sort_unstable();
        self.codes.dedup();
        self.numbers.clear();
        let place = |code: u32| self.codes.partition_point(|&other| other < code) as u32;
        try_extend("codes of a query", &mut self.numbers, rows.iter().map(|&row| place(column[row])))
    }
}

/// An error in the words of the whole table.
fn named(error: Error, all: &Rankings<'_>, rows: &[usize]) -> Error {
    match error {
        Error::InvalidData { argument: "items", row, .. } => {
            let row = rows[row];
            let problem =
                format!("ranking {} lists item {} twice for a query", all.rankings[row], all.items[row]);
            Error::row("items", row, problem)
        }
        other => other,
    }
}
