//! Rules that look at places.

use super::Unlisted;
use super::unlisted::Unsaid;
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_extend, try_zeroed};
use crate::submodular::rankings::{Ballots, Entry};
use crate::submodular::{Points, Unranked};

/// Weights that differ by less than this share of them are equal.
const SLACK: f64 = 1e-12;

/// Rankings between two checkpoints.
const STEP: usize = 1 << 8;

pub(super) fn borda(ballots: &Ballots, trim: f64, unlisted: Unlisted, exec: &Exec) -> Result<Vec<f64>> {
    let points = Points::Borda(match unlisted {
        Unlisted::Last => Unranked::Average,
        Unlisted::Ignore => Unranked::Zero,
    });
    if trim == 0.0 {
        return Ok(ballots.sums(points, exec)?.0);
    }
    let total: f64 = ballots.weights.iter().sum();
    let places = ByItem::new(ballots, |entry, _| ballots.ranked(entry, points), exec)?;
    let mut unsaid = Unsaid::new(ballots, |ranking| ballots.unranked(ranking, points))?;
    let mut of_item: Vec<(f64, f64)> = Vec::new();
    (0..ballots.n_items)
        .map(|item| {
            places.said(ballots, item, &mut of_item)?;
            unsaid.append(ballots, places.of(item), &mut of_item)?;
            exec.checkpoint(of_item.len() as u64)?;
            Ok(if of_item.is_empty() { 0.0 } else { trimmed(&mut of_item, trim * total) })
        })
        .collect()
}

/// The mean of values without so much weight at either end, times the whole weight.
pub(super) fn trimmed(values: &mut [(f64, f64)], cut: f64) -> f64 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0)); // which makes use of parts that are sorted
    let total: f64 = values.iter().map(|&(_, weight)| weight).sum();
    let (mut sum, mut before) = (0.0, 0.0);
    for &(value, weight) in &*values {
        let after = before + weight;
        let counts = after.min(total - cut) - before.max(cut);
        sum += value * counts.max(0.0);
        before = after;
    }
    sum * (total / (total - 2.0 * cut))
}

pub(super) fn reciprocal_rank(ballots: &Ballots, k: f64, exec: &Exec) -> Result<Vec<f64>> {
    sum_over_places(ballots, |rank| 1.0 / (k + rank), exec)
}

pub(super) fn inverse_squares(ballots: &Ballots, exec: &Exec) -> Result<Vec<f64>> {
    let mut scores = sum_over_places(ballots, |rank| 1.0 / (rank * rank), exec)?;
    let mut counts: Vec<f64> = try_zeroed("the points of items", ballots.n_items)?;
    let listed = (0..ballots.n_rankings()).flat_map(|ranking| ballots.entries(ranking));
    listed.for_each(|entry| counts[entry.item as usize] += 1.0);
    scores.iter_mut().zip(counts).for_each(|(score, count)| *score *= count);
    Ok(scores)
}

/// For each item the sum, over rankings that list it, of what its rank is worth; equal items share.
fn sum_over_places(ballots: &Ballots, worth: impl Fn(f64) -> f64, exec: &Exec) -> Result<Vec<f64>> {
    let mut scores: Vec<f64> = try_zeroed("the points of items", ballots.n_items)?;
    for (ranking, &weight) in ballots.weights.iter().enumerate() {
        if ranking.is_multiple_of(STEP) {
            exec.checkpoint(STEP as u64)?;
        }
        for equal in ballots.entries(ranking).chunk_by(|a, b| a.first == b.first) {
            let (first, n) = (equal[0].first, equal[0].n_equal);
            let all: f64 = (first..first + n).map(|place| worth(f64::from(place) + 1.0)).sum();
            let each = weight * all / f64::from(n);
            equal.iter().for_each(|entry| scores[entry.item as usize] += each);
        }
    }
    Ok(scores)
}

pub(super) fn median_rank(ballots: &Ballots, unlisted: Unlisted, exec: &Exec) -> Result<Vec<f64>> {
    let rank = |entry: Entry, _| f64::from(entry.first) + 1.0 + (f64::from(entry.n_equal) - 1.0) / 2.0;
    let places = ByItem::new(ballots, rank, exec)?;
    let mut unsaid = Unsaid::new(ballots, |ranking| last_rank(ballots, ranking))?;
    let mut of_item: Vec<(f64, f64)> = Vec::new();
    (0..ballots.n_items)
        .map(|item| {
            places.said(ballots, item, &mut of_item)?;
            if unlisted == Unlisted::Last {
                unsaid.append(ballots, places.of(item), &mut of_item)?;
            }
            exec.checkpoint(of_item.len() as u64)?;
            Ok(-median(&mut of_item))
        })
        .collect()
}

/// The mean rank of the places that a ranking leaves.
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
pub(super) fn last_rank(ballots: &Ballots, ranking: usize) -> f64 {
    (ballots.entries(ranking).len() as f64 + 1.0 + ballots.n_items as f64) / 2.0
}

/// The value in the middle of the weight, halfway between two if it lies there; infinity if nothing has weight.
pub(super) fn median(values: &mut Vec<(f64, f64)>) -> f64 {
    values.retain(|&(_, weight)| weight > 0.0);
    values.sort_by(|a, b| a.0.total_cmp(&b.0)); // which makes use of parts that are sorted
    let half = values.iter().map(|&(_, weight)| weight).sum::<f64>() / 2.0;
    let mut before = 0.0;
    for (i, &(value, weight)) in values.iter().enumerate() {
        before += weight;
        // Sums of weights such as .1 + .2 and .3 are equal but for rounding.
        if before > half * (1.0 + SLACK) {
            return value;
        }
        if before >= half * (1.0 - SLACK) {
            return values.get(i + 1).map_or(value, |&(next, _)| f64::midpoint(value, next));
        }
    }
    f64::INFINITY
}

/// What an item is in one of the rankings that list it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub(super) ranking: u32,
    pub(super) value: f64,
}

/// The rows of rankings, item after item; of an item by ranking.
pub(super) struct ByItem {
    starts: Vec<usize>,
    rows: Vec<Listed>,
}

impl ByItem {
    /// With `value` of each row and its ranking.
    #[expect(clippy::cast_possible_truncation, reason = "rankings have codes of 32 bits")]
    pub(super) fn new(ballots: &Ballots, value: impl Fn(Entry, usize) -> f64, exec: &Exec) -> Result<Self> {
        let mut starts: Vec<usize> = try_zeroed("the rows of items", ballots.n_items + 1)?;
        for ranking in 0..ballots.n_rankings() {
            ballots.entries(ranking).iter().for_each(|entry| starts[entry.item as usize + 1] += 1);
        }
        (0..ballots.n_items).for_each(|item| starts[item + 1] += starts[item]);
        let mut next = try_collect("the rows of items", ballots.n_items, starts.iter().copied())?;
        let none = Listed { ranking: 0, value: 0.0 };
        let n = ballots.n_entries();
        let mut rows = try_collect("the rows of items", n, std::iter::repeat_n(none, n))?;
        for ranking in 0..ballots.n_rankings() {
            if ranking.is_multiple_of(STEP) {
                exec.checkpoint(STEP as u64)?;
            }
            for &entry in ballots.entries(ranking) {
                let to = &mut next[entry.item as usize];
                rows[*to] = Listed { ranking: ranking as u32, value: value(entry, ranking) };
                *to += 1;
            }
        }
        Ok(Self { starts, rows })
    }

    /// Puts what rankings say of an item that they list, and their weights, in the place of `to`.
    fn said(&self, ballots: &Ballots, item: usize, to: &mut Vec<(f64, f64)>) -> Result<()> {
        to.clear();
        let said = self.of(item).iter();
        let said = said.map(|place| (place.value, ballots.weights[place.ranking as usize]));
        try_extend("the ranks of an item", to, said)
    }

    pub(super) fn of(&self, item: usize) -> &[Listed] {
        &self.rows[self.starts[item]..self.starts[item + 1]]
    }
}
