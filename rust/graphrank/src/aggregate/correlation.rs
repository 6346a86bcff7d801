//! How alike two rankings are.
//!
//! | function | of ranks x and y of the same n items | ties |
//! |---|---|---|
//! | [`kendall`] | tau-b: (agreeing pairs - disagreeing ones) / sqrt(pairs not tied in x · pairs not tied in y) | Kendall, 1945; counted in O(n log n) (Knight, JASA 1966) |
//! | [`weighted_kendall`] | the same of pairs that weigh 1 / place of both of their items, places from 1; the mean of places in x and in y | as in [`kendall`] (Vigna, WWW 2015, additive and hyperbolic) |
//! | [`spearman`] | correlation of the ranks | mean ranks |
//! | [`footrule`] | sum of differences of ranks; at most floor(n² / 2) (Diaconis and Graham, 1977) | mean ranks |
//! | [`rbo`] | rank-biased overlap, extrapolated: the share of items that two lists have in common down to depth d, with weight p^(d - 1) (Webber, Moffat and Zobel, TOIS 2010, equation 32) | the mean over all orders of tied items (Corsi and Urbano, SIGIR 2024) |

use crate::error::{Error, Result};
use crate::memory::{try_collect, try_zeroed};
use crate::numeric::{Sum, sum};

/// Kendall's tau-b; NaN if all of `x` or all of `y` are equal.
///
/// # Errors
/// [`Error::InvalidArgument`] for different lengths, [`Error::InvalidData`] for NaN, [`Error::OutOfMemory`].
pub fn kendall(x: &[f64], y: &[f64]) -> Result<f64> {
    // A pair weighs 1: sums are exact up to 10^8 items.
    tau(x, y, |_| 0.5)
}

/// Kendall's tau-b of pairs that weigh the more, the further ahead their items are: 1 / place of both, added up. The mean
/// of the value with places in `x` (among equal ones in `y`) and of that with places in `y`. NaN if all of `x` or all of
/// `y` are equal.
///
/// # Errors
/// As [`kendall`].
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
pub fn weighted_kendall(x: &[f64], y: &[f64]) -> Result<f64> {
    let weight = |place: usize| (place as f64 + 1.0).recip();
    Ok(f64::midpoint(tau(x, y, weight)?, tau(y, x, weight)?))
}

/// Tau-b of pairs that weigh what their items do together, by their places in the order by `x` and `y`.
fn tau(x: &[f64], y: &[f64], weight: impl Fn(usize) -> f64) -> Result<f64> {
    check(x, y)?;
    let mut rows: Vec<(f64, f64)> =
        try_collect("ranks", x.len(), x.iter().zip(y).map(|(&x, &y)| (x + 0.0, y + 0.0)))?;
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let of_place = |place: usize| Ranked { rank: rows[place].1, weight: weight(place) };
    let mut ranked = try_collect("ranks", rows.len(), (0..rows.len()).map(of_place))?;
    let all = weight_of_pairs(&ranked);
    let tied_in_x = tied_pairs(&ranked, rows.chunk_by(|a, b| a.0 == b.0));
    let tied_in_both = tied_pairs(&ranked, rows.chunk_by(|a, b| a == b));
    let mut room = try_collect("ranks", rows.len(), ranked.iter().copied())?;
    let (sorted, disagreeing) = sort_counting(&mut ranked, &mut room);
    let tied_in_y = sum(sorted.chunk_by(|a, b| a.rank == b.rank).map(weight_of_pairs));
    if tied_in_x == all || tied_in_y == all {
        return Ok(f64::NAN);
    }
    // Pairs that agree, less those that disagree, which come twice off the pairs that are not tied.
    let agreement = all + tied_in_both - tied_in_x - tied_in_y - 2.0 * disagreeing;
    // Rounding may lead just beyond.
    Ok((agreement / ((all - tied_in_x) * (all - tied_in_y)).sqrt()).clamp(-1.0, 1.0))
}

/// An item: its rank, and what it adds to the weight of its pairs.
#[derive(Clone, Copy)]
struct Ranked {
    rank: f64,
    weight: f64,
}

/// Of all pairs of some items: each is in one with each other.
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
fn weight_of_pairs(items: &[Ranked]) -> f64 {
    sum(items.iter().map(|item| item.weight)) * (items.len() as f64 - 1.0).max(0.0)
}

/// Of all pairs within groups of items that follow each other.
fn tied_pairs<'a, T: 'a>(mut items: &[Ranked], groups: impl Iterator<Item = &'a [T]>) -> f64 {
    sum(groups.map(|group| {
        let (of_group, rest) = items.split_at(group.len());
        items = rest;
        weight_of_pairs(of_group)
    }))
}

/// Sorts by merging, to and fro; returns what is sorted, and the weight of the pairs that were the wrong way round.
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
fn sort_counting<'a>(mut items: &'a mut [Ranked], mut room: &'a mut [Ranked]) -> (&'a [Ranked], f64) {
    let n = items.len();
    let mut wrong = Sum::default();
    let mut width = 1;
    while width < n {
        for start in (0..n).step_by(2 * width) {
            let (middle, end) = (n.min(start + width), n.min(start + 2 * width));
            let (mut i, mut j) = (start, middle);
            let mut left: f64 = items[i..middle].iter().map(|item| item.weight).sum();
            for slot in &mut room[start..end] {
                if i < middle && (j == end || items[i].rank <= items[j].rank) {
                    *slot = items[i];
                    left -= items[i].weight;
                    i += 1;
                } else {
                    *slot = items[j];
                    if i < middle {
                        wrong.add(left + (middle - i) as f64 * items[j].weight);
                    }
                    j += 1;
                }
            }
        }
        std::mem::swap(&mut items, &mut room);
        width *= 2;
    }
    (items, wrong.value())
}

/// The correlation of mean ranks; NaN if all of `x` or all of `y` are equal.
///
/// # Errors
/// As [`kendall`].
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
pub fn spearman(x: &[f64], y: &[f64]) -> Result<f64> {
    check(x, y)?;
    let (x, y) = (mean_ranks(x)?, mean_ranks(y)?);
    let mean = (x.len() as f64 + 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| sum(a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)));
    Ok((product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt()).clamp(-1.0, 1.0))
}

/// The sum of the differences of mean ranks.
///
/// # Errors
/// As [`kendall`].
pub fn footrule(x: &[f64], y: &[f64]) -> Result<f64> {
    check(x, y)?;
    Ok(sum(mean_ranks(x)?.iter().zip(&mean_ranks(y)?).map(|(a, b)| (a - b).abs())))
}

#[expect(clippy::cast_precision_loss, reason = "counts of items")]
fn mean_ranks(x: &[f64]) -> Result<Vec<f64>> {
    let mut order: Vec<usize> = try_collect("ranks", x.len(), 0..x.len())?;
    order.sort_unstable_by(|&a, &b| (x[a] + 0.0).total_cmp(&(x[b] + 0.0)));
    let mut ranks: Vec<f64> = try_zeroed("ranks", x.len())?;
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| x[a] == x[b]) {
        let rank = before as f64 + (equal.len() as f64 + 1.0) / 2.0;
        equal.iter().for_each(|&item| ranks[item] = rank);
        before += equal.len();
    }
    Ok(ranks)
}

fn check(x: &[f64], y: &[f64]) -> Result<()> {
    if x.len() != y.len() {
        let problem = format!("must rank the same items: {} and {}", x.len(), y.len());
        return Err(Error::argument("b", problem));
    }
    for (argument, values) in [("a", x), ("b", y)] {
        if let Some(row) = values.iter().position(|value| value.is_nan()) {
            return Err(Error::row(argument, row, "is NaN, which has no place in a ranking"));
        }
    }
    Ok(())
}

/// Rank-biased overlap of two lists, extrapolated to what lies below them. `x` and `y` hold the ranks of all items of
/// either list, NaN where a list lacks an item.
///
/// # Errors
/// [`Error::InvalidArgument`] for different lengths, an empty list and a `p` that is not between 0 and 1;
/// [`Error::OutOfMemory`].
///
/// # Complexity
/// O(n log n) for n items.
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
pub fn rbo(x: &[f64], y: &[f64], p: f64) -> Result<f64> {
    if x.len() != y.len() {
        return Err(Error::argument("b", format!("must have a rank per item, {}, got {}", x.len(), y.len())));
    }
    if !(p > 0.0 && p < 1.0) {
        return Err(Error::argument("p", format!("must be between 0 and 1, got {p}")));
    }
    let (a, b) = (ties(x)?, ties(y)?);
    let listed = |of: &[Option<Tie>]| of.iter().flatten().count();
    let (short, long) = (listed(&a).min(listed(&b)), listed(&a).max(listed(&b)));
    if short == 0 {
        return Err(Error::argument("a", "and `b` must each list at least one item"));
    }
    let common = overlaps(&a, &b, long)?;
    let (at_short, at_long) = (common[short - 1], common[long - 1]);
    let (mut total, mut weight) = (0.0, 1.0);
    for (depth, &shared) in (1..).zip(&common) {
        let d = depth as f64;
        let beyond = if depth > short { at_short * (d - short as f64) / (short as f64 * d) } else { 0.0 };
        total += (shared / d + beyond) * weight;
        weight *= p;
    }
    let last = (at_long - at_short) / long as f64 + at_short / short as f64;
    Ok((1.0 - p) * total + last * weight)
}

/// Places that an item may have, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tie {
    start: usize,
    end: usize,
}

impl Tie {
    /// The chance to be among the first `depth`.
    #[expect(clippy::cast_precision_loss, reason = "counts of items")]
    fn within(self, depth: usize) -> f64 {
        (depth.clamp(self.start, self.end) - self.start) as f64 / (self.end - self.start) as f64
    }
}

fn ties(x: &[f64]) -> Result<Vec<Option<Tie>>> {
    let mut order = try_collect("ranks", x.len(), (0..x.len()).filter(|&item| !x[item].is_nan()))?;
    order.sort_unstable_by(|&a, &b| (x[a] + 0.0).total_cmp(&(x[b] + 0.0)));
    let mut ties = try_collect("ranks", x.len(), std::iter::repeat_n(None, x.len()))?;
    let mut start = 0;
    for equal in order.chunk_by(|&a, &b| x[a] == x[b]) {
        let tie = Tie { start, end: start + equal.len() };
        equal.iter().for_each(|&item| ties[item] = Some(tie));
        start = tie.end;
    }
    Ok(ties)
}

/// The expected number of items in common among the first 1, 2 ... `long` of both lists.
///
/// At any depth at most one tie of each list is partly within: what counts is how many common items are not, partly or
/// wholly within, on either side.
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
fn overlaps(a: &[Option<Tie>], b: &[Option<Tie>], long: usize) -> Result<Vec<f64>> {
    let pairs = a.iter().zip(b).filter_map(|(&a, &b)| a.zip(b));
    let both = try_collect("common items", a.len(), pairs.map(|(a, b)| [a, b]))?;
    let mut sides = [Side::new(&both, 0)?, Side::new(&both, 1)?];
    let mut counts = [[0usize; 3]; 3];
    counts[OUT][OUT] = both.len();
    let mut states = try_collect("common items", both.len(), std::iter::repeat_n([OUT, OUT], both.len()))?;
    let overlap = (1..=long).map(|depth| {
        for (which, side) in sides.iter_mut().enumerate() {
            side.go_to(depth, |item, state| {
                let [of_a, of_b] = states[item];
                counts[of_a][of_b] -= 1;
                states[item][which] = state;
                let [of_a, of_b] = states[item];
                counts[of_a][of_b] += 1;
            });
        }
        let [share_a, share_b] = sides.each_ref().map(|side| side.share(depth));
        counts[WITHIN][WITHIN] as f64
            + share_a * counts[PARTLY][WITHIN] as f64
            + share_b * counts[WITHIN][PARTLY] as f64
            + share_a * share_b * counts[PARTLY][PARTLY] as f64
    });
    try_collect("overlaps", long, overlap)
}

/// Where an item is in one of the lists.
const OUT: usize = 0;
const PARTLY: usize = 1;
const WITHIN: usize = 2;

/// The common items along one of the lists.
struct Side {
    /// Items and their places, in their order.
    order: Vec<(Tie, usize)>,
    n_begun: usize,
    n_within: usize,
}

impl Side {
    fn new(both: &[[Tie; 2]], which: usize) -> Result<Self> {
        let items = both.iter().enumerate().map(|(item, ties)| (ties[which], item));
        let mut order = try_collect("common items", both.len(), items)?;
        order.sort_unstable();
        Ok(Self { order, n_begun: 0, n_within: 0 })
    }

    /// Tells which items come to be partly or wholly within the first `depth`.
    fn go_to(&mut self, depth: usize, mut tell: impl FnMut(usize, usize)) {
        while let Some(&(_, item)) = self.order.get(self.n_begun).filter(|(tie, _)| tie.start < depth) {
            tell(item, PARTLY);
            self.n_begun += 1;
        }
        while let Some(&(_, item)) =
            self.order[..self.n_begun].get(self.n_within).filter(|(tie, _)| tie.end <= depth)
        {
            tell(item, WITHIN);
            self.n_within += 1;
        }
    }

    /// The chance of the items that are partly within.
    fn share(&self, depth: usize) -> f64 {
        self.order[..self.n_begun].get(self.n_within).map_or(0.0, |(tie, _)| tie.within(depth))
    }
}
