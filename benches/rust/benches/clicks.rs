//! A store of clicks that takes rows and answers, and a network of a hundred peers.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use graphrank::Exec;
use graphrank::clicks::network::{Catalogue, NetworkParams, simulate};
use graphrank::clicks::{ClickStore, Mode, RankParams, Rows, StoreParams};
use graphrank::rng::{Domain, stream};
use rand_core::Rng;

const ROWS: usize = 200_000;
/// Users, queries and items.
const KINDS: [u64; 3] = [1_000, 2_000, 20_000];

/// Codes of users, queries and items of random rows; low numbers come more often.
fn columns() -> [Vec<u32>; 3] {
    let mut rng = stream(1, Domain::Generator, 0);
    KINDS.map(|n| {
        let mut draw = || rng.next_u64() % n;
        (0..ROWS).map(|_| u32::try_from(draw().min(draw()).min(draw())).unwrap_or(0)).collect()
    })
}

fn store(columns: &[Vec<u32>; 3]) -> ClickStore {
    let mut store = ClickStore::new(0, b"0", StoreParams::default()).expect("the parameters are sound");
    for (names, n) in store.names().into_iter().zip(KINDS) {
        let keys: Vec<u64> = (names.len() as u64..n).collect();
        names.intern(&keys, &Exec::default()).expect("there are codes for all");
        keys.iter().try_for_each(|key| names.push(key.to_string().as_bytes())).expect("there is memory");
    }
    let rows = Rows { users: &columns[0], queries: &columns[1], items: &columns[2], ..Rows::default() };
    store.ingest(&rows, 0, &Exec::default()).expect("the rows are sound");
    store
}

fn stores(c: &mut Criterion) {
    let columns = columns();
    let mut group = c.benchmark_group("clicks");
    group.sample_size(10).throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("ingest", |b| b.iter(|| store(black_box(&columns))));
    let mut full = store(&columns);
    group.throughput(Throughput::Elements(1));
    for mode in [Mode::Paper, Mode::Robust, Mode::Popularity] {
        let params = RankParams { mode, ..RankParams::default() };
        let mut rank = || {
            let scores = full.scores(black_box(b"0"), &params, &Exec::default()).expect("it is sound");
            full.best(scores.unwrap_or_default(), Some(10)).expect("there is memory")
        };
        group.bench_function(mode.name(), |b| b.iter(&mut rank));
    }
    group.finish();
}

fn network(c: &mut Criterion) {
    let offsets: Vec<u32> = (0..=39).map(|query| 20 * query).collect();
    let items: Vec<u32> = (0..39 * 20).collect();
    let catalogue = Catalogue {
        offsets: &offsets,
        items: &items,
        query_bytes: &[8; 39],
        item_bytes: &[11; 39 * 20],
        tastes: None,
    };
    let mut group = c.benchmark_group("network");
    group.sample_size(10);
    let run = || simulate(&catalogue, &NetworkParams::default(), 10_000, &Exec::default());
    group.bench_function("100 peers, 10,000 ticks", |b| b.iter(|| run().expect("it is sound")));
    group.finish();
}

criterion_group!(benches, stores, network);
criterion_main!(benches);
