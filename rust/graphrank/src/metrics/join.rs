//! Where in its ranking is each judged item?

use super::formulas::Discounts;
use super::item_table::ItemTable;
use super::measure::{Measure, Options};
use super::ranked::Ranked;
use super::table::Tables;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_reserve, try_with_capacity};

/// Judgements and a run. Queries and items are named by keys of 64 bits: equal keys, equal names.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Query of each judgement.
    pub judged_queries: &'a [u64],
    /// Item of each judgement.
    pub judged_items: &'a [u64],
    /// How relevant each is; 0 and less is not.
    pub labels: &'a [f64],
    /// Query of each row of the run.
    pub queries: &'a [u64],
    /// Item of each row of the run.
    pub items: &'a [u64],
    /// Score of each row of the run; the largest is first.
    pub scores: &'a [f64],
    /// Among equal scores the least goes first, and then the first row.
    pub order: Option<&'a [f64]>,
    /// The order of equal scores is left open: values are means over all orders.
    pub is_expected: bool,
}

/// What [`evaluate`] found.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// First judgement of each query, in the order of the judgements.
    pub first_rows: Vec<u32>,
    /// A row of values for each query, a column per measure; NaN where a query does not count.
    pub values: Vec<f64>,
    /// Query of each judgement.
    pub judged_codes: Vec<u32>,
    /// Query of each row of the run; [`NOT_FOUND`] for those that are not judged.
    pub run_codes: Vec<u32>,
    /// Row of the run with the item of each judgement, or [`NOT_FOUND`].
    pub matches: Vec<u32>,
    /// An item that comes twice for one query: then there are no values.
    pub twice: Option<Twice>,
}

/// Two rows with the same query and item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Twice {
    /// The later one.
    pub row: u32,
    /// The earlier one.
    pub earlier: u32,
    /// They are rows of the run, or else judgements.
    pub is_in_run: bool,
}

/// Stands for no row and no query.
pub const NOT_FOUND: u32 = u32::MAX;

/// The largest label.
const LARGEST_LABEL: f64 = 1e100;

/// Queries that are evaluated at a time.
const CHUNK: usize = 32;

/// The value of every measure for every judged query.
///
/// # Errors
/// [`Error::InvalidArgument`] for columns of different lengths and measures out of range; [`Error::InvalidData`] for a
/// label beyond 1e100 and a score or an order that is NaN; [`Error::OutOfMemory`], [`Error::Interrupted`],
/// [`Error::TimedOut`].
///
/// # Complexity
/// A counting sort of all rows and, for each query, a sort of its rows unless they come sorted.
pub fn evaluate(
    input: &Input<'_>,
    measures: &[Measure],
    options: Options,
    exec: &Exec,
) -> Result<Evaluation> {
    let most = input.check()?;
    measures.iter().try_for_each(|measure| measure.validate(most))?;
    let tables = Tables::new(input.judged_queries, input.queries, exec)?;
    let n_queries = tables.n_queries();
    let longest =
        (0..n_queries).map(|query| tables.run.rows(query).len().max(tables.judged.rows(query).len()));
    let discounts = Discounts::new(longest.max().unwrap_or(0))?;
    exec.expect_units(n_queries as u64);
    let chunks = exec.map(n_queries.div_ceil(CHUNK), |chunk| {
        let queries = chunk * CHUNK..n_queries.min((chunk + 1) * CHUNK);
        exec.checkpoint(queries.len() as u64)?;
        let mut one = OneQuery::default();
        let mut found = Part::default();
        try_reserve("values of queries", &mut found.values, queries.len() * measures.len())?;
        for query in queries {
            one.read(input, &tables, query, &mut found)?;
            let is_missing = tables.run.rows(query).is_empty();
            for measure in measures {
                found.values.push(discounts.value(measure, &one.ranked, is_missing, options));
            }
        }
        Ok(found)
    })?;
    let mut matches = try_with_capacity("the rows of judged items", input.labels.len())?;
    matches.resize(input.labels.len(), NOT_FOUND);
    let mut values = try_with_capacity("values of queries", n_queries * measures.len())?;
    for part in &chunks {
        values.extend_from_slice(&part.values);
        part.matches.iter().for_each(|&(judgement, row)| matches[judgement as usize] = row);
    }
    let twice = chunks.iter().filter_map(|part| part.twice).min();
    let Tables { first_rows, judged, run } = tables;
    Ok(Evaluation { first_rows, values, judged_codes: judged.codes, run_codes: run.codes, matches, twice })
}

/// Rows of a run whose scores tie with another of their query, by query.
///
/// # Errors
/// As [`evaluate`].
pub fn tied_rows(queries: &[u64], scores: &[f64], exec: &Exec) -> Result<Vec<u32>> {
    check_len("scores", scores.len(), queries.len())?;
    let tables = Tables::new(queries, &[], exec)?;
    let n = tables.n_queries();
    let parts = exec.map(n.div_ceil(CHUNK), |chunk| {
        exec.checkpoint(CHUNK as u64)?;
        let mut tied = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for query in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
            sort(&mut entries, tables.judged.rows(query), scores, None)?;
            for group in entries.chunk_by(|a, b| a.score == b.score).filter(|group| group.len() > 1) {
                try_reserve("rows of equal scores", &mut tied, group.len())?;
                tied.extend(group.iter().map(|entry| entry.row));
            }
        }
        Ok(tied)
    })?;
    let n_tied = parts.iter().map(Vec::len).sum();
    try_collect("rows of equal scores", n_tied, parts.into_iter().flatten())
}

impl Input<'_> {
    /// The largest label.
    fn check(&self) -> Result<f64> {
        check_len("qrels", self.judged_items.len(), self.judged_queries.len())?;
        check_len("qrels", self.labels.len(), self.judged_queries.len())?;
        check_len("run", self.items.len(), self.queries.len())?;
        check_len("run", self.scores.len(), self.queries.len())?;
        check_len("run", self.order.map_or(self.queries.len(), <[f64]>::len), self.queries.len())?;
        // NaN is not within; sums of labels stay finite.
        if let Some(row) =
            self.labels.iter().position(|label| !(-LARGEST_LABEL..=LARGEST_LABEL).contains(label))
        {
            let problem =
                format!("must be from {:e} to {LARGEST_LABEL:e}, got {}", -LARGEST_LABEL, self.labels[row]);
            return Err(Error::row("label", row, problem));
        }
        for (column, values) in [("score", self.scores), ("rank", self.order.unwrap_or_default())] {
            if let Some(row) = values.iter().position(|value| value.is_nan()) {
                return Err(Error::row(column, row, "is NaN, which has no place in a ranking"));
            }
        }
        Ok(self.labels.iter().copied().fold(0.0, f64::max))
    }
}

fn check_len(argument: &'static str, len: usize, wanted: usize) -> Result<()> {
    if len == wanted {
        return Ok(());
    }
    Err(Error::argument(argument, format!("must have columns of one length, got {wanted} and {len}")))
}

/// What a chunk of queries adds to an [`Evaluation`].
#[derive(Default)]
struct Part {
    values: Vec<f64>,
    /// A judgement and its row of the run.
    matches: Vec<(u32, u32)>,
    twice: Option<Twice>,
}

impl Part {
    fn tell_twice(&mut self, a: u32, b: u32, is_in_run: bool) {
        let twice = Twice { row: a.max(b), earlier: a.min(b), is_in_run };
        self.twice = Some(self.twice.map_or(twice, |first| first.min(twice)));
    }
}

/// A row of the run, made to be sorted.
#[derive(Clone, Copy, PartialEq, PartialOrd, Eq, Ord)]
struct Entry {
    /// Rises as scores fall.
    score: u64,
    order: u64,
    row: u32,
}

/// Sorts `rows` by falling score, then by rising order and row.
fn sort(entries: &mut Vec<Entry>, rows: &[u32], scores: &[f64], order: Option<&[f64]>) -> Result<()> {
    entries.clear();
    try_reserve("rows of a query", entries, rows.len())?;
    let order_of = |row: u32| order.map_or(0, |order| rising(order[row as usize]));
    entries.extend(rows.iter().map(|&row| Entry {
        score: !rising(scores[row as usize]),
        order: order_of(row),
        row,
    }));
    if !entries.is_sorted() {
        entries.sort_unstable();
    }
    Ok(())
}

/// A whole number of the same order; -0 becomes 0.
fn rising(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// Marks the number of a judgement among places in a ranking.
const JUDGED: u64 = 1 << 32;

#[expect(clippy::cast_possible_truncation, reason = "numbers of rows have 32 bits")]
fn row(value: u64) -> u32 {
    value as u32
}

fn index(place: u64) -> usize {
    row(place) as usize
}

/// What is kept from one query to the next: only room.
#[derive(Default)]
struct OneQuery {
    entries: Vec<Entry>,
    table: ItemTable,
    found: Vec<(u32, f64)>,
    ranked: Ranked,
}

impl OneQuery {
    /// Sorts the rows of a query and looks its judged items up.
    fn read(&mut self, input: &Input<'_>, tables: &Tables, query: usize, part: &mut Part) -> Result<()> {
        let (rows, judged) = (tables.run.rows(query), tables.judged.rows(query));
        sort(&mut self.entries, rows, input.scores, input.order)?;
        self.table.clear(rows.len() + judged.len())?;
        for (place, entry) in self.entries.iter().enumerate() {
            if let Some(other) = self.table.insert(input.items[entry.row as usize], place as u64) {
                part.tell_twice(self.entries[index(other)].row, entry.row, true);
            }
        }
        self.found.clear();
        self.ranked.ideal.clear();
        try_reserve("judged items of a query", &mut self.ranked.ideal, judged.len())?;
        try_reserve("judged items of a query", &mut self.found, judged.len())?;
        try_reserve("the rows of judged items", &mut part.matches, judged.len())?;
        for &judgement in judged {
            let label = input.labels[judgement as usize];
            self.ranked.ideal.push(label);
            // From here on the item stands for its judgement.
            match self.table.replace(input.judged_items[judgement as usize], JUDGED | u64::from(judgement)) {
                Some(earlier) if earlier & JUDGED != 0 => {
                    part.tell_twice(row(earlier & !JUDGED), judgement, false);
                }
                Some(place) => {
                    self.found.push((row(place), label));
                    part.matches.push((judgement, self.entries[index(place)].row));
                }
                None => {}
            }
        }
        let entries = &self.entries;
        let tie = |place: usize| {
            if !input.is_expected {
                return (place, place + 1);
            }
            let score = entries[place].score;
            let first = entries.partition_point(|entry| entry.score < score);
            (first, first + entries[first..].partition_point(|entry| entry.score == score))
        };
        self.ranked.set(rows.len(), &mut self.found, tie);
        Ok(())
    }
}
