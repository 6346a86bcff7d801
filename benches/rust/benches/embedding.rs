//! The kernel of `FastRP`: time per gathered column, by the precision of the state and by where a block of columns lies.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use graphrank::embedding::{FastRpParams, NodeData, Precision, fastrp};
use graphrank::{EdgeOptions, Exec, Graph};
use graphrank_bench::{Columns, rmat, uniform};

/// Blocks of 128 columns of 32 bits: 5 MB, in the third-level cache; 90 MB of which few rows are read most; 134 MB that
/// are read evenly.
fn inputs() -> [(&'static str, Columns); 3] {
    [
        ("rmat 2^14", rmat(14, 1 << 18, 1)),
        ("rmat 2^18", rmat(18, 1 << 22, 1)),
        ("uniform 2^18", uniform(1 << 18, 1 << 22, 1)),
    ]
}

fn powers(c: &mut Criterion) {
    let mut group = c.benchmark_group("FastRP, columns per arc and power");
    group.sample_size(10);
    for (name, (src, dst)) in inputs() {
        let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
        let built = Graph::from_integer_edges(&src, &dst, None, options, &Exec::default());
        let graph = built.expect("the input is sound").0;
        let keys: Vec<u64> = (0..graph.n_nodes() as u64).collect();
        let nodes = NodeData { keys: &keys, features: None };
        for state in [Precision::F32, Precision::F16] {
            for n_threads in [1, 2] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build();
                let exec = Exec::default().with_pool(Arc::new(pool.expect("threads can be started")));
                let params = FastRpParams { state, ..FastRpParams::default() };
                group.throughput(Throughput::Elements((graph.n_arcs() * params.dim * 4) as u64));
                let id = BenchmarkId::new(format!("{name}, {state:?}"), n_threads);
                group.bench_function(id, |b| {
                    b.iter(|| fastrp(&graph, black_box(&nodes), &params, &exec).expect("it fits"));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, powers);
criterion_main!(benches);
