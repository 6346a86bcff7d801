//! Personalized PageRank against a dense solve.

use graphrank::ppr::{Dangling, Method, PprParams, PprScores, Queries, Scores, Stop, pagerank};
use graphrank::{Exec, Graph};
use proptest::prelude::*;

use crate::sample::{Edges, edges};

pub(crate) const RULES: [Dangling; 4] =
    [Dangling::Restart, Dangling::Uniform, Dangling::Stay, Dangling::Absorb];

/// Solves π = c s + α π P′ by elimination with pivoting, P′ row by row as the rule says.
pub(crate) fn dense(edges: &Edges, source: usize, damping: f64, rule: Dangling) -> Vec<f64> {
    let n = edges.n;
    let mut system = vec![vec![0.0; n + 1]; n];
    for (u, row) in edges.matrix().into_iter().enumerate() {
        let total: f64 = row.iter().sum();
        let step = |v: usize| match rule {
            _ if total > 0.0 => row[v] / total,
            Dangling::Restart => f64::from(u8::from(v == source)),
            Dangling::Uniform => 1.0 / n as f64,
            Dangling::Stay => f64::from(u8::from(v == u)),
            _ => 0.0,
        };
        for (v, equation) in system.iter_mut().enumerate() {
            // Transposed: equation v holds what flows into v.
            equation[u] = f64::from(u8::from(u == v)) - damping * step(v);
        }
    }
    system[source][n] = 1.0 - damping;
    eliminate(system)
}

fn eliminate(mut system: Vec<Vec<f64>>) -> Vec<f64> {
    let n = system.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|&a, &b| system[a][k].abs().total_cmp(&system[b][k].abs())).unwrap();
        system.swap(k, pivot);
        for i in 0..n {
            if i != k {
                let factor = system[i][k] / system[k][k];
                let pivot_row = system[k].clone();
                for (cell, from) in system[i].iter_mut().zip(&pivot_row) {
                    *cell -= factor * from;
                }
            }
        }
    }
    (0..n).map(|k| system[k][n] / system[k][k]).collect()
}

pub(crate) fn solve(graph: &Graph, sources: &[u32], params: &PprParams) -> PprScores {
    pagerank(graph, &Queries::from_nodes(sources), params, &Exec::default()).unwrap()
}

pub(crate) fn all(scores: Scores) -> Vec<f64> {
    match scores {
        Scores::Dense(scores) => scores,
        Scores::Top { .. } => panic!("asked for every node"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    /// Four rules on 2,500 graphs. The dense solve itself is good to about 1e-14 times the conditioning, at most
    /// 2 / (1 - damping).
    #[test]
    fn scores_equal_a_dense_solve_and_the_bound_holds(
        edges in edges(12), source in any::<prop::sample::Index>(), damping in 0.0..0.95f64, exponent in 2..12i32,
    ) {
        let graph = edges.graph(&Exec::default());
        let source = source.index(edges.n);
        for dangling in RULES {
            let exact = dense(&edges, source, damping, dangling);
            let tight = PprParams { damping, dangling, tol: 1e-11, ..PprParams::default() };
            let scores = all(solve(&graph, &[source as u32], &tight).scores);
            for (score, exact) in scores.iter().zip(&exact) {
                prop_assert!((score - exact).abs() < 1e-10, "{dangling:?}: {scores:?} is not {exact:?}");
            }
            let loose = PprParams { tol: 10f64.powi(-exponent), ..tight };
            let answer = solve(&graph, &[source as u32], &loose);
            let error: f64 = all(answer.scores).iter().zip(&exact).map(|(score, exact)| (score - exact).abs()).sum();
            prop_assert!(error <= answer.error_bounds[0] + 1e-13, "{error} above {}", answer.error_bounds[0]);
            prop_assert!(answer.error_bounds[0] <= loose.tol);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    /// Push alone, by three rules: the bound holds and the answer is within the tolerance.
    #[test]
    fn push_equals_a_dense_solve_within_its_bound(
        edges in edges(12), source in any::<prop::sample::Index>(), damping in 0.0..0.95f64, exponent in 1..11i32,
    ) {
        let graph = edges.graph(&Exec::default());
        let source = source.index(edges.n);
        for dangling in [Dangling::Restart, Dangling::Stay, Dangling::Absorb] {
            let exact = dense(&edges, source, damping, dangling);
            let tol = 10f64.powi(-exponent);
            let params = PprParams { damping, dangling, tol, method: Method::Push, ..PprParams::default() };
            let answer = solve(&graph, &[source as u32], &params);
            prop_assert_eq!(&answer.methods, &[Method::Push]);
            let error: f64 = all(answer.scores).iter().zip(&exact).map(|(score, exact)| (score - exact).abs()).sum();
            prop_assert!(error <= answer.error_bounds[0] + 1e-13, "{error} above {}", answer.error_bounds[0]);
            prop_assert!(answer.error_bounds[0] <= tol);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    /// Whatever the method and however early it stopped: what is certified is true, and so is the bound.
    #[test]
    fn certified_lists_hold_the_best_nodes_of_a_dense_solve(
        edges in edges(12), source in any::<prop::sample::Index>(), k in 1usize..8, exponent in 1..10i32,
    ) {
        let graph = edges.graph(&Exec::default());
        let source = source.index(edges.n);
        let tol = 10f64.powi(-exponent);
        for dangling in RULES {
            let exact = dense(&edges, source, 0.85, dangling);
            for (stop, method) in [
                (Stop::Tolerance, Method::Auto),
                (Stop::Tolerance, Method::GaussSeidel),
                (Stop::Certified, Method::Auto),
                (Stop::Certified, Method::Power),
                (Stop::RankStable, Method::Auto),
                (Stop::RankStable, Method::Power),
            ] {
                let params = PprParams { top_k: Some(k), tol, stop, method, dangling, ..PprParams::default() };
                let answer = solve(&graph, &[source as u32], &params);
                prop_assert!(answer.error_bounds[0] <= tol || stop != Stop::Tolerance);
                let certified = answer.top_k_certified.unwrap()[0];
                let Scores::Top { nodes, scores, .. } = answer.scores else { panic!("asked for the best") };
                let error: f64 = nodes.iter().zip(&scores).map(|(&v, score)| (score - exact[v as usize]).abs()).sum();
                prop_assert!(error <= answer.error_bounds[0] + 1e-13);
                if certified {
                    let least = nodes.iter().map(|&v| exact[v as usize]).fold(1.0, f64::min);
                    let outside = (0..edges.n).filter(|&v| !nodes.contains(&(v as u32)));
                    let most = outside.map(|v| exact[v]).fold(0.0, f64::max);
                    prop_assert!(most < least || most == 0.0, "{stop:?} {method:?} {dangling:?}: {most} above {least}");
                    prop_assert!(nodes.len() == k.min(edges.n) || most == 0.0);
                } else if stop == Stop::Certified {
                    prop_assert!(answer.error_bounds[0] <= tol, "went on to the tolerance");
                }
            }
        }
    }
}

/// A hub of 50 leaves, one of them with a tail: the hub stands out long before the tolerance is reached.
#[test]
fn a_certified_stop_comes_early_and_says_the_larger_bound() {
    let exec = Exec::default();
    let (src, dst): (Vec<u32>, Vec<u32>) =
        (1..51).map(|leaf| (0, leaf)).chain((50..99).map(|v| (v, v + 1))).unzip();
    let options = graphrank::EdgeOptions { directed: false, ..Default::default() };
    let graph = Graph::from_edges(100, &src, &dst, None, options, &exec).unwrap();
    for method in [Method::Push, Method::Power] {
        let full = PprParams { top_k: Some(1), method, ..PprParams::default() };
        let early = solve(&graph, &[0], &PprParams { stop: Stop::Certified, ..full.clone() });
        let stable = solve(&graph, &[0], &PprParams { stop: Stop::RankStable, ..full.clone() });
        let full = solve(&graph, &[0], &full);
        for answer in [&early, &stable] {
            assert!(answer.error_bounds[0] > 1e-8 && answer.iterations[0] < full.iterations[0], "{answer:?}");
        }
        assert_eq!(early.top_k_certified, Some(vec![true]));
        assert_eq!(full.top_k_certified, Some(vec![true]));
        let Scores::Top { nodes, .. } = early.scores else { panic!("asked for the best") };
        assert_eq!(nodes, [0]);
    }
}

#[test]
fn an_early_stop_needs_a_list_and_a_method_that_can() {
    let exec = Exec::default();
    let graph = Graph::from_edges(2, &[0], &[1], None, graphrank::EdgeOptions::default(), &exec).unwrap();
    let refused =
        |params| pagerank(&graph, &Queries::from_nodes(&[0]), &params, &exec).unwrap_err().to_string();
    let early = PprParams { stop: Stop::Certified, ..PprParams::default() };
    assert_eq!(refused(early.clone()), "`stop` = \"certified\" needs `top_k`");
    let message = refused(PprParams { top_k: Some(1), method: Method::GaussSeidel, ..early });
    assert!(message.starts_with("`stop` = \"certified\" needs method \"auto\""), "{message}");
}

/// A ring of 3 nodes beside 10,000 nodes of which each reaches all others in 14 steps: from the ring push answers, from the
/// others its budget runs out; and each query of a batch has the bits it has alone.
#[test]
fn queries_that_stay_nearby_are_pushed_and_others_are_not() {
    let exec = Exec::default();
    let far = 10_000u32;
    let far = (0..2 * far).map(|i| (3 + i / 2, 3 + i % far));
    let (src, dst): (Vec<u32>, Vec<u32>) = [(0, 1), (1, 2), (2, 0)].into_iter().chain(far).unzip();
    let graph =
        Graph::from_edges(10_003, &src, &dst, None, graphrank::EdgeOptions::default(), &exec).unwrap();
    let params = PprParams::default();
    let power = PprParams { method: Method::Power, ..params.clone() };
    let answer = solve(&graph, &[0, 3, 1], &params);
    assert!(answer.methods[0] == Method::Push && answer.methods[2] == Method::Push);
    assert!(answer.methods[1] != Method::Push);
    let (scores, exact) = (all(answer.scores), all(solve(&graph, &[0, 3, 1], &power).scores));
    let error: f64 = scores.iter().zip(&exact).map(|(a, b)| (a - b).abs()).sum();
    assert!(error <= 6e-8, "{error}");
    assert_eq!(scores[..10_003], all(solve(&graph, &[0], &params).scores));
    let best = solve(&graph, &[0, 3, 1], &PprParams { top_k: Some(4), ..params });
    let Scores::Top { offsets, nodes, scores: listed } = best.scores else { panic!("asked for the best") };
    assert_eq!(offsets, [0, 3, 7, 10]);
    assert_eq!((&nodes[..3], &nodes[7..]), (&[0, 1, 2][..], &[1, 2, 0][..]));
    assert_eq!(listed[0], scores[0]);
}

/// Conjugate gradients never came back from a damping of 0, and Gauss-Seidel sweeps found no bound: both divide by it.
#[test]
fn every_method_takes_a_damping_of_next_to_nothing() {
    let options = graphrank::EdgeOptions { directed: false, ..Default::default() };
    let graph = Graph::from_edges(3, &[0, 0, 1], &[1, 2, 0], None, options, &Exec::default()).unwrap();
    for method in [Method::Auto, Method::Push, Method::Power, Method::GaussSeidel, Method::ConjugateGradients]
    {
        for damping in [0.0, 5e-324, 1e-300, 1e-20] {
            let params = PprParams { damping, method, ..PprParams::default() };
            for n_queries in [1, 17] {
                let scores = all(solve(&graph, &vec![1; n_queries], &params).scores);
                let restart = [0.0, 1.0, 0.0].into_iter().cycle();
                let error: f64 = scores.iter().zip(restart).map(|(score, exact)| (score - exact).abs()).sum();
                assert!(error < 1e-15, "{method:?}, damping {damping}: {scores:?}");
            }
        }
    }
}

#[test]
fn push_refuses_what_it_cannot_do() {
    let exec = Exec::default();
    let graph = Graph::from_edges(2, &[0], &[1], None, graphrank::EdgeOptions::default(), &exec).unwrap();
    let refused = |params| pagerank(&graph, &Queries::from_nodes(&[0]), &params, &exec).unwrap_err();
    let push = PprParams { method: Method::Push, ..PprParams::default() };
    let message = refused(PprParams { dangling: Dangling::Uniform, ..push.clone() }).to_string();
    assert!(message.starts_with("`method` \"push\" cannot spread"), "{message}");
    let error = refused(PprParams { tol: 1e-18, ..push });
    assert!(matches!(error, graphrank::Error::DidNotConverge { bound, .. } if bound < 1e-12), "{error}");
}

proptest! {
    #[test]
    fn scores_add_up_to_one_unless_absorbed(edges in edges(12), source in any::<prop::sample::Index>()) {
        let graph = edges.graph(&Exec::default());
        let source = source.index(edges.n) as u32;
        for dangling in RULES {
            let params = PprParams { dangling, ..PprParams::default() };
            let total: f64 = all(solve(&graph, &[source], &params).scores).iter().sum();
            let expected = if dangling == Dangling::Absorb { total.min(1.0) } else { 1.0 };
            prop_assert!((total - expected).abs() < 1e-8, "{dangling:?} adds up to {total}");
        }
    }

    /// Flow from u to v and from v to u balance on undirected graphs, weighed by weighted degree.
    #[test]
    fn undirected_scores_are_symmetric_up_to_degree(edges in edges(10)) {
        let exec = Exec::default();
        let edges = Edges { directed: false, ..edges };
        let graph = edges.graph(&exec);
        let degree: Vec<f64> = edges.matrix().iter().map(|row| row.iter().sum()).collect();
        let params = PprParams { tol: 1e-12, ..PprParams::default() };
        let nodes: Vec<u32> = (0..edges.n as u32).collect();
        let scores = all(solve(&graph, &nodes, &params).scores);
        for u in 0..edges.n {
            for v in 0..edges.n {
                if degree[u] > 0.0 && degree[v] > 0.0 {
                    let (there, back) = (scores[u * edges.n + v], scores[v * edges.n + u]);
                    prop_assert!((degree[u] * there - degree[v] * back).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn a_mixture_of_restarts_is_the_mixture_of_scores(edges in edges(10), share in 0.01..0.99f64) {
        let exec = Exec::default();
        let graph = edges.graph(&exec);
        let last = edges.n as u32 - 1;
        // Where dangling nodes return to the restart distribution itself, scores are not linear in it.
        for dangling in [Dangling::Uniform, Dangling::Stay, Dangling::Absorb] {
            let params = PprParams { dangling, tol: 1e-12, ..PprParams::default() };
            let queries = Queries {
                offsets: vec![0, 2].into(),
                nodes: vec![0, last].into(),
                weights: vec![share, 1.0 - share].into(),
            };
            let mixed = all(pagerank(&graph, &queries, &params, &exec).unwrap().scores);
            let apart = all(solve(&graph, &[0, last], &params).scores);
            for v in 0..edges.n {
                let mixture = share * apart[v] + (1.0 - share) * apart[edges.n + v];
                prop_assert!((mixed[v] - mixture).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn the_best_nodes_are_those_of_the_full_answer(edges in edges(12), k in 1usize..15) {
        let graph = edges.graph(&Exec::default());
        let params = PprParams::default();
        let full = all(solve(&graph, &[0], &params).scores);
        let mut expected: Vec<(u32, f64)> = (0u32..).zip(full).filter(|&(_, score)| score > 0.0).collect();
        expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        expected.truncate(k);
        let answer = solve(&graph, &[0], &PprParams { top_k: Some(k), ..params });
        let Scores::Top { nodes, scores, offsets } = answer.scores else { panic!("asked for the best") };
        prop_assert_eq!(&offsets, &[0, expected.len() as u64]);
        prop_assert_eq!(nodes.into_iter().zip(scores).collect::<Vec<_>>(), expected);
    }
}

/// A million restart weights, added one after the other, would be off by more than the bound says. Without edges and
/// with dangling nodes that keep the walker, the scores are the restart distribution itself.
#[test]
fn the_bound_covers_long_restart_lists() {
    let n = 1_000_000u32;
    let exec = Exec::default();
    let graph =
        Graph::from_edges(n as usize, &[], &[], None, graphrank::EdgeOptions::default(), &exec).unwrap();
    let mut weights = vec![0.1; n as usize];
    weights[7] = 1.0;
    let queries =
        Queries { offsets: vec![0, u64::from(n)].into(), nodes: (0..n).collect(), weights: weights.into() };
    let params = PprParams { dangling: Dangling::Stay, ..PprParams::default() };
    let answer = pagerank(&graph, &queries, &params, &exec).unwrap();
    let bound = answer.error_bounds[0];
    // 999,999 tenths and 1 are 100,000.9.
    let exact = |v: usize| if v == 7 { 1.0 / 100_000.9 } else { 0.1 / 100_000.9 };
    let error: f64 = all(answer.scores).iter().enumerate().map(|(v, score)| (score - exact(v)).abs()).sum();
    assert!(error <= bound && bound < 1e-13, "error {error:e}, bound {bound:e}");
}

/// Long rows are summed in blocks, so a hub does not make a tolerance unattainable.
#[test]
fn a_star_of_many_leaves_converges_at_high_damping() {
    let n = 200_000u32;
    let exec = Exec::default();
    let (hub, leaves): (Vec<u32>, Vec<u32>) = (1..n).map(|leaf| (0, leaf)).unzip();
    let options = graphrank::EdgeOptions { directed: false, ..Default::default() };
    let graph = Graph::from_edges(n as usize, &hub, &leaves, None, options, &exec).unwrap();
    let answer = solve(&graph, &[0], &PprParams { damping: 0.99, ..PprParams::default() });
    assert!(answer.error_bounds[0] <= 1e-8);
    // Restart at the hub: x0 = c + α (1 - x0), since what is not at the hub comes back in one step.
    assert!((all(answer.scores)[0] - 1.0 / 1.99).abs() < 1e-9);
}

/// Two joined nodes: the least bound that can be certified is within reach at the tolerance that asks for it.
#[test]
fn a_tolerance_just_above_rounding_is_reached() {
    let exec = Exec::default();
    let graph =
        Graph::from_edges(2, &[0, 1], &[1, 0], None, graphrank::EdgeOptions::default(), &exec).unwrap();
    let least = match pagerank(
        &graph,
        &Queries::from_nodes(&[0]),
        &PprParams { tol: 1e-18, ..PprParams::default() },
        &exec,
    ) {
        Err(graphrank::Error::DidNotConverge { bound, .. }) => bound,
        other => panic!("{other:?}"),
    };
    let answer = solve(&graph, &[0], &PprParams { tol: 2.0 * least, ..PprParams::default() });
    assert!(answer.error_bounds[0] <= 2.0 * least);
}
