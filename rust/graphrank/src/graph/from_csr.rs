//! Graphs from the arrays of a matrix, which come from outside and are believed in nothing.
//!
//! A matrix whose rows rise is checked and copied; any other goes through the list of its elements, which sorts and
//! merges them.

use std::fmt::Display;

use super::build::check_weights;
use super::csr::Csr;
use super::{EdgeOptions, Graph, check_n_nodes};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::Buffer;

/// Elements checked between two looks at the clock.
const CHUNK: usize = 1 << 17;

impl Graph {
    /// A graph from the arrays of a square matrix in compressed sparse rows, in any order and with repeats, which
    /// are summed. `directed: None` makes a symmetric matrix an undirected graph.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for offsets that fall, columns out of range, and weights that are negative or not
    /// finite; [`Error::InvalidArgument`] for arrays that do not fit together, or `Some(false)` on a matrix that is
    /// not symmetric.
    pub fn from_csr<P, I>(
        indptr: &[P],
        indices: &[I],
        data: Option<&[f64]>,
        directed: Option<bool>,
        exec: &Exec,
    ) -> Result<Self>
    where
        P: Copy + TryInto<usize> + Display,
        I: Copy + TryInto<u32> + Display + Sync,
    {
        let offsets = row_offsets(indptr, indices.len())?;
        let n = offsets.len() - 1;
        check_n_nodes(n)?;
        if let Some(data) = data
            && data.len() != indices.len()
        {
            let problem = format!("has {} elements, but `indices` has {}", data.len(), indices.len());
            return Err(Error::argument("data", problem));
        }
        let rows = Csr { offsets: offsets.into(), targets: columns(n, indices, exec)?.into(), weights: None };
        let out = if rows.rises(exec)? {
            Csr { weights: data.map(|data| weights(data, exec)).transpose()?.map(Into::into), ..rows }
        } else {
            let sources = rows.sources(exec)?;
            Self::from_edges(n, &sources, &rows.targets, data, EdgeOptions::default(), exec)?.out
        };
        Self::of_matrix(out, directed, exec)
    }

    /// Undirected if the matrix is symmetric, unless asked otherwise.
    fn of_matrix(out: Csr, directed: Option<bool>, exec: &Exec) -> Result<Self> {
        // The transpose settles it; most matrices that are not symmetric are told by a sum of hashes.
        let is_symmetric =
            directed != Some(true) && out.has_both_arcs(exec)? && out.transpose(exec)?.same_as(&out);
        if directed == Some(false) && !is_symmetric {
            let remedy = "add the matrix to its transpose, or pass directed=True";
            let problem = format!("is False, but the matrix is not symmetric; {remedy}");
            return Err(Error::argument("directed", problem));
        }
        Self::from_csr_parts(out, !is_symmetric, exec)
    }
}

impl Csr {
    /// Whether columns rise strictly within every row.
    fn rises(&self, exec: &Exec) -> Result<bool> {
        let chunks = self.row_chunks();
        let rising = exec.map(chunks.len(), |c| {
            exec.checkpoint(0)?;
            Ok(chunks[c].clone().all(|v| self.row(v).windows(2).all(|pair| pair[0] < pair[1])))
        })?;
        Ok(!rising.contains(&false))
    }
}

/// Row offsets that begin at 0, never fall and end at the number of elements.
fn row_offsets<P>(indptr: &[P], n_elements: usize) -> Result<Buffer<u64>>
where
    P: Copy + TryInto<usize> + Display,
{
    let argument = "indptr";
    if indptr.is_empty() {
        return Err(Error::argument(argument, "is empty; it has one element more than there are rows"));
    }
    let mut offsets = Buffer::<u64>::zeroed("row offsets", indptr.len())?;
    let mut before = 0;
    for (i, (&given, offset)) in indptr.iter().zip(&mut *offsets).enumerate() {
        let allowed = given.try_into().ok().filter(|&position: &usize| position <= n_elements);
        let Some(position) = allowed else {
            return Err(Error::row(argument, i, format!("got {given}, allowed are 0 to {n_elements}")));
        };
        if i == 0 && position != 0 {
            return Err(Error::row(argument, 0, format!("got {given}, must be 0")));
        }
        if position < before {
            return Err(Error::row(argument, i, format!("got {given}, row offsets never fall")));
        }
        before = position;
        *offset = position as u64;
    }
    if before != n_elements {
        let problem = format!("ends at {before}, but `indices` has {n_elements} elements");
        return Err(Error::argument(argument, problem));
    }
    Ok(offsets)
}

/// Column indices as codes, all below `n`.
fn columns<I>(n: usize, indices: &[I], exec: &Exec) -> Result<Buffer<u32>>
where
    I: Copy + TryInto<u32> + Display + Sync,
{
    let mut columns = Buffer::<u32>::zeroed("columns", indices.len())?;
    let parts = columns.chunks_mut(CHUNK).zip(indices.chunks(CHUNK)).collect();
    let first_bad = exec.map_items(parts, |c, (codes, indices)| {
        exec.checkpoint(0)?;
        for (i, (code, &index)) in codes.iter_mut().zip(indices).enumerate() {
            match index.try_into() {
                Ok(column) if (column as usize) < n => *code = column,
                _ => return Ok(Some(c * CHUNK + i)),
            }
        }
        Ok(None)
    })?;
    match first_bad.into_iter().flatten().next() {
        Some(i) => {
            let problem = format!("got {}, columns are numbered 0 to below {n}", indices[i]);
            Err(Error::row("indices", i, problem))
        }
        None => Ok(columns),
    }
}

/// A checked copy; adding zero turns -0 into 0.
fn weights(data: &[f64], exec: &Exec) -> Result<Buffer<f64>> {
    check_weights(data, exec)?;
    let mut weights = Buffer::<f64>::zeroed("weights", data.len())?;
    for (weight, &given) in weights.iter_mut().zip(data) {
        *weight = given + 0.0;
    }
    Ok(weights)
}
