//! Against exhaustive search on small objectives of every kind.

use std::sync::Arc;

use super::samples::{Draws, N_KINDS, Sample, elements, sample};
use super::*;
use crate::error::Result;
use crate::exec::Exec;
use crate::rng::mix;

/// Those that keep guesses.
pub(super) const STRATEGIES: [Strategy; 3] = [Strategy::Robust, Strategy::Polylog, Strategy::Sieve];

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
/// still being built, or held picks that are gone.
fn follow(seed: u64, strategy: Strategy, guesses: Guesses, n_updates: usize) -> usize {
    let n = 9;
    let Sample { name, objective, values } = sample(n, seed % N_KINDS, seed);
    let draws = &mut Draws(mix(seed ^ 77) << 9);
    let (k, eps) = (1 + draws.below(4) as usize, [0.05, 0.1, 0.3][draws.below(3) as usize]);
    // The wider, the more picks may go before others are sampled.
    let eps = if strategy == Strategy::Polylog { 2.0 * eps } else { eps };
    let stability = [0.0, 0.0, 0.2][draws.below(3) as usize];
    let params = DynamicParams { k, eps, strategy, guesses, stability, seed, ..DynamicParams::default() };
    let mut best = DynamicMaximizer::new(objective, params).unwrap();
    let exec = &Exec::default();
    let share = (1.0 - stability)
        * match guesses {
            Guesses::Pair => 1.0 / (2.0 + eps),
            Guesses::All => 1.0 / (2.0 * (1.0 + eps)),
        };
    let share = if strategy == Strategy::Polylog { share * (1.0 - eps).powi(2) } else { share };
    let (mut live, mut n_behind) = (0usize, 0);
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
        n_behind += usize::from(best.is_behind());
    }
    n_behind
}

#[test]
fn pairs_of_guesses_keep_their_bound_after_every_update() {
    for strategy in STRATEGIES {
        let n_behind: usize = (0..30 * N_KINDS).map(|seed| follow(seed, strategy, Guesses::Pair, 40)).sum();
        assert!(n_behind > 500, "{strategy:?} {n_behind}");
    }
}

#[test]
fn all_guesses_keep_their_bound_after_every_update() {
    for strategy in STRATEGIES {
        let n_behind: usize = (0..6 * N_KINDS).map(|seed| follow(seed, strategy, Guesses::All, 25)).sum();
        assert!((n_behind > 0) == (strategy == Strategy::Polylog), "{strategy:?} {n_behind}");
    }
}

#[test]
#[ignore = "minutes: cargo test --release -p graphrank --lib a_million -- --ignored"]
fn a_million_updates_keep_their_bounds() {
    for strategy in STRATEGIES {
        let pair =
            (1_000..1_000 + 12_500).map(|seed| follow(seed, strategy, Guesses::Pair, 60)).sum::<usize>();
        let all = (1_000..1_000 + 5_000).map(|seed| follow(seed, strategy, Guesses::All, 50)).sum::<usize>();
        assert!(pair > 10_000 && (all > 0) == (strategy == Strategy::Polylog), "{pair} {all}");
    }
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
