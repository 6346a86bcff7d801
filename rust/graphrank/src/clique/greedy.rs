//! A first fair clique, from many starts.
//!
//! From a node, the group with the fewest members so far takes the candidate with the most neighbours in the core,
//! candidates that are no neighbours of it drop out, and so on. After every step the members are trimmed to what is fair,
//! so that a surplus of one group costs nothing. Starts come from the dense end of the degeneracy order.

use std::cmp::Reverse;

use crate::error::Result;
use crate::exec::Exec;
use crate::memory::try_zeroed;

use super::incumbent::Incumbent;
use super::problem::Problem;
use super::rest::{Rest, number};
use super::spec::MOST_GROUPS;

/// Starts at most, and starts in a row that found nothing better, after which it ends.
const STARTS: usize = 2000;
const IDLE: usize = 100;
/// Starts before anything is known of the graph but degrees.
const QUICK_STARTS: usize = 8;

/// Improves `best` from the nodes with the most neighbours: enough to see which nodes have too few.
pub(super) fn quick(rest: &Rest<'_>, problem: &Problem, best: &Incumbent, exec: &Exec) -> Result<()> {
    let mut starts: Vec<u32> = Vec::new();
    for node in 0..number(rest.n_nodes()) {
        let degree = |node: u32| rest.degree(node as usize);
        if starts.len() < QUICK_STARTS || degree(node) > degree(starts[QUICK_STARTS - 1]) {
            let at = starts.partition_point(|&other| degree(other) >= degree(node));
            starts.insert(at, node);
            starts.truncate(QUICK_STARTS);
        }
    }
    let mut greedy = Greedy::new(rest, problem, best)?;
    starts.iter().try_for_each(|&start| greedy.extend(start, |node| number(rest.degree(node as usize)), exec))
}

/// Improves `best`. `order` and `cores` are those of [`Rest::degeneracy`].
pub(super) fn search(
    rest: &Rest<'_>,
    (order, cores): (&[u32], &[u32]),
    problem: &Problem,
    best: &Incumbent,
    exec: &Exec,
) -> Result<()> {
    let mut places: Vec<u32> = try_zeroed("places of nodes", rest.n_nodes())?;
    (0..).zip(order).for_each(|(place, &node)| places[node as usize] = place);
    let mut greedy = Greedy::new(rest, problem, best)?;
    let mut n_idle = 0;
    for (&start, &core) in order.iter().zip(cores).rev().take(STARTS) {
        if core + 1 + problem.n_given <= best.size() || n_idle == IDLE {
            break;
        }
        let before = best.size();
        greedy.extend(start, |node| places[node as usize], exec)?;
        n_idle = if best.size() > before { 0 } else { n_idle + 1 };
    }
    Ok(())
}

struct Greedy<'a> {
    rest: &'a Rest<'a>,
    problem: &'a Problem,
    best: &'a Incumbent,
    /// Who asked last for the neighbours of somebody.
    asked: Vec<u32>,
    n_asked: u32,
    members: Vec<u32>,
    candidates: Vec<u32>,
}

impl<'a> Greedy<'a> {
    fn new(rest: &'a Rest<'_>, problem: &'a Problem, best: &'a Incumbent) -> Result<Self> {
        let asked = try_zeroed("marks of neighbours", rest.n_nodes())?;
        Ok(Self { rest, problem, best, asked, n_asked: 0, members: Vec::new(), candidates: Vec::new() })
    }

    /// One clique, of which `start` is a member; of a group, the candidate of the highest rank comes first.
    fn extend(&mut self, start: u32, rank: impl Fn(u32) -> u32, exec: &Exec) -> Result<()> {
        let Self { rest, problem, best, .. } = *self;
        let named = |&node: &u32| (rest.name(node as usize), rest.groups[node as usize]);
        let mut room = [0; MOST_GROUPS];
        let counts = &mut room[..problem.n_groups()];
        self.members.clear();
        self.candidates.clear();
        self.candidates.extend(rest.neighbors(start as usize));
        let mut next = Some(start);
        while let Some(node) = next {
            exec.checkpoint(0)?;
            self.n_asked += 1;
            rest.neighbors(node as usize).iter().for_each(|&t| self.asked[t as usize] = self.n_asked);
            self.candidates.retain(|&t| t != node && self.asked[t as usize] == self.n_asked);
            self.members.push(node);
            counts[rest.groups[node as usize] as usize] += 1;
            best.offer(problem, counts, &self.members, named);
            let most = number(self.members.len() + self.candidates.len()) + problem.n_given;
            if most <= best.size() {
                break;
            }
            // Of the group with the fewest members that has candidates.
            let key = |&node: &u32| (Reverse(counts[rest.groups[node as usize] as usize]), rank(node));
            next = self.candidates.iter().copied().max_by_key(key);
        }
        Ok(())
    }
}
