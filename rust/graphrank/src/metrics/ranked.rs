//! One ranking, as far as measures see it: places of judged items, labels, ties.

/// Items of equal score of which some are judged. Where ties are broken, an item by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// Place of the first, from 0.
    pub(super) start: usize,
    pub(super) len: usize,
    /// Its judged items in [`Ranked::labels`].
    pub(super) first: usize,
    pub(super) n_judged: usize,
}

/// The ranking of one query.
#[derive(Debug, Default)]
pub(super) struct Ranked {
    pub(super) n_retrieved: usize,
    /// By place.
    pub(super) groups: Vec<Group>,
    /// Labels of the judged items that are ranked, group after group.
    pub(super) labels: Vec<f64>,
    /// Labels of all judged items, falling.
    pub(super) ideal: Vec<f64>,
}

impl Ranked {
    /// Takes the place and the label of each judged item that is ranked, and how far equal scores reach around a place.
    pub(super) fn set(
        &mut self,
        n_retrieved: usize,
        found: &mut [(u32, f64)],
        tie: impl Fn(usize) -> (usize, usize),
    ) {
        self.n_retrieved = n_retrieved;
        self.groups.clear();
        self.labels.clear();
        found.sort_unstable_by_key(|&(place, _)| place);
        for &(place, label) in &*found {
            let place = place as usize;
            match self.groups.last_mut() {
                Some(group) if place < group.start + group.len => group.n_judged += 1,
                _ => {
                    let (start, end) = tie(place);
                    let first = self.labels.len();
                    self.groups.push(Group { start, len: end - start, first, n_judged: 1 });
                }
            }
            self.labels.push(label);
        }
        self.ideal.sort_unstable_by(|a, b| b.total_cmp(a));
    }

    pub(super) fn labels(&self, group: &Group) -> &[f64] {
        &self.labels[group.first..group.first + group.n_judged]
    }
}
