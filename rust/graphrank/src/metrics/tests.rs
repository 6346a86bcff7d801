use std::sync::Arc;

use rand_xoshiro::rand_core::Rng;

use super::*;
use crate::exec::Exec;
use crate::rng::{Domain, stream};

fn all_measures() -> Vec<Measure> {
    use Kind::{
        AveragePrecision, Bpref, Err, F1, Hit, Judged, Ndcg, Precision, RPrecision, Rbp, Recall,
        ReciprocalRank,
    };
    let kinds = [
        Precision,
        Recall,
        F1,
        Hit,
        ReciprocalRank,
        AveragePrecision,
        Ndcg(Gain::Linear),
        Ndcg(Gain::Exponential),
        Err(3.0),
        Rbp(0.8),
        Bpref,
        RPrecision,
        Judged,
    ];
    let cutoffs = [None, Some(1), Some(2), Some(3), Some(5), Some(9)];
    let least = [None, Some(2.0)];
    kinds
        .into_iter()
        .flat_map(|kind| {
            cutoffs.into_iter().flat_map(move |cutoff| least.map(|least| Measure { kind, cutoff, least }))
        })
        .filter(|measure| !matches!(measure.kind, Bpref | RPrecision) || measure.cutoff.is_none())
        .collect()
}

fn values(input: &Input<'_>, measures: &[Measure]) -> Vec<f64> {
    evaluate(input, measures, Options::default(), &Exec::default()).unwrap().values
}

/// All orders of 0 .. n - 1 (Heap's algorithm).
fn permutations(n: usize) -> Vec<Vec<f64>> {
    fn heap(k: usize, order: &mut Vec<f64>, all: &mut Vec<Vec<f64>>) {
        if k <= 1 {
            all.push(order.clone());
            return;
        }
        for i in 0..k {
            heap(k - 1, order, all);
            order.swap(if k.is_multiple_of(2) { i } else { 0 }, k - 1);
        }
    }
    let mut all = Vec::new();
    heap(n, &mut (0..n).map(|i| f64::from(u32::try_from(i).unwrap())).collect(), &mut all);
    all
}

#[test]
fn an_open_order_gives_the_mean_over_all_orders() {
    let measures = all_measures();
    let mut rng = stream(1, Domain::Generator, 0);
    let mut draw = |n: u64| rng.next_u64() % n;
    for case in 0..60 {
        let n = 1 + case % 6;
        let n_levels = 1 + draw(3);
        let scores: Vec<f64> = (0..n).map(|_| f64::from(u32::try_from(draw(n_levels)).unwrap())).collect();
        let items: Vec<u64> = (0..n as u64).collect();
        // Some of the ranked items are judged, and some others are.
        let judged_items: Vec<u64> = (0..8).filter(|_| draw(3) > 0).collect();
        let labels: Vec<f64> =
            judged_items.iter().map(|_| f64::from(u32::try_from(draw(4)).unwrap())).collect();
        let input = Input {
            judged_queries: &vec![5; labels.len()],
            judged_items: &judged_items,
            labels: &labels,
            queries: &vec![5; n],
            items: &items,
            scores: &scores,
            order: None,
            is_expected: true,
        };
        let expected = values(&input, &measures);
        let orders = permutations(n);
        let mut means = vec![0.0; expected.len()];
        for order in &orders {
            let one = values(&Input { order: Some(order), is_expected: false, ..input }, &measures);
            means.iter_mut().zip(one).for_each(|(mean, value)| *mean += value / orders.len() as f64);
        }
        for (i, (a, b)) in expected.iter().zip(&means).enumerate() {
            let measure = measures[i % measures.len()];
            assert!(
                (a - b).abs() < 1e-12,
                "{measure:?}: {a} is not {b} for {scores:?}, {judged_items:?} {labels:?}"
            );
        }
    }
}

/// Queries 1 and 2 are ranked, 3 is not, 4 has nothing relevant, 9 is not judged.
const EXAMPLE: Input<'static> = Input {
    judged_queries: &[2, 1, 1, 3, 4, 2],
    judged_items: &[20, 10, 11, 30, 40, 21],
    labels: &[1.0, 0.0, 3.0, 1.0, 0.0, 2.0],
    queries: &[1, 9, 2, 1, 2, 4, 2],
    items: &[10, 20, 22, 11, 21, 40, 20],
    scores: &[0.5, 9.0, 3.0, 0.25, 2.0, 1.0, 1.0],
    order: None,
    is_expected: false,
};

#[test]
fn queries_come_in_the_order_of_the_judgements_with_their_rows() {
    let measures = [Measure::new(Kind::ReciprocalRank), Measure::new(Kind::Judged)];
    let found = evaluate(&EXAMPLE, &measures, Options::default(), &Exec::default()).unwrap();
    assert_eq!(found.first_rows, [0, 1, 3, 4]);
    assert_eq!(found.judged_codes, [0, 1, 1, 2, 3, 0]);
    assert_eq!(found.run_codes, [1, NOT_FOUND, 0, 1, 0, 3, 0]);
    assert_eq!(found.matches, [6, 0, 3, NOT_FOUND, 5, 4]);
    assert_eq!(found.values, [1.0 / 2.0, 2.0 / 3.0, 1.0 / 2.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(found.twice, None);
}

#[test]
fn queries_that_cannot_be_measured_count_as_asked() {
    let last = |empty, skips_missing| {
        let options = Options { empty, skips_missing };
        let measures = [Measure::new(Kind::Recall)];
        let found = evaluate(&EXAMPLE, &measures, options, &Exec::default()).unwrap();
        found.values[2..].iter().map(|value| format!("{value}")).collect::<Vec<_>>()
    };
    assert_eq!(last(Empty::Zero, false), ["0", "0"]);
    assert_eq!(last(Empty::One, true), ["NaN", "1"]);
    assert_eq!(last(Empty::Skip, false), ["0", "NaN"]);
}

#[test]
fn an_item_that_comes_twice_is_told_with_its_rows() {
    let twice = |input: &Input<'_>| {
        evaluate(input, &[], Options::default(), &Exec::default())
            .unwrap()
            .twice
            .map(|t| (t.row, t.earlier, t.is_in_run))
    };
    assert_eq!(twice(&Input { items: &[10, 20, 22, 10, 21, 40, 20], ..EXAMPLE }), Some((3, 0, true)));
    assert_eq!(twice(&Input { items: &[10, 20, 22, 11, 22, 40, 22], ..EXAMPLE }), Some((4, 2, true)));
    assert_eq!(twice(&Input { judged_items: &[20, 10, 10, 30, 40, 21], ..EXAMPLE }), Some((2, 1, false)));
    // One that no run ranks.
    assert_eq!(twice(&Input { judged_items: &[77, 10, 11, 30, 40, 77], ..EXAMPLE }), Some((5, 0, false)));
}

#[test]
fn zeros_of_both_signs_tie_and_infinities_have_their_place() {
    let scores = [-0.0, 0.0, f64::NEG_INFINITY, f64::INFINITY];
    let tied = tied_rows(&[1; 4], &scores, &Exec::default()).unwrap();
    assert_eq!(tied, [0, 1]);
    let input = Input {
        judged_queries: &[1],
        judged_items: &[2],
        labels: &[1.0],
        queries: &[1; 4],
        items: &[0, 1, 2, 3],
        scores: &scores,
        ..EXAMPLE
    };
    assert_eq!(values(&input, &[Measure::new(Kind::ReciprocalRank)]), [0.25]);
}

#[test]
fn values_and_intervals_do_not_depend_on_threads() {
    let mut rng = stream(2, Domain::Generator, 0);
    let n = 30_000;
    let queries: Vec<u64> = (0..n).map(|_| rng.next_u64() % 700).collect();
    let items: Vec<u64> = (0..n).collect();
    let scores: Vec<f64> = (0..n).map(|_| (rng.next_u64() % 50) as f64).collect();
    let (judged_queries, judged_items): (Vec<u64>, Vec<u64>) = queries
        .iter()
        .zip(&items)
        .filter(|_| rng.next_u64().is_multiple_of(4))
        .map(|(&q, &i)| (q, i))
        .unzip();
    let labels: Vec<f64> = judged_queries.iter().map(|_| (rng.next_u64() % 4) as f64).collect();
    let input = Input {
        judged_queries: &judged_queries,
        judged_items: &judged_items,
        labels: &labels,
        queries: &queries,
        items: &items,
        scores: &scores,
        order: None,
        is_expected: true,
    };
    let measures = all_measures();
    let with = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let exec = Exec::default().with_pool(Arc::new(pool));
        let found = evaluate(&input, &measures, Options::default(), &exec).unwrap();
        let means = intervals(&found.values, measures.len(), IntervalParams::default(), &exec).unwrap();
        let bounds = means.iter().flat_map(|interval| [interval.mean, interval.low, interval.high]);
        found.values.iter().copied().chain(bounds).map(f64::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn what_is_out_of_range_is_named() {
    let message = |measure| {
        evaluate(&EXAMPLE, &[measure], Options::default(), &Exec::default()).unwrap_err().to_string()
    };
    assert!(message(Measure::new(Kind::Recall).at(0)).starts_with("`metrics`"));
    assert!(message(Measure::new(Kind::Rbp(1.0))).starts_with("`p` must be"));
    assert!(message(Measure::new(Kind::Err(2.0))).starts_with("`max` must be"));
    let zero = Measure { least: Some(0.0), ..Measure::new(Kind::Hit) };
    assert!(message(zero).starts_with("`rel` must be"));
    let refused = |input: &Input<'_>| {
        evaluate(input, &[], Options::default(), &Exec::default()).unwrap_err().to_string()
    };
    assert!(refused(&Input { scores: &[f64::NAN; 7], ..EXAMPLE }).starts_with("`score`, row 0"));
    assert!(refused(&Input { labels: &[f64::INFINITY; 6], ..EXAMPLE }).starts_with("`label`, row 0"));
    assert!(refused(&Input { items: &[1], ..EXAMPLE }).starts_with("`run` must have columns"));
}
