//! The scan: bounds of all pairs of a block of queries and a panel of rows.

use super::prepare::{NeighborSearch, Term, single};
use super::score::{Target, square};
use super::select::{Exact, Near, Selection};
use super::vectors::Vectors;
use crate::error::Result;
use crate::memory::{try_collect, try_with_capacity, try_zeroed};
use crate::simd::{Isa, Kernel, LANES, Simd};

/// So few queries are scanned one by one.
const FEW: usize = 4;

/// Up to 16 queries, and the best rows of each so far.
pub(super) struct Block<'a> {
    exact: Exact<'a>,
    /// Coordinates of the queries times their weights, a register per coordinate; or, of few queries, one after another.
    turned: Vec<[f32; LANES]>,
    few: Vec<f32>,
    /// The queries as they are, for exact scores.
    raw: Vec<f32>,
    squares: Vec<f64>,
    /// The row that a query is, which is not its own neighbour.
    own: Vec<Option<u32>>,
    /// None: nothing is nearer to the query than anything else.
    selections: Vec<Option<Selection>>,
    floors: [f32; LANES],
}

impl<'a> Block<'a> {
    /// The queries in rows `rows` of `queries`, at most 16.
    pub(super) fn new(
        exact: Exact<'a>,
        queries: &Vectors<'_>,
        rows: &[u32],
        own: Vec<Option<u32>>,
        k: usize,
    ) -> Result<Self> {
        let dim = queries.dim();
        let mut raw = try_zeroed("queries", rows.len() * dim)?;
        for (&row, raw) in rows.iter().zip(raw.chunks_exact_mut(dim)) {
            queries.copy_row(row as usize, raw);
        }
        let squares: Vec<f64> = raw.chunks_exact(dim).map(square).collect();
        let targets = raw.chunks_exact(dim).zip(&squares);
        let scalings = targets.map(|(vector, &square)| exact.search.scaling(Target { vector, square }));
        let scalings: Vec<_> = scalings.collect();
        let weight = |lane: usize| scalings[lane].map_or(0.0, |scaling| scaling.weight);
        let scaled = |lane: usize, i: usize| single(f64::from(raw[lane * dim + i]) * weight(lane));
        let (mut turned, mut few) = (Vec::new(), Vec::new());
        if rows.len() <= FEW {
            let all = (0..rows.len()).flat_map(|lane| (0..dim).map(move |i| (lane, i)));
            few = try_collect("queries", rows.len() * dim, all.map(|(lane, i)| scaled(lane, i)))?;
        } else {
            let of = |i| std::array::from_fn(|lane| if lane < rows.len() { scaled(lane, i) } else { 0.0 });
            turned = try_collect("queries", dim, (0..dim).map(of))?;
        }
        let selections =
            scalings.iter().map(|scaling| scaling.map(|scaling| Selection::new(k, scaling)).transpose());
        let selections = selections.collect::<Result<Vec<_>>>()?;
        let mut floors = [f32::INFINITY; LANES];
        for (floor, selection) in floors.iter_mut().zip(&selections) {
            *floor = selection.as_ref().map_or(f32::INFINITY, Selection::floor);
        }
        Ok(Self { exact, turned, few, raw, squares, own, selections, floors })
    }

    pub(super) fn n_queries(&self) -> usize {
        self.squares.len()
    }

    /// Offers every row of the panel to every query.
    pub(super) fn scan(&mut self, panel: &Panel<'_>, isa: Isa) {
        if self.turned.is_empty() {
            isa.run(ScanFew { block: self, panel });
        } else {
            isa.run(ScanTiles { block: self, panel });
        }
    }

    /// Per query its nearest rows; `None` for a query to which all rows are alike.
    pub(super) fn into_ranked(self) -> Result<Vec<Option<Vec<Near>>>> {
        let Self { exact, raw, squares, selections, .. } = self;
        let targets = raw.chunks_exact(exact.search.dim).zip(&squares);
        let ranked = targets.zip(selections).map(|((vector, &square), selection)| {
            selection.map(|selection| selection.into_ranked(Target { vector, square }, exact)).transpose()
        });
        ranked.collect()
    }

    /// A row whose bound reached the floor of a lane.
    fn offer(&mut self, lane: usize, row: u32, bound: f32) {
        let (Some(Some(selection)), Some(&own)) = (self.selections.get_mut(lane), self.own.get(lane)) else {
            return;
        };
        if own != Some(row) {
            let dim = self.exact.search.dim;
            let query = Target { vector: &self.raw[lane * dim..][..dim], square: self.squares[lane] };
            selection.offer(row, bound, query, self.exact);
            self.floors[lane] = selection.floor();
        }
    }

    #[cold]
    #[inline(never)]
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "a NaN is not below anything")]
    fn offer_to_all(&mut self, row: u32, bounds: &[f32; LANES]) {
        for (lane, &bound) in bounds.iter().enumerate() {
            if !(bound < self.floors[lane]) {
                self.offer(lane, row, bound);
            }
        }
    }

    #[cold]
    #[inline(never)]
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "a NaN is not below anything")]
    fn offer_all(&mut self, lane: usize, rows: &[u32], bounds: &[f32; LANES]) {
        for (&row, &bound) in rows.iter().zip(bounds) {
            if !(bound < self.floors[lane]) {
                self.offer(lane, row, bound);
            }
        }
    }
}

/// Some rows and their terms, where the scan finds them.
pub(super) struct Panel<'p> {
    pub(super) rows: &'p [u32],
    vectors: Vec<&'p [f32]>,
    terms: Vec<Term>,
}

impl<'p> Panel<'p> {
    /// Vectors that are not 32-bit floats are written to `room` as such.
    pub(super) fn new(
        search: &NeighborSearch,
        vectors: &Vectors<'p>,
        rows: &'p [u32],
        room: &'p mut Vec<f32>,
    ) -> Result<Self> {
        let dim = vectors.dim();
        let terms = rows.iter().map(|&row| search.terms[row as usize]);
        let terms = try_collect("terms of rows", rows.len(), terms)?;
        let mut lie = try_with_capacity("vectors of a panel", rows.len())?;
        if let Some(values) = vectors.singles() {
            lie.extend(rows.iter().map(|&row| &values[row as usize * dim..][..dim]));
        } else {
            room.resize(rows.len() * dim, 0.0);
            let places = room.chunks_exact_mut(dim);
            lie.extend(rows.iter().zip(places).map(|(&row, place)| {
                vectors.copy_row(row as usize, place);
                &*place
            }));
        }
        Ok(Self { rows, vectors: lie, terms })
    }
}

/// Lanes are queries; [`Simd::SUMS`] rows at a time.
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
            6 => self.tiles::<S, 6>(),
            _ => self.tiles::<S, 2>(),
        }
    }
}

impl ScanTiles<'_, '_, '_> {
    #[inline(always)]
    fn tiles<S: Simd, const ROWS: usize>(self) {
        let Self { block, panel } = self;
        let (tiles, rest) = panel.vectors.as_chunks::<ROWS>();
        for (t, vectors) in tiles.iter().enumerate() {
            let products = products::<S, ROWS>(*vectors, &block.turned);
            for (i, product) in products.into_iter().enumerate() {
                bound::<S>(block, panel, t * ROWS + i, product);
            }
        }
        for (i, &vector) in rest.iter().enumerate() {
            let [product] = products::<S, 1>([vector], &block.turned);
            bound::<S>(block, panel, tiles.len() * ROWS + i, product);
        }
    }
}

/// Products of some rows with the queries in the lanes.
#[inline(always)]
fn products<S: Simd, const ROWS: usize>(rows: [&[f32]; ROWS], queries: &[[f32; LANES]]) -> [S::Vector; ROWS] {
    let rows = rows.map(|row| &row[..queries.len()]);
    let mut sums = [S::splat(0.0); ROWS];
    for (i, query) in queries.iter().enumerate() {
        let query = S::load(query);
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum = S::add(*sum, S::mul(query, S::splat(row[i])));
        }
    }
    sums
}

#[inline(always)]
fn bound<S: Simd>(block: &mut Block<'_>, panel: &Panel<'_>, at: usize, product: S::Vector) {
    let term = panel.terms[at];
    let bounds = S::add(S::splat(term.offset), S::mul(product, S::splat(term.scale)));
    if S::any_not_below(bounds, S::load(&block.floors)) {
        block.offer_to_all(panel.rows[at], &S::store(bounds));
    }
}

/// Lanes are coordinates, and then rows.
struct ScanFew<'s, 'a, 'p> {
    block: &'s mut Block<'a>,
    panel: &'s Panel<'p>,
}

impl Kernel for ScanFew<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { block, panel } = self;
        let dim = block.exact.search.dim;
        for (g, vectors) in panel.vectors.chunks(LANES).enumerate() {
            let at = g * LANES..g * LANES + vectors.len();
            for lane in 0..block.n_queries() {
                let mut bounds = [f32::NEG_INFINITY; LANES];
                let query = &block.few[lane * dim..][..dim];
                for ((bound, vector), term) in bounds.iter_mut().zip(vectors).zip(&panel.terms[at.clone()]) {
                    *bound = product::<S>(vector, query) * term.scale + term.offset;
                }
                if S::any_not_below(S::load(&bounds), S::splat(block.floors[lane])) {
                    block.offer_all(lane, &panel.rows[at.clone()], &bounds);
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
