//! The best nodes of a vector of scores.

use super::Scores;
use crate::error::Result;
use crate::memory::{try_collect, try_with_capacity};

/// The `k` best nodes of positive score, by falling score, then rising code.
pub(super) fn best(scores: &[f64], k: usize) -> Result<Vec<(u32, f64)>> {
    let n_positive = scores.iter().filter(|&&score| score > 0.0).count();
    let positive = (0u32..).zip(scores.iter().copied()).filter(|&(_, score)| score > 0.0);
    Ok(best_of(try_collect("candidates for the best nodes", n_positive, positive)?, k))
}

/// The `k` best of some nodes and their scores, by falling score, then rising code.
pub(super) fn best_of(mut best: Vec<(u32, f64)>, k: usize) -> Vec<(u32, f64)> {
    let by_rank = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if k < best.len() {
        best.select_nth_unstable_by(k, by_rank);
        best.truncate(k);
    }
    best.shrink_to_fit();
    best.sort_unstable_by(by_rank);
    best
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
    fn ties_go_to_the_smaller_code_and_zeros_are_left_out() {
        let scores = [0.1, 0.4, 0.0, 0.4, 0.1];
        assert_eq!(best(&scores, 3).unwrap(), [(1, 0.4), (3, 0.4), (0, 0.1)]);
        assert_eq!(best(&scores, 9).unwrap().len(), 4);
    }
}
