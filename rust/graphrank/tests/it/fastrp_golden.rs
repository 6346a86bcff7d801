//! `FastRP` against golden vectors: `tests/data/fastrp.toml`, which says where its numbers come from.

use graphrank::embedding::{Direction, FastRpParams, NodeData, fastrp};
use graphrank::{EdgeOptions, Exec, Graph};

const GOLDEN: &str = include_str!("../../../../tests/data/fastrp.toml");

/// What follows `key = ` in a case; an array may go on over lines.
fn value<'a>(case: &'a str, key: &str) -> &'a str {
    let start = case.find(&format!("\n{key} = ")).unwrap() + key.len() + 4;
    let rest = &case[start..];
    let end = if rest.starts_with('[') { rest.find("]\n").unwrap() + 1 } else { rest.find('\n').unwrap() };
    &rest[..end]
}

/// All numbers of a value, whatever brackets are around them.
fn numbers(value: &str) -> Vec<f64> {
    let between = |c: char| c == '[' || c == ']' || c == ',' || c.is_whitespace();
    value.split(between).filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect()
}

fn number(case: &str, key: &str) -> f64 {
    numbers(value(case, key))[0]
}

#[test]
fn vectors_are_the_golden_ones() {
    let mut n_cases = 0;
    for case in GOLDEN.split("[[case]]").skip(1) {
        let ends: Vec<u32> = numbers(value(case, "edges")).into_iter().map(|x| x as u32).collect();
        let (src, dst): (Vec<_>, Vec<_>) = ends.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        let weights = numbers(value(case, "arc_weights"));
        let n_nodes = number(case, "nodes") as usize;
        let options = EdgeOptions { directed: value(case, "directed") == "true", ..EdgeOptions::default() };
        let weights = (!weights.is_empty()).then_some(&weights[..]);
        let graph = Graph::from_edges(n_nodes, &src, &dst, weights, options, &Exec::default()).unwrap();
        let params = FastRpParams {
            dim: number(case, "dim") as usize,
            weights: numbers(value(case, "weights")),
            normalization_strength: number(case, "strength"),
            self_influence: number(case, "self_influence"),
            sparsity: number(case, "sparsity"),
            normalize: value(case, "normalize") == "true",
            direction: match value(case, "direction") {
                r#""both""# => Direction::Both,
                r#""out""# => Direction::Out,
                r#""in""# => Direction::In,
                other => panic!("{other}"),
            },
            seed: number(case, "seed") as u64,
            ..FastRpParams::default()
        };
        let keys: Vec<u64> = (0..n_nodes as u64).collect();
        let nodes = NodeData { keys: &keys, features: None };
        let found = fastrp(&graph, &nodes, &params, &Exec::default()).unwrap();

        let expected = numbers(value(case, "vectors"));
        assert_eq!(found.len(), expected.len());
        let largest = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        for (&x, &y) in found.iter().zip(&expected) {
            assert!((f64::from(x) - y).abs() <= 1e-5 * largest, "{}: {x} {y}", value(case, "name"));
        }
        n_cases += 1;
    }
    assert_eq!(n_cases, 4);
}
