//! Many queries: who solves them, in what groups, in how much memory.
//!
//! Answers do not depend on the groups, so groups may depend on the number of threads and on the memory allowed.

use std::sync::Mutex;

use super::answer::{Answer, Solution};
use super::exact::{Blocks, Exact, Spread, WIDTH};
use super::local::LocalSolver;
use super::queries::Restart;
use super::{Dangling, Method, PprParams, plan, power};
use crate::error::{Error, Result, thousands};
use crate::exec::Exec;
use crate::graph::Graph;

/// Queries a worker takes at a time: finished columns of a block are refilled from them.
const GROUP: usize = 8 * WIDTH;
/// Bytes that workspaces may take where no limit is set.
const WORKSPACES: u64 = 4 << 30;
/// Bytes per node of a single query's workspace and its scores, and of a block's.
const SINGLE: u64 = 14 * 8;
const BLOCK: u64 = 704 + SINGLE;

/// Why push was all that was needed, if nobody asked for it.
const NEARBY: &str = "few nodes can be reached from there";

/// A query and where its answer goes.
pub(super) struct Slot<'a> {
    restart: &'a Restart,
    /// Room for all scores, which holds zeros; without, the best are listed.
    row: Option<&'a mut [f64]>,
    answer: Option<Answer>,
}

impl Slot<'_> {
    pub(super) fn into_answer(self) -> Option<Answer> {
        self.answer
    }

    fn fill(&mut self, solution: &Solution, params: &PprParams) -> Result<()> {
        self.answer = Some(Answer::of_all(solution, self.row.as_deref_mut(), params)?);
        Ok(())
    }
}

/// One slot per query; `dense` has a row for each of them or is empty.
pub(super) fn slots<'a>(restarts: &'a [Restart], dense: &'a mut [f64], n_nodes: usize) -> Vec<Slot<'a>> {
    let mut rows = dense.chunks_mut(n_nodes.max(1));
    restarts.iter().map(|restart| Slot { restart, row: rows.next(), answer: None }).collect()
}

/// Answers every slot within `most_arcs` arcs in all and returns why it could, or leaves the rest unanswered.
pub(super) fn answer_nearby(
    graph: &Graph,
    slots: &mut [Slot<'_>],
    params: &PprParams,
    most_arcs: u64,
    exec: &Exec,
) -> Result<Option<String>> {
    let Some(local) = LocalSolver::new(graph, params, exec)? else { return Ok(None) };
    let local = local.within(most_arcs / slots.len().max(1) as u64);
    for slot in &mut *slots {
        try_local(local, slot, params, exec)?;
        if slot.answer.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(why_push(params).to_owned()))
}

/// Answers every slot; returns why as it did.
pub(super) fn answer(
    graph: &Graph,
    slots: &mut [Slot<'_>],
    params: &PprParams,
    exec: &Exec,
) -> Result<String> {
    if let Some(local) = LocalSolver::new(graph, params, exec)? {
        exec.map_items(slots.iter_mut().collect(), |_, slot| try_local(local, slot, params, exec))?;
    }
    let (mut left, n_slots) = (Vec::new(), slots.len());
    left.extend(slots.iter_mut().filter(|slot| slot.answer.is_none()));
    if left.is_empty() {
        return Ok(why_push(params).to_owned());
    }
    let n_local = n_slots - left.len();
    let plan = plan::choose(graph, params, exec)?;
    Solver::new(graph, plan.method, params, exec)?.solve(&mut left, params, exec)?;
    let others =
        if n_local > 0 { format!("; {n_local} of {n_slots} queries reach few nodes") } else { String::new() };
    Ok(plan.reason + &others)
}

fn why_push(params: &PprParams) -> &'static str {
    if params.method == Method::Push { plan::ASKED } else { NEARBY }
}

fn try_local(local: LocalSolver<'_>, slot: &mut Slot<'_>, params: &PprParams, exec: &Exec) -> Result<()> {
    // Most queries use up their budget before push looks up.
    exec.checkpoint(0)?;
    match local.solve(slot.restart, exec) {
        Ok(Some(solution)) => {
            exec.checkpoint(1)?;
            slot.answer = Some(Answer::of_few(solution, slot.row.as_deref_mut(), params)?);
            Ok(())
        }
        Ok(None) => Ok(()),
        // Rounding adds up over many small steps; sweeps may still get there.
        Err(Error::DidNotConverge { .. }) if params.method == Method::Auto => Ok(()),
        Err(error) => Err(error),
    }
}

/// How many workers run at once, and whether on blocks.
#[derive(Debug, PartialEq)]
struct Share {
    n_workers: usize,
    in_blocks: bool,
}

/// Refuses what cannot fit, before anything is computed.
pub(super) fn check_memory(n_nodes: usize, n_queries: usize, params: &PprParams) -> Result<()> {
    let Some(limit) = params.memory_limit else { return Ok(()) };
    let needed = results(n_nodes, n_queries, params).saturating_add(SINGLE * n_nodes as u64);
    if needed <= limit {
        return Ok(());
    }
    let remedy = if params.top_k.is_none() { "; `top_k` keeps the best of each query only" } else { "" };
    let queries = if n_queries == 1 {
        "1 query".to_owned()
    } else {
        format!("{} queries", thousands(n_queries as u64))
    };
    let needs = if n_queries == 1 { "needs" } else { "need" };
    let problem = format!(
        "of {} bytes is too little: {queries} on {} nodes {needs} {} bytes{remedy}",
        thousands(limit),
        thousands(n_nodes as u64),
        thousands(needed)
    );
    Err(Error::argument("memory_limit", problem))
}

fn results(n_nodes: usize, n_queries: usize, params: &PprParams) -> u64 {
    let per_query = params.top_k.map_or(8 * n_nodes as u64, |k| 12 * k.min(n_nodes) as u64);
    per_query.saturating_mul(n_queries as u64)
}

fn share(n_nodes: usize, n_queries: usize, params: &PprParams, n_threads: usize) -> Share {
    let room = params
        .memory_limit
        .map_or(WORKSPACES, |limit| limit.saturating_sub(results(n_nodes, n_queries, params)));
    let workers = |per_node: u64| {
        let fit = room / (per_node * n_nodes as u64).max(1);
        usize::try_from(fit).unwrap_or(usize::MAX).min(n_threads)
    };
    let in_blocks = n_queries >= WIDTH && workers(BLOCK) > 0;
    Share { n_workers: workers(if in_blocks { BLOCK } else { SINGLE }).max(1), in_blocks }
}

/// A solver for all of the graph and what its queries share.
enum Solver<'g> {
    Power(power::Walk<'g>),
    Exact { exact: Exact<'g>, spread: Option<Spread> },
}

impl<'g> Solver<'g> {
    fn new(graph: &'g Graph, method: Method, params: &'g PprParams, exec: &Exec) -> Result<Self> {
        if method == Method::Power {
            return Ok(Self::Power(power::Walk::new(graph, params, exec)?));
        }
        let exact = Exact::new(graph, params, method, exec)?;
        let spreads = params.dangling == Dangling::Uniform && !graph.transition(exec)?.dangling.is_empty();
        let spread = if spreads { Some(exact.spread(&mut exact.workspace()?, exec)?) } else { None };
        Ok(Self::Exact { exact, spread })
    }

    /// Answers every slot.
    fn solve(&self, slots: &mut [&mut Slot<'_>], params: &PprParams, exec: &Exec) -> Result<()> {
        let (exact, spread) = match self {
            Self::Power(walk) => return by_power(walk, slots, params, exec),
            Self::Exact { exact, spread } => (exact, spread.as_ref()),
        };
        let share = share(exact.n_nodes(), slots.len(), params, exec.n_threads());
        // As many groups as workers allowed, or more and smaller ones that keep all threads busy to the end.
        let most = if share.n_workers < exec.n_threads() { usize::MAX } else { GROUP };
        let groups: Vec<_> = slots.chunks_mut(slots.len().div_ceil(share.n_workers).clamp(1, most)).collect();
        let blocks = if share.in_blocks { Blocks::new(exact, spread)? } else { None };
        let done = |slot: &mut Slot<'_>, solution: Solution| {
            exec.checkpoint(1)?;
            slot.fill(&solution, params)
        };
        let inner = exec.on_this_thread();
        match blocks {
            Some(blocks) => on_workers(
                groups,
                exec,
                || blocks.workspace(),
                |work, group| {
                    let restarts: Vec<_> = group.iter().map(|slot| slot.restart).collect();
                    blocks.solve(&restarts, work, &inner, |q, solution| done(group[q], solution))
                },
            ),
            None => on_workers(
                groups,
                exec,
                || exact.workspace(),
                |work, group| {
                    for slot in group {
                        done(slot, exact.solve(slot.restart, spread, work, &inner)?)?;
                    }
                    Ok(())
                },
            ),
        }
    }
}

/// Solves groups in parallel with as many workspaces as are in use at once.
fn on_workers<W: Send, G: Send>(
    groups: Vec<G>,
    exec: &Exec,
    workspace: impl Fn() -> Result<W> + Sync + Send,
    solve: impl Fn(&mut W, G) -> Result<()> + Sync + Send,
) -> Result<()> {
    let spare = Mutex::new(Vec::new());
    exec.map_items(groups, |_, group| {
        let free = spare.lock().ok().and_then(|mut spare| spare.pop());
        let mut work = free.map_or_else(&workspace, Ok)?;
        solve(&mut work, group)?;
        if let Ok(mut spare) = spare.lock() {
            spare.push(work);
        }
        Ok(())
    })?;
    Ok(())
}

/// Enough queries keep every thread busy with one each; fewer, or where memory is short, share the threads. The bits
/// are the same.
fn by_power(
    walk: &power::Walk<'_>,
    slots: &mut [&mut Slot<'_>],
    params: &PprParams,
    exec: &Exec,
) -> Result<()> {
    let n_workers = share(walk.n_nodes(), slots.len(), params, exec.n_threads()).n_workers;
    let is_wide = slots.len() >= exec.n_threads() && n_workers == exec.n_threads();
    let inner = if is_wide { exec.on_this_thread() } else { exec.clone() };
    let outer = if is_wide { exec.clone() } else { exec.on_this_thread() };
    outer.map_items(slots.iter_mut().collect(), |_, slot| {
        let solution = power::solve(walk, slot.restart, params, &inner)?;
        exec.checkpoint(1)?;
        slot.fill(&solution, params)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_allowed_sets_the_workers_and_what_they_hold() {
        let params = |memory_limit| PprParams { memory_limit, top_k: Some(10), ..PprParams::default() };
        let n = 1_000;
        let lists = 120 * 100;
        assert_eq!(share(n, 100, &params(None), 4), Share { n_workers: 4, in_blocks: true });
        assert_eq!(share(n, 15, &params(None), 4), Share { n_workers: 4, in_blocks: false });
        let two_blocks = lists + 2 * BLOCK * 1_000;
        assert_eq!(share(n, 100, &params(Some(two_blocks)), 4), Share { n_workers: 2, in_blocks: true });
        let one_single = lists + SINGLE * 1_000;
        assert_eq!(share(n, 100, &params(Some(one_single)), 4), Share { n_workers: 1, in_blocks: false });
        assert!(check_memory(n, 100, &params(Some(one_single))).is_ok());
        let message = check_memory(n, 100, &PprParams { memory_limit: Some(1_000), ..PprParams::default() });
        let message = message.unwrap_err().to_string();
        assert!(
            message.contains("100 queries on 1,000 nodes need 912,000 bytes") && message.contains("top_k"),
            "{message}"
        );
    }
}
