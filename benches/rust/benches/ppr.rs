//! The kernels of the exact solvers: time per arc of one iteration, of putting a graph in order, and of a local query.

use std::hint::black_box;
use std::sync::Arc;

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use graphrank::ppr::{Method, PprParams, PprScores, Queries, pagerank};
use graphrank::{EdgeOptions, Exec, Graph};
use graphrank_bench::{Columns, rmat, uniform};

/// Small enough for the second-level cache, and too large for it.
fn inputs() -> [(&'static str, Columns); 2] {
    [("rmat 2^16", rmat(16, 1 << 20, 1)), ("uniform 2^20", uniform(1 << 20, 1 << 23, 1))]
}

fn graph((src, dst): &Columns, directed: bool) -> Graph {
    let options = EdgeOptions { directed, ..EdgeOptions::default() };
    let built = Graph::from_integer_edges(src, dst, None, options, &Exec::default());
    built.expect("the input is sound").0
}

fn solve(graph: &Graph, sources: &[u32], params: &PprParams, exec: &Exec) -> PprScores {
    let answer = pagerank(graph, black_box(&Queries::from_nodes(sources)), params, exec);
    answer.expect("the tolerance is within reach")
}

/// Time per arc and sweep: a query to 1e-8, divided by the sweeps it reports.
fn sweeps(
    group: &mut BenchmarkGroup<'_, WallTime>,
    id: BenchmarkId,
    graph: &Graph,
    (sources, params): (&[u32], &PprParams),
    exec: &Exec,
) {
    let iterations: u64 = solve(graph, sources, params, exec).iterations.iter().copied().map(u64::from).sum();
    group.throughput(Throughput::Elements(graph.n_arcs() as u64 * iterations));
    group.bench_function(id, |b| b.iter(|| solve(graph, sources, params, exec)));
}

fn power_iteration(c: &mut Criterion) {
    let mut group = c.benchmark_group("power iteration, one sweep");
    group.sample_size(10);
    let params = PprParams { method: Method::Power, ..PprParams::default() };
    for (name, columns) in inputs() {
        let graph = graph(&columns, true);
        for n_threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build();
            let exec = Exec::default().with_pool(Arc::new(pool.expect("threads can be started")));
            sweeps(&mut group, BenchmarkId::new(name, n_threads), &graph, (&[1], &params), &exec);
        }
    }
    group.finish();
}

/// One query in doubles, and a block of sixteen in floats with its refinement.
fn ordered_solvers(c: &mut Criterion) {
    for (method, directed) in [(Method::GaussSeidel, true), (Method::ConjugateGradients, false)] {
        let mut group = c.benchmark_group(format!("{}, one iteration", method.name()));
        group.sample_size(10);
        let params = PprParams { method, top_k: Some(100), ..PprParams::default() };
        let sixteen: Vec<u32> = (1..17).collect();
        for (name, columns) in inputs() {
            let graph = graph(&columns, directed);
            for sources in [&sixteen[..1], &sixteen] {
                let id = BenchmarkId::new(name, sources.len());
                sweeps(&mut group, id, &graph, (sources, &params), &Exec::default());
            }
        }
        group.finish();
    }
}

/// Forward push that has a rough answer before it reaches everything.
fn push(c: &mut Criterion) {
    let mut group = c.benchmark_group("push to 0.1");
    let params =
        PprParams { method: Method::Push, tol: 0.1, damping: 0.5, top_k: Some(100), ..PprParams::default() };
    for (name, columns) in inputs() {
        let graph = graph(&columns, true);
        solve(&graph, &[1], &params, &Exec::default());
        group.bench_function(name, |b| b.iter(|| solve(&graph, &[1], &params, &Exec::default())));
    }
    group.finish();
}

/// What the first query to a graph pays beside its solution: the order, and with it the half rows.
fn order(c: &mut Criterion) {
    let mut group = c.benchmark_group("put in order");
    group.sample_size(10);
    // So rough a tolerance that next to nothing is solved.
    let params = PprParams { method: Method::GaussSeidel, tol: 1.0, top_k: Some(1), ..PprParams::default() };
    for (name, columns) in inputs() {
        for directed in [true, false] {
            let kind = if directed { "directed" } else { "undirected" };
            let fresh = || graph(&columns, directed);
            group.throughput(Throughput::Elements(fresh().n_arcs() as u64));
            group.bench_function(BenchmarkId::new(name, kind), |b| {
                b.iter_batched(
                    fresh,
                    |graph| {
                        solve(&graph, &[1], &params, &Exec::default());
                        graph
                    },
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, power_iteration, ordered_solvers, push, order);
criterion_main!(benches);
