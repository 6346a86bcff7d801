//! Log-determinant: picks that span a large volume, the information gain of a Gaussian process.
//!
//! `f(S) = ln det(I + α K_S)` for a positive semidefinite kernel K (Krause, Singh and Guestrin, JMLR 2008). Without the
//! identity, as in determinantal point processes, gains could be negative.
//!
//! With the Cholesky factor L of I + α K over the picks, forward substitution of the row of v gives `c_1`, `c_2`, ..., and the
//! gain at `I_j` is `ln(1 + α K_vv - c_1² - ... - c_j²)`: one substitution gives the gains at all prefixes.
//!
//! # Cost
//! O(T²) per gain and profile with T picks, and T entries of the kernel; 4T² bytes per guess (the lower triangle). With
//! vectors of length d the entries are dot products, O(Td), and no matrix is kept.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::objective::{Objective, Prefix};
use super::rows::check_universe;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::try_reserve;

#[derive(Debug)]
enum Kernel {
    Matrix(Vec<f64>),
    Vectors { dim: usize, vectors: Vec<f32> },
}

/// Volume spanned by the picks.
#[derive(Debug)]
pub struct LogDet {
    n: usize,
    kernel: Kernel,
    alpha: f64,
}

/// What may be missing from 1, the least that a positive semidefinite kernel leaves, by rounding.
const TOLERANCE: f64 = 1e-6;

impl LogDet {
    /// From a symmetric positive semidefinite matrix. Whether it is semidefinite is seen where its picks are: an element
    /// that shows it is not is named by the error of its gain.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for a row with an entry that is not finite or differs from its mirror image by more than
    /// 1e-9 of the largest on the diagonal, or a negative diagonal; [`Error::InvalidArgument`] for another size and an α
    /// that is not positive.
    pub fn new(n: usize, kernel: Vec<f64>, alpha: f64, exec: &Exec) -> Result<Self> {
        check_universe(n)?;
        check_alpha(alpha)?;
        if n.checked_mul(n) != Some(kernel.len()) {
            let problem = format!("must have {n} times {n} entries, got {}", kernel.len());
            return Err(Error::argument("kernel", problem));
        }
        let largest = (0..n).map(|i| kernel[i * n + i].abs()).fold(0.0, f64::max);
        for i in 0..n {
            exec.checkpoint(n as u64)?;
            let row = &kernel[i * n..(i + 1) * n];
            if row[i] < 0.0 || row.iter().any(|entry| !entry.is_finite()) {
                return Err(Error::row("kernel", i, "must be finite and not negative on the diagonal"));
            }
            if let Some(j) = (0..i).find(|&j| (row[j] - kernel[j * n + i]).abs() > 1e-9 * largest) {
                let problem =
                    format!("must be symmetric, column {j} has {} and {}", row[j], kernel[j * n + i]);
                return Err(Error::row("kernel", i, problem));
            }
        }
        Ok(Self { n, kernel: Kernel::Matrix(kernel), alpha })
    }

    /// From a vector of length `dim` per element: K is their Gram matrix.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for an element whose vector is not finite; [`Error::InvalidArgument`] as for
    /// [`LogDet::new`].
    pub fn from_vectors(n: usize, dim: usize, vectors: Vec<f32>, alpha: f64, exec: &Exec) -> Result<Self> {
        check_universe(n)?;
        check_alpha(alpha)?;
        if n.checked_mul(dim) != Some(vectors.len()) {
            let problem = format!("must have {n} times {dim} entries, got {}", vectors.len());
            return Err(Error::argument("vectors", problem));
        }
        for (i, vector) in vectors.chunks_exact(dim.max(1)).enumerate() {
            exec.checkpoint(dim as u64)?;
            if vector.iter().any(|x| !x.is_finite()) {
                return Err(Error::row("vectors", i, "must be finite"));
            }
        }
        Ok(Self { n, kernel: Kernel::Vectors { dim, vectors }, alpha })
    }

    /// `α K_uv`
    #[inline]
    fn entry(&self, u: u32, v: u32) -> f64 {
        let (u, v) = (u as usize, v as usize);
        self.alpha
            * match &self.kernel {
                Kernel::Matrix(matrix) => matrix[u.max(v) * self.n + u.min(v)],
                Kernel::Vectors { dim, vectors } => {
                    let (a, b) = (&vectors[u * dim..][..*dim], &vectors[v * dim..][..*dim]);
                    a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
                }
            }
    }
}

fn check_alpha(alpha: f64) -> Result<()> {
    if alpha > 0.0 && alpha.is_finite() {
        return Ok(());
    }
    Err(Error::argument("alpha", format!("must be positive and finite, got {alpha}")))
}

impl Objective for LogDet {
    fn n_elements(&self) -> usize {
        self.n
    }

    fn cost(&self, _element: u32, n_picks: usize) -> usize {
        let per_entry = match self.kernel {
            Kernel::Matrix(_) => 1,
            Kernel::Vectors { dim, .. } => dim,
        };
        (n_picks + 1) * (n_picks / 2 + per_entry)
    }

    fn fingerprint(&self) -> u64 {
        let bytes = match &self.kernel {
            Kernel::Matrix(matrix) => bytemuck::cast_slice(matrix),
            Kernel::Vectors { vectors, .. } => bytemuck::cast_slice(vectors),
        };
        xxh3_64_with_seed(bytes, self.alpha.to_bits() ^ self.n as u64)
    }

    fn prefix(self: Arc<Self>) -> Result<Box<dyn Prefix>> {
        Ok(Box::new(Factor { data: self, picks: Vec::new(), rows: Vec::new() }))
    }
}

struct Factor {
    data: Arc<LogDet>,
    picks: Vec<u32>,
    /// L row after row: row i has i + 1 entries, the last one on the diagonal.
    rows: Vec<f64>,
}

impl Factor {
    fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * (i + 1) / 2..][..=i]
    }

    /// Forward substitution: `c_1`, ..., `c_len`; `residual` is told what is left of the diagonal after each, beginning with
    /// all of it.
    fn substitute(
        &self,
        len: usize,
        element: u32,
        mut residual: impl FnMut(usize, f64),
    ) -> Result<(Vec<f64>, f64)> {
        let mut left = 1.0 + self.data.entry(element, element);
        let mut solved: Vec<f64> = Vec::with_capacity(len + 1);
        residual(0, left);
        for i in 0..len {
            let row = self.row(i);
            let known: f64 = row.iter().zip(&solved).map(|(l, c)| l * c).sum();
            let c = (self.data.entry(element, self.picks[i]) - known) / row[i];
            left -= c * c;
            if left < 1.0 - TOLERANCE * (1.0 + self.data.entry(element, element)) {
                let problem = "shows that the kernel is not positive semidefinite";
                return Err(Error::row("kernel", element as usize, problem));
            }
            solved.push(c);
            residual(i + 1, left);
        }
        Ok((solved, left.max(1.0)))
    }
}

impl Prefix for Factor {
    fn n_picks(&self) -> usize {
        self.picks.len()
    }

    fn push(&mut self, element: u32) -> Result<f64> {
        let (solved, left) = self.substitute(self.picks.len(), element, |_, _| {})?;
        try_reserve("the factor of the picks", &mut self.rows, solved.len() + 1)?;
        self.rows.extend(solved);
        self.rows.push(left.sqrt());
        self.picks.push(element);
        Ok(left.ln())
    }

    fn truncate(&mut self, len: usize) {
        if len < self.picks.len() {
            self.picks.truncate(len);
            self.rows.truncate(len * (len + 1) / 2);
        }
    }

    fn gain(&self, len: usize, element: u32) -> Result<f64> {
        Ok(self.substitute(len, element, |_, _| {})?.1.ln())
    }

    fn profile(&self, element: u32, scale: f64, drops: &mut [f64]) -> bool {
        let mut earlier: f64 = 0.0;
        let done = self.substitute(self.picks.len(), element, |i, left| {
            let gain = left.max(1.0).ln();
            if i > 0 {
                drops[i - 1] += scale * (earlier - gain).max(0.0);
            }
            earlier = gain;
        });
        drops[self.picks.len()] += scale * earlier;
        // What failed is asked for gain by gain, which tells why.
        done.is_ok()
    }
}
