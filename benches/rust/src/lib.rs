//! Generated graphs, the same on every machine.

use graphrank::rng::{Domain, Xoshiro256PlusPlus, stream};
use rand_core::Rng;

/// Edges as two columns of ids.
pub type Columns = (Vec<i64>, Vec<i64>);

/// Edges drawn per stream: generation could be split over threads without changing a bit.
const PER_STREAM: usize = 1 << 16;

/// An R-MAT graph of `2^scale` nodes (Chakrabarti, Zhan and Faloutsos, SDM 2004) with the usual quadrant
/// probabilities .57, .19, .19, .05: few nodes with many edges, many with few, and some without.
#[must_use]
pub fn rmat(scale: u32, n_edges: usize, seed: u64) -> Columns {
    generate(n_edges, seed, |rng| {
        let (mut src, mut dst) = (0, 0);
        for _ in 0..scale {
            let quadrant = rng.next_u64() >> 32;
            let share = |percent: u64| (percent << 32) / 100;
            let (down, right) = match quadrant {
                q if q < share(57) => (0, 0),
                q if q < share(76) => (0, 1),
                q if q < share(95) => (1, 0),
                _ => (1, 1),
            };
            (src, dst) = (src << 1 | down, dst << 1 | right);
        }
        (src, dst)
    })
}

/// Ends drawn uniformly from `0..n_ids`: the worst case for caches.
#[must_use]
pub fn uniform(n_ids: u32, n_edges: usize, seed: u64) -> Columns {
    generate(n_edges, seed, |rng| {
        let mut id = || i64::from(u32::try_from(rng.next_u64() % u64::from(n_ids)).unwrap_or(0));
        (id(), id())
    })
}

/// Numbers about normal, of mean 0 and variance 1/3: vectors of them point anywhere.
#[must_use]
pub fn normals(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = stream(seed, Domain::Generator, 0);
    let mut number = || {
        let bits = rng.next_u64();
        let parts = [bits, bits >> 16, bits >> 32, bits >> 48].map(|part| f32::from((part & 0xffff) as u16));
        parts.iter().sum::<f32>() / 65536.0 - 2.0
    };
    (0..n).map(|_| number()).collect()
}

fn generate(
    n_edges: usize,
    seed: u64,
    mut edge: impl FnMut(&mut Xoshiro256PlusPlus) -> (i64, i64),
) -> Columns {
    let mut columns = (Vec::with_capacity(n_edges), Vec::with_capacity(n_edges));
    for (first, unit) in (0..n_edges).step_by(PER_STREAM).zip(0u64..) {
        let mut rng = stream(seed, Domain::Generator, unit);
        for _ in first..n_edges.min(first + PER_STREAM) {
            let (src, dst) = edge(&mut rng);
            columns.0.push(src);
            columns.1.push(dst);
        }
    }
    columns
}
