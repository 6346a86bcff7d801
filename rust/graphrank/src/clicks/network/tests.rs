use super::*;
use std::sync::Arc;

/// 12 queries of 10 items each.
fn catalogue() -> (Vec<u32>, Vec<u32>, Vec<u32>, Vec<u32>) {
    let offsets = (0..=12).map(|query| query * 10).collect();
    let items = (0..12).flat_map(|query| (0..10).map(move |i| query * 3 + i)).collect();
    (offsets, items, vec![5; 12], vec![9; 43])
}

fn run(params: &NetworkParams, ticks: u64, exec: &Exec) -> Vec<Probe> {
    let (offsets, items, query_bytes, item_bytes) = catalogue();
    let catalogue = Catalogue {
        offsets: &offsets,
        items: &items,
        query_bytes: &query_bytes,
        item_bytes: &item_bytes,
        tastes: None,
    };
    simulate(&catalogue, params, ticks, exec).unwrap()
}

#[test]
fn peers_agree_in_the_end_if_those_asked_learn_who_asked_and_else_do_not() {
    for gossip in [Gossip::Pull, Gossip::Push] {
        let params = NetworkParams { n_peers: 30, gossip, ..NetworkParams::default() };
        let probes = run(&params, 2000, &Exec::default());
        let (first, last) = (probes[0], probes[probes.len() - 1]);
        assert!(first.footrule[1] > 10.0 && last.footrule == [0.0; 3], "{first:?} {last:?}");
        assert!(last.coverage > 0.9 && last.bytes_versions < last.bytes_suffix / 5);
    }
    let deaf = NetworkParams { n_peers: 30, learns_requester: false, ..NetworkParams::default() };
    let probes = run(&deaf, 2000, &Exec::default());
    assert!(probes[probes.len() - 1].footrule[0] > 0.5 * probes[0].footrule[0]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let attackers = Attackers::Promotion { camouflage: 3 };
    let attack = Attack { attackers, n: 5, clicks: 20, join: 0.25, act: 0.5 };
    let params =
        NetworkParams { n_peers: 20, mode: Mode::Robust, attack: Some(attack), ..NetworkParams::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let alone = run(&params, 600, &Exec::default());
    let together = run(&params, 600, &Exec::default().with_pool(Arc::new(pool)));
    assert_eq!(format!("{alone:?}"), format!("{together:?}"));
    assert!(alone[0].spam_rank.is_nan() && alone[6].spam_rank >= 1.0);
}

#[test]
fn who_signs_two_rows_of_one_number_is_dropped_where_that_is_looked_for() {
    let last = |is_detected| {
        let attackers = Attackers::Equivocation { is_detected };
        let attack = Attack { attackers, n: 5, clicks: 20, join: 0.25, act: 0.5 };
        let params = NetworkParams { n_peers: 20, attack: Some(attack), ..NetworkParams::default() };
        let probes = run(&params, 2000, &Exec::default());
        probes[probes.len() - 1]
    };
    let (naive, wary) = (last(false), last(true));
    assert!(naive.footrule[0] > 0.5 && wary.footrule[0] == 0.0, "{naive:?} {wary:?}");
    assert!(wary.spam_rank > naive.spam_rank);
}

#[test]
fn what_cannot_run_is_refused() {
    let (offsets, items, query_bytes, item_bytes) = catalogue();
    let whole = Catalogue {
        offsets: &offsets,
        items: &items,
        query_bytes: &query_bytes,
        item_bytes: &item_bytes,
        tastes: None,
    };
    let refuses = |catalogue: &Catalogue<'_>, params: &NetworkParams| {
        simulate(catalogue, params, 10, &Exec::default()).unwrap_err().to_string()
    };
    let good = NetworkParams::default();
    assert!(refuses(&whole, &NetworkParams { n_peers: 1, ..good }).starts_with("`n_peers`"));
    assert!(refuses(&whole, &NetworkParams { noise: f64::NAN, ..good }).starts_with("`noise`"));
    assert!(refuses(&whole, &NetworkParams { every: 0, ..good }).starts_with("`every`"));
    assert!(refuses(&Catalogue { item_bytes: &[], ..whole }, &good).starts_with("`catalogue`"));
    assert!(refuses(&Catalogue { offsets: &[0, 3], ..whole }, &good).starts_with("`catalogue`"));
    assert!(refuses(&Catalogue { tastes: Some(&[1.0]), ..whole }, &good).starts_with("`tastes`"));
    let attack = Attack { attackers: Attackers::Random, n: 1, clicks: 1, join: 0.5, act: 0.1 };
    assert!(refuses(&whole, &NetworkParams { attack: Some(attack), ..good }).starts_with("`attack`"));
}
