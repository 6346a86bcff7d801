//! Committees: k items that stand for many rankings of them.
//!
//! | rule | a ranking's content with a set S | solved |
//! |---|---|---|
//! | Borda, Bloc, SNTV | the sum of the points of S: Borda's, one for the first ℓ places, one for the first place | exactly |
//! | Chamberlin–Courant | Borda's points of the best of S | greedy and swaps, or exactly |
//! | PAV | 1 + 1/2 + ... + 1/j for the j items of S among its first ℓ | greedy and swaps, or exactly |
//!
//! With quotas for groups these are the questions of Boehmer, Celis, Huang, Mehrotra and Vishnoi (ICML 2023): where
//! rankings put a group too low, quotas bring back what is lost.
//!
//! # Separable rules
//! The value is a sum of points of items, so the best committee under quotas is the heaviest basis of a matroid: items by
//! falling points, each that can still be completed to a committee (`quotas`). All bases have one size, which is k if the
//! upper quotas allow k members: a set that is smaller can be extended, by a group that is owed a member, or else by
//! any group below its upper quota. So nothing needs to be searched for.
//!
//! # The others
//! Chamberlin–Courant is facility location with rankings as clients, beyond what a ranking gives to items it does not
//! list, which it gets from any committee. PAV is a concave function of how many of its approved items a ranking sees.
//! Both are monotone and submodular, so greedy has its share of the optimum and its certificate.
//!
//! # Cost
//! One sort of the rows, and O(rows) for separable rules; one gain, of an item's rows, per call otherwise.

use std::sync::Arc;

use super::bounds::{Bound, take_heaviest, weight};
use super::concave::ConcaveSums;
use super::exact::exact;
use super::facility::FacilityLocation;
use super::greedy::Fill;
use super::maximize::{MaximizeParams, Method, Selection, select};
use super::objective::Objective;
use super::quotas::{Places, Quotas};
use super::rankings::{Ballots, Points, Rankings, Unranked};
use super::rows::Triples;
use super::swaps::improve;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity};

/// How content rankings are with a committee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// Borda's points of all members.
    #[default]
    Borda,
    /// The number of members among the first few.
    Bloc,
    /// Whether the first is a member.
    Sntv,
    /// Borda's points of the best member.
    ChamberlinCourant,
    /// 1, 1/2, 1/3 and so on for members among the first few.
    Pav,
}

/// Which committee.
#[derive(Clone, Copy, Debug)]
pub struct CommitteeParams {
    /// The number of members.
    pub k: usize,
    /// What is maximised.
    pub rule: Rule,
    /// How many places at the top count, for Bloc and PAV; k where there is none.
    pub top: Option<u32>,
    /// What items get that a ranking does not list, for Borda and Chamberlin–Courant.
    pub unranked: Unranked,
    /// Whether to search for the optimum by branch and bound, for Chamberlin–Courant and PAV.
    pub is_exact: bool,
}

impl Default for CommitteeParams {
    fn default() -> Self {
        Self { k: 10, rule: Rule::Borda, top: None, unranked: Unranked::Average, is_exact: false }
    }
}

/// Selects a committee of exactly `k` items; its gains are what each member adds to those before it.
///
/// # Errors
/// [`Error::InvalidArgument`] for a `k` that is 0 or above the number of items, a `top` of 0, and quotas that no committee
/// keeps; [`Error::InvalidData`] for rankings that cannot be read, as [`mean_points`](super::mean_points).
pub fn select_committee(
    rankings: Rankings<'_>,
    quotas: Option<&Quotas>,
    params: &CommitteeParams,
    exec: &Exec,
) -> Result<Selection> {
    let CommitteeParams { k, rule, top, unranked, .. } = *params;
    if k == 0 || k > rankings.n_items {
        let problem = format!("must be from 1 to the number of items, {}, got {k}", rankings.n_items);
        return Err(Error::argument("k", problem));
    }
    if top == Some(0) {
        return Err(Error::argument("top", "must be at least 1, got 0"));
    }
    if let Some(quotas) = quotas {
        quotas.check_committee(rankings.n_items, k)?;
    }
    let ballots = rankings.ballots(exec)?;
    let top = top.unwrap_or(u32::try_from(k).unwrap_or(u32::MAX));
    match rule {
        Rule::Borda => separable(&ballots, Points::Borda(unranked), quotas, k, exec),
        Rule::Bloc => separable(&ballots, Points::Top(top), quotas, k, exec),
        Rule::Sntv => separable(&ballots, Points::Top(1), quotas, k, exec),
        Rule::ChamberlinCourant => {
            let (objective, from_any) = best_member(&ballots, Points::Borda(unranked), exec)?;
            let mut done = search(&objective, quotas, params, exec)?;
            done.value += from_any;
            done.upper_bound += from_any;
            done.gains.iter_mut().take(1).for_each(|gain| *gain += from_any);
            Ok(done)
        }
        Rule::Pav => search(&approvals(&ballots, top, exec)?, quotas, params, exec),
    }
}

fn separable(
    ballots: &Ballots,
    points: Points,
    quotas: Option<&Quotas>,
    k: usize,
    exec: &Exec,
) -> Result<Selection> {
    let (sums, _) = ballots.sums(points, exec)?;
    let bounds = (0..).zip(sums).map(|(element, gain)| Bound { gain, element });
    let mut bounds = try_collect("the points of items", ballots.n_items, bounds)?;
    let members = take_heaviest(&mut bounds, Places::new(quotas, k)?)?;
    let value = weight(&members);
    Ok(Selection {
        elements: members.iter().map(|member| member.element).collect(),
        gains: members.iter().map(|member| member.gain).collect(),
        value,
        upper_bound: value,
        oracle_calls: ballots.n_items as u64,
    })
}

fn search(
    objective: &Arc<dyn Objective>,
    quotas: Option<&Quotas>,
    params: &CommitteeParams,
    exec: &Exec,
) -> Result<Selection> {
    let k = params.k;
    let greedy = MaximizeParams { k, method: Method::Lazy, ..MaximizeParams::default() };
    let found = select(objective, None, quotas, (&greedy, Fill::All), exec)?;
    let better = improve(objective, quotas, k, found, exec)?;
    if !params.is_exact {
        return Ok(better);
    }
    let all: Vec<u32> = try_collect("the candidates", objective.n_elements(), 0..)?;
    exact(objective, &all, quotas, k, (better, Fill::All), exec)
}

/// Chamberlin–Courant beyond what rankings get from any member, and how much that is.
fn best_member(ballots: &Ballots, points: Points, exec: &Exec) -> Result<(Arc<dyn Objective>, f64)> {
    let mut from_any = 0.0;
    let mut values = try_with_capacity("the points of items", ballots.n_entries())?;
    for (ranking, &weight) in ballots.weights.iter().enumerate() {
        let unranked = ballots.unranked(ranking, points);
        from_any += weight * unranked;
        values.extend(ballots.entries(ranking).iter().map(|&entry| ballots.ranked(entry, points) - unranked));
    }
    let (items, rankings) = columns(ballots, |_| true)?;
    let triples = Triples {
        n_rows: ballots.n_items,
        n_columns: ballots.n_rankings(),
        rows: &items,
        columns: &rankings,
        values: Some(&values),
    };
    Ok((Arc::new(FacilityLocation::new(triples, Some(&ballots.weights), exec)?), from_any))
}

fn approvals(ballots: &Ballots, top: u32, exec: &Exec) -> Result<Arc<dyn Objective>> {
    let (items, rankings) = columns(ballots, |first| first < top)?;
    let triples = Triples {
        n_rows: ballots.n_items,
        n_columns: ballots.n_rankings(),
        rows: &items,
        columns: &rankings,
        values: None,
    };
    Ok(Arc::new(ConcaveSums::approval(triples, Some(&ballots.weights), exec)?))
}

/// Item and ranking of the rows whose place is `wanted`.
fn columns(ballots: &Ballots, wanted: impl Fn(u32) -> bool) -> Result<(Vec<u32>, Vec<u32>)> {
    let mut items = try_with_capacity("the rankings", ballots.n_entries())?;
    let mut rankings = try_with_capacity("the rankings", ballots.n_entries())?;
    for (ranking, i) in (0..).zip(0..ballots.n_rankings()) {
        let entries = ballots.entries(i).iter().filter(|entry| wanted(entry.first));
        items.extend(entries.map(|entry| entry.item));
        rankings.resize(items.len(), ranking);
    }
    Ok((items, rankings))
}
