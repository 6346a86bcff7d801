//! The best nodes of a vector of scores.

use super::Scores;

/// The `k` best nodes of positive score, by falling score, then rising code.
pub(super) fn best(scores: &[f64], k: usize) -> Vec<(u32, f64)> {
    let by_rank = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    let mut best: Vec<(u32, f64)> =
        (0u32..).zip(scores.iter().copied()).filter(|&(_, score)| score > 0.0).collect();
    if k < best.len() {
        best.select_nth_unstable_by(k, by_rank);
        best.truncate(k);
    }
    best.sort_unstable_by(by_rank);
    best
}

/// The lists of all queries, one after the other.
pub(super) fn concatenate(lists: Vec<Vec<(u32, f64)>>) -> Scores {
    let mut offsets = vec![0];
    let (mut nodes, mut scores) = (Vec::new(), Vec::new());
    for list in lists {
        nodes.extend(list.iter().map(|&(node, _)| node));
        scores.extend(list.iter().map(|&(_, score)| score));
        offsets.push(nodes.len() as u64);
    }
    Scores::Top { offsets, nodes, scores }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_smaller_code_and_zeros_are_left_out() {
        let scores = [0.1, 0.4, 0.0, 0.4, 0.1];
        assert_eq!(best(&scores, 3), [(1, 0.4), (3, 0.4), (0, 0.1)]);
        assert_eq!(best(&scores, 9).len(), 4);
    }
}
