//! Refined embeddings, from a graph to vectors.

use graphrank::embedding::{
    Direction, Embedded, FastRpParams, NodeData, Output, Powers, Precision, fastrp, fastrp_into, memory,
};
use graphrank::rng::{Domain, stream};
use graphrank::{EdgeOptions, Exec, Graph};
use rand_xoshiro::rand_core::Rng;

use crate::determinism::exec;

/// Skewed edges, some of them parallel, and the last nodes isolated.
fn sample(n: u32, n_edges: usize, directed: bool, is_weighted: bool) -> Graph {
    let mut rng = stream(5, Domain::Generator, 0);
    let mut node = || {
        let (a, b) = (rng.next_u64() % u64::from(n - 3), rng.next_u64() % u64::from(n - 3));
        u32::try_from(a * b / u64::from(n - 3)).unwrap()
    };
    let (src, dst): (Vec<_>, Vec<_>) = (0..n_edges).map(|_| (node(), node())).unzip();
    let weights: Vec<_> = src.iter().zip(&dst).map(|(u, v)| f64::from((u * 7 + v) % 5) + 0.25).collect();
    let options = EdgeOptions { directed, ..EdgeOptions::default() };
    let weights = is_weighted.then_some(&weights[..]);
    Graph::from_edges(n as usize, &src, &dst, weights, options, &Exec::default()).unwrap()
}

fn embed(graph: &Graph, params: &FastRpParams, exec: &Exec) -> Vec<f32> {
    let keys: Vec<u64> = (0..graph.n_nodes() as u64).collect();
    fastrp(graph, &NodeData { keys: &keys, features: None }, params, exec).unwrap()
}

#[test]
fn refined_vectors_do_not_depend_on_threads_or_memory() {
    for is_weighted in [false, true] {
        let graph = sample(8_000, 40_000, false, is_weighted);
        for dim in [20, 70] {
            let params = FastRpParams { dim, refine: 2, ..FastRpParams::default() };
            let alone = embed(&graph, &params, &Exec::default());
            for n_threads in [2, 5] {
                assert!(embed(&graph, &params, &exec(n_threads)) == alone, "{n_threads} threads");
            }
            let (usual, least) = memory(graph.n_nodes(), 0, is_weighted, true, &params).unwrap();
            assert!(least <= usual);
            let limited = FastRpParams { memory_limit: Some(least), ..params.clone() };
            assert!(embed(&graph, &limited, &Exec::default()) == alone, "{least} bytes");
            let limited = FastRpParams { memory_limit: Some(least - 1), ..params };
            let keys: Vec<u64> = (0..graph.n_nodes() as u64).collect();
            let nodes = NodeData { keys: &keys, features: None };
            let refused = fastrp(&graph, &nodes, &limited, &Exec::default()).unwrap_err().to_string();
            assert!(refused.starts_with("`memory_limit`"), "{refused}");
        }
    }
}

#[test]
fn progress_ends_at_what_was_announced() {
    for dim in [16, 40, 300] {
        let graph = sample(3000, 9000, false, true);
        for refine in [1, 3] {
            let exec = Exec::default();
            embed(&graph, &FastRpParams { dim, refine, ..FastRpParams::default() }, &exec);
            let (done, total) = exec.progress();
            assert_eq!(done, total, "dim {dim}, refine {refine}");
        }
    }
}

#[test]
fn refined_powers_are_not_kept() {
    let graph = sample(100, 400, false, false);
    let keys: Vec<u64> = (0..100).collect();
    let of = Embedded { graph: &graph, nodes: NodeData { keys: &keys, features: None } };
    let params = FastRpParams { refine: 1, ..FastRpParams::default() };
    let message = Powers::new(&of, &params, &Exec::default()).unwrap_err().to_string();
    assert!(message.starts_with("`refine` must be 0"), "{message}");
}

#[test]
fn one_way_arcs_are_refused_with_the_remedy() {
    let graph = sample(100, 400, true, false);
    let params = FastRpParams { dim: 8, refine: 1, ..FastRpParams::default() };
    let keys: Vec<u64> = (0..100).collect();
    let nodes = NodeData { keys: &keys, features: None };
    for direction in [Direction::Out, Direction::In] {
        let params = FastRpParams { direction, ..params.clone() };
        let message = fastrp(&graph, &nodes, &params, &Exec::default()).unwrap_err().to_string();
        assert!(
            message.starts_with("`refine` = 1 needs") && message.contains("direction = \"both\""),
            "{message}"
        );
        // The same walk in all directions where every arc has its reverse.
        let both_ways = sample(100, 400, false, false);
        assert_eq!(embed(&both_ways, &params, &Exec::default()).len(), 800);
    }
    assert!(embed(&graph, &params, &Exec::default()).iter().all(|x| x.is_finite()));
}

#[test]
fn rows_have_length_one_or_zero_and_isolated_nodes_are_zero() {
    let graph = sample(500, 1500, false, true);
    let params = FastRpParams { dim: 24, refine: 2, self_influence: 1.0, ..FastRpParams::default() };
    let vectors = embed(&graph, &params, &Exec::default());
    let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
    for (node, row) in vectors.chunks(24).enumerate() {
        let wanted = if graph.arcs().offsets[node] == graph.arcs().offsets[node + 1] { 0.0 } else { 1.0 };
        assert!((length(row) - wanted).abs() < 1e-5, "node {node}");
    }
    assert!(vectors[497 * 24..].iter().all(|&x| x == 0.0));
    let raw = FastRpParams { normalize: false, ..params };
    let raw = embed(&graph, &raw, &Exec::default());
    assert!(raw.iter().all(|x| x.is_finite()) && raw.chunks(24).any(|row| (length(row) - 1.0).abs() > 0.1));
}

/// The narrow forms begin and end with rounded rows; the space they refine is nearly the same, and so are the products
/// of rows, which no turn of it changes.
#[test]
fn narrow_floats_are_near_wide_ones() {
    let graph = sample(400, 3000, false, false);
    let (n, dim) = (400, 32);
    let params = FastRpParams { dim, refine: 8, ..FastRpParams::default() };
    let wide = embed(&graph, &params, &Exec::default());
    let state = FastRpParams { state: Precision::F16, ..params };
    let keys: Vec<u64> = (0..n as u64).collect();
    let mut halves = vec![0u16; n * dim];
    let nodes = NodeData { keys: &keys, features: None };
    fastrp_into(&graph, &nodes, &state, &mut Output::F16(&mut halves), &Exec::default()).unwrap();
    let narrow: Vec<f32> = halves.iter().map(|&half| widen(half)).collect();
    let product = |rows: &[f32], u: usize, v: usize| -> f32 {
        rows[u * dim..][..dim].iter().zip(&rows[v * dim..][..dim]).map(|(x, y)| x * y).sum()
    };
    let differences =
        (0..n).map(|u| (product(&wide, u, (u * 7) % n) - product(&narrow, u, (u * 7) % n)).abs());
    let mean = differences.sum::<f32>() / n as f32;
    assert!(mean < 0.02, "{mean}");
}

fn widen(half: u16) -> f32 {
    let (exponent, fraction) = (i32::from(half >> 10 & 31), f32::from(half & 1023) / 1024.0);
    let magnitude =
        if exponent == 0 { fraction / 16384.0 } else { (1.0 + fraction) * 2f32.powi(exponent - 15) };
    if half < 0x8000 { magnitude } else { -magnitude }
}
