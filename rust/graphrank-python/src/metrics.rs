//! Measures of rankings at the boundary.

use graphrank::Exec;
use graphrank::metrics::{
    self, Empty, Gain, Input, IntervalParams, Kind, Measure, Options, PairedParams, PairedTest,
};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::convert::{optional_slice, slice};
use crate::error::exception;
use crate::run::{RunOpts, run};
use crate::submodular::unknown;

type Array<'py, T> = Bound<'py, PyArray1<T>>;
/// First judgement of each query, values, query of each judgement and of each row of the run, row of each judgement, and
/// the rows of an item that comes twice.
type PyEvaluation<'py> = (
    Array<'py, u32>,
    Array<'py, f64>,
    Array<'py, u32>,
    Array<'py, u32>,
    Array<'py, u32>,
    Option<(bool, u32, u32)>,
);
/// Labels; bytes of the queries and of the comments; first feature, number of features and their values.
type PySvmLight<'py> = (Array<'py, f64>, Array<'py, u64>, Array<'py, u64>, u32, usize, Array<'py, f64>);

/// Work per row, in units of a few nanoseconds.
const UNITS: usize = 10;

/// Name, cut-off, least relevant label and parameter.
#[derive(FromPyObject)]
pub(crate) struct PyMeasure(String, Option<u32>, Option<f64>, Option<f64>);

impl PyMeasure {
    fn read(&self, py: Python<'_>) -> PyResult<Measure> {
        let Self(name, cutoff, least, parameter) = self;
        let needed = || {
            parameter.ok_or_else(|| {
                exception(py, "InvalidArgumentError", format!("`metrics`: {name:?} needs a parameter"))
            })
        };
        let kind = match name.as_str() {
            "precision" => Kind::Precision,
            "recall" => Kind::Recall,
            "f1" => Kind::F1,
            "hit" => Kind::Hit,
            "mrr" => Kind::ReciprocalRank,
            "map" => Kind::AveragePrecision,
            "ndcg" => Kind::Ndcg(Gain::Linear),
            "ndcg_exp" => Kind::Ndcg(Gain::Exponential),
            "err" => Kind::Err(needed()?),
            "rbp" => Kind::Rbp(needed()?),
            "bpref" => Kind::Bpref,
            "rprec" => Kind::RPrecision,
            "judged" => Kind::Judged,
            _ => return Err(unknown(py, "metrics", "known measures", name)),
        };
        Ok(Measure { kind, cutoff: *cutoff, least: *least })
    }
}

/// Query and item of each judgement, and its label.
#[derive(FromPyObject)]
pub(crate) struct PyJudgements<'py>(
    PyReadonlyArray1<'py, u64>,
    PyReadonlyArray1<'py, u64>,
    PyReadonlyArray1<'py, f64>,
);

/// Query, item and score of each row of a run; what goes first among equal scores.
#[derive(FromPyObject)]
pub(crate) struct PyRun<'py>(
    PyReadonlyArray1<'py, u64>,
    PyReadonlyArray1<'py, u64>,
    PyReadonlyArray1<'py, f64>,
    Option<PyReadonlyArray1<'py, f64>>,
);

#[pyfunction]
#[pyo3(signature = (judgements, ranked, measures, is_expected, empty, skips_missing, how))]
pub(crate) fn evaluate_run<'py>(
    py: Python<'py>,
    judgements: PyJudgements<'py>,
    ranked: PyRun<'py>,
    measures: Vec<PyMeasure>,
    is_expected: bool,
    empty: &str,
    skips_missing: bool,
    how: RunOpts,
) -> PyResult<PyEvaluation<'py>> {
    let measures = measures.iter().map(|measure| measure.read(py)).collect::<PyResult<Vec<_>>>()?;
    let empty = match empty {
        "zero" => Empty::Zero,
        "one" => Empty::One,
        "skip" => Empty::Skip,
        _ => return Err(unknown(py, "empty", r#""zero", "one" or "skip""#, empty)),
    };
    let input = Input {
        judged_queries: slice(&judgements.0, "qrels")?,
        judged_items: slice(&judgements.1, "qrels")?,
        labels: slice(&judgements.2, "qrels")?,
        queries: slice(&ranked.0, "run")?,
        items: slice(&ranked.1, "run")?,
        scores: slice(&ranked.2, "run")?,
        order: optional_slice(ranked.3.as_ref(), "run")?,
        is_expected,
    };
    let units = (input.queries.len() + input.labels.len()).saturating_mul(UNITS);
    let options = Options { empty, skips_missing };
    let evaluate = |exec: &Exec| metrics::evaluate(&input, &measures, options, exec);
    let found = run(py, how, units, "evaluating", evaluate)?;
    Ok((
        found.first_rows.into_pyarray(py),
        found.values.into_pyarray(py),
        found.judged_codes.into_pyarray(py),
        found.run_codes.into_pyarray(py),
        found.matches.into_pyarray(py),
        found.twice.map(|twice| (twice.is_in_run, twice.earlier, twice.row)),
    ))
}

/// Rows whose score another row of their query has.
#[pyfunction]
#[pyo3(signature = (queries, scores, how))]
pub(crate) fn tied_rows<'py>(
    py: Python<'py>,
    queries: PyReadonlyArray1<'py, u64>,
    scores: PyReadonlyArray1<'py, f64>,
    how: RunOpts,
) -> PyResult<Array<'py, u32>> {
    let (queries, scores) = (slice(&queries, "queries")?, slice(&scores, "scores")?);
    let units = queries.len().saturating_mul(UNITS);
    let find = |exec: &Exec| metrics::tied_rows(queries, scores, exec);
    run(py, how, units, "looking for ties", find).map(|rows| rows.into_pyarray(py))
}

/// Mean, lower and upper bound of each column.
#[pyfunction]
#[pyo3(signature = (values, n_columns, confidence, resamples, seed, how))]
pub(crate) fn mean_intervals<'py>(
    py: Python<'py>,
    values: PyReadonlyArray1<'py, f64>,
    n_columns: usize,
    confidence: f64,
    resamples: u32,
    seed: u64,
    how: RunOpts,
) -> PyResult<(Array<'py, f64>, Array<'py, f64>, Array<'py, f64>)> {
    let values = slice(&values, "values")?;
    let params = IntervalParams { confidence, resamples, seed };
    let units = values.len().saturating_mul(resamples as usize);
    let draw = |exec: &Exec| metrics::intervals(values, n_columns, params, exec);
    let found = run(py, how, units, "drawing queries", draw)?;
    let column =
        |of: fn(&metrics::Interval) -> f64| found.iter().map(of).collect::<Vec<_>>().into_pyarray(py);
    Ok((column(|of| of.mean), column(|of| of.low), column(|of| of.high)))
}

/// Mean difference with its bounds, p, number of queries.
#[pyfunction]
#[pyo3(signature = (first, second, test, confidence, resamples, seed, how))]
pub(crate) fn compare_paired<'py>(
    py: Python<'py>,
    first: PyReadonlyArray1<'py, f64>,
    second: PyReadonlyArray1<'py, f64>,
    test: &str,
    confidence: f64,
    resamples: u32,
    seed: u64,
    how: RunOpts,
) -> PyResult<(f64, f64, f64, f64, usize)> {
    let test = match test {
        "t" => PairedTest::T,
        "randomisation" => PairedTest::Randomisation,
        _ => return Err(unknown(py, "test", r#""t" or "randomisation""#, test)),
    };
    let (first, second) = (slice(&first, "first")?, slice(&second, "second")?);
    let params = PairedParams { test, interval: IntervalParams { confidence, resamples, seed } };
    let units = first.len().saturating_mul(resamples as usize);
    let compare = |exec: &Exec| metrics::compare_paired(first, second, params, exec);
    let found = run(py, how, units, "drawing queries", compare)?;
    let of = found.difference;
    Ok((of.mean, of.low, of.high, found.p, found.n))
}

/// A table of features in the format of SVMlight.
#[pyfunction]
#[pyo3(signature = (text, most_bytes, how))]
pub(crate) fn read_svmlight<'py>(
    py: Python<'py>,
    text: PyReadonlyArray1<'py, u8>,
    most_bytes: Option<u64>,
    how: RunOpts,
) -> PyResult<PySvmLight<'py>> {
    let text = slice(&text, "text")?;
    let read = |exec: &Exec| {
        let found = metrics::read_svmlight(text, exec)?;
        let first = found.features.iter().copied().min().unwrap_or(1).min(1);
        let n = found.features.iter().max().map_or(0, |&last| (last - first) as usize + 1);
        let table = found.dense(first, n, most_bytes)?;
        Ok((found, first, n, table))
    };
    let (found, first, n, table) = run(py, how, text.len(), "reading features", read)?;
    Ok((
        found.labels.into_pyarray(py),
        found.queries.into_flattened().into_pyarray(py),
        found.comments.into_flattened().into_pyarray(py),
        first,
        n,
        table.into_pyarray(py),
    ))
}
