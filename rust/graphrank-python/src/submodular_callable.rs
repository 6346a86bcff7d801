//! A Python function as an objective.
//!
//! It is asked on the thread of the call that maximises (see [`run_here`](crate::run::run_here)), which takes the
//! interpreter for as long as the function runs. What the function raises ends that call and is raised by it, with a
//! note that says what was asked.

use graphrank::submodular::Oracle;
use graphrank::{Error, Result};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::run::checkpoint_here;

/// Functions of the codes of a set, as arrays; there is `value` or `gains`. Python checks what they return.
pub(crate) struct PyOracle {
    pub(crate) value: Option<Py<PyAny>>,
    pub(crate) gains: Option<Py<PyAny>>,
    pub(crate) name: Py<PyAny>,
}

impl Oracle for PyOracle {
    fn value(&self, set: &[u32]) -> Result<f64> {
        let ask = |py: Python<'_>, function: &Py<PyAny>| {
            function.bind(py).call1((PyArray1::from_slice(py, set),))?.extract()
        };
        self.ask(self.value.as_ref(), set.len(), ask)
    }

    fn gains(&self, set: &[u32], candidates: &[u32], gains: &mut [f64]) -> Result<()> {
        let ask = |py: Python<'_>, function: &Py<PyAny>| {
            let codes = (PyArray1::from_slice(py, set), PyArray1::from_slice(py, candidates));
            let given: PyReadonlyArray1<'_, f64> = function.bind(py).call1(codes)?.extract()?;
            let given = given.as_slice()?;
            if given.len() != gains.len() {
                let problem = format!("{} gains of {} candidates", given.len(), gains.len());
                return Err(pyo3::exceptions::PyValueError::new_err(problem));
            }
            gains.copy_from_slice(given);
            Ok(())
        };
        self.ask(self.gains.as_ref(), set.len(), ask)
    }

    fn has_gains(&self) -> bool {
        self.gains.is_some()
    }

    fn name(&self, element: u32) -> String {
        let name = Python::attach(|py| self.name.call1(py, (element,))?.extract(py));
        name.unwrap_or_else(|_: PyErr| element.to_string())
    }
}

impl PyOracle {
    fn ask<T>(
        &self,
        function: Option<&Py<PyAny>>,
        n_elements: usize,
        ask: impl FnOnce(Python<'_>, &Py<PyAny>) -> PyResult<T>,
    ) -> Result<T> {
        checkpoint_here()?;
        Python::attach(|py| {
            let missing = || pyo3::exceptions::PyTypeError::new_err("this objective has no such function");
            let answer = function.ok_or_else(missing).and_then(|function| ask(py, function));
            answer.map_err(|raised| {
                let note = format!("(asked by graphrank, for a set of {n_elements} elements)");
                // The note is a courtesy: the exception matters, whether or not it takes one.
                drop(raised.value(py).call_method1("add_note", (note,)));
                Error::Oracle { source: Box::new(raised) }
            })
        })
    }
}
