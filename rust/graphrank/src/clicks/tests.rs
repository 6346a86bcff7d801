use super::*;
use crate::exec::Exec;
use crate::rng::{Domain, ShortStream, key};

const IDS: u32 = 6;

/// A store of peer 0 whose users, queries and items are the digits.
fn store(params: StoreParams) -> ClickStore {
    let mut store = ClickStore::new(0, b"0", params).unwrap();
    let exec = Exec::default();
    for (kind, names) in store.names().into_iter().enumerate() {
        for id in u32::from(kind == 0)..IDS {
            names.intern(&[id.into()], &exec).unwrap();
            names.push(id.to_string().as_bytes()).unwrap();
        }
    }
    store
}

/// Random rows: user, query, item, number.
fn rows(seed: u64, n: usize) -> Vec<(u32, u32, u32, u64)> {
    let mut draws = ShortStream::new(key(seed, Domain::Generator, 0), 0);
    let mut next = vec![0u64; IDS as usize];
    let mut draw = || u32::try_from(draws.draw() % u64::from(IDS)).unwrap();
    (0..n)
        .map(|_| {
            let user = draw();
            next[user as usize] += 1;
            (user, draw(), draw(), next[user as usize] - 1)
        })
        .collect()
}

fn ingest(store: &mut ClickStore, rows: &[(u32, u32, u32, u64)]) -> Ingested {
    let column = |f: fn(&(u32, u32, u32, u64)) -> u32| rows.iter().map(f).collect::<Vec<_>>();
    let (users, queries, items) = (column(|r| r.0), column(|r| r.1), column(|r| r.2));
    let seqs: Vec<u64> = rows.iter().map(|row| row.3).collect();
    let rows = Rows { users: &users, queries: &queries, items: &items, seqs: Some(&seqs), times: None };
    store.ingest(&rows, 0, &Exec::default()).unwrap()
}

fn answers(store: &mut ClickStore) -> Vec<Vec<Scored>> {
    let exec = Exec::default();
    let mut answers = Vec::new();
    for mode in
        [Mode::Paper, Mode::Robust, Mode::Popularity, Mode::Dinx, Mode::Panache, Mode::Maay, Mode::Cosine]
    {
        for query in [&b"0"[..], b"1", b"2", b"0 3"] {
            let weighting = Weighting { isolation: 0.01, ..Weighting::default() };
            let scores =
                store.scores(query, &RankParams { mode, weighting, ..RankParams::default() }, &exec).unwrap();
            answers.push(store.best(scores.unwrap_or_default(), None).unwrap());
        }
    }
    let trust = Trust::Walks(vec![0]);
    let scores = store.scores(b"1", &RankParams { trust, ..RankParams::default() }, &exec).unwrap();
    answers.push(store.best(scores.unwrap_or_default(), None).unwrap());
    answers
}

#[test]
fn neither_order_nor_repeats_nor_batches_change_an_answer() {
    for seed in 0..50 {
        let rows = rows(seed, 60);
        let mut once = store(StoreParams::default());
        assert_eq!(ingest(&mut once, &rows), Ingested { n_new: 60, n_known: 0, n_clamped: 0 });
        let mut turned = store(StoreParams::default());
        let mut order = rows.clone();
        order.rotate_left(17);
        order.reverse();
        for batch in order.chunks(7) {
            ingest(&mut turned, batch);
            assert_eq!(ingest(&mut turned, &batch[..1]).n_known, 1);
        }
        assert_eq!(answers(&mut once), answers(&mut turned));
    }
}

#[test]
fn counters_are_those_of_sets_made_anew() {
    use std::collections::BTreeSet;
    for seed in 0..30 {
        let rows = rows(seed, 40);
        let mut store = store(StoreParams { top_terms: 2, ..StoreParams::default() });
        ingest(&mut store, &rows);
        let favourites = |peer: u32| {
            let mut counts: Vec<(std::cmp::Reverse<usize>, u32)> = (0..6u32)
                .map(|term| {
                    (std::cmp::Reverse(rows.iter().filter(|r| r.0 == peer && r.1 == term).count()), term)
                })
                .filter(|(n, _)| n.0 > 0)
                .collect();
            counts.sort_unstable();
            counts.into_iter().take(2).map(|(_, term)| term).collect::<BTreeSet<_>>()
        };
        let pairs =
            |peer: u32| rows.iter().filter(|r| r.0 == peer).map(|r| (r.1, r.2)).collect::<BTreeSet<_>>();
        let items = |peer: u32| rows.iter().filter(|r| r.0 == peer).map(|r| r.2).collect::<BTreeSet<_>>();
        let found = store.similarities(&Weighting::default()).unwrap();
        assert_eq!(found.peers.len(), (1..6).filter(|&p| !pairs(p).is_empty()).count());
        for (i, &peer) in found.peers.iter().enumerate() {
            assert_eq!(found.terms[i] as usize, favourites(0).intersection(&favourites(peer)).count());
            assert_eq!(found.pairs[i] as usize, pairs(0).intersection(&pairs(peer)).count());
            assert_eq!(found.unions[i] as usize, items(0).union(&items(peer)).count());
        }
    }
}

#[test]
fn what_was_saved_goes_on_as_if_it_had_never_stopped() {
    for half_life in [None, Some(1000.0)] {
        let params = StoreParams { half_life, ..StoreParams::default() };
        let rows = rows(3, 80);
        let (mut one, mut other) = (store(params), store(params));
        ingest(&mut one, &rows[..50]);
        let (users, firsts, lasts) = one.runs().unwrap();
        other
            .restore(&one.cells().unwrap(), (&users, &firsts, &lasts), one.tally(), &Exec::default())
            .unwrap();
        assert_eq!(ingest(&mut other, &rows), Ingested { n_new: 30, n_known: 50, n_clamped: 0 });
        ingest(&mut one, &rows[50..]);
        assert_eq!((answers(&mut one), one.counts()), (answers(&mut other), other.counts()));
    }
}

#[test]
fn a_click_fades_and_one_from_the_future_is_of_now() {
    let mut store = store(StoreParams { half_life: Some(10.0), ..StoreParams::default() });
    let rows = Rows { users: &[1, 1], queries: &[0, 0], items: &[0, 1], seqs: None, times: Some(&[-20, 90]) };
    assert_eq!(store.ingest(&rows, 0, &Exec::default()).unwrap().n_clamped, 1);
    let params = RankParams { mode: Mode::Popularity, ..RankParams::default() };
    let scores = store.scores(b"0", &params, &Exec::default()).unwrap().unwrap();
    assert!((scores[0].1 - 0.25).abs() < 1e-15 && (scores[1].1 - 1.0).abs() < 1e-15);
    // Thousands of half-lives later the old ones are gone, and nothing overflows.
    let rows = Rows { users: &[2], queries: &[0], items: &[2], ..Rows::default() };
    store.ingest(&rows, 100_000, &Exec::default()).unwrap();
    let scores = store.scores(b"0", &params, &Exec::default()).unwrap().unwrap();
    assert!(scores[0].1 == 0.0 && scores[1].1 == 0.0 && (scores[2].1 - 1.0).abs() < 1e-15);
}

#[test]
fn rows_that_cannot_be_counted_change_nothing() {
    let mut store = store(StoreParams::default());
    let good = Rows { users: &[1], queries: &[0], items: &[0], ..Rows::default() };
    for bad in [
        Rows { users: &[1, 9], queries: &[0, 0], items: &[0, 0], ..Rows::default() },
        Rows { items: &[], ..good },
        Rows { seqs: Some(&[u64::MAX]), ..good },
        Rows { times: Some(&[]), ..good },
    ] {
        assert!(store.ingest(&bad, 0, &Exec::default()).is_err());
        assert_eq!((store.totals(), store.counts()), (Ingested::default(), [0; 4]));
    }
    assert_eq!(store.ingest(&good, 0, &Exec::default()).unwrap().n_new, 1);
}

#[test]
fn queries_that_have_names_but_no_rows_change_no_answer() {
    let rows = rows(5, 30);
    let (mut plain, mut named) = (store(StoreParams::default()), store(StoreParams::default()));
    for query in ["0 1", "9", "3 9"] {
        named.names()[1].push(query.as_bytes()).unwrap();
    }
    ingest(&mut plain, &rows);
    ingest(&mut named, &rows);
    assert_eq!(answers(&mut plain), answers(&mut named));
    for mode in [Mode::Paper, Mode::Panache, Mode::Maay] {
        let params = RankParams { mode, ..RankParams::default() };
        assert!(named.scores(b"9", &params, &Exec::default()).unwrap().is_none());
    }
}

#[test]
fn scores_are_told_apart_however_small_or_large_trust_and_isolation_make_them() {
    let mut store = store(StoreParams::default());
    let rows = Rows { users: &[1, 2], queries: &[0, 0], items: &[4, 5], ..Rows::default() };
    store.ingest(&rows, 0, &Exec::default()).unwrap();
    let mut ask = |trust: f64, isolation: f64| {
        let weighting = Weighting { isolation, scale: IsolationScale::Absolute, ..Weighting::default() };
        let trust = Trust::Given(vec![(1, trust / 1.5), (2, trust)]);
        let params = RankParams { mode: Mode::Paper, weighting, trust };
        store.scores(b"0", &params, &Exec::default()).map(|scores| store.best(scores.unwrap(), None).unwrap())
    };
    for (trust, isolation) in [(1.0, 1e-13), (1e-5, 1.0), (1e100, 1.0), (1.0, 1e100), (1e100, 1e100)] {
        let best = ask(trust, isolation).unwrap();
        assert_eq!((best[0].0, best[1].0), (5, 4), "{best:?}");
        assert!(best.iter().all(|(_, score)| score.is_finite() && *score > 0.0));
    }
    for (trust, isolation, name) in
        [(1e101, 1.0, "`trust`"), (f64::NAN, 1.0, "`trust`"), (1.0, 1e101, "`iso")]
    {
        assert!(ask(trust, isolation).unwrap_err().to_string().starts_with(name));
    }
}
