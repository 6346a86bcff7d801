//! How many picks each group must and may have.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | `l_g`, `u_g` | `lower`, `upper` | the fewest and the most picks of group g |
//! | `c_g` | `counts` | its picks so far |
//! | k | `k` | the most picks in all |
//!
//! A set is *extendable* if it can be completed to at most k picks that keep all quotas:
//! `c_g <= u_g` for every g, and `Σ_g max(c_g, l_g) <= k` (El Halabi, Mitrović, Norouzi-Fard, Tardos and Tarnawski,
//! `NeurIPS` 2020).
//!
//! # Extendable sets are the independent sets of a matroid
//! `Σ_g max(c_g, l_g) <= k` says that the picks beyond the lower quotas, `Σ_g max(c_g - l_g, 0)`, are at most
//! `k - Σ_g l_g`. So a set is extendable if and only if it is a set with at most `l_g` of each group, and another with at most
//! `u_g - l_g` of each and `k - Σ_g l_g` in all. Both kinds are matroids (a partition matroid, and one cut off at a size), and
//! the unions of the sets of two matroids are a matroid (Nash-Williams 1966).
//!
//! Every set that keeps the quotas is extendable, and where candidates suffice the largest extendable sets keep them.
//! Hence: adding elements by falling weight, each that leaves the set extendable, gives the heaviest set that keeps the
//! quotas (Rado 1957; Edmonds 1971), and greedy gives half of the optimum of a monotone submodular function (Fisher,
//! Nemhauser and Wolsey 1978).

use crate::error::{Error, Result};
use crate::memory::{try_collect, try_zeroed};

/// The fewest and the most picks of each group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// The group of every element of the universe.
    groups: Vec<u32>,
    lower: Vec<u32>,
    upper: Vec<u32>,
}

impl Quotas {
    /// Quotas for the group of every element. Groups are numbered from 0.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for quotas of different lengths and for a lower one above its upper one;
    /// [`Error::InvalidData`] for a group without quotas.
    pub fn new(groups: Vec<u32>, lower: Vec<u32>, upper: Vec<u32>) -> Result<Self> {
        let n = lower.len();
        if upper.len() != n {
            return Err(Error::argument("upper", format!("must have {n} entries, got {}", upper.len())));
        }
        if let Some(row) = groups.iter().position(|&group| group as usize >= n) {
            return Err(Error::row("groups", row, format!("must be below {n}, got {}", groups[row])));
        }
        if let Some(group) = (0..n).find(|&group| lower[group] > upper[group]) {
            let problem =
                format!("asks for {} of group {group}, but `upper` allows {}", lower[group], upper[group]);
            return Err(Error::argument("lower", problem));
        }
        Ok(Self { groups, lower, upper })
    }

    /// The number of groups.
    #[must_use]
    pub fn n_groups(&self) -> usize {
        self.lower.len()
    }

    /// Refuses quotas that no k of the candidates keep.
    pub(super) fn check(&self, n_elements: usize, candidates: &[u32], k: usize) -> Result<()> {
        if self.groups.len() != n_elements {
            let problem = format!("must have a group per element, {n_elements}, got {}", self.groups.len());
            return Err(Error::argument("groups", problem));
        }
        let mut there: Vec<u32> = try_zeroed("the counts of groups", self.n_groups())?;
        candidates.iter().for_each(|&element| there[self.groups[element as usize] as usize] += 1);
        if let Some(group) = (0..there.len()).find(|&group| self.lower[group] > there[group]) {
            let (lower, there) = (self.lower[group], there[group]);
            let problem = format!("asks for {lower} of group {group}, which has {there} candidates");
            return Err(Error::argument("lower", problem));
        }
        let sum: usize = self.lower.iter().map(|&lower| lower as usize).sum();
        if sum > k {
            return Err(Error::argument("lower", format!("adds up to {sum}, more than k = {k}")));
        }
        Ok(())
    }
}

impl Quotas {
    /// Refuses quotas that no `k` of all elements keep.
    pub(super) fn check_committee(&self, n_elements: usize, k: usize) -> Result<()> {
        let all: Vec<u32> = try_collect("the candidates", n_elements, 0..)?;
        self.check(n_elements, &all, k)?;
        let mut there: Vec<u32> = try_zeroed("the counts of groups", self.n_groups())?;
        self.groups.iter().for_each(|&group| there[group as usize] += 1);
        let most: usize =
            there.iter().zip(&self.upper).map(|(&there, &upper)| there.min(upper) as usize).sum();
        if most < k {
            let problem = format!("allows {most} members in all, fewer than k = {k}");
            return Err(Error::argument("upper", problem));
        }
        Ok(())
    }
}

/// Which groups have a place for another pick, as picks are made.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// None: all elements are one group, of which there may be k.
    quotas: Option<&'a Quotas>,
    k: usize,
    /// k, or the sum of the upper quotas if that is less.
    n_places: usize,
    counts: Vec<u32>,
    n_taken: usize,
    /// `Σ_g max(c_g, l_g)`: picks, and places that are kept for groups that are owed some.
    n_reserved: usize,
}

impl<'a> Places<'a> {
    pub(super) fn new(quotas: Option<&'a Quotas>, k: usize) -> Result<Self> {
        let n_groups = quotas.map_or(0, Quotas::n_groups);
        let n_reserved = quotas.map_or(0, |quotas| quotas.lower.iter().map(|&lower| lower as usize).sum());
        let counts = try_zeroed("the counts of groups", n_groups)?;
        let upper = quotas.map(|quotas| quotas.upper.iter().map(|&upper| upper as usize).sum());
        let n_places = upper.unwrap_or(k).min(k);
        Ok(Self { quotas, k, n_places, counts, n_taken: 0, n_reserved })
    }

    pub(super) fn copy(&self) -> Result<Self> {
        let counts = try_collect("the counts of groups", self.counts.len(), self.counts.iter().copied())?;
        Ok(Self { counts, ..*self })
    }

    /// The number of picks that are possible, as far as quotas go.
    pub(super) fn n_places(&self) -> usize {
        self.n_places
    }

    pub(super) fn is_full(&self) -> bool {
        self.n_taken >= self.n_places
    }

    #[inline]
    pub(super) fn has(&self, element: u32) -> bool {
        let Some(quotas) = self.quotas else { return self.n_taken < self.k };
        let group = quotas.groups[element as usize] as usize;
        let count = self.counts[group];
        count < quotas.lower[group] || (count < quotas.upper[group] && self.n_reserved < self.k)
    }

    /// Gives a place to an element that [`Places::has`] one. True if that closes a group.
    pub(super) fn take(&mut self, element: u32) -> bool {
        self.n_taken += 1;
        let Some(quotas) = self.quotas else { return self.is_full() };
        let group = quotas.groups[element as usize] as usize;
        self.counts[group] += 1;
        let is_beyond = self.counts[group] > quotas.lower[group];
        self.n_reserved += usize::from(is_beyond);
        !self.has(element) || (is_beyond && self.n_reserved == self.k)
    }

    /// Takes back the place of an element.
    pub(super) fn free(&mut self, element: u32) {
        self.n_taken -= 1;
        let Some(quotas) = self.quotas else { return };
        let group = quotas.groups[element as usize] as usize;
        self.n_reserved -= usize::from(self.counts[group] > quotas.lower[group]);
        self.counts[group] -= 1;
    }

    /// Whether some group has fewer picks than it must have.
    pub(super) fn is_owed(&self) -> bool {
        self.quotas.is_some() && self.n_taken < self.n_reserved
    }

    /// From now on there are places only for groups that are owed some.
    pub(super) fn keep_owed(&mut self) {
        self.k = if self.quotas.is_some() { self.n_reserved } else { self.n_taken };
        self.n_places = self.k.min(self.n_places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether some superset of at most k keeps the quotas, by trying all.
    fn can_be_completed(set: usize, quotas: &Quotas, k: usize) -> bool {
        let n = quotas.groups.len();
        let keeps = |all: usize| {
            (0..quotas.n_groups()).all(|group| {
                let count =
                    (0..n).filter(|&e| all >> e & 1 == 1 && quotas.groups[e] as usize == group).count();
                (quotas.lower[group] as usize..=quotas.upper[group] as usize).contains(&count)
            })
        };
        (0..1usize << n).any(|all| all & set == set && all.count_ones() as usize <= k && keeps(all))
    }

    #[test]
    fn there_is_a_place_where_the_picks_can_still_be_completed() {
        let groups = vec![0, 0, 0, 1, 1, 1, 2, 2];
        for (lower, upper) in [
            (vec![0, 0, 0], vec![8, 8, 8]),
            (vec![1, 2, 0], vec![2, 3, 8]),
            (vec![2, 0, 1], vec![2, 1, 2]),
            (vec![0, 3, 0], vec![1, 3, 1]),
        ] {
            let quotas = Quotas::new(groups.clone(), lower, upper).unwrap();
            for k in 3..6 {
                for set in 0..1usize << groups.len() {
                    if !can_be_completed(set, &quotas, k) {
                        continue;
                    }
                    let mut places = Places::new(Some(&quotas), k).unwrap();
                    let members = (0..8).filter(|e| set >> e & 1 == 1);
                    members.clone().for_each(|element| {
                        assert!(places.has(element));
                        places.take(element);
                    });
                    for other in (0..8u32).filter(|e| set >> e & 1 == 0) {
                        let wanted = can_be_completed(set | 1 << other, &quotas, k);
                        assert_eq!(places.has(other), wanted, "{quotas:?} {k} {set:b} {other}");
                    }
                    assert_eq!(places.is_owed(), places.n_reserved > set.count_ones() as usize);
                    members.for_each(|element| places.free(element));
                    assert_eq!(places.n_reserved, quotas.lower.iter().sum::<u32>() as usize);
                }
            }
        }
    }

    #[test]
    fn quotas_that_cannot_be_kept_are_explained() {
        let message = |groups, lower, upper, k| {
            let quotas = Quotas::new(groups, lower, upper);
            quotas.and_then(|quotas| quotas.check(3, &[0, 1, 2], k)).unwrap_err().to_string()
        };
        assert_eq!(message(vec![0, 1, 1], vec![1, 0], vec![1], 2), "`upper` must have 2 entries, got 1");
        assert_eq!(
            message(vec![0, 2, 1], vec![0, 0], vec![1, 1], 2),
            "`groups`, row 1: must be below 2, got 2"
        );
        assert_eq!(
            message(vec![0, 1, 1], vec![0, 2], vec![1, 1], 2),
            "`lower` asks for 2 of group 1, but `upper` allows 1"
        );
        assert_eq!(
            message(vec![0, 1, 1], vec![2, 0], vec![3, 3], 2),
            "`lower` asks for 2 of group 0, which has 1 candidates"
        );
        assert_eq!(
            message(vec![0, 1, 1], vec![1, 2], vec![3, 3], 2),
            "`lower` adds up to 3, more than k = 2"
        );
        assert_eq!(
            message(vec![0, 1], vec![1, 0], vec![3, 3], 2),
            "`groups` must have a group per element, 3, got 2"
        );
    }
}
