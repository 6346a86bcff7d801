//! Walks that have followed a graph are distributed as fresh ones.

use std::sync::Arc;

use super::tests::{Model, model, rule};
use super::walk_index::DynamicWalks;
use crate::Exec;

const WALKS: usize = 4000;

/// A graph after many batches, and walks that followed them.
fn followed(seed: u64, n_walks: usize, damping: f64) -> (Model, DynamicWalks) {
    let exec = Exec::default();
    let (mut model, mut rng) = model(seed);
    let mut walks = DynamicWalks::new(Arc::new(model.graph()), n_walks, damping, seed, &exec).unwrap();
    for _ in 0..25 {
        let batch = model.batch(&mut rng, rule(seed));
        walks.update(&batch.update(model.weighted, rule(seed)), &exec).unwrap();
    }
    (model, walks)
}

/// Row u of the walk: probabilities of all nodes; `None` if it is dangling.
fn steps_from(model: &Model, u: u32) -> Option<Vec<f64>> {
    let mut row = vec![0.0; model.n as usize];
    for (&(_, v), &weight) in model.arcs.range((u, 0)..=(u, u32::MAX)) {
        row[v as usize] = weight;
    }
    let largest = row.iter().copied().fold(0.0, f64::max);
    let total: f64 = row.iter().map(|w| w / largest).sum();
    (largest > 0.0).then(|| row.iter().map(|w| w / largest / total).collect())
}

/// Asserts that a statistic of so many degrees of freedom is below the quantile 1 - 1e-7, by the cube-root
/// approximation of Wilson and Hilferty (1931).
fn assert_chi_square(statistic: f64, freedom: f64, what: &str) {
    let spread = 2.0 / (9.0 * freedom.max(1.0));
    let limit = freedom.max(1.0) * (1.0 - spread + 5.2 * spread.sqrt()).powi(3);
    assert!(statistic < limit, "{what}: {statistic} is above {limit} for {freedom} degrees of freedom");
}

/// What the walks did at each node: ended, or went to which other.
#[test]
fn steps_out_of_every_node_are_distributed_as_the_row_says() {
    for seed in 0..24 {
        let damping = [0.85, 0.5][(seed % 2) as usize];
        let (model, walks) = followed(seed, WALKS, damping);
        for u in 0..model.n {
            let n = model.n as usize;
            let mut counts = vec![0.0; n + 1];
            for (here, next) in walks.steps().filter(|&(here, _)| here == u) {
                assert_eq!(here, u);
                counts[next.map_or(n, |next| next as usize)] += 1.0;
            }
            let total: f64 = counts.iter().sum();
            let Some(row) = steps_from(&model, u) else {
                assert_eq!(counts[n], total, "seed {seed}: a walk left dangling node {u}");
                continue;
            };
            let mut probabilities: Vec<f64> = row.iter().map(|p| damping * p).collect();
            probabilities.push(1.0 - damping);
            let (mut statistic, mut freedom) = (0.0, -1.0);
            for (&count, &p) in counts.iter().zip(&probabilities) {
                if p * total < 1e-6 {
                    assert_eq!(count, 0.0, "seed {seed}: a step from {u} that has no probability");
                } else if p * total < 5.0 {
                    // Too rare for the approximation: Poisson, beyond 30 at most once in 1e13.
                    assert!(count <= 30.0);
                } else {
                    statistic += (count - p * total).powi(2) / (p * total);
                    freedom += 1.0;
                }
            }
            assert_chi_square(statistic, freedom, &format!("seed {seed}, node {u}"));
        }
    }
}

#[test]
fn visits_have_the_mean_of_the_definition() {
    for seed in 0..24 {
        let damping = 0.8;
        let (model, walks) = followed(seed, WALKS, damping);
        let n = model.n as usize;
        let rows: Vec<_> = (0..model.n).map(|u| steps_from(&model, u)).collect();
        for origin in 0..n {
            let (mut mean, mut under_way) = (vec![0.0; n], vec![0.0; n]);
            under_way[origin] = 1.0;
            for _ in 0..200 {
                let mut next = vec![0.0; n];
                for u in 0..n {
                    mean[u] += under_way[u];
                    for v in 0..n {
                        next[v] += damping * under_way[u] * rows[u].as_ref().map_or(0.0, |row| row[v]);
                    }
                }
                under_way = next;
            }
            let mut counts = vec![0.0; n];
            walks.visits(origin).for_each(|node| counts[node as usize] += 1.0);
            for (count, mean) in counts.iter().zip(mean) {
                // A node is visited at most as often again as a geometric number of mean 1 / (1 - damping).
                let deviation = (WALKS as f64 * mean.max(1e-9) * 2.0 / (1.0 - damping)).sqrt();
                let off = (count - WALKS as f64 * mean).abs();
                assert!(off <= 6.0 * deviation + 1e-6, "seed {seed}, origin {origin}: {count}, mean {mean}");
            }
        }
    }
}

#[test]
fn lists_and_paths_agree_after_long_streams() {
    for seed in 0..30 {
        let (model, walks) = followed(seed, 7, 0.9);
        walks.check();
        let graph = walks.to_graph(&Exec::default()).unwrap();
        assert!(graph.out().same_as(model.graph().out()));
        let n_visits: usize = (0..model.n as usize).map(|origin| walks.visits(origin).count()).sum();
        assert_eq!(n_visits, walks.n_steps());
    }
}

#[test]
fn the_same_seed_and_updates_give_the_same_walks() {
    let visits = |seed| {
        let (model, walks) = followed(seed, 5, 0.85);
        (0..model.n as usize).flat_map(|origin| walks.visits(origin).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    for seed in 0..10 {
        assert_eq!(visits(seed), visits(seed));
    }
}

#[test]
fn a_stopped_batch_is_carried_out_before_anything_else() {
    let (mut model, mut rng) = model(7);
    let exec = Exec::default();
    let mut walks = DynamicWalks::new(Arc::new(model.graph()), 5, 0.85, 7, &exec).unwrap();
    let mut whole = DynamicWalks::new(Arc::new(model.graph()), 5, 0.85, 7, &exec).unwrap();
    for _ in 0..20 {
        let batch = model.batch(&mut rng, rule(7));
        let update = batch.update(model.weighted, rule(7));
        whole.update(&update, &exec).unwrap();
        walks.stop_after_planning(&update, &exec);
        assert!(walks.is_pending());
        walks.settle(&exec).unwrap();
    }
    assert!(!walks.is_pending());
    for origin in 0..model.n as usize {
        assert!(walks.visits(origin).eq(whole.visits(origin)));
    }
}
