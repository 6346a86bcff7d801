//! A function that the caller computes: what it is asked, and what is seen of whether it is what it must be.
//!
//! Gains are asked for many elements at once where that can be: a filter of R elements against one prefix is one call, and
//! the halving by which depths are found asks once per prefix that is in question, for all elements that are in the same
//! place.
//!
//! Two things are checked wherever they cost nothing: that no gain is negative, and that no gain of an element is above
//! one of the same element for fewer picks. Each costs the guarantees if it fails, so by default it is an error that names
//! the element; [`OnViolation::Count`] counts instead, and takes negative gains for none.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::objective::{Objective, Prefix, Scan, Violations, is_worth};
use super::rows::check_universe;
use crate::error::{Error, Result};
use crate::memory::try_collect;

/// A set function of the caller's.
pub trait Oracle: Send + Sync {
    /// The value of a set; what order its elements have must not matter.
    ///
    /// # Errors
    /// [`Error::Oracle`] with the caller's reason.
    fn value(&self, set: &[u32]) -> Result<f64>;

    /// What each candidate adds to a set. Asked for by [`Oracle::value`] unless it is implemented.
    ///
    /// # Errors
    /// As [`Oracle::value`].
    fn gains(&self, set: &[u32], candidates: &[u32], gains: &mut [f64]) -> Result<()> {
        let before = self.value(set)?;
        let mut with = set.to_vec();
        with.push(0);
        for (&candidate, gain) in candidates.iter().zip(gains) {
            with[set.len()] = candidate;
            *gain = self.value(&with)? - before;
        }
        Ok(())
    }

    /// Whether [`Oracle::gains`] is implemented, and [`Oracle::value`] need not be asked.
    fn has_gains(&self) -> bool {
        false
    }

    /// What the caller calls an element, for messages.
    fn name(&self, element: u32) -> String {
        element.to_string()
    }
}

/// What to do where a function is seen not to be monotone or not submodular.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnViolation {
    /// The update fails, and names the element.
    #[default]
    Error,
    /// It is counted, see [`Objective::violations`].
    Count,
}

/// An [`Oracle`] as an objective.
pub struct Callable {
    n_elements: usize,
    oracle: Box<dyn Oracle>,
    on_violation: OnViolation,
    empty_value: f64,
    /// Bits of the gain of each element with no picks; NaN until it is known.
    singles: Vec<AtomicU64>,
    monotone: AtomicU64,
    submodular: AtomicU64,
}

/// A function of the caller's is taken to be as slow as so many reads: some microseconds.
const READS: usize = 1 << 12;

/// A gain may be off by this share of the values it is the difference of.
const TOLERANCE: f64 = 1e-9;

impl Callable {
    /// The value of no picks is asked for once and subtracted from all others.
    ///
    /// # Errors
    /// Those of the oracle; [`Error::InvalidArgument`] if the value of no picks is not finite.
    pub fn new(n_elements: usize, oracle: Box<dyn Oracle>, on_violation: OnViolation) -> Result<Self> {
        check_universe(n_elements)?;
        let empty_value = if oracle.has_gains() { 0.0 } else { oracle.value(&[])? };
        if !empty_value.is_finite() {
            let problem = format!("must give a finite value for no elements, got {empty_value}");
            return Err(Error::argument("objective", problem));
        }
        let unknown = (0..n_elements).map(|_| AtomicU64::new(f64::NAN.to_bits()));
        let singles = try_collect("the values of elements", n_elements, unknown)?;
        let (monotone, submodular) = Default::default();
        Ok(Self { n_elements, oracle, on_violation, empty_value, singles, monotone, submodular })
    }

    /// The value of no picks, which is subtracted from all others.
    #[must_use]
    pub fn empty_value(&self) -> f64 {
        self.empty_value
    }

    /// Takes note of a gain, and says what it counts as.
    fn check(&self, element: u32, len: usize, gain: f64, scale: f64) -> Result<f64> {
        if !gain.is_finite() {
            let name = self.oracle.name(element);
            let problem = format!("must give finite gains, got {gain} for element {name}");
            return Err(Error::argument("objective", problem));
        }
        let tolerance = TOLERANCE * scale.abs().max(gain.abs());
        if gain < -tolerance {
            let name = self.oracle.name(element);
            let problem = format!("is not monotone: element {name} adds {gain} to {len} others");
            self.violated(&self.monotone, problem)?;
        }
        let single = &self.singles[element as usize];
        if len == 0 {
            single.store(gain.to_bits(), Relaxed);
        }
        let alone = f64::from_bits(single.load(Relaxed));
        self.check_fall(element, (0, alone), (len, gain), tolerance)?;
        Ok(gain.max(0.0))
    }

    /// The gain with more picks must not be above that with fewer.
    fn check_fall(
        &self,
        element: u32,
        fewer: (usize, f64),
        more: (usize, f64),
        tolerance: f64,
    ) -> Result<()> {
        if more.1 > fewer.1 + tolerance {
            let name = self.oracle.name(element);
            let problem = format!(
                "is not submodular: element {name} adds {} to {} others and {} to {} of them",
                more.1, more.0, fewer.1, fewer.0
            );
            self.violated(&self.submodular, problem)?;
        }
        Ok(())
    }

    fn violated(&self, count: &AtomicU64, problem: String) -> Result<()> {
        count.fetch_add(1, Relaxed);
        match self.on_violation {
            OnViolation::Error => Err(Error::argument("objective", problem)),
            OnViolation::Count => Ok(()),
        }
    }
}

impl fmt::Debug for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callable").field("n_elements", &self.n_elements).finish_non_exhaustive()
    }
}

impl Objective for Callable {
    fn n_elements(&self) -> usize {
        self.n_elements
    }

    fn cost(&self, _element: u32, _n_picks: usize) -> usize {
        READS
    }

    /// Nothing is known of the function but its universe and its value of no picks.
    fn fingerprint(&self) -> u64 {
        crate::rng::mix(self.n_elements as u64) ^ self.empty_value.to_bits()
    }

    fn prefix(self: Arc<Self>) -> Result<Box<dyn Prefix>> {
        Ok(Box::new(Asked { values: vec![self.empty_value], data: self, picks: Vec::new() }))
    }

    fn is_parallel(&self) -> bool {
        false
    }

    fn violations(&self) -> Violations {
        Violations { monotone: self.monotone.load(Relaxed), submodular: self.submodular.load(Relaxed) }
    }
}

struct Asked {
    data: Arc<Callable>,
    picks: Vec<u32>,
    /// f of each prefix.
    values: Vec<f64>,
}

impl Asked {
    /// Gains as they are, for the caller's checks.
    fn ask(&self, len: usize, elements: &[u32], gains: &mut [f64]) -> Result<()> {
        let (oracle, picks) = (&self.data.oracle, &self.picks[..len]);
        if elements.is_empty() {
            return Ok(());
        }
        if oracle.has_gains() {
            oracle.gains(picks, elements, gains)?;
        } else {
            let mut with = picks.to_vec();
            with.push(0);
            for (&element, gain) in elements.iter().zip(&mut *gains) {
                with[len] = element;
                *gain = oracle.value(&with)? - self.values[len];
            }
        }
        for (&element, gain) in elements.iter().zip(gains) {
            // A member adds nothing, whatever rounding says of it.
            *gain = if picks.contains(&element) {
                0.0
            } else {
                self.data.check(element, len, *gain, self.values[len])?
            };
        }
        Ok(())
    }
}

impl Prefix for Asked {
    fn n_picks(&self) -> usize {
        self.picks.len()
    }

    fn push(&mut self, element: u32) -> Result<f64> {
        let gain = self.gain(self.picks.len(), element)?;
        self.values.push(self.values[self.picks.len()] + gain);
        self.picks.push(element);
        Ok(gain)
    }

    fn truncate(&mut self, len: usize) {
        self.picks.truncate(len);
        self.values.truncate(len + 1);
    }

    fn gain(&self, len: usize, element: u32) -> Result<f64> {
        let mut gain = [0.0];
        self.ask(len, &[element], &mut gain)?;
        Ok(gain[0])
    }

    fn gains(&self, len: usize, elements: &[u32], gains: &mut [f64]) -> Result<()> {
        self.ask(len, elements, gains)
    }

    /// All elements are halved at the same time; those that ask about the same prefix share a call.
    #[expect(clippy::cast_possible_truncation, reason = "k fits")]
    fn depths(&self, scan: &mut Scan, elements: &[u32], depths: &mut [u32]) -> Result<()> {
        let Scan { len, threshold, .. } = *scan;
        let mut open: Vec<Open> = Vec::new();
        for (i, depth) in depths.iter().enumerate() {
            if (*depth as usize) <= len {
                open.push(Open { i, worth: *depth as usize, not: len, gain_at_not: 0.0 });
            }
        }
        let asked: Vec<u32> = open.iter().map(|o| elements[o.i]).collect();
        let mut gains = vec![0.0; asked.len()];
        self.ask(len, &asked, &mut gains)?;
        scan.calls.values += asked.len() as u64;
        // For each element: prefixes below `worth` are, that of length `not` is not, with its gain.
        for (o, &gain) in open.iter_mut().zip(&gains) {
            o.gain_at_not = gain;
            if is_worth(gain, threshold) {
                // Closed: at all of them.
                o.worth = len + 1;
            }
        }
        while !open.is_empty() {
            open.retain(|o| {
                depths[o.i] = o.worth as u32;
                o.worth < o.not
            });
            open.sort_unstable_by_key(|o| (o.middle(), o.i));
            for group in open.chunk_by_mut(|a, b| a.middle() == b.middle()) {
                let middle = group[0].middle();
                let asked: Vec<u32> = group.iter().map(|o| elements[o.i]).collect();
                self.ask(middle, &asked, &mut gains[..asked.len()])?;
                scan.calls.values += asked.len() as u64;
                for ((o, &gain), &element) in group.iter_mut().zip(&gains).zip(&asked) {
                    let tolerance = TOLERANCE * self.values[o.not].abs();
                    self.data.check_fall(element, (middle, gain), (o.not, o.gain_at_not), tolerance)?;
                    if is_worth(gain, threshold) {
                        o.worth = middle + 1;
                    } else {
                        (o.not, o.gain_at_not) = (middle, gain);
                    }
                }
            }
        }
        Ok(())
    }
}

/// An element whose depth is not yet known.
struct Open {
    i: usize,
    worth: usize,
    not: usize,
    gain_at_not: f64,
}

impl Open {
    fn middle(&self) -> usize {
        self.worth.midpoint(self.not)
    }
}
