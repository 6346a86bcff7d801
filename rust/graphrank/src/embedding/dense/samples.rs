//! Matrices to test with.

use std::sync::Arc;

use rand_xoshiro::rand_core::Rng;

use super::{LANES, Square};
use crate::exec::Exec;
use crate::rng::{Domain, stream};

/// Numbers between -1 and 1.
pub(super) fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut rng = stream(seed, Domain::Generator, 0);
    move || (rng.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// A tall matrix; what fills up its last group is zero.
#[expect(clippy::cast_possible_truncation, reason = "any 32-bit numbers will do")]
pub(crate) fn tall(seed: u64, n_rows: usize, dim: usize) -> Vec<[f32; LANES]> {
    let mut number = numbers(seed);
    let mut groups = vec![[0.0; LANES]; n_rows * dim.div_ceil(LANES)];
    for row in groups.chunks_mut(dim.div_ceil(LANES)) {
        row.as_flattened_mut()[..dim].fill_with(|| number() as f32);
    }
    groups
}

pub(super) fn square(order: usize, mut entry: impl FnMut(usize, usize) -> f64) -> Square {
    let mut square = Square::zeroed(order).unwrap();
    for i in 0..order {
        for j in 0..order {
            square[(i, j)] = entry(i, j);
        }
    }
    square
}

pub(super) fn symmetric(seed: u64, order: usize) -> Square {
    let mut number = numbers(seed);
    let any = square(order, |_, _| number());
    square(order, |i, j| any[(i.min(j), i.max(j))])
}

/// `left`ᵀ · `right`, term by term.
pub(super) fn transposed_product(left: &Square, right: &Square) -> Square {
    let order = left.order();
    square(order, |i, j| (0..order).map(|k| left[(k, i)] * right[(k, j)]).sum())
}

/// The largest difference of two entries.
pub(super) fn distance(left: &Square, right: &Square) -> f64 {
    assert_eq!(left.order(), right.order());
    let rows = (0..left.order()).flat_map(|i| left.row(i).iter().zip(right.row(i)));
    rows.fold(0.0, |most, (x, y)| if (x - y).abs() <= most { most } else { (x - y).abs() })
}

pub(crate) fn exec(n_threads: usize) -> Exec {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
    Exec::default().with_pool(Arc::new(pool))
}
