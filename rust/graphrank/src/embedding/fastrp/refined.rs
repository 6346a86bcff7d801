//! The embedding, refined: its rows as whole groups of 32-bit floats, and back.

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::Buffer;
use crate::simd::{Kernel, LANES, Simd};

use super::super::dense::{Groups, normalize};
use super::super::refine::{self, Walk, refine};
use super::averaging::Averaging;
use super::emit::{Emitter, Output, Summed};
use super::lane::State;
use super::params::{Direction, FastRpParams};

/// What rows are refined with.
#[derive(Clone, Copy)]
pub(super) struct Refinement<'a> {
    pub(super) params: &'a FastRpParams,
    pub(super) averaging: Averaging<'a>,
    pub(super) emitter: Emitter<'a>,
    pub(super) exec: &'a Exec,
}

/// Refuses a graph on which the walk has no symmetric form.
pub(super) fn check(graph: &Graph, params: &FastRpParams, exec: &Exec) -> Result<()> {
    let one_way = match params.direction {
        Direction::Both => return Ok(()),
        Direction::Out => "out",
        Direction::In => "in",
    };
    if params.refine == 0 || !graph.is_directed() || graph.out().has_both_arcs(exec)? {
        return Ok(());
    }
    let problem = format!(
        "= {} needs neighbours that are neighbours of each other, but the arcs of this graph lead one way and direction \
         is \"{one_way}\"; take direction = \"both\"",
        params.refine
    );
    Err(Error::argument("refine", problem))
}

/// Bytes of all arrays beside the graph and the result, at most.
pub(super) fn n_bytes(n_nodes: usize, params: &FastRpParams) -> u64 {
    let row = 2 * params.dim.div_ceil(LANES) * size_of::<[f32; LANES]>() + size_of::<f64>();
    (n_nodes as u64).saturating_mul(row as u64).saturating_add(refine::n_bytes(n_nodes, params.dim))
}

impl Refinement<'_> {
    /// What a refinement counts as progress.
    pub(super) fn units(&self) -> u64 {
        let steps = 2 * self.params.refine + 1;
        let n_rows = self.averaging.neighborhood.n_nodes();
        (steps * self.averaging.units(self.n_groups())) as u64
            + refine::units(n_rows, self.params.dim, self.params.refine)
    }

    /// Refines the vectors in `output`. Nodes without neighbours get zeros.
    pub(super) fn run(&self, output: &mut Output<'_>) -> Result<()> {
        let Self { params, averaging, emitter, exec } = *self;
        let n_groups = self.n_groups();
        let len = averaging.neighborhood.n_nodes() * n_groups;
        // Together they are more often large enough for huge pages.
        let mut tables = Buffer::zeroed("rows to refine", 2 * len)?;
        let (rows, spare) = tables.split_at_mut(len);
        match output {
            Output::F32(values) | Output::File(values) => self.load(values, rows)?,
            Output::F16(values) => self.load(values, rows)?,
        }
        let step = |from: &Groups, to: &mut Groups| averaging.apply(from, to, n_groups, exec);
        let walk = Walk { shares: &averaging.shares()?, step: &step };
        let tables = [rows, spare];
        let refined = refine(tables, params.dim, params.refine, &walk, averaging.isa, exec)?;
        if params.normalize {
            normalize(refined, n_groups, averaging.isa, exec)?;
        }
        emitter.emit(output, &Summed { sums: refined, first: 0, width: n_groups })
    }

    fn n_groups(&self) -> usize {
        self.params.dim.div_ceil(LANES)
    }

    /// Rows become rows of whole groups.
    fn load<E: State>(&self, values: &[E], groups: &mut Groups) -> Result<()> {
        let (chunks, dim) = (self.averaging.chunks, self.params.dim);
        self.exec.map_items(chunks.split(groups, self.n_groups()), |chunk, groups| {
            self.exec.checkpoint(0)?;
            let nodes = chunks.rows(chunk);
            let values = &values[nodes.start * dim..nodes.end * dim];
            self.averaging.isa.run(Load { values, dim, groups });
            Ok(())
        })?;
        Ok(())
    }
}

struct Load<'a, E> {
    values: &'a [E],
    dim: usize,
    groups: &'a mut Groups,
}

impl<E: State> Kernel for Load<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let n_groups = self.dim.div_ceil(LANES);
        for (row, groups) in self.values.chunks_exact(self.dim).zip(self.groups.chunks_exact_mut(n_groups)) {
            for (values, lanes) in row.chunks(LANES).zip(groups) {
                let padded = match values.first_chunk() {
                    Some(values) => *values,
                    None => std::array::from_fn(|i| values.get(i).copied().unwrap_or(E::zeroed())),
                };
                *lanes = S::store(E::load::<S>(&padded));
            }
        }
    }
}
