//! The powers of an embedding, kept whole: for other weights, for new nodes and for changed edges.
//!
//! # Cost
//! 4 bytes per node, column and power.

mod added;
mod average;
mod changed;

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::Buffer;
use crate::simd::{Isa, LANES};

use super::collect::Scales;
use super::emit::{Emitter, Kept, Output, OwnRows};
use super::neighborhood::Neighborhood;
use super::params::{FastRpParams, Precision};
use super::start::{NodeData, Start};

use average::{Average, squares, start_rows};

/// Powers 1 to k of an embedding, by node.
#[derive(Debug)]
pub struct Powers {
    params: FastRpParams,
    n_nodes: usize,
    powers: Vec<KeptPower>,
}

#[derive(Debug)]
struct KeptPower {
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
        let start = start_rows(&of.nodes, params, &rows, exec)?;
        let mut all: Vec<KeptPower> = Vec::with_capacity(params.last_power());
        for _ in 0..params.last_power() {
            let average = Average { rows: &rows, nodes: None, n_groups, exec };
            let power = match all.last() {
                None => average.start(&start)?,
                Some(before) => average.of::<f32>(&before.rows, None)?,
            };
            let squares = squares(&power, n_groups, exec)?;
            all.push(KeptPower { rows: power, squares });
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
        let start = start_rows(&of.nodes, &params, &rows, exec)?;
        let kept: Vec<_> = self.powers.iter().map(|power| (&power.rows[..], &power.squares[..])).collect();
        emit(&params, &kept, &start, output, exec)
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

/// Weighs and adds the powers, given with the squared lengths of their rows.
fn emit(
    params: &FastRpParams,
    powers: &[(&[[f32; LANES]], &[f64])],
    start: &Start<'_>,
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
        true => Some(start.squares(n_groups, exec)?),
        false => None,
    };
    let own = OwnRows { start, weight: params.weight(0), squares: own_squares.as_deref() };
    Emitter { dim: params.dim, own, isa: Isa::best(), exec }.emit(output, &kept)
}
