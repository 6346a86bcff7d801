//! What is measured between rounds.
//!
//! | figure | meaning |
//! |---|---|
//! | footrule | sum over the items of a query of the distance between their places by the clicks that a peer knows and by those of all honest peers; mean over queries |
//! | nDCG | of the ten items that a peer would be shown first, against what they are worth to it |
//! | spam rank | the place at which a peer would be shown the item that is promoted |
//! | top share | of queries whose most clicked item has a click that the peer knows |
//! | coverage | of the clicks of honest peers that the peer knows |

use super::rows::{Peer, order};
use super::{Catalogue, NetworkParams, Run};
use crate::clicks::modes::{Mode, RankParams, Trust};
use crate::clicks::store::{ClickStore, Rows, StoreParams};
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{try_collect, try_with_capacity};

/// Peers that a unit of work looks at.
const CHUNK: usize = 8;
/// Places that count for the nDCG.
const TOP: usize = 10;

/// What one probe saw; figures of peers are over the honest ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Probe {
    /// Ticks before it.
    pub tick: u64,
    /// Mean, least and largest footrule of peers.
    pub footrule: [f64; 3],
    /// Mean, least and largest nDCG of peers; NaN without tastes.
    pub ndcg: [f64; 3],
    /// Mean place of the promoted item; NaN without.
    pub spam_rank: f64,
    /// Mean share of queries with the top item.
    pub top_share: f64,
    /// Mean share of clicks known.
    pub coverage: f64,
    /// Mean number of peers known.
    pub known_peers: f64,
    /// Messages since the last probe.
    pub messages: u64,
    /// Rows that came to peers that did not know them, since then.
    pub rows_new: u64,
    /// Bytes since then, by the thesis's protocol.
    pub bytes_suffix: u64,
    /// Bytes since then, with version vectors.
    pub bytes_versions: u64,
}

/// What a probe sees of one peer.
#[derive(Clone, Copy, Debug, Default)]
struct View {
    footrule: f64,
    ndcg: f64,
    spam_rank: f64,
    top_share: f64,
}

/// Looks at peers, and ranks as they do.
pub(super) struct Judge<'a> {
    catalogue: &'a Catalogue<'a>,
    params: &'a NetworkParams,
    /// A store for every honest peer, unless peers rank by popularity.
    stores: Vec<ClickStore>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(catalogue: &'a Catalogue<'a>, params: &'a NetworkParams, exec: &Exec) -> Result<Self> {
        let n_all = params.n_peers + params.attack.map_or(0, |attack| attack.n);
        let wants_stores = params.mode != Mode::Popularity
            && (catalogue.tastes.is_some() || params.attack.is_some_and(|attack| attack.has_target()));
        let n_stores = if wants_stores { params.n_peers } else { 0 };
        let mut stores = try_with_capacity("stores", n_stores)?;
        for me in 0..n_stores {
            exec.checkpoint(0)?;
            stores.push(empty_store(me, n_all, catalogue)?);
        }
        Ok(Self { catalogue, params, stores })
    }

    pub(super) fn look(&mut self, run: &mut Run<'_>, tick: u64, exec: &Exec) -> Result<Probe> {
        let n = self.params.n_peers;
        self.bring_stores_up(run, exec)?;
        let (catalogue, shared) = (self.catalogue, &run.shared);
        let mut places = try_with_capacity("places", catalogue.items.len())?;
        for query in 0..catalogue.n_queries() {
            places.extend(places_of(&shared.honest[catalogue.cells(query)]));
        }
        let everyone = Everyone { catalogue, places, target: run.plan.target };
        let items: Vec<_> = if self.stores.is_empty() {
            run.peers[..n].chunks(CHUNK).map(|peers| (peers, None)).collect()
        } else {
            let stores = self.stores.chunks_mut(CHUNK).map(Some);
            run.peers[..n].chunks(CHUNK).zip(stores).collect()
        };
        let params =
            RankParams { mode: self.params.mode, weighting: self.params.weighting, trust: Trust::All };
        let views = exec.map_items(items, |chunk, (peers, mut stores)| {
            let look = |(i, peer)| {
                let store = stores.as_mut().map(|stores| (&mut stores[i], &params));
                everyone.view(chunk * CHUNK + i, peer, store)
            };
            peers.iter().enumerate().map(look).collect::<Result<Vec<View>>>()
        })?;
        let views: Vec<View> = views.into_iter().flatten().collect();
        Ok(summary(&views, run, tick))
    }

    /// Gives every store the rows that came since the last probe.
    fn bring_stores_up(&mut self, run: &mut Run<'_>, exec: &Exec) -> Result<()> {
        let news: Vec<Vec<u32>> = run.peers.iter_mut().map(|peer| std::mem::take(&mut peer.news)).collect();
        let (catalogue, shared) = (self.catalogue, &run.shared);
        let items: Vec<_> = self.stores.iter_mut().zip(news).collect();
        exec.map_items(items, |me, (store, news)| {
            let me = u32::try_from(me).unwrap_or(u32::MAX);
            let rows = || news.iter().map(|&row| shared.rows[row as usize]);
            // I come first in my store, the others keep their order.
            let user = |author: u32| if author == me { 0 } else { author + u32::from(author < me) };
            let query = |cell: u32| catalogue.offsets.partition_point(|&start| start <= cell) - 1;
            #[expect(clippy::cast_possible_truncation, reason = "queries have numbers of 32 bits")]
            let queries: Vec<u32> = rows().map(|row| query(row.cell) as u32).collect();
            let users: Vec<u32> = rows().map(|row| user(row.author)).collect();
            let items: Vec<u32> = rows().map(|row| catalogue.items[row.cell as usize]).collect();
            let seqs: Vec<u64> = rows().map(|row| row.seq.into()).collect();
            let rows =
                Rows { users: &users, queries: &queries, items: &items, seqs: Some(&seqs), times: None };
            // Some hundred rows: not worth a look at the time.
            store.ingest(&rows, 0, &Exec::default()).map(drop)
        })?;
        Ok(())
    }
}

/// A store that has names for all: numbers, as texts of one length.
fn empty_store(me: usize, n_all: usize, catalogue: &Catalogue<'_>) -> Result<ClickStore> {
    let exec = Exec::default();
    let mut store = ClickStore::new(me as u64, name(me).as_bytes(), StoreParams::default())?;
    let [users, queries, items] = store.names();
    let others: Vec<usize> = (0..n_all).filter(|&other| other != me).collect();
    let (all_queries, all_items): (Vec<usize>, Vec<usize>) =
        ((0..catalogue.n_queries()).collect(), (0..catalogue.item_bytes.len()).collect());
    for (names, numbers) in [(users, others), (queries, all_queries), (items, all_items)] {
        let keys: Vec<u64> = numbers.iter().map(|&number| number as u64).collect();
        names.intern(&keys, &exec)?;
        numbers.iter().try_for_each(|&number| names.push(name(number).as_bytes()))?;
    }
    Ok(store)
}

fn name(number: usize) -> String {
    format!("{number:010}")
}

/// What all views are compared with.
struct Everyone<'a> {
    catalogue: &'a Catalogue<'a>,
    /// Of every cell the place by the clicks of all honest peers.
    places: Vec<usize>,
    target: Option<usize>,
}

impl Everyone<'_> {
    fn view(
        &self,
        peer: usize,
        knows: &Peer,
        mut store: Option<(&mut ClickStore, &RankParams)>,
    ) -> Result<View> {
        let mut view = View { spam_rank: f64::NAN, ..View::default() };
        let mut distance = 0;
        for query in 0..self.catalogue.n_queries() {
            let cells = self.catalogue.cells(query);
            let counts = &knows.counts[cells.clone()];
            let by_clicks = order(counts);
            let places = &self.places[cells.clone()];
            distance += by_clicks.iter().zip(0..).map(|(&i, place)| places[i].abs_diff(place)).sum::<usize>();
            let top = places.iter().position(|&place| place == 0).unwrap_or(0);
            view.top_share += f64::from(u8::from(counts[top] > 0));
            let target = self.target.filter(|target| cells.contains(target));
            if self.catalogue.tastes.is_none() && target.is_none() {
                continue;
            }
            let shown = match &mut store {
                Some((store, params)) => self.shown(query, store, params)?,
                None => by_clicks,
            };
            if let Some(target) = target {
                let place = shown.iter().position(|&i| cells.start + i == target);
                view.spam_rank = as_float(place.unwrap_or(shown.len()) + 1);
            }
            view.ndcg += self.ndcg(peer, query, &shown);
        }
        let n_queries = as_float(self.catalogue.n_queries());
        view.footrule = as_float(distance) / n_queries;
        view.top_share /= n_queries;
        view.ndcg /= n_queries;
        Ok(view)
    }

    /// The items of a query in the order in which a peer would be shown them.
    fn shown(&self, query: usize, store: &mut ClickStore, params: &RankParams) -> Result<Vec<usize>> {
        let items = &self.catalogue.items[self.catalogue.cells(query)];
        let scores = store.scores(name(query).as_bytes(), params, &Exec::default())?.unwrap_or_default();
        let best = store.best(scores, None)?;
        let clicked = best.iter().filter_map(|(item, _)| items.binary_search(item).ok());
        let mut shown = try_collect("places", items.len(), clicked)?;
        let rest: Vec<usize> = (0..items.len()).filter(|i| !shown.contains(i)).collect();
        shown.extend(rest);
        Ok(shown)
    }

    fn ndcg(&self, peer: usize, query: usize, shown: &[usize]) -> f64 {
        let Some(tastes) = self.catalogue.tastes else { return 0.0 };
        let worth = &tastes[peer * self.catalogue.items.len()..][self.catalogue.cells(query)];
        let mut best = worth.to_vec();
        best.sort_by(|a, b| b.total_cmp(a));
        let gained = discounted(shown.iter().map(|&i| worth[i]));
        gained / discounted(best.into_iter())
    }
}

/// The sum of the first [`TOP`] values, each less the later it comes.
fn discounted(values: impl Iterator<Item = f64>) -> f64 {
    values.take(TOP).zip(2..).map(|(value, place)| value / f64::from(place).log2()).sum()
}

/// The place of every item of a query.
fn places_of(counts: &[u32]) -> Vec<usize> {
    let mut places = vec![0; counts.len()];
    for (place, i) in order(counts).into_iter().enumerate() {
        places[i] = place;
    }
    places
}

fn summary(views: &[View], run: &mut Run<'_>, tick: u64) -> Probe {
    let n = as_float(views.len());
    let mean = |value: &dyn Fn(&View) -> f64| views.iter().map(value).sum::<f64>() / n;
    let spread = |value: &dyn Fn(&View) -> f64| {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = views.iter().map(value).fold((low, high), |(l, h), x| (l.min(x), h.max(x)));
        [mean(value), low, high]
    };
    let honest = &run.peers[..views.len()];
    let known_rows: u64 = honest.iter().map(|peer| u64::from(peer.n_honest_rows)).sum();
    let known_peers: usize = honest.iter().map(|peer| peer.known.len()).sum();
    let has_tastes = run.catalogue.tastes.is_some();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let coverage = known_rows as f64 / (n * f64::from(run.shared.n_honest_rows));
    let traffic = std::mem::take(&mut run.traffic);
    Probe {
        tick,
        footrule: spread(&|view| view.footrule),
        ndcg: if has_tastes { spread(&|view| view.ndcg) } else { [f64::NAN; 3] },
        spam_rank: mean(&|view| view.spam_rank),
        top_share: mean(&|view| view.top_share),
        coverage,
        known_peers: as_float(known_peers) / n,
        messages: traffic.messages,
        rows_new: traffic.rows_new,
        bytes_suffix: traffic.bytes_suffix,
        bytes_versions: traffic.bytes_versions,
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn as_float(n: usize) -> f64 {
    n as f64
}
