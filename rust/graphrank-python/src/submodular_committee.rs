//! Committees from rankings at the boundary.

use graphrank::submodular::{self, CommitteeParams, Points, Rankings, Rule, Unranked};
use numpy::{IntoPyArray, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::convert::{optional_slice, slice};
use crate::run::{RunOpts, run};
use crate::submodular::{Array, PyQuotas, PySelection, selection_to_python, unknown};

/// Work per row of a table of rankings, in units of a few nanoseconds.
const UNITS: usize = 20;

/// Numbers of items and of rankings; ranking, item and rank of each row; the weight of each ranking.
#[derive(FromPyObject)]
pub(crate) struct Table<'py>(
    usize,
    usize,
    PyReadonlyArray1<'py, u32>,
    PyReadonlyArray1<'py, u32>,
    PyReadonlyArray1<'py, f64>,
    Option<PyReadonlyArray1<'py, f64>>,
);

impl Table<'_> {
    pub(crate) fn rankings(&self) -> PyResult<Rankings<'_>> {
        let Self(n_items, n_rankings, rankings, items, ranks, weights) = self;
        Ok(Rankings {
            n_items: *n_items,
            n_rankings: *n_rankings,
            rankings: slice(rankings, "rankings")?,
            items: slice(items, "items")?,
            ranks: slice(ranks, "ranks")?,
            weights: optional_slice(weights.as_ref(), "weights")?,
        })
    }
}

#[pyfunction]
#[pyo3(signature = (rankings, quotas, k, rule, top, unranked, is_exact, how))]
pub(crate) fn select_committee<'py>(
    py: Python<'py>,
    rankings: Table<'py>,
    quotas: Option<PyQuotas<'py>>,
    k: usize,
    rule: &str,
    top: Option<u32>,
    unranked: &str,
    is_exact: bool,
    how: RunOpts,
) -> PyResult<PySelection<'py>> {
    let rule = match rule {
        "borda" => Rule::Borda,
        "bloc" => Rule::Bloc,
        "sntv" => Rule::Sntv,
        "chamberlin-courant" => Rule::ChamberlinCourant,
        "pav" => Rule::Pav,
        _ => {
            let allowed = r#""borda", "bloc", "sntv", "chamberlin-courant" or "pav""#;
            return Err(unknown(py, "rule", allowed, rule));
        }
    };
    let params = CommitteeParams { k, rule, top, unranked: unranked_from(py, unranked)?, is_exact };
    let quotas = quotas.map(|quotas| quotas.read(py)).transpose()?;
    let rankings = rankings.rankings()?;
    // A search takes many passes over the rows.
    let passes = if matches!(rule, Rule::ChamberlinCourant | Rule::Pav) { k.max(8) } else { 1 };
    let units = rankings.rankings.len().saturating_mul(UNITS).saturating_mul(passes);
    let units = if is_exact { usize::MAX } else { units };
    let select =
        |exec: &graphrank::Exec| submodular::select_committee(rankings, quotas.as_ref(), &params, exec);
    Ok(selection_to_python(py, run(py, how, units, "selecting", select)?))
}

/// Of each item the mean of its points and its standard error; and how many rankings of equal weight tell as much.
#[pyfunction]
#[pyo3(signature = (rankings, top, unranked, how))]
pub(crate) fn mean_points<'py>(
    py: Python<'py>,
    rankings: Table<'py>,
    top: Option<u32>,
    unranked: &str,
    how: RunOpts,
) -> PyResult<(Array<'py, f64>, Array<'py, f64>, f64)> {
    let unranked = unranked_from(py, unranked)?;
    let points = top.map_or(Points::Borda(unranked), Points::Top);
    let rankings = rankings.rankings()?;
    let units = rankings.rankings.len().saturating_mul(UNITS);
    let count = |exec: &graphrank::Exec| submodular::mean_points(rankings, points, exec);
    let found = run(py, how, units, "counting points", count)?;
    Ok((found.means.into_pyarray(py), found.errors.into_pyarray(py), found.n_effective))
}

fn unranked_from(py: Python<'_>, unranked: &str) -> PyResult<Unranked> {
    match unranked {
        "average" => Ok(Unranked::Average),
        "zero" => Ok(Unranked::Zero),
        _ => Err(unknown(py, "unranked", r#""average" or "zero""#, unranked)),
    }
}
