//! One call at a time: what Python holds and several of its threads may ask at once.

use std::sync::{LockResult, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use graphrank::{Error, Exec, Result};

/// How long a call sleeps between looks at whether another has ended.
const WAIT: Duration = Duration::from_millis(1);

/// Waits until no other call holds `object`, and can be stopped meanwhile.
///
/// After a panic of a call that held it, `argument` is refused: it may be half changed.
pub(crate) fn hold<'a, T>(
    object: &'a Mutex<T>,
    argument: &'static str,
    exec: &Exec,
) -> Result<MutexGuard<'a, T>> {
    hold_even_broken(object, exec)?.map_err(|_| {
        let problem = "was left half changed by a defect; make it anew".into();
        Error::InvalidArgument { argument, problem }
    })
}

/// The same for what can mend itself.
pub(crate) fn hold_even_broken<'a, T>(
    object: &'a Mutex<T>,
    exec: &Exec,
) -> Result<LockResult<MutexGuard<'a, T>>> {
    loop {
        match object.try_lock() {
            Ok(held) => return Ok(Ok(held)),
            Err(TryLockError::Poisoned(broken)) => return Ok(Err(broken)),
            Err(TryLockError::WouldBlock) => {
                exec.checkpoint(0)?;
                std::thread::sleep(WAIT);
            }
        }
    }
}
