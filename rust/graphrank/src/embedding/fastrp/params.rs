//! What to embed, and how.

use crate::error::{Error, Result, thousands};

/// Rounds of refinement: far fewer reach what rounding leaves.
const MOST_ROUNDS: usize = 1000;

/// The most columns: beyond, a vector of one node has megabytes.
const MAX_DIM: usize = 1 << 20;

/// Parameters of [`fastrp`](super::fastrp).
///
/// ```
/// use graphrank::embedding::FastRpParams;
/// let params = FastRpParams { dim: 64, ..FastRpParams::default() };
/// assert_eq!(params.weights, [0.0, 0.0, 1.0, 6.67]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FastRpParams {
    /// Columns of the embedding.
    pub dim: usize,
    /// `weights[i]` weighs power `i + 1` of the transition matrix. The default reads neighbourhoods of three and four
    /// steps; of 13 choices it classified the nodes of three graphs best or within a tenth of a point.
    pub weights: Vec<f64>,
    /// β: the random row of a node is scaled by its degree to this power. Below 0 hubs count less.
    pub normalization_strength: f64,
    /// Weighs the random row of the node itself (power 0).
    pub self_influence: f64,
    /// s: an entry of the projection is 0 with probability 1 - 1/s. 3 is dense enough for nodes of few neighbours;
    /// quality does not depend on it.
    pub sparsity: f64,
    /// Whether rows of each power are scaled to length 1 before they are weighed.
    pub normalize: bool,
    /// Rounds that turn the columns towards the leading eigenvectors of the random walk; 0 leaves them as they are.
    pub refine: usize,
    /// Share of the columns that carry features of nodes, the last ones.
    pub feature_ratio: f64,
    /// Which arcs lead to a node's neighbours.
    pub direction: Direction,
    /// What powers are stored as between products; sums are in 32 bits.
    pub state: Precision,
    /// Bytes that may be used beside the graph and the result. What does not fit is computed in narrow blocks of
    /// columns, twice.
    pub memory_limit: Option<u64>,
    /// Of the projection.
    pub seed: u64,
}

impl Default for FastRpParams {
    fn default() -> Self {
        Self {
            dim: 128,
            weights: vec![0.0, 0.0, 1.0, 6.67],
            normalization_strength: 0.0,
            self_influence: 0.0,
            sparsity: 3.0,
            normalize: true,
            refine: 0,
            feature_ratio: 0.0,
            direction: Direction::Both,
            state: Precision::F32,
            memory_limit: None,
            seed: 0,
        }
    }
}

/// Which arcs lead to a node's neighbours; all the same on undirected and on symmetric graphs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Those that leave it and those that enter it; a neighbour that both lead to counts twice.
    #[default]
    Both,
    /// Those that leave it.
    Out,
    /// Those that enter it.
    In,
}

/// A width of floats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// IEEE 754 binary32.
    #[default]
    F32,
    /// IEEE 754 binary16: half the memory traffic. A value is off by at most 2^-11 of itself per product, unless it is
    /// smaller than a 2^28-th of the largest start value; start rows that differ too much for that are refused.
    F16,
}

impl FastRpParams {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names the parameter.
    pub fn validate(&self) -> Result<()> {
        if self.dim == 0 {
            return Err(Error::argument("dim", "must be at least 1, got 0"));
        }
        if self.weights.is_empty() {
            return Err(Error::argument(
                "weights",
                "is empty; give one weight per power, such as (0, 0, 1, 6.67)",
            ));
        }
        if self.dim > MAX_DIM {
            return Err(Error::argument(
                "dim",
                format!("must be at most {}, got {}", thousands(MAX_DIM as u64), self.dim),
            ));
        }
        if let Some(w) = self.weights.iter().find(|w| !is_moderate(**w)) {
            let problem = format!("must hold 0 or numbers of magnitude 1e-15 to 1e15, got {w:?}");
            return Err(Error::argument("weights", problem));
        }
        if !is_moderate(self.self_influence) {
            let problem = format!("must be 0 or of magnitude 1e-15 to 1e15, got {:?}", self.self_influence);
            return Err(Error::argument("self_influence", problem));
        }
        if !self.normalization_strength.is_finite() {
            let problem = format!("must be a finite number, got {}", self.normalization_strength);
            return Err(Error::argument("normalization_strength", problem));
        }
        if self.self_influence == 0.0 && self.weights.iter().all(|&w| w == 0.0) {
            let problem =
                "are all 0, so every vector would be; give a power, or `self_influence`, some weight";
            return Err(Error::argument("weights", problem));
        }
        // Thresholds have 32 bits; beyond this a row has one entry in four million columns.
        if !(1.0..=16_777_216.0).contains(&self.sparsity) {
            let problem = format!("must be from 1 to 16,777,216, got {:?}", self.sparsity);
            return Err(Error::argument("sparsity", problem));
        }
        if self.refine > MOST_ROUNDS {
            let problem = format!("must be at most {MOST_ROUNDS}, got {}", self.refine);
            return Err(Error::argument("refine", problem));
        }
        if !(0.0..=1.0).contains(&self.feature_ratio) {
            let problem = format!("must be from 0 to 1, got {}", self.feature_ratio);
            return Err(Error::argument("feature_ratio", problem));
        }
        Ok(())
    }

    /// The highest power that has weight.
    pub(super) fn last_power(&self) -> usize {
        self.weights.iter().rposition(|&w| w != 0.0).map_or(0, |i| i + 1)
    }

    /// Columns that carry features, the last ones.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to `dim`")]
    pub(super) fn n_feature_columns(&self) -> usize {
        (self.dim as f64 * self.feature_ratio).round() as usize
    }

    /// What weight `power` has in the result when its rows are stored as they are, in units of the projection's entries.
    pub(super) fn weight(&self, power: usize) -> f64 {
        let weight = if power == 0 { self.self_influence } else { self.weights[power - 1] };
        if self.normalize { weight } else { weight * self.sparsity.sqrt() }
    }
}

/// Whether products with the other factors of a result stay within the range of 32-bit floats.
fn is_moderate(weight: f64) -> bool {
    weight == 0.0 || (1e-15..=1e15).contains(&weight.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_out_of_range_are_named() {
        let good = FastRpParams::default();
        assert!(good.validate().is_ok());
        for (bad, name) in [
            (FastRpParams { dim: 0, ..good.clone() }, "dim"),
            (FastRpParams { dim: usize::MAX, ..good.clone() }, "dim"),
            (FastRpParams { weights: vec![1e39], ..good.clone() }, "weights"),
            (FastRpParams { weights: vec![1e-60], ..good.clone() }, "weights"),
            (FastRpParams { self_influence: 1e39, ..good.clone() }, "self_influence"),
            (FastRpParams { weights: vec![], ..good.clone() }, "weights"),
            (FastRpParams { weights: vec![0.0, f64::NAN], ..good.clone() }, "weights"),
            (FastRpParams { weights: vec![0.0], ..good.clone() }, "weights"),
            (
                FastRpParams { normalization_strength: f64::INFINITY, ..good.clone() },
                "normalization_strength",
            ),
            (FastRpParams { self_influence: f64::NAN, ..good.clone() }, "self_influence"),
            (FastRpParams { sparsity: 0.5, ..good.clone() }, "sparsity"),
            (FastRpParams { refine: MOST_ROUNDS + 1, ..good.clone() }, "refine"),
            (FastRpParams { feature_ratio: 1.5, ..good.clone() }, "feature_ratio"),
        ] {
            let message = bad.validate().unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{name}`")), "{message}");
        }
    }
}
