//! Work for the boundary tests: it never ends by itself, or it panics.

use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::run::{RunOpts, run};

/// Units that make `run` hand the work to the pool.
const LONG: usize = usize::MAX;

/// Keeps every thread busy for `seconds`, or until told to stop.
#[pyfunction(name = "_debug_spin")]
pub(crate) fn debug_spin(py: Python<'_>, seconds: f64, how: RunOpts) -> PyResult<()> {
    let end = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 3600.0));
    run(py, how, LONG, "spinning", |exec| {
        exec.map(exec.n_threads(), |_| {
            while Instant::now() < end {
                std::thread::sleep(Duration::from_millis(1));
                exec.checkpoint(1)?;
            }
            Ok(())
        })
        .map(|_| ())
    })
}

/// Panics on a worker thread.
#[pyfunction(name = "_debug_panic")]
#[expect(clippy::panic, reason = "the tests look at what becomes of it")]
pub(crate) fn debug_panic(py: Python<'_>, how: RunOpts) -> PyResult<()> {
    run(py, how, LONG, "panicking", |exec| {
        exec.map(4, |i| if i == 3 { panic!("a panic asked for by a test") } else { Ok(()) }).map(|_| ())
    })
}
