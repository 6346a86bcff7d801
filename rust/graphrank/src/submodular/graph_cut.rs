//! Graph cut: picks that are like everything and unlike each other.
//!
//! `f(S) = λ Σ_{e in S, u} s_eu - Σ_{e, u in S} s_eu` over all elements u, for symmetric similarities. The gain of v is
//! `λ Σ_u s_vu - s_vv - 2 Σ_{u in I} s_vu`, which is never negative for λ >= 2: smaller values are refused, because no
//! guarantee of this module holds without monotonicity.
//!
//! # Cost
//! O(d) per gain and profile for d similar elements, O(1) per push beyond its gain; 4 bytes per element and guess.

use std::sync::Arc;

use super::objective::{Objective, Prefix};
use super::rows::{Rows, Triples};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{Buffer, try_zeroed};

/// Similarity to all less similarity among the picks.
#[derive(Debug)]
pub struct GraphCut {
    similarities: Rows,
    /// `λ Σ_u s_eu - s_ee`, the gain with no picks.
    singles: Vec<f64>,
}

impl GraphCut {
    /// From triples of element, element and similarity, in both directions. Several entries for the same two are added.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for a code out of range, and for similarities that are negative or not finite;
    /// [`Error::InvalidArgument`] for arrays of wrong lengths, similarities that are not symmetric, and a λ below 2.
    pub fn new(similarities: Triples<'_>, lambda: f64, exec: &Exec) -> Result<Self> {
        if !(lambda >= 2.0 && lambda.is_finite()) {
            let problem = format!("must be at least 2, or gains could be negative; got {lambda}");
            return Err(Error::argument("lambda", problem));
        }
        if similarities.values.is_none() || similarities.n_rows != similarities.n_columns {
            return Err(Error::argument("values", "graph cut needs a square matrix of similarities"));
        }
        let rows = similarities.into_rows(|a, b| a + b, exec)?;
        let mut singles: Vec<f64> = try_zeroed("the values of elements", rows.n_rows())?;
        for (element, single) in (0..).zip(&mut singles) {
            exec.checkpoint(1)?;
            for (other, value) in rows.entries(element) {
                *single += lambda * value - if other == element { value } else { 0.0 };
                let back = rows.columns(other).binary_search(&element).ok();
                let back = back.and_then(|i| rows.entries(other).nth(i));
                if back != Some((element, value)) {
                    let problem = format!(
                        "must be symmetric, but {element}, {other} has {value} and {other}, {element} has {}",
                        back.map_or(0.0, |(_, value)| value)
                    );
                    return Err(Error::argument("values", problem));
                }
            }
        }
        Ok(Self { similarities: rows, singles })
    }
}

impl Objective for GraphCut {
    fn n_elements(&self) -> usize {
        self.singles.len()
    }

    fn cost(&self, element: u32, _n_picks: usize) -> usize {
        self.similarities.n_entries(element)
    }

    fn fingerprint(&self) -> u64 {
        let singles = xxhash_rust::xxh3::xxh3_64(bytemuck::cast_slice(&self.singles));
        self.similarities.fingerprint(singles)
    }

    fn prefix(self: Arc<Self>) -> Result<Box<dyn Prefix>> {
        let order = Buffer::zeroed("the order of picks", self.singles.len())?;
        Ok(Box::new(Cut { data: self, picks: Vec::new(), order }))
    }
}

struct Cut {
    data: Arc<GraphCut>,
    picks: Vec<u32>,
    /// Which pick an element is, counted from 1; 0 for none.
    order: Buffer<u32>,
}

impl Prefix for Cut {
    fn n_picks(&self) -> usize {
        self.picks.len()
    }

    #[expect(clippy::cast_possible_truncation, reason = "picks are different elements")]
    fn push(&mut self, element: u32) -> Result<f64> {
        let gain = self.gain(self.picks.len(), element)?;
        self.picks.push(element);
        self.order[element as usize] = self.picks.len() as u32;
        Ok(gain)
    }

    fn truncate(&mut self, len: usize) {
        for &pick in self.picks.get(len..).unwrap_or_default() {
            self.order[pick as usize] = 0;
        }
        self.picks.truncate(len);
    }

    fn gain(&self, len: usize, element: u32) -> Result<f64> {
        let mut to_picks = 0.0;
        for (other, value) in self.data.similarities.entries(element) {
            let order = self.order[other as usize] as usize;
            if order > 0 && order <= len {
                to_picks += value;
            }
        }
        Ok((self.data.singles[element as usize] - 2.0 * to_picks).max(0.0))
    }

    fn profile(&self, element: u32, scale: f64, drops: &mut [f64]) -> bool {
        let mut to_picks = 0.0;
        for (other, value) in self.data.similarities.entries(element) {
            let order = self.order[other as usize] as usize;
            if order > 0 {
                drops[order - 1] += scale * 2.0 * value;
                to_picks += value;
            }
        }
        drops[self.picks.len()] += scale * (self.data.singles[element as usize] - 2.0 * to_picks).max(0.0);
        true
    }

    fn prefetch(&self, element: u32) {
        self.data.similarities.prefetch(element);
    }
}
