//! The queries that a peer asks most: the `k` with the most clicks, ties by name.
//!
//! Counts only rise, so a query can enter only when its own count does, and the list is always that of a full sort.

use super::names::Names;

/// At most `k` queries and their clicks, in no order.
#[derive(Clone, Debug, Default)]
pub(super) struct Favourites(Vec<(u32, u32)>);

impl Favourites {
    /// A query has `n_uses` clicks now. `None` if the set stays as it is; else the query that left it, if one did.
    #[expect(clippy::option_option, reason = "whether something changed, and then whether something left")]
    pub(super) fn count(&mut self, term: u32, n_uses: u32, k: usize, names: &Names) -> Option<Option<u32>> {
        if let Some(known) = self.0.iter_mut().find(|known| known.0 == term) {
            known.1 = n_uses;
            return None;
        }
        if self.0.len() < k {
            self.0.push((term, n_uses));
            return Some(None);
        }
        let last = self.0.iter_mut().min_by(|a, b| a.1.cmp(&b.1).then_with(|| names.order(b.0, a.0)))?;
        let is_before = last.1 < n_uses || (last.1 == n_uses && names.order(term, last.0).is_lt());
        is_before.then(|| Some(std::mem::replace(last, (term, n_uses)).0))
    }

    pub(super) fn contains(&self, term: u32) -> bool {
        self.0.iter().any(|known| known.0 == term)
    }

    #[expect(clippy::cast_possible_truncation, reason = "few")]
    pub(super) fn len(&self) -> u32 {
        self.0.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_enters_with_more_clicks_or_an_earlier_name() {
        let mut names = Names::default();
        for name in [&b"b"[..], b"a", b"c"] {
            names.push(name).unwrap();
        }
        let mut favourites = Favourites::default();
        assert_eq!(favourites.count(0, 1, 1, &names), Some(None));
        assert_eq!(favourites.count(2, 1, 1, &names), None);
        assert_eq!(favourites.count(1, 1, 1, &names), Some(Some(0)));
        assert_eq!(favourites.count(1, 2, 1, &names), None);
        assert_eq!(favourites.count(2, 3, 1, &names), Some(Some(1)));
        assert!(favourites.contains(2) && !favourites.contains(1) && favourites.len() == 1);
    }
}
