//! Nodes that no clique better than the best so far can hold, taken away one after the other.
//!
//! A node v belongs to a clique whose other members are its neighbours. If these are left in counts c per group,
//! with v itself, no fair clique that holds v is larger than F(c). Members of a clique have different colours, so c need only
//! count the different colours among them, and no clique has more members than there are colours around v. Each node
//! that goes lowers the counts of its neighbours.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_zeroed};

use super::problem::Problem;
use super::rest::{Rest, STEP, number};
use super::spec::MOST_GROUPS;

/// The nodes, in order, that are left of those with too few neighbours for more than `size` members. O(n + m) and a
/// test per edge that goes.
pub(super) fn by_neighbors(rest: &Rest<'_>, problem: &Problem, size: u32, exec: &Exec) -> Result<Vec<u32>> {
    let (n, n_groups) = (rest.n_nodes(), problem.n_groups());
    let mut counts: Vec<u32> = try_zeroed("counts of neighbours", n * n_groups)?;
    let fewest = problem.fewest().max(size + 1);
    let has_enough = |node: usize| number(rest.degree(node) + 1) + problem.n_given >= fewest;
    let mut is_left = try_collect("nodes that are left", n, (0..n).map(has_enough))?;
    let mut gone: Vec<u32> = Vec::new();
    for node in 0..n {
        if node.is_multiple_of(STEP) {
            exec.checkpoint(0)?;
        }
        if !is_left[node] {
            continue;
        }
        let own = &mut counts[node * n_groups..(node + 1) * n_groups];
        own[rest.groups[node] as usize] = 1;
        for target in rest.neighbors(node).iter().map(|&target| target as usize) {
            own[rest.groups[target] as usize] += u32::from(has_enough(target) && target != node);
        }
        if !problem.exceeds(own, size) {
            is_left[node] = false;
            gone.push(number(node));
        }
    }
    let mut n_done = 0usize;
    while let Some(node) = gone.pop() {
        n_done += 1;
        if n_done.is_multiple_of(STEP) {
            exec.checkpoint(0)?;
        }
        let group = rest.groups[node as usize] as usize;
        for &target in rest.neighbors(node as usize) {
            let at = target as usize;
            if is_left[at] {
                let own = &mut counts[at * n_groups..(at + 1) * n_groups];
                own[group] -= 1;
                if !problem.exceeds(own, size) {
                    is_left[at] = false;
                    gone.push(target);
                }
            }
        }
    }
    try_collect("nodes that are left", n, (0..number(n)).filter(|&node| is_left[node as usize]))
}

/// The same with different colours for neighbours, and with all colours around a node.
pub(super) fn by_colors(
    rest: &Rest<'_>,
    (colors, n_colors): (&[u32], usize),
    problem: &Problem,
    size: u32,
    exec: &Exec,
) -> Result<Vec<u32>> {
    let (n, n_groups) = (rest.n_nodes(), problem.n_groups());
    let mut is_left = try_collect("nodes that are left", n, std::iter::repeat_n(true, n))?;
    let mut is_due = try_collect("nodes to look at", n, std::iter::repeat_n(true, n))?;
    let mut due: std::collections::VecDeque<u32> = (0..number(n)).collect();
    // Whose turn it was when a colour was last seen: in each group, and anywhere.
    let mut seen: Vec<u64> = try_zeroed("colours that are seen", (n_groups + 1) * n_colors)?;
    let mut turn = 0u64;
    while let Some(node) = due.pop_front() {
        turn += 1;
        if turn.is_multiple_of(STEP as u64) {
            exec.checkpoint(0)?;
        }
        let node = node as usize;
        is_due[node] = false;
        let mut room = [0; MOST_GROUPS];
        let counts = &mut room[..n_groups];
        let mut n_all = 0;
        let around = rest.neighbors(node).iter().map(|&t| t as usize).filter(|&t| is_left[t] && t != node);
        for other in around.chain(std::iter::once(node)) {
            let (group, color) = (rest.groups[other] as usize, colors[other] as usize);
            let last = &mut seen[group * n_colors + color];
            counts[group] += u32::from(*last != turn);
            *last = turn;
            let last = &mut seen[n_groups * n_colors + color];
            n_all += u32::from(*last != turn);
            *last = turn;
        }
        if n_all + problem.n_given > size && problem.exceeds(counts, size) {
            continue;
        }
        is_left[node] = false;
        for &target in rest.neighbors(node) {
            if is_left[target as usize] && !is_due[target as usize] {
                is_due[target as usize] = true;
                due.push_back(target);
            }
        }
    }
    try_collect("nodes that are left", n, (0..number(n)).filter(|&node| is_left[node as usize]))
}
