//! A number per column that changes as picks are added, and what it was before each of them.
//!
//! Changes lie on one stack in the order of the picks; each knows the one before it in its column. Picks are taken back
//! by popping. The numbers of all prefixes are met by walking down from the last change.

use crate::error::Result;
use crate::memory::{Buffer, try_reserve};

pub(crate) struct Staircase {
    /// The number now.
    tops: Buffer<f64>,
    /// The last change of a column, counted from 1; 0 for none.
    heads: Buffer<u32>,
    changes: Vec<Change>,
    /// Number of changes before each pick.
    starts: Vec<usize>,
}

/// What a column was before a pick.
#[derive(Clone, Copy)]
struct Change {
    value: f64,
    column: u32,
    pick: u32,
    /// The change before it in this column, as in [`Staircase::heads`].
    previous: u32,
}

impl Staircase {
    pub(crate) fn new(n_columns: usize) -> Result<Self> {
        Ok(Self {
            tops: Buffer::zeroed("the values of picks", n_columns)?,
            heads: Buffer::zeroed("the values of picks", n_columns)?,
            changes: Vec::new(),
            starts: Vec::new(),
        })
    }

    pub(crate) fn n_picks(&self) -> usize {
        self.starts.len()
    }

    /// Begins a pick that changes at most so many columns.
    pub(crate) fn begin(&mut self, n_changes: usize) -> Result<()> {
        try_reserve("the values of picks", &mut self.changes, n_changes)?;
        self.starts.push(self.changes.len());
        Ok(())
    }

    /// Changes a column by the pick that was begun last.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "picks are elements; changes are of picks that are in memory"
    )]
    pub(crate) fn set(&mut self, column: u32, value: f64) {
        let i = column as usize;
        let pick = self.starts.len() as u32 - 1;
        self.changes.push(Change { value: self.tops[i], column, pick, previous: self.heads[i] });
        self.heads[i] = self.changes.len() as u32;
        self.tops[i] = value;
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        let Some(&start) = self.starts.get(len) else { return };
        while self.changes.len() > start {
            let Some(change) = self.changes.pop() else { return };
            self.tops[change.column as usize] = change.value;
            self.heads[change.column as usize] = change.previous;
        }
        self.starts.truncate(len);
    }

    #[inline(always)]
    pub(crate) fn top(&self, column: u32) -> f64 {
        self.tops[column as usize]
    }

    /// The number after the first `len` picks.
    #[inline]
    pub(crate) fn after(&self, len: usize, column: u32) -> f64 {
        if len >= self.starts.len() {
            return self.top(column);
        }
        let later = self.before(column).take_while(|&(pick, _)| pick >= len).last();
        later.map_or(self.top(column), |(_, value)| value)
    }

    /// From the last to the first, the picks that changed a column and the number before them.
    #[inline(always)]
    pub(crate) fn before(&self, column: u32) -> impl Iterator<Item = (usize, f64)> {
        let mut head = self.heads[column as usize];
        std::iter::from_fn(move || {
            let change = self.changes.get((head as usize).wrapping_sub(1))?;
            head = change.previous;
            Some((change.pick as usize, change.value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_has_its_numbers_and_picks_can_be_taken_back() {
        let mut stairs = Staircase::new(3).unwrap();
        for changes in [&[(0, 1.0), (1, 5.0)][..], &[], &[(0, 2.0)], &[(2, 7.0), (0, 4.0)]] {
            stairs.begin(changes.len()).unwrap();
            changes.iter().for_each(|&(column, value)| stairs.set(column, value));
        }
        let all = |stairs: &Staircase, len| [0, 1, 2].map(|column| stairs.after(len, column));
        let wanted = [[0.0, 0.0, 0.0], [1.0, 5.0, 0.0], [1.0, 5.0, 0.0], [2.0, 5.0, 0.0], [4.0, 5.0, 7.0]];
        for (len, wanted) in wanted.iter().enumerate() {
            assert_eq!(all(&stairs, len), *wanted);
        }
        for len in (0..4).rev() {
            stairs.truncate(len);
            assert_eq!((stairs.n_picks(), all(&stairs, len)), (len, wanted[len]));
        }
        assert!(stairs.changes.is_empty());
    }
}
