//! The residual closure: what becomes of residual that push left behind, from a few vectors.
//!
//! Push leaves a = p + r G. Of r G, c r stays where it is; the rest, r (G - c I), is spread far and wide, and depends
//! little on where exactly r lies. So r is replaced, for that part alone, by a fixed distribution of the same mass:
//! with one vector g = δ (G - c I), a ≈ p + c r + ‖r‖₁ g. With clusters, the residual within cluster k is replaced by
//! δₖ of the same mass, and there is a vector gₖ for each. (Kin to TPA, Yoon, Jung and Kang, ICDE 2018, which
//! replaces the far part of a walk by global PageRank.)
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | δₖ(u) | [`Closure::share`] | arcs of u over those of its cluster: push leaves at most ε d(u) at u, so about that much |
//! | gₖ | a column | δₖ (G - c I) |
//! | Rₖ | a coefficient | residual mass in cluster k |
//!
//! # Guarantee
//! The error is (r - Σ Rₖ δₖ) (G - c I) and rows of G - c I add up to at most α, so its L1 norm is at most
//! α ‖r - Σ Rₖ δₖ‖₁, which a query computes from the nodes it touched, and the error of the columns.
//!
//! # Cost
//! 4 bytes per node and column, and 1 per node with more than one. Columns are solved for together, 16 to an arc.

use super::clusters::clusters;
use super::spread::{LANES, spread};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Array, Graph, Transition};
use crate::memory::{Buffer, try_collect};
use crate::numeric;
use crate::ppr::push::KilledWalk;

/// Error of a column, in the L1 norm: a hundredth of what the closure itself is off by.
const TOL: f64 = 1e-4;

/// Vectors that residual is spread by.
#[derive(Debug)]
pub(super) struct Closure {
    /// gₖ(v) is at `v * n_columns + k`.
    pub(super) columns: Array<f32>,
    /// Cluster of each node; empty with one column, where all nodes are in it.
    pub(super) cluster: Array<u8>,
    /// Arcs that leave the nodes of each cluster; those of dangling nodes are not counted.
    pub(super) volumes: Vec<f64>,
    /// Bounds on the L1 error of each column.
    pub(super) errors: Vec<f64>,
    /// ‖gₖ‖₁, and the part of it on dangling nodes.
    masses: Vec<f64>,
    dangling: Vec<f64>,
}

impl Closure {
    /// Solves for `n_columns` columns, at most 256.
    pub(super) fn build(graph: &Graph, n_columns: usize, damping: f64, exec: &Exec) -> Result<Self> {
        let n = graph.n_nodes();
        let walk = KilledWalk::new(graph, damping, exec)?;
        let cluster = if n_columns > 1 { clusters(graph, n_columns, exec)? } else { Vec::new() };
        let degrees = try_collect("degrees", n, (0u32..).take(n).map(|v| f64::from(walk.degree(v))))?;
        let arcs_of = |v: usize| degrees[v];
        let cluster_of = |v: usize| cluster.get(v).map_or(0, |&k| usize::from(k));
        let mut volumes = vec![0.0; n_columns];
        for v in 0..n {
            volumes[cluster_of(v)] += arcs_of(v);
        }
        let mut columns = Buffer::zeroed("columns of the closure", n * n_columns)?;
        let mut errors = Vec::with_capacity(n_columns);
        let share = |v: usize, k: usize| {
            if cluster_of(v) == k && arcs_of(v) > 0.0 { arcs_of(v) / volumes[k] } else { 0.0 }
        };
        if n_columns == 1 {
            errors.extend(spread::<1>(graph, damping, TOL, share, (&mut columns, 1, 0), exec)?);
        }
        for first in (0..n_columns).step_by(LANES).filter(|_| n_columns > 1) {
            let bounds = spread::<LANES>(
                graph,
                damping,
                TOL,
                |v, lane| if first + lane < n_columns { share(v, first + lane) } else { 0.0 },
                (&mut columns, n_columns, first),
                exec,
            )?;
            errors.extend(bounds.into_iter().take(n_columns - first));
        }
        let cluster = Buffer::Heap(cluster).into();
        Self::from_parts(columns.into(), cluster, volumes, errors, graph.transition(exec)?)
    }

    /// From columns that were solved for before.
    pub(super) fn from_parts(
        columns: Array<f32>,
        cluster: Array<u8>,
        volumes: Vec<f64>,
        errors: Vec<f64>,
        transition: &Transition,
    ) -> Result<Self> {
        let n_columns = volumes.len();
        let mut masses = Vec::with_capacity(n_columns);
        let mut dangling = Vec::with_capacity(n_columns);
        for k in 0..n_columns {
            let column = columns.iter().skip(k).step_by(n_columns);
            masses.push(numeric::sum(column.map(|&g| f64::from(g))));
            let rows = transition.dangling.iter().map(|&v| f64::from(columns[v as usize * n_columns + k]));
            dangling.push(numeric::sum(rows));
        }
        Ok(Self { columns, cluster, volumes, errors, masses, dangling })
    }

    pub(super) fn n_columns(&self) -> usize {
        self.volumes.len()
    }

    #[inline]
    pub(super) fn cluster_of(&self, node: usize) -> usize {
        self.cluster.get(node).map_or(0, |&k| usize::from(k))
    }

    /// δ of a node of that degree, within its cluster.
    #[inline]
    pub(super) fn share(&self, cluster: usize, degree: u32) -> f64 {
        if degree > 0 { f64::from(degree) / self.volumes[cluster] } else { 0.0 }
    }

    /// Σ Rₖ gₖ(v).
    #[inline]
    pub(super) fn at(&self, node: usize, coefficients: &[f32]) -> f64 {
        let n_columns = coefficients.len();
        let row = &self.columns[node * n_columns..(node + 1) * n_columns];
        f64::from(row.iter().zip(coefficients).map(|(g, r)| g * r).sum::<f32>())
    }

    /// Σ Rₖ ‖gₖ‖₁, and the part of it on dangling nodes.
    pub(super) fn mass(&self, coefficients: &[f64]) -> [f64; 2] {
        [&self.masses, &self.dangling].map(|of| of.iter().zip(coefficients).map(|(mass, r)| mass * r).sum())
    }

    /// Σ Rₖ times the error of column k.
    pub(super) fn error(&self, coefficients: &[f64]) -> f64 {
        self.errors.iter().zip(coefficients).map(|(error, r)| error * r).sum()
    }

    /// The `limit` largest nodes of each column after scaling nodes by `scale`, in order of rank.
    pub(super) fn top_lists(
        &self,
        limit: usize,
        scale: impl Fn(u32) -> f64 + Sync + Send,
        exec: &Exec,
    ) -> Result<Vec<Vec<u32>>> {
        let n_columns = self.n_columns();
        exec.map(n_columns, |k| {
            exec.checkpoint(0)?;
            let column = self.columns.iter().skip(k).step_by(n_columns);
            let scaled = (0u32..).zip(column).map(|(node, &g)| f64::from(g) * scale(node));
            let scaled = try_collect("a column of the closure", self.columns.len() / n_columns, scaled)?;
            let best = crate::ppr::top_k::best(&scaled, limit)?;
            try_collect("a list of the closure", best.len(), best.iter().map(|&(node, _)| node))
        })
    }

    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.columns[..]) + size_of_val(&self.cluster[..])
    }
}
