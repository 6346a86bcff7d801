//! The result, written node by node in the caller's order.

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::simd::{Isa, Kernel, LANES, Simd};

use super::collect::{Scales, scale};
use super::lane::State;
use super::start::Start;

/// Where the vectors go: one row of `dim` values per node.
#[derive(Debug)]
pub enum Output<'a> {
    /// 32-bit floats.
    F32(&'a mut [f32]),
    /// 32-bit floats in a mapped file: written once, never used as room for anything else.
    File(&'a mut [f32]),
    /// The bits of 16-bit floats.
    F16(&'a mut [u16]),
}

impl Output<'_> {
    /// Sets everything to 0.
    pub(super) fn clear(&mut self) -> Result<()> {
        match self {
            Self::F32(values) | Self::File(values) => values.fill(0.0),
            Self::F16(values) => values.fill(0),
        }
        Ok(())
    }

    /// Whether there is room for exactly `n_nodes` rows of `dim` values.
    pub(super) fn check(&self, n_nodes: usize, dim: usize) -> Result<()> {
        let len = match self {
            Self::F32(values) | Self::File(values) => values.len(),
            Self::F16(values) => values.len(),
        };
        if len == n_nodes.saturating_mul(dim) {
            return Ok(());
        }
        Err(Error::argument("out", format!("has room for {len} values, not for {n_nodes} x {dim}")))
    }
}

/// What power 0 adds.
#[derive(Clone, Copy)]
pub(super) struct OwnRows<'a> {
    pub(super) start: &'a Start<'a>,
    /// 0 where power 0 has no weight.
    pub(super) weight: f64,
    /// Squared lengths by node; `None` where lengths do not matter.
    pub(super) squares: Option<&'a [f64]>,
}

impl OwnRows<'_> {
    /// Adds a group of columns of the node's own row.
    fn add(&self, node: usize, row: u64, group: usize, lanes: &mut [f32; LANES]) {
        #[expect(clippy::cast_possible_truncation, reason = "a weight of the result, which has 32 bits")]
        let scale = self.squares.map_or(self.weight as f32, |squares| scale(self.weight, squares[node]));
        for (lane, value) in lanes.iter_mut().zip(self.start.values(node, row, group)) {
            *lane += scale * value;
        }
    }
}

/// A source of finished values: groups of columns of a node.
pub(super) trait Values: Sync {
    /// Groups that are there, from the first on.
    fn groups(&self) -> std::ops::Range<usize>;

    /// Group `group` of a node. Carries `#[inline(always)]`.
    fn at<S: Simd>(&self, result: &[f32], node: usize, group: usize) -> [f32; LANES];
}

/// Powers that were kept whole.
pub(super) struct Kept<'a, T> {
    /// In rising order. `None` stands for the rows of the result itself.
    pub(super) powers: Vec<(Option<&'a [[T; LANES]]>, Scales<'a>)>,
    pub(super) n_groups: usize,
}

/// A block of columns that is summed up.
pub(super) struct Summed<'a> {
    pub(super) sums: &'a [[f32; LANES]],
    pub(super) first: usize,
    pub(super) width: usize,
}

impl<T: State> Values for Kept<'_, T> {
    fn groups(&self) -> std::ops::Range<usize> {
        0..self.n_groups
    }

    #[inline(always)]
    fn at<S: Simd>(&self, result: &[f32], node: usize, group: usize) -> [f32; LANES] {
        let mut sum = S::splat(0.0);
        for (rows, scales) in &self.powers {
            let scale = S::splat(scales.at(node));
            let row = match rows {
                Some(rows) => T::load::<S>(&rows[node * self.n_groups + group]),
                None => S::load(&padded(result, group)),
            };
            sum = S::add(sum, S::mul(scale, row));
        }
        S::store(sum)
    }
}

/// A result that lacks what power 0 adds.
struct Written {
    n_groups: usize,
}

impl Values for Written {
    fn groups(&self) -> std::ops::Range<usize> {
        0..self.n_groups
    }

    #[inline(always)]
    fn at<S: Simd>(&self, result: &[f32], _: usize, group: usize) -> [f32; LANES] {
        padded(result, group)
    }
}

/// A group of columns of a row of the result, filled up with zeros.
#[inline(always)]
fn padded(row: &[f32], group: usize) -> [f32; LANES] {
    let rest = &row[group * LANES..];
    match rest.first_chunk() {
        Some(lanes) => *lanes,
        None => std::array::from_fn(|i| rest.get(i).copied().unwrap_or(0.0)),
    }
}

impl Values for Summed<'_> {
    fn groups(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.width
    }

    #[inline(always)]
    fn at<S: Simd>(&self, _: &[f32], node: usize, group: usize) -> [f32; LANES] {
        self.sums[node * self.width + group - self.first]
    }
}

/// How the result is written.
#[derive(Clone, Copy)]
pub(super) struct Emitter<'a> {
    pub(super) dim: usize,
    pub(super) own: OwnRows<'a>,
    pub(super) isa: Isa,
    pub(super) exec: &'a Exec,
}

impl Emitter<'_> {
    /// Writes the columns that `values` has.
    pub(super) fn emit(&self, output: &mut Output<'_>, values: &impl Values) -> Result<()> {
        match output {
            Output::F32(rows) | Output::File(rows) => self.write(rows, values),
            Output::F16(rows) => self.write(rows, values),
        }
    }

    /// Adds power 0 to a result of 32-bit floats.
    pub(super) fn add_own(&self, output: &mut Output<'_>) -> Result<()> {
        if self.own.weight == 0.0 {
            return Ok(());
        }
        self.emit(output, &Written { n_groups: self.dim.div_ceil(LANES) })
    }

    fn write<E: State>(&self, rows: &mut [E], values: &impl Values) -> Result<()> {
        let step = self.own.start.rows_per_step();
        let parts = rows.chunks_mut(step * self.dim).collect();
        self.exec.map_items(parts, |chunk, rows| {
            self.exec.checkpoint(0)?;
            self.isa.run(Emit { rows, first: chunk * step, values, emitter: self });
            Ok(())
        })?;
        Ok(())
    }
}

struct Emit<'a, E, V> {
    rows: &'a mut [E],
    /// Node of the first row.
    first: usize,
    values: &'a V,
    emitter: &'a Emitter<'a>,
}

impl<E: State, V: Values> Kernel for Emit<'_, E, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Emitter { dim, own, .. } = *self.emitter;
        for (node, row) in (self.first..).zip(self.rows.chunks_exact_mut(dim)) {
            let own_row = if own.weight == 0.0 { 0 } else { own.start.row(node) };
            for group in self.values.groups() {
                // Only 32-bit results keep a power in their rows.
                let result: &[f32] = bytemuck::try_cast_slice(row).unwrap_or(&[]);
                let mut lanes = self.values.at::<S>(result, node, group);
                if own.weight != 0.0 {
                    own.add(node, own_row, group, &mut lanes);
                }
                let columns = group * LANES..dim.min((group + 1) * LANES);
                let n = columns.len();
                row[columns].copy_from_slice(&E::store::<S>(S::load(&lanes))[..n]);
            }
        }
    }
}
