//! Simulated networks of peers at the boundary.

use graphrank::clicks::network::{Attack, Attackers, Catalogue, Gossip, NetworkParams, Probe, simulate};
use graphrank::{Error, Exec};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::click_store::{PyWeighting, mode_from, unknown};
use crate::convert::{optional_slice, slice};
use crate::error::to_python;
use crate::run::{RunOpts, run};

/// Offsets and items by query, bytes of each query and item, tastes.
#[derive(FromPyObject)]
pub(crate) struct PyCatalogue<'py>(
    PyReadonlyArray1<'py, u32>,
    PyReadonlyArray1<'py, u32>,
    PyReadonlyArray1<'py, u32>,
    PyReadonlyArray1<'py, u32>,
    Option<PyReadonlyArray1<'py, f64>>,
);

/// What is clicked and an option of that; attackers, clicks of each; when they join and act.
#[derive(FromPyObject)]
pub(crate) struct PyAttack(String, usize, usize, usize, f64, f64);

impl PyAttack {
    fn read(&self, py: Python<'_>) -> PyResult<Attack> {
        let Self(kind, option, n, clicks, join, act) = self;
        let attackers = match kind.as_str() {
            "bottom" => Attackers::Bottom { one_query: *option != 0 },
            "random" => Attackers::Random,
            "promotion" => Attackers::Promotion { camouflage: *option },
            "equivocation" => Attackers::Equivocation { is_detected: *option != 0 },
            _ => {
                let allowed = r#""bottom", "random", "promotion" or "equivocation""#;
                return Err(unknown(py, "attack", allowed, kind));
            }
        };
        Ok(Attack { attackers, n: *n, clicks: *clicks, join: *join, act: *act })
    }
}

/// Names of columns, and a column for each: whole numbers where that is what they are.
type PyProbes<'py> = Vec<(&'static str, Bound<'py, PyAny>)>;

/// One row of figures for every probe.
#[pyfunction]
#[pyo3(signature = (catalogue, n_peers, gossip, learns_requester, shares, every, mode, weighting, attack, ticks, seed, how))]
pub(crate) fn simulate_network<'py>(
    py: Python<'py>,
    catalogue: PyCatalogue<'py>,
    n_peers: usize,
    gossip: &str,
    learns_requester: bool,
    shares: (f64, f64),
    every: u64,
    mode: &str,
    weighting: PyWeighting,
    attack: Option<PyAttack>,
    ticks: u64,
    seed: u64,
    how: RunOpts,
) -> PyResult<PyProbes<'py>> {
    let gossip = match gossip {
        "pull" => Gossip::Pull,
        "push" => Gossip::Push,
        _ => return Err(unknown(py, "gossip", r#""pull" or "push""#, gossip)),
    };
    let params = NetworkParams {
        n_peers,
        gossip,
        learns_requester,
        bootstrap: shares.0,
        noise: shares.1,
        every,
        mode: mode_from(py, mode)?,
        weighting: weighting.read(py)?,
        attack: attack.map(|attack| attack.read(py)).transpose()?,
        seed,
    };
    let catalogue = Catalogue {
        offsets: slice(&catalogue.0, "offsets")?,
        items: slice(&catalogue.1, "items")?,
        query_bytes: slice(&catalogue.2, "query_bytes")?,
        item_bytes: slice(&catalogue.3, "item_bytes")?,
        tastes: optional_slice(catalogue.4.as_ref(), "tastes")?,
    };
    if ticks > u64::from(u32::MAX) / 2 {
        let problem = format!("must be below 2**31, got {ticks}");
        return Err(to_python(py, &Error::InvalidArgument { argument: "ticks", problem }));
    }
    let work = |exec: &Exec| simulate(&catalogue, &params, ticks, exec);
    let probes = run(py, how, usize::MAX, "simulating peers", work)?;
    Ok(columns(py, &probes))
}

fn columns<'py>(py: Python<'py>, probes: &[Probe]) -> PyProbes<'py> {
    let floats = |value: fn(&Probe) -> f64| floats(py, probes, value).into_any();
    let whole = |value: fn(&Probe) -> u64| {
        let column: Vec<u64> = probes.iter().map(value).collect();
        column.into_pyarray(py).into_any()
    };
    vec![
        ("tick", whole(|probe| probe.tick)),
        ("footrule", floats(|probe| probe.footrule[0])),
        ("footrule_min", floats(|probe| probe.footrule[1])),
        ("footrule_max", floats(|probe| probe.footrule[2])),
        ("ndcg", floats(|probe| probe.ndcg[0])),
        ("ndcg_min", floats(|probe| probe.ndcg[1])),
        ("ndcg_max", floats(|probe| probe.ndcg[2])),
        ("spam_rank", floats(|probe| probe.spam_rank)),
        ("top_share", floats(|probe| probe.top_share)),
        ("coverage", floats(|probe| probe.coverage)),
        ("known_peers", floats(|probe| probe.known_peers)),
        ("messages", whole(|probe| probe.messages)),
        ("rows_new", whole(|probe| probe.rows_new)),
        ("bytes_suffix", whole(|probe| probe.bytes_suffix)),
        ("bytes_versions", whole(|probe| probe.bytes_versions)),
    ]
}

fn floats<'py>(py: Python<'py>, probes: &[Probe], value: fn(&Probe) -> f64) -> Bound<'py, PyArray1<f64>> {
    let column: Vec<f64> = probes.iter().map(value).collect();
    column.into_pyarray(py)
}
