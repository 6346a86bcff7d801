//! Mixtures: sums of objectives with weights that are not negative, monotone and submodular as their parts are.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::objective::{Objective, Prefix, Violations};
use crate::error::{Error, Result};

/// A weighted sum of objectives over the same elements.
#[derive(Debug)]
pub struct Mixture {
    parts: Vec<(f64, Arc<dyn Objective>)>,
}

impl Mixture {
    /// From weights and parts.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for a weight that is negative or not finite or a part over other elements,
    /// [`Error::InvalidArgument`] for no parts.
    pub fn new(parts: Vec<(f64, Arc<dyn Objective>)>) -> Result<Self> {
        let Some(n) = parts.first().map(|(_, part)| part.n_elements()) else {
            return Err(Error::argument("parts", "must not be empty"));
        };
        for (row, (weight, part)) in parts.iter().enumerate() {
            if !weight.is_finite() || *weight < 0.0 {
                let problem = format!("must be finite and not negative, got {weight}");
                return Err(Error::row("weights", row, problem));
            }
            if part.n_elements() != n {
                let problem = format!("must have {n} elements as the first, has {}", part.n_elements());
                return Err(Error::row("parts", row, problem));
            }
        }
        Ok(Self { parts })
    }
}

impl Objective for Mixture {
    fn n_elements(&self) -> usize {
        self.parts.first().map_or(0, |(_, part)| part.n_elements())
    }

    fn cost(&self, element: u32, n_picks: usize) -> usize {
        self.parts.iter().map(|(_, part)| part.cost(element, n_picks)).sum()
    }

    fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::new();
        for (weight, part) in &self.parts {
            hash.update(&weight.to_bits().to_le_bytes());
            hash.update(&part.fingerprint().to_le_bytes());
        }
        hash.digest()
    }

    fn prefix(self: Arc<Self>) -> Result<Box<dyn Prefix>> {
        let parts: Result<_> =
            self.parts.iter().map(|(weight, part)| Ok((*weight, Arc::clone(part).prefix()?))).collect();
        Ok(Box::new(Parts { parts: parts? }))
    }

    fn is_parallel(&self) -> bool {
        self.parts.iter().all(|(_, part)| part.is_parallel())
    }

    fn violations(&self) -> Violations {
        self.parts.iter().fold(Violations::default(), |sum, (_, part)| {
            let more = part.violations();
            Violations {
                monotone: sum.monotone + more.monotone,
                submodular: sum.submodular + more.submodular,
            }
        })
    }
}

struct Parts {
    parts: Vec<(f64, Box<dyn Prefix>)>,
}

impl Prefix for Parts {
    fn n_picks(&self) -> usize {
        self.parts.first().map_or(0, |(_, part)| part.n_picks())
    }

    fn push(&mut self, element: u32) -> Result<f64> {
        let len = self.n_picks();
        let mut gain = 0.0;
        for i in 0..self.parts.len() {
            let (weight, part) = &mut self.parts[i];
            match part.push(element) {
                Ok(more) => gain += *weight * more,
                Err(error) => {
                    // All parts have the same picks, also after a failure.
                    self.truncate(len);
                    return Err(error);
                }
            }
        }
        Ok(gain)
    }

    fn truncate(&mut self, len: usize) {
        self.parts.iter_mut().for_each(|(_, part)| part.truncate(len));
    }

    fn gain(&self, len: usize, element: u32) -> Result<f64> {
        self.parts.iter().try_fold(0.0, |sum, (weight, part)| Ok(sum + weight * part.gain(len, element)?))
    }

    fn profile(&self, element: u32, scale: f64, drops: &mut [f64]) -> bool {
        self.parts.iter().all(|(weight, part)| part.profile(element, scale * weight, drops))
    }

    fn prefetch(&self, element: u32) {
        self.parts.iter().for_each(|(_, part)| part.prefetch(element));
    }
}
