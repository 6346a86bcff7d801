//! Up to 16 queries, and the best rows of each so far.

use super::prepare::single;
use super::score::{Target, square};
use super::select::{Exact, Near, Selection};
use super::vectors::Vectors;
use crate::error::Result;
use crate::memory::{try_collect, try_zeroed};
use crate::simd::LANES;

/// So few queries are scanned one by one.
const FEW: usize = 4;

/// What the lanes of a register hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    /// Coordinates of one query, or of one row.
    Coordinates,
    /// One coordinate of 16 queries.
    Queries,
}

impl Lanes {
    pub(super) fn of(n_queries: usize) -> Self {
        if n_queries <= FEW { Self::Coordinates } else { Self::Queries }
    }
}

/// Up to 16 queries, and the best rows of each so far.
pub(super) struct Block<'a> {
    pub(super) exact: Exact<'a>,
    pub(super) lanes: Lanes,
    /// The queries times their weights: a register per coordinate, or one query after another.
    pub(super) queries: Vec<[f32; LANES]>,
    /// What bounds must reach. Places without a query are out of reach.
    pub(super) floors: [f32; LANES],
    /// The queries as they are, for exact scores.
    raw: Vec<f32>,
    squares: Vec<f64>,
    /// The row that a query is, which is not its own neighbour.
    own: Vec<Option<u32>>,
    /// None: nothing is nearer to the query than anything else.
    selections: Vec<Option<Selection>>,
}

impl<'a> Block<'a> {
    /// At most 16 queries, each of which is a row of some matrix.
    pub(super) fn new(
        exact: Exact<'a>,
        queries: &[(Vectors<'_>, usize)],
        own: Vec<Option<u32>>,
        k: usize,
        lanes: Lanes,
    ) -> Result<Self> {
        let dim = exact.search.dim;
        let mut raw = try_zeroed("queries", queries.len() * dim)?;
        for (&(vectors, row), raw) in queries.iter().zip(raw.chunks_exact_mut(dim)) {
            vectors.copy_row(row, raw);
        }
        let squares: Vec<f64> = raw.chunks_exact(dim).map(square).collect();
        let targets = raw.chunks_exact(dim).zip(&squares);
        let scalings = targets.map(|(vector, &square)| exact.search.scaling(Target { vector, square }));
        let scalings: Vec<_> = scalings.collect();
        let scaled = |query: usize, i: usize| match (raw.chunks_exact(dim).nth(query), scalings.get(query)) {
            (Some(raw), Some(Some(scaling))) if i < dim => single(f64::from(raw[i]) * scaling.weight),
            _ => 0.0,
        };
        let queries = match lanes {
            Lanes::Queries => {
                let coordinates = (0..dim).map(|i| std::array::from_fn(|query| scaled(query, i)));
                try_collect("queries", dim, coordinates)
            }
            Lanes::Coordinates => {
                let per_query = dim.div_ceil(LANES);
                let parts = (0..squares.len() * per_query).map(|part| {
                    std::array::from_fn(|i| scaled(part / per_query, part % per_query * LANES + i))
                });
                try_collect("queries", squares.len() * per_query, parts)
            }
        }?;
        let selections = scalings.iter().map(|&scaling| scaling.map(|scaling| Selection::new(k, scaling)));
        let selections = selections.map(Option::transpose).collect::<Result<Vec<_>>>()?;
        let mut floors = [f32::INFINITY; LANES];
        for (floor, selection) in floors.iter_mut().zip(&selections) {
            *floor = selection.as_ref().map_or(f32::INFINITY, Selection::floor);
        }
        Ok(Self { exact, lanes, queries, floors, raw, squares, own, selections })
    }

    pub(super) fn n_queries(&self) -> usize {
        self.squares.len()
    }

    /// Rows whose bounds for the query in `lane` may reach its floor.
    #[cold]
    #[inline(never)]
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "a NaN is not below anything")]
    pub(super) fn offer_rows(&mut self, lane: usize, rows: &[u32], bounds: &[f32; LANES]) {
        for (&row, &bound) in rows.iter().zip(bounds) {
            if !(bound < self.floors[lane]) {
                self.accept(lane, row, bound);
            }
        }
    }

    /// A row whose bounds for the queries in some lanes, one bit each, reach their floors.
    #[cold]
    #[inline(never)]
    pub(super) fn offer_to_some(&mut self, row: u32, mut lanes: u16, bounds: &[f32; LANES]) {
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            self.accept(lane, row, bounds[lane]);
            lanes &= lanes - 1;
        }
    }

    fn accept(&mut self, lane: usize, row: u32, bound: f32) {
        let (Some(Some(selection)), Some(&own)) = (self.selections.get_mut(lane), self.own.get(lane)) else {
            return;
        };
        if own != Some(row) {
            let dim = self.exact.search.dim;
            let query = Target { vector: &self.raw[lane * dim..][..dim], square: self.squares[lane] };
            selection.accept(row, bound, query, self.exact);
            self.floors[lane] = selection.floor();
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
}
