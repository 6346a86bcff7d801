//! Facility location: how well every client is served by the pick that is best for it.
//!
//! `f(S) = Σ_c w_c max_{e in S} s_ec`, with similarities s >= 0; a pair that is not given has 0. The clients are fixed, as
//! are their weights: which elements are candidates says nothing about whom they must serve.
//!
//! A client remembers its best similarity and what it was before each pick that raised it. Along a random order a client
//! of d candidates rises O(log d) times, so a profile costs little more than a gain.
//!
//! # Cost
//! O(d) per gain at all picks and per push for an element with d clients, O(d·rises) per profile.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::mixture::Mixture;
use super::objective::{Objective, Prefix, add_drops};
use super::rows::{Rows, Triples, check_weights, column_weights};
use super::staircase::Staircase;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::try_with_capacity;

/// Weight of clients times the similarity of the pick that serves them best.
#[derive(Debug)]
pub struct FacilityLocation {
    similarities: Rows,
    weights: Vec<f64>,
}

impl FacilityLocation {
    /// From triples of element, client and similarity; of two for one pair the larger counts.
    ///
    /// # Errors
    /// [`crate::Error::InvalidData`] for a code out of range and for a similarity or weight that is negative or not
    /// finite; [`crate::Error::InvalidArgument`] for arrays of wrong lengths.
    pub fn new(similarities: Triples<'_>, weights: Option<&[f64]>, exec: &Exec) -> Result<Self> {
        let n_clients = similarities.n_columns;
        let similarities = similarities.with_values(exec)?;
        Ok(Self { similarities, weights: column_weights(weights, n_clients, exec)? })
    }

    /// The same where a client gets no more than its cap from any pick.
    ///
    /// # Errors
    /// As [`FacilityLocation::new`].
    pub fn capped(
        similarities: Triples<'_>,
        weights: Option<&[f64]>,
        caps: &[f64],
        exec: &Exec,
    ) -> Result<Self> {
        check_weights("caps", caps, similarities.n_columns, exec)?;
        let mut objective = Self::new(similarities, weights, exec)?;
        for element in (0..).take(objective.similarities.n_rows()) {
            let (clients, values) = objective.similarities.values_mut(element);
            for (&client, value) in clients.iter().zip(values) {
                *value = value.min(caps[client as usize]);
            }
        }
        Ok(objective)
    }
}

impl Objective for FacilityLocation {
    fn n_elements(&self) -> usize {
        self.similarities.n_rows()
    }

    fn cost(&self, element: u32, _n_picks: usize) -> usize {
        self.similarities.n_entries(element)
    }

    fn fingerprint(&self) -> u64 {
        self.similarities.fingerprint(xxh3_64_with_seed(bytemuck::cast_slice(&self.weights), 2))
    }

    fn prefix(self: Arc<Self>) -> Result<Box<dyn Prefix>> {
        let best = Staircase::new(self.similarities.n_columns())?;
        Ok(Box::new(Served { data: self, best }))
    }
}

/// What speaks to queries: `Σ_q max_{e in S} s_qe + η Σ_{e in S} max_q s_qe`, how well the picks cover the queries and how
/// well the queries cover each pick (the mutual information of facility location; Iyer, Khargonkar, Bilmes and Asnani,
/// ALT 2021). Triples are of element, query and similarity.
///
/// # Errors
/// As [`FacilityLocation::new`]; [`Error::InvalidArgument`] for an `eta` that is negative or not finite.
pub fn query_facility_location(similarities: Triples<'_>, eta: f64, exec: &Exec) -> Result<Mixture> {
    if !eta.is_finite() || eta < 0.0 {
        return Err(Error::argument("eta", format!("must be finite and not negative, got {eta}")));
    }
    let covered = FacilityLocation::new(similarities, None, exec)?;
    let n = covered.n_elements();
    // A client of its own for each element: what it brings, whoever else is picked.
    let mut codes = try_with_capacity("the elements of an objective", n)?;
    codes.extend((0..).take(n).map(|element: u32| element));
    let mut values = try_with_capacity("the elements of an objective", n)?;
    let best = |element| covered.similarities.entries(element).map(|(_, value)| value).fold(0.0, f64::max);
    values.extend(codes.iter().map(|&element| best(element)));
    let own = Triples { n_rows: n, n_columns: n, rows: &codes, columns: &codes, values: Some(&values) };
    let own = FacilityLocation::new(own, None, exec)?;
    Mixture::new(vec![(1.0, Arc::new(covered)), (eta, Arc::new(own))])
}

struct Served {
    data: Arc<FacilityLocation>,
    best: Staircase,
}

impl Prefix for Served {
    fn n_picks(&self) -> usize {
        self.best.n_picks()
    }

    fn push(&mut self, element: u32) -> Result<f64> {
        let mut gain = 0.0;
        self.best.begin(self.data.similarities.columns(element).len())?;
        for (client, similarity) in self.data.similarities.entries(element) {
            let best = self.best.top(client);
            if similarity > best {
                gain += self.data.weights[client as usize] * (similarity - best);
                self.best.set(client, similarity);
            }
        }
        Ok(gain)
    }

    fn truncate(&mut self, len: usize) {
        self.best.truncate(len);
    }

    fn gain(&self, len: usize, element: u32) -> Result<f64> {
        let entries = self.data.similarities.entries(element);
        let gain = |(client, similarity): (u32, f64)| {
            self.data.weights[client as usize] * (similarity - self.best.after(len, client)).max(0.0)
        };
        Ok(entries.map(gain).sum())
    }

    fn profile(&self, element: u32, scale: f64, drops: &mut [f64]) -> bool {
        for (client, similarity) in self.data.similarities.entries(element) {
            let now = (similarity - self.best.top(client)).max(0.0);
            let before = self.best.before(client).map(|(pick, best)| (pick, (similarity - best).max(0.0)));
            add_drops(drops, scale * self.data.weights[client as usize], now, before);
        }
        true
    }

    fn prefetch(&self, element: u32) {
        self.data.similarities.prefetch(element);
    }
}
