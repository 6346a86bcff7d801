//! How to rank: the choices, and what they stand for.

use crate::error::{Error, Result};

/// The largest isolation and trust: no score overflows.
pub(super) const LARGEST: f64 = 1e100;

/// How items are scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Clicks of similar peers.
    #[default]
    Paper,
    /// One vote for each peer, the more the better its clicks predict mine.
    Robust,
    /// Clicks for this query.
    Popularity,
    /// Clicks for any query.
    Dinx,
    /// Clicks for the words of this query.
    Panache,
    /// Clicks for the words of this query, by how much the item is about what I ask.
    Maay,
    /// Clicks of peers whose clicks point where mine do.
    Cosine,
}

impl Mode {
    /// The name users give it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Robust => "robust",
            Self::Popularity => "popularity",
            Self::Dinx => "dinx",
            Self::Panache => "panache",
            Self::Maay => "maay",
            Self::Cosine => "cosine",
        }
    }
}

/// How to rank.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RankParams {
    /// How items are scored.
    pub mode: Mode,
    /// How similar peers are.
    pub weighting: Weighting,
    /// How much peers are trusted.
    pub trust: Trust,
}

/// What the similarity of two peers is measured against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Union {
    /// Items that one of both clicked.
    #[default]
    Items,
    /// (query, item) pairs that one of both clicked.
    Pairs,
}

/// What similarities are divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normaliser {
    /// The largest among other peers; I weigh 1.
    #[default]
    Others,
    /// The largest among all peers, me among them; I weigh as by the formula.
    All,
}

/// Units of `isolation`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IsolationScale {
    /// The mean weight of other peers; 1 if that is 0.
    #[default]
    Mean,
    /// 1.
    Absolute,
}

/// How similar peers are, in terms of [`Weighting`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weighting {
    /// What every known peer weighs at least.
    pub isolation: f64,
    /// In which units.
    pub scale: IsolationScale,
    /// What similarities are divided by.
    pub normaliser: Normaliser,
    /// What they are measured against.
    pub union: Union,
}

impl Weighting {
    pub(super) fn validate(&self) -> Result<()> {
        if (0.0..=LARGEST).contains(&self.isolation) {
            return Ok(());
        }
        let problem = format!("must be a number from 0 to {LARGEST:e}, got {}", self.isolation);
        Err(Error::argument("isolation", problem))
    }
}

/// Where trust in peers comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Trust {
    /// All peers are trusted.
    #[default]
    All,
    /// Peers and how much each is trusted; others are not.
    Given(Vec<(u32, f64)>),
    /// The least score of walks from each of these peers.
    Walks(Vec<u32>),
}
