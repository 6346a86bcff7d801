//! Committees against exhaustive search by the definitions of the rules.

use super::samples::Draws;
use super::*;
use crate::exec::Exec;
use crate::rng::mix;

/// Random rankings, some short, some with equal ranks.
struct Profile {
    n_items: usize,
    rankings: Vec<u32>,
    items: Vec<u32>,
    ranks: Vec<f64>,
    weights: Vec<f64>,
}

impl Profile {
    fn draw(n_items: usize, n_rankings: usize, draws: &mut Draws) -> Self {
        let mut profile = Self { n_items, rankings: vec![], items: vec![], ranks: vec![], weights: vec![] };
        for ranking in 0..n_rankings as u32 {
            let mut order: Vec<u32> = (0..n_items as u32).collect();
            for i in (1..n_items).rev() {
                order.swap(i, draws.below(i as u64 + 1) as usize);
            }
            let len = if draws.below(3) == 0 { draws.below(n_items as u64 + 1) as usize } else { n_items };
            let has_ties = draws.below(3) == 0;
            for (place, &item) in order[..len].iter().enumerate() {
                let place = place as f64;
                profile.rankings.push(ranking);
                profile.items.push(item);
                profile.ranks.push(if has_ties { (place / 2.0).floor() } else { 10.0 * place });
            }
            profile.weights.push(draws.below(4) as f64 / 2.0);
        }
        profile
    }

    fn rankings(&self) -> Rankings<'_> {
        let Self { n_items, rankings, items, ranks, weights } = self;
        let (n_items, n_rankings) = (*n_items, weights.len());
        Rankings { n_items, n_rankings, rankings, items, ranks, weights: Some(weights) }
    }

    /// The rows of one ranking: item, first of its places, how many share them.
    fn places(&self, ranking: usize) -> Vec<(u32, f64, usize)> {
        let rows: Vec<usize> =
            (0..self.rankings.len()).filter(|&row| self.rankings[row] as usize == ranking).collect();
        let place = |&row: &usize| {
            let rank = self.ranks[row];
            let first = rows.iter().filter(|&&other| self.ranks[other] < rank).count() as f64;
            let equal = rows.iter().filter(|&&other| self.ranks[other] == rank).count();
            (self.items[row], first, equal)
        };
        rows.iter().map(place).collect()
    }

    /// Points of each item, by adding up those of all places that items of its rank share.
    fn points(&self, ranking: usize, of_place: impl Fn(f64) -> f64, unranked: f64) -> Vec<f64> {
        let mut points = vec![unranked; self.n_items];
        for (item, first, equal) in self.places(ranking) {
            let sum: f64 = (0..equal).map(|i| of_place(first + i as f64)).sum();
            points[item as usize] = sum / equal as f64;
        }
        points
    }

    fn value(&self, set: usize, params: &CommitteeParams) -> f64 {
        let m = self.n_items as f64;
        let members: Vec<usize> = (0..self.n_items).filter(|i| set >> i & 1 == 1).collect();
        let top = f64::from(params.top.unwrap_or(params.k as u32));
        let content = |ranking: usize| {
            let n_left = m - self.places(ranking).len() as f64;
            let shared =
                if params.unranked == Unranked::Zero { 0.0 } else { ((n_left - 1.0) / 2.0).max(0.0) };
            let borda = self.points(ranking, |place| m - 1.0 - place, shared);
            let of_top = |n: f64| self.points(ranking, |place| f64::from(place < n), 0.0);
            let sum = |points: Vec<f64>| members.iter().map(|&i| points[i]).sum::<f64>();
            match params.rule {
                Rule::Borda => sum(borda),
                Rule::Bloc => sum(of_top(top)),
                Rule::Sntv => sum(of_top(1.0)),
                Rule::ChamberlinCourant => members.iter().map(|&i| borda[i]).fold(0.0, f64::max),
                Rule::Pav => {
                    let is_seen = |i: usize| {
                        self.places(ranking).iter().any(|&(item, first, _)| item as usize == i && first < top)
                    };
                    let n_seen = members.iter().filter(|&&i| is_seen(i)).count();
                    (1..=n_seen).map(|j| 1.0 / j as f64).sum()
                }
            }
        };
        (0..self.weights.len()).map(|ranking| self.weights[ranking] * content(ranking)).sum()
    }
}

const RULES: [Rule; 5] = [Rule::Borda, Rule::Bloc, Rule::Sntv, Rule::ChamberlinCourant, Rule::Pav];

#[test]
fn committees_are_the_best_that_keep_the_quotas() {
    let exec = &Exec::default();
    let (mut n_optimal, mut n_searched) = (0, 0);
    for seed in 0..150u64 {
        let draws = &mut Draws(mix(seed) << 9);
        let n_items = 3 + draws.below(6) as usize;
        let n_rankings = 1 + draws.below(9) as usize;
        let profile = Profile::draw(n_items, n_rankings, draws);
        let k = 1 + draws.below(n_items as u64 - 1) as usize;
        let groups: Vec<u32> = (0..n_items).map(|_| draws.below(3) as u32).collect();
        let least: Vec<u32> = (0..3).map(|_| draws.below(3) as u32).collect();
        let most: Vec<u32> = least.iter().map(|least| least + draws.below(4) as u32).collect();
        let keeps = |set: usize| {
            let count =
                |group| (0..n_items).filter(|&i| set >> i & 1 == 1 && groups[i] == group).count() as u32;
            (0..3).all(|group| (least[group]..=most[group]).contains(&count(group as u32)))
        };
        let quotas = Quotas::new(groups.clone(), least.clone(), most.clone()).unwrap();
        for rule in RULES {
            let top = [None, Some(1), Some(3)][draws.below(3) as usize];
            let unranked = [Unranked::Average, Unranked::Zero][draws.below(2) as usize];
            let sets = |keeps: &dyn Fn(usize) -> bool, params: &CommitteeParams| {
                let sets = (0..1usize << n_items).filter(|&set| set.count_ones() as usize == k && keeps(set));
                sets.map(|set| profile.value(set, params)).fold(-1.0, f64::max)
            };
            for (is_exact, is_free) in [(false, false), (true, false), (false, true)] {
                let params = CommitteeParams { k, rule, top, unranked, is_exact };
                let wanted = if is_free { sets(&|_| true, &params) } else { sets(&keeps, &params) };
                let quotas = (!is_free).then_some(&quotas);
                let found = select_committee(profile.rankings(), quotas, &params, exec);
                let what = format!("seed {seed}, {params:?}: {found:?}, {wanted}");
                assert_eq!(found.is_ok(), wanted >= 0.0, "{what}");
                let Ok(found) = found else { continue };
                let set: usize = found.elements.iter().map(|&i| 1 << i).sum();
                assert!(set.count_ones() as usize == k && found.elements.len() == k, "{what}");
                assert!(is_free || keeps(set), "{what}");
                let is_close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
                assert!(is_close(found.value, profile.value(set, &params)), "{what}");
                assert!(is_close(found.value, found.gains.iter().sum()), "{what}");
                assert!(found.upper_bound >= wanted * (1.0 - 1e-9), "{what}");
                assert!(found.value >= wanted / 2.0 * (1.0 - 1e-9), "{what}");
                let is_separable = matches!(rule, Rule::Borda | Rule::Bloc | Rule::Sntv);
                if is_separable || is_exact {
                    assert!(is_close(found.value, wanted) && is_close(found.upper_bound, wanted), "{what}");
                } else {
                    n_optimal += u32::from(is_close(found.value, wanted));
                    n_searched += 1;
                }
            }
        }
    }
    // Swaps leave little to be found.
    assert!(n_searched > 300 && n_optimal * 100 >= n_searched * 97, "{n_optimal} of {n_searched}");
}

#[test]
fn mean_points_have_the_errors_of_means() {
    let exec = &Exec::default();
    let profile = Profile::draw(6, 40, &mut Draws(7));
    for points in [Points::Borda(Unranked::Average), Points::Borda(Unranked::Zero), Points::Top(2)] {
        let rankings = Rankings { weights: None, ..profile.rankings() };
        let found = mean_points(rankings, points, exec).unwrap();
        let of = |ranking: usize| match points {
            Points::Borda(unranked) => {
                let n_left = 6.0 - profile.places(ranking).len() as f64;
                let shared = if unranked == Unranked::Zero { 0.0 } else { ((n_left - 1.0) / 2.0).max(0.0) };
                profile.points(ranking, |place| 5.0 - place, shared)
            }
            Points::Top(n) => profile.points(ranking, |place| f64::from(place < f64::from(n)), 0.0),
        };
        let all: Vec<Vec<f64>> = (0..40).map(of).collect();
        for item in 0..6 {
            let mean = all.iter().map(|points| points[item]).sum::<f64>() / 40.0;
            let squares: f64 = all.iter().map(|points| (points[item] - mean).powi(2)).sum();
            assert!((found.means[item] - mean).abs() < 1e-12);
            assert!((found.errors[item] - (squares / 39.0 / 40.0).sqrt()).abs() < 1e-12);
        }
        // A ranking that counts twice is two rankings, and says no more than one that is there twice would.
        let weights = [2.0; 40];
        let doubled = mean_points(Rankings { weights: Some(&weights), ..rankings }, points, exec).unwrap();
        assert_eq!((doubled.n_effective, &doubled.means), (40.0, &found.means));
    }
}

#[test]
fn rankings_that_cannot_be_read_name_their_row() {
    let exec = &Exec::default();
    let sound = Rankings {
        n_items: 3,
        n_rankings: 2,
        rankings: &[0, 0, 1],
        items: &[1, 2, 0],
        ranks: &[1.0, 2.0, 1.0],
        weights: None,
    };
    let params = CommitteeParams { k: 2, ..CommitteeParams::default() };
    let message = |rankings, quotas: Option<&Quotas>, params: &CommitteeParams| {
        select_committee(rankings, quotas, params, exec).unwrap_err().to_string()
    };
    let found = select_committee(sound, None, &params, exec).unwrap();
    assert_eq!((&found.elements[..], &found.gains[..], found.value), (&[1, 0][..], &[2.5, 2.0][..], 4.5));
    for (bad, wanted) in [
        (Rankings { items: &[1, 1, 0], ..sound }, "`items`, row 1: ranking 0 lists item 1 twice"),
        (Rankings { items: &[1, 3, 0], ..sound }, "`items`, row 1: must be below 3, got 3"),
        (Rankings { rankings: &[0, 0, 2], ..sound }, "`rankings`, row 2: must be below 2, got 2"),
        (Rankings { ranks: &[0.0, f64::NAN, 1.0], ..sound }, "`ranks`, row 1: must be finite, got NaN"),
        (Rankings { ranks: &[0.0], ..sound }, "`ranks` must have an entry per row, 3, got 1"),
        (Rankings { weights: Some(&[1.0]), ..sound }, "`weights` must have 2 entries, got 1"),
        (
            Rankings { weights: Some(&[1.0, -1.0]), ..sound },
            "`weights`, row 1: must be finite and not negative, got -1",
        ),
    ] {
        assert_eq!(message(bad, None, &params), wanted);
    }
    let wanted = "`k` must be from 1 to the number of items, 3, got 4";
    assert_eq!(message(sound, None, &CommitteeParams { k: 4, ..params }), wanted);
    assert_eq!(
        message(sound, None, &CommitteeParams { top: Some(0), ..params }),
        "`top` must be at least 1, got 0"
    );
    let quotas = Quotas::new(vec![0, 0, 0], vec![0], vec![1]).unwrap();
    assert_eq!(message(sound, Some(&quotas), &params), "`upper` allows 1 members in all, fewer than k = 2");
    let one = Rankings { n_rankings: 1, rankings: &[0, 0, 0], ..sound };
    let error = mean_points(one, Points::Top(1), exec).unwrap_err().to_string();
    assert!(error.starts_with("`rankings` must be at least two that count"), "{error}");
}
