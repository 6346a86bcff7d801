//! Exact neighbours: all rows against all, a batch of queries, one query, and few rows allowed.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use graphrank::Exec;
use graphrank::embedding::neighbors::{Metric, NeighborQuery, NeighborSearch, Queries, Vectors};
use graphrank_bench::normals;

const DIM: usize = 128;

fn nearest(c: &mut Criterion) {
    let exec = Exec::default();
    let mut group = c.benchmark_group("nearest 10 of 128 dimensions");
    group.sample_size(10);
    for (name, n, n_queries) in [
        ("all of 10k", 10_000, 10_000),
        ("256 of 200k", 200_000, 256),
        ("1 of 10k", 10_000, 1),
        ("1 of 200k", 200_000, 1),
    ] {
        let values = normals(n * DIM, 1);
        let vectors = Vectors::new(&values, DIM).expect("whole rows");
        let rows: Vec<u32> = (0..n_queries).collect();
        group.throughput(Throughput::Elements(rows.len() as u64));
        for metric in [Metric::Cosine, Metric::L2] {
            let search = NeighborSearch::new(&vectors, metric, &exec).expect("finite numbers");
            let query = NeighborQuery { queries: Queries::Rows(&rows), ..NeighborQuery::default() };
            group.bench_function(BenchmarkId::new(format!("{metric:?}"), name), |b| {
                b.iter(|| search.nearest(black_box(&vectors), &query, &exec));
            });
        }
    }
    group.finish();
}

fn filtered(c: &mut Criterion) {
    let exec = Exec::default();
    let n: u32 = 200_000;
    let values = normals(n as usize * DIM, 2);
    let vectors = Vectors::new(&values, DIM).expect("whole rows");
    let search = NeighborSearch::new(&vectors, Metric::Cosine, &exec).expect("finite numbers");
    let mut group = c.benchmark_group("1 of 200k, some allowed");
    for one_in in [1000, 100, 20, 5] {
        let allowed: Vec<u32> = (0..n).step_by(one_in).collect();
        let queries = Queries::Rows(&[0]);
        let query = NeighborQuery { queries, allowed: Some(&allowed), ..NeighborQuery::default() };
        group.bench_function(BenchmarkId::from_parameter(allowed.len()), |b| {
            b.iter(|| search.nearest(black_box(&vectors), &query, &exec));
        });
    }
    group.finish();
}

criterion_group!(benches, nearest, filtered);
criterion_main!(benches);
