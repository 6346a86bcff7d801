//! What can be measured.

use crate::error::{Error, Result};

/// What a label is worth to [`Kind::Ndcg`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gain {
    /// The label.
    #[default]
    Linear,
    /// 2 to the power of the label, less 1.
    Exponential,
}

/// A question about the places of judged items. A label above 0 is relevant, unless [`Measure::least`] asks for more.
///
/// | kind | value, with n items retrieved, R relevant ones, h of them in the first k |
/// |---|---|
/// | `Precision` | h / k; h / n without k |
/// | `Recall` | h / R |
/// | `RPrecision` | precision in the first R places, which is the recall there |
/// | `F1` | 2 h / (k + R): the harmonic mean of the two |
/// | `Hit` | 1 if h > 0 |
/// | `ReciprocalRank` | 1 / place of the first relevant item, 0 if none is in the first k |
/// | `AveragePrecision` | the precision at the place of each relevant item in the first k, summed, over R |
/// | `Ndcg` | sum of gain / log2(place + 1), over what the best order has (Järvelin and Kekäläinen, TOIS 2002) |
/// | `Err` | expected 1 / place where a reader stops, who does at each item with chance (2^label - 1) / 2^max (Chapelle et al., CIKM 2009) |
/// | `Rbp` | (1 - p) times the sum of p^(place - 1) over relevant items (Moffat and Zobel, TOIS 2008) |
/// | `Bpref` | 1 - min(judged irrelevant items above, R) / min(R, all of those), summed over retrieved relevant items, over R (Buckley and Voorhees, SIGIR 2004, as in `trec_eval`) |
/// | `Judged` | judged items in the first k, over the smaller of k and n |
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the table says what they are")]
pub enum Kind {
    Precision,
    Recall,
    RPrecision,
    F1,
    Hit,
    ReciprocalRank,
    AveragePrecision,
    Ndcg(Gain),
    /// With the largest label that there could be.
    Err(f64),
    /// With the chance to look at the next item.
    Rbp(f64),
    Bpref,
    Judged,
}

/// A kind of measure, how far down it looks, and what counts as relevant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// What is measured.
    pub kind: Kind,
    /// Places that count; none for all.
    pub cutoff: Option<u32>,
    /// The least label that is relevant; none for any above 0.
    pub least: Option<f64>,
}

/// The value of a query of whose items none is relevant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// 0, as `trec_eval` says.
    #[default]
    Zero,
    /// 1, as LightGBM says.
    One,
    /// None: the query does not count.
    Skip,
}

/// How queries count that cannot be measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// A query without relevant items.
    pub empty: Empty,
    /// A judged query that the run does not rank does not count; else its value is 0.
    pub skips_missing: bool,
}

/// Labels up to here have exponential gains that can be summed.
const MOST_LABEL: f64 = 900.0;

impl Measure {
    /// All places count, and all labels above 0.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, cutoff: None, least: None }
    }

    /// Only the first `k` places count.
    #[must_use]
    pub fn at(self, k: u32) -> Self {
        Self { cutoff: Some(k), ..self }
    }

    pub(super) fn is_relevant(&self, label: f64) -> bool {
        label > 0.0 && self.least.is_none_or(|least| label >= least)
    }

    pub(super) fn places(&self) -> usize {
        self.cutoff.map_or(usize::MAX, |k| k as usize)
    }

    /// Checks the parameters, with `most` as the largest label.
    pub(super) fn validate(&self, most: f64) -> Result<()> {
        if self.cutoff == Some(0) {
            return Err(Error::argument("metrics", "need a cut-off of at least 1, got 0"));
        }
        if matches!(self.kind, Kind::Bpref | Kind::RPrecision) && self.cutoff.is_some() {
            let problem = format!("have no {:?} with a cut-off: it knows how far to look", self.kind);
            return Err(Error::argument("metrics", problem));
        }
        if self.least.is_some_and(|least| least.is_nan() || least <= 0.0) {
            return Err(Error::argument("rel", "must be above 0: a label of 0 is not relevant"));
        }
        match self.kind {
            Kind::Rbp(p) if !(p > 0.0 && p < 1.0) => {
                Err(Error::argument("p", format!("must be between 0 and 1, got {p}")))
            }
            Kind::Err(max) if !(max >= most && max <= MOST_LABEL) => {
                let allowed = format!("must be at least the largest label, {most}, and at most {MOST_LABEL}");
                Err(Error::argument("max", format!("{allowed}, got {max}")))
            }
            Kind::Ndcg(Gain::Exponential) if most > MOST_LABEL => {
                let problem = format!("cannot be exponential in a label of {most}; the most is {MOST_LABEL}");
                Err(Error::argument("gain", problem))
            }
            _ => Ok(()),
        }
    }
}
