//! Sums over half rows.

use super::lanes::{Real, each};
use crate::graph::{GROUP, HalfRows, usize_of};

/// Values of the arcs of all groups.
pub(super) trait Values<T: Real>: Copy {
    fn of_group(self, group: usize) -> [T; GROUP];
}

/// Every arc has value 1.
#[derive(Clone, Copy)]
pub(super) struct Ones;

/// Arcs have values of their own.
#[derive(Clone, Copy)]
pub(super) struct Given<'o>(pub(super) &'o [[f64; GROUP]]);

impl<T: Real> Values<T> for Ones {
    #[inline(always)]
    fn of_group(self, _: usize) -> [T; GROUP] {
        [T::of(1.0); GROUP]
    }
}

impl<T: Real> Values<T> for Given<'_> {
    #[inline(always)]
    fn of_group(self, group: usize) -> [T; GROUP] {
        self.0[group].map(T::of)
    }
}

/// Half rows as plain slices, which inner loops need not look up again.
#[derive(Clone, Copy)]
pub(super) struct Side<'o, V> {
    starts: &'o [u64],
    groups: &'o [[u32; GROUP]],
    values: V,
}

impl<'o, V> Side<'o, V> {
    pub(super) fn new(rows: &'o HalfRows, values: V) -> Self {
        Self { starts: &rows.starts, groups: &rows.groups, values }
    }

    /// The sum of z over the sources of a position's half row. z has one element more than there are positions, a 0
    /// that incomplete groups read.
    #[inline(always)]
    pub(super) fn sum<T: Real, const N: usize>(&self, position: usize, z: &[[T; N]]) -> [T; N]
    where
        V: Values<T>,
    {
        let (start, end) = (usize_of(self.starts[position]), usize_of(self.starts[position + 1]));
        let mut total = sum_of_group(&self.groups[start], self.values.of_group(start), z);
        for group in start + 1..end {
            let more = sum_of_group(&self.groups[group], self.values.of_group(group), z);
            total = each(|l| total[l] + more[l]);
        }
        total
    }
}

#[inline(always)]
fn sum_of_group<T: Real, const N: usize>(sources: &[u32; GROUP], values: [T; GROUP], z: &[[T; N]]) -> [T; N] {
    let at = |k: usize| {
        let z = &z[sources[k] as usize];
        each(|l| z[l] * values[k])
    };
    let (a, b, c, d): ([T; N], [T; N], [T; N], [T; N]) = (at(0), at(1), at(2), at(3));
    each(|l| (a[l] + b[l]) + (c[l] + d[l]))
}
