//! Fair cliques: proofs on random graphs, where every search node counts.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use graphrank::clique::{CliqueParams, FairSpec, max_fair_clique};
use graphrank::rng::{Domain, stream};
use graphrank::{EdgeOptions, Exec, Graph};
use rand_core::Rng;

/// Nodes, percent of all pairs that are linked, percent of the nodes that are in the second group.
const GRAPHS: [(u32, u64, u64); 4] = [(200, 70, 50), (200, 80, 50), (200, 80, 10), (500, 50, 50)];

fn random(n: u32, percent: u64, minority: u64) -> (Graph, Vec<u8>) {
    let mut rng = stream(1, Domain::Generator, 0);
    let pairs = (0..n).flat_map(|u| (0..u).map(move |v| (u, v)));
    let (src, dst): (Vec<u32>, Vec<u32>) = pairs.filter(|_| rng.next_u64() % 100 < percent).unzip();
    let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
    let graph = Graph::from_edges(n as usize, &src, &dst, None, options, &Exec::default());
    let groups = (0..n).map(|_| u8::from(rng.next_u64() % 100 < minority)).collect();
    (graph.expect("the input is sound"), groups)
}

fn proofs(c: &mut Criterion) {
    let mut group = c.benchmark_group("fair clique of at least 2 of either group, at most 2 apart");
    group.sample_size(10);
    for (n, percent, minority) in GRAPHS {
        let (graph, groups) = random(n, percent, minority);
        let spec = FairSpec::new(2).least(2).delta(2);
        for n_threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build();
            let exec = Exec::default().with_pool(Arc::new(pool.expect("threads can be started")));
            let params = CliqueParams::default();
            let solve =
                || max_fair_clique(&graph, black_box(&groups), &spec, &params, &exec).expect("it is sound");
            let id = BenchmarkId::new(format!("G({n}, .{percent}), {minority} %"), n_threads);
            group.bench_function(id, |b| b.iter(solve));
        }
    }
    group.finish();
}

criterion_group!(benches, proofs);
criterion_main!(benches);
