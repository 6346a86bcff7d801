//! The one place that leaves the interpreter.
//!
//! Long work goes to the pool while the calling thread wakes every 50 ms to look for signals and to report progress, so
//! Ctrl-C ends any call promptly and the objects involved stay usable. Workers never call Python.
//!
//! Short work, and work that asks functions of the caller's, runs on the calling thread ([`run_here`]): that looks up at
//! checkpoints, when 50 ms have passed, so that it can be stopped as well. A panic becomes `InternalError`.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use graphrank::{Error, Exec, Result};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use rayon::ThreadPool;

use crate::error::{exception, internal, to_python};
use crate::pool::lease;

/// How long the calling thread sleeps between looks at signals and progress.
const WAKE: Duration = Duration::from_millis(50);
/// Units of work (arcs, rows, bytes) below which handing over to other threads, some 50 microseconds, does not pay.
const SHORT: usize = 200_000;

/// The last argument of every long call: a progress callback and the seconds allowed.
#[derive(Default, FromPyObject)]
pub(crate) struct RunOpts(Option<Py<PyAny>>, Option<f64>);

/// Runs `work`, estimated at `units` of a few nanoseconds each.
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    how: RunOpts,
    units: usize,
    label: &'static str,
    work: impl FnOnce(&Exec) -> Result<T> + Send,
) -> PyResult<T> {
    run_as(py, how, units, (label, OnInterrupt::Raise), work)
}

/// Runs `work` that may take long on any input and that, when it is cancelled, ends with what it has: so does the call
/// on Ctrl-C.
pub(crate) fn run_anytime<T: Send>(
    py: Python<'_>,
    how: RunOpts,
    label: &'static str,
    work: impl FnOnce(&Exec) -> Result<T> + Send,
) -> PyResult<T> {
    run_as(py, how, usize::MAX, (label, OnInterrupt::Return), work)
}

/// What a call does on Ctrl-C once its work has stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnInterrupt {
    Raise,
    Return,
}

fn run_as<T: Send>(
    py: Python<'_>,
    how: RunOpts,
    units: usize,
    (label, on_interrupt): (&'static str, OnInterrupt),
    work: impl FnOnce(&Exec) -> Result<T> + Send,
) -> PyResult<T> {
    if units < SHORT && how.0.is_none() {
        return run_here(py, how, label, work);
    }
    let RunOpts(callback, timeout_s) = how;
    let lease = lease(py)?;
    let pool = lease.pool();
    let exec = within(py, timeout_s)?.with_pool(pool.clone());
    let reporter = Reporter { callback, label, on_interrupt, exec: exec.clone() };
    let outcome = wait_for(py, pool, &reporter, || catch_unwind(AssertUnwindSafe(|| work(&exec))))?;
    settle(py, outcome)
}

/// Runs `work` on the calling thread. What it calls may take hold of the interpreter.
pub(crate) fn run_here<T: Send>(
    py: Python<'_>,
    how: RunOpts,
    label: &'static str,
    work: impl FnOnce(&Exec) -> Result<T> + Send,
) -> PyResult<T> {
    let RunOpts(callback, timeout_s) = how;
    let exec = within(py, timeout_s)?;
    let reporter = Reporter { callback, label, on_interrupt: OnInterrupt::Raise, exec: exec.clone() };
    let watch = Arc::new(Watch { reporter, state: Mutex::new((Instant::now(), None)) });
    let watched = Arc::clone(&watch);
    let exec = exec.with_look_up(Arc::new(move || watched.look_up()));
    let outcome = py.detach(|| {
        let _running = Running::begin(&exec);
        catch_unwind(AssertUnwindSafe(|| work(&exec)))
    });
    if let Some(error) = watch.interruption() {
        return Err(error);
    }
    watch.reporter.report(py)?;
    settle(py, outcome)
}

/// The context for `timeout_s`.
fn within(py: Python<'_>, timeout_s: Option<f64>) -> PyResult<Exec> {
    let Some(seconds) = timeout_s else { return Ok(Exec::default()) };
    let allowed = Duration::try_from_secs_f64(seconds).map_err(|_| {
        let message = format!("`timeout_s` must be a number of seconds, at least 0, got {seconds}");
        exception(py, "InvalidArgumentError", message)
    })?;
    Ok(Exec::default().with_timeout(allowed))
}

thread_local! {
    /// The calls of [`run_here`] that this thread is in, the innermost last.
    static RUNNING: RefCell<Vec<Exec>> = const { RefCell::new(Vec::new()) };
}

/// A call of [`run_here`] until this is dropped.
struct Running;

impl Running {
    fn begin(exec: &Exec) -> Self {
        RUNNING.with_borrow_mut(|running| running.push(exec.clone()));
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.with_borrow_mut(|running| drop(running.pop()));
    }
}

/// Whether the call of [`run_here`] that this thread is in should go on: for functions of the caller's, each of which may
/// take longer than the work between two checkpoints.
pub(crate) fn checkpoint_here() -> Result<()> {
    let exec = RUNNING.with_borrow(|running| running.last().cloned());
    exec.map_or(Ok(()), |exec| exec.checkpoint(0))
}

/// Looks up on the thread that works.
struct Watch {
    reporter: Reporter,
    /// When it last looked up, and what made it stop.
    state: Mutex<(Instant, Option<PyErr>)>,
}

impl Watch {
    fn look_up(&self) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.1.is_none() && state.0.elapsed() >= WAKE {
            drop(state);
            // Not locked while Python runs: its signal handlers may do anything.
            let looked = self.reporter.look_up();
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            *state = (Instant::now(), looked.err());
        }
        if state.1.is_some() { Err(Error::Interrupted) } else { Ok(()) }
    }

    fn interruption(&self) -> Option<PyErr> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1.take()
    }
}

/// Runs work of microseconds on the calling thread; it returns `None` if it finds that it would take longer. For calls
/// without progress and time limit; others get `None` at once.
pub(crate) fn try_at_once<T: Send>(
    py: Python<'_>,
    how: &RunOpts,
    work: impl FnOnce(&Exec) -> Result<Option<T>> + Send,
) -> PyResult<Option<T>> {
    if how.0.is_some() || how.1.is_some() {
        return Ok(None);
    }
    settle(py, py.detach(|| catch_unwind(AssertUnwindSafe(|| work(&Exec::default())))))
}

fn settle<T>(py: Python<'_>, outcome: std::thread::Result<Result<T>>) -> PyResult<T> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(to_python(py, &error)),
        Err(panic) => Err(internal(py, panic_message(&*panic))),
    }
}

struct Reporter {
    callback: Option<Py<PyAny>>,
    label: &'static str,
    on_interrupt: OnInterrupt,
    exec: Exec,
}

impl Reporter {
    fn report(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(callback) = &self.callback {
            let (done, total) = self.exec.progress();
            let label = match self.exec.bounds() {
                (_, 0) => self.label.to_owned(),
                (best, bound) => format!("{}: {best} found, at most {bound}", self.label),
            };
            callback.call1(py, (done.min(total), total, label))?;
        }
        Ok(())
    }

    /// The error, unless it is a Ctrl-C that the call answers with what there is.
    fn to_raise(&self, py: Python<'_>, error: PyErr) -> Option<PyErr> {
        let is_answered =
            self.on_interrupt == OnInterrupt::Return && error.is_instance_of::<PyKeyboardInterrupt>(py);
        (!is_answered).then_some(error)
    }

    /// What the calling thread does each time it wakes.
    fn look_up(&self) -> PyResult<()> {
        // None while the interpreter shuts down: nobody is left to wait for the result.
        Python::try_attach(|py| py.check_signals().and_then(|()| self.report(py))).unwrap_or_else(|| {
            self.exec.cancel();
            Ok(())
        })
    }
}

/// Runs `work` on the pool and keeps the interpreter responsive meanwhile. An error from a signal handler or from the
/// callback cancels the work, waits for it to stop, and is returned, save a Ctrl-C that the call answers.
fn wait_for<T: Send>(
    py: Python<'_>,
    pool: &ThreadPool,
    reporter: &Reporter,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    let (done, finished) = sync_channel(1);
    let wait = |finished: &Receiver<T>| {
        let mut interruption = None;
        loop {
            match finished.recv_timeout(WAKE) {
                Ok(value) => return (Some(value), interruption),
                Err(RecvTimeoutError::Disconnected) => return (None, None),
                Err(RecvTimeoutError::Timeout) if interruption.is_some() => {}
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = reporter.look_up() {
                        reporter.exec.cancel();
                        interruption = Some(error);
                    }
                }
            }
        }
    };
    let (outcome, interruption) = py.detach(|| {
        pool.in_place_scope(move |scope| {
            // The receiver waits for this and nothing else, so sending cannot fail.
            scope.spawn(move |_| drop(done.send(work())));
            wait(&finished)
        })
    });
    let last_look = || py.check_signals().and_then(|()| reporter.report(py));
    let interruption = interruption.map_or_else(last_look, Err);
    if let Some(error) = interruption.err().and_then(|error| reporter.to_raise(py, error)) {
        return Err(error);
    }
    outcome.ok_or_else(|| internal(py, "a worker ended without a result"))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}
