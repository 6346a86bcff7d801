//! What do many rankings say together?
//!
//! Rankings list items, the best first; they may leave items out, rank some equal, and count differently. [`aggregate`]
//! makes one ranking of them, [`aggregate_by_query`] one for each of many queries; [`kendall`], [`weighted_kendall`], [`spearman`], [`footrule`] and [`rbo`] say how alike two are.
//!
//! | part | rules | cost, of n rankings of m items with L rows |
//! |---|---|---|
//! | `positional` | Borda (plain and trimmed), reciprocal rank fusion, inverse squares, median rank | O(L log L), and for the median and trimmed Borda O(m) for each length that rankings have (`unlisted`) |
//! | `fusion` | sums, means, medians and extremes of scores, made comparable in one of five ways | O(L log L) |
//! | `pairs` | of how many rankings each item is preferred to each other | O(n m²), in vectors |
//! | `majority` | Copeland; MC4, a walk on the graph of majorities | O(m²) more |
//! | `kemeny` | the order that disagrees least: exactly, or by local search with a bound | see there |
//! | `queries` | all of them, for each of many queries on its own | a few searches per row more |
//! | `correlation` | Kendall's tau-b (plain and weighted), Spearman's rho, footrule, rank-biased overlap | O(m log m) |
//!
//! Items of equal rank share what their places are worth. What is said of items that a ranking leaves out is
//! [`Unlisted`].

mod correlation;
mod fusion;
mod kemeny;
mod majority;
mod pairs;
mod positional;
mod queries;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests;
mod unlisted;

pub use correlation::{footrule, kendall, rbo, spearman, weighted_kendall};
pub use fusion::{Combine, Normalise};
pub use kemeny::{EXACT_ITEMS, Kemeny};
pub use queries::{ByQuery, aggregate_by_query};

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::submodular::Rankings;

/// How many rankings become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The number of items behind an item, summed. Of each item the share `trim` of its rankings, by weight, that rank it
    /// best, and as much of those that rank it worst, does not count.
    Borda {
        /// At least 0 and below 1/2.
        trim: f64,
    },
    /// 1 / (k + rank), summed over the rankings that list an item (Cormack, Clarke and Büttcher, SIGIR 2009).
    ReciprocalRank {
        /// Above 0.
        k: f64,
    },
    /// 1 / rank², summed, times the number of rankings that list the item (Mourão et al., 2013).
    InverseSquares,
    /// The rank that half of the weight does not exceed, negated.
    MedianRank,
    /// Scores (ranks, negated, where there are none) made comparable and combined (Fox and Shaw, TREC-2).
    Comb(Combine, Normalise),
    /// Items beaten by a majority, and half of those tied with.
    Copeland,
    /// Where a walker is who compares its item with a random one and goes there if a majority prefers it (Dwork, Kumar,
    /// Naor and Sivakumar, WWW 2001).
    Mc4 {
        /// Chance to go on rather than to begin anywhere, in [0, 1).
        damping: f64,
    },
    /// The order with the fewest disagreements (Kemeny, 1959).
    Kemeny,
}

/// What a ranking says of items that it leaves out, where places are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// They share the places behind those that it lists.
    #[default]
    Last,
    /// Nothing.
    Ignore,
}

/// One ranking of many.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// The more, the better; minus infinity for items that no ranking gives a score.
    pub scores: Vec<f64>,
    /// Of [`Rule::Kemeny`].
    pub kemeny: Option<Kemeny>,
}

/// Aggregates rankings.
///
/// # Errors
/// [`Error::InvalidArgument`] for a parameter out of range, for more items than can be compared in pairs, and for weights
/// and scores that add up to more than numbers hold;
/// [`Error::InvalidData`] as in [`mean_points`](crate::submodular::mean_points); [`Error::OutOfMemory`],
/// [`Error::Interrupted`], [`Error::TimedOut`].
pub fn aggregate(rankings: Rankings<'_>, rule: Rule, unlisted: Unlisted, exec: &Exec) -> Result<Aggregate> {
    rule.validate()?;
    let ballots = rankings.ballots(exec)?;
    let scores = match rule {
        Rule::Borda { trim } => positional::borda(&ballots, trim, unlisted, exec)?,
        Rule::ReciprocalRank { k } => positional::reciprocal_rank(&ballots, k, exec)?,
        Rule::InverseSquares => positional::inverse_squares(&ballots, exec)?,
        Rule::MedianRank => positional::median_rank(&ballots, unlisted, exec)?,
        Rule::Comb(combine, normalise) => fusion::comb(&ballots, combine, normalise, exec)?,
        Rule::Copeland => majority::copeland(&pairs::Pairs::new(&ballots, unlisted, exec)?),
        Rule::Mc4 { damping } => majority::mc4(&pairs::Pairs::new(&ballots, unlisted, exec)?, damping, exec)?,
        Rule::Kemeny => {
            let pairs = pairs::Pairs::new(&ballots, unlisted, exec)?;
            let points = positional::borda(&ballots, 0.0, unlisted, exec)?;
            let (scores, found) = kemeny::kemeny(&pairs, &points, exec)?;
            return Ok(Aggregate { scores, kemeny: Some(found) });
        }
    };
    Ok(Aggregate { scores, kemeny: None })
}

impl Rule {
    fn validate(&self) -> Result<()> {
        match *self {
            Self::Borda { trim } if !(0.0..0.5).contains(&trim) => {
                Err(Error::argument("trim", format!("must be at least 0 and below 0.5, got {trim}")))
            }
            Self::ReciprocalRank { k } if !(k > 0.0 && k.is_finite()) => {
                Err(Error::argument("k", format!("must be a finite number above 0, got {k}")))
            }
            _ => Ok(()),
        }
    }
}
