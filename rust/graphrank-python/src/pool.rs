//! The threads of this process.
//!
//! A running call has a pool to itself, so that it never waits for the work of another call: a thread that waits inside
//! a shared pool may pick up another call's work and be stuck under it. Pools are built on first use, kept for the next
//! call, and left behind after a fork: threads do not survive one, and what they had locked stays locked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{exception, internal};

/// More than any machine this runs on has, and few enough to start.
const MAX_THREADS: usize = 1024;
/// Pools kept while no call uses them.
const MAX_IDLE: usize = 4;

struct State {
    /// What `set_num_threads` asked for; `None` leaves it to the environment.
    requested: Option<usize>,
    /// Counts the calls of `set_num_threads`: a pool of an earlier generation is not kept.
    generation: u64,
    idle: Vec<Arc<ThreadPool>>,
    process: u32,
}

/// Locked for moments, while attached to the interpreter and without calling it: a fork from Python cannot catch it
/// locked.
static STATE: Mutex<State> =
    Mutex::new(State { requested: None, generation: 0, idle: Vec::new(), process: 0 });

fn state() -> MutexGuard<'static, State> {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if state.process != process {
        std::mem::forget(std::mem::take(&mut state.idle));
        state.process = process;
    }
    state
}

/// A pool that one call has to itself until this is dropped.
pub(crate) struct Lease {
    pool: Arc<ThreadPool>,
    generation: u64,
}

impl Lease {
    pub(crate) fn pool(&self) -> &Arc<ThreadPool> {
        &self.pool
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = state();
        if state.generation == self.generation && state.idle.len() < MAX_IDLE {
            state.idle.push(self.pool.clone());
        }
    }
}

/// A pool for one call.
pub(crate) fn lease(py: Python<'_>) -> PyResult<Lease> {
    let (idle, requested, generation) = {
        let mut state = state();
        (state.idle.pop(), state.requested, state.generation)
    };
    if let Some(pool) = idle {
        return Ok(Lease { pool, generation });
    }
    let n = match requested {
        Some(n) => n,
        None => default_threads(py)?,
    };
    let pool = ThreadPoolBuilder::new().num_threads(n).thread_name(|i| format!("graphrank-{i}")).build();
    let pool = pool.map_err(|error| internal(py, &format!("no threads could be started: {error}")))?;
    Ok(Lease { pool: Arc::new(pool), generation })
}

/// Threads that parallel work uses.
#[pyfunction]
pub(crate) fn num_threads(py: Python<'_>) -> PyResult<usize> {
    let requested = state().requested;
    match requested {
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
    state.generation += 1;
    let unused = std::mem::take(&mut state.idle);
    drop(state);
    drop(unused);
    Ok(())
}

/// `GRAPHRANK_NUM_THREADS`, else `RAYON_NUM_THREADS`, else the processors this process may use.
fn default_threads(py: Python<'_>) -> PyResult<usize> {
    for name in ["GRAPHRANK_NUM_THREADS", "RAYON_NUM_THREADS"] {
        let Ok(value) = std::env::var(name) else { continue };
        match value.trim().parse() {
            Ok(n) if (1..=MAX_THREADS).contains(&n) => return Ok(n),
            _ if value.trim().is_empty() => {}
            _ => {
                let message = format!(
                    "environment variable {name} must be a whole number from 1 to {MAX_THREADS}, got {value:?}"
                );
                return Err(exception(py, "InvalidArgumentError", message));
            }
        }
    }
    Ok(std::thread::available_parallelism().map_or(1, usize::from))
}
