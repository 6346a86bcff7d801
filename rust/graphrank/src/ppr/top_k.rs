//! The best nodes of a vector of scores.

use super::Scores;
use crate::error::Result;
use crate::memory::{try_collect, try_with_capacity};

/// The best of some nodes.
pub(super) struct Top {
    /// By falling score, then rising code.
    pub(super) list: Vec<(u32, f64)>,
    /// The best score that is not listed; 0 if there is none.
    next: f64,
}

impl Top {
    pub(super) fn nodes(&self) -> impl Iterator<Item = &u32> {
        self.list.iter().map(|(node, _)| node)
    }

    /// Whether these are proven to be the `k` best of `n_nodes`, the L1 error of all scores being at most `error`.
    pub(super) fn is_certified(&self, k: usize, n_nodes: usize, error: f64) -> bool {
        let last = self.list.last().map_or(0.0, |&(_, score)| score);
        self.list.len() == n_nodes || (self.list.len() == k && last - self.next > error)
    }
}

/// The `k` best nodes of positive score, by falling score, then rising code.
pub(super) fn best(scores: &[f64], k: usize) -> Result<Vec<(u32, f64)>> {
    Ok(top(scores, k)?.list)
}

/// The same with the score that comes next.
pub(super) fn top(scores: &[f64], k: usize) -> Result<Top> {
    if k < scores.len() / 8 {
        let mut best = Best::new(k + 1);
        (0u32..).zip(scores).for_each(|(node, &score)| best.offer(node, score));
        let mut list = best.into_ranked();
        let next = if list.len() > k { list.pop().map_or(0.0, |(_, score)| score) } else { 0.0 };
        return Ok(Top { list, next });
    }
    let n_positive = scores.iter().filter(|&&score| score > 0.0).count();
    let positive = (0u32..).zip(scores.iter().copied()).filter(|&(_, score)| score > 0.0);
    Ok(top_of(try_collect("candidates for the best nodes", n_positive, positive)?, k))
}

/// The `k` best of some nodes and their scores, and the score that comes next.
pub(super) fn top_of(mut best: Vec<(u32, f64)>, k: usize) -> Top {
    let by_rank = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    let mut next = 0.0;
    if k < best.len() {
        best.select_nth_unstable_by(k, by_rank);
        next = best[k].1;
        best.truncate(k);
    }
    best.shrink_to_fit();
    best.sort_unstable_by(by_rank);
    Top { list: best, next }
}

/// The best of scores that come one at a time: a buffer of a few times as many, cut back when it is full.
pub(super) struct Best {
    k: usize,
    kept: Vec<(u32, f64)>,
    /// Scores that are not above this are not among the best.
    floor: f64,
}

impl Best {
    pub(super) fn new(k: usize) -> Self {
        Self { k, kept: Vec::new(), floor: 0.0 }
    }

    /// Nodes must come once each.
    #[inline]
    pub(super) fn offer(&mut self, node: u32, score: f64) {
        if score >= self.floor && score > 0.0 {
            self.kept.push((node, score));
            if self.kept.len() >= self.k.max(16).saturating_mul(4) {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if self.k < self.kept.len() {
            self.kept.select_nth_unstable_by(self.k, by_rank);
            self.kept.truncate(self.k);
            self.floor = self.kept.iter().map(|&(_, score)| score).fold(f64::INFINITY, f64::min);
        }
    }

    /// What is kept, by falling score, then rising code.
    pub(super) fn into_ranked(mut self) -> Vec<(u32, f64)> {
        self.cut();
        self.kept.sort_unstable_by(by_rank);
        self.kept
    }
}

fn by_rank(a: &(u32, f64), b: &(u32, f64)) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// The lists of all queries, one after the other.
pub(super) fn concatenate(lists: Vec<Vec<(u32, f64)>>) -> Result<Scores> {
    let n_listed = lists.iter().map(Vec::len).sum();
    let mut offsets = try_with_capacity("offsets of lists", lists.len() + 1)?;
    let mut nodes = try_with_capacity("listed nodes", n_listed)?;
    let mut scores = try_with_capacity("listed scores", n_listed)?;
    offsets.push(0);
    for list in lists {
        nodes.extend(list.iter().map(|&(node, _)| node));
        scores.extend(list.iter().map(|&(_, score)| score));
        offsets.push(nodes.len() as u64);
    }
    Ok(Scores::Top { offsets, nodes, scores })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_may_be_wanted_than_can_be_counted() {
        let mut best = Best::new(usize::MAX);
        (0..100).for_each(|node| best.offer(node, 0.5));
        assert_eq!(best.into_ranked().len(), 100);
    }

    #[test]
    fn ties_go_to_the_smaller_code_and_zeros_are_left_out() {
        let scores = [0.1, 0.4, 0.0, 0.4, 0.1];
        assert_eq!(best(&scores, 3).unwrap(), [(1, 0.4), (3, 0.4), (0, 0.1)]);
        assert_eq!(best(&scores, 9).unwrap().len(), 4);
    }

    #[test]
    fn scores_that_come_one_at_a_time_have_the_same_best() {
        let scores: Vec<f64> = (0..5000u32).map(|i| f64::from(i * 7919 % 1009)).collect();
        for k in [1, 5, 100, 1500, 6000] {
            let mut kept = Best::new(k);
            (0u32..).zip(&scores).for_each(|(node, &score)| kept.offer(node, score));
            assert_eq!(kept.into_ranked(), best(&scores, k).unwrap());
        }
    }
}
