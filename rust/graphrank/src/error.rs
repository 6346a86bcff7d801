//! The one error of the crate.
//!
//! A message names the argument (and the row, where there is one), the value it had, and what is allowed or what to
//! do about it. Nothing here is shown by a panic: a panic is a defect of this crate.

use std::path::PathBuf;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is outside what is allowed.
    #[error("`{argument}` {problem}")]
    InvalidArgument {
        /// Name of the parameter.
        argument: &'static str,
        /// Its value and what is allowed: "must be in [0, 1), got 1.5".
        problem: String,
    },
    /// An element of an input array cannot be used.
    #[error("`{argument}`, row {row}: {problem}")]
    InvalidData {
        /// Name of the array.
        argument: &'static str,
        /// Zero-based position of the first element at fault.
        row: usize,
        /// Its value and what is allowed.
        problem: String,
    },
    /// An iterative method stopped making progress before it reached the requested error.
    #[error(
        "`{argument}` = {tol:e} is out of reach: the rounding of 64-bit floats allows no error bound below {bound:.1e} \
         here ({iterations} iterations done); {remedy}"
    )]
    DidNotConverge {
        /// Name of the parameter that sets the error.
        argument: &'static str,
        /// The error that was asked for.
        tol: f64,
        /// The certified error that was reached.
        bound: f64,
        /// Iterations done.
        iterations: u32,
        /// What to ask for instead.
        remedy: &'static str,
    },
    /// A function that the caller gave failed.
    #[error("the objective failed: {source}")]
    Oracle {
        /// Its reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The caller cancelled the work.
    #[error("interrupted")]
    Interrupted,
    /// The deadline passed.
    #[error("timed out before the work was done")]
    TimedOut,
    /// An array does not fit in memory.
    #[error("out of memory: {what} needs {bytes} bytes")]
    OutOfMemory {
        /// What the array holds.
        what: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// A file is truncated, altered or not one of ours.
    #[error("{}: {problem}", path.display())]
    CorruptFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The operating system refused to read or write a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn argument(argument: &'static str, problem: impl Into<String>) -> Self {
        Self::InvalidArgument { argument, problem: problem.into() }
    }

    /// [`Error::DidNotConverge`] where no method would.
    pub(crate) fn beyond_rounding(tol: f64, bound: f64, iterations: u32) -> Self {
        Self::DidNotConverge { argument: "tol", tol, bound, iterations, remedy: "ask for a larger `tol`" }
    }

    pub(crate) fn row(argument: &'static str, row: usize, problem: impl Into<String>) -> Self {
        Self::InvalidData { argument, row, problem: problem.into() }
    }
}

/// A number for a message: 1,253,160.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_argument_row_and_remedy() {
        let error = Error::row("weight", 3, "got NaN, weights must be finite and not negative");
        assert_eq!([7, 100, 1_000, 1_253_160].map(thousands), ["7", "100", "1,000", "1,253,160"]);
        assert_eq!(error.to_string(), "`weight`, row 3: got NaN, weights must be finite and not negative");
    }
}
