//! The embedding of nodes that are not in the graph, from their arcs to nodes that are.
//!
//! A new node's row of power i is the mean of its neighbours' rows of power i - 1, as for any node. The neighbours do not
//! learn of it: an embedding of the graph with the new node in it would move them a little.

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::{Buffer, try_collect};
use crate::simd::LANES;

use super::super::emit::Output;
use super::super::neighborhood::Neighborhood;
use super::super::params::Direction;
use super::super::start::NodeData;
use super::average::{Average, squares, start_rows};
use super::{Embedded, KeptPower, Powers, emit};

impl Powers {
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
        let new_nodes = try_collect("new nodes", n_new, (0u32..).skip(n).take(n_new))?;
        let average = Average { rows: &rows, nodes: Some(&new_nodes), n_groups, exec };

        let mut kept = Vec::with_capacity(self.powers.len());
        for (i, &weight) in params.weights.iter().enumerate().take(self.powers.len()) {
            let power = match i.checked_sub(1).and_then(|before| self.powers.get(before)) {
                _ if weight == 0.0 => Buffer::zeroed("a power of new nodes", n_new * n_groups)?,
                Some(before) => average.of::<f32>(&before.rows, None)?,
                None => {
                    let old = Neighborhood::new(of.graph, params.direction, exec)?;
                    average.start(&start_rows(&of.nodes, params, &old, exec)?)?
                }
            };
            kept.push(KeptPower { squares: squares(&power, n_groups, exec)?, rows: power });
        }
        let mut start = start_rows(nodes, params, &rows, exec)?;
        if let Some(powers) = &mut start.degree_powers {
            powers.drain(..n);
        }
        let kept: Vec<_> = kept.iter().map(|power| (&power.rows[..], &power.squares[..])).collect();
        emit(params, &kept, &start, output, exec)
    }
}
