//! One peer's view of clicks at the boundary.

use std::sync::{Mutex, TryLockError};

use graphrank::clicks::{
    Cells, ClickStore, Ingested, IsolationScale, Mode, Names, Normaliser, RankParams, Rows, Scored,
    StoreParams, Tally, Trust, Union, Weighting,
};
use graphrank::{Error, Exec, Result};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::convert::{optional_slice, slice};
use crate::error::to_python;
use crate::hold::hold;
use crate::run::{RunOpts, run};

type Array<'py, T> = Bound<'py, PyArray1<T>>;
type PyScored<'py> = (Array<'py, u32>, Array<'py, f64>);
type PySimilarities<'py> =
    (Array<'py, u32>, Array<'py, f64>, Array<'py, u32>, Array<'py, u32>, Array<'py, u32>);
type PyCells<'py> = (Array<'py, u32>, Array<'py, u32>, Array<'py, u32>, Array<'py, u32>, Array<'py, f64>);
type PyRuns<'py> = (Array<'py, u32>, Array<'py, u64>, Array<'py, u64>);
/// What `cells` gave.
type SavedCells<'py> = (Codes<'py>, Codes<'py>, Codes<'py>, Codes<'py>, PyReadonlyArray1<'py, f64>);
type Codes<'py> = PyReadonlyArray1<'py, u32>;
/// Rows new, known and clamped; the time that masses are relative to and the newest one, if there are any.
type PyTally = (u64, u64, u64, Option<(i64, i64)>);

/// Work per row, in units of a few nanoseconds.
const UNITS: usize = 100;
/// Stands for "no such id" among codes.
const MISSING: u32 = u32::MAX;

/// Isolation, its units, what similarities are divided by and measured against.
#[derive(FromPyObject)]
pub(crate) struct PyWeighting(f64, String, String, String);

impl PyWeighting {
    pub(crate) fn read(&self, py: Python<'_>) -> PyResult<Weighting> {
        let Self(isolation, scale, normaliser, union) = self;
        let scale = match scale.as_str() {
            "mean" => IsolationScale::Mean,
            "absolute" => IsolationScale::Absolute,
            _ => return Err(unknown(py, "isolation_scale", r#""mean" or "absolute""#, scale)),
        };
        let normaliser = match normaliser.as_str() {
            "others" => Normaliser::Others,
            "all" => Normaliser::All,
            _ => return Err(unknown(py, "normaliser", r#""others" or "all""#, normaliser)),
        };
        let union = match union.as_str() {
            "items" => Union::Items,
            "pairs" => Union::Pairs,
            _ => return Err(unknown(py, "union", r#""items" or "pairs""#, union)),
        };
        Ok(Weighting { isolation: *isolation, scale, normaliser, union })
    }
}

pub(crate) fn unknown(py: Python<'_>, argument: &'static str, allowed: &str, got: &str) -> PyErr {
    to_python(py, &Error::InvalidArgument { argument, problem: format!("must be {allowed}, got {got:?}") })
}

pub(crate) fn mode_from(py: Python<'_>, name: &str) -> PyResult<Mode> {
    match name {
        "paper" => Ok(Mode::Paper),
        "robust" => Ok(Mode::Robust),
        "popularity" => Ok(Mode::Popularity),
        "dinx" => Ok(Mode::Dinx),
        "panache" => Ok(Mode::Panache),
        "maay" => Ok(Mode::Maay),
        "cosine" => Ok(Mode::Cosine),
        _ => {
            let allowed = r#""paper", "robust", "popularity", "dinx", "panache", "maay" or "cosine""#;
            Err(unknown(py, "mode", allowed, name))
        }
    }
}

/// Peers to trust, and how much; without scores, peers to walk from.
#[derive(FromPyObject)]
pub(crate) struct PyTrust<'py>(PyReadonlyArray1<'py, u32>, Option<PyReadonlyArray1<'py, f64>>);

impl PyTrust<'_> {
    fn read(&self) -> PyResult<Trust> {
        let peers = slice(&self.0, "trust")?;
        Ok(match optional_slice(self.1.as_ref(), "trust")? {
            Some(scores) => Trust::Given(peers.iter().copied().zip(scores.iter().copied()).collect()),
            None => Trust::Walks(peers.to_vec()),
        })
    }
}

/// A store that Python holds. One call at a time works on it.
#[pyclass(name = "ClickStore", module = "graphrank._core", frozen)]
pub(crate) struct PyClickStore {
    store: Mutex<ClickStore>,
}

impl PyClickStore {
    /// Runs `work`, estimated at `units`, once no other call holds the store.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        how: RunOpts,
        units: usize,
        label: &'static str,
        work: impl FnOnce(&mut ClickStore, &Exec) -> Result<T> + Send,
    ) -> PyResult<T> {
        // Whoever has to wait must not hold the interpreter meanwhile.
        let is_free = !matches!(self.store.try_lock(), Err(TryLockError::WouldBlock));
        let units = if is_free { units } else { usize::MAX };
        run(py, how, units, label, |exec| work(&mut *hold(&self.store, "store", exec)?, exec))
    }

    fn read<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut ClickStore) -> Result<T> + Send,
    ) -> PyResult<T> {
        self.run(py, RunOpts::default(), 0, "reading", |store, _| work(store))
    }
}

/// The ids of one kind: users, queries or items.
fn names(store: &mut ClickStore, kind: usize) -> Result<&mut Names> {
    let problem = || Error::InvalidArgument { argument: "kind", problem: "must be 0, 1 or 2".into() };
    store.names().into_iter().nth(kind).ok_or_else(problem)
}

#[pymethods]
impl PyClickStore {
    #[new]
    fn new(py: Python<'_>, key: u64, me: &[u8], top_terms: usize, half_life: Option<f64>) -> PyResult<Self> {
        let store = ClickStore::new(key, me, StoreParams { top_terms, half_life });
        Ok(Self { store: Mutex::new(store.map_err(|error| to_python(py, &error))?) })
    }

    /// The code of every key, the positions of those that are new, and how many ids had a name before.
    fn intern<'py>(
        &self,
        py: Python<'py>,
        kind: usize,
        keys: PyReadonlyArray1<'py, u64>,
        how: RunOpts,
    ) -> PyResult<(Array<'py, u32>, Array<'py, u64>, usize)> {
        let keys = slice(&keys, "keys")?;
        let intern = |store: &mut ClickStore, exec: &Exec| {
            let names = names(store, kind)?;
            Ok((names.intern(keys, exec)?, names.len()))
        };
        let ((codes, positions), n_named) = self.run(py, how, keys.len(), "coding ids", intern)?;
        Ok((codes.into_pyarray(py), positions.into_pyarray(py), n_named))
    }

    fn rekey(&self, py: Python<'_>, kind: usize, keys: PyReadonlyArray1<'_, u64>) -> PyResult<bool> {
        let keys = slice(&keys, "keys")?;
        self.read(py, |store| names(store, kind)?.rekey(keys))
    }

    fn name(
        &self,
        py: Python<'_>,
        kind: usize,
        texts: PyReadonlyArray1<'_, u8>,
        offsets: PyReadonlyArray1<'_, u64>,
    ) -> PyResult<()> {
        let (texts, offsets) = (slice(&texts, "texts")?, slice(&offsets, "offsets")?);
        self.read(py, |store| names(store, kind)?.name(texts, offsets))
    }

    fn find<'py>(
        &self,
        py: Python<'py>,
        kind: usize,
        texts: PyReadonlyArray1<'py, u8>,
        offsets: PyReadonlyArray1<'py, u64>,
    ) -> PyResult<Array<'py, u32>> {
        let (texts, offsets) = (slice(&texts, "texts")?, slice(&offsets, "offsets")?);
        let find = |store: &mut ClickStore| names(store, kind)?.find_all(texts, offsets, MISSING);
        Ok(self.read(py, find)?.into_pyarray(py))
    }

    fn ingest(
        &self,
        py: Python<'_>,
        users: PyReadonlyArray1<'_, u32>,
        queries: PyReadonlyArray1<'_, u32>,
        items: PyReadonlyArray1<'_, u32>,
        seqs: Option<PyReadonlyArray1<'_, u64>>,
        times: Option<PyReadonlyArray1<'_, i64>>,
        now: i64,
        how: RunOpts,
    ) -> PyResult<(u64, u64, u64)> {
        let rows = Rows {
            users: slice(&users, "users")?,
            queries: slice(&queries, "queries")?,
            items: slice(&items, "items")?,
            seqs: optional_slice(seqs.as_ref(), "seqs")?,
            times: optional_slice(times.as_ref(), "times")?,
        };
        let units = rows.users.len().saturating_mul(UNITS);
        let done =
            self.run(py, how, units, "counting clicks", |store, exec| store.ingest(&rows, now, exec))?;
        Ok((done.n_new, done.n_known, done.n_clamped))
    }

    /// Items and scores, the best first; None if nobody asked for `query` or its words.
    fn rank<'py>(
        &self,
        py: Python<'py>,
        query: &[u8],
        k: Option<usize>,
        mode: &str,
        weighting: PyWeighting,
        trust: Option<PyTrust<'py>>,
        how: RunOpts,
    ) -> PyResult<Option<PyScored<'py>>> {
        let trust = trust.map_or(Ok(Trust::All), |trust| trust.read())?;
        // Walks go over all clicks; all else is a matter of microseconds to milliseconds.
        let units = if matches!(trust, Trust::Walks(_)) { usize::MAX } else { 0 };
        let params = RankParams { mode: mode_from(py, mode)?, weighting: weighting.read(py)?, trust };
        let rank = |store: &mut ClickStore, exec: &Exec| {
            let scores = store.scores(query, &params, exec)?;
            scores.map(|scores| store.best(scores, k)).transpose()
        };
        let best = self.run(py, how, units, "ranking", rank)?;
        Ok(best.map(|best| columns(py, &best)))
    }

    /// Items by clicks, the most clicked first.
    fn popular<'py>(&self, py: Python<'py>, k: Option<usize>) -> PyResult<PyScored<'py>> {
        let best = self.read(py, |store| store.best(store.popular()?, k))?;
        Ok(columns(py, &best))
    }

    /// Items that I clicked for `query`, and how often.
    fn own_clicks<'py>(&self, py: Python<'py>, query: &[u8]) -> PyResult<PyScored<'py>> {
        let own = self.read(py, |store| Ok(store.own_clicks(query)))?;
        Ok(columns(py, &own))
    }

    fn similarities<'py>(&self, py: Python<'py>, weighting: PyWeighting) -> PyResult<PySimilarities<'py>> {
        let weighting = weighting.read(py)?;
        let found = self.read(py, |store| store.similarities(&weighting))?;
        Ok((
            found.peers.into_pyarray(py),
            found.scores.into_pyarray(py),
            found.terms.into_pyarray(py),
            found.pairs.into_pyarray(py),
            found.unions.into_pyarray(py),
        ))
    }

    /// Peers, queries and items with rows, and cells.
    #[getter]
    fn counts(&self, py: Python<'_>) -> PyResult<(usize, usize, usize, usize)> {
        self.read(py, |store| Ok(store.counts().into()))
    }

    fn cells<'py>(&self, py: Python<'py>, how: RunOpts) -> PyResult<PyCells<'py>> {
        let cells = self.run(py, how, usize::MAX, "reading clicks", |store, _| store.cells())?;
        Ok((
            cells.users.into_pyarray(py),
            cells.queries.into_pyarray(py),
            cells.items.into_pyarray(py),
            cells.clicks.into_pyarray(py),
            cells.masses.into_pyarray(py),
        ))
    }

    fn runs<'py>(&self, py: Python<'py>) -> PyResult<PyRuns<'py>> {
        let (users, firsts, lasts) = self.read(py, |store| store.runs())?;
        Ok((users.into_pyarray(py), firsts.into_pyarray(py), lasts.into_pyarray(py)))
    }

    #[getter]
    fn tally(&self, py: Python<'_>) -> PyResult<PyTally> {
        let Tally { totals, epoch } = self.read(py, |store| Ok(store.tally()))?;
        Ok((totals.n_new, totals.n_known, totals.n_clamped, epoch))
    }

    /// Counts what `cells`, `runs` and `tally` gave, in an empty store whose ids have names.
    fn restore(
        &self,
        py: Python<'_>,
        cells: SavedCells<'_>,
        runs: (PyReadonlyArray1<'_, u32>, PyReadonlyArray1<'_, u64>, PyReadonlyArray1<'_, u64>),
        tally: PyTally,
        how: RunOpts,
    ) -> PyResult<()> {
        let cells = Cells {
            users: slice(&cells.0, "users")?.to_vec(),
            queries: slice(&cells.1, "queries")?.to_vec(),
            items: slice(&cells.2, "items")?.to_vec(),
            clicks: slice(&cells.3, "clicks")?.to_vec(),
            masses: slice(&cells.4, "masses")?.to_vec(),
        };
        let runs = (slice(&runs.0, "runs")?, slice(&runs.1, "runs")?, slice(&runs.2, "runs")?);
        let totals = Ingested { n_new: tally.0, n_known: tally.1, n_clamped: tally.2 };
        let tally = Tally { totals, epoch: tally.3 };
        let units = cells.users.len().saturating_mul(UNITS);
        self.run(py, how, units, "counting clicks", |store, exec| store.restore(&cells, runs, tally, exec))
    }
}

fn columns<'py>(py: Python<'py>, scored: &[Scored]) -> PyScored<'py> {
    let items: Vec<u32> = scored.iter().map(|&(item, _)| item).collect();
    let scores: Vec<f64> = scored.iter().map(|&(_, score)| score).collect();
    (items.into_pyarray(py), scores.into_pyarray(py))
}

/// The two places that swap in a ranking of `n` items, if any do.
#[pyfunction]
#[pyo3(signature = (query, n, probability, seed))]
pub(crate) fn exploration_swap(
    py: Python<'_>,
    query: &[u8],
    n: usize,
    probability: f64,
    seed: u64,
) -> PyResult<Option<(usize, usize)>> {
    graphrank::clicks::exploration_swap(query, n, probability, seed).map_err(|error| to_python(py, &error))
}
