//! Aggregation of rankings: 100 random orders of 1,000 items, and Kemeny's rule on parts that are solved and searched.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use graphrank::Exec;
use graphrank::aggregate::{Combine, Normalise, Rule, Unlisted, aggregate, kendall, rbo};
use graphrank::rng::{Domain, stream};
use graphrank::submodular::Rankings;
use rand_core::Rng;

/// Rankings, items and ranks of random orders.
struct Orders {
    n_items: u32,
    n_rankings: u32,
    rankings: Vec<u32>,
    items: Vec<u32>,
    ranks: Vec<f64>,
}

impl Orders {
    fn new(n_items: u32, n_rankings: u32) -> Self {
        let mut rng = stream(1, Domain::Generator, u64::from(n_items));
        let rows = (0..n_rankings).flat_map(|ranking| (0..n_items).map(move |item| (ranking, item)));
        let (rankings, items) = rows.unzip();
        let ranks = (0..n_rankings * n_items).map(|_| f64::from(rng.next_u32())).collect();
        Self { n_items, n_rankings, rankings, items, ranks }
    }

    fn input(&self) -> Rankings<'_> {
        Rankings {
            n_items: self.n_items as usize,
            n_rankings: self.n_rankings as usize,
            rankings: &self.rankings,
            items: &self.items,
            ranks: &self.ranks,
            weights: None,
        }
    }
}

fn rules(c: &mut Criterion) {
    let mut group = c.benchmark_group("100 random orders of 1,000 items");
    group.sample_size(10);
    let orders = Orders::new(1_000, 100);
    for (name, rule) in [
        ("borda", Rule::Borda { trim: 0.0 }),
        ("trimmed borda", Rule::Borda { trim: 0.1 }),
        ("rrf", Rule::ReciprocalRank { k: 60.0 }),
        ("combsum", Rule::Comb(Combine::Sum, Normalise::MinMax)),
        ("copeland", Rule::Copeland),
        ("mc4", Rule::Mc4 { damping: 0.95 }),
    ] {
        let combine = || aggregate(black_box(orders.input()), rule, Unlisted::Last, &Exec::default());
        group.bench_function(BenchmarkId::from_parameter(name), |b| b.iter(combine));
    }
    group.finish();
}

fn kemeny(c: &mut Criterion) {
    let mut group = c.benchmark_group("kemeny, 5 random orders");
    group.sample_size(10);
    for n_items in [16, 20, 100, 400] {
        let orders = Orders::new(n_items, 5);
        let combine = || aggregate(black_box(orders.input()), Rule::Kemeny, Unlisted::Last, &Exec::default());
        group.bench_function(BenchmarkId::from_parameter(n_items), |b| b.iter(combine));
    }
    group.finish();
}

fn alike(c: &mut Criterion) {
    let orders = Orders::new(100_000, 2);
    let (x, y) = orders.ranks.split_at(100_000);
    c.bench_function("kendall, 100,000 items", |b| b.iter(|| kendall(black_box(x), y)));
    c.bench_function("rbo, 100,000 items", |b| b.iter(|| rbo(black_box(x), y, 0.98)));
}

criterion_group!(benches, rules, kemeny, alike);
criterion_main!(benches);
