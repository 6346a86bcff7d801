//! The order with the fewest disagreements: pairs of items that a ranking has the other way round, times its weight, summed
//! over all rankings (Kemeny, 1959; Young, 1988). Finding it is NP-hard from four rankings on (Dwork et al., WWW 2001).
//!
//! # Steps
//! 1. Cut the items where every one above is preferred by a majority to every one below: some best order keeps each part
//!    together, and the parts in this order (Truchon's extended Condorcet criterion, 1998). Parts are independent.
//! 2. A part of at most [`EXACT_ITEMS`] items: dynamic programming over the subsets that stand last. Of the best orders the
//!    one that comes first by item is taken.
//! 3. A larger part: from the order by Borda's points and from that by Copeland's, items are moved one at a time to where
//!    most disagreements go, until no move helps; the better end is taken.
//!
//! # Bound
//! In any order one of two disagreements of a pair remains: the sum of the smaller ones is a lower bound, and the exact
//! value of a part that was solved. Where it is met, the order is proven to be best.
//!
//! # Cost
//! With c items in a part: 2^c c steps and 8 · 2^c bytes where exact, some 20 ms and 8 MB for 20; else O(c²) per pass of
//! moves.

use super::pairs::Pairs;
use crate::error::Result;
use crate::exec::Exec;
use crate::memory::{Buffer, try_collect, try_zeroed};

/// Items of a part that are ordered exactly at most.
pub const EXACT_ITEMS: usize = 20;

/// How good an order is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kemeny {
    /// Weight of disagreements with it.
    pub disagreements: f64,
    /// No order has fewer.
    pub lower_bound: f64,
    /// It is proven that there is no better one.
    pub is_optimal: bool,
    /// Items of the largest part that cannot be cut.
    pub largest_part: usize,
}

/// Subsets between two checkpoints.
const STEP: usize = 1 << 12;

/// Scores by place, the first has the most; and how good the order is. `points` are Borda's.
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
pub(super) fn kemeny(pairs: &Pairs, points: &[f64], exec: &Exec) -> Result<(Vec<f64>, Kemeny)> {
    let n = pairs.n_items;
    let parts = parts(pairs, exec)?;
    let mut order: Vec<u32> = Vec::new();
    let mut lower_bound = 0.0;
    for part in &parts {
        let solved = if part.len() <= EXACT_ITEMS {
            exact(pairs, part, exec)?
        } else {
            search(pairs, part, points, exec)?
        };
        lower_bound += if part.len() <= EXACT_ITEMS {
            disagreements(pairs, &solved)
        } else {
            least_of_pairs(pairs, part)
        };
        order.extend(solved);
    }
    // Between parts the order is given.
    let mut last: &[u32] = &order;
    for part in &parts {
        let (these, behind) = last.split_at(part.len());
        lower_bound += these.iter().map(|&a| against(pairs, a, behind)).sum::<f64>();
        last = behind;
    }
    let found = disagreements(pairs, &order);
    let mut scores: Vec<f64> = try_zeroed("the places of items", n)?;
    for (place, &item) in order.iter().enumerate() {
        scores[item as usize] = (n - 1 - place) as f64;
    }
    let rounding = pairs.slack * n as f64 * n as f64;
    let kemeny = Kemeny {
        disagreements: found,
        lower_bound: lower_bound.min(found),
        is_optimal: lower_bound >= found - rounding,
        largest_part: parts.iter().map(Vec::len).max().unwrap_or(0),
    };
    Ok((scores, kemeny))
}

/// Weight that prefers one of `behind` to `item`.
fn against(pairs: &Pairs, item: u32, behind: &[u32]) -> f64 {
    behind.iter().map(|&other| pairs.of(other as usize, item as usize)).sum()
}

fn disagreements(pairs: &Pairs, order: &[u32]) -> f64 {
    let sum: f64 = (1..order.len()).map(|place| against(pairs, order[place - 1], &order[place..])).sum();
    sum + 0.0 // a sum of nothing is -0, which would be shown
}

fn least_of_pairs(pairs: &Pairs, part: &[u32]) -> f64 {
    let least = |a: u32, b: u32| pairs.of(a as usize, b as usize).min(pairs.of(b as usize, a as usize));
    (1..part.len()).map(|i| part[i..].iter().map(|&b| least(part[i - 1], b)).sum::<f64>()).sum()
}

/// Sets of items, each of which majorities prefer to all of the sets that follow; items rise within a set.
#[expect(clippy::cast_possible_truncation, reason = "items have codes of 32 bits")]
fn parts(pairs: &Pairs, exec: &Exec) -> Result<Vec<Vec<u32>>> {
    let n = pairs.n_items;
    let wins = exec.map(n, |item| {
        exec.checkpoint(1)?;
        Ok((0..n).filter(|&other| pairs.beats(item, other)).count())
    })?;
    let mut order: Vec<u32> = try_collect("items", n, 0..n as u32)?;
    order.sort_by_key(|&item| std::cmp::Reverse(wins[item as usize]));
    // The last place that an item up to here does not beat: a cut lies behind no such place.
    let mut reach = 0;
    let mut parts = Vec::new();
    let mut start = 0;
    for place in 0..n {
        exec.checkpoint(1)?;
        let item = order[place] as usize;
        let not_beaten = (place + 1..n).rev().find(|&other| !pairs.beats(item, order[other] as usize));
        reach = reach.max(not_beaten.unwrap_or(place));
        if reach == place {
            let mut part = try_collect("items", place + 1 - start, order[start..=place].iter().copied())?;
            part.sort_unstable();
            parts.push(part);
            start = place + 1;
        }
    }
    Ok(parts)
}

/// For a set of items the least disagreements among them: `least[set]` is the least, over the item that goes first, of the
/// weight that prefers one of the others to it, and of what those others need among them.
fn exact(pairs: &Pairs, part: &[u32], exec: &Exec) -> Result<Vec<u32>> {
    let n = part.len();
    let sums = Sums::new(pairs, part)?;
    let mut least: Buffer<f64> = Buffer::zeroed("subsets of items", 1 << n)?;
    for set in 1usize..1 << n {
        if set.is_multiple_of(STEP) {
            exec.checkpoint(STEP as u64)?;
        }
        let mut best = f64::INFINITY;
        let mut left = set;
        while left != 0 {
            let first = left.trailing_zeros() as usize;
            left &= left - 1;
            let others = set & !(1 << first);
            best = best.min(sums.against(first, others) + least[others]);
        }
        least[set] = best;
    }
    let mut order = Vec::new();
    let mut set = (1usize << n) - 1;
    while set != 0 {
        let goal = least[set] + pairs.slack;
        let leads = |first: usize| {
            let others = set & !(1 << first);
            (set >> first) & 1 == 1 && sums.against(first, others) + least[others] <= goal
        };
        // One of them does: the least is over these.
        let first = (0..n).find(|&first| leads(first)).unwrap_or(set.trailing_zeros() as usize);
        order.push(part[first]);
        set &= !(1 << first);
    }
    Ok(order)
}

/// For each item the weight that prefers some of a set to it, from two tables of half sets.
struct Sums {
    half: usize,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Sums {
    fn new(pairs: &Pairs, part: &[u32]) -> Result<Self> {
        let n = part.len();
        let half = n.div_ceil(2);
        let table = |from: usize, to: usize| -> Result<Vec<f64>> {
            let size = 1 << (to - from);
            let mut sums = try_zeroed("sums over subsets", n * size)?;
            for (item, sums) in sums.chunks_mut(size).enumerate() {
                for set in 1..size {
                    let last = set.trailing_zeros() as usize;
                    let other = part[from + last] as usize;
                    sums[set] = sums[set & (set - 1)] + pairs.of(other, part[item] as usize);
                }
            }
            Ok(sums)
        };
        Ok(Self { half, low: table(0, half)?, high: table(half, n)? })
    }

    #[inline]
    fn against(&self, item: usize, set: usize) -> f64 {
        let low_size = 1 << self.half;
        let high_size = self.high.len() / (self.low.len() / low_size);
        self.low[item * low_size + (set & (low_size - 1))] + self.high[item * high_size + (set >> self.half)]
    }
}

/// The better of two orders from which no move of one item helps.
fn search(pairs: &Pairs, part: &[u32], points: &[f64], exec: &Exec) -> Result<Vec<u32>> {
    let mut by_points = try_collect("items", part.len(), part.iter().copied())?;
    by_points.sort_by(|&a, &b| points[b as usize].total_cmp(&points[a as usize]));
    let mut by_wins = try_collect("items", part.len(), part.iter().copied())?;
    let wins = |item: u32| part.iter().filter(|&&other| pairs.beats(item as usize, other as usize)).count();
    by_wins.sort_by_cached_key(|&item| std::cmp::Reverse(wins(item)));
    for order in [&mut by_points, &mut by_wins] {
        improve(pairs, order, exec)?;
    }
    let is_better = disagreements(pairs, &by_wins) < disagreements(pairs, &by_points) - pairs.slack;
    Ok(if is_better { by_wins } else { by_points })
}

/// Moves items one at a time to their best places until all are there.
fn improve(pairs: &Pairs, order: &mut [u32], exec: &Exec) -> Result<()> {
    let n = order.len();
    let mut settled = 0;
    let mut at = 0;
    while settled < n {
        exec.checkpoint(n as u64)?;
        let to = best_place(pairs, order, at);
        settled = if to == at { settled + 1 } else { 0 };
        match to.cmp(&at) {
            std::cmp::Ordering::Less => order[to..=at].rotate_right(1),
            std::cmp::Ordering::Greater => order[at..=to].rotate_left(1),
            std::cmp::Ordering::Equal => {}
        }
        // An item that went down leaves another in its place.
        at = if to > at { at } else { (at + 1) % n };
    }
    Ok(())
}

/// Where the item in place `at` has the fewest disagreements, all others left as they are.
fn best_place(pairs: &Pairs, order: &[u32], at: usize) -> usize {
    let item = order[at] as usize;
    let row = pairs.row(item);
    // Weight that is lost if `other`, which the item passes, is behind it from now on.
    let passing = |other: u32| pairs.of(other as usize, item) - row[other as usize];
    let (mut best, mut to) = (-pairs.slack, at);
    let mut change = 0.0;
    for (place, &other) in order[..at].iter().enumerate().rev() {
        change += passing(other);
        if change < best {
            (best, to) = (change, place);
        }
    }
    change = 0.0;
    for (place, &other) in order.iter().enumerate().skip(at + 1) {
        change -= passing(other);
        if change < best {
            (best, to) = (change, place);
        }
    }
    to
}
