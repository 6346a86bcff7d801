//! What rankings say of the items that they leave out.
//!
//! A ranking says the same of all of them, and says what every ranking does that leaves out equally many. So an item has
//! one value with one weight for all rankings of a length that leave it out, whatever their number: the weight of all of
//! that length, less those that list the item.

use crate::error::Result;
use crate::memory::{try_collect, try_extend, try_reserve, try_with_capacity, try_zeroed};
use crate::numeric::Sum;
use crate::submodular::rankings::Ballots;

use super::positional::Listed;

/// Rankings that say the same of items that they leave out.
#[derive(Clone, Copy)]
struct Group {
    value: f64,
    weight: Sum,
    n_rankings: usize,
}

/// All rankings, by what they say of items that they leave out.
pub(super) struct Unsaid {
    /// The least value first.
    groups: Vec<Group>,
    /// Of each ranking.
    group_of: Vec<u32>,
    /// What is left of the groups for one item.
    left: Vec<Group>,
}

impl Unsaid {
    /// With the `value` of the items that a ranking leaves out.
    #[expect(clippy::cast_possible_truncation, reason = "rankings have codes of 32 bits")]
    pub(super) fn new(ballots: &Ballots, value: impl Fn(usize) -> f64) -> Result<Self> {
        let n = ballots.n_rankings();
        let mut order = try_collect("the lengths of rankings", n, 0..n as u32)?;
        let value_of = try_collect("the lengths of rankings", n, (0..n).map(value))?;
        order
            .sort_unstable_by(|&a, &b| value_of[a as usize].total_cmp(&value_of[b as usize]).then(a.cmp(&b)));
        let mut group_of: Vec<u32> = try_zeroed("the lengths of rankings", n)?;
        let mut groups: Vec<Group> = Vec::new();
        for equal in order.chunk_by(|&a, &b| value_of[a as usize] == value_of[b as usize]) {
            let mut weight = Sum::default();
            for &ranking in equal {
                weight.add(ballots.weights[ranking as usize]);
                group_of[ranking as usize] = groups.len() as u32;
            }
            try_reserve("the lengths of rankings", &mut groups, 1)?;
            groups.push(Group { value: value_of[equal[0] as usize], weight, n_rankings: equal.len() });
        }
        let left = try_with_capacity("the lengths of rankings", groups.len())?;
        Ok(Self { groups, group_of, left })
    }

    /// Appends the values and weights of the rankings that do not list an item; `listed` are those that do.
    pub(super) fn append(
        &mut self,
        ballots: &Ballots,
        listed: &[Listed],
        to: &mut Vec<(f64, f64)>,
    ) -> Result<()> {
        self.left.clear();
        self.left.extend_from_slice(&self.groups);
        for place in listed {
            let ranking = place.ranking as usize;
            let group = &mut self.left[self.group_of[ranking] as usize];
            group.weight.add(-ballots.weights[ranking]);
            group.n_rankings -= 1;
        }
        // What is left of the weight of a group without rankings is rounding.
        self.left.retain(|group| group.n_rankings > 0);
        try_extend(
            "the ranks of an item",
            to,
            self.left.iter().map(|group| (group.value, group.weight.value())),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::positional::{borda, last_rank, median, median_rank, trimmed};
    use super::super::{Rankings, Unlisted};
    use crate::exec::Exec;
    use crate::submodular::rankings::{Ballots, Entry};
    use crate::submodular::{Points, Unranked};

    const N_ITEMS: usize = 12;

    /// For each ranking a rank, or none, for each item; and its weight.
    fn ballots(ranks: &[(Vec<Option<u8>>, f64)]) -> Ballots {
        let rows = ranks.iter().zip(0u32..).flat_map(|((ranks, _), ranking)| {
            ranks
                .iter()
                .zip(0u32..)
                .filter_map(move |(rank, item)| Some((ranking, item, f64::from((*rank)?))))
        });
        let (rankings, rest): (Vec<u32>, Vec<(u32, f64)>) =
            rows.map(|(r, item, rank)| (r, (item, rank))).unzip();
        let (items, ranks_of): (Vec<u32>, Vec<f64>) = rest.into_iter().unzip();
        let weights: Vec<f64> = ranks.iter().map(|ranking| ranking.1).collect();
        let input = Rankings {
            n_items: N_ITEMS,
            n_rankings: ranks.len(),
            rankings: &rankings,
            items: &items,
            ranks: &ranks_of,
            weights: Some(&weights),
        };
        input.ballots(&Exec::default()).unwrap()
    }

    /// What each ranking says of an item, ranking by ranking.
    fn one_by_one(
        ballots: &Ballots,
        item: u32,
        listed: impl Fn(Entry) -> f64,
        unlisted: impl Fn(usize) -> f64,
    ) -> Vec<(f64, f64)> {
        let said = |ranking: usize| {
            let entry = ballots.entries(ranking).iter().find(|entry| entry.item == item);
            (entry.map_or_else(|| unlisted(ranking), |&entry| listed(entry)), ballots.weights[ranking])
        };
        (0..ballots.n_rankings()).map(said).collect()
    }

    fn rankings(weight: impl Strategy<Value = f64>) -> impl Strategy<Value = Vec<(Vec<Option<u8>>, f64)>> {
        let ranks = prop::collection::vec(prop::option::weighted(0.3, 0u8..5), N_ITEMS);
        prop::collection::vec((ranks, weight), 0..40)
    }

    fn both(ballots: &Ballots, trim: f64) -> Vec<[f64; 2]> {
        let exec = Exec::default();
        let medians = median_rank(ballots, Unlisted::Last, &exec).unwrap();
        let points = Points::Borda(Unranked::Average);
        let trims = borda(ballots, trim, Unlisted::Last, &exec).unwrap();
        let total: f64 = ballots.weights.iter().sum();
        let pairs = (0u32..).zip(medians.into_iter().zip(trims)).flat_map(|(item, (a, b))| {
            let rank = |entry: Entry| f64::from(entry.first) + (f64::from(entry.n_equal) + 1.0) / 2.0;
            let mut ranks = one_by_one(ballots, item, rank, |ranking| last_rank(ballots, ranking));
            let mut worth = one_by_one(
                ballots,
                item,
                |entry| ballots.ranked(entry, points),
                |ranking| ballots.unranked(ranking, points),
            );
            let slow = if worth.is_empty() { 0.0 } else { trimmed(&mut worth, trim * total) };
            [[a, -median(&mut ranks)], [b, slow]]
        });
        pairs.collect()
    }

    proptest! {
        // Sums of small whole numbers and quarters are exact in any order.
        #[test]
        fn groups_say_what_rankings_say_one_by_one(
            ranks in rankings((0u8..4).prop_map(f64::from)),
            quarter in any::<bool>(),
        ) {
            for [fast, slow] in both(&ballots(&ranks), if quarter { 0.25 } else { 0.125 }) {
                prop_assert_eq!(fast.to_bits(), slow.to_bits());
            }
        }

        #[test]
        fn weights_of_groups_are_those_of_their_rankings(ranks in rankings(0.01..10.0f64), trim in 0.01..0.49f64) {
            for [fast, slow] in both(&ballots(&ranks), trim) {
                prop_assert!(fast == slow || (fast - slow).abs() <= 1e-12 * slow.abs().max(1.0), "{} {}", fast, slow);
            }
        }
    }
}
