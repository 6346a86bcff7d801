//! A first fair clique, from many starts.
//!
//! From a node, the group with the fewest members so far takes the candidate with the most neighbours in the core,
//! candidates that are no neighbours of it drop out, and so on. After every step the members are trimmed to what is fair,
//! so that a surplus of one group costs nothing. Starts come from the dense end of the degeneracy order.

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_zeroed;

use super::incumbent::Incumbent;
use super::problem::Problem;
use super::rest::{Rest, number};
use super::spec::MOST_GROUPS;

/// Starts at most, and starts in a row that found nothing better, after which it ends.
const STARTS: usize = 2000;
const IDLE: usize = 50;

/// Improves `best`. `order` and `cores` are those of [`Rest::degeneracy`].
pub(super) fn search(
    rest: &Rest<'_>,
    (order, cores): (&[u32], &[u32]),
    problem: &Problem,
    best: &Incumbent,
    exec: &Exec,
) -> Result<()> {
    let n = rest.n_nodes();
    let mut places: Vec<u32> = try_zeroed("places of nodes", n)?;
    (0..).zip(order).for_each(|(place, &node)| places[node as usize] = place);
    // Who asked last for the neighbours of somebody.
    let mut asked: Vec<u32> = try_zeroed("marks of neighbours", n)?;
    let mut n_asked = 0;
    let (mut members, mut candidates) = (Vec::new(), Vec::new());
    let mut n_idle = 0;
    for (&start, &core) in order.iter().zip(cores).rev().take(STARTS) {
        if core + 1 + problem.n_given <= best.size() || n_idle == IDLE {
            break;
        }
        let before = best.size();
        members.clear();
        members.push(start);
        candidates.clear();
        candidates.extend(rest.neighbors(start as usize).iter().copied().filter(|&t| t != start));
        let mut room = [0; MOST_GROUPS];
        let counts = &mut room[..problem.n_groups()];
        counts[rest.groups[start as usize] as usize] += 1;
        best.offer(problem, counts, &members, |&node| named(rest, node));
        while let Some(next) = next_member(rest, &candidates, counts, &places) {
            exec.checkpoint(0)?;
            n_asked += 1;
            rest.neighbors(next as usize).iter().for_each(|&t| asked[t as usize] = n_asked);
            candidates.retain(|&t| t != next && asked[t as usize] == n_asked);
            members.push(next);
            counts[rest.groups[next as usize] as usize] += 1;
            best.offer(problem, counts, &members, |&node| named(rest, node));
            let most = number(members.len() + candidates.len()) + problem.n_given;
            if most <= best.size() {
                break;
            }
        }
        n_idle = if best.size() > before { 0 } else { n_idle + 1 };
    }
    Ok(())
}

fn named(rest: &Rest<'_>, node: u32) -> (u32, u8) {
    (rest.name(node as usize), rest.groups[node as usize])
}

/// Of the group with the fewest members that has candidates, the candidate nearest to the dense end.
fn next_member(rest: &Rest<'_>, candidates: &[u32], counts: &[u32], places: &[u32]) -> Option<u32> {
    let key = |&&node: &&u32| {
        let members = counts[rest.groups[node as usize] as usize];
        (std::cmp::Reverse(members), places[node as usize])
    };
    candidates.iter().max_by_key(key).copied()
}
