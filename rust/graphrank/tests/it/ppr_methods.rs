//! What every method of solving has in common.

use graphrank::Exec;
use graphrank::ppr::{Method, PprParams};
use proptest::prelude::*;

use crate::ppr::{RULES, all, dense, solve};
use crate::sample::edges;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Every solver that sweeps, by four rules, on one query and on a block of sixteen with one more to refill it.
    #[test]
    fn every_method_equals_a_dense_solve_within_its_bound(
        edges in edges(12), source in any::<prop::sample::Index>(), damping in 0.0..0.99f64, exponent in 2..11i32,
        n_queries in prop_oneof![Just(1), Just(17)],
    ) {
        let graph = edges.graph(&Exec::default());
        let sources: Vec<u32> = (0..n_queries).map(|i| ((source.index(edges.n) + i) % edges.n) as u32).collect();
        let methods = [Method::Power, Method::GaussSeidel, Method::ConjugateGradients];
        let tol = 10f64.powi(-exponent);
        for dangling in RULES {
            let exact: Vec<_> = (0..edges.n).map(|source| dense(&edges, source, damping, dangling)).collect();
            for &method in &methods[..if edges.directed { 2 } else { 3 }] {
                let answer = solve(&graph, &sources, &PprParams { damping, dangling, tol, method, ..PprParams::default() });
                let scores = all(answer.scores);
                for ((scores, &source), &bound) in scores.chunks(edges.n).zip(&sources).zip(&answer.error_bounds) {
                    let pairs = scores.iter().zip(&exact[source as usize]);
                    let error: f64 = pairs.map(|(score, exact)| (score - exact).abs()).sum();
                    prop_assert!(error <= bound + 1e-12, "{method:?}, {dangling:?}: {error} above {bound}");
                    prop_assert!(bound <= tol);
                    prop_assert!(scores.iter().all(|&score| score >= 0.0), "{method:?}, {dangling:?}: {scores:?}");
                }
            }
        }
    }
}
