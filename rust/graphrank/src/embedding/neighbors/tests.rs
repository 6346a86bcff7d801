#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers in tests are small")]

use super::*;
use crate::exec::Exec;
use crate::simd::Isa;

/// Numbers from -1 to 1.
fn numbers(seed: u64, n: usize) -> Vec<f32> {
    let unit = |i: usize| crate::rng::mix(seed << 32 ^ i as u64) >> 40;
    (0..n).map(|i| unit(i) as f32 / (1 << 23) as f32 - 1.0).collect()
}

/// All pairs in 64 bits, sorted.
fn brute_force(
    vectors: &[f32],
    queries: &[f32],
    dim: usize,
    metric: Metric,
    k: usize,
    is_allowed: impl Fn(usize, usize) -> bool,
) -> Vec<Vec<(u32, f64)>> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let near = |a: &[f32], b: &[f32]| match metric {
        Metric::Dot => dot(a, b),
        Metric::L2 => {
            -a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt()
        }
        Metric::Cosine => {
            let squares = dot(a, a) * dot(b, b);
            if squares > 0.0 { dot(a, b) / squares.sqrt() } else { 0.0 }
        }
    };
    let list = |(q, query): (usize, &[f32])| {
        let rows = vectors.chunks_exact(dim).enumerate().filter(|&(row, _)| is_allowed(q, row));
        let mut list: Vec<(u32, f64)> = rows.map(|(row, x)| (row as u32, near(query, x))).collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        list.truncate(k);
        list.iter().map(|&(row, near)| (row, if metric == Metric::L2 { -near } else { near })).collect()
    };
    queries.chunks_exact(dim).enumerate().map(list).collect()
}

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

fn pool(n: usize) -> Exec {
    Exec::default()
        .with_pool(std::sync::Arc::new(rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap()))
}

fn nearest(vectors: &Vectors<'_>, metric: Metric, query: &NeighborQuery<'_>) -> Neighbors {
    let exec = Exec::default();
    NeighborSearch::new(vectors, metric, &exec).unwrap().nearest(vectors, query, &exec).unwrap()
}

fn lists(answer: &Neighbors) -> Vec<Vec<(u32, f64)>> {
    let pairs: Vec<_> = answer.rows.iter().copied().zip(answer.scores.iter().copied()).collect();
    answer.offsets.windows(2).map(|ends| pairs[ends[0] as usize..ends[1] as usize].to_vec()).collect()
}

fn assert_same(answer: &Neighbors, wanted: &[Vec<(u32, f64)>], what: &str) {
    let answer = lists(answer);
    assert_eq!(answer.len(), wanted.len(), "{what}");
    for (q, (list, wanted)) in answer.iter().zip(wanted).enumerate() {
        let rows = |list: &[(u32, f64)]| list.iter().map(|&(row, _)| row).collect::<Vec<_>>();
        assert_eq!(rows(list), rows(wanted), "{what}, query {q}: {list:?} {wanted:?}");
        for ((_, score), (_, wanted)) in list.iter().zip(wanted) {
            // Both are sums of at most some hundred terms in 64 bits; a distance near 0 loses half of the digits.
            assert!(
                (score - wanted).abs()
                    <= 1e-13 * wanted.abs().max(1.0) + 1e-9 * (score * wanted == 0.0) as u8 as f64
            );
        }
    }
}

/// Sizes that fill no block, exactly one and some; k beyond what there is; odd dimensions.
#[test]
fn answers_are_those_of_64_bit_brute_force() {
    for (n, n_queries, dim, k) in [
        (1, 1, 1, 1),
        (5, 3, 3, 10),
        (16, 16, 16, 4),
        (100, 33, 17, 7),
        (300, 5, 128, 20),
        (700, 40, 40, 100),
    ] {
        let (rows, queries) = (numbers(1, n * dim), numbers(2, n_queries * dim));
        let (vectors, asked) = (Vectors::new(&rows, dim).unwrap(), Vectors::new(&queries, dim).unwrap());
        for metric in METRICS {
            let what = format!("{metric:?}, {n} rows of {dim}");
            let query = NeighborQuery { queries: Queries::Vectors(asked), k, ..Default::default() };
            let wanted = brute_force(&rows, &queries, dim, metric, k, |_, _| true);
            assert_same(&nearest(&vectors, metric, &query), &wanted, &what);

            let query = NeighborQuery { k, ..Default::default() };
            let wanted = brute_force(&rows, &rows, dim, metric, k, |q, row| q != row);
            assert_same(&nearest(&vectors, metric, &query), &wanted, &what);

            let allowed: Vec<u32> = (0..n as u32).filter(|row| row % 3 == 1).collect();
            let query =
                NeighborQuery { k, allowed: Some(&allowed), exclude_self: false, ..Default::default() };
            let wanted = brute_force(&rows, &rows, dim, metric, k, |_, row| row % 3 == 1);
            assert_same(&nearest(&vectors, metric, &query), &wanted, &what);
        }
    }
}

#[test]
fn equal_vectors_come_in_the_order_of_their_rows() {
    let (dim, n) = (19, 3000);
    let few = numbers(3, 7 * dim);
    let rows: Vec<f32> = (0..n).flat_map(|row| few[row % 7 * dim..][..dim].to_vec()).collect();
    let vectors = Vectors::new(&rows, dim).unwrap();
    for metric in [Metric::Cosine, Metric::L2] {
        let answer = nearest(&vectors, metric, &NeighborQuery { k: 50, ..Default::default() });
        for (q, list) in lists(&answer).iter().enumerate() {
            let alike = (0..n as u32).filter(|&row| row as usize % 7 == q % 7 && row as usize != q);
            assert!(list.iter().map(|&(row, _)| row).eq(alike.take(50)), "{metric:?} {q}");
            let best = if metric == Metric::L2 { 0.0 } else { 1.0 };
            assert!(list.iter().all(|&(_, score)| score == best));
        }
    }
}

#[test]
fn every_instruction_set_number_of_threads_and_cut_gives_the_same_bits() {
    let (n, dim) = (40_000, 12);
    let mut rows = numbers(4, n * dim);
    rows.copy_within(0..5000 * dim, 20_000 * dim);
    let vectors = Vectors::new(&rows, dim).unwrap();
    let few: Vec<u32> = (0..70).map(|i| i * 571).collect();
    for metric in METRICS {
        let search = NeighborSearch::new(&vectors, metric, &Exec::default()).unwrap();
        // One query is cut by rows, many by queries; all lists of the many begin like those of the few.
        let ask = |rows: &[u32], isa: Isa, exec: &Exec| {
            let query = NeighborQuery { queries: Queries::Rows(rows), ..Default::default() };
            search.nearest_by(isa, &vectors, &query, exec).unwrap()
        };
        let wanted = ask(&few, Isa::best(), &Exec::default());
        for isa in Isa::available() {
            for exec in [Exec::default(), pool(2), pool(5)] {
                assert_eq!(ask(&few, isa, &exec), wanted, "{metric:?} {isa:?}");
                for (&row, list) in few.iter().zip(lists(&wanted)).take(3) {
                    assert_eq!(lists(&ask(&[row], isa, &exec)), [list], "{metric:?} {isa:?}");
                }
            }
        }
    }
}

#[test]
fn halves_are_the_numbers_they_stand_for() {
    let (n, dim) = (200, 21);
    let bits: Vec<u16> = (0..n * dim).map(|i| (i as u32 * 40_503 % 0x7bff) as u16 & 0xbfff).collect();
    let mut room = vec![0.0; n * dim];
    let halves = Vectors::from_halves(&bits, dim).unwrap();
    for (row, place) in room.chunks_exact_mut(dim).enumerate() {
        halves.copy_row(row, place);
    }
    let singles = Vectors::new(&room, dim).unwrap();
    for metric in METRICS {
        let query = NeighborQuery::default();
        assert_eq!(nearest(&halves, metric, &query), nearest(&singles, metric, &query));
    }
}

/// Vectors far from the origin, tiny, huge, of very different lengths, and zero: the scan bounds less well there, the
/// answer is the same.
#[test]
fn no_scale_of_the_numbers_spoils_an_answer() {
    let (n, dim) = (400, 9);
    let plain = numbers(5, n * dim);
    let far: Vec<f32> = plain.iter().map(|x| 1000.0 + x / 64.0).collect();
    let tiny: Vec<f32> = plain.iter().map(|x| x * 1e-35).collect();
    let huge: Vec<f32> = plain.iter().map(|x| x * 3e38).collect();
    let least: Vec<f32> = plain.iter().map(|x| f32::from_bits((x.abs() * 20.0) as u32)).collect();
    let mut mixed = plain.clone();
    for (row, vector) in mixed.chunks_exact_mut(dim).enumerate() {
        let scale = [1e-44, 1e-30, 1.0, 1e30, 0.0][row % 5];
        vector.iter_mut().for_each(|x| *x *= scale);
    }
    for (name, rows) in [("far", far), ("tiny", tiny), ("huge", huge), ("least", least), ("mixed", mixed)] {
        let vectors = Vectors::new(&rows, dim).unwrap();
        for metric in METRICS {
            let wanted = brute_force(&rows, &rows, dim, metric, 10, |q, row| q != row);
            let answer = lists(&nearest(&vectors, metric, &NeighborQuery::default()));
            for (q, (list, wanted)) in answer.iter().zip(&wanted).enumerate() {
                assert_eq!(list.len(), wanted.len());
                for (&(_, score), &(_, wanted)) in list.iter().zip(wanted) {
                    let error = (score - wanted).abs();
                    assert!(
                        error <= 1e-12 * score.abs().max(wanted.abs()) + 1e-300,
                        "{name} {metric:?} {q}: {score} {wanted}"
                    );
                }
            }
        }
        // A query of another scale than the rows.
        let asked = Vectors::new(&plain, dim).unwrap();
        for metric in METRICS {
            let query = NeighborQuery { queries: Queries::Vectors(asked), ..Default::default() };
            let wanted = brute_force(&rows, &plain, dim, metric, 10, |_, _| true);
            for (list, wanted) in lists(&nearest(&vectors, metric, &query)).iter().zip(&wanted) {
                for (&(_, score), &(_, wanted)) in list.iter().zip(wanted) {
                    let error = (score - wanted).abs();
                    assert!(
                        error <= 1e-12 * score.abs().max(wanted.abs()) + 1e-300,
                        "{name} {metric:?}: {score} {wanted}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_vector_of_zeros_is_alike_to_all() {
    let mut rows = numbers(6, 40 * 4);
    rows[8 * 4..9 * 4].fill(0.0);
    let vectors = Vectors::new(&rows, 4).unwrap();
    for metric in [Metric::Cosine, Metric::Dot] {
        let query = NeighborQuery { queries: Queries::Rows(&[8]), k: 9, ..Default::default() };
        let answer = nearest(&vectors, metric, &query);
        assert_eq!(answer.rows, [0, 1, 2, 3, 4, 5, 6, 7, 9]);
        assert_eq!(answer.scores, [0.0; 9]);
    }
}

#[test]
fn nothing_to_answer_with_is_an_empty_list() {
    let rows = numbers(7, 6);
    let vectors = Vectors::new(&rows, 2).unwrap();
    let query = NeighborQuery { allowed: Some(&[]), ..Default::default() };
    assert_eq!(nearest(&vectors, Metric::Cosine, &query).offsets, [0; 4]);
    let query = NeighborQuery { allowed: Some(&[1]), ..Default::default() };
    assert_eq!(nearest(&vectors, Metric::Cosine, &query).rows, [1, 1]);
    let query = NeighborQuery { queries: Queries::Rows(&[]), ..Default::default() };
    assert_eq!(nearest(&vectors, Metric::Cosine, &query).offsets, [0]);
    let none = Vectors::new(&[], 2).unwrap();
    assert_eq!(nearest(&none, Metric::Cosine, &NeighborQuery::default()).offsets, [0]);
}

#[test]
fn input_that_cannot_be_used_is_named() {
    let exec = Exec::default();
    let message = |result: crate::Result<Neighbors>| result.unwrap_err().to_string();
    let ask = |rows: &[f32], query: &NeighborQuery<'_>| {
        let vectors = Vectors::new(rows, 2)?;
        NeighborSearch::new(&vectors, Metric::L2, &exec)?.nearest(&vectors, query, &exec)
    };
    let fine = [0.0, 1.0, 2.0, 3.0];
    let query = NeighborQuery::default();
    assert!(message(ask(&[0.0, 1.0, 2.0], &query)).contains("whole rows of 2"));
    assert_eq!(
        message(ask(&[0.0, 1.0, f32::NAN, 2.0], &query)),
        "`vectors`, row 1: got NaN in column 0; vectors must be finite"
    );
    assert!(message(ask(&fine, &NeighborQuery { k: 0, ..query })).contains("at least 1"));
    let rising = NeighborQuery { allowed: Some(&[1, 1]), ..query };
    assert_eq!(message(ask(&fine, &rising)), "`allowed`, row 1: rows must rise");
    assert!(message(ask(&fine, &NeighborQuery { allowed: Some(&[2]), ..query })).contains("below 2"));
    assert!(
        message(ask(&fine, &NeighborQuery { queries: Queries::Rows(&[0, 2]), ..query })).contains("row 1")
    );
    let wide = Vectors::new(&fine[..3], 3).unwrap();
    let wide = NeighborQuery { queries: Queries::Vectors(wide), ..query };
    assert!(message(ask(&fine, &wide)).contains("as many columns as the vectors, 2, got 3"));
    let lost = [1.0, f32::INFINITY];
    let lost = NeighborQuery { queries: Queries::Vectors(Vectors::new(&lost, 2).unwrap()), ..query };
    assert!(message(ask(&fine, &lost)).starts_with("`queries`, row 0: got inf in column 1"));
    assert!(Vectors::new(&[], 0).is_err());
}

#[test]
fn cancelled_and_late_searches_end() {
    let rows = numbers(8, 4000);
    let vectors = Vectors::new(&rows, 4).unwrap();
    let search = NeighborSearch::new(&vectors, Metric::Dot, &Exec::default()).unwrap();
    let exec = Exec::default();
    exec.cancel();
    let query = NeighborQuery::default();
    assert!(matches!(search.nearest(&vectors, &query, &exec), Err(crate::Error::Interrupted)));
    let late = Exec::default().with_timeout(std::time::Duration::ZERO);
    assert!(matches!(NeighborSearch::new(&vectors, Metric::Dot, &late), Err(crate::Error::TimedOut)));
}

#[test]
fn ranking_all_rows_is_searching_them() {
    let (n, dim) = (60, 5);
    let values = numbers(9, n * dim);
    let vectors = Vectors::new(&values, dim).unwrap();
    let exec = Exec::default();
    let allowed: Vec<u32> = (0..n as u32).filter(|row| row % 4 > 0).collect();
    // Every row twice, in another order per query.
    let rows: Vec<u32> = (0..n).flat_map(|q| (0..2 * n).map(move |i| ((i * 7 + q) % n) as u32)).collect();
    let offsets: Vec<u64> = (0..=n).map(|q| (q * 2 * n) as u64).collect();
    for metric in METRICS {
        let search = NeighborSearch::new(&vectors, metric, &exec).unwrap();
        for allowed in [None, Some(&allowed[..])] {
            let query = NeighborQuery { k: 12, allowed, ..Default::default() };
            let ranked = search.rank(&vectors, &query, &offsets, &rows, &exec).unwrap();
            assert_eq!(ranked, search.nearest(&vectors, &query, &exec).unwrap());
        }
        let query = NeighborQuery { queries: Queries::Rows(&[3]), ..Default::default() };
        let rank = |offsets: &[u64], rows: &[u32]| search.rank(&vectors, &query, offsets, rows, &exec);
        assert_eq!(rank(&[0, 3], &[3, 9, 9]).unwrap().rows, [9]);
        assert!(rank(&[0], &[]).unwrap_err().to_string().starts_with("`offsets`"));
        assert!(rank(&[0, 2], &[1]).unwrap_err().to_string().starts_with("`offsets`, row 0"));
        assert!(rank(&[0, 1], &[60]).unwrap_err().to_string().starts_with("`rows`, row 0"));
    }
}
