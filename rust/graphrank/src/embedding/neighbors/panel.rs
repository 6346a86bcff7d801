//! Some hundred rows, laid out for the scan.

use super::block::Lanes;
use super::prepare::Term;
use super::select::Exact;
use crate::error::Result;
use crate::memory::{try_collect, try_with_capacity};
use crate::simd::{Isa, Kernel, Simd, prefetch, turned};

/// Some rows and their terms, where the scan finds them.
pub(super) struct Panel<'p> {
    pub(super) rows: &'p [u32],
    pub(super) vectors: Vec<&'p [f32]>,
    pub(super) terms: Vec<Term>,
    /// Where lanes are queries: [`Simd::SUMS`] rows beside each other, coordinate after coordinate. The last tile is
    /// filled up with zeros.
    pub(super) tiles: &'p [f32],
}

/// What panels are made of, used again for the next one.
#[derive(Default)]
pub(super) struct Room {
    wide: Vec<f32>,
    tiles: Vec<f32>,
}

impl<'p> Panel<'p> {
    pub(super) fn new(
        exact: Exact<'p>,
        rows: &'p [u32],
        lanes: Lanes,
        room: &'p mut Room,
        isa: Isa,
    ) -> Result<Self> {
        let dim = exact.search.dim;
        let terms = rows.iter().map(|&row| exact.search.terms[row as usize]);
        let terms = try_collect("terms of rows", rows.len(), terms)?;
        let mut vectors = try_with_capacity("vectors of a panel", rows.len())?;
        if let Some(values) = exact.vectors.singles() {
            vectors.extend(rows.iter().map(|&row| &values[row as usize * dim..][..dim]));
        } else {
            room.wide.resize(rows.len() * dim, 0.0);
            let places = room.wide.chunks_exact_mut(dim);
            vectors.extend(rows.iter().zip(places).map(|(&row, place)| {
                exact.vectors.copy_row(row as usize, place);
                &*place
            }));
        }
        if lanes == Lanes::Queries {
            isa.run(LayTiles { vectors: &vectors, dim, tiles: &mut room.tiles });
        }
        Ok(Self { rows, vectors, terms, tiles: &room.tiles })
    }
}

struct LayTiles<'s, 'p> {
    vectors: &'s [&'p [f32]],
    dim: usize,
    tiles: &'s mut Vec<f32>,
}

impl Kernel for LayTiles<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        match S::SUMS {
            12 => self.lay::<12>(),
            4 => self.lay::<4>(),
            _ => self.lay::<2>(),
        }
    }
}

impl LayTiles<'_, '_> {
    #[inline(always)]
    fn lay<const ROWS: usize>(self) {
        let Self { vectors, dim, tiles } = self;
        tiles.resize(vectors.len().next_multiple_of(ROWS) * dim, 0.0);
        for (t, (rows, tile)) in vectors.chunks(ROWS).zip(tiles.chunks_exact_mut(ROWS * dim)).enumerate() {
            for next in vectors.iter().skip((t + 1) * ROWS).take(ROWS) {
                prefetch(next.as_ptr(), next.len());
            }
            let tile = tile.as_chunks_mut::<ROWS>().0;
            let (fours, rest) = rows.as_chunks::<4>();
            for (g, four) in fours.iter().enumerate() {
                turn(four.map(|row| &row[..dim]), tile, 4 * g);
            }
            let ends = rest.iter().copied().chain(std::iter::repeat(&[][..])).zip(4 * fours.len()..ROWS);
            for (row, at) in ends {
                for (i, coordinate) in tile.iter_mut().enumerate() {
                    coordinate[at] = row.get(i).copied().unwrap_or(0.0);
                }
            }
        }
    }
}

/// Writes four rows beside each other, from row `at` of the tile on.
#[inline(always)]
fn turn<const ROWS: usize>(rows: [&[f32]; 4], tile: &mut [[f32; ROWS]], at: usize) {
    let (squares, rest) = tile.as_chunks_mut::<4>();
    let fours = rows.map(|row| &row.as_chunks::<4>().0[..squares.len()]);
    for (s, square) in squares.iter_mut().enumerate() {
        let values = turned(fours.map(|four| four[s]));
        for (coordinate, values) in square.iter_mut().zip(values) {
            coordinate[at..at + 4].copy_from_slice(&values);
        }
    }
    for (i, coordinate) in rest.iter_mut().enumerate() {
        let values: [f32; 4] = rows.map(|row| row[4 * squares.len() + i]);
        coordinate[at..at + 4].copy_from_slice(&values);
    }
}
