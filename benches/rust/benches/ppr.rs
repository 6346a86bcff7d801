//! Power iteration: time per arc and sweep, in and out of the second-level cache.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use graphrank::ppr::{PprParams, Queries, pagerank};
use graphrank::{EdgeOptions, Exec, Graph};
use graphrank_bench::{rmat, uniform};

fn power_iteration(c: &mut Criterion) {
    let inputs = [("rmat 2^16", rmat(16, 1 << 20, 1)), ("uniform 2^20", uniform(1 << 20, 1 << 23, 1))];
    let mut group = c.benchmark_group("power iteration to 1e-8");
    group.sample_size(10);
    for (name, (src, dst)) in inputs {
        let options = EdgeOptions::default();
        let built = Graph::from_integer_edges(&src, &dst, None, options, &Exec::default());
        let (graph, _) = built.expect("the input is sound");
        let params = PprParams::default();
        for n_threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(n_threads)
                .build()
                .expect("threads can be started");
            let exec = Exec::default().with_pool(Arc::new(pool));
            let solve = || pagerank(&graph, black_box(&Queries::from_nodes(&[1])), &params, &exec);
            let sweeps = solve().expect("the tolerance is within reach").iterations[0];
            group.throughput(Throughput::Elements(graph.n_arcs() as u64 * u64::from(sweeps)));
            group.bench_function(BenchmarkId::new(name, n_threads), |b| b.iter(solve));
        }
    }
    group.finish();
}

criterion_group!(benches, power_iteration);
criterion_main!(benches);
