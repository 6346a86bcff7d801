//! Power 0: the row that every node starts from.
//!
//! Its first columns are a row of the sparse projection, named by the node's key and scaled by a power of its degree.
//! The last ones, if there are features, are the node's features times a projection with a row per feature; they do not
//! depend on keys, so they carry over to other graphs.

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{Buffer, try_collect, try_with_capacity};
use crate::rng::Domain;
use crate::simd::{Baseline, LANES};

use super::lane::add_squares;
use super::neighborhood::Neighborhood;
use super::params::{FastRpParams, Precision};
use super::projection::Projection;

/// Start rows beyond this could add up to more than a 32-bit float holds; below its inverse they would lose digits.
const LARGEST_START: f64 = 1e25;
/// 16-bit floats hold start rows of sizes that differ by this factor, and averages of them.
const MOST_RANGE: f32 = 4096.0;
/// Values between two checkpoints.
const STEP: usize = 1 << 18;

/// What is known of the nodes beside their arcs.
#[derive(Clone, Copy, Debug)]
pub struct NodeData<'a> {
    /// Per node, what its random row is drawn for: a number that stays with it from graph to graph.
    pub keys: &'a [u64],
    /// Numbers that describe the nodes.
    pub features: Option<Features<'a>>,
}

/// A table of finite numbers, one row per node.
#[derive(Clone, Copy, Debug)]
pub struct Features<'a> {
    /// Row after row.
    pub values: &'a [f32],
    /// Per column, what its random row is drawn for.
    pub keys: &'a [u64],
}

/// See the module.
pub(super) struct Start<'a> {
    keys: &'a [u64],
    projection: Projection,
    features: Option<FeatureRows<'a>>,
    /// Columns of the projection, and of the embedding.
    n_hashed: usize,
    dim: usize,
    /// Per node, the power of its degree; `None` if all are 1.
    pub(super) degree_powers: Option<Vec<f32>>,
    /// A power of two that brings the largest value near a favourite size, or 1.
    pub(super) unit: f32,
    /// No value of a start row is larger.
    pub(super) largest: f32,
}

struct FeatureRows<'a> {
    values: &'a [f32],
    n_features: usize,
    /// Per feature, its signs in the groups from `first_group` on.
    signs: Buffer<[i8; LANES]>,
    first_group: usize,
}

impl<'a> Start<'a> {
    pub(super) fn new(
        data: &NodeData<'a>,
        params: &FastRpParams,
        rows: &Neighborhood<'_>,
        favourite: Option<f32>,
        exec: &Exec,
    ) -> Result<Self> {
        let n_hashed = params.dim - params.n_feature_columns();
        let strength = if n_hashed == 0 { 0.0 } else { params.normalization_strength };
        let degree_powers = degree_powers(rows, strength, exec)?;
        let features = match data.features {
            Some(features) if n_hashed < params.dim => Some(FeatureRows::new(&features, params, n_hashed)?),
            _ => None,
        };
        let mut sizes = if n_hashed == 0 { Sizes::NONE } else { Sizes { least: 1.0, most: 1.0 } };
        if let Some(powers) = &degree_powers {
            sizes = powers.iter().fold(Sizes::NONE, |sizes, &power| sizes.with(f64::from(power)));
        }
        if let Some(features) = &features {
            let of_features = features.sizes(exec)?;
            sizes = sizes.with(of_features.least).with(of_features.most);
        }
        if params.state == Precision::F16 && sizes.most > MOST_RANGE * sizes.least {
            let problem = format!(
                "= \"float16\" is too coarse here: the largest start row is {:.1e} times the smallest, at most {MOST_RANGE} \
                 is allowed; use \"float32\", bring features and weights to one scale or `normalization_strength` \
                 nearer to 0",
                sizes.most / sizes.least
            );
            return Err(Error::argument("state", problem));
        }
        let projection = Projection::new(params.seed, Domain::Projection, params.sparsity);
        let unit = favourite.map_or(1.0, |favourite| power_of_two_below(favourite / sizes.most));
        let largest = sizes.most;
        Ok(Self {
            keys: data.keys,
            projection,
            features,
            n_hashed,
            dim: params.dim,
            degree_powers,
            unit,
            largest,
        })
    }

    /// Whether a block of groups holds signs alone.
    pub(super) fn is_signs(&self, first_group: usize, n_groups: usize) -> bool {
        self.features.is_none() || (first_group + n_groups) * LANES <= self.n_hashed
    }

    /// The signs of a node's random row; 0 in the columns of features and past the end.
    #[inline(always)]
    pub(super) fn signs(&self, row: u64, group: usize) -> [i8; LANES] {
        let mut signs = self.projection.entries(row, group);
        if (group + 1) * LANES > self.n_hashed {
            let past_the_end =
                (group * LANES..).zip(&mut signs).filter(|(column, _)| *column >= self.n_hashed);
            past_the_end.for_each(|(_, sign)| *sign = 0);
        }
        signs
    }

    /// What the random row of a node begins from.
    #[inline]
    pub(super) fn row(&self, node: usize) -> u64 {
        self.projection.row(self.keys[node])
    }

    /// A group of columns of a node's row, without the common unit.
    #[inline(always)]
    pub(super) fn values(&self, node: usize, row: u64, group: usize) -> [f32; LANES] {
        let power = self.degree_powers.as_ref().map_or(1.0, |powers| powers[node]);
        let mut values = self.signs(row, group).map(|sign| power * f32::from(sign));
        if let Some(features) = &self.features {
            features.add(node, group, &mut values);
        }
        debug_assert!((group * LANES..).zip(&values).all(|(column, &x)| column < self.dim || x == 0.0));
        values
    }

    /// Whether the row of a node has the same values as a row of another start of the same width.
    pub(super) fn is_same_row(&self, node: usize, other: &Self, other_node: usize) -> bool {
        let (row, other_row) = (self.row(node), other.row(other_node));
        let is_plain = self.features.is_none() && self.degree_powers.is_none();
        row == other_row
            && (is_plain
                || (0..self.dim.div_ceil(LANES))
                    .all(|group| self.values(node, row, group) == other.values(other_node, other_row, group)))
    }

    /// Start rows that take about a millisecond.
    pub(super) fn rows_per_step(&self) -> usize {
        let n_features = self.features.as_ref().map_or(1, |features| features.n_features);
        (STEP / (n_features * self.dim)).clamp(1, 1 << 9)
    }

    pub(super) fn n_nodes(&self) -> usize {
        self.keys.len()
    }

    /// Squared lengths of the rows of all nodes.
    pub(super) fn squares(&self, n_groups: usize, exec: &Exec) -> Result<Vec<f64>> {
        let n = self.n_nodes();
        let rows = self.rows_per_step();
        let square = |node| {
            let (row, mut square) = (self.row(node), 0.0);
            for group in 0..n_groups {
                add_squares::<Baseline, f32>(&mut square, &[self.values(node, row, group)]);
            }
            square
        };
        let chunks = exec.map(n.div_ceil(rows), |chunk| {
            exec.checkpoint(0)?;
            let nodes = chunk * rows..n.min((chunk + 1) * rows);
            try_collect("lengths of rows", nodes.len(), nodes.map(square))
        })?;
        try_collect("lengths of rows", n, chunks.into_iter().flatten())
    }
}

impl<'a> FeatureRows<'a> {
    fn new(features: &Features<'a>, params: &FastRpParams, n_hashed: usize) -> Result<Self> {
        let projection = Projection::new(params.seed, Domain::FeatureProjection, params.sparsity);
        let first_group = n_hashed / LANES;
        let n_groups = params.dim.div_ceil(LANES) - first_group;
        let len = features.keys.len() * n_groups;
        let mut signs = Buffer::<[i8; LANES]>::zeroed("projection of features", len)?;
        let n_columns = params.dim - n_hashed;
        for (groups, &key) in signs.chunks_exact_mut(n_groups).zip(features.keys) {
            let row = projection.row(key);
            // The first column of features is column 0 of their projection, wherever it lies.
            let entries = (0..n_columns.div_ceil(LANES)).flat_map(|group| projection.entries(row, group));
            for (i, entry) in entries.take(n_columns).enumerate() {
                let column = n_hashed + i - first_group * LANES;
                groups[column / LANES][column % LANES] = entry;
            }
        }
        Ok(Self { values: features.values, n_features: features.keys.len(), signs, first_group })
    }

    fn row(&self, node: usize) -> &[f32] {
        &self.values[node * self.n_features..(node + 1) * self.n_features]
    }

    #[inline(always)]
    fn add(&self, node: usize, group: usize, lanes: &mut [f32; LANES]) {
        let Some(group) = group.checked_sub(self.first_group) else { return };
        let n_groups = self.signs.len() / self.n_features;
        for (feature, &value) in self.row(node).iter().enumerate() {
            if value != 0.0 {
                for (lane, &sign) in lanes.iter_mut().zip(&self.signs[feature * n_groups + group]) {
                    *lane += value * f32::from(sign);
                }
            }
        }
    }

    /// Bounds of what the features of a node add up to, over the nodes that have any.
    fn sizes(&self, exec: &Exec) -> Result<Sizes> {
        let step = (STEP / self.n_features).max(1);
        let n_nodes = self.values.len() / self.n_features;
        let chunks = exec.map(n_nodes.div_ceil(step), |chunk| {
            exec.checkpoint(0)?;
            let mut sizes = Sizes::NONE;
            for node in chunk * step..n_nodes.min((chunk + 1) * step) {
                let size: f64 = self.row(node).iter().map(|&value| f64::from(value.abs())).sum();
                if size > LARGEST_START {
                    let problem = format!(
                        "adds up to {size:e}, features must stay below {LARGEST_START:e}; scale them"
                    );
                    return Err(Error::row("features", node, problem));
                }
                sizes = sizes.with(size);
            }
            Ok(sizes)
        })?;
        Ok(chunks.into_iter().fold(Sizes::NONE, |all, sizes| all.with(sizes.least).with(sizes.most)))
    }
}

/// The smallest and the largest of the start rows that are not 0.
#[derive(Clone, Copy)]
struct Sizes {
    least: f32,
    most: f32,
}

impl Sizes {
    const NONE: Self = Self { least: f32::MAX, most: f32::MIN_POSITIVE };

    /// Also of a row of this size. What is 0 has no size, and marks for "none" leave everything as it is.
    #[expect(clippy::cast_possible_truncation, reason = "refused or marked where it is beyond the range")]
    fn with(self, size: impl Into<f64>) -> Self {
        let size = size.into() as f32;
        if size <= f32::MIN_POSITIVE || size == f32::MAX {
            return self;
        }
        Self { least: self.least.min(size), most: self.most.max(size) }
    }
}

impl NodeData<'_> {
    pub(super) fn validate(&self, n_nodes: usize, params: &FastRpParams, exec: &Exec) -> Result<()> {
        if self.keys.len() != n_nodes {
            let problem = format!("has {} rows, but the graph has {n_nodes} nodes", self.keys.len());
            return Err(Error::argument("keys", problem));
        }
        let Some(features) = &self.features else {
            return match params.n_feature_columns() {
                0 => Ok(()),
                n => Err(Error::argument(
                    "feature_ratio",
                    format!("sets {n} columns aside for features, but there are none; pass `features`"),
                )),
            };
        };
        if features.keys.is_empty() || features.values.len() != n_nodes * features.keys.len() {
            let problem = format!(
                "holds {} numbers, but {n_nodes} nodes with {} columns each need {}",
                features.values.len(),
                features.keys.len(),
                n_nodes * features.keys.len()
            );
            return Err(Error::argument("features", problem));
        }
        if params.n_feature_columns() == 0 {
            let problem = format!(
                "= {} leaves no column of {} to the features; raise it, or leave `features` out",
                params.feature_ratio, params.dim
            );
            return Err(Error::argument("feature_ratio", problem));
        }
        let chunks = exec.map(features.values.len().div_ceil(STEP), |chunk| {
            exec.checkpoint(0)?;
            let values = &features.values[chunk * STEP..features.values.len().min((chunk + 1) * STEP)];
            Ok(values.iter().position(|value| !value.is_finite()).map(|i| chunk * STEP + i))
        })?;
        match chunks.into_iter().flatten().next() {
            Some(i) => {
                let (row, column) = (i / features.keys.len(), i % features.keys.len());
                let problem =
                    format!("got {} in column {column}, features must be finite", features.values[i]);
                Err(Error::row("features", row, problem))
            }
            None => Ok(()),
        }
    }
}

/// Degrees to the power `strength`; 1 for a node without arcs.
#[expect(clippy::cast_possible_truncation, reason = "checked to be finite")]
fn degree_powers(rows: &Neighborhood<'_>, strength: f64, exec: &Exec) -> Result<Option<Vec<f32>>> {
    if strength == 0.0 {
        return Ok(None);
    }
    const ROWS: usize = 1 << 14;
    let n = rows.n_nodes();
    let chunks = exec.map(n.div_ceil(ROWS), |chunk| {
        exec.checkpoint(0)?;
        let nodes = chunk * ROWS..n.min((chunk + 1) * ROWS);
        let mut powers = try_with_capacity("powers of degrees", nodes.len())?;
        for node in nodes {
            let degree = rows.degree(node);
            let power = if degree > 0.0 { degree.powf(strength) as f32 } else { 1.0 };
            if !(1.0 / LARGEST_START..=LARGEST_START).contains(&f64::from(power)) {
                let problem = format!(
                    "= {strength} takes the degree of a node, {degree:e}, beyond 1e-25 to 1e25; scale the weights or \
                     choose it nearer to 0"
                );
                return Err(Error::argument("normalization_strength", problem));
            }
            powers.push(power);
        }
        Ok(powers)
    })?;
    try_collect("powers of degrees", n, chunks.into_iter().flatten()).map(Some)
}

/// The largest power of two that is not above `x` > 0, within the normal range.
fn power_of_two_below(x: f32) -> f32 {
    f32::from_bits((x.to_bits() & 0x7f80_0000).clamp(0x0080_0000, 0x7f00_0000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_two() {
        assert_eq!([1.0, 1.5, 0.3, 16384.0].map(power_of_two_below), [1.0, 1.0, 0.25, 16384.0]);
        assert!(power_of_two_below(f32::INFINITY).is_finite() && power_of_two_below(1e-45) > 0.0);
    }
}
