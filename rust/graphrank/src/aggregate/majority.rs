//! Rules that look at which items majorities prefer.

use super::pairs::Pairs;
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{EdgeOptions, Graph};
use crate::memory::{try_collect, try_reserve, try_with_capacity};
use crate::ppr::{PprParams, Queries, Scores, pagerank};

/// Error of the shares of time of MC4, all together.
const TOL: f64 = 1e-10;

pub(super) fn copeland(pairs: &Pairs) -> Vec<f64> {
    let n = pairs.n_items;
    let score = |item: usize| -> f64 {
        let against = |other: usize| {
            if other == item || pairs.beats(other, item) {
                0.0
            } else if pairs.beats(item, other) {
                1.0
            } else {
                0.5
            }
        };
        (0..n).map(against).sum()
    };
    (0..n).map(score).collect()
}

/// The walk of MC4 as personalized PageRank with a uniform restart: from an item an arc to each that a majority prefers to
/// it, and one to itself for all the others, itself included.
#[expect(clippy::cast_possible_truncation, reason = "items have codes of 32 bits")]
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
pub(super) fn mc4(pairs: &Pairs, damping: f64, exec: &Exec) -> Result<Vec<f64>> {
    let n = pairs.n_items;
    let (mut src, mut dst, mut weight) = (Vec::new(), Vec::new(), Vec::new());
    for item in 0..n {
        exec.checkpoint(n as u64)?;
        let before = src.len();
        try_reserve("majorities", &mut src, n)?;
        try_reserve("majorities", &mut dst, n)?;
        try_reserve("majorities", &mut weight, n)?;
        for other in (0..n).filter(|&other| pairs.beats(other, item)) {
            src.push(item as u32);
            dst.push(other as u32);
            weight.push(1.0);
        }
        let stays = n - (src.len() - before);
        src.push(item as u32);
        dst.push(item as u32);
        weight.push(stays as f64);
    }
    let options = EdgeOptions { keep_self_loops: true, ..EdgeOptions::default() };
    let graph = Graph::from_edges(n, &src, &dst, Some(&weight), options, exec)?;
    let mut everywhere = try_with_capacity("items", n)?;
    everywhere.extend(0..n as u32);
    let restart = Queries {
        offsets: vec![0, n as u64].into(),
        nodes: everywhere.into(),
        weights: try_collect("items", n, std::iter::repeat_n(1.0, n))?.into(),
    };
    let params = PprParams { damping, tol: TOL, ..PprParams::default() };
    match pagerank(&graph, &restart, &params, exec)?.scores {
        Scores::Dense(scores) => Ok(scores),
        // Only where the best few are asked for.
        _ => Ok(Vec::new()),
    }
}
