//! The levels of a guess by random parts, and their members. Symbols as in [`super::bucket`].

use super::candidates::Candidates;
use crate::error::Result;
use crate::memory::{Buffer, try_reserve};

/// A level, counted from 0.
pub(super) struct Level {
    /// Picks of it and all below.
    pub(super) end: usize,
    /// Which bucket it was sampled from, and how many were in it.
    pub(super) bucket: u32,
    pub(super) n_bucket: usize,
    /// How many of these have left.
    pub(super) n_left: usize,
    /// Size of its `R_i` when it was built.
    pub(super) n_built: usize,
    /// Of the builds, the number of this one, counted from 1.
    pub(super) build: u64,
    /// `Z_i`.
    pub(super) members: Vec<u32>,
    /// What was in its bucket.
    #[cfg(test)]
    pub(super) frozen: Option<Vec<u32>>,
}

impl Level {
    /// One that is to be restored.
    pub(super) fn of(end: usize, (bucket, n_bucket): (u32, usize), members: Vec<u32>) -> Self {
        Self {
            end,
            bucket,
            n_bucket,
            n_left: 0,
            n_built: 0,
            build: 0,
            members,
            #[cfg(test)]
            frozen: None,
        }
    }
}

/// All levels.
pub(super) struct Levels {
    pub(super) list: Vec<Level>,
    n_members: usize,
    /// Where a member is: in `list[level - 1].members[at]`. What is said of others is not true there.
    places: Buffer<[u32; 2]>,
    /// How many builds there were when a member came.
    stamps: Buffer<u64>,
}

impl Levels {
    pub(super) fn new(n_elements: usize) -> Result<Self> {
        Ok(Self {
            list: Vec::new(),
            n_members: 0,
            places: Buffer::zeroed("the places of members", n_elements)?,
            stamps: Buffer::zeroed("the ages of members", n_elements)?,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn n_members(&self) -> usize {
        self.n_members
    }

    /// Which level has an element.
    pub(super) fn level_of(&self, element: u32) -> Option<usize> {
        let [level, at] = self.places[element as usize];
        let level = (level as usize).checked_sub(1)?;
        let is_there = self.list.get(level)?.members.get(at as usize) == Some(&element);
        is_there.then_some(level)
    }

    pub(super) fn stamp(&self, element: u32) -> u64 {
        self.stamps[element as usize]
    }

    /// Notes that an element comes after so many builds.
    pub(super) fn set_stamp(&mut self, element: u32, n_builds: u64) {
        self.stamps[element as usize] = n_builds;
    }

    /// Where the `G_{i-1}` of a level ends.
    pub(super) fn start(&self, level: usize) -> usize {
        level.checked_sub(1).map_or(0, |below| self.list[below].end)
    }

    /// Adds an element that is in no level.
    #[expect(clippy::cast_possible_truncation, reason = "levels hold elements")]
    pub(super) fn put(&mut self, element: u32, level: usize) -> Result<()> {
        let members = &mut self.list[level].members;
        try_reserve("the members of a guess", members, 1)?;
        self.places[element as usize] = [level as u32 + 1, members.len() as u32];
        members.push(element);
        self.n_members += 1;
        Ok(())
    }

    /// Removes an element from the level that has it.
    pub(super) fn remove(&mut self, element: u32, level: usize) {
        let at = self.places[element as usize][1];
        let members = &mut self.list[level].members;
        members.swap_remove(at as usize);
        if let Some(&moved) = members.get(at as usize) {
            self.places[moved as usize][1] = at;
        }
        self.n_members -= 1;
    }

    /// The lowest level to be built anew, where `n_coming` newcomers are in all levels.
    #[expect(clippy::cast_precision_loss, reason = "counts of elements")]
    pub(super) fn first_damaged(&self, n_coming: usize, eps: f64) -> usize {
        let mut first = self.list.len();
        let mut size = n_coming;
        for (i, level) in self.list.iter().enumerate().rev() {
            size += level.members.len();
            let has_lost = level.n_left > 0 && level.n_left as f64 >= eps * level.n_bucket as f64;
            if has_lost || 2 * size >= 3 * level.n_built {
                first = i;
            }
        }
        first
    }

    /// Adds to `pool` what is in the `R_i` of a level, with its rank.
    pub(super) fn collect(
        &self,
        first: usize,
        pool: &mut Vec<(u64, u32)>,
        ground: &Candidates,
    ) -> Result<()> {
        let beyond = &self.list[first..];
        try_reserve("the members of a guess", pool, beyond.iter().map(|level| level.members.len()).sum())?;
        let members = beyond.iter().flat_map(|level| &level.members);
        pool.extend(members.map(|&element| (ground.rank(element), element)));
        Ok(())
    }

    /// Keeps the first levels.
    pub(super) fn truncate(&mut self, len: usize) {
        self.n_members -= self.list.drain(len..).map(|level| level.members.len()).sum::<usize>();
    }
}
