//! Embeddings: the same bits whatever way they are computed, and updates equal to a fresh start.

use graphrank::embedding::{
    Direction, Embedded, FastRpParams, Features, NodeData, Output, Powers, Precision, fastrp, fastrp_into,
};
use graphrank::rng::{self, Domain};
use graphrank::{EdgeOptions, Error, Exec, Graph};
use proptest::prelude::*;
use rand_xoshiro::rand_core::Rng;

use crate::determinism::exec;
use crate::sample::edges;

fn params() -> impl Strategy<Value = FastRpParams> {
    let dims = prop::sample::select(vec![1usize, 16, 37, 64, 128, 150, 300]);
    let weights = prop::sample::select(vec![
        vec![0.0, 0.0, 1.0, 6.67],
        vec![1.0],
        vec![0.5, 0.0, -2.0],
        vec![0.0, 1.0],
    ]);
    let directions = prop::sample::select(vec![Direction::Both, Direction::Out, Direction::In]);
    let strengths = prop::sample::select(vec![0.0, -0.64, 0.5]);
    let own = prop::sample::select(vec![0.0, 1.5]);
    (dims, weights, directions, strengths, own, any::<bool>(), any::<bool>(), any::<u64>()).prop_map(
        |(dim, weights, direction, normalization_strength, self_influence, normalize, is_half, seed)| {
            FastRpParams {
                dim,
                weights,
                direction,
                normalization_strength,
                self_influence,
                normalize,
                state: if is_half { Precision::F16 } else { Precision::F32 },
                seed,
                ..FastRpParams::default()
            }
        },
    )
}

fn keys(n: usize) -> Vec<u64> {
    (0..n as u64).map(|node| node * 7 + 1).collect()
}

fn bits(vectors: &[f32]) -> Vec<u32> {
    vectors.iter().map(|x| x.to_bits()).collect()
}

/// The least `memory_limit` that an error names.
fn least(error: &Error) -> u64 {
    let text = error.to_string();
    let number = text.split("at least ").nth(1).unwrap().split(' ').next().unwrap();
    number.replace(',', "").parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Threads, limits on memory (narrow blocks, two passes) and a number of nodes without arcs change no bit.
    #[test]
    fn the_way_of_computing_changes_no_bit(edges in edges(30), params in params(), more in 0..40usize) {
        let graph = edges.graph(&Exec::default());
        let n = graph.n_nodes();
        let keys = keys(n + more);
        let nodes = NodeData { keys: &keys[..n], features: None };
        let expected = bits(&fastrp(&graph, &nodes, &params, &exec(1)).unwrap());
        prop_assert_eq!(&bits(&fastrp(&graph, &nodes, &params, &exec(3)).unwrap()), &expected);

        let refused = FastRpParams { memory_limit: Some(0), ..params.clone() };
        let least = least(&fastrp(&graph, &nodes, &refused, &exec(2)).unwrap_err());
        for limit in [least, least + least / 4, least * 2, least * 8] {
            let limited = FastRpParams { memory_limit: Some(limit), ..params.clone() };
            prop_assert_eq!(&bits(&fastrp(&graph, &nodes, &limited, &exec(2)).unwrap()), &expected);
        }

        let arcs = graph.arcs();
        let sources: Vec<u32> = (0..n as u32).flat_map(|v| std::iter::repeat_n(v, graph.neighbors(v).len())).collect();
        let larger = Graph::from_edges(n + more, &sources, arcs.targets, arcs.weights, EdgeOptions::default(), &exec(1));
        let nodes = NodeData { keys: &keys, features: None };
        if graph.is_directed() {
            let vectors = fastrp(&larger.unwrap(), &nodes, &params, &exec(2)).unwrap();
            prop_assert_eq!(&bits(&vectors)[..n * params.dim], &expected[..]);
        }
    }

    /// An unrelated component changes no bit: two copies of a graph side by side have the vectors of each by itself.
    #[test]
    fn another_component_changes_no_bit(edges in edges(20), params in params()) {
        let exec = exec(2);
        let graph = edges.graph(&exec);
        let n = graph.n_nodes();
        let keys = keys(2 * n);
        let (first, second) = keys.split_at(n);
        let arcs = graph.arcs();
        let sources: Vec<u32> = (0..n as u32).flat_map(|v| std::iter::repeat_n(v, graph.neighbors(v).len())).collect();
        let shift = |nodes: &[u32]| nodes.iter().map(|&v| v + n as u32).collect::<Vec<u32>>();
        let (src, dst) = ([&sources[..], &shift(&sources)].concat(), [arcs.targets, &shift(arcs.targets)].concat());
        let weights = arcs.weights.map(|weights| weights.repeat(2));
        let both = Graph::from_edges(2 * n, &src, &dst, weights.as_deref(), EdgeOptions::default(), &exec).unwrap();
        // A symmetric graph reads one list of arcs, as an undirected one does.
        let together = fastrp(&both, &NodeData { keys: &keys, features: None }, &params, &exec).unwrap();
        let alone = |keys| bits(&fastrp(&graph, &NodeData { keys, features: None }, &params, &exec).unwrap());
        prop_assert_eq!(bits(&together), [alone(first), alone(second)].concat());
    }

    /// Kept powers give the embedding itself, those of other weights, and after any change of edges and nodes the one
    /// that the new graph has.
    #[test]
    fn powers_that_are_kept_give_what_a_fresh_start_gives(
        edges in edges(25), changed in edges(25), params in params(), moved in any::<u64>(), with_features: bool,
    ) {
        let exec = exec(2);
        let params = FastRpParams {
            state: Precision::F32,
            feature_ratio: if with_features && params.dim > 1 { 0.5 } else { 0.0 },
            ..params
        };
        let with_features = params.feature_ratio > 0.0;
        let (old, new) = (edges.graph(&exec), changed.graph(&exec));
        // Node v of the new graph was v before, but for some that are new.
        let numbers: Vec<u32> = (0..new.n_nodes())
            .map(|v| if v < old.n_nodes() && moved >> (v % 64) & 7 != 0 { v as u32 } else { u32::MAX })
            .collect();
        let old_keys = keys(old.n_nodes());
        let new_keys: Vec<u64> = (0u64..).zip(&numbers)
            .map(|(v, &number)| if number == u32::MAX { 1_000 + v } else { old_keys[number as usize] }).collect();
        let values = |n: usize| (0..2 * n).map(|i| (i % 5) as f32 - 1.0).collect::<Vec<f32>>();
        let (old_values, new_values) = (values(old.n_nodes()), values(new.n_nodes()));
        let features = |values| with_features.then_some(Features { values, keys: &[3, 4] });
        let before = Embedded { graph: &old, nodes: NodeData { keys: &old_keys, features: features(&old_values) } };
        let after = Embedded { graph: &new, nodes: NodeData { keys: &new_keys, features: features(&new_values) } };

        let powers = Powers::new(&before, &params, &exec).unwrap();
        let embed = |powers: &Powers, of: &Embedded<'_>, params: &FastRpParams| {
            let mut vectors = vec![0f32; of.graph.n_nodes() * params.dim];
            let output = &mut Output::F32(&mut vectors);
            powers.embed(of, &params.weights, params.self_influence, output, &exec).unwrap();
            bits(&vectors)
        };
        let fresh = |of: &Embedded<'_>, params: &FastRpParams| {
            bits(&fastrp(of.graph, &of.nodes, params, &exec).unwrap())
        };
        prop_assert_eq!(embed(&powers, &before, &params), fresh(&before, &params));
        let other = FastRpParams { weights: vec![2.0], self_influence: 0.5, ..params.clone() };
        prop_assert_eq!(embed(&powers, &before, &other), fresh(&before, &other));

        let (updated, counts) = powers.update(&before, &after, &numbers, &exec).unwrap();
        prop_assert_eq!(embed(&updated, &after, &params), fresh(&after, &params));
        prop_assert!(counts.is_sorted() && counts.iter().all(|&count| count <= new.n_nodes()));
        let same: Vec<u32> = (0..old.n_nodes() as u32).collect();
        let (_, counts) = powers.update(&before, &before, &same, &exec).unwrap();
        prop_assert!(counts.iter().all(|&count| count == 0), "nothing changed");
    }

    /// A new node has the vector that it would have if nothing it leads to had learned of it: that of a directed graph
    /// in which it is nobody's neighbour.
    #[test]
    fn new_nodes_have_the_vectors_of_nodes_that_nobody_reads(edges in edges(20), params in params(), links in 0..200u64) {
        let exec = exec(2);
        let params = FastRpParams { state: Precision::F32, direction: Direction::Out, ..params };
        let graph = edges.graph(&exec);
        let n = graph.n_nodes();
        let linked: Vec<u32> = (0..n as u32).filter(|&v| links >> (v % 8) & 1 == 1).collect();
        let weights = vec![2.0; linked.len()];
        let weights = graph.is_weighted().then_some(&weights[..]);
        let keys = keys(n + 2);
        let options = EdgeOptions::default();
        let new = vec![n as u32; linked.len()];
        let with_new = Graph::from_edges(n + 2, &new, &linked, weights, options, &exec).unwrap();

        let of = Embedded { graph: &graph, nodes: NodeData { keys: &keys[..n], features: None } };
        let powers = Powers::new(&of, &params, &exec).unwrap();
        let mut vectors = vec![0f32; 2 * params.dim];
        let nodes = NodeData { keys: &keys[n..], features: None };
        powers.transform(&of, &with_new, &nodes, &mut Output::F32(&mut vectors), &exec).unwrap();

        let arcs = graph.arcs();
        let mut src: Vec<u32> = (0..n as u32).flat_map(|v| std::iter::repeat_n(v, graph.neighbors(v).len())).collect();
        src.extend(&new);
        let dst = [arcs.targets, &linked].concat();
        let weights = arcs.weights.map(|old| [old, weights.unwrap()].concat());
        let whole = Graph::from_edges(n + 2, &src, &dst, weights.as_deref(), options, &exec).unwrap();
        let expected = fastrp(&whole, &NodeData { keys: &keys, features: None }, &params, &exec).unwrap();
        prop_assert_eq!(bits(&vectors), &bits(&expected)[n * params.dim..]);
    }
}

/// Narrow results are rounded wide ones; narrow state is off by no more than its rounding.
#[test]
fn narrow_floats_are_near_wide_ones() {
    let exec = exec(2);
    let (src, dst): (Vec<u32>, Vec<u32>) = (0..3000u32).map(|i| (i * i % 211, i * 7 % 197)).unzip();
    let graph = Graph::from_edges(211, &src, &dst, None, EdgeOptions::default(), &exec).unwrap();
    let keys = keys(211);
    let nodes = NodeData { keys: &keys, features: None };
    let wide = FastRpParams { dim: 100, ..FastRpParams::default() };
    let exact = fastrp(&graph, &nodes, &wide, &exec).unwrap();

    let half = FastRpParams { state: Precision::F16, ..wide.clone() };
    let near = fastrp(&graph, &nodes, &half, &exec).unwrap();
    // Vectors have length at most 7.67; four roundings of 2^-11 each, and as much again for lengths.
    let far = exact.iter().zip(&near).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far > 0.0 && far < 7.67 * 8.0 / 2048.0, "{far}");

    let mut narrow = vec![0u16; exact.len()];
    fastrp_into(&graph, &nodes, &wide, &mut Output::F16(&mut narrow), &exec).unwrap();
    for (&half, &single) in narrow.iter().zip(&exact) {
        let (exponent, fraction) = (i32::from(half >> 10 & 31), f64::from(half & 1023) / 1024.0);
        let magnitude =
            if exponent == 0 { fraction / 16384.0 } else { (1.0 + fraction) * 2f64.powi(exponent - 15) };
        let (value, x) = (if half < 0x8000 { magnitude } else { -magnitude }, f64::from(single));
        assert!((value - x).abs() <= x.abs() / 2048.0 + 2f64.powi(-25), "{value} {x}");
    }
}

/// Large enough for many units of work, hubs that come first, and rows longer than a window: threads, limits and what the
/// result lies in change no bit, with features and in either precision.
#[test]
fn large_graphs_have_the_same_bits_too() {
    let n = 20_000u32;
    let skewed = |i: u64| (rng::stream(3, Domain::Generator, i).next_u64() % u64::from(n)) as u32;
    let ends = (0..60_000u64).map(|i| (skewed(2 * i), skewed(2 * i + 1) % (1 + skewed(i) / 4)));
    let (src, dst): (Vec<u32>, Vec<u32>) = ends.chain((0..3000).map(|v| (7, v * 6 + 1))).unzip();
    let weights: Vec<f64> = (0..src.len()).map(|i| 1.0 + (i % 5) as f64).collect();
    let graph =
        Graph::from_edges(n as usize, &src, &dst, Some(&weights), EdgeOptions::default(), &exec(2)).unwrap();
    let keys = keys(n as usize);
    let values: Vec<f32> = (0..n as usize * 3).map(|i| (i % 7) as f32 - 3.0).collect();
    for state in [Precision::F32, Precision::F16] {
        for (dim, feature_ratio) in [(128, 0.0), (128, 0.3), (72, 0.0)] {
            let features = Features { values: &values, keys: &[1, 2, 3] };
            let nodes = NodeData { keys: &keys, features: (feature_ratio > 0.0).then_some(features) };
            let params = FastRpParams { dim, feature_ratio, state, ..FastRpParams::default() };
            let expected = bits(&fastrp(&graph, &nodes, &params, &exec(1)).unwrap());
            assert_eq!(bits(&fastrp(&graph, &nodes, &params, &exec(3)).unwrap()), expected);
            let mut file = vec![0f32; expected.len()];
            fastrp_into(&graph, &nodes, &params, &mut Output::File(&mut file), &exec(2)).unwrap();
            assert_eq!(bits(&file), expected);
            let limited = FastRpParams { memory_limit: Some(0), ..params.clone() };
            let least = least(&fastrp(&graph, &nodes, &limited, &exec(1)).unwrap_err());
            let limited = FastRpParams { memory_limit: Some(least), ..params };
            assert_eq!(bits(&fastrp(&graph, &nodes, &limited, &exec(2)).unwrap()), expected);
        }
    }
}

/// An arc that leads one way, elsewhere, leaves a graph of arcs both ways as it was; and one row of values far from the
/// others is refused where it would cost them their digits.
#[test]
fn what_one_node_has_costs_nobody_else() {
    let exec = exec(2);
    let pairs: Vec<(u32, u32)> = (0..200u32).map(|i| (i % 50, (i * i + i / 7) % 50)).collect();
    let both_ways = pairs.iter().flat_map(|&(u, v)| [(u, v), (v, u)]);
    let (src, dst): (Vec<u32>, Vec<u32>) = both_ways.unzip();
    let keys = keys(52);
    let params = FastRpParams { normalization_strength: -1.0, normalize: false, ..FastRpParams::default() };
    let vectors = |src: &[u32], dst: &[u32], n: usize, directed| {
        let options = EdgeOptions { directed, ..EdgeOptions::default() };
        let graph = Graph::from_edges(n, src, dst, None, options, &exec).unwrap();
        bits(&fastrp(&graph, &NodeData { keys: &keys[..n], features: None }, &params, &exec).unwrap())
    };
    let alone = vectors(&src, &dst, 50, true);
    assert_eq!(vectors(&src, &dst, 50, false), alone);
    let (more_src, more_dst) = ([&src[..], &[50]].concat(), [&dst[..], &[51]].concat());
    assert_eq!(vectors(&more_src, &more_dst, 52, true)[..alone.len()], alone);

    let weights: Vec<f64> = src.iter().map(|_| 1.0).chain([1e-12]).collect();
    let options = EdgeOptions { directed: false, ..EdgeOptions::default() };
    let graph = Graph::from_edges(52, &more_src, &more_dst, Some(&weights), options, &exec).unwrap();
    let half = FastRpParams { state: Precision::F16, ..params };
    let error = fastrp(&graph, &NodeData { keys: &keys, features: None }, &half, &exec).unwrap_err();
    assert!(error.to_string().starts_with("`state`"), "{error}");
}

/// Sizes that do not belong together are errors, not panics.
#[test]
fn kept_powers_check_what_they_are_given() {
    let exec = exec(1);
    let options = EdgeOptions::default();
    let graph = Graph::from_edges(3, &[0, 1], &[1, 2], None, options, &exec).unwrap();
    let other = Graph::from_edges(4, &[0, 3], &[3, 1], None, options, &exec).unwrap();
    let (three, four) = (keys(3), keys(4));
    let of = Embedded { graph: &graph, nodes: NodeData { keys: &three, features: None } };
    let to = Embedded { graph: &other, nodes: NodeData { keys: &four, features: None } };
    let params = FastRpParams { dim: 4, ..FastRpParams::default() };
    let powers = Powers::new(&of, &params, &exec).unwrap();
    let mut room = [0f32; 12];
    let embed = |of: &Embedded<'_>, weights: &[f64], room: &mut [f32]| {
        powers.embed(of, weights, 0.0, &mut Output::F32(room), &exec).map_err(|error| error.to_string())
    };
    assert!(embed(&of, &[1.0], &mut room).is_ok());
    assert!(embed(&of, &[1.0], &mut room[..8]).unwrap_err().starts_with("`out`"));
    assert!(embed(&to, &[1.0], &mut room).unwrap_err().starts_with("`graph`"));
    assert!(embed(&of, &[0.0, 0.0, 0.0, 0.0, 1.0], &mut room).unwrap_err().starts_with("`weights`"));
    let update = |numbers: &[u32]| powers.update(&of, &to, numbers, &exec).unwrap_err().to_string();
    assert!(update(&[0, 1, 2]).starts_with("`old_numbers` has 3 rows"));
    assert!(update(&[0, 1, 2, 3]).starts_with("`old_numbers`, row 3: got 3"));
    let new = NodeData { keys: &four[..1], features: None };
    let refused = powers.transform(&of, &other, &new, &mut Output::F32(&mut room[..4]), &exec);
    assert!(refused.unwrap_err().to_string().starts_with("`with_new`"));
}

#[test]
fn what_cannot_be_embedded_is_refused_by_name() {
    let exec = exec(1);
    let graph = Graph::from_edges(2, &[0], &[1], None, EdgeOptions::default(), &exec).unwrap();
    let params = FastRpParams { feature_ratio: 0.5, ..FastRpParams::default() };
    let message = |keys: &[u64], features, params: &FastRpParams| {
        fastrp(&graph, &NodeData { keys, features }, params, &exec).unwrap_err().to_string()
    };
    let plain = FastRpParams::default();
    assert!(message(&[1], None, &plain).starts_with("`keys` has 1 rows"));
    assert!(message(&[1, 2], None, &params).contains("pass `features`"));
    let short = Features { values: &[1.0], keys: &[1] };
    assert!(message(&[1, 2], Some(short), &params).starts_with("`features` holds 1 numbers"));
    let bad = Features { values: &[1.0, f32::NAN], keys: &[1] };
    assert!(message(&[1, 2], Some(bad), &params).starts_with("`features`, row 1: got NaN in column 0"));
    let unused = Features { values: &[1.0, 2.0], keys: &[1] };
    assert!(message(&[1, 2], Some(unused), &plain).starts_with("`feature_ratio`"));
    let wrong = fastrp_into(
        &graph,
        &NodeData { keys: &[1, 2], features: None },
        &plain,
        &mut Output::F32(&mut [0.0]),
        &exec,
    );
    assert!(wrong.unwrap_err().to_string().starts_with("`out`"));
}
