//! Aggregation and correlation of rankings at the boundary.

use graphrank::Exec;
use graphrank::aggregate::{self, Combine, Normalise, Rule, Unlisted};
use numpy::{IntoPyArray, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::convert::slice;
use crate::error::to_python;
use crate::run::{RunOpts, run};
use crate::submodular::{Array, unknown};
use crate::submodular_committee::Table;

/// Disagreements, lower bound, whether the order is proven to be best, items of the largest part.
type PyKemeny = (f64, f64, bool, usize);

/// Work per row of a table of rankings, in units of a few nanoseconds.
const UNITS: usize = 20;

/// The score of each item; how good the order is, for Kemeny's.
#[pyfunction]
#[pyo3(signature = (rankings, rule, parameter, normalise, unlisted, how))]
pub(crate) fn aggregate_rankings<'py>(
    py: Python<'py>,
    rankings: Table<'py>,
    rule: &str,
    parameter: f64,
    normalise: &str,
    unlisted: &str,
    how: RunOpts,
) -> PyResult<(Array<'py, f64>, Option<PyKemeny>)> {
    let (rule, unlisted) = (rule_from(py, rule, parameter, normalise)?, unlisted_from(py, unlisted)?);
    let rankings = rankings.rankings()?;
    let of_pairs = matches!(rule, Rule::Copeland | Rule::Mc4 { .. } | Rule::Kemeny);
    let pairs = if of_pairs { rankings.n_items.saturating_mul(rankings.n_items) } else { 0 };
    let units = rankings.rankings.len().saturating_mul(UNITS).saturating_add(pairs);
    // How long a search takes does not show in the size of the table.
    let units = if rule == Rule::Kemeny { usize::MAX } else { units };
    let combine = |exec: &Exec| aggregate::aggregate(rankings, rule, unlisted, exec);
    let found = run(py, how, units, "aggregating", combine)?;
    let kemeny = found.kemeny.map(|of| (of.disagreements, of.lower_bound, of.is_optimal, of.largest_part));
    Ok((found.scores.into_pyarray(py), kemeny))
}

/// Query, item and score of each row, the best of the first query first.
type PyByQuery<'py> = (Array<'py, u32>, Array<'py, u32>, Array<'py, f64>);

/// The same for each query on its own: how many there are, and whose each row is.
#[pyfunction]
#[pyo3(signature = (rankings, queries, rule, parameter, normalise, unlisted, how))]
pub(crate) fn aggregate_by_query<'py>(
    py: Python<'py>,
    rankings: Table<'py>,
    queries: (usize, PyReadonlyArray1<'py, u32>),
    rule: &str,
    parameter: f64,
    normalise: &str,
    unlisted: &str,
    how: RunOpts,
) -> PyResult<PyByQuery<'py>> {
    let (rule, unlisted) = (rule_from(py, rule, parameter, normalise)?, unlisted_from(py, unlisted)?);
    let (rankings, of_rows) = (rankings.rankings()?, slice(&queries.1, "queries")?);
    let units = rankings.rankings.len().saturating_mul(UNITS * UNITS);
    let combine =
        |exec: &Exec| aggregate::aggregate_by_query(queries.0, of_rows, rankings, rule, unlisted, exec);
    let found = run(py, how, units, "aggregating", combine)?;
    Ok((found.queries.into_pyarray(py), found.items.into_pyarray(py), found.scores.into_pyarray(py)))
}

fn unlisted_from(py: Python<'_>, word: &str) -> PyResult<Unlisted> {
    match word {
        "last" => Ok(Unlisted::Last),
        "ignore" => Ok(Unlisted::Ignore),
        _ => Err(unknown(py, "unlisted", r#""last" or "ignore""#, word)),
    }
}

fn rule_from(py: Python<'_>, rule: &str, parameter: f64, normalise: &str) -> PyResult<Rule> {
    let normalise = match normalise {
        "min-max" => Normalise::MinMax,
        "sum" => Normalise::Sum,
        "z-score" => Normalise::ZScore,
        "rank" => Normalise::Rank,
        "none" => Normalise::None,
        _ => {
            return Err(unknown(
                py,
                "normalise",
                r#""min-max", "sum", "z-score", "rank" or "none""#,
                normalise,
            ));
        }
    };
    Ok(match rule {
        "borda" => Rule::Borda { trim: parameter },
        "rrf" => Rule::ReciprocalRank { k: parameter },
        "isr" => Rule::InverseSquares,
        "median" => Rule::MedianRank,
        "combsum" => Rule::Comb(Combine::Sum, normalise),
        "combmnz" => Rule::Comb(Combine::Mnz, normalise),
        "combanz" => Rule::Comb(Combine::Anz, normalise),
        "combmed" => Rule::Comb(Combine::Med, normalise),
        "combmax" => Rule::Comb(Combine::Max, normalise),
        "combmin" => Rule::Comb(Combine::Min, normalise),
        "copeland" => Rule::Copeland,
        "mc4" => Rule::Mc4 { damping: parameter },
        "kemeny" => Rule::Kemeny,
        _ => return Err(unknown(py, "method", "a known rule", rule)),
    })
}

/// How alike two rankings are, given the rank that each gives to each item; NaN where a list lacks one, for "rbo".
#[pyfunction]
#[pyo3(signature = (a, b, method, p))]
pub(crate) fn rank_correlation(
    py: Python<'_>,
    a: PyReadonlyArray1<'_, f64>,
    b: PyReadonlyArray1<'_, f64>,
    method: &str,
    p: f64,
) -> PyResult<f64> {
    let (a, b) = (slice(&a, "a")?, slice(&b, "b")?);
    let found = match method {
        "kendall" => aggregate::kendall(a, b),
        "weighted-kendall" => aggregate::weighted_kendall(a, b),
        "spearman" => aggregate::spearman(a, b),
        "footrule" => aggregate::footrule(a, b),
        "rbo" => aggregate::rbo(a, b, p),
        _ => {
            let known = r#""kendall", "weighted-kendall", "spearman", "footrule" or "rbo""#;
            return Err(unknown(py, "method", known, method));
        }
    };
    found.map_err(|error| to_python(py, &error))
}
