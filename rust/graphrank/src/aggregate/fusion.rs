//! Rules that combine scores.
//!
//! | way | score v of an item in a ranking with scores from a to b becomes |
//! |---|---|
//! | min-max | (v - a) / (b - a); 1 if all are equal |
//! | sum | (v - a) over the sum of all such; equal shares if all are equal |
//! | z-score | (v - mean) / standard deviation; 0 if all are equal |
//! | rank | 1 - place / number of items that the ranking lists, places from 0 |
//! | none | v |
//!
//! Then it is multiplied by the weight of the ranking. A ranking adds nothing to items that it does not list.
//!
//! Scores are divided by a power of two first, which changes no bit of the answer: their squares and differences then
//! neither exceed the largest number nor vanish.

use super::positional::ByItem;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_reserve, try_with_capacity};
use crate::numeric::{power_of_two, sum};
use crate::submodular::rankings::{Ballots, Entry};

/// What becomes of the scores of one item in several rankings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// Their sum.
    Sum,
    /// Their sum times their number.
    Mnz,
    /// Their mean.
    Anz,
    /// Their median.
    Med,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// How scores of different rankings are made comparable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalise {
    /// From 0 to 1.
    #[default]
    MinMax,
    /// Shares of a whole.
    Sum,
    /// Standard deviations from the mean.
    ZScore,
    /// By place.
    Rank,
    /// As they are.
    None,
}

pub(super) fn comb(
    ballots: &Ballots,
    combine: Combine,
    normalise: Normalise,
    exec: &Exec,
) -> Result<Vec<f64>> {
    let mut scales = try_with_capacity("the scores of rankings", ballots.n_rankings())?;
    for ranking in 0..ballots.n_rankings() {
        exec.checkpoint(1)?;
        scales.push(Scale::of(ballots.entries(ranking), normalise));
    }
    let value = |entry, ranking: usize| ballots.weights[ranking] * scales[ranking].value(entry);
    let listed = ByItem::new(ballots, value, exec)?;
    let mut values = Vec::new();
    (0..ballots.n_items)
        .map(|item| {
            values.clear();
            try_reserve("the scores of an item", &mut values, listed.of(item).len())?;
            values.extend(listed.of(item).iter().map(|listed| listed.value));
            let score = combined(&mut values, combine);
            if score.is_finite() || values.is_empty() { Ok(score) } else { Err(beyond_numbers()) }
        })
        .collect()
}

fn beyond_numbers() -> Error {
    let problem = "hold scores that, with their weights, add up to more than a number holds; normalise them";
    Error::argument("rankings", problem)
}

#[expect(clippy::cast_precision_loss, reason = "counts of rankings")]
fn combined(values: &mut [f64], combine: Combine) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NEG_INFINITY;
    }
    let total: f64 = values.iter().sum();
    match combine {
        Combine::Sum => total,
        Combine::Mnz => total * n as f64,
        Combine::Anz => total / n as f64,
        Combine::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Combine::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Combine::Med => {
            values.sort_unstable_by(f64::total_cmp);
            f64::midpoint(values[(n - 1) / 2], values[n / 2])
        }
    }
}

/// Scores of one ranking: v becomes (v * inverse - zero - center) / unit.
#[derive(Clone, Copy)]
enum Scale {
    Linear { inverse: f64, zero: f64, center: f64, unit: f64 },
    Constant(f64),
    Place(f64),
}

impl Scale {
    #[expect(clippy::cast_precision_loss, reason = "counts of items")]
    fn of(entries: &[Entry], normalise: Normalise) -> Self {
        let n = entries.len() as f64;
        let largest = entries.iter().fold(0.0, |most: f64, entry| most.max(entry.rank.abs()));
        let inverse = power_of_two(largest).recip();
        let scores = || entries.iter().map(|entry| -entry.rank * inverse);
        let (low, high) = scores().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        let or_constant = |center: f64, unit: f64, constant: f64| {
            if unit > 0.0 {
                Self::Linear { inverse, zero: low, center, unit }
            } else {
                Self::Constant(constant)
            }
        };
        match normalise {
            Normalise::None => Self::Linear { inverse: 1.0, zero: 0.0, center: 0.0, unit: 1.0 },
            Normalise::MinMax => or_constant(0.0, high - low, 1.0),
            Normalise::Sum => or_constant(0.0, sum(scores().map(|v| v - low)), 1.0 / n),
            Normalise::ZScore => {
                // Above the least: the mean itself may fall between two numbers, or on one of two scores.
                let mean = sum(scores().map(|v| v - low)) / n;
                let deviation = (sum(scores().map(|v| (v - low - mean) * (v - low - mean))) / n).sqrt();
                or_constant(mean, if high > low { deviation } else { 0.0 }, 0.0)
            }
            Normalise::Rank => Self::Place(n),
        }
    }

    fn value(self, entry: Entry) -> f64 {
        match self {
            Self::Linear { inverse, zero, center, unit } => (-entry.rank * inverse - zero - center) / unit,
            Self::Constant(value) => value,
            Self::Place(n) => 1.0 - (f64::from(entry.first) + (f64::from(entry.n_equal) - 1.0) / 2.0) / n,
        }
    }
}
