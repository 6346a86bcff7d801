//! What the head of [`super::bucket`] says of levels and picks, from the definitions.

use std::sync::Arc;

use super::bucket::BucketGuess;
use super::candidates::Candidates;
use super::dynamic_tests::{large, stream};
use super::objective::is_worth;
use super::perm::Terms;
use super::{DynamicMaximizer, DynamicParams, Guesses, Strategy};
use crate::exec::Exec;

impl BucketGuess {
    fn members(&self) -> impl Iterator<Item = u32> {
        self.levels.list.iter().flat_map(|level| level.members.iter().copied())
    }

    /// Asserts that levels, picks and values are what they must be.
    pub(super) fn check_invariants(&self, ground: &Candidates) {
        let Terms { threshold, k, .. } = self.terms;
        if !self.is_begun {
            assert!(self.sampled.is_empty() && self.levels.list.is_empty() && self.levels.n_members() == 0);
            return;
        }
        let mut prefix = Arc::clone(&ground.objective).prefix().unwrap();
        let gains: Vec<f64> = self.sampled.iter().map(|&pick| prefix.push(pick).unwrap().max(0.0)).collect();
        assert_eq!(gains, self.sampled_gains);
        assert_eq!(self.sampled_value(), gains.iter().sum());
        assert!(self.sampled.len() <= k);
        let starts: Vec<usize> =
            std::iter::once(0).chain(self.levels.list.iter().map(|level| level.end)).collect();
        assert!(starts.is_sorted_by(|a, b| a < b) && starts.last() == Some(&self.sampled.len()));
        let mut n_members = 0;
        let live = ground.live().unwrap();
        for element in live.into_iter().filter(|&element| self.terms.admit(ground.worth(element))) {
            let depth = match self.sampled.iter().position(|&pick| pick == element) {
                Some(at) => starts.partition_point(|&start| start <= at),
                None => {
                    let gains = |&&start: &&usize| {
                        start < k && is_worth(prefix.gain(start, element).unwrap(), threshold)
                    };
                    starts.iter().take_while(gains).count()
                }
            };
            assert!(depth > 0 && depth <= self.levels.len(), "{element} gains the threshold at all picks");
            assert!(
                self.levels.list[depth - 1].members.contains(&element),
                "{element} is not of depth {depth}"
            );
            n_members += 1;
        }
        assert_eq!(self.levels.n_members(), n_members);
        assert_eq!(self.members().count(), n_members);
        self.check_levels(&starts);
        self.check_picks(ground);
    }

    fn check_levels(&self, starts: &[usize]) {
        let buckets = self.buckets();
        for (i, level) in self.levels.list.iter().enumerate() {
            let size: usize = self.levels.list[i..].iter().map(|level| level.members.len()).sum();
            assert!(2 * size < 3 * level.n_built, "level {i} has grown to {size} from {}", level.n_built);
            assert!(level.n_left == 0 || (level.n_left as f64) < self.eps * level.n_bucket as f64);
            let gain: f64 = self.sampled_gains[starts[i]..level.end].iter().sum();
            let wanted = (1.0 - self.eps) * (level.end - starts[i]) as f64 * buckets.least(level.bucket);
            assert!(is_worth(gain, wanted), "level {i} gains {gain}, not {wanted}");
            // Not known of a level that was restored.
            let Some(frozen) = &level.frozen else { continue };
            assert_eq!(frozen.len(), level.n_bucket);
            let is_there = |element: u32| {
                self.members().any(|member| member == element) && self.levels.stamp(element) < level.build
            };
            assert_eq!(frozen.iter().filter(|&&element| !is_there(element)).count(), level.n_left);
            assert!(self.sampled[starts[i]..level.end].iter().all(|pick| frozen.contains(pick)));
        }
    }

    fn check_picks(&self, ground: &Candidates) {
        let is_left = |pick: &u32| self.members().any(|member| member == *pick);
        let left: Vec<u32> = self.sampled.iter().copied().filter(is_left).collect();
        assert_eq!(self.picks, left);
        assert!(left.iter().all(|&pick| ground.is_live(pick)));
        let mut prefix = Arc::clone(&ground.objective).prefix().unwrap();
        let gains: Vec<f64> = left.iter().map(|&pick| prefix.push(pick).unwrap().max(0.0)).collect();
        assert_eq!(self.gains, gains);
        assert_eq!(self.value(), gains.iter().sum());
        let reach = self.terms.k as f64 * self.terms.threshold;
        let wanted = if self.is_full() { reach } else { self.sampled_value() };
        assert!(is_worth(self.value(), (1.0 - self.eps).powi(2) * wanted));
    }
}

#[test]
fn levels_hold_what_they_must_while_picks_go_and_come_back() {
    let exec = &Exec::default();
    let mut n_behind = 0;
    for (k, guesses) in [(20, Guesses::Pair), (60, Guesses::Pair), (20, Guesses::All)] {
        let params =
            DynamicParams { k, eps: 0.2, strategy: Strategy::Polylog, guesses, ..DynamicParams::default() };
        let mut best = DynamicMaximizer::new(large(), params).unwrap();
        let (elements, is_insert) = stream(400, 700);
        for (at, (element, is_insert)) in elements.into_iter().zip(is_insert).enumerate() {
            // One that is shown goes and comes back.
            if let (1, Some(&pick)) = (at % 3, best.elements().get(at % k)) {
                best.delete(pick, exec).unwrap();
                best.check_invariants();
                n_behind += usize::from(best.is_behind());
                best.insert(pick, exec).unwrap();
                best.check_invariants();
            }
            match is_insert {
                true => best.insert(element, exec).unwrap(),
                false => best.delete(element, exec).unwrap(),
            }
            best.check_invariants();
        }
    }
    assert!(n_behind > 50, "{n_behind}");
}
