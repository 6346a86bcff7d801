//! The sections of a saved graph.

use std::path::Path;

use bytemuck::{Pod, cast_slice};

use super::container::{self, Container};
use crate::error::Result;
use crate::exec::Exec;
use crate::graph::{Array, Csr, CsrFault, Graph, MAX_NODES};
use crate::memory::try_collect;

/// Numbers a reader needs before the arrays: nodes, arcs, whether directed, whether weighted.
type Meta = [u64; 4];

/// Saves a graph, with bytes of the caller's own (names of the nodes, say) beside it.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if the system refuses; the file that was there before then stays as it was.
pub fn save_graph(graph: &Graph, attachment: &[u8], path: &Path, exec: &Exec) -> Result<()> {
    container::refuse_big_endian(path)?;
    let arcs = graph.arcs();
    let meta: Meta = [
        graph.n_nodes() as u64,
        graph.n_arcs() as u64,
        graph.is_directed().into(),
        graph.is_weighted().into(),
    ];
    let mut sections = vec![
        ("meta", cast_slice(&meta)),
        ("offsets", cast_slice(arcs.offsets)),
        ("targets", cast_slice(arcs.targets)),
        ("attached", attachment),
    ];
    sections.extend(arcs.weights.map(|weights| ("weights", cast_slice(weights))));
    exec.expect_units(2 * sections.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
    container::write(path, &sections, exec)
}

/// Opens a saved graph where it lies, and the bytes that were saved beside it. The file must not be changed in place
/// while the graph is in use; saving over it is fine.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if the file cannot be read, [`Error::CorruptFile`](crate::Error::CorruptFile) if it is truncated, altered or of another kind.
pub fn load_graph(path: &Path, exec: &Exec) -> Result<(Graph, Vec<u8>)> {
    container::refuse_big_endian(path)?;
    let file = Container::open(path, exec)?;
    let meta = file.section("meta").map_err(|_| file.corrupt("is a graphrank file, but not a graph"))?;
    let meta = bytemuck::try_pod_read_unaligned::<Meta>(&file.map()[meta]);
    let [n_nodes, n_arcs, is_directed, is_weighted] =
        meta.map_err(|_| file.corrupt("has a damaged section meta"))?;
    if n_nodes > MAX_NODES {
        return Err(file.corrupt("has more nodes than a graph can hold"));
    }
    let csr = Csr {
        offsets: array(&file, "offsets", n_nodes + 1)?,
        targets: array(&file, "targets", n_arcs)?,
        weights: if is_weighted == 0 { None } else { Some(array(&file, "weights", n_arcs)?) },
    };
    csr.validate(exec).map_err(|fault| match fault {
        CsrFault::Content(problem) => file.corrupt(problem),
        CsrFault::Stopped(error) => error,
    })?;
    if is_directed == 0 && !csr.has_both_arcs(exec)? {
        return Err(file.corrupt("is marked undirected, but an edge leads one way only"));
    }
    let attached = &file.map()[file.section("attached")?];
    let attached = try_collect("attached bytes", attached.len(), attached.iter().copied())?;
    Ok((Graph::from_csr_parts(csr, is_directed != 0, exec)?, attached))
}

fn array<T: Pod>(file: &Container, name: &str, expected: u64) -> Result<Array<T>> {
    let range = file.section(name)?;
    Array::mapped(file.map().clone(), range.start, range.end)
        .filter(|array| array.len() as u64 == expected)
        .ok_or_else(|| file.corrupt(format!("section {name} has the wrong length")))
}
