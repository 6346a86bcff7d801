//! The graph against plain matrices and lists.

use graphrank::{Duplicates, EdgeOptions, Error, Exec, Graph};
use proptest::prelude::*;

use crate::sample::{Edges, edges};

fn matrix_of(graph: &Graph) -> Vec<Vec<f64>> {
    let mut matrix = vec![vec![0.0; graph.n_nodes()]; graph.n_nodes()];
    for u in 0..graph.n_nodes() as u32 {
        for (i, &v) in graph.neighbors(u).iter().enumerate() {
            matrix[u as usize][v as usize] = graph.neighbor_weights(u).map_or(1.0, |w| w[i]);
        }
    }
    matrix
}

/// Offsets, targets and the bits of weights.
fn bytes_of(graph: &Graph) -> (Vec<u64>, Vec<u32>, Option<Vec<u64>>) {
    let arcs = graph.arcs();
    let bits = arcs.weights.map(|w| w.iter().map(|w| w.to_bits()).collect());
    (arcs.offsets.to_vec(), arcs.targets.to_vec(), bits)
}

proptest! {
    #[test]
    fn rows_are_sorted_distinct_and_hold_the_matrix(edges in edges(12)) {
        let graph = edges.graph(&Exec::default());
        prop_assert_eq!(matrix_of(&graph), edges.matrix());
        for u in 0..graph.n_nodes() as u32 {
            prop_assert!(graph.neighbors(u).windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn the_order_of_the_rows_changes_nothing(edges in edges(12), key in any::<u64>()) {
        let mut shuffled = edges.clone();
        // Weights that do not add up exactly, so that an order of summation would show.
        let scaled = |row: &mut (u32, u32, f64)| row.2 *= 0.1;
        let mut edges = edges;
        edges.rows.iter_mut().for_each(scaled);
        shuffled.rows.iter_mut().for_each(scaled);
        shuffled.rows.sort_by_key(|row| u64::from(row.0 * 31 + row.1).wrapping_mul(key | 1) ^ row.2.to_bits());
        prop_assert_eq!(bytes_of(&edges.graph(&Exec::default())), bytes_of(&shuffled.graph(&Exec::default())));
    }

    #[test]
    fn listed_edges_build_the_same_graph(edges in edges(12)) {
        let exec = Exec::default();
        let graph = edges.graph(&exec);
        let (src, dst, weights) = graph.edges(&exec).unwrap();
        prop_assert_eq!(src.len(), graph.n_edges());
        let options = EdgeOptions { directed: edges.directed, duplicates: Duplicates::Error, keep_self_loops: true };
        let again = Graph::from_edges(edges.n, &src, &dst, weights.as_deref(), options, &exec).unwrap();
        prop_assert_eq!(bytes_of(&again), bytes_of(&graph));
    }

    #[test]
    fn a_matrix_in_any_order_with_repeats_builds_the_same_graph(edges in edges(12)) {
        let exec = Exec::default();
        let directed = Edges { directed: true, weighted: true, ..edges };
        let mut rows = directed.rows.clone();
        rows.sort_by_key(|row| row.0);
        let indptr: Vec<i64> = (0..=directed.n).map(|v| rows.partition_point(|row| (row.0 as usize) < v) as i64).collect();
        let indices: Vec<i32> = rows.iter().map(|row| row.1 as i32).collect();
        let data: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let graph = Graph::from_csr(&indptr, &indices, Some(&data), Some(true), &exec).unwrap();
        prop_assert_eq!(bytes_of(&graph), bytes_of(&directed.graph(&exec)));
        let matrix = directed.matrix();
        let is_symmetric = (0..directed.n).all(|u| (0..directed.n).all(|v| {
            // A stored zero is an arc too: compare the rows, not only the values.
            matrix[u][v] == matrix[v][u] && graph.neighbors(u as u32).contains(&(v as u32))
                == graph.neighbors(v as u32).contains(&(u as u32))
        }));
        let detected = Graph::from_csr(&indptr, &indices, Some(&data), None, &exec).unwrap();
        prop_assert_eq!(detected.is_directed(), !is_symmetric);
        prop_assert_eq!(Graph::from_csr(&indptr, &indices, Some(&data), Some(false), &exec).is_ok(), is_symmetric);
    }

    #[test]
    fn reversing_transposes_the_matrix(edges in edges(12)) {
        let exec = Exec::default();
        let matrix = edges.matrix();
        let reversed = matrix_of(&edges.graph(&exec).reverse(&exec).unwrap());
        for u in 0..edges.n {
            for v in 0..edges.n {
                prop_assert_eq!(reversed[v][u], matrix[u][v]);
            }
        }
    }

    #[test]
    fn degrees_count_rows_and_columns(edges in edges(12)) {
        let exec = Exec::default();
        let graph = edges.graph(&exec);
        let degrees = graph.degrees(&exec).unwrap();
        let matrix = edges.matrix();
        prop_assert_eq!(degrees.out_degree.iter().sum::<u32>() as usize, graph.n_arcs());
        prop_assert_eq!(degrees.in_degree.iter().sum::<u32>() as usize, graph.n_arcs());
        if let (Some(out), Some(inward)) = (degrees.out_weight, degrees.in_weight) {
            for v in 0..edges.n {
                prop_assert_eq!(out[v], matrix[v].iter().sum::<f64>());
                prop_assert_eq!(inward[v], matrix.iter().map(|row| row[v]).sum::<f64>());
            }
        }
    }

    #[test]
    fn undirected_merges_both_directions(edges in edges(10)) {
        let exec = Exec::default();
        let directed = Edges { directed: true, weighted: true, ..edges };
        let matrix = directed.matrix();
        let merged = matrix_of(&directed.graph(&exec).to_undirected(Duplicates::Sum, &exec).unwrap());
        for u in 0..directed.n {
            for v in 0..directed.n {
                let expected = if u == v { matrix[u][u] } else { matrix[u][v] + matrix[v][u] };
                prop_assert_eq!(merged[u][v], expected);
            }
        }
    }

    #[test]
    fn integer_ids_are_coded_by_rank(ids in prop::collection::vec((-40i64..40, -40i64..40), 0..60)) {
        let exec = Exec::default();
        let (src, dst): (Vec<i64>, Vec<i64>) = ids.iter().copied().unzip();
        let (graph, names) = Graph::from_integer_edges(&src, &dst, None, EdgeOptions::default(), &exec).unwrap();
        let mut expected: Vec<i64> = src.iter().chain(&dst).copied().collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(&names, &expected);
        for (u, v) in ids {
            let code = |id| expected.binary_search(&id).unwrap() as u32;
            prop_assert!(graph.neighbors(code(u)).contains(&code(v)));
        }
    }
}

/// The same pair in four rows, weights 3, 1, 4, 1.
#[test]
fn every_rule_for_parallel_edges() {
    let build = |duplicates| {
        let options = EdgeOptions { duplicates, ..EdgeOptions::default() };
        let weights = [3.0, 1.0, 4.0, 1.0];
        Graph::from_edges(2, &[0; 4], &[1; 4], Some(&weights), options, &Exec::default())
    };
    for (rule, expected) in [(Duplicates::Sum, 9.0), (Duplicates::First, 3.0), (Duplicates::Max, 4.0)] {
        assert_eq!(build(rule).unwrap().neighbor_weights(0), Some(&[expected][..]));
    }
    let message = build(Duplicates::Error).unwrap_err().to_string();
    assert!(message.starts_with("`edges`, row 1: repeats the edge of row 0"), "{message}");
}

#[test]
fn rows_that_cannot_be_used_are_named() {
    let build = |src: &[u32], dst: &[u32], weights: Option<&[f64]>| {
        Graph::from_edges(3, src, dst, weights, EdgeOptions::default(), &Exec::default()).unwrap_err()
    };
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let error = build(&[0, 1], &[1, 2], Some(&[1.0, bad]));
        assert!(matches!(error, Error::InvalidData { argument: "weight", row: 1, .. }), "{error}");
    }
    assert!(matches!(build(&[0, 3], &[1, 1], None), Error::InvalidData { argument: "src", row: 1, .. }));
    assert!(matches!(build(&[0], &[1, 1], None), Error::InvalidArgument { argument: "dst", .. }));
    assert!(matches!(build(&[0], &[1], Some(&[])), Error::InvalidArgument { argument: "weight", .. }));
    let overflow = build(&[0, 2, 0], &[1, 2, 1], Some(&[1e308, 1.0, 1e308]));
    assert!(matches!(overflow, Error::InvalidData { argument: "weight", row: 0, .. }), "{overflow}");
}

#[test]
fn malformed_matrices_are_errors() {
    let build = |indptr: &[i32], indices: &[i32]| {
        Graph::from_csr(indptr, indices, None, Some(true), &Exec::default()).unwrap_err().to_string()
    };
    assert!(build(&[], &[]).contains("is empty"));
    assert!(build(&[1, 1], &[0]).starts_with("`indptr`, row 0"));
    assert!(build(&[0, 2, 1], &[0, 1]).starts_with("`indptr`, row 2: got 1"));
    assert!(build(&[0, 9], &[0]).starts_with("`indptr`, row 1: got 9"));
    assert!(build(&[0, -1], &[0]).starts_with("`indptr`, row 1: got -1"));
    assert!(build(&[0, 1], &[0, 0]).contains("ends at 1"));
    assert!(build(&[0, 1], &[7]).starts_with("`indices`, row 0: got 7"));
    assert!(build(&[0, 1], &[-1]).starts_with("`indices`, row 0: got -1"));
}

#[test]
fn an_empty_graph_is_a_graph() {
    let exec = Exec::default();
    let graph = Graph::from_edges(0, &[], &[], None, EdgeOptions::default(), &exec).unwrap();
    assert_eq!((graph.n_nodes(), graph.n_edges(), graph.reverse(&exec).unwrap().n_nodes()), (0, 0, 0));
    let (none, ids) =
        Graph::from_integer_edges::<i64>(&[], &[], None, EdgeOptions::default(), &exec).unwrap();
    assert_eq!((none.n_nodes(), ids.len()), (0, 0));
}
