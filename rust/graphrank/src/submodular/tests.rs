//! Against exhaustive search on small objectives of every kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::samples::{Draws, N_KINDS, Sample, elements, sample};
use super::*;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::rng::mix;

/// The best value of at most k of the elements of `live`.
fn optimum(values: &[f64], live: usize, k: usize) -> f64 {
    let sets = (0..values.len()).filter(|set| set & !live == 0 && set.count_ones() as usize <= k);
    sets.map(|set| values[set]).fold(0.0, f64::max)
}

fn bits(elements: &[u32]) -> usize {
    elements.iter().map(|&e| 1 << e).sum()
}

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs())
}

#[test]
fn gains_of_every_objective_are_those_of_its_definition() {
    for seed in 0..40 * N_KINDS {
        let Sample { name, objective, values } = sample(8, seed % N_KINDS, seed);
        let draws = &mut Draws(mix(seed) << 9);
        let mut prefix = Arc::clone(&objective).prefix().unwrap();
        let mut picks: Vec<u32> = Vec::new();
        for _ in 0..12 {
            let others: Vec<u32> = (0..8).filter(|e| !picks.contains(e)).collect();
            if others.len() < 3 || draws.below(4) == 0 {
                let len = draws.below(picks.len() as u64 + 1) as usize;
                prefix.truncate(len);
                picks.truncate(len);
                continue;
            }
            let pick = others[draws.below(others.len() as u64) as usize];
            let before = values[bits(&picks)];
            picks.push(pick);
            assert!(is_close(prefix.push(pick).unwrap(), values[bits(&picks)] - before), "{name} {seed}");
            for &element in others.iter().filter(|&&element| element != pick) {
                let wanted: Vec<f64> = (0..=picks.len())
                    .map(|len| values[bits(&picks[..len]) | 1 << element] - values[bits(&picks[..len])])
                    .collect();
                let mut drops = vec![0.0; picks.len() + 1];
                let has_profile = prefix.profile(element, 2.0, &mut drops);
                for len in 0..wanted.len() {
                    let mut gain = [0.0];
                    prefix.gains(len, &[element], &mut gain).unwrap();
                    assert!(is_close(gain[0], wanted[len]), "{name} {seed}: {} {}", gain[0], wanted[len]);
                    let left = drops[len..].iter().rev().sum::<f64>() / 2.0;
                    assert!(
                        !has_profile || is_close(left, wanted[len]),
                        "{name} {seed}: {left} {}",
                        wanted[len]
                    );
                    for threshold in [0.1, 0.3, 1.01] {
                        let mut scan = Scan::new(len, threshold);
                        let mut depth = [0];
                        prefix.depths(&mut scan, &[element], &mut depth).unwrap();
                        let deep =
                            wanted[..=len].iter().take_while(|&&gain| gain >= threshold * (1.0 - 1e-9));
                        assert_eq!(depth[0] as usize, deep.count(), "{name} {seed}");
                    }
                }
            }
        }
    }
}

/// Follows a random stream and checks after every update what is promised. Returns after how many updates guesses were
/// still being built.
fn follow(seed: u64, guesses: Guesses, n_updates: usize) -> usize {
    let n = 9;
    let Sample { name, objective, values } = sample(n, seed % N_KINDS, seed);
    let draws = &mut Draws(mix(seed ^ 77) << 9);
    let (k, eps) = (1 + draws.below(4) as usize, [0.05, 0.1, 0.3][draws.below(3) as usize]);
    let stability = [0.0, 0.0, 0.2][draws.below(3) as usize];
    let params = DynamicParams { k, eps, guesses, stability, seed, ..DynamicParams::default() };
    let mut best = DynamicMaximizer::new(objective, params).unwrap();
    let exec = &Exec::default();
    let share = (1.0 - stability)
        * match guesses {
            Guesses::Pair => 1.0 / (2.0 + eps),
            Guesses::All => 1.0 / (2.0 * (1.0 + eps)),
        };
    let (mut live, mut n_building) = (0usize, 0);
    for _ in 0..n_updates {
        if draws.below(8) == 0 {
            let batch = draws.below(1 << n) as usize;
            best.update(&elements(live & batch), &elements(batch & !live), exec).unwrap();
            live ^= batch;
        } else {
            let element = draws.below(n as u64) as u32;
            live ^= 1 << element;
            match live >> element & 1 {
                1 => best.insert(element, exec).unwrap(),
                _ => best.delete(element, exec).unwrap(),
            }
        }
        let what = format!("{name}, seed {seed}, k {k}, eps {eps}, stability {stability}, {live:b}");
        let set = bits(best.elements());
        let (value, bound, wanted) = (best.value(), best.upper_bound(), optimum(&values, live, k));
        assert!(set & !live == 0 && best.elements().len() == set.count_ones() as usize, "{what}");
        assert!(best.elements().len() <= k && bits(&best.live().unwrap()) == live, "{what}");
        assert!(is_close(value, values[set]) && is_close(value, best.gains().iter().sum()), "{what}");
        assert!(value >= share * wanted * (1.0 - 1e-8), "{what}: {value} of {wanted}");
        assert!(bound >= wanted * (1.0 - 1e-8) && bound >= value, "{what}: {bound} below {wanted}");
        // Of two neighbours one of which is full the certificate is as good as the bound.
        let is_certified = best.certified_ratio() >= share * (1.0 - 1e-8);
        assert!(guesses == Guesses::All || stability > 0.0 || is_certified, "{what}");
        let refined = best.solution(true, exec).unwrap();
        assert!(refined.value >= value && is_close(refined.value, values[bits(&refined.elements)]), "{what}");
        best.check_invariants();
        n_building += usize::from(best.is_building());
    }
    n_building
}

#[test]
fn pairs_of_guesses_keep_their_bound_after_every_update() {
    let n_building: usize = (0..30 * N_KINDS).map(|seed| follow(seed, Guesses::Pair, 40)).sum();
    assert!(n_building > 1_000, "{n_building}");
}

#[test]
fn all_guesses_keep_their_bound_after_every_update() {
    let n_building: usize = (0..6 * N_KINDS).map(|seed| follow(seed, Guesses::All, 25)).sum();
    assert_eq!(n_building, 0);
}

#[test]
#[ignore = "minutes: cargo test --release -p graphrank --lib a_million -- --ignored"]
fn a_million_updates_keep_their_bounds() {
    let pair = (1_000..1_000 + 12_500).map(|seed| follow(seed, Guesses::Pair, 60)).sum::<usize>();
    let all = (1_000..1_000 + 5_000).map(|seed| follow(seed, Guesses::All, 50)).sum::<usize>();
    assert!(pair > 10_000 && all == 0, "{pair} {all}");
}

#[test]
fn greedy_methods_keep_their_bounds() {
    for seed in 0..20 * N_KINDS {
        let Sample { name, objective, values } = sample(9, seed % N_KINDS, seed);
        for k in 1..5 {
            let wanted = optimum(&values, (1 << 9) - 1, k);
            for method in [Method::Lazy, Method::Stochastic, Method::Threshold] {
                let params = MaximizeParams { k, method, seed, ..MaximizeParams::default() };
                let best = maximize(&objective, None, &params, &Exec::default()).unwrap();
                let share = if method == Method::Stochastic { 0.0 } else { 1.0 - (-1.0f64).exp() - 0.05 };
                assert!(best.value >= share * wanted * (1.0 - 1e-8), "{name} {seed} {method:?}");
                assert!(best.upper_bound >= wanted * (1.0 - 1e-8), "{name} {seed} {method:?}");
                assert!(is_close(best.value, values[bits(&best.elements)]), "{name} {seed} {method:?}");
                assert!(best.elements.len() <= k);
            }
        }
    }
}

#[test]
fn each_pick_is_uniform_among_the_survivors() {
    // Ten equal and disjoint sets, of which those that stay are 2, 3, 5, 6 and 8: each order of picks is equally likely.
    let columns: Vec<u32> = (0..10).collect();
    let sets = Triples { n_rows: 10, n_columns: 10, rows: &columns, columns: &columns, values: None };
    let objective: Arc<dyn Objective> = Arc::new(Coverage::new(sets, None, &Exec::default()).unwrap());
    let exec = &Exec::default();
    for is_batched in [false, true] {
        let mut counts = [[0.0f64; 10]; 10];
        let n_runs = 20_000;
        for seed in 0..n_runs {
            let params = DynamicParams { k: 2, seed, eps: 0.3, ..DynamicParams::default() };
            let mut best = DynamicMaximizer::new(Arc::clone(&objective), params).unwrap();
            if is_batched {
                best.update(&[], &[0, 1, 2, 3], exec).unwrap();
                best.update(&[0], &[4, 5, 6, 8], exec).unwrap();
                best.update(&[1, 4], &[], exec).unwrap();
            } else {
                (0..6).for_each(|element| best.insert(element, exec).unwrap());
                [0, 4].iter().for_each(|&element| best.delete(element, exec).unwrap());
                (6..9).for_each(|element| best.insert(element, exec).unwrap());
                [7, 1].iter().for_each(|&element| best.delete(element, exec).unwrap());
            }
            let &[first, second] = best.elements() else { unreachable!() };
            counts[first as usize][second as usize] += 1.0;
        }
        let expected = n_runs as f64 / 20.0;
        let live = [2, 3, 5, 6, 8];
        let pairs = live.iter().flat_map(|&a| live.iter().map(move |&b| (a, b))).filter(|(a, b)| a != b);
        let chi: f64 = pairs.map(|(a, b)| (counts[a][b] - expected).powi(2) / expected).sum();
        // 19 degrees of freedom: 43.8 is exceeded once in a thousand.
        assert!(chi < 43.8, "{chi}");
    }
}

/// 3,000 elements that cover a few of 2,000 items each, early ones more.
fn large() -> Arc<dyn Objective> {
    let draws = &mut Draws(99);
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    for row in 0..3_000u32 {
        for _ in 0..2 + 400 / (row + 1) + draws.below(6) as u32 {
            rows.push(row);
            columns.push(draws.below(2_000) as u32);
        }
    }
    let sets = Triples { n_rows: 3_000, n_columns: 2_000, rows: &rows, columns: &columns, values: None };
    Arc::new(Coverage::new(sets, None, &Exec::default()).unwrap())
}

fn stream(n: usize, n_updates: usize) -> (Vec<u32>, Vec<bool>) {
    let draws = &mut Draws(5);
    let mut is_live = vec![false; n];
    let changes = (0..n_updates).map(|_| {
        let element = draws.below(n as u64) as usize;
        is_live[element] = !is_live[element];
        (element as u32, is_live[element])
    });
    changes.unzip()
}

#[test]
fn results_do_not_depend_on_threads() {
    let objective = large();
    let (elements, is_insert) = stream(3_000, 4_000);
    for guesses in [Guesses::Pair, Guesses::All] {
        let runs = [1, 2, 5].map(|n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let exec = Exec::default().with_pool(Arc::new(pool));
            let params = DynamicParams { k: 8, eps: 0.2, guesses, ..DynamicParams::default() };
            let mut best = DynamicMaximizer::new(Arc::clone(&objective), params).unwrap();
            best.update(&[], &(0..3_000).collect::<Vec<_>>(), &exec).unwrap();
            best.update(&(0..3_000).collect::<Vec<_>>(), &[], &exec).unwrap();
            let options = ApplyOptions { every: 50, batch: if guesses == Guesses::All { 100 } else { 1 } };
            let mut log = best.apply(&elements, &is_insert, options, &exec).unwrap();
            log.micros.clear();
            (log, best.elements().to_vec(), best.counters())
        });
        assert!(runs[0] == runs[1] && runs[0] == runs[2]);
        assert!(runs[0].0.ratio.iter().all(|&ratio| ratio > 0.45));
    }
}

#[test]
fn what_users_delete_because_it_is_shown_costs_little() {
    let objective = large();
    let exec = &Exec::default();
    let params = DynamicParams { k: 10, ..DynamicParams::default() };
    let mut best = DynamicMaximizer::new(Arc::clone(&objective), params).unwrap();
    best.update(&[], &(0..3_000).collect::<Vec<_>>(), exec).unwrap();
    let draws = &mut Draws(1);
    for _ in 0..500 {
        let shown = best.elements();
        let element = shown[draws.below(shown.len() as u64) as usize];
        best.delete(element, exec).unwrap();
        let params = MaximizeParams { k: 10, ..MaximizeParams::default() };
        let greedy = maximize(&objective, Some(&best.live().unwrap()), &params, exec).unwrap();
        assert!(best.value() >= 0.75 * greedy.value, "{} of {}", best.value(), greedy.value);
    }
}

/// The sum of the codes of a set; fails when its credit is used up.
struct Credit(Arc<AtomicI64>);

impl Oracle for Credit {
    fn value(&self, set: &[u32]) -> Result<f64> {
        if self.0.fetch_sub(1, Relaxed) <= 0 {
            return Err(Error::Oracle { source: "no credit".into() });
        }
        Ok(set.iter().map(|&element| f64::from(element % 7) + 1.0).sum())
    }
}

#[test]
fn a_failing_function_leaves_the_last_whole_update() {
    for guesses in [Guesses::Pair, Guesses::All] {
        let credit = Arc::new(AtomicI64::new(i64::MAX));
        let objective = Callable::new(40, Box::new(Credit(Arc::clone(&credit))), OnViolation::Error).unwrap();
        let params = DynamicParams { k: 3, eps: 0.3, guesses, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(Arc::new(objective), params).unwrap();
        let exec = &Exec::default();
        let draws = &mut Draws(3);
        let mut n_failed = 0;
        for _ in 0..300 {
            let element = draws.below(40) as u32;
            let before = (
                best.live().unwrap(),
                best.elements().to_vec(),
                best.value(),
                best.upper_bound(),
                best.steps(),
            );
            credit.store(draws.below(20).cast_signed(), Relaxed);
            let change = |best: &mut DynamicMaximizer| match best.is_live(element) {
                true => best.delete(element, exec),
                false => best.insert(element, exec),
            };
            if let Err(error) = change(&mut best) {
                assert_eq!(error.to_string(), "the objective failed: no credit");
                n_failed += 1;
                let after = (
                    best.live().unwrap(),
                    best.elements().to_vec(),
                    best.value(),
                    best.upper_bound(),
                    best.steps(),
                );
                assert_eq!(before, after);
                credit.store(i64::MAX, Relaxed);
                change(&mut best).unwrap();
            }
            credit.store(i64::MAX, Relaxed);
            best.check_invariants();
            let mut worths: Vec<u32> = best.live().unwrap().iter().map(|&e| e % 7 + 1).collect();
            worths.sort_unstable_by(|a, b| b.cmp(a));
            let wanted: u32 = worths.iter().take(3).sum();
            assert!(best.value() >= f64::from(wanted) / 2.6);
        }
        assert!(n_failed > 20, "{n_failed}");
    }
}

#[test]
fn bad_changes_name_their_row_and_change_nothing() {
    let exec = &Exec::default();
    let mut best = DynamicMaximizer::new(large(), DynamicParams::default()).unwrap();
    best.update(&[], &[1, 2, 3], exec).unwrap();
    let message = |result: Result<()>| result.unwrap_err().to_string();
    assert_eq!(message(best.update(&[1, 9], &[4], exec)), "`deletions`, row 1: element 9 is no candidate");
    assert_eq!(
        message(best.update(&[1], &[4, 2], exec)),
        "`insertions`, row 1: element 2 is a candidate already"
    );
    assert_eq!(message(best.insert(3_000, exec)), "`insertions`, row 0: must be below 3000, got 3000");
    let error = best.apply(&[7, 8, 7], &[true; 3], ApplyOptions::default(), exec).unwrap_err();
    assert_eq!(error.to_string(), "`elements`, row 2: element 7 is a candidate already");
    assert_eq!((best.live().unwrap(), best.steps()), (vec![1, 2, 3, 7, 8], 5));
    assert!(DynamicMaximizer::new(large(), DynamicParams { k: 0, ..DynamicParams::default() }).is_err());
    assert!(DynamicMaximizer::new(large(), DynamicParams { eps: 1.0, ..DynamicParams::default() }).is_err());
    let params = DynamicParams { conflict: Conflict::Ignore, ..DynamicParams::default() };
    let mut best = DynamicMaximizer::new(large(), params).unwrap();
    best.update(&[5], &[1, 1], exec).unwrap();
    assert_eq!((best.n_live(), best.steps()), (1, 3));
}

#[test]
fn another_k_is_taken_up_at_once() {
    let exec = &Exec::default();
    for guesses in [Guesses::Pair, Guesses::All] {
        let params = DynamicParams { k: 2, guesses, eps: 0.2, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(large(), params).unwrap();
        best.update(&[], &(50..350).collect::<Vec<_>>(), exec).unwrap();
        for k in [9, 1, 40] {
            best.set_k(k, exec).unwrap();
            best.check_invariants();
            let params = MaximizeParams { k, ..MaximizeParams::default() };
            let live = best.live().unwrap();
            let greedy = maximize(best.objective(), Some(&live), &params, exec).unwrap();
            assert!(best.elements().len() <= k && best.value() >= greedy.value / 2.4);
            best.delete(live[k], exec).unwrap();
        }
    }
}

/// f({a, b}) is more than f({a}) + f({b}).
struct Synergy;

impl Oracle for Synergy {
    fn value(&self, set: &[u32]) -> Result<f64> {
        Ok((set.len() * set.len()) as f64)
    }
}

#[test]
fn functions_that_are_not_submodular_are_found_out() {
    let exec = &Exec::default();
    let make = |on_violation| -> Arc<dyn Objective> {
        Arc::new(Callable::new(5, Box::new(Synergy), on_violation).unwrap())
    };
    let mut best = DynamicMaximizer::new(make(OnViolation::Error), DynamicParams::default()).unwrap();
    let error = best.update(&[], &[0, 1, 2], exec).unwrap_err().to_string();
    assert!(error.starts_with("`objective` is not submodular: element"), "{error}");
    let counted = make(OnViolation::Count);
    let mut best = DynamicMaximizer::new(Arc::clone(&counted), DynamicParams::default()).unwrap();
    best.update(&[], &[0, 1, 2], exec).unwrap();
    assert!(counted.violations().submodular > 0 && best.value() > 0.0);
}

#[test]
fn a_restored_snapshot_goes_on_as_if_it_had_never_stopped() {
    let exec = &Exec::default();
    for seed in 0..4 * N_KINDS {
        let Sample { name, objective, .. } = sample(9, seed % N_KINDS, seed);
        let guesses = if seed % 2 == 0 { Guesses::Pair } else { Guesses::All };
        let stability = if seed % 3 == 0 { 0.1 } else { 0.0 };
        let params = DynamicParams { k: 3, eps: 0.1, guesses, stability, seed, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(Arc::clone(&objective), params).unwrap();
        let (elements, is_insert) = stream(9, 120);
        let options = ApplyOptions { every: 1, batch: 1 };
        for (elements, is_insert) in elements.chunks(20).zip(is_insert.chunks(20)) {
            let bytes = best.snapshot().unwrap();
            let mut other = DynamicMaximizer::restore(Arc::clone(&objective), &bytes, exec).unwrap();
            assert_eq!(other.snapshot().unwrap().len(), bytes.len());
            other.check_invariants();
            let logs = [&mut best, &mut other].map(|best| {
                let mut log = best.apply(elements, is_insert, options, exec).unwrap();
                log.micros.clear();
                (log, best.elements().to_vec(), best.gains().to_vec(), best.counters())
            });
            assert_eq!(logs[0], logs[1], "{name} {seed}");
            best = other;
        }
    }
}

#[test]
fn altered_snapshots_are_refused() {
    let exec = &Exec::default();
    let objective = large();
    let mut best = DynamicMaximizer::new(Arc::clone(&objective), DynamicParams::default()).unwrap();
    best.update(&[], &(0..50).collect::<Vec<_>>(), exec).unwrap();
    let bytes = best.snapshot().unwrap();
    let restore = |bytes: &[u8]| DynamicMaximizer::restore(Arc::clone(&objective), bytes, exec).map(|_| ());
    assert!(restore(&bytes).is_ok());
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1 << (at % 8);
        assert!(restore(&altered).is_err(), "byte {at}");
        assert!(restore(&bytes[..at]).is_err(), "{at} bytes");
    }
    // Altered by one who knows the checksum: an error or a maximiser, never a panic.
    let body = bytes.len() - 8;
    for at in (16..body).step_by(8) {
        for word in [0, 1, 7, 49, 50, 3_000, u64::from(u32::MAX), u64::MAX, 1 << 62] {
            let mut altered = bytes[..body].to_vec();
            altered[at..at + 8].copy_from_slice(&word.to_le_bytes());
            altered.extend_from_slice(&xxhash_rust::xxh3::xxh3_64(&altered).to_le_bytes());
            let _ = restore(&altered);
        }
    }
    let other: Arc<dyn Objective> = sample(9, 0, 0).objective;
    let error = DynamicMaximizer::restore(other, &bytes, exec).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "`snapshot` is of another objective");
}
