//! How to run: threads, cancellation, deadline, progress.
//!
//! Parameters say *what* an algorithm computes; an [`Exec`] says *how*. All parallel work of the crate goes through
//! [`Exec::map`] and [`Exec::map_items`], which return results in the order of the units of work. The units are fixed
//! by the input and never by the number of threads, so a fold over those results has the same bits on any machine.
//!
//! Without a pool everything runs on the calling thread: the crate never starts threads of its own accord and never
//! reads the environment.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::error::{Error, Result};

/// Execution context of one call. Cheap to clone; clones share the cancel flag and the progress.
///
/// ```
/// use graphrank::Exec;
/// let exec = Exec::default();
/// let squares = exec.map(4, |i| Ok(i * i))?;
/// assert_eq!(squares, [0, 1, 4, 9]);
/// # Ok::<(), graphrank::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Exec {
    pool: Option<Arc<ThreadPool>>,
    deadline: Option<Instant>,
    look_up: Option<LookUp>,
    shared: Arc<Shared>,
}

/// What is asked at checkpoints whether to go on.
#[derive(Clone)]
struct LookUp(Arc<dyn Fn() -> Result<()> + Send + Sync>);

impl fmt::Debug for LookUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LookUp")
    }
}

#[derive(Debug, Default)]
struct Shared {
    cancelled: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
    best: AtomicU32,
    bound: AtomicU32,
}

impl Exec {
    /// Runs on the threads of `pool`.
    #[must_use]
    pub fn with_pool(mut self, pool: Arc<ThreadPool>) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Ends the work with [`Error::TimedOut`] once `allowed` has passed.
    #[must_use]
    pub fn with_timeout(mut self, allowed: Duration) -> Self {
        self.deadline = Instant::now().checked_add(allowed);
        self
    }

    /// Asks `look_up` at every checkpoint whether to go on, on the thread that is there: for work without a pool, whose
    /// caller has no other thread that could [`cancel`](Exec::cancel) it.
    #[must_use]
    pub fn with_look_up(mut self, look_up: Arc<dyn Fn() -> Result<()> + Send + Sync>) -> Self {
        self.look_up = Some(LookUp(look_up));
        self
    }

    /// The same cancel flag, deadline and progress without the pool: for units of work that are parallel already.
    #[must_use]
    pub fn on_this_thread(&self) -> Self {
        Self { pool: None, ..self.clone() }
    }

    /// Ends the work with [`Error::Interrupted`] at its next checkpoint.
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Relaxed);
    }

    /// Threads that may work at once.
    #[must_use]
    pub fn n_threads(&self) -> usize {
        self.pool.as_ref().map_or(1, |pool| pool.current_num_threads())
    }

    /// Units of work done, and the total announced (0 while unknown).
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.shared.done.load(Relaxed), self.shared.total.load(Relaxed))
    }

    /// Of a search for the most of something: what is found so far, and what cannot be exceeded (0 while unknown).
    #[must_use]
    pub fn bounds(&self) -> (u32, u32) {
        (self.shared.best.load(Relaxed), self.shared.bound.load(Relaxed))
    }

    /// See [`Exec::bounds`].
    pub(crate) fn tell_bounds(&self, best: u32, bound: u32) {
        self.shared.best.store(best, Relaxed);
        self.shared.bound.store(bound, Relaxed);
    }

    /// Announces how many units of work lie ahead, counting from zero again.
    pub(crate) fn expect_units(&self, total: u64) {
        self.shared.done.store(0, Relaxed);
        self.shared.total.store(total, Relaxed);
    }

    /// Counts `units` as done and says whether to go on. Call it once per chunk of about a millisecond.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after [`Exec::cancel`], [`Error::TimedOut`] after the deadline; those of
    /// [`Exec::with_look_up`].
    pub fn checkpoint(&self, units: u64) -> Result<()> {
        self.shared.done.fetch_add(units, Relaxed);
        if self.shared.cancelled.load(Relaxed) {
            return Err(Error::Interrupted);
        }
        if let Some(look_up) = &self.look_up {
            (look_up.0)()?;
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Error::TimedOut),
            _ => Ok(()),
        }
    }

    /// `f(0), f(1), ..., f(n - 1)`, in that order, computed in parallel.
    ///
    /// # Errors
    /// Those of `f`; where several units fail, the error of the first in order.
    pub fn map<T: Send>(&self, n: usize, f: impl Fn(usize) -> Result<T> + Sync + Send) -> Result<Vec<T>> {
        match &self.pool {
            Some(pool) if n > 1 => {
                let first = FirstFailure::default();
                let results: Vec<_> =
                    pool.install(|| (0..n).into_par_iter().map(|i| first.guard(i, || f(i))).collect());
                results.into_iter().collect()
            }
            _ => (0..n).map(f).collect(),
        }
    }

    /// Like [`Exec::map`] over items that each unit of work owns, such as disjoint mutable slices of one array.
    ///
    /// # Errors
    /// Those of `f`; where several units fail, the error of the first in order.
    pub fn map_items<I: Send, T: Send>(
        &self,
        items: Vec<I>,
        f: impl Fn(usize, I) -> Result<T> + Sync + Send,
    ) -> Result<Vec<T>> {
        match &self.pool {
            Some(pool) if items.len() > 1 => {
                let first = FirstFailure::default();
                let units = items.into_par_iter().enumerate();
                let results: Vec<_> =
                    pool.install(|| units.map(|(i, item)| first.guard(i, || f(i, item))).collect());
                results.into_iter().collect()
            }
            _ => items.into_iter().enumerate().map(|(i, item)| f(i, item)).collect(),
        }
    }
}

/// The lowest unit that failed so far. Units after it are skipped, units before it are not: so the error that is
/// returned does not depend on threads.
struct FirstFailure(AtomicUsize);

impl Default for FirstFailure {
    fn default() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }
}

impl FirstFailure {
    fn guard<T>(&self, unit: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if unit > self.0.load(Relaxed) {
            // Stands behind the failure in order, so nobody sees it.
            return Err(Error::Interrupted);
        }
        work().inspect_err(|_| {
            self.0.fetch_min(unit, Relaxed);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(n: usize) -> Arc<ThreadPool> {
        Arc::new(rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap())
    }

    #[test]
    fn results_come_in_the_order_of_the_units() {
        for exec in [Exec::default(), Exec::default().with_pool(pool(3))] {
            assert_eq!(exec.map(100, Ok).unwrap(), (0..100).collect::<Vec<_>>());
            let items: Vec<usize> = (0..100).rev().collect();
            assert_eq!(exec.map_items(items, |i, x| Ok(i + x)).unwrap(), vec![99; 100]);
        }
    }

    #[test]
    fn the_error_of_the_first_unit_is_returned_on_any_number_of_threads() {
        for n_threads in [1, 2, 8] {
            let exec = Exec::default().with_pool(pool(n_threads));
            for _ in 0..50 {
                let fail = |i: usize| if i % 7 == 3 { Err(Error::row("unit", i, "failed")) } else { Ok(()) };
                let message = exec.map(100, fail).unwrap_err().to_string();
                assert!(message.starts_with("`unit`, row 3:"), "{message}");
            }
        }
    }

    #[test]
    fn cancelled_work_stops_at_its_checkpoint() {
        let exec = Exec::default();
        assert!(exec.checkpoint(5).is_ok());
        exec.clone().cancel();
        assert!(matches!(exec.checkpoint(5), Err(Error::Interrupted)));
        assert_eq!(exec.progress(), (10, 0));
    }

    #[test]
    fn whoever_looks_up_at_checkpoints_can_end_the_work() {
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        let look_up = move || if count.fetch_add(1, Relaxed) < 3 { Ok(()) } else { Err(Error::Interrupted) };
        let exec = Exec::default().with_look_up(Arc::new(look_up));
        let work = exec.map(10, |_| exec.on_this_thread().checkpoint(1));
        assert!(matches!(work, Err(Error::Interrupted)));
        assert_eq!(asked.load(Relaxed), 4);
    }

    #[test]
    fn a_passed_deadline_stops_the_work() {
        let exec = Exec::default().with_timeout(Duration::ZERO);
        assert!(matches!(exec.map(1, |_| exec.checkpoint(1)), Err(Error::TimedOut)));
    }
}
