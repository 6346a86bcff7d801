//! All powers of one block of columns, and what is kept of them.

use std::marker::PhantomData;
use std::ops::Range;

use bytemuck::{cast_slice, cast_slice_mut};

use crate::error::Result;
use crate::exec::Exec;
use crate::simd::{Isa, Kernel, LANES, Simd};

use super::chunks::Chunks;
use super::gather::{Block, Finish, Row, Rows};
use super::lane::{Lane, State};
use super::neighborhood::Neighborhood;
use super::start::Start;

/// What one block of columns is computed with.
#[derive(Clone, Copy)]
pub(super) struct Blocks<'a> {
    pub(super) neighborhood: &'a Neighborhood<'a>,
    pub(super) chunks: &'a Chunks,
    pub(super) start: &'a Start<'a>,
    pub(super) last_power: usize,
    pub(super) isa: Isa,
    pub(super) exec: &'a Exec,
}

/// Room for the powers of a block, used again for every block.
pub(super) struct Scratch<'s, T> {
    /// Power i is in `states[i % 2]`, unless it is the last; signs take the place of power 0.
    pub(super) states: [&'s mut [[T; LANES]]; 2],
}

/// Where the rows of a power go.
struct Sinks<'a, T, P> {
    target: Option<&'a mut [[T; LANES]]>,
    /// One per chunk.
    parts: Option<Vec<P>>,
}

/// What becomes of the rows of a power, chunk by chunk.
pub(super) trait Collect<T: State, const B: usize>: Sync {
    /// What belongs to one chunk of nodes.
    type Part<'s>: Send
    where
        Self: 's;

    /// One part per chunk, or `None` if the power is not wanted.
    fn parts(&mut self, power: usize) -> Option<Vec<Self::Part<'_>>>;

    /// Takes a row of the power. Carries `#[inline(always)]`.
    fn take<S: Simd>(part: &mut Self::Part<'_>, at: At, row: &[[T; LANES]; B]);
}

/// Which row is handed on.
#[derive(Clone, Copy)]
pub(super) struct At {
    /// In its chunk.
    pub(super) index: usize,
    pub(super) node: usize,
}

impl Blocks<'_> {
    /// Computes powers 1, 2, ... of a block that begins at group `first`, up to `last` or the last of all, and hands
    /// those to `collect` that it wants. The last of all goes to `collect` alone.
    pub(super) fn run<T: State, const B: usize, C: Collect<T, B>>(
        &self,
        first: usize,
        last: usize,
        scratch: &mut Scratch<'_, T>,
        collect: &mut C,
    ) -> Result<()> {
        let len = self.neighborhood.n_nodes() * B;
        let [even, odd] = &mut scratch.states;
        let starts_with_signs = self.start.is_signs(first, B);
        if last > 0 && starts_with_signs {
            self.write_signs::<B>(first, &mut cast_slice_mut(even)[..len])?;
        } else if last > 0 {
            self.write_start::<T, B>(first, &mut even[..len])?;
        }
        for power in 1..=last {
            let (source, target) =
                if power.is_multiple_of(2) { (&*odd, &mut *even) } else { (&*even, &mut *odd) };
            let target = (power < self.last_power).then(|| &mut target[..len]);
            let sinks = Sinks { target, parts: collect.parts(power) };
            if power == 1 && starts_with_signs {
                let (signs, _) = cast_slice::<_, [i8; LANES]>(source)[..len].as_chunks();
                let factors = self.start.degree_powers.as_deref();
                self.multiply::<i8, T, B, C>(Block(signs), factors, self.start.unit, sinks)?;
            } else {
                let (rows, _) = source[..len].as_chunks();
                self.multiply::<T, T, B, C>(Block(rows), None, 1.0, sinks)?;
            }
        }
        Ok(())
    }

    /// Computes the last power of a block from the one before it.
    pub(super) fn finish<T: State, const B: usize, C: Collect<T, B>>(
        &self,
        before: &[[T; LANES]],
        collect: &mut C,
    ) -> Result<()> {
        let (rows, _) = before.as_chunks();
        let sinks = Sinks { target: None, parts: collect.parts(self.last_power) };
        self.multiply::<T, T, B, C>(Block(rows), None, 1.0, sinks)
    }

    fn multiply<'p, U: Lane, T: State, const B: usize, C: Collect<T, B> + 'p>(
        &self,
        source: Block<'_, U, B>,
        factors: Option<&[f32]>,
        unit: f32,
        sinks: Sinks<'_, T, C::Part<'p>>,
    ) -> Result<()> {
        let rows = Rows { neighborhood: self.neighborhood, nodes: None, factors, isa: self.isa };
        let n_chunks = self.chunks.len();
        let targets: Vec<_> = match sinks.target {
            Some(target) => self.chunks.split(target, B).into_iter().map(Some).collect(),
            None => (0..n_chunks).map(|_| None).collect(),
        };
        let parts: Vec<_> = match sinks.parts {
            Some(parts) => parts.into_iter().map(Some).collect(),
            None => (0..n_chunks).map(|_| None).collect(),
        };
        self.exec.map_items(targets.into_iter().zip(parts).collect(), |chunk, (target, part)| {
            let nodes = self.chunks.rows(chunk);
            let mut deliver =
                Deliver::<'_, 'p, T, B, C> { unit, start: nodes.start, target, part, collect: PhantomData };
            rows.average(nodes, source, &mut deliver, self.exec)
        })?;
        Ok(())
    }

    fn write_signs<const B: usize>(&self, first: usize, signs: &mut [[i8; LANES]]) -> Result<()> {
        let parts = self.chunks.split(signs, B);
        self.exec.map_items(parts, |chunk, part| {
            self.exec.checkpoint(0)?;
            let nodes = self.chunks.rows(chunk);
            self.isa.run(WriteSigns::<B> { start: self.start, first, nodes, signs: part });
            Ok(())
        })?;
        Ok(())
    }

    fn write_start<T: State, const B: usize>(&self, first: usize, rows: &mut [[T; LANES]]) -> Result<()> {
        let parts = self.chunks.split(rows, B);
        self.exec.map_items(parts, |chunk, part| {
            let step = self.start.rows_per_step();
            for (node, rows) in self.chunks.rows(chunk).step_by(step).zip(part.chunks_mut(step * B)) {
                self.exec.checkpoint(0)?;
                self.isa.run(WriteStart::<T, B> { start: self.start, first, node, rows });
            }
            Ok(())
        })?;
        Ok(())
    }
}

struct WriteSigns<'a, const B: usize> {
    start: &'a Start<'a>,
    first: usize,
    nodes: Range<usize>,
    signs: &'a mut [[i8; LANES]],
}

impl<const B: usize> Kernel for WriteSigns<'_, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (node, signs) in self.nodes.zip(self.signs.chunks_exact_mut(B)) {
            let row = self.start.row(node);
            for (group, lanes) in (self.first..).zip(signs) {
                *lanes = self.start.signs(row, group);
            }
        }
    }
}

struct WriteStart<'a, T, const B: usize> {
    start: &'a Start<'a>,
    first: usize,
    /// Node of the first row.
    node: usize,
    rows: &'a mut [[T; LANES]],
}

impl<T: State, const B: usize> Kernel for WriteStart<'_, T, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (node, groups) in (self.node..).zip(self.rows.chunks_exact_mut(B)) {
            let row = self.start.row(node);
            for (group, lanes) in (self.first..).zip(groups) {
                let values = self.start.values(node, row, group);
                *lanes = T::store::<S>(S::mul(S::load(&values), S::splat(self.start.unit)));
            }
        }
    }
}

/// Takes the unit out of the mean of a row, rounds it to the state, stores it and hands it on.
struct Deliver<'a, 'p, T: State, const B: usize, C: Collect<T, B> + 'p> {
    unit: f32,
    /// First node of the chunk.
    start: usize,
    target: Option<&'a mut [[T; LANES]]>,
    part: Option<C::Part<'p>>,
    collect: PhantomData<fn(C)>,
}

impl<'p, T: State, const B: usize, C: Collect<T, B> + 'p> Finish<B> for Deliver<'_, 'p, T, B, C> {
    #[inline(always)]
    fn row<S: Simd>(&mut self, _: usize, node: usize, mean: &Row<S, B>) {
        let unit = S::splat(self.unit);
        let mut row = [[T::zeroed(); LANES]; B];
        for (row, &lanes) in row.iter_mut().zip(mean) {
            *row = T::store::<S>(S::mul(lanes, unit));
        }
        let index = node - self.start;
        if let Some(target) = &mut self.target {
            target[index * B..(index + 1) * B].copy_from_slice(&row);
        }
        if let Some(part) = &mut self.part {
            C::take::<S>(part, At { index, node }, &row);
        }
    }
}
