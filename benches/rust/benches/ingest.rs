//! Edge columns to a ready graph: one thread and two, ids dense and spread, with weights and without.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use graphrank::{EdgeOptions, Exec, Graph};
use graphrank_bench::{rmat, uniform};

fn exec(n_threads: usize) -> Exec {
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads can be started");
    Exec::default().with_pool(Arc::new(pool))
}

fn ingest(c: &mut Criterion) {
    let n_edges = 1 << 20;
    let spread = |(src, dst): (Vec<i64>, Vec<i64>)| {
        let wide = |ids: Vec<i64>| ids.into_iter().map(|id| id * 13).collect();
        (wide(src), wide(dst))
    };
    let inputs = [
        ("uniform", uniform(1 << 17, n_edges, 1)),
        ("rmat", rmat(17, n_edges, 1)),
        ("rmat, ids spread", spread(rmat(17, n_edges, 1))),
    ];
    let weights: Vec<f64> = (0..n_edges).map(|i| (i % 7) as f64).collect();
    let mut group = c.benchmark_group("ingest, 1M edges");
    group.throughput(Throughput::Elements(n_edges as u64)).sample_size(20);
    for (name, (src, dst)) in &inputs {
        for n_threads in [1, 2] {
            let exec = exec(n_threads);
            for (kind, weights) in [("unweighted", None), ("weighted", Some(&weights[..]))] {
                group.bench_function(BenchmarkId::new(format!("{name}, {kind}"), n_threads), |b| {
                    let options = EdgeOptions::default();
                    b.iter(|| Graph::from_integer_edges(black_box(src), dst, weights, options, &exec));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
