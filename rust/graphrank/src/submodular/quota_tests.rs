//! Selection under quotas against exhaustive search on small objectives of every kind.

use super::samples::{Draws, N_KINDS, Sample, sample};
use super::*;
use crate::exec::Exec;
use crate::rng::mix;

const N: usize = 9;

/// Random quotas that some set of at most `k` keeps, and how many of each group a set has.
struct Drawn {
    groups: Vec<u32>,
    lower: Vec<u32>,
    upper: Vec<u32>,
    k: usize,
}

impl Drawn {
    fn new(draws: &mut Draws) -> Self {
        let k = 1 + draws.below(5) as usize;
        let n_groups = 1 + draws.below(4);
        let groups: Vec<u32> = (0..N).map(|_| draws.below(n_groups) as u32).collect();
        let (mut lower, mut upper) = (Vec::new(), Vec::new());
        let mut left = k as u64;
        for group in 0..n_groups as u32 {
            let there = groups.iter().filter(|&&g| g == group).count() as u64;
            let least = draws.below(1 + there.min(left).min(3));
            left -= least;
            lower.push(least as u32);
            upper.push((least + draws.below(4)) as u32);
        }
        Self { groups, lower, upper, k }
    }

    fn quotas(&self) -> Quotas {
        Quotas::new(self.groups.clone(), self.lower.clone(), self.upper.clone()).unwrap()
    }

    fn keeps(&self, set: usize) -> bool {
        let mut counts = vec![0; self.lower.len()];
        (0..N).filter(|e| set >> e & 1 == 1).for_each(|e| counts[self.groups[e] as usize] += 1);
        let is_kept = (0..counts.len()).all(|g| (self.lower[g]..=self.upper[g]).contains(&counts[g]));
        is_kept && set.count_ones() as usize <= self.k
    }

    fn optimum(&self, values: &[f64]) -> f64 {
        (0..1 << N).filter(|&set| self.keeps(set)).map(|set| values[set]).fold(0.0, f64::max)
    }
}

#[test]
fn every_method_keeps_quotas_and_its_bounds() {
    let (mut n_proven, mut n_runs) = (0, 0);
    for seed in 0..60 * N_KINDS {
        let Sample { name, objective, values } = sample(N, seed % N_KINDS, seed);
        let drawn = Drawn::new(&mut Draws(mix(seed ^ 5) << 9));
        let (quotas, wanted) = (drawn.quotas(), drawn.optimum(&values));
        for method in [Method::Lazy, Method::Stochastic, Method::Threshold, Method::Exact] {
            let params = MaximizeParams { k: drawn.k, method, seed, ..MaximizeParams::default() };
            let best = maximize_with_quotas(&objective, None, &quotas, &params, &Exec::default()).unwrap();
            let set: usize = best.elements.iter().map(|&e| 1 << e).sum();
            let what = format!("{name}, seed {seed}, {method:?}: {} of {wanted}", best.value);
            assert!(set.count_ones() as usize == best.elements.len() && drawn.keeps(set), "{what}");
            assert!((best.value - values[set]).abs() <= 1e-9 * (1.0 + best.value), "{what}");
            let share = match method {
                Method::Lazy => 0.5,
                Method::Stochastic => 0.0,
                Method::Threshold => 1.0 / 2.05,
                Method::Exact => 1.0,
            };
            assert!(best.value >= share * wanted * (1.0 - 1e-8), "{what}");
            assert!(best.upper_bound >= wanted * (1.0 - 1e-8), "{what}, at most {}", best.upper_bound);
            if method == Method::Lazy {
                assert!(best.upper_bound <= 2.0 * best.value * (1.0 + 1e-12), "{what}");
                n_proven += usize::from(best.upper_bound <= best.value * 1.05);
                n_runs += 1;
            }
        }
    }
    // The certificate is of use, not only true.
    assert!(n_proven * 2 > n_runs, "{n_proven} of {n_runs}");
}

#[test]
fn quotas_that_never_bind_change_nothing() {
    for seed in 0..4 * N_KINDS {
        let objective = sample(N, seed % N_KINDS, seed).objective;
        let quotas = Quotas::new((0..N as u32).map(|e| e % 2).collect(), vec![0; 2], vec![9; 2]).unwrap();
        for method in [Method::Lazy, Method::Stochastic, Method::Threshold, Method::Exact] {
            let params = MaximizeParams { k: 4, method, seed, ..MaximizeParams::default() };
            let free = maximize(&objective, None, &params, &Exec::default()).unwrap();
            let kept = maximize_with_quotas(&objective, None, &quotas, &params, &Exec::default()).unwrap();
            assert_eq!((&free.elements, &free.gains), (&kept.elements, &kept.gains));
            assert!(kept.upper_bound <= free.upper_bound, "the largest gains are asked again");
        }
    }
}

#[test]
fn lower_quotas_are_met_by_elements_that_gain_nothing() {
    // Elements 0 and 1 cover everything, the third group covers nothing.
    let sets =
        Triples { n_rows: 5, n_columns: 4, rows: &[0, 0, 1, 1, 2], columns: &[0, 1, 2, 3, 3], values: None };
    let objective: std::sync::Arc<dyn Objective> =
        std::sync::Arc::new(Coverage::new(sets, None, &Exec::default()).unwrap());
    let quotas = Quotas::new(vec![0, 0, 1, 2, 2], vec![0, 0, 2], vec![3, 3, 3]).unwrap();
    for method in [Method::Lazy, Method::Stochastic, Method::Threshold, Method::Exact] {
        let params = MaximizeParams { k: 3, method, ..MaximizeParams::default() };
        let best = maximize_with_quotas(&objective, None, &quotas, &params, &Exec::default()).unwrap();
        assert_eq!(
            (&best.elements[1..], best.value, best.upper_bound),
            (&[3, 4][..], 2.0, 2.0),
            "{method:?}"
        );
        // Without what it is owed there is nothing to pick for.
        let best = maximize_with_quotas(&objective, Some(&[4, 1, 3, 0]), &quotas, &params, &Exec::default());
        assert_eq!(best.unwrap().value, 2.0);
    }
    let params = MaximizeParams { k: 3, ..MaximizeParams::default() };
    let error = maximize_with_quotas(&objective, Some(&[0, 3]), &quotas, &params, &Exec::default());
    let message = error.unwrap_err().to_string();
    assert_eq!(message, "`lower` asks for 2 of group 2, which has 1 candidates");
}
