//! The index: walks per second with their fingerprints, in and out of the third-level cache, and columns of a closure.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use graphrank::ppr::powerwalk::{Decoder, PowerWalkIndex, PowerWalkParams};
use graphrank::{EdgeOptions, Exec, Graph};
use graphrank_bench::uniform;

fn build(c: &mut Criterion) {
    let exec = Exec::default();
    let mut group = c.benchmark_group("powerwalk build");
    group.sample_size(10);
    for (name, n, n_edges) in
        [("uniform 80k/1M", 80_000, 1_000_000), ("uniform 2M/32M", 2_000_000, 32_000_000)]
    {
        let (src, dst) = uniform(n, n_edges, 1);
        let built = Graph::from_integer_edges(&src, &dst, None, EdgeOptions::default(), &exec);
        let (graph, _) = built.expect("the input is sound");
        for (what, decoder) in [("walks", Decoder::Fingerprints), ("clusters", Decoder::Clusters)] {
            // Without calibration: only what the decoder is made of.
            let params = PowerWalkParams { decoder, n_sources: 0, ..PowerWalkParams::default() };
            let units = match decoder {
                Decoder::Fingerprints => graph.n_nodes() as u64 * u64::from(params.n_walks),
                _ => graph.n_arcs() as u64,
            };
            group.throughput(Throughput::Elements(units));
            for n_threads in [1, 2] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build();
                let exec = Exec::default().with_pool(Arc::new(pool.expect("threads can be started")));
                let build = || PowerWalkIndex::build(black_box(&graph), &params, &exec);
                group.bench_function(BenchmarkId::new(format!("{what}, {name}"), n_threads), |b| {
                    b.iter(build);
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, build);
criterion_main!(benches);
