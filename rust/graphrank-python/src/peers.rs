//! Peers that exchange signed clicks, at the boundary.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use graphrank::Result;
use graphrank::peers::{
    Ask, AuthorId, Click, Dropped, Journal, Limits, LinkParams, Links, News, Received, Replica, SecretKey,
    Shown,
};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{exception, to_python};
use crate::run::{RunOpts, run};

/// Authors as texts and by number, and per row: author, number, query, item, time.
type PyRows<'py> = (
    Vec<String>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray1<u64>>,
    Vec<String>,
    Vec<String>,
    Bound<'py, PyArray1<i64>>,
);
/// Who was asked, how many entries are new, whether there is more, whether the other one is busy.
type PyTold = (String, u64, bool, bool);
/// What signing one takes, in units of a few nanoseconds.
const UNITS_PER_CLICK: usize = 10_000;

/// When, from, to, what.
type PyDelivery<'py> = (u64, usize, usize, Bound<'py, PyBytes>);

/// A secret key that Python holds.
#[pyclass(name = "PeerKey", module = "graphrank._core", frozen)]
pub(crate) struct PyPeerKey {
    key: SecretKey,
}

#[pymethods]
impl PyPeerKey {
    #[new]
    fn new(seed: [u8; 32]) -> Self {
        Self { key: SecretKey::from_seed(&seed) }
    }

    #[getter]
    fn id(&self) -> String {
        self.key.id().to_string()
    }

    fn seed<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.key.seed())
    }
}

/// A replica and its file. One call at a time works on them.
#[pyclass(name = "PeerReplica", module = "graphrank._core", frozen)]
pub(crate) struct PyReplica {
    state: Mutex<State>,
}

struct State {
    replica: Replica,
    journal: Option<Journal>,
    /// What was read from the file, or could not be written there, and has not been told.
    untold: News,
}

impl PyReplica {
    /// Never while the interpreter is held: whoever has the state may be waiting for it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut State) -> T + Send) -> T {
        py.detach(|| work(&mut self.lock()))
    }
}

#[pymethods]
impl PyReplica {
    #[new]
    #[pyo3(signature = (key, limits))]
    fn new(py: Python<'_>, key: &PyPeerKey, limits: HashMap<String, u64>) -> PyResult<Self> {
        let limits = limits_from(py, limits)?;
        let replica = Replica::new(key.key.clone(), limits).map_err(|error| to_python(py, &error))?;
        Ok(Self { state: Mutex::new(State { replica, journal: None, untold: News::default() }) })
    }

    /// Takes back what the file holds; what happens from now on goes there.
    fn open_log(&self, py: Python<'_>, path: PathBuf, how: RunOpts) -> PyResult<()> {
        run(py, how, usize::MAX, "reading the log", |exec| {
            let state = &mut *self.lock();
            let (journal, restored) = Journal::open(&path, &mut state.replica, exec)?;
            (state.journal, state.untold) = (Some(journal), restored);
            Ok(())
        })
    }

    fn close_log(&self, py: Python<'_>) -> PyResult<()> {
        let close = |state: &mut State| state.journal.take().map_or(Ok(()), |journal| journal.sync());
        self.with(py, close).map_err(|error| to_python(py, &error))
    }

    /// Signs, writes and publishes clicks, all or none; the number of the first.
    fn publish(
        &self,
        py: Python<'_>,
        queries: Vec<String>,
        items: Vec<String>,
        ts: Vec<u64>,
        results: Vec<Option<Vec<String>>>,
        now: u64,
        how: RunOpts,
    ) -> PyResult<u64> {
        let texts = queries.into_iter().zip(items).zip(ts).zip(results);
        let clicks = texts.map(|(((query, item), ts), results)| {
            let shown = results.map(|items| Shown::of(&items)).transpose()?;
            Ok(Click { query, item, ts, shown })
        });
        let clicks = clicks.collect::<Result<Vec<_>>>().map_err(|error| to_python(py, &error))?;
        let units = clicks.len().saturating_mul(UNITS_PER_CLICK);
        run(py, how, units, "signing", |exec| {
            let State { replica, journal, .. } = &mut *self.lock();
            replica.publish_all(&clicks, now, journal.as_mut(), exec)
        })
    }

    fn ask<'py>(
        &self,
        py: Python<'py>,
        to: &str,
        now: u64,
        max_rows: u32,
        max_bytes: u32,
        share: f64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let asked = to.parse::<AuthorId>().and_then(|to| {
            self.with(py, |state| state.replica.ask(to, now, &Ask { max_rows, max_bytes, share }))
        });
        asked.map(|frame| PyBytes::new(py, &frame)).map_err(|error| to_python(py, &error))
    }

    /// The frame to send back, if it was a question; what it told, if it was an answer.
    fn receive<'py>(
        &self,
        py: Python<'py>,
        frame: &[u8],
        now: u64,
    ) -> (Option<Bound<'py, PyBytes>>, Option<PyTold>) {
        match self.with(py, |state| state.replica.receive(frame, now)) {
            Received::Nothing => (None, None),
            Received::Question(answer) => (Some(PyBytes::new(py, &answer)), None),
            Received::Answer(told) => {
                (None, Some((told.by.to_string(), told.accepted, told.has_more, told.is_busy)))
            }
        }
    }

    /// New rows, and authors whose rows are all gone; both are in the file then.
    fn news<'py>(&self, py: Python<'py>) -> PyResult<(PyRows<'py>, Vec<String>)> {
        let took = self.with(py, |State { replica, journal, untold }| {
            let news = replica.take_news();
            let written = journal.as_mut().map_or(Ok(()), |journal| journal.append_news(replica, &news));
            untold.rows.extend(news.rows);
            untold.banned.extend(news.banned);
            // What could not be written is held, and is told next time.
            written?;
            let all = std::mem::take(untold);
            Ok((columns(replica, &all.rows), all.banned))
        });
        let (rows, banned) = took.map_err(|error| to_python(py, &error))?;
        Ok((rows.into_python(py), texts(banned)))
    }

    /// All rows, by author and number.
    fn rows<'py>(&self, py: Python<'py>) -> PyRows<'py> {
        let columns = self.with(py, |State { replica, .. }| {
            let names: Vec<(AuthorId, u64)> = replica.names().collect();
            columns(replica, &names)
        });
        columns.into_python(py)
    }

    fn prefer(&self, py: Python<'_>, authors: Vec<String>) -> PyResult<()> {
        let authors = authors.iter().map(|author| author.parse()).collect::<Result<Vec<AuthorId>>>();
        let authors = authors.map_err(|error| to_python(py, &error))?;
        self.with(py, |state| state.replica.prefer(authors));
        Ok(())
    }

    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let digest = self.with(py, |state| state.replica.digest());
        PyBytes::new(py, &digest)
    }

    fn n_rows(&self, py: Python<'_>) -> usize {
        self.with(py, |state| state.replica.n_rows())
    }

    fn authors(&self, py: Python<'_>) -> Vec<String> {
        texts(self.with(py, |state| state.replica.authors().collect()))
    }

    fn banned(&self, py: Python<'_>) -> Vec<String> {
        texts(self.with(py, |state| state.replica.banned().map(|(author, _)| author).collect()))
    }

    fn peers(&self, py: Python<'_>) -> Vec<String> {
        texts(self.with(py, |state| state.replica.peers().collect()))
    }

    fn counters(&self, py: Python<'_>) -> Vec<(&'static str, u64)> {
        let counters = self.with(py, |state| state.replica.counters().clone());
        let mut all = vec![
            ("accepted", counters.accepted),
            ("published", counters.published),
            ("retracted", counters.retracted),
            ("clamped", counters.clamped),
            ("bytes_in", counters.bytes_in),
            ("bytes_out", counters.bytes_out),
        ];
        all.extend(Dropped::ALL.map(|reason| (reason.name(), counters.dropped(reason))));
        all
    }
}

/// Rows as columns.
struct Columns {
    authors: Vec<AuthorId>,
    author: Vec<u32>,
    seq: Vec<u64>,
    query: Vec<String>,
    item: Vec<String>,
    ts: Vec<i64>,
}

fn columns(replica: &Replica, names: &[(AuthorId, u64)]) -> Columns {
    let mut authors: Vec<AuthorId> = names.iter().map(|(author, _)| *author).collect();
    authors.sort_unstable();
    authors.dedup();
    let (author, seq, query, item, ts) = Default::default();
    let mut columns = Columns { authors, author, seq, query, item, ts };
    for row in names.iter().filter_map(|&(author, seq)| replica.row(author, seq)) {
        let place = columns.authors.binary_search(&row.author).unwrap_or(0);
        columns.author.push(u32::try_from(place).unwrap_or(u32::MAX));
        columns.seq.push(row.seq);
        columns.query.push(row.query.to_owned());
        columns.item.push(row.item.to_owned());
        columns.ts.push(i64::try_from(row.ts).unwrap_or(i64::MAX));
    }
    columns
}

impl Columns {
    fn into_python(self, py: Python<'_>) -> PyRows<'_> {
        let (author, seq) = (self.author.into_pyarray(py), self.seq.into_pyarray(py));
        (texts(self.authors), author, seq, self.query, self.item, self.ts.into_pyarray(py))
    }
}

fn texts(authors: Vec<AuthorId>) -> Vec<String> {
    authors.iter().map(ToString::to_string).collect()
}

/// The limits by name, the default ones if nothing is said.
fn limits_from(py: Python<'_>, mut given: HashMap<String, u64>) -> PyResult<Limits> {
    let default = Limits::default();
    let mut take = |name: &str, default: u64| given.remove(name).unwrap_or(default);
    let mut wide =
        |name: &str, default: usize| usize::try_from(take(name, default as u64)).unwrap_or(usize::MAX);
    let limits = Limits {
        max_authors: wide("max_authors", default.max_authors),
        max_rows: wide("max_rows", default.max_rows),
        max_islands: wide("max_islands", default.max_islands),
        max_peers: wide("max_peers", default.max_peers),
        max_vector_authors: wide("max_vector_authors", default.max_vector_authors),
        max_rows_per_author: take("max_rows_per_author", default.max_rows_per_author),
        max_answer_rows: narrow(take("max_answer_rows", default.max_answer_rows.into())),
        max_answer_bytes: narrow(take("max_answer_bytes", default.max_answer_bytes.into())),
        bytes_per_s: take("bytes_per_s", default.bytes_per_s),
        burst_bytes: take("burst_bytes", default.burst_bytes),
        max_skew: take("max_skew_ms", default.max_skew),
    };
    let mut unknown: Vec<String> = given.into_keys().collect();
    unknown.sort_unstable();
    match unknown.first() {
        None => Ok(limits),
        Some(name) => {
            let known = peer_limits().map(|(name, _)| name).join(", ");
            let message = format!("`limits` has no {name:?}; there are {known}");
            Err(exception(py, "InvalidArgumentError", message))
        }
    }
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The limits and their defaults.
#[pyfunction]
pub(crate) fn peer_limits() -> [(&'static str, u64); 11] {
    let limits = Limits::default();
    [
        ("max_authors", limits.max_authors as u64),
        ("max_rows", limits.max_rows as u64),
        ("max_rows_per_author", limits.max_rows_per_author),
        ("max_islands", limits.max_islands as u64),
        ("max_peers", limits.max_peers as u64),
        ("max_answer_rows", limits.max_answer_rows.into()),
        ("max_answer_bytes", limits.max_answer_bytes.into()),
        ("max_vector_authors", limits.max_vector_authors as u64),
        ("bytes_per_s", limits.bytes_per_s),
        ("burst_bytes", limits.burst_bytes),
        ("max_skew_ms", limits.max_skew),
    ]
}

/// Simulated links that Python drives.
#[pyclass(name = "PeerLinks", module = "graphrank._core", frozen)]
pub(crate) struct PyLinks {
    links: Mutex<Links>,
}

impl PyLinks {
    fn lock(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyLinks {
    #[new]
    #[pyo3(signature = (n_peers, now, loss, duplication, delay, seed))]
    fn new(
        py: Python<'_>,
        n_peers: usize,
        now: u64,
        loss: f64,
        duplication: f64,
        delay: (u64, u64),
        seed: u64,
    ) -> PyResult<Self> {
        let links = Links::new(n_peers, now, LinkParams { loss, duplication, delay, seed });
        links.map(|links| Self { links: Mutex::new(links) }).map_err(|error| to_python(py, &error))
    }

    fn now(&self) -> u64 {
        self.lock().now()
    }

    fn send(&self, sender: usize, to: usize, frame: &[u8]) {
        self.lock().send(sender, to, frame);
    }

    fn take<'py>(&self, py: Python<'py>, until: u64) -> Option<PyDelivery<'py>> {
        let delivery = self.lock().take(until)?;
        Some((delivery.at, delivery.from, delivery.to, PyBytes::new(py, &delivery.frame)))
    }

    fn set_parts(&self, py: Python<'_>, parts: Vec<usize>) -> PyResult<()> {
        self.lock().set_parts(parts).map_err(|error| to_python(py, &error))
    }

    fn set_up(&self, peer: usize, is_up: bool) {
        self.lock().set_up(peer, is_up);
    }

    /// Frames sent, their bytes, frames lost.
    fn traffic(&self) -> (u64, u64, u64) {
        self.lock().traffic()
    }
}
