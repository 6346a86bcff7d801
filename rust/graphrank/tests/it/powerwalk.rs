//! The index against dense solves, itself on other threads, and files that are not what they should be.

use std::path::PathBuf;

use graphrank::ppr::powerwalk::{Decoder, PowerWalkIndex, PowerWalkParams, PowerWalkQuery};
use graphrank::ppr::{Dangling, Queries, Scores};
use graphrank::rng::{Domain, stream};
use graphrank::{EdgeOptions, Error, Exec, Graph};
use proptest::prelude::*;
use rand_xoshiro::rand_core::Rng;

use crate::determinism::exec;
use crate::ppr::dense;
use crate::sample::edges;

const RULES: [Dangling; 4] = [Dangling::Restart, Dangling::Uniform, Dangling::Stay, Dangling::Absorb];
const DECODERS: [Decoder; 3] = [Decoder::Single, Decoder::Clusters, Decoder::Fingerprints];

fn params(damping: f64, decoder: Decoder) -> PowerWalkParams {
    PowerWalkParams { damping, n_walks: 4, decoder, ..PowerWalkParams::default() }
}

fn all(scores: &Scores) -> &[f64] {
    match scores {
        Scores::Dense(scores) => scores,
        Scores::Top { .. } => panic!("asked for every node"),
    }
}

fn distance(scores: &[f64], exact: &[f64]) -> f64 {
    scores.iter().zip(exact).map(|(score, exact)| (score - exact).abs()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every decoder and rule: the bound holds wherever push stops, also after refining, and pushed far enough the
    /// answer is exact up to the 32-bit columns and the part of the bound that they have.
    #[test]
    fn bounds_hold_and_far_pushes_are_exact(
        edges in edges(12), source in any::<prop::sample::Index>(), damping in 0.0..0.95f64, exponent in 0..6i32,
    ) {
        let exec = Exec::default();
        let graph = edges.graph(&exec);
        let source = source.index(edges.n);
        let queries = [source as u32];
        let queries = Queries::from_nodes(&queries);
        for decoder in DECODERS {
            let index = PowerWalkIndex::build(&graph, &params(damping, decoder), &exec).unwrap();
            for dangling in RULES {
                let exact = dense(&edges, source, damping, dangling);
                let query = PowerWalkQuery { eps: 10f64.powi(-exponent), dangling, keep: true, ..Default::default() };
                let rough = index.query(&graph, &queries, &query, &exec).unwrap();
                let far = PowerWalkQuery { eps: 1e-13, ..query.clone() };
                let refined = index.refine(&graph, &rough.kept, &far, &exec).unwrap();
                for answer in [&rough, &refined] {
                    let error = distance(all(&answer.scores), &exact);
                    let bound = answer.error_bounds[0];
                    prop_assert!(error <= bound + 1e-12, "{decoder:?} {dangling:?}: {error} is above {bound}");
                    prop_assert!(answer.estimated_errors[0] <= bound);
                }
                prop_assert!(distance(all(&refined.scores), &exact) < 1e-9, "{decoder:?} {dangling:?}");
                prop_assert!(refined.error_bounds[0] < 1e-8);
            }
        }
    }

    /// What is found among touched nodes and the lists of the columns is what a pass over all nodes finds.
    #[test]
    fn the_best_nodes_are_those_of_the_full_answer(
        edges in edges(12), exponent in 0..4i32, k in 1usize..15,
    ) {
        let exec = Exec::default();
        let graph = edges.graph(&exec);
        for decoder in DECODERS {
            let index = PowerWalkIndex::build(&graph, &params(0.85, decoder), &exec).unwrap();
            for dangling in RULES {
                let full = PowerWalkQuery { eps: 10f64.powi(-exponent), dangling, ..Default::default() };
                let full_answer = index.query(&graph, &Queries::from_nodes(&[0]), &full, &exec).unwrap();
                let scores = all(&full_answer.scores);
                let mut expected: Vec<(u32, f64)> =
                    (0u32..).zip(scores.iter().copied()).filter(|&(_, score)| score > 0.0).collect();
                expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                expected.truncate(k);
                let best = PowerWalkQuery { top_k: Some(k), ..full };
                let answer = index.query(&graph, &Queries::from_nodes(&[0]), &best, &exec).unwrap();
                let Scores::Top { nodes, scores, offsets } = answer.scores else { panic!("asked for the best") };
                prop_assert_eq!(&offsets, &[0, expected.len() as u64]);
                prop_assert_eq!(nodes.into_iter().zip(scores).collect::<Vec<_>>(), expected);
                prop_assert_eq!(&answer.error_bounds, &full_answer.error_bounds);
            }
        }
    }
}

/// A graph of 3,000 nodes in communities, some of them dangling.
fn community_graph(weighted: bool) -> Graph {
    let mut rng = stream(5, Domain::Generator, 0);
    let n = 3000u32;
    let mut below = |n: u32| u32::try_from(rng.next_u64() % u64::from(n)).unwrap();
    let (mut src, mut dst) = (Vec::new(), Vec::new());
    for _ in 0..18_000 {
        let u = below(n);
        if u % 10 == 9 {
            continue;
        }
        src.push(u);
        dst.push(if below(10) < 8 { u / 100 * 100 + below(100) } else { below(n) });
    }
    let weights: Vec<f64> = src.iter().zip(&dst).map(|(u, v)| f64::from((u * 31 + v) % 5)).collect();
    let weights = weighted.then_some(&weights[..]);
    Graph::from_edges(n as usize, &src, &dst, weights, EdgeOptions::default(), &Exec::default()).unwrap()
}

struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("graphrank-{name}-{}.index", std::process::id())))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn indexes_and_answers_do_not_depend_on_thread_count() {
    let file = TemporaryFile::new("threads");
    for (weighted, decoder) in
        [(false, Decoder::Auto), (true, Decoder::Clusters), (true, Decoder::Fingerprints)]
    {
        let graph = community_graph(weighted);
        let sources: Vec<u32> = (0..100).map(|i| i * 29).collect();
        let outcome = |exec: &Exec| {
            let index = PowerWalkIndex::build(&graph, &params(0.85, decoder), exec).unwrap();
            index.save(&file.0, exec).unwrap();
            let query = PowerWalkQuery { eps: 1e-4, dangling: Dangling::Uniform, ..Default::default() };
            let full = index.query(&graph, &Queries::from_nodes(&sources), &query, exec).unwrap();
            let query = PowerWalkQuery { top_k: Some(20), ..query };
            let best = index.query(&graph, &Queries::from_nodes(&sources), &query, exec).unwrap();
            (std::fs::read(&file.0).unwrap(), full.scores, full.error_bounds, best.scores, best.n_arcs)
        };
        let alone = outcome(&Exec::default());
        for n_threads in [1, 2, 3, 8] {
            assert!(outcome(&exec(n_threads)) == alone, "{decoder:?}: {n_threads} threads differ");
        }
    }
}

/// One query is the same alone, in any batch, and after other queries.
#[test]
fn an_answer_does_not_depend_on_the_queries_beside_it() {
    let (graph, exec) = (community_graph(false), Exec::default());
    for decoder in DECODERS {
        let index = PowerWalkIndex::build(&graph, &params(0.85, decoder), &exec).unwrap();
        let query = PowerWalkQuery { eps: 1e-4, ..Default::default() };
        let sources: Vec<u32> = (0..70).map(|i| (i * 997) % 3000).collect();
        let batch = index.query(&graph, &Queries::from_nodes(&sources), &query, &exec).unwrap();
        for (i, &source) in sources.iter().enumerate() {
            let alone = index.query(&graph, &Queries::from_nodes(&[source]), &query, &exec).unwrap();
            assert_eq!(all(&alone.scores), &all(&batch.scores)[i * 3000..(i + 1) * 3000]);
            assert_eq!(alone.error_bounds[0], batch.error_bounds[i]);
        }
    }
}

/// The killed walk's score is linear in the restart, and so is what push and either decoder make of it.
#[test]
fn restarts_of_many_nodes_are_answered() {
    let (graph, exec) = (community_graph(true), Exec::default());
    let nodes: Vec<u32> = (0..500).collect();
    let weights: Vec<f64> = nodes.iter().map(|&v| f64::from(v % 3)).collect();
    let queries = Queries { offsets: vec![0, 500].into(), nodes: nodes.into(), weights: weights.into() };
    let exact_params = graphrank::ppr::PprParams { tol: 1e-10, ..Default::default() };
    let exact = graphrank::ppr::pagerank(&graph, &queries, &exact_params, &exec).unwrap();
    for decoder in DECODERS {
        let index = PowerWalkIndex::build(&graph, &params(0.85, decoder), &exec).unwrap();
        let query = PowerWalkQuery { eps: 1e-6, ..Default::default() };
        let answer = index.query(&graph, &queries, &query, &exec).unwrap();
        let error = distance(all(&answer.scores), all(&exact.scores));
        assert!(error <= answer.error_bounds[0] && error < 0.05, "{decoder:?}: {error}");
    }
}

/// What calibration says of other sources than its own: the estimate is within a factor of two on average.
#[test]
fn estimated_errors_are_about_the_measured_ones() {
    let (graph, exec) = (community_graph(false), Exec::default());
    let sources: Vec<u32> = (0..100).map(|i| i * 30 + 3).collect();
    let exact_params = graphrank::ppr::PprParams { tol: 1e-10, ..Default::default() };
    let exact =
        graphrank::ppr::pagerank(&graph, &Queries::from_nodes(&sources), &exact_params, &exec).unwrap();
    for decoder in DECODERS {
        let index = PowerWalkIndex::build(&graph, &params(0.85, decoder), &exec).unwrap();
        for eps in [5e-4, 3e-5] {
            let query = PowerWalkQuery { eps, ..Default::default() };
            let answer = index.query(&graph, &Queries::from_nodes(&sources), &query, &exec).unwrap();
            let error = distance(all(&answer.scores), all(&exact.scores));
            let estimate: f64 = answer.estimated_errors.iter().sum();
            assert!(
                estimate < 2.0 * error && error < 2.0 * estimate,
                "{decoder:?} {eps}: {estimate} for {error}"
            );
        }
    }
}

#[test]
fn a_saved_index_answers_as_it_did() {
    let (graph, exec) = (community_graph(true), Exec::default());
    let file = TemporaryFile::new("saved");
    for decoder in DECODERS {
        let index = PowerWalkIndex::build(&graph, &params(0.85, decoder), &exec).unwrap();
        index.save(&file.0, &exec).unwrap();
        let loaded = PowerWalkIndex::load(&file.0, &graph, &exec).unwrap();
        assert_eq!(loaded.calibration(), index.calibration());
        assert_eq!(loaded.n_bytes(), index.n_bytes());
        for top_k in [None, Some(5)] {
            let query = PowerWalkQuery { eps: 1e-3, top_k, dangling: Dangling::Stay, ..Default::default() };
            let answers = [&index, &loaded].map(|index| {
                let answer = index.query(&graph, &Queries::from_nodes(&[7, 8]), &query, &exec).unwrap();
                (answer.scores, answer.error_bounds, answer.estimated_errors)
            });
            assert_eq!(answers[0], answers[1]);
        }
    }
}

#[test]
fn another_graph_is_refused() {
    let (graph, exec) = (community_graph(false), Exec::default());
    let file = TemporaryFile::new("foreign");
    let index = PowerWalkIndex::build(&graph, &params(0.85, Decoder::Single), &exec).unwrap();
    index.save(&file.0, &exec).unwrap();
    let other = community_graph(true);
    let query = PowerWalkQuery::default();
    let stale = index.query(&other, &Queries::from_nodes(&[0]), &query, &exec).unwrap_err();
    assert!(stale.to_string().starts_with("`graph` is not the one"), "{stale}");
    let foreign = PowerWalkIndex::load(&file.0, &other, &exec).unwrap_err();
    assert!(foreign.to_string().starts_with("`graph` is not the one"), "{foreign}");
}

#[test]
fn damaged_and_other_files_are_refused() {
    let (graph, exec) = (community_graph(false), Exec::default());
    let file = TemporaryFile::new("damaged");
    let refused = |bytes: &[u8]| {
        std::fs::write(&file.0, bytes).unwrap();
        matches!(PowerWalkIndex::load(&file.0, &graph, &exec), Err(Error::CorruptFile { .. }))
    };
    for decoder in DECODERS {
        PowerWalkIndex::build(&graph, &params(0.85, decoder), &exec).unwrap().save(&file.0, &exec).unwrap();
        let sound = std::fs::read(&file.0).unwrap();
        for len in [0, 10, 31, 200, sound.len() - 1] {
            assert!(refused(&sound[..len]), "{len} bytes of {}", sound.len());
        }
        for at in (0..sound.len()).step_by(sound.len() / 100) {
            let mut altered = sound.clone();
            altered[at] ^= 4;
            assert!(refused(&altered), "byte {at} was altered");
        }
    }
    graphrank::io::save_graph(&graph, b"", &file.0, &exec).unwrap();
    let error = PowerWalkIndex::load(&file.0, &graph, &exec).unwrap_err();
    assert!(error.to_string().ends_with("is not a PowerWalk index"), "{error}");
}

#[test]
fn graphs_without_nodes_or_arcs_have_indexes() {
    let exec = Exec::default();
    for decoder in [Decoder::Auto, Decoder::Single, Decoder::Clusters, Decoder::Fingerprints] {
        let empty = Graph::from_edges(0, &[], &[], None, EdgeOptions::default(), &exec).unwrap();
        let index = PowerWalkIndex::build(&empty, &params(0.85, decoder), &exec).unwrap();
        let none = index.query(&empty, &Queries::from_nodes(&[]), &PowerWalkQuery::default(), &exec).unwrap();
        assert_eq!(none.scores, Scores::Dense(Vec::new()));
        let lonely = Graph::from_edges(3, &[], &[], None, EdgeOptions::default(), &exec).unwrap();
        let index = PowerWalkIndex::build(&lonely, &params(0.85, decoder), &exec).unwrap();
        let one =
            index.query(&lonely, &Queries::from_nodes(&[1]), &PowerWalkQuery::default(), &exec).unwrap();
        assert_eq!(all(&one.scores), [0.0, 1.0, 0.0]);
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let (graph, exec) = (community_graph(false), Exec::default());
    let build = |params| PowerWalkIndex::build(&graph, &params, &exec).unwrap_err().to_string();
    assert!(build(params(1.0, Decoder::Auto)).starts_with("`damping` must be in [0, 0.999]"));
    assert!(
        build(PowerWalkParams { n_walks: 0, ..Default::default() }).starts_with("`walks` must be from 1")
    );
    let index = PowerWalkIndex::build(&graph, &params(0.85, Decoder::Single), &exec).unwrap();
    let ask = |query| index.query(&graph, &Queries::from_nodes(&[0]), &query, &exec).unwrap_err().to_string();
    assert!(ask(PowerWalkQuery { eps: 0.0, ..Default::default() }).starts_with("`eps` must be"));
    assert!(ask(PowerWalkQuery { eps: f64::NAN, ..Default::default() }).starts_with("`eps` must be"));
    assert!(ask(PowerWalkQuery { top_k: Some(0), ..Default::default() }).starts_with("`top_k` must be"));
}
