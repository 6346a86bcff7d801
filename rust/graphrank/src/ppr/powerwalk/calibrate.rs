//! How far off is each decoder on this graph? Measured when the index is built, on sources that stand for any other.
//!
//! Sources are drawn from the nodes that a walk can leave, each is solved exactly (to [`TOL`]), and every decoder is
//! asked at every ε of [`EPS`]: the L1 error of the whole vector, and how many of the exact k best nodes it names.
//! Dangling nodes send the walker back, as by default.
//!
//! An answer's error is estimated as its own residual times the error per residual at its ε, interpolated between the
//! logarithms of the two nearest ε that were measured and held constant beyond them. It is what to expect, not a bound.

use super::engine::{Engine, Scratch, Start, Wanted};
use super::{Decoder, PowerWalkIndex, PowerWalkParams, Store};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::Graph;
use crate::memory::try_zeroed;
use crate::ppr::push::KilledWalk;
use crate::ppr::{Dangling, PprParams, Queries, Scores, pagerank, top_k};
use crate::rng::{Domain, ShortStream, key};

/// Lengths of answers whose precision is measured.
pub const CALIBRATED_K: [usize; 3] = [10, 50, 100];
/// Where each decoder is measured.
const EPS: [f64; 4] = [1e-3, 1e-4, 1e-5, 1e-6];
/// Of [`EPS`], the default of queries: decoders are compared at the work the first takes there.
const DEFAULT: usize = 2;
/// Draws per source before giving up: few nodes of some graphs have arcs.
const DRAWS: u64 = 64;
/// Sources solved together: bounds the memory for exact scores.
const BATCH: usize = 8;
/// L1 error of the exact scores.
const TOL: f64 = 1e-6;

/// What was measured of one decoder at one ε: means over the held-out sources.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// The decoder.
    pub decoder: Decoder,
    /// The ε of its queries.
    pub eps: f64,
    /// Held-out sources.
    pub n_sources: u32,
    /// L1 error.
    pub error: f64,
    /// Share of the [`CALIBRATED_K`] best nodes that were among as many best of the answer.
    pub precision: [f64; 3],
    /// Residual that was left to the decoder.
    pub residual: f64,
    /// Arcs pushed over.
    pub n_arcs: f64,
    /// Work of the decoder, in arcs.
    pub n_decoded: f64,
}

impl Calibration {
    fn add(&mut self, one: &Self) {
        self.n_sources += one.n_sources;
        self.error += one.error;
        self.residual += one.residual;
        self.n_arcs += one.n_arcs;
        self.n_decoded += one.n_decoded;
        self.precision.iter_mut().zip(one.precision).for_each(|(sum, one)| *sum += one);
    }
}

/// A source, its exact scores and the best of them.
struct Exact {
    source: u32,
    scores: Vec<f64>,
    best: Vec<(u32, f64)>,
}

/// Measures every store; returns the table and the position of the store that errs least.
pub(super) fn calibrate(
    graph: &Graph,
    stores: &[Store],
    params: &PowerWalkParams,
    exec: &Exec,
) -> Result<(Vec<Calibration>, usize)> {
    let walk = KilledWalk::new(graph, params.damping, exec)?;
    let sources = held_out(walk, params);
    let mut sums: Vec<Calibration> = Vec::new();
    for store in stores {
        sums.extend(EPS.map(|eps| Calibration {
            decoder: store.decoder(),
            eps,
            n_sources: 0,
            error: 0.0,
            precision: [0.0; 3],
            residual: 0.0,
            n_arcs: 0.0,
            n_decoded: 0.0,
        }));
    }
    if sources.is_empty() {
        return Ok((sums, 0));
    }
    for batch in sources.chunks(BATCH) {
        let solved = solve(graph, batch, params.damping, exec)?;
        let measured = exec.map(solved.len(), |i| measure(graph, walk, stores, &solved[i], exec))?;
        for rows in measured {
            sums.iter_mut().zip(rows).for_each(|(sum, one)| sum.add(&one));
        }
    }
    for sum in &mut sums {
        let n = f64::from(sum.n_sources);
        let Calibration { error, residual, n_arcs, n_decoded, precision, .. } = sum;
        for mean in [error, residual, n_arcs, n_decoded].into_iter().chain(precision) {
            *mean /= n;
        }
    }
    let best = least_error(&sums);
    Ok((sums, best))
}

/// Distinct nodes that a walk can leave, drawn at random.
fn held_out(walk: KilledWalk<'_>, params: &PowerWalkParams) -> Vec<u32> {
    let n = walk.n_nodes() as u64;
    let mut stream = ShortStream::new(key(params.seed, Domain::Calibration, 0), 0);
    let mut sources = Vec::new();
    for _ in 0..DRAWS * params.n_sources as u64 {
        let node = u32::try_from((u128::from(stream.draw()) * u128::from(n)) >> 64).unwrap_or(0);
        if n > 0 && sources.len() < params.n_sources && walk.degree(node) > 0 && !sources.contains(&node) {
            sources.push(node);
        }
    }
    sources
}

fn solve(graph: &Graph, sources: &[u32], damping: f64, exec: &Exec) -> Result<Vec<Exact>> {
    let params = PprParams { damping, tol: TOL, dangling: Dangling::Restart, ..PprParams::default() };
    let Scores::Dense(scores) = pagerank(graph, &Queries::from_nodes(sources), &params, exec)?.scores else {
        return Ok(Vec::new());
    };
    let rows = sources.iter().zip(scores.chunks(graph.n_nodes().max(1)));
    let most = CALIBRATED_K[CALIBRATED_K.len() - 1];
    rows.map(|(&source, row)| Ok(Exact { source, scores: row.to_vec(), best: top_k::best(row, most)? }))
        .collect()
}

/// Every store at every ε on one source.
fn measure(
    graph: &Graph,
    walk: KilledWalk<'_>,
    stores: &[Store],
    exact: &Exact,
    exec: &Exec,
) -> Result<Vec<Calibration>> {
    let n = graph.n_nodes();
    let mut scratch = Scratch::new(n)?;
    let mut rows = Vec::new();
    for store in stores {
        let engine = Engine::new(graph, walk, store, Dangling::Restart, exec)?;
        for eps in EPS {
            exec.checkpoint(0)?;
            let mut scores = try_zeroed("scores", n)?;
            let restart = vec![(exact.source, 1.0)];
            let answer =
                engine.solve(Start::Restart(&restart), eps, Wanted::All(&mut scores), &mut scratch, exec)?;
            let error = scores.iter().zip(&exact.scores).map(|(score, exact)| (score - exact).abs()).sum();
            let best = top_k::best(&scores, CALIBRATED_K[2])?;
            rows.push(Calibration {
                decoder: store.decoder(),
                eps,
                n_sources: 1,
                error,
                precision: CALIBRATED_K.map(|k| precision(&exact.best, &best, k)),
                residual: answer.residual,
                n_arcs: answer.n_arcs as f64,
                n_decoded: answer.n_decoded as f64,
            });
        }
    }
    Ok(rows)
}

/// Share of the `k` first of `exact` that are among the `k` first of `best`.
fn precision(exact: &[(u32, f64)], best: &[(u32, f64)], k: usize) -> f64 {
    let exact = &exact[..k.min(exact.len())];
    let mut named: Vec<u32> = best.iter().take(k).map(|&(node, _)| node).collect();
    named.sort_unstable();
    let n_found = exact.iter().filter(|(node, _)| named.binary_search(node).is_ok()).count();
    if exact.is_empty() { 1.0 } else { n_found as f64 / exact.len() as f64 }
}

/// The store that errs least at the work the first one takes at the default ε.
fn least_error(table: &[Calibration]) -> usize {
    let work = |row: &Calibration| row.n_arcs + row.n_decoded + 1.0;
    let at = work(&table[DEFAULT]).ln();
    let errors = table.chunks(EPS.len()).map(|rows| {
        let points = rows.iter().map(|row| (work(row).ln(), row.error.max(f64::MIN_POSITIVE).ln()));
        interpolate(&points.collect::<Vec<_>>(), at)
    });
    let best = errors.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(0, |(store, _)| store)
}

/// The value at `x` of the line through points of rising x, constant beyond the first and the last.
fn interpolate(points: &[(f64, f64)], x: f64) -> f64 {
    let after = points.partition_point(|&(at, _)| at < x);
    match (points.get(after.wrapping_sub(1)), points.get(after)) {
        (Some(&(x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (Some(&(_, y)), None) | (None, Some(&(_, y))) => y,
        (None, None) => f64::NAN,
    }
}

impl PowerWalkIndex {
    /// Error to expect per unit of residual at an ε; 1 where nothing was measured.
    pub(super) fn error_per_residual(&self, eps: f64) -> f64 {
        let own = self.calibration.iter().filter(|row| row.decoder == self.params.decoder);
        let mut points: Vec<(f64, f64)> = own
            .filter(|row| row.n_sources > 0 && row.residual > 0.0)
            .map(|row| (row.eps.ln(), row.error / row.residual))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        if points.is_empty() { 1.0 } else { interpolate(&points, eps.ln()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_pass_through_the_points_and_end_flat() {
        let points = [(0.0, 1.0), (2.0, 5.0), (3.0, 4.0)];
        for (x, y) in [(-1.0, 1.0), (0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (2.5, 4.5), (9.0, 4.0)] {
            assert_eq!(interpolate(&points, x), y);
        }
    }

    #[test]
    fn precision_counts_what_both_name() {
        let list = |nodes: &[u32]| nodes.iter().map(|&node| (node, 1.0)).collect::<Vec<_>>();
        assert_eq!(precision(&list(&[1, 2, 3, 4]), &list(&[4, 1, 9, 8]), 4), 0.5);
        assert_eq!(precision(&list(&[1, 2, 3, 4]), &list(&[4, 1, 9, 8]), 2), 0.5);
        assert_eq!(precision(&list(&[7]), &list(&[1, 7]), 10), 1.0);
        assert_eq!(precision(&[], &[], 10), 1.0);
    }
}
