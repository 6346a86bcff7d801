//! From core errors to the classes of `graphrank.exceptions`.

use graphrank::Error;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The Python exception for a core error.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::InvalidArgument { .. } => exception(py, "InvalidArgumentError", message),
        Error::InvalidData { .. } => exception(py, "InvalidDataError", message),
        Error::DidNotConverge { .. } => exception(py, "DidNotConvergeError", message),
        // What the caller's function raised is raised as it is.
        Error::Oracle { source } => match source.downcast_ref::<PyErr>() {
            Some(raised) => raised.clone_ref(py),
            None => internal(py, &message),
        },
        Error::Interrupted => pyo3::exceptions::PyKeyboardInterrupt::new_err(message),
        Error::TimedOut => exception(py, "TimedOutError", message),
        Error::OutOfMemory { .. } => exception(py, "OutOfMemoryError", message),
        Error::CorruptFile { .. } => exception(py, "CorruptFileError", message),
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            exception(py, "FileMissingError", message)
        }
        Error::Io { .. } => exception(py, "FileError", message),
        _ => internal(py, &message),
    }
}

/// A defect of this library: what a panic said.
pub(crate) fn internal(py: Python<'_>, what: &str) -> PyErr {
    let message = format!("{what}. This is a defect in graphrank; please report it with this message");
    exception(py, "InternalError", message)
}

/// An exception of `graphrank.exceptions`, or the error that kept it from being made.
pub(crate) fn exception(py: Python<'_>, class: &str, message: String) -> PyErr {
    let class = py.import("graphrank.exceptions").and_then(|module| module.getattr(class));
    match class.and_then(|class| Ok(class.cast_into::<PyType>()?)) {
        Ok(class) => PyErr::from_type(class, message),
        Err(error) => error,
    }
}
