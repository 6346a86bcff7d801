//! What updates do, whatever the objective: order, threads, failures, snapshots.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::samples::{Draws, N_KINDS, Sample, sample};
use super::tests::STRATEGIES;
use super::*;
use crate::error::{Error, Result};
use crate::exec::Exec;

#[test]
fn greedy_is_what_selecting_once_from_the_candidates_gives() {
    let exec = &Exec::default();
    for seed in 0..2 * N_KINDS {
        let Sample { name, objective, .. } = sample(9, seed % N_KINDS, seed);
        let params = DynamicParams { k: 3, strategy: Strategy::Greedy, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(Arc::clone(&objective), params).unwrap();
        let (elements, is_insert) = stream(9, 40);
        for (element, is_insert) in elements.into_iter().zip(is_insert) {
            match is_insert {
                true => best.insert(element, exec).unwrap(),
                false => best.delete(element, exec).unwrap(),
            }
            let params = MaximizeParams { k: 3, ..MaximizeParams::default() };
            let once = maximize(&objective, Some(&best.live().unwrap()), &params, exec).unwrap();
            assert_eq!(best.elements(), once.elements, "{name}");
            assert_eq!((best.gains(), best.value()), (&once.gains[..], once.value), "{name}");
            assert_eq!(best.upper_bound(), once.upper_bound, "{name}");
        }
    }
}

#[test]
fn a_sieve_meets_candidates_as_they_came() {
    let exec = &Exec::default();
    let columns: Vec<u32> = (0..9).collect();
    let sets = Triples { n_rows: 9, n_columns: 9, rows: &columns, columns: &columns, values: None };
    let objective: Arc<dyn Objective> = Arc::new(Coverage::new(sets, None, exec).unwrap());
    for guesses in [Guesses::Pair, Guesses::All] {
        let params = DynamicParams { k: 4, strategy: Strategy::Sieve, guesses, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(Arc::clone(&objective), params).unwrap();
        let draws = &mut Draws(7);
        // Ranks are spread for 63 arrivals and run out some ten times, once within a single update.
        let mut came: Vec<u32> = Vec::new();
        for step in 0..1_000 {
            let n_operations = if step == 500 { 300 } else { 1 + draws.below(3) as usize };
            let before = came.clone();
            let (mut elements, mut is_insert) = (Vec::new(), Vec::new());
            for _ in 0..n_operations {
                let element = draws.below(9) as u32;
                let n_before = came.len();
                came.retain(|&other| other != element);
                is_insert.push(came.len() == n_before);
                came.extend(is_insert[elements.len()].then_some(element));
                elements.push(element);
            }
            if draws.below(4) == 0 {
                // An update that fails at its end.
                elements.push(9);
                is_insert.push(true);
                came = before;
            }
            let options = ApplyOptions { every: 0, batch: elements.len() };
            assert_eq!(best.apply(&elements, &is_insert, options, exec).is_err(), elements.ends_with(&[9]));
            let mut live = best.live().unwrap();
            live.sort_unstable_by_key(|&element| best.ground.rank(element));
            assert_eq!(live, came, "step {step}");
            // Sets that share nothing are picked in the order they are met in.
            if !elements.ends_with(&[9]) {
                assert_eq!(best.elements(), &came[..came.len().min(4)], "step {step}");
                best.check_invariants();
            }
        }
    }
}

/// 3,000 elements that cover a few of 2,000 items each, early ones more.
pub(super) fn large() -> Arc<dyn Objective> {
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

/// Those that keep guesses, with both ways to choose these.
fn strategies() -> Vec<(Strategy, Guesses)> {
    let both = |strategy| [(strategy, Guesses::Pair), (strategy, Guesses::All)];
    STRATEGIES.into_iter().flat_map(both).collect()
}

pub(super) fn stream(n: usize, n_updates: usize) -> (Vec<u32>, Vec<bool>) {
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
    for (strategy, guesses) in strategies() {
        let runs = [1, 2, 5].map(|n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let exec = Exec::default().with_pool(Arc::new(pool));
            let params = DynamicParams { k: 8, eps: 0.2, strategy, guesses, ..DynamicParams::default() };
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
    // Slices are so short in tests that guesses are being built most of the time: less than what users see.
    for (strategy, wanted) in [(Strategy::Robust, 0.7), (Strategy::Polylog, 0.7), (Strategy::Sieve, 0.55)] {
        let params = DynamicParams { k: 10, strategy, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(Arc::clone(&objective), params).unwrap();
        best.update(&[], &(0..3_000).collect::<Vec<_>>(), exec).unwrap();
        let draws = &mut Draws(1);
        let mut least = 1.0f64;
        for _ in 0..500 {
            let shown = best.elements();
            let element = shown[draws.below(shown.len() as u64) as usize];
            best.delete(element, exec).unwrap();
            let params = MaximizeParams { k: 10, ..MaximizeParams::default() };
            let greedy = maximize(&objective, Some(&best.live().unwrap()), &params, exec).unwrap();
            least = least.min(best.value() / greedy.value);
        }
        assert!(least >= wanted, "{strategy:?}: {least}");
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
    for (strategy, guesses) in strategies() {
        let credit = Arc::new(AtomicI64::new(i64::MAX));
        let objective = Callable::new(40, Box::new(Credit(Arc::clone(&credit))), OnViolation::Error).unwrap();
        let params = DynamicParams { k: 3, eps: 0.3, strategy, guesses, ..DynamicParams::default() };
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
    for (strategy, guesses) in strategies() {
        let params = DynamicParams { k: 2, strategy, guesses, eps: 0.2, ..DynamicParams::default() };
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

#[test]
fn a_restored_snapshot_goes_on_as_if_it_had_never_stopped() {
    let exec = &Exec::default();
    for seed in 0..12 * N_KINDS {
        let Sample { name, objective, .. } = sample(9, seed % N_KINDS, seed);
        let (strategy, guesses) = strategies()[seed as usize % strategies().len()];
        let stability = if seed % 3 == 0 { 0.1 } else { 0.0 };
        let k = 1 + seed as usize / 3 % 3;
        let params =
            DynamicParams { k, eps: 0.1, strategy, guesses, stability, seed, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(Arc::clone(&objective), params).unwrap();
        let (elements, is_insert) = stream(9, 200);
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
    assert_eq!(error.to_string(), "`data` is of another objective");
}

#[test]
fn one_pick_is_certified_by_the_best_candidate() {
    let exec = &Exec::default();
    for guesses in [Guesses::Pair, Guesses::All] {
        let params = DynamicParams { k: 1, eps: 0.9, guesses, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(large(), params).unwrap();
        best.insert(7, exec).unwrap();
        assert!(best.certified_ratio() > 0.9999, "{}", best.certified_ratio());
        best.update(&[], &(100..400).collect::<Vec<_>>(), exec).unwrap();
        let params = MaximizeParams { k: 1, ..MaximizeParams::default() };
        let most = maximize(best.objective(), Some(&best.live().unwrap()), &params, exec).unwrap().value;
        assert!(best.upper_bound() >= most && best.upper_bound() < most * 1.0001);
    }
}

#[test]
fn what_no_float_can_hold_is_an_error() {
    let exec = &Exec::default();
    let codes = [0, 1, 2];
    let sets = Triples { n_rows: 3, n_columns: 3, rows: &codes, columns: &codes, values: None };
    let heavy: Arc<dyn Objective> = Arc::new(Coverage::new(sets, Some(&[1e308; 3]), exec).unwrap());
    let wanted = "`objective` is worth more than a float can hold; scale its weights down";
    for guesses in [Guesses::Pair, Guesses::All] {
        let params = DynamicParams { k: 2, guesses, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(Arc::clone(&heavy), params).unwrap();
        best.insert(1, exec).unwrap();
        assert_eq!(best.update(&[], &[0, 2], exec).unwrap_err().to_string(), wanted);
        assert_eq!((best.live().unwrap(), best.value()), (vec![1], 1e308));
        assert!(best.upper_bound() >= 1e308 && best.upper_bound().is_finite());
    }
    for method in [Method::Lazy, Method::Stochastic, Method::Threshold, Method::Exact] {
        let params = MaximizeParams { k: 2, method, ..MaximizeParams::default() };
        assert_eq!(maximize(&heavy, None, &params, exec).unwrap_err().to_string(), wanted);
    }
}
