//! Signed rows per second: verified and held, one core.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use graphrank::Exec;
use graphrank::peers::{Ask, Click, Limits, Received, Replica, SecretKey};

/// Entries of one answer.
const ROWS: u32 = 2000;

fn peer(seed: u8) -> Replica {
    Replica::new(SecretKey::from_seed(&[seed; 32]), Limits::default()).expect("the limits are sound")
}

fn clicks() -> Vec<Click> {
    let click = |i| Click {
        query: format!("genre {:02}", i % 39),
        item: format!("release-{i:016x}"),
        ts: 1_700_000_000_000 + u64::from(i),
        shown: None,
    };
    (0..ROWS).map(click).collect()
}

fn signed_rows(c: &mut Criterion) {
    let mut group = c.benchmark_group("peers");
    group.sample_size(10).throughput(Throughput::Elements(ROWS.into()));
    let mut giver = peer(1);
    let clicks = clicks();
    group.bench_function("sign", |b| {
        b.iter(|| giver.draft_all(black_box(&clicks), &Exec::default()).expect("they can be said"));
    });
    giver.publish_all(&clicks, 0, None, &Exec::default()).expect("they can be said");
    let mut taker = peer(2);
    let question = taker.ask(giver.me(), 1, &Ask::default()).expect("it is another peer");
    let Received::Question(answer) = giver.receive(&question, 1) else { return };
    group.bench_function("verify and hold", |b| {
        let take = |mut taker: Replica| {
            taker.receive(black_box(&answer), 1);
            assert_eq!(taker.n_rows(), ROWS as usize);
            taker
        };
        b.iter_batched(|| taker.clone(), take, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, signed_rows);
criterion_main!(benches);
