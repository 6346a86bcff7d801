//! Rankings of items, and the points that a place is worth.
//!
//! | points | of the item in place p (from 0) of m items | of items that a ranking of r items does not list |
//! |---|---|---|
//! | Borda | m - 1 - p | those of the places that are left, shared: (m - r - 1) / 2; or 0 |
//! | top | 1 if p < ℓ | 0 |
//!
//! Items of equal rank share the points of their places.

use super::rows::{check_codes, check_universe, check_weights};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity, try_zeroed};
use crate::numeric::power_of_two;

/// Rankings as they come: a row for each item that a ranking lists.
#[derive(Clone, Copy, Debug)]
pub struct Rankings<'a> {
    /// Number of items.
    pub n_items: usize,
    /// Number of rankings.
    pub n_rankings: usize,
    /// Ranking of each row.
    pub rankings: &'a [u32],
    /// Item of each row.
    pub items: &'a [u32],
    /// Rank of each row: less is better, only the order counts.
    pub ranks: &'a [f64],
    /// How often each ranking counts, 1 where there are none; one that counts 0 is as if it were not there.
    pub weights: Option<&'a [f64]>,
}

/// What items get that a ranking does not list, where places are worth Borda's points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unranked {
    /// The points of the places that are left, shared.
    #[default]
    Average,
    /// Nothing.
    Zero,
}

/// What a place in a ranking is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// The number of items behind it.
    Borda(Unranked),
    /// One for each of so many places at the top.
    Top(u32),
}

/// The rows of all rankings that count, one ranking after the other, best first.
pub(crate) struct Ballots {
    pub(crate) n_items: usize,
    pub(crate) weights: Vec<f64>,
    /// Where each ranking begins.
    starts: Vec<usize>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) item: u32,
    /// As it was given.
    pub(crate) rank: f64,
    /// The best of the places of items that have this rank.
    pub(crate) first: u32,
    /// How many have it.
    pub(crate) n_equal: u32,
}

/// The least sum of weights: products with small points are far from the least number there is.
const LEAST_WEIGHT: f64 = 1e-200;

/// Rows between two checkpoints.
const STEP: usize = 1 << 14;

impl Rankings<'_> {
    /// Sorts the rows.
    #[expect(clippy::cast_possible_truncation, reason = "places are items, which have codes of 32 bits")]
    pub(crate) fn ballots(&self, exec: &Exec) -> Result<Ballots> {
        self.check(exec)?;
        let mut starts: Vec<usize> = try_zeroed("the rankings", self.n_rankings + 1)?;
        self.rankings.iter().for_each(|&ranking| starts[ranking as usize + 1] += 1);
        (0..self.n_rankings).for_each(|ranking| starts[ranking + 1] += starts[ranking]);
        let mut next = try_collect("the rankings", starts.len(), starts.iter().copied())?;
        let mut rows: Vec<usize> = try_zeroed("the rankings", self.rankings.len())?;
        for (row, &ranking) in self.rankings.iter().enumerate() {
            rows[next[ranking as usize]] = row;
            next[ranking as usize] += 1;
        }
        // The ranking that listed an item last, counted from 1.
        let mut listed: Vec<u32> = try_zeroed("the rankings", self.n_items)?;
        let mut entries = try_with_capacity("the rankings", rows.len())?;
        let mut ballot_starts = try_with_capacity("the rankings", self.n_rankings + 1)?;
        let mut weights = try_with_capacity("the weights of rankings", self.n_rankings)?;
        ballot_starts.push(0);
        for ranking in 0..self.n_rankings {
            let rows = &mut rows[starts[ranking]..starts[ranking + 1]];
            exec.checkpoint(rows.len() as u64)?;
            if let Some(&row) = rows.iter().find(|&&row| {
                let item = self.items[row] as usize;
                std::mem::replace(&mut listed[item], ranking as u32 + 1) == ranking as u32 + 1
            }) {
                let problem = format!("ranking {ranking} lists item {} twice", self.items[row]);
                return Err(Error::row("items", row, problem));
            }
            let weight = self.weights.map_or(1.0, |weights| weights[ranking]);
            // It says nothing, not even that it lists an item.
            if weight == 0.0 {
                continue;
            }
            weights.push(weight);
            if !rows.is_sorted_by(|&a, &b| self.ranks[a] <= self.ranks[b]) {
                rows.sort_by(|&a, &b| self.ranks[a].total_cmp(&self.ranks[b]));
            }
            let mut first = 0;
            for equal in rows.chunk_by(|&a, &b| self.ranks[a] == self.ranks[b]) {
                let n_equal = equal.len() as u32;
                entries.extend(equal.iter().map(|&row| Entry {
                    item: self.items[row],
                    rank: self.ranks[row],
                    first,
                    n_equal,
                }));
                first += n_equal;
            }
            ballot_starts.push(entries.len());
        }
        Ok(Ballots { n_items: self.n_items, weights, starts: ballot_starts, entries })
    }

    pub(crate) fn check(&self, exec: &Exec) -> Result<()> {
        check_universe(self.n_items)?;
        check_universe(self.n_rankings)?;
        for (argument, len) in [("items", self.items.len()), ("ranks", self.ranks.len())] {
            if len != self.rankings.len() {
                let problem = format!("must have an entry per row, {}, got {len}", self.rankings.len());
                return Err(Error::argument(argument, problem));
            }
        }
        check_codes("rankings", self.rankings, self.n_rankings, exec)?;
        check_codes("items", self.items, self.n_items, exec)?;
        if let Some(row) = self.ranks.iter().position(|rank| !rank.is_finite()) {
            return Err(Error::row("ranks", row, format!("must be finite, got {}", self.ranks[row])));
        }
        let Some(weights) = self.weights else { return Ok(()) };
        check_weights("weights", weights, self.n_rankings, exec)?;
        check_scale(weights, self.n_items.max(self.n_rankings))
    }
}

/// Refuses weights whose sums, times up to `n`² points, would be beyond what numbers tell apart.
#[expect(clippy::cast_precision_loss, reason = "counts of items and rankings")]
fn check_scale(weights: &[f64], n: usize) -> Result<()> {
    let total: f64 = weights.iter().sum();
    if total == 0.0 || (total > LEAST_WEIGHT && (total * n as f64 * n as f64).is_finite()) {
        return Ok(());
    }
    let problem =
        format!("add up to {total:e}, which is out of scale; only their ratios matter: let the largest be 1");
    Err(Error::argument("weights", problem))
}

impl Ballots {
    pub(crate) fn n_rankings(&self) -> usize {
        self.weights.len()
    }

    pub(crate) fn entries(&self, ranking: usize) -> &[Entry] {
        &self.entries[self.starts[ranking]..self.starts[ranking + 1]]
    }

    pub(crate) fn n_entries(&self) -> usize {
        self.entries.len()
    }

    /// What an item gets that `ranking` does not list.
    #[expect(clippy::cast_precision_loss, reason = "counts of items")]
    pub(crate) fn unranked(&self, ranking: usize, points: Points) -> f64 {
        let n_left = self.n_items - self.entries(ranking).len();
        match points {
            Points::Borda(Unranked::Average) if n_left > 0 => (n_left as f64 - 1.0) / 2.0,
            _ => 0.0,
        }
    }

    /// What an item gets that a ranking lists.
    #[expect(clippy::cast_precision_loss, reason = "counts of items")]
    pub(crate) fn ranked(&self, entry: Entry, points: Points) -> f64 {
        let (first, n_equal) = (f64::from(entry.first), f64::from(entry.n_equal));
        match points {
            Points::Borda(_) => self.n_items as f64 - 1.0 - first - (n_equal - 1.0) / 2.0,
            Points::Top(n) => (f64::from(n) - first).clamp(0.0, n_equal) / n_equal,
        }
    }

    /// For each item the sums, over all rankings, of its points and of their squares.
    pub(crate) fn sums(&self, points: Points, exec: &Exec) -> Result<(Vec<f64>, Vec<f64>)> {
        let mut sums: Vec<f64> = try_zeroed("the points of items", self.n_items)?;
        let mut squares: Vec<f64> = try_zeroed("the points of items", self.n_items)?;
        let (mut all, mut all_squares) = (0.0, 0.0);
        for (ranking, &weight) in self.weights.iter().enumerate() {
            if ranking.is_multiple_of(STEP / 64) {
                exec.checkpoint((STEP / 64) as u64)?;
            }
            let unranked = self.unranked(ranking, points);
            all += weight * unranked;
            all_squares += weight * unranked * unranked;
            for &entry in self.entries(ranking) {
                let ranked = self.ranked(entry, points);
                sums[entry.item as usize] += weight * (ranked - unranked);
                squares[entry.item as usize] += weight * (ranked * ranked - unranked * unranked);
            }
        }
        sums.iter_mut().for_each(|sum| *sum += all);
        squares.iter_mut().for_each(|sum| *sum += all_squares);
        Ok((sums, squares))
    }
}

/// How many points each item gets from a ranking: the mean over all rankings, and its standard error.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanPoints {
    /// Of each item.
    pub means: Vec<f64>,
    /// Of each mean, as an estimate of what it would be with ever more such rankings.
    pub errors: Vec<f64>,
    /// How many rankings of equal weight tell as much.
    pub n_effective: f64,
}

/// The points of every item.
///
/// # Errors
/// [`Error::InvalidData`] for a code out of range, a rank that is not finite, an item that one ranking lists twice, and a
/// weight that is negative or not finite; [`Error::InvalidArgument`] for arrays of wrong lengths, weights that add up to
/// less than 1e-200 or to more than numbers hold, and where less than two rankings count.
pub fn mean_points(rankings: Rankings<'_>, points: Points, exec: &Exec) -> Result<MeanPoints> {
    let ballots = rankings.ballots(exec)?;
    let (mut means, mut errors) = ballots.sums(points, exec)?;
    let total: f64 = ballots.weights.iter().sum();
    // A power of two, so that no bit changes, nor do squares leave the scale.
    let unit = power_of_two(total).recip();
    let squares = ballots.weights.iter().map(|weight| (weight * unit) * (weight * unit)).sum::<f64>();
    let n_effective = (total * unit) * (total * unit) / squares;
    if n_effective.is_nan() || n_effective < 1.0 + 1e-9 {
        return Err(Error::argument(
            "rankings",
            "must be at least two that count: one does not tell how much they vary",
        ));
    }
    for (mean, error) in means.iter_mut().zip(&mut errors) {
        *mean /= total;
        let variance = (*error / total - *mean * *mean).max(0.0) * n_effective / (n_effective - 1.0);
        *error = (variance / n_effective).sqrt();
    }
    Ok(MeanPoints { means, errors, n_effective })
}
