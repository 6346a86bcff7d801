//! Measures of rankings: 2,000 queries with 100 ranked and 15 judged items each.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use graphrank::Exec;
use graphrank::metrics::{Gain, Input, IntervalParams, Kind, Measure, Options, evaluate, intervals};
use graphrank::rng::{Domain, stream};
use rand_core::Rng;

const QUERIES: u64 = 2_000;
const ITEMS: u64 = 100;
const JUDGED: u64 = 15;

struct Tables {
    judged: (Vec<u64>, Vec<u64>, Vec<f64>),
    run: (Vec<u64>, Vec<u64>, Vec<f64>),
}

fn tables(is_sorted: bool) -> Tables {
    let mut rng = stream(1, Domain::Generator, 0);
    let mut random = move || f64::from(rng.next_u32());
    let rows = (0..QUERIES).flat_map(|query| (0..ITEMS).map(move |place| (query, place)));
    let run: Vec<(u64, u64)> = rows.collect();
    let scores = run.iter().map(|&(_, place)| if is_sorted { -(place as f64) } else { random() }).collect();
    let judged: Vec<(u64, u64)> = run.iter().copied().filter(|(_, place)| place % ITEMS < JUDGED).collect();
    let labels = judged.iter().map(|(query, place)| ((query + place) % 4) as f64).collect();
    // Keys of names are hashes.
    let keys = |rows: Vec<(u64, u64)>| -> (Vec<u64>, Vec<u64>) {
        let key = |i: u64| stream(i, Domain::Generator, 1).next_u64();
        rows.into_iter().map(|(query, place)| (key(query), key(query * ITEMS + place))).unzip()
    };
    let ((queries, items), (judged_queries, judged_items)) = (keys(run), keys(judged));
    Tables { judged: (judged_queries, judged_items, labels), run: (queries, items, scores) }
}

impl Tables {
    fn input(&self, is_expected: bool) -> Input<'_> {
        Input {
            judged_queries: &self.judged.0,
            judged_items: &self.judged.1,
            labels: &self.judged.2,
            queries: &self.run.0,
            items: &self.run.1,
            scores: &self.run.2,
            order: None,
            is_expected,
        }
    }
}

fn five(c: &mut Criterion) {
    let measures = [
        Measure::new(Kind::Ndcg(Gain::Linear)).at(10),
        Measure::new(Kind::AveragePrecision),
        Measure::new(Kind::ReciprocalRank),
        Measure::new(Kind::Recall).at(100),
        Measure::new(Kind::Precision).at(10),
    ];
    let mut group = c.benchmark_group("five measures of 200,000 rows");
    group.throughput(Throughput::Elements(QUERIES * ITEMS));
    for (name, is_sorted, is_expected) in
        [("sorted", true, false), ("shuffled", false, false), ("open ties", false, true)]
    {
        let tables = tables(is_sorted);
        let input = tables.input(is_expected);
        for n_threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build();
            let exec = Exec::default().with_pool(Arc::new(pool.expect("threads can be started")));
            let measure =
                || evaluate(black_box(&input), &measures, Options::default(), &exec).expect("it is sound");
            group.bench_function(BenchmarkId::new(name, n_threads), |b| b.iter(measure));
        }
    }
    group.finish();
}

fn bootstrap(c: &mut Criterion) {
    let mut rng = stream(2, Domain::Generator, 0);
    let values: Vec<f64> = (0..QUERIES * 5).map(|_| f64::from(rng.next_u32())).collect();
    let draw = || intervals(black_box(&values), 5, IntervalParams::default(), &Exec::default());
    c.bench_function("1,000 samples of 2,000 queries, five measures", |b| b.iter(draw));
}

criterion_group!(benches, five, bootstrap);
criterion_main!(benches);
