//! The threads of this process.
//!
//! Built on first use and again after a fork: threads do not survive one, and a child that used its parent's pool
//! would wait for ever. The parent's pool is then left alone, since dropping it would wait for those threads too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{exception, internal};

/// More than any machine this runs on has, and few enough to start.
const MAX_THREADS: usize = 1024;

struct State {
    /// What `set_num_threads` asked for; `None` leaves it to the environment.
    requested: Option<usize>,
    built: Option<Built>,
}

struct Built {
    process: u32,
    pool: Arc<ThreadPool>,
}

/// Only ever locked while attached to the interpreter, for moments: a fork from Python cannot catch it locked.
static STATE: Mutex<State> = Mutex::new(State { requested: None, built: None });

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pool of this process.
pub(crate) fn pool(py: Python<'_>) -> PyResult<Arc<ThreadPool>> {
    let process = std::process::id();
    let mut state = state();
    if let Some(built) = &state.built
        && built.process == process
    {
        return Ok(built.pool.clone());
    }
    let n = match state.requested {
        Some(n) => n,
        None => default_threads(py)?,
    };
    let pool = ThreadPoolBuilder::new().num_threads(n).thread_name(|i| format!("graphrank-{i}")).build();
    let pool =
        Arc::new(pool.map_err(|error| internal(py, &format!("no threads could be started: {error}")))?);
    if let Some(stale) = state.built.replace(Built { process, pool: pool.clone() }) {
        std::mem::forget(stale.pool);
    }
    Ok(pool)
}

/// Threads that parallel work uses.
#[pyfunction]
pub(crate) fn num_threads(py: Python<'_>) -> PyResult<usize> {
    match state().requested {
        Some(n) => Ok(n),
        None => default_threads(py),
    }
}

/// Sets the number of threads; `None` returns to the default.
#[pyfunction]
#[pyo3(signature = (n))]
pub(crate) fn set_num_threads(py: Python<'_>, n: Option<usize>) -> PyResult<()> {
    if let Some(n) = n.filter(|n| !(1..=MAX_THREADS).contains(n)) {
        let message = format!("`n` must be from 1 to {MAX_THREADS}, got {n}");
        return Err(exception(py, "InvalidArgumentError", message));
    }
    let mut state = state();
    state.requested = n;
    // Calls that are running keep the old pool alive until they end.
    match state.built.take() {
        Some(built) if built.process != std::process::id() => std::mem::forget(built.pool),
        _ => {}
    }
    Ok(())
}

/// `GRAPHRANK_NUM_THREADS`, else `RAYON_NUM_THREADS`, else the processors this process may use.
fn default_threads(py: Python<'_>) -> PyResult<usize> {
    for name in ["GRAPHRANK_NUM_THREADS", "RAYON_NUM_THREADS"] {
        let Ok(value) = std::env::var(name) else { continue };
        match value.trim().parse() {
            Ok(n) if n > 0 => return Ok(n),
            _ if value.trim().is_empty() => {}
            _ => {
                let message =
                    format!("environment variable {name} must be a whole number above 0, got {value:?}");
                return Err(exception(py, "InvalidArgumentError", message));
            }
        }
    }
    Ok(std::thread::available_parallelism().map_or(1, usize::from))
}
