//! Facility location on a full matrix of similarities.
//!
//! `f(S) = Σ_c max(s_ec over e in S)`, as in `facility`, with a row of 32-bit similarities per element. How well clients are
//! served is kept as a row per prefix, so a gain at any prefix is one pass over two rows.
//!
//! # Cost
//! O(c) per gain and push for c clients; a gain reads 4c bytes of similarities, in a row, beside a row that stays in the
//! cache. 4c bytes per pick and guess. Sums are of 64 bits, 16 at a time in a fixed order: the same on any processor.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::objective::{Objective, Prefix};
use super::rows::check_universe;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{Buffer, try_reserve, try_zeroed};
use crate::simd::{Isa, Kernel, LANES, Simd};

/// Similarity of clients to their best picks.
#[derive(Debug)]
pub struct DenseFacilityLocation {
    n_elements: usize,
    n_clients: usize,
    similarities: Buffer<f32>,
}

/// Entries copied between two checkpoints, about a millisecond of work.
const STEP: usize = 1 << 20;

impl DenseFacilityLocation {
    /// From a matrix with a row per element and a column per client, which is copied.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for a similarity that is negative or not finite, [`Error::InvalidArgument`] for a matrix of
    /// another size.
    pub fn new(n_elements: usize, n_clients: usize, similarities: &[f32], exec: &Exec) -> Result<Self> {
        check_universe(n_elements)?;
        if n_elements.checked_mul(n_clients) != Some(similarities.len()) {
            let problem =
                format!("must have {n_elements} times {n_clients} entries, got {}", similarities.len());
            return Err(Error::argument("similarities", problem));
        }
        let mut copy = Buffer::zeroed("the similarities", similarities.len())?;
        let steps = similarities.chunks(STEP).zip(copy.chunks_mut(STEP)).collect();
        let is_sound = exec.map_items(steps, |_, (from, to)| {
            exec.checkpoint(from.len() as u64)?;
            Ok(Isa::best().run(Copy { from, to }))
        })?;
        if is_sound.contains(&false)
            && let Some(at) = similarities.iter().position(|entry| !entry.is_finite() || *entry < 0.0)
        {
            let problem = format!("must be finite and not negative, got {}", similarities[at]);
            return Err(Error::row("similarities", at / n_clients, problem));
        }
        Ok(Self { n_elements, n_clients, similarities: copy })
    }

    fn row(&self, element: u32) -> &[f32] {
        let start = element as usize * self.n_clients;
        &self.similarities[start..start + self.n_clients]
    }
}

impl Objective for DenseFacilityLocation {
    fn n_elements(&self) -> usize {
        self.n_elements
    }

    fn cost(&self, _element: u32, _n_picks: usize) -> usize {
        self.n_clients
    }

    fn fingerprint(&self) -> u64 {
        xxh3_64_with_seed(bytemuck::cast_slice(&self.similarities), self.n_clients as u64)
    }

    fn prefix(self: Arc<Self>) -> Result<Box<dyn Prefix>> {
        let served = try_zeroed("how clients are served", self.n_clients)?;
        Ok(Box::new(Served { data: self, served, n_picks: 0 }))
    }
}

struct Served {
    data: Arc<DenseFacilityLocation>,
    /// A row per prefix.
    served: Vec<f32>,
    n_picks: usize,
}

impl Served {
    fn after(&self, len: usize) -> &[f32] {
        let n = self.data.n_clients;
        &self.served[len * n..][..n]
    }
}

impl Prefix for Served {
    fn n_picks(&self) -> usize {
        self.n_picks
    }

    fn push(&mut self, element: u32) -> Result<f64> {
        let gain = self.gain(self.n_picks, element)?;
        let n = self.data.n_clients;
        try_reserve("how clients are served", &mut self.served, n)?;
        let start = self.n_picks * n;
        self.served.extend_from_within(start..start + n);
        let row = &mut self.served[start + n..];
        row.iter_mut().zip(self.data.row(element)).for_each(|(best, &s)| *best = best.max(s));
        self.n_picks += 1;
        Ok(gain)
    }

    fn truncate(&mut self, len: usize) {
        if len < self.n_picks {
            self.n_picks = len;
            self.served.truncate((len + 1) * self.data.n_clients);
        }
    }

    fn gain(&self, len: usize, element: u32) -> Result<f64> {
        Ok(Isa::best().run(Gain { row: self.data.row(element), served: self.after(len) }))
    }
}

/// Copies, and says whether all is finite and not negative.
struct Copy<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl Kernel for Copy<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self) -> bool {
        let mut is_sound = true;
        for (to, &from) in self.to.iter_mut().zip(self.from) {
            *to = from;
            // Not a range that contains it: that would be a jump, and no vector.
            is_sound &= from >= 0.0;
            is_sound &= from < f32::INFINITY;
        }
        is_sound
    }
}

/// Σ max(0, row - served).
struct Gain<'a> {
    row: &'a [f32],
    served: &'a [f32],
}

impl Kernel for Gain<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        let mut sums = [0.0f64; LANES];
        let (rows, rest) = self.row.as_chunks::<LANES>();
        let (served, served_rest) = self.served.as_chunks::<LANES>();
        for (row, served) in rows.iter().zip(served) {
            for i in 0..LANES {
                let best = if row[i] > served[i] { row[i] } else { served[i] };
                sums[i] += f64::from(best) - f64::from(served[i]);
            }
        }
        for i in 0..rest.len() {
            let best = if rest[i] > served_rest[i] { rest[i] } else { served_rest[i] };
            sums[i] += f64::from(best) - f64::from(served_rest[i]);
        }
        let mut sum = 0.0;
        for lane in sums {
            sum += lane;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_similarities_name_their_row() {
        for bad in [f32::NAN, f32::INFINITY, -1e-30] {
            let mut all = vec![0.5f32; 3 * 40];
            all[2 * 40 + 7] = bad;
            let error = DenseFacilityLocation::new(3, 40, &all, &Exec::default()).unwrap_err().to_string();
            let wanted = format!("`similarities`, row 2: must be finite and not negative, got {bad}");
            assert_eq!(error, wanted);
        }
        assert!(DenseFacilityLocation::new(3, 40, &[0.0; 3 * 40], &Exec::default()).is_ok());
        assert!(DenseFacilityLocation::new(2, 0, &[], &Exec::default()).is_ok());
        let error = DenseFacilityLocation::new(3, 40, &[0.0; 3], &Exec::default()).unwrap_err().to_string();
        assert_eq!(error, "`similarities` must have 3 times 40 entries, got 3");
    }

    #[test]
    fn gains_have_the_same_bits_by_every_instruction_set() {
        let number = |i: u64| ((crate::rng::mix(i) >> 40) as f32) / 1e6;
        for len in [0, 1, 15, 16, 17, 100] {
            let row: Vec<f32> = (0..len).map(number).collect();
            let served: Vec<f32> = (len..2 * len).map(number).collect();
            let wanted: f64 =
                row.iter().zip(&served).map(|(&a, &b)| (f64::from(a) - f64::from(b)).max(0.0)).sum();
            let all: Vec<f64> =
                Isa::available().iter().map(|isa| isa.run(Gain { row: &row, served: &served })).collect();
            assert!((all[0] - wanted).abs() <= 1e-12 * wanted);
            assert!(all.iter().all(|gain| gain.to_bits() == all[0].to_bits()), "{all:?}");
        }
    }
}
