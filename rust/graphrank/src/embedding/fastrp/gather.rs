//! The kernel: sums of the vectors of neighbours.
//!
//! Vectors lie at their nodes' numbers, so where arcs count alike the kernel streams through the graph's own list of
//! them, row after row, with a prefetch some arcs ahead that does not stop at the end of a row. Else it streams through
//! windows of some hundred arcs that are laid out first: whose vector is read, and what it is multiplied by. The sum of
//! a row stays in registers: `B` groups of 16 columns.
//!
//! # Order of sums
//! A row is summed in the order of its arcs, in segments of [`WINDOW_ARCS`], segment after segment. Columns do not mix, so
//! blocks of any width give the same bits.
//!
//! # Cost
//! Per arc, 64·B bytes of vector (B lines; half of that with 16-bit state, a quarter with signs), 4 bytes of its number, and
//! B additions of 16 lanes. The loads bound it. Measured on one core of a Zen 4 processor, rows of four lines: 107 GB/s
//! from the second and third level of the caches, 22 GB/s from memory (19 without the prefetch). A row that does not begin
//! at a line takes five of them. A call in the inner loop that the compiler does not inline leaves the instruction set
//! behind and takes ten times as long: closures are not used here.

use std::marker::PhantomData;
use std::ops::Range;

use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Csr;
use crate::memory::try_with_capacity;
use crate::simd::{Isa, Kernel, LANES, Simd, prefetch};

use super::lane::Lane;
use super::neighborhood::Neighborhood;

/// Arcs laid out at a time: their numbers and factors stay in the first-level cache.
pub(super) const WINDOW_ARCS: usize = 512;
/// Bytes between a prefetch and its use: what the processor can have under way at a time, and a little more.
const AHEAD: usize = 1 << 12;

/// A row of a block: `B` groups of 16 columns.
pub(super) type Row<S, const B: usize> = [<S as Simd>::Vector; B];

/// Stored vectors, of which `B` groups are read.
pub(super) trait Source<T, const B: usize>: Copy {
    /// Carries `#[inline(always)]`, as the next.
    fn row(&self, number: u32) -> &[[T; LANES]; B];

    /// Asks for a row to be brought near.
    fn prefetch(&self, number: u32);
}

/// Rows of `B` groups.
#[derive(Clone, Copy)]
pub(super) struct Block<'a, T, const B: usize>(pub(super) &'a [[[T; LANES]; B]]);

/// `B` groups of longer rows.
#[derive(Clone, Copy)]
pub(super) struct Part<'a, T> {
    /// Groups of columns, row after row.
    pub(super) groups: &'a [[T; LANES]],
    /// Groups per row.
    pub(super) stride: usize,
    /// First group that is read.
    pub(super) first: usize,
}

impl<T: Lane, const B: usize> Source<T, B> for Block<'_, T, B> {
    #[inline(always)]
    fn row(&self, number: u32) -> &[[T; LANES]; B] {
        &self.0[number as usize]
    }

    #[inline(always)]
    fn prefetch(&self, number: u32) {
        prefetch(self.0.as_ptr().wrapping_add(number as usize), 1);
    }
}

impl<T: Lane, const B: usize> Source<T, B> for Part<'_, T> {
    #[inline(always)]
    fn row(&self, number: u32) -> &[[T; LANES]; B] {
        let start = number as usize * self.stride + self.first;
        self.groups[start..].first_chunk().unwrap_or_else(|| unreachable_row())
    }

    #[inline(always)]
    fn prefetch(&self, number: u32) {
        let start = number as usize * self.stride + self.first;
        prefetch(self.groups.as_ptr().wrapping_add(start), B);
    }
}

#[cold]
#[expect(clippy::panic, reason = "groups that stick out of their rows are a defect")]
fn unreachable_row() -> ! {
    panic!("a block of columns lies outside its rows")
}

/// What happens to the mean of a row.
pub(super) trait Finish<const B: usize> {
    /// `index` is where the row lies among those that are averaged. Carries `#[inline(always)]`.
    fn row<S: Simd>(&mut self, index: usize, node: usize, mean: &Row<S, B>);
}

/// Rows to be averaged, over vectors that lie at their nodes' numbers.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) neighborhood: &'a Neighborhood<'a>,
    /// The nodes; `None`: all.
    pub(super) nodes: Option<&'a [u32]>,
    /// What vectors of the source are multiplied by.
    pub(super) factors: Option<&'a [f32]>,
    pub(super) isa: Isa,
}

/// Arcs that are laid out.
struct Window {
    /// Empty if they are read from the graph.
    sources: Vec<u32>,
    /// Empty if all are 1.
    factors: Vec<f32>,
    rows: Vec<WindowRow>,
    n_arcs: usize,
}

#[derive(Clone, Copy)]
struct WindowRow {
    /// Where its arcs end.
    end: u32,
    /// What its sum is multiplied by.
    inverse: f32,
}

impl<'a> Rows<'a> {
    /// Averages the vectors of `source` over the neighbours of some of the rows and hands them to `finish`.
    pub(super) fn average<T: Lane, const B: usize>(
        &self,
        rows: Range<usize>,
        source: impl Source<T, B>,
        finish: &mut impl Finish<B>,
        exec: &Exec,
    ) -> Result<()> {
        let mut window = Window::new()?;
        let mut next = rows.start;
        while next < rows.end {
            let start = next;
            window.clear();
            while next < rows.end {
                let node = self.node(next);
                let n = self.neighborhood.n_neighbors(node);
                if window.n_arcs + n > WINDOW_ARCS || window.rows.len() == WINDOW_ARCS {
                    break;
                }
                self.append(&mut window, node, 0, n);
                window.end_row(self.neighborhood.inverse(n));
                next += 1;
            }
            if next == start {
                self.average_long_row(&mut window, start, source, finish, exec)?;
                next += 1;
                continue;
            }
            let sources = self.sources(&window, start, 0);
            let lane = PhantomData;
            self.isa.run(Gather { source, sources, window: &window, rows: self, start, finish, lane });
            exec.checkpoint(window.n_arcs as u64)?;
        }
        Ok(())
    }

    fn average_long_row<T: Lane, const B: usize>(
        &self,
        window: &mut Window,
        index: usize,
        source: impl Source<T, B>,
        finish: &mut impl Finish<B>,
        exec: &Exec,
    ) -> Result<()> {
        let node = self.node(index);
        let n = self.neighborhood.n_neighbors(node);
        let mut total = Total([[0.0; LANES]; B]);
        for skip in (0..n).step_by(WINDOW_ARCS) {
            window.clear();
            self.append(window, node, skip, WINDOW_ARCS.min(n - skip));
            window.end_row(1.0);
            let sources = self.sources(window, index, skip);
            let (start, finish, lane) = (index, &mut total, PhantomData);
            self.isa.run(Gather { source, sources, window, rows: self, start, finish, lane });
            exec.checkpoint(window.n_arcs as u64)?;
        }
        let inverse = self.neighborhood.inverse(n);
        self.isa.run(FinishRow { total, inverse, index, node, finish });
        Ok(())
    }

    #[inline(always)]
    fn node(&self, index: usize) -> usize {
        self.nodes.map_or(index, |nodes| nodes[index] as usize)
    }

    /// The graph's own list of arcs, if all rows read it as it is.
    fn stored(&self) -> Option<&'a Csr> {
        if self.nodes.is_none() && self.factors.is_none() { self.neighborhood.only_list() } else { None }
    }

    /// Where the vectors of a window's arcs lie; the window begins at the `skip`-th arc of a row.
    fn sources<'w>(&'w self, window: &'w Window, index: usize, skip: usize) -> &'w [u32] {
        match self.stored() {
            // To the end of the graph, so that the prefetch does not stop at that of the window.
            Some(list) => &list.targets[list.range(index).start + skip..],
            None => &window.sources,
        }
    }

    /// Adds `n` arcs of a node from the `skip`-th on to the window.
    fn append(&self, window: &mut Window, node: usize, skip: usize, n: usize) {
        if self.stored().is_none() {
            self.lay_out(window, node, skip, n);
        }
        window.n_arcs += n;
    }

    fn lay_out(&self, window: &mut Window, node: usize, skip: usize, n: usize) {
        let mut left = n;
        for (targets, weights) in self.neighborhood.arcs(node, skip) {
            let targets = &targets[..left.min(targets.len())];
            left -= targets.len();
            let from = window.sources.len();
            window.sources.extend_from_slice(targets);
            if let Some(weights) = weights {
                let share = |&weight| self.neighborhood.share(node, weight);
                window.factors.extend(weights[..targets.len()].iter().map(share));
            }
            if let Some(factors) = self.factors {
                if weights.is_none() {
                    window.factors.resize(window.sources.len(), 1.0);
                }
                for (factor, &source) in window.factors[from..].iter_mut().zip(&window.sources[from..]) {
                    *factor *= factors[source as usize];
                }
            }
        }
    }
}

impl Window {
    fn new() -> Result<Self> {
        Ok(Self {
            sources: try_with_capacity("a window of arcs", WINDOW_ARCS)?,
            factors: try_with_capacity("a window of arcs", WINDOW_ARCS)?,
            rows: try_with_capacity("a window of arcs", WINDOW_ARCS)?,
            n_arcs: 0,
        })
    }

    fn clear(&mut self) {
        self.sources.clear();
        self.factors.clear();
        self.rows.clear();
        self.n_arcs = 0;
    }

    #[expect(clippy::cast_possible_truncation, reason = "at most the size of a window")]
    fn end_row(&mut self, inverse: f32) {
        self.rows.push(WindowRow { end: self.n_arcs as u32, inverse });
    }
}

struct Gather<'a, T, X, F, const B: usize> {
    source: X,
    /// Where the vectors of the window's arcs lie, and perhaps those of later ones.
    sources: &'a [u32],
    window: &'a Window,
    rows: &'a Rows<'a>,
    /// First row of the window.
    start: usize,
    finish: &'a mut F,
    lane: PhantomData<T>,
}

impl<T: Lane, X: Source<T, B>, F: Finish<B>, const B: usize> Kernel for Gather<'_, T, X, F, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { source, sources, window, rows, start, finish, .. } = self;
        let mut arc = 0;
        for (index, row) in (start..).zip(&window.rows) {
            let arcs = arc..row.end as usize;
            arc = arcs.end;
            let sum = if window.factors.is_empty() {
                sum_rows::<S, T, B>(source, sources, arcs)
            } else {
                sum_scaled_rows::<S, T, B>(source, sources, &window.factors, arcs)
            };
            let inverse = S::splat(row.inverse);
            let mut mean = sum;
            for lanes in &mut mean {
                *lanes = S::mul(*lanes, inverse);
            }
            finish.row::<S>(index, rows.node(index), &mean);
        }
    }
}

#[inline(always)]
fn sum_rows<S: Simd, T: Lane, const B: usize>(
    source: impl Source<T, B>,
    sources: &[u32],
    arcs: Range<usize>,
) -> Row<S, B> {
    let mut sum = [S::splat(0.0); B];
    let (now, soon) = now_and_soon::<T, B>(sources, arcs);
    for (&number, &soon) in now.iter().zip(soon) {
        source.prefetch(soon);
        add::<S, T, B>(&mut sum, source.row(number));
    }
    for &number in &now[soon.len()..] {
        add::<S, T, B>(&mut sum, source.row(number));
    }
    sum
}

#[inline(always)]
fn sum_scaled_rows<S: Simd, T: Lane, const B: usize>(
    source: impl Source<T, B>,
    sources: &[u32],
    factors: &[f32],
    arcs: Range<usize>,
) -> Row<S, B> {
    let mut sum = [S::splat(0.0); B];
    let factors = &factors[arcs.clone()];
    let (now, soon) = now_and_soon::<T, B>(sources, arcs);
    for ((&number, &factor), &soon) in now.iter().zip(factors).zip(soon) {
        source.prefetch(soon);
        add_scaled::<S, T, B>(&mut sum, source.row(number), factor);
    }
    for (&number, &factor) in now[soon.len()..].iter().zip(&factors[soon.len()..]) {
        add_scaled::<S, T, B>(&mut sum, source.row(number), factor);
    }
    sum
}

#[inline(always)]
fn add<S: Simd, T: Lane, const B: usize>(sum: &mut Row<S, B>, row: &[[T; LANES]; B]) {
    for (sum, lanes) in sum.iter_mut().zip(row) {
        *sum = S::add(*sum, T::load::<S>(lanes));
    }
}

#[inline(always)]
fn add_scaled<S: Simd, T: Lane, const B: usize>(sum: &mut Row<S, B>, row: &[[T; LANES]; B], factor: f32) {
    let factor = S::splat(factor);
    for (sum, lanes) in sum.iter_mut().zip(row) {
        *sum = S::add(*sum, S::mul(factor, T::load::<S>(lanes)));
    }
}

/// The rows of some arcs, and those to ask for meanwhile, which may be fewer.
#[inline(always)]
fn now_and_soon<T, const B: usize>(sources: &[u32], arcs: Range<usize>) -> (&[u32], &[u32]) {
    let ahead = AHEAD / size_of::<[[T; LANES]; B]>();
    let (start, end) = ((arcs.start + ahead).min(sources.len()), (arcs.end + ahead).min(sources.len()));
    (&sources[arcs], &sources[start..end])
}

/// Adds up the segments of a long row.
struct Total<const B: usize>([[f32; LANES]; B]);

impl<const B: usize> Finish<B> for Total<B> {
    #[inline(always)]
    fn row<S: Simd>(&mut self, _: usize, _: usize, sum: &Row<S, B>) {
        for (total, lanes) in self.0.iter_mut().zip(sum) {
            *total = S::store(S::add(S::load(total), *lanes));
        }
    }
}

struct FinishRow<'a, F, const B: usize> {
    total: Total<B>,
    inverse: f32,
    index: usize,
    node: usize,
    finish: &'a mut F,
}

impl<F: Finish<B>, const B: usize> Kernel for FinishRow<'_, F, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let inverse = S::splat(self.inverse);
        let mut mean = [inverse; B];
        for (mean, lanes) in mean.iter_mut().zip(&self.total.0) {
            *mean = S::mul(S::load(lanes), inverse);
        }
        self.finish.row::<S>(self.index, self.node, &mean);
    }
}
