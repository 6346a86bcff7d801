//! Against an exhaustive search, on random graphs.

use std::sync::Arc;

use super::*;
use crate::exec::Exec;
use crate::graph::{EdgeOptions, Graph};
use crate::rng::mix;

/// A stream of random numbers.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0) % n
    }
}

/// Rules as they are defined, in whole numbers.
#[derive(Debug)]
struct Rules {
    least: Vec<u32>,
    most: Vec<u32>,
    /// Group i may exceed group j by so many.
    tolerances: Vec<Vec<u32>>,
    /// Tenths, 0 for none.
    max_ratio: u32,
    max_share: u32,
}

impl Rules {
    fn draw(n_groups: u64, draws: &mut Draws) -> Self {
        let mut each = |from: u64, n: u64| -> Vec<u32> {
            (0..n_groups).map(|_| (from + draws.below(n)) as u32).collect()
        };
        let (least, mut most) = (each(0, 3), each(1, 4));
        let mut tolerances: Vec<_> = (0..n_groups).map(|_| each(0, 5)).collect();
        let delta = match draws.below(4) {
            0 => Some(UNLIMITED),
            1 => Some(draws.below(4) as u32),
            2 => None,
            _ => Some(UNLIMITED),
        };
        if let Some(delta) = delta {
            tolerances.iter_mut().for_each(|row| row.fill(delta));
        }
        if draws.below(4) > 0 {
            most.fill(UNLIMITED);
        }
        let tenths = |from: u64, n: u64, draws: &mut Draws| match draws.below(4) {
            0 => (from + draws.below(n)) as u32,
            _ => 0,
        };
        let (max_ratio, max_share) = (tenths(10, 20, draws), tenths(3, 7, draws));
        Self { least, most, tolerances, max_ratio, max_share }
    }

    fn spec(&self) -> FairSpec {
        let mut spec = FairSpec::new(self.least.len());
        spec = spec.least_of_each(self.least.clone()).most_of_each(self.most.clone());
        let all: Vec<u32> = self.tolerances.concat();
        spec = if all.iter().all(|&x| x == all[0]) { spec.delta(all[0]) } else { spec.delta_of_each(all) };
        if self.max_ratio > 0 {
            spec = spec.max_ratio(f64::from(self.max_ratio) / 10.0);
        }
        if self.max_share > 0 { spec.max_share(f64::from(self.max_share) / 10.0) } else { spec }
    }

    fn holds(&self, counts: &[u32]) -> bool {
        let (smallest, sum) = (counts.iter().min().unwrap(), counts.iter().sum::<u32>());
        counts.iter().enumerate().all(|(i, &x)| {
            let is_near = |j: usize| i == j || x <= counts[j].saturating_add(self.tolerances[i][j]);
            (self.least[i]..=self.most[i]).contains(&x)
                && (0..counts.len()).all(is_near)
                && (self.max_ratio == 0 || 10 * x <= self.max_ratio * smallest)
                && (self.max_share == 0 || 10 * x <= self.max_share * sum)
        })
    }
}

struct Sample {
    graph: Graph,
    groups: Vec<u8>,
    rules: Rules,
}

fn undirected(n: u64, edges: &[(u32, u32)]) -> Graph {
    let (src, dst): (Vec<_>, Vec<_>) = edges.iter().copied().unzip();
    let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
    Graph::from_edges(n as usize, &src, &dst, None, options, &Exec::default()).unwrap()
}

fn sample(seed: u64) -> Sample {
    let mut draws = Draws(mix(seed) << 8);
    let n = 4 + draws.below(15);
    let density = 30 + draws.below(65);
    let pairs = (0..n as u32).flat_map(|u| (0..u).map(move |v| (u, v)));
    let edges: Vec<(u32, u32)> = pairs.filter(|_| draws.below(100) < density).collect();
    let n_groups = 1 + draws.below(5);
    let groups = (0..n).map(|_| draws.below(n_groups) as u8).collect();
    Sample { graph: undirected(n, &edges), groups, rules: Rules::draw(n_groups, &mut draws) }
}

/// The largest vector of counts below these that keeps all rules as they are written, among all vectors.
fn fair_size(rules: &Rules, counts: &[u32], chosen: &mut Vec<u32>) -> Option<u32> {
    if chosen.len() == counts.len() {
        return rules.holds(chosen).then(|| chosen.iter().sum());
    }
    (0..=counts[chosen.len()])
        .filter_map(|count| {
            chosen.push(count);
            let size = fair_size(rules, counts, chosen);
            chosen.pop();
            size
        })
        .max()
}

/// The size of the largest fair clique with some nodes and without others, among all cliques.
fn largest_with(
    sample: &Sample,
    given: &[u32],
    exclude: &[u32],
    members: &mut Vec<u32>,
    best: &mut Option<u32>,
) {
    let mut counts = vec![0; sample.rules.least.len()];
    members.iter().for_each(|&node| counts[sample.groups[node as usize] as usize] += 1);
    if sample.rules.holds(&counts) && given.iter().all(|node| members.contains(node)) {
        *best = (*best).max(Some(members.len() as u32));
    }
    let first = members.last().map_or(0, |&last| last + 1);
    for node in first..sample.graph.n_nodes() as u32 {
        if !exclude.contains(&node)
            && members.iter().all(|&member| sample.graph.neighbors(member).contains(&node))
        {
            members.push(node);
            largest_with(sample, given, exclude, members, best);
            members.pop();
        }
    }
}

fn pool(n: usize) -> Exec {
    Exec::default().with_pool(Arc::new(rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap()))
}

fn assert_is_fair_clique(sample: &Sample, found: &FairClique) {
    let mut counts = vec![0; sample.rules.least.len()];
    found.nodes.iter().for_each(|&node| counts[sample.groups[node as usize] as usize] += 1);
    assert!(sample.rules.holds(&counts), "{counts:?} {:?}", sample.rules);
    for (i, &u) in found.nodes.iter().enumerate() {
        assert!(found.nodes[..i].iter().all(|v| sample.graph.neighbors(u).contains(v)));
    }
}

#[test]
fn random_graphs_agree_with_an_exhaustive_search() {
    let execs = [pool(1), pool(2), pool(4)];
    let rounds = std::env::var("GRAPHRANK_LONG_TESTS").map_or(1500, |n| n.parse().unwrap());
    for seed in 0..rounds {
        let sample = sample(seed);
        let mut best = None;
        largest_with(&sample, &[], &[], &mut Vec::new(), &mut best);
        let mut all: Vec<Vec<u32>> = Vec::new();
        for exec in &execs {
            let params = CliqueParams { is_deterministic: true, ..CliqueParams::default() };
            let found =
                max_fair_clique(&sample.graph, &sample.groups, &sample.rules.spec(), &params, exec).unwrap();
            let size = found.nodes.len() as u32;
            assert_eq!(size, best.unwrap_or(0), "seed {seed}: {:?}", sample.rules);
            assert_eq!(found.upper_bound, size, "seed {seed}");
            let expected = if best.is_some() { Status::Optimal } else { Status::Infeasible };
            assert_eq!(found.status, expected, "seed {seed}");
            if best.is_some() {
                assert_is_fair_clique(&sample, &found);
            }
            all.push(found.nodes);
        }
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}: {all:?}");
    }
}

/// The largest F of the counts of a maximal clique (Bron and Kerbosch, CACM 1973).
fn largest_of_maximal(
    sample: &Sample,
    spec: &FairSpec,
    counts: &mut [u32],
    (mut left, mut done): (Vec<u32>, Vec<u32>),
) -> Option<u32> {
    let linked = |u: u32, nodes: &[u32]| -> Vec<u32> {
        nodes.iter().copied().filter(|v| sample.graph.neighbors(u).binary_search(v).is_ok()).collect()
    };
    let pivot = left.iter().chain(&done).copied().max_by_key(|&u| linked(u, &left).len());
    let Some(pivot) = pivot else { return spec.value(counts) };
    let mut best = None;
    for u in left.clone() {
        if sample.graph.neighbors(pivot).binary_search(&u).is_ok() {
            continue;
        }
        let group = sample.groups[u as usize] as usize;
        counts[group] += 1;
        best = best.max(largest_of_maximal(sample, spec, counts, (linked(u, &left), linked(u, &done))));
        counts[group] -= 1;
        left.retain(|&v| v != u);
        done.push(u);
    }
    best
}

/// Graphs in which much is left for the search: in small ones the heuristics leave nothing.
#[test]
fn denser_graphs_agree_with_their_maximal_cliques() {
    let execs = [pool(1), pool(2), pool(4)];
    let mut n_search_nodes = 0;
    for seed in 0..120 {
        let mut draws = Draws(mix(seed ^ 99) << 8);
        let (n, density) = [(40, 85), (60, 70), (110, 50), (160, 40)][seed as usize % 4];
        let pairs = (0..n as u32).flat_map(|u| (0..u).map(move |v| (u, v)));
        let edges: Vec<(u32, u32)> = pairs.filter(|_| draws.below(100) < density).collect();
        let n_groups = 1 + draws.below(3);
        let groups = (0..n).map(|_| draws.below(n_groups) as u8).collect();
        let mut rules = Rules::draw(n_groups, &mut draws);
        rules.most.fill(UNLIMITED);
        let sample = Sample { graph: undirected(n, &edges), groups, rules };
        let spec = sample.rules.spec();
        let mut counts = vec![0; n_groups as usize];
        let nodes = ((0..n as u32).collect(), Vec::new());
        let best = largest_of_maximal(&sample, &spec, &mut counts, nodes);
        let params = CliqueParams { is_deterministic: true, ..CliqueParams::default() };
        let all = execs.each_ref().map(|exec| {
            let found = max_fair_clique(&sample.graph, &sample.groups, &spec, &params, exec).unwrap();
            n_search_nodes += found.stats.n_search_nodes;
            found.nodes
        });
        assert_eq!(all[0].len() as u32, best.unwrap_or(0), "seed {seed}: {:?}", sample.rules);
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}: {all:?}");
    }
    assert!(n_search_nodes > 20_000, "{n_search_nodes}");
}

/// What is not linked are cycles of five nodes, of which a clique has two while colours allow three, and sets of ten, of
/// which it has one: rows of 1 to 6 words, whose answer is known.
#[test]
fn colours_that_are_too_many_are_refuted() {
    for (n_cycles, n_sets) in [(1, 0), (12, 0), (20, 3), (25, 7), (20, 15), (10, 28)] {
        let n = 5 * n_cycles + 10 * n_sets;
        let is_apart = |u: u32, v: u32| {
            let part = |u: u32| if u < 5 * n_cycles { u / 5 } else { n_cycles + (u - 5 * n_cycles) / 10 };
            let is_next = (u + 1) % 5 == v % 5 || (v + 1) % 5 == u % 5;
            part(u) == part(v) && (u >= 5 * n_cycles || is_next)
        };
        let pairs = (0..n).flat_map(|u| (0..u).map(move |v| (u, v)));
        let edges: Vec<(u32, u32)> = pairs.filter(|&(u, v)| !is_apart(u, v)).collect();
        let graph = undirected(u64::from(n), &edges);
        let groups: Vec<u8> = (0..n).map(|u| (u % 2) as u8).collect();
        for exec in [pool(1), pool(3)] {
            let found =
                max_fair_clique(&graph, &groups, &FairSpec::new(2), &CliqueParams::default(), &exec).unwrap();
            assert_eq!(found.status, Status::Optimal);
            assert_eq!(found.nodes.len() as u32, 2 * n_cycles + n_sets, "{n_cycles} {n_sets}");
        }
    }
}

/// Trimming gives the largest fair counts there are, and needs are never too high.
#[test]
fn values_and_needs_are_those_of_an_exhaustive_search() {
    for seed in 0..2000 {
        let mut draws = Draws(mix(seed ^ 77) << 8);
        let n_groups = 1 + draws.below(5);
        let rules = Rules::draw(n_groups, &mut draws);
        let spec = rules.spec();
        let counts: Vec<u32> = (0..n_groups).map(|_| draws.below(6) as u32).collect();
        let value = fair_size(&rules, &counts, &mut Vec::new());
        assert_eq!(spec.value(&counts), value, "{rules:?} {counts:?}");
        let size = draws.below(8) as u32;
        for group in 0..counts.len() {
            let enough = |most: u32| {
                let mut counts = counts.clone();
                counts[group] = most;
                fair_size(&rules, &counts, &mut Vec::new()).is_some_and(|value| value > size)
            };
            let need = (0..=counts[group]).find(|&most| enough(most));
            assert_eq!(spec.need(group, &counts, size), need, "{rules:?} {counts:?} {size}");
        }
    }
}

/// Five nodes on which a search that takes groups in turn, and never stops taking one of them, ends too early.
#[test]
fn groups_need_not_take_turns() {
    // a1 a2 b1 b2 b3
    let edges = [(0, 2), (0, 3), (0, 4), (2, 3), (2, 4), (3, 4), (0, 1), (1, 2)];
    let spec = FairSpec::new(2).least(1).delta(2);
    let found = |edges: &[(u32, u32)], groups: &[u8], spec: &FairSpec| {
        let graph = undirected(groups.len() as u64, edges);
        max_fair_clique(&graph, groups, spec, &CliqueParams::default(), &Exec::default()).unwrap().nodes
    };
    assert_eq!(found(&edges, &[0, 0, 1, 1, 1], &spec), [0, 2, 3, 4]);
    // Two of one group and one of the other: with no tolerance, two in all.
    let equal = FairSpec::new(2).least(1).delta(0);
    assert_eq!(found(&[(0, 1), (1, 2), (0, 2)], &[0, 0, 1], &equal).len(), 2);
}

/// Given members are members, excluded ones are not, and the rest is the best that goes with them.
#[test]
fn members_can_be_given_and_excluded() {
    for seed in 0..400 {
        let sample = sample(seed);
        let spec = sample.rules.spec();
        let mut draws = Draws(mix(seed ^ 5) << 8);
        let n = sample.graph.n_nodes() as u64;
        let mut given = vec![draws.below(n) as u32];
        let second = draws.below(n) as u32;
        if sample.graph.neighbors(given[0]).contains(&second) {
            given.push(second);
        }
        let out = draws.below(n) as u32;
        let exclude: Vec<u32> = if given.contains(&out) { vec![] } else { vec![out] };
        let mut best = None;
        largest_with(&sample, &given, &exclude, &mut Vec::new(), &mut best);
        let params = CliqueParams { must_include: given.clone(), exclude, ..CliqueParams::default() };
        let found = max_fair_clique(&sample.graph, &sample.groups, &spec, &params, &Exec::default()).unwrap();
        assert_eq!(found.nodes.len() as u32, best.unwrap_or(0), "seed {seed}");
        assert!(best.is_none() || given.iter().all(|node| found.nodes.contains(node)));
    }
}

/// Whenever the search is stopped, its bound holds and its clique is fair.
#[test]
fn a_search_that_is_stopped_keeps_its_promises() {
    for seed in 0..200 {
        let sample = sample(seed);
        let spec = sample.rules.spec();
        let mut best = None;
        largest_with(&sample, &[], &[], &mut Vec::new(), &mut best);
        let exec = Exec::default().with_timeout(std::time::Duration::from_micros(seed));
        let params = CliqueParams::default();
        let found = max_fair_clique(&sample.graph, &sample.groups, &spec, &params, &exec).unwrap();
        assert!(found.upper_bound >= best.unwrap_or(0), "seed {seed}");
        if !found.nodes.is_empty() {
            assert_is_fair_clique(&sample, &found);
        }
    }
}
