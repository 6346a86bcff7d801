//! The inner loops of a sweep.

use std::ops::Range;

use crate::graph::{Arcs, usize_of};

/// Terms added one after the other before their sum joins the others: bounds what rounding does to long rows.
pub(super) const BLOCK: usize = 1 << 10;

/// Roundings, relative to itself, in the sum of a row of `len` products.
pub(super) fn roundings_of_row(len: usize) -> usize {
    len.min(BLOCK) + len / BLOCK + 2
}

/// y(v) = `finish` of the sum of z over the sources of v's arcs.
pub(super) fn gather(
    incoming: Arcs<'_>,
    rows: Range<usize>,
    z: &[f64],
    y: &mut [f64],
    finish: impl Fn(f64) -> f64,
) {
    let Arcs { offsets, targets, .. } = incoming;
    for (ends, y) in offsets[rows.start..=rows.end].windows(2).zip(y) {
        let row = &targets[usize_of(ends[0])..usize_of(ends[1])];
        let sum =
            if row.len() <= BLOCK { sum_of(row, z) } else { row.chunks(BLOCK).map(|b| sum_of(b, z)).sum() };
        *y = finish(sum);
    }
}

/// y(v) = `finish` of the sum of z times the arc's probability over the sources of v's arcs.
pub(super) fn gather_weighted(
    incoming: Arcs<'_>,
    rows: Range<usize>,
    z: &[f64],
    probabilities: &[f64],
    y: &mut [f64],
    finish: impl Fn(f64) -> f64,
) {
    let Arcs { offsets, targets, .. } = incoming;
    for (ends, y) in offsets[rows.start..=rows.end].windows(2).zip(y) {
        let arcs = usize_of(ends[0])..usize_of(ends[1]);
        let blocks = targets[arcs.clone()].chunks(BLOCK).zip(probabilities[arcs].chunks(BLOCK));
        *y = finish(blocks.map(|(row, p)| weighted_sum_of(row, p, z)).sum());
    }
}

#[inline(always)]
fn sum_of(row: &[u32], z: &[f64]) -> f64 {
    // Two sums at once, since each addition waits for the one before; more cost short rows what they gain long ones.
    let (pairs, last) = row.as_chunks::<2>();
    let (mut even, mut odd) = (0.0, 0.0);
    for pair in pairs {
        even += z[pair[0] as usize];
        odd += z[pair[1] as usize];
    }
    if let [u] = last {
        even += z[*u as usize];
    }
    even + odd
}

#[inline(always)]
fn weighted_sum_of(row: &[u32], probabilities: &[f64], z: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (&u, &p) in row.iter().zip(probabilities) {
        sum += z[u as usize] * p;
    }
    sum
}

/// Divides each score by its degree, and returns the sum of |score - score before|.
pub(super) fn scale_and_compare(degrees: &[u32], inverses: &[f64], before: &[f64], next: &mut [f64]) -> f64 {
    let step = |degree: u32, inverse: f64, before: f64, next: &mut f64| {
        *next *= inverse;
        (*next - before).abs() * f64::from(degree)
    };
    // Four sums at once: one would wait for each addition before the next.
    let mut lanes = [0.0; 4];
    let (degree_groups, degrees) = degrees.as_chunks::<4>();
    let (inverse_groups, inverses) = inverses.as_chunks::<4>();
    let (before_groups, before) = before.as_chunks::<4>();
    let (next_groups, next) = next.as_chunks_mut::<4>();
    for (((degrees, inverses), before), next) in
        degree_groups.iter().zip(inverse_groups).zip(before_groups).zip(next_groups)
    {
        for i in 0..4 {
            lanes[i] += step(degrees[i], inverses[i], before[i], &mut next[i]);
        }
    }
    let rest = degrees.iter().zip(inverses).zip(before).zip(next);
    let rest = rest.map(|(((&degree, &inverse), &before), next)| step(degree, inverse, before, next));
    rest.sum::<f64>() + lanes.iter().sum::<f64>()
}

/// The sum of |score - score before|.
pub(super) fn compare(before: &[f64], next: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (before_groups, before) = before.as_chunks::<4>();
    let (next_groups, next) = next.as_chunks::<4>();
    for (before, next) in before_groups.iter().zip(next_groups) {
        for i in 0..4 {
            lanes[i] += (next[i] - before[i]).abs();
        }
    }
    let rest = before.iter().zip(next).map(|(before, next)| (next - before).abs());
    rest.sum::<f64>() + lanes.iter().sum::<f64>()
}
