//! Saved graphs: the same when intact, an error when not.

use std::path::PathBuf;

use graphrank::io::{load_graph, save_graph};
use graphrank::{EdgeOptions, Error, Exec, Graph};
use proptest::prelude::*;

use crate::sample::edges;

/// A path of its own that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("graphrank-{}-{name}.graph", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn saved(name: &str) -> (Scratch, Vec<u8>) {
    let file = Scratch::new(name);
    let weights = [0.5, 0.25, 3.0];
    let options = EdgeOptions::default();
    let exec = Exec::default();
    let graph = Graph::from_edges(4, &[0, 0, 2], &[1, 3, 2], Some(&weights), options, &exec).unwrap();
    save_graph(&graph, b"names", &file.0, &exec).unwrap();
    let bytes = std::fs::read(&file.0).unwrap();
    (file, bytes)
}

proptest! {
    #[test]
    fn a_saved_graph_comes_back_as_it_was(edges in edges(12), names in prop::collection::vec(any::<u8>(), 0..50)) {
        let exec = Exec::default();
        let file = Scratch::new("same");
        let graph = edges.graph(&exec);
        save_graph(&graph, &names, &file.0, &exec).unwrap();
        let (loaded, loaded_names) = load_graph(&file.0, &exec).unwrap();
        prop_assert_eq!(loaded_names, names);
        prop_assert_eq!(loaded.arcs().offsets, graph.arcs().offsets);
        prop_assert_eq!(loaded.arcs().targets, graph.arcs().targets);
        prop_assert_eq!(loaded.arcs().weights, graph.arcs().weights);
        prop_assert_eq!((loaded.is_directed(), loaded.n_edges()), (graph.is_directed(), graph.n_edges()));
    }
}

#[test]
fn a_file_cut_anywhere_is_corrupt() {
    let (file, bytes) = saved("cut");
    for len in 0..bytes.len() {
        std::fs::write(&file.0, &bytes[..len]).unwrap();
        assert!(
            matches!(load_graph(&file.0, &Exec::default()), Err(Error::CorruptFile { .. })),
            "cut at {len}"
        );
    }
}

#[test]
fn any_changed_byte_is_noticed() {
    let (file, bytes) = saved("flip");
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        std::fs::write(&file.0, changed).unwrap();
        assert!(matches!(load_graph(&file.0, &Exec::default()), Err(Error::CorruptFile { .. })), "byte {at}");
    }
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let exec = Exec::default();
    let graph = Graph::from_edges(1, &[], &[], None, EdgeOptions::default(), &exec).unwrap();
    let path = std::env::temp_dir().join("graphrank-no-such-folder").join("g.graph");
    let message = save_graph(&graph, b"", &path, &exec).unwrap_err().to_string();
    assert_eq!(message, format!("{}: the folder does not exist", path.display()));
}

#[test]
fn a_missing_file_and_a_folder_are_told_apart() {
    let missing = Scratch::new("missing");
    let error = load_graph(&missing.0, &Exec::default()).unwrap_err();
    assert!(matches!(&error, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound));
    let error = load_graph(&std::env::temp_dir(), &Exec::default()).unwrap_err();
    assert!(matches!(error, Error::CorruptFile { .. }), "{error}");
}

/// A directed graph whose file is made to say "undirected", with checksums that fit.
#[test]
fn an_undirected_file_with_one_way_edges_is_corrupt() {
    let (file, mut bytes) = saved("one-way");
    let entry = |bytes: &[u8], i: usize| u64::from_le_bytes(bytes[32 + i..40 + i].try_into().unwrap());
    // The section "meta" comes first: start at 8, length at 16, checksum at 24 of its entry.
    let start = entry(&bytes, 8) as usize;
    bytes[start + 16] = 0;
    let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[start..start + entry(&bytes, 16) as usize]);
    bytes[32 + 24..32 + 32].copy_from_slice(&checksum.to_le_bytes());
    let n_sections = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let header = xxhash_rust::xxh3::xxh3_64(&[&bytes[..24], &bytes[32..32 + 32 * n_sections]].concat());
    bytes[24..32].copy_from_slice(&header.to_le_bytes());
    std::fs::write(&file.0, bytes).unwrap();
    let message = load_graph(&file.0, &Exec::default()).unwrap_err().to_string();
    assert!(message.ends_with("is marked undirected, but an edge leads one way only"), "{message}");
}

#[test]
fn saving_over_a_graph_in_use_leaves_it_as_it_was() {
    let (file, _) = saved("replace");
    let exec = Exec::default();
    let (graph, _) = load_graph(&file.0, &exec).unwrap();
    let other = Graph::from_edges(1, &[], &[], None, EdgeOptions::default(), &exec).unwrap();
    save_graph(&other, b"", &file.0, &exec).unwrap();
    assert_eq!(graph.neighbors(0), [1, 3]);
    assert_eq!(load_graph(&file.0, &exec).unwrap().0.n_nodes(), 1);
}
