//! Selection of k elements from candidates that do not change.
//!
//! | method | picks | guarantee | with quotas | paper |
//! |---|---|---|---|---|
//! | lazy | the best candidate | 1 - 1/e | 1/2 | Nemhauser, Wolsey and Fisher 1978; Minoux 1978 |
//! | stochastic | the best of (n/k) ln(1/ε) drawn at random | 1 - 1/e - ε, expected | none | Mirzasoleiman and others, AAAI 2015 |
//! | threshold | whatever gains a threshold that falls by 1 - ε | 1 - 1/e - ε | 1/(2 + ε) | Badanidiyuru and Vondrák, SODA 2014 |
//! | exact | the optimum, by branch and bound | 1 | 1 | see `exact` |
//!
//! The greedy methods keep the last known gain of each candidate. Gains only fall, so it bounds the gain now: a candidate
//! is asked again only if the bound could win. The same bounds limit the optimum: with picks I it is at most f(I) plus the
//! largest that can be picked together.
//!
//! # Cost
//! n gains to begin with, and what has to be asked again.

use std::sync::Arc;

use super::exact::exact;
use super::greedy::{Fill, Search};
use super::objective::{Objective, total};
use super::quotas::Quotas;
use super::rows::check_codes;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity, try_zeroed};

/// How to pick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The best candidate each time, without asking those that cannot win.
    #[default]
    Lazy,
    /// The best of a random sample each time.
    Stochastic,
    /// All that gain a threshold, which falls.
    Threshold,
    /// The optimum; for some tens of candidates.
    Exact,
}

/// What to select.
#[derive(Clone, Copy, Debug)]
pub struct MaximizeParams {
    /// How many elements at most.
    pub k: usize,
    /// How to pick.
    pub method: Method,
    /// What may be lost, for the stochastic and threshold methods, in (0, 1).
    pub eps: f64,
    /// Of the samples of the stochastic method.
    pub seed: u64,
}

impl Default for MaximizeParams {
    fn default() -> Self {
        Self { k: 10, method: Method::Lazy, eps: 0.05, seed: 0 }
    }
}

/// Elements, in the order in which they were picked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The elements.
    pub elements: Vec<u32>,
    /// What each adds to those before it.
    pub gains: Vec<f64>,
    /// f of all of them.
    pub value: f64,
    /// What no k candidates are worth more than.
    pub upper_bound: f64,
    /// How often the objective was asked.
    pub oracle_calls: u64,
}

/// Selects at most `k` of the candidates, or of all elements; fewer where no other gains anything.
///
/// # Errors
/// [`Error::InvalidArgument`] for a `k` of 0 and an `eps` outside (0, 1); [`Error::InvalidData`] for a candidate that is
/// no element or comes twice; those of the objective.
pub fn maximize(
    objective: &Arc<dyn Objective>,
    candidates: Option<&[u32]>,
    params: &MaximizeParams,
    exec: &Exec,
) -> Result<Selection> {
    select(objective, candidates, None, (params, Fill::Owed), exec)
}

/// The same with `quotas`: the lower ones are met, even by candidates that gain nothing.
///
/// # Errors
/// As [`maximize`]; [`Error::InvalidArgument`] for quotas that no selection keeps.
pub fn maximize_with_quotas(
    objective: &Arc<dyn Objective>,
    candidates: Option<&[u32]>,
    quotas: &Quotas,
    params: &MaximizeParams,
    exec: &Exec,
) -> Result<Selection> {
    select(objective, candidates, Some(quotas), (params, Fill::Owed), exec)
}

pub(super) fn select(
    objective: &Arc<dyn Objective>,
    candidates: Option<&[u32]>,
    quotas: Option<&Quotas>,
    (params, fill): (&MaximizeParams, Fill),
    exec: &Exec,
) -> Result<Selection> {
    check_k(params.k)?;
    if !(params.eps > 0.0 && params.eps < 1.0) {
        return Err(Error::argument("eps", format!("must be in (0, 1), got {}", params.eps)));
    }
    let n = objective.n_elements();
    let candidates = match candidates {
        Some(candidates) => {
            check_candidates(candidates, n, exec)?;
            try_collect("the candidates", candidates.len(), candidates.iter().copied())?
        }
        None => try_collect("the candidates", n, 0..)?,
    };
    quotas.map_or(Ok(()), |quotas| quotas.check(n, &candidates, params.k))?;
    let mut search = Search::new(objective, &candidates, quotas, params.k, exec)?;
    match params.method {
        Method::Lazy | Method::Exact => search.lazy(exec)?,
        Method::Stochastic => search.stochastic(params.eps, params.seed, exec)?,
        Method::Threshold => search.threshold(params.eps, exec)?,
    }
    let is_greedy = matches!(params.method, Method::Lazy | Method::Exact);
    let done = search.finish(is_greedy, fill, exec)?;
    if params.method == Method::Exact {
        return exact(objective, &candidates, quotas, params.k, (done, fill), exec);
    }
    Ok(done)
}

pub(super) fn check_k(k: usize) -> Result<()> {
    if k >= 1 && u32::try_from(k).is_ok() {
        return Ok(());
    }
    Err(Error::argument("k", format!("must be at least 1 and below 2^32, got {k}")))
}

fn check_candidates(candidates: &[u32], n: usize, exec: &Exec) -> Result<()> {
    check_codes("candidates", candidates, n, exec)?;
    let mut is_seen: Vec<u8> = try_zeroed("the candidates", n)?;
    for (row, &candidate) in candidates.iter().enumerate() {
        if std::mem::replace(&mut is_seen[candidate as usize], 1) == 1 {
            return Err(Error::row("candidates", row, format!("element {candidate} comes twice")));
        }
    }
    Ok(())
}

/// f of some elements, and what each adds to those before it. No upper bound is looked for: it is 0.
///
/// # Errors
/// [`Error::InvalidData`] for what is no element; those of the objective.
pub fn evaluate(objective: &Arc<dyn Objective>, elements: &[u32]) -> Result<Selection> {
    check_codes("elements", elements, objective.n_elements(), &Exec::default())?;
    let mut prefix = Arc::clone(objective).prefix()?;
    let mut done = Selection { oracle_calls: elements.len() as u64, ..Selection::default() };
    done.elements = try_collect("the picks", elements.len(), elements.iter().copied())?;
    done.gains = try_with_capacity("the picks", elements.len())?;
    for &element in elements {
        done.gains.push(prefix.push(element)?.max(0.0));
    }
    done.value = total(&done.gains)?;
    Ok(done)
}
