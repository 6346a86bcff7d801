//! Submodular maximisation: once, and per update while candidates come and go.

use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use graphrank::Exec;
use graphrank::rng::{Domain, stream};
use graphrank::submodular::{
    ApplyOptions, Coverage, DynamicMaximizer, DynamicParams, FacilityLocation, MaximizeParams, Method,
    Objective, Triples, maximize,
};
use rand_core::Rng;

const K: usize = 50;

/// Pairs of an element and an item: some 8 items each, of which low ones are drawn more often.
fn pairs(n: u32) -> (Vec<u32>, Vec<u32>) {
    let mut rng = stream(1, Domain::Generator, 0);
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    for row in 0..n {
        // Half of all elements have at most 4 items, one in sixteen has more than 64.
        let size = 4 << (rng.next_u64() | 1 << 12).trailing_zeros();
        for _ in 0..size {
            let (a, b) = (rng.next_u64() % u64::from(n), rng.next_u64() % u64::from(n));
            rows.push(row);
            columns.push(u32::try_from(a.min(b)).expect("it is below n"));
        }
    }
    (rows, columns)
}

fn coverage(n: u32) -> Arc<dyn Objective> {
    let (rows, columns) = pairs(n);
    let n = n as usize;
    let sets = Triples { n_rows: n, n_columns: n, rows: &rows, columns: &columns, values: None };
    Arc::new(Coverage::new(sets, None, &Exec::default()).expect("the input is sound"))
}

fn facility(n: u32) -> Arc<dyn Objective> {
    let (rows, columns) = pairs(n);
    let mut rng = stream(2, Domain::Generator, 0);
    let values: Vec<f64> = rows.iter().map(|_| f64::from(rng.next_u32()) / f64::from(u32::MAX)).collect();
    let n = n as usize;
    let entries = Triples { n_rows: n, n_columns: n, rows: &rows, columns: &columns, values: Some(&values) };
    Arc::new(FacilityLocation::new(entries, None, &Exec::default()).expect("the input is sound"))
}

fn once(c: &mut Criterion) {
    let mut group = c.benchmark_group("50 of 100,000 elements");
    group.sample_size(10);
    for (name, objective) in [("coverage", coverage(100_000)), ("facility location", facility(100_000))] {
        for method in [Method::Lazy, Method::Stochastic, Method::Threshold] {
            let params = MaximizeParams { k: K, method, ..MaximizeParams::default() };
            group.bench_function(BenchmarkId::new(name, format!("{method:?}")), |b| {
                b.iter(|| maximize(&objective, None, &params, &Exec::default()).expect("it is sound"));
            });
        }
    }
    group.finish();
}

/// Half of all elements, then one goes for each that comes.
fn window(c: &mut Criterion) {
    let mut group = c.benchmark_group("a window over half of all elements");
    group.sample_size(10);
    for n in [10_000u32, 100_000, 1_000_000] {
        let objective = coverage(n);
        let width = n / 2;
        let mut full =
            DynamicMaximizer::new(Arc::clone(&objective), DynamicParams { k: K, ..DynamicParams::default() })
                .expect("the parameters are sound");
        let first: Vec<u32> = (0..width).collect();
        full.update(&[], &first, &Exec::default()).expect("it is sound");
        let snapshot = full.snapshot().expect("there is room");
        let (elements, is_insert): (Vec<u32>, Vec<bool>) =
            (width..n).flat_map(|new| [(new - width, false), (new, true)]).unzip();
        group.throughput(Throughput::Elements(u64::from(n)));
        group.bench_function(BenchmarkId::new("coverage", n), |b| {
            let restored = || {
                DynamicMaximizer::restore(Arc::clone(&objective), &snapshot, &Exec::default())
                    .expect("it is the same objective")
            };
            let follow = |mut best: DynamicMaximizer| {
                best.apply(&elements, &is_insert, ApplyOptions::default(), &Exec::default())
                    .expect("it is sound")
            };
            b.iter_batched(restored, follow, BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, once, window);
criterion_main!(benches);
