//! The powers of an embedding, kept whole: for other weights, for new nodes and for changed edges.
//!
//! # Changed edges
//! Row v of power i depends on v's arcs and on its neighbours' rows of power i - 1. So if arcs change, the rows to compute
//! again in power 1 are those of the changed nodes and of neighbours of nodes whose start row changed; in power i, those
//! of the changed nodes and of neighbours of rows computed again in power i - 1: at most the nodes i steps away.
//! All other rows are copied. Rows do not depend on threads or on nodes far away, so the result has the same bits as an
//! embedding computed afresh.
//!
//! # New nodes
//! A new node's row of power i is the mean of its neighbours' rows of power i - 1, as for any node. The neighbours do not
//! learn of it: an embedding of the graph with the new node in it would move them a little.
//!
//! # Cost
//! 4 bytes per node, column and power. An update reads each arc once per power, and gathers vectors for the arcs of the
//! rows that it computes again.

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::{Buffer, try_collect, try_zeroed};
use crate::simd::{Baseline, Isa, LANES};

use super::averaging::average_all;
use super::collect::{Scales, add_squares};
use super::emit::{Emitter, Kept, Output, OwnRows};
use super::gather::Rows;
use super::lane::Lane;
use super::layout::{Layout, chunks};
use super::neighborhood::Neighborhood;
use super::params::{Direction, FastRpParams, Precision};
use super::start::{NodeData, Start};

/// Rows between two checkpoints.
const ROWS: usize = 1 << 10;

/// Powers 1 to k of an embedding, by node.
#[derive(Debug)]
pub struct Powers {
    params: FastRpParams,
    n_nodes: usize,
    powers: Vec<Power>,
}

#[derive(Debug)]
struct Power {
    rows: Buffer<[f32; LANES]>,
    /// Squared lengths of the rows.
    squares: Vec<f64>,
}

/// A graph and what is known of its nodes.
#[derive(Clone, Copy, Debug)]
pub struct Embedded<'a> {
    /// Their arcs.
    pub graph: &'a Graph,
    /// Keys and features.
    pub nodes: NodeData<'a>,
}

impl Powers {
    /// Computes all powers up to the last that has weight.
    ///
    /// # Errors
    /// As [`fastrp`](super::fastrp); [`Error::InvalidArgument`] for 16-bit state, refinement or a memory limit.
    pub fn new(of: &Embedded<'_>, params: &FastRpParams, exec: &Exec) -> Result<Self> {
        params.validate()?;
        of.nodes.validate(of.graph.n_nodes(), params, exec)?;
        if params.refine > 0 {
            return Err(Error::argument(
                "refine",
                "must be 0 where powers are kept: refining mixes all nodes",
            ));
        }
        if params.state != Precision::F32 {
            return Err(Error::argument("state", "must be \"float32\" where powers are kept"));
        }
        if params.refine > 0 {
            let problem = "must be 0 where powers are kept: refined vectors depend on the whole graph";
            return Err(Error::argument("refine", problem));
        }
        if params.memory_limit.is_some() {
            return Err(Error::argument(
                "memory_limit",
                "cannot be met where powers are kept; leave one of them out",
            ));
        }
        let rows = Neighborhood::new(of.graph, params.direction, exec)?;
        let n_groups = params.dim.div_ceil(LANES);
        let n_blocks = n_groups.div_ceil(8);
        exec.expect_units((rows.n_arcs() * params.last_power() * n_blocks) as u64);
        let layout = Layout::whole(&rows)?;
        let start = whole_start(&of.nodes, params, &rows, exec)?;
        let mut all: Vec<Power> = Vec::with_capacity(params.last_power());
        for _ in 0..params.last_power() {
            let average = Average { rows: &rows, nodes: &layout.nodes, layout: &layout, n_groups, exec };
            let power = match all.last() {
                None => average.start(&start)?,
                Some(before) => average.of::<f32>(&before.rows, None)?,
            };
            let squares = squares(&power, n_groups, exec)?;
            all.push(Power { rows: power, squares });
        }
        Ok(Self { params: params.clone(), n_nodes: of.graph.n_nodes(), powers: all })
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &FastRpParams {
        &self.params
    }

    /// Bytes of all powers.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.powers.iter().map(|power| size_of_val(&power.rows[..]) + size_of_val(&power.squares[..])).sum()
    }

    /// The embedding for these weights of the powers; the other parameters are those of [`Powers::new`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for weights of powers that were not kept.
    pub fn embed(
        &self,
        of: &Embedded<'_>,
        weights: &[f64],
        self_influence: f64,
        output: &mut Output<'_>,
        exec: &Exec,
    ) -> Result<()> {
        let params = self.weighed(weights, self_influence)?;
        self.check(of, exec)?;
        output.check(self.n_nodes, params.dim)?;
        let rows = Neighborhood::new(of.graph, params.direction, exec)?;
        let layout = Layout::whole(&rows)?;
        let start = whole_start(&of.nodes, &params, &rows, exec)?;
        let kept: Vec<_> = self.powers.iter().map(|power| (&power.rows[..], &power.squares[..])).collect();
        emit(&params, &kept, &start, &layout, output, exec)
    }

    /// The powers of a graph that is like `old` but for some arcs and nodes. `old_numbers` holds the number in `old` of
    /// every node of `new`, `u32::MAX` for new ones. Also returns how many rows of each power were computed again.
    ///
    /// # Errors
    /// As [`Powers::new`].
    pub fn update(
        &self,
        old: &Embedded<'_>,
        new: &Embedded<'_>,
        old_numbers: &[u32],
        exec: &Exec,
    ) -> Result<(Self, Vec<usize>)> {
        let (params, n) = (&self.params, new.graph.n_nodes());
        self.check(old, exec)?;
        new.nodes.validate(n, params, exec)?;
        if old_numbers.len() != n {
            let problem = format!("has {} rows, but the new graph has {n} nodes", old_numbers.len());
            return Err(Error::argument("old_numbers", problem));
        }
        let is_number = |&old: &u32| old == u32::MAX || (old as usize) < self.n_nodes;
        if let Some(row) = old_numbers.iter().position(|old| !is_number(old)) {
            let problem = format!("got {}, nodes were numbered below {}", old_numbers[row], self.n_nodes);
            return Err(Error::row("old_numbers", row, problem));
        }
        let before = Neighborhood::new(old.graph, params.direction, exec)?;
        let rows = Neighborhood::new(new.graph, params.direction, exec)?;
        let old_start = whole_start(&old.nodes, params, &before, exec)?;
        let start = whole_start(&new.nodes, params, &rows, exec)?;
        let n_groups = params.dim.div_ceil(LANES);
        let layout = Layout::whole(&rows)?;

        let mut is_stale = map_nodes(n, exec, |node| match old_numbers[node] {
            u32::MAX => true,
            old => !start.is_same_row(node, &old_start, old as usize),
        })?;
        let is_changed = map_nodes(n, exec, |node| match old_numbers[node] {
            u32::MAX => true,
            old => !rows.is_same_row(node, &before, old as usize, old_numbers),
        })?;
        let (mut all, mut counts): (Vec<Power>, _) = (Vec::with_capacity(self.powers.len()), Vec::new());
        for kept in &self.powers {
            is_stale = map_nodes(n, exec, |node| {
                is_changed[node]
                    || rows.arcs(node, 0).any(|(targets, _)| targets.iter().any(|&t| is_stale[t as usize]))
            })?;
            let n_stale = is_stale.iter().filter(|&&stale| stale).count();
            let stale =
                try_collect("rows to compute", n_stale, (0u32..).take(n).filter(|&v| is_stale[v as usize]))?;
            let average = Average { rows: &rows, nodes: &stale, layout: &layout, n_groups, exec };
            let fresh = match all.last() {
                None => average.start(&start)?,
                Some(before) => average.of::<f32>(&before.rows, None)?,
            };
            let fresh = Power { squares: squares(&fresh, n_groups, exec)?, rows: fresh };
            counts.push(stale.len());
            all.push(kept.merged(&fresh, &stale, old_numbers, n_groups, exec)?);
        }
        Ok((Self { params: params.clone(), n_nodes: n, powers: all }, counts))
    }

    /// The embedding of new nodes. `with_new` has the old nodes, without arcs, and after them the new ones, with arcs to old
    /// nodes; `nodes` describes the new ones alone.
    ///
    /// # Errors
    /// As [`Powers::embed`].
    pub fn transform(
        &self,
        of: &Embedded<'_>,
        with_new: &Graph,
        nodes: &NodeData<'_>,
        output: &mut Output<'_>,
        exec: &Exec,
    ) -> Result<()> {
        let (params, n) = (&self.params, self.n_nodes);
        let n_new = with_new.n_nodes().saturating_sub(n);
        self.check(of, exec)?;
        nodes.validate(n_new, params, exec)?;
        output.check(n_new, params.dim)?;
        if with_new.out().targets.iter().any(|&target| target as usize >= n) {
            return Err(Error::argument(
                "with_new",
                "has an arc to a new node; new nodes lead to old ones only",
            ));
        }
        let rows = Neighborhood::new(with_new, Direction::Out, exec)?;
        let n_groups = params.dim.div_ceil(LANES);
        let positions = try_collect("positions of nodes", n, (0u32..).take(n))?;
        let new_nodes = try_collect("new nodes", n_new, (0u32..).skip(n).take(n_new))?;
        let layout = Layout { nodes: new_nodes, positions, chunks: Vec::new() };
        let average = Average { rows: &rows, nodes: &layout.nodes, layout: &layout, n_groups, exec };

        let mut kept = Vec::with_capacity(self.powers.len());
        for (i, &weight) in params.weights.iter().enumerate().take(self.powers.len()) {
            let power = match i.checked_sub(1).and_then(|before| self.powers.get(before)) {
                _ if weight == 0.0 => Buffer::zeroed("a power of new nodes", n_new * n_groups)?,
                Some(before) => average.of::<f32>(&before.rows, None)?,
                None => {
                    let old = Neighborhood::new(of.graph, params.direction, exec)?;
                    average.start(&whole_start(&of.nodes, params, &old, exec)?)?
                }
            };
            kept.push(Power { squares: squares(&power, n_groups, exec)?, rows: power });
        }
        let mut start = whole_start(nodes, params, &rows, exec)?;
        if let Some(powers) = &mut start.degree_powers {
            powers.drain(..n);
        }
        let all = try_collect("positions of nodes", n_new, (0u32..).take(n_new))?;
        let layout = Layout { nodes: layout.nodes, positions: all, chunks: Vec::new() };
        let kept: Vec<_> = kept.iter().map(|power| (&power.rows[..], &power.squares[..])).collect();
        emit(params, &kept, &start, &layout, output, exec)
    }

    fn check(&self, of: &Embedded<'_>, exec: &Exec) -> Result<()> {
        if of.graph.n_nodes() != self.n_nodes {
            let problem =
                format!("has {} nodes, but the powers belong to one of {}", of.graph.n_nodes(), self.n_nodes);
            return Err(Error::argument("graph", problem));
        }
        of.nodes.validate(self.n_nodes, &self.params, exec)
    }

    fn weighed(&self, weights: &[f64], self_influence: f64) -> Result<FastRpParams> {
        let params = FastRpParams { weights: weights.to_vec(), self_influence, ..self.params.clone() };
        params.validate()?;
        if params.last_power() > self.powers.len() {
            let problem = format!(
                "gives weight to power {}, but only powers 1 to {} were kept",
                params.last_power(),
                self.powers.len()
            );
            return Err(Error::argument("weights", problem));
        }
        Ok(params)
    }
}

impl Power {
    /// The rows of this power by the new numbers of their nodes, and `fresh` in the place of those of the nodes `stale`.
    fn merged(
        &self,
        fresh: &Self,
        stale: &[u32],
        old_numbers: &[u32],
        n_groups: usize,
        exec: &Exec,
    ) -> Result<Self> {
        let n = old_numbers.len();
        let mut rows = Buffer::<[f32; LANES]>::zeroed("a power of the embedding", n * n_groups)?;
        let parts = rows.chunks_mut(ROWS * n_groups).collect();
        let place = |node: usize| match stale.binary_search(&u32::try_from(node).unwrap_or(u32::MAX)) {
            Ok(at) => (fresh, at),
            Err(_) => (self, old_numbers[node] as usize),
        };
        exec.map_items(parts, |chunk, part: &mut [[f32; LANES]]| {
            exec.checkpoint(0)?;
            for (node, row) in (chunk * ROWS..).zip(part.chunks_exact_mut(n_groups)) {
                let (from, at) = place(node);
                row.copy_from_slice(&from.rows[at * n_groups..(at + 1) * n_groups]);
            }
            Ok(())
        })?;
        let squares = (0..n).map(|node| {
            let (from, at) = place(node);
            from.squares[at]
        });
        Ok(Self { rows, squares: try_collect("lengths of rows", n, squares)? })
    }
}

/// Averages of the rows of a list of nodes.
struct Average<'a> {
    rows: &'a Neighborhood<'a>,
    nodes: &'a [u32],
    layout: &'a Layout,
    n_groups: usize,
    exec: &'a Exec,
}

impl Average<'_> {
    /// Over the rows of `source`, which are by node.
    fn of<T: Lane>(&self, source: &[[T; LANES]], factors: Option<&[f32]>) -> Result<Buffer<[f32; LANES]>> {
        let mut target = Buffer::zeroed("a power of the embedding", self.nodes.len() * self.n_groups)?;
        let rows = Rows {
            neighborhood: self.rows,
            nodes: self.nodes,
            positions: &self.layout.positions,
            factors,
            isa: Isa::best(),
        };
        let chunks = chunks(self.rows, self.nodes)?;
        average_all(rows, &chunks, source, &mut target, self.n_groups, self.exec)?;
        Ok(target)
    }

    /// Over start rows.
    fn start(&self, start: &Start<'_>) -> Result<Buffer<[f32; LANES]>> {
        let (n, n_groups) = (self.layout.positions.len(), self.n_groups);
        if start.is_signs(0, n_groups) {
            let mut signs = Buffer::<[i8; LANES]>::zeroed("signs of the projection", n * n_groups)?;
            self.fill(&mut signs, |_, row, group| start.signs(row, group), start)?;
            self.of::<i8>(&signs, start.degree_powers.as_deref())
        } else {
            let mut values = Buffer::<[f32; LANES]>::zeroed("start rows", n * n_groups)?;
            self.fill(&mut values, |node, row, group| start.values(node, row, group), start)?;
            self.of::<f32>(&values, None)
        }
    }

    fn fill<T: Lane>(
        &self,
        groups: &mut [[T; LANES]],
        group_of: impl Fn(usize, u64, usize) -> [T; LANES] + Sync + Send,
        start: &Start<'_>,
    ) -> Result<()> {
        let step = start.rows_per_step();
        let parts = groups.chunks_mut(step * self.n_groups).collect();
        self.exec.map_items(parts, |chunk, part: &mut [[T; LANES]]| {
            self.exec.checkpoint(0)?;
            for (node, groups) in (chunk * step..).zip(part.chunks_exact_mut(self.n_groups)) {
                let row = start.row(node);
                groups.iter_mut().enumerate().for_each(|(group, lanes)| *lanes = group_of(node, row, group));
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// Start rows in units of the projection: no power of two that depends on the graph, so that rows of two graphs compare.
fn whole_start<'a>(
    nodes: &NodeData<'a>,
    params: &FastRpParams,
    rows: &Neighborhood<'_>,
    exec: &Exec,
) -> Result<Start<'a>> {
    let mut start = Start::new(nodes, params, rows, 1.0, exec)?;
    start.unit = 1.0;
    Ok(start)
}

/// Weighs and adds the powers, given with the squared lengths of their rows.
fn emit(
    params: &FastRpParams,
    powers: &[(&[[f32; LANES]], &[f64])],
    start: &Start<'_>,
    layout: &Layout,
    output: &mut Output<'_>,
    exec: &Exec,
) -> Result<()> {
    let n_groups = params.dim.div_ceil(LANES);
    let weighted = (1..).zip(powers).take(params.last_power()).filter(|&(i, _)| params.weights[i - 1] != 0.0);
    let powers = weighted.map(|(i, &(rows, squares))| {
        let weight = params.weight(i);
        #[expect(clippy::cast_possible_truncation, reason = "a weight of the result, which has 32 bits")]
        let all = Scales::All(weight as f32);
        (Some(rows), if params.normalize { Scales::Lengths { weight, squares } } else { all })
    });
    let kept = Kept { powers: powers.collect(), n_groups };
    let own_squares = match params.normalize && params.self_influence != 0.0 {
        true => Some(start.squares(layout.positions.len(), n_groups, exec)?),
        false => None,
    };
    let own = OwnRows { start, weight: params.weight(0), squares: own_squares.as_deref() };
    Emitter { dim: params.dim, own, layout, isa: Isa::best(), exec }.emit(output, &kept)
}

/// Squared lengths of rows.
fn squares(rows: &[[f32; LANES]], n_groups: usize, exec: &Exec) -> Result<Vec<f64>> {
    let n = rows.len() / n_groups;
    let chunks = exec.map(n.div_ceil(ROWS), |chunk| {
        exec.checkpoint(0)?;
        let rows = &rows[chunk * ROWS * n_groups..rows.len().min((chunk + 1) * ROWS * n_groups)];
        let mut squares = try_zeroed("lengths of rows", rows.len() / n_groups)?;
        for (square, row) in squares.iter_mut().zip(rows.chunks_exact(n_groups)) {
            add_squares::<Baseline, f32>(square, row);
        }
        Ok(squares)
    })?;
    try_collect("lengths of rows", n, chunks.into_iter().flatten())
}

/// What holds for each node.
fn map_nodes(n: usize, exec: &Exec, holds: impl Fn(usize) -> bool + Sync + Send) -> Result<Vec<bool>> {
    let chunks = exec.map(n.div_ceil(ROWS), |chunk| {
        exec.checkpoint(0)?;
        let nodes = chunk * ROWS..n.min((chunk + 1) * ROWS);
        try_collect("marks of nodes", nodes.len(), nodes.map(&holds))
    })?;
    try_collect("marks of nodes", n, chunks.into_iter().flatten())
}
