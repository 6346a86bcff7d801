use rand_xoshiro::rand_core::Rng;

use super::pairs::Pairs;
use super::*;
use crate::rng::{Domain, stream};

/// Rankings as rows: ranking, item, rank.
struct Rows {
    n_items: usize,
    n_rankings: usize,
    rankings: Vec<u32>,
    items: Vec<u32>,
    ranks: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl Rows {
    fn of(n_items: usize, lists: &[&[u32]]) -> Self {
        let rows = lists.iter().enumerate().flat_map(|(r, list)| {
            list.iter().enumerate().map(move |(place, &item)| (r as u32, item, place as f64 + 1.0))
        });
        let (mut rankings, mut items, mut ranks) = (Vec::new(), Vec::new(), Vec::new());
        for (ranking, item, rank) in rows {
            rankings.push(ranking);
            items.push(item);
            ranks.push(rank);
        }
        Self { n_items, n_rankings: lists.len(), rankings, items, ranks, weights: None }
    }

    fn input(&self) -> Rankings<'_> {
        Rankings {
            n_items: self.n_items,
            n_rankings: self.n_rankings,
            rankings: &self.rankings,
            items: &self.items,
            ranks: &self.ranks,
            weights: self.weights.as_deref(),
        }
    }

    fn scores(&self, rule: Rule) -> Vec<f64> {
        aggregate(self.input(), rule, Unlisted::Last, &Exec::default()).unwrap().scores
    }

    fn pairs(&self) -> Pairs {
        Pairs::new(&self.input().ballots(&Exec::default()).unwrap(), Unlisted::Last, &Exec::default())
            .unwrap()
    }
}

/// Some lists of some of `n` items, with weights.
fn random(n: usize, case: u64) -> Rows {
    let mut rng = stream(case, Domain::Generator, 3);
    let lists: Vec<Vec<u32>> = (0..1 + rng.next_u64() % 6)
        .map(|_| {
            let mut list: Vec<u32> = (0..n as u32).collect();
            (1..n).rev().for_each(|i| list.swap(i, (rng.next_u64() % (i as u64 + 1)) as usize));
            list.truncate(1 + (rng.next_u64() % n as u64) as usize);
            list
        })
        .collect();
    let lists: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
    let weights = lists.iter().map(|_| (1 + rng.next_u64() % 4) as f64).collect();
    Rows { weights: Some(weights), ..Rows::of(n, &lists) }
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let insert = |order: Vec<usize>| {
        (0..n).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, n - 1);
            longer
        })
    };
    permutations(n - 1).into_iter().flat_map(insert).collect()
}

#[test]
fn the_exact_order_disagrees_least_of_all_orders() {
    for case in 0..120 {
        let n = 2 + (case % 6) as usize;
        let rows = random(n, case);
        let pairs = rows.pairs();
        let cost = |order: &[usize]| -> f64 {
            (0..n)
                .flat_map(|i| (i + 1..n).map(move |j| (i, j)))
                .map(|(i, j)| pairs.of(order[j], order[i]))
                .sum()
        };
        let least = permutations(n).iter().map(|order| cost(order)).fold(f64::INFINITY, f64::min);
        let found = aggregate(rows.input(), Rule::Kemeny, Unlisted::Last, &Exec::default()).unwrap();
        let kemeny = found.kemeny.unwrap();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| found.scores[b].total_cmp(&found.scores[a]));
        assert_eq!((cost(&order), kemeny.disagreements, kemeny.lower_bound), (least, least, least), "{case}");
        assert!(kemeny.is_optimal);
    }
}

#[test]
fn a_search_ends_within_its_bound_and_finds_what_all_agree_on() {
    for case in 0..10 {
        let rows = random(40, case);
        let found = aggregate(rows.input(), Rule::Kemeny, Unlisted::Last, &Exec::default()).unwrap();
        let kemeny = found.kemeny.unwrap();
        assert!(kemeny.lower_bound <= kemeny.disagreements + 1e-9, "{kemeny:?}");
    }
    let list: Vec<u32> = (0..60).rev().collect();
    let all = Rows::of(60, &[&list, &list]);
    let found = aggregate(all.input(), Rule::Kemeny, Unlisted::Last, &Exec::default()).unwrap();
    assert_eq!(found.scores, (0..60).map(f64::from).collect::<Vec<_>>());
    let expected = Kemeny { disagreements: 0.0, lower_bound: 0.0, is_optimal: true, largest_part: 1 };
    assert_eq!(found.kemeny, Some(expected));
}

#[test]
fn a_circle_of_many_items_is_one_part_that_is_searched() {
    // Each of 30 lists begins one item later: no order is agreed on, and all rotations are equally good.
    let n = 30u32;
    let lists: Vec<Vec<u32>> = (0..n).map(|start| (0..n).map(|i| (start + i) % n).collect()).collect();
    let lists: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
    let rows = Rows::of(n as usize, &lists);
    let found = aggregate(rows.input(), Rule::Kemeny, Unlisted::Last, &Exec::default()).unwrap();
    let kemeny = found.kemeny.unwrap();
    assert_eq!(kemeny.largest_part, 30);
    assert!(!kemeny.is_optimal && kemeny.lower_bound < kemeny.disagreements);
    // Items i places apart disagree with i of 30 lists: the sum over all pairs in the order of the first list.
    let rotation: f64 = (1..30).map(|i| f64::from(i * (30 - i))).sum();
    assert!(kemeny.disagreements <= rotation, "{kemeny:?} {rotation}");
}

#[test]
fn points_by_hand() {
    let rows = Rows::of(4, &[&[0, 1, 2, 3], &[2, 0], &[3]]);
    // Places left share their points: (1 + 0) / 2 for the second list, (2 + 1 + 0) / 3 for the third.
    assert_eq!(rows.scores(Rule::Borda { trim: 0.0 }), [6.0, 3.5, 5.0, 3.5]);
    assert_eq!(rows.scores(Rule::ReciprocalRank { k: 60.0 })[0], 1.0 / 61.0 + 1.0 / 62.0);
    assert_eq!(rows.scores(Rule::InverseSquares), [2.0 * 1.25, 0.25, 2.0 * (1.0 / 9.0 + 1.0), 2.0 * 1.0625]);
    assert_eq!(rows.scores(Rule::MedianRank), [-2.0, -3.0, -3.0, -3.5]);
    // A third of the weight at either end leaves the median.
    let trimmed = rows.scores(Rule::Borda { trim: 1.0 / 3.0 });
    for (found, middle) in trimmed.iter().zip([2.0, 1.0, 1.0, 0.5]) {
        assert!((found - 3.0 * middle).abs() < 1e-12, "{trimmed:?}");
    }
}

#[test]
fn majorities_by_hand() {
    // 0 beats 1 and 2; 1 beats 2.
    let rows = Rows::of(3, &[&[0, 1, 2], &[1, 0, 2], &[0, 2, 1]]);
    assert_eq!(rows.scores(Rule::Copeland), [2.0, 1.0, 0.0]);
    let walk = rows.scores(Rule::Mc4 { damping: 0.95 });
    assert!(walk[0] > walk[1] && walk[1] > walk[2]);
    // Without restarts: a chance of a third to go on to each better item. With them, solved by hand for item 2:
    // s2 = .05 / 3 + .95 s2 / 3.
    assert!((walk[2] - 0.05 / 3.0 / (1.0 - 0.95 / 3.0)).abs() < 1e-9);
}

#[test]
fn overlap_by_hand() {
    let nan = f64::NAN;
    // a: 0 1 2; b: 1 0 3. Shared: 0, 2, 2.
    let (a, b) = ([1.0, 2.0, 3.0, nan], [2.0, 1.0, nan, 3.0]);
    let p: f64 = 0.5;
    let sum = p * p + 2.0 / 3.0 * p * p * p;
    let expected = (1.0 - p) / p * sum + 2.0 / 3.0 * p.powi(3);
    assert!((rbo(&a, &b, p).unwrap() - expected).abs() < 1e-15);
    assert!((rbo(&a, &a, 0.9).unwrap() - 1.0).abs() < 1e-15);
    assert!(rbo(&[nan], &[1.0], 0.9).is_err() && rbo(&a, &b, 1.0).is_err());
}

#[test]
fn distances_by_hand() {
    let (x, y) = ([1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 4.0, 3.0]);
    assert!((kendall(&x, &y).unwrap() - 2.0 / 6.0).abs() < 1e-15);
    assert_eq!(footrule(&x, &y).unwrap(), 4.0);
    assert!((spearman(&x, &y).unwrap() - 0.6).abs() < 1e-15);
    assert!(kendall(&[1.0, 1.0], &[1.0, 2.0]).unwrap().is_nan());
    // Of three items the first two trade places: their pair weighs 3/2 of 11/3, whichever side says what place is.
    let weighted = weighted_kendall(&[1.0, 2.0, 3.0], &[2.0, 1.0, 3.0]).unwrap();
    assert!((weighted - (1.0 - 2.0 * 1.5 / (11.0 / 3.0))).abs() < 1e-15);
    assert!(weighted_kendall(&[3.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap().is_nan());
    assert!(kendall(&[1.0], &[1.0, 2.0]).is_err() && footrule(&[f64::NAN], &[1.0]).is_err());
}

#[test]
fn what_cannot_be_asked_is_named() {
    let rows = Rows::of(2, &[&[0, 1]]);
    let message =
        |rule| aggregate(rows.input(), rule, Unlisted::Last, &Exec::default()).unwrap_err().to_string();
    assert!(message(Rule::Borda { trim: 0.5 }).starts_with("`trim` must be"));
    assert!(message(Rule::ReciprocalRank { k: 0.0 }).starts_with("`k` must be"));
    assert!(message(Rule::Mc4 { damping: 1.0 }).starts_with("`damping` must be"));
}

/// Rows of several tables of rankings, mixed, with the query of each.
fn mixed(tables: &[Rows]) -> (Vec<u32>, Rows) {
    let n_rankings = tables.iter().map(|table| table.n_rankings).max().unwrap();
    let n_items = tables[0].n_items;
    let mut all = Rows::of(n_items, &vec![&[] as &[u32]; n_rankings]);
    let mut queries = Vec::new();
    let longest = tables.iter().map(|table| table.ranks.len()).max().unwrap();
    for row in 0..longest {
        for (query, table) in tables.iter().enumerate().filter(|(_, table)| row < table.ranks.len()) {
            queries.push(query as u32);
            all.rankings.push(table.rankings[row]);
            all.items.push(table.items[row]);
            all.ranks.push(table.ranks[row]);
        }
    }
    all.weights = Some((0..n_rankings).map(|ranking| 1.0 + ranking as f64).collect());
    (queries, all)
}

#[test]
fn each_query_gets_what_it_would_get_alone() {
    let tables: Vec<Rows> = (0..40).map(|case| random(9, case)).collect();
    let (queries, all) = mixed(&tables);
    let rules = [
        Rule::Borda { trim: 0.1 },
        Rule::ReciprocalRank { k: 60.0 },
        Rule::InverseSquares,
        Rule::MedianRank,
        Rule::Comb(Combine::Mnz, Normalise::MinMax),
        Rule::Copeland,
        Rule::Mc4 { damping: 0.9 },
        Rule::Kemeny,
    ];
    for rule in rules {
        let found =
            aggregate_by_query(40, &queries, all.input(), rule, Unlisted::Last, &Exec::default()).unwrap();
        assert!(found.queries.is_sorted());
        for (query, table) in tables.iter().enumerate() {
            // Items that occur, renumbered; all rankings of the table list something.
            let mut occur = table.items.clone();
            occur.sort_unstable();
            occur.dedup();
            let alone = Rows {
                n_items: occur.len(),
                items: table.items.iter().map(|item| occur.binary_search(item).unwrap() as u32).collect(),
                weights: Some((0..table.n_rankings).map(|ranking| 1.0 + ranking as f64).collect()),
                n_rankings: table.n_rankings,
                rankings: table.rankings.clone(),
                ranks: table.ranks.clone(),
            };
            let scores = alone.scores(rule);
            let rows: Vec<usize> =
                (0..found.items.len()).filter(|&i| found.queries[i] as usize == query).collect();
            let items: Vec<u32> = rows.iter().map(|&i| found.items[i]).collect();
            let mut sorted = items.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, occur);
            for pair in rows.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                assert!(
                    found.scores[a] > found.scores[b]
                        || (found.scores[a] == found.scores[b] && found.items[a] < found.items[b])
                );
            }
            for (&row, item) in rows.iter().zip(items) {
                assert_eq!(found.scores[row], scores[occur.binary_search(&item).unwrap()], "{rule:?}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named_in_the_words_of_the_whole_table() {
    let tables: Vec<Rows> = (0..3).map(|case| random(4, case)).collect();
    let (mut queries, mut all) = mixed(&tables);
    let ask = |n, queries: &[u32], all: &Rows| {
        let rule = Rule::ReciprocalRank { k: 60.0 };
        aggregate_by_query(n, queries, all.input(), rule, Unlisted::Last, &Exec::default())
            .unwrap_err()
            .to_string()
    };
    assert!(ask(2, &queries, &all).contains("must be below 2, got 2"));
    assert!(ask(3, &queries[1..], &all).contains("an entry per row"));
    queries.push(1);
    all.rankings.push(0);
    all.items.push(tables[1].items[0]);
    all.ranks.push(9.0);
    let message = ask(3, &queries, &all);
    let row = all.ranks.len() - 1;
    assert!(
        message.contains(&format!("row {row}: ranking 0 lists item {} twice", tables[1].items[0])),
        "{message}"
    );
}

#[test]
fn a_ranking_that_counts_nothing_is_as_if_it_were_not_there() {
    let lists: [&[u32]; 3] = [&[0, 1, 2], &[2, 1, 0], &[1, 0, 2]];
    for rule in [
        Rule::Borda { trim: 0.1 },
        Rule::InverseSquares,
        Rule::MedianRank,
        Rule::Comb(Combine::Mnz, Normalise::MinMax),
        Rule::Comb(Combine::Anz, Normalise::MinMax),
        Rule::Comb(Combine::Med, Normalise::MinMax),
        Rule::Comb(Combine::Min, Normalise::MinMax),
        Rule::Copeland,
        Rule::Kemeny,
    ] {
        let silent = Rows { weights: Some(vec![1.0, 0.0, 2.0]), ..Rows::of(3, &lists) };
        let absent = Rows { weights: Some(vec![1.0, 2.0]), ..Rows::of(3, &[lists[0], lists[2]]) };
        assert_eq!(silent.scores(rule), absent.scores(rule), "{rule:?}");
        let nothing = Rows { weights: Some(vec![0.0; 3]), ..Rows::of(3, &lists) };
        assert!(nothing.scores(rule).iter().all(|score| !score.is_nan()), "{rule:?}");
    }
}

#[test]
fn the_middle_of_the_weight_is_found_despite_rounding() {
    let lists: [&[u32]; 3] = [&[0, 1, 2], &[1, 0, 2], &[1, 2, 0]];
    let rows = Rows { weights: Some(vec![0.1, 0.2, 0.3]), ..Rows::of(3, &lists) };
    // Of item 0 half of the weight is up to rank 2, and the other half at 3.
    assert_eq!(rows.scores(Rule::MedianRank)[0], -2.5);
}

#[test]
fn overlaps_of_large_ties_take_no_longer_than_those_of_small_ones() {
    let n = 400_000;
    let tied = vec![1.0; n];
    let ordered: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let found = rbo(&tied, &ordered, 0.9).unwrap();
    // Of the first d items each is among the first d of the other list with chance d / n.
    let mut weight = 0.1;
    let mut expected = 0.0;
    for d in 1..n {
        expected += weight * d as f64 / n as f64;
        weight *= 0.9;
    }
    assert!((found - expected).abs() < 1e-9, "{found} {expected}");
}
