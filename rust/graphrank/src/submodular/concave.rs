//! Sums of concave functions of sums: features, saturated and probabilistic coverage.
//!
//! `f(S) = Σ_j w_j φ_j(Σ_{e in S} x_ej)`, with `φ_j` rising, concave and 0 at 0.
//!
//! | objective | x | `φ_j(y)` |
//! |---|---|---|
//! | feature-based (Wei, Iyer and Bilmes, ICML 2015) | how much of feature j element e has | √y, ln(1 + y), y^p |
//! | saturated coverage (Lin and Bilmes, ACL 2011) | similarity to client j | min(y, α · sum over all elements) |
//! | probabilistic coverage | -ln(1 - `p_ej`) | 1 - e^-y: the chance that one of the picks succeeds |
//! | proportional approval (Thiele 1895) | 1 if j approves of e | 1 + 1/2 + ... + 1/y |
//!
//! The logarithm makes tiny probabilities exact, and certain ones infinite, which adds up as it should. Caps come from the
//! whole universe, not from what is live, so that f stays one function.
//!
//! # Cost
//! As for `facility`, with one φ per entry and change.

use std::sync::Arc;

use super::objective::{Objective, Prefix, add_drops};
use super::rows::{Rows, Triples, column_weights};
use super::staircase::Staircase;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::try_zeroed;

/// A concave function of the amount of a feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Concave {
    /// √y
    Sqrt,
    /// ln(1 + y)
    Log1p,
    /// y^p, 0 < p <= 1
    Power(f64),
}

#[derive(Debug)]
enum Shape {
    Concave(Concave),
    Capped(Vec<f64>),
    /// 1 - e^-y
    Chance,
    /// 1 + 1/2 + ... + 1/y, for amounts of 1.
    Harmonic,
}

/// Concave functions of sums.
#[derive(Debug)]
pub struct ConcaveSums {
    amounts: Rows,
    weights: Vec<f64>,
    shape: Shape,
}

impl ConcaveSums {
    /// From triples of element, feature and amount. Several entries for the same two are added.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for a code out of range, and for amounts and weights that are negative or not finite;
    /// [`Error::InvalidArgument`] for arrays of wrong lengths, no amounts, and a power outside (0, 1].
    pub fn feature_based(
        features: Triples<'_>,
        weights: Option<&[f64]>,
        concave: Concave,
        exec: &Exec,
    ) -> Result<Self> {
        if let Concave::Power(p) = concave
            && !(p > 0.0 && p <= 1.0)
        {
            return Err(Error::argument("power", format!("must be in (0, 1], got {p}")));
        }
        Self::new(features, weights, Shape::Concave(concave), exec)
    }

    /// From triples of element, client and similarity: a client is content with the share `saturation` of what all
    /// elements together would give it.
    ///
    /// # Errors
    /// As [`ConcaveSums::feature_based`]; [`Error::InvalidArgument`] for a share outside (0, 1].
    pub fn saturated(
        similarities: Triples<'_>,
        saturation: f64,
        weights: Option<&[f64]>,
        exec: &Exec,
    ) -> Result<Self> {
        if !(saturation > 0.0 && saturation <= 1.0) {
            return Err(Error::argument("saturation", format!("must be in (0, 1], got {saturation}")));
        }
        let mut sums = Self::new(similarities, weights, Shape::Chance, exec)?;
        let mut caps: Vec<f64> = try_zeroed("the caps", similarities.n_columns)?;
        for (element, _) in (0..).zip(0..sums.amounts.n_rows()) {
            sums.amounts.entries(element).for_each(|(client, amount)| caps[client as usize] += amount);
        }
        caps.iter_mut().for_each(|cap| *cap *= saturation);
        sums.shape = Shape::Capped(caps);
        Ok(sums)
    }

    /// From triples of element, item and probability that the element covers the item, all independent.
    ///
    /// # Errors
    /// As [`ConcaveSums::feature_based`], also for a probability above 1.
    pub fn probabilistic(probabilities: Triples<'_>, weights: Option<&[f64]>, exec: &Exec) -> Result<Self> {
        let Some(given) = probabilities.values else {
            return Err(Error::argument("values", "probabilistic coverage needs probabilities"));
        };
        if let Some(row) = given.iter().position(|p| !(0.0..=1.0).contains(p)) {
            return Err(Error::row("values", row, format!("must be in [0, 1], got {}", given[row])));
        }
        // Merged as chances, so that what is checked is what the caller gave; infinities come after the checks.
        let either = |a: f64, b: f64| a + b * (1.0 - a);
        let mut amounts = probabilities.into_rows(either, exec)?;
        for (element, _) in (0..).zip(0..amounts.n_rows()) {
            amounts.values_mut(element).1.iter_mut().for_each(|p| *p = -(-*p).ln_1p());
        }
        let weights = column_weights(weights, probabilities.n_columns, exec)?;
        Ok(Self { amounts, weights, shape: Shape::Chance })
    }

    /// From pairs of element and voter who approves of it: the i-th pick that a voter approves of counts 1/i for it.
    ///
    /// # Errors
    /// As [`ConcaveSums::feature_based`]; [`Error::InvalidArgument`] for triples with values.
    pub fn approval(approvals: Triples<'_>, weights: Option<&[f64]>, exec: &Exec) -> Result<Self> {
        if approvals.values.is_some() {
            return Err(Error::argument("values", "approvals have none"));
        }
        let weights = column_weights(weights, approvals.n_columns, exec)?;
        Ok(Self { amounts: approvals.with_values(exec)?, weights, shape: Shape::Harmonic })
    }

    fn new(amounts: Triples<'_>, weights: Option<&[f64]>, shape: Shape, exec: &Exec) -> Result<Self> {
        if amounts.values.is_none() {
            return Err(Error::argument("values", "this objective needs a value per entry"));
        }
        let weights = column_weights(weights, amounts.n_columns, exec)?;
        Ok(Self { amounts: amounts.into_rows(|a, b| a + b, exec)?, weights, shape })
    }

    /// What `amount` adds where there is `sum` already, times the weight.
    #[inline(always)]
    fn gain(&self, column: u32, sum: f64, amount: f64) -> f64 {
        let j = column as usize;
        let gain = match &self.shape {
            Shape::Concave(Concave::Sqrt) => (sum + amount).sqrt() - sum.sqrt(),
            // ln(1 + y + x) - ln(1 + y), without loss where x is small.
            Shape::Concave(Concave::Log1p) => (amount / (1.0 + sum)).ln_1p(),
            Shape::Concave(Concave::Power(p)) => (sum + amount).powf(*p) - sum.powf(*p),
            Shape::Capped(caps) => (sum + amount).min(caps[j]) - sum.min(caps[j]),
            Shape::Chance => -(-sum).exp() * (-amount).exp_m1(),
            Shape::Harmonic => 1.0 / (1.0 + sum),
        };
        self.weights[j] * gain.max(0.0)
    }
}

impl Objective for ConcaveSums {
    fn n_elements(&self) -> usize {
        self.amounts.n_rows()
    }

    fn cost(&self, element: u32, _n_picks: usize) -> usize {
        self.amounts.n_entries(element)
    }

    fn fingerprint(&self) -> u64 {
        let shape = match &self.shape {
            Shape::Concave(Concave::Sqrt) => 3,
            Shape::Concave(Concave::Log1p) => 4,
            Shape::Concave(Concave::Power(p)) => p.to_bits(),
            Shape::Capped(caps) => xxhash_rust::xxh3::xxh3_64(bytemuck::cast_slice(caps)),
            Shape::Chance => 5,
            Shape::Harmonic => 6,
        };
        let weights = xxhash_rust::xxh3::xxh3_64(bytemuck::cast_slice(&self.weights));
        self.amounts.fingerprint(weights ^ shape)
    }

    fn prefix(self: Arc<Self>) -> Result<Box<dyn Prefix>> {
        let sums = Staircase::new(self.amounts.n_columns())?;
        Ok(Box::new(Summed { data: self, sums }))
    }
}

struct Summed {
    data: Arc<ConcaveSums>,
    sums: Staircase,
}

impl Prefix for Summed {
    fn n_picks(&self) -> usize {
        self.sums.n_picks()
    }

    fn push(&mut self, element: u32) -> Result<f64> {
        self.sums.begin(self.data.amounts.columns(element).len())?;
        let mut gain = 0.0;
        for (column, amount) in self.data.amounts.entries(element) {
            let sum = self.sums.top(column);
            gain += self.data.gain(column, sum, amount);
            self.sums.set(column, sum + amount);
        }
        Ok(gain)
    }

    fn truncate(&mut self, len: usize) {
        self.sums.truncate(len);
    }

    fn gain(&self, len: usize, element: u32) -> Result<f64> {
        let entries = self.data.amounts.entries(element);
        Ok(entries.map(|(column, amount)| self.data.gain(column, self.sums.after(len, column), amount)).sum())
    }

    fn profile(&self, element: u32, scale: f64, drops: &mut [f64]) -> bool {
        for (column, amount) in self.data.amounts.entries(element) {
            let gain = |sum| self.data.gain(column, sum, amount);
            let before = self.sums.before(column).map(|(pick, sum)| (pick, gain(sum)));
            add_drops(drops, scale, gain(self.sums.top(column)), before);
        }
        true
    }

    fn prefetch(&self, element: u32) {
        self.data.amounts.prefetch(element);
    }
}
