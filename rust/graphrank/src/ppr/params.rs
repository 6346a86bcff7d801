//! What to compute.

use crate::error::{Error, Result};

/// Where a walker at a node without a way out goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dangling {
    /// Back to the restart distribution, the convention of NetworkX and igraph.
    #[default]
    Restart,
    /// To any node with the same probability.
    Uniform,
    /// Nowhere: it stays.
    Stay,
    /// It leaves the graph; scores then add up to less than 1.
    Absorb,
}

/// How the scores are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// The method that suits the graph.
    #[default]
    Auto,
    /// Forward push from the restart nodes: touches what is near them and nothing else.
    Push,
    /// Power iteration.
    Power,
    /// Gauss-Seidel sweeps with Anderson acceleration, component after component.
    GaussSeidel,
    /// Preconditioned conjugate gradients; undirected graphs only.
    ConjugateGradients,
}

impl Method {
    /// The name users give it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Push => "push",
            Self::Power => "power",
            Self::GaussSeidel => "gauss_seidel",
            Self::ConjugateGradients => "cg",
        }
    }
}

/// When a query that asks for its best nodes is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// When the error of all scores is within the tolerance.
    #[default]
    Tolerance,
    /// When the set of the best nodes is proven, or else as by [`Stop::Tolerance`].
    Certified,
    /// When the list of the best nodes no longer changes, which proves nothing, or else as by [`Stop::Tolerance`].
    RankStable,
}

impl Stop {
    /// The name users give it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tolerance => "tolerance",
            Self::Certified => "certified",
            Self::RankStable => "rank_stable",
        }
    }
}

/// What to compute.
#[derive(Clone, Debug)]
pub struct PprParams {
    /// Probability to go on at a step, in [0, 1).
    pub damping: f64,
    /// Largest allowed L1 error of a query's scores.
    pub tol: f64,
    /// Where a walker at a node without a way out goes.
    pub dangling: Dangling,
    /// How the scores are computed.
    pub method: Method,
    /// Return only so many of the best nodes of each query; `None` returns the score of every node.
    pub top_k: Option<usize>,
    /// When to stop; other than by tolerance needs `top_k`, and push or power iteration.
    pub stop: Stop,
    /// Bytes that scores and workspaces may take. `None` allows scores of any size and workspaces of 4 GiB in all.
    pub memory_limit: Option<u64>,
}

impl Default for PprParams {
    fn default() -> Self {
        Self {
            damping: 0.85,
            tol: 1e-8,
            dangling: Dangling::Restart,
            method: Method::Auto,
            top_k: None,
            stop: Stop::Tolerance,
            memory_limit: None,
        }
    }
}

impl PprParams {
    /// Checks that every parameter is in its range.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the first that is not.
    pub fn validate(&self) -> Result<()> {
        if !(0.0..1.0).contains(&self.damping) {
            return Err(Error::argument("damping", format!("must be in [0, 1), got {}", self.damping)));
        }
        if !(self.tol > 0.0 && self.tol < f64::INFINITY) {
            return Err(Error::argument("tol", format!("must be a positive number, got {}", self.tol)));
        }
        if self.top_k == Some(0) {
            return Err(Error::argument("top_k", "must be at least 1, got 0"));
        }
        if self.stop != Stop::Tolerance {
            if self.top_k.is_none() {
                return Err(Error::argument("stop", format!("= \"{}\" needs `top_k`", self.stop.name())));
            }
            if matches!(self.method, Method::GaussSeidel | Method::ConjugateGradients) {
                let problem = format!(
                    "= \"{}\" needs method \"auto\", \"push\" or \"power\", got \"{}\"",
                    self.stop.name(),
                    self.method.name()
                );
                return Err(Error::argument("stop", problem));
            }
        }
        Ok(())
    }

    /// Most sweeps of power iteration a query can take in exact arithmetic.
    #[must_use]
    pub fn most_iterations(&self) -> u32 {
        self.sweeps_until(self.tol)
    }

    /// Sweeps after which the truncation error is below `error`: the first changes at most 2, and each changes at most
    /// `damping` times what the one before did.
    pub(super) fn sweeps_until(&self, error: f64) -> u32 {
        let amplification = self.damping / (1.0 - self.damping);
        let needed = (error / (2.0 * amplification)).ln() / self.damping.ln();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped; NaN is the minimum"
        )]
        let needed = needed.max(0.0).min(f64::from(u32::MAX - 3)).ceil() as u32;
        needed + 3
    }
}
