//! The scan: bounds of all pairs of a block of queries and a panel of rows.

use super::block::{Block, Lanes};
use super::panel::Panel;
use crate::simd::{Isa, Kernel, LANES, Simd};

/// Offers every row of the panel to every query of the block.
pub(super) fn scan(block: &mut Block<'_>, panel: &Panel<'_>, isa: Isa) {
    match block.lanes {
        Lanes::Queries => isa.run(ScanTiles { block, panel }),
        Lanes::Coordinates => isa.run(ScanOneByOne { block, panel }),
    }
}

/// [`Simd::SUMS`] rows at a time.
struct ScanTiles<'s, 'a, 'p> {
    block: &'s mut Block<'a>,
    panel: &'s Panel<'p>,
}

impl Kernel for ScanTiles<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        match S::SUMS {
            12 => self.tiles::<S, 12>(),
            4 => self.tiles::<S, 4>(),
            _ => self.tiles::<S, 2>(),
        }
    }
}

impl ScanTiles<'_, '_, '_> {
    #[inline(always)]
    fn tiles<S: Simd, const ROWS: usize>(self) {
        let Self { block, panel } = self;
        let (coordinates, _) = panel.tiles.as_chunks::<ROWS>();
        for (t, tile) in coordinates.chunks_exact(block.exact.search.dim).enumerate() {
            let products = products::<S, ROWS>(tile, &block.queries);
            for (at, product) in (t * ROWS..panel.rows.len()).zip(products) {
                let term = panel.terms[at];
                let bounds = S::add(S::splat(term.offset), S::mul(product, S::splat(term.scale)));
                let lanes = S::not_below(bounds, S::load(&block.floors));
                if lanes != 0 {
                    block.offer_to_some(panel.rows[at], lanes, &S::store(bounds));
                }
            }
        }
    }
}

/// Products of some rows with the queries in the lanes.
#[inline(always)]
fn products<S: Simd, const ROWS: usize>(tile: &[[f32; ROWS]], queries: &[[f32; LANES]]) -> [S::Vector; ROWS] {
    let mut sums = [S::splat(0.0); ROWS];
    for (rows, query) in tile.iter().zip(queries) {
        let query = S::load(query);
        for (sum, &x) in sums.iter_mut().zip(rows) {
            *sum = S::add(*sum, S::mul(query, S::splat(x)));
        }
    }
    sums
}

/// Lanes hold coordinates while products are summed, and then the bounds of as many rows.
struct ScanOneByOne<'s, 'a, 'p> {
    block: &'s mut Block<'a>,
    panel: &'s Panel<'p>,
}

impl Kernel for ScanOneByOne<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { block, panel } = self;
        let dim = block.exact.search.dim;
        let padded = dim.next_multiple_of(LANES);
        for (g, vectors) in panel.vectors.chunks(LANES).enumerate() {
            let at = g * LANES..g * LANES + vectors.len();
            for lane in 0..block.n_queries() {
                let mut bounds = [f32::NEG_INFINITY; LANES];
                let query = &block.queries.as_flattened()[lane * padded..][..dim];
                for ((bound, vector), term) in bounds.iter_mut().zip(vectors).zip(&panel.terms[at.clone()]) {
                    *bound = product::<S>(vector, query) * term.scale + term.offset;
                }
                if S::not_below(S::load(&bounds), S::splat(block.floors[lane])) != 0 {
                    block.offer_rows(lane, &panel.rows[at.clone()], &bounds);
                }
            }
        }
    }
}

#[inline(always)]
fn product<S: Simd>(a: &[f32], b: &[f32]) -> f32 {
    let ((blocks_a, rest_a), (blocks_b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = S::splat(0.0);
    for (a, b) in blocks_a.iter().zip(blocks_b) {
        sums = S::add(sums, S::mul(S::load(a), S::load(b)));
    }
    let mut sums = S::store(sums);
    for (sum, (a, b)) in sums.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *sum += a * b;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0]
}
