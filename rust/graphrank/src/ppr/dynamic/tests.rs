//! What holds after every batch, on small random graphs.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand_xoshiro::rand_core::Rng;

use super::vector::Vector;
use super::{DynamicParams, DynamicPpr, EdgeEnds, EdgeUpdate};
use crate::graph::{Duplicates, EdgeOptions, Graph};
use crate::ppr::{Dangling, PprParams, Queries, Scores, pagerank};
use crate::rng::{Domain, Xoshiro256PlusPlus, stream};
use crate::{Error, Exec};

const RULES: [Dangling; 4] = [Dangling::Restart, Dangling::Uniform, Dangling::Stay, Dangling::Absorb];

/// A graph as the definition has it: a weight per ordered pair (both ways round if undirected).
pub(super) struct Model {
    pub(super) n: u32,
    directed: bool,
    pub(super) weighted: bool,
    pub(super) arcs: BTreeMap<(u32, u32), f64>,
}

pub(super) struct Batch {
    delete: (Vec<u32>, Vec<u32>),
    insert: (Vec<u32>, Vec<u32>),
    weights: Vec<f64>,
}

impl Model {
    fn keys(&self, u: u32, v: u32) -> Vec<(u32, u32)> {
        if self.directed || u == v { vec![(u, v)] } else { vec![(u, v), (v, u)] }
    }

    fn weight(&self, rng: &mut Xoshiro256PlusPlus) -> f64 {
        const WEIGHTS: [f64; 6] = [0.0, 1e-3, 0.5, 1.0, 3.0, 1e150];
        if self.weighted { WEIGHTS[(rng.next_u64() % 6) as usize] } else { 1.0 }
    }

    /// Some deletions of edges there are, and insertions of any; the model follows.
    pub(super) fn batch(&mut self, rng: &mut Xoshiro256PlusPlus, duplicates: Duplicates) -> Batch {
        let mut batch = Batch { delete: (vec![], vec![]), insert: (vec![], vec![]), weights: vec![] };
        for _ in 0..rng.next_u64() % 4 {
            let Some(&(u, v)) = self.arcs.keys().nth((rng.next_u64() % 30) as usize) else { continue };
            batch.delete.0.push(u);
            batch.delete.1.push(v);
            for key in self.keys(u, v) {
                self.arcs.remove(&key);
            }
        }
        for _ in 0..rng.next_u64() % 5 {
            let [u, v] = [0; 2].map(|_| below(rng, self.n));
            let weight = self.weight(rng);
            batch.insert.0.push(u);
            batch.insert.1.push(v);
            batch.weights.push(weight);
            for key in self.keys(u, v) {
                let held = self.arcs.entry(key).or_insert(f64::NAN);
                *held = match duplicates {
                    _ if held.is_nan() => weight,
                    _ if !self.weighted => 1.0,
                    Duplicates::Max => held.max(weight),
                    Duplicates::First => *held,
                    _ => *held + weight,
                };
            }
        }
        batch
    }

    pub(super) fn graph(&self) -> Graph {
        let edges: Vec<_> = self.arcs.iter().filter(|&(&(u, v), _)| self.directed || u <= v).collect();
        let (src, dst): (Vec<_>, Vec<_>) = edges.iter().map(|&(&ends, _)| ends).unzip();
        let weights: Vec<f64> = edges.iter().map(|&(_, &weight)| weight).collect();
        let options = EdgeOptions { directed: self.directed, ..EdgeOptions::default() };
        let weights = self.weighted.then_some(&weights[..]);
        Graph::from_edges(self.n as usize, &src, &dst, weights, options, &Exec::default()).unwrap()
    }

    /// s - (p - α p P) / c, from the weights.
    fn residual(&self, reserve: &[f64], restart: &[(u32, f64)], damping: f64) -> Vec<f64> {
        let mut flow = vec![0.0; reserve.len()];
        for u in 0..self.n {
            let row: Vec<_> = self.arcs.range((u, 0)..=(u, u32::MAX)).collect();
            let largest = row.iter().map(|&(_, &w)| w).fold(0.0, f64::max);
            let total: f64 = row.iter().map(|&(_, w)| w / largest).sum();
            for (&(_, v), w) in row.into_iter().filter(|_| largest > 0.0) {
                flow[v as usize] += reserve[u as usize] * (w / largest / total);
            }
        }
        let mut residual: Vec<f64> =
            reserve.iter().zip(flow).map(|(p, q)| (damping * q - p) / (1.0 - damping)).collect();
        for &(node, share) in restart {
            residual[node as usize] += share;
        }
        residual
    }
}

impl Batch {
    pub(super) fn update(&self, weighted: bool, duplicates: Duplicates) -> EdgeUpdate<'_> {
        EdgeUpdate {
            delete: EdgeEnds { src: &self.delete.0, dst: &self.delete.1 },
            insert: EdgeEnds { src: &self.insert.0, dst: &self.insert.1 },
            weights: weighted.then_some(&self.weights),
            duplicates,
        }
    }
}

/// A number below `n`.
fn below(rng: &mut Xoshiro256PlusPlus, n: u32) -> u32 {
    u32::try_from(rng.next_u64() % u64::from(n)).unwrap()
}

pub(super) fn model(seed: u64) -> (Model, Xoshiro256PlusPlus) {
    let mut rng = stream(seed, Domain::Generator, 0);
    let (directed, weighted) = (!seed.is_multiple_of(3), seed.is_multiple_of(2));
    let n = 2 + below(&mut rng, 9);
    let mut model = Model { n, directed, weighted, arcs: BTreeMap::new() };
    for _ in 0..seed % 5 {
        model.batch(&mut rng, Duplicates::Max);
    }
    (model, rng)
}

pub(super) fn rule(seed: u64) -> Duplicates {
    [Duplicates::Sum, Duplicates::Max, Duplicates::First][(seed % 3) as usize]
}

/// Largest error of the scores that ours are compared with.
const TOL: f64 = 2e-12;

/// Scores solved from nothing.
fn fresh(graph: &Graph, dangling: Dangling, damping: f64, sources: &[u32]) -> Vec<f64> {
    let params = PprParams { dangling, damping, tol: TOL, ..PprParams::default() };
    let answer = pagerank(graph, &Queries::from_nodes(sources), &params, &Exec::default()).unwrap();
    let Scores::Dense(scores) = answer.scores else { panic!("asked for every node") };
    scores
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
}

fn assert_sound(vector: &Vector, model: &Model, damping: f64) {
    let defined = model.residual(vector.reserve(), vector.restart(), damping);
    let off = distance(vector.residual(), &defined);
    assert!(off <= 2e-14 / (1.0 - damping), "the residual is {off:e} from its definition");
    assert!(off <= vector.drift() + 1e-14, "{off:e} is above the drift of {:e}", vector.drift());
    let norm: f64 = vector.residual().iter().map(|r| r.abs()).sum();
    assert!(norm <= vector.summary().error * (1.0 + 1e-12), "{norm} is above {}", vector.summary().error);
}

#[test]
fn after_every_batch_residuals_are_what_they_are_defined_as_and_scores_are_within_their_bounds() {
    let exec = Exec::default();
    for seed in 0..120 {
        let (mut model, mut rng) = model(seed);
        let dangling = RULES[(seed / 2 % 4) as usize];
        let damping = [0.85, 0.5, 0.0, 0.95][(seed / 8 % 4) as usize];
        let params = DynamicParams { damping, dangling, eps: [1e-3, 1e-6, 1e-9][(seed % 3) as usize] };
        let sources: Vec<u32> = (0..model.n).collect();
        let queries = Queries::from_nodes(&sources);
        let mut ppr = DynamicPpr::new(Arc::new(model.graph()), &queries, &params, &exec).unwrap();
        for step in 0..40 {
            let exact = fresh(&model.graph(), dangling, damping, &sources);
            let scores = ppr.scores(&exec).unwrap();
            let n = model.n as usize;
            for ((scores, exact), bound) in scores.chunks(n).zip(exact.chunks(n)).zip(ppr.error_bounds()) {
                let error = distance(scores, exact);
                assert!(error <= bound + TOL, "seed {seed}, step {step}: {error:e} is above {bound:e}");
                assert!(bound <= params.eps);
            }
            for vector in ppr.queries.iter().chain(&ppr.uniform) {
                assert_sound(vector, &model, damping);
            }
            assert!(ppr.to_graph(&exec).unwrap().out().same_as(model.graph().out()));
            assert_eq!(ppr.n_edges(), model.graph().n_edges());
            let batch = model.batch(&mut rng, rule(seed));
            ppr.update(&batch.update(model.weighted, rule(seed)), &exec).unwrap();
        }
    }
}

#[test]
fn rules_alone_keep_residuals_exact() {
    let exec = Exec::default();
    for seed in 0..60 {
        let (mut model, mut rng) = model(seed);
        let params = DynamicParams::default();
        let queries = Queries::from_nodes(&[0, 1]);
        let mut ppr = DynamicPpr::new(Arc::new(model.graph()), &queries, &params, &exec).unwrap();
        for _ in 0..20 {
            let batch = model.batch(&mut rng, rule(seed));
            // Cancelled before the first push: the rules have run, nothing else has.
            let plan = super::batch::plan(&mut ppr.rows, &batch.update(model.weighted, rule(seed)), &exec);
            let plan = plan.unwrap();
            ppr.rows.link(&plan.drafts);
            for vector in &mut ppr.queries {
                vector.follow(&plan.changes);
                assert_sound(vector, &model, params.damping);
            }
        }
    }
}

#[test]
fn a_batch_that_fails_changes_nothing() {
    let exec = Exec::default();
    let edges = |src: &'static [u32], dst: &'static [u32]| EdgeEnds { src, dst };
    for weighted in [false, true] {
        let weights = [1.0, 2.0, 1e308];
        let graph = Graph::from_edges(
            4,
            &[0, 1, 2],
            &[1, 2, 0],
            weighted.then_some(&weights),
            EdgeOptions::default(),
            &exec,
        )
        .unwrap();
        let mut ppr =
            DynamicPpr::new(Arc::new(graph), &Queries::from_nodes(&[0]), &DynamicParams::default(), &exec)
                .unwrap();
        let before = (ppr.scores(&exec).unwrap(), ppr.error_bounds(), ppr.n_edges());
        let one = [1.0, 1.0];
        let some = |weights: &'static [f64]| weighted.then_some(weights);
        let delete = |delete| EdgeUpdate { delete, weights: some(&[]), ..EdgeUpdate::default() };
        let mut cases = vec![
            (delete(edges(&[0, 0], &[1, 2])), "`delete`, row 1: there is no such edge"),
            (delete(edges(&[0, 0], &[1, 1])), "`delete`, row 1: there is no such edge"),
            (delete(edges(&[0, 9], &[1, 1])), "`delete`, row 1: names node 9"),
            (
                EdgeUpdate {
                    insert: edges(&[3, 1], &[3, 2]),
                    weights: weighted.then_some(&one),
                    duplicates: Duplicates::Error,
                    ..EdgeUpdate::default()
                },
                "`insert`, row 1: this edge exists already",
            ),
            (
                EdgeUpdate {
                    insert: edges(&[0], &[1]),
                    weights: (!weighted).then_some(&one[..1]),
                    ..EdgeUpdate::default()
                },
                "`weights` must be given",
            ),
        ];
        if weighted {
            let heavy = |weights| EdgeUpdate {
                insert: edges(&[3, 2], &[3, 0]),
                weights: Some(weights),
                ..EdgeUpdate::default()
            };
            cases.push((heavy(&[1.0, 1e308]), "`insert`, row 1: with this row, the weights"));
            cases.push((heavy(&[1.0, f64::NAN]), "`insert`, row 1: has weight NaN"));
            cases.push((heavy(&[1.0, -1.0]), "`insert`, row 1: has weight -1"));
        }
        for (update, message) in cases {
            let error = ppr.update(&update, &exec).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
            assert_eq!((ppr.scores(&exec).unwrap(), ppr.error_bounds(), ppr.n_edges()), before);
        }
    }
}

#[test]
fn an_interrupted_batch_is_whole_and_its_bound_is_honest_until_refined() {
    let exec = Exec::default();
    for seed in 0..30 {
        let (mut model, mut rng) = model(3 * seed + 1);
        let params = DynamicParams { dangling: RULES[(seed % 4) as usize], ..DynamicParams::default() };
        let queries = Queries::from_nodes(&[0]);
        let mut ppr = DynamicPpr::new(Arc::new(model.graph()), &queries, &params, &exec).unwrap();
        for _ in 0..10 {
            let batch = model.batch(&mut rng, rule(seed));
            let plan = super::batch::plan(&mut ppr.rows, &batch.update(model.weighted, rule(seed)), &exec);
            let plan = plan.unwrap();
            ppr.rows.link(&plan.drafts);
            ppr.queries.iter_mut().chain(&mut ppr.uniform).for_each(|vector| vector.follow(&plan.changes));
        }
        let exact = fresh(&model.graph(), params.dangling, params.damping, &[0]);
        let error = distance(&ppr.scores(&exec).unwrap(), &exact);
        assert!(error <= ppr.error_bounds()[0] + TOL);
        ppr.refine(&exec).unwrap();
        assert!(distance(&ppr.scores(&exec).unwrap(), &exact) <= ppr.error_bounds()[0] + TOL);
        assert!(ppr.error_bounds()[0] <= params.eps);
    }
}

#[test]
fn an_error_below_rounding_is_refused_with_the_bound_that_can_be_had() {
    let exec = Exec::default();
    let graph = Graph::from_edges(3, &[0, 1], &[1, 0], None, EdgeOptions::default(), &exec).unwrap();
    let params = DynamicParams { eps: 1e-17, ..DynamicParams::default() };
    let error = DynamicPpr::new(Arc::new(graph), &Queries::from_nodes(&[0]), &params, &exec).unwrap_err();
    assert!(
        matches!(error, Error::DidNotConverge { bound, .. } if bound > 1e-17 && bound < 1e-12),
        "{error}"
    );
    let message = error.to_string();
    assert!(message.starts_with("`eps` = 1e-17 is out") && message.ends_with("larger `eps`"), "{message}");
}

/// Updates that stay far from each other leave little room between what nobody looked at and what is allowed.
#[test]
fn many_updates_in_different_places_leave_room_for_the_next() {
    let exec = Exec::default();
    let n = 9_000;
    let targets: Vec<u32> = (0..n).map(|v| if v % 3 == 2 { v - 2 } else { v + 1 }).collect();
    let sources: Vec<u32> = (0..n).collect();
    let graph =
        Graph::from_edges(n as usize, &sources, &targets, None, EdgeOptions::default(), &exec).unwrap();
    let weights = vec![1.0; n as usize];
    let queries =
        Queries { offsets: vec![0, u64::from(n)].into(), nodes: sources.into(), weights: weights.into() };
    let params = DynamicParams { eps: 1e-6, ..DynamicParams::default() };
    let mut ppr = DynamicPpr::new(Arc::new(graph), &queries, &params, &exec).unwrap();
    for k in 0..300 {
        let insert = EdgeEnds { src: &[3 * k], dst: &[3 * k + 2] };
        let update = EdgeUpdate {
            delete: EdgeEnds { src: &[], dst: &[] },
            insert,
            weights: None,
            duplicates: Duplicates::Sum,
        };
        ppr.update(&update, &exec).unwrap();
        assert!(ppr.error_bounds()[0] <= 1e-6);
    }
}
