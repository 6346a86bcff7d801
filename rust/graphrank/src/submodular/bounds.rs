//! What candidates gain at most, and the heaviest set of them.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::quotas::Places;
use crate::error::Result;
use crate::memory::{try_reserve, try_with_capacity};

/// A candidate and what it gains at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) gain: f64,
    pub(super) element: u32,
}

impl Ord for Bound {
    /// Of equal gains the lower element is the greater.
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.element.cmp(&self.element))
    }
}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Bound {}

/// Takes the heaviest set for which there are places out of `bounds`, heaviest first. That adding by falling weight finds
/// it is proved in `quotas`.
pub(super) fn take_heaviest(bounds: &mut Vec<Bound>, mut places: Places<'_>) -> Result<Vec<Bound>> {
    let n_places = places.n_places();
    let mut taken = try_with_capacity("the heaviest candidates", n_places.min(bounds.len()))?;
    let mut refused: Vec<Bound> = Vec::new();
    let mut heap = BinaryHeap::from(std::mem::take(bounds));
    while taken.len() < n_places
        && let Some(top) = heap.pop()
    {
        if places.has(top.element) {
            places.take(top.element);
            taken.push(top);
        } else {
            try_reserve("the heaviest candidates", &mut refused, 1)?;
            refused.push(top);
        }
    }
    *bounds = heap.into_vec();
    bounds.append(&mut refused);
    Ok(taken)
}

/// The sum of the gains of some candidates.
pub(super) fn weight(bounds: &[Bound]) -> f64 {
    bounds.iter().fold(0.0, |sum, bound| sum + bound.gain.max(0.0))
}
