//! Saved indexes: sections of the common container (`io/container.rs`), checked when opened and then used in place.
//!
//! ```text
//! pwmeta    u64s: version, graph, nodes, bits of the damping, seed, walks, decoder, columns
//! pwtable   f64s: the calibration, 10 per row
//! pwstart   u64 per node and one more: offsets of fingerprints
//! pwvisits  u32 per entry of a fingerprint
//! pwcolumn  f32 per node and column
//! pwgroup   u8 per node: its cluster
//! pwscale   f64s per column: volume, error
//! ```

use std::path::Path;

use bytemuck::{Pod, cast_slice, pod_collect_to_vec};

use super::calibrate::Calibration;
use super::{Closure, Decoder, Fingerprints, PowerWalkIndex, PowerWalkParams, Store};
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::graph::{Array, Graph};
use crate::io::container::{self, Container};

/// Of the meaning of the sections.
const VERSION: u64 = 1;
/// Most columns a file may claim: clusters are bytes.
const MOST_COLUMNS: u64 = 256;
/// Numbers in a row of the calibration.
const ROW: usize = 10;

type Meta = [u64; 8];

impl PowerWalkIndex {
    /// Writes the index to a file. The graph is not in it.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses; the file that was there before then stays as it was.
    pub fn save(&self, path: &Path, exec: &Exec) -> Result<()> {
        container::refuse_big_endian(path)?;
        let PowerWalkParams { damping, n_walks, seed, decoder, .. } = &self.params;
        let (n_nodes, n_columns) = match &self.store {
            Store::Closure(closure) => (closure.columns.len() / closure.n_columns(), closure.n_columns()),
            Store::Fingerprints(fingerprints) => (fingerprints.offsets.len() - 1, 0),
        };
        let meta: Meta = [
            VERSION,
            self.graph_hash,
            n_nodes as u64,
            damping.to_bits(),
            *seed,
            u64::from(*n_walks),
            code_of(*decoder),
            n_columns as u64,
        ];
        let table: Vec<f64> = self.calibration.iter().flat_map(to_numbers).collect();
        let mut sections = vec![("pwmeta", cast_slice(&meta)), ("pwtable", cast_slice(&table))];
        let scale: Vec<f64>;
        match &self.store {
            Store::Closure(closure) => {
                scale = closure.volumes.iter().zip(&closure.errors).flat_map(|(&v, &e)| [v, e]).collect();
                sections.push(("pwcolumn", cast_slice(&closure.columns)));
                sections.push(("pwgroup", &closure.cluster));
                sections.push(("pwscale", cast_slice(&scale)));
            }
            Store::Fingerprints(fingerprints) => {
                sections.push(("pwstart", cast_slice(&fingerprints.offsets)));
                sections.push(("pwvisits", cast_slice(&fingerprints.entries)));
            }
        }
        exec.expect_units(2 * sections.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
        container::write(path, &sections, exec)
    }

    /// Opens a saved index where it lies. The file must not be changed in place while the index is in use; saving over
    /// it is fine.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::CorruptFile`] if it is truncated, altered or of another kind,
    /// [`Error::InvalidArgument`] if it was built on another graph.
    pub fn load(path: &Path, graph: &Graph, exec: &Exec) -> Result<Self> {
        container::refuse_big_endian(path)?;
        let file = Container::open(path, exec)?;
        if !file.has_section("pwmeta") {
            return Err(file.corrupt("is not a PowerWalk index"));
        }
        let damaged = || file.corrupt("has a damaged section pwmeta");
        let meta: Vec<u64> = numbers(&file, "pwmeta")?;
        let meta: Meta = meta.try_into().map_err(|_| damaged())?;
        let [version, graph_hash, n_nodes, damping, seed, n_walks, decoder, n_columns] = meta;
        if version != VERSION {
            let problem = format!("has index version {version}, this library reads version {VERSION}");
            return Err(file.corrupt(problem));
        }
        let decoder = decoder_of(decoder).ok_or_else(damaged)?;
        let n_walks = u32::try_from(n_walks).map_err(|_| damaged())?;
        let params = PowerWalkParams {
            damping: f64::from_bits(damping),
            n_walks,
            decoder,
            seed,
            ..Default::default()
        };
        params.validate().map_err(|_| damaged())?;
        if graph_hash != graph.content_hash(exec)? || n_nodes != graph.n_nodes() as u64 {
            let problem =
                format!("is not the one that the index {} was built on; build one on it", path.display());
            return Err(Error::argument("graph", problem));
        }
        let table: Vec<f64> = numbers(&file, "pwtable")?;
        let rows = table.chunks(ROW).map(from_numbers).collect::<Option<Vec<_>>>();
        let calibration = rows.ok_or_else(|| file.corrupt("has a damaged section pwtable"))?;
        let store = match decoder {
            Decoder::Fingerprints => Store::Fingerprints(fingerprints(&file, n_walks, graph)?),
            _ => Store::Closure(closure(&file, n_columns, graph, exec)?),
        };
        let index = Self::from_store(&params, graph_hash, store, calibration);
        if index.params.decoder != decoder {
            return Err(damaged());
        }
        index.prepare(graph, exec)?;
        Ok(index)
    }
}

fn fingerprints(file: &Container, n_walks: u32, graph: &Graph) -> Result<Fingerprints> {
    let (offsets, entries) = (array(file, "pwstart")?, array(file, "pwvisits")?);
    let fingerprints = Fingerprints::from_parts(offsets, entries, n_walks, graph.n_nodes());
    fingerprints.ok_or_else(|| file.corrupt("has fingerprints of nodes that do not exist or out of order"))
}

fn closure(file: &Container, n_columns: u64, graph: &Graph, exec: &Exec) -> Result<Closure> {
    let n = graph.n_nodes();
    let (columns, cluster) = (array::<f32>(file, "pwcolumn")?, array::<u8>(file, "pwgroup")?);
    let scale: Vec<f64> = numbers(file, "pwscale")?;
    let is_sound = (1..=MOST_COLUMNS).contains(&n_columns)
        && columns.len() as u64 == n as u64 * n_columns
        && columns.iter().all(|&g| g.is_finite() && g >= 0.0)
        && cluster.len() == if n_columns > 1 { n } else { 0 }
        && cluster.iter().all(|&k| u64::from(k) < n_columns)
        && scale.len() as u64 == 2 * n_columns
        && scale.iter().all(|&x| x.is_finite() && x >= 0.0);
    if !is_sound {
        return Err(file.corrupt("has columns that are not a closure of this graph"));
    }
    let (volumes, errors) = scale.chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip();
    Closure::from_parts(columns, cluster, volumes, errors, graph.transition(exec)?)
}

fn array<T: Pod>(file: &Container, name: &str) -> Result<Array<T>> {
    let range = file.section(name)?;
    Array::mapped(file.map().clone(), range.start, range.end)
        .ok_or_else(|| file.corrupt(format!("section {name} has the wrong length")))
}

/// A short section, copied.
fn numbers<T: Pod>(file: &Container, name: &str) -> Result<Vec<T>> {
    let bytes = &file.map()[file.section(name)?];
    if !bytes.len().is_multiple_of(size_of::<T>()) {
        return Err(file.corrupt(format!("section {name} has the wrong length")));
    }
    Ok(pod_collect_to_vec(bytes))
}

fn code_of(decoder: Decoder) -> u64 {
    match decoder {
        Decoder::Auto => 0,
        Decoder::Single => 1,
        Decoder::Clusters => 2,
        Decoder::Fingerprints => 3,
    }
}

fn decoder_of(code: u64) -> Option<Decoder> {
    [Decoder::Single, Decoder::Clusters, Decoder::Fingerprints].into_iter().find(|&d| code_of(d) == code)
}

fn to_numbers(row: &Calibration) -> [f64; ROW] {
    let &Calibration { decoder, eps, n_sources, error, precision, residual, n_arcs, n_decoded } = row;
    let [p, q, r] = precision;
    [code_of(decoder) as f64, eps, f64::from(n_sources), error, p, q, r, residual, n_arcs, n_decoded]
}

fn from_numbers(row: &[f64]) -> Option<Calibration> {
    let &[decoder, eps, n_sources, error, p, q, r, residual, n_arcs, n_decoded] = row else { return None };
    let is_sound = row.iter().all(|&x| x.is_finite() && x >= 0.0) && eps > 0.0;
    let decoder = [Decoder::Single, Decoder::Clusters, Decoder::Fingerprints]
        .into_iter()
        .find(|&d| code_of(d) as f64 == decoder)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float to int cast saturates"
    )]
    let n_sources = n_sources as u32;
    let precision = [p, q, r];
    is_sound.then_some(Calibration { decoder, eps, n_sources, error, precision, residual, n_arcs, n_decoded })
}
