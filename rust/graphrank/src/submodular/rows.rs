//! The data of most objectives: for each element a row of columns (items, clients, features) with values.

use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{Buffer, try_with_capacity, try_zeroed};

/// Entries of a table as they come: row, column, value.
#[derive(Clone, Copy, Debug)]
pub struct Triples<'a> {
    /// Number of elements.
    pub n_rows: usize,
    /// Number of items, clients or features.
    pub n_columns: usize,
    /// Element of each entry.
    pub rows: &'a [u32],
    /// Item, client or feature of each entry.
    pub columns: &'a [u32],
    /// Value of each entry; 1 where there are none.
    pub values: Option<&'a [f64]>,
}

/// Rows with rising columns, each once.
#[derive(Debug)]
pub(crate) struct Rows {
    offsets: Vec<u64>,
    columns: Buffer<u32>,
    /// Empty where every value is 1.
    values: Buffer<f64>,
    n_columns: usize,
}

/// Entries checked or sorted between two checkpoints, about a millisecond of work.
const STEP: usize = 1 << 16;

impl Triples<'_> {
    /// Rows that have values, the largest of several for one place.
    pub(super) fn with_values(self, exec: &Exec) -> Result<Rows> {
        if self.values.is_some() {
            return self.into_rows(f64::max, exec);
        }
        let mut ones = try_with_capacity("the values of an objective", self.rows.len())?;
        ones.resize(self.rows.len(), 1.0);
        Triples { values: Some(&ones), ..self }.into_rows(f64::max, exec)
    }

    /// Sorts the entries into rows; `merge` makes one value of two for the same row and column.
    pub(super) fn into_rows(self, merge: impl Fn(f64, f64) -> f64, exec: &Exec) -> Result<Rows> {
        self.check(exec)?;
        let mut offsets: Vec<u64> = try_zeroed("the rows of an objective", self.n_rows + 1)?;
        self.rows.iter().for_each(|&row| offsets[row as usize + 1] += 1);
        (0..self.n_rows).for_each(|row| offsets[row + 1] += offsets[row]);
        let mut next = try_with_capacity("the rows of an objective", self.n_rows)?;
        next.extend_from_slice(&offsets[..self.n_rows]);
        let mut columns = Buffer::zeroed("the rows of an objective", self.rows.len())?;
        let n_values = self.values.map_or(0, <[f64]>::len);
        let mut values = Buffer::zeroed("the values of an objective", n_values)?;
        for (i, &row) in self.rows.iter().enumerate() {
            if i.is_multiple_of(STEP) {
                exec.checkpoint(STEP as u64)?;
            }
            let to = at(next[row as usize]);
            next[row as usize] += 1;
            columns[to] = self.columns[i];
            if let Some(given) = self.values {
                values[to] = given[i];
            }
        }
        let mut rows = Rows { offsets, columns, values, n_columns: self.n_columns };
        rows.sort_and_merge(merge, exec)?;
        Ok(rows)
    }

    fn check(&self, exec: &Exec) -> Result<()> {
        check_universe(self.n_rows)?;
        check_universe(self.n_columns)?;
        if self.columns.len() != self.rows.len() {
            let problem =
                format!("must have an entry per row, {}, got {}", self.rows.len(), self.columns.len());
            return Err(Error::argument("columns", problem));
        }
        check_codes("rows", self.rows, self.n_rows, exec)?;
        check_codes("columns", self.columns, self.n_columns, exec)?;
        self.values.map_or(Ok(()), |values| check_weights("values", values, self.rows.len(), exec))
    }
}

impl Rows {
    #[inline]
    pub(crate) fn columns(&self, row: u32) -> &[u32] {
        &self.columns[self.range(row)]
    }

    /// Columns and values; for rows that have values.
    #[inline]
    pub(crate) fn entries(&self, row: u32) -> impl Iterator<Item = (u32, f64)> {
        let range = self.range(row);
        self.columns[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    pub(crate) fn values_mut(&mut self, row: u32) -> (&[u32], &mut [f64]) {
        let range = self.range(row);
        (&self.columns[range.clone()], &mut self.values[range])
    }

    pub(crate) fn n_entries(&self, row: u32) -> usize {
        self.range(row).len()
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Asks for a row to be brought near.
    #[inline]
    pub(crate) fn prefetch(&self, row: u32) {
        let start = self.range(row).start;
        crate::simd::prefetch(self.columns.as_ptr().wrapping_add(start), 1);
        if !self.values.is_empty() {
            crate::simd::prefetch(self.values.as_ptr().wrapping_add(start), 1);
        }
    }

    pub(crate) fn fingerprint(&self, salt: u64) -> u64 {
        let mut hash = Xxh3::with_seed(salt);
        hash.update(bytemuck::cast_slice(&self.offsets));
        hash.update(bytemuck::cast_slice(&self.columns));
        hash.update(bytemuck::cast_slice(&self.values));
        hash.update(&(self.n_columns as u64).to_le_bytes());
        hash.digest()
    }

    #[inline]
    fn range(&self, row: u32) -> std::ops::Range<usize> {
        at(self.offsets[row as usize])..at(self.offsets[row as usize + 1])
    }

    /// Rows are moved down over the entries that merging frees.
    fn sort_and_merge(&mut self, merge: impl Fn(f64, f64) -> f64, exec: &Exec) -> Result<()> {
        let (mut to, mut start) = (0, 0);
        let mut row_entries: Vec<(u32, f64)> = Vec::new();
        let has_values = !self.values.is_empty();
        for row in 0..self.n_rows() {
            let end = at(self.offsets[row + 1]);
            if row.is_multiple_of(STEP / 16) {
                exec.checkpoint((STEP / 16) as u64)?;
            }
            row_entries.clear();
            row_entries.extend(
                (start..end).map(|i| (self.columns[i], if has_values { self.values[i] } else { 1.0 })),
            );
            if !row_entries.is_sorted_by_key(|entry| entry.0) {
                // Stable: values of one column are merged in the order in which they came.
                row_entries.sort_by_key(|entry| entry.0);
            }
            row_entries.dedup_by(|later, first| {
                let is_same = later.0 == first.0;
                if is_same {
                    first.1 = merge(first.1, later.1);
                }
                is_same
            });
            for &(column, value) in &row_entries {
                self.columns[to] = column;
                if has_values {
                    self.values[to] = value;
                }
                to += 1;
            }
            start = end;
            self.offsets[row + 1] = to as u64;
        }
        if to < self.columns.len() {
            self.columns = Buffer::Heap(self.columns[..to].to_vec());
            self.values = Buffer::Heap(self.values[..if has_values { to } else { 0 }].to_vec());
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an index of an array that is in memory")]
#[inline]
fn at(offset: u64) -> usize {
    offset as usize
}

/// Codes are 32 bits, and one of them means none.
pub(super) fn check_universe(n: usize) -> Result<()> {
    if u32::try_from(n).is_ok_and(|n| n < u32::MAX) {
        return Ok(());
    }
    Err(Error::argument("n_elements", format!("must be below {}, got {n}", u32::MAX)))
}

pub(super) fn check_codes(argument: &'static str, codes: &[u32], n: usize, exec: &Exec) -> Result<()> {
    for (first, step) in (0..).step_by(STEP).zip(codes.chunks(STEP)) {
        exec.checkpoint(step.len() as u64)?;
        if let Some(i) = step.iter().position(|&code| code as usize >= n) {
            return Err(Error::row(argument, first + i, format!("must be below {n}, got {}", step[i])));
        }
    }
    Ok(())
}

/// Finite and not negative, `len` of them.
pub(super) fn check_weights(argument: &'static str, weights: &[f64], len: usize, exec: &Exec) -> Result<()> {
    if weights.len() != len {
        return Err(Error::argument(argument, format!("must have {len} entries, got {}", weights.len())));
    }
    for (first, step) in (0..).step_by(STEP).zip(weights.chunks(STEP)) {
        exec.checkpoint(step.len() as u64)?;
        if let Some(i) = step.iter().position(|weight| !weight.is_finite() || *weight < 0.0) {
            let problem = format!("must be finite and not negative, got {}", step[i]);
            return Err(Error::row(argument, first + i, problem));
        }
    }
    Ok(())
}

/// Weights of columns: checked and copied, 1 where there are none.
pub(super) fn column_weights(weights: Option<&[f64]>, n: usize, exec: &Exec) -> Result<Vec<f64>> {
    let mut copy = try_with_capacity("the weights of an objective", n)?;
    match weights {
        Some(weights) => {
            check_weights("weights", weights, n, exec)?;
            copy.extend_from_slice(weights);
        }
        None => copy.resize(n, 1.0),
    }
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_into_rows_and_merged() {
        let triples = Triples {
            n_rows: 3,
            n_columns: 5,
            rows: &[2, 0, 2, 0, 2],
            columns: &[4, 1, 0, 1, 4],
            values: Some(&[1.0, 2.0, 3.0, 4.0, 5.0]),
        };
        let rows = triples.into_rows(f64::max, &Exec::default()).unwrap();
        assert_eq!(rows.entries(0).collect::<Vec<_>>(), [(1, 4.0)]);
        assert_eq!(rows.columns(1), [0u32; 0]);
        assert_eq!(rows.entries(2).collect::<Vec<_>>(), [(0, 3.0), (4, 5.0)]);
        let error = Triples { columns: &[4, 1, 5, 1, 4], ..triples }.into_rows(f64::max, &Exec::default());
        assert_eq!(error.unwrap_err().to_string(), "`columns`, row 2: must be below 5, got 5");
        for bad in [f64::NAN, -1.0, f64::INFINITY] {
            let error = Triples { values: Some(&[1.0, 2.0, bad, 4.0, 5.0]), ..triples };
            let message = error.into_rows(f64::max, &Exec::default()).unwrap_err().to_string();
            assert!(message.starts_with("`values`, row 2: must be finite"), "{message}");
        }
    }
}
