//! All phases, from a graph to a clique and a proof.

use std::sync::Mutex;
use std::sync::atomic::{
    AtomicU32, AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};

use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::try_collect;

use super::branch;
use super::dense::{Dense, Marks};
use super::greedy;
use super::incumbent::Incumbent;
use super::peel;
use super::problem::Problem;
use super::rest::{Rest, number};
use super::spec::{FairSpec, MOST_GROUPS};

/// Rounds of colouring and peeling at most.
const ROUNDS: usize = 3;
/// The group of a node that belongs to none, and so to no fair clique.
pub const NO_GROUP: u8 = u8::MAX;

/// What is asked beside fairness.
#[derive(Clone, Debug, Default)]
pub struct CliqueParams {
    /// Nodes that have to be members.
    pub must_include: Vec<u32>,
    /// Nodes that may not be members.
    pub exclude: Vec<u32>,
    /// Leaves out the search, so that the clique may not be the largest.
    pub is_heuristic: bool,
    /// Returns the same members on any number of threads, which takes a second, shorter search.
    pub is_deterministic: bool,
}

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No fair clique is larger.
    Optimal,
    /// There is no fair clique.
    Infeasible,
    /// The search was left out.
    Heuristic,
    /// The deadline passed.
    TimedOut,
    /// The caller cancelled the search.
    Interrupted,
}

/// The largest fair clique that was found.
#[derive(Clone, Debug)]
pub struct FairClique {
    /// Its members, by number.
    pub nodes: Vec<u32>,
    /// No fair clique has more members.
    pub upper_bound: u32,
    /// Why the search ended.
    pub status: Status,
    /// What it took.
    pub stats: CliqueStats,
}

/// What a search took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CliqueStats {
    /// Members that were found before the search.
    pub heuristic_size: u32,
    /// Nodes that were left for the search.
    pub n_nodes_left: usize,
    /// Edges among them.
    pub n_edges_left: usize,
    /// Nodes of the graph from which a search was begun.
    pub n_roots: usize,
    /// Nodes of the search.
    pub n_search_nodes: u64,
}

/// The largest clique of an undirected graph whose numbers of members per group are fair. `groups` holds the group of
/// each node, [`NO_GROUP`] for nodes that cannot be members. Weights do not matter.
///
/// A deadline or a cancellation is no error here: the best clique so far is returned, with a bound on the best.
///
/// ```
/// use graphrank::clique::{CliqueParams, FairSpec, max_fair_clique};
/// use graphrank::{EdgeOptions, Exec, Graph};
/// let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
/// let (src, dst) = ([0, 0, 0, 1, 1, 2], [1, 2, 3, 2, 3, 3]);
/// let graph = Graph::from_edges(4, &src, &dst, None, options, &Exec::default())?;
/// let spec = FairSpec::new(2).least(1).delta(0);
/// let found = max_fair_clique(&graph, &[0, 0, 0, 1], &spec, &CliqueParams::default(), &Exec::default())?;
/// assert_eq!((found.nodes.len(), found.upper_bound), (2, 2));
/// # Ok::<(), graphrank::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidArgument`] and [`Error::InvalidData`] for rules that cannot be, groups of another number than nodes, nodes
/// that must be members and are not linked, and a directed graph; [`Error::OutOfMemory`].
pub fn max_fair_clique(
    graph: &Graph,
    groups: &[u8],
    spec: &FairSpec,
    params: &CliqueParams,
    exec: &Exec,
) -> Result<FairClique> {
    check(graph, groups, spec, params)?;
    let mut given = vec![0; spec.n_groups()];
    params.must_include.iter().for_each(|&node| given[groups[node as usize] as usize] += 1);
    let problem = Problem::new(spec, given);
    let state = State {
        problem,
        best: Incumbent::default(),
        bound: AtomicU32::new(number(graph.n_nodes())),
        stats: Mutex::default(),
    };
    let ended = state.run(Rest::whole(graph, groups), graph, params, exec);
    let found_all = match ended {
        Ok(()) => None,
        Err(Error::TimedOut) => Some(Status::TimedOut),
        Err(Error::Interrupted) => Some(Status::Interrupted),
        Err(error) => return Err(error),
    };
    // A clique may have been found since the bound changed last.
    state.lower_bound_to(u32::MAX, exec);
    Ok(state.finish(found_all, params))
}

fn check(graph: &Graph, groups: &[u8], spec: &FairSpec, params: &CliqueParams) -> Result<()> {
    spec.validate()?;
    let (n, n_groups) = (graph.n_nodes(), spec.n_groups());
    if graph.is_directed() {
        return Err(Error::argument(
            "graph",
            "is directed; `to_undirected` gives the graph whose cliques these are",
        ));
    }
    if groups.len() != n {
        return Err(Error::argument(
            "groups",
            format!("has {} rows, but the graph has {n} nodes", groups.len()),
        ));
    }
    let is_group = |&group: &u8| group == NO_GROUP || usize::from(group) < n_groups;
    if let Some(row) = groups.iter().position(|group| !is_group(group)) {
        let problem = format!("got group {}, but there are {n_groups}", groups[row]);
        return Err(Error::row("groups", row, problem));
    }
    for (what, nodes) in [("must_include", &params.must_include), ("exclude", &params.exclude)] {
        if let Some(row) = nodes.iter().position(|&node| node as usize >= n) {
            let problem = format!("got node {}, but the graph has {n} nodes", nodes[row]);
            return Err(Error::row(what, row, problem));
        }
    }
    for (row, &node) in params.must_include.iter().enumerate() {
        if params.exclude.contains(&node) {
            return Err(Error::row("must_include", row, format!("node {node} is excluded as well")));
        }
        if groups[node as usize] == NO_GROUP {
            return Err(Error::row("must_include", row, format!("node {node} has no group")));
        }
        let is_apart = |&&other: &&u32| graph.neighbors(node).binary_search(&other).is_err();
        let mut before = params.must_include[..row].iter();
        if let Some(&other) = before.clone().find(|&&other| other == node) {
            return Err(Error::row("must_include", row, format!("node {other} is there twice")));
        }
        if let Some(&other) = before.find(is_apart) {
            let problem = format!("nodes {other} and {node} are not linked, so no clique has both");
            return Err(Error::row("must_include", row, problem));
        }
    }
    Ok(())
}

/// What is known so far.
struct State {
    problem: Problem,
    best: Incumbent,
    /// No fair clique has more members.
    bound: AtomicU32,
    stats: Mutex<CliqueStats>,
}

/// A graph in degeneracy order, to be searched from each of its nodes.
struct Roots<'a> {
    rest: &'a Rest<'static>,
    /// No clique that begins with a root has more members: never less than for the root before, and 0 once it is searched.
    bounds: Vec<AtomicU32>,
    /// Roots after so many are searched.
    n_open: Mutex<usize>,
    /// Room of units of work that have ended.
    marks: Mutex<Vec<Marks>>,
    n_search_nodes: AtomicU64,
}

impl Roots<'_> {
    /// No clique that begins with a root that is not searched yet has more members.
    fn bound(&self) -> u32 {
        let mut n_open = self.n_open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        loop {
            let last = self.bounds[..*n_open].last().map_or(0, |bound| bound.load(Acquire));
            if last > 0 || *n_open == 0 {
                return last;
            }
            *n_open -= 1;
        }
    }
}

impl State {
    fn run(&self, whole: Rest<'_>, graph: &Graph, params: &CliqueParams, exec: &Exec) -> Result<()> {
        let problem = &self.problem;
        self.best.offer(problem, &[0; MOST_GROUPS][..problem.n_groups()], &[], |&member: &(u32, u8)| member);
        let Some(candidates) = self.candidates(&whole, graph, params)? else {
            return self.search(whole, params, exec);
        };
        self.search(whole.cut(&candidates, exec)?, params, exec)
    }

    /// Neighbours of all nodes that must be members, without those that may not; `None` for all nodes.
    fn candidates(&self, whole: &Rest<'_>, graph: &Graph, params: &CliqueParams) -> Result<Option<Vec<u32>>> {
        let n = whole.n_nodes();
        if params.must_include.is_empty() && params.exclude.is_empty() && !whole.groups.contains(&NO_GROUP) {
            return Ok(None);
        }
        let mut is_out =
            try_collect("nodes that are out", n, whole.groups.iter().map(|&group| group == NO_GROUP))?;
        params.exclude.iter().for_each(|&node| is_out[node as usize] = true);
        let links = |node: u32| {
            let is_member = params.must_include.contains(&node);
            !is_member
                && params
                    .must_include
                    .iter()
                    .all(|&member| graph.neighbors(member).binary_search(&node).is_ok())
        };
        let mut nodes = try_collect("nodes that may be members", n, 0..number(n))?;
        nodes.retain(|&node| !is_out[node as usize] && links(node));
        Ok(Some(nodes))
    }

    fn lower_bound_to(&self, bound: u32, exec: &Exec) {
        let best = self.best.size();
        let before = self.bound.fetch_min(bound.max(best), Relaxed);
        exec.tell_bounds(best, before.min(bound).max(best));
    }

    fn search(&self, whole: Rest<'_>, params: &CliqueParams, exec: &Exec) -> Result<()> {
        let problem = &self.problem;
        let mut counts = vec![0; problem.n_groups()];
        whole.groups.iter().for_each(|&group| counts[group as usize] += 1);
        self.lower_bound_to(problem.value(&counts).unwrap_or(0), exec);
        greedy::quick(&whole, problem, &self.best, exec)?;
        let left = peel::by_neighbors(&whole, problem, self.best.size(), exec)?;
        let mut rest = whole.without_others(&left, exec)?;
        for _ in 0..ROUNDS {
            let (order, cores) = rest.degeneracy(exec)?;
            self.lower_bound_to(cores.last().map_or(0, |core| core + 1) + problem.n_given, exec);
            let before = self.best.size();
            greedy::search(&rest, (&order, &cores), problem, &self.best, exec)?;
            let (colors, n_colors) = rest.colors(&order, exec)?;
            self.lower_bound_to(number(n_colors) + problem.n_given, exec);
            let left = peel::by_colors(&rest, (&colors, n_colors), problem, self.best.size(), exec)?;
            rest = rest.without_others(&left, exec)?;
            // With the same needs, another round takes longer than what it spares.
            if rest.n_nodes() == 0 || self.best.size() == before {
                break;
            }
        }
        let heuristic_size = self.best.size();
        self.note(|stats| {
            (stats.heuristic_size, stats.n_nodes_left, stats.n_edges_left) =
                (heuristic_size, rest.n_nodes(), rest.n_edges());
        });
        if rest.n_nodes() == 0 {
            self.lower_bound_to(0, exec);
            return Ok(());
        }
        if params.is_heuristic { Ok(()) } else { self.branch(&rest, params, exec) }
    }

    fn branch(&self, rest: &Rest<'_>, params: &CliqueParams, exec: &Exec) -> Result<()> {
        let (order, cores) = rest.degeneracy(exec)?;
        let rest = rest.cut(&order, exec)?;
        let n = rest.n_nodes();
        let bounds = cores.iter().map(|core| AtomicU32::new(core + 1 + self.problem.n_given)).collect();
        let roots = Roots {
            rest: &rest,
            bounds,
            n_open: Mutex::new(n),
            marks: Mutex::default(),
            n_search_nodes: AtomicU64::new(0),
        };
        let heuristic_size = self.best.size();
        exec.expect_units(n as u64);
        // From the dense end, where the best cliques are.
        let ended = exec.map(n, |i| {
            let root = n - 1 - i;
            self.search_root(&roots, root, &self.best, exec)?;
            // Whoever sees it searched sees what was found there.
            roots.bounds[root].store(0, Release);
            self.lower_bound_to(roots.bound(), exec);
            exec.checkpoint(1)
        });
        let n_search_nodes = roots.n_search_nodes.load(Relaxed);
        self.note(|stats| (stats.n_roots, stats.n_search_nodes) = (n, n_search_nodes));
        ended?;
        if params.is_deterministic && self.best.size() > heuristic_size {
            self.choose(&roots, exec)?;
        }
        Ok(())
    }

    fn search_root(&self, roots: &Roots<'_>, root: usize, best: &Incumbent, exec: &Exec) -> Result<()> {
        if roots.bounds[root].load(Relaxed) <= best.size() {
            return Ok(());
        }
        let lock = || roots.marks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let idle = lock().pop();
        let mut marks = match idle {
            Some(marks) => marks,
            None => Marks::new(roots.rest.n_nodes())?,
        };
        let dense = Dense::around(roots.rest, root, &self.problem, best.size(), &mut marks, exec)?;
        lock().push(marks);
        if let Some(dense) = dense {
            let named = (roots.rest.name(root), roots.rest.groups[root]);
            let found = branch::search(&dense, named, &self.problem, best, exec)?;
            roots.n_search_nodes.fetch_add(found, Relaxed);
        }
        Ok(())
    }

    /// Of the cliques of the best size, the first that a search from the first root finds that has one.
    fn choose(&self, roots: &Roots<'_>, exec: &Exec) -> Result<()> {
        let n = roots.rest.n_nodes();
        let size = self.best.size();
        roots.bounds.iter().for_each(|bound| bound.store(u32::MAX, Relaxed));
        let first = AtomicUsize::new(usize::MAX);
        // Threads that shared the work of a root would race for the clique.
        let alone = exec.on_this_thread();
        let found = exec.map(n, |i| {
            if i > first.load(Relaxed) {
                return Ok(None);
            }
            let best = Incumbent::of_size(size - 1);
            self.search_root(roots, n - 1 - i, &best, &alone)?;
            if best.size() < size {
                return Ok(None);
            }
            first.fetch_min(i, Relaxed);
            Ok(Some(best.into_members()))
        })?;
        if let Some(members) = found.into_iter().flatten().next() {
            self.best.replace(members);
        }
        Ok(())
    }

    fn note(&self, write: impl FnOnce(&mut CliqueStats)) {
        write(&mut self.stats.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    fn finish(self, stopped: Option<Status>, params: &CliqueParams) -> FairClique {
        let stats = *self.stats.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let size = self.best.size();
        let upper_bound = self.bound.load(Relaxed).max(size);
        let status = match stopped {
            _ if upper_bound == size && size == 0 && !self.is_empty_fair() => Status::Infeasible,
            _ if upper_bound == size => Status::Optimal,
            Some(status) => status,
            None => Status::Heuristic,
        };
        let mut nodes = self.best.into_members();
        if size > 0 {
            nodes.extend(&params.must_include);
        }
        nodes.sort_unstable();
        FairClique { nodes, upper_bound, status, stats }
    }

    /// Whether nobody at all is a fair clique.
    fn is_empty_fair(&self) -> bool {
        self.problem.value(&[0; MOST_GROUPS][..self.problem.n_groups()]).is_some()
    }
}
